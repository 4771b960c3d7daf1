use chrono::TimeDelta;
use plimsoll_contract::Interface::{FlowStore, ScheduleStateStore};
use plimsoll_contract::{Clock, Instant, ScheduleState};

use crate::given::NEAR_EQUAL;
use crate::{Check, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "schedule-state-store/unknown-schedule-found",
        clauses: &["SCHEDULE-1"],
        goal: "A state is asked for that was never saved.",
        usual_cause: "a default record is made up; the engine would read it as an override",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(unknown_schedule_found(t)),
    },
    Check {
        id: "schedule-state-store/lost-with-its-flow",
        clauses: &["SCHEDULE-1"],
        goal: "The definition of a schedule's flow is deleted; the state stays.",
        usual_cause: "a foreign key that cascades from definitions to schedules",
        uses: &[ScheduleStateStore, FlowStore],
        run: |t| Box::pin(lost_with_its_flow(t)),
    },
    Check {
        id: "schedule-state-store/list-incomplete",
        clauses: &["SCHEDULE-2", "BACKEND-1"],
        goal: "Three states are saved, one of them twice, one not paused.",
        usual_cause: "a save inserts a second row, or only paused schedules are listed",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(list_incomplete(t)),
    },
    Check {
        id: "schedule-state-store/long-list-cut",
        clauses: &["SCHEDULE-2"],
        goal: "1,001 states are saved and listed.",
        usual_cause: "the list has a page size",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(long_list_cut(t)),
    },
    Check {
        id: "schedule-state-store/jobs-out-of-order",
        clauses: &["SCHEDULE-3"],
        goal: "States are saved in no order and listed.",
        usual_cause: "the list comes in the order of insertion or of hashing",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(jobs_out_of_order(t)),
    },
    Check {
        id: "schedule-state-store/fields-lost",
        clauses: &["SCHEDULE-4"],
        goal: "A state is saved, then saved with every field changed and no cron override.",
        usual_cause: "an update writes some of the columns, or none leaves the override alone",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(fields_lost(t)),
    },
    Check {
        id: "schedule-state-store/updated-at-wrong",
        clauses: &["SCHEDULE-5"],
        goal: "A state is saved twice, an hour apart, with instants made up.",
        usual_cause: "updated-at is taken from the argument, or only set at the first save",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(updated_at_wrong(t)),
    },
    Check {
        id: "schedule-state-store/first-save-race-fails",
        clauses: &["SCHEDULE-6"],
        goal: "Many callers save the same new job id at once.",
        usual_cause: "select, then insert: the second inserter gets a key error",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(first_save_race_fails(t)),
    },
    Check {
        id: "schedule-state-store/deleted-schedule-remains",
        clauses: &["SCHEDULE-7"],
        goal: "One of two states is deleted; deleting it again, and an unknown one, is fine.",
        usual_cause: "the delete is a stub, or fails where there is nothing",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(deleted_schedule_remains(t)),
    },
    Check {
        id: "schedule-state-store/job-ids-merged",
        clauses: &["BACKEND-5"],
        goal: "Job ids differ in letter case, a blank or a mark.",
        usual_cause: "ids are trimmed or folded, or the database's collation ignores them",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(job_ids_merged(t)),
    },
    Check {
        id: "schedule-state-store/long-texts-cut",
        clauses: &["BACKEND-6", "BACKEND-4"],
        goal: "A job id of 256 characters works; longer ones that begin alike, and a long cron \
               override, are kept whole or refused.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(long_texts_cut(t)),
    },
];

fn ids(states: &[ScheduleState]) -> Vec<String> {
    states.iter().map(|state| state.job_id.clone()).collect()
}

async fn unknown_schedule_found(t: &Trial) -> Outcome {
    t.schedule_state_store().save(&t.a_schedule("nightly")).await?;
    let found = t.schedule_state_store().get("hourly").await?;
    t.expect("there is none", &found, &None);
    Ok(())
}

async fn lost_with_its_flow(t: &Trial) -> Outcome {
    let definition = t.flow_store().save(&t.a_definition("Invoice")).await?;
    let state = ScheduleState { flow_id: definition.id, ..t.a_schedule("nightly") };
    t.schedule_state_store().save(&state).await?;
    t.flow_store().delete(definition.id).await?;
    let found = t.schedule_state_store().get("nightly").await?;
    t.expect("the state is still there", &found.is_some(), &true);
    Ok(())
}

async fn list_incomplete(t: &Trial) -> Outcome {
    let schedules = t.schedule_state_store();
    let running = ScheduleState { is_paused: false, ..t.a_schedule("hourly") };
    for state in [t.a_schedule("nightly"), running, t.a_schedule("weekly")] {
        schedules.save(&state).await?;
    }
    schedules.save(&t.a_schedule("weekly")).await?;
    let expected = ["hourly", "nightly", "weekly"].map(str::to_owned);
    let listed = ids(&schedules.get_all().await?);
    t.expect_same_items("each is listed once", &listed, &expected);
    let renamed = ScheduleState { flow_name: "Refund".to_owned(), ..t.a_schedule("weekly") };
    schedules.save(&renamed).await?;
    let names: Vec<_> = schedules.get_all().await?.into_iter().map(|it| it.flow_name).collect();
    let expected = ["Invoice", "Invoice", "Refund"].map(str::to_owned);
    t.expect_same_items("as it was saved last, at whatever instant", &names, &expected);
    Ok(())
}

async fn long_list_cut(t: &Trial) -> Outcome {
    for number in 0..1_001 {
        t.schedule_state_store().save(&t.a_schedule(&format!("job-{number}"))).await?;
    }
    let listed = t.schedule_state_store().get_all().await?.len();
    t.expect("every state is listed", &listed, &1_001);
    Ok(())
}

async fn jobs_out_of_order(t: &Trial) -> Outcome {
    for id in ["charlie", "alpha", "delta", "bravo"] {
        t.schedule_state_store().save(&t.a_schedule(id)).await?;
    }
    let listed = ids(&t.schedule_state_store().get_all().await?);
    t.expect(
        "they come by job id",
        &listed,
        &["alpha", "bravo", "charlie", "delta"].map(str::to_owned).to_vec(),
    );
    Ok(())
}

async fn fields_lost(t: &Trial) -> Outcome {
    let schedules = t.schedule_state_store();
    let first = t.a_schedule("nightly");
    let second = ScheduleState {
        job_id: first.job_id.clone(),
        flow_id: t.flow_id(),
        flow_name: "Refund".to_owned(),
        trigger_key: "weekly".to_owned(),
        is_paused: false,
        cron_override: None,
        updated_at: Instant::UNIX_EPOCH,
    };
    let paused = ScheduleState { is_paused: true, ..second.clone() };
    let running = ScheduleState { is_paused: false, ..first.clone() };
    for state in [first, paused, running, second] {
        schedules.save(&state).await?;
        let found = schedules.get(&state.job_id).await?;
        let expected = found
            .as_ref()
            .map(|found| ScheduleState { updated_at: found.updated_at, ..state.clone() });
        t.expect("the state is there", &found.is_some(), &true);
        t.expect("every field is as it was given", &found, &expected);
    }
    Ok(())
}

async fn updated_at_wrong(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let first = t.a_schedule("nightly");
    for hour in 0..2 {
        clock.advance(TimeDelta::hours(hour));
        let made_up = clock.now() - TimeDelta::days(1);
        // The same once more: a save that changes nothing is one, too.
        let state = ScheduleState { updated_at: made_up, ..first.clone() };
        t.schedule_state_store().save(&state).await?;
        let found = t.schedule_state_store().get("nightly").await?;
        let stamped = found.map(|found| found.updated_at);
        t.expect("updated-at is the present instant", &stamped, &Some(clock.now()));
    }
    Ok(())
}

async fn first_save_race_fails(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let state = t.a_schedule("nightly");
        let answers = t
            .release(move |caller, instance| {
                let number = format!("{caller}");
                let state = ScheduleState {
                    flow_name: number.clone(),
                    trigger_key: number,
                    ..state.clone()
                };
                async move { instance.schedule_state_store().save(&state).await }
            })
            .await;
        t.expect_all_succeed("every save succeeds", &answers);
        let listed = t.schedule_state_store().get_all().await?;
        let whole = listed.iter().all(|state| state.flow_name == state.trigger_key);
        t.expect("one state is left", &listed.len(), &1);
        t.expect_that("it is one caller's as a whole", whole, "two equal names", &listed);
        t.schedule_state_store().delete("nightly").await?;
    }
    t.overlap_shown()
}

async fn deleted_schedule_remains(t: &Trial) -> Outcome {
    let schedules = t.schedule_state_store();
    for id in ["hourly", "nightly"] {
        schedules.save(&t.a_schedule(id)).await?;
    }
    for id in ["nightly", "nightly", "never"] {
        let outcome = schedules.delete(id).await;
        t.expect(&format!("deleting `{id}` succeeds"), &outcome, &Ok(()));
    }
    let listed = ids(&schedules.get_all().await?);
    t.expect("it is not found", &schedules.get("nightly").await?, &None);
    t.expect("the other stays", &listed, &vec!["hourly".to_owned()]);
    Ok(())
}

async fn job_ids_merged(t: &Trial) -> Outcome {
    let job_ids = NEAR_EQUAL.map(str::to_owned);
    for id in &job_ids {
        t.schedule_state_store().save(&t.a_schedule(id)).await?;
    }
    let listed = ids(&t.schedule_state_store().get_all().await?);
    t.expect_same_items("every id is a schedule of its own", &listed, &job_ids);
    for (deleted, id) in job_ids.iter().enumerate().rev() {
        t.schedule_state_store().delete(id).await?;
        let listed = ids(&t.schedule_state_store().get_all().await?);
        let what = format!("`{id}` alone is deleted");
        t.expect_same_items(&what, &listed, &job_ids[..deleted]);
    }
    Ok(())
}

async fn long_texts_cut(t: &Trial) -> Outcome {
    let schedules = t.schedule_state_store();
    let id = "j".repeat(256);
    schedules.save(&t.a_schedule(&id)).await?;
    let mut kept = vec![id.clone()];
    for ending in ["-1", "-2", " "] {
        let longer = format!("{id}{ending}");
        if t.kept_or_refused(schedules.save(&t.a_schedule(&longer)).await)? {
            kept.push(longer);
        }
    }
    let listed = ids(&schedules.get_all().await?);
    t.expect_same_items("ids that were not refused are whole", &listed, &kept);
    let cron_override = Some("0 3 * * *,".repeat(30));
    let state = ScheduleState { cron_override: cron_override.clone(), ..t.a_schedule("nightly") };
    if t.kept_or_refused(schedules.save(&state).await)? {
        let stored = schedules.get("nightly").await?.and_then(|state| state.cron_override);
        t.expect("the cron override is whole", &stored, &cron_override);
    }
    Ok(())
}
