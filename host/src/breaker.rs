//! Stops asking a backend that fails again and again.

use std::time::Duration;

use tokio::time::Instant;

/// When a backend is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// After so many failures in a row; zero never trips.
    pub failures: u32,
    /// How long it is left alone the first time. Each further time takes twice as long.
    pub cooldown: Duration,
    /// The longest that it is left alone.
    pub longest: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

/// Counts failures in a row: calls that ended an instance, and instances that could not be made.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    in_a_row: u32,
    /// Until when, once it tripped.
    until: Option<Instant>,
    /// How long it was left alone the last time.
    cooldown: Duration,
    /// What the last failure was.
    last: String,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, in_a_row: 0, until: None, cooldown: policy.cooldown, last: String::new() }
    }

    /// Whether anything failed since the last success.
    pub(crate) fn is_troubled(&self) -> bool {
        self.in_a_row > 0
    }

    /// Why no call is made now; none lets one pass. Once the time is over a single call is let
    /// through, and the others wait until it has shown whether the backend works again.
    pub(crate) fn refuses(&mut self, now: Instant) -> Option<String> {
        let until = self.until?;
        if now < until {
            let (times, left) = (self.in_a_row, until - now);
            let last = &self.last;
            return Some(format!(
                "it failed {times} times in a row and is left alone for another {left:.0?}; the \
                 last failure was: {last}"
            ));
        }
        self.until = Some(now + self.cooldown);
        None
    }

    pub(crate) fn succeeded(&mut self) {
        self.in_a_row = 0;
        self.until = None;
        self.cooldown = self.policy.cooldown;
    }

    pub(crate) fn failed(&mut self, now: Instant, what: &str) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        what.clone_into(&mut self.last);
        if self.policy.failures == 0 || self.in_a_row < self.policy.failures {
            return;
        }
        if self.in_a_row > self.policy.failures {
            self.cooldown = self.cooldown.saturating_mul(2).min(self.policy.longest);
        }
        self.until = Some(now + self.cooldown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tripped(now: Instant) -> Breaker {
        let policy = BreakerPolicy { failures: 2, cooldown: SECOND, longest: 3 * SECOND };
        let mut breaker = Breaker::new(policy);
        breaker.failed(now, "first");
        assert_eq!(breaker.refuses(now), None, "one failure is none in a row of two");
        breaker.failed(now, "second");
        breaker
    }

    #[test]
    fn it_trips_and_says_why() {
        let now = Instant::now();
        let refusal = tripped(now).refuses(now).unwrap();
        assert!(refusal.contains("2 times in a row"), "{refusal}");
        assert!(refusal.contains("1s") && refusal.ends_with("second"), "{refusal}");
    }

    #[test]
    fn it_lets_a_single_call_try_again() {
        let now = Instant::now();
        let mut breaker = tripped(now);
        let later = now + SECOND;
        assert_eq!(breaker.refuses(later), None);
        assert!(breaker.refuses(later).is_some(), "the others wait for that call");
    }

    #[test]
    fn it_waits_longer_each_time_up_to_a_limit() {
        let mut now = Instant::now();
        let mut breaker = tripped(now);
        for seconds in [1, 2, 3, 3] {
            let nearly = now + seconds * SECOND - Duration::from_millis(1);
            assert!(breaker.refuses(nearly).is_some(), "{seconds} s");
            now += seconds * SECOND;
            assert_eq!(breaker.refuses(now), None, "{seconds} s");
            breaker.failed(now, "again");
        }
    }

    #[test]
    fn a_success_forgets_everything() {
        let now = Instant::now();
        let mut breaker = tripped(now);
        breaker.succeeded();
        assert!(!breaker.is_troubled());
        assert_eq!(breaker.refuses(now), None);
        breaker.failed(now, "anew");
        assert_eq!(breaker.refuses(now), None);
    }

    #[test]
    fn it_can_be_switched_off() {
        let now = Instant::now();
        let policy = BreakerPolicy { failures: 0, ..BreakerPolicy::default() };
        let mut breaker = Breaker::new(policy);
        for _ in 0..100 {
            breaker.failed(now, "again");
        }
        assert_eq!(breaker.refuses(now), None);
    }
}
