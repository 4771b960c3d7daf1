//! The one connection that writes, and the task that owns it.
//!
//! Whatever waits is committed together: one `fsync` for a group, however many callers wrote. No
//! two writers of one backend ever meet in the file, and a caller that goes away leaves its write
//! to be finished.
//!
//! What nobody waits for goes behind: one job at a time, in a transaction of its own, after the
//! group that waits. Its commit is not synced; that of the next group syncs it too.

use futures_util::future::BoxFuture;
use plimsoll_contract::{Answer, Error};
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::connect::Connector;
use crate::error;
use crate::gate::{Gate, Turn};
use crate::words;

/// How many jobs wait at the most before callers wait to enter theirs.
const QUEUE: usize = 256;

/// How many jobs are committed together at the most, so that no caller waits for too many others.
const GROUP: usize = 64;

/// How many jobs pass before runs are read that are over: enough for some runs to have ended.
const PAUSE: usize = 256;

/// A commit neither waits for the disk nor moves what was written into the file.
const BEHIND: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0";

/// As it is without these pragmas, but for what `Connector::writer` sets.
const AHEAD: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000";

/// How much of a group a job that fails takes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One statement, which SQLite undoes by itself.
    Statement,
    /// Several, which a savepoint holds together.
    Savepoint,
}

/// Something to do on the connection that writes.
trait Job: Send {
    fn shape(&self) -> Shape;

    /// Does it, keeps the answer, and shows it if it is an error.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, Answer<()>>;

    /// Hands the answer over: the one of `run`, if the group was committed.
    fn end(self: Box<Self>, committed: Answer<()>);
}

type Group = Vec<Box<dyn Job>>;
type Entrance = mpsc::Sender<Box<dyn Job>>;
type Queue = mpsc::Receiver<Box<dyn Job>>;

struct Task<T, W> {
    shape: Shape,
    work: Option<W>,
    answer: Option<Answer<T>>,
    reply: oneshot::Sender<Answer<T>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send,
{
    fn shape(&self) -> Shape {
        self.shape
    }

    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(()) };
            let answer = self.answer.insert(work(connection).await);
            answer.as_ref().map(|_| ()).map_err(Clone::clone)
        })
    }

    fn end(self: Box<Self>, committed: Answer<()>) {
        let Self { answer, reply, .. } = *self;
        // Nobody listens when the caller went away.
        let _ = reply.send(committed.and_then(|()| answer.unwrap_or_else(|| Err(stopped()))));
    }
}

/// The way to the task that writes. The task ends when this is dropped.
pub(crate) struct Writer {
    jobs: Entrance,
    behind: Entrance,
}

impl Writer {
    /// Starts the task. It makes a new connection when one breaks.
    pub(crate) fn start(connection: SqliteConnection, connector: Connector) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (behind, behind_queue) = mpsc::channel(QUEUE);
        tokio::spawn(Loop::new(connection, connector).run(queue, behind_queue));
        Self { jobs, behind }
    }

    /// Whether the task has ended, which it does with the runtime that it was started on.
    pub(crate) fn has_stopped(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Does `work` in a transaction, and answers when that is committed.
    pub(crate) async fn run<T, W>(&self, shape: Shape, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        enter(&self.jobs, shape, work).await
    }

    /// Does `work` in a transaction of its own, after those that wait, and answers when that is
    /// committed. A loss of power may undo it, until something that [`run`](Self::run) did after it
    /// is committed.
    pub(crate) async fn run_behind<T, W>(&self, shape: Shape, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        enter(&self.behind, shape, work).await
    }
}

async fn enter<T, W>(queue: &Entrance, shape: Shape, work: W) -> Answer<T>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Box::new(Task { shape, work: Some(work), answer: None, reply });
    queue.send(job).await.map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

fn stopped() -> Error {
    Error::Unavailable("the task that writes has stopped; open the backend again".to_owned())
}

struct Loop {
    connection: SqliteConnection,
    connector: Connector,
    /// None in memory, which nobody else writes to.
    gate: Option<Gate>,
    is_broken: bool,
    /// How many jobs were done since runs were read.
    unread: usize,
}

impl Loop {
    fn new(connection: SqliteConnection, connector: Connector) -> Self {
        let gate = connector.gate();
        Self { connection, connector, gate, is_broken: false, unread: PAUSE }
    }

    async fn run(mut self, mut queue: Queue, mut behind: Queue) {
        let mut group = Vec::new();
        loop {
            let is_behind = tokio::select! {
                biased;
                taken = queue.recv_many(&mut group, GROUP) => match taken {
                    0 => break,
                    _ => false,
                },
                Some(job) = behind.recv() => {
                    group.push(job);
                    true
                }
            };
            if is_behind {
                self.do_behind(&mut group).await;
                continue;
            }
            self.do_group(&mut group, &mut queue).await;
            // Else callers that never pause would keep it waiting for ever.
            if let Ok(job) = behind.try_recv() {
                group.push(job);
                self.do_behind(&mut group).await;
            }
        }
        // Nobody is left to be told.
        let _ = self.connection.close().await;
    }

    async fn do_group(&mut self, group: &mut Group, queue: &mut Queue) {
        let turn = self.begin(group, Some(&mut *queue)).await;
        let committed = match &turn {
            Ok(_) => self.commit(group).await,
            Err(error) => {
                // The others have waited as long as the group, and would wait as long again.
                while let Ok(job) = queue.try_recv() {
                    group.push(job);
                }
                Err(error.clone())
            }
        };
        self.unread += group.len();
        for job in group.drain(..) {
            job.end(committed.clone());
        }
        if committed.is_ok() && self.unread >= PAUSE {
            self.read_runs().await;
        }
    }

    /// Does the one job of the group; the disk may take its time to keep it.
    async fn do_behind(&mut self, group: &mut Group) {
        let turn = self.begin(group, None).await;
        let committed = match &turn {
            Ok(_) => self.commit(group).await,
            Err(error) => Err(error.clone()),
        };
        // Without it, what is acknowledged might not last; a new connection has it.
        let is_full = self.set(AHEAD).await.is_ok();
        self.is_broken |= !is_full;
        for job in group.drain(..) {
            job.end(committed.clone());
        }
    }

    /// Says what a commit waits for. SQLite obeys while it reads these pragmas, so that a statement
    /// that is kept would do it only once.
    async fn set(&mut self, pragmas: &'static str) -> Answer<()> {
        let done = self.connection.execute(sqlx::raw_sql(pragmas)).await;
        done.map(|_| ()).map_err(error::unavailable)
    }

    /// Waits for the file, and takes whatever else has come meanwhile; nothing goes behind together.
    async fn begin(
        &mut self,
        group: &mut Group,
        mut queue: Option<&mut Queue>,
    ) -> Answer<Option<Turn>> {
        let turn = match &self.gate {
            Some(gate) => Some(gate.turn().await?),
            None => None,
        };
        if let Some(queue) = &mut queue {
            while group.len() < GROUP
                && let Ok(job) = queue.try_recv()
            {
                group.push(job);
            }
        }
        if self.is_broken && self.connector.can_reconnect() {
            self.connection = self.connector.writer().await?;
            self.is_broken = false;
        }
        if queue.is_none() {
            self.set(BEHIND).await?;
        }
        if !is_its_own_transaction(group) {
            self.execute("BEGIN IMMEDIATE").await?;
        }
        Ok(turn)
    }

    /// Does all jobs of a group in one transaction. An error is of the whole group.
    async fn commit(&mut self, group: &mut Group) -> Answer<()> {
        let is_its_own = is_its_own_transaction(group);
        let done = match group.as_mut_slice() {
            [job] if is_its_own => fatal(job.run(&mut self.connection).await),
            [job] => self.do_alone(job.as_mut()).await,
            jobs => self.do_together(jobs).await,
        };
        if done.is_err() {
            self.roll_back().await;
        }
        done
    }

    async fn do_alone(&mut self, job: &mut dyn Job) -> Answer<()> {
        let ran = job.run(&mut self.connection).await;
        let end = if ran.is_ok() { "COMMIT" } else { "ROLLBACK" };
        fatal(ran)?;
        self.execute(end).await
    }

    async fn do_together(&mut self, jobs: &mut [Box<dyn Job>]) -> Answer<()> {
        for job in jobs {
            self.do_beside_others(job.as_mut()).await?;
        }
        self.execute("COMMIT").await
    }

    /// In a savepoint where it takes one, so that its error undoes nothing but itself.
    async fn do_beside_others(&mut self, job: &mut dyn Job) -> Answer<()> {
        let is_held = job.shape() == Shape::Savepoint;
        if is_held {
            self.execute("SAVEPOINT job").await?;
        }
        let ran = job.run(&mut self.connection).await;
        let failed = ran.is_err();
        fatal(ran)?;
        if is_held && failed {
            self.execute("ROLLBACK TO job").await?;
        }
        if is_held {
            self.execute("RELEASE job").await?;
        }
        Ok(())
    }

    /// Reads runs that are over, while the turn is ours. What fails is tried again later.
    async fn read_runs(&mut self) {
        self.unread = 0;
        let read = async {
            self.execute("BEGIN IMMEDIATE").await?;
            let more = words::read_some(&mut self.connection).await?;
            self.execute("COMMIT").await?;
            Ok::<_, Error>(more)
        };
        match read.await {
            Ok(true) => self.unread = PAUSE,
            Ok(false) => {}
            Err(_) => self.roll_back().await,
        }
    }

    async fn execute(&mut self, statement: &'static str) -> Answer<()> {
        let done = self.connection.execute(sqlx::query(statement)).await;
        done.map(|_| ()).map_err(error::unavailable)
    }

    async fn roll_back(&mut self) {
        let rolled_back = self.connection.execute(sqlx::query("ROLLBACK")).await;
        // SQLite ends a transaction by itself when the disk is full; then there is none left. Any
        // other error leaves it open who knows where: the connection is replaced.
        self.is_broken = rolled_back.is_err_and(|error| !error::is_generic(&error));
    }
}

/// One statement alone needs no more than SQLite makes of it by itself.
fn is_its_own_transaction(group: &Group) -> bool {
    matches!(group.as_slice(), [job] if job.shape() == Shape::Statement)
}

/// The error of a job that breaks the transaction: SQLite may have ended it by itself, and what
/// followed would not be in one. Any other error is an answer.
fn fatal(ran: Answer<()>) -> Answer<()> {
    match ran {
        Err(error @ Error::Unavailable(_)) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
