//! A database of its own for every test, of both kinds: a SQLite file, and a PostgreSQL database in the throwaway cluster of
//! [`crate::postgres`].

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use kvitt_hub::error::Result;
use kvitt_hub::store::company::{self, Company, CompanySettings};
use kvitt_hub::store::objects::Objects;
use kvitt_hub::store::{Backend, Db, Tx, house};
use kvitt_hub::vault::Vault;
use sqlx::{AnyConnection, Connection, Executor};

pub use crate::postgres::cluster;
use crate::postgres::{Cluster, programs};

/// Business time at which every test's world begins, Unix milliseconds.
pub const NOW: i64 = 1_790_000_000_000;

/// An open database with two companies in it, `a` and `b`, and what the store needs beside it.
pub struct Bench {
    pub db: Db,
    pub url: String,
    pub vault: Vault,
    pub objects: Objects,
    pub folder: PathBuf,
    pub a: Company,
    pub b: Company,
}

impl Bench {
    /// Runs an action through the writer.
    pub async fn write<T, F>(&self, act: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t, 'c> Fn(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        self.db.writer().run(act).await
    }

    /// A connection that sees what is committed.
    pub async fn read(&self) -> sqlx::pool::PoolConnection<sqlx::Any> {
        self.db.read().await.expect("the database can be read")
    }

    /// A connection beside the hub's own, for doing what the hub never does.
    pub async fn meddle(&self, sql: &str) {
        let mut connection = AnyConnection::connect(&self.url).await.expect("the database is there");
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.expect("the statement is right");
        connection.close().await.expect("the connection can be closed");
    }
}

/// Runs a test on SQLite, then on PostgreSQL.
///
/// The bench is leaked, so that actions can name what is in it without a clone for each; the process is short.
pub async fn each_database(test: impl AsyncFn(&'static Bench)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sqlite = Db::sqlite_url(&folder.path().join("kvitt.db"));
    run(&test, sqlite, &folder.path().join("beside-sqlite")).await;
    if let Some(cluster) = cluster() {
        run(&test, cluster.new_database().await, &folder.path().join("beside-postgres")).await;
    }
}

async fn run(test: &impl AsyncFn(&'static Bench), url: String, folder: &Path) {
    let bench: &'static Bench = Box::leak(Box::new(open(url, folder).await));
    println!("on {:?}", bench.db.backend());
    test(bench).await;
    bench.db.close().await;
}

async fn open(url: String, folder: &Path) -> Bench {
    let db = Db::open(&url).await.expect("a new database can be opened");
    let vault = house::unlock(&db, &folder.join("keys")).await.expect("a new folder gets a key");
    let objects = Objects::open(&folder.join("objects")).expect("a new folder can hold objects");
    let a = new_company(&db, &vault, "999999999", "Nordlys Kraft AS").await;
    let b = new_company(&db, &vault, "988077917", "Fjellheimen Barnehage SA").await;
    Bench { db, url, vault, objects, folder: folder.to_owned(), a, b }
}

async fn new_company(db: &Db, vault: &Vault, org_number: &str, name: &str) -> Company {
    let id = uuid::Uuid::now_v7().to_string();
    let (key, sealed) = vault.new_company_key(&id);
    let company =
        Company { id, org_number: org_number.to_owned(), name: name.to_owned(), settings: CompanySettings::default(), key };
    let stored = company.clone();
    db.writer()
        .run(move |tx| {
            let (stored, sealed) = (stored.clone(), sealed.clone());
            Box::pin(async move { company::insert(tx, &stored, &sealed, NOW).await })
        })
        .await
        .expect("a new company can be stored");
    company
}

#[tokio::test]
async fn a_postgres_that_may_forget_is_refused() {
    let (Some(cluster), Some(programs)) = (cluster(), programs()) else { return };
    for (value, starts) in [("off", false), ("local", true), ("on", true)] {
        let url = cluster.new_database().await;
        let database = url.rsplit('/').next().expect("an address ends with the database");
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        connection
            .execute(sqlx::AssertSqlSafe(format!("ALTER DATABASE {database} SET synchronous_commit = {value}")))
            .await
            .unwrap();
        check_start(&url, "synchronous_commit", starts).await;
    }
    let forgetful = Cluster::start(&programs, "-c fsync=off").unwrap();
    check_start(&forgetful.new_database().await, "fsync", false).await;
}

async fn check_start(url: &str, setting: &str, starts: bool) {
    match Db::open(url).await {
        Ok(db) => {
            assert!(starts, "{setting} was not looked at");
            db.close().await;
        }
        Err(error) => {
            assert!(!starts, "{error}");
            assert!(error.to_string().contains(setting), "{error}");
            let mut connection = AnyConnection::connect(url).await.unwrap();
            let made =
                connection.fetch_optional("SELECT 1 FROM information_schema.tables WHERE table_name = 'company'").await.unwrap();
            assert!(made.is_none(), "a refused database is left as it was");
        }
    }
}

/// Our own settings stand above what the address says: SQLite is durable on every connection, or not opened at all.
#[tokio::test]
async fn sqlite_is_durable_on_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Db::sqlite_url(&folder.path().join("kvitt.db"))).await.unwrap();
    assert_eq!(db.backend(), Backend::Sqlite);
    let of_writer = db.writer().run(|tx| Box::pin(async move { durability(tx.db()).await })).await.unwrap();
    assert_eq!(of_writer, (2, "wal".to_owned()));
    let mut reader = db.read().await.unwrap();
    assert_eq!(durability(&mut reader).await.unwrap(), (2, "wal".to_owned()));
    let refused = reader.execute("DELETE FROM company").await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "readers cannot write: {refused}");

    let error = Db::open("sqlite::memory:").await.unwrap_err();
    assert!(error.to_string().contains("memory"), "a database without a file forgets everything: {error}");
}

async fn durability(connection: &mut AnyConnection) -> Result<(i64, String)> {
    let synchronous = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    let journal = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    Ok((synchronous, journal))
}

/// Two hubs that start at the same moment on an empty server: one makes the schema, the others find it. (SQLite's folder has a
/// lock for one process.)
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hubs_that_start_together_migrate_once() {
    let Some(cluster) = cluster() else { return };
    let url = cluster.new_database().await;
    for started in futures_util::future::join_all((0..4).map(|_| Db::open(&url))).await {
        let db = started.expect("every hub starts");
        let each_once = "SELECT CAST(COUNT(*) - MAX(version) AS BIGINT) FROM schema_version";
        let left: i64 = sqlx::query_scalar(each_once).fetch_one(&mut *db.read().await.unwrap()).await.unwrap();
        assert_eq!(left, 0);
        db.close().await;
    }
}
