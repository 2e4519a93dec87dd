//! A database of its own for every test, of both kinds: a SQLite file, and a PostgreSQL database in a throwaway cluster.
//!
//! The cluster is started once per test process, with PostgreSQL's own durable defaults, because the hub refuses anything
//! less. It lives in a temporary folder, listens on loopback only, runs as an unprivileged user, and ends with the process
//! that started it, also when that one is killed. Without PostgreSQL on the machine the tests run on SQLite and say so;
//! `KVITT_REQUIRE=postgres` makes that a failure.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use kvitt_hub::error::Result;
use kvitt_hub::store::company::{self, Company, CompanySettings};
use kvitt_hub::store::objects::Objects;
use kvitt_hub::store::{Backend, Db, Tx, house};
use kvitt_hub::vault::Vault;
use sqlx::{AnyConnection, Connection, Executor};

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

/// The cluster of this test process; `None`, said aloud once, where the machine has no PostgreSQL and nobody demands it.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| {
            let Some(programs) = programs() else {
                let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
                assert!(
                    !required.split(',').any(|word| word.trim() == "postgres"),
                    "KVITT_REQUIRE wants PostgreSQL, but initdb is neither in PATH nor below /usr/lib/postgresql"
                );
                // Not eprintln: that would be shown for failing tests only.
                let said = "SKIPPED on PostgreSQL: it is not installed (initdb was not found). SQLite is tested. \
                            KVITT_REQUIRE=postgres makes this a failure.\n";
                let _ = std::io::stderr().write_all(said.as_bytes());
                return None;
            };
            Some(Cluster::start(&programs, "").expect("a throwaway PostgreSQL can be started"))
        })
        .as_ref()
}

/// A PostgreSQL of our own. It ends when this is dropped, or when the process ends in any way.
pub struct Cluster {
    port: u16,
    made: AtomicU32,
    /// The keeper waits for the end of this pipe; the operating system closes it, whatever becomes of us.
    _keeper: ChildStdin,
}

/// Makes a cluster, starts it, says so, waits until its owner is gone, ends it, and leaves nothing behind.
///
/// `$1` is the folder of the programs, `$2` the cluster's own folder, `$3` the port, `$4` more settings.
const KEEPER: &str = r#"
cd "$2" || exit 1
[ -d data ] || "$1/initdb" -D data -U kvitt --auth=trust -E UTF8 --locale=C >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
"$1/pg_ctl" -D data -l server.log -w -o "-p $3 -h 127.0.0.1 -k '' -c max_connections=400 $4" start >start.log 2>&1 ||
    { cat start.log server.log >&2; exit 1; }
echo ready
cat >/dev/null
"$1/pg_ctl" -D data -m immediate stop >stop.log 2>&1
cd /
rm -rf "$2"
"#;

impl Cluster {
    /// Starts a cluster with more settings (`-c name=value`). Another program may take the port that we found first: then the
    /// next one is tried.
    pub fn start(programs: &Path, settings: &str) -> std::io::Result<Cluster> {
        const TRIES: usize = 5;
        let folder = tempfile::Builder::new().prefix("kvitt-postgres-").tempdir()?.keep();
        let user = unprivileged_user(&folder)?;
        for _ in 0..TRIES {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            let mut keeper = Command::new("sh");
            keeper.args(["-c", KEEPER, "keeper"]).arg(programs).arg(&folder).arg(port.to_string()).arg(settings);
            // A process group of its own, so that an interrupt from the terminal reaches only the tests.
            keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).process_group(0);
            if let Some((uid, gid)) = user {
                keeper.uid(uid).gid(gid);
            }
            let mut keeper = keeper.spawn()?;
            let said = BufReader::new(keeper.stdout.take().expect("the keeper's output is piped")).lines().next().transpose()?;
            if said.as_deref() == Some("ready") {
                let pipe = keeper.stdin.take().expect("the keeper's input is piped");
                return Ok(Cluster { port, made: AtomicU32::new(0), _keeper: pipe });
            }
            keeper.wait()?;
        }
        let _ = std::fs::remove_dir_all(&folder);
        Err(std::io::Error::other("PostgreSQL did not start; what it said stands above"))
    }

    /// The address of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://kvitt@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and answers its address.
    pub async fn new_database(&self) -> String {
        let name = format!("kvitt_{}", self.made.fetch_add(1, Ordering::Relaxed));
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url("postgres")).await.expect("the cluster answers");
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database can be made");
        connection.close().await.expect("the connection can be closed");
        self.url(&name)
    }
}

/// The folder of PostgreSQL's programs: the one in PATH, else the newest that a Debian package installed.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    // A link in PATH may stand alone; the server's other programs lie beside its target.
    let in_path = in_path.and_then(|folder| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned()));
    in_path.or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let newest = versions.max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()))?;
        newest.join("bin/initdb").exists().then(|| newest.join("bin"))
    })
}

/// PostgreSQL refuses to run as root. Then the cluster gets the user `postgres`, else `nobody`, and its folder with it.
fn unprivileged_user(folder: &Path) -> std::io::Result<Option<(u32, u32)>> {
    if std::fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let ids_of = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut columns = line.split(':');
            let name = columns.next()?;
            let (uid, gid) = (columns.nth(1)?.parse().ok()?, columns.next()?.parse().ok()?);
            (name == wanted).then_some((uid, gid))
        })
    };
    let (uid, gid) = ids_of("postgres").or_else(|| ids_of("nobody")).unwrap_or((65_534, 65_534));
    chown(folder, Some(uid), Some(gid))?;
    Ok(Some((uid, gid)))
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
        let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM schema_version";
        let versions: i64 = sqlx::query_scalar(count).fetch_one(&mut *db.read().await.unwrap()).await.unwrap();
        assert_eq!(versions, 1);
        db.close().await;
    }
}
