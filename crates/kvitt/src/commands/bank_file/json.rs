//! A bank file for a program: one JSON value a line, each item and at last the verdict. `docs/bank-files.md` has the fields.

use kvitt_domain::{Amount, Currency};
use kvitt_formats::bank::{Format, Item, Part, PaymentKind, Registration, Verdict};
use serde_json::{Value, json};

use super::output::Output;
use crate::exit::Failure;
use crate::report::Said;
use crate::words::Words;

/// What is shown of one file.
pub struct Json {
    file: String,
}

impl Json {
    pub fn of(file: &str) -> Json {
        Json { file: file.to_owned() }
    }

    /// One item. Remarks stand in the verdict.
    pub fn item(&mut self, item: &Item, output: &mut Output) -> Result<(), Failure> {
        match value(item) {
            Some(value) => output.json(&value),
            None => Ok(()),
        }
    }

    /// The last line of a file.
    pub fn verdict(&self, verdict: &Verdict, words: Words, output: &mut Output) -> Result<(), Failure> {
        let totals: Vec<Value> = verdict
            .tally
            .sums
            .iter()
            .map(|((kind, currency), sums)| {
                json!({
                    "kind": kind.name(), "currency": currency, "count": sums.count, "sum": minor_units(sums.sum, currency),
                    "net": minor_units(sums.net, currency), "reversals": sums.reversals,
                })
            })
            .collect();
        output.json(&json!({
            "item": "verdict",
            "file": self.file,
            "valid": verdict.is_valid(),
            "format": verdict.tally.format.map(format),
            "transmissions": verdict.tally.transmissions,
            "orders": verdict.tally.orders,
            "totals": totals,
            "faults": Said::all(&verdict.faults, words),
            "faults_left_out": verdict.faults_left_out,
            "remarks": Said::all(&verdict.remarks, words),
            "remarks_left_out": verdict.remarks_left_out,
        }))
    }
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Nets => "nets",
        Format::Camt053 => "camt053",
        Format::Camt054 => "camt054",
    }
}

/// A decimal number, as everywhere in the JSON of this program.
fn amount(amount: Amount) -> String {
    amount.to_decimal().to_string()
}

/// A sum as a decimal number; none where it is larger than any amount.
fn minor_units(minor: i128, currency: &str) -> Option<String> {
    let (currency, minor) = Currency::parse(currency).zip(i64::try_from(minor).ok())?;
    Some(amount(Amount::new(minor, currency)))
}

fn value(item: &Item) -> Option<Value> {
    Some(match item {
        Item::Transmission(start) => json!({
            "item": "transmission", "line": start.line, "format": format(start.format), "number": start.number,
            "sender": start.sender, "recipient": start.recipient, "created": start.created,
        }),
        Item::Order(order) => json!({
            "item": "order", "line": order.line, "kind": order.kind.name(), "number": order.number, "account": order.account,
            "agreement": order.agreement,
        }),
        Item::Claim(claim) => json!({
            "item": "claim", "line": claim.line, "transaction": claim.transaction, "due_on": claim.due_on,
            "amount": amount(claim.amount), "currency": claim.amount.currency().code(), "kid": claim.kid, "payer": claim.payer,
            "reference": claim.reference, "bank_notifies": claim.bank_notifies,
            "specifications": claim.specifications.iter().map(|part| {
                json!({ "row": part.row, "column": part.column, "text": part.text })
            }).collect::<Vec<_>>(),
        }),
        Item::Cancellation(one) => json!({
            "item": "cancellation", "line": one.line, "transaction": one.transaction, "due_on": one.due_on,
            "amount": amount(one.amount), "currency": one.amount.currency().code(), "kid": one.kid, "payer": one.payer,
        }),
        Item::Mandate(mandate) => json!({
            "item": "mandate", "line": mandate.line, "transaction": mandate.transaction, "kid": mandate.kid,
            "registration": match mandate.registration {
                Registration::Existing => "existing",
                Registration::NewOrChanged => "new_or_changed",
                Registration::Deleted => "deleted",
            },
            "wants_notice": mandate.wants_notice,
        }),
        Item::Payment(payment) => json!({
            "item": "payment", "line": payment.line, "transaction": payment.transaction, "key": payment.key(),
            "type": match payment.kind { PaymentKind::Ocr(kind) => json!(kind), PaymentKind::Camt => json!("camt") },
            "kid": payment.kid, "amount": amount(payment.amount), "currency": payment.amount.currency().code(),
            "is_reversal": payment.is_reversal, "booked_on": payment.booked_on, "valued_on": payment.valued_on,
            "payer": payment.payer, "payer_account": payment.payer_account, "reference": payment.reference, "text": payment.text,
            "statement_line": match &payment.part { Part::Of(line) => Some(line), Part::Whole | Part::Line | Part::TotalOf(_) => None },
            "total_of": match payment.part { Part::TotalOf(count) => Some(count), Part::Whole | Part::Line | Part::Of(_) => None },
        }),
        Item::OrderEnd(end) => json!({
            "item": "order_end", "line": end.line, "kind": end.kind.name(), "transactions": end.transactions,
            "sum": end.sum.map(amount), "net": end.net.map(amount), "first_on": end.first_on, "last_on": end.last_on,
        }),
        Item::TransmissionEnd(end) => json!({
            "item": "transmission_end", "line": end.line, "transactions": end.transactions, "records": end.records,
            "sum": end.sum.map(amount),
        }),
        Item::Remark(_) => return None,
    })
}
