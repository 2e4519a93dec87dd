//! Organisation numbers, bank accounts and KIDs, as far as a Norwegian seller uses them. Foreign sellers' numbers are theirs.

use super::{CheckOptions, Found};
use crate::fault::{Fault, Severity, codes};
use crate::identifiers::{BankAccount, Iban, Kid, OrgNumber, VatNumber};
use crate::invoice::{DocumentKind, Invoice, Party, PaymentAccount};

pub(super) fn check(invoice: &Invoice, options: &CheckOptions, found: &mut Found) {
    check_buyer(&invoice.buyer, found);
    if !invoice.seller.is_norwegian() {
        return;
    }
    check_seller(&invoice.seller, found);
    let mut last = None;
    for (index, payment) in invoice.payment.iter().enumerate() {
        // Several ways to pay usually repeat the reference; it is told of once.
        let reference = payment.remittance.as_deref().filter(|reference| last != Some(*reference));
        if let Some(reference) = reference
            && invoice.kind == DocumentKind::Invoice
        {
            last = Some(reference);
            found.extend(check_kid(reference, options).map(|fault| fault.at(format!("BG-16[{}]/BT-83", index + 1))));
        }
        for (account, number) in payment.accounts.iter().zip(1..) {
            let place = format!("BG-16[{}]/BG-17[{number}]/BT-84", index + 1);
            found.extend(check_account(account).map(|fault| fault.at(place)));
        }
    }
}

/// The seller is found by its organisation number, so a wrong one is fatal where the scheme says that it is one. Without a scheme
/// it may be a number of another register, and is a warning, as a missing one is: bokføringsforskriften § 5-1-2 wants it on the
/// invoice, but whom the document belongs to may be said beside it. The VAT number names nobody here, so its form is a warning
/// too; Peppol's rule NO-R-001 is `kvitt-rules`'.
fn check_seller(seller: &Party, found: &mut Found) {
    match &seller.legal_registration {
        Some(id) if id.is_norwegian_org_number() => {
            found.extend(OrgNumber::parse(&id.value).err().map(|fault| fault.at("BT-30")))
        }
        Some(id) if id.scheme.is_none() => {
            found.extend(OrgNumber::parse(&id.value).err().map(|fault| warning(fault).at("BT-30")))
        }
        None if seller.org_number().is_none() => found.push(Fault::warning(codes::TERM_MISSING).at("BT-30")),
        Some(_) | None => {}
    }
    if let Some(vat_number) = &seller.vat_number
        && (vat_number.starts_with("NO") || vat_number.ends_with("MVA"))
    {
        found.extend(VatNumber::parse(vat_number).err().map(|fault| warning(fault).at("BT-31")));
    }
}

/// A warning: the document can reach the buyer in other ways than by this number, and the Peppol route closes itself.
fn check_buyer(buyer: &Party, found: &mut Found) {
    if let Some(id) = buyer.legal_registration.as_ref().filter(|id| id.is_norwegian_org_number()) {
        found.extend(OrgNumber::parse(&id.value).err().map(|fault| warning(fault).at("BT-47")));
    }
}

/// Refused only where it is certainly wrong, because no bank would take the payment: eleven digits, or a Norwegian IBAN of the
/// right length, with a check digit that does not hold, at a bank that is not said to be foreign. What merely looks like a
/// Norwegian IBAN is a warning, and any other form is nobody's but the bank's to judge.
fn check_account(account: &PaymentAccount) -> Option<Fault> {
    // The fifth and sixth letters of a BIC are its country (ISO 9362).
    let is_foreign = account.bank.as_deref().and_then(|bic| bic.trim().get(4..6)).is_some_and(|country| country != "NO");
    let plain: String = account.number.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    let all_digits = plain.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && plain.len() == 11 && !is_foreign {
        return BankAccount::parse(&plain).err();
    }
    let looks_like_iban = plain.strip_prefix("NO").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if !looks_like_iban {
        return None;
    }
    let fault = Iban::parse(&plain).err()?;
    Some(if plain.len() == 15 { fault } else { warning(fault) })
}

/// Only what looks like a KID is judged as one: digits, 2 to 25 of them, perhaps a hyphen last. Text, and numbers of another
/// length, are references of another kind.
fn check_kid(reference: &str, options: &CheckOptions) -> Option<Fault> {
    let fault = Kid::parse(reference).err().filter(|fault| fault.code == codes::KID_CHECK_DIGIT)?;
    Some(Fault { severity: options.kid, ..fault })
}

fn warning(fault: Fault) -> Fault {
    Fault { severity: Severity::Warning, ..fault }
}
