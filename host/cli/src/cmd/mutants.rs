use futures_util::{StreamExt, stream};
use plimsoll_mutants::Mutant;
use plimsoll_mutants::matrix::{self, Death, checks_without_kill};
use serde_json::{Value, json};

use crate::args::Mutants;
use crate::failure::Failure;
use crate::output;

/// 0 if every mutant dies for the reason that it is bound to and every check kills one, else 1.
pub(crate) async fn run(args: &Mutants) -> Result<u8, Failure> {
    let chosen = chosen(&args.only)?;
    // Some of them panic, as they should; the suite reports it.
    std::panic::set_hook(Box::new(|_| {}));
    let seed = args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let judged = stream::iter(chosen).map(|mutant| tokio::spawn(matrix::judge(mutant, seed)));
    let mut judged = judged.buffered(usize::from(args.jobs));
    let mut deaths = Vec::new();
    while let Some(death) = judged.next().await {
        let death = death.map_err(|error| Failure::harness(format!("a mutant: {error}")))?;
        if !args.json {
            output::print_line(&line(&death));
        }
        deaths.push(death);
    }
    // A few mutants say nothing about the other checks.
    let idle = if args.only.is_empty() { checks_without_kill(&deaths) } else { Vec::new() };
    if args.json {
        let mutants: Vec<_> = deaths.iter().map(value).collect();
        output::print_line(&json!({ "mutants": mutants, "checks_without_kill": idle }).to_string());
    } else {
        output::print(&closing(&deaths, &idle, seed));
    }
    let is_sound = idle.is_empty() && deaths.iter().all(Death::is_for_the_bound_reason);
    Ok(u8::from(!is_sound))
}

fn chosen(only: &[String]) -> Result<Vec<&'static Mutant>, Failure> {
    let is_known = |id: &&String| plimsoll_mutants::all().any(|mutant| mutant.id == id.as_str());
    if let Some(unknown) = only.iter().find(|id| !is_known(id)) {
        let message = format!("there is no mutant `{unknown}`; `plimsoll mutants` shows them all");
        return Err(Failure::usage("unknown-mutant", message));
    }
    let is_chosen = |mutant: &&Mutant| only.is_empty() || only.iter().any(|id| id == mutant.id);
    Ok(plimsoll_mutants::all().filter(is_chosen).collect())
}

fn line(death: &Death) -> String {
    let Mutant { id, clause, how, .. } = death.mutant;
    let bound = death.mutant.dies.first().map_or("", |(check, _)| check);
    let word = match (death.is_for_the_bound_reason(), death.is_killed()) {
        (true, _) => "KILLED",
        (false, true) => "MISNAMED",
        (false, false) => "SURVIVED",
    };
    let others = death.killed_by.iter().filter(|check| **check != bound).count();
    let mut line = format!("{word}  {id}  {clause}  by {bound} and {others} more");
    for complaint in &death.complaints {
        line.push_str(&format!("\n    it {how}\n    {complaint}"));
    }
    line
}

fn closing(deaths: &[Death], idle: &[&str], seed: u64) -> String {
    let bound = deaths.iter().filter(|death| death.is_for_the_bound_reason()).count();
    let killed = deaths.iter().filter(|death| death.is_killed()).count();
    let mut text = format!(
        "{} mutants: {killed} killed, {bound} for the bound reason  (seed {seed})\n",
        deaths.len()
    );
    for check in idle {
        text.push_str(&format!("{check} kills none\n"));
    }
    text
}

fn value(death: &Death) -> Value {
    let Mutant { id, clause, how, dies, .. } = death.mutant;
    json!({
        "id": id,
        "clause": clause,
        "how": how,
        "expected_checks": dies.iter().map(|(check, _)| check).collect::<Vec<_>>(),
        "expected_words": dies.iter().map(|(_, words)| words).collect::<Vec<_>>(),
        "killed": death.is_killed(),
        "killed_by": death.killed_by,
        "died_saying": death.died_saying,
        "for_the_bound_reason": death.is_for_the_bound_reason(),
    })
}
