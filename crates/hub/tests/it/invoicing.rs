//! A company writes its own invoices: registers, numbers, drafts and what becomes of them; on both databases.

mod registers;

use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::keep_card::Edit;
use kvitt_hub::actions::save_customer::save_customer;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::card::Card;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::event;
use kvitt_hub::{Config, Hub};

use crate::databases::cluster;

/// A hub with two companies.
pub struct Office {
    _folder: tempfile::TempDir,
    pub hub: Hub,
    pub us: Company,
    pub other: Company,
}

/// Runs a test on SQLite, then on PostgreSQL.
pub async fn each_office(test: impl AsyncFn(&Office)) {
    test(&Office::open(Config::default()).await).await;
    if let Some(cluster) = cluster() {
        let database = Some(cluster.new_database().await);
        test(&Office::open(Config { database, ..Config::default() }).await).await;
    }
}

impl Office {
    async fn open(config: Config) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::open(&folder.path().join("data"), config).await.unwrap();
        let us = add_company(&hub, "999002021", "Fjord & Vik AS", CompanySettings::default()).await.unwrap();
        let other = add_company(&hub, "999001017", "Nordlys Kraft AS", CompanySettings::default()).await.unwrap();
        Office { _folder: folder, hub, us, other }
    }

    /// Adds a customer.
    pub async fn customer(&self, fields: &[(&str, &str)]) -> Card<Customer> {
        save_customer(&self.hub, &self.us, Edit::default(), &sheet(fields)).await.unwrap()
    }

    /// The kinds of events about something, in order.
    pub async fn told(&self, subject: &str) -> Vec<String> {
        let mut db = self.hub.db().read().await.unwrap();
        let events = event::of_subject(&mut db, &self.us.id, &self.us.key, subject).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

/// A form with these fields.
pub fn sheet(fields: &[(&str, &str)]) -> Sheet {
    Sheet::of(fields.iter().copied())
}

/// Each fault as code and place.
pub fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<String> {
    match outcome {
        Err(Error::Refused(faults)) => faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect(),
        other => panic!("{other:?}"),
    }
}
