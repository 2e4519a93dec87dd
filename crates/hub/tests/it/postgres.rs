//! A throwaway PostgreSQL: made, started and ended by the tests that use it. The tests of the program use this file too.
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

use sqlx::{AnyConnection, Connection, Executor};

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
