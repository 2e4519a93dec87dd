//! The five companies of the examples, with the e-mail set-up that points at the sandbox.

use kvitt_hub::desk::Ask;
use kvitt_hub::store::company::CompanySettings;

use crate::desk::Desk;
use crate::exit::Failure;

/// A company of the examples. None of them exists.
struct Example {
    org_number: &'static str,
    name: &'static str,
    from: &'static str,
    bounces: &'static str,
    accent: &'static str,
    footer: &'static str,
}

const COMPANIES: [Example; 5] = [
    Example {
        org_number: "999001017",
        name: "Nordlys Kraft AS",
        from: "faktura@nordlyskraft.example",
        bounces: "retur.nordlyskraft.example",
        accent: "#0b5d7a",
        footer: "Spørsmål om strømregningen? Svar på denne e-posten, så hjelper vi deg.",
    },
    Example {
        org_number: "999002021",
        name: "Fjordvik kommune",
        from: "kommunekassen@fjordvik.example",
        bounces: "retur.fjordvik.example",
        accent: "#1f4e3d",
        footer: "Kommunekassen svarer alle hverdager mellom 10 og 14.",
    },
    Example {
        org_number: "899001028",
        name: "Trollstubben barnehage SA",
        from: "styrer@trollstubben.example",
        bounces: "retur.trollstubben.example",
        accent: "#b4532a",
        footer: "Hilsen alle oss i Trollstubben.",
    },
    Example {
        org_number: "999004059",
        name: "Puls & Pust Treningssenter AS",
        from: "medlem@pulsogpust.example",
        bounces: "retur.pulsogpust.example",
        accent: "#7a1f5c",
        footer: "Vi sees på trening!",
    },
    Example {
        org_number: "999005063",
        name: "Sterk Strøm Elektro AS",
        from: "ordre@sterkstrom.example",
        bounces: "retur.sterkstrom.example",
        accent: "#8a6a00",
        footer: "Registrert elektrovirksomhet. Arbeidet er utført etter gjeldende forskrifter.",
    },
];

/// Adds those that are not there yet, and sets their e-mail up.
pub async fn set_up(desk: &Desk) -> Result<(), Failure> {
    let known = desk.companies_named(None).await?;
    for company in &COMPANIES {
        if !known.iter().any(|number| number == company.org_number) {
            let settings = CompanySettings {
                accent: Some(company.accent.to_owned()),
                footer: Some(company.footer.to_owned()),
                ..CompanySettings::default()
            };
            let ask = Ask::AddCompany { org_number: company.org_number.to_owned(), name: company.name.to_owned(), settings };
            desk.tell(ask).await?;
        }
        let setup = serde_json::json!({
            "from": company.from,
            "from_name": company.name,
            "bounce_domain_or_address": company.bounces,
            "footer": company.footer,
        });
        desk.tell(Ask::SetRoute { company: company.org_number.to_owned(), route: "email".to_owned(), setup }).await?;
    }
    Ok(())
}
