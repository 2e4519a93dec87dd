//! Payments and the money of invoices as they are shown: lists, suggestions for what is parked, proposals for what went another way
//! than in once. Suggestions are worked out from what is known now, so that they never grow old.

use kvitt_domain::collection::{Claim, Collection, Proposal, State as Standing, Sums};
use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::Kid;
use kvitt_domain::invoice::DocumentKind;
use kvitt_domain::money::Amount;
use kvitt_domain::payment::{Candidate, Flow, Payment, Suggestion, named_kids, near_kids, suggest};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::bank_account;
use crate::store::collection::{self, Credit, StoredCollection};
use crate::store::company::Company;
use crate::store::invoice;
use crate::store::payment::{self, State, StoredPayment};

/// Payments, or invoices, that one page holds at most.
const PAGE: u32 = 1_000;
/// Candidates of one kind that are looked at for a suggestion.
const LOOKED_AT: i64 = 20;
/// Words of a payer's text that are tried as invoice numbers.
const WORDS: usize = 12;
/// Invoices paid too much that are looked through for a refund.
const REFUNDS: i64 = 200;

/// A payment as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentShown {
    /// The payment's id.
    pub id: String,
    /// What the file says.
    #[serde(flatten)]
    pub payment: Payment,
    /// What became of it: `matched`, `parked`, `no_concern`, `told_twice`.
    pub state: String,
    /// The number of its invoice, where it is matched.
    pub invoice: Option<String>,
    /// How it fitted what was owed then, where it is matched.
    pub fit: Option<String>,
    /// Why it is parked.
    pub why: Option<Fault>,
    /// What a person might choose, where it is parked and was asked for.
    pub suggestions: Vec<Suggestion>,
    /// SHA-256 of the file that told of it first.
    pub file: String,
    /// When it was read: business time, Unix milliseconds.
    pub read_at: i64,
}

/// The money of an invoice as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Where it stands.
    pub standing: Standing,
    /// What the invoice asks for.
    pub payable: Amount,
    /// What is owed now; below zero where too much came.
    pub left: Amount,
    /// What was seen, in minor units.
    pub sums: Sums,
    /// The direct debit of it.
    pub claim: Claim,
    /// What a person could do.
    pub proposal: Proposal,
    /// The bank account that it asks to be paid to.
    pub account: String,
    /// Its KID.
    pub kid: Option<String>,
}

/// The money of an invoice with all that moved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyStory {
    /// Where it stands.
    #[serde(flatten)]
    pub money: Money,
    /// Its payments, the first booked first.
    pub payments: Vec<PaymentShown>,
    /// The credit notes that took something off: number and amount.
    pub credits: Vec<(String, Amount)>,
}

/// An invoice whose money went another way than in once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The invoice's id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Since when it is as it is: business time, Unix milliseconds.
    pub since: i64,
    /// Its money.
    #[serde(flatten)]
    pub money: Money,
}

/// Which payments are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// Only those in this state; all where it is left out.
    pub state: Option<String>,
    /// Whether to say what a person might choose.
    pub suggestions: bool,
}

/// A page of a company's payments, and the cursor of the next page where there may be one.
pub async fn payments(
    hub: &Hub,
    company: &Company,
    wanted: &Wanted,
    after: Option<(i64, String)>,
    limit: u32,
) -> Result<(Vec<PaymentShown>, Option<(i64, String)>)> {
    let limit = limit.clamp(1, PAGE);
    let (at, id) = after.unwrap_or((i64::MIN, String::new()));
    let mut db = hub.db().read().await?;
    let page = match &wanted.state {
        Some(state) => payment::in_state(&mut db, &company.id, &company.key, state, (at, &id), i64::from(limit)).await?,
        None => payment::all(&mut db, &company.id, &company.key, &id, i64::from(limit)).await?,
    };
    let next = (page.len() == limit as usize).then(|| page.last().map(|last| (last.at, last.id.clone()))).flatten();
    let mut shown = Vec::with_capacity(page.len());
    for stored in page {
        let suggestions = match (&stored.state, wanted.suggestions) {
            (State::Parked { .. }, true) => suggestions(&mut db, company, &stored.payment).await?,
            _ => Vec::new(),
        };
        shown.push(PaymentShown { suggestions, ..show(&mut db, company, stored).await? });
    }
    Ok((shown, next))
}

/// A page of the invoices whose money went another way than in once, after an invoice's id: those that need a person, or also those
/// that are settled since.
pub async fn cases(
    hub: &Hub,
    company: &Company,
    settled_too: bool,
    after: &str,
    limit: u32,
) -> Result<(Vec<Case>, Option<String>)> {
    let limit = limit.clamp(1, PAGE);
    let attention = if settled_too { 1 } else { 2 };
    let found = collection::eventful(&mut *hub.db().read().await?, &company.id, after, attention, i64::from(limit)).await?;
    let next = (found.len() == limit as usize).then(|| found.last().map(|last| last.candidate.invoice.clone())).flatten();
    let case = |stored: StoredCollection| Case {
        id: stored.candidate.invoice.clone(),
        number: stored.candidate.number.clone(),
        since: stored.since,
        money: money(&stored),
    };
    Ok((found.into_iter().map(case).collect(), next))
}

/// The money of an invoice with all that moved it; `None` where it asks for none.
pub async fn story(db: &mut AnyConnection, company: &Company, id: &str) -> Result<Option<MoneyStory>> {
    let Some(stored) = collection::of_invoice(&mut *db, &company.id, id).await? else { return Ok(None) };
    let mut payments = Vec::new();
    for found in payment::of_invoice(&mut *db, &company.id, &company.key, id).await? {
        payments.push(show(&mut *db, company, found).await?);
    }
    let mut credits = Vec::new();
    for Credit { credit_note, amount } in collection::credits_of(&mut *db, &company.id, id).await? {
        let document = invoice::by_id(&mut *db, &company.id, &company.key, &credit_note).await?;
        credits.push((document.body.invoice.number, amount));
    }
    Ok(Some(MoneyStory { money: money(&stored), payments, credits }))
}

fn money(stored: &StoredCollection) -> Money {
    let of: &Collection = &stored.candidate.collection;
    Money {
        standing: of.state(),
        payable: of.payable,
        left: of.left(),
        sums: of.sums,
        claim: of.claim,
        proposal: of.proposal(),
        account: stored.account.clone(),
        kid: stored.candidate.kid.clone(),
    }
}

async fn show(db: &mut AnyConnection, company: &Company, stored: StoredPayment) -> Result<PaymentShown> {
    let (invoice, fit, why) = match &stored.state {
        State::Matched { invoice, fit } => {
            let number = collection::of_invoice(db, &company.id, invoice).await?.map(|found| found.candidate.number);
            (number, Some(fit.clone()), None)
        }
        State::Parked { why } => (None, None, Some(why.clone())),
        State::NoConcern | State::ToldTwice | State::ToldAgain => (None, None, None),
    };
    Ok(PaymentShown {
        state: stored.state.name().to_owned(),
        id: stored.id,
        payment: stored.payment,
        invoice,
        fit,
        why,
        suggestions: Vec::new(),
        file: stored.file,
        read_at: stored.at,
    })
}

/// What a person might choose for a payment.
async fn suggestions(db: &mut AnyConnection, company: &Company, payment: &Payment) -> Result<Vec<Suggestion>> {
    let mut candidates = by_kid(&mut *db, company, payment).await?;
    candidates.extend(by_text(&mut *db, company, payment).await?);
    let (of_payer, seen) = by_payer(&mut *db, company, payment).await?;
    candidates.extend(of_payer);
    candidates.extend(by_amount(&mut *db, company, payment).await?);
    Ok(suggest(payment, &candidates, &seen))
}

async fn by_kid(db: &mut AnyConnection, company: &Company, payment: &Payment) -> Result<Vec<Candidate>> {
    let Some(kid) = payment.kid.as_deref() else {
        let mut found = Vec::new();
        for named in named_kids(payment.text.as_deref().unwrap_or_default()) {
            found.extend(collection::of_kid(&mut *db, &company.id, &payment.bank_account, named, LOOKED_AT).await?);
        }
        return Ok(found.into_iter().map(|stored| stored.candidate).collect());
    };
    let mut found = collection::of_kid(&mut *db, &company.id, &payment.bank_account, kid, LOOKED_AT).await?;
    for near in near_kids(kid) {
        found.extend(collection::of_kid(&mut *db, &company.id, &payment.bank_account, &near, 2).await?);
    }
    Ok(found.into_iter().map(|stored| stored.candidate).collect())
}

/// Invoices whose numbers stand in what the payer wrote.
async fn by_text(db: &mut AnyConnection, company: &Company, payment: &Payment) -> Result<Vec<Candidate>> {
    let text = payment.text.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).take(WORDS) {
        if let Some((id, _)) = invoice::same_number(&mut *db, &company.id, word, DocumentKind::Invoice).await? {
            found.extend(collection::of_invoice(&mut *db, &company.id, &id).await?.map(|stored| stored.candidate));
        }
    }
    Ok(found)
}

/// The invoices that the payer's account paid for, and the others with the same customer in their KID; and their ids.
async fn by_payer(db: &mut AnyConnection, company: &Company, payment: &Payment) -> Result<(Vec<Candidate>, Vec<String>)> {
    let mut found = Vec::new();
    for id in payment::paid_by(&mut *db, &company.id, &company.key, payment, LOOKED_AT).await? {
        found.extend(collection::of_invoice(&mut *db, &company.id, &id).await?);
    }
    let settings = bank_account::of(&mut *db, &company.id, &payment.bank_account).await?.map(|known| known.settings);
    let structures = settings.map(|settings| settings.kid_structures).unwrap_or_default();
    // The customer is found by the beginning of the KID, where it stands there.
    let customers: std::collections::BTreeSet<String> = found
        .iter()
        .filter_map(|stored| Kid::parse(stored.candidate.kid.as_deref()?).ok())
        .flat_map(|kid| {
            let first = structures.iter().filter(|structure| structure.parts().customer.start == 0);
            first.filter_map(|structure| structure.customer_part(&kid).map(str::to_owned)).collect::<Vec<_>>()
        })
        .collect();
    for customer in customers {
        found.extend(collection::of_kid_beginning(&mut *db, &company.id, &payment.bank_account, &customer, LOOKED_AT).await?);
    }
    let candidates: Vec<Candidate> = found.into_iter().map(|stored| stored.candidate).collect();
    let seen = candidates.iter().map(|candidate| candidate.invoice.clone()).collect();
    Ok((candidates, seen))
}

/// Invoices that ask for exactly so much and are not paid, or for money that went out those that were paid so much too much.
async fn by_amount(db: &mut AnyConnection, company: &Company, payment: &Payment) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    match payment.flow {
        Flow::In | Flow::CameBack => {
            for state in ["open", "claimed", "reopened", "reversed"] {
                found.extend(collection::of_amount(&mut *db, &company.id, payment.amount.minor(), state, LOOKED_AT).await?);
            }
        }
        Flow::Out | Flow::TakenBack => {
            let eventful = collection::eventful(&mut *db, &company.id, "", 2, REFUNDS).await?;
            let over = Amount::new(-payment.amount.minor(), payment.amount.currency());
            found.extend(eventful.into_iter().filter(|stored| stored.candidate.collection.left() == over));
            found.extend(collection::of_amount(&mut *db, &company.id, payment.amount.minor(), "paid", LOOKED_AT).await?);
        }
    }
    Ok(found.into_iter().map(|stored| stored.candidate).collect())
}
