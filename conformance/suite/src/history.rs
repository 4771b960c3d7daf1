//! Histories: what callers ask of one object at once, with the instants of call and return, judged
//! by whether the calls could have taken effect one after another.

use std::time::Instant as Stopwatch;

use plimsoll_contract::Result;
use plimsoll_histories::{
    Budget, Counterexample, Operation, Specification, Verdict, check, timeline,
};
use serde_json::{Value, json};

use crate::instance::Instance;
use crate::{Halt, Outcome, Trial};

/// How wide a timeline is drawn, in columns.
const WIDTH: usize = 100;

/// The operations of a history of `S`.
pub(crate) type Operations<S> =
    Vec<Operation<<S as Specification>::Call, <S as Specification>::Answer>>;

/// One of the callers, who writes down what it asks.
pub(crate) struct Scribe<S: Specification> {
    pub(crate) caller: usize,
    origin: Stopwatch,
    random: fastrand::Rng,
    operations: Operations<S>,
}

impl<S: Specification> Scribe<S> {
    /// Chooses one of the numbers below `count`.
    pub(crate) fn choose(&mut self, count: u8) -> u8 {
        self.random.u8(..count)
    }

    /// Makes a call, and writes down what `read` says that it answered.
    ///
    /// # Errors
    ///
    /// That of the call: no object that is judged here may answer one.
    pub(crate) async fn ask<T>(
        &mut self,
        call: S::Call,
        answer: impl Future<Output = Result<T>>,
        read: impl FnOnce(T) -> S::Answer,
    ) -> Result<()> {
        let called = self.now();
        let answer = answer.await?;
        let returned = self.now();
        let answer = read(answer);
        self.operations.push(Operation::answered(self.caller, call, answer, called, returned));
        Ok(())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A read after all calls. It shows what a write lost for good, and leaves each entry of a log one
/// place: without it the search would try every order of those that no caller has read.
pub(crate) fn at_the_end<C, A>(read: C, answer: A) -> Operation<C, A> {
    let end = u64::MAX - 1;
    Operation::answered(0, read, answer, end, end)
}

/// A history that no order explains.
#[derive(Clone, Debug)]
pub(crate) struct BadHistory {
    /// Its shortest form, drawn.
    pub(crate) timeline: String,
    /// The operations of that form.
    pub(crate) operations: Vec<Value>,
}

impl BadHistory {
    fn of<S: Specification>(spec: &S, found: &Counterexample<S>) -> Self {
        let operations = found.operations.iter().map(|operation| {
            json!({
                "caller": operation.caller,
                "call": spec.describe(&operation.call, operation.answer.as_ref()),
                "called_ns": operation.called,
                "returned_ns": operation.returned,
            })
        });
        Self { timeline: timeline(spec, found, WIDTH), operations: operations.collect() }
    }
}

impl Trial {
    /// Releases callers together, each of which asks what it likes, and answers all that they
    /// asked.
    ///
    /// # Errors
    ///
    /// [`Halt::Call`] if any call gave no value.
    pub(crate) async fn history<S, F>(
        &self,
        act: impl Fn(Scribe<S>, Instance) -> F,
    ) -> std::result::Result<Operations<S>, Halt>
    where
        S: Specification,
        S::Call: Send + 'static,
        S::Answer: Send + 'static,
        F: Future<Output = Result<Scribe<S>>> + Send + 'static,
    {
        let origin = Stopwatch::now();
        let answers = self
            .release(|caller, instance| {
                let random = self.fork_random();
                let acted =
                    act(Scribe { caller, origin, random, operations: Vec::new() }, instance);
                async move { acted.await.map(|scribe| scribe.operations) }
            })
            .await;
        Ok(answers.into_iter().collect::<Result<Vec<_>>>()?.concat())
    }

    /// There must be an order of the calls, each within its call and return, in which every answer
    /// is right.
    ///
    /// # Errors
    ///
    /// [`Halt::Unknown`] if the search for one was too long.
    pub(crate) fn expect_an_order<S: Specification>(
        &self,
        what: &str,
        spec: &S,
        history: &Operations<S>,
    ) -> Outcome {
        let expected = "an order of the calls in which every answer is right";
        match check(spec, history, Budget::default()) {
            Verdict::Linearizable { .. } => self.expect_that(what, true, expected, &()),
            Verdict::Violation(found) => {
                let reason = found.reason(spec);
                self.expect_that(what, false, expected, &format_args!("{reason}"));
                self.found().history = Some(BadHistory::of(spec, &found));
            }
            Verdict::Unknown => {
                let reason = format!("{what}: no order was found in the steps that are allowed");
                return Err(Halt::Unknown(reason));
            }
        }
        Ok(())
    }
}
