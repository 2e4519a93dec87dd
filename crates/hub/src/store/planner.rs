//! What SQLite's query planner is told of the tables, so that it finds rows by the index that is made for them.
//!
//! A database that has just begun has no statistics, and SQLite then takes every company for a small one: it would rather read all
//! rows of a company in the order that a query wants than find the few by an index and sort them. That is right on the first day and
//! costs more with each invoice. So the shape that every table has once it is large is written down when the schema is made; nothing
//! is ever counted. PostgreSQL counts by itself.

use sqlx::{AnyConnection, Executor, Row};

use crate::error::Result;

// Makes the table of statistics: of the smallest table, so that it costs nothing.
const MAKE: &str = "ANALYZE schema_version";
const FORGET: &str = "DELETE FROM sqlite_stat1";
const INDICES: &str = "SELECT m.tbl_name, m.name, (SELECT COUNT(*) FROM pragma_index_info(m.name)) AS columns, \
    COALESCE((SELECT i.name FROM pragma_index_info(m.name) i WHERE i.seqno = 0), '') AS first FROM sqlite_master m WHERE m.type = 'index'";
const TEACH: &str = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)";
// Reads the table of statistics into the planner; counts nothing.
const LEARN: &str = "ANALYZE sqlite_schema";

/// Rows of a large table.
const ROWS: f64 = 1_000_000.0;
/// How many of them a large company has: too many to read, and few enough that it is never read with the others.
const OF_COMPANY: f64 = 100_000.0;

/// Writes down what is true of large tables, for all connections that are opened from now on and for this one. SQLite only.
pub(super) async fn teach(connection: &mut AnyConnection) -> Result<()> {
    connection.execute(MAKE).await?;
    connection.execute(FORGET).await?;
    for row in sqlx::query(INDICES).fetch_all(&mut *connection).await? {
        let (table, index, first): (String, String, String) =
            (row.try_get("tbl_name")?, row.try_get("name")?, row.try_get("first")?);
        let columns: i64 = row.try_get("columns")?;
        let stat = shape(columns, first == "company_id");
        sqlx::query(TEACH).bind(table).bind(index).bind(stat).execute(&mut *connection).await?;
    }
    connection.execute(LEARN).await?;
    Ok(())
}

/// How many rows there are, then how many of them are alike in the first column of the index, in the first two, and so on: the
/// company tells little, each further column its share, and all of them together name one row.
fn shape(columns: i64, begins_with_company: bool) -> String {
    let (alike, telling) = match begins_with_company && columns > 1 {
        true => (OF_COMPANY, columns - 1),
        false => (ROWS, columns),
    };
    let of = |column: i64| alike.powf(1.0 - (column - columns + telling) as f64 / telling as f64).round().to_string();
    std::iter::once(ROWS.to_string()).chain((1..=columns).map(of)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_company_tells_little_and_all_columns_name_one_row() {
        assert_eq!(shape(2, true), "1000000 100000 1");
        assert_eq!(shape(6, true), "1000000 100000 10000 1000 100 10 1");
        assert_eq!(shape(1, false), "1000000 1");
        assert_eq!(shape(1, true), "1000000 1");
        assert_eq!(shape(2, false), "1000000 1000 1");
    }
}
