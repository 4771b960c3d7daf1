#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::*;
use crate::SqliteOptions;
use crate::database::{Select, all};

async fn writer() -> (TempDir, Arc<Writer>) {
    let folder = tempfile::tempdir().unwrap();
    let connector = Connector::new(SqliteOptions::file(folder.path().join("flow.db")));
    let writer = Writer::start(connector.writer().await.unwrap(), connector);
    (folder, Arc::new(writer))
}

/// What commits wait for, and how long a log they move.
async fn settings(connection: &mut SqliteConnection) -> Answer<(i64, i64)> {
    let (mut read, pragmas) = (Vec::new(), ["PRAGMA synchronous", "PRAGMA wal_autocheckpoint"]);
    for pragma in pragmas {
        // A statement that is kept would answer the same again.
        let select = Select::<(i64,)>::of(sqlx::query(pragma).persistent(false));
        read.extend(all(connection, select).await?);
    }
    Ok((read[0].0, read[1].0))
}

#[tokio::test]
async fn what_goes_behind_waits_for_nothing_and_the_rest_for_the_disk() {
    let (_folder, writer) = writer().await;
    let (behind, ahead) = ((1, 0), (2, 1000));
    let read = |shape| writer.run(shape, |connection| Box::pin(settings(connection)));
    let read_behind = |shape| writer.run_behind(shape, |connection| Box::pin(settings(connection)));
    for _ in 0..2 {
        for shape in [Shape::Statement, Shape::Savepoint] {
            assert_eq!(read(shape).await, Ok(ahead));
            assert_eq!(read_behind(shape).await, Ok(behind));
        }
    }
    for error in [Error::AlreadyExists, Error::Unavailable("the disk is full".to_owned())] {
        let failing = error.clone();
        let failed = writer.run_behind(Shape::Savepoint, move |_| {
            Box::pin(async move { Err::<(), Error>(failing) })
        });
        assert_eq!(failed.await, Err(error));
        assert_eq!(read(Shape::Statement).await, Ok(ahead));
    }
}

#[tokio::test]
async fn whoever_waits_is_answered_before_the_next_goes_behind() {
    let (_folder, writer) = writer().await;
    let (is_answered, is_free) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    // The first one holds the writer until the others have come.
    let holding = tokio::spawn(behind(Arc::clone(&writer), Arc::clone(&is_free)));
    tokio::task::yield_now().await;
    let next = tokio::spawn(behind(Arc::clone(&writer), Arc::clone(&is_answered)));
    let waiting = tokio::spawn({
        let (writer, is_answered) = (Arc::clone(&writer), Arc::clone(&is_answered));
        async move {
            let one = || writer.run(Shape::Savepoint, |connection| Box::pin(settings(connection)));
            let (first, second) = tokio::join!(one(), one());
            is_answered.store(true, Ordering::SeqCst);
            first.and(second)
        }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    is_free.store(true, Ordering::SeqCst);
    assert_eq!(holding.await.unwrap(), Ok(true));
    assert_eq!(
        next.await.unwrap(),
        Ok(true),
        "it went first, or kept the others from their commit"
    );
    assert_eq!(waiting.await.unwrap(), Ok((2, 1000)));
}

/// Does something behind that lasts until the flag is set; false if it never is.
async fn behind(writer: Arc<Writer>, flag: Arc<AtomicBool>) -> Answer<bool> {
    let until_set = writer.run_behind(Shape::Savepoint, move |_| {
        Box::pin(async move {
            for _ in 0..100_000 {
                if flag.load(Ordering::SeqCst) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            Ok(flag.load(Ordering::SeqCst))
        })
    });
    until_set.await
}
