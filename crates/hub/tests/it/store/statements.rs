//! Every SQL text of the store is understood by the databases that it is for.

use std::path::Path;

use kvitt_hub::store::Backend;

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
            let only_sqlite = ["sqlite_master", "pragma_", "total_changes"].iter().any(|word| sql.contains(word));
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
