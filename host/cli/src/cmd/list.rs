use plimsoll_conformance::{Check, all_checks};
use plimsoll_contract::{Clause, clause};
use serde_json::{Value, json};

use crate::args::List;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &List) -> Result<u8, Failure> {
    if args.json {
        let checks: Vec<_> = all_checks().map(check).collect();
        let clauses: Vec<_> = clause::all().iter().map(clause_value).collect();
        output::print_line(&json!({ "checks": checks, "clauses": clauses }).to_string());
    } else {
        let width = all_checks().map(|check| check.id.len()).max().unwrap_or_default();
        for check in all_checks() {
            let level = check.level().word().to_lowercase();
            let profile = check.profile().name();
            let clauses = check.clauses.join(" ");
            output::print_line(&format!("{:width$}  {level:6}  {profile:10}  {clauses}", check.id));
        }
    }
    Ok(0)
}

fn check(check: &'static Check) -> Value {
    json!({
        "id": check.id,
        "interface": check.interface().name(),
        "clauses": check.clauses,
        "level": check.level().word().to_lowercase(),
        "profile": check.profile().name(),
        "goal": check.goal,
    })
}

fn clause_value(clause: &Clause) -> Value {
    json!({
        "id": clause.id,
        "level": clause.level.word().to_lowercase(),
        "text": clause.text,
        "interface": clause.interface.name(),
        "checks": checks_of(&clause.id).map(|check| check.id).collect::<Vec<_>>(),
    })
}

/// The checks that judge a clause.
pub(super) fn checks_of(clause: &str) -> impl Iterator<Item = &'static Check> {
    all_checks().filter(move |check| check.clauses.contains(&clause))
}
