//! Every SQL text of the store is understood by the databases that it is for.

use std::path::Path;

use kvitt_hub::store::{Backend, Db};
use sqlx::Row as _;

use crate::databases::each_database;

/// The string literals of a source text that are SQL, with continued lines put together as the compiler does.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        let body = &rest[start + 1..];
        let Some(end) = body.find('"') else { break };
        let literal: String =
            body[..end].split("\\\n").enumerate().map(|(line, text)| if line == 0 { text } else { text.trim_start() }).collect();
        if ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "].iter().any(|verb| literal.starts_with(verb)) {
            found.push(literal);
        }
        rest = &body[end + 1..];
    }
    found
}

fn all_statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        // The statements of raw.rs are for a table that it makes itself, in a database of its own.
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if file.extension().is_some_and(|extension| extension == "rs") && name != "raw.rs" {
            all.extend(statements(&std::fs::read_to_string(&file).unwrap()).into_iter().map(|sql| (name.clone(), sql)));
        }
    }
    all
}

#[tokio::test]
async fn both_databases_understand_every_statement() {
    let all = all_statements();
    assert!(all.len() > 50, "only {} statements were found", all.len());
    each_database(async |bench| {
        for (number, (file, sql)) in all.iter().enumerate() {
            // Where a statement is for any table, one table stands for all.
            let sql = sql.replace("{name}", "company");
            // Row locks are what PostgreSQL has and SQLite neither has nor needs.
            let only_postgres =
                ["FOR UPDATE", "current_setting", "pg_", "information_schema"].iter().any(|word| sql.contains(word));
            let only_sqlite = ["sqlite_master", "sqlite_stat1", "pragma_", "total_changes"].iter().any(|word| sql.contains(word));
            let prepare = match bench.db.backend() {
                Backend::Sqlite if only_postgres => continue,
                Backend::Sqlite => format!("EXPLAIN {sql}"),
                Backend::Postgres if only_sqlite => continue,
                Backend::Postgres => format!("PREPARE s{number} AS {sql}"),
            };
            let mut db = bench.read().await;
            if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *db).await {
                panic!("{file}, on {:?}: {error}\n{sql}", bench.db.backend());
            }
        }
    })
    .await;
}

/// Statements that read all rows, or all of a company, and may: how they begin, and why.
const READ_ALL: [(&str, &str); 45] = [
    ("DELETE FROM answer", "housekeeping; answers of a month"),
    (
        "SELECT key_id, name, scopes, secret_digest, old_digest, old_until, made_at, made_by, revoked_at FROM api_key WHERE company_id = $1 ORDER",
        "a company has few keys: there is a most",
    ),
    ("SELECT agreement_id, course", "a company has few agreements"),
    ("SELECT a.agreement FROM agreement a", "a company has few agreements"),
    ("SELECT account, settings FROM bank_account WHERE company_id = $1 ORDER", "a company has few bank accounts"),
    ("SELECT digest, name, format", "a few files a day, and each is a list for a person"),
    ("UPDATE bank_file SET state", "a few files a day; when a bank account is added"),
    ("DELETE FROM bank_file_part", "a few files a day; housekeeping"),
    ("SELECT MIN(claim_due_on)", "the first entry of its index"),
    ("SELECT state, CAST(COUNT(*) AS BIGINT) FROM collection", "figures for a person"),
    (
        "SELECT company_id, org_number, name, settings, sealed_key FROM company",
        "its key is the company alone; a list of companies",
    ),
    ("UPDATE company SET", "its key is the company alone"),
    ("SELECT route, setup FROM route_setup", "a company has few routes"),
    ("SELECT settings, version FROM invoicing", "its key is the company alone"),
    (
        "SELECT recurrence_id, state, name, next_number, next_on, body, version FROM recurrence WHERE company_id = $1 ORDER",
        "a company has few recurring invoices",
    ),
    ("UPDATE invoicing SET", "its key is the company alone"),
    ("SELECT company_id, last_seq, last_hash FROM company_head", "copies a database"),
    ("SELECT company_id, digest FROM artefact WHERE place", "copies a database"),
    ("SELECT CAST(COUNT(*) AS BIGINT) FROM {name}", "benchmarks and copies"),
    ("SELECT state, CAST(COUNT(*) AS BIGINT) FROM delivery", "figures for a person"),
    ("SELECT last_seq, last_hash, webhooks FROM company_head", "its key is the company alone"),
    ("SELECT last_seq FROM company_head", "its key is the company alone"),
    ("UPDATE company_head", "its key is the company alone"),
    (
        "SELECT webhook_id, state, why, since_at, settings, told_seq, faults, made_at, version FROM webhook WHERE company_id = $1 ORDER",
        "a company has ten webhooks at most",
    ),
    ("SELECT MAX(at) FROM event", "after a backup was restored"),
    ("SELECT s.kind, s.standing", "figures of the jobs that wait"),
    ("DELETE FROM idempotency", "housekeeping, once a day"),
    ("UPDATE job SET lease = '', lease_until = 0 WHERE lease", "at a start: the jobs that wait"),
    ("SELECT state, flow, currency", "figures for a person"),
    ("UPDATE counter SET last", "after a backup was restored: a company has few counters"),
    ("SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE lease", "before a backup is restored"),
    ("SELECT CAST(COUNT(*) AS BIGINT) FROM stray", "strays are few: there is a most"),
    ("DELETE FROM stray WHERE at", "housekeeping, once a day"),
    ("SELECT address_digest, sealed FROM suppression WHERE company_id = $1 ORDER", "a list for a person"),
    ("SELECT person_id, email, name, password, language, theme FROM person ORDER", "the operator's list"),
    ("SELECT person_id FROM person LIMIT 1", "the first entry of its table"),
    ("SELECT m.person_id, m.role", "a company has few people: there is a most"),
    ("SELECT m.company_id, c.org_number", "the key of a company is the company alone"),
    ("UPDATE membership SET role = role", "a company has few people: there is a most"),
    (
        "SELECT company_id, invitation_id, email, name, role, made_by, until FROM invitation WHERE company_id",
        "a company has few people: there is a most",
    ),
    ("DELETE FROM invitation WHERE until", "housekeeping; there are few"),
    ("SELECT currency, CAST(COUNT(*) AS BIGINT)", "figures for a person: what is not settled, in an index of its own"),
    ("SELECT i.customer, MAX(i.buyer_name)", "a report: what is not settled, in an index of its own"),
    ("SELECT route, CAST((opened_at", "figures for a person, kept where they took long"),
    ("DELETE FROM session WHERE seen_at", "housekeeping; there are few"),
];
/// Like them, without a table of ours.
const OF_THE_DATABASE: [&str; 5] = ["sqlite_master", "pragma_", "total_changes", "schema_version", "house_counter"];

/// Nothing costs more with each invoice: what is read while invoices are handled is found by an index, not by going through a company.
/// SQLite is asked how it would find the rows of a large company.
#[tokio::test]
async fn rows_are_found_by_an_index() {
    let (mut through_all, mut unused) = (Vec::new(), READ_ALL.map(|(begins, _)| begins).to_vec());
    let folder = tempfile::tempdir().unwrap();
    let database = Db::open(&Db::sqlite_url(&folder.path().join("kvitt.db"))).await.unwrap();
    let mut db = database.read().await.unwrap();
    for (file, sql) in all_statements() {
        let is_foreign = ["FOR UPDATE", "current_setting", "pg_", "information_schema"].iter().any(|word| sql.contains(word));
        if sql.starts_with("INSERT") || is_foreign || OF_THE_DATABASE.iter().any(|word| sql.contains(word)) {
            continue;
        }
        let explain = format!("EXPLAIN QUERY PLAN {}", sql.replace("{name}", "company"));
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *db).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let goes_through = |step: &String| (step.starts_with("SCAN ") && step != "SCAN due") || step.ends_with("(company_id=?)");
        if plan.iter().any(goes_through) {
            match READ_ALL.iter().find(|(begins, _)| sql.starts_with(begins)) {
                Some((known, _)) => unused.retain(|begins| begins != known),
                None => through_all.push(format!("{file}: {sql}\n  {}", plan.join("\n  "))),
            }
        }
    }
    assert!(through_all.is_empty(), "these go through all rows:\n{}", through_all.join("\n"));
    assert!(unused.is_empty(), "these do not, and need no leave: {unused:?}");
}

/// What the columns hold decides what a distributed PostgreSQL can do: every primary and unique key begins with the company.
#[test]
fn every_key_begins_with_the_company() {
    let schema = include_str!("../../../src/store/schema/0001_spine.sql");
    let keys: Vec<&str> = schema
        .lines()
        .filter(|line| line.contains("PRIMARY KEY (") || line.contains("UNIQUE (") || line.contains("UNIQUE INDEX"))
        .map(str::trim)
        .collect();
    assert!(keys.len() > 15, "only {} keys were found", keys.len());
    for key in keys {
        assert!(key.contains("(company_id"), "{key}");
    }
    for word in ["INTEGER", "BLOB", "BOOLEAN", "SERIAL", "TIMESTAMP", "JSONB", "REAL", "NUMERIC"] {
        assert!(
            !schema.split_whitespace().any(|token| token.trim_end_matches(',') == word),
            "{word}: columns are TEXT, BIGINT or BYTEA"
        );
    }
}
