/// A call, with its answer as far as it is known.
///
/// The stamps are of one clock that all callers share and that never goes back. The operation took
/// effect within the closed interval from `called` to `returned`: of operations whose stamps are
/// equal nobody knows which came first, so they overlap.
///
/// An operation is *answered* if it has both an answer and a stamp of its return. Any other is
/// *open*: it may take effect at any time after `called`, also after `returned`, or never. That is
/// a call which is still under way, one that ended without an answer, and one whose answer is known
/// but came after the history was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<C, A> {
    /// Who called.
    pub caller: usize,
    /// What was asked.
    pub call: C,
    /// What was answered. An open operation with an answer gave this one if it took effect.
    pub answer: Option<A>,
    /// The stamp before the call.
    pub called: u64,
    /// The stamp after the return.
    pub returned: Option<u64>,
}

impl<C, A> Operation<C, A> {
    /// An operation that was answered. Stamps in the wrong order are swapped.
    pub fn answered(caller: usize, call: C, answer: A, called: u64, returned: u64) -> Self {
        let (called, returned) = (called.min(returned), called.max(returned));
        Self { caller, call, answer: Some(answer), called, returned: Some(returned) }
    }

    /// An operation that may have been applied, or not.
    pub const fn open(caller: usize, call: C, called: u64) -> Self {
        Self { caller, call, answer: None, called, returned: None }
    }

    /// Whether it is answered, and so must have its place in the order.
    pub const fn is_answered(&self) -> bool {
        self.answer.is_some() && self.returned.is_some()
    }

    /// The last stamp at which it may take effect.
    pub(crate) fn deadline(&self) -> u64 {
        self.returned.filter(|_| self.answer.is_some()).unwrap_or(u64::MAX)
    }
}
