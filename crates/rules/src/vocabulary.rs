//! The words of UBL that rules speak of, as small numbers.
//!
//! A rule compares numbers, never strings: each different name of a document is looked up once. The constants stand in
//! one module a namespace and are spelt as UBL spells them: `cac::Party`, `cbc::ID`. Names that only a table speaks of
//! (the structure of UBL, the restrictions of EN 16931) get numbers too, at start-up.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::en16931::restrictions;
use crate::structure;

/// An element's name; [`OTHER`] stands for every name that no rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(u16);

pub(crate) const OTHER: Tag = Tag(0);

/// The namespaces of UBL 2.1 that an invoice is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub(crate) enum Space {
    Document,
    Aggregate,
    Basic,
    Extension,
}

/// Room for the names of one namespace; UBL 2.1 has 1,200 basic components.
const PER_SPACE: u16 = 4096;

macro_rules! vocabulary {
    ($($module:ident $space:ident: $($name:ident)*;)*) => {
        $(
            /// Names of one namespace, as UBL spells them.
            #[allow(non_upper_case_globals, clippy::upper_case_acronyms)]
            pub(crate) mod $module {
                use super::{PER_SPACE, Space, Tag};
                #[repr(u16)]
                enum Number { $($name),* }
                $(pub(crate) const $name: Tag = Tag(Space::$space as u16 * PER_SPACE + 1 + Number::$name as u16);)*
                pub(super) const ALL: &[(&str, Tag)] = &[$((stringify!($name), $name)),*];
            }
        )*
    };
}

vocabulary! {
    root Document: Invoice CreditNote;
    ext Extension: UBLExtensions;
    cac Aggregate:
        AccountingCustomerParty AccountingSupplierParty AdditionalDocumentReference AdditionalItemProperty Address
        AddressLine AllowanceCharge Attachment BillingReference BuyersItemIdentification CardAccount
        ClassifiedTaxCategory CommodityClassification Contact ContractDocumentReference Country CreditNoteLine
        Delivery DeliveryLocation DeliveryParty DespatchDocumentReference DocumentReference ExternalReference
        FinancialInstitution FinancialInstitutionBranch InvoiceDocumentReference InvoiceLine InvoicePeriod Item
        LegalMonetaryTotal OrderLineReference OrderReference OriginCountry OriginatorDocumentReference Party
        PartyIdentification PartyLegalEntity PartyName PartyTaxScheme PayeeFinancialAccount PayeeParty
        PayerFinancialAccount PaymentMandate PaymentMeans PaymentTerms PostalAddress Price ProjectReference
        ReceiptDocumentReference SellersItemIdentification StandardItemIdentification TaxCategory
        TaxRepresentativeParty TaxScheme TaxSubtotal TaxTotal;
    cbc Basic:
        ActualDeliveryDate AllowanceChargeReason AllowanceChargeReasonCode AllowanceTotalAmount Amount BaseAmount
        BaseQuantity BuyerReference ChargeIndicator ChargeTotalAmount CityName CompanyID CompanyLegalForm
        CreditNoteTypeCode CreditedQuantity CustomizationID Description DescriptionCode DocumentCurrencyCode
        DocumentDescription DocumentTypeCode DueDate ElectronicMail EmbeddedDocumentBinaryObject EndDate EndpointID
        ID IdentificationCode InvoiceTypeCode InvoicedQuantity IssueDate ItemClassificationCode LineExtensionAmount
        LineID MultiplierFactorNumeric Name NetworkID Note PayableAmount PayableRoundingAmount PaymentDueDate
        PaymentID PaymentMeansCode Percent PostalZone PrepaidAmount PriceAmount
        PrimaryAccountNumberID ProfileID RegistrationName SalesOrderID StartDate StreetName TaxAmount
        TaxCurrencyCode TaxExclusiveAmount TaxExemptionReason TaxExemptionReasonCode TaxInclusiveAmount
        TaxPointDate TaxableAmount Telephone UBLVersionID URI Value;
}

/// The number of a name in one of UBL's namespaces.
pub(crate) fn tag(namespace: &str, local: &str) -> Tag {
    let Some(space) = space(namespace, local) else {
        return OTHER;
    };
    VOCABULARY.get(&(space, local)).copied().unwrap_or(OTHER)
}

fn space(namespace: &str, local: &str) -> Option<Space> {
    match namespace.strip_prefix("urn:oasis:names:specification:ubl:schema:xsd:")? {
        "CommonAggregateComponents-2" => Some(Space::Aggregate),
        "CommonBasicComponents-2" => Some(Space::Basic),
        "CommonExtensionComponents-2" => Some(Space::Extension),
        "Invoice-2" if local == "Invoice" => Some(Space::Document),
        "CreditNote-2" if local == "CreditNote" => Some(Space::Document),
        _ => None,
    }
}

/// The number of a name as the tables write it: `cac:` before aggregates, `ext:` before extensions, basic ones bare.
pub(crate) fn written(name: &str) -> Tag {
    VOCABULARY.get(&split(name)).copied().expect("every name of the tables is collected at start-up")
}

/// The number of an aggregate that the tables use as a place.
pub(crate) fn aggregate(local: &str) -> Tag {
    VOCABULARY.get(&(Space::Aggregate, local)).copied().expect("places are in the vocabulary")
}

/// The name that a number stands for, as the tables write it; for showing only, because it searches.
pub(crate) fn name(tag: Tag) -> &'static str {
    VOCABULARY.iter().find(|(_, number)| **number == tag).map_or("", |((_, local), _)| local)
}

fn split(name: &str) -> (Space, &str) {
    match name.split_once(':') {
        Some(("cac", local)) => (Space::Aggregate, local),
        Some(("ext", local)) => (Space::Extension, local),
        Some(("root", local)) => (Space::Document, local),
        _ => (Space::Basic, name),
    }
}

static VOCABULARY: LazyLock<HashMap<(Space, &'static str), Tag>> = LazyLock::new(|| {
    let mut vocabulary = HashMap::new();
    let known =
        [(Space::Document, root::ALL), (Space::Extension, ext::ALL), (Space::Aggregate, cac::ALL), (Space::Basic, cbc::ALL)];
    for (space, names) in known {
        vocabulary.extend(names.iter().map(|(name, tag)| ((space, *name), *tag)));
    }
    let mut next = [1u16; 4];
    for (space, names) in known {
        next[space as usize] += names.len() as u16;
    }
    for name in restrictions::names().chain(structure::names()) {
        let (space, local) = split(name);
        vocabulary.entry((space, local)).or_insert_with(|| {
            let number = next[space as usize];
            next[space as usize] += 1;
            Tag(space as u16 * PER_SPACE + number)
        });
    }
    vocabulary
});
