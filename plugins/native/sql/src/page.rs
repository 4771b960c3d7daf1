use plimsoll_contract::Page;

/// A page as the numbers of `LIMIT` and `OFFSET`. Every `skip` and `take` fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `OFFSET`.
    pub skip: i64,
    /// `LIMIT`.
    pub take: i64,
}

impl Limits {
    /// A page of runs (RUN-28).
    #[must_use]
    pub fn of_runs(page: Page) -> Self {
        Self::new(page, Page::DEFAULT_RUNS, u32::MAX)
    }

    /// A page of events (EVENT-4).
    #[must_use]
    pub fn of_events(page: Page) -> Self {
        Self::new(page, Page::DEFAULT_EVENTS, u32::MAX)
    }

    /// A page of webhook rows (WEBHOOK-9).
    #[must_use]
    pub fn of_webhook_rows(page: Page) -> Self {
        Self::new(page, Page::DEFAULT_WEBHOOK_ROWS, Page::MAX_WEBHOOK_ROWS)
    }

    fn new(page: Page, default: u32, most: u32) -> Self {
        let take = page.take.unwrap_or(default).min(most);
        Self { skip: page.skip.into(), take: take.into() }
    }
}
