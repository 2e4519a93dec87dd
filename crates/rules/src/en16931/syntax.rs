//! What the binding to UBL allows (CEN/TS 16931-3-2): how often an element may stand (UBL-SR), which attributes it may
//! have (UBL-DT), and the restrictions that depend on more than a path (UBL-CR from 648 on).
//!
//! Not here: the table of forbidden paths (`restrictions`).

use super::usage::is_charge;
use super::{has_cents_at_most, is_of_document};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Ubl};
use crate::vocabulary::{Tag, cac, cbc, root};

/// The rules on the document as a whole.
pub(super) fn root(judge: &mut Judge<'_>, ubl: &Ubl<'_>, root: Element<'_>) {
    occurrences(judge, root);
    tax_schemes(judge, root);
    payments(judge, ubl, root);
    attributes(judge, ubl);
    let version = root.all(cbc::UBLVersionID).collect::<Vec<_>>();
    if !version.is_empty() && version.iter().all(|version| version.text() != "2.1") {
        judge.fire_once("UBL-CR-002", version[0]);
    }
}

/// At most one of each, below the document. An aggregate may repeat as long as what it holds does not.
#[rustfmt::skip]
const AT_MOST_ONE: &[(&str, &[Tag])] = &[
    ("UBL-SR-01", &[cac::ContractDocumentReference, cbc::ID]),
    ("UBL-SR-02", &[cac::ReceiptDocumentReference, cbc::ID]),
    ("UBL-SR-03", &[cac::DespatchDocumentReference, cbc::ID]),
    ("UBL-SR-05", &[cac::PaymentTerms, cbc::Note]),
    ("UBL-SR-08", &[cac::InvoicePeriod]),
    ("UBL-SR-09", &[cac::AccountingSupplierParty, cac::Party, cac::PartyLegalEntity, cbc::RegistrationName]),
    ("UBL-SR-10", &[cac::AccountingSupplierParty, cac::Party, cac::PartyName, cbc::Name]),
    ("UBL-SR-11", &[cac::AccountingSupplierParty, cac::Party, cac::PartyLegalEntity, cbc::CompanyID]),
    ("UBL-SR-14", &[cac::AccountingSupplierParty, cac::Party, cac::PartyLegalEntity, cbc::CompanyLegalForm]),
    ("UBL-SR-15", &[cac::AccountingCustomerParty, cac::Party, cac::PartyLegalEntity, cbc::RegistrationName]),
    ("UBL-SR-16", &[cac::AccountingCustomerParty, cac::Party, cac::PartyIdentification, cbc::ID]),
    ("UBL-SR-17", &[cac::AccountingCustomerParty, cac::Party, cac::PartyLegalEntity, cbc::CompanyID]),
    ("UBL-SR-24", &[cac::Delivery]),
    ("UBL-SR-39", &[cac::ProjectReference, cbc::ID]),
    ("UBL-SR-40", &[cac::AccountingCustomerParty, cac::Party, cac::PartyName, cbc::Name]),
    ("UBL-SR-45", &[cac::PaymentMeans, cbc::PaymentDueDate]),
    ("UBL-SR-49", &[cac::InvoicePeriod, cbc::DescriptionCode]),
    ("UBL-SR-54", &[cac::PaymentMeans, cac::CardAccount]),
    ("UBL-SR-55", &[cac::PaymentMeans, cac::PaymentMandate]),
    ("UBL-SR-56", &[cac::OriginatorDocumentReference]),
];

fn occurrences(judge: &mut Judge<'_>, root: Element<'_>) {
    for (id, path) in AT_MOST_ONE {
        judge.check(id, root, root.count_at(path) <= 1);
    }
    let objects = root.all(cac::AdditionalDocumentReference).filter(|reference| is_object(*reference));
    let ids: usize = objects.map(|reference| reference.count(cbc::ID)).sum();
    judge.check("UBL-SR-04", root, ids <= 1);
    let mut names = 0;
    root.any(&[cac::PaymentMeans, cbc::PaymentMeansCode], &mut |code| {
        names += usize::from(code.attribute("name").is_some());
        false
    });
    judge.check("UBL-SR-46", root, names <= 1);
}

/// Does this reference name the invoiced object (BT-18) rather than a supporting document?
fn is_object(reference: Element<'_>) -> bool {
    reference.all(cbc::DocumentTypeCode).any(|kind| kind.text() == "130")
}

/// UBL-SR-12, UBL-SR-13, UBL-SR-18: one VAT identifier, and one other tax registration of the seller.
fn tax_schemes(judge: &mut Judge<'_>, root: Element<'_>) {
    let counts = |party| -> Checked<'_, (usize, usize)> {
        let (mut vat, mut other) = (0, 0);
        for party in root.all(party).flat_map(|party| party.all(cac::Party)) {
            for registration in party.all(cac::PartyTaxScheme) {
                let ids = registration.count(cbc::CompanyID);
                let (mut is_vat, mut is_other) = (false, false);
                for scheme in registration.all(cac::TaxScheme) {
                    // Compared without trimming; a scheme without an id counts as another one.
                    let vat = scheme.only(cbc::ID)?.is_some_and(|id| id.text().eq_ignore_ascii_case("VAT"));
                    is_vat |= vat;
                    is_other |= !vat;
                }
                vat += if is_vat { ids } else { 0 };
                other += if is_other { ids } else { 0 };
            }
        }
        Ok((vat, other))
    };
    if let Some((vat, other)) = judge.value(counts(cac::AccountingSupplierParty)) {
        judge.check("UBL-SR-12", root, vat <= 1);
        judge.check("UBL-SR-13", root, other <= 1);
    }
    if let Some((vat, _)) = judge.value(counts(cac::AccountingCustomerParty)) {
        judge.check("UBL-SR-18", root, vat <= 1);
    }
}

/// UBL-SR-29, UBL-SR-44, UBL-SR-47: one creditor, one payment reference and one means code in the whole document, the
/// latter two as often as one likes.
fn payments(judge: &mut Judge<'_>, ubl: &Ubl<'_>, root: Element<'_>) {
    let (mut reference, mut code): (Option<&str>, Option<&str>) = (None, None);
    let (mut references_differ, mut codes_differ, mut creditors) = (false, false, 0);
    for element in ubl.elements() {
        match element.tag() {
            cbc::PaymentID => references_differ |= *reference.get_or_insert(element.text()) != element.text(),
            cbc::PaymentMeansCode => codes_differ |= *code.get_or_insert(element.text()) != element.text(),
            cbc::ID if element.parent_tag() == cac::PartyIdentification => {
                let scheme = element.attribute("schemeID").unwrap_or_default();
                creditors += usize::from(scheme.eq_ignore_ascii_case("SEPA"));
            }
            _ => {}
        }
    }
    judge.check("UBL-SR-29", root, creditors <= 1);
    judge.check("UBL-SR-44", root, !references_differ);
    judge.check("UBL-SR-47", root, !codes_differ);
}

/// Attributes that no element may have.
#[rustfmt::skip]
const FORBIDDEN_ATTRIBUTES: [(&str, &str); 22] = [
    ("schemeName", "UBL-DT-08"), ("schemeAgencyName", "UBL-DT-09"), ("schemeDataURI", "UBL-DT-10"),
    ("schemeURI", "UBL-DT-11"), ("format", "UBL-DT-12"), ("unitCodeListIdentifier", "UBL-DT-13"),
    ("unitCodeListAgencyIdentifier", "UBL-DT-14"), ("unitCodeListAgencyName", "UBL-DT-15"),
    ("listAgencyName", "UBL-DT-16"), ("listName", "UBL-DT-17"), ("name", "UBL-DT-18"), ("languageID", "UBL-DT-19"),
    ("listURI", "UBL-DT-20"), ("listSchemeURI", "UBL-DT-21"), ("languageLocaleID", "UBL-DT-22"), ("uri", "UBL-DT-23"),
    ("currencyCodeListVersionID", "UBL-DT-24"), ("characterSetCode", "UBL-DT-25"), ("encodingCode", "UBL-DT-26"),
    ("schemeAgencyID", "UBL-DT-27"), ("listAgencyID", "UBL-DT-28"), ("unitCodeListID", "UBL-CR-663"),
];

/// What the rules say of an attribute by its name.
#[derive(Clone, Copy)]
enum AttributeUse {
    Free,
    /// `schemeID` or `listID`: forbidden on some elements.
    Scheme(&'static str),
    Forbidden(&'static str),
}

impl AttributeUse {
    fn of(namespace: &str, name: &str) -> AttributeUse {
        let forbidden = FORBIDDEN_ATTRIBUTES.iter().find(|(forbidden, _)| *forbidden == name);
        match name {
            _ if !namespace.is_empty() => AttributeUse::Free,
            "schemeID" => AttributeUse::Scheme("schemeID"),
            "listID" => AttributeUse::Scheme("listID"),
            _ => forbidden.map_or(AttributeUse::Free, |(_, id)| AttributeUse::Forbidden(id)),
        }
    }
}

fn attributes(judge: &mut Judge<'_>, ubl: &Ubl<'_>) {
    // Names are few and attributes many: each different name is judged once.
    let uses: Vec<_> = ubl.document.names().map(|(namespace, name)| AttributeUse::of(namespace, name)).collect();
    if uses.iter().all(|attribute| matches!(attribute, AttributeUse::Free)) {
        return;
    }
    for element in ubl.elements() {
        for number in element.node.attribute_numbers() {
            match uses[number as usize] {
                AttributeUse::Free => {}
                AttributeUse::Scheme(name) => {
                    if let Some(id) = forbidden_scheme(element, name) {
                        judge.fire_once(id, element);
                    }
                }
                // The means of payment is the one code that may be named (BT-82).
                AttributeUse::Forbidden("UBL-DT-18") if element.tag() == cbc::PaymentMeansCode => {}
                AttributeUse::Forbidden(id) => judge.fire_once(id, element),
            }
        }
    }
}

/// The rule that forbids a scheme or list on this element, if one does: UBL-CR-648 to 662 and 665 to 679.
fn forbidden_scheme(element: Element<'_>, attribute: &str) -> Option<&'static str> {
    let parent = element.parent()?;
    let of_root = parent.is_root();
    // Several rules speak only of the document's own payment means.
    let is_own = |means: Option<Element<'_>>| {
        means.is_some_and(|means| means.tag() == cac::PaymentMeans && means.parent().is_some_and(Element::is_root))
    };
    let is_scheme = attribute == "schemeID";
    match (element.tag(), parent.tag()) {
        (cbc::CustomizationID, _) if of_root && is_scheme => Some("UBL-CR-648"),
        (cbc::ProfileID, _) if of_root && is_scheme => Some("UBL-CR-649"),
        (cbc::ID, _) if of_root && is_scheme => Some("UBL-CR-650"),
        (cbc::SalesOrderID, _) if of_root && is_scheme => Some("UBL-CR-651"),
        (cbc::CompanyID, cac::PartyTaxScheme) if is_scheme => Some("UBL-CR-652"),
        (cbc::PaymentID, _) if is_own(Some(parent)) && is_scheme => Some("UBL-CR-653"),
        (cbc::ID, cac::PayeeFinancialAccount) if is_own(parent.parent()) && is_scheme => Some("UBL-CR-654"),
        (cbc::ID, cac::FinancialInstitutionBranch) if is_scheme => {
            let account = parent.parent().filter(|account| account.tag() == cac::PayeeFinancialAccount)?;
            is_own(account.parent()).then_some("UBL-CR-655")
        }
        (cbc::InvoiceTypeCode, _) if of_root && !is_scheme => Some("UBL-CR-656"),
        (cbc::DocumentCurrencyCode, _) if of_root && !is_scheme => Some("UBL-CR-657"),
        (cbc::TaxCurrencyCode, _) if of_root && !is_scheme => Some("UBL-CR-658"),
        (cbc::DocumentTypeCode, cac::AdditionalDocumentReference) if !is_scheme => {
            parent.parent().is_some_and(Element::is_root).then_some("UBL-CR-659")
        }
        (cbc::IdentificationCode, cac::Country) if !is_scheme => Some("UBL-CR-660"),
        (cbc::PaymentMeansCode, _) if is_own(Some(parent)) && !is_scheme => Some("UBL-CR-661"),
        (cbc::AllowanceChargeReasonCode, _) if !is_scheme => Some("UBL-CR-662"),
        (cbc::ID, cac::AdditionalDocumentReference) if is_scheme => {
            let other = parent.all(cbc::DocumentTypeCode).any(|kind| kind.text() != "130");
            (other || !parent.has(cbc::DocumentTypeCode)).then_some("UBL-CR-665")
        }
        (cbc::ID, cac::BuyersItemIdentification) if is_scheme => Some("UBL-CR-667"),
        (cbc::ID, cac::SellersItemIdentification) if is_scheme => Some("UBL-CR-668"),
        (cbc::CreditNoteTypeCode, _) if of_root && !is_scheme => Some("UBL-CR-672"),
        (cbc::PrimaryAccountNumberID, _) if is_scheme => Some("UBL-CR-674"),
        (cbc::NetworkID, cac::CardAccount) if is_scheme => Some("UBL-CR-675"),
        (cbc::ID, cac::PaymentMandate) if is_scheme => Some("UBL-CR-676"),
        (cbc::ID, cac::PayerFinancialAccount) if is_scheme && parent.parent_tag() == cac::PaymentMandate => Some("UBL-CR-677"),
        (cbc::ID, cac::TaxCategory) if is_scheme => Some("UBL-CR-678"),
        (cbc::ID, cac::ClassifiedTaxCategory) if is_scheme => Some("UBL-CR-679"),
        _ => None,
    }
}

/// The rules on single elements.
pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>) {
    match element.tag() {
        cac::PostalAddress | cac::Address => {
            judge.check("UBL-SR-51", element, element.count(cac::AddressLine) <= 1);
        }
        cac::Party if element.parent_tag() == cac::AccountingSupplierParty => {
            judge.check("UBL-SR-42", element, element.count(cac::PartyTaxScheme) <= 2);
        }
        cac::PartyTaxScheme => {
            let complete = element.has(cbc::CompanyID) && element.exists(&[cac::TaxScheme, cbc::ID]);
            judge.check("UBL-SR-53", element, complete);
        }
        cac::AdditionalDocumentReference => additional_reference(judge, element),
        cac::Delivery => {
            let names = element.count_at(&[cac::DeliveryParty, cac::PartyName, cbc::Name]);
            judge.check("UBL-SR-25", element, names <= 1);
        }
        cac::AllowanceCharge => allowance_charge(judge, element),
        cac::InvoiceLine | cac::CreditNoteLine => line(judge, element),
        cac::PayeeParty => payee(judge, element),
        cac::PaymentMeans => payment_means(judge, element),
        cac::BillingReference => {
            judge.check("UBL-SR-06", element, element.count(cac::InvoiceDocumentReference) <= 1);
            judge.check("UBL-SR-07", element, element.exists(&[cac::InvoiceDocumentReference, cbc::ID]));
        }
        cac::TaxRepresentativeParty => {
            let party = |path: &[Tag]| element.count_at(path) <= 1;
            judge.check("UBL-SR-22", element, party(&[cac::Party, cac::PartyName, cbc::Name]));
            judge.check("UBL-SR-23", element, party(&[cac::Party, cac::PartyTaxScheme, cbc::CompanyID]));
        }
        cac::TaxSubtotal => {
            let reasons = element.count_at(&[cac::TaxCategory, cbc::TaxExemptionReason]);
            judge.check("UBL-SR-32", element, reasons <= 1);
        }
        cac::FinancialInstitution => judge.fire_once("UBL-CR-664", element),
        cac::PayerFinancialAccount if element.parent_tag() == cac::PaymentMeans => {
            judge.fire_once("UBL-CR-680", element);
        }
        cbc::PaymentDueDate if is_own_means(element.parent()) && document_tag(element) != root::CreditNote => {
            judge.fire_once("UBL-CR-412", element);
        }
        _ => {}
    }
    data_type(judge, element);
}

fn is_own_means(means: Option<Element<'_>>) -> bool {
    means.is_some_and(|means| means.tag() == cac::PaymentMeans && is_of_document(means))
}

fn document_tag(element: Element<'_>) -> Tag {
    let mut top = element;
    while let Some(parent) = top.parent() {
        top = parent;
    }
    top.tag()
}

/// UBL-DT-01, -06, -07: by the last word of the name, in any namespace.
fn data_type(judge: &mut Judge<'_>, element: Element<'_>) {
    let name = element.node.name();
    if name.ends_with("Amount") && !name.ends_with("PriceAmount") {
        if !has_cents_at_most(element) && !is_below_price_allowance(element) {
            judge.fire("UBL-DT-01", element);
        }
    } else if name.ends_with("BinaryObject") {
        judge.check("UBL-DT-06", element, element.attribute("mimeCode").is_some());
        judge.check("UBL-DT-07", element, element.attribute("filename").is_some());
    }
}

fn is_below_price_allowance(element: Element<'_>) -> bool {
    let mut at = element;
    while let Some(parent) = at.parent() {
        if parent.tag() == cac::AllowanceCharge && parent.parent_tag() == cac::Price {
            return true;
        }
        at = parent;
    }
    false
}

/// UBL-SR-33, UBL-SR-43, UBL-CR-666, UBL-CR-673.
fn additional_reference(judge: &mut Judge<'_>, reference: Element<'_>) {
    judge.check("UBL-SR-33", reference, reference.count(cbc::DocumentDescription) <= 1);
    let has_type = |code: &str| reference.all(cbc::DocumentTypeCode).any(|kind| kind.text() == code);
    let project = document_tag(reference) == root::CreditNote && has_type("50");
    let plain = || {
        let has_scheme = reference.all(cbc::ID).any(|id| id.attribute("schemeID").is_some());
        !has_scheme && !reference.has(cbc::DocumentTypeCode)
    };
    judge.check("UBL-SR-43", reference, has_type("130") || project || plain());
    if is_object(reference) {
        if let Some(attachment) = reference.child(cac::Attachment) {
            judge.fire_once("UBL-CR-666", attachment);
        }
        if let Some(description) = reference.child(cbc::DocumentDescription) {
            judge.fire_once("UBL-CR-673", description);
        }
    }
}

/// UBL-SR-30, UBL-SR-31, and UBL-CR-669 to 671 for those of a price.
fn allowance_charge(judge: &mut Judge<'_>, element: Element<'_>) {
    if let Ok(Some(charge)) = is_charge(element) {
        let id = if charge { "UBL-SR-31" } else { "UBL-SR-30" };
        judge.check(id, element, element.count(cbc::AllowanceChargeReason) <= 1);
    }
    if element.parent_tag() == cac::Price {
        for child in element.children() {
            match child.tag() {
                cbc::AllowanceChargeReasonCode => judge.fire_once("UBL-CR-669", child),
                cbc::AllowanceChargeReason => judge.fire_once("UBL-CR-670", child),
                cbc::MultiplierFactorNumeric => judge.fire_once("UBL-CR-671", child),
                _ => {}
            }
        }
    }
}

/// UBL-SR-34 to UBL-SR-37, -48, -50, -52.
fn line(judge: &mut Judge<'_>, line: Element<'_>) {
    judge.check("UBL-SR-34", line, line.count(cbc::Note) <= 1);
    judge.check("UBL-SR-35", line, line.count_at(&[cac::OrderLineReference, cbc::LineID]) <= 1);
    judge.check("UBL-SR-36", line, line.count(cac::InvoicePeriod) <= 1);
    judge.check("UBL-SR-37", line, line.count_at(&[cac::Price, cac::AllowanceCharge, cbc::Amount]) <= 1);
    judge.check("UBL-SR-48", line, line.count_at(&[cac::Item, cac::ClassifiedTaxCategory]) == 1);
    judge.check("UBL-SR-50", line, line.count_at(&[cac::Item, cbc::Description]) <= 1);
    judge.check("UBL-SR-52", line, line.count(cac::DocumentReference) <= 1);
}

/// UBL-SR-19 to UBL-SR-21: a payee stands once, and by another name than the seller.
fn payee(judge: &mut Judge<'_>, payee: Element<'_>) {
    let seller = [cac::AccountingSupplierParty, cac::Party, cac::PartyLegalEntity, cbc::RegistrationName];
    let differs = payee.any(&[cac::PartyName, cbc::Name], &mut |name| {
        payee.parent().is_some_and(|document| document.any(&seller, &mut |other| other.text() != name.text()))
    });
    let mut ids = 0;
    payee.any(&[cac::PartyIdentification, cbc::ID], &mut |id| {
        let scheme = id.attribute("schemeID").unwrap_or_default();
        ids += usize::from(!scheme.eq_ignore_ascii_case("SEPA"));
        false
    });
    judge.check("UBL-SR-19", payee, payee.count_at(&[cac::PartyName, cbc::Name]) <= 1 && differs);
    judge.check("UBL-SR-20", payee, ids <= 1 && differs);
    judge.check("UBL-SR-21", payee, payee.count_at(&[cac::PartyLegalEntity, cbc::CompanyID]) <= 1 && differs);
}

/// UBL-SR-26 to UBL-SR-28.
fn payment_means(judge: &mut Judge<'_>, means: Element<'_>) {
    judge.check("UBL-SR-26", means, means.count(cbc::PaymentID) <= 1);
    judge.check("UBL-SR-27", means, means.count(cbc::PaymentMeansCode) <= 1);
    judge.check("UBL-SR-28", means, means.count_at(&[cac::PaymentMandate, cbc::ID]) <= 1);
}
