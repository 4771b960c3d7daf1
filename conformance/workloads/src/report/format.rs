//! Numbers for people.

/// Three digits, thousands set apart: `1,234,567`, `12.3`, `0.123`, `0.000123`.
pub(super) fn number(value: f64) -> String {
    let digits = match value {
        it if it >= 100.0 => return thousands(it.round() as u64),
        it if it >= 10.0 => 1,
        it if it >= 1.0 => 2,
        it if it > 0.0 => (2.0 - it.log10().floor()).min(9.0) as usize,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// A whole number, thousands set apart.
pub(super) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A latency with its unit.
pub(super) fn latency(microseconds: f64) -> String {
    match microseconds {
        it if it < 1.0 => format!("{:.0} ns", it * 1e3),
        it if it < 1e3 => format!("{} µs", number(it)),
        it if it < 1e6 => format!("{} ms", number(it / 1e3)),
        it => format!("{} s", number(it / 1e6)),
    }
}

/// A size with its unit; nothing for none.
pub(super) fn bytes(bytes: usize) -> String {
    match bytes {
        0 => String::new(),
        it if it >= 1024 => format!("{} KiB", it >> 10),
        it => format!("{it} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, latency, number, thousands};

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.000_123_4, 0.1234, 1.234, 12.34, 123.4, 1_234_567.0].map(number);
        assert_eq!(shown, ["0", "0.000123", "0.123", "1.23", "12.3", "123", "1,234,567"]);
        assert_eq!(thousands(1_000), "1,000");
        let shown = [0.512, 51.2, 5_120.0, 51_200_000.0].map(latency);
        assert_eq!(shown, ["512 ns", "51.2 µs", "5.12 ms", "51.2 s"]);
        assert_eq!([0, 200, 65_536].map(bytes), ["", "200 B", "64 KiB"]);
    }
}
