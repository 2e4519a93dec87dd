//! What a person asks about mandates: a list, a search, the history of one, the rail's own word now, and the address at which a
//! payer gives one.

use kvitt_domain::agreement::AgreementKind;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::BankAccount;
use kvitt_domain::mandate::{Mandate, Registration};
use serde::{Deserialize, Serialize};

use crate::actions::{fetch_mandates, offer_mandate};
use crate::desk::Answer;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::agreement;
use crate::store::company::Company;
use crate::store::mandate;

/// Mandates of one page.
const PAGE: i64 = 500;

/// What a person asks about mandates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum MandateAsk {
    /// A page of all, after the account and cursor that the last one ended with.
    List {
        /// Empty for the first page.
        after: (String, String),
    },
    /// Those that a text names: a KID, of the mandate itself or of any invoice of the customer; a customer number; the payer's bank
    /// account.
    Find {
        /// As it was typed.
        text: String,
    },
    /// Everything that the mandate of a KID was.
    History {
        /// The company's bank account.
        account: String,
        /// The mandate's own KID.
        kid: String,
    },
    /// Ask the rail about a KID now.
    LookUp {
        /// The company's bank account.
        account: String,
        /// Any KID of the customer.
        kid: String,
    },
    /// The address at which a customer gives a mandate.
    Link {
        /// The company's bank account.
        account: String,
        /// A KID of the customer.
        kid: String,
    },
}

/// Answers what a person asks about mandates.
pub async fn ask(hub: &Hub, company: &Company, ask: MandateAsk) -> Result<Answer> {
    match ask {
        MandateAsk::List { after } => list(hub, company, after).await,
        MandateAsk::Find { text } => Ok(Answer::Mandates { mandates: find(hub, company, &text).await?, next: None }),
        MandateAsk::History { account, kid } => {
            let (account, kid) = (account_of(&account)?, kid.trim().to_owned());
            let mut db = hub.db().read().await?;
            let changes = mandate::history(&mut db, &company.id, &company.key, &account, &kid).await?;
            match changes.is_empty() {
                true => Err(unknown(&account, &kid)),
                false => Ok(Answer::MandateHistory { changes }),
            }
        }
        MandateAsk::Link { account, kid } => {
            Ok(Answer::MandateLink { address: offer_mandate::address(hub, company, &account, kid.trim()).await? })
        }
        MandateAsk::LookUp { account, kid } => {
            let (account, kid) = (account_of(&account)?, kid.trim().to_owned());
            let answered = fetch_mandates::look_up(hub, company, &account, &kid).await?;
            let mut db = hub.db().read().await?;
            let found = mandate::by_kid(&mut db, &company.id, &company.key, &account, &answered.kid).await?;
            let found = found.filter(|_| answered.registration != Registration::Deleted);
            Ok(Answer::Mandates { mandates: found.into_iter().map(|stored| stored.mandate).collect(), next: None })
        }
    }
}

fn account_of(text: &str) -> Result<String> {
    BankAccount::parse(text).map(|account| account.as_str().to_owned()).map_err(Error::refused)
}

fn unknown(account: &str, kid: &str) -> Error {
    Error::refused(Fault::fatal(codes::MANDATE_UNKNOWN).with("kid", kid).with("account", account))
}

async fn list(hub: &Hub, company: &Company, after: (String, String)) -> Result<Answer> {
    let mut db = hub.db().read().await?;
    let page = mandate::page(&mut db, &company.id, &company.key, (&after.0, &after.1), PAGE).await?;
    let mandates: Vec<Mandate> = page.into_iter().map(|stored| stored.mandate).collect();
    let is_full = mandates.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = mandates.last().filter(|_| is_full);
    let next = next.map(|last| (last.bank_account.clone(), mandate::cursor(&company.key, last)));
    Ok(Answer::Mandates { mandates, next })
}

/// Every way in which the text can name a mandate, each mandate once.
async fn find(hub: &Hub, company: &Company, text: &str) -> Result<Vec<Mandate>> {
    let text = text.trim();
    let (id, key) = (company.id.as_str(), &company.key);
    let mut db = hub.db().read().await?;
    let mut found: Vec<Mandate> = Vec::new();
    for stored in agreement::all(&mut db, id, key).await? {
        let view = stored.course.agreement("");
        let (AgreementKind::Avtalegiro, Some(account), Some(debit)) = (view.kind, view.account, view.debit) else { continue };
        let own = mandate::by_kid(&mut db, id, key, &account, text).await?;
        found.extend(own.map(|stored| stored.mandate));
        let of_invoice = debit.read_kid(text).map(|reading| reading.key());
        for customer in of_invoice.into_iter().chain(debit.customer_keys(text)) {
            let of_customer = mandate::of_customer(&mut db, id, key, &account, &customer).await?;
            found.extend(of_customer.into_iter().map(|stored| stored.mandate));
        }
    }
    if let Ok(payer) = BankAccount::parse(text) {
        let of_payer = mandate::of_payer(&mut db, id, key, payer.as_str()).await?;
        found.extend(of_payer.into_iter().map(|stored| stored.mandate));
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|mandate| seen.insert((mandate.bank_account.clone(), mandate.kid.clone())));
    Ok(found)
}
