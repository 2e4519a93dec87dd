//! Adds a product to a company's price list, or changes one.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::product::{self, Product};
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::invoicing::vat;

use crate::actions::keep_card::{self, Edit, Told};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::card::{self, Card};
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
    let number = match &before {
        Some(before) => before.number.clone(),
        None => keep_card::number::<Product>(tx, company, Numbered::Product, &edit.number).await?,
    };
    let card = Card {
        id: edit.id.clone().unwrap_or_else(|| crate::ids::new_id().to_string()),
        name: body.name.clone(),
        belongs_to: String::new(),
        state: if body.archived { "archived" } else { "active" }.to_owned(),
        made_at: before.as_ref().map_or(now, |before| before.made_at),
        changed_at: now,
        version: before.as_ref().map_or(1, |before| before.version),
        number,
        body,
    };
    if before.as_ref().is_some_and(|before| before.body == card.body) {
        return Ok(card);
    }
    let findable = keep_card::findable(&card.number, &card.name, &card.name);
    let (kind, version) = match before {
        None => {
            card::insert(tx, &company.id, &company.key, Numbered::Product, &card, &findable).await?;
            ("product.created", 1)
        }
        Some(_) => {
            card::save(tx, &company.id, &company.key, Numbered::Product, &card, &findable).await?;
            ("product.changed", card.version + 1)
        }
    };
    let told = Told { number: &card.number, name: &card.name, fields: Vec::new(), version };
    keep_card::tell(tx, company, kind, &card.id, &told, now)?;
    Ok(Card { version, ..card })
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
