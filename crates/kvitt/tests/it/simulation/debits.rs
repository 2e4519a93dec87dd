//! The direct debits of a run: the companies' accounts with agreements, the payers' mandates, and which invoices are claimed how.
//!
//! The hub's template knows all of it from the bank's own files; each run's bank remembers as much of it as its invoices need.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_adapters::route::RouteSetup;
use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::KidStructure;
use kvitt_hub::actions::add_company;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::actions::import_bank_file::{BankFile, Content, import_bank_file};
use kvitt_hub::actions::order_agreement::{self, AgreementAsk};
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::config::AvtalegiroConfig;
use kvitt_hub::hub::Hub;
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_sandbox::CUSTOMER_UNIT;
use kvitt_sandbox::counterparties::bank::accounts::Wanted;
use kvitt_sandbox::counterparties::bank::kid::{Modulus, Structure};
use kvitt_sandbox::counterparties::bank::payers::Payer;
use kvitt_sandbox::counterparties::bank::{Bank, Outgoing, Record};
use serde_json::json;

use super::world::BEGINNING;
use crate::dice::Dice;
use crate::documents::{COMPANIES, Document, PaidTo};

/// The bank's drop, by its name in the hub's configuration.
pub const DROP: &str = "bank";

/// A bank account with an AvtaleGiro agreement that is in force from the beginning.
#[derive(Debug)]
pub struct Account {
    /// Whose: a place in [`COMPANIES`].
    company: usize,
    /// Eleven digits. They choose how the bank tells of payments (docs/sandbox.md).
    pub number: &'static str,
    /// How claims travel.
    pub way: ClaimWay,
}

/// All of them: told of in OCR giro thrice, in camt.054 and in camt.053.
pub const ACCOUNTS: [Account; 5] = [
    Account { company: 0, number: "99991003017", way: ClaimWay::Service },
    Account { company: 0, number: "99991002010", way: ClaimWay::File },
    Account { company: 0, number: "99991004013", way: ClaimWay::Elsewhere },
    Account { company: 1, number: "99980700018", way: ClaimWay::File },
    Account { company: 1, number: "99980800012", way: ClaimWay::Service },
];

/// How every account's KIDs are made: six digits of the customer, nine of the invoice.
const STRUCTURE: &str = "16:1-6";

/// Days until they are due of invoices that are claimed: too soon for the rail, just in time, and in good time.
const DUE_IN_DAYS: [i64; 8] = [5, 9, 12, 14, 16, 18, 21, 24];

impl Account {
    /// The account with this number.
    pub fn of(number: &str) -> Option<&'static Account> {
        ACCOUNTS.iter().find(|account| account.number == number)
    }

    fn of_company(company: &str) -> Vec<&'static Account> {
        ACCOUNTS.iter().filter(|account| COMPANIES[account.company].0 == company).collect()
    }

    /// Whether a payer of this kind leaves the hub a chance to know what becomes of a claim by this way: that a payer's bank goes on
    /// with a claim that was called back by file, no record says.
    fn suits(&self, customer: u64) -> bool {
        !(self.way == ClaimWay::File && Payer::of(&part(customer)) == Payer::KeepsClaim)
    }
}

/// What a document asks to be paid by, where it is to be claimed.
#[derive(Debug, Clone)]
pub struct Debit {
    /// The account and the KID.
    pub paid_to: PaidTo,
    /// Days until it is due.
    pub due_in_days: i64,
}

/// An account of the company, and a payer who more often than not is somebody in particular.
pub fn debit(dice: &mut Dice, company: &str, index: u64) -> Debit {
    let account = *dice.pick(&Account::of_company(company));
    let ordinary = 15 + dice.throw(80);
    let customer = if dice.once_in(3) { ordinary } else { 1 + dice.throw(14) };
    let customer = if account.suits(customer) { customer } else { ordinary };
    Debit { paid_to: paid_to(account, customer, index), due_in_days: *dice.pick(&DUE_IN_DAYS) }
}

/// Account and KID of a customer's invoice.
pub fn paid_to(account: &Account, customer: u64, index: u64) -> PaidTo {
    let structure: KidStructure = STRUCTURE.parse().expect("it is one");
    let kid = structure.generate(customer, index + 1).expect("small numbers fit").to_string();
    PaidTo { account: account.number.to_owned(), kid }
}

fn part(customer: u64) -> String {
    format!("{customer:06}")
}

/// The account of a document that can be claimed: an invoice that is paid to one with an agreement.
pub fn account_of(document: &Document) -> Option<&'static Account> {
    if document.is_credit_note { None } else { Account::of(&document.paid_to.account) }
}

/// Everything that makes the bank what it is at the beginning of a run, and the files that tell the hub of it.
static BEGUN: LazyLock<(Vec<Record>, Vec<Outgoing>)> = LazyLock::new(|| {
    let (mut bank, mut records) = (Bank::default(), Vec::new());
    let now: Timestamp = BEGINNING.parse().expect("a time");
    for account in &ACCOUNTS {
        let structure = Structure::new(16, "[1-6]", Modulus::Mod10).expect("it can be");
        let wanted = Wanted {
            provider: CUSTOMER_UNIT,
            organisation: COMPANIES[account.company].0,
            account: account.number,
            structures: vec![structure],
            takes_over: false,
        };
        bank.make_agreement(wanted, now, &mut records).expect("nobody else has these accounts");
    }
    let answer = bank.work(now);
    records.extend(answer.records);
    (records, answer.files)
});

/// A bank that knows the agreements and payers of these documents, and has told of them; without any, one that knows nobody.
pub fn bank_of(documents: &[Document]) -> Bank {
    let (mut bank, mut parts) = (Bank::default(), Vec::new());
    for document in documents.iter().filter(|document| account_of(document).is_some()) {
        parts.push((document.paid_to.account.clone(), document.paid_to.kid[..6].to_owned()));
    }
    let has_account = |account: &String| parts.iter().any(|(known, _)| known == account);
    for record in &BEGUN.0 {
        let is_needed = match record {
            Record::Agreement(agreement) => has_account(&agreement.account),
            Record::Mandate { mandate, .. } => parts.contains(&(mandate.account.clone(), mandate.part.clone())),
            Record::Listed { account, .. } => has_account(account),
            _ => false,
        };
        if is_needed {
            bank.remember(record.clone());
        }
    }
    bank
}

/// What the operator has configured of the rail.
pub fn configured() -> AvtalegiroConfig {
    AvtalegiroConfig {
        customer_unit: Some(CUSTOMER_UNIT.to_owned()),
        files: Some(DROP.to_owned()),
        service: Some("mps".to_owned()),
        ..AvtalegiroConfig::default()
    }
}

/// Gives the companies of the template their accounts, agreements and settings, and has the bank's lists of mandates read.
pub async fn set_up(hub: &Hub) {
    for (place, (number, _)) in COMPANIES.iter().enumerate() {
        let company = hub.company(Some(number)).await.expect("a company");
        for account in Account::of_company(number) {
            let structures: Vec<KidStructure> = vec![STRUCTURE.parse().expect("it is one")];
            let settings = BankAccountSettings { kid_structures: structures.clone(), ..BankAccountSettings::default() };
            set_bank_account(hub, &company, account.number, settings).await.expect("an account");
            let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: account.way };
            let subject = Subject::Avtalegiro { account: account.number.to_owned(), debit };
            let agreed = AgreementAsk::Record { subject, found: Found::Active, by: "the dice".to_owned() };
            order_agreement::change(hub, &company, agreed).await.expect("an agreement");
        }
        // The first company's shipments go at once, as good as; the second's wait half a day, in which much can happen.
        let open_seconds = if place == 0 { 60 } else { 12 * 3_600 };
        let setup = RouteSetup(json!({ "lot_size": 3, "lot_open_seconds": open_seconds }));
        add_company::set_route(hub, &company, "avtalegiro", setup).await.expect("a route");
    }
    for file in &BEGUN.1 {
        let file =
            BankFile { name: file.name.clone(), content: Content::Bytes(file.content.clone().into()), covers: Covers::Some };
        import_bank_file(hub, file).await.expect("a list of mandates");
    }
    no_fetching(hub).await;
}

/// Where a bank leaves files there is nothing to fetch four times a day, for ever; no run would come to rest.
async fn no_fetching(hub: &Hub) {
    hub.write(|tx| {
        Box::pin(async move {
            sqlx::query("DELETE FROM job WHERE kind = 'fetch_mandates'").execute(tx.db()).await?;
            Ok(())
        })
    })
    .await
    .expect("jobs");
}

/// The accounts that the bank counts on in a run, and the day on which the last of the invoices is due.
pub fn accounts_and_last_day(documents: &[Document]) -> (Vec<&'static str>, Option<Date>) {
    let claimed: Vec<&Document> = documents.iter().filter(|document| account_of(document).is_some()).collect();
    let mut accounts: Vec<&'static str> = claimed.iter().filter_map(|one| account_of(one)).map(|one| one.number).collect();
    accounts.sort_unstable();
    accounts.dedup();
    (accounts, claimed.iter().map(|document| document.due_on).max())
}
