//! Mutants of the log itself: what is written and what is kept.

use std::time::Duration;

use chrono::SubsecRound;
use plimsoll_contract::{
    Answer, OpenConfig, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use plimsoll_model::{Backend, Model, Spec, WebhookRejectionStore};

use super::seen_as;
use crate::broken::{backend, in_nanoseconds, models, webhook_rejection_store, whole_before_1970};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "webhook-rejection-store/drops-the-scheme",
        clause: "WEBHOOK-1",
        how: "does not store the scheme",
        dies: &[("webhook-rejection-store/fields-lost", "every field is as it was given")],
        backend: webhook_rejection_store::<DropsScheme>,
    },
    Mutant {
        id: "webhook-rejection-store/bytes-overflow",
        clause: "WEBHOOK-1",
        how: "counts the bytes of a body in 32 bits",
        dies: &[("webhook-rejection-store/fields-lost", "every field is as it was given")],
        backend: webhook_rejection_store::<BytesOverflow>,
    },
    Mutant {
        id: "webhook-rejection-store/absent-address-becomes-text",
        clause: "WEBHOOK-1",
        how: "stores a remote ip of none as an empty text",
        dies: &[("webhook-rejection-store/fields-lost", "every field is as it was given")],
        backend: webhook_rejection_store::<AbsentBecomesText>,
    },
    Mutant {
        id: "webhook-rejection-store/believes-the-id",
        clause: "WEBHOOK-2",
        how: "stores the id of the argument",
        dies: &[("webhook-rejection-store/given-id-stored", "the ids are the store's")],
        backend: webhook_rejection_store::<BelievesId>,
    },
    Mutant {
        id: "webhook-rejection-store/ids-begin-at-zero",
        clause: "WEBHOOK-2",
        how: "gives the first row the id 0",
        dies: &[("webhook-rejection-store/given-id-stored", "the ids are the store's")],
        backend: webhook_rejection_store::<IdsBeginAtZero>,
    },
    Mutant {
        id: "webhook-rejection-store/two-callers-write-one-row",
        clause: "WEBHOOK-3",
        how: "reads the next id and writes the row in two steps",
        dies: &[("webhook-rejection-store/concurrent-rows-lost", "every row is there")],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "webhook-rejection-store/concurrent-rows-clash",
        clause: "WEBHOOK-3",
        how: "gives a key error to a row that is written beside another",
        dies: &[("webhook-rejection-store/concurrent-rows-lost", "every row is written")],
        backend: racy::clashing,
    },
    Mutant {
        id: "webhook-rejection-store/keeps-500-rows",
        clause: "WEBHOOK-4",
        how: "drops the oldest row when there are more than 500",
        dies: &[("webhook-rejection-store/log-too-short", "1,000 rows can be read")],
        backend: webhook_rejection_store::<Keeps500>,
    },
    Mutant {
        id: "webhook-rejection-store/full-log-takes-no-row",
        clause: "WEBHOOK-4",
        how: "drops what is written after 1,000 rows",
        dies: &[
            ("webhook-rejection-store/log-too-short", "the newest is first"),
            ("webhook-rejection-store/log-too-short", "they are the newest"),
        ],
        backend: webhook_rejection_store::<FullLogTakesNone>,
    },
    Mutant {
        id: "webhook-rejection-store/one-log-for-all-namespaces",
        clause: "BACKEND-19",
        how: "keeps the rows of all namespaces in one log",
        dies: &[
            ("webhook-rejection-store/namespaces-mixed", "the other namespace lists no row"),
            ("webhook-rejection-store/namespaces-mixed", "and counts none"),
        ],
        backend: webhook_rejection_store::<OneLogForAll>,
    },
    Mutant {
        id: "webhook-rejection-store/cuts-addresses",
        clause: "BACKEND-4",
        how: "cuts remote ips to 64 characters",
        dies: &[("webhook-rejection-store/long-texts-cut", "every text is whole")],
        backend: webhook_rejection_store::<CutsAddresses>,
    },
    Mutant {
        id: "webhook-rejection-store/cuts-bodies",
        clause: "BACKEND-6",
        how: "cuts bodies to 64 KiB",
        dies: &[("webhook-rejection-store/long-texts-cut", "the body is whole")],
        backend: webhook_rejection_store::<CutsBodies>,
    },
    Mutant {
        id: "webhook-rejection-store/bodies-end-at-nul",
        clause: "BACKEND-4",
        how: "keeps what is before the first U+0000 of a body",
        dies: &[("webhook-rejection-store/body-cut-at-nul", "the body is whole")],
        backend: webhook_rejection_store::<BodiesEndAtNul>,
    },
    Mutant {
        id: "webhook-rejection-store/receipt-loses-its-fraction",
        clause: "BACKEND-11",
        how: "drops the fraction of a receipt before 1970",
        dies: &[("webhook-rejection-store/far-receipt-lost", "the receipt is kept")],
        backend: webhook_rejection_store::<ReceiptLosesFraction>,
    },
    Mutant {
        id: "webhook-rejection-store/receives-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over a receipt whose nanoseconds overflow 64 bits",
        dies: &[(
            "webhook-rejection-store/absurd-receipt-kills",
            "gave no value: timestamp out of range",
        )],
        backend: webhook_rejection_store::<ReceivesInNanoseconds>,
    },
    Mutant {
        id: "webhook-rejection-store/receives-in-milliseconds",
        clause: "BACKEND-10",
        how: "keeps receipts in milliseconds",
        dies: &[("webhook-rejection-store/receipt-microseconds-lost", "the receipt is kept")],
        backend: webhook_rejection_store::<ReceivesInMilliseconds>,
    },
    Mutant {
        id: "webhook-rejection-store/sizes-are-doubles",
        clause: "WEBHOOK-1",
        how: "keeps the size of a body in a double",
        dies: &[("webhook-rejection-store/fields-lost", "every field is as it was given")],
        backend: webhook_rejection_store::<SizesAreDoubles>,
    },
    Mutant {
        id: "webhook-rejection-store/ids-begin-again-at-open",
        clause: "WEBHOOK-2",
        how: "counts rows from 1 again after each open",
        dies: &[("webhook-rejection-store/ids-begin-again", "every row has a higher id")],
        backend: backend::<IdsBeginAgain>,
    },
    Mutant {
        id: "webhook-rejection-store/full-log-drops-the-oldest-receipt",
        clause: "WEBHOOK-4",
        how: "drops the row that was received first when there are more than 1,000",
        dies: &[("webhook-rejection-store/log-too-short", "the newest is first")],
        backend: webhook_rejection_store::<DropsOldestReceipt>,
    },
    Mutant {
        id: "webhook-rejection-store/numbers-before-it-inserts",
        clause: "WEBHOOK-5",
        how: "lists rows as they were inserted, which is not as they were numbered when writers overlap",
        dies: &[("webhook-rejection-store/concurrent-rows-lost", "descending order of id")],
        backend: racy::late_rows,
    },
    Mutant {
        id: "webhook-rejection-store/recent-rows-in-pieces",
        clause: "WEBHOOK-5",
        how: "reads lists three rows at a time, by offset",
        dies: &[("webhook-rejection-store/rows-listed-in-pieces", "every list of rows")],
        backend: racy::pieces,
    },
    Mutant {
        id: "webhook-rejection-store/queries-in-pieces",
        clause: "WEBHOOK-10",
        how: "reads pages three rows at a time, by offset",
        dies: &[("webhook-rejection-store/rows-listed-in-pieces", "every list of rows")],
        backend: racy::pieces,
    },
];

models! {
    DropsOldestReceipt
    IdsBeginAgain
    SizesAreDoubles
    ReceivesInMilliseconds DropsScheme BytesOverflow AbsentBecomesText BelievesId IdsBeginAtZero Keeps500
    FullLogTakesNone OneLogForAll
    CutsAddresses CutsBodies BodiesEndAtNul
    ReceiptLosesFraction ReceivesInNanoseconds
}

impl WebhookRejectionStore for DropsScheme {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        self.0.write(&WebhookRejection { scheme: None, ..row.clone() })
    }
}

impl WebhookRejectionStore for BytesOverflow {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let body_bytes = row.body_bytes % (1 << 32);
        self.0.write(&WebhookRejection { body_bytes, ..row.clone() })
    }
}

impl WebhookRejectionStore for AbsentBecomesText {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let remote_ip = Some(row.remote_ip.clone().unwrap_or_default());
        self.0.write(&WebhookRejection { remote_ip, ..row.clone() })
    }
}

/// Writes a row and gives it another id.
fn write_as(model: &mut Model, row: &WebhookRejection, id: i64) -> Answer<()> {
    model.write(row)?;
    if let Some(written) = model.space()?.webhook_rows.last_mut() {
        written.id = id;
    }
    Ok(())
}

impl WebhookRejectionStore for BelievesId {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        write_as(&mut self.0, row, row.id)
    }
}

impl WebhookRejectionStore for IdsBeginAtZero {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let last = self.space()?.webhook_rows.last().map_or(-1, |last| last.id);
        write_as(&mut self.0, row, last + 1)
    }
}

impl WebhookRejectionStore for Keeps500 {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        self.0.write(row)?;
        let rows = &mut self.space()?.webhook_rows;
        let excess = rows.len().saturating_sub(500);
        rows.drain(..excess);
        Ok(())
    }
}

impl WebhookRejectionStore for FullLogTakesNone {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        match self.space()?.webhook_rows.len() < 1_000 {
            true => self.0.write(row),
            false => Ok(()),
        }
    }
}

impl OneLogForAll {
    fn everything(&mut self) -> Vec<WebhookRejection> {
        let spaces = self.state().namespaces.values();
        spaces.flat_map(|space| space.webhook_rows.iter().cloned()).collect()
    }
}

impl WebhookRejectionStore for OneLogForAll {
    fn query(&mut self, filter: &WebhookRejectionQuery) -> Answer<WebhookRejectionPage> {
        let all = self.everything();
        seen_as(&mut self.0, |rows| *rows = all, |model| model.query(filter))
    }

    fn counts_by_reason(&mut self, window: Duration) -> Answer<Vec<(String, u64)>> {
        let all = self.everything();
        seen_as(&mut self.0, |rows| *rows = all, |model| model.counts_by_reason(window))
    }
}

impl WebhookRejectionStore for CutsAddresses {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let remote_ip = row.remote_ip.as_ref().map(|text| text.chars().take(64).collect());
        self.0.write(&WebhookRejection { remote_ip, ..row.clone() })
    }
}

impl WebhookRejectionStore for CutsBodies {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let whole = row.body_truncated.as_ref();
        let body_truncated = whole.map(|text| text.chars().take(64 << 10).collect());
        self.0.write(&WebhookRejection { body_truncated, ..row.clone() })
    }
}

impl WebhookRejectionStore for BodiesEndAtNul {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let whole = row.body_truncated.as_ref();
        let body_truncated = whole.map(|text| text.chars().take_while(|c| *c != '\0').collect());
        self.0.write(&WebhookRejection { body_truncated, ..row.clone() })
    }
}

impl WebhookRejectionStore for ReceivesInMilliseconds {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let received_at = row.received_at.trunc_subsecs(3);
        self.0.write(&WebhookRejection { received_at, ..row.clone() })
    }
}

impl WebhookRejectionStore for ReceiptLosesFraction {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let received_at = whole_before_1970(row.received_at);
        self.0.write(&WebhookRejection { received_at, ..row.clone() })
    }
}

impl WebhookRejectionStore for ReceivesInNanoseconds {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let received_at = in_nanoseconds(row.received_at)?;
        self.0.write(&WebhookRejection { received_at, ..row.clone() })
    }
}

impl WebhookRejectionStore for SizesAreDoubles {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        let body_bytes = row.body_bytes as f64 as u64;
        self.0.write(&WebhookRejection { body_bytes, ..row.clone() })
    }
}

impl Backend for IdsBeginAgain {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        // The next id follows the last one.
        self.space()?.webhook_rows.reverse();
        Ok(())
    }
}

impl WebhookRejectionStore for DropsOldestReceipt {
    fn write(&mut self, row: &WebhookRejection) -> Answer<()> {
        self.0.write(row)?;
        let rows = &mut self.space()?.webhook_rows;
        let ages = rows.iter().enumerate().map(|(place, row)| (row.received_at, place));
        if let Some((_, oldest)) = ages.min().filter(|_| rows.len() > 1_000) {
            rows.remove(oldest);
        }
        Ok(())
    }
}
