//! What an invoice is as a bill in the netbank: document type, KID, account, amount and due date, or why it cannot be one.
//!
//! The plan and the shipment read it here, so that they cannot differ. Nothing here knows the time of day.

use jiff::Span;
use jiff::civil::Date;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, Severity, codes};
use kvitt_domain::identifiers::{BankAccount, Iban, Kid};
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::{Amount, Currency};

use super::setup::EfakturaSetup;
use super::shipment::DocumentType;

/// A credit note has no due date, and the service wants one.
const CREDIT_NOTE_DAYS: i64 = 14;

/// UNTDID 1001: documents that the customer makes for the seller. A consumer does not pay one from the netbank.
pub const SELF_BILLED: [&str; 4] = ["261", "389", "500", "527"];

/// An invoice as a bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// What it is.
    pub document: DocumentType,
    /// Digits only; none on credit notes, nor where the invoice has none that is sound.
    pub kid: Option<String>,
    /// Eleven digits, registered for the company.
    pub account: String,
    /// In NOK, not below zero.
    pub amount: Amount,
    /// When it is due.
    pub due_on: Date,
    /// What the sender should know.
    pub warnings: Vec<Fault>,
}

impl Bill {
    /// The bill, or every reason why it cannot be one. `opened_on` is the day on which the route was considered or chosen. The
    /// notice of a claim needs a sound KID: by it the netbank knows that the bill is debited.
    pub fn of(invoice: &Invoice, purpose: Purpose, setup: &EfakturaSetup, opened_on: Date) -> Result<Bill, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut warnings = Vec::new();
        let document = match invoice.kind {
            DocumentKind::Invoice => DocumentType::Invoice,
            DocumentKind::CreditNote => DocumentType::CreditNote,
        };
        if SELF_BILLED.contains(&invoice.type_code.as_str()) {
            faults.push(Fault::fatal(codes::EFAKTURA_DOCUMENT_TYPE).at("BT-3").with("value", &invoice.type_code));
        }
        let amount = invoice.totals.payable;
        if amount.currency() != Currency::NOK {
            faults.push(Fault::fatal(codes::EFAKTURA_CURRENCY).at("BT-5").with("value", amount.currency().code()));
        } else if amount.is_negative() {
            faults.push(Fault::fatal(codes::EFAKTURA_AMOUNT_NEGATIVE).at("BT-115").with("amount", amount));
        }
        let kid = match document {
            DocumentType::CreditNote => None,
            DocumentType::Invoice => {
                let (kid, fault) = kid(invoice, setup.strict_kid || purpose == Purpose::Notice);
                match fault {
                    Some(fault) if fault.is_fatal() => faults.push(fault),
                    other => warnings.extend(other),
                }
                kid
            }
        };
        let account = account(invoice, setup, document).map_err(|fault| faults.push(fault)).unwrap_or_default();
        let due_on = due_on(invoice, document, opened_on).map_err(|fault| faults.push(fault)).unwrap_or(opened_on);
        if faults.is_empty() { Ok(Bill { document, kid, account, amount, due_on, warnings }) } else { Err(faults) }
    }
}

/// The KID as the service takes it: digits only. Without a sound one the payer gives none, and the payment is matched by hand.
fn kid(invoice: &Invoice, strict: bool) -> (Option<String>, Option<Fault>) {
    let graded = |fault: Fault| {
        let severity = if strict { Severity::Fatal } else { Severity::Warning };
        Some(Fault { severity, ..fault.at("BT-83") })
    };
    let given = invoice.remittance().map(str::trim).filter(|text| !text.is_empty());
    let Some(given) = given else {
        return (None, graded(Fault::fatal(codes::EFAKTURA_KID_MISSING)));
    };
    match Kid::parse(given) {
        Ok(kid) if !kid.as_str().ends_with('-') => (Some(kid.as_str().to_owned()), None),
        // The check digit of ten after MOD11, which is written as a dash, has no place in the service's field.
        Ok(_) => (None, graded(Fault::fatal(codes::EFAKTURA_KID_LEFT_OUT).with("kid", given))),
        Err(fault) if strict => (None, graded(fault)),
        Err(_) => (None, graded(Fault::fatal(codes::EFAKTURA_KID_LEFT_OUT).with("kid", given))),
    }
}

/// The first account of the document that is registered for the company. A credit note asks for no payment and mostly names
/// none, but the service's field is compulsory: it gets the company's first.
fn account(invoice: &Invoice, setup: &EfakturaSetup, document: DocumentType) -> Result<String, Fault> {
    let given: Vec<&str> =
        invoice.payment.iter().flat_map(|payment| &payment.accounts).map(|account| account.number.as_str()).collect();
    let registered = given.iter().filter_map(|number| norwegian(number)).find(|account| setup.accounts.contains(account));
    match (registered, given.first(), document) {
        (Some(account), _, _) => Ok(account),
        (None, _, DocumentType::CreditNote) => {
            let first = setup.accounts.first().cloned();
            first.ok_or_else(|| Fault::fatal(codes::SETUP_MISSING).at("efaktura.accounts"))
        }
        (None, None, DocumentType::Invoice) => Err(Fault::fatal(codes::TERM_MISSING).at("BT-84")),
        (None, Some(given), DocumentType::Invoice) => {
            Err(Fault::fatal(codes::EFAKTURA_ACCOUNT_NOT_REGISTERED).at("BT-84").with("account", given))
        }
    }
}

fn norwegian(number: &str) -> Option<String> {
    let account = BankAccount::parse(number).ok();
    account.or_else(|| Iban::parse(number).ok()?.norwegian_account()).map(|account| account.as_str().to_owned())
}

fn due_on(invoice: &Invoice, document: DocumentType, opened_on: Date) -> Result<Date, Fault> {
    match document {
        DocumentType::Invoice => invoice.due_on.ok_or_else(|| Fault::fatal(codes::TERM_MISSING).at("BT-9")),
        DocumentType::CreditNote => Ok(opened_on.saturating_add(Span::new().days(CREDIT_NOTE_DAYS))),
    }
}
