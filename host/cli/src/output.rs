//! Standard output. When whoever reads it has gone, writing stops without a word.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

/// Prints a text as it is.
pub(crate) fn print(text: &str) {
    // A closed pipe is the reader's choice, and there is nobody left to tell.
    let mut stdout = anstream::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints a line.
pub(crate) fn print_line(text: &str) {
    print(&format!("{text}\n"));
}

/// Prints a line to standard error.
pub(crate) fn print_error(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(format!("{text}\n").as_bytes());
}

/// Prints a report with its verdicts in colour, where there are colours.
pub(crate) fn print_report(text: &str) {
    for line in text.lines() {
        print_line(&painted(line));
    }
}

fn painted(line: &str) -> String {
    let words = [
        ("CERTIFIED", AnsiColor::Green),
        ("KNOWN FAILURES ONLY", AnsiColor::Green),
        ("WARNED", AnsiColor::Yellow),
        ("KNOWN-FAILING", AnsiColor::Yellow),
        ("NOT-TESTABLE", AnsiColor::Yellow),
        ("UNKNOWN", AnsiColor::Yellow),
        ("INCOMPLETE", AnsiColor::Yellow),
        ("FAILED", AnsiColor::Red),
        ("VIOLATED", AnsiColor::Red),
        ("HARNESS-ERROR", AnsiColor::Red),
        ("HARNESS ERROR", AnsiColor::Red),
    ];
    for (word, color) in words {
        if let Some(rest) = line.strip_prefix(word).filter(|rest| rest.starts_with("  ")) {
            let style = Style::new().bold().fg_color(Some(color.into()));
            return format!("{style}{word}{style:#}{rest}");
        }
    }
    line.to_owned()
}
