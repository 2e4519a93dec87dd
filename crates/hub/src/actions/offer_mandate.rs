//! The address at which a customer gives a mandate: a page of this hub that leads on to the rail's own form, where the customer
//! proves with BankID who they are (MPS' developer pages, e-agreement: a form that the payer's browser posts).
//!
//! The address holds account and KID sealed with the company's key, so that it cannot be made up, says nothing to whoever reads it,
//! and needs no row. What the customer does there is heard of as every mandate is: the form's answer to the browser proves nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::BankAccount;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::agreement;
use crate::store::company::{self, Company};
use crate::vault::Purpose;

/// What a customer is offered: a mandate to an account, known by a KID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The company's bank account, eleven digits.
    pub account: String,
    /// A KID of the customer.
    pub kid: String,
}

/// The rail's form, filled in for one offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Who is paid, by name.
    pub payee: String,
    /// The language of the company's pages.
    pub language: kvitt_domain::Language,
    /// Where it is posted.
    pub action: String,
    /// Its fields, in their order.
    pub fields: Vec<(&'static str, String)>,
}

/// The longest sealed part of an address that is tried to be opened.
const LONGEST: usize = 1_000;

/// The address for a customer's KID. Refused where the operator has not set what it needs, the account has no agreement in force, or
/// the KID is of none of its structures.
pub async fn address(hub: &Hub, company: &Company, account: &str, kid: &str) -> Result<String> {
    let config = hub.config();
    let missing = |place: &str, set: bool| (!set).then(|| Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at(place));
    let mut faults: Vec<Fault> =
        missing("avtalegiro.mandate_form", config.avtalegiro.mandate_form.is_some()).into_iter().collect();
    faults.extend(missing("public_address", config.public_address.is_some()));
    let account = match BankAccount::parse(account) {
        Ok(account) => account.as_str().to_owned(),
        Err(fault) => {
            faults.push(fault);
            return Err(Error::Refused(faults));
        }
    };
    let mut db = hub.db().read().await?;
    let agreements = agreement::as_routes_see(&mut db, &company.id, &company.key, config.avtalegiro.customer_unit()).await?;
    match kvitt_domain::agreement::avtalegiro(&agreements, &account).filter(|agreement| agreement.is_in_force()) {
        None => faults.push(Fault::fatal(codes::MANDATE_NO_AGREEMENT).with("account", &account)),
        Some(agreement) if agreement.debit.as_ref().is_none_or(|debit| debit.read_kid(kid).is_none()) => {
            faults.push(Fault::fatal(codes::KID_STRUCTURE).with("kid", kid).with("account", &account));
        }
        Some(_) => {}
    }
    match &config.public_address {
        Some(public) if faults.is_empty() => {
            let offer = Offer { account, kid: kid.to_owned() };
            let sealed = company.key.seal_json(Purpose::MandateOffer, "", &offer)?;
            let sealed = URL_SAFE_NO_PAD.encode(sealed);
            Ok(format!("{}/mandate/{}/{sealed}", public.trim_end_matches('/'), company.id))
        }
        _ => Err(Error::Refused(faults)),
    }
}

/// The form behind an address. Whatever is no address of ours is [`Error::NotFound`], and says no more.
pub async fn form(hub: &Hub, company: &str, sealed: &str) -> Result<Form> {
    let gone = || Error::NotFound("the offer of a mandate".into());
    let (Some(action), Some(public)) = (&hub.config().avtalegiro.mandate_form, &hub.config().public_address) else {
        return Err(gone());
    };
    if sealed.len() > LONGEST {
        return Err(gone());
    }
    let company = company::by_id(&mut *hub.db().read().await?, hub.vault(), company).await?;
    let opened = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| gone())?;
    let offer: Offer = company.key.open_json(Purpose::MandateOffer, "", &opened).map_err(|_| gone())?;
    let back = format!("{}/mandate/{}/{sealed}/back", public.trim_end_matches('/'), company.id);
    Ok(Form {
        action: action.clone(),
        fields: vec![
            ("companyAccountNo", offer.account),
            ("kid", offer.kid),
            ("companyName", company.name.clone()),
            ("returnUrl", back),
        ],
        language: company.settings.language,
        payee: company.name,
    })
}
