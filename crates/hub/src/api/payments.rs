//! Payments: what came in, which invoice each belongs to, and what a person decides about those that no KID places.
//!
//! Bank files are the operator's to bring: one file tells of several companies' accounts.

use axum::Json;
use axum::extract::{Path, State};
use kvitt_domain::collection::{Claim, State as Standing};
use kvitt_domain::payment::{Hint, Suggestion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::match_payment::{self, Decision};
use crate::actions::show_payments::{self, MoneyStory, PaymentShown, Wanted};
use crate::api::access::Caller;
use crate::api::invoices::{AmountShown, find};
use crate::api::problem::{Answered, FaultShown, Problem, ProblemBody, masked};
use crate::api::request::{Asked, InJson};
use crate::hub::Hub;

/// Payments of one page at most.
const MOST: i64 = 200;
const STATES: &[&str] = &["matched", "parked", "no_concern", "told_twice", "told_again"];

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentBody {
    id: String,
    /// The company's account.
    account: String,
    kid: Option<String>,
    amount: AmountShown,
    /// `in`, `taken_back` (by the payer's bank), `out`, `came_back`.
    #[schema(pattern = "^(in|taken_back|out|came_back)$")]
    flow: &'static str,
    #[schema(format = "date")]
    booked_on: String,
    payer_name: Option<String>,
    payer_account: Option<String>,
    /// What the payer wrote.
    text: Option<String>,
    /// `matched`, `parked`, `no_concern`, `told_twice` or `told_again`.
    state: String,
    /// The number of its invoice, where it is matched.
    invoice_number: Option<String>,
    /// Why it is parked.
    why: Option<FaultShown>,
    /// What a person might choose, the likeliest first.
    suggestions: Vec<SuggestionShown>,
}

/// An invoice that a payment might be for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentSuggestion)]
pub struct SuggestionShown {
    invoice_id: String,
    invoice_number: String,
    /// What is owed of it.
    left: AmountShown,
    /// What speaks for it, the strongest first.
    hints: Vec<String>,
}

/// A page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentPage {
    payments: Vec<PaymentBody>,
    /// What the next page is asked with, as `after`; null after the last.
    next: Option<String>,
}

/// The money of an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceMoney {
    /// `open`, `claimed`, `part_paid`, `paid` …: a state of the documentation.
    state: String,
    payable: AmountShown,
    /// What is owed now; below zero where too much came.
    left: AmountShown,
    kid: Option<String>,
    /// The account that it asks to be paid to.
    account: String,
    /// Whether a direct debit of it is under way.
    is_claimed: bool,
    payments: Vec<PaymentBody>,
    /// The credit notes that took something off.
    credits: Vec<CreditShown>,
}

/// What a credit note took off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditOfInvoice)]
pub struct CreditShown {
    number: String,
    amount: AmountShown,
}

/// What a person decides about a payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentDecision {
    /// `match` (with `invoice`), `unmatch` or `dismiss`.
    #[schema(pattern = "^(match|unmatch|dismiss)$")]
    decision: String,
    /// The invoice's id, for `match`.
    #[serde(default)]
    invoice: Option<String>,
}

/// Lists payments
#[utoipa::path(get, path = "/v1/payments", tag = "payments", operation_id = "getV1Payments",
    params(("state" = Option<String>, Query, pattern = "^(matched|parked|no_concern|told_twice|told_again)$", description = "`matched`, `parked` (with suggestions), `no_concern`, `told_twice`, `told_again`; all where none is named"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 200, description = "50 by default")),
    responses((status = 200, description = "A page", body = PaymentPage)))]
pub async fn list(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<PaymentPage>> {
    let asked = asked.only(&["state", "after", "limit"])?;
    let limit = u32::try_from(asked.number("limit", 1..=MOST, 50)?).unwrap_or(1);
    let state = match asked.one("state")? {
        Some(state) if !STATES.contains(&state) => return Err(Problem::value("state", state)),
        state => state.map(str::to_owned),
    };
    let after = match asked.one("after")? {
        None => None,
        Some(text) => Some(cursor(text).ok_or_else(|| Problem::value("after", text))?),
    };
    let wanted = Wanted { suggestions: state.as_deref() == Some("parked"), state };
    let (payments, next) = show_payments::payments(&hub, caller.company(), &wanted, after, limit).await?;
    let payments = payments.into_iter().map(|payment| shown(payment, &caller)).collect();
    Ok(Json(PaymentPage { payments, next: next.map(|(at, id)| format!("{at}.{id}")) }))
}

fn cursor(text: &str) -> Option<(i64, String)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, id.to_owned()))
}

/// Tells of an invoice's money: what is owed, what came
#[utoipa::path(get, path = "/v1/invoices/{id}/payments", tag = "payments", operation_id = "getV1InvoicesIdPayments",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "Its money", body = InvoiceMoney)))]
pub async fn of_invoice(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<InvoiceMoney>> {
    let stored = find(&hub, &caller, &id).await?;
    let mut db = hub.db().read().await.map_err(Problem::from)?;
    let story = show_payments::story(&mut db, caller.company(), &stored.id).await?;
    // A credit note, or an invoice of nothing.
    let MoneyStory { money, payments, credits } = story.ok_or_else(|| Problem::unknown(&format!("money of invoice {id}")))?;
    Ok(Json(InvoiceMoney {
        state: standing(&money.standing),
        payable: money.payable.into(),
        left: money.left.into(),
        kid: money.kid,
        account: money.account,
        is_claimed: matches!(money.claim, Claim::Outstanding { .. }),
        payments: payments.into_iter().map(|payment| shown(payment, &caller)).collect(),
        credits: credits.into_iter().map(|(number, amount)| CreditShown { number, amount: amount.into() }).collect(),
    }))
}

fn standing(standing: &Standing) -> String {
    standing.name().to_owned()
}

/// Decides about a payment
///
/// `match` places it on an invoice, `unmatch` takes it away from one, `dismiss` says that it is no invoice's.
#[utoipa::path(post, path = "/v1/payments/{id}/decision", tag = "payments", operation_id = "postV1PaymentsIdDecision",
    request_body = PaymentDecision, params(("id" = String, Path, description = "The payment's id")),
    responses((status = 204, description = "It is decided"),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn decide(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<PaymentDecision>,
) -> Answered<axum::http::StatusCode> {
    let decision = match (wanted.decision.as_str(), &wanted.invoice) {
        ("match", Some(invoice)) => Decision::Match { invoice: find(&hub, &caller, invoice).await?.id },
        ("match", None) => return Err(Problem::missing("invoice")),
        ("unmatch", None) => Decision::Unmatch,
        ("dismiss", None) => Decision::Dismiss,
        ("unmatch" | "dismiss", Some(invoice)) => return Err(Problem::value("invoice", invoice)),
        (other, _) => return Err(Problem::value("decision", other)),
    };
    match_payment::decide(&hub, caller.company(), &id, decision, &caller.by()).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

fn shown(of: PaymentShown, caller: &Caller) -> PaymentBody {
    let language = caller.language();
    let suggestion = |of: Suggestion| SuggestionShown {
        invoice_id: of.invoice,
        invoice_number: of.number,
        left: of.left.into(),
        hints: of.hints.into_iter().map(Hint::name).map(str::to_owned).collect(),
    };
    PaymentBody {
        id: of.id,
        account: of.payment.bank_account,
        kid: of.payment.kid,
        amount: of.payment.amount.into(),
        flow: of.payment.flow.name(),
        booked_on: of.payment.booked_on.to_string(),
        payer_name: of.payment.payer_name.as_deref().map(masked),
        payer_account: of.payment.payer_account,
        text: of.payment.text.as_deref().map(masked),
        state: of.state,
        invoice_number: of.invoice,
        why: of.why.map(|fault| FaultShown::of(&fault, language)),
        suggestions: of.suggestions.into_iter().map(suggestion).collect(),
    }
}
