//! What an audit of the source system's stores found or feared, and who stands for it here.
//!
//! The audit numbers its candidates M-1 to M-158, with gaps. Each is a defect that one of the
//! source's back ends has, once had, or could have by a plausible slip.

/// A candidate of the audit.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its number: 24 is M-24.
    pub number: u16,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// The ids of the mutants that are wrong in its way.
    Mutants(&'static [&'static str]),
    /// The contract's types leave no room for it, as the sentence says.
    Inexpressible(&'static str),
}

use Fate::{Inexpressible, Mutants};

const fn row(number: u16, fate: Fate) -> Candidate {
    Candidate { number, fate }
}

/// Every candidate, in the order of the audit.
pub const CANDIDATES: &[Candidate] = &[
    // Claims, dispatch, polling
    row(1, Mutants(&["run-runtime-store/grants-every-claim"])),
    row(2, Mutants(&["run-runtime-store/two-callers-claim-one-step"])),
    row(3, Mutants(&["run-runtime-store/concurrent-claims-clash"])),
    row(4, Mutants(&["run-runtime-store/completion-releases-the-claim"])),
    row(6, Mutants(&["run-runtime-store/release-is-a-stub"])),
    row(8, Mutants(&["run-runtime-store/claims-lack-the-run"])),
    row(9, Mutants(&["run-runtime-store/folds-claimed-keys", "run-store/folds-step-keys"])),
    row(
        10,
        Mutants(&[
            "run-runtime-store/trims-claimed-keys",
            "run-store/completes-keys-that-look-alike",
        ]),
    ),
    row(12, Mutants(&["run-runtime-store/claims-join-the-steps"])),
    row(13, Mutants(&["run-store/dispatches-for-everybody"])),
    row(
        14,
        Mutants(&[
            "run-store/two-callers-dispatch-one-step",
            "run-store/concurrent-dispatches-clash",
        ]),
    ),
    row(
        15,
        Mutants(&["run-store/start-frees-the-dispatch", "run-store/completion-frees-the-dispatch"]),
    ),
    row(17, Mutants(&["run-store/annotation-is-an-upsert"])),
    row(
        18,
        Mutants(&[
            "run-store/list-of-dispatches-goes-stale",
            "run-runtime-store/list-of-claims-goes-stale",
        ]),
    ),
    row(19, Mutants(&["run-store/annotation-finds-released-entries"])),
    row(
        21,
        Mutants(&[
            "run-store/refuses-long-annotations",
            "run-store/annotating-nothing-is-an-error",
        ]),
    ),
    // Runs, steps, attempts, retry, reset
    row(22, Mutants(&["run-store/start-is-an-upsert"])),
    row(24, Mutants(&["run-store/answers-before-it-stores"])),
    row(25, Mutants(&["run-store/derives-from-the-flow"])),
    row(27, Mutants(&["run-store/two-starts-are-one-attempt"])),
    row(28, Mutants(&["run-store/concurrent-steps-clash"])),
    row(29, Mutants(&["run-store/restart-keeps-the-outcome"])),
    row(31, Mutants(&["run-store/retry-forgets-the-claim"])),
    row(32, Mutants(&["run-store/retry-forgets-the-dispatch"])),
    row(33, Mutants(&["run-store/retry-leaves-the-run", "run-store/retry-leaves-the-runs-end"])),
    row(
        34,
        Mutants(&[
            "run-runtime-store/drops-the-trace",
            "run-runtime-store/trace-misses-the-attempt",
        ]),
    ),
    row(35, Mutants(&["run-store/restart-keeps-the-trace"])),
    row(36, Mutants(&["run-store/reset-is-a-stub"])),
    row(37, Mutants(&["run-store/resets-every-skipped-step"])),
    row(38, Mutants(&["run-store/reset-deletes-attempts"])),
    row(39, Mutants(&["run-store/reset-frees-every-key", "run-store/reset-frees-a-live-claim"])),
    row(41, Mutants(&["run-store/retries-table-by-table"])),
    row(42, Mutants(&["run-store/retry-counts-an-attempt"])),
    row(110, Mutants(&["run-store/completing-unknown-starts-it"])),
    row(111, Mutants(&["run-store/makes-up-a-run"])),
    row(
        112,
        Mutants(&[
            "run-runtime-store/skip-adds-no-attempt",
            "run-runtime-store/skip-needs-a-reason",
        ]),
    ),
    row(113, Mutants(&["run-store/output-of-none-keeps-the-old"])),
    row(114, Mutants(&["run-store/completes-the-row-in-two-steps"])),
    row(
        115,
        Mutants(&["run-runtime-store/statuses-are-cached", "run-runtime-store/statuses-come-late"]),
    ),
    row(116, Inexpressible("a status is one of an enumeration, so none is unknown")),
    // Run control and idempotency
    row(43, Mutants(&["run-control-store/keys-lack-the-trigger"])),
    row(44, Mutants(&["run-control-store/keys-lack-the-flow"])),
    row(
        45,
        Mutants(&[
            "run-control-store/cancelling-makes-a-record-up",
            "run-control-store/timing-out-makes-a-record-up",
        ]),
    ),
    row(46, Mutants(&["run-control-store/every-cancellation-counts"])),
    row(47, Mutants(&["run-control-store/every-time-out-counts"])),
    row(48, Mutants(&["run-control-store/time-out-sets-no-flag"])),
    row(50, Mutants(&["run-control-store/configuring-replaces-the-record"])),
    row(51, Mutants(&["run-control-store/time-out-erases-the-reason"])),
    row(52, Mutants(&["run-control-store/created-at-is-the-reading"])),
    row(53, Mutants(&["run-control-store/two-callers-cancel-one-run"])),
    row(54, Mutants(&["run-control-store/registration-is-an-upsert"])),
    row(
        55,
        Mutants(&[
            "run-control-store/two-callers-register-one-key",
            "run-control-store/concurrent-registrations-clash",
        ]),
    ),
    row(117, Mutants(&["run-control-store/registers-exact-keys"])),
    row(118, Mutants(&["run-control-store/cuts-keys"])),
    // Queries, statistics, timeseries
    row(
        57,
        Mutants(&["run-store/oldest-run-comes-first", "run-store/page-begins-with-the-oldest"]),
    ),
    row(58, Mutants(&["run-store/total-is-the-pages-length", "run-store/total-ignores-the-flow"])),
    row(59, Mutants(&["run-store/flow-or-status"])),
    row(
        60,
        Mutants(&[
            "run-store/search-takes-percent-for-anything",
            "run-store/search-takes-underscore-for-anything",
        ]),
    ),
    row(62, Inexpressible("a run in a list has no field for its steps")),
    row(121, Mutants(&["run-store/take-0-is-the-default"])),
    row(122, Mutants(&["run-store/equal-starts-have-no-order"])),
    row(124, Mutants(&["run-store/day-begins-in-another-zone"])),
    row(125, Mutants(&["run-store/whatever-did-not-succeed-failed"])),
    row(63, Mutants(&["run-store/window-holds-its-end"])),
    row(64, Mutants(&["run-store/window-lacks-its-start"])),
    row(65, Mutants(&["run-store/since-is-rounded-down"])),
    row(66, Mutants(&["run-store/adds-a-bucket", "run-store/counts-whole-buckets"])),
    row(67, Mutants(&["run-store/leaves-empty-buckets-out"])),
    row(68, Mutants(&["run-store/buckets-hold-ends"])),
    row(69, Mutants(&["run-store/days-of-another-zone"])),
    row(70, Mutants(&["run-store/rounds-towards-1970"])),
    row(71, Mutants(&["run-store/skipped-counts-as-running"])),
    row(72, Mutants(&["run-store/series-of-every-flow"])),
    row(
        73,
        Mutants(&[
            "run-store/percentile-is-nearest-rank",
            "run-store/percentile-takes-the-higher-sample",
            "run-store/percentile-takes-the-lower-sample",
            "run-store/percentile-takes-the-middle",
            "run-store/percentile-of-n-samples",
            "run-store/percentile-of-one-sample-more",
            "run-store/percentile-of-unsorted-samples",
            "run-store/percentile-is-the-mean",
        ]),
    ),
    row(74, Mutants(&["run-store/age-is-a-duration"])),
    row(75, Mutants(&["run-store/no-sample-is-zero"])),
    row(76, Mutants(&["run-store/whole-milliseconds"])),
    row(77, Mutants(&["run-store/cuts-long-series", "run-store/cuts-series-at-1000"])),
    // Retention
    row(78, Mutants(&["retention-store/removes-at-the-cutoff"])),
    row(79, Mutants(&["retention-store/keeps-outputs", "retention-store/keeps-events"])),
    row(80, Mutants(&["retention-store/keeps-claims", "retention-store/keeps-dispatches"])),
    row(81, Mutants(&["retention-store/keeps-waiters"])),
    row(82, Mutants(&["retention-store/keeps-idempotency-keys"])),
    row(84, Mutants(&["retention-store/age-begins-with-the-start"])),
    row(85, Mutants(&["retention-store/end-of-attempts-is-the-end"])),
    row(86, Mutants(&["retention-store/keeps-the-run", "retention-store/keeps-steps"])),
    // Outputs and events
    row(
        87,
        Mutants(&[
            "outputs-repository/prints-json-without-blanks",
            "outputs-repository/numbers-are-doubles",
        ]),
    ),
    row(89, Mutants(&["outputs-repository/inputs-are-outputs"])),
    row(
        90,
        Mutants(&[
            "outputs-repository/trigger-data-are-an-output",
            "outputs-repository/headers-are-an-output",
        ]),
    ),
    row(128, Mutants(&["outputs-repository/null-is-absent"])),
    row(
        130,
        Mutants(&[
            "outputs-repository/lowers-header-names",
            "outputs-repository/drops-empty-headers",
            "outputs-repository/headers-are-a-map",
        ]),
    ),
    row(
        132,
        Mutants(&["event-reader/sequence-is-the-same", "event-reader/sequence-is-the-timestamp"]),
    ),
    row(133, Mutants(&["event-reader/ordered-by-timestamp"])),
    row(136, Mutants(&["event-reader/two-callers-record-one-event"])),
    row(137, Inexpressible("how many events to skip is unsigned")),
    // Signals
    row(91, Mutants(&["backend/claims-to-be-durable"])),
    row(92, Mutants(&["signal-store/delivery-removes-the-waiter"])),
    row(93, Mutants(&["signal-store/last-payload-counts"])),
    row(
        94,
        Mutants(&[
            "signal-store/parking-again-queues-again",
            "signal-store/parking-again-takes-the-delivery-back",
        ]),
    ),
    row(95, Mutants(&["signal-store/oldest-waiter-delivered-or-not"])),
    row(96, Mutants(&["signal-store/loser-finds-no-waiter"])),
    row(97, Mutants(&["signal-store/two-callers-deliver-one-signal"])),
    row(141, Mutants(&["signal-store/stores-the-payload-later"])),
    row(142, Mutants(&["signal-store/expired-waiters-do-not-wait"])),
    // Definitions, schedules, webhook stores
    row(143, Mutants(&["flow-store/replaces-the-row", "flow-store/believes-created-at"])),
    row(144, Mutants(&["flow-store/enabling-creates"])),
    row(146, Mutants(&["flow-store/hides-disabled-flows"])),
    row(147, Mutants(&["flow-store/concurrent-saves-clash"])),
    row(149, Mutants(&["schedule-state-store/believes-updated-at"])),
    row(150, Mutants(&["schedule-state-store/folds-job-ids"])),
    row(98, Mutants(&["webhook-rejection-store/reason-is-exact"])),
    row(99, Mutants(&["webhook-rejection-store/counts-accepted-rows"])),
    row(100, Mutants(&["webhook-rejection-store/spellings-collide"])),
    row(
        102,
        Mutants(&[
            "webhook-rejection-store/page-has-no-cap",
            "webhook-rejection-store/take-of-zero-is-the-default",
        ]),
    ),
    row(
        103,
        Mutants(&[
            "webhook-rejection-store/ordered-by-received-at",
            "webhook-rejection-store/oldest-row-first",
        ]),
    ),
    row(
        104,
        Mutants(&[
            "webhook-rejection-store/absent-field-matches",
            "webhook-rejection-store/absent-field-hides-its-row",
        ]),
    ),
    row(105, Mutants(&["webhook-rejection-store/believes-the-id"])),
    row(106, Mutants(&["webhook-rejection-store/total-is-the-pages"])),
    row(
        107,
        Mutants(&[
            "webhook-rejection-store/window-lacks-its-start",
            "webhook-rejection-store/window-is-of-writing",
        ]),
    ),
    row(108, Mutants(&["webhook-rejection-store/hides-rows-of-no-flow"])),
    row(
        109,
        Mutants(&[
            "webhook-replay-store/refuses-the-far-future",
            "webhook-replay-store/expiry-overflows",
        ]),
    ),
    row(151, Mutants(&["webhook-replay-store/purge-misses-the-edge"])),
    row(153, Mutants(&["webhook-replay-store/expired-nonce-is-new"])),
    row(155, Mutants(&["webhook-replay-store/folds-nonces"])),
    row(
        157,
        Mutants(&[
            "webhook-replay-store/two-callers-register-one-nonce",
            "webhook-replay-store/concurrent-replays-clash",
        ]),
    ),
    row(158, Mutants(&["flow-repository/order-changes", "backend/drops-duplicate-flows"])),
];
