//! A database without a hub: what it takes when nothing else is asked of it. `kvitt bench pipeline` measures against this.

use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor};

use crate::error::Result;
use crate::store::db::{self, Backend};

const TABLE: &str = "CREATE TABLE raw (company_id TEXT NOT NULL, id TEXT NOT NULL, at BIGINT NOT NULL, content BYTEA NOT NULL, \
    PRIMARY KEY (company_id, id))";
const INSERT: &str = "INSERT INTO raw (company_id, id, at, content) VALUES ($1, $2, $3, $4)";

/// One connection to a database of which nothing is known.
#[derive(Debug)]
pub struct Raw {
    connection: AnyConnection,
    backend: Backend,
}

impl Raw {
    /// Connects, as safely as a hub would.
    pub async fn connect(url: &str) -> Result<Raw> {
        sqlx::any::install_default_drivers();
        let backend = Backend::of(url)?;
        let mut connection = AnyConnection::connect_with(&AnyConnectOptions::from_str(url)?).await?;
        db::prepare(&mut connection, backend).await?;
        Ok(Raw { connection, backend })
    }

    /// Connects and makes the one table.
    pub async fn open(url: &str) -> Result<Raw> {
        let mut raw = Raw::connect(url).await?;
        raw.connection.execute(TABLE).await?;
        Ok(raw)
    }

    /// Inserts rows with numbers from `first` on and contents of so many bytes, and commits.
    pub async fn insert(&mut self, first: usize, rows: usize, bytes: usize) -> Result<()> {
        let content = vec![0x5a_u8; bytes];
        self.connection.execute(if self.backend == Backend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await?;
        for row in first..first + rows {
            let at = i64::try_from(row).unwrap_or(i64::MAX);
            sqlx::query(INSERT)
                .bind("company")
                .bind(uuid::Uuid::now_v7().to_string())
                .bind(at)
                .bind(content.as_slice())
                .execute(&mut self.connection)
                .await?;
        }
        self.connection.execute("COMMIT").await?;
        Ok(())
    }

    /// Makes a database on a PostgreSQL server. The name is the caller's own, letters, digits and underscores.
    pub async fn create_database(&mut self, name: &str) -> Result<()> {
        self.connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        Ok(())
    }

    /// Drops it, whoever is still connected.
    pub async fn drop_database(&mut self, name: &str) -> Result<()> {
        self.connection.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
        Ok(())
    }

    /// Closes the connection.
    pub async fn close(self) -> Result<()> {
        Ok(self.connection.close().await?)
    }
}
