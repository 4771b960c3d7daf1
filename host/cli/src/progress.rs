use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_conformance::report::CheckReport;

/// A bar on a terminal's standard error; nothing elsewhere.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// `quiet` shows nothing even on a terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {bar:30} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// One more check has its verdict.
    pub(crate) fn advance(&self, check: &CheckReport, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_message(check.id);
        self.bar.inc(1);
    }

    /// What comes now, and how much is over.
    pub(crate) fn show(&self, what: &str, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
    }

    /// Something else is counted from here.
    pub(crate) fn begin_anew(&self) {
        self.bar.reset();
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
