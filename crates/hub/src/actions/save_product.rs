//! Adds a product to a company's price list, or changes one.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::product::{self, Product};
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::invoicing::vat;

use crate::actions::keep_card::{self, Edit, Filed, Register};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::card::Card;
use crate::store::company::Company;
use crate::store::{Tx, invoicing};

/// Saves a product as its form says. The answer is the card as it is stored now.
pub async fn save_product(hub: &Hub, company: &Company, edit: Edit, sheet: &Sheet) -> Result<Card<Product>> {
    let product = product::read(sheet).map_err(Error::Refused)?;
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, edit, product) = (company.clone(), edit.clone(), product.clone());
        async move { write(tx, &company, &edit, product, now).await }.boxed()
    })
    .await
}

async fn write(tx: &mut Tx<'_>, company: &Company, edit: &Edit, body: Product, now: i64) -> Result<Card<Product>> {
    let before = keep_card::edited::<Product>(tx.db(), company, Numbered::Product, edit).await?;
    let (settings, _) = invoicing::settings(tx.db(), &company.id).await?;
    let faults = faults_of(&body, &settings);
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let register = Register { company, kind: Numbered::Product, told_as: ["product.created", "product.changed"], now };
    let filed = Filed {
        name: body.name.clone(),
        belongs_to: String::new(),
        state: if body.archived { "archived" } else { "active" }.to_owned(),
    };
    let card = register.card(tx, edit, before.as_ref(), filed, body).await?;
    if before.as_ref().is_some_and(|before| before.body == card.body) {
        return Ok(card);
    }
    let found_by = card.name.clone();
    register.keep(tx, before.is_none(), card, &found_by, Vec::new()).await
}

fn faults_of(product: &Product, settings: &InvoicingSettings) -> Vec<Fault> {
    let mut faults = Vec::new();
    if vat::named(&product.vat_code).is_none() {
        faults.push(Fault::fatal(codes::FIELD_INVALID).at("vat_code").with("field", "vat_code").with("value", &product.vat_code));
    }
    if let Some(number) = &product.ledger_account
        && settings.ledger_account(number).is_none()
    {
        faults.push(Fault::fatal(codes::LEDGER_ACCOUNT_UNKNOWN).at("ledger_account").with("number", number));
    }
    faults
}
