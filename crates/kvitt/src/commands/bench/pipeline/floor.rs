//! The floor: rows of a size that the same database takes through the same driver, with the same durability and nothing else to do.

use std::time::{Duration, Instant};

use kvitt_hub::store::raw::Raw;

use crate::exit::Failure;

/// Rows that share a commit: as many actions as the writer groups, with as many rows as an action writes.
const ROWS_A_COMMIT: usize = 64 * 5;

/// A database to be filled.
pub struct Floor(Raw);

impl Floor {
    /// Opens it, and makes one table.
    pub async fn on(url: &str) -> Result<Floor, Failure> {
        Ok(Floor(Raw::open(url).await?))
    }

    /// Writes rows for so long.
    pub async fn rows_per_second(mut self, row_bytes: u64, time: Duration) -> Result<f64, Failure> {
        let begun = Instant::now();
        let mut rows = 0_usize;
        while begun.elapsed() < time {
            self.0.insert(rows, ROWS_A_COMMIT, usize::try_from(row_bytes).unwrap_or(0)).await?;
            rows += ROWS_A_COMMIT;
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.0.close().await?;
        Ok(rows as f64 / seconds)
    }
}

/// A database of its own on a PostgreSQL server.
pub struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    /// Makes it.
    pub async fn create(server: &str, prefix: &str) -> Result<Postgres, Failure> {
        let name = format!("{prefix}_{}", std::process::id());
        let mut raw = Raw::connect(server).await?;
        raw.create_database(&name).await?;
        raw.close().await?;
        let (base, query) = server.split_once('?').unwrap_or((server, ""));
        let (host, _) = base.rsplit_once('/').unwrap_or((base, ""));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Ok(Postgres { server: server.to_owned(), url: format!("{host}/{name}{query}"), name })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Drops it.
    pub async fn drop(self) -> Result<(), Failure> {
        let mut raw = Raw::connect(&self.server).await?;
        raw.drop_database(&self.name).await?;
        raw.close().await.map_err(Failure::from)
    }
}
