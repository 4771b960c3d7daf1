//! The open namespace: its state in memory and its log on disk, and how they are kept alike.

use std::cell::RefCell;
use std::mem;

use crate::calls::{Answer, Write};
use crate::exports::flow::storage::backend::{Guest, OpenConfig};
use crate::flow::storage::types::{Error, Instant};
use crate::log::Log;
use crate::state::with_state;
use crate::{Memory, clock, folder};

struct Session {
    config: OpenConfig,
    log: Log,
    /// The state in memory holds what the log does not, or the other way round.
    is_stale: bool,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Opens a namespace. If that fails, the one before stays open.
pub fn open(config: OpenConfig) -> Result<(), Error> {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) => session.log.cut(),
        None => Ok(()),
    })?;
    let log = load(&config)?;
    SESSION.set(Some(Session { config, log, is_stale: false }));
    Ok(())
}

/// Removes a namespace.
pub fn discard(namespace: &str) -> Result<(), Error> {
    // Once its file is gone, reading the log anew makes the open namespace an empty one.
    SESSION.with_borrow_mut(|session| {
        let open = session.as_mut().filter(|session| session.config.namespace == namespace);
        if let Some(session) = open {
            session.is_stale = true;
        }
    });
    folder::remove(namespace)?;
    refresh()
}

/// Answers from memory.
pub fn read<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    refresh()?;
    work()
}

/// Makes a change in memory and writes it down before it is answered. Nobody can look in between: an
/// instance is single-threaded, and when it ends its memory does too. What changes nothing, like a
/// lost claim, is not written down.
pub fn write<T: Answer>(
    write: &Write,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    refresh()?;
    let at = clock::now();
    let answer = clock::during(at, work)?;
    if answer.tells_of_a_change() {
        append(at, write)?;
    }
    Ok(answer)
}

fn append(at: Instant, write: &Write) -> Result<(), Error> {
    SESSION.with_borrow_mut(|session| {
        let Some(session) = session else { return Err(crate::state::not_open()) };
        let appended = write.encode(at).and_then(|payload| session.log.append(&payload));
        session.is_stale = appended.is_err();
        appended
    })
}

/// After a failure the state is made of the log again, which has what was acknowledged. While that
/// fails nothing is answered.
fn refresh() -> Result<(), Error> {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) if session.is_stale => {
            session.log.cut()?;
            session.log = load(&session.config)?;
            session.is_stale = false;
            Ok(())
        }
        _ => Ok(()),
    })
}

/// Makes the state in memory of the log. If that fails, the state stays as it was.
fn load(config: &OpenConfig) -> Result<Log, Error> {
    let before = with_state(mem::take);
    let loaded = Memory::open(config.clone())
        .and_then(|()| Log::open(&config.namespace, |payload| Write::replay(payload)));
    if loaded.is_err() {
        with_state(|state| *state = before);
    }
    loaded
}
