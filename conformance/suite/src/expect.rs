use std::fmt::Debug;

use plimsoll_contract::{CallError, ErrorKind, Result};

use crate::{Halt, Outcome, Trial};

/// Something that must hold, and what was found.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) holds: bool,
}

impl Trial {
    /// `got` must equal `expected`.
    pub fn expect<T: PartialEq + Debug>(&self, what: &str, got: &T, expected: &T) {
        self.note(what, format!("{expected:?}"), format!("{got:?}"), got == expected);
    }

    /// Two values that differ, already printed by `Debug`.
    pub(crate) fn expect_printed(&self, what: &str, got: &str, expected: &str) {
        self.note(what, expected.to_owned(), got.to_owned(), got == expected);
    }

    /// Something that is not an equality must hold; `expected` says it in words.
    pub fn expect_that(&self, what: &str, holds: bool, expected: &str, got: &dyn Debug) {
        self.note(what, expected.to_owned(), format!("{got:?}"), holds);
    }

    /// Both must hold the same items, each as often, in any order.
    pub fn expect_same_items<T: Ord + Debug + Clone>(&self, what: &str, got: &[T], expected: &[T]) {
        let sorted = |items: &[T]| {
            let mut items = items.to_vec();
            items.sort_unstable();
            items
        };
        let (got, expected) = (sorted(got), sorted(expected));
        self.note(what, format!("{expected:?}"), format!("{got:?}"), got == expected);
    }

    /// The call must have been refused with an error of this kind.
    ///
    /// # Errors
    ///
    /// [`Halt::Call`] if it ended without an answer.
    pub fn expect_refusal<T: Debug>(
        &self,
        what: &str,
        got: Result<T>,
        expected: ErrorKind,
    ) -> Outcome {
        if let Err(CallError::Interrupted(interruption)) = got {
            return Err(Halt::Call(CallError::Interrupted(interruption)));
        }
        let is_expected = matches!(&got, Err(error) if error.kind() == Some(expected));
        let got = match &got {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {error}"),
        };
        self.note(what, format!("an error of kind {expected:?}"), got, is_expected);
        Ok(())
    }

    /// Whether the call stored its text: true if it succeeded, false if it was refused as the
    /// contract allows (BACKEND-4).
    ///
    /// # Errors
    ///
    /// Any other error.
    pub fn kept_or_refused<T>(&self, got: Result<T>) -> std::result::Result<bool, Halt> {
        match got {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Some(ErrorKind::InvalidArgument) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Something that the contract leaves open, as it was seen.
    pub fn observe(&self, what: impl Into<String>) {
        self.found().observations.push(what.into());
    }

    fn note(&self, what: &str, expected: String, got: String, holds: bool) {
        let what = what.to_owned();
        self.found().expectations.push(Expectation { what, expected, got, holds });
    }

    /// Whether every expectation so far holds.
    pub(crate) fn is_clean(&self) -> bool {
        self.found().expectations.iter().all(|expectation| expectation.holds)
    }
}
