//! Places the payments of a bank file with the invoices of one company, some hundred in a transaction: each is stored once, and what
//! no invoice is certain of is parked for a person.
//!
//! The same payment told again is known by its id. Two rails that tell of the same movement are told apart from two movements by
//! counting: of alike payments as many count as the rail that tells of most. So neither the order of files nor their repetition
//! changes the end, and what the bank really did twice is seen twice. A statement and a notification are counted against each other
//! in the same way where the bank names the payments of neither, or those of one line of the account otherwise in each; what else is
//! alike in two files of camt, and has no reference in common, is a person's to tell apart.

use futures_util::FutureExt;
use kvitt_domain::collection::Event;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::payment::{self as rules, Fit, Flow, KidUse, OtherSide, Payment, PaymentKind, Place};
use serde::{Deserialize, Serialize};

use crate::actions::move_collection::{Move, move_by};
use crate::error::Result;
use crate::hub::Hub;
use crate::store::bank_account::Counts;
use crate::store::collection::{By, Sought};
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::payment::{self, Part, Source, State, StoredPayment, Told};
use crate::store::statement_line::{self, Waiting};
use crate::store::{Tx, collection};

/// Payments of one transaction at most: it holds the writer for some tens of milliseconds.
pub const AT_ONCE: usize = 100;

/// A payment as a file tells of it.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// What it says.
    pub payment: Payment,
    /// How it stands to its line of the statement.
    pub part: Part,
    /// What the file is.
    pub by: Source,
    /// Whether the bank's reference names it.
    pub is_named: bool,
}

/// What became of payments, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placed {
    /// They are invoices'.
    pub matched: u64,
    /// They wait for a person.
    pub parked: u64,
    /// They are no invoice's.
    pub no_concern: u64,
    /// Another rail told of them.
    pub told_twice: u64,
    /// An earlier file told of them.
    pub known: u64,
}

impl Placed {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.matched + self.parked + self.no_concern + self.told_twice + self.known
    }

    /// Both together.
    pub fn and(self, other: Placed) -> Placed {
        Placed {
            matched: self.matched + other.matched,
            parked: self.parked + other.parked,
            no_concern: self.no_concern + other.no_concern,
            told_twice: self.told_twice + other.told_twice,
            known: self.known + other.known,
        }
    }

    fn count(&mut self, state: &str) {
        match state {
            "matched" => self.matched += 1,
            "parked" => self.parked += 1,
            "no_concern" => self.no_concern += 1,
            _ => self.told_twice += 1,
        }
    }
}

/// Where payments come from and what counts for them.
#[derive(Debug, Clone)]
pub struct From {
    /// SHA-256 of the file.
    pub file: String,
    /// Which rails count for the account.
    pub counts: Counts,
}

/// Places payments of one company, all of the same account, in one transaction. Give no more than [`AT_ONCE`].
pub async fn place_payments(hub: &Hub, company: &Company, from: From, payments: Vec<NewPayment>) -> Result<Placed> {
    let now = hub.clock().business_ms();
    let (company, shared) = (company.clone(), std::sync::Arc::new((from, payments)));
    hub.write(move |tx| {
        let (company, shared) = (company.clone(), shared.clone());
        async move {
            let mut placed = Placed::default();
            for new in &shared.1 {
                place_one(tx, &company, &shared.0, new, now, &mut placed).await?;
            }
            Ok(placed)
        }
        .boxed()
    })
    .await
}

async fn place_one(
    tx: &mut Tx<'_>,
    company: &Company,
    from: &From,
    new: &NewPayment,
    now: i64,
    placed: &mut Placed,
) -> Result<()> {
    let id = payment::id(&new.payment);
    if let Some((state, file)) = payment::state_of(tx.db(), &company.id, &id).await? {
        // A file that is read on after a crash counts what it told before as its own.
        if file == from.file {
            placed.count(&state)
        } else {
            placed.known += 1
        }
        return Ok(());
    }
    let NewPayment { payment, part, by, is_named } = new;
    let told = Told { file: from.file.clone(), by: *by, is_named: *is_named };
    let state = decide(tx, company, from.counts, new, &told).await?;
    placed.count(state.name());
    let stored =
        StoredPayment { id, file: from.file.clone(), payment: payment.clone(), part: part.clone(), state, at: now, version: 1 };
    payment::insert(tx, &company.id, &company.key, &stored, &told).await?;
    match &stored.state {
        State::Matched { invoice, .. } => {
            let what = Move { company, invoice, now };
            move_by(tx, what, payment.event(), Some(&stored.id)).await?;
        }
        State::Parked { why } => {
            let told = serde_json::json!({ "amount": payment.net().to_string(), "booked_on": payment.booked_on, "why": why });
            tx.tell(NewEvent::new(&company.id, &company.key, now, "payment.parked", &stored.id, &told)?);
        }
        State::ToldTwice | State::ToldAgain if payment.is_debit() => see_debit(tx, company, payment, &stored.id, now).await?,
        State::NoConcern | State::ToldTwice | State::ToldAgain => {}
    }
    Ok(())
}

/// A file says of money that another tells of that it was a direct debit: the claim of its invoice is answered, whichever comes first.
async fn see_debit(tx: &mut Tx<'_>, company: &Company, payment: &Payment, id: &str, now: i64) -> Result<()> {
    let mut invoices = payment::matched_alike(tx.db(), &company.id, payment).await?;
    if invoices.is_empty()
        && let KidUse::One(candidate) | KidUse::Several { exact: Some(candidate) } =
            kid_use(tx, company, payment, By::Word).await?
    {
        invoices.push(candidate.invoice);
    }
    for invoice in &invoices {
        let found = collection::of_invoice(tx.db(), &company.id, invoice).await?;
        if found.is_some_and(|found| found.candidate.collection.claim.waits_for_a_debit()) {
            move_by(tx, Move { company, invoice, now }, Event::DebitSeen, Some(id)).await?;
            break;
        }
    }
    Ok(())
}

async fn decide(tx: &mut Tx<'_>, company: &Company, counts: Counts, new: &NewPayment, told: &Told) -> Result<State> {
    let NewPayment { payment, part, .. } = new;
    // What the rail that counts for the account is sure to tell of: OCR giro carries no transfers without a KID and no refunds.
    let (rail, is_camt) = (payment.kind.rail(), matches!(payment.kind, PaymentKind::Camt { .. }));
    let counts_alone = counts != Counts::All && counts.counts(rail);
    let counts = counts.counts(rail);
    if !counts && payment.flow == Flow::In && payment.kid.is_some() {
        return Ok(State::ToldTwice);
    }
    if let Part::TotalOf { batch } | Part::Line { batch } = part
        && statement_line::has_all_parts(tx.db(), &company.id, &waiting(payment, batch, told)).await?
    {
        return Ok(State::ToldTwice);
    }
    let alike = payment::alike(tx.db(), &company.id, &company.key, payment, part, told).await?;
    if let Part::TotalOf { .. } = part {
        let why = if alike.unsure > 0 { codes::PAYMENT_PERHAPS_TOLD } else { codes::PAYMENT_TOTAL };
        return Ok(State::Parked { why: Fault::warning(why) });
    }
    let (here, elsewhere) = if is_camt { (alike.camt, alike.ocr) } else { (alike.ocr, alike.camt) };
    if is_camt && alike.here < alike.elsewhere {
        return Ok(State::ToldAgain);
    }
    // What the other rail told of and was passed over for this one is told here; what it told of before this one counted alone is not.
    let counted_elsewhere = if is_camt { alike.ocr_counted } else { alike.camt_counted };
    let was_told = if counts_alone && payment.kid.is_some() { counted_elsewhere } else { elsewhere };
    if here < was_told {
        return Ok(State::ToldTwice);
    }
    let used = kid_use(tx, company, payment, By::Money).await?;
    let perhaps_told = || State::Parked { why: Fault::warning(codes::PAYMENT_PERHAPS_TOLD) };
    let other = other_side(tx, company, payment, &used).await?;
    Ok(match rules::place(payment, &used, other) {
        // The rail that counts may tell of it on another day.
        Place::Invoice { .. } if !counts && payment.flow == Flow::TakenBack => perhaps_told(),
        Place::Parked { .. } if !counts && !is_camt => perhaps_told(),
        // Two files of camt that share no reference tell of one payment, or of two: only a person can find out.
        Place::Invoice { .. } | Place::Parked { .. } if is_camt && alike.unsure > 0 => perhaps_told(),
        Place::Invoice { invoice, fit } => State::Matched { invoice, fit: Fit::name(fit).to_owned() },
        Place::Parked { why } => State::Parked { why },
        Place::NoConcern => State::NoConcern,
    })
}

/// A line of a statement, as it would wait for its payments.
fn waiting(payment: &Payment, batch: &Option<String>, told: &Told) -> Waiting {
    Waiting {
        id: payment::id(payment),
        file: told.file.clone(),
        account: payment.bank_account.clone(),
        batch: batch.clone(),
        net: payment.net(),
        booked_on: payment.booked_on,
    }
}

/// Whether money goes out to an account that paid for the invoice whose KID it has.
async fn other_side(tx: &mut Tx<'_>, company: &Company, payment: &Payment, used: &KidUse) -> Result<OtherSide> {
    let (KidUse::One(candidate), Flow::Out) = (used, payment.flow) else { return Ok(OtherSide::Unknown) };
    let paid = payment::has_paid(tx.db(), &company.id, &company.key, payment, &candidate.invoice).await?;
    Ok(if paid { OtherSide::Paid } else { OtherSide::Unknown })
}

/// Who uses the payment's KID; for money that goes out without one, a KID that its text names.
async fn kid_use(tx: &mut Tx<'_>, company: &Company, payment: &Payment, by: By) -> Result<KidUse> {
    let named = match (payment.kid.as_deref(), payment.flow) {
        (Some(kid), _) => vec![kid],
        (None, Flow::Out | Flow::CameBack) => rules::named_kids(payment.text.as_deref().unwrap_or_default()),
        (None, Flow::In | Flow::TakenBack) => vec![],
    };
    let debited_on = payment.is_debit().then_some(payment.booked_on);
    let sought = Sought { minor: payment.amount.minor(), debited_on, by };
    for kid in named {
        let used = collection::kid_use(tx.db(), &company.id, &payment.bank_account, kid, sought).await?;
        if used != KidUse::Nobody {
            return Ok(used);
        }
    }
    Ok(KidUse::Nobody)
}
