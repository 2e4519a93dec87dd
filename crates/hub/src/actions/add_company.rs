//! Companies are added, their settings and routes set: each checked when it is set, not when a document needs it.

use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_adapters::route::RouteSetup;
use kvitt_adapters::routes;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::OrgNumber;
use kvitt_domain::plan::RouteName;
use kvitt_render::{Color, Logo};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{self, Company, CompanySettings};
use crate::store::event::NewEvent;

/// Adds a company; every fault at once. One with the same organisation number must not be there.
pub async fn add_company(hub: &Hub, org_number: &str, name: &str, settings: CompanySettings) -> Result<Company> {
    let mut faults = faults_of(&settings);
    if name.trim().is_empty() {
        faults.insert(0, Fault::fatal(codes::TERM_MISSING).at("name").with("term", "BT-27"));
    }
    let org_number = match OrgNumber::parse(org_number) {
        Ok(org_number) if faults.is_empty() => org_number,
        Ok(_) => return Err(Error::Refused(faults)),
        Err(fault) => {
            faults.insert(0, fault);
            return Err(Error::Refused(faults));
        }
    };
    let id = crate::ids::new_id().to_string();
    let (key, _) = hub.vault().new_company_key(&id);
    let company = Company { id, org_number: org_number.as_str().to_owned(), name: name.trim().to_owned(), settings, key };
    let now = hub.clock().business_ms();
    let vault = hub.vault_handle();
    let added = company.clone();
    hub.write(move |tx| {
        let (company, vault) = (added.clone(), vault.clone());
        async move {
            if company::by_org_number(tx.db(), &vault, &company.org_number).await?.is_some() {
                let known = Fault::fatal(codes::COMPANY_KNOWN).with("org_number", &company.org_number);
                return Err(Error::refused(known));
            }
            // Sealed here: a master key made before this transaction is the one that seals.
            company::insert(tx, &company, &vault.seal_company_key(&company.key), now).await?;
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

/// Changes a company's settings to these; every fault at once.
pub async fn change_settings(hub: &Hub, company: &Company, settings: CompanySettings) -> Result<()> {
    amend_settings(hub, company, "", move |known| *known = settings.clone()).await.map(|_| ())
}

/// Changes some of a company's settings and leaves the others as they are at that moment; every fault at once. Answers what they are
/// now. `by` is who wants it, empty where nobody is named.
pub async fn amend_settings(
    hub: &Hub,
    company: &Company,
    by: &str,
    amend: impl Fn(&mut CompanySettings) + Send + Sync + 'static,
) -> Result<CompanySettings> {
    let (company, now, vault, by) = (company.clone(), hub.clock().business_ms(), hub.vault_handle(), by.to_owned());
    let amend = Arc::new(amend);
    hub.write(move |tx| {
        let (company, vault, amend, by) = (company.clone(), vault.clone(), amend.clone(), by.clone());
        async move {
            let known = company::by_id(tx.db(), &vault, &company.id).await?.settings;
            let mut settings = known.clone();
            amend(&mut settings);
            let faults = faults_of(&settings);
            if !faults.is_empty() {
                return Err(Error::Refused(faults));
            }
            if settings != known {
                company::save_settings(tx, &company.id, &settings).await?;
                let told = Changed { settings: &settings, by: &by };
                tx.tell(NewEvent::new(&company.id, &company.key, now, "company.settings_changed", &company.id, &told)?);
            }
            Ok(settings)
        }
        .boxed()
    })
    .await
}

#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    settings: &'a CompanySettings,
    #[serde(skip_serializing_if = "str::is_empty")]
    by: &'a str,
}

/// Everything that is wrong with settings.
fn faults_of(settings: &CompanySettings) -> Vec<Fault> {
    let value = |place: &str, value: &str| Fault::fatal(codes::SETUP_VALUE).at(place).with("value", value);
    let mut faults = faults_of_order("consumer_route_order", &settings.consumer_route_order);
    faults.append(&mut faults_of_order("business_route_order", &settings.business_route_order));
    if let Some(accent) = &settings.accent
        && Color::parse(accent).is_none()
    {
        faults.push(value("accent", accent));
    }
    if let Some(Err(cause)) = settings.logo.as_deref().map(logo) {
        faults.push(value("logo", &cause));
    }
    faults
}

/// An order names routes that there are, by today's names or older ones, and each of them once.
pub(crate) fn faults_of_order(place: &str, order: &[RouteName]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (position, name) in order.iter().enumerate() {
        let meant = routes::written_out(std::slice::from_ref(name));
        if meant.iter().any(|route| routes::by_name(route.as_str()).is_none()) {
            faults.push(Fault::fatal(codes::ROUTE_UNKNOWN).at(place).with("route", name));
        } else if order[..position].contains(name) {
            faults.push(Fault::fatal(codes::SETUP_VALUE).at(place).with("value", format!("{name}, {name}")));
        }
    }
    faults
}

/// A logo as settings hold it: a PNG or JPEG file in base64.
pub(crate) fn logo(text: &str) -> std::result::Result<Logo, String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|cause| cause.to_string())?;
    Logo::parse(bytes).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest PNG that there is: one grey pixel.
    const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

    fn check(settings: CompanySettings, expected: &[(&str, &str)]) {
        let faults = faults_of(&settings);
        let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.code.name(), fault.place.as_str())).collect();
        assert_eq!(found, expected, "{settings:?}");
    }

    fn order(names: &[&str]) -> Vec<RouteName> {
        names.iter().copied().map(RouteName::new).collect()
    }

    #[test]
    fn settings_are_checked_when_they_are_set() {
        let plain = CompanySettings::default;
        check(plain(), &[]);
        check(CompanySettings { logo: Some(PIXEL.into()), accent: Some("#004488".into()), ..plain() }, &[]);
        check(CompanySettings { consumer_route_order: order(&["netbank", "vipps", "email", "print"]), ..plain() }, &[]);
        check(CompanySettings { logo: Some("not base64!".into()), ..plain() }, &[("setup.value", "logo")]);
        check(CompanySettings { logo: Some("R0lGODlhAQABAAAAACw=".into()), ..plain() }, &[("setup.value", "logo")]);
        check(CompanySettings { accent: Some("blå".into()), ..plain() }, &[("setup.value", "accent")]);
        check(
            CompanySettings {
                consumer_route_order: order(&["email", "pigeon", "email"]),
                business_route_order: order(&["peppol", "E-mail"]),
                accent: Some("#12345".into()),
                logo: Some(String::new()),
                ..plain()
            },
            &[
                ("route.unknown", "consumer_route_order"),
                ("setup.value", "consumer_route_order"),
                ("route.unknown", "business_route_order"),
                ("setup.value", "accent"),
                ("setup.value", "logo"),
            ],
        );
    }
}
