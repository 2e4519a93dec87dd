//! The only way to change anything: actions, each a transaction that is committed before its caller hears of it.
//!
//! SQLite has one writer. It takes whatever waits (at most [`GROUP`]), runs the actions one by one, each in its own savepoint where
//! one of them fails, and commits them together: while one group is being synced to disk the next one gathers, so the sync is shared under load and nobody waits
//! for a timer when alone. PostgreSQL runs actions side by side, one transaction each.
//!
//! An action is run again, up to [`RUNS`] times, when another writer was first; it must therefore decide from what it reads
//! in its own transaction, and have no other effect. A failed commit fails every member of its group. A caller that goes away
//! cancels nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::error::{Error, Result};
use crate::metrics::Commits;
use crate::store::db::Backend;
use crate::store::event::{self, NewEvent};

/// At most so many actions share a commit: a bound on how long the first one waits for the last.
const GROUP: usize = 64;
/// How often an action is run before a conflict is the caller's to hear.
const RUNS: usize = 3;
/// Actions that may wait for the writer; more callers wait to hand theirs in.
const WAITING: usize = 1024;

/// An open transaction, as actions and store functions see it.
pub struct Tx<'c> {
    connection: &'c mut AnyConnection,
    backend: Backend,
    told: Vec<NewEvent>,
}

impl Tx<'_> {
    /// The connection, for statements.
    pub fn db(&mut self) -> &mut AnyConnection {
        self.connection
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Tells an event. It gets its number when the transaction is about to be committed.
    pub fn tell(&mut self, event: NewEvent) {
        self.told.push(event);
    }

    /// What was told so far; the transaction then holds nothing of it.
    pub(crate) fn take_told(&mut self) -> Vec<NewEvent> {
        std::mem::take(&mut self.told)
    }
}

/// What an action does. It may run more than once.
pub type Act<T> = Box<dyn for<'t, 'c> Fn(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T>> + Send + Sync>;

/// Hands actions to the database.
#[derive(Clone)]
pub struct Writer {
    kind: Kind,
    commits: Arc<Commits>,
}

#[derive(Clone)]
enum Kind {
    Grouping { queue: mpsc::Sender<Box<dyn Pending>>, done: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>> },
    Parallel { pool: AnyPool, turns: Arc<Semaphore> },
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            Kind::Grouping { .. } => "Writer(grouping)",
            Kind::Parallel { .. } => "Writer(parallel)",
        })
    }
}

impl Writer {
    /// One connection, commits shared by groups.
    pub fn grouping(connection: AnyConnection) -> Writer {
        let (queue, waiting) = mpsc::channel(WAITING);
        let commits = Arc::new(Commits::default());
        let task = tokio::spawn(write_groups(connection, waiting, commits.clone()));
        Writer { kind: Kind::Grouping { queue, done: Arc::new(Mutex::new(Some(task))) }, commits }
    }

    /// Many connections, a transaction for each action.
    pub fn parallel(pool: AnyPool) -> Writer {
        let kind = Kind::Parallel { pool, turns: Arc::new(Semaphore::new(WAITING)) };
        Writer { kind, commits: Arc::default() }
    }

    /// What is counted of its commits.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Runs an action. When this answers `Ok`, what it did is on disk.
    pub async fn run<T, F>(&self, act: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t, 'c> Fn(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        match &self.kind {
            Kind::Grouping { queue, .. } => {
                let (answer, answered) = oneshot::channel();
                let pending = Action { act: Box::new(act), made: None, answer: Some(answer) };
                queue.send(Box::new(pending)).await.map_err(|_| Error::Stopping)?;
                answered.await.map_err(|_| Error::Stopping)?
            }
            Kind::Parallel { pool, turns } => {
                let turn = turns.clone().acquire_owned().await.map_err(|_| Error::Stopping)?;
                // A task of its own: a caller that goes away must not leave a transaction half way.
                let (pool, commits) = (pool.clone(), self.commits.clone());
                let write = async move {
                    let outcome = write_alone(&pool, &commits, Box::new(act)).await;
                    drop(turn);
                    outcome
                };
                tokio::spawn(write).await.map_err(|cause| Error::NotCommitted(cause.to_string()))?
            }
        }
    }

    /// Lets what waits finish, then stops.
    pub async fn close(&self) {
        match &self.kind {
            Kind::Grouping { queue, done } => {
                let (answer, _) = oneshot::channel();
                // An empty action behind the last real one closes the queue from the writer's side.
                let _ = queue.send(Box::new(Close { answer: Some(answer) })).await;
                if let Some(task) = done.lock().await.take() {
                    let _ = task.await;
                }
            }
            Kind::Parallel { pool, turns } => {
                // Whoever had a turn has been answered when all turns are ours; who comes later hears that the hub is stopping.
                let all = turns.acquire_many(u32::try_from(WAITING).expect("a thousand fits")).await;
                turns.close();
                drop(all);
                pool.close().await;
            }
        }
    }
}

/// An action that waits in the queue, its type forgotten.
trait Pending: Send {
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<()>>;
    fn answer(self: Box<Self>, outcome: Result<()>);
    fn closes(&self) -> bool {
        false
    }
}

struct Action<T> {
    act: Act<T>,
    made: Option<T>,
    answer: Option<oneshot::Sender<Result<T>>>,
}

impl<T: Send + 'static> Pending for Action<T> {
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            self.made = Some((self.act)(tx).await?);
            Ok(())
        })
    }

    fn answer(mut self: Box<Self>, outcome: Result<()>) {
        let made = self.made.take();
        let answer = self.answer.take().expect("an action is answered once");
        let _ = answer.send(outcome.and_then(|()| made.ok_or_else(|| Error::NotCommitted("the action did not run".into()))));
    }
}

struct Close {
    answer: Option<oneshot::Sender<()>>,
}

impl Pending for Close {
    fn run<'t>(&'t mut self, _: &'t mut Tx<'_>) -> BoxFuture<'t, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn answer(mut self: Box<Self>, _: Result<()>) {
        self.answer.take();
    }

    fn closes(&self) -> bool {
        true
    }
}

async fn write_groups(mut connection: AnyConnection, mut waiting: mpsc::Receiver<Box<dyn Pending>>, commits: Arc<Commits>) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let closes = group.iter().any(|pending| pending.closes());
        let begun = Instant::now();
        let (outcomes, committed) = match write_group(&mut connection, &mut group).await {
            Ok((outcomes, told)) => {
                commits.committed(group.len(), begun.elapsed(), &told);
                (outcomes, Ok(()))
            }
            Err(cause) => {
                commits.failed();
                let _ = connection.execute("ROLLBACK").await;
                (Vec::new(), Err(cause.to_string()))
            }
        };
        let mut outcomes = outcomes.into_iter();
        for pending in group.drain(..) {
            pending.answer(match &committed {
                Ok(()) => outcomes.next().unwrap_or_else(|| Err(Error::NotCommitted("no outcome".into()))),
                Err(cause) => Err(Error::NotCommitted(cause.clone())),
            });
        }
        if closes {
            break;
        }
    }
    let _ = connection.close().await;
}

/// What became of each member of a group, and the kinds of events that they told.
type Written = (Vec<Result<()>>, Vec<&'static str>);

/// Nearly every group has no action that fails, and needs no savepoints: two statements less for each. A group that has one is begun
/// anew with them, so that the failure undoes only itself.
async fn write_group(connection: &mut AnyConnection, group: &mut [Box<dyn Pending>]) -> Result<Written> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let mut tx = Tx { connection, backend: Backend::Sqlite, told: Vec::new() };
    let mut ran = 0;
    let mut outcomes = Vec::with_capacity(group.len());
    for pending in group.iter_mut() {
        ran += 1;
        outcomes.push(once(&mut tx, pending.as_mut()).await);
        if outcomes.last().is_some_and(Result::is_err) {
            break;
        }
    }
    if outcomes.last().is_some_and(Result::is_err) {
        tx.told.clear();
        tx.connection.execute("ROLLBACK").await?;
        tx.connection.execute("BEGIN IMMEDIATE").await?;
        outcomes.clear();
        for (place, pending) in group.iter_mut().enumerate() {
            outcomes.push(in_savepoint(&mut tx, pending.as_mut(), usize::from(place < ran)).await?);
        }
    }
    let told = event::write(&mut tx).await?;
    crate::failpoint!("before_commit");
    connection.execute("COMMIT").await?;
    crate::failpoint!("after_commit");
    Ok((outcomes, told))
}

/// Runs one action. A panic is an error of this action's like any other: its neighbours and the writer go on.
async fn once(tx: &mut Tx<'_>, pending: &mut dyn Pending) -> Result<()> {
    let outcome = AssertUnwindSafe(pending.run(tx)).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Error::NotCommitted("the action panicked".into())))
}

/// Runs one action, which ran so often before, so that its failure undoes only itself. The outer error is the transaction's.
async fn in_savepoint(tx: &mut Tx<'_>, pending: &mut dyn Pending, mut runs: usize) -> Result<Result<()>> {
    loop {
        runs += 1;
        let told = tx.told.len();
        tx.connection.execute("SAVEPOINT action").await?;
        match once(tx, pending).await {
            Ok(()) => {
                tx.connection.execute("RELEASE action").await?;
                return Ok(Ok(()));
            }
            Err(cause) => {
                tx.told.truncate(told);
                tx.connection.execute("ROLLBACK TO action").await?;
                tx.connection.execute("RELEASE action").await?;
                if !(cause.is_retryable() && runs < RUNS) {
                    return Ok(Err(cause));
                }
            }
        }
    }
}

async fn write_alone<T>(pool: &AnyPool, commits: &Commits, act: Act<T>) -> Result<T> {
    let mut runs = 0;
    loop {
        runs += 1;
        let mut transaction = pool.begin().await?;
        let begun = Instant::now();
        let mut tx = Tx { connection: &mut transaction, backend: Backend::Postgres, told: Vec::new() };
        let outcome = match act(&mut tx).await {
            Ok(made) => event::write(&mut tx).await.map(|told| (made, told)),
            Err(cause) => Err(cause),
        };
        let outcome = match outcome {
            Ok((made, told)) => {
                crate::failpoint!("before_commit");
                let committed = transaction.commit().await;
                crate::failpoint!("after_commit");
                match committed {
                    Ok(()) => {
                        commits.committed(1, begun.elapsed(), &told);
                        Ok(made)
                    }
                    Err(cause) => {
                        commits.failed();
                        Err(Error::from(cause))
                    }
                }
            }
            Err(cause) => {
                let _ = transaction.rollback().await;
                Err(cause)
            }
        };
        match outcome {
            Err(cause) if cause.is_retryable() && runs < RUNS => {}
            other => return other,
        }
    }
}
