use chrono::TimeDelta;
use plimsoll_contract::Interface::{FlowStore, RunStore};
use plimsoll_contract::{Clock, ErrorKind, FlowDefinition, RunStatus};

use crate::race::{CALLERS, is_of_first_half};
use crate::{Check, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "flow-store/disabled-flow-not-listed",
        clauses: &["FLOW-1", "BACKEND-1"],
        goal: "Three definitions are saved, one disabled, one saved twice.",
        usual_cause: "the list leaves disabled definitions out, or a save inserts a second row",
        uses: &[FlowStore],
        run: |t| Box::pin(disabled_flow_not_listed(t)),
    },
    Check {
        id: "flow-store/names-out-of-order",
        clauses: &["FLOW-2"],
        goal: "Definitions are saved in no order and listed.",
        usual_cause: "the list comes in the order of ids or of insertion",
        uses: &[FlowStore],
        run: |t| Box::pin(names_out_of_order(t)),
    },
    Check {
        id: "flow-store/order-of-capitals",
        clauses: &["FLOW-3"],
        goal: "Names that differ in letter case are listed.",
        usual_cause: "databases collate differently",
        uses: &[FlowStore],
        run: |t| Box::pin(order_of_capitals(t)),
    },
    Check {
        id: "flow-store/unknown-flow-found",
        clauses: &["FLOW-4"],
        goal: "A definition is asked for that was never saved.",
        usual_cause: "an empty record is made up; the engine would read it as a real one",
        uses: &[FlowStore],
        run: |t| Box::pin(unknown_flow_found(t)),
    },
    Check {
        id: "flow-store/fields-lost",
        clauses: &["FLOW-5"],
        goal: "A definition is saved, then saved with every field changed.",
        usual_cause: "an update writes only some of the columns, or is-enabled is forced to true",
        uses: &[FlowStore],
        run: |t| Box::pin(fields_lost(t)),
    },
    Check {
        id: "flow-store/absent-manifest-becomes-text",
        clauses: &["FLOW-6"],
        goal: "Definitions without a manifest, and with an empty one, are saved.",
        usual_cause: "none is stored as an empty text, or an empty text as NULL",
        uses: &[FlowStore],
        run: |t| Box::pin(absent_manifest_becomes_text(t)),
    },
    Check {
        id: "flow-store/created-at-moves",
        clauses: &["FLOW-7"],
        goal: "A definition is saved again an hour later.",
        usual_cause: "an update writes created-at, from the clock or from the argument",
        uses: &[FlowStore],
        run: |t| Box::pin(created_at_moves(t)),
    },
    Check {
        id: "flow-store/updated-at-wrong",
        clauses: &["FLOW-8"],
        goal: "A definition is saved again an hour later, then disabled.",
        usual_cause: "updated-at is taken from the argument, or only set at the first save",
        uses: &[FlowStore],
        run: |t| Box::pin(updated_at_wrong(t)),
    },
    Check {
        id: "flow-store/first-save-race-fails",
        clauses: &["FLOW-9"],
        goal: "Many callers save the same new definition at once.",
        usual_cause: "select, then insert: the second inserter gets a key error; use an upsert",
        uses: &[FlowStore],
        run: |t| Box::pin(first_save_race_fails(t)),
    },
    Check {
        id: "flow-store/deleted-flow-remains",
        clauses: &["FLOW-10"],
        goal: "A definition is deleted, then saved anew an hour later.",
        usual_cause: "delete only marks the row, and save finds it again",
        uses: &[FlowStore],
        run: |t| Box::pin(deleted_flow_remains(t)),
    },
    Check {
        id: "flow-store/deleting-unknown-fails",
        clauses: &["FLOW-10"],
        goal: "A definition is deleted that is not there; others must stay.",
        usual_cause: "the number of deleted rows is taken for an error",
        uses: &[FlowStore],
        run: |t| Box::pin(deleting_unknown_fails(t)),
    },
    Check {
        id: "flow-store/delete-takes-runs",
        clauses: &["FLOW-11"],
        goal: "A flow with a run is deleted; the run must stay.",
        usual_cause: "a foreign key deletes in cascade",
        uses: &[FlowStore, RunStore],
        run: |t| Box::pin(delete_takes_runs(t)),
    },
    Check {
        id: "flow-store/enabling-changes-more",
        clauses: &["FLOW-12"],
        goal: "A flow is disabled; nothing else about it may change.",
        usual_cause: "the whole record is written back, or the flag is not stored",
        uses: &[FlowStore],
        run: |t| Box::pin(enabling_changes_more(t)),
    },
    Check {
        id: "flow-store/enabling-race-loses-save",
        clauses: &["FLOW-12"],
        goal: "One caller saves a definition anew while others enable and disable it.",
        usual_cause: "set-enabled reads the whole record and writes it back; update two columns",
        uses: &[FlowStore],
        run: |t| Box::pin(enabling_race_loses_save(t)),
    },
    Check {
        id: "flow-store/enabling-unknown-creates",
        clauses: &["FLOW-13"],
        goal: "A flow is enabled that is not there.",
        usual_cause: "an upsert creates it, or an update of no row counts as success",
        uses: &[FlowStore],
        run: |t| Box::pin(enabling_unknown_creates(t)),
    },
    Check {
        id: "flow-store/long-manifest-cut",
        clauses: &["BACKEND-6"],
        goal: "A definition has a manifest of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[FlowStore],
        run: |t| Box::pin(long_manifest_cut(t)),
    },
];

fn names(definitions: &[FlowDefinition]) -> Vec<&str> {
    definitions.iter().map(|definition| definition.name.as_str()).collect()
}

async fn disabled_flow_not_listed(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let (enabled, twice) = (t.a_definition("Enabled"), t.a_definition("Twice"));
    let namesake = t.a_definition("Enabled");
    let disabled = FlowDefinition { is_enabled: false, ..t.a_definition("Disabled") };
    for definition in [&enabled, &disabled, &twice, &twice, &namesake] {
        flows.save(definition).await?;
    }
    let listed: Vec<_> = flows.get_all().await?.iter().map(|definition| definition.id).collect();
    let expected = [enabled.id, disabled.id, twice.id, namesake.id];
    t.expect_same_items("all are listed once", &listed, &expected);
    flows.save(&FlowDefinition { version: "2.0".to_owned(), ..twice.clone() }).await?;
    let listed = flows.get_all().await?;
    let version = listed.into_iter().find(|listed| listed.id == twice.id).map(|it| it.version);
    t.expect("as it was saved last, at whatever instant", &version.as_deref(), &Some("2.0"));
    Ok(())
}

async fn names_out_of_order(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let sorted = [
        "alpha",
        "alphabet",
        "alphabetic",
        "alphabetically",
        "alphabetise",
        "alphabetiser",
        "alphabetized",
        "alphabetizing",
        "alphabets",
        "bravo",
        "delta",
    ];
    for place in [9, 4, 7, 3, 0, 8, 10, 2, 6, 1, 5] {
        flows.save(&t.a_definition(sorted[place])).await?;
    }
    let listed = flows.get_all().await?;
    t.expect("they come by name", &names(&listed), &sorted.to_vec());
    let renamed = FlowDefinition { name: "charlie".to_owned(), ..listed[0].clone() };
    flows.save(&renamed).await?;
    let after = flows.get_all().await?;
    let mut expected = sorted[1..].to_vec();
    expected.insert(9, "charlie");
    t.expect("by the new name of one that was renamed", &names(&after), &expected);
    Ok(())
}

async fn order_of_capitals(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    for name in ["beta", "Alpha", "alpha", "Beta"] {
        flows.save(&t.a_definition(name)).await?;
    }
    let listed = flows.get_all().await?;
    t.observe(format!("names are listed as {}", names(&listed).join(", ")));
    Ok(())
}

async fn unknown_flow_found(t: &Trial) -> Outcome {
    t.flow_store().save(&t.a_definition("Invoice")).await?;
    let found = t.flow_store().get_by_id(t.flow_id()).await?;
    t.expect("there is none", &found, &None);
    Ok(())
}

async fn fields_lost(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let first = t.a_definition("Invoice");
    flows.save(&first).await?;
    let second = FlowDefinition {
        name: "Invoices".to_owned(),
        version: "2.0-β".to_owned(),
        manifest_json: Some(r#"{"b":1,"a":[ ]}"#.to_owned()),
        is_enabled: false,
        ..first
    };
    let saved = flows.save(&second).await?;
    let found = flows.get_by_id(second.id).await?;
    let instants_aside = FlowDefinition {
        created_at: saved.created_at,
        updated_at: saved.updated_at,
        ..second.clone()
    };
    t.expect("save answers what it was given", &saved, &instants_aside);
    t.expect("the definition reads back as it was answered", &found, &Some(saved));
    Ok(())
}

async fn absent_manifest_becomes_text(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    for manifest_json in [None, Some(String::new())] {
        let definition = FlowDefinition { manifest_json, ..t.a_definition("Invoice") };
        flows.save(&definition).await?;
        let found = flows.get_by_id(definition.id).await?.map(|found| found.manifest_json);
        t.expect("the manifest reads back as it was", &found, &Some(definition.manifest_json));
    }
    let definition = t.a_definition("Invoice");
    flows
        .save(&FlowDefinition { manifest_json: Some("{}".to_owned()), ..definition.clone() })
        .await?;
    flows.save(&FlowDefinition { manifest_json: None, ..definition.clone() }).await?;
    let found = flows.get_by_id(definition.id).await?.map(|found| found.manifest_json);
    t.expect("a manifest of none replaces another", &found, &Some(None));
    Ok(())
}

async fn created_at_moves(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let flows = t.flow_store();
    let first_saved = clock.now();
    let definition = flows.save(&t.a_definition("Invoice")).await?;
    clock.advance(TimeDelta::hours(1));
    let made_up = FlowDefinition { created_at: clock.now(), ..definition.clone() };
    let again = flows.save(&made_up).await?;
    t.expect("created-at is when it was first saved", &definition.created_at, &first_saved);
    t.expect("and stays so", &again.created_at, &first_saved);
    Ok(())
}

async fn updated_at_wrong(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let flows = t.flow_store();
    let definition = flows.save(&t.a_definition("Invoice")).await?;
    t.expect("a first save stamps updated-at", &definition.updated_at, &clock.now());
    clock.advance(TimeDelta::hours(1));
    let again = flows.save(&definition).await?;
    t.expect("so does another save", &again.updated_at, &clock.now());
    clock.advance(TimeDelta::hours(1));
    let disabled = flows.set_enabled(definition.id, false).await?;
    t.expect("and set-enabled", &disabled.updated_at, &clock.now());
    clock.advance(TimeDelta::hours(1));
    let again = flows.set_enabled(definition.id, false).await?;
    t.expect("also to what it was", &again.updated_at, &clock.now());
    Ok(())
}

async fn first_save_race_fails(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let definition = t.a_definition("Invoice");
        let id = definition.id;
        let answers = t
            .release(move |caller, instance| {
                let number = format!("{caller}");
                let definition = FlowDefinition {
                    name: number.clone(),
                    version: number.clone(),
                    manifest_json: Some(number),
                    ..definition.clone()
                };
                async move { instance.flow_store().save(&definition).await }
            })
            .await;
        t.expect_all_succeed("every save succeeds", &answers);
        let listed = t.flow_store().get_all().await?;
        let of_id: Vec<_> = listed.iter().filter(|definition| definition.id == id).collect();
        let whole = of_id.iter().all(|definition| {
            let (name, manifest) = (&definition.name, &definition.manifest_json);
            *name == definition.version && Some(name) == manifest.as_ref()
        });
        t.expect("one definition is left", &of_id.len(), &1);
        t.expect_that(
            "it is one caller's as a whole",
            whole,
            "name, version and manifest alike",
            &of_id,
        );
        t.flow_store().delete(id).await?;
    }
    t.overlap_shown()
}

async fn deleted_flow_remains(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let flows = t.flow_store();
    let definition = flows.save(&t.a_definition("Invoice")).await?;
    flows.delete(definition.id).await?;
    let found = flows.get_by_id(definition.id).await?;
    let listed = flows.get_all().await?;
    clock.advance(TimeDelta::hours(1));
    let anew = flows.save(&definition).await?;
    t.expect("it is not found", &found, &None);
    t.expect("it is not listed", &names(&listed), &Vec::new());
    t.expect("saved anew it is a new definition", &anew.created_at, &clock.now());
    Ok(())
}

async fn deleting_unknown_fails(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let definition = flows.save(&t.a_definition("Invoice")).await?;
    let outcome = flows.delete(t.flow_id()).await;
    let found = flows.get_by_id(definition.id).await?;
    t.expect("it succeeds", &outcome, &Ok(()));
    t.expect("the other definition stays", &found, &Some(definition));
    Ok(())
}

async fn delete_takes_runs(t: &Trial) -> Outcome {
    let definition = t.flow_store().save(&t.a_definition("Invoice")).await?;
    let run = t.a_run_of(definition.id).await?;
    let ended = t.a_run_of(definition.id).await?;
    t.run_store().complete_run(ended, RunStatus::Succeeded).await?;
    t.flow_store().delete(definition.id).await?;
    for (what, run) in [("run", run), ("run that has ended", ended)] {
        let detail = t.run_store().get_run_detail(run).await?;
        t.expect(&format!("the {what} is still there"), &detail.is_some(), &true);
    }
    Ok(())
}

async fn enabling_changes_more(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let before = flows.save(&t.a_definition("Invoice")).await?;
    let answered = flows.set_enabled(before.id, false).await?;
    let found = flows.get_by_id(before.id).await?;
    let expected =
        FlowDefinition { is_enabled: false, updated_at: answered.updated_at, ..before.clone() };
    t.expect("only is-enabled has changed", &answered, &expected);
    t.expect("the change is stored", &found, &Some(expected));
    Ok(())
}

async fn enabling_race_loses_save(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let before = t.a_definition("Invoice");
        t.flow_store().save(&before).await?;
        let after = FlowDefinition { version: "2.0".to_owned(), ..before.clone() };
        let saver = t.race().rounds % CALLERS;
        let answers = t
            .release(move |caller, instance| {
                let after = after.clone();
                async move {
                    let flows = instance.flow_store();
                    match caller == saver {
                        true => flows.save(&after).await,
                        false => flows.set_enabled(after.id, is_of_first_half(caller)).await,
                    }
                }
            })
            .await;
        t.expect_all_succeed("every call succeeds", &answers);
        let enabled = answers.iter().enumerate().filter(|(caller, _)| *caller != saver);
        let others = enabled.filter(|(caller, answer)| {
            answer.as_ref().is_ok_and(|it| it.is_enabled != is_of_first_half(*caller))
        });
        t.expect("callers that are answered what another one set", &others.count(), &0);
        let found = t.flow_store().get_by_id(before.id).await?;
        let version = found.map(|definition| definition.version);
        t.expect("what was saved is there", &version, &Some("2.0".to_owned()));
        t.flow_store().delete(before.id).await?;
    }
    t.overlap_shown()
}

async fn enabling_unknown_creates(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    let unknown = t.flow_id();
    let outcome = flows.set_enabled(unknown, true).await;
    t.expect_refusal("it is not found", outcome, ErrorKind::NotFound)?;
    let found = flows.get_by_id(unknown).await?;
    t.expect("nothing was created", &found, &None);
    let deleted = flows.save(&t.a_definition("Invoice")).await?.id;
    flows.delete(deleted).await?;
    let outcome = flows.set_enabled(deleted, true).await;
    t.expect_refusal("neither is a deleted one", outcome, ErrorKind::NotFound)?;
    t.expect("it stays deleted", &flows.get_by_id(deleted).await?, &None);
    Ok(())
}

async fn long_manifest_cut(t: &Trial) -> Outcome {
    let manifest_json = Some(format!("\"{}\"", "m".repeat((256 << 10) - 2)));
    let definition = FlowDefinition { manifest_json, ..t.a_definition("Invoice") };
    t.flow_store().save(&definition).await?;
    let found = t.flow_store().get_by_id(definition.id).await?;
    let is_whole = found.is_some_and(|found| found.manifest_json == definition.manifest_json);
    t.expect("the manifest is whole", &is_whole, &true);
    Ok(())
}
