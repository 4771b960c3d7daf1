//! Standard output, and the files of `--report`. When whoever reads the output has gone, writing
//! stops without a word.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

/// Makes the folder of `--report`, where it is missing.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))
}

/// Writes files into a folder, each a name and its text.
pub(crate) fn write_files(folder: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}

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
        print_line(&painted(&harmless(line)));
    }
}

/// A line in which what a backend answered cannot steer the terminal.
fn harmless(line: &str) -> String {
    line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_does_not_steer_the_terminal() {
        let line = "\tCERTIFIED\u{1b}[2J \u{9b}1m\r";
        assert_eq!(harmless(line), "\tCERTIFIED\u{fffd}[2J \u{fffd}1m\u{fffd}");
    }
}
