//! The five companies of the examples, with the agreements and routes that the sandbox plays the other side of.

use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_hub::desk::{AgreementAsk, Ask};
use kvitt_hub::store::company::CompanySettings;

use crate::demo::direct_debit;
use crate::desk::Desk;
use crate::exit::Failure;

/// A company of the examples. None of them exists.
struct Example {
    org_number: &'static str,
    account: &'static str,
    address: &'static [&'static str],
    name: &'static str,
    from: &'static str,
    bounces: &'static str,
    accent: &'static str,
    footer: &'static str,
}

const COMPANIES: [Example; 5] = [
    Example {
        org_number: "999001017",
        account: "99991001014",
        address: &["Kraftveien 1", "8006 Bodø"],
        name: "Nordlys Kraft AS",
        from: "faktura@nordlyskraft.example",
        bounces: "retur.nordlyskraft.example",
        accent: "#0b5d7a",
        footer: "Spørsmål om strømregningen? Svar på denne e-posten, så hjelper vi deg.",
    },
    Example {
        org_number: "999002021",
        account: "99992002022",
        address: &["Rådhusgata 1", "5988 Fjordvik"],
        name: "Fjordvik kommune",
        from: "kommunekassen@fjordvik.example",
        bounces: "retur.fjordvik.example",
        accent: "#1f4e3d",
        footer: "Kommunekassen svarer alle hverdager mellom 10 og 14.",
    },
    Example {
        org_number: "899001028",
        account: "99993003030",
        address: &["Trollfaret 12", "3043 Drammen"],
        name: "Trollstubben barnehage SA",
        from: "styrer@trollstubben.example",
        bounces: "retur.trollstubben.example",
        accent: "#b4532a",
        footer: "Hilsen alle oss i Trollstubben.",
    },
    Example {
        org_number: "999004059",
        account: "99994004081",
        address: &["Bakklandet 40", "7013 Trondheim"],
        name: "Puls & Pust Treningssenter AS",
        from: "medlem@pulsogpust.example",
        bounces: "retur.pulsogpust.example",
        accent: "#7a1f5c",
        footer: "Vi sees på trening!",
    },
    Example {
        org_number: "999005063",
        account: "99995005022",
        address: &["Lerstadvegen 517", "6018 Ålesund"],
        name: "Sterk Strøm Elektro AS",
        from: "ordre@sterkstrom.example",
        bounces: "retur.sterkstrom.example",
        accent: "#8a6a00",
        footer: "Registrert elektrovirksomhet. Arbeidet er utført etter gjeldende forskrifter.",
    },
];

impl Example {
    /// What each route needs of the company, by the route's name.
    fn set_ups(&self) -> [(&'static str, serde_json::Value); 3] {
        let email = serde_json::json!({
            "from": self.from,
            "from_name": self.name,
            "bounce_domain_or_address": self.bounces,
            "footer": self.footer,
        });
        let mut accounts = vec![self.account];
        if self.org_number == direct_debit::COMPANY {
            accounts.extend(direct_debit::ACCOUNTS.map(|(account, _)| account));
        }
        let efaktura = serde_json::json!({ "accounts": accounts, "brand_name": self.name, "lot_open_seconds": 1 });
        let print = serde_json::json!({ "return_address": self.address });
        [("email", email), ("efaktura", efaktura), ("print", print)]
    }
}

/// Adds those that are not there yet, and sets their routes up. The agreements of the one with direct debits are ordered
/// ([`direct_debit::activate`]); of the others it is recorded that they have theirs.
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
        if company.org_number != direct_debit::COMPANY {
            let ask = AgreementAsk::Record { subject: Subject::MainVendor, found: Found::Active, by: "demo".to_owned() };
            desk.tell(Ask::Agreements { company: Some(company.org_number.to_owned()), what: ask }).await?;
        }
        for (route, setup) in company.set_ups() {
            desk.tell(Ask::SetRoute { company: company.org_number.to_owned(), route: route.to_owned(), setup }).await?;
        }
    }
    Ok(())
}
