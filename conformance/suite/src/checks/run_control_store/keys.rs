use plimsoll_contract::Interface::{RunControlStore, RunStore};
use plimsoll_contract::{FlowId, RunId, RunStatus};

use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-control-store/registered-key-not-found",
        clauses: &["CONTROL-16"],
        goal: "A key is registered and found; another is not.",
        usual_cause: "find looks into the control records instead of the registrations",
        uses: &[RunControlStore],
        run: |t| Box::pin(registered_key_not_found(t)),
    },
    Check {
        id: "run-control-store/second-registration-wins",
        clauses: &["CONTROL-17"],
        goal: "A key is registered for a run, again for it, and for another.",
        usual_cause: "the registration is an upsert",
        uses: &[RunControlStore],
        run: |t| Box::pin(second_registration_wins(t)),
    },
    Check {
        id: "run-control-store/end-frees-keys",
        clauses: &["CONTROL-17"],
        goal: "A key is registered for a run, and again after the run has ended.",
        usual_cause: "only the keys of active runs are looked at",
        uses: &[RunControlStore, RunStore],
        run: |t| Box::pin(end_frees_keys(t)),
    },
    Check {
        id: "run-control-store/registration-race-has-two-winners",
        clauses: &["CONTROL-18"],
        goal: "Many callers register one key at once, each for its run; one wins, and all find \
               its run.",
        usual_cause: "looking for the key and inserting it are two steps, or the loser gets a \
                      key error",
        uses: &[RunControlStore],
        run: |t| Box::pin(registration_race_has_two_winners(t)),
    },
    Check {
        id: "run-control-store/key-not-scoped-by-flow",
        clauses: &["CONTROL-19"],
        goal: "Two flows use one key.",
        usual_cause: "the flow is missing from the key",
        uses: &[RunControlStore],
        run: |t| Box::pin(key_not_scoped_by_flow(t)),
    },
    Check {
        id: "run-control-store/key-not-scoped-by-trigger",
        clauses: &["CONTROL-19"],
        goal: "Two triggers of a flow use one key.",
        usual_cause: "the trigger key is missing from the key",
        uses: &[RunControlStore],
        run: |t| Box::pin(key_not_scoped_by_trigger(t)),
    },
    Check {
        id: "run-control-store/find-and-register-disagree",
        clauses: &["CONTROL-20"],
        goal: "For spellings that differ in case and blanks: what cannot be registered again must \
               be found.",
        usual_cause: "only one of the two functions normalises",
        uses: &[RunControlStore],
        run: |t| Box::pin(find_and_register_disagree(t)),
    },
    Check {
        id: "run-control-store/other-keys-collide",
        clauses: &["CONTROL-17"],
        goal: "Keys and trigger keys that differ in more than ASCII case and the ASCII blanks \
               around them are registered for one flow.",
        usual_cause: "they are trimmed of every blank that Unicode knows, or normalised",
        uses: &[RunControlStore],
        run: |t| Box::pin(other_keys_collide(t)),
    },
    Check {
        id: "run-control-store/key-spelling-counts",
        clauses: &["CONTROL-21"],
        goal: "A key is registered again in capitals and with blanks around.",
        usual_cause: "keys are compared as they are",
        uses: &[RunControlStore],
        run: |t| Box::pin(key_spelling_counts(t)),
    },
    Check {
        id: "run-control-store/key-case-beyond-ascii",
        clauses: &["CONTROL-22"],
        goal: "A key with an umlaut is registered again in the other case.",
        usual_cause: "it depends on the database's locale",
        uses: &[RunControlStore],
        run: |t| Box::pin(key_case_beyond_ascii(t)),
    },
    Check {
        id: "run-control-store/long-keys-cut",
        clauses: &["BACKEND-4", "BACKEND-6"],
        goal: "A key of 256 characters works; two longer ones that begin alike are two.",
        usual_cause: "the key is cut before it is compared",
        uses: &[RunControlStore],
        run: |t| Box::pin(long_keys_cut(t)),
    },
    Check {
        id: "run-control-store/key-needs-run",
        clauses: &["CONTROL-23"],
        goal: "A key is registered for a run that has not started; it is found before and after the \
               start.",
        usual_cause: "a foreign key",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(key_needs_run(t)),
    },
];

async fn find(t: &Trial, flow: FlowId, trigger: &str, key: &str) -> Result<Option<RunId>, Halt> {
    Ok(t.run_control_store().find_run_id_by_idempotency_key(flow, trigger, key).await?)
}

async fn register(
    t: &Trial,
    flow: FlowId,
    trigger: &str,
    key: &str,
    run: RunId,
) -> Result<bool, Halt> {
    Ok(t.run_control_store().try_register_idempotency_key(flow, trigger, key, run).await?)
}

async fn registered_key_not_found(t: &Trial) -> Outcome {
    let (flow, run) = (t.flow_id(), t.run_id());
    register(t, flow, "webhook", "key-1", run).await?;
    t.expect("the key finds its run", &find(t, flow, "webhook", "key-1").await?, &Some(run));
    t.expect("another finds none", &find(t, flow, "webhook", "key-2").await?, &None);
    Ok(())
}

async fn second_registration_wins(t: &Trial) -> Outcome {
    let (flow, run, other) = (t.flow_id(), t.run_id(), t.run_id());
    let first = register(t, flow, "webhook", "key-1", run).await?;
    let same = register(t, flow, "webhook", "key-1", run).await?;
    let second = register(t, flow, "webhook", "key-1", other).await?;
    t.expect("the first caller may start the run", &first, &true);
    t.expect("it may not do so twice", &same, &false);
    t.expect("nor may another", &second, &false);
    t.expect("the first run is found", &find(t, flow, "webhook", "key-1").await?, &Some(run));
    let another = register(t, flow, "webhook", "key-2", run).await?;
    t.expect("a run may have a second key", &another, &true);
    t.expect("which finds it", &find(t, flow, "webhook", "key-2").await?, &Some(run));
    t.expect("as the first still does", &find(t, flow, "webhook", "key-1").await?, &Some(run));
    Ok(())
}

async fn end_frees_keys(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let run = t.a_run_of(flow).await?;
    register(t, flow, "webhook", "key-1", run).await?;
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    let late = register(t, flow, "webhook", "key-1", t.run_id()).await?;
    t.expect("nobody may register it again", &late, &false);
    t.expect("the run is still found", &find(t, flow, "webhook", "key-1").await?, &Some(run));
    Ok(())
}

async fn registration_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let flow = t.flow_id();
        let runs: Vec<_> = (0..crate::race::CALLERS).map(|_| t.run_id()).collect();
        let of_callers = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                let run = of_callers[caller];
                async move {
                    let controls = instance.run_control_store();
                    controls.try_register_idempotency_key(flow, "webhook", "key-1", run).await
                }
            })
            .await;
        t.expect_one_true("one caller registers the key, the others are told no", &answers);
        let winner = answers.iter().position(|answer| *answer == Ok(true));
        let expected = winner.map(|caller| runs[caller]);
        t.expect("its run is found", &find(t, flow, "webhook", "key-1").await?, &expected);
    }
    t.overlap_shown()
}

async fn key_not_scoped_by_flow(t: &Trial) -> Outcome {
    let (flow, other) = (t.flow_id(), t.flow_id());
    register(t, flow, "webhook", "key-1", t.run_id()).await?;
    let found = find(t, other, "webhook", "key-1").await?;
    let free = register(t, other, "webhook", "key-1", t.run_id()).await?;
    t.expect("the other flow does not find it", &found, &None);
    t.expect("it can register it", &free, &true);
    Ok(())
}

async fn key_not_scoped_by_trigger(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    register(t, flow, "webhook", "key-1", t.run_id()).await?;
    let found = find(t, flow, "manual", "key-1").await?;
    let free = register(t, flow, "manual", "key-1", t.run_id()).await?;
    t.expect("the other trigger does not find it", &found, &None);
    t.expect("it can register it", &free, &true);
    // Joined to one text the two would be equal.
    for separator in ["", ":", "|", "/", "-", "_"] {
        let (longer, rest) = (format!("a{separator}b"), format!("b{separator}c"));
        let first = register(t, flow, &longer, "c", t.run_id()).await?;
        let second = register(t, flow, "a", &rest, t.run_id()).await?;
        let what = format!("trigger key and key are two texts, not one with {separator:?} between");
        t.expect(&what, &(first, second), &(true, true));
    }
    Ok(())
}

async fn other_keys_collide(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for key in [
        "key-1",
        "key-1\u{a0}",
        "\u{2003}key-1",
        "keyx1",
        "key_1",
        "key -1",
        "kéy-1",
        "ke\u{301}y-1",
    ] {
        let is_new = register(t, flow, "webhook", key, t.run_id()).await?;
        t.expect(&format!("{key:?} is a key of its own"), &is_new, &true);
    }
    for trigger in ["webhook\u{a0}", "web_ook", "web hook"] {
        let is_new = register(t, flow, trigger, "key-1", t.run_id()).await?;
        t.expect(&format!("{trigger:?} is another trigger key"), &is_new, &true);
    }
    Ok(())
}

/// Spellings of one trigger key and one key, as proxies change them.
const SPELLINGS: [(&str, &str); 6] = [
    ("webhook", "Key-1"),
    ("webhook", "KEY-1"),
    ("webhook", " key-1"),
    ("webhook", "key-1\t\r\n\u{b}\u{c}"),
    ("Webhook", "key-1"),
    (" webhook ", "key-1"),
];

async fn find_and_register_disagree(t: &Trial) -> Outcome {
    for (trigger, key) in SPELLINGS {
        let (flow, run) = (t.flow_id(), t.run_id());
        register(t, flow, "webhook", "key-1", run).await?;
        let found = find(t, flow, trigger, key).await?;
        let collides = !register(t, flow, trigger, key, t.run_id()).await?;
        let what = format!("{trigger:?} and {key:?} are found if, and only if, they collide");
        t.expect(&what, &found.is_some(), &collides);
    }
    let (flow, run) = (t.flow_id(), t.run_id());
    register(t, flow, " Web ", " Key ", run).await?;
    let equal = find(t, flow, " Web ", " Key ").await?;
    t.expect("the same text is found", &equal, &Some(run));
    let (flow, run) = (t.flow_id(), t.run_id());
    register(t, flow, "webhook", "SCHLÜSSEL", run).await?;
    let equal = find(t, flow, "webhook", "SCHLÜSSEL").await?;
    t.expect("so it is beyond ASCII", &equal, &Some(run));
    Ok(())
}

async fn key_spelling_counts(t: &Trial) -> Outcome {
    let (flow, run) = (t.flow_id(), t.run_id());
    register(t, flow, "webhook", "key-1", run).await?;
    for (trigger, key) in SPELLINGS {
        let found = find(t, flow, trigger, key).await?;
        t.expect(&format!("{trigger:?} and {key:?} find the run"), &found, &Some(run));
    }
    let inner = find(t, flow, "webhook", "key -1").await?;
    t.expect("a blank within the key counts", &inner, &None);
    Ok(())
}

async fn key_case_beyond_ascii(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    register(t, flow, "webhook", "schlüssel", t.run_id()).await?;
    let folds = find(t, flow, "webhook", "SCHLÜSSEL").await?.is_some();
    t.observe(match folds {
        true => "idempotency keys fold letter case beyond ASCII",
        false => "idempotency keys fold letter case within ASCII alone",
    });
    Ok(())
}

async fn long_keys_cut(t: &Trial) -> Outcome {
    let (flow, run) = (t.flow_id(), t.run_id());
    let key = "k".repeat(256);
    register(t, flow, "webhook", &key, run).await?;
    let controls = t.run_control_store();
    for ending in ["-1", "-2"] {
        let longer = format!("{key}{ending}");
        let outcome =
            controls.try_register_idempotency_key(flow, "webhook", &longer, t.run_id()).await;
        if let Ok(is_new) = &outcome {
            t.expect("a longer key is not taken for one that begins alike", is_new, &true);
        }
        t.kept_or_refused(outcome)?;
    }
    t.expect("256 characters are found", &find(t, flow, "webhook", &key).await?, &Some(run));
    let both = register(t, flow, &key, &key, t.run_id()).await?;
    t.expect("so are 256 of both trigger key and key", &both, &true);
    Ok(())
}

async fn key_needs_run(t: &Trial) -> Outcome {
    let start = t.start_of(t.flow_id());
    let (flow, run) = (start.flow_id, start.run_id);
    let is_new = register(t, flow, "webhook", "key-1", run).await?;
    let early = find(t, flow, "webhook", "key-1").await?;
    t.run_store().start_run(&start).await?;
    let late = find(t, flow, "webhook", "key-1").await?;
    t.expect("the key is registered", &is_new, &true);
    t.expect("it finds the run before its start", &early, &Some(run));
    t.expect("and after it", &late, &Some(run));
    Ok(())
}
