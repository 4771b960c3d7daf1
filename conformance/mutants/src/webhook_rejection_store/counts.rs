//! Mutants of the counts by reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use plimsoll_contract::{Answer, Error, Instant, WebhookRejection};
use plimsoll_model::{Model, Spec, WebhookRejectionStore};

use super::seen_as;
use crate::Mutant;
use crate::broken::{keeping, models, webhook_rejection_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "webhook-rejection-store/window-lacks-its-start",
        clause: "WEBHOOK-16",
        how: "does not count a row that was received when the window begins",
        dies: &[("webhook-rejection-store/window-misses-edge", "rows from the start")],
        backend: webhook_rejection_store::<WindowLacksStart>,
    },
    Mutant {
        id: "webhook-rejection-store/window-is-of-writing",
        clause: "WEBHOOK-16",
        how: "counts the rows that were written in the window",
        dies: &[("webhook-rejection-store/window-misses-edge", "rows from the start")],
        backend: webhook_rejection_store::<WindowIsOfWriting>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-the-whole-log",
        clause: "WEBHOOK-16",
        how: "counts without a window",
        dies: &[("webhook-rejection-store/window-misses-edge", "later it holds none")],
        backend: webhook_rejection_store::<CountsWholeLog>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-accepted-rows",
        clause: "WEBHOOK-17",
        how: "counts accepted rows that have a reason",
        dies: &[("webhook-rejection-store/accepted-row-counted", "only the rejections count")],
        backend: webhook_rejection_store::<CountsAccepted>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-rows-without-reason",
        clause: "WEBHOOK-17",
        how: "counts rejected rows without a reason under one of its own",
        dies: &[("webhook-rejection-store/accepted-row-counted", "only the rejections count")],
        backend: webhook_rejection_store::<CountsReasonless>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-each-spelling",
        clause: "WEBHOOK-18",
        how: "groups reasons with their case",
        dies: &[("webhook-rejection-store/spellings-counted-apart", "one entry with their sum")],
        backend: webhook_rejection_store::<CountsEachSpelling>,
    },
    Mutant {
        id: "webhook-rejection-store/spellings-collide",
        clause: "WEBHOOK-18",
        how: "groups reasons with their case, and fails to put them into a map without",
        dies: &[("webhook-rejection-store/spellings-counted-apart", "gave no value: duplicate")],
        backend: webhook_rejection_store::<SpellingsCollide>,
    },
    Mutant {
        id: "webhook-rejection-store/window-ends-now",
        clause: "WEBHOOK-20",
        how: "does not count rows that were received after now",
        dies: &[("webhook-rejection-store/future-row-not-counted", "it counts")],
        backend: webhook_rejection_store::<WindowEndsNow>,
    },
    Mutant {
        id: "webhook-rejection-store/longest-window-overflows",
        clause: "WEBHOOK-21",
        how: "takes a window that 63 bits cannot hold for an empty one",
        dies: &[("webhook-rejection-store/longest-window-miscounts", "every row counts")],
        backend: webhook_rejection_store::<LongestWindowOverflows>,
    },
    Mutant {
        id: "webhook-rejection-store/longest-window-is-an-error",
        clause: "WEBHOOK-21",
        how: "answers another error than invalid-argument to a window that 63 bits cannot hold",
        dies: &[("webhook-rejection-store/longest-window-miscounts", "or the window is refused")],
        backend: webhook_rejection_store::<LongestWindowFails>,
    },
    Mutant {
        id: "webhook-rejection-store/cuts-windows-to-seconds",
        clause: "WEBHOOK-16",
        how: "takes the whole seconds of a window",
        dies: &[(
            "webhook-rejection-store/window-misses-edge",
            "a millisecond longer holds the row before",
        )],
        backend: webhook_rejection_store::<WindowInSeconds>,
    },
    Mutant {
        id: "webhook-rejection-store/blank-is-no-reason",
        clause: "WEBHOOK-17",
        how: "leaves rows with a blank reason out of the counts",
        dies: &[("webhook-rejection-store/accepted-row-counted", "a blank is a reason")],
        backend: webhook_rejection_store::<BlankIsNoReason>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-a-page",
        clause: "WEBHOOK-16",
        how: "counts the newest 500 rows",
        dies: &[("webhook-rejection-store/counts-stop-at-page", "every row counts")],
        backend: webhook_rejection_store::<CountsPage>,
    },
];

models! {
    CountsPage
    WindowLacksStart CountsWholeLog CountsAccepted CountsReasonless CountsEachSpelling
    SpellingsCollide WindowEndsNow LongestWindowOverflows LongestWindowFails
    WindowInSeconds BlankIsNoReason
}

type Counts = Vec<(String, u64)>;

/// Counts the rows of the log as if they were others.
fn count_as(
    model: &mut Model,
    window: Duration,
    change: impl FnOnce(&mut Vec<WebhookRejection>),
) -> Answer<Counts> {
    seen_as(model, change, |model| model.counts_by_reason(window))
}

/// Counts the rows for each spelling of a reason.
fn count_spellings(model: &mut Model, window: Duration) -> Answer<Counts> {
    let rows = &model.space()?.webhook_rows;
    let spellings: BTreeSet<_> = rows.iter().map(|row| row.reason.clone()).collect();
    let mut counts = Vec::new();
    for spelling in spellings {
        let of_spelling =
            count_as(model, window, |rows| rows.retain(|row| row.reason == spelling))?;
        counts.extend(of_spelling.into_iter().map(|(_, count)| (spelling.clone(), count)));
    }
    Ok(counts)
}

impl WebhookRejectionStore for WindowLacksStart {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        let window_in_full = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
        let start = self.now().checked_sub_signed(window_in_full);
        count_as(&mut self.0, window, |rows| rows.retain(|row| Some(row.received_at) != start))
    }
}

keeping! {
    WindowIsOfWriting {
        written_at: BTreeMap<i64, Instant>,
    }
}

impl WebhookRejectionStore for WindowIsOfWriting {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let now = self.now();
        self.model.write(row)?;
        let id = self.space()?.webhook_rows.last().map_or(0, |written| written.id);
        self.written_at.insert(id, now);
        Ok(())
    }

    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_as(&mut self.model, window, |rows| {
            for row in rows {
                row.received_at = self.written_at[&row.id];
            }
        })
    }
}

impl WebhookRejectionStore for CountsWholeLog {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        let now = self.now();
        count_as(&mut self.0, window, |rows| {
            rows.iter_mut().for_each(|row| row.received_at = now);
        })
    }
}

impl WebhookRejectionStore for CountsAccepted {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_as(&mut self.0, window, |rows| {
            rows.iter_mut().for_each(|row| row.is_accepted = false);
        })
    }
}

impl WebhookRejectionStore for CountsReasonless {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_as(&mut self.0, window, |rows| {
            let reasonless = rows.iter_mut().filter(|row| row.reason.is_empty());
            reasonless.for_each(|row| "(none)".clone_into(&mut row.reason));
        })
    }
}

impl WebhookRejectionStore for CountsEachSpelling {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_spellings(&mut self.0, window)
    }
}

impl WebhookRejectionStore for SpellingsCollide {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        let counts = count_spellings(&mut self.0, window)?;
        let folded: BTreeSet<_> = counts.iter().map(|(reason, _)| reason.to_lowercase()).collect();
        match folded.len() == counts.len() {
            true => Ok(counts),
            false => Err(Error::Other("duplicate key".to_owned())),
        }
    }
}

impl WebhookRejectionStore for WindowEndsNow {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        let now = self.now();
        count_as(&mut self.0, window, |rows| rows.retain(|row| row.received_at <= now))
    }
}

/// Whether a signed count of nanoseconds holds the window.
fn fits(window: Duration) -> bool {
    i64::try_from(window.as_nanos()).is_ok()
}

impl WebhookRejectionStore for LongestWindowOverflows {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        self.0.counts_by_reason(if fits(window) { window } else { Duration::ZERO })
    }
}

impl WebhookRejectionStore for LongestWindowFails {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        match fits(window) {
            true => self.0.counts_by_reason(window),
            false => Err(Error::Other("timestamp out of range".to_owned())),
        }
    }
}

impl WebhookRejectionStore for WindowInSeconds {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        self.0.counts_by_reason(Duration::from_secs(window.as_secs()))
    }
}

impl WebhookRejectionStore for BlankIsNoReason {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_as(&mut self.0, window, |rows| rows.retain(|row| !row.reason.trim().is_empty()))
    }
}

impl WebhookRejectionStore for CountsPage {
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Counts> {
        count_as(&mut self.0, window, |rows| drop(rows.drain(..rows.len().saturating_sub(500))))
    }
}
