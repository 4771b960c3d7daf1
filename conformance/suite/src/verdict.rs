use serde::Serialize;

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The backend keeps the promise; a trait was observed.
    Passed,
    /// The backend breaks a SHOULD.
    Warned,
    /// The check calls an interface that is neither exported nor required.
    Unsupported,
    /// It was not selected.
    Skipped,
    /// It failed, and was listed as failing.
    KnownFailing,
    /// A prerequisite is missing.
    NotTestable,
    /// The checker ran out of its budget.
    Unknown,
    /// The backend breaks a MUST, or gave no answer.
    Failed,
    /// The kit is at fault.
    HarnessError,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::Warned,
        Self::Unsupported,
        Self::Skipped,
        Self::KnownFailing,
        Self::NotTestable,
        Self::Unknown,
        Self::Failed,
        Self::HarnessError,
    ];

    /// The word in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Unsupported => "unsupported",
            Self::Skipped => "skipped",
            Self::KnownFailing => "known-failing",
            Self::NotTestable => "not-testable",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::HarnessError => "harness-error",
        }
    }
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunVerdict {
    /// Every required check passed; warnings are allowed.
    Certified,
    /// Only checks failed that were listed as failing.
    KnownFailuresOnly,
    /// A required check failed, or the list of known failures is stale.
    Violated,
    /// Nothing failed, but something required was not judged.
    Incomplete,
    /// The kit is at fault.
    HarnessError,
}

impl RunVerdict {
    /// The word in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::KnownFailuresOnly => "known-failures-only",
            Self::Violated => "violated",
            Self::Incomplete => "incomplete",
            Self::HarnessError => "harness-error",
        }
    }

    /// The exit code that a process ends with.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Certified | Self::KnownFailuresOnly => 0,
            Self::Violated => 1,
            Self::HarnessError => 3,
            Self::Incomplete => 4,
        }
    }
}
