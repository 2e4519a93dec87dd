//! How to pay, both ways: BG-16 to BG-19, the due date, the terms, and the payment order (EPI) that every Finvoice has.

use jiff::civil::Date;
use kvitt_domain::invoice::{Card, DirectDebit, Identifier, Invoice, PaymentAccount, PaymentInstruction};
use kvitt_rules::arena::Node;

use super::values::{self, NOT_PROVIDED, cut, is_token, is_untdid, optional, text, wrapped};
use crate::element::Element;
use crate::terms::{Terms, all, text_of};

/// UNTDID 4461, credit transfer: what a payment order is where it does not say.
const CREDIT_TRANSFER: &str = "30";
/// The scheme of direct debit creditors in the domain, which Finvoice does not name.
const SEPA: &str = "SEPA";

/// The instruction that is written: Finvoice has one payment order, so that it is the first with an account, else the first.
fn chosen(invoice: &Invoice) -> Option<&PaymentInstruction> {
    let payment = &invoice.payment;
    payment.iter().find(|means| !means.accounts.is_empty()).or(payment.first())
}

/// An account number as the schema holds it, none where it has characters that an account number cannot have.
fn number(account: &str) -> Option<String> {
    let number: String = account.chars().filter(|c| !c.is_whitespace()).collect();
    (is_token(&number) && (2..=34).contains(&number.len()) && number != NOT_PROVIDED).then_some(number)
}

/// Country, two check digits, the rest (ISO 13616).
fn is_iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() >= 15
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
}

fn account_id(name: &'static str, number: &str) -> Element {
    let scheme = if is_iban(number) { "IBAN" } else { "BBAN" };
    Element::leaf(name, number).attribute("IdentificationSchemeName", Some(scheme))
}

fn bic(account: &PaymentAccount) -> Option<&str> {
    account.bank.as_deref().filter(|bank| is_token(bank) && (8..=11).contains(&bank.len()) && *bank != NOT_PROVIDED)
}

/// BG-17 beside the seller: every account with its name and bank. The schema wants a bank in each.
pub(super) fn write_accounts(invoice: &Invoice) -> Vec<Element> {
    let accounts = chosen(invoice).into_iter().flat_map(|means| &means.accounts);
    let details = accounts.filter_map(|account| {
        let bank = Element::leaf("SellerBic", bic(account).unwrap_or(NOT_PROVIDED));
        let details = Element::group("SellerAccountDetails")
            .child(account_id("SellerAccountID", &number(&account.number)?))
            .child(bank.attribute("IdentificationSchemeName", Some("BIC")))
            .children(optional("SellerAccountName", account.name.as_deref(), 70));
        Some(details)
    });
    details.collect()
}

/// BT-20 and BT-9.
pub(super) fn write_terms(invoice: &Invoice) -> Vec<Element> {
    let lines: Vec<String> =
        invoice.payment_terms.iter().flat_map(|terms| terms.lines()).flat_map(|line| wrapped(line, 70)).collect();
    let mut groups: Vec<Element> = lines
        .chunks(2)
        .map(|pair| {
            let texts = pair.iter().map(|line| Element::leaf("PaymentTermsFreeText", &**line));
            Element::group("PaymentTermsDetails").children(texts)
        })
        .collect();
    if let Some(due_on) = invoice.due_on {
        let first = if groups.is_empty() { Element::group("PaymentTermsDetails") } else { groups.remove(0) };
        groups.insert(0, first.child(values::date("InvoiceDueDate", due_on)));
    }
    groups
}

/// BG-18 and BG-19.
pub(super) fn write_card_and_debit(invoice: &Invoice) -> Vec<Element> {
    let means = chosen(invoice);
    let card = means.and_then(|means| means.card.as_ref()).map(|card| {
        Element::group("PaymentCardInfo").child(text("PrimaryAccountNumber", &card.last_digits, 19)).children(optional(
            "CardHolderName",
            card.holder.as_deref(),
            70,
        ))
    });
    let debit = means.and_then(|means| means.direct_debit.as_ref()).map(|debit| {
        Element::group("DirectDebitInfo")
            .children(optional("MandateReference", debit.mandate.as_deref(), 35))
            .children(optional("CreditorIdentifier", debit.creditor.as_ref().map(|creditor| creditor.value.as_str()), 35))
            .children(debit.debited_account.as_deref().and_then(number).map(|number| account_id("DebitedAccountID", &number)))
    });
    card.into_iter().chain(debit).collect()
}

/// The payment order. What it must have and the invoice has not: no account is [`NOT_PROVIDED`], no due date is the issue
/// date, no reference is left out.
pub(super) fn write_epi(invoice: &Invoice) -> Element {
    let means = chosen(invoice);
    let account = means.and_then(|means| means.accounts.iter().find(|account| number(&account.number).is_some()));
    let account_number = account.and_then(|account| number(&account.number));
    let account_number = account_number.as_deref().unwrap_or(NOT_PROVIDED);
    let beneficiary = invoice.payee.as_ref().map_or(&invoice.seller.name, |payee| &payee.name);
    let beneficiary = cut(&beneficiary.split_whitespace().collect::<Vec<_>>().join(" "), 35);
    let beneficiary = Some(beneficiary.trim()).filter(|name| name.chars().count() >= 2);
    let bank = account
        .and_then(bic)
        .map(|bic| Element::leaf("EpiBfiIdentifier", bic).attribute("IdentificationSchemeName", Some("BIC")));
    let bank = match bank {
        Some(bank) => Element::group("EpiBfiPartyDetails").child(bank),
        // An empty element, which the schema wants all the same.
        None => Element::leaf("EpiBfiPartyDetails", ""),
    };
    let reference = means.and_then(|means| means.remittance.as_deref()).and_then(|text| write_reference(text, account_number));
    let means_code = means.map(|means| means.means_code.as_str()).filter(|code| is_untdid(code));
    let means_text = means.and_then(|means| means.means_text.as_deref());
    Element::group("EpiDetails")
        .child(
            Element::group("EpiIdentificationDetails")
                .child(values::date("EpiDate", invoice.issued_on))
                .child(Element::leaf("EpiReference", "")),
        )
        .child(
            Element::group("EpiPartyDetails").child(bank).child(
                Element::group("EpiBeneficiaryPartyDetails")
                    .optional("EpiNameAddressDetails", beneficiary)
                    .child(account_id("EpiAccountID", account_number)),
            ),
        )
        .child(
            Element::group("EpiPaymentInstructionDetails")
                .children(reference)
                .child(values::epi_amount("EpiInstructedAmount", invoice.totals.payable))
                .child(Element::leaf("EpiCharge", "SHA").attribute("ChargeOption", Some("SHA")))
                .child(values::date("EpiDateOptionDate", invoice.due_on.unwrap_or(invoice.issued_on)))
                .optional("EpiPaymentMeansCode", means_code)
                .children(optional("EpiPaymentMeansText", means_text, 70)),
        )
}

/// BT-83: 2 to 20 digits, or a creditor reference of ISO 11649. A reference to a Finnish account is a viitenumero (`SPY`).
fn write_reference(remittance: &str, account: &str) -> Option<Element> {
    let reference: String = remittance.chars().filter(|c| !c.is_whitespace()).collect();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let scheme = if (2..=20).contains(&reference.len()) && all_digits(&reference) {
        account.starts_with("FI").then_some("SPY")
    } else {
        let rest = reference.strip_prefix("RF").filter(|rest| rest.is_ascii())?;
        let (check, body) = rest.split_at_checked(2)?;
        let fits = all_digits(check) && (1..=21).contains(&body.len()) && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then_some(Some("ISO"))?
    };
    Some(Element::leaf("EpiRemittanceInfoIdentifier", reference).attribute("IdentificationSchemeName", scheme))
}

/// BG-16: the payment order with the seller's accounts, card and direct debit is one instruction, none where it says nothing.
/// The account of the payment order is the first.
pub(super) fn read<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Vec<PaymentInstruction> {
    let accounts = read_accounts(terms, root);
    let order = "EpiDetails/EpiPaymentInstructionDetails";
    let Some(order) = terms.one(root, order, "BG-16") else {
        terms.missing(root, order, "BT-115");
        return Vec::new();
    };
    let code = terms.text(order, "EpiPaymentMeansCode", "BT-81");
    let read = PaymentInstruction {
        means_code: code.unwrap_or_default(),
        means_text: terms.text(order, "EpiPaymentMeansText", "BT-82"),
        remittance: terms.text(order, "EpiRemittanceInfoIdentifier", "BT-83"),
        accounts,
        card: terms.one(root, "PaymentCardInfo", "BG-18").map(|card| Card {
            last_digits: terms.required_text(card, "PrimaryAccountNumber", "BT-87"),
            holder: terms.text(card, "CardHolderName", "BT-88"),
        }),
        direct_debit: terms.one(root, "DirectDebitInfo", "BG-19").and_then(|debit| read_debit(terms, debit)),
    };
    if read == PaymentInstruction::default() {
        return Vec::new();
    }
    let means_code = if read.means_code.is_empty() { CREDIT_TRANSFER.to_owned() } else { read.means_code };
    vec![PaymentInstruction { means_code, ..read }]
}

fn read_accounts<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Vec<PaymentAccount> {
    let provided = |text: Option<String>| text.filter(|text| text != NOT_PROVIDED);
    let mut accounts: Vec<PaymentAccount> = all(root, "SellerInformationDetails")
        .flat_map(|information| all(information, "SellerAccountDetails"))
        .filter_map(|details| {
            Some(PaymentAccount {
                number: provided(terms.text(details, "SellerAccountID", "BT-84"))?,
                name: terms.text(details, "SellerAccountName", "BT-85"),
                bank: provided(terms.text(details, "SellerBic", "BT-86")),
            })
        })
        .collect();
    let beneficiary = "EpiDetails/EpiPartyDetails/EpiBeneficiaryPartyDetails/EpiAccountID";
    if let Some(number) = provided(terms.text(root, beneficiary, "BT-84")) {
        let account = match accounts.iter().position(|account| account.number == number) {
            Some(at) => accounts.remove(at),
            None => {
                let bank = terms.text(root, "EpiDetails/EpiPartyDetails/EpiBfiPartyDetails/EpiBfiIdentifier", "BT-86");
                PaymentAccount { number, name: None, bank: provided(bank) }
            }
        };
        accounts.insert(0, account);
    }
    accounts
}

fn read_debit<'d>(terms: &mut Terms<'d>, debit: Node<'d>) -> Option<DirectDebit> {
    let creditor = terms.text(debit, "CreditorIdentifier", "BT-90");
    let read = DirectDebit {
        mandate: terms.text(debit, "MandateReference", "BT-89"),
        creditor: creditor.map(|value| Identifier { value, scheme: Some(SEPA.to_owned()) }),
        debited_account: terms.text(debit, "DebitedAccountID", "BT-91"),
    };
    (read != DirectDebit::default()).then_some(read)
}

/// BT-9: the due date of the terms, else the date of the payment order, unless that is the day of issue.
pub(super) fn read_due_date<'d>(terms: &mut Terms<'d>, root: Node<'d>, issued_on: Date) -> Option<Date> {
    let mut due_on = None;
    for group in all(root, "InvoiceDetails").flat_map(|details| all(details, "PaymentTermsDetails")) {
        let Some(date) = terms.date(group, "InvoiceDueDate", "BT-9") else {
            continue;
        };
        if *due_on.get_or_insert(date) != date {
            terms.repeated(group, "BT-9");
        }
    }
    let ordered = terms.date(root, "EpiDetails/EpiPaymentInstructionDetails/EpiDateOptionDate", "BT-9");
    due_on.or(ordered.filter(|date| *date != issued_on))
}

/// BT-20.
pub(super) fn read_terms(details: Node<'_>) -> Option<String> {
    let lines: Vec<String> =
        all(details, "PaymentTermsDetails").flat_map(|group| all(group, "PaymentTermsFreeText")).filter_map(text_of).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
