//! The company of the examples whose members pay by AvtaleGiro: its accounts, its agreements with the payment service, and the mandates
//! that the bank tells of. The members are in `examples/maker/puls.py`.

use std::time::Duration;

use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{AgreementKind, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::KidStructure;
use kvitt_hub::desk::{AgreementAsk, AgreementShown, Answer, Ask, BankAccountSettings, MandateAsk, MoneyAsk};

use crate::desk::{Desk, unexpected};
use crate::exit::Failure;

/// Puls & Pust Treningssenter AS.
pub const COMPANY: &str = "999004059";
/// Its accounts for direct debit, and how claims to each travel.
pub const ACCOUNTS: [(&str, ClaimWay); 2] = [("99994005010", ClaimWay::Service), ("99994006017", ClaimWay::File)];
/// How the KIDs of both are made: the member's number in the first seven digits.
const KIDS: &str = "16:1-7";
/// Days from the day on which the examples are fresh to the one on which its members are debited.
pub const DUE_IN_DAYS: i64 = 20;

/// Who orders, in the record.
const BY: &str = "demo";
/// How often it is looked whether an agreement is in force.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Nobody waits longer: the sandbox answers at once.
const LONGEST: Duration = Duration::from_secs(60);

/// Sets the accounts up, orders the agreements that are not there yet, and waits until they are in force and the bank has told of the
/// accounts' mandates. Answers how many.
pub async fn activate(desk: &Desk) -> Result<usize, Failure> {
    let structures: Vec<KidStructure> =
        vec![KIDS.parse().expect("the structure of the examples' KIDs is one: the demo's test reads it")];
    for (account, _) in ACCOUNTS {
        // Whose an account is, and how its KIDs are made, must be known before the bank tells of it.
        let settings = BankAccountSettings { kid_structures: structures.clone(), ..BankAccountSettings::default() };
        let (company, account) = (COMPANY.to_owned(), account.to_owned());
        desk.tell(Ask::Money(MoneyAsk::SetBankAccount { company, account, settings })).await?;
    }
    order(desk, Subject::MainVendor).await?;
    for (account, claims) in ACCOUNTS {
        let debit = DirectDebit { structures: structures.clone(), notice: NoticePolicy::default(), claims };
        order(desk, Subject::Avtalegiro { account: account.to_owned(), debit }).await?;
    }
    let begun = tokio::time::Instant::now();
    loop {
        let (mandates, accounts) = mandates(desk).await?;
        if accounts == ACCOUNTS.len() || begun.elapsed() > LONGEST {
            return Ok(mandates);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Orders an agreement unless it is in force, and waits until it is.
async fn order(desk: &Desk, subject: Subject) -> Result<(), Failure> {
    let (kind, account) = match &subject {
        Subject::MainVendor => (AgreementKind::MainVendor, None),
        Subject::Avtalegiro { account, .. } => (AgreementKind::Avtalegiro, Some(account.clone())),
    };
    let about = |shown: &&AgreementShown| {
        let agreement = shown.course.agreement("");
        agreement.kind == kind && agreement.account == account
    };
    if !agreements(desk).await?.iter().any(|shown| about(&shown)) {
        let what = AgreementAsk::Order { subject, accepted_by: Some(BY.to_owned()), signer: None, vouched_by: None };
        desk.tell(Ask::Agreements { company: Some(COMPANY.to_owned()), what }).await?;
    }
    let begun = tokio::time::Instant::now();
    loop {
        let known = agreements(desk).await?;
        let found = known.iter().find(about);
        if found.is_some_and(|shown| shown.course.agreement("").is_in_force()) {
            return Ok(());
        }
        if begun.elapsed() > LONGEST {
            let stands = found.map_or("not ordered", |shown| shown.course.state.name());
            return Err(Failure::Answered(format!("an agreement of the demo is {stands} after a minute")));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn agreements(desk: &Desk) -> Result<Vec<AgreementShown>, Failure> {
    match desk.ask(Ask::Agreements { company: Some(COMPANY.to_owned()), what: AgreementAsk::List }).await? {
        Answer::Agreements { agreements } => Ok(agreements),
        other => Err(unexpected(&other)),
    }
}

/// How many mandates stand, and on how many accounts.
async fn mandates(desk: &Desk) -> Result<(usize, usize), Failure> {
    let what = MandateAsk::List { after: Default::default() };
    match desk.ask(Ask::Mandates { company: Some(COMPANY.to_owned()), what }).await? {
        Answer::Mandates { mandates, .. } => {
            let standing = mandates.iter().filter(|mandate| mandate.is_active());
            let accounts: std::collections::BTreeSet<&str> =
                standing.clone().map(|mandate| mandate.bank_account.as_str()).collect();
            Ok((standing.count(), accounts.len()))
        }
        other => Err(unexpected(&other)),
    }
}
