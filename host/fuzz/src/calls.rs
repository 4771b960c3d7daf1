use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use chrono::DateTime;
use plimsoll_contract::{
    FlowDefinition, FlowEvent, FlowId, Instant, ManualClock, Page, RunId, RunStatus,
    RunTimeseriesGranularity, ScheduleState, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionQuery, for_each_function,
};
use plimsoll_host::{Host, InstanceOptions, Options, Plugin};
use plimsoll_programs::{Call, Move, NAMESPACES, Own, Program, Step, calls as functions, run};

use crate::draw::Draw;

/// The steps that a program has at the most.
const STEPS: usize = 60;

static GUEST: LazyLock<Plugin> = LazyLock::new(|| {
    let loaded = crate::block_on(async {
        let bytes = std::fs::read(plimsoll_guests::MEMORY).map_err(|error| error.to_string())?;
        let host = Host::new(Options::default()).map_err(|error| error.to_string())?;
        host.load(&bytes).await.map_err(|error| error.to_string())
    });
    loaded.unwrap_or_else(|message| panic!("no guest: {message}"))
});

/// Makes calls of the bytes, arguments and all, and hands them to a certified guest: it answers
/// each as the model does.
///
/// # Panics
///
/// On a finding.
pub fn calls(bytes: &[u8]) {
    let Ok(program) = program(&mut Unstructured::new(bytes)) else { return };
    // Loaded before, since it waits for itself.
    let plugin = &*GUEST;
    crate::block_on(async {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        let options =
            InstanceOptions { clock: Arc::<ManualClock>::clone(&clock), random_seed: Some(0) };
        let made = plugin.instantiate(options).await;
        let guest = made.unwrap_or_else(|error| panic!("no instance: {error}"));
        if let Some(divergence) = run(&program, &guest, &clock, "fuzz").await {
            panic!("{program}\n{divergence}");
        }
    });
}

fn program(u: &mut Unstructured<'_>) -> Result<Program> {
    let mut steps = Vec::new();
    while !u.is_empty() && steps.len() < STEPS {
        steps.push(match u.int_in_range(0..=15)? {
            0 => Step::Move(Move::By(u.arbitrary()?)),
            1 => Step::Move(Move::To(Instant::draw(u)?)),
            2 => Step::Open { namespace: u.choose_index(NAMESPACES)?, flows: Vec::draw(u)? },
            3 => Step::Discard(u.choose_index(NAMESPACES)?),
            _ => Step::Call(call(u)?),
        });
    }
    Ok(Program { steps })
}

macro_rules! drawn {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        fn call(u: &mut Unstructured<'_>) -> Result<Call> {
            type Drawn = fn(&mut Unstructured<'_>) -> Result<Call>;
            let all: &[Drawn] = &[$($(|_u| Ok(functions::$interface::$method {
                $($argument: <<fn($type) as Own>::Owned as Draw>::draw(_u)?),*
            }.into()),)*)*];
            u.choose(all)?(u)
        }
    };
}

use std::time::Duration;
for_each_function!(drawn);
