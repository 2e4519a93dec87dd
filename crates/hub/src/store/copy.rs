//! All rows of a database, whatever tables there are: counted, digested, and copied into another one.
//!
//! Which tables and columns there are is asked of the databases themselves, so that no table can be forgotten here when a
//! migration brings one. Values are copied as they stand, sealed as they are: whoever copies needs no key.

use std::path::Path;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use crate::error::{Error, Result};
use crate::store::db::{Backend, Db};

const TABLES: [&str; 2] = [
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1",
];
const COLUMNS: [&str; 2] = [
    "SELECT name, type FROM pragma_table_info($1) ORDER BY name",
    "SELECT column_name::text, data_type::text FROM information_schema.columns \
     WHERE table_schema = current_schema() AND table_name = $1 ORDER BY 1",
];
/// What the other side must not see half of: SQLite's reads of one transaction see one state; PostgreSQL must be told.
const BEGIN_READING: [&str; 2] = ["BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"];
const BEGIN_WRITING: [&str; 2] = ["BEGIN IMMEDIATE", "BEGIN"];

const VACUUM_INTO: &str = "VACUUM INTO $1";
/// A file alone, without the log beside it that a running hub's has.
const ONE_FILE: &str = "PRAGMA journal_mode = DELETE";
const VERSION: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM schema_version";
const HEADS: &str = "SELECT company_id, last_seq, last_hash FROM company_head ORDER BY company_id";
const LARGE_FILES: &str = "SELECT company_id, digest FROM artefact WHERE place = 'folder' ORDER BY company_id, digest";

/// The table that says which migrations ran: each database has its own.
const VERSIONS: &str = "schema_version";
/// Values of one INSERT at most. SQLite takes 32,766 and PostgreSQL 65,535.
const MOST_VALUES: usize = 8_000;
/// Bytes of one INSERT at most, the last row not counted: what is gathered is held in memory.
const MOST_BYTES: usize = 4 << 20;

/// What a column holds. The schema knows no other types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    Bytes,
}

/// A table as a database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
    columns: Vec<(String, Holds)>,
}

impl Table {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn select(&self) -> String {
        ["SELECT", &self.column_list(), "FROM", &self.name].join(" ")
    }

    fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// All rows of a table, in short: equal where the rows are, in whatever order they lie.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// The sum of the SHA-256 of its rows, modulo 2^256, as hexadecimal.
    pub digest: String,
}

/// Every table of a database but the one of its schema's version, by name.
pub async fn tables(db: &mut AnyConnection, backend: Backend) -> Result<Vec<Table>> {
    let names: Vec<String> = sqlx::query_scalar(TABLES[index(backend)]).fetch_all(&mut *db).await?;
    let mut tables = Vec::new();
    for name in names.into_iter().filter(|name| name != VERSIONS) {
        let rows = sqlx::query(COLUMNS[index(backend)]).bind(&name).fetch_all(&mut *db).await?;
        let columns = rows.iter().map(|row| Ok((row.try_get(0)?, holds(&name, row.try_get(1)?)?))).collect::<Result<_>>()?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

/// How many rows a table has.
pub async fn count(db: &mut AnyConnection, table: &Table) -> Result<u64> {
    let sql = ["SELECT", "CAST(COUNT(*) AS BIGINT)", "FROM", &table.name].join(" ");
    let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Counts and digests every table.
pub async fn tally(db: &mut AnyConnection, tables: &[Table]) -> Result<Vec<Tally>> {
    let mut tallies = Vec::with_capacity(tables.len());
    for table in tables {
        let mut sum = Sum::default();
        let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *db);
        while let Some(row) = rows.try_next().await? {
            sum.add(&read(&row, table)?);
        }
        drop(rows);
        tallies.push(sum.of(table));
    }
    Ok(tallies)
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The table that is copied now.
    pub table: &'a str,
    /// Rows of all tables that are done.
    pub done: u64,
    /// Rows of all tables.
    pub all: u64,
}

/// Copies all rows of one state of `source` into `target`, which must have the same tables and nothing in them. What was written is
/// read again and compared before it is committed: afterwards either everything is there, or nothing.
pub async fn copy(
    source: (&mut AnyConnection, Backend),
    target: (&mut AnyConnection, Backend),
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Vec<Tally>> {
    let (from, to) = (source.0, target.0);
    let layout = tables(from, source.1).await?;
    refuse_unlike(&layout, &tables(to, target.1).await?)?;
    from.execute(BEGIN_READING[index(source.1)]).await?;
    to.execute(BEGIN_WRITING[index(target.1)]).await?;
    let copied = copy_rows(from, to, &layout, progress).await;
    // The source was only read; however this ends, its state is what it was.
    let _ = from.execute("ROLLBACK").await;
    match copied {
        Ok(tallies) => {
            to.execute("COMMIT").await?;
            Ok(tallies)
        }
        Err(error) => {
            let _ = to.execute("ROLLBACK").await;
            Err(error)
        }
    }
}

/// Writes one state of a database into a SQLite file of its own, while whoever works on it goes on.
pub async fn snapshot(url: &str, file: &Path) -> Result<()> {
    let backend = Backend::of(url)?;
    let copy = Db::sqlite_url(file);
    match backend {
        Backend::Sqlite => {
            let mut from = Db::beside(url).await?;
            let file = file.to_str().ok_or_else(|| Error::CannotStart(format!("{} is no text", file.display())))?;
            sqlx::query(VACUUM_INTO).bind(file).execute(&mut from).await?;
            from.close().await?;
        }
        Backend::Postgres => {
            Db::open(&copy).await?.close().await;
            let (mut from, mut to) = (Db::beside(url).await?, Db::beside(&copy).await?);
            self::copy((&mut from, backend), (&mut to, Backend::Sqlite), &mut |_| {}).await?;
            from.close().await?;
            to.close().await?;
        }
    }
    let mut to = Db::beside(&copy).await?;
    to.execute(ONE_FILE).await?;
    Ok(to.close().await?)
}

/// The end of one company's chain of events.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The company's id.
    pub company: String,
    /// The number of its last event.
    pub last_seq: i64,
    /// The hash over all of them.
    pub last_hash: String,
}

/// What a snapshot holds: enough to know it again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contents {
    /// The newest migration in it.
    pub schema: i64,
    /// Every table.
    pub tables: Vec<Tally>,
    /// Every company's chain of events.
    pub heads: Vec<Head>,
}

/// Describes a SQLite file that nobody writes to, and lists the large files that it refers to: company and digest.
pub async fn describe(file: &Path) -> Result<(Contents, Vec<(String, String)>)> {
    let mut db = Db::beside(&Db::sqlite_url(file)).await?;
    let layout = tables(&mut db, Backend::Sqlite).await?;
    let contents = Contents {
        schema: sqlx::query_scalar(VERSION).fetch_one(&mut db).await?,
        tables: tally(&mut db, &layout).await?,
        heads: heads(&mut db).await?,
    };
    let files = sqlx::query_as(LARGE_FILES).fetch_all(&mut db).await?;
    db.execute(ONE_FILE).await?;
    db.close().await?;
    Ok((contents, files))
}

/// The ends of all chains of events.
pub async fn heads(db: &mut AnyConnection) -> Result<Vec<Head>> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(HEADS).fetch_all(db).await?;
    Ok(rows.into_iter().map(|(company, last_seq, last_hash)| Head { company, last_seq, last_hash }).collect())
}

async fn copy_rows(
    from: &mut AnyConnection,
    to: &mut AnyConnection,
    layout: &[Table],
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Vec<Tally>> {
    for table in layout {
        if count(to, table).await? > 0 {
            return Err(Error::CannotStart(format!(
                "the target is not empty: its table {} has rows; name a new database, nothing was changed",
                table.name
            )));
        }
    }
    let (mut all, mut done) = (0, 0);
    for table in layout {
        all += count(from, table).await?;
    }
    let mut sums = Vec::with_capacity(layout.len());
    for table in layout {
        let mut tell = |rows: u64| {
            done += rows;
            progress(Progress { table: &table.name, done, all });
        };
        tell(0);
        sums.push(copy_table(from, to, table, &mut tell).await?);
    }
    let arrived = tally(to, layout).await?;
    match sums.iter().zip(&arrived).find(|(sent, arrived)| sent != arrived) {
        None => Ok(sums),
        Some((sent, arrived)) => Err(Error::Damaged(format!(
            "{}: {} rows ({}) were read and {} ({}) arrived; the copy was undone",
            sent.table, sent.rows, sent.digest, arrived.rows, arrived.digest
        ))),
    }
}

async fn copy_table(
    from: &mut AnyConnection,
    to: &mut AnyConnection,
    table: &Table,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Tally> {
    let rows_at_once = (MOST_VALUES / table.columns.len().max(1)).max(1);
    let mut sum = Sum::default();
    let (mut gathered, mut bytes) = (Vec::with_capacity(rows_at_once), 0);
    let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(from);
    while let Some(row) = rows.try_next().await? {
        let row = read(&row, table)?;
        sum.add(&row);
        bytes += row.iter().map(Value::len).sum::<usize>();
        gathered.push(row);
        if gathered.len() == rows_at_once || bytes > MOST_BYTES {
            tell(gathered.len() as u64);
            insert(to, table, std::mem::take(&mut gathered)).await?;
            bytes = 0;
        }
    }
    if !gathered.is_empty() {
        tell(gathered.len() as u64);
        insert(to, table, gathered).await?;
    }
    Ok(sum.of(table))
}

async fn insert(to: &mut AnyConnection, table: &Table, rows: Vec<Vec<Value>>) -> Result<()> {
    let width = table.columns.len();
    let one = |row: usize| {
        let places: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", places.join(", "))
    };
    let places: Vec<String> = (0..rows.len()).map(one).collect();
    let sql = ["INSERT INTO", &table.name, "(", &table.column_list(), ") VALUES", &places.join(", ")].join(" ");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in rows.into_iter().flatten() {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query.execute(to).await?;
    Ok(())
}

/// Both must come from the same migrations.
fn refuse_unlike(source: &[Table], target: &[Table]) -> Result<()> {
    if source == target {
        return Ok(());
    }
    let names = |tables: &[Table]| tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>().join(", ");
    Err(Error::Damaged(format!("the tables differ: here {}; there {}", names(source), names(target))))
}

/// One value of a row.
#[derive(Debug)]
enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    fn len(&self) -> usize {
        match self {
            Value::Text(text) => text.as_ref().map_or(0, String::len),
            Value::Number(_) => size_of::<i64>(),
            Value::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
        }
    }

    /// Its kind, its length and itself, so that no two rows have the same bytes.
    fn digest_into(&self, digest: &mut Sha256) {
        let mut put = |kind: u8, content: Option<&[u8]>| match content {
            None => digest.update([kind, 0]),
            Some(content) => {
                digest.update([kind, 1]);
                digest.update((content.len() as u64).to_be_bytes());
                digest.update(content);
            }
        };
        match self {
            Value::Text(text) => put(b't', text.as_deref().map(str::as_bytes)),
            Value::Number(number) => put(b'n', number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice)),
            Value::Bytes(bytes) => put(b'b', bytes.as_deref()),
        }
    }
}

fn read(row: &AnyRow, table: &Table) -> Result<Vec<Value>> {
    let value = |(place, (_, holds)): (usize, &(String, Holds))| {
        Ok(match holds {
            Holds::Text => Value::Text(row.try_get(place)?),
            Holds::Number => Value::Number(row.try_get(place)?),
            Holds::Bytes => Value::Bytes(row.try_get(place)?),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}

/// A sum of digests: the same in whatever order rows come, and, unlike with exclusive or, two equal rows do not cancel out.
#[derive(Default)]
struct Sum {
    rows: u64,
    words: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &[Value]) {
        let mut digest = Sha256::new();
        for value in row {
            value.digest_into(&mut digest);
        }
        let digest: [u8; 32] = digest.finalize().into();
        let mut carry = false;
        for (word, part) in self.words.iter_mut().zip(digest.chunks_exact(8)) {
            let part = u64::from_le_bytes(part.try_into().expect("chunks of eight are eight bytes"));
            let (sum, first) = word.overflowing_add(part);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first || second);
        }
        self.rows += 1;
    }

    fn of(&self, table: &Table) -> Tally {
        let digest = self.words.iter().map(|word| hex::encode(word.to_le_bytes())).collect();
        Tally { table: table.name.clone(), rows: self.rows, digest }
    }
}

fn holds(table: &str, kind: String) -> Result<Holds> {
    match kind.to_ascii_uppercase().as_str() {
        "TEXT" => Ok(Holds::Text),
        "BIGINT" => Ok(Holds::Number),
        "BYTEA" => Ok(Holds::Bytes),
        _ => Err(Error::Damaged(format!("a column of {table} holds {kind}, which no migration of ours makes"))),
    }
}

fn index(backend: Backend) -> usize {
    match backend {
        Backend::Sqlite => 0,
        Backend::Postgres => 1,
    }
}
