//! Something that one caller at a time can have.

use crate::Specification;
use crate::specs::only_if;

/// A question to [`Once`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Asks for it.
    Try,
    /// Gives it back, whoever has it. A retry, and a reset that matched, are this too.
    Release,
    /// Ends what it was taken for, and keeps it.
    Finish,
    /// Looks for it in the list of what is taken.
    Find,
}

/// An answer of [`Once`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The try won, or it is in the list.
    True,
    /// The try lost, or it is not in the list.
    False,
    /// It was released or finished.
    Done,
}

/// A claim or an entry of the dispatch ledger, free at first: one try wins, and no other until a
/// release.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    lists_finished: bool,
}

impl Once {
    /// The claim of a step (RUNTIME-3 to 7, RUNTIME-11). Whether the list has it once the step has
    /// finished is open (RUNTIME-4). A finished step counts as finished from then on.
    #[must_use]
    pub const fn claim() -> Self {
        Self { lists_finished: false }
    }

    /// An entry of the dispatch ledger (RUN-74 to 76, RUN-81, RUN-83). Its list is exact.
    #[must_use]
    pub const fn dispatch() -> Self {
        Self { lists_finished: true }
    }
}

/// The state of [`Once`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether somebody has it.
    pub taken: bool,
    /// Whether a list may leave it out.
    pub finished: bool,
}

impl Specification for Once {
    type State = State;
    type Call = Call;
    type Answer = Answer;

    fn start(&self) -> State {
        State::default()
    }

    fn step(&self, state: &State, call: &Call, answer: Option<&Answer>) -> Vec<State> {
        match (call, answer) {
            (Call::Try, None) => vec![State { taken: true, ..*state }],
            (Call::Try, Some(Answer::True)) if !state.taken => {
                vec![State { taken: true, ..*state }]
            }
            (Call::Try, Some(Answer::False)) => only_if(state.taken, state),
            (Call::Release, None | Some(Answer::Done)) => vec![State { taken: false, ..*state }],
            (Call::Finish, None | Some(Answer::Done)) => {
                vec![State { finished: state.finished || !self.lists_finished, ..*state }]
            }
            (Call::Find, None) => vec![*state],
            (Call::Find, Some(Answer::True)) => only_if(state.taken, state),
            (Call::Find, Some(Answer::False)) => only_if(!state.taken || state.finished, state),
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, call: &Call, answer: Option<&Answer>) -> bool {
        match call {
            Call::Try => answer != Some(&Answer::False),
            Call::Release => true,
            Call::Finish => !self.lists_finished,
            Call::Find => false,
        }
    }

    fn describe(&self, call: &Call, answer: Option<&Answer>) -> String {
        let call = match call {
            Call::Try => "try",
            Call::Release => "release",
            Call::Finish => "finish",
            Call::Find => "find",
        };
        let answer = match answer {
            Some(Answer::True) => "true",
            Some(Answer::False) => "false",
            Some(Answer::Done) => "done",
            None => "?",
        };
        format!("{call} -> {answer}")
    }
}
