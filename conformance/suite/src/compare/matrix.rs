use std::collections::BTreeMap;

use super::read::{Clause, Content};
use super::{Column, Comparison, ReportFile, Row, SCHEMA, Totals, Trait};
use crate::report::ClauseVerdict;

pub(super) fn compare(files: &[ReportFile]) -> Comparison {
    let clauses = rows(files);
    let differing = clauses.iter().filter(|row| row.differs).count();
    let column = |(place, file): (usize, &ReportFile)| column(place, file, &clauses);
    let reports: Vec<_> = files.iter().enumerate().map(column).collect();
    Comparison {
        schema: SCHEMA,
        notes: notes(&reports),
        traits: traits(files),
        alike: clauses.len() - differing,
        differing,
        reports,
        clauses,
    }
}

fn column(place: usize, file: &ReportFile, rows: &[Row]) -> Column {
    let Content { started_at, kit, subject, profile, seed, verdict, .. } = file.content.clone();
    let mut totals = Totals::default();
    for row in rows {
        *match row.verdicts.get(place).copied().flatten() {
            Some(ClauseVerdict::Passed) => &mut totals.passed,
            Some(ClauseVerdict::Warned) => &mut totals.warned,
            Some(ClauseVerdict::Failed) => &mut totals.failed,
            Some(ClauseVerdict::NotJudged) => &mut totals.not_judged,
            Some(ClauseVerdict::Untested) => &mut totals.untested,
            None => &mut totals.absent,
        } += 1;
    }
    Column {
        key: key(place),
        file: file.path.display().to_string(),
        target: subject.target,
        name: subject.name,
        version: subject.version,
        kind: subject.kind,
        sha256: subject.sha256,
        kit: format!("{} {}", kit.name, kit.version),
        contract: kit.contract,
        contract_sha256: subject.contract_sha256,
        profile,
        seed,
        started_at,
        verdict,
        clauses: totals,
    }
}

/// `A` to `Z`, then `A1` and on.
fn key(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    match place / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

/// A row for each clause, those of the first report in its order, then what others add.
fn rows(files: &[ReportFile]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut places = BTreeMap::new();
    for (column, file) in files.iter().enumerate() {
        for clause in &file.content.clauses {
            let place = *places.entry(clause.id.as_str()).or_insert_with(|| {
                rows.push(row(clause, files.len()));
                rows.len() - 1
            });
            rows[place].verdicts[column] = Some(clause.verdict);
        }
    }
    for row in &mut rows {
        row.differs = row.verdicts.windows(2).any(|pair| pair[0] != pair[1]);
    }
    // The sort is stable: within each kind, the order of the contract stays.
    rows.sort_by_key(|row| (!row.differs, !is_broken_by_any(row)));
    rows
}

fn row(clause: &Clause, columns: usize) -> Row {
    Row {
        id: clause.id.clone(),
        level: clause.level.clone(),
        text: clause.text.clone(),
        interface: clause.interface.clone(),
        differs: false,
        verdicts: vec![None; columns],
    }
}

fn is_broken_by_any(row: &Row) -> bool {
    let is_broken = |verdict: &Option<_>| {
        matches!(verdict, Some(ClauseVerdict::Failed | ClauseVerdict::Warned))
    };
    row.verdicts.iter().any(is_broken)
}

fn traits(files: &[ReportFile]) -> Vec<Trait> {
    let mut traits: Vec<Trait> = Vec::new();
    for (column, file) in files.iter().enumerate() {
        for observation in &file.content.traits {
            let place = traits.iter().position(|it| it.id == observation.id);
            let place = place.unwrap_or_else(|| {
                traits.push(Trait {
                    id: observation.id.clone(),
                    interface: observation.interface.clone(),
                    differs: false,
                    observed: vec![Vec::new(); files.len()],
                });
                traits.len() - 1
            });
            traits[place].observed[column].push(observation.observed.clone());
        }
    }
    for it in &mut traits {
        it.differs = it.observed.windows(2).any(|pair| pair[0] != pair[1]);
    }
    traits.sort_by_key(|it| !it.differs);
    traits
}

/// What a reader must know before comparing numbers.
fn notes(columns: &[Column]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &str, of: &dyn Fn(&Column) -> String, so: &str| {
        let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for column in columns {
            values.entry(of(column)).or_default().push(&column.key);
        }
        if values.len() > 1 {
            let each = values.iter().map(|(value, keys)| format!("{} {value}", keys.join(", ")));
            let each: Vec<_> = each.collect();
            notes.push(format!("{what}: {}; {so}", each.join(" · ")));
        }
    };
    note("judged by several kits", &|it| it.kit.clone(), "a newer one may find more");
    let contract = |it: &Column| {
        let start: String = it.contract_sha256.chars().take(12).collect();
        format!("{} ({start})", it.contract)
    };
    note("judged by several contracts", &contract, "clauses that one lacks are absent");
    note(
        "judged for several profiles",
        &|it| it.profile.clone(),
        "a verdict holds for its own profile",
    );
    for column in columns.iter().filter(|it| it.verdict == "incomplete") {
        notes.push(format!("{} was not judged to the end: certify it without --only", column.key));
    }
    notes
}
