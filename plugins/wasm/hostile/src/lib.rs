//! Not a wrong backend but a dangerous one: it does to its host what it is asked to. The trigger
//! key of `try-register` names a misdeed, and so does the reason of `query-recent`; the window of
//! `counts-by-reason` chooses what to look at.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "plimsoll:hostile/hostile",
    generate_all,
});

mod files;
mod misdeeds;
mod network;

use exports::flow::storage::backend::{self, Description, OpenConfig, StateLocation};
use exports::flow::storage::webhook_rejection_store::{
    self, Page, Uuid, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use exports::flow::storage::webhook_replay_store::{self, Instant};
use flow::storage::types::Error;
use wasi::cli::environment;
use wasi::clocks0_2_0::wall_clock;
use wasi::filesystem::preopens;
use wasi::random::random;

use std::cell::RefCell;

struct Hostile;

export!(Hostile);

impl backend::Guest for Hostile {
    /// Where its state is, its environment says.
    fn describe() -> Result<Description, Error> {
        let is_shared = environment::get_environment().iter().any(|(name, _)| name == "SHARED");
        Ok(Description {
            name: "hostile".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: if is_shared { StateLocation::Shared } else { StateLocation::Instance },
            durable: false,
        })
    }

    /// Refuses a namespace that is called `refused`.
    fn open(config: OpenConfig) -> Result<(), Error> {
        if config.namespace == "refused" {
            return Err(Error::Other("as asked".to_owned()));
        }
        OPENED.with_borrow_mut(|opened| *opened = Some(config));
        Ok(())
    }

    fn discard(_namespace: String) -> Result<(), Error> {
        Ok(())
    }
}

impl webhook_replay_store::Guest for Hostile {
    fn try_register(
        _flow_id: Uuid,
        trigger_key: String,
        nonce: String,
        _expires_at: Instant,
    ) -> Result<bool, Error> {
        match trigger_key.as_str() {
            "trap" => panic!("as asked: {nonce}"),
            "spin" => spin(),
            "allocate" => allocate(),
            "recurse" => Ok(recurse(1) > 0),
            "drain-random" => Ok(!random::get_random_bytes(u64::MAX).is_empty()),
            other => Ok(misdeeds::commit(other).unwrap_or(true)),
        }
    }

    fn purge_expired(_now: Instant) -> Result<u64, Error> {
        Ok(0)
    }
}

#[allow(clippy::empty_loop, reason = "it is there to be stopped")]
fn spin() -> ! {
    loop {}
}

fn allocate() -> Result<bool, Error> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}

#[allow(unconditional_recursion, reason = "it is there to exhaust the stack")]
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + frame[0]
}

impl webhook_rejection_store::Guest for Hostile {
    fn write(_rejection: WebhookRejection) -> Result<(), Error> {
        Ok(())
    }

    fn query_recent(
        _flow_id: Option<Uuid>,
        reason: Option<String>,
        _include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>, Error> {
        match reason.as_deref() {
            Some("flood") => Ok(vec![row(0); page.take.unwrap_or_default() as usize]),
            Some("no-instant") => Ok(vec![row(2_000_000_000)]),
            _ => Ok(Vec::new()),
        }
    }

    /// Traps without being asked.
    fn query(filter: WebhookRejectionQuery) -> Result<WebhookRejectionPage, Error> {
        panic!("no query is answered: {filter:?}")
    }

    fn counts_by_reason(window: u64) -> Result<Vec<(String, u64)>, Error> {
        let seen = match window {
            0 => vec![
                ("environment", environment::get_environment().len() as u64),
                ("arguments", environment::get_arguments().len() as u64),
                ("directories", preopens::get_directories().len() as u64),
            ],
            1 => vec![("random", random::get_random_u64())],
            3 => return Ok(opened()),
            4 => return Ok(await_the_year_2000()),
            5 => return Ok(files::look()),
            // Above come the ports of this machine.
            10_000..=75_535 => return Ok(network::look((window - 10_000) as u16)),
            _ => vec![("clock", wall_clock::now().seconds)],
        };
        Ok(seen.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

thread_local! {
    static OPENED: RefCell<Option<OpenConfig>> = const { RefCell::new(None) };
}

/// What the last `open` of this instance was given.
fn opened() -> Vec<(String, u64)> {
    OPENED.with_borrow(|opened| {
        let Some(OpenConfig { namespace, settings, .. }) = opened else { return Vec::new() };
        let settings = settings.iter().map(|(name, value)| (format!("{name}={value}"), 1));
        std::iter::once((namespace.clone(), 0)).chain(settings).collect()
    })
}

/// Works until the clock shows that year.
fn await_the_year_2000() -> Vec<(String, u64)> {
    while wall_clock::now().seconds < 946_684_800 {}
    opened()
}

fn row(nanoseconds: u32) -> WebhookRejection {
    WebhookRejection {
        id: 1,
        flow_id: None,
        trigger_key: None,
        received_at: Instant { seconds: 0, nanoseconds },
        remote_ip: None,
        reason: "flood".to_owned(),
        status_code: 401,
        body_bytes: 0,
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: None,
        is_accepted: false,
    }
}
