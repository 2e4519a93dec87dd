//! Sets a bank account up for a company, or forgets it; and makes KIDs for it.
//!
//! Only who may set accounts up says whose an account is: an invoice that names an account does not make it the sender's. When an
//! account gets an owner, the bank files that told of it are read again.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::{BankAccount as Number, Kid, KidStructure};
use kvitt_domain::payment::account_key;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::bank_account::{self, BankAccount, BankAccountSettings};
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::kid::{self, Made};
use crate::store::{Tx, bank_file, collection};

/// KID structures of one account at most, as an agreement with the bank has.
const MOST_STRUCTURES: usize = 3;
/// Numbers that are tried at most for a KID that nobody has: those before it were used by the sender's own system.
const TRIES: usize = 10_000;

/// Sets an account up, or changes what was agreed about it. Every fault at once.
pub async fn set_bank_account(hub: &Hub, company: &Company, account: &str, settings: BankAccountSettings) -> Result<()> {
    let account = account_key(account);
    let mut faults: Vec<Fault> = Number::parse(&account).err().into_iter().collect();
    if settings.kid_structures.len() > MOST_STRUCTURES {
        let value = settings.kid_structures.len();
        faults.push(Fault::fatal(codes::SETUP_VALUE).at("kid_structures").with("value", value));
    }
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let (company, now) = (company.clone(), hub.clock().business_ms());
    let wanted = BankAccount { account, settings };
    let read_again = hub
        .write(move |tx| {
            let (company, wanted) = (company.clone(), wanted.clone());
            async move {
                let owner = bank_account::owner(tx.db(), &wanted.account).await?;
                if owner.as_ref().is_some_and(|owner| *owner != company.id) {
                    return Err(Error::refused(Fault::fatal(codes::BANK_ACCOUNT_TAKEN).with("account", &wanted.account)));
                }
                bank_account::set(tx, &company.id, &wanted, now).await?;
                tx.tell(NewEvent::new(&company.id, &company.key, now, "company.bank_account_set", &company.id, &wanted)?);
                match owner {
                    None => bank_file::read_again(tx, bank_file::HOUSE).await,
                    Some(_) => Ok(0),
                }
            }
            .boxed()
        })
        .await?;
    if read_again > 0 {
        crate::actions::import_bank_file::read_unfinished(hub).await?;
    }
    Ok(())
}

/// Forgets an account. What was paid to it stays with its invoices.
pub async fn remove_bank_account(hub: &Hub, company: &Company, account: &str) -> Result<()> {
    let (company, account, now) = (company.clone(), account_key(account), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, account) = (company.clone(), account.clone());
        async move {
            if !bank_account::remove(tx, &company.id, &account).await? {
                return Err(unknown(&account));
            }
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.bank_account_removed", &company.id, &account)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Makes a KID for a customer and an invoice, after the account's first structure: never the same twice, and none that stands on an
/// invoice already. Without an invoice number the account's own count gives the next.
pub async fn make_kid(hub: &Hub, company: &Company, account: &str, customer: u64, invoice: Option<u64>) -> Result<Made> {
    let (company, account, now) = (company.clone(), account_key(account), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, account) = (company.clone(), account.clone());
        async move {
            let known = bank_account::of(tx.db(), &company.id, &account).await?.ok_or_else(|| unknown(&account))?;
            let Some(structure) = known.settings.kid_structures.into_iter().next() else {
                return Err(impossible("no structure was agreed for the account"));
            };
            let made = match invoice {
                Some(invoice) => exactly(tx, &company, &account, &structure, customer, invoice, now).await?,
                None => next(tx, &company, &account, &structure, customer, now).await?,
            };
            tell(tx, &company, &made, now)?;
            Ok(made)
        }
        .boxed()
    })
    .await
}

/// Makes the next KID of a customer in the transaction of whoever needs it, and tells it.
pub(crate) async fn make_next(
    tx: &mut Tx<'_>,
    company: &Company,
    account: &str,
    structure: &KidStructure,
    customer: u64,
    now: i64,
) -> Result<Made> {
    let made = next(tx, company, account, structure, customer, now).await?;
    tell(tx, company, &made, now)?;
    Ok(made)
}

fn tell(tx: &mut Tx<'_>, company: &Company, made: &Made, now: i64) -> Result<()> {
    let told = serde_json::json!({ "account": made.account, "kid": made.kid.as_str() });
    tx.tell(NewEvent::new(&company.id, &company.key, now, "kid.made", &company.id, &told)?);
    Ok(())
}

async fn exactly(
    tx: &mut Tx<'_>,
    company: &Company,
    account: &str,
    structure: &KidStructure,
    customer: u64,
    invoice: u64,
    now: i64,
) -> Result<Made> {
    let kid = structure.generate(customer, invoice).map_err(|cause| impossible(&cause.to_string()))?;
    let made = Made { account: account.to_owned(), kid, customer, invoice };
    match is_free(tx, company, account, &made.kid).await? && kid::insert(tx, &company.id, &made, now).await? {
        true => Ok(made),
        false => Err(Error::refused(Fault::fatal(codes::KID_REUSED).with("kid", &made.kid).with("number", invoice))),
    }
}

async fn next(
    tx: &mut Tx<'_>,
    company: &Company,
    account: &str,
    structure: &KidStructure,
    customer: u64,
    now: i64,
) -> Result<Made> {
    for _ in 0..TRIES {
        let number = u64::try_from(kid::next(tx, &company.id, account).await?).unwrap_or(u64::MAX);
        let (invoice, kid) = structure.generate_from(customer, number).map_err(|cause| impossible(&cause.to_string()))?;
        if invoice > number {
            kid::move_on(tx, &company.id, account, i64::try_from(invoice).unwrap_or(i64::MAX)).await?;
        }
        let made = Made { account: account.to_owned(), kid, customer, invoice };
        if is_free(tx, company, account, &made.kid).await? && kid::insert(tx, &company.id, &made, now).await? {
            return Ok(made);
        }
    }
    Err(impossible("the next ten thousand numbers are all used"))
}

async fn is_free(tx: &mut Tx<'_>, company: &Company, account: &str, kid: &Kid) -> Result<bool> {
    Ok(!kid::is_made(tx.db(), &company.id, account, kid.as_str()).await?
        && collection::of_kid(tx.db(), &company.id, account, kid.as_str(), 1).await?.is_empty())
}

fn unknown(account: &str) -> Error {
    Error::refused(Fault::fatal(codes::BANK_ACCOUNT_UNKNOWN).with("account", account))
}

fn impossible(why: &str) -> Error {
    Error::refused(Fault::fatal(codes::KID_IMPOSSIBLE).with("why", why))
}
