//! Companies are added, their settings and routes set, their keys sealed anew.

use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_adapters::route::RouteSetup;
use kvitt_adapters::routes;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::OrgNumber;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{self, Company, CompanySettings};
use crate::store::event::NewEvent;

/// Adds a company. One with the same organisation number must not be there.
pub async fn add_company(hub: &Hub, org_number: &str, name: &str, settings: CompanySettings) -> Result<Company> {
    let org_number = OrgNumber::parse(org_number).map_err(Error::refused)?;
    if name.trim().is_empty() {
        return Err(Error::refused(Fault::fatal(codes::TERM_MISSING).at("name").with("term", "BT-27")));
    }
    let id = uuid::Uuid::now_v7().to_string();
    let (key, sealed) = hub.vault().new_company_key(&id);
    let company =
        Company { id, org_number: org_number.as_str().to_owned(), name: name.trim().to_owned(), settings, key: Arc::new(key) };
    let now = hub.clock().business_ms();
    let vault = hub.vault_handle();
    let added = company.clone();
    hub.write(move |tx| {
        let (company, sealed, vault) = (added.clone(), sealed.clone(), vault.clone());
        async move {
            if company::by_org_number(tx.db(), &vault, &company.org_number).await?.is_some() {
                let known = Fault::fatal(codes::COMPANY_KNOWN).with("org_number", &company.org_number);
                return Err(Error::refused(known));
            }
            company::insert(tx, &company, &sealed, now).await?;
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.added", &company.id, &company.name)?);
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(company)
}

/// Sets a route up for a company, or changes its set-up; every fault of the set-up at once.
pub async fn set_route(hub: &Hub, company: &Company, route: &str, setup: RouteSetup) -> Result<()> {
    let Some(adapter) = routes::by_name(route) else {
        return Err(Error::refused(Fault::fatal(codes::ROUTE_UNKNOWN).at("route").with("route", route)));
    };
    let faults = adapter.check_setup(&setup);
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let (company, route, now) = (company.clone(), route.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, route, setup) = (company.clone(), route.clone(), setup.clone());
        async move {
            company::set_route(tx, &company.id, &route, &setup).await?;
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.route_set", &company.id, &route)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Changes a company's settings.
pub async fn change_settings(hub: &Hub, company: &Company, settings: CompanySettings) -> Result<()> {
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, settings) = (company.clone(), settings.clone());
        async move {
            company::save_settings(tx, &company.id, &settings).await?;
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.settings_changed", &company.id, &settings)?);
            Ok(())
        }
        .boxed()
    })
    .await
}
