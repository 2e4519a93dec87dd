//! How to pay: BG-16 to BG-19, both ways, and the due date of a credit note.

use jiff::civil::Date;
use kvitt_domain::invoice::{Card, DirectDebit, DocumentKind, Identifier, Invoice, PaymentAccount, PaymentInstruction};
use kvitt_rules::arena::Node;

use super::party::SEPA;
use super::write::date;
use crate::element::Element;
use crate::terms::{Terms, all};

/// UNTDID 4461 `1`, instrument not defined: what carries the due date of a credit note that says nothing of payment.
const UNDEFINED: &str = "1";
/// UNTDID 4461: direct debit, SEPA direct debit.
const DIRECT_DEBITS: [&str; 2] = ["49", "59"];
/// UBL wants a card network; EN 16931 has no term for it.
const NETWORK_NOT_GIVEN: &str = "NA";

/// BG-16. Neighbouring payment means that differ only in the account are one instruction with several accounts (BG-17),
/// because UBL holds one account in each.
pub(super) fn read<'d>(terms: &mut Terms<'d>, root: Node<'d>, kind: DocumentKind) -> Vec<PaymentInstruction> {
    let mut read: Vec<PaymentInstruction> = Vec::new();
    for means in all(root, "cac:PaymentMeans") {
        let instruction = read_one(terms, means);
        if kind == DocumentKind::CreditNote && only_carries_due_date(&instruction) {
            continue;
        }
        match read.last_mut() {
            Some(last) if differ_only_in_account(last, &instruction) => last.accounts.extend(instruction.accounts),
            _ => read.push(instruction),
        }
    }
    read
}

fn read_one<'d>(terms: &mut Terms<'d>, means: Node<'d>) -> PaymentInstruction {
    let code = terms.one(means, "cbc:PaymentMeansCode", "BT-81");
    PaymentInstruction {
        means_code: terms.required_text(means, "cbc:PaymentMeansCode", "BT-81"),
        means_text: code.and_then(|code| crate::terms::attribute_of(code, "name")),
        remittance: terms.text(means, "cbc:PaymentID", "BT-83"),
        accounts: read_account(terms, means).into_iter().collect(),
        card: read_card(terms, means),
        direct_debit: terms.one(means, "cac:PaymentMandate", "BG-19").and_then(|mandate| read_mandate(terms, mandate)),
    }
}

fn read_account<'d>(terms: &mut Terms<'d>, means: Node<'d>) -> Option<PaymentAccount> {
    let group = terms.one(means, "cac:PayeeFinancialAccount", "BG-17")?;
    // EHF 2 put the BIC one level deeper, and a bank's own number where it stands now.
    let deeper = terms.text(group, "cac:FinancialInstitutionBranch/cac:FinancialInstitution/cbc:ID", "BT-86");
    Some(PaymentAccount {
        number: terms.required_text(group, "cbc:ID", "BT-84"),
        name: terms.text(group, "cbc:Name", "BT-85"),
        bank: deeper.or_else(|| terms.text(group, "cac:FinancialInstitutionBranch/cbc:ID", "BT-86")),
    })
}

fn read_card<'d>(terms: &mut Terms<'d>, means: Node<'d>) -> Option<Card> {
    let group = terms.one(means, "cac:CardAccount", "BG-18")?;
    Some(Card {
        last_digits: terms.required_text(group, "cbc:PrimaryAccountNumberID", "BT-87"),
        holder: terms.text(group, "cbc:HolderName", "BT-88"),
    })
}

fn read_mandate<'d>(terms: &mut Terms<'d>, group: Node<'d>) -> Option<DirectDebit> {
    let debit = DirectDebit {
        mandate: terms.text(group, "cbc:ID", "BT-89"),
        creditor: None,
        debited_account: terms.text(group, "cac:PayerFinancialAccount/cbc:ID", "BT-91"),
    };
    (debit != DirectDebit::default()).then_some(debit)
}

fn only_carries_due_date(instruction: &PaymentInstruction) -> bool {
    *instruction == PaymentInstruction { means_code: UNDEFINED.to_owned(), ..PaymentInstruction::default() }
}

fn differ_only_in_account(one: &PaymentInstruction, other: &PaymentInstruction) -> bool {
    let plain = |instruction: &PaymentInstruction| {
        !instruction.accounts.is_empty() && instruction.card.is_none() && instruction.direct_debit.is_none()
    };
    plain(one)
        && plain(other)
        && one.means_code == other.means_code
        && one.means_text == other.means_text
        && one.remittance == other.remittance
}

/// Moves the creditor (BT-90) from the seller's identifiers, or the payee's, to the direct debits that it belongs to.
/// Without a direct debit the identifier stays where it stands.
pub(super) fn settle_creditor(payment: &mut [PaymentInstruction], sellers: &mut Vec<Identifier>, payees: Option<Identifier>) {
    let mut debits: Vec<_> = payment
        .iter_mut()
        .filter(|means| means.direct_debit.is_some() || DIRECT_DEBITS.contains(&means.means_code.as_str()))
        .collect();
    if debits.is_empty() {
        return;
    }
    let own = sellers.iter().position(|id| id.scheme.as_deref() == Some(SEPA)).map(|at| sellers.remove(at));
    if let Some(creditor) = own.or(payees) {
        for means in &mut debits {
            means.direct_debit.get_or_insert_default().creditor = Some(creditor.clone());
        }
    }
}

/// BT-9 of a credit note, and of EHF 2 invoices: the payment due date, the same in every payment means that has one.
pub(super) fn read_due_date<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Date> {
    let mut due_on = None;
    for means in all(root, "cac:PaymentMeans") {
        let Some(date) = terms.date(means, "cbc:PaymentDueDate", "BT-9") else {
            continue;
        };
        if *due_on.get_or_insert(date) != date {
            terms.repeated(means, "BT-9");
        }
    }
    due_on
}

/// The creditor that the seller's identifiers carry: UBL has room for one, the first that a direct debit names.
pub(super) fn creditor(invoice: &Invoice) -> Option<&Identifier> {
    invoice.payment.iter().find_map(|means| means.direct_debit.as_ref()?.creditor.as_ref())
}

/// BG-16 as payment means, one for each account. The first carries a credit note's due date.
pub(super) fn write(invoice: &Invoice) -> Vec<Element> {
    let due_on = match invoice.kind {
        DocumentKind::Invoice => None,
        DocumentKind::CreditNote => invoice.due_on.map(date),
    };
    let undefined = PaymentInstruction { means_code: UNDEFINED.to_owned(), ..PaymentInstruction::default() };
    let carrier = (invoice.payment.is_empty() && due_on.is_some()).then_some(&undefined);
    let mut written = Vec::new();
    for means in invoice.payment.iter().chain(carrier) {
        let accounts: Vec<Option<&PaymentAccount>> =
            if means.accounts.is_empty() { vec![None] } else { means.accounts.iter().map(Some).collect() };
        for account in accounts {
            let due_on = due_on.as_deref().filter(|_| written.is_empty());
            written.push(write_one(means, account, due_on));
        }
    }
    written
}

fn write_one(means: &PaymentInstruction, account: Option<&PaymentAccount>, due_on: Option<&str>) -> Element {
    let code = Element::leaf("cbc:PaymentMeansCode", &*means.means_code).attribute("name", means.means_text.as_deref());
    let mandate = means.direct_debit.as_ref().map(|debit| {
        Element::group("cac:PaymentMandate")
            .optional("cbc:ID", debit.mandate.as_deref())
            .child(Element::group("cac:PayerFinancialAccount").optional("cbc:ID", debit.debited_account.as_deref()))
    });
    Element::group("cac:PaymentMeans")
        .child(code)
        .optional("cbc:PaymentDueDate", due_on)
        .optional("cbc:PaymentID", means.remittance.as_deref())
        .children(means.card.as_ref().map(|card| {
            Element::group("cac:CardAccount")
                .value("cbc:PrimaryAccountNumberID", &card.last_digits)
                .value("cbc:NetworkID", NETWORK_NOT_GIVEN)
                .optional("cbc:HolderName", card.holder.as_deref())
        }))
        .children(account.map(|account| {
            Element::group("cac:PayeeFinancialAccount")
                .value("cbc:ID", &account.number)
                .optional("cbc:Name", account.name.as_deref())
                .child(Element::group("cac:FinancialInstitutionBranch").optional("cbc:ID", account.bank.as_deref()))
        }))
        .children(mandate)
}
