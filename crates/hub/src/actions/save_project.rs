//! Adds a project to a company's register, or changes one.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::{self, Project};
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::keep_card::{self, Edit, Filed, Register};
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
    let register = Register { company, kind: Numbered::Project, told_as: ["project.created", "project.changed"], now };
    let filed = Filed { name: body.name.clone(), belongs_to: customer, state: body.status.name().to_owned() };
    let card = register.card(tx, edit, before.as_ref(), filed, body).await?;
    if before.as_ref().is_some_and(|before| before.body == card.body) {
        return Ok(card);
    }
    // A project is looked for by its customer too.
    let found_by = format!("{} {customer_name}", card.name);
    register.keep(tx, before.is_none(), card, &found_by, Vec::new()).await
}
