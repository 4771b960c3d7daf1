use chrono::{DateTime, TimeDelta};
use plimsoll_contract::Interface::WebhookReplayStore;
use plimsoll_contract::{Clock, FlowId, Instant};

use crate::given::NEAR_EQUAL;
use crate::race::CALLERS;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "webhook-replay-store/replay-accepted",
        clauses: &["REPLAY-1"],
        goal: "A nonce is registered three times.",
        usual_cause: "the nonce is written without looking whether it is there",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(replay_accepted(t)),
    },
    Check {
        id: "webhook-replay-store/replay-race-has-two-winners",
        clauses: &["REPLAY-2"],
        goal: "Many callers register one nonce at once; one is accepted, the others are told no.",
        usual_cause: "looking for the nonce and writing it are two steps, or the loser gets a \
                      key error",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(replay_race_has_two_winners(t)),
    },
    Check {
        id: "webhook-replay-store/nonce-not-scoped",
        clauses: &["REPLAY-3"],
        goal: "Two flows, and two triggers of one, use the same nonce.",
        usual_cause: "flow or trigger is missing from the key",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(nonce_not_scoped(t)),
    },
    Check {
        id: "webhook-replay-store/nonces-merged",
        clauses: &["REPLAY-3"],
        goal: "Nonces and trigger keys differ in letter case, a blank or a mark.",
        usual_cause: "they are trimmed or folded, or the database's collation ignores them",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(nonces_merged(t)),
    },
    Check {
        id: "webhook-replay-store/expired-nonce-accepted",
        clauses: &["REPLAY-4"],
        goal: "A nonce expires, and one had expired when it was registered; both block.",
        usual_cause: "expired nonces are left out of the comparison",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(expired_nonce_accepted(t)),
    },
    Check {
        id: "webhook-replay-store/replay-extends-expiry",
        clauses: &["REPLAY-5"],
        goal: "Nonces are replayed with other expiries; a purge goes by the first.",
        usual_cause: "the registration is an upsert",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(replay_extends_expiry(t)),
    },
    Check {
        id: "webhook-replay-store/purge-misses-edge",
        clauses: &["REPLAY-6"],
        goal: "Nonces expire just before, at and just after the instant of a purge, which comes \
               twice.",
        usual_cause: "`<` instead of `<=`, or the number is that of the nonces left",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(purge_misses_edge(t)),
    },
    Check {
        id: "webhook-replay-store/purge-by-own-clock",
        clauses: &["REPLAY-7"],
        goal: "A purge is asked for an instant before the present one.",
        usual_cause: "the store's clock decides",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(purge_by_own_clock(t)),
    },
    Check {
        id: "webhook-replay-store/far-expiry-refused",
        clauses: &["BACKEND-11"],
        goal: "Nonces expire on the first and on the last day that there is.",
        usual_cause: "the instant overflows a timestamp",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(far_expiry_refused(t)),
    },
    Check {
        id: "webhook-replay-store/long-nonces-cut",
        clauses: &["BACKEND-4", "BACKEND-6"],
        goal: "A nonce of 256 characters works; two longer ones that begin alike are two.",
        usual_cause: "the nonce is cut before it is compared",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(long_nonces_cut(t)),
    },
    Check {
        id: "webhook-replay-store/namespaces-mixed",
        clauses: &["BACKEND-19"],
        goal: "A nonce of one namespace must not block, or be purged, in another.",
        usual_cause: "the namespace is missing from a key",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(namespaces_mixed(t)),
    },
    Check {
        id: "webhook-replay-store/purge-race-miscounts",
        clauses: &["REPLAY-6"],
        goal: "Many callers purge at once; together they forget each nonce once.",
        usual_cause: "counting the expired nonces and removing them are two steps",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(purge_race_miscounts(t)),
    },
];

/// Long after every check's clock.
const LATER: Instant = match DateTime::from_timestamp(2_000_000_000, 0) {
    Some(later) => later,
    None => START,
};

async fn register(
    t: &Trial,
    flow: FlowId,
    trigger: &str,
    nonce: &str,
    expires_at: Instant,
) -> Result<bool, Halt> {
    Ok(t.webhook_replay_store().try_register(flow, trigger, nonce, expires_at).await?)
}

async fn purge(t: &Trial, now: Instant) -> Result<u64, Halt> {
    Ok(t.webhook_replay_store().purge_expired(now).await?)
}

async fn replay_accepted(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for (what, expected) in
        [("a new nonce is accepted", true), ("a replay is not", false), ("nor another", false)]
    {
        t.expect(what, &register(t, flow, "orders", "n-1", LATER).await?, &expected);
    }
    Ok(())
}

async fn replay_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let flow = t.flow_id();
        let answers = t
            .release(move |_, caller| async move {
                caller.webhook_replay_store().try_register(flow, "orders", "n-1", LATER).await
            })
            .await;
        t.expect_one_true("one caller is accepted, the others are replays", &answers);
    }
    t.overlap_shown()
}

async fn nonce_not_scoped(t: &Trial) -> Outcome {
    let (flow, other) = (t.flow_id(), t.flow_id());
    register(t, flow, "orders", "n-1", LATER).await?;
    let of_other_flow = register(t, other, "orders", "n-1", LATER).await?;
    let of_other_trigger = register(t, flow, "refunds", "n-1", LATER).await?;
    t.expect("the other flow's is new", &of_other_flow, &true);
    t.expect("the other trigger's is new", &of_other_trigger, &true);
    // Joined to one text the two would be equal.
    for between in ["", ":", "|", "/", "-", "_", " "] {
        let (longer, rest) = (format!("a{between}b"), format!("b{between}c"));
        let first = register(t, flow, &longer, "c", LATER).await?;
        let second = register(t, flow, "a", &rest, LATER).await?;
        let what = format!("trigger key and nonce are two texts, not one with {between:?} between");
        t.expect(&what, &(first, second), &(true, true));
    }
    Ok(())
}

async fn nonces_merged(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for nonce in NEAR_EQUAL {
        let is_new = register(t, flow, "orders", nonce, LATER).await?;
        t.expect(&format!("nonce {nonce:?} is new"), &is_new, &true);
    }
    for trigger in NEAR_EQUAL {
        let is_new = register(t, flow, trigger, "n-1", LATER).await?;
        t.expect(&format!("trigger key {trigger:?} is another"), &is_new, &true);
    }
    Ok(())
}

async fn expired_nonce_accepted(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let flow = t.flow_id();
    let past = clock.now() - TimeDelta::hours(1);
    let soon = clock.now() + TimeDelta::hours(1);
    for (nonce, expires_at) in [("expired", past), ("expires", soon)] {
        let is_new = register(t, flow, "orders", nonce, expires_at).await?;
        t.expect(&format!("`{nonce}` is new"), &is_new, &true);
    }
    clock.advance(TimeDelta::days(1));
    for nonce in ["expired", "expires"] {
        let again = register(t, flow, "orders", nonce, LATER).await?;
        t.expect(&format!("`{nonce}` blocks"), &again, &false);
    }
    let purged = purge(t, clock.now()).await?;
    let after = register(t, flow, "orders", "expired", LATER).await?;
    t.expect("a purge forgets both", &purged, &2);
    t.expect("then it is new", &after, &true);
    Ok(())
}

async fn replay_extends_expiry(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    register(t, flow, "orders", "n-1", START).await?;
    register(t, flow, "orders", "n-1", LATER).await?;
    let purged = purge(t, START + TimeDelta::seconds(1)).await?;
    t.expect("the first expiry counts", &purged, &1);
    register(t, flow, "orders", "n-2", LATER).await?;
    register(t, flow, "orders", "n-2", START).await?;
    let purged = purge(t, START + TimeDelta::seconds(1)).await?;
    t.expect("also when the replay expires earlier", &purged, &0);
    Ok(())
}

async fn purge_misses_edge(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for (nonce, offset) in [("before", -1), ("at", 0), ("after", 1)] {
        let expires_at = START + TimeDelta::milliseconds(offset);
        register(t, flow, "orders", nonce, expires_at).await?;
    }
    let purged = purge(t, START).await?;
    let again = purge(t, START).await?;
    t.expect("two have expired", &purged, &2);
    t.expect("the second purge finds none", &again, &0);
    for number in 0..1_001 {
        register(t, flow, "orders", &format!("n-{number}"), START).await?;
    }
    t.expect("of many all are removed", &purge(t, START).await?, &1_001);
    for (nonce, expected) in [("before", true), ("at", true), ("after", false)] {
        let is_new = register(t, flow, "orders", nonce, LATER).await?;
        t.expect(&format!("`{nonce}` is new again"), &is_new, &expected);
    }
    Ok(())
}

async fn purge_by_own_clock(t: &Trial) -> Outcome {
    let now = t.clock()?.now();
    let flow = t.flow_id();
    register(t, flow, "orders", "n-1", now - TimeDelta::hours(1)).await?;
    register(t, flow, "orders", "n-2", now + TimeDelta::hours(1)).await?;
    let early = purge(t, now - TimeDelta::hours(2)).await?;
    let late = purge(t, now + TimeDelta::hours(2)).await?;
    t.expect("none has expired by the earlier instant", &early, &0);
    t.expect("both have by the later one", &late, &2);
    Ok(())
}

async fn far_expiry_refused(t: &Trial) -> Outcome {
    // Year 0001 and year 9999.
    let (first, last) = (-62_135_596_800, 253_402_300_799);
    let instants = [first, last].map(|seconds| DateTime::from_timestamp(seconds, 999_000_000));
    let flow = t.flow_id();
    for (nonce, at) in ["first", "last"].into_iter().zip(instants) {
        let is_new = register(t, flow, "orders", nonce, at.unwrap_or(START)).await?;
        t.expect(&format!("the {nonce} instant is kept"), &is_new, &true);
    }
    let purged = purge(t, START).await?;
    t.expect("the first has expired, the last has not", &purged, &1);
    Ok(())
}

async fn long_nonces_cut(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let nonce = "n".repeat(256);
    let first = register(t, flow, "orders", &nonce, LATER).await?;
    let again = register(t, flow, "orders", &nonce, LATER).await?;
    t.expect("256 characters are accepted", &first, &true);
    t.expect("and recognised", &again, &false);
    let both = register(t, flow, &nonce, &nonce, LATER).await?;
    t.expect("so are 256 of both trigger key and nonce", &both, &true);
    for ending in ["-1", "-2", " "] {
        let longer = format!("{nonce}{ending}");
        let replays = t.webhook_replay_store();
        let outcome = replays.try_register(flow, "orders", &longer, LATER).await;
        if let Ok(is_new) = &outcome {
            t.expect("a longer nonce is not taken for one that begins alike", is_new, &true);
        }
        t.kept_or_refused(outcome)?;
    }
    Ok(())
}

async fn namespaces_mixed(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    register(t, flow, "orders", "n-1", START).await?;
    t.open(&t.another_config("-other")).await?;
    let is_new = register(t, flow, "orders", "n-1", LATER).await?;
    let purged = purge(t, START).await?;
    t.expect("it is new in the other namespace", &is_new, &true);
    t.expect("a purge there forgets none", &purged, &0);
    Ok(())
}

async fn purge_race_miscounts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let flow = t.flow_id();
        for number in 0..CALLERS {
            register(t, flow, "orders", &format!("n-{number}"), START).await?;
        }
        let answers = t
            .release(move |_, caller| async move {
                caller.webhook_replay_store().purge_expired(START).await
            })
            .await;
        t.expect_all_succeed("every purge succeeds", &answers);
        let purged: u64 = answers.iter().flatten().sum();
        t.expect("each nonce is counted once", &purged, &(CALLERS as u64));
    }
    t.overlap_shown()
}
