//! What follows from a claim: its payer is told once it stands with the rail, and what was begun is undone once it stands no longer.
//!
//! The claim is the attempt of an invoice's own delivery; telling the payer is a second delivery, the notice, with states of its own
//! (decision 13). What is claimed is stored with the attempt ([`crate::store::claim`]); when a delivery leaves its claim is seen by
//! [`follow`], through which every change of a delivery comes.

use jiff::Timestamp;
use kvitt_adapters::route::{Entry, FileNumbers, RouteSetup};
use kvitt_adapters::routes::avtalegiro::notice::{Told, told};
use kvitt_adapters::routes::{avtalegiro, efaktura};
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::calendar;
use kvitt_domain::claim::Deadlines;
use kvitt_domain::collection;
use kvitt_domain::delivery::{AttemptId, Delivery, Event, Purpose, State, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use serde::Serialize;
use sqlx::AnyConnection;

use crate::actions::move_delivery::{Move, move_delivery, setup_of};
use crate::actions::{look_back, move_collection};
use crate::error::{Error, Result};
use crate::store::claim::StoredClaim;
use crate::store::company::Company;
use crate::store::delivery::{NewDelivery, StoredAttempt, StoredDelivery};
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Urgency};
use crate::store::{Tx, agreement, claim, consignment, delivery, mandate, transmission};

/// Who cancels a notice whose claim is gone, and calls a claim back whose invoice was paid.
pub const BY: &str = "Kvitt";

/// Why a claim is closed that the rail knows already, where an earlier attempt of ours may have made it: nobody else is suspected.
const CLAIMED_BEFORE: &str = "claimed_before";

/// What an event says of a claim.
#[derive(Serialize)]
struct OfClaim<'a> {
    attempt: AttemptId,
    bank_account: &'a str,
    kid: &'a str,
    due_on: jiff::civil::Date,
    amount: kvitt_domain::money::Amount,
    way: ClaimWay,
    why: &'a str,
}

/// Sees to what must follow where a delivery leaves the attempt that claims: the claim is closed, a notice of it is withdrawn, and
/// what its refusal says of the mandate or of another provider is noted.
pub async fn follow(tx: &mut Tx<'_>, what: &Move<'_>, before: &StoredDelivery, after: &Delivery, event: &Event) -> Result<()> {
    let claims = |state: &State| state.route().is_some_and(|route| route.as_str() == avtalegiro::NAME);
    let Some(attempt) = before.delivery.state.attempt() else { return Ok(()) };
    if before.purpose != Purpose::Bill || !claims(&before.delivery.state) || claims(&after.state) {
        return Ok(());
    }
    let why = match event {
        Event::Said { word: Word::Refused { why } | Word::TooLate { why }, .. } => why.code.name(),
        Event::Said { word: Word::Withdrawn { .. }, .. } | Event::Cancelled { .. } => "withdrawn",
        _ => "given_up",
    };
    let company = what.company;
    let Some(stored) = claim::of_attempt(tx.db(), &company.id, attempt).await? else { return Ok(()) };
    let is_known = why == codes::CLAIM_KNOWN_ALREADY.name();
    let why = if is_known && was_claimed_before(tx, company, before, attempt).await? { CLAIMED_BEFORE } else { why };
    if !claim::close(tx, &company.id, attempt, why, what.now).await? {
        return Ok(());
    }
    tell(tx, what, "claim.closed", &stored, why)?;
    // Where its debit was seen already, its money stays as it is.
    let _seen = move_money(tx, what, &before.invoice, collection::Event::ClaimEnded { attempt }).await?;
    if why == codes::CLAIM_KNOWN_ALREADY.name() {
        let alarm = Fault::warning(codes::CLAIM_OTHER_PROVIDER).with("account", &stored.claim.bank_account);
        tx.tell(NewEvent::new(&company.id, &company.key, what.now, "claim.other_provider", &before.invoice, &alarm)?);
        tx.tell(NewEvent::new(&company.id, &company.key, what.now, "person.told", &before.invoice, &alarm)?);
    }
    if why == codes::CLAIM_MANDATE_GONE.name() {
        doubt_mandate(tx, what, &stored).await?;
    }
    withdraw_notice(tx, what, &before.invoice).await
}

/// Whether the same invoice was claimed by an earlier attempt: the claim that the rail knows may be that one.
async fn was_claimed_before(tx: &mut Tx<'_>, company: &Company, of: &StoredDelivery, attempt: AttemptId) -> Result<bool> {
    let attempts = delivery::attempts(tx.db(), &company.id, &company.key, &of.id).await?;
    let claims = |known: &StoredAttempt| known.route == avtalegiro::NAME || RouteName::new(&known.route).is_unknown();
    Ok(attempts.iter().any(|known| known.id != attempt && claims(known)))
}

/// Why a bill is not sent although its claim was refused: the rail has the same claim already, so that its payer will be debited. Not
/// asked of a delivery that a person has begun anew.
pub async fn stands_already(tx: &mut Tx<'_>, company: &Company, bill: &StoredDelivery) -> Result<Option<Fault>> {
    if bill.purpose != Purpose::Bill || !bill.delivery.tried.iter().any(|route| route.as_str() == avtalegiro::NAME) {
        return Ok(None);
    }
    let attempts = delivery::attempts(tx.db(), &company.id, &company.key, &bill.id).await?;
    let last = attempts.into_iter().rfind(|attempt| attempt.route == avtalegiro::NAME);
    Ok(last.and_then(|attempt| match attempt.word {
        Some(Word::Refused { why }) if why.code == codes::CLAIM_KNOWN_ALREADY => Some(why),
        _ => None,
    }))
}

/// Whether a notice tells of a claim that there is no longer.
pub async fn is_gone(db: &mut AnyConnection, company: &Company, purpose: Purpose, invoice: &str) -> Result<bool> {
    Ok(purpose == Purpose::Notice && !claim::is_open_for(db, &company.id, invoice).await?)
}

/// Tells the money of an invoice what becomes of its claim; the faults where it cannot hear that. An invoice that asks for nothing,
/// or came before its money was kept, has none.
async fn move_money(
    tx: &mut Tx<'_>,
    what: &Move<'_>,
    invoice: &str,
    event: collection::Event,
) -> Result<std::result::Result<(), Vec<Fault>>> {
    let of = move_collection::Move { company: what.company, invoice, now: what.now };
    match move_collection::move_collection(tx, of, event).await {
        Ok(_) | Err(Error::NotFound(_)) => Ok(Ok(())),
        Err(Error::Refused(faults)) => Ok(Err(faults)),
        Err(error) => Err(error),
    }
}

fn tell(tx: &mut Tx<'_>, what: &Move<'_>, kind: &'static str, stored: &StoredClaim, why: &str) -> Result<()> {
    let claim = &stored.claim;
    let told = OfClaim {
        attempt: stored.attempt,
        bank_account: &claim.bank_account,
        kid: &claim.kid,
        due_on: claim.due_on,
        amount: claim.amount,
        way: claim.way,
        why,
    };
    tx.tell(NewEvent::new(&what.company.id, &what.company.key, what.now, kind, &stored.invoice, &told)?);
    Ok(())
}

/// The rail knows no active mandate where ours says that there is one: it is the first that is asked about next.
async fn doubt_mandate(tx: &mut Tx<'_>, what: &Move<'_>, stored: &StoredClaim) -> Result<()> {
    let company = what.company;
    let account = &stored.claim.bank_account;
    if let Some(found) = mandate::find_for_kid(tx.db(), company, account, &stored.claim.kid).await? {
        mandate::looked_up(tx, &company.id, &company.key, account, &found.kid, 0).await?;
    }
    Ok(())
}

/// Stores what an attempt by AvtaleGiro claims, in the transaction that chooses the route.
pub async fn open(
    tx: &mut Tx<'_>,
    what: &Move<'_>,
    attempt: AttemptId,
    invoice: &str,
    new: &kvitt_domain::claim::Claim,
) -> Result<()> {
    let company = what.company;
    claim::insert(tx, &company.id, attempt, invoice, new, what.now).await?;
    let due_on = new.due_on;
    if let Err(refused) = move_money(tx, what, invoice, collection::Event::Claimed { attempt, due_on }).await? {
        // Money came since the plan was made: the plan is made again, and says what it was.
        tracing::debug!(attempt = %attempt, refused = ?refused, "not claimed");
        return Err(Error::Conflict);
    }
    let stored =
        StoredClaim { attempt, invoice: invoice.to_owned(), claim: new.clone(), is_open: true, is_told: false, closed_at: 0 };
    tell(tx, what, "claim.opened", &stored, "")
}

/// What is to be said of a claim whose lot is closed after its last moment to be handed in: that it is too late, or, where it may be
/// with the rail from before, that it is in doubt still. `None` while it is in time.
pub async fn too_late(
    tx: &mut Tx<'_>,
    company: &Company,
    setup: &RouteSetup,
    attempt: AttemptId,
    now: i64,
) -> Result<Option<Word>> {
    let Some(stored) = claim::of_attempt(tx.db(), &company.id, attempt).await? else { return Ok(None) };
    let setup = avtalegiro::AvtalegiroSetup::read(Some(setup)).map_err(Error::Refused)?;
    if !setup.is_late(&stored.claim, moment(now)?) {
        return Ok(None);
    }
    let why = Fault::fatal(codes::ROUTE_TOO_LATE).with("route", avtalegiro::NAME);
    Ok(Some(match look_back::may_be_sent(tx.db(), company, attempt).await? {
        true => Word::InDoubt { why },
        false => Word::TooLate { why },
    }))
}

fn moment(now: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(now).map_err(|_| Error::Damaged("now is no time".into()))
}

/// A claim stands with the rail: begins to tell its payer, once, where the company's choice and the mandate say so.
pub async fn tell_payer(tx: &mut Tx<'_>, company: &Company, attempt: AttemptId, urgency: Urgency, now: i64) -> Result<()> {
    let Some(stored) = claim::of_attempt(tx.db(), &company.id, attempt).await? else { return Ok(()) };
    if stored.is_told || !stored.is_open {
        return Ok(());
    }
    claim::note_told(tx, &company.id, attempt).await?;
    let account = &stored.claim.bank_account;
    let policy = agreement::direct_debit(tx.db(), &company.id, &company.key, account).await?.map(|debit| debit.notice);
    let mandate = mandate::find_for_kid(tx.db(), company, account, &stored.claim.kid).await?;
    if told(policy.unwrap_or_default(), mandate.as_ref()) == Told::Not {
        let why = Fault::warning(codes::NOTICE_NOT_WANTED);
        tx.tell(NewEvent::new(&company.id, &company.key, now, "notice.not_wanted", &stored.invoice, &why)?);
        return Ok(());
    }
    match delivery::of_invoice(tx.db(), &company.id, &company.key, &stored.invoice, Purpose::Notice).await? {
        None => {
            let id = crate::ids::new_id().to_string();
            let new = NewDelivery { id: &id, invoice: &stored.invoice, purpose: Purpose::Notice };
            delivery::insert(tx, &company.id, &company.key, new, now).await?;
            job::enqueue(tx, &company.id, Kind::ChooseRoute, &id, urgency, now, now).await?;
            tx.tell(NewEvent::new(&company.id, &company.key, now, "notice.begun", &stored.invoice, &())?);
        }
        // The invoice was claimed before, and that notice withdrawn. Each purpose has one delivery: a person tells the payer.
        Some(known) if matches!(known.delivery.state, State::Cancelled { .. }) => {
            let why = Fault::warning(codes::NOTICE_AGAIN);
            tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &stored.invoice, &why)?);
        }
        Some(_) => {}
    }
    Ok(())
}

/// A person found that a claim was sent: its payer is told as of any that stands with the rail, but where the bank tells.
pub async fn tell_payer_of_settled(
    tx: &mut Tx<'_>,
    company: &Company,
    attempt: AttemptId,
    urgency: Urgency,
    now: i64,
) -> Result<()> {
    let Some(stored) = claim::of_attempt(tx.db(), &company.id, attempt).await? else { return Ok(()) };
    let setup = setup_of(tx.db(), company, avtalegiro::NAME).await?;
    let setup = avtalegiro::AvtalegiroSetup::read(Some(&setup)).map_err(Error::Refused)?;
    if setup.bank_notice && stored.claim.way == ClaimWay::File {
        return Ok(());
    }
    tell_payer(tx, company, attempt, urgency, now).await
}

/// The claim is gone: its notice is not sent, or called back where that can be; else a person hears that the payer was told of a debit
/// that will not come.
async fn withdraw_notice(tx: &mut Tx<'_>, what: &Move<'_>, invoice: &str) -> Result<()> {
    let company = what.company;
    let found = delivery::of_invoice(tx.db(), &company.id, &company.key, invoice, Purpose::Notice).await?;
    let Some(notice) = found else { return Ok(()) };
    match &notice.delivery.state {
        State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Parked { .. } => {
            let of_notice = Move { delivery: &notice.id, ..what.clone() };
            Box::pin(move_delivery(tx, &of_notice, Event::Cancelled { by: BY.to_owned() })).await?;
            Ok(())
        }
        State::Cancelled { .. } => Ok(()),
        State::Sending { route, attempt }
        | State::HandedOver { route, attempt, .. }
        | State::Delivered { route, attempt, .. }
            if route.as_str() == efaktura::NAME =>
        {
            let wish = CallBack { invoice, attempt: *attempt, by: BY, file: None };
            note_call_back(tx, company, &wish, what.urgency, what.now).await
        }
        State::Sending { route, .. }
        | State::InDoubt { route, .. }
        | State::HandedOver { route, .. }
        | State::Delivered { route, .. }
        | State::Seen { route, .. } => {
            let why = Fault::warning(codes::NOTICE_CLAIM_GONE).with("route", route);
            tx.tell(NewEvent::new(&company.id, &company.key, what.now, "person.told", invoice, &why)?);
            Ok(())
        }
    }
}

/// How long the bill waits for its notice to come back before it goes to the netbank itself: as long as a wish is pursued.
const COMES_BACK_MS: i64 = 24 * 3_600_000;
/// How often it is looked whether it has.
const LOOK_AGAIN_MS: i64 = 5 * 60_000;

/// Until when the bill must wait that is to go by eFaktura, because the notice of its claim is being called back from there: the netbank
/// would have the same payment twice. `None` where nothing is waited for.
pub async fn waits_for_notice(tx: &mut Tx<'_>, company: &Company, bill: &StoredDelivery, now: i64) -> Result<Option<i64>> {
    let notice = delivery::of_invoice(tx.db(), &company.id, &company.key, &bill.invoice, Purpose::Notice).await?;
    let Some(State::Sending { route, .. } | State::HandedOver { route, .. } | State::Delivered { route, .. }) =
        notice.map(|notice| notice.delivery.state)
    else {
        return Ok(None);
    };
    if route.as_str() != efaktura::NAME {
        return Ok(None);
    }
    let attempts = delivery::attempts(tx.db(), &company.id, &company.key, &bill.id).await?;
    let Some(claimed) = attempts.iter().rfind(|attempt| attempt.route == avtalegiro::NAME) else { return Ok(None) };
    let closed_at = claim::of_attempt(tx.db(), &company.id, claimed.id).await?.map_or(0, |stored| stored.closed_at);
    let end = closed_at + COMES_BACK_MS;
    Ok((now < end).then(|| end.min(now + LOOK_AGAIN_MS)))
}

/// What was done to stop a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It had not left the house: the document goes by its next route.
    NotSent,
    /// The rail is asked to give it back.
    CalledBack,
    /// The rail is being asked already.
    BeingCalledBack,
    /// Nothing can be done here.
    No,
}

/// The money of an invoice changed while its claim is under way: the claim is not sent, or called back, where that can be.
pub async fn stop(tx: &mut Tx<'_>, company: &Company, invoice: &str, attempt: AttemptId, now: i64) -> Result<Stopped> {
    let found = delivery::of_invoice(tx.db(), &company.id, &company.key, invoice, Purpose::Bill).await?;
    let Some(bill) = found.filter(|bill| bill.delivery.state.attempt() == Some(attempt)) else { return Ok(Stopped::No) };
    if let State::Queued { .. } = bill.delivery.state {
        if look_back::may_be_sent(tx.db(), company, attempt).await? {
            return Ok(Stopped::No);
        }
        let what = Move { company, delivery: &bill.id, urgency: Urgency::Ordinary, lot_at_most: None, now };
        let word = Word::TooLate { why: Fault::fatal(codes::CLAIM_STOPPED) };
        Box::pin(move_delivery(tx, &what, Event::Said { attempt, word })).await?;
        return Ok(Stopped::NotSent);
    }
    if bill.delivery.state.may_be_called_back().is_none_or(|(route, _)| route.as_str() != avtalegiro::NAME) {
        return Ok(Stopped::No);
    }
    let newest = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop();
    if let Some(newest) = newest
        && consignment::is_wished_back(tx.db(), &company.id, &newest, attempt).await?
    {
        return Ok(Stopped::BeingCalledBack);
    }
    let file = match may_call_back(tx, company, attempt, now).await {
        Ok(file) => file,
        Err(Error::Refused(_)) => return Ok(Stopped::No),
        Err(error) => return Err(error),
    };
    note_call_back(tx, company, &CallBack { invoice, attempt, by: BY, file }, Urgency::Ordinary, now).await?;
    Ok(Stopped::CalledBack)
}

/// A claim that was to be called back while nobody knew whether it was sent turned out to be sent: the wish is said now, or a person
/// hears that it cannot be.
pub async fn wish_again(tx: &mut Tx<'_>, company: &Company, invoice: &str, attempt: AttemptId, by: &str, now: i64) -> Result<()> {
    match may_call_back(tx, company, attempt, now).await {
        Ok(file) => note_call_back(tx, company, &CallBack { invoice, attempt, by, file }, Urgency::Interactive, now).await,
        Err(Error::Refused(_)) => {
            let why = Fault::warning(codes::CALL_BACK_UNCONFIRMED).with("route", avtalegiro::NAME);
            tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", invoice, &why)?);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// A wish to call an attempt back.
pub struct CallBack<'a> {
    /// The invoice.
    pub invoice: &'a str,
    /// The attempt.
    pub attempt: AttemptId,
    /// Who wants it.
    pub by: &'a str,
    /// The numbers of the file that asks for it, where the rail is asked by file.
    pub file: Option<FileNumbers>,
}

/// Enters a wish in the log of the consignment in which its attempt travelled last, and lets the conversation go on: its adapter does
/// the rest.
pub async fn note_call_back(tx: &mut Tx<'_>, company: &Company, wish: &CallBack<'_>, urgency: Urgency, now: i64) -> Result<()> {
    let newest = consignment::of_attempt(tx.db(), &company.id, wish.attempt).await?.pop();
    let Some(id) = newest else { return Err(Error::Damaged(format!("attempt {} travelled nowhere", wish.attempt))) };
    // The job first, as whoever does it: two that wait for each other would both begin anew.
    job::enqueue(tx, &company.id, Kind::Converse, &id, urgency, now, now).await?;
    consignment::lock(tx, &company.id, &id).await?;
    if !is_current_in(tx, company, wish.attempt, &id).await? {
        // It moved on while this waited: what can be done is decided anew.
        return Err(Error::Conflict);
    }
    consignment::wish_back(tx, &company.id, &id, wish.attempt).await?;
    let at = moment(now)?;
    let note = Entry::CallBack { attempt: wish.attempt, by: wish.by.to_owned(), at, file: wish.file };
    consignment::note(tx, &company.id, &company.key, &id, &note, now).await?;
    tx.tell(NewEvent::new(&company.id, &company.key, now, "delivery.call_back", wish.invoice, &wish.by)?);
    Ok(())
}

async fn is_current_in(tx: &mut Tx<'_>, company: &Company, attempt: AttemptId, consignment: &str) -> Result<bool> {
    let newest = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop();
    let of = delivery::attempt(tx.db(), &company.id, &company.key, attempt).await?.delivery;
    let state = delivery::by_id(tx.db(), &company.id, &company.key, &of).await?.delivery.state;
    Ok(newest.as_deref() == Some(consignment) && state.attempt() == Some(attempt))
}

/// Whether a claim can still be called back, and with which numbers where that takes a file. Refused where it is too late, or where
/// somebody else made the claim.
pub async fn may_call_back(tx: &mut Tx<'_>, company: &Company, attempt: AttemptId, now: i64) -> Result<Option<FileNumbers>> {
    let stored = claim::of_attempt(tx.db(), &company.id, attempt).await?;
    let claim = stored.ok_or_else(|| Error::Damaged(format!("attempt {attempt} claims nothing")))?.claim;
    if claim.way == ClaimWay::Elsewhere {
        return Err(Error::refused(Fault::fatal(codes::CLAIM_MADE_ELSEWHERE)));
    }
    let setup = setup_of(tx.db(), company, avtalegiro::NAME).await?;
    let setup = avtalegiro::AvtalegiroSetup::read(Some(&setup)).map_err(Error::Refused)?;
    let at = moment(now)?;
    let until = Deadlines::on(&setup.deadlines, calendar::today(at)).call_back_until(claim.due_on);
    if at > until {
        return Err(Error::refused(Fault::fatal(codes::CLAIM_CALL_BACK_TOO_LATE).with("at", until)));
    }
    if claim.way != ClaimWay::File {
        return Ok(None);
    }
    let newest = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop();
    let consignment = newest.ok_or_else(|| Error::Damaged(format!("attempt {attempt} travelled nowhere")))?;
    let order = consignment::next_number(tx, &company.id, avtalegiro::NAME).await?;
    let order = u32::try_from(order).map_err(|_| Error::Damaged(format!("{order} is no number of an order")))?;
    Ok(Some(FileNumbers { transmission: transmission::give(tx, &company.id, &consignment).await?, order }))
}
