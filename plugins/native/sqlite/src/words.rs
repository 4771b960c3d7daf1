//! Reads the runs that are over into the table that searches look in.
//!
//! To read a run with each of its writes would cost as much as the writes. So they only note that
//! it is unread, and it is read once it is over, with others, between groups of writes.

use std::time::{Duration, Instant};

use plimsoll_contract::{Answer, Error};
use sqlx::SqliteConnection;

use crate::database::{Select, all, execute};

/// How many runs are read in one transaction at the most.
const BATCH: i64 = 64;

/// How long writers wait for it, and for one run more.
const BUDGET: Duration = Duration::from_millis(10);

const UNREAD: &str = "SELECT number FROM flow_runs_unread WHERE is_over LIMIT ?1";

const READ: &str = "INSERT OR REPLACE INTO flow_run_words (rowid, words)
                    SELECT number, words FROM flow_run_texts WHERE number = ?1";

/// Reads some of the runs, in the transaction that is open; whether there may be more.
///
/// # Errors
///
/// `unavailable`, after which the transaction has to be undone.
pub(crate) async fn read_some(connection: &mut SqliteConnection) -> Answer<bool> {
    let began = Instant::now();
    let unread = all::<(i64,)>(connection, Select::of(sqlx::query(UNREAD).bind(BATCH))).await?;
    let mut left = unread.len();
    for (number,) in &unread {
        read(connection, *number).await?;
        left -= 1;
        if began.elapsed() > BUDGET {
            break;
        }
    }
    Ok(left > 0 || unread.len() as i64 == BATCH)
}

async fn read(connection: &mut SqliteConnection, number: i64) -> Answer<()> {
    let after = match execute(connection, sqlx::query(READ).bind(number)).await {
        Ok(_) => "DELETE FROM flow_runs_unread WHERE number = ?1",
        Err(error @ Error::Unavailable(_)) => return Err(error),
        // What is too long to be put together stays unread, and every search looks at it.
        Err(_) => "UPDATE flow_runs_unread SET is_over = 0 WHERE number = ?1",
    };
    execute(connection, sqlx::query(after).bind(number)).await?;
    Ok(())
}
