//! Whole databases: copied from one kind to the other and back, and brought up from the schema before.
//!
//! The rows are made up from the columns, so that a table that a migration brings is tried without anybody thinking of it.

use std::path::{Path, PathBuf};

use kvitt_hub::store::copy::{self, Tally};
use kvitt_hub::store::{Backend, Db};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use crate::databases::cluster;

/// The migrations, oldest first: their numbers and texts.
fn migrations() -> Vec<(i64, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let number = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap()[..4].parse().unwrap();
    files.iter().map(|path| (number(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The tables that the migrations make, by reading them.
fn tables_of(migrations: &[(i64, String)]) -> Vec<String> {
    let mut tables: Vec<String> = migrations
        .iter()
        .flat_map(|(_, sql)| sql.lines())
        .filter_map(|line| line.strip_prefix("CREATE TABLE "))
        .map(|rest| rest.split([' ', '(']).next().unwrap().to_owned())
        .collect();
    tables.sort();
    tables
}

/// The columns of a table and their types, by name.
async fn columns(db: &mut AnyConnection, backend: Backend, table: &str) -> Vec<(String, String)> {
    let sql = match backend {
        Backend::Sqlite => "SELECT name, upper(type) FROM pragma_table_info($1) ORDER BY name",
        Backend::Postgres => {
            "SELECT column_name::text, upper(data_type::text) FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = $1 ORDER BY 1"
        }
    };
    sqlx::query_as(sql).bind(table).fetch_all(db).await.unwrap()
}

/// How many rows each table gets: more than one batch of the largest, so that batches are put together rightly.
const ROWS: i64 = 1_200;

/// Fills every table. No two rows share a value but where the row's number is a multiple of seven: then columns that may be empty are.
async fn fill(db: &mut AnyConnection, backend: Backend, tables: &[String]) {
    db.execute("BEGIN").await.unwrap();
    for table in tables {
        let columns = columns(db, backend, table).await;
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        for row in 0..ROWS {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for (name, kind) in &columns {
                let may_be_empty = [
                    ("invoice", "uuid"),
                    ("invoice", "due_on"),
                    ("rendition", "kid"),
                    ("rendition", "account"),
                    ("entry", "arrival_digest"),
                    ("collection", "kid"),
                    ("collection", "claim_due_on"),
                    ("credit", "invoice_id"),
                    ("payment", "kid"),
                    ("payment", "batch"),
                ];
                let is_empty = row % 7 == 0 && may_be_empty.contains(&(table.as_str(), name.as_str()));
                query = match kind.as_str() {
                    "TEXT" => query.bind((!is_empty).then(|| format!("{name} {row} – «å»"))),
                    "BIGINT" => query.bind(i64::MAX - row),
                    "BYTEA" => query.bind(vec![u8::try_from(row % 251).unwrap(); usize::try_from(row % 40).unwrap()]),
                    other => panic!("{table}.{name} is {other}"),
                };
            }
            query.execute(&mut *db).await.unwrap();
        }
    }
    db.execute("COMMIT").await.unwrap();
}

async fn tallies(url: &str) -> Vec<Tally> {
    let mut db = Db::beside(url).await.unwrap();
    let layout = copy::tables(&mut db, Backend::of(url).unwrap()).await.unwrap();
    let tallies = copy::tally(&mut db, &layout).await.unwrap();
    db.close().await.unwrap();
    tallies
}

async fn new_database(url: &str) {
    Db::open(url).await.unwrap().close().await;
}

async fn copy_over(from: &str, to: &str) -> kvitt_hub::Result<Vec<Tally>> {
    let (mut source, mut target) = (Db::beside(from).await.unwrap(), Db::beside(to).await.unwrap());
    let mut last = (0, 0);
    let mut tell = |progress: copy::Progress<'_>| {
        assert!(progress.done >= last.0 && progress.done <= progress.all, "{progress:?}");
        last = (progress.done, progress.all);
    };
    let copied = copy::copy((&mut source, Backend::of(from)?), (&mut target, Backend::of(to)?), &mut tell).await;
    if copied.is_ok() {
        assert_eq!(last.0, last.1, "the bar comes to its end");
    }
    copied
}

#[tokio::test]
async fn no_table_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let url = Db::sqlite_url(&folder.path().join("kvitt.db"));
    new_database(&url).await;
    let of_schema = tables_of(&migrations());
    let copied: Vec<String> = tallies(&url).await.into_iter().map(|tally| tally.table).collect();
    assert_eq!(copied, of_schema);
    if let Some(cluster) = cluster() {
        let url = cluster.new_database().await;
        new_database(&url).await;
        let copied: Vec<String> = tallies(&url).await.into_iter().map(|tally| tally.table).collect();
        assert_eq!(copied, of_schema);
    }
}

#[tokio::test]
async fn a_database_goes_to_postgres_and_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let here = Db::sqlite_url(&folder.path().join("here.db"));
    new_database(&here).await;
    let mut db = Db::beside(&here).await.unwrap();
    fill(&mut db, Backend::Sqlite, &tables_of(&migrations())).await;
    db.close().await.unwrap();
    let before = tallies(&here).await;
    assert!(before.iter().all(|tally| tally.rows == ROWS as u64));

    let there = match cluster() {
        Some(cluster) => cluster.new_database().await,
        None => Db::sqlite_url(&folder.path().join("there.db")),
    };
    new_database(&there).await;
    assert_eq!(copy_over(&here, &there).await.unwrap(), before);
    assert_eq!(tallies(&there).await, before);
    // What is not empty is left as it is.
    let refused = copy_over(&here, &there).await.unwrap_err();
    assert!(refused.to_string().contains("not empty"), "{refused}");
    assert_eq!(tallies(&there).await, before);

    let back = Db::sqlite_url(&folder.path().join("back.db"));
    new_database(&back).await;
    assert_eq!(copy_over(&there, &back).await.unwrap(), before);
    assert_eq!(tallies(&back).await, before);
}

/// A copy that breaks off in the middle leaves a target that is as empty as before, and can be begun again.
#[tokio::test]
async fn a_copy_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = Db::sqlite_url(&folder.path().join("here.db"));
    new_database(&here).await;
    let mut db = Db::beside(&here).await.unwrap();
    fill(&mut db, Backend::Sqlite, &tables_of(&migrations())).await;
    db.close().await.unwrap();
    let mut targets = vec![Db::sqlite_url(&folder.path().join("there.db"))];
    if let Some(cluster) = cluster() {
        targets.push(cluster.new_database().await);
    }
    for there in targets {
        new_database(&there).await;
        let backend = Backend::of(&there).unwrap();
        let began = {
            let (mut source, mut target) = (Db::beside(&here).await.unwrap(), Db::beside(&there).await.unwrap());
            let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
            let mut tell = move |progress: copy::Progress<'_>| {
                let _ = told.send(progress.done);
            };
            let copying = copy::copy((&mut source, Backend::Sqlite), (&mut target, backend), &mut tell);
            // The process is dropped where it is, with half of the rows sent.
            tokio::select! {
                _ = copying => panic!("it was to break off"),
                done = async { loop { if let Some(done) = hears.recv().await && done > 0 { break done } } } => done,
            }
        };
        assert!(began > 0);
        assert!(tallies(&there).await.iter().all(|tally| tally.rows == 0), "nothing of it is there");
        assert_eq!(copy_over(&here, &there).await.unwrap(), tallies(&there).await);
    }
}

#[test]
fn equal_rows_do_not_cancel_out_and_order_does_not_matter() {
    let check = async {
        let folder = tempfile::tempdir().unwrap();
        let mut tallied = Vec::new();
        for (name, rows) in [("a", [1, 2, 3]), ("b", [3, 1, 2]), ("c", [1, 1, 3]), ("d", [2, 2, 3])] {
            let url = Db::sqlite_url(&folder.path().join(name));
            let mut db = Db::beside(&url).await.unwrap();
            db.execute("CREATE TABLE t (n BIGINT)").await.unwrap();
            for row in rows {
                sqlx::query("INSERT INTO t (n) VALUES ($1)").bind(i64::from(row)).execute(&mut db).await.unwrap();
            }
            db.close().await.unwrap();
            tallied.push(tallies(&url).await.remove(0).digest);
        }
        assert_eq!(tallied[0], tallied[1]);
        assert!(tallied[1] != tallied[2] && tallied[2] != tallied[3]);
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check);
}

/// A database of the schema before, full, opened with this program: every row has what it had. With one migration there is no schema
/// before; then opening changes nothing.
#[tokio::test]
async fn a_database_of_the_schema_before_keeps_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut urls = vec![Db::sqlite_url(&folder.path().join("kvitt.db"))];
    if let Some(cluster) = cluster() {
        urls.push(cluster.new_database().await);
    }
    let all = migrations();
    let before = &all[..(all.len() - 1).max(1)];
    let tables = tables_of(before);
    for url in urls {
        let backend = Backend::of(&url).unwrap();
        sqlx::any::install_default_drivers();
        let mut db = AnyConnection::connect(&url).await.unwrap();
        db.execute("CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY)").await.unwrap();
        for (number, sql) in before {
            sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut db).await.unwrap();
            sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(*number).execute(&mut db).await.unwrap();
        }
        fill(&mut db, backend, &tables).await;
        let mut old = Vec::new();
        for table in &tables {
            let columns = columns(&mut db, backend, table).await;
            old.push((table, columns.clone(), rows(&mut db, backend, table, &columns).await));
        }
        db.close().await.unwrap();

        Db::open(&url).await.unwrap().close().await;
        let mut db = AnyConnection::connect(&url).await.unwrap();
        let newest: i64 = sqlx::query_scalar("SELECT MAX(version) FROM schema_version").fetch_one(&mut db).await.unwrap();
        assert_eq!(newest, all.last().unwrap().0);
        for (table, columns, before) in old {
            assert_eq!(before.len(), ROWS as usize);
            assert!(rows(&mut db, backend, table, &columns).await == before, "{table} on {backend:?} lost something");
        }
        db.close().await.unwrap();
    }
}

/// Every row of a table as text, in these columns, in the order of the text.
async fn rows(db: &mut AnyConnection, backend: Backend, table: &str, columns: &[(String, String)]) -> Vec<String> {
    let text = if backend == Backend::Sqlite { "hex" } else { "text" };
    let shown: Vec<String> = columns.iter().map(|(name, _)| format!("COALESCE({text}({name}), 'NULL')")).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY 1", shown.join(" || ' ' || "));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(db).await.unwrap()
}
