//! What an invoice is as a claim: account, KID, due date and amount, or why it cannot be one.
//!
//! The plan reads it here, and what it read is stored with the attempt: what is said to the rail, and called back later, is that.

use kvitt_domain::Currency;
use kvitt_domain::agreement::{Agreement, avtalegiro};
use kvitt_domain::claim::Claim;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::{BankAccount, Iban, Kid, without_identity_numbers};
use kvitt_domain::invoice::{DocumentKind, Invoice};

use super::NAME;
use crate::routes::efaktura::bill::SELF_BILLED;

/// The service's and the file's field for the payer's short name.
const SHORT_NAME: usize = 10;

/// The field for what stands on the payer's bank statement.
const REFERENCE: usize = 25;

/// The claim of an invoice, with the agreement that it goes by; else every reason why there can be none. Whether the agreement is in
/// force is not asked here.
pub fn of<'a>(invoice: &Invoice, agreements: &'a [Agreement]) -> Result<(Claim, &'a Agreement), Vec<Fault>> {
    let mut faults = Vec::new();
    let amount = invoice.totals.payable;
    if invoice.kind != DocumentKind::Invoice || SELF_BILLED.contains(&invoice.type_code.as_str()) {
        faults.push(Fault::fatal(codes::CLAIM_DOCUMENT).at("BT-3"));
    }
    if amount.currency() != Currency::NOK {
        faults.push(Fault::fatal(codes::CLAIM_CURRENCY).at("BT-5").with("value", amount.currency().code()));
    } else if amount.minor() <= 0 {
        faults.push(Fault::fatal(codes::CLAIM_NOTHING_TO_DEBIT).at("BT-115").with("amount", amount));
    }
    let agreement = agreement(invoice, agreements).map_err(|fault| faults.push(fault)).ok();
    let kid = kid(invoice, agreement.as_ref()).map_err(|fault| faults.push(fault)).ok();
    if invoice.due_on.is_none() {
        faults.push(Fault::fatal(codes::TERM_MISSING).at("BT-9"));
    }
    match (agreement, kid, invoice.due_on) {
        (Some((account, agreement)), Some(kid), Some(due_on)) if faults.is_empty() => {
            let way = agreement.debit.as_ref().map(|debit| debit.claims).unwrap_or_default();
            Ok((Claim { bank_account: account, kid, due_on, amount, way }, agreement))
        }
        _ => Err(faults),
    }
}

/// The first account of the document that has an AvtaleGiro agreement, in whatever state.
fn agreement<'a>(invoice: &Invoice, agreements: &'a [Agreement]) -> Result<(String, &'a Agreement), Fault> {
    let mut given =
        invoice.payment.iter().flat_map(|payment| &payment.accounts).map(|account| account.number.as_str()).peekable();
    if given.peek().is_none() {
        return Err(Fault::fatal(codes::TERM_MISSING).at("BT-84"));
    }
    let found = given.filter_map(norwegian).find_map(|account| avtalegiro(agreements, &account).map(|found| (account, found)));
    found.ok_or_else(|| Fault::fatal(codes::AGREEMENT_MISSING).with("route", NAME).with("agreement", "avtalegiro"))
}

fn norwegian(number: &str) -> Option<String> {
    let account = BankAccount::parse(number).ok();
    account.or_else(|| Iban::parse(number).ok()?.norwegian_account()).map(|account| account.as_str().to_owned())
}

/// The KID: digits only, for the rail takes no dash, and of one of the structures that the agreement names.
fn kid(invoice: &Invoice, agreement: Option<&(String, &Agreement)>) -> Result<String, Fault> {
    let given = invoice.remittance().map(str::trim).filter(|text| !text.is_empty());
    let given = given.ok_or_else(|| Fault::fatal(codes::CLAIM_KID_MISSING).at("BT-83"))?;
    let kid = Kid::parse(given).map_err(|fault| fault.at("BT-83"))?;
    let foreign = |account: &str| Fault::fatal(codes::CLAIM_KID_FOREIGN).at("BT-83").with("kid", given).with("account", account);
    match agreement {
        Some((account, agreement)) => {
            let is_of_it = agreement.debit.as_ref().is_some_and(|debit| debit.read_kid(kid.as_str()).is_some());
            if is_of_it && !kid.as_str().ends_with('-') { Ok(kid.as_str().to_owned()) } else { Err(foreign(account)) }
        }
        None => Ok(kid.as_str().to_owned()),
    }
}

/// The payer's name, cut to its field: it helps to find a claim that was refused.
pub fn short_name(name: &str) -> Option<String> {
    fitting(name, SHORT_NAME)
}

/// What the payer reads on the bank statement: the invoice's number.
pub fn reference(number: &str) -> Option<String> {
    fitting(number, REFERENCE)
}

fn fitting(text: &str, most: usize) -> Option<String> {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = without_identity_numbers(&line).chars().take(most).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_fields() {
        assert_eq!(short_name("Kåre  Ødegård-Hansen").as_deref(), Some("Kåre Ødegå"));
        assert_eq!(short_name(" \n "), None);
        assert_eq!(reference("10023").as_deref(), Some("10023"));
        assert_eq!(reference("F 13097248022").as_deref().map(|text| text.contains("13097248022")), Some(false));
    }
}
