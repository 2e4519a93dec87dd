//! Changes what a company decided for all its invoices: sender, terms, number series, ledger accounts.

use futures_util::FutureExt;
use kvitt_domain::invoicing::settings::{self, InvoicingSettings};
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::keep_card;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::invoicing;

/// Saves the settings as their form says, in place of those with this version. Every fault at its field, all at once.
pub async fn change_invoicing(hub: &Hub, company: &Company, version: i64, sheet: &Sheet) -> Result<InvoicingSettings> {
    let wanted = settings::read(sheet).map_err(Error::Refused)?;
    save(hub, company, version, wanted).await
}

/// The same, for whoever has the settings themselves.
pub async fn save(hub: &Hub, company: &Company, version: i64, wanted: InvoicingSettings) -> Result<InvoicingSettings> {
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, wanted) = (company.clone(), wanted.clone());
        async move {
            let (before, current) = invoicing::settings(tx.db(), &company.id).await?;
            if current != version {
                return Err(keep_card::changed("settings", ""));
            }
            if before != wanted {
                invoicing::save(tx, &company.id, &wanted, version, now).await?;
                tx.tell(NewEvent::new(&company.id, &company.key, now, "company.invoicing_changed", &company.id, &wanted)?);
            }
            Ok(wanted)
        }
        .boxed()
    })
    .await
}
