use chrono::{DateTime, Datelike, SubsecRound};
use plimsoll_contract::{Answer, Error, FlowId, Instant};
use plimsoll_model::{Model, Spec, WebhookReplayStore};

use crate::broken::{AsSpecified, in_nanoseconds, models, webhook_replay_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "webhook-replay-store/accepts-every-replay",
        clause: "REPLAY-1",
        how: "says true to everyone",
        dies: &[
            ("webhook-replay-store/replay-accepted", "a replay is not"),
            ("webhook-replay-store/replay-accepted", "nor another"),
        ],
        backend: webhook_replay_store::<AcceptsEveryReplay>,
    },
    Mutant {
        id: "webhook-replay-store/accepts-nothing",
        clause: "REPLAY-1",
        how: "says false to everyone",
        dies: &[("webhook-replay-store/replay-accepted", "a new nonce is accepted")],
        backend: webhook_replay_store::<AcceptsNothing>,
    },
    Mutant {
        id: "webhook-replay-store/two-callers-register-one-nonce",
        clause: "REPLAY-2",
        how: "looks for the nonce and inserts it in two steps",
        dies: &[
            ("webhook-replay-store/replay-race-has-two-winners", "one caller is accepted"),
            ("webhook-replay-store/nonces-in-no-order", "the nonces of one trigger"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "webhook-replay-store/concurrent-replays-clash",
        clause: "REPLAY-2",
        how: "gives a key error to the loser of a race instead of false",
        dies: &[("webhook-replay-store/replay-race-has-two-winners", "the others are replays")],
        backend: racy::clashing,
    },
    Mutant {
        id: "webhook-replay-store/nonces-lack-the-flow",
        clause: "REPLAY-3",
        how: "keeps nonces without their flow",
        dies: &[("webhook-replay-store/nonce-not-scoped", "the other flow's is new")],
        backend: webhook_replay_store::<NoncesLackFlow>,
    },
    Mutant {
        id: "webhook-replay-store/nonces-lack-the-trigger",
        clause: "REPLAY-3",
        how: "keeps nonces without their trigger key",
        dies: &[("webhook-replay-store/nonce-not-scoped", "the other trigger's is new")],
        backend: webhook_replay_store::<NoncesLackTrigger>,
    },
    Mutant {
        id: "webhook-replay-store/folds-nonces",
        clause: "REPLAY-3",
        how: "keeps nonces and trigger keys in lower case",
        dies: &[
            ("webhook-replay-store/nonces-merged", "nonce \"Charge\" is new"),
            ("webhook-replay-store/nonces-merged", "trigger key \"Charge\" is another"),
        ],
        backend: webhook_replay_store::<FoldsNonces>,
    },
    Mutant {
        id: "webhook-replay-store/trims-nonces",
        clause: "REPLAY-3",
        how: "keeps nonces and trigger keys without blanks around them",
        dies: &[
            ("webhook-replay-store/nonces-merged", "nonce \"charge \" is new"),
            ("webhook-replay-store/nonces-merged", "nonce \" charge\" is new"),
            ("webhook-replay-store/nonces-merged", "trigger key \"charge \" is another"),
        ],
        backend: webhook_replay_store::<TrimsNonces>,
    },
    Mutant {
        id: "webhook-replay-store/expired-nonce-is-new",
        clause: "REPLAY-4",
        how: "takes a nonce that has expired for new",
        dies: &[
            ("webhook-replay-store/expired-nonce-accepted", "`expired` blocks"),
            ("webhook-replay-store/expired-nonce-accepted", "`expires` blocks"),
        ],
        backend: webhook_replay_store::<ExpiredIsNew>,
    },
    Mutant {
        id: "webhook-replay-store/expired-nonce-is-not-stored",
        clause: "REPLAY-4",
        how: "does not store a nonce that has expired",
        dies: &[("webhook-replay-store/expired-nonce-accepted", "`expired` blocks")],
        backend: webhook_replay_store::<ExpiredIsNotStored>,
    },
    Mutant {
        id: "webhook-replay-store/replay-extends-the-expiry",
        clause: "REPLAY-5",
        how: "stores the expiry of a replay",
        dies: &[("webhook-replay-store/replay-extends-expiry", "the first expiry counts")],
        backend: webhook_replay_store::<ReplayExtends>,
    },
    Mutant {
        id: "webhook-replay-store/purge-misses-the-edge",
        clause: "REPLAY-6",
        how: "purges nonces that expired before the instant",
        dies: &[
            ("webhook-replay-store/purge-misses-edge", "two have expired"),
            ("webhook-replay-store/purge-misses-edge", "`at` is new again"),
        ],
        backend: webhook_replay_store::<PurgeMissesEdge>,
    },
    Mutant {
        id: "webhook-replay-store/purge-counts-the-rest",
        clause: "REPLAY-6",
        how: "answers how many nonces are left",
        dies: &[("webhook-replay-store/purge-misses-edge", "the second purge finds none")],
        backend: webhook_replay_store::<PurgeCountsRest>,
    },
    Mutant {
        id: "webhook-replay-store/purge-empties-the-table",
        clause: "REPLAY-6",
        how: "purges every nonce",
        dies: &[("webhook-replay-store/purge-misses-edge", "`after` is new again")],
        backend: webhook_replay_store::<PurgeEmptiesTable>,
    },
    Mutant {
        id: "webhook-replay-store/purges-by-its-own-clock",
        clause: "REPLAY-7",
        how: "purges the nonces that have expired by now",
        dies: &[
            ("webhook-replay-store/purge-by-own-clock", "none has expired by the earlier instant"),
            ("webhook-replay-store/purge-by-own-clock", "both have by the later one"),
        ],
        backend: webhook_replay_store::<PurgesByOwnClock>,
    },
    Mutant {
        id: "webhook-replay-store/refuses-the-far-future",
        clause: "BACKEND-11",
        how: "refuses an expiry that a count of 32 bits cannot hold",
        dies: &[("webhook-replay-store/far-expiry-refused", "gave no value: invalid argument")],
        backend: webhook_replay_store::<RefusesFarFuture>,
    },
    Mutant {
        id: "webhook-replay-store/expiry-overflows",
        clause: "BACKEND-11",
        how: "counts the seconds of an expiry in 32 bits",
        dies: &[(
            "webhook-replay-store/far-expiry-refused",
            "the first has expired, the last has not",
        )],
        backend: webhook_replay_store::<ExpiryOverflows>,
    },
    Mutant {
        id: "webhook-replay-store/cuts-nonces",
        clause: "BACKEND-4",
        how: "cuts nonces to 256 characters",
        dies: &[("webhook-replay-store/long-nonces-cut", "a longer nonce is not taken for one")],
        backend: webhook_replay_store::<CutsNonces>,
    },
    Mutant {
        id: "webhook-replay-store/refuses-long-nonces",
        clause: "BACKEND-6",
        how: "refuses nonces of more than 128 characters",
        dies: &[("webhook-replay-store/long-nonces-cut", "gave no value: invalid argument")],
        backend: webhook_replay_store::<RefusesLongNonces>,
    },
    Mutant {
        id: "webhook-replay-store/one-guard-for-all-namespaces",
        clause: "BACKEND-19",
        how: "lets a nonce of one namespace block the same one in another",
        dies: &[("webhook-replay-store/namespaces-mixed", "it is new in the other namespace")],
        backend: webhook_replay_store::<OneGuardForAll>,
    },
    Mutant {
        id: "webhook-replay-store/purges-every-namespace",
        clause: "BACKEND-19",
        how: "purges the nonces of all namespaces",
        dies: &[("webhook-replay-store/namespaces-mixed", "a purge there forgets none")],
        backend: webhook_replay_store::<PurgesEveryNamespace>,
    },
    Mutant {
        id: "webhook-replay-store/counts-and-then-purges",
        clause: "REPLAY-6",
        how: "counts the expired nonces and removes them in two steps",
        dies: &[("webhook-replay-store/purge-race-miscounts", "counted once")],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "webhook-replay-store/expires-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over an expiry whose nanoseconds overflow 64 bits",
        dies: &[(
            "webhook-replay-store/absurd-expiry-kills",
            "gave no value: timestamp out of range",
        )],
        backend: webhook_replay_store::<ExpiresInNanoseconds>,
    },
    Mutant {
        id: "webhook-replay-store/expires-in-milliseconds",
        clause: "BACKEND-10",
        how: "keeps expiries in milliseconds",
        dies: &[("webhook-replay-store/expiry-microseconds-lost", "purged at -1 µs")],
        backend: webhook_replay_store::<ExpiresInMilliseconds>,
    },
    Mutant {
        id: "webhook-replay-store/purges-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails to purge as of an instant whose nanoseconds overflow 64 bits",
        dies: &[(
            "webhook-replay-store/absurd-purge-kills",
            "gave no value: timestamp out of range",
        )],
        backend: webhook_replay_store::<PurgesInNanoseconds>,
    },
    Mutant {
        id: "webhook-replay-store/purges-a-thousand",
        clause: "REPLAY-6",
        how: "removes a thousand nonces at the most",
        dies: &[("webhook-replay-store/purge-misses-edge", "of many all are removed")],
        backend: webhook_replay_store::<PurgesAThousand>,
    },
    Mutant {
        id: "webhook-replay-store/joins-trigger-and-nonce",
        clause: "REPLAY-3",
        how: "joins trigger key and nonce with a colon",
        dies: &[(
            "webhook-replay-store/nonce-not-scoped",
            "are two texts, not one with \":\" between",
        )],
        backend: webhook_replay_store::<JoinsTriggerAndNonce>,
    },
    Mutant {
        id: "webhook-replay-store/expires-in-1970-at-the-earliest",
        clause: "BACKEND-11",
        how: "keeps an expiry before 1970 as 1970",
        dies: &[("webhook-replay-store/far-expiry-misjudged", "one has")],
        backend: webhook_replay_store::<ExpiresIn1970>,
    },
    Mutant {
        id: "webhook-replay-store/replay-brings-expiry-forward",
        clause: "REPLAY-5",
        how: "takes the earlier expiry of a nonce and its replay",
        dies: &[(
            "webhook-replay-store/replay-extends-expiry",
            "also when the replay expires earlier",
        )],
        backend: webhook_replay_store::<ReplayBringsForward>,
    },
];

models! {
    ReplayBringsForward
    ExpiresIn1970
    JoinsTriggerAndNonce
    AcceptsEveryReplay AcceptsNothing NoncesLackFlow NoncesLackTrigger FoldsNonces TrimsNonces
    ExpiredIsNew ExpiredIsNotStored ReplayExtends PurgeMissesEdge PurgeCountsRest
    PurgeEmptiesTable PurgesByOwnClock RefusesFarFuture ExpiryOverflows CutsNonces
    RefusesLongNonces OneGuardForAll PurgesEveryNamespace
    ExpiresInNanoseconds ExpiresInMilliseconds PurgesInNanoseconds
    PurgesAThousand
}

/// A call of `try-register`.
#[derive(Clone, Copy)]
struct Nonce<'a> {
    flow: FlowId,
    trigger: &'a str,
    nonce: &'a str,
    expires_at: Instant,
}

impl Nonce<'_> {
    fn on(self, model: &mut impl WebhookReplayStore) -> Answer<bool> {
        model.try_register(self.flow, self.trigger, self.nonce, self.expires_at)
    }

    fn id(self) -> (FlowId, String, String) {
        (self.flow, self.trigger.to_owned(), self.nonce.to_owned())
    }
}

/// A mutant that breaks `try-register`.
trait BreaksRegistration: Spec {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool>;
}

macro_rules! override_registration {
    ($($mutant:ident)*) => {
        $(impl WebhookReplayStore for $mutant {
            fn try_register(
                &mut self,
                flow: FlowId,
                trigger: &str,
                nonce: &str,
                expires_at: Instant,
            ) -> Answer<bool> {
                self.register(Nonce { flow, trigger, nonce, expires_at })
            }
        })*
    };
}

override_registration! { ExpiresIn1970  JoinsTriggerAndNonce
    AcceptsEveryReplay AcceptsNothing NoncesLackFlow NoncesLackTrigger FoldsNonces TrimsNonces
    ExpiredIsNew ExpiredIsNotStored ReplayExtends RefusesFarFuture ExpiryOverflows CutsNonces
    RefusesLongNonces OneGuardForAll ExpiresInNanoseconds ExpiresInMilliseconds
}

impl BreaksRegistration for AcceptsEveryReplay {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        nonce.on(&mut self.0).map(|_| true)
    }
}

impl BreaksRegistration for AcceptsNothing {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        nonce.on(&mut self.0).map(|_| false)
    }
}

impl BreaksRegistration for NoncesLackFlow {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        Nonce { flow: FlowId::default(), ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for NoncesLackTrigger {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        Nonce { trigger: "", ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for FoldsNonces {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let (trigger, folded) = (&nonce.trigger.to_lowercase(), &nonce.nonce.to_lowercase());
        Nonce { trigger, nonce: folded, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for TrimsNonces {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let (trigger, trimmed) = (nonce.trigger.trim(), nonce.nonce.trim());
        Nonce { trigger, nonce: trimmed, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiredIsNew {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let now = self.now();
        let nonces = &mut self.space()?.nonces;
        if nonces.get(&nonce.id()).is_some_and(|expires_at| *expires_at < now) {
            nonces.remove(&nonce.id());
        }
        nonce.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiredIsNotStored {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let now = self.now();
        let is_new = nonce.on(&mut self.0)?;
        if is_new && nonce.expires_at < now {
            self.space()?.nonces.remove(&nonce.id());
        }
        Ok(is_new)
    }
}

impl BreaksRegistration for ReplayExtends {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let is_new = nonce.on(&mut self.0)?;
        self.space()?.nonces.insert(nonce.id(), nonce.expires_at);
        Ok(is_new)
    }
}

impl BreaksRegistration for RefusesFarFuture {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        match nonce.expires_at.year() {
            ..=2106 => nonce.on(&mut self.0),
            _ => Err(Error::InvalidArgument("expiry too late".to_owned())),
        }
    }
}

impl BreaksRegistration for ExpiryOverflows {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        #[allow(clippy::cast_possible_truncation, reason = "that is what is wrong with it")]
        let seconds = i64::from(nonce.expires_at.timestamp() as i32);
        let expires_at = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        Nonce { expires_at, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for CutsNonces {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let cut: String = nonce.nonce.chars().take(256).collect();
        Nonce { nonce: &cut, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for RefusesLongNonces {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        match nonce.nonce.len() {
            0..=128 => nonce.on(&mut self.0),
            _ => Err(Error::InvalidArgument("nonce too long".to_owned())),
        }
    }
}

impl BreaksRegistration for OneGuardForAll {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let is_new = nonce.on(&mut self.0)?;
        let spaces = self.state().namespaces.values();
        Ok(is_new && spaces.filter(|space| space.nonces.contains_key(&nonce.id())).count() == 1)
    }
}

/// Purges the nonces that have expired by another rule.
fn purge(model: &mut Model, mut is_expired: impl FnMut(Instant) -> bool) -> Answer<u64> {
    let nonces = &mut model.space()?.nonces;
    let before = nonces.len();
    nonces.retain(|_, expires_at| !is_expired(*expires_at));
    Ok((before - nonces.len()) as u64)
}

impl WebhookReplayStore for PurgeMissesEdge {
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        purge(&mut self.0, |expires_at| expires_at < now)
    }
}

impl WebhookReplayStore for PurgeCountsRest {
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        self.0.purge_expired(now)?;
        Ok(self.space()?.nonces.len() as u64)
    }
}

impl WebhookReplayStore for PurgeEmptiesTable {
    fn purge_expired(&mut self, _now: Instant) -> Answer<u64> {
        purge(&mut self.0, |_| true)
    }
}

impl WebhookReplayStore for PurgesByOwnClock {
    fn purge_expired(&mut self, _now: Instant) -> Answer<u64> {
        let own = self.now();
        self.0.purge_expired(own)
    }
}

impl WebhookReplayStore for PurgesInNanoseconds {
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        self.0.purge_expired(in_nanoseconds(now)?)
    }
}

impl WebhookReplayStore for PurgesEveryNamespace {
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        let open = self.state().open.clone();
        self.space()?;
        let names: Vec<_> = self.state().namespaces.keys().cloned().collect();
        let mut purged = 0;
        for name in names {
            self.state().open = Some(name);
            purged += AsSpecified(self.state()).purge_expired(now)?;
        }
        self.state().open = open;
        Ok(purged)
    }
}

impl BreaksRegistration for ExpiresInMilliseconds {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let expires_at = nonce.expires_at.trunc_subsecs(3);
        Nonce { expires_at, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiresInNanoseconds {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let expires_at = in_nanoseconds(nonce.expires_at)?;
        Nonce { expires_at, ..nonce }.on(&mut self.0)
    }
}

impl WebhookReplayStore for PurgesAThousand {
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        let mut left = 1_000;
        purge(&mut self.0, |expires_at| {
            let is_removed = expires_at <= now && left > 0;
            left -= u32::from(is_removed);
            is_removed
        })
    }
}

impl BreaksRegistration for JoinsTriggerAndNonce {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let joined = format!("{}:{}", nonce.trigger, nonce.nonce);
        Nonce { trigger: "", nonce: &joined, ..nonce }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiresIn1970 {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let expires_at = nonce.expires_at.max(Instant::UNIX_EPOCH);
        Nonce { expires_at, ..nonce }.on(&mut self.0)
    }
}

override_registration! { ReplayBringsForward }

impl BreaksRegistration for ReplayBringsForward {
    fn register(&mut self, nonce: Nonce<'_>) -> Answer<bool> {
        let id = (nonce.flow, nonce.trigger.to_owned(), nonce.nonce.to_owned());
        if let Some(expires_at) = self.space()?.nonces.get_mut(&id) {
            *expires_at = nonce.expires_at.min(*expires_at);
        }
        nonce.on(&mut self.0)
    }
}
