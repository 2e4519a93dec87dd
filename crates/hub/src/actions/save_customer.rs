//! Adds a customer to a company's register, or changes one. Every fault at its field, all at once.
//!
//! A fødselsnummer goes to the vault, and its reference to the card. The order of routes is the one that the company keeps for its
//! customers wherever they are known by ([`crate::store::customer_order`]): by the organisation number where there is one, else by the
//! customer number.

use futures_util::FutureExt;
use kvitt_domain::customer::CustomerKey;
use kvitt_domain::invoicing::customer::{self, Customer, IdentityChange};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::plan::RouteName;
use sqlx::AnyConnection;

use crate::actions::add_company::faults_of_order;
use crate::actions::keep_card::{self, Edit, Filed, Register};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::card::Card;
use crate::store::company::Company;
use crate::store::customer_order::{self, CustomerOrder};
use crate::store::{Tx, invoice};
use crate::vault::Purpose;

/// The form's field of the order of routes: names with commas or blanks between them.
const ORDER: &str = "route_order";

/// A customer that was typed, read and ready to be saved.
struct Wanted {
    edit: Edit,
    customer: Customer,
    identity: IdentityChange,
    order: Vec<RouteName>,
    now: i64,
}

/// Saves a customer as its form says. The answer is the card as it is stored now.
pub async fn save_customer(hub: &Hub, company: &Company, edit: Edit, sheet: &Sheet) -> Result<Card<Customer>> {
    let order = order_typed(sheet);
    let mut faults = faults_of_order(ORDER, &order);
    let (customer, identity) = match customer::read(sheet) {
        Ok(read) if faults.is_empty() => read,
        Ok(_) => return Err(Error::Refused(faults)),
        Err(mut wrong) => {
            wrong.append(&mut faults);
            return Err(Error::Refused(wrong));
        }
    };
    let wanted = std::sync::Arc::new(Wanted { edit, customer, identity, order, now: hub.clock().business_ms() });
    let company = company.clone();
    hub.write(move |tx| {
        let (company, wanted) = (company.clone(), wanted.clone());
        async move { write(tx, &company, &wanted).await }.boxed()
    })
    .await
}

async fn write(tx: &mut Tx<'_>, company: &Company, wanted: &Wanted) -> Result<Card<Customer>> {
    let Wanted { edit, now, .. } = wanted;
    let before = keep_card::edited::<Customer>(tx.db(), company, Numbered::Customer, edit).await?;
    let kept = before.as_ref().and_then(|before| before.body.identity_ref.clone());
    let identity_ref = keep_identity(tx, company, kept, &wanted.identity).await?;
    let body = Customer { identity_ref, ..wanted.customer.clone() };
    let register = Register { company, kind: Numbered::Customer, told_as: ["customer.created", "customer.changed"], now: *now };
    let state = if body.archived { "archived" } else { "active" };
    let filed = Filed { name: body.name.clone(), belongs_to: String::new(), state: state.to_owned() };
    let card = register.card(tx, edit, before.as_ref(), filed, body).await?;
    let old_order = order_of(tx.db(), company, before.as_ref()).await?;
    let fields = before.as_ref().map(|before| card.body.changed_from(&before.body)).unwrap_or_default();
    if before.is_some() && fields.is_empty() && old_order == wanted.order {
        return Ok(card);
    }
    keep_order(tx, company, before.as_ref(), &card, &wanted.order, *now).await?;
    let found_by = card.body.words();
    register.keep(tx, before.is_none(), card, &found_by, fields).await
}

/// The order of routes that is kept for a customer; empty where it is the company's.
pub async fn order_of(db: &mut AnyConnection, company: &Company, card: Option<&Card<Customer>>) -> Result<Vec<RouteName>> {
    let Some(card) = card else { return Ok(Vec::new()) };
    Ok(customer_order::of(db, &company.id, &[key_of(card)]).await?.unwrap_or_default())
}

/// By what the customer is known again in its invoices.
fn key_of(card: &Card<Customer>) -> CustomerKey {
    match &card.body.org_number {
        Some(number) => CustomerKey::OrgNumber(number.clone()),
        None => CustomerKey::Number(card.number.clone()),
    }
}

async fn keep_order(
    tx: &mut Tx<'_>,
    company: &Company,
    before: Option<&Card<Customer>>,
    card: &Card<Customer>,
    order: &[RouteName],
    now: i64,
) -> Result<()> {
    let key = key_of(card);
    // A customer that got an organisation number is known by it from now on.
    if let Some(old) = before.map(key_of).filter(|old| *old != key) {
        customer_order::remove(tx, &company.id, &old).await?;
    }
    if order.is_empty() {
        customer_order::remove(tx, &company.id, &key).await?;
        return Ok(());
    }
    customer_order::set(tx, &company.id, &CustomerOrder { customer: key, order: order.to_vec() }, now).await
}

async fn keep_identity(
    tx: &mut Tx<'_>,
    company: &Company,
    kept: Option<String>,
    change: &IdentityChange,
) -> Result<Option<String>> {
    let new = match change {
        IdentityChange::Keep => return Ok(kept),
        IdentityChange::Forget => None,
        IdentityChange::Set(number) => {
            if let Some(kept) = &kept
                && invoice::identity(tx.db(), &company.id, &company.key, kept).await? == number.reveal()
            {
                return Ok(Some(kept.clone()));
            }
            let reference = crate::ids::new_id().to_string();
            let sealed = company.key.seal(Purpose::Identity, &reference, number.reveal().as_bytes());
            invoice::insert_identity(tx, &company.id, &reference, &sealed).await?;
            Some(reference)
        }
    };
    if let Some(kept) = kept {
        invoice::remove_identity(tx, &company.id, &kept).await?;
    }
    Ok(new)
}

/// The order of routes as somebody typed it.
fn order_typed(sheet: &Sheet) -> Vec<RouteName> {
    let names = sheet.get(ORDER).split([',', ' ', ';', '\n']).map(str::trim);
    names.filter(|name| !name.is_empty()).map(RouteName::new).collect()
}
