//! Ordering an agreement about direct debits, and changing what it goes by.

use std::ops::Range;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::{BankAccount, KidParts, KidStructure, Modulus};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AtgShown, debits};
use crate::actions::order_agreement::{self, AgreementAsk};
use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::InJson;
use crate::hub::Hub;

/// An agreement to order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAtg {
    /// Eleven digits.
    account_number: String,
    #[serde(flatten)]
    #[schema(inline)]
    terms: AtgTerms,
}

/// What an agreement goes by.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AtgTerms {
    /// Digits of a KID, check digit included.
    #[schema(minimum = 4, maximum = 25)]
    kid_length: usize,
    /// Where the customer stands in the KID, such as `1-6`.
    #[schema(pattern = "^[0-9]{1,2}-[0-9]{1,2}$")]
    reference_position: String,
    /// Where the payment type stands in it; empty where it does not.
    #[serde(default)]
    payment_type_position: String,
    /// The digits of the payment type, where it stands in the KID.
    #[serde(default)]
    payment_type: Option<String>,
    /// Somebody with signing rights, asked should another provider have the agreement.
    #[serde(default)]
    signer_email: Option<String>,
    /// Their name.
    #[serde(default)]
    signer_name: Option<String>,
    /// Whether payers who asked to be told of claims are told on paper where nothing else reaches them. Absent: yes.
    #[serde(default)]
    notification_by_print: Option<bool>,
    /// The same by e-mail. Both false: the company tells its payers itself.
    #[serde(default)]
    notification_by_email: Option<bool>,
}

/// Orders an agreement about direct debits to a bank account
///
/// The main agreement (`POST /v1/company/profiles`) must be active. Whoever calls accepts the terms. The bank's own agreement is made by
/// hand: `advice` has the text to give it.
#[utoipa::path(post, path = "/v1/services/atg", tag = "services", operation_id = "postV1ServicesAtg", request_body = NewAtg,
    responses((status = 201, description = "It is ordered", body = AtgShown),
        (status = "4XX", description = "It is not, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(hub): State<Hub>,
    caller: Caller,
    InJson(wanted): InJson<NewAtg>,
) -> Answered<(StatusCode, Json<AtgShown>)> {
    let debit = debit(&wanted.terms, ClaimWay::default())?;
    let signer = wanted.terms.signer_email.filter(|email| !email.trim().is_empty()).map(|email| {
        let name = wanted.terms.signer_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| email.clone());
        (name, email)
    });
    let account = wanted.account_number;
    let subject = Subject::Avtalegiro { account: account.clone(), debit };
    let order = AgreementAsk::Order { subject, accepted_by: Some(caller.by()), signer, vouched_by: None };
    order_agreement::change(&hub, caller.company(), order).await?;
    Ok((StatusCode::CREATED, Json(of(&hub, &caller, &account).await?)))
}

/// Changes what an agreement about direct debits goes by
///
/// When payers are told can be changed at any time; the KID's structure only where a person recorded the agreement, for the rail was told
/// of it with the order.
#[utoipa::path(patch, path = "/v1/services/atg/{account_number}", tag = "services", operation_id = "patchV1ServicesAtgAccountNumber",
    request_body = AtgTerms, params(("account_number" = String, Path, description = "Eleven digits")),
    responses((status = 200, description = "The agreement as it is now", body = AtgShown),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn patch(
    State(hub): State<Hub>,
    caller: Caller,
    Path(account): Path<String>,
    InJson(wanted): InJson<AtgTerms>,
) -> Answered<Json<AtgShown>> {
    of(&hub, &caller, &account).await?;
    let known = order_agreement::list(&hub, caller.company()).await?;
    let claims = known.iter().find_map(|agreement| match &agreement.course.subject {
        Subject::Avtalegiro { account: of, debit } if *of == account => Some((debit.claims, debit.structures.clone())),
        Subject::Avtalegiro { .. } | Subject::MainVendor => None,
    });
    let (claims, structures) = claims.ok_or_else(|| Problem::unknown(&format!("agreement {account}")))?;
    let mut debit = debit(&wanted, claims)?;
    // Only the first structure can be said here: the others stay.
    debit.structures.extend(structures.into_iter().skip(1));
    let change = AgreementAsk::Change { account: account.clone(), debit, by: caller.by() };
    order_agreement::change(&hub, caller.company(), change).await?;
    Ok(Json(of(&hub, &caller, &account).await?))
}

async fn of(hub: &Hub, caller: &Caller, account: &str) -> Answered<AtgShown> {
    let account = BankAccount::parse(account).map_or_else(|_| account.to_owned(), |read| read.as_str().to_owned());
    let found = debits(hub, caller).await?.into_iter().find(|debit| debit.account_number == account);
    found.ok_or_else(|| Problem::unknown(&format!("agreement {account}")))
}

fn debit(terms: &AtgTerms, claims: ClaimWay) -> Answered<DirectDebit> {
    let customer = range("reference_position", &terms.reference_position)?;
    let kind = match (terms.payment_type_position.trim(), &terms.payment_type) {
        ("", None) => None,
        ("", Some(_)) => return Err(Problem::missing("payment_type_position")),
        (_, None) => return Err(Problem::missing("payment_type")),
        (position, Some(digits)) => Some((range("payment_type_position", position)?, digits.clone())),
    };
    let length = terms.kid_length;
    let invoice = rest(length, &customer, kind.as_ref().map(|(range, _)| range));
    let parts = KidParts { length, customer, kind, invoice, modulus: Modulus::Mod10 };
    let structure = KidStructure::new(parts).map_err(|cause| Problem::value("reference_position", cause))?;
    let is_told = terms.notification_by_print.unwrap_or(true) || terms.notification_by_email.unwrap_or(true);
    let notice = if is_told { NoticePolicy::AlwaysWhenAsked } else { NoticePolicy::Never };
    Ok(DirectDebit { structures: vec![structure], notice, claims })
}

/// Positions as the rail writes them: from 1, the last one included.
fn range(field: &str, text: &str) -> Answered<Range<usize>> {
    let refused = || Problem::value(field, text);
    let (from, to) = text.trim().split_once('-').ok_or_else(refused)?;
    let (from, to): (usize, usize) = (from.trim().parse().map_err(|_| refused())?, to.trim().parse().map_err(|_| refused())?);
    if from == 0 || from > to { Err(refused()) } else { Ok(from - 1..to) }
}

/// The longest run of positions before the check digit that no other part has: the invoice's.
fn rest(length: usize, customer: &Range<usize>, kind: Option<&Range<usize>>) -> Range<usize> {
    let is_free = |position: &usize| !customer.contains(position) && kind.is_none_or(|kind| !kind.contains(position));
    let (mut longest, mut run) = (0..0, 0..0);
    for position in (0..length.saturating_sub(1)).filter(is_free) {
        run = if run.end == position && !run.is_empty() { run.start..position + 1 } else { position..position + 1 };
        if run.len() > longest.len() {
            longest = run.clone();
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invoice_has_what_the_others_leave() {
        let check = |length: usize, customer: Range<usize>, kind: Option<Range<usize>>, expected: Range<usize>| {
            assert_eq!(rest(length, &customer, kind.as_ref()), expected, "{length} {customer:?} {kind:?}");
        };
        check(16, 0..6, None, 6..15);
        check(16, 6..12, None, 0..6);
        check(16, 0..6, Some(6..7), 7..15);
        check(10, 0..6, Some(8..9), 6..8);
        check(7, 0..6, None, 0..0);
        check(0, 0..6, None, 0..0);
    }
}
