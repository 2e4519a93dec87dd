//! Money: bank files taken in, payments placed with invoices, direct debits that did not happen, and what a person decides; on both
//! databases.

mod deciding;
mod doors;
mod files;
mod importing;
mod kids;
mod laws;
mod telling;
mod totals;
mod watching;
mod worst_day;

use std::path::PathBuf;

use kvitt_domain::collection::Collection;
use kvitt_domain::invoice::{DocumentKind, PrecedingInvoice};
use kvitt_domain::money::{Amount, Currency};
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::actions::import_bank_file::{BankFile, Content, Imported, import_bank_file};
use kvitt_hub::actions::move_collection;
use kvitt_hub::actions::place_payments::Placed;
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::error::Result;
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_hub::store::collection;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::payment::{self, Sum};
use kvitt_hub::{Config, Hub};

use crate::databases::cluster;
use crate::sample;
use files::ACCOUNT;

/// A hub with a company that has [`ACCOUNT`], and one that has none.
pub struct Books {
    folder: tempfile::TempDir,
    pub hub: Hub,
    pub us: Company,
    pub other: Company,
}

/// Runs a test on SQLite, then on PostgreSQL.
pub async fn each_book(test: impl AsyncFn(&Books)) {
    test(&Books::open(Config::default()).await).await;
    if let Some(cluster) = cluster() {
        let database = Some(cluster.new_database().await);
        test(&Books::open(Config { database, ..Config::default() }).await).await;
    }
}

impl Books {
    pub async fn open(config: Config) -> Books {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::open(&folder.path().join("data"), config).await.unwrap();
        let us = add_company(&hub, "999002021", "Fjordvik kommune", CompanySettings::default()).await.unwrap();
        let other = add_company(&hub, "988077917", "Fjellheimen Barnehage SA", CompanySettings::default()).await.unwrap();
        set_bank_account(&hub, &us, ACCOUNT, BankAccountSettings::default()).await.unwrap();
        Books { folder, hub, us, other }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An invoice with a KID to [`ACCOUNT`]. Its id is its number.
    pub async fn invoice(&self, number: &str, kid: &str, minor: i64) {
        self.document(number, DocumentKind::Invoice, kid, minor, &[]).await;
    }

    /// A credit note of invoices.
    pub async fn credit_note(&self, number: &str, minor: i64, of: &[&str]) {
        self.document(number, DocumentKind::CreditNote, "", minor, of).await;
    }

    async fn document(&self, number: &str, kind: DocumentKind, kid: &str, minor: i64, of: &[&str]) {
        let mut stored = sample::stored(number, number);
        let document = &mut stored.body.invoice;
        document.kind = kind;
        document.totals.payable = Amount::new(minor, Currency::NOK);
        document.payment[0].remittance = (!kid.is_empty()).then(|| kid.to_owned());
        document.preceding = of.iter().map(|number| PrecedingInvoice { number: (*number).to_owned(), issued_on: None }).collect();
        let us = self.us.clone();
        let accepted = self.hub.write(move |tx| {
            let (us, stored) = (us.clone(), stored.clone());
            Box::pin(async move {
                sample::accept(tx, &us, &stored).await?;
                move_collection::begin(tx, &us, &stored, stored.accepted_at).await
            })
        });
        accepted.await.unwrap();
    }

    /// Takes a file in.
    pub async fn import(&self, file: &str) -> Result<Imported> {
        self.import_as(file, Covers::Some).await
    }

    /// Takes a file in whose records of mandates are some or all.
    pub async fn import_as(&self, file: &str, covers: Covers) -> Result<Imported> {
        let content = Content::Bytes(file.as_bytes().into());
        import_bank_file(&self.hub, BankFile { name: "bank.txt".into(), content, covers }).await
    }

    /// Takes a file in that must be taken, and counts what became of the payments in it.
    pub async fn placed(&self, file: &str) -> Placed {
        let imported = self.import(file).await.unwrap();
        imported.report.accounts.iter().fold(Placed::default(), |sum, account| sum.and(account.placed))
    }

    /// The money of an invoice.
    pub async fn money(&self, invoice: &str) -> Collection {
        let mut db = self.hub.db().read().await.unwrap();
        collection::of_invoice(&mut db, &self.us.id, invoice).await.unwrap().unwrap().candidate.collection
    }

    /// Where the money of an invoice stands, and what is owed in øre.
    pub async fn stands(&self, invoice: &str) -> (&'static str, i64) {
        let money = self.money(invoice).await;
        (money.state().name(), money.left().minor())
    }

    /// The sums of all payments by what became of them.
    pub async fn sums(&self) -> Vec<Sum> {
        payment::sums(&mut self.hub.db().read().await.unwrap(), &self.us.id).await.unwrap()
    }

    /// The kinds of events told about an invoice.
    pub async fn told(&self, subject: &str) -> Vec<String> {
        let mut db = self.hub.db().read().await.unwrap();
        let told = kvitt_hub::store::event::of_subject(&mut db, &self.us.id, &self.us.key, subject).await.unwrap();
        told.into_iter().map(|event| event.kind).collect()
    }
}
