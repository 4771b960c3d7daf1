use plimsoll_contract::Interface::RunStore;
use plimsoll_contract::{Page, RunId, RunStatus, StartRun, StepStatus};

use super::ids;
use crate::checks::webhook_rejection_store::search::spanning;
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/search-misses-run-field",
        clauses: &["RUN-33"],
        goal: "A run is looked for by id, flow name, trigger key, status and job id.",
        usual_cause: "a field is not searched, or the id is searched in another spelling",
        uses: &[RunStore],
        run: |t| Box::pin(search_misses_run_field(t)),
    },
    Check {
        id: "run-store/search-misses-step-field",
        clauses: &["RUN-33", "RUN-32"],
        goal: "A run is looked for by the key, the error and the output of a step, and counted.",
        usual_cause: "only the run's own fields are searched",
        uses: &[RunStore],
        run: |t| Box::pin(search_misses_step_field(t)),
    },
    Check {
        id: "run-store/search-misses-old-attempt",
        clauses: &["RUN-33"],
        goal: "A run is looked for by error and output of an attempt that a later one replaced.",
        usual_cause: "only the current step rows are searched",
        uses: &[RunStore],
        run: |t| Box::pin(search_misses_old_attempt(t)),
    },
    Check {
        id: "run-store/search-spans-fields",
        clauses: &["RUN-33"],
        goal: "The end of one field and the start of another are looked for as one text.",
        usual_cause: "the fields are joined into one text, and that is searched",
        uses: &[RunStore],
        run: |t| Box::pin(search_spans_fields(t)),
    },
    Check {
        id: "run-store/search-minds-case",
        clauses: &["RUN-33"],
        goal: "A run is looked for in capitals and in lower case.",
        usual_cause: "the text is compared as it is (LIKE instead of ILIKE)",
        uses: &[RunStore],
        run: |t| Box::pin(search_minds_case(t)),
    },
    Check {
        id: "run-store/search-takes-wildcards",
        clauses: &["RUN-34"],
        goal: "Names with % _ \\ [ and . are looked for; each finds its own run alone.",
        usual_cause: "the text goes into a LIKE or a regular expression without being escaped",
        uses: &[RunStore],
        run: |t| Box::pin(search_takes_wildcards(t)),
    },
    Check {
        id: "run-store/blank-search-filters",
        clauses: &["RUN-35"],
        goal: "An empty search box, and one of ASCII blanks, show everything; a no-break space is \
               a text like any other.",
        usual_cause: "blanks are searched like any text, or what Unicode calls blank is one",
        uses: &[RunStore],
        run: |t| Box::pin(blank_search_filters(t)),
    },
    Check {
        id: "run-store/search-trimmed",
        clauses: &["RUN-35"],
        goal: "A text that ends in a blank finds only where the blank is.",
        usual_cause: "the search text is trimmed",
        uses: &[RunStore],
        run: |t| Box::pin(search_trimmed(t)),
    },
    Check {
        id: "run-store/search-finds-too-much",
        clauses: &["RUN-36"],
        goal: "Trigger data, step inputs and step types are looked for, and not found.",
        usual_cause: "every text of the row is searched",
        uses: &[RunStore],
        run: |t| Box::pin(search_finds_too_much(t)),
    },
    Check {
        id: "run-store/search-beyond-ascii",
        clauses: &["RUN-38"],
        goal: "A name with an umlaut is looked for in the other case.",
        usual_cause: "it depends on the database's locale",
        uses: &[RunStore],
        run: |t| Box::pin(search_beyond_ascii(t)),
    },
    Check {
        id: "run-store/long-search-fails",
        clauses: &["RUN-33"],
        goal: "An output of 6,000 characters is looked for by 5,000 of them.",
        usual_cause: "a pattern may not be longer than some thousand characters",
        uses: &[RunStore],
        run: |t| Box::pin(long_search_fails(t)),
    },
];

/// The runs that a search finds.
async fn found(t: &Trial, search: &str) -> Result<Vec<RunId>, Halt> {
    let page = t.run_store().get_runs_page(None, None, Page::all(), Some(search)).await?;
    Ok(ids(&page.items))
}

/// Searches for each text; only `run` must be found.
async fn expect_each_finds(t: &Trial, run: RunId, searches: &[(&str, String)]) -> Outcome {
    for (field, text) in searches {
        let found = found(t, text).await?;
        t.expect(&format!("the {field} is searched"), &found, &vec![run]);
    }
    Ok(())
}

async fn a_run_named(t: &Trial, flow_name: &str) -> Result<RunId, Halt> {
    let start = StartRun { flow_name: flow_name.to_owned(), ..t.start_of(t.flow_id()) };
    t.run_store().start_run(&start).await?;
    Ok(start.run_id)
}

async fn search_misses_run_field(t: &Trial) -> Outcome {
    t.a_run().await?;
    let start = StartRun {
        flow_name: "Refund order".to_owned(),
        trigger_key: "nightly".to_owned(),
        job_id: Some("hangfire-4711".to_owned()),
        ..t.start_of(t.flow_id())
    };
    let run = start.run_id;
    t.run_store().start_run(&start).await?;
    t.run_store().complete_run(run, RunStatus::TimedOut).await?;
    let id = run.to_string();
    let searches = [
        ("id", id.clone()),
        ("start of the id", id[..13].to_owned()),
        ("end of the id", id[19..].to_owned()),
        ("flow name", "fund ord".to_owned()),
        ("trigger key", "night".to_owned()),
        ("status", "timed-out".to_owned()),
        ("job id", "gfire-47".to_owned()),
    ];
    expect_each_finds(t, run, &searches).await?;
    let message = t.run_id().to_string();
    let start = StartRun { job_id: Some(message.clone()), ..t.start_of(t.flow_id()) };
    t.run_store().start_run(&start).await?;
    expect_each_finds(t, start.run_id, &[("job id that looks like a run's", message)]).await
}

async fn search_misses_step_field(t: &Trial) -> Outcome {
    t.a_run().await?;
    let run = t.a_run().await?;
    t.a_running_step(run, "charge-card").await?;
    let (output, error) = (Some(r#"{"receipt":"A17"}"#), Some("declined by bank"));
    let runs = t.run_store();
    runs.record_step_complete(run, "charge-card", StepStatus::Failed, output, error).await?;
    let searches = [
        ("step key", "rge-ca".to_owned()),
        ("error", "by bank".to_owned()),
        ("output", r#""receipt":"A"#.to_owned()),
    ];
    expect_each_finds(t, run, &searches).await?;
    for key in ["charge-cash", "send"] {
        t.a_failed_step(run, key).await?;
    }
    for (what, text) in [("two of its steps", "charge-ca"), ("its name, with steps", "Invoice")] {
        let page = t.run_store().get_runs_page(None, None, Page::all(), Some(text)).await?;
        let of_run = ids(&page.items).into_iter().filter(|id| *id == run).count();
        t.expect(&format!("a run found by {what} is listed once"), &of_run, &1);
        let total = page.total_count as usize;
        t.expect(&format!("a run found by {what} counts once"), &total, &page.items.len());
    }
    Ok(())
}

async fn search_misses_old_attempt(t: &Trial) -> Outcome {
    t.a_run().await?;
    let run = t.a_run().await?;
    t.a_running_step(run, "charge").await?;
    let (output, error) = (Some(r#"{"receipt":"A17"}"#), Some("card declined"));
    let runs = t.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    t.a_running_step(run, "charge").await?;
    let searches = [
        ("first attempt's error", "declined".to_owned()),
        ("first attempt's output", "receipt".to_owned()),
    ];
    expect_each_finds(t, run, &searches).await
}

async fn search_spans_fields(t: &Trial) -> Outcome {
    let start = StartRun {
        flow_name: "Refunds".to_owned(),
        trigger_key: "nightly".to_owned(),
        job_id: Some("hangfire".to_owned()),
        ..t.start_of(t.flow_id())
    };
    let (run, runs) = (start.run_id, t.run_store());
    runs.start_run(&start).await?;
    t.a_running_step(run, "charge").await?;
    let (output, error) = (Some("\"A17\""), Some("declined"));
    runs.record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    for text in spanning(&["Refunds", "nightly", "hangfire", "charge", "\"A17\"", "declined"]) {
        t.expect(&format!("{text:?} is in no field"), &found(t, &text).await?, &Vec::new());
    }
    Ok(())
}

async fn search_minds_case(t: &Trial) -> Outcome {
    let run = a_run_named(t, "Payment").await?;
    a_run_named(t, "Invoice").await?;
    let searches = [
        ("name in capitals", "PAYMENT".to_owned()),
        ("name in lower case", "payment".to_owned()),
        ("id in capitals", run.to_string().to_uppercase()),
    ];
    expect_each_finds(t, run, &searches).await?;
    let run = a_run_named(t, "ÄNDERUNG Übersicht").await?;
    let searches = [
        ("name as it is, beyond ASCII", "ÄNDERUNG".to_owned()),
        ("name with ASCII letters in the other case", "ÜBERSICHT".to_owned()),
    ];
    expect_each_finds(t, run, &searches).await
}

async fn search_takes_wildcards(t: &Trial) -> Outcome {
    // No letter that an id could have.
    let names = ["x%y", "x_y", "x\\y", "x[y", "x.y", "x*y", "x[zx]y", "x[^w]y", "xzy"];
    let mut runs = Vec::new();
    for name in names {
        runs.push(a_run_named(t, name).await?);
    }
    for (name, run) in names.iter().zip(&runs) {
        let found = found(t, name).await?;
        t.expect(&format!("`{name}` finds itself alone"), &found, &vec![*run]);
    }
    for (special, count) in [("%", 1), ("_", 1), ("\\", 1), ("[", 3)] {
        let found = found(t, special).await?.len();
        t.expect(&format!("`{special}` finds each name that has it"), &found, &count);
    }
    Ok(())
}

async fn blank_search_filters(t: &Trial) -> Outcome {
    let runs = [a_run_named(t, "Invoice").await?, a_run_named(t, "Refund").await?];
    for blank in ["", " ", " \t\r\n\u{b}\u{c}"] {
        let found = found(t, blank).await?;
        t.expect_same_items(&format!("{blank:?} is no filter"), &found, &runs);
    }
    let found = found(t, "\u{a0}").await?;
    t.expect("a no-break space is one, and finds nothing", &found, &Vec::new());
    Ok(())
}

async fn search_trimmed(t: &Trial) -> Outcome {
    let run = a_run_named(t, "Refund order").await?;
    a_run_named(t, "Refund").await?;
    let found = found(t, "refund ").await?;
    t.expect("the blank counts", &found, &vec![run]);
    Ok(())
}

async fn search_finds_too_much(t: &Trial) -> Outcome {
    let start = StartRun {
        trigger_data_json: Some(r#""secret-data""#.to_owned()),
        ..t.start_of(t.flow_id())
    };
    t.run_store().start_run(&start).await?;
    let input = Some(r#""secret-input""#);
    let runs = t.run_store();
    runs.record_step_start(start.run_id, "charge", "secret-type", input, None).await?;
    for text in ["secret-data", "secret-input", "secret-type"] {
        let found = found(t, text).await?;
        t.expect(&format!("`{text}` is not found"), &found, &Vec::new());
    }
    Ok(())
}

async fn search_beyond_ascii(t: &Trial) -> Outcome {
    a_run_named(t, "Änderung").await?;
    let folds = !found(t, "änderung").await?.is_empty();
    t.observe(match folds {
        true => "search folds letter case beyond ASCII",
        false => "search folds letter case within ASCII alone",
    });
    Ok(())
}

async fn long_search_fails(t: &Trial) -> Outcome {
    t.a_run().await?;
    let run = t.a_run().await?;
    let output: String = (0..1_200).map(|number| format!("{number:05}")).collect();
    t.a_running_step(run, "charge").await?;
    let runs = t.run_store();
    let quoted = format!("\"{output}\"");
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some(&quoted), None).await?;
    let found = found(t, &output[500..5_500]).await?;
    t.expect("the output is found", &found, &vec![run]);
    Ok(())
}
