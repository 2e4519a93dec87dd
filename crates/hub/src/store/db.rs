//! Opening a database: which it is, what it must promise, and its migrations.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor, Row};

use crate::error::{Error, Result};
use crate::store::planner;
use crate::store::writer::Writer;

/// Which database it is. Only locking differs between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file in the data folder.
    Sqlite,
    /// A server, shared by several hubs.
    Postgres,
}

impl Backend {
    /// Which database an address is of.
    pub fn of(url: &str) -> Result<Backend> {
        if url.starts_with("sqlite:") {
            Ok(Backend::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Backend::Postgres)
        } else {
            Err(Error::CannotStart(format!(
                "a database address begins with sqlite: or postgres://, this one does not: {}",
                url.split(':').next().unwrap_or_default()
            )))
        }
    }
}

/// An open database: a pool for reading, and the writer.
#[derive(Debug, Clone)]
pub struct Db {
    backend: Backend,
    readers: AnyPool,
    writer: Writer,
}

/// Forward only, numbered, never changed once released.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("schema/0001_spine.sql")),
    (2, include_str!("schema/0002_routes.sql")),
    (3, include_str!("schema/0003_returned_members.sql")),
    (4, include_str!("schema/0004_agreements.sql")),
    (5, include_str!("schema/0005_payments.sql")),
    (6, include_str!("schema/0006_claims.sql")),
    (7, include_str!("schema/0007_wishes.sql")),
    (8, include_str!("schema/0008_told.sql")),
    (9, include_str!("schema/0009_api.sql")),
    (10, include_str!("schema/0010_webhooks.sql")),
    (11, include_str!("schema/0011_jobs.sql")),
    (12, include_str!("schema/0012_people.sql")),
    (13, include_str!("schema/0013_invoicing.sql")),
    (14, include_str!("schema/0014_answers.sql")),
    (15, include_str!("schema/0015_following.sql")),
    (16, include_str!("schema/0016_recurring.sql")),
    (17, include_str!("schema/0017_reports.sql")),
    (18, include_str!("schema/0018_bulk.sql")),
];

const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)";
const VERSION: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM schema_version";
const RECORD_VERSION: &str = "INSERT INTO schema_version (version) VALUES ($1)";

/// Readers beside the one writer of SQLite: enough for pages and commands, cheap to keep.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL: eight carried twice what one did on two cores, more brought nothing.
const POSTGRES_CONNECTIONS: u32 = 8;
/// How long a statement waits for another process's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// So long a connection to a server is taken to be there without asking.
const BELIEVED: Duration = Duration::from_secs(1);

impl Db {
    /// Opens `url` (`sqlite:PATH` or `postgres://…`), refuses a database that may forget what it has confirmed, and brings the
    /// schema up to date.
    pub async fn open(url: &str) -> Result<Db> {
        sqlx::any::install_default_drivers();
        let backend = Backend::of(url)?;
        let options = AnyConnectOptions::from_str(url)?;
        let mut connection = AnyConnection::connect_with(&options).await?;
        prepare(&mut connection, backend).await?;
        refuse_forgetful(&mut connection, backend).await?;
        migrate(&mut connection, backend).await?;

        let readers = AnyPoolOptions::new()
            .max_connections(match backend {
                Backend::Sqlite => SQLITE_READERS,
                Backend::Postgres => POSTGRES_CONNECTIONS,
            })
            // A file does not go away as a server may; and of a server it is asked where nobody has heard for a while.
            .test_before_acquire(false)
            .before_acquire(move |connection, known| Box::pin(is_there(connection, backend, known.idle_for)))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    prepare(connection, backend).await?;
                    if backend == Backend::Sqlite {
                        connection.execute("PRAGMA query_only = 1").await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options.clone())
            .await?;
        let writer = match backend {
            Backend::Sqlite => Writer::grouping(connection),
            Backend::Postgres => {
                connection.close().await?;
                let pool = AnyPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .test_before_acquire(false)
                    .before_acquire(move |connection, known| Box::pin(is_there(connection, backend, known.idle_for)))
                    .connect_with(options)
                    .await?;
                Writer::parallel(pool)
            }
        };
        Ok(Db { backend, readers, writer })
    }

    /// One connection beside the hub's own, for work on a whole database: it may write, and its transactions are its caller's.
    pub async fn beside(url: &str) -> Result<AnyConnection> {
        sqlx::any::install_default_drivers();
        let backend = Backend::of(url)?;
        let mut connection = AnyConnection::connect_with(&AnyConnectOptions::from_str(url)?).await?;
        prepare(&mut connection, backend).await?;
        Ok(connection)
    }

    /// The number of the newest migration that this program knows.
    pub fn newest_schema() -> i64 {
        MIGRATIONS.last().map_or(0, |(version, _)| *version)
    }

    /// The address of a SQLite file.
    pub fn sqlite_url(file: &Path) -> String {
        format!("sqlite:{}?mode=rwc", file.display())
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// A connection for reading. It sees what is committed.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>> {
        Ok(self.readers.acquire().await?)
    }

    /// The way to change something.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Rows that were inserted, changed and deleted since the database was opened (SQLite) or made (PostgreSQL).
    pub async fn rows_written(&self) -> Result<u64> {
        let sql = match self.backend {
            Backend::Sqlite => "SELECT CAST(total_changes() AS BIGINT)",
            Backend::Postgres => {
                "SELECT CAST(COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) AS BIGINT) FROM pg_stat_user_tables"
            }
        };
        // Only the connection that writes knows what it changed.
        let rows: i64 =
            self.writer.run(move |tx| Box::pin(async move { Ok(sqlx::query_scalar(sql).fetch_one(tx.db()).await?) })).await?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// What a row takes on disk in the mean, indices and all.
    pub async fn mean_row_bytes(&self) -> Result<u64> {
        let mut db = self.read().await?;
        let (names, size) = match self.backend {
            Backend::Sqlite => (
                "SELECT name FROM sqlite_master WHERE type = 'table'",
                "SELECT CAST(c.page_count * s.page_size AS BIGINT) FROM pragma_page_count() c, pragma_page_size() s",
            ),
            Backend::Postgres => (
                "SELECT CAST(relname AS TEXT) FROM pg_stat_user_tables",
                "SELECT CAST(SUM(pg_total_relation_size(relid)) AS BIGINT) FROM pg_stat_user_tables",
            ),
        };
        let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut *db).await?;
        let mut rows = 0;
        for name in names {
            let count = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {name}");
            rows += sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count)).fetch_one(&mut *db).await?;
        }
        let bytes: i64 = sqlx::query_scalar(size).fetch_one(&mut *db).await?;
        Ok(u64::try_from(bytes / rows.max(1)).unwrap_or(0))
    }

    /// Lets pending writes finish and closes every connection.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// Whether a connection that lay in the pool still has its server. Asking each time costs as much as many a question, so that one that
/// was in use a moment ago is believed.
async fn is_there(
    connection: &mut AnyConnection,
    backend: Backend,
    idle_for: Duration,
) -> std::result::Result<bool, sqlx::Error> {
    if backend == Backend::Postgres && idle_for >= BELIEVED {
        connection.ping().await?;
    }
    Ok(true)
}

/// Settings that SQLite keeps per connection.
pub(super) async fn prepare(connection: &mut AnyConnection, backend: Backend) -> std::result::Result<(), sqlx::Error> {
    if backend == Backend::Sqlite {
        let busy = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
        connection.execute(sqlx::AssertSqlSafe(busy)).await?;
        connection.execute("PRAGMA journal_mode = WAL").await?;
        connection.execute("PRAGMA synchronous = FULL").await?;
        // Pages of the log before they are moved into the database, which costs two syncs; and memory for what is read again, KiB.
        connection.execute("PRAGMA wal_autocheckpoint = 8000").await?;
        connection.execute("PRAGMA cache_size = -16384").await?;
        connection.execute("PRAGMA foreign_keys = ON").await?;
    }
    Ok(())
}

/// "Accepted" means on disk. A database that confirms before that makes every promise of this program false.
async fn refuse_forgetful(connection: &mut AnyConnection, backend: Backend) -> Result<()> {
    match backend {
        Backend::Sqlite => {
            let row = connection.fetch_one("PRAGMA synchronous").await?;
            let synchronous: i64 = row.try_get(0)?;
            if synchronous < 2 {
                return Err(Error::CannotStart(
                    "SQLite runs without synchronous=FULL: an invoice could be confirmed and then lost".into(),
                ));
            }
            // A database in memory, or a file whose journal is, answers this to every request for another journal.
            let journal: String = connection.fetch_one("PRAGMA journal_mode").await?.try_get(0)?;
            if matches!(journal.as_str(), "memory" | "off") {
                return Err(Error::CannotStart(format!(
                    "SQLite keeps its journal in {journal}: an invoice could be confirmed and then lost; give it a file"
                )));
            }
        }
        Backend::Postgres => {
            for setting in ["fsync", "synchronous_commit"] {
                let row = sqlx::query("SELECT current_setting($1)").bind(setting).fetch_one(&mut *connection).await?;
                let value: String = row.try_get(0)?;
                if matches!(value.as_str(), "off" | "local") && !(setting == "synchronous_commit" && value == "local") {
                    return Err(Error::CannotStart(format!(
                        "PostgreSQL runs with {setting} = {value}: an invoice could be confirmed and then lost; turn it on, or use another server"
                    )));
                }
            }
        }
    }
    Ok(())
}

async fn migrate(connection: &mut AnyConnection, backend: Backend) -> Result<()> {
    // Two hubs that start at the same moment must not both migrate: the lock is held until COMMIT.
    connection
        .execute(match backend {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN",
        })
        .await?;
    if backend == Backend::Postgres {
        connection.execute("SELECT pg_advisory_xact_lock(4823)").await?;
    }
    connection.execute(VERSION_TABLE).await?;
    let current: i64 = sqlx::query_scalar(VERSION).fetch_one(&mut *connection).await?;
    let newest = Db::newest_schema();
    if current > newest {
        return Err(Error::CannotStart(format!(
            "the database has schema {current}, this program knows {newest}: use the newer program, or restore a backup"
        )));
    }
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > current) {
        sqlx::raw_sql(*sql).execute(&mut *connection).await?;
        sqlx::query(RECORD_VERSION).bind(*version).execute(&mut *connection).await?;
    }
    if backend == Backend::Sqlite && current < newest {
        planner::teach(connection).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever has version 17 never sees another 17: a number that is given twice, or left out, is a table that somebody lacks.
    #[test]
    fn migrations_are_numbered_without_gaps_as_their_files_are() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        files.sort();
        let of_files: Vec<i64> = files.iter().map(|name| name[..4].parse().unwrap()).collect();
        let known: Vec<i64> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(known, (1..=known.len() as i64).collect::<Vec<_>>());
        assert_eq!(known, of_files, "{files:?}");
    }
}
