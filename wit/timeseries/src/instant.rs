/// A point in time, UTC, with the shape of the contract's `instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z, negative before.
    pub seconds: i64,
    /// Nanoseconds after that second.
    pub nanoseconds: u32,
}

impl Instant {
    /// The instant `nanoseconds` after `seconds`.
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds }
    }

    /// Milliseconds from `earlier` to this instant, with their fraction; negative when it is later.
    #[must_use]
    pub fn milliseconds_since(self, earlier: Self) -> f64 {
        const NANOSECONDS_PER_MILLISECOND: i128 = 1_000_000;
        let nanoseconds = self.total_nanoseconds() - earlier.total_nanoseconds();
        let whole = nanoseconds / NANOSECONDS_PER_MILLISECOND;
        let rest = nanoseconds % NANOSECONDS_PER_MILLISECOND;
        // Apart, so that the fraction keeps its digits beside a large whole part.
        whole as f64 + rest as f64 / NANOSECONDS_PER_MILLISECOND as f64
    }

    fn total_nanoseconds(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }
}
