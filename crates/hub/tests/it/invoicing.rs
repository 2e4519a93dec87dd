//! A company writes its own invoices: registers, numbers, drafts and what becomes of them; on both databases.

mod drafts;
mod recurring;
mod registers;

use kvitt_domain::identifiers::{KidParts, KidStructure, Modulus};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_hub::actions::accept_invoice::{HandedIn, accept_invoice};
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::change_invoicing;
use kvitt_hub::actions::keep_card::Edit;
use kvitt_hub::actions::save_customer::save_customer;
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_hub::store::card::Card;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::event;
use kvitt_hub::{Config, Hub};

use crate::databases::cluster;

/// An invoice of the first company that a program wrote.
const ELSEWHERE: &str = include_str!("../../../../examples/invoices/fjordvik-260401.xml");
/// Where it is paid to.
pub const ACCOUNT: &str = "86011117947";

/// How KIDs are made for [`ACCOUNT`]: six digits of the customer, six of the invoice.
pub fn structure() -> KidStructure {
    KidStructure::new(KidParts { length: 13, customer: 0..6, kind: None, invoice: 6..12, modulus: Modulus::Mod10 }).unwrap()
}

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

    /// Says who the company is, and where it is paid to.
    pub async fn set_up(&self) {
        let agreed = BankAccountSettings { kid_structures: vec![structure()], ..BankAccountSettings::default() };
        set_bank_account(&self.hub, &self.us, ACCOUNT, agreed).await.unwrap();
        let mut settings = InvoicingSettings::default();
        settings.sender.bank_account = Some(ACCOUNT.into());
        settings.sender.address.city = Some("Bergen".into());
        settings.sender.address.postal_code = Some("5003".into());
        change_invoicing::save(&self.hub, &self.us, 0, settings).await.unwrap();
    }

    /// Adds a customer. The answer is its id.
    pub async fn customer_of(&self, fields: &[(&str, &str)]) -> String {
        self.customer(fields).await.id
    }

    /// Accepts a document that a program wrote. The answer is its id.
    pub async fn sent_elsewhere(&self, number: &str) -> String {
        let text = ELSEWHERE.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1);
        accept_invoice(&self.hub, HandedIn::file("a.xml", text.into_bytes())).await.unwrap().id
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
