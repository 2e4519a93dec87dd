//! What `kvitt doctor` says of agreements: what waits for a person, and what the operator has not set.

use kvitt_hub::Config;
use kvitt_hub::desk::{AgreementAsk, Answer, Ask};

use super::Check;
use crate::desk::Desk;
use crate::words::Words;

/// The operator's side: who asks for agreements must be somebody, and have somebody to ask. Nothing is said where nothing is set.
pub fn configured(config: &Config, words: Words) -> Option<Check> {
    let avtalegiro = &config.avtalegiro;
    if *avtalegiro == kvitt_hub::config::AvtalegiroConfig::default() {
        return None;
    }
    let missing: Vec<&str> = [
        ("avtalegiro.customer_unit", avtalegiro.customer_unit.is_none()),
        ("avtalegiro.service", avtalegiro.service.is_none()),
        ("avtalegiro.signing", avtalegiro.signing.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    let unit = avtalegiro.customer_unit();
    Some(match missing.is_empty() {
        true => Check::good("avtalegiro", unit),
        false => {
            let found = words.say("doctor.avtalegiro_missing", &[("settings", &missing.join(", "))]);
            Check::doubtful("avtalegiro", found, words.say("doctor.set_avtalegiro", &[]))
        }
    })
}

/// Each agreement of each company that something must be done or known about.
pub async fn standing(desk: &Desk, words: Words) -> Vec<Check> {
    let Ok(companies) = desk.companies().await else { return vec![] };
    let mut checks = Vec::new();
    for company in companies {
        let ask = Ask::Agreements { company: Some(company.org_number.clone()), what: AgreementAsk::List };
        let Ok(Answer::Agreements { agreements }) = desk.ask(ask).await else { continue };
        for agreement in agreements {
            let named = words.name("agreement", agreement.course.kind().name());
            let account = agreement.course.subject.account().map(|account| format!(" {account}")).unwrap_or_default();
            let about = |said: &str| format!("{} {named}{account}: {said}", company.org_number);
            for fault in &agreement.advice {
                checks.push(Check::doubtful("agreements", about(&fault.sentence(words.0)), fault.remedy(words.0)));
            }
            if let Some(why) = &agreement.failing {
                let found = about(&words.say("agreement.failing", &[("why", why)]));
                checks.push(Check::doubtful("agreements", found, words.say("doctor.call_them", &[])));
            }
            if agreement.advice.is_empty() {
                checks.push(Check::good("agreements", about(&words.name("agreement_step", agreement.course.state.name()))));
            }
        }
    }
    checks
}
