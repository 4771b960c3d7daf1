//! What one caller wins: claims, entries of the dispatch ledger, idempotency keys, nonces, flags.

use chrono::TimeDelta;
use plimsoll_contract::Interface::{
    RunControlStore, RunRuntimeStore, RunStore, WebhookReplayStore,
};
use plimsoll_contract::{Instant, RunControl, RunId};
use plimsoll_histories::Operation;
use plimsoll_histories::specs::first_value::FirstValue;
use plimsoll_histories::specs::latches::{Flags, Latches};
use plimsoll_histories::specs::nonces::Nonces;
use plimsoll_histories::specs::once::{Answer, Call, Once};
use plimsoll_histories::specs::{first_value, latches, nonces};

use super::ASKS;
use crate::race::CALLERS;
use crate::trial::START;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-runtime-store/claims-in-no-order",
        clauses: &["RUNTIME-6"],
        goal: "Callers claim, release and list one step at once; some order of their calls must \
               explain all answers.",
        usual_cause: "looking for the claim and inserting it are two steps, or the list comes \
                      from somewhere that is brought up to date later",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claims_in_no_order(t)),
    },
    Check {
        id: "run-store/dispatches-in-no-order",
        clauses: &["RUN-75"],
        goal: "Callers dispatch, release and list one step at once; some order of their calls \
               must explain all answers.",
        usual_cause: "looking for the entry and inserting it are two steps, or the list comes \
                      from somewhere that is brought up to date later",
        uses: &[RunStore],
        run: |t| Box::pin(dispatches_in_no_order(t)),
    },
    Check {
        id: "run-control-store/registrations-in-no-order",
        clauses: &["CONTROL-18"],
        goal: "Callers register and look up one idempotency key at once; some order of their \
               calls must explain all answers.",
        usual_cause: "looking for the key and inserting it are two steps",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(registrations_in_no_order(t)),
    },
    Check {
        id: "run-control-store/flags-in-no-order",
        clauses: &["CONTROL-9", "CONTROL-15", "BACKEND-28"],
        goal: "Callers cancel a run, time it out and read its record at once; some order of their \
               calls must explain all answers.",
        usual_cause: "the record is read, changed and written back without a lock",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(flags_in_no_order(t)),
    },
    Check {
        id: "webhook-replay-store/nonces-in-no-order",
        clauses: &["REPLAY-2"],
        goal: "Callers register one nonce and purge at once; some order of their calls must \
               explain all answers, the counts of the purges included.",
        usual_cause: "looking for the nonce and inserting it are two steps, or a purge counts \
                      what another one removes",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(nonces_in_no_order(t)),
    },
];

const KEY: &str = "charge";

const fn won(won: bool) -> Answer {
    if won { Answer::True } else { Answer::False }
}

async fn claims_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let history = t
            .history::<Once, _>(move |mut scribe, instance| async move {
                let claims = instance.run_runtime_store();
                for _ in 0..ASKS {
                    match scribe.choose(5) {
                        0 => {
                            let release = claims.release_step_claim(run, KEY);
                            scribe.ask(Call::Release, release, |()| Answer::Done).await?;
                        }
                        // It is about another step, and so is no step of the history.
                        2 => claims.release_step_claim(run, "send").await?,
                        1 => {
                            let list = claims.get_claimed_step_keys(run);
                            scribe.ask(Call::Find, list, |keys| is_listed(&keys)).await?;
                        }
                        _ => scribe.ask(Call::Try, claims.try_claim_step(run, KEY), won).await?,
                    }
                }
                Ok(scribe)
            })
            .await?;
        t.expect_an_order("the claims of one step", &Once::claim(), &history)?;
    }
    t.overlap_shown()
}

async fn dispatches_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let history = t
            .history::<Once, _>(move |mut scribe, instance| async move {
                let runs = instance.run_store();
                for _ in 0..ASKS {
                    match scribe.choose(6) {
                        0 => {
                            let release = runs.release_dispatch(run, KEY);
                            scribe.ask(Call::Release, release, |()| Answer::Done).await?;
                        }
                        1 => {
                            let list = runs.get_dispatched_step_keys(run);
                            scribe.ask(Call::Find, list, |keys| is_listed(&keys)).await?;
                        }
                        // It changes nothing that can be seen, and so is no step of the history.
                        2 => runs.annotate_dispatch(run, KEY, "job-7").await?,
                        // Nor is what is about another step.
                        3 => runs.release_dispatch(run, "send").await?,
                        _ => scribe.ask(Call::Try, runs.try_record_dispatch(run, KEY), won).await?,
                    }
                }
                Ok(scribe)
            })
            .await?;
        t.expect_an_order("the dispatches of one step", &Once::dispatch(), &history)?;
    }
    t.overlap_shown()
}

fn is_listed(keys: &[String]) -> Answer {
    won(keys.iter().any(|key| key == KEY))
}

async fn registrations_in_no_order(t: &Trial) -> Outcome {
    use first_value::{Answer, Call};
    while t.next_round().await? {
        let (flow, run) = (t.flow_id(), t.a_run().await?);
        let runs: Vec<RunId> = (0..CALLERS).map(|_| t.run_id()).chain([run]).collect();
        let history = t
            .history::<FirstValue<RunId>, _>(move |mut scribe, instance| {
                let run = runs[scribe.caller];
                async move {
                    let keys = instance.run_control_store();
                    for _ in 0..ASKS {
                        if scribe.choose(2) == 0 {
                            let find = keys.find_run_id_by_idempotency_key(flow, "webhook", KEY);
                            scribe.ask(Call::Find, find, Answer::Found).await?;
                        } else {
                            let register =
                                keys.try_register_idempotency_key(flow, "webhook", KEY, run);
                            scribe.ask(Call::Try(run), register, Answer::Won).await?;
                        }
                    }
                    Ok(scribe)
                }
            })
            .await?;
        t.expect_an_order("the registrations of one key", &FirstValue::default(), &history)?;
    }
    t.overlap_shown()
}

async fn flags_in_no_order(t: &Trial) -> Outcome {
    use latches::{Answer, Call};
    while t.next_round().await? {
        let (run, flow) = (t.a_run().await?, t.flow_id());
        t.run_control_store().configure_run(run, flow, "manual", None, None).await?;
        let mut history = t
            .history::<Latches<String>, _>(move |mut scribe, instance| async move {
                let controls = instance.run_control_store();
                let reason = format!("caller {}", scribe.caller);
                for _ in 0..ASKS {
                    let given = Some(reason.clone());
                    match scribe.choose(4) {
                        0 => {
                            let cancel = controls.request_cancel(run, Some(&reason));
                            scribe.ask(Call::Cancel(given), cancel, Answer::Set).await?;
                        }
                        1 => {
                            let mark = controls.mark_timed_out(run, Some(&reason));
                            scribe.ask(Call::TimeOut(given), mark, Answer::Set).await?;
                        }
                        _ => scribe.ask(Call::Get, controls.get_run_control(run), flags).await?,
                    }
                }
                Ok(scribe)
            })
            .await?;
        // The record was there before anybody came.
        history.push(Operation::answered(CALLERS, Call::Configure, Answer::Done, 0, 0));
        let spec = Latches::new("Run timed out.".to_owned());
        t.expect_an_order("the flags of one run", &spec, &history)?;
    }
    t.overlap_shown()
}

fn flags(control: Option<RunControl>) -> latches::Answer<String> {
    latches::Answer::Flags(control.map(|control| Flags {
        cancelled: control.cancel_requested,
        timed_out: control.timed_out_at.is_some(),
        reason: control.cancel_reason,
    }))
}

async fn nonces_in_no_order(t: &Trial) -> Outcome {
    use nonces::{Answer, Call};
    while t.next_round().await? {
        let flow = t.flow_id();
        let history = t
            .history::<Nonces<&str, Instant>, _>(move |mut scribe, instance| async move {
                let log = instance.webhook_replay_store();
                for _ in 0..ASKS {
                    if scribe.choose(3) == 0 {
                        let purge = log.purge_expired(START);
                        scribe.ask(Call::Purge(START), purge, Answer::Purged).await?;
                        continue;
                    }
                    // One stays, and one is purged.
                    let (nonce, expiry) = match scribe.choose(2) {
                        0 => ("kept", START + TimeDelta::hours(1)),
                        _ => ("expired", START),
                    };
                    let register = log.try_register(flow, "orders", nonce, expiry);
                    scribe.ask(Call::Try(nonce, expiry), register, Answer::New).await?;
                }
                Ok(scribe)
            })
            .await?;
        t.expect_an_order("the nonces of one trigger", &Nonces::default(), &history)?;
        // What is left would be counted by the next round's purges.
        t.webhook_replay_store().purge_expired(START).await?;
    }
    t.overlap_shown()
}
