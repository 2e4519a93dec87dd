//! Adds a project to a company's register, or changes one.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::{self, Project};
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::keep_card::{self, Edit, Told};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::Tx;
use crate::store::card::{self, Card};
use crate::store::company::Company;

/// Saves a project as its form says. The answer is the card as it is stored now.
pub async fn save_project(hub: &Hub, company: &Company, edit: Edit, sheet: &Sheet) -> Result<Card<Project>> {
    let project = project::read(sheet).map_err(Error::Refused)?;
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, edit, project) = (company.clone(), edit.clone(), project.clone());
        async move { write(tx, &company, &edit, project, now).await }.boxed()
    })
    .await
}

async fn write(tx: &mut Tx<'_>, company: &Company, edit: &Edit, body: Project, now: i64) -> Result<Card<Project>> {
    let before = keep_card::edited::<Project>(tx.db(), company, Numbered::Project, edit).await?;
    let customer = body.customer.clone().unwrap_or_default();
    let mut customer_name = String::new();
    if !customer.is_empty() {
        match card::by_id::<Customer>(tx.db(), &company.id, &company.key, Numbered::Customer, &customer).await? {
            Some(found) => customer_name = found.name,
            None => {
                let unknown = Fault::fatal(codes::ENTRY_UNKNOWN).at("customer").with("entry", "customer").with("number", "");
                return Err(Error::refused(unknown));
            }
        }
    }
    let number = match &before {
        Some(before) => before.number.clone(),
        None => keep_card::number::<Project>(tx, company, Numbered::Project, &edit.number).await?,
    };
    let card = Card {
        id: edit.id.clone().unwrap_or_else(|| crate::ids::new_id().to_string()),
        name: body.name.clone(),
        belongs_to: customer,
        state: body.status.name().to_owned(),
        made_at: before.as_ref().map_or(now, |before| before.made_at),
        changed_at: now,
        version: before.as_ref().map_or(1, |before| before.version),
        number,
        body,
    };
    if before.as_ref().is_some_and(|before| before.body == card.body) {
        return Ok(card);
    }
    // A project is looked for by its customer too.
    let findable = keep_card::findable(&card.number, &card.name, &format!("{} {customer_name}", card.name));
    let (kind, version) = match before {
        None => {
            card::insert(tx, &company.id, &company.key, Numbered::Project, &card, &findable).await?;
            ("project.created", 1)
        }
        Some(_) => {
            card::save(tx, &company.id, &company.key, Numbered::Project, &card, &findable).await?;
            ("project.changed", card.version + 1)
        }
    };
    let told = Told { number: &card.number, name: &card.name, fields: Vec::new(), version };
    keep_card::tell(tx, company, kind, &card.id, &told, now)?;
    Ok(Card { version, ..card })
}
