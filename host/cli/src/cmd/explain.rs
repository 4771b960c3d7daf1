use std::fmt::Write as _;

use plimsoll_conformance::{Check, all_checks};
use plimsoll_contract::Clause;
use plimsoll_mutants::Mutant;
use serde_json::{Value, json};

use super::list::checks_of;
use crate::args::Explain;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &Explain) -> Result<u8, Failure> {
    let id = args.id.trim();
    let clause = Clause::find(&id.to_ascii_uppercase());
    let check = all_checks().find(|check| check.id == id);
    let (text, value) = match (clause, check) {
        (Some(clause), _) => (clause_text(clause), clause_value(clause)),
        (None, Some(check)) => (check_text(check), check_value(check)),
        (None, None) => {
            let message = format!(
                "there is no clause or check `{id}`; `plimsoll list` shows the checks, and \
                 `plimsoll list --json` the clauses too"
            );
            return Err(Failure::usage("unknown-id", message));
        }
    };
    if args.json {
        output::print_line(&value.to_string());
    } else {
        output::print(&text);
    }
    Ok(0)
}

fn clause_text(clause: &Clause) -> String {
    let mut text = format!("{} {}  {}\n", clause.id, clause.level, clause.text);
    let _ = writeln!(text, "  why       {}", clause.why);
    let governs = match &clause.function {
        Some(function) => format!("{}.{function}", clause.interface),
        None => "every function".to_owned(),
    };
    let _ = writeln!(text, "  governs   {governs}");
    let _ = writeln!(text, "  place     {}", clause.place());
    let checks: Vec<_> = checks_of(&clause.id).collect();
    if checks.is_empty() {
        let _ = writeln!(text, "  untested  the suite has no check of it yet");
    }
    for check in checks {
        let _ = writeln!(text, "  check     {}", check.id);
        let _ = writeln!(text, "            {}", check.goal);
        let _ = writeln!(text, "            usual cause: {}", check.usual_cause);
    }
    let of_clause = plimsoll_mutants::all().filter(|mutant| mutant.clause == clause.id);
    write_mutants(&mut text, of_clause);
    text
}

/// The broken backends that show what is meant.
fn write_mutants(text: &mut String, mutants: impl Iterator<Item = &'static Mutant>) {
    for Mutant { id, how, .. } in mutants {
        let _ = writeln!(text, "  mutant    {id}: it {how}");
    }
}

fn mutant_values(mutants: impl Iterator<Item = &'static Mutant>) -> Vec<Value> {
    mutants.map(|Mutant { id, how, .. }| json!({ "id": id, "how": how })).collect()
}

/// The mutants that a check must find out.
fn bound_to(check: &Check) -> impl Iterator<Item = &'static Mutant> {
    let id = check.id;
    plimsoll_mutants::all().filter(move |mutant| mutant.dies.iter().any(|(check, _)| *check == id))
}

fn clause_value(clause: &Clause) -> Value {
    json!({
        "kind": "clause",
        "id": clause.id,
        "level": clause.level.word().to_lowercase(),
        "text": clause.text,
        "why": clause.why,
        "interface": clause.interface.name(),
        "function": clause.function,
        "place": clause.place(),
        "checks": checks_of(&clause.id).map(|check| json!({
            "id": check.id,
            "goal": check.goal,
            "usual_cause": check.usual_cause,
        })).collect::<Vec<_>>(),
        "mutants": mutant_values(plimsoll_mutants::all().filter(|m| m.clause == clause.id)),
    })
}

fn check_text(check: &Check) -> String {
    let mut text = format!("{}  {}\n", check.id, check.goal);
    let _ = writeln!(text, "  profile      {}", check.profile());
    for clause in check.clauses.iter().filter_map(|id| Clause::find(id)) {
        let _ = writeln!(text, "  {} {}  {}", clause.id, clause.level, clause.text);
        let _ = writeln!(text, "               why: {}", clause.why);
        let _ = writeln!(text, "               {}", clause.place());
    }
    let _ = writeln!(text, "  usual cause  {}", check.usual_cause);
    write_mutants(&mut text, bound_to(check));
    let _ = writeln!(text, "  run it       plimsoll certify TARGET --only {}", check.id);
    text
}

fn check_value(check: &Check) -> Value {
    let clauses = check.clauses.iter().filter_map(|id| Clause::find(id));
    json!({
        "kind": "check",
        "id": check.id,
        "interface": check.interface().name(),
        "level": check.level().word().to_lowercase(),
        "profile": check.profile().name(),
        "goal": check.goal,
        "usual_cause": check.usual_cause,
        "clauses": clauses.map(|clause| json!({
            "id": clause.id,
            "level": clause.level.word().to_lowercase(),
            "text": clause.text,
            "why": clause.why,
            "place": clause.place(),
        })).collect::<Vec<_>>(),
        "mutants": mutant_values(bound_to(check)),
    })
}
