//! What a company needs to play with a sandbox, done in one go: routes, a bank account with KIDs, agreements; and a draft to somebody who
//! lives there. What the company has decided already stays as it is.

use std::time::Duration;

use kvitt_adapters::route::RouteSetup;
use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{AgreementKind, DirectDebit};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::{BankAccount, KidStructure};
use kvitt_domain::invoice::{Address, DocumentKind};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::draft::{Draft, DraftLine};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::invoicing::words;
use rust_decimal::Decimal;
use serde_json::json;

use crate::actions::add_company::set_route;
use crate::actions::change_invoicing;
use crate::actions::keep_card::Edit;
use crate::actions::order_agreement::{self, AgreementAsk, AgreementShown};
use crate::actions::save_customer::save_customer;
use crate::actions::set_bank_account::set_bank_account;
use crate::actions::write_draft;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::bank_account::{self, BankAccountSettings};
use crate::store::card::{self, Card};
use crate::store::company::{self, Company};
use crate::store::draft::StoredDraft;
use crate::store::invoicing;

/// How KIDs are made where nobody said otherwise: the customer's number in the first seven digits.
const KIDS: &str = "16:1-7";
/// The sandbox puts an agreement in force at once; one that takes longer is waited for on its own page.
const AGREED_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(50);
/// The price of the one line of a draft to a persona, kroner without VAT.
const PRICE: i64 = 1_250;
/// Customers of one name that are looked through for one that is a persona.
const LOOKED_THROUGH: i64 = 20;

/// What a company has of what it needs to play.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ready {
    /// Routes that are not set up.
    pub routes_missing: Vec<&'static str>,
    /// The bank account that its invoices name, once KIDs are made for it.
    pub account: Option<String>,
    /// Whether eFaktura may be sent.
    pub has_main: bool,
    /// Whether direct debits to the account may be claimed.
    pub has_debits: bool,
}

impl Ready {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.routes_missing.is_empty() && self.account.is_some() && self.has_main && self.has_debits
    }
}

/// The routes that the sandbox plays the other side of.
const ROUTES: [&str; 3] = ["email", "efaktura", "print"];

/// What a company has.
pub async fn ready(hub: &Hub, company: &Company) -> Result<Ready> {
    let agreements = order_agreement::list(hub, company).await?;
    let mut db = hub.db().read().await?;
    let known = company::routes(&mut db, &company.id).await?;
    let (settings, _) = invoicing::settings(&mut db, &company.id).await?;
    let account = match &settings.sender.bank_account {
        Some(account) => {
            let known = bank_account::of(&mut db, &company.id, account).await?;
            known.filter(|known| !known.settings.kid_structures.is_empty()).map(|known| known.account)
        }
        None => None,
    };
    let debits_to = |shown: &AgreementShown| account.is_some() && shown.course.subject.account() == account.as_deref();
    Ok(Ready {
        routes_missing: ROUTES.into_iter().filter(|route| !known.iter().any(|(name, _)| name == route)).collect(),
        has_main: agreements.iter().any(|shown| is_in_force(shown, AgreementKind::MainVendor)),
        has_debits: agreements.iter().any(|shown| is_in_force(shown, AgreementKind::Avtalegiro) && debits_to(shown)),
        account,
    })
}

fn is_in_force(shown: &AgreementShown, kind: AgreementKind) -> bool {
    shown.course.subject.kind() == kind && shown.course.agreement(&shown.customer_unit).is_in_force()
}

/// Gives a company what it lacks. Once more does the rest, where an agreement took its time.
pub async fn prepare(hub: &Hub, company: &Company, by: &str) -> Result<()> {
    let account = prepare_account(hub, company).await?;
    for route in ready(hub, company).await?.routes_missing {
        set_route(hub, company, route, RouteSetup(set_up(company, route, &account))).await?;
    }
    order(hub, company, Subject::MainVendor, by).await?;
    if ready(hub, company).await?.has_main {
        let structures = structures(hub, company, &account).await?;
        let debit = DirectDebit { structures, notice: Default::default(), claims: Default::default() };
        order(hub, company, Subject::Avtalegiro { account, debit }, by).await?;
    }
    Ok(())
}

fn set_up(company: &Company, route: &str, account: &str) -> serde_json::Value {
    let number = &company.org_number;
    match route {
        "email" => json!({
            "from": format!("faktura@bedrift-{number}.example"),
            "from_name": company.name,
            "bounce_domain_or_address": format!("retur.bedrift-{number}.example"),
        }),
        "efaktura" => json!({ "accounts": [account], "brand_name": company.name, "lot_open_seconds": 1 }),
        _ => json!({ "return_address": ["Prøveveien 1", "0150 Oslo"] }),
    }
}

/// The account that invoices name, with KIDs; one that exists nowhere, where the company has none.
async fn prepare_account(hub: &Hub, company: &Company) -> Result<String> {
    let (mut settings, version) = invoicing::settings(&mut *hub.db().read().await?, &company.id).await?;
    let sender = &mut settings.sender;
    let account = match &sender.bank_account {
        Some(account) => account.clone(),
        None => made_up(&company.org_number)?,
    };
    let is_placed = sender.address.line1.is_some() && sender.address.city.is_some();
    if sender.bank_account.is_none() || !is_placed {
        sender.bank_account = Some(account.clone());
        if !is_placed {
            let text = |text: &str| Some(text.to_owned());
            sender.address =
                Address { line1: text("Prøveveien 1"), postal_code: text("0150"), city: text("Oslo"), ..sender.address.clone() };
        }
        change_invoicing::save(hub, company, version, settings).await?;
    }
    if structures(hub, company, &account).await?.is_empty() {
        let kids: KidStructure = KIDS.parse().map_err(Error::refused)?;
        let settings = BankAccountSettings { kid_structures: vec![kids], ..BankAccountSettings::default() };
        set_bank_account(hub, company, &account, settings).await?;
    }
    Ok(account)
}

async fn structures(hub: &Hub, company: &Company, account: &str) -> Result<Vec<KidStructure>> {
    let known = bank_account::of(&mut *hub.db().read().await?, &company.id, account).await?;
    Ok(known.map(|known| known.settings.kid_structures).unwrap_or_default())
}

/// Eleven digits that no bank has given to anybody, made from the organisation number so that companies do not share one.
fn made_up(org_number: &str) -> Result<String> {
    let digits = org_number.get(org_number.len().saturating_sub(5)..).unwrap_or("00000");
    // Of two numbers in a row one has a check digit at least.
    let made = (0..2).flat_map(|serial| (0..10).map(move |check| format!("9999{digits}{serial}{check}")));
    let mut held = made.filter(|account| BankAccount::parse(account).is_ok());
    held.next().ok_or_else(|| Error::refused(Fault::fatal(codes::FORM_MISSING).at("bank_account")))
}

/// Orders an agreement unless there is one, and waits for it a moment.
async fn order(hub: &Hub, company: &Company, subject: Subject, by: &str) -> Result<()> {
    let (kind, account) = (subject.kind(), subject.account().map(str::to_owned));
    let is_it =
        |shown: &AgreementShown| shown.course.subject.kind() == kind && shown.course.subject.account() == account.as_deref();
    if !order_agreement::list(hub, company).await?.iter().any(is_it) {
        let ask = AgreementAsk::Order { subject, accepted_by: Some(by.to_owned()), signer: None, vouched_by: None };
        order_agreement::change(hub, company, ask).await?;
    }
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < AGREED_WITHIN {
        let known = order_agreement::list(hub, company).await?;
        if known.iter().any(|shown| is_it(shown) && is_in_force(shown, kind)) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Somebody who lives in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persona {
    /// By which pages know them.
    pub id: &'static str,
    /// The name on invoices.
    pub name: &'static str,
    /// The e-mail address; empty for those who have none.
    pub email: &'static str,
    /// The number that they have as a customer; empty for the next of the series.
    pub number: &'static str,
}

/// Begins a draft to somebody who lives in the sandbox, who becomes a customer first. `text` is what the one line says.
pub async fn write_to(hub: &Hub, company: &Company, persona: &Persona, text: &str) -> Result<StoredDraft> {
    let customer = customer(hub, company, persona).await?;
    let (settings, _) = invoicing::settings(&mut *hub.db().read().await?, &company.id).await?;
    let line = DraftLine::of(text, Decimal::from(PRICE), &settings.vat_code);
    let draft = Draft { customer: Some(customer.id), lines: vec![line], ..Draft::new(DocumentKind::Invoice) };
    write_draft::begin(hub, company, draft).await
}

async fn customer(hub: &Hub, company: &Company, persona: &Persona) -> Result<Card<Customer>> {
    let known: Vec<Card<Customer>> = {
        let mut db = hub.db().read().await?;
        let sought = words::of(persona.name);
        card::search(&mut db, &company.id, &company.key, Numbered::Customer, &sought, LOOKED_THROUGH).await?
    };
    let is_persona = |card: &Card<Customer>| {
        !card.body.archived
            && card.body.email.as_deref().unwrap_or_default() == persona.email
            && (persona.number.is_empty() || card.number == persona.number)
    };
    if let Some(known) = known.into_iter().find(is_persona) {
        return Ok(known);
    }
    let sheet = Sheet::of([
        ("kind", "consumer"),
        ("currency", "NOK"),
        ("name", persona.name),
        ("email", persona.email),
        ("postal_line1", "Storgata 1"),
        ("postal_postal_code", "0155"),
        ("postal_city", "Oslo"),
        ("postal_country", "NO"),
    ]);
    let edit = Edit { number: persona.number.to_owned(), ..Edit::default() };
    save_customer(hub, company, edit, &sheet).await
}

/// The customer part of the KIDs of a customer with a number, by which the bank knows a mandate.
pub async fn customer_part(hub: &Hub, company: &Company, account: &str, number: &str) -> Result<Option<String>> {
    let Some(structure) = structures(hub, company, account).await?.into_iter().next() else { return Ok(None) };
    let Ok(customer) = number.parse::<u64>() else { return Ok(None) };
    let kid = structure.generate_from(customer, 1).ok().map(|(_, kid)| kid);
    Ok(kid.and_then(|kid| structure.customer_part(&kid).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_made_up_for_every_number() {
        let mut made = std::collections::BTreeSet::new();
        for number in ["999001017", "810000104", "988077917", "000000000"] {
            let account = made_up(number).expect("an account");
            assert!(BankAccount::parse(&account).is_ok(), "{account}");
            made.insert(account);
        }
        assert_eq!(made.len(), 4);
    }
}
