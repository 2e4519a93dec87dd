//! The bank's days, and over HTTP what of it can be seen and ordered: agreements, mandates, claims, payments.
//!
//! What happens is decided in `counterparties/bank.rs`; its drop is served by `counter.rs` and `sftp.rs`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::counterparties::bank::accounts::{CUSTOMER_UNIT, NotMade, Status, Wanted};
use crate::counterparties::bank::claims::{Kept, kroner};
use crate::counterparties::bank::day::{ByHand, Payment};
use crate::counterparties::bank::kid::{Modulus, Structure};
use crate::counterparties::bank::mandates::{Change, NoMandate, Which};
use crate::counterparties::bank::payers::Payer;
use crate::fronts::counter;
use crate::fronts::http::{Refusal, read_body};
use crate::world::World;

/// The most that one list shows, the newest.
const LONGEST_LIST: usize = 10_000;

/// After trouble with the disk the bank waits so long, by machine time.
const AFTER_TROUBLE: Duration = Duration::from_millis(500);

/// The bank account of whoever pays by hand and does not say from where.
const ANYBODYS_ACCOUNT: &str = "99990500000";

/// All paths.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/bank/agreements", get(agreements).post(set_up))
        .route("/bank/register", post(register))
        .route("/bank/mandates", get(mandates).post(add_mandates).delete(delete_mandates))
        .route("/bank/mandates/list", post(send_list))
        .route("/bank/claims", get(claims))
        .route("/bank/payments", get(payments).post(pay))
        .route("/bank/worst-day", post(worst_day))
}

/// Does the bank's work when it is due, for ever.
pub async fn keep_days(world: Arc<World>) {
    // What was made before the sandbox was stopped, and not put out.
    let floor = world.branch.floor.lock().await;
    if let Err(error) = counter::put_out(&world) {
        tracing::error!(%error, "what was waiting could not be put into the bank's drop");
    }
    drop(floor);
    loop {
        if let Err(error) = world.work_bank().await {
            tracing::error!(%error, "a bank day could not be written down");
            tokio::time::sleep(AFTER_TROUBLE).await;
        }
        let next = world.play().bank.next_work(world.clock.now());
        tokio::select! {
            () = world.clock.sleep_until(next) => {}
            () = world.branch.news.notified() => {}
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SetUp {
    organisation_number: String,
    name: Option<String>,
    account_number: String,
    kid_structures: Vec<StructureWanted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StructureWanted {
    length: usize,
    reference_position: String,
    modulus: Modulus,
}

/// Makes an issuer and an AvtaleGiro agreement without a conversation; what the personas say of both still holds.
async fn set_up(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: SetUp = read_body(&body)?;
    digits("organisationNumber", &wanted.organisation_number, 9)?;
    digits("accountNumber", &wanted.account_number, 11)?;
    let structures = wanted.kid_structures.iter().map(|one| {
        Structure::new(one.length, &one.reference_position, one.modulus)
            .ok_or_else(|| Refusal::bad(format!("referencePosition: {} does not fit", one.reference_position)))
    });
    let structures = structures.collect::<Result<Vec<_>, _>>()?;
    if !(1..=3).contains(&structures.len()) {
        return Err(Refusal::bad("kidStructures: one to three"));
    }
    let name = wanted.name.as_deref().unwrap_or("Sandbox");
    let issuer = world.make_issuer(&wanted.organisation_number, name).await.map_err(trouble)?;
    issuer.map_err(|_| conflict("the issuer is another provider's; take it over through MPS"))?;
    let made = world.change_bank(|bank, now, records| {
        let wanted = Wanted {
            provider: CUSTOMER_UNIT,
            organisation: &wanted.organisation_number,
            account: &wanted.account_number,
            structures,
            takes_over: false,
        };
        bank.make_agreement(wanted, now, records)
    });
    let status = made.await.map_err(trouble)?.map_err(|why| match why {
        NotMade::OthersHaveIt => conflict("the account's agreement is another provider's; take it over through MPS"),
        NotMade::OtherCompany => conflict("the account is another organisation's"),
    })?;
    world.work_bank().await.map_err(trouble)?;
    Ok(Json(json!({ "status": status.word() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OfAccount {
    account_number: Option<String>,
}

async fn agreements(State(world): State<Arc<World>>) -> Json<Vec<Value>> {
    let now = world.clock.now();
    let play = world.play();
    let described = play.bank.agreements().map(|one| {
        json!({
            "accountNumber": one.account, "organisationNumber": one.organisation, "provider": one.provider,
            "formerProvider": one.former, "status": one.status(now).word(), "kidStructures": one.structures,
        })
    });
    Json(described.take(LONGEST_LIST).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Register {
    account_number: String,
}

/// A person at the bank registers an agreement that waits.
async fn register(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Register = read_body(&body)?;
    let done = world.change_bank(|bank, now, records| bank.register(&wanted.account_number, now, records)).await;
    if !done.map_err(trouble)? {
        return Err(conflict("no agreement on this account waits"));
    }
    world.work_bank().await.map_err(trouble)?;
    Ok(Json(json!({ "status": Status::Active.word() })))
}

async fn mandates(
    State(world): State<Arc<World>>,
    query: Result<Query<OfAccount>, QueryRejection>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let Query(wanted) = query?;
    let account = wanted.account_number.ok_or_else(|| Refusal::bad("give \"accountNumber\""))?;
    let play = world.play();
    let described = play.bank.mandates(&account).map(|one| {
        json!({
            "kid": one.kid, "customerPart": one.part, "notice": one.wants_notice, "active": one.is_active,
            "payerAccount": crate::counterparties::bank::payers::bank_account(&one.part),
        })
    });
    Ok(Json(described.take(LONGEST_LIST).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MandatesWanted {
    account_number: String,
    kid: Option<String>,
    customer_part: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    notice: Option<bool>,
}

async fn add_mandates(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: MandatesWanted = read_body(&body)?;
    let change = Change::stands(wanted.notice);
    change_mandates(&world, wanted, change).await
}

async fn delete_mandates(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    change_mandates(&world, read_body(&body)?, Change::deleted()).await
}

async fn change_mandates(world: &World, wanted: MandatesWanted, change: Change) -> Result<Json<Value>, Refusal> {
    let which = match wanted {
        MandatesWanted { kid: Some(ref kid), customer_part: None, from: None, to: None, .. } => Which::Kid(kid.clone()),
        MandatesWanted { kid: None, customer_part: Some(ref part), from: None, to: None, .. } => Which::Part(part.clone()),
        MandatesWanted { kid: None, customer_part: None, from: Some(from), to: Some(to), .. } => Which::Range(from, to),
        _ => return Err(Refusal::bad("give \"kid\", or \"customerPart\", or \"from\" and \"to\"")),
    };
    let account = wanted.account_number;
    let changed = world.change_bank(|bank, now, records| bank.change_mandates(&account, &which, change, now, records)).await;
    let changed = changed.map_err(trouble)?.map_err(|why| match why {
        NoMandate::NotYours => conflict(why.words()),
        NoMandate::UnfitKid => Refusal::bad(why.words()),
    })?;
    Ok(Json(json!({ "changed": changed })))
}

/// The company asks for the list of an account's mandates.
async fn send_list(State(world): State<Arc<World>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let wanted: Register = read_body(&body)?;
    let sent = world.answer_of_bank(|bank, now| bank.send_list(&wanted.account_number, now)).await.map_err(trouble)?;
    sent.map(|()| StatusCode::NO_CONTENT).map_err(|why| conflict(why.words()))
}

async fn claims(
    State(world): State<Arc<World>>,
    query: Result<Query<OfAccount>, QueryRejection>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let Query(wanted) = query?;
    let now = world.clock.now();
    let play = world.play();
    let fits = |kept: &&Kept| wanted.account_number.as_ref().is_none_or(|account| *account == kept.claim.identity.account);
    let described = play.bank.newest_claims().filter(fits).map(|kept| {
        let claim = &kept.claim;
        let status = play.bank.claim_status(&claim.id, now);
        let payer = Payer::of(&claim.part).name();
        json!({
            "id": claim.id, "accountNumber": claim.identity.account, "kid": claim.identity.kid,
            "amount": kroner(claim.identity.minor), "dueDate": claim.identity.due_on, "provider": claim.provider,
            "status": status.map(|status| status.word), "rejectionCode": claim.rejected.map(|why| why.words().0),
            "events": kept.fates.iter().map(|(fate, at)| json!({ "event": fate, "at": at })).collect::<Vec<_>>(),
            "payer": payer,
        })
    });
    Ok(Json(described.take(LONGEST_LIST).collect()))
}

async fn payments(
    State(world): State<Arc<World>>,
    query: Result<Query<OfAccount>, QueryRejection>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let Query(wanted) = query?;
    let play = world.play();
    let fits = |one: &&Payment| wanted.account_number.as_ref().is_none_or(|account| *account == one.account);
    let described = play.bank.payments().rev().filter(fits).map(|one| {
        json!({
            "number": one.number, "accountNumber": one.account, "kid": one.kid, "amount": kroner(one.minor),
            "kind": one.cause.kind(), "bookedOn": one.booked_on, "booked": one.is_booked, "told": one.is_told,
            "payerAccount": one.payer, "text": one.text,
        })
    });
    Ok(Json(described.take(LONGEST_LIST).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Pay {
    account_number: String,
    kid: Option<String>,
    amount: String,
    text: Option<String>,
    payer_account: Option<String>,
}

/// Somebody pays an invoice by hand, with direct debit or without.
async fn pay(State(world): State<Arc<World>>, body: Bytes) -> Result<(StatusCode, Json<Value>), Refusal> {
    let wanted: Pay = read_body(&body)?;
    digits("accountNumber", &wanted.account_number, 11)?;
    let payer = wanted.payer_account.unwrap_or_else(|| ANYBODYS_ACCOUNT.to_owned());
    digits("payerAccount", &payer, 11)?;
    let fits = |kid: &String| kid.len() <= 25 && kid.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if wanted.kid.as_ref().is_some_and(|kid| !fits(kid)) {
        return Err(Refusal::bad("kid: at most 25 digits, or - as the last"));
    }
    let minor = minor(&wanted.amount).ok_or_else(|| Refusal::bad("amount: kroner with two decimals, as \"499.00\""))?;
    let what = ByHand { account: wanted.account_number, kid: wanted.kid, minor, text: wanted.text, payer };
    let number = world.change_bank(|bank, now, records| bank.pay(what, now, records)).await.map_err(trouble)?;
    Ok((StatusCode::CREATED, Json(json!({ "number": number }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorstDay {
    on: Option<Date>,
}

/// Orders that every claim of a day is debited twice.
async fn worst_day(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let WorstDay { on } = read_body(&body)?;
    let order =
        |bank: &mut crate::counterparties::bank::Bank, now: Timestamp, records: &mut Vec<_>| bank.worst_day(on, now, records);
    let on = world.change_bank(order).await.map_err(trouble)?;
    Ok(Json(json!({ "on": on })))
}

fn digits(what: &str, text: &str, count: usize) -> Result<(), Refusal> {
    let fits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(()) } else { Err(Refusal::bad(format!("{what}: {count} digits"))) }
}

/// `499.00` in øre.
fn minor(amount: &str) -> Option<u64> {
    let (whole, part) = amount.split_once('.')?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fits = part.len() == 2 && whole.len() <= 13 && all_digits(whole) && all_digits(part);
    if fits { format!("{whole}{part}").parse().ok().filter(|minor| *minor > 0) } else { None }
}

fn conflict(message: &str) -> Refusal {
    Refusal(StatusCode::CONFLICT, message.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn trouble(error: std::io::Error) -> Refusal {
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
