//! Moves a hub to another database: every row of it, compared when it has arrived. Keys and large files stay where they are.

use std::path::Path;

use sqlx::Connection;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::lock::DataLock;
use crate::store::copy::{self, Progress, Tally};
use crate::store::{Backend, Db, job, restore};

/// Copies the database of a data folder to another address, in one transaction there: it arrives whole, or not at all, whenever
/// this ends. Nobody else may work on it meanwhile.
///
/// # Errors
/// A hub has the folder or, on PostgreSQL, works on the database; the target is not empty, or forgetful; what arrived is not what
/// was sent.
pub async fn copy_database(
    data: &Path,
    config: &Config,
    to: &str,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Vec<Tally>> {
    let _lock = DataLock::take(data)?.ok_or_else(|| {
        Error::CannotStart(format!("{} is in use; stop the hub first: what it writes meanwhile would be lost", data.display()))
    })?;
    let from = config.database_url(data);
    if from == to {
        return Err(Error::CannotStart("both addresses are the same database".into()));
    }
    let (here, there) = (Backend::of(&from)?, Backend::of(to)?);
    // Opening brings both to the newest schema, and refuses a database that may forget what it confirmed.
    let source = Db::open(&from).await?;
    let free = free_of_workers(&source, here).await;
    source.close().await;
    free?;
    Db::open(to).await?.close().await;
    let (mut source, mut target) = (Db::beside(&from).await?, Db::beside(to).await?);
    let copied = copy::copy((&mut source, here), (&mut target, there), progress).await?;
    source.close().await?;
    target.close().await?;
    Ok(copied)
}

/// The folder's lock proves that nobody else works on its SQLite file. PostgreSQL is shared, and says by its leases who works.
async fn free_of_workers(db: &Db, backend: Backend) -> Result<()> {
    match backend {
        Backend::Sqlite => db.writer().run(|tx| Box::pin(async move { job::release_all(tx).await.map(drop) })).await,
        Backend::Postgres => match restore::held(&mut *db.read().await?, Clock::new().machine_ms()).await? {
            0 => Ok(()),
            held => Err(Error::CannotStart(format!(
                "somebody holds {held} jobs of this database: stop every hub on it, wait five minutes, and copy then"
            ))),
        },
    }
}
