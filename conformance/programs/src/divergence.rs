use std::fmt;

use plimsoll_contract::{Clause, ErrorKind, Interface, InterruptionKind};

/// Where a backend and the model part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The step, from 0; the length of the program if everything was read back at its end.
    pub step: usize,
    /// The interface that was called.
    pub interface: Interface,
    /// The function, by its name in the WIT.
    pub function: String,
    /// The call, as [`Program`](crate::Program) prints it.
    pub call: String,
    /// Calls of the reading at the end that came before it and may have changed something.
    pub before: Vec<String>,
    /// What the model answers, as `Debug` prints it.
    pub expected: String,
    /// What the backend answered, as `Debug` prints it.
    pub got: String,
    /// How the call ended.
    pub kind: Kind,
    /// Where the two answers differ first, in one line, for example
    /// `run.status: expected running, got failed`.
    pub difference: String,
    /// The ids of the clauses that are most plausibly broken, the likeliest first.
    pub clauses: Vec<&'static str>,
}

/// How a call ended that diverges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With a value that is not the promised one, or in place of an error.
    Value,
    /// With an error that is not promised.
    Error(ErrorKind),
    /// Without an answer.
    Interrupted(InterruptionKind),
}

impl Divergence {
    /// Whether the other is the same mistake, as far as one can tell: a program that is made
    /// smaller must not end in another one.
    pub(crate) fn resembles(&self, other: &Self) -> bool {
        let same_function = self.interface == other.interface && self.function == other.function;
        same_function || (self.kind == other.kind && self.kind != Kind::Value)
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.clauses {
            if let Some(clause) = Clause::find(id) {
                writeln!(f, "{} {}  {}", clause.id, clause.level, clause.text)?;
            }
        }
        writeln!(f, "{}", self.call)?;
        writeln!(f, "  expected  {}", crate::program::in_wit(&self.expected))?;
        writeln!(f, "  got       {}", crate::program::in_wit(&self.got))?;
        write!(f, "  {}", self.difference)
    }
}
