//! A report with a history that no order explains: of a mutant whose claims race.

use plimsoll_conformance::{Report, Settings, certify};

const CHECK: &str = "run-runtime-store/claims-in-no-order";

/// The report of the check that looks for an order, which the first mutant that it is bound to
/// fails.
pub(crate) fn report() -> Report {
    let is_bound =
        |mutant: &&plimsoll_mutants::Mutant| mutant.dies.iter().any(|(check, _)| *check == CHECK);
    let mutant = plimsoll_mutants::all().find(is_bound).expect("a mutant");
    let only = [CHECK.to_owned()].into();
    let settings = Settings { only, seed: 7, ..Settings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let report = runtime.expect("a runtime").block_on(certify(mutant.subject(), &settings));
    let has_history = report.checks.iter().any(|check| check.history.is_some());
    assert!(has_history, "{}", report.to_text());
    report
}
