use serde::{Deserialize, Serialize};

/// Which part of a list to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Items to leave out at the start.
    pub skip: u32,
    /// Items to answer at the most; none is the function's default.
    pub take: Option<u32>,
}

impl Page {
    /// The runs that a page answers without `take` (RUN-28).
    pub const DEFAULT_RUNS: u32 = 50;
    /// The events that a page answers without `take` (EVENT-4).
    pub const DEFAULT_EVENTS: u32 = 200;
    /// The webhook rows that a page answers without `take` (WEBHOOK-9).
    pub const DEFAULT_WEBHOOK_ROWS: u32 = 50;
    /// The webhook rows that a page answers at the most (WEBHOOK-9).
    pub const MAX_WEBHOOK_ROWS: u32 = 500;

    /// `take` items after the first `skip`.
    #[must_use]
    pub const fn new(skip: u32, take: u32) -> Self {
        Self { skip, take: Some(take) }
    }

    /// Everything.
    #[must_use]
    pub const fn all() -> Self {
        Self::new(0, u32::MAX)
    }

    /// Cuts the page out of the whole list, with `default` in place of an absent `take`.
    pub fn cut<T>(self, items: impl IntoIterator<Item = T>, default: u32) -> Vec<T> {
        let take = self.take.unwrap_or(default) as usize;
        items.into_iter().skip(self.skip as usize).take(take).collect()
    }
}
