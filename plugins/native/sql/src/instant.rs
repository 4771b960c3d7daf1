use chrono::Datelike;
use plimsoll_contract::{Answer, Error, Instant};

use crate::unreadable;

/// An argument, cut to the microsecond.
///
/// # Errors
///
/// `invalid-argument` beyond the years 0001 to 9999, and in a leap second (BACKEND-12).
pub fn keep(instant: Instant) -> Answer<Instant> {
    if !(1..=9999).contains(&instant.year()) {
        let message = format!("{instant} is not in the years 0001 to 9999");
        return Err(Error::InvalidArgument(message));
    }
    if instant.timestamp_subsec_nanos() >= 1_000_000_000 {
        return Err(Error::InvalidArgument(format!("{instant} is in a leap second")));
    }
    from_micros(instant.timestamp_micros())
}

/// An argument, in microseconds since 1970.
///
/// # Errors
///
/// As [`keep`].
pub fn micros(instant: Instant) -> Answer<i64> {
    Ok(keep(instant)?.timestamp_micros())
}

/// An instant that the database holds in microseconds since 1970.
///
/// # Errors
///
/// `other` for a number that is no instant.
pub fn from_micros(micros: i64) -> Answer<Instant> {
    Instant::from_timestamp_micros(micros)
        .ok_or_else(|| unreadable(&format!("{micros} in place of an instant")))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use plimsoll_contract::ErrorKind;

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn years_of_four_digits_are_kept_to_the_microsecond() {
        for text in ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.000001Z", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(from_micros(micros(at(text)).unwrap()).unwrap(), at(text));
        }
        let fine = at("1969-12-31T23:59:59.000001999Z");
        assert_eq!(keep(fine).unwrap(), at("1969-12-31T23:59:59.000001Z"));
    }

    #[test]
    fn other_years_and_leap_seconds_are_refused() {
        let first = at("0001-01-01T00:00:00Z") - TimeDelta::nanoseconds(1);
        let last = at("9999-12-31T23:59:59.999999999Z") + TimeDelta::nanoseconds(1);
        let leap = DateTime::from_timestamp(59, 1_500_000_000).unwrap();
        for instant in [first, last, leap, Instant::MIN_UTC, Instant::MAX_UTC] {
            assert_eq!(keep(instant).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }
}
