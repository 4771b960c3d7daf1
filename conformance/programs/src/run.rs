//! Runs a program on a backend and on the model, side by side.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use plimsoll_contract::{
    Backend, CallError, Clock, Error, ErrorKind, Interface, Interruption, InterruptionKind,
    ManualClock, OpenConfig, Result, RunId,
};
use plimsoll_model::{Backend as _, Model, Spec};

use crate::blame::{History, Symptom};
use crate::notes::Notes;
use crate::pools::START;
use crate::program::namespace;
use crate::value::Value;
use crate::{Call, Divergence, Kind, Program, Step, blame, compare, difference, promised, sweep};

/// Runs `program` on an instance of which nothing but the namespace matters, and answers where it
/// and the model part first. `clock` must be the one that nobody else moves, and `namespace` one
/// that nobody else uses; it is discarded in the end.
///
/// A program with instants below a millisecond that ends in another value is run again with all
/// of them cut to it, and only what still diverges is answered: no MUST goes below (BACKEND-9).
pub async fn run(
    program: &Program,
    backend: &dyn Backend,
    clock: &Arc<ManualClock>,
    namespace: &str,
) -> Option<Divergence> {
    let found = Runner::new(backend, clock, namespace).run(program).await?;
    let coarse = program.coarse();
    if found.kind != Kind::Value || coarse == *program {
        return Some(found);
    }
    let namespace = format!("{namespace}-ms");
    Runner::new(backend, clock, &namespace).run(&coarse).await
}

/// The state of a run.
pub(crate) struct Runner<'a> {
    backend: &'a dyn Backend,
    clock: &'a Arc<ManualClock>,
    first_namespace: &'a str,
    pub(crate) reference: Reference,
    history: History,
}

/// The model and what must be known besides about its rows.
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) model: Model,
    /// The attempts that a skip added, by run, step key and number: no clause says what their job
    /// and their start are.
    pub(crate) skips: BTreeSet<(RunId, String, usize)>,
}

/// What the model answers and what the backend did.
pub(crate) struct Mismatch {
    expected: Shown,
    got: Shown,
    kind: Kind,
}

/// How `Debug` prints a value.
struct Shown {
    in_one_line: String,
    /// A field a line, so that two values can be compared by their lines.
    in_lines: String,
}

impl Shown {
    fn new(value: &dyn std::fmt::Debug) -> Self {
        Self { in_one_line: format!("{value:?}"), in_lines: format!("{value:#?}") }
    }
}

impl Mismatch {
    fn new(expected: &dyn std::fmt::Debug, got: &Result<Value>) -> Self {
        let (got, kind) = match got {
            Ok(value) => (Shown::new(value), Kind::Value),
            Err(CallError::Answered(error)) => (Shown::new(error), Kind::Error(error.kind())),
            Err(CallError::Interrupted(end)) => {
                let text = end.to_string();
                (Shown { in_one_line: text.clone(), in_lines: text }, Kind::Interrupted(end.kind))
            }
        };
        Self { expected: Shown::new(expected), got, kind }
    }
}

impl<'a> Runner<'a> {
    fn new(backend: &'a dyn Backend, clock: &'a Arc<ManualClock>, namespace: &'a str) -> Self {
        let (reference, history) = (Reference::default(), History::default());
        Self { backend, clock, first_namespace: namespace, reference, history }
    }

    async fn run(mut self, program: &Program) -> Option<Divergence> {
        let found = self.run_through(program).await;
        for number in 0..crate::NAMESPACES {
            // Whether this fails is judged where a program does it.
            let name = namespace(self.first_namespace, number);
            let _ = caught(self.backend.discard(&name)).await;
        }
        found
    }

    async fn run_through(&mut self, program: &Program) -> Option<Divergence> {
        self.clock.set(START);
        let opening = Step::Open { namespace: 0, flows: Vec::new() };
        if let Some(mut found) = self.step(0, &opening).await {
            found.step = 0;
            return Some(found);
        }
        for (place, step) in program.steps.iter().enumerate() {
            let found = self.step(place, step).await;
            if found.is_some() {
                return found;
            }
            self.history.add(step);
        }
        self.read_everything(program).await
    }

    async fn step(&mut self, place: usize, step: &Step) -> Option<Divergence> {
        let (function, mismatch) = match step {
            Step::Move(by) => {
                self.clock.set(by.from(self.clock.now()));
                self.history.moved = true;
                return None;
            }
            Step::Call(call) => return self.call(place, call).await,
            Step::Open { namespace: number, flows } => {
                let config = OpenConfig {
                    registered_flows: flows.clone(),
                    ..OpenConfig::namespace(namespace(self.first_namespace, *number))
                };
                let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(self.clock);
                let got = caught(self.backend.open(&config, clock)).await.map(Value::from);
                let want = self.reference.model.open(&config).map(Value::from);
                self.history.refused |= want.is_err();
                ("open", judge(&want, &got))
            }
            Step::Discard(number) => {
                let name = namespace(self.first_namespace, *number);
                let got = caught(self.backend.discard(&name)).await.map(Value::from);
                let want = self.reference.model.discard(&name).map(Value::from);
                ("discard", judge(&want, &got))
            }
        };
        let found = self.divergence(place, Interface::Backend, function, None, mismatch?);
        Some(Divergence { call: step.to_string(), ..found })
    }

    /// Makes a call, unless no clause says what becomes of it.
    pub(crate) async fn call(&mut self, place: usize, call: &Call) -> Option<Divergence> {
        let now = self.clock.now();
        self.reference.model.state().now = now;
        let state = self.reference.model.state();
        if !state.space().is_some_and(|space| promised::is_promised(call, space)) {
            return None;
        }
        let answer = caught(async { call.on(self.backend).await.transpose() }).await.transpose()?;
        let mismatch = self.compare(call, answer);
        if let Some(mismatch) = mismatch {
            let (interface, function) = (call.interface(), call.function());
            let found = self.divergence(place, interface, function, Some(call), mismatch);
            return Some(Divergence { call: call.to_string(), ..found });
        }
        self.follow(call).await
    }

    fn compare(&mut self, call: &Call, got: Result<Value>) -> Option<Mismatch> {
        let mut notes = Notes::default();
        call.note(&mut notes);
        let refused = got.as_ref().err().and_then(CallError::kind);
        let is_read = promised::is_read(call.function());
        let is_refused = refused == Some(ErrorKind::InvalidArgument) && notes.may_be_refused;
        if is_refused && !is_read {
            // BACKEND-2: nothing was changed.
            return None;
        }
        let space = self.reference.model.state().space()?;
        if !is_refused && let Some(mismatch) = compare::free_key(call, &got, space) {
            return mismatch;
        }
        let want = call.on_model(&mut self.reference.model);
        if is_refused && want.as_ref().is_ok_and(Value::is_empty) {
            // What cannot be stored need not be looked for.
            return None;
        }
        let mismatch = match (want, got) {
            (Ok(want), Ok(got)) => {
                let (want, got) = compare::relaxed(call, want, got, &mut self.reference);
                judge(&Ok(want), &Ok(got))
            }
            (want, got) => judge(&want, &got),
        };
        if mismatch.is_none() {
            self.reference.note_skip(call);
        }
        mismatch
    }

    fn divergence(
        &mut self,
        step: usize,
        interface: Interface,
        function: &str,
        call: Option<&Call>,
        mismatch: Mismatch,
    ) -> Divergence {
        let Mismatch { expected, got, kind } = mismatch;
        let difference = difference::first(&expected.in_lines, &got.in_lines);
        if let Some(call) = call {
            call.note(&mut self.history.notes);
        }
        let (want, have) = (&expected.in_lines, &got.in_lines);
        let symptom = Symptom { interface, function, kind, expected: want, got: have, call };
        let clauses = blame::clauses(&self.history, &symptom);
        let (function, call, before) = (function.to_owned(), String::new(), Vec::new());
        let (expected, got) = (expected.in_one_line, got.in_one_line);
        Divergence {
            step,
            interface,
            function,
            call,
            before,
            expected,
            got,
            kind,
            difference,
            clauses,
        }
    }

    /// Where the contract leaves open what a call does, asks the backend what it did and lets the
    /// model follow.
    async fn follow(&mut self, call: &Call) -> Option<Divergence> {
        for question in promised::open_questions(call, self.reference.model.state().space()?) {
            let answer = question.call.on(self.backend);
            let answer = caught(async { Ok(answer.await) }).await;
            if let Ok(Some(Ok(value))) = answer {
                (question.follow)(self.reference.model.state().space()?, &value);
            }
        }
        None
    }

    async fn read_everything(&mut self, program: &Program) -> Option<Divergence> {
        let place = program.steps.len();
        let mut notes = Notes::default();
        let mut opened = BTreeSet::from([0]);
        for step in &program.steps {
            match step {
                Step::Call(call) => call.note(&mut notes),
                Step::Open { namespace, .. } => {
                    opened.insert(*namespace);
                }
                Step::Move(_) | Step::Discard(_) => {}
            }
        }
        let reads = sweep::reads(&notes, self.clock.now());
        let found = self.read(place, &reads).await;
        if found.is_some() {
            return found;
        }
        for number in opened.into_iter().filter(|_| program.opens()) {
            let opening = Step::Open { namespace: number, flows: Vec::new() };
            let found = self.step(place, &opening).await;
            if found.is_some() {
                return found;
            }
            let found = self.read(place, &reads).await;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Makes the calls of a reading, some of which must write to learn something.
    async fn read(&mut self, place: usize, reads: &[Call]) -> Option<Divergence> {
        let mut before = Vec::new();
        for call in reads {
            if let Some(found) = self.call(place, call).await {
                return Some(Divergence { before, ..found });
            }
            if !promised::is_read(call.function()) {
                before.push(call.to_string());
            }
        }
        None
    }
}

impl History {
    fn add(&mut self, step: &Step) {
        let write = match step {
            Step::Move(_) => return,
            Step::Open { .. } => (Interface::Backend, "open"),
            Step::Discard(_) => (Interface::Backend, "discard"),
            Step::Call(call) => {
                call.note(&mut self.notes);
                (call.interface(), call.function())
            }
        };
        if !promised::is_read(write.1) {
            self.writes.push(write);
        }
    }
}

impl Reference {
    fn note_skip(&mut self, call: &Call) {
        let Some((run, key)) = promised::skipped_step(call) else { return };
        let id = (run, key.to_owned());
        let attempts = self.model.state().space().and_then(|space| space.attempts.get(&id));
        let number = attempts.map_or(0, Vec::len);
        self.skips.insert((run, key.to_owned(), number));
    }
}

/// Errors count by their kind: their texts are for people.
pub(crate) fn judge(
    want: &std::result::Result<Value, Error>,
    got: &Result<Value>,
) -> Option<Mismatch> {
    match (want, got) {
        (Ok(want), Ok(got)) if want == got => None,
        (Err(want), Err(CallError::Answered(got))) if want.kind() == got.kind() => None,
        (Ok(want), _) => Some(Mismatch::new(want, got)),
        (Err(want), _) => Some(Mismatch::new(want, got)),
    }
}

/// A panic of a native backend ends its call like a trap.
async fn caught<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => {
            let message = format!("the backend panicked: {}", panic_text(panic.as_ref()));
            Err(Interruption { kind: InterruptionKind::Trap, message, backtrace: None }.into())
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
