pub(super) mod races;

use chrono::TimeDelta;
use plimsoll_contract::Interface::{EventReader, OutputsRepository, RunStore};
use plimsoll_contract::{FlowEvent, FlowEventRecord, Page, RunId, StartRun, StepStatus};

use crate::given::NEAR_EQUAL;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "outputs-repository/first-output-kept",
        clauses: &["OUTPUT-1"],
        goal: "An output is saved three times; the last counts.",
        usual_cause: "an insert that ignores conflicts",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(first_output_kept(t)),
    },
    Check {
        id: "outputs-repository/input-shadows-output",
        clauses: &["OUTPUT-2"],
        goal: "The input of step `a` and the output of a step named `a:input` are saved.",
        usual_cause: "inputs are kept as outputs of a made-up key",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(input_shadows_output(t)),
    },
    Check {
        id: "outputs-repository/trigger-shadows-output",
        clauses: &["OUTPUT-2"],
        goal: "Trigger data and headers are saved, and outputs of steps that are named like slots.",
        usual_cause: "trigger data and headers are kept as outputs of made-up keys",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(trigger_shadows_output(t)),
    },
    Check {
        id: "outputs-repository/outputs-of-runs-mixed",
        clauses: &["OUTPUT-4"],
        goal: "Two runs save the same slots.",
        usual_cause: "the run is missing from a key",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(outputs_of_runs_mixed(t)),
    },
    Check {
        id: "outputs-repository/first-input-kept",
        clauses: &["OUTPUT-5"],
        goal: "An input is saved twice, and an output in between.",
        usual_cause: "an insert that ignores conflicts, or one slot for both",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(first_input_kept(t)),
    },
    Check {
        id: "outputs-repository/saved-null-is-absent",
        clauses: &["OUTPUT-6"],
        goal: "Null is saved in every slot; it is not the same as nothing.",
        usual_cause: "JSON null is stored as SQL NULL",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(saved_null_is_absent(t)),
    },
    Check {
        id: "outputs-repository/absent-reads-as-value",
        clauses: &["OUTPUT-7", "OUTPUT-6", "OUTPUT-9", "OUTPUT-14"],
        goal: "Slots are read in which nothing was saved.",
        usual_cause: "an empty text, an empty list or null is answered instead of none",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(absent_reads_as_value(t)),
    },
    Check {
        id: "outputs-repository/first-trigger-data-kept",
        clauses: &["OUTPUT-8"],
        goal: "Trigger data are saved twice; the last count.",
        usual_cause: "an insert that ignores conflicts",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(first_trigger_data_kept(t)),
    },
    Check {
        id: "outputs-repository/headers-changed",
        clauses: &["OUTPUT-10"],
        goal: "Headers are saved whose names and values have capitals, blanks and are empty.",
        usual_cause: "names are lower-cased, or headers pass through a map of one value each",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(headers_changed(t)),
    },
    Check {
        id: "outputs-repository/headers-merged",
        clauses: &["OUTPUT-10"],
        goal: "Headers are saved twice; the second list replaces the first.",
        usual_cause: "each header is upserted by name",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(headers_merged(t)),
    },
    Check {
        id: "outputs-repository/empty-headers-are-absent",
        clauses: &["OUTPUT-11"],
        goal: "A list without headers is saved, after none and after one.",
        usual_cause: "one row for each header, and none for an empty list",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(empty_headers_are_absent(t)),
    },
    Check {
        id: "outputs-repository/repeated-header-dropped",
        clauses: &["OUTPUT-12"],
        goal: "A header is given twice.",
        usual_cause: "headers pass through a map",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(repeated_header_dropped(t)),
    },
    Check {
        id: "outputs-repository/order-of-headers",
        clauses: &["OUTPUT-13"],
        goal: "Headers are saved in an order that is not alphabetical.",
        usual_cause: "any order serves",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(order_of_headers(t)),
    },
    Check {
        id: "outputs-repository/end-of-scope-deletes",
        clauses: &["OUTPUT-15"],
        goal: "A scope ends; output and input stay readable.",
        usual_cause: "the outputs are taken for temporary",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(end_of_scope_deletes(t)),
    },
    Check {
        id: "outputs-repository/event-changed",
        clauses: &["OUTPUT-16"],
        goal: "Events are recorded with every field, and with those absent that may be.",
        usual_cause: "the timestamp is the store's, or an absent step key is filled in",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(event_changed(t)),
    },
    Check {
        id: "outputs-repository/equal-events-merged",
        clauses: &["OUTPUT-17"],
        goal: "The same event is recorded three times.",
        usual_cause: "events are a set, or have a key of their content",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(equal_events_merged(t)),
    },
    Check {
        id: "outputs-repository/json-rewritten",
        clauses: &["BACKEND-7"],
        goal: "JSON with blanks, duplicate keys, big numbers and escapes is saved in every slot.",
        usual_cause: "the text is parsed and printed again, or the column is of a JSON type",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(json_rewritten(t)),
    },
    Check {
        id: "outputs-repository/long-values-cut",
        clauses: &["BACKEND-6", "BACKEND-4"],
        goal: "A value of 256 KiB is saved under keys of 256 characters.",
        usual_cause: "a column or a message is too small, or the input's key gets a suffix",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(long_values_cut(t)),
    },
    Check {
        id: "outputs-repository/step-keys-merged",
        clauses: &["BACKEND-5"],
        goal: "Outputs and inputs are saved under keys that differ in letter case, a blank or a \
               mark.",
        usual_cause: "keys are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(step_keys_merged(t)),
    },
    Check {
        id: "outputs-repository/long-messages-cut",
        clauses: &["BACKEND-6"],
        goal: "An event has a message of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(long_messages_cut(t)),
    },
    Check {
        id: "outputs-repository/long-headers-cut",
        clauses: &["BACKEND-6"],
        goal: "A trigger header has a value of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(long_headers_cut(t)),
    },
    Check {
        id: "outputs-repository/output-needs-step",
        clauses: &["OUTPUT-18"],
        goal: "An output is saved for a step that has never started.",
        usual_cause: "a foreign key, or the output is a column of the step's row",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(output_needs_step(t)),
    },
    Check {
        id: "outputs-repository/save-needs-run",
        clauses: &["OUTPUT-21"],
        goal: "Every slot of a run that is not there is saved, and an event is recorded for it.",
        usual_cause: "a foreign key, or the slot is a column of the run's row",
        uses: &[OutputsRepository],
        run: |t| Box::pin(save_needs_run(t)),
    },
    Check {
        id: "outputs-repository/input-needs-step",
        clauses: &["OUTPUT-19"],
        goal: "An input is saved for a step that has never started.",
        usual_cause: "a foreign key, or the input is a column of the step's row",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(input_needs_step(t)),
    },
    Check {
        id: "outputs-repository/event-needs-step",
        clauses: &["OUTPUT-20"],
        goal: "An event of a step that has never started is recorded.",
        usual_cause: "a foreign key",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(event_needs_step(t)),
    },
];

async fn output(t: &Trial, run: RunId, step_key: &str) -> Result<Option<String>, Halt> {
    Ok(t.outputs_repository().get_step_output(run, step_key).await?)
}

async fn input(t: &Trial, run: RunId, step_key: &str) -> Result<Option<String>, Halt> {
    Ok(t.outputs_repository().get_step_input(run, step_key).await?)
}

async fn headers(t: &Trial, run: RunId) -> Result<Option<Vec<(String, String)>>, Halt> {
    Ok(t.outputs_repository().get_trigger_headers(run).await?)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn header_list(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn first_output_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for value in ["1", "2", "null", "3"] {
        t.outputs_repository().save_step_output(run, "charge", value).await?;
        t.expect("the last value is read", &output(t, run, "charge").await?, &some(value));
    }
    Ok(())
}

async fn input_shadows_output(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_step_input(run, "a", "1").await?;
    let made_up = output(t, run, "a:input").await?;
    outputs.save_step_output(run, "a:input", "2").await?;
    outputs.save_step_input(run, "a:input", "3").await?;
    for key in ["input:a", "a.input", "a/input", "input/a", "a-input", "a_input"] {
        let made_up = output(t, run, key).await?;
        t.expect(&format!("`{key}` has no output"), &made_up, &None);
    }
    t.expect("an input is no output of another key", &made_up, &None);
    t.expect("the input stays", &input(t, run, "a").await?, &some("1"));
    t.expect("so does the output", &output(t, run, "a:input").await?, &some("2"));
    Ok(())
}

async fn trigger_shadows_output(t: &Trial) -> Outcome {
    const NAMES: [&str; 5] =
        ["__trigger:data", "__trigger:headers", "__trigger", "trigger-data", "trigger_data"];
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    let list = header_list(&[("a", "b")]);
    outputs.save_trigger_data(run, "1").await?;
    outputs.save_trigger_headers(run, &list).await?;
    for name in NAMES {
        let made_up = output(t, run, name).await?;
        t.expect(&format!("no step `{name}` has an output"), &made_up, &None);
        outputs.save_step_output(run, name, "2").await?;
    }
    t.expect("the trigger data stay", &outputs.get_trigger_data(run).await?, &some("1"));
    t.expect("the headers stay", &headers(t, run).await?, &Some(list));
    Ok(())
}

async fn outputs_of_runs_mixed(t: &Trial) -> Outcome {
    let runs = [t.a_run().await?, t.a_run().await?];
    let outputs = t.outputs_repository();
    for (run, value) in runs.into_iter().zip(["1", "2"]) {
        outputs.save_step_output(run, "charge", value).await?;
        outputs.save_step_input(run, "charge", value).await?;
        outputs.save_trigger_data(run, value).await?;
        outputs.save_trigger_headers(run, &header_list(&[("n", value)])).await?;
    }
    let (first, expected) = (runs[0], some("1"));
    t.expect("its output", &output(t, first, "charge").await?, &expected);
    t.expect("its input", &input(t, first, "charge").await?, &expected);
    t.expect("its trigger data", &outputs.get_trigger_data(first).await?, &expected);
    t.expect("its headers", &headers(t, first).await?, &Some(header_list(&[("n", "1")])));
    Ok(())
}

async fn first_input_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_step_input(run, "charge", r#""@trigger()""#).await?;
    outputs.save_step_output(run, "charge", "1").await?;
    outputs.save_step_input(run, "charge", "7").await?;
    t.expect("the last input is read", &input(t, run, "charge").await?, &some("7"));
    t.expect("the output stays", &output(t, run, "charge").await?, &some("1"));
    Ok(())
}

async fn saved_null_is_absent(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_step_output(run, "charge", "null").await?;
    outputs.save_step_input(run, "charge", "null").await?;
    outputs.save_trigger_data(run, "null").await?;
    t.expect("the output is null", &output(t, run, "charge").await?, &some("null"));
    t.expect("the input is null", &input(t, run, "charge").await?, &some("null"));
    let data = outputs.get_trigger_data(run).await?;
    t.expect("the trigger data are null", &data, &some("null"));
    Ok(())
}

async fn absent_reads_as_value(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.outputs_repository().save_step_output(run, "other", "1").await?;
    t.expect("no output", &output(t, run, "charge").await?, &None);
    t.expect("no input", &input(t, run, "other").await?, &None);
    t.expect("no trigger data", &t.outputs_repository().get_trigger_data(run).await?, &None);
    t.expect("no headers", &headers(t, run).await?, &None);
    let trigger_data_json = Some("1".to_owned());
    let start = StartRun { trigger_data_json, ..t.start_of(t.flow_id()) };
    let (run, runs) = (start.run_id, t.run_store());
    runs.start_run(&start).await?;
    runs.record_step_start(run, "charge", "http", Some("1"), None).await?;
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("1"), None).await?;
    t.expect("no output of the step's row", &output(t, run, "charge").await?, &None);
    t.expect("no input of the step's row", &input(t, run, "charge").await?, &None);
    let data = t.outputs_repository().get_trigger_data(run).await?;
    t.expect("no trigger data of the run's row", &data, &None);
    Ok(())
}

async fn first_trigger_data_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for data in [r#"{"a":1}"#, r#"{"a":2}"#] {
        t.outputs_repository().save_trigger_data(run, data).await?;
    }
    let data = t.outputs_repository().get_trigger_data(run).await?;
    t.expect("the last data are read", &data, &some(r#"{"a":2}"#));
    Ok(())
}

async fn headers_changed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let list = header_list(&[
        ("X-Correlation-Id", "AbC-1"),
        ("content-type", " application/json; charset=utf-8 "),
        ("x-empty", ""),
        ("X-Ünïcode", "ß"),
    ]);
    t.outputs_repository().save_trigger_headers(run, &list).await?;
    let saved = headers(t, run).await?.unwrap_or_default();
    t.expect_same_items("every header is as it was given", &saved, &list);
    let alike = header_list(&[("X-Id", "1"), ("x-id", "2")]);
    let outcome = t.outputs_repository().save_trigger_headers(run, &alike).await;
    if t.kept_or_refused(outcome)? {
        let saved = headers(t, run).await?.unwrap_or_default();
        t.expect_same_items("names that differ in capitals are kept as given", &saved, &alike);
    }
    Ok(())
}

async fn headers_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_trigger_headers(run, &header_list(&[("a", "1"), ("b", "2")])).await?;
    let second = header_list(&[("b", "3")]);
    outputs.save_trigger_headers(run, &second).await?;
    t.expect("only the second list is there", &headers(t, run).await?, &Some(second));
    Ok(())
}

async fn empty_headers_are_absent(t: &Trial) -> Outcome {
    let (first, second) = (t.a_run().await?, t.a_run().await?);
    let outputs = t.outputs_repository();
    outputs.save_trigger_headers(second, &header_list(&[("a", "1")])).await?;
    for run in [first, second] {
        outputs.save_trigger_headers(run, &[]).await?;
        t.expect("an empty list is there", &headers(t, run).await?, &Some(Vec::new()));
    }
    Ok(())
}

async fn repeated_header_dropped(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for (what, last) in [("both entries are there", "b=2"), ("also if they are equal", "a=1")] {
        let list = header_list(&[("Cookie", "a=1"), ("Accept", "*/*"), ("Cookie", last)]);
        let outcome = t.outputs_repository().save_trigger_headers(run, &list).await;
        if t.kept_or_refused(outcome)? {
            let saved = headers(t, run).await?.unwrap_or_default();
            t.expect_same_items(what, &saved, &list);
        }
    }
    Ok(())
}

async fn order_of_headers(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let list = header_list(&[("m", "1"), ("z", "2"), ("a", "3")]);
    t.outputs_repository().save_trigger_headers(run, &list).await?;
    t.observe(match headers(t, run).await? == Some(list) {
        true => "headers keep their order",
        false => "headers come in another order",
    });
    Ok(())
}

async fn end_of_scope_deletes(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_step_output(run, "charge", "1").await?;
    outputs.save_step_input(run, "charge", "2").await?;
    let within = ["charge.0", "charge.0.mail", "charge/0", "charge[0]"];
    for key in within {
        outputs.save_step_output(run, key, "3").await?;
        outputs.save_step_input(run, key, "4").await?;
    }
    outputs.end_scope(run, "charge").await?;
    outputs.end_scope(run, "never").await?;
    for key in within {
        t.expect(&format!("`{key}` keeps its output"), &output(t, run, key).await?, &some("3"));
        t.expect(&format!("`{key}` keeps its input"), &input(t, run, key).await?, &some("4"));
    }
    t.expect("the output stays", &output(t, run, "charge").await?, &some("1"));
    t.expect("the input stays", &input(t, run, "charge").await?, &some("2"));
    Ok(())
}

async fn events(t: &Trial, run: RunId) -> Result<Vec<FlowEventRecord>, Halt> {
    Ok(t.event_reader().get_run_events(run, Page::all()).await?)
}

async fn event_changed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let whole = FlowEvent {
        timestamp: START - TimeDelta::milliseconds(86_400_001),
        event_type: "step.failed".to_owned(),
        step_key: some("charge"),
        message: some("card declined"),
    };
    let bare = FlowEvent { step_key: None, message: None, ..whole.clone() };
    let empty = FlowEvent { step_key: some(""), message: some(""), ..whole.clone() };
    for event in [&whole, &bare, &empty] {
        t.outputs_repository().record_event(run, event).await?;
    }
    let recorded: Vec<_> = events(t, run)
        .await?
        .into_iter()
        .map(|record| FlowEvent {
            timestamp: record.timestamp,
            event_type: record.event_type,
            step_key: record.step_key,
            message: record.message,
        })
        .collect();
    t.expect("every event is as it was given", &recorded, &vec![whole, bare, empty]);
    Ok(())
}

async fn equal_events_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let event = FlowEvent {
        timestamp: START,
        event_type: "step.pending".to_owned(),
        step_key: some("poll"),
        message: None,
    };
    for _ in 0..3 {
        t.outputs_repository().record_event(run, &event).await?;
    }
    t.expect("there are three events", &events(t, run).await?.len(), &3);
    let run = t.a_run().await?;
    let event = FlowEvent { event_type: "run.paused".to_owned(), step_key: None, ..event };
    for _ in 0..2 {
        t.outputs_repository().record_event(run, &event).await?;
    }
    t.expect("events of no step are two", &events(t, run).await?.len(), &2);
    Ok(())
}

async fn json_rewritten(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let texts = [
        r#"{"B":1,"a":1.0,"B":2}"#,
        " { \"n\" : 9007199254740993 ,\n\t\"e\": 1E+2 } ",
        r#""\u00e9\/\ud83d\ude00 é/😀""#,
        "[1.10, -0.0, 123456789012345678901234567890]",
    ];
    for text in texts {
        let outputs = t.outputs_repository();
        outputs.save_step_output(run, "charge", text).await?;
        outputs.save_step_input(run, "charge", text).await?;
        outputs.save_trigger_data(run, text).await?;
        let data = outputs.get_trigger_data(run).await?;
        t.expect("the output is the same text", &output(t, run, "charge").await?, &some(text));
        t.expect("the input is the same text", &input(t, run, "charge").await?, &some(text));
        t.expect("the trigger data are the same text", &data, &some(text));
    }
    Ok(())
}

async fn long_values_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let key = "k".repeat(256);
    let value = format!("\"{}\"", "v".repeat((256 << 10) - 2));
    let outputs = t.outputs_repository();
    outputs.save_step_output(run, &key, &value).await?;
    outputs.save_step_input(run, &key, &value).await?;
    t.expect("the output is whole", &output(t, run, &key).await?, &Some(value.clone()));
    t.expect("the input is whole", &input(t, run, &key).await?, &Some(value));
    Ok(())
}

async fn step_keys_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    for (number, key) in NEAR_EQUAL.iter().enumerate() {
        outputs.save_step_output(run, key, &format!("{number}")).await?;
        outputs.save_step_input(run, key, &format!("-{number}")).await?;
    }
    for (number, key) in NEAR_EQUAL.iter().enumerate() {
        let (output, input) = (output(t, run, key).await?, input(t, run, key).await?);
        let expected = (Some(format!("{number}")), Some(format!("-{number}")));
        t.expect(&format!("{key:?} has slots of its own"), &(output, input), &expected);
    }
    Ok(())
}

async fn long_messages_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let message = Some("m".repeat(256 << 10));
    let event = FlowEvent {
        timestamp: START,
        event_type: "step.failed".to_owned(),
        step_key: some("charge"),
        message: message.clone(),
    };
    t.outputs_repository().record_event(run, &event).await?;
    let recorded = events(t, run).await?.pop().and_then(|event| event.message);
    t.expect("the message is whole", &(recorded == message), &true);
    Ok(())
}

async fn long_headers_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let given = header_list(&[("x-signature", &"h".repeat(256 << 10))]);
    t.outputs_repository().save_trigger_headers(run, &given).await?;
    let is_whole = headers(t, run).await? == Some(given);
    t.expect("the header is whole", &is_whole, &true);
    Ok(())
}

async fn output_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.outputs_repository().save_step_output(run, "charge", "1").await?;
    t.expect("the output is kept", &output(t, run, "charge").await?, &some("1"));
    Ok(())
}

async fn save_needs_run(t: &Trial) -> Outcome {
    let (run, outputs) = (t.run_id(), t.outputs_repository());
    outputs.save_step_output(run, "charge", "1").await?;
    outputs.save_step_input(run, "charge", "2").await?;
    outputs.save_trigger_data(run, "3").await?;
    outputs.save_trigger_headers(run, &[]).await?;
    let event = FlowEvent {
        timestamp: START,
        event_type: "run.started".to_owned(),
        step_key: None,
        message: None,
    };
    outputs.record_event(run, &event).await?;
    t.expect("the output is kept", &output(t, run, "charge").await?, &some("1"));
    t.expect("the input is kept", &input(t, run, "charge").await?, &some("2"));
    t.expect("the trigger data are kept", &outputs.get_trigger_data(run).await?, &some("3"));
    let headers = outputs.get_trigger_headers(run).await?;
    t.expect("the trigger headers are kept", &headers, &Some(Vec::new()));
    Ok(())
}

async fn input_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.outputs_repository().save_step_input(run, "charge", "1").await?;
    t.expect("the input is kept", &input(t, run, "charge").await?, &some("1"));
    Ok(())
}

async fn event_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let event = FlowEvent {
        timestamp: START,
        event_type: "step.blocked".to_owned(),
        step_key: some("charge"),
        message: None,
    };
    t.outputs_repository().record_event(run, &event).await?;
    let steps: Vec<_> = events(t, run).await?.into_iter().map(|event| event.step_key).collect();
    t.expect("the event is recorded", &steps, &vec![some("charge")]);
    Ok(())
}
