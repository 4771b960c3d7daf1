//! Rows that are written while others write and read.

use plimsoll_contract::Interface::WebhookRejectionStore;
use plimsoll_contract::{WebhookRejection, WebhookRejectionQuery};

use super::{all, recent};
use crate::race::CALLERS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "webhook-rejection-store/concurrent-rows-lost",
        clauses: &["WEBHOOK-3", "WEBHOOK-5"],
        goal: "Many callers write at once.",
        usual_cause: "the next id is read and written in two steps",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(concurrent_rows_lost(t)),
    },
    Check {
        id: "webhook-rejection-store/total-of-another-moment",
        clauses: &["WEBHOOK-15"],
        goal: "Rows are written while others ask for the only page of their flow.",
        usual_cause: "the page and the count are two queries without a transaction",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(total_of_another_moment(t)),
    },
];

async fn concurrent_rows_lost(t: &Trial) -> Outcome {
    let mut written = 0;
    while t.next_round().await? {
        let row = t.a_rejection("replay");
        let answers = t
            .release(move |_, caller| {
                let row = row.clone();
                async move { caller.webhook_rejection_store().write(&row).await }
            })
            .await;
        written += CALLERS;
        t.expect_all_succeed("every row is written", &answers);
        let expected = written.min(500);
        let mut ids: Vec<_> = recent(t).await?.iter().map(|row| row.id).collect();
        let falls = ids.is_sorted_by(|one, next| one > next);
        t.expect_that("the rows come in descending order of id", falls, "falling ids", &ids);
        ids.sort_unstable();
        ids.dedup();
        t.expect("every row is there, with an id of its own", &ids.len(), &expected);
    }
    t.overlap_shown()
}

async fn total_of_another_moment(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let flow_id = Some(t.flow_id());
        let row = WebhookRejection { flow_id, ..t.a_rejection("replay") };
        let filter = WebhookRejectionQuery { flow_id, ..all() };
        let seen = t
            .watch(
                move |_, instance| {
                    let row = row.clone();
                    async move { instance.webhook_rejection_store().write(&row).await }
                },
                move |instance| {
                    let filter = filter.clone();
                    async move { instance.webhook_rejection_store().query(&filter).await }
                },
            )
            .await?;
        let mut pages = seen.iter().flatten();
        let apart = pages.find(|page| page.total_count != page.items.len() as u64);
        let apart = apart.map(|page| (page.items.len(), page.total_count));
        let what = "a page that holds all rows holds as many as it counts";
        t.expect_that(what, apart.is_none(), "the same number of items as the total", &apart);
    }
    t.overlap_shown()
}
