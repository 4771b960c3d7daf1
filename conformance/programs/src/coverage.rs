use plimsoll_contract::{Answer, Error, OpenConfig};
use plimsoll_model::{Backend, Model, Spec};

use crate::pools::START;
use crate::value::Value;
use crate::{Program, Step, program, promised};

/// How every step of a program ends on the model: the function, and which of its ways to answer it
/// took. A function that answers nothing has `changed` something or left it `unchanged`. Steps
/// that are not promised are left out.
#[must_use]
pub fn outcomes(program: &Program) -> Vec<(String, String)> {
    let mut model = Model::default();
    model.state().now = START;
    // A model opens whatever it is asked to but for doubled flows, which are not here.
    let _ = model.open(&OpenConfig::namespace("namespace"));
    program.steps.iter().filter_map(|step| outcome(step, &mut model)).collect()
}

fn outcome(step: &Step, model: &mut Model) -> Option<(String, String)> {
    let before = format!("{:?}", model.state());
    let (function, answer) = match step {
        Step::Move(by) => {
            let state = model.state();
            state.now = by.from(state.now);
            return None;
        }
        Step::Open { namespace, flows } => {
            let name = program::namespace("namespace", *namespace);
            let registered_flows = flows.clone();
            let config = OpenConfig { registered_flows, ..OpenConfig::namespace(name) };
            ("backend.open".to_owned(), model.open(&config).map(Value::from))
        }
        Step::Discard(namespace) => {
            let name = program::namespace("namespace", *namespace);
            ("backend.discard".to_owned(), model.discard(&name).map(Value::from))
        }
        Step::Call(call) => {
            let space = model.state().space()?;
            if !promised::is_promised(call, space) {
                return None;
            }
            let function = format!("{}.{}", call.interface(), call.function());
            (function, call.on_model(model))
        }
    };
    let changed = before != format!("{:?}", model.state());
    Some((function, class(&answer, changed).to_owned()))
}

fn class(answer: &Answer<Value>, changed: bool) -> &'static str {
    match answer {
        Ok(Value::Nothing(())) if changed => "changed",
        Ok(Value::Nothing(())) => "unchanged",
        Ok(value) => value.class(),
        Err(Error::NotFound) => "not-found",
        Err(Error::AlreadyExists) => "already-exists",
        Err(Error::InvalidArgument(_)) => "invalid-argument",
        Err(_) => "another error",
    }
}
