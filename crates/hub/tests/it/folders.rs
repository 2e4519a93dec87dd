//! Folders that others put files into: documents with their metadata, messages in a Maildir, receipts in a drop; and what the
//! house drops.
//!
//! A crash is played by the folders that it would leave. No test waits: patience is counted in looks.

mod housekeeping;
mod intake;
mod mailbox;
mod receipts;

use std::path::{Path, PathBuf};

use kvitt_domain::delivery::AttemptId;
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::store::Db;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::delivery::{self, StoredAttempt};
use kvitt_hub::{Config, Hub};
use sqlx::{AnyConnection, Connection, Executor};
use tokio::sync::watch;

use crate::databases::NOW;
use crate::sample;

/// A hub of its own, with the company that the example invoices are from, and one that sends nothing.
struct House {
    folder: tempfile::TempDir,
    hub: Hub,
    seller: Company,
    other: Company,
}

impl House {
    async fn open() -> House {
        House::with(Config::default()).await
    }

    async fn with(config: Config) -> House {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::open(&folder.path().join("data"), config).await.unwrap();
        let seller = add_company(&hub, "999002021", "Fjordvik kommune", CompanySettings::default()).await.unwrap();
        let other = add_company(&hub, "988077917", "Fjellheimen Barnehage SA", CompanySettings::default()).await.unwrap();
        House { folder, hub, seller, other }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An invoice of the seller's, with an attempt to deliver it.
    async fn send(&self, attempt: AttemptId) {
        let seller = self.seller.clone();
        let stored = sample::stored("i1", "1");
        let sent = StoredAttempt {
            id: attempt,
            delivery: "di1".into(),
            invoice: "i1".into(),
            purpose: kvitt_domain::delivery::Purpose::Bill,
            number: 1,
            route: "email".into(),
            price: None,
            give_up_at: None,
            word: None,
            opened_at: NOW,
        };
        let act = self.hub.write(move |tx| {
            let (seller, stored, sent) = (seller.clone(), stored.clone(), sent.clone());
            Box::pin(async move {
                sample::accept(tx, &seller, &stored).await?;
                delivery::insert_attempt(tx, &seller.id, &sent).await
            })
        });
        act.await.unwrap();
    }

    /// A connection beside the hub's own, for doing what the hub never does.
    async fn meddle(&self, sql: &str) {
        let url = Db::sqlite_url(&self.path("data/kvitt.db"));
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Nobody says stop.
fn go_on() -> watch::Receiver<bool> {
    watch::channel(false).1
}

fn write(file: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
}

/// A file of so many bytes that takes no room on the disk.
fn write_sparse(file: &Path, bytes: u64) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::File::create(file).unwrap().set_len(bytes).unwrap();
}

/// The names in a folder, in order; none where it is not there.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    names
}
