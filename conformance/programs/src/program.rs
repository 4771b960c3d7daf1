use std::fmt;

use chrono::{SubsecRound, TimeDelta};
use plimsoll_contract::{FlowHandle, Instant, show};

use crate::Call;
use crate::pools::{EARLIEST_NOW, LATEST_NOW};

/// The longest argument that [`Program`] prints in full, in characters.
const MAX_TEXT: usize = 120;

/// What is done, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// The steps, the first one first. Before them the namespace is opened.
    pub steps: Vec<Step>,
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Moves the clock.
    Move(Move),
    /// Opens a namespace.
    Open {
        /// Which of the program's namespaces, below [`NAMESPACES`].
        namespace: usize,
        /// What is registered; a program may register an id twice (BACKEND-22).
        flows: Vec<FlowHandle>,
    },
    /// Discards one of the program's namespaces, below [`NAMESPACES`].
    Discard(usize),
    /// Calls a storage interface.
    Call(Call),
}

/// A move of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// By that many microseconds, forwards or backwards.
    By(i64),
    /// To an instant.
    To(Instant),
}

/// The namespaces of a program. The first is the one that it begins with; the others differ from
/// it in their ends, and from each other in letter case.
pub const NAMESPACES: usize = 3;

/// The name of the program's namespace of that number.
pub(crate) fn namespace(first: &str, number: usize) -> String {
    match number {
        0 => first.to_owned(),
        1 => format!("{first}-twin"),
        _ => format!("{first}-Twin"),
    }
}

impl Move {
    /// Where the clock stands afterwards: never before 1970 and never after 9999.
    pub(crate) fn from(self, now: Instant) -> Instant {
        let moved = match self {
            Self::By(microseconds) => {
                now.checked_add_signed(TimeDelta::microseconds(microseconds)).unwrap_or(now)
            }
            Self::To(instant) => instant,
        };
        moved.clamp(EARLIEST_NOW, LATEST_NOW)
    }
}

impl Program {
    /// Whether it opens a namespace itself.
    pub(crate) fn opens(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Open { .. }))
    }

    /// The same with every instant and every move cut to the millisecond.
    pub(crate) fn coarse(&self) -> Self {
        let mut coarse = self.clone();
        for step in &mut coarse.steps {
            match step {
                Step::Move(Move::By(microseconds)) => *microseconds -= *microseconds % 1000,
                Step::Move(Move::To(instant)) => *instant = instant.trunc_subsecs(3),
                Step::Call(call) => call.coarsen(),
                Step::Open { .. } | Step::Discard(_) => {}
            }
        }
        coarse
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(f, "{number:>4}  {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Move(Move::By(microseconds)) => {
                write!(f, "the clock moves by {} ms", *microseconds as f64 / 1e3)
            }
            Self::Move(Move::To(instant)) => write!(f, "the clock moves to {instant:?}"),
            Self::Open { namespace, flows } => {
                let flows = in_wit(&format!("{flows:?}"));
                let name = crate::program::namespace("namespace", *namespace);
                write!(f, "backend.open({{namespace: {name:?}, registered-flows: {flows}}})")
            }
            Self::Discard(namespace) => {
                let name = crate::program::namespace("namespace", *namespace);
                write!(f, "backend.discard({name:?})")
            }
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<_> = self.arguments().iter().map(|text| in_wit(text)).collect();
        write!(f, "{}.{}({})", self.interface(), self.function(), arguments.join(", "))
    }
}

/// A `Debug` text as the WIT spells it, long texts in it cut.
pub(crate) fn in_wit(debug: &str) -> String {
    let mut shown = String::new();
    let mut run = 0;
    let mut last = None;
    // What is long is one character over and over.
    for character in show::in_wit(debug).chars() {
        run = if last == Some(character) { run + 1 } else { 0 };
        last = Some(character);
        match run {
            0..MAX_TEXT => shown.push(character),
            MAX_TEXT => shown.push('…'),
            _ => {}
        }
    }
    shown
}
