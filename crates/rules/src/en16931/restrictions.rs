//! What UBL offers and EN 16931 does not use: the UBL-CR rules, as one table of forbidden paths.
//!
//! Each row is a place in the document and the names that must not stand there, with consecutive rule numbers. The
//! rows become a tree whose nodes are places; while a document is walked, each element costs one step in that tree.
//! Rules that forbid attributes or depend on values are in `syntax`. `Line` stands for invoice and credit note lines
//! alike.
//!
//! Source: CEN/TS 16931-3-2, the binding to UBL 2.1, by the rule numbers of its validation artefacts 1.3.16.

use std::sync::LazyLock;

use crate::vocabulary::{self, Tag};

/// A place, the number of the first rule, and the names that it and the following rules forbid there.
struct Row(&'static str, u16, &'static str);

const fn row(place: &'static str, first: u16, names: &'static str) -> Row {
    Row(place, first, names)
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("", 1, "ext:UBLExtensions"),
    row("", 3, "ProfileExecutionID CopyIndicator UUID IssueTime PricingCurrencyCode PaymentCurrencyCode \
        PaymentAlternativeCurrencyCode AccountingCostCode LineCountNumeric"),
    row("InvoicePeriod", 12, "StartTime EndTime DurationMeasure Description"),
    row("OrderReference", 16, "CopyIndicator UUID IssueDate IssueTime CustomerReference OrderTypeCode cac:DocumentReference"),
    row("BillingReference/InvoiceDocumentReference", 23, "CopyIndicator UUID IssueTime DocumentTypeCode DocumentType XPath \
        LanguageID LocaleCode VersionID DocumentStatusCode DocumentDescription cac:Attachment cac:ValidityPeriod \
        cac:IssuerParty cac:ResultOfVerification"),
    row("BillingReference", 38, "cac:SelfBilledInvoiceDocumentReference cac:CreditNoteDocumentReference \
        cac:SelfBilledCreditNoteDocumentReference cac:DebitNoteDocumentReference cac:ReminderDocumentReference \
        cac:AdditionalDocumentReference cac:BillingReferenceLine"),
    row("DespatchDocumentReference", 45, REFERENCE),
    row("ReceiptDocumentReference", 61, REFERENCE),
    row("", 77, "cac:StatementDocumentReference"),
    row("OriginatorDocumentReference", 78, REFERENCE),
    row("ContractDocumentReference", 94, REFERENCE),
    row("AdditionalDocumentReference", 110, "CopyIndicator UUID IssueDate IssueTime DocumentType XPath LanguageID LocaleCode \
        VersionID DocumentStatusCode"),
    row("AdditionalDocumentReference/Attachment/ExternalReference", 121, "DocumentHash HashAlgorithmMethod ExpiryDate \
        ExpiryTime MimeCode FormatCode EncodingCode CharacterSetCode FileName Description"),
    row("AdditionalDocumentReference", 131, "cac:ValidityPeriod cac:IssuerParty cac:ResultOfVerification"),
    row("ProjectReference", 134, "UUID IssueDate cac:WorkPhaseReference"),
    row("", 137, "cac:Signature"),
    row("AccountingSupplierParty", 138, "CustomerAssignedAccountID AdditionalAccountID DataSendingCapability"),
    row("AccountingSupplierParty/Party", 141, "MarkCareIndicator MarkAttentionIndicator WebsiteURI LogoReferenceID \
        IndustryClassificationCode cac:Language"),
    row("AccountingSupplierParty/Party/PostalAddress", 147, ADDRESS),
    row("AccountingSupplierParty/Party/PostalAddress/Country", 166, "Name"),
    row("AccountingSupplierParty/Party/PostalAddress", 167, "cac:LocationCoordinate"),
    row("AccountingSupplierParty/Party", 168, "cac:PhysicalLocation"),
    row("AccountingSupplierParty/Party/PartyTaxScheme", 169, PARTY_TAX_SCHEME),
    row("AccountingSupplierParty/Party/PartyTaxScheme/TaxScheme", 174, TAX_SCHEME),
    row("AccountingSupplierParty/Party/PartyLegalEntity", 178, "RegistrationDate RegistrationExpirationDate \
        CompanyLegalFormCode SoleProprietorshipIndicator CompanyLiquidationStatusCode CorporateStockAmount \
        FullyPaidSharesIndicator cac:RegistrationAddress cac:CorporateRegistrationScheme cac:HeadOfficeParty \
        cac:ShareholderParty"),
    row("AccountingSupplierParty/Party/Contact", 189, "ID Telefax Note cac:OtherCommunication"),
    row("AccountingSupplierParty/Party", 193, PARTY_END),
    row("AccountingSupplierParty", 198, "cac:DespatchContact cac:AccountingContact cac:SellerContact"),
    row("AccountingCustomerParty", 201, "CustomerAssignedAccountID SupplierAssignedAccountID AdditionalAccountID"),
    row("AccountingCustomerParty/Party", 204, "MarkCareIndicator MarkAttentionIndicator WebsiteURI LogoReferenceID \
        IndustryClassificationCode cac:Language"),
    row("AccountingCustomerParty/Party/PostalAddress", 210, ADDRESS),
    row("AccountingCustomerParty/Party/PostalAddress/Country", 229, "Name"),
    row("AccountingCustomerParty/Party/PostalAddress", 230, "cac:LocationCoordinate"),
    row("AccountingCustomerParty/Party", 231, "cac:PhysicalLocation"),
    row("AccountingCustomerParty/Party/PartyTaxScheme", 232, PARTY_TAX_SCHEME),
    row("AccountingCustomerParty/Party/PartyTaxScheme/TaxScheme", 237, TAX_SCHEME),
    row("AccountingCustomerParty/Party/PartyLegalEntity", 241, LEGAL_ENTITY),
    row("AccountingCustomerParty/Party/Contact", 253, "ID Telefax Note cac:OtherCommunication"),
    row("AccountingCustomerParty/Party", 257, PARTY_END),
    row("AccountingCustomerParty", 262, "cac:DeliveryContact cac:AccountingContact cac:BuyerContact"),
    row("PayeeParty", 265, "MarkCareIndicator MarkAttentionIndicator WebsiteURI LogoReferenceID EndpointID \
        IndustryClassificationCode cac:Language cac:PostalAddress cac:PhysicalLocation cac:PartyTaxScheme"),
    row("PayeeParty/PartyLegalEntity", 275, "RegistrationName"),
    row("PayeeParty/PartyLegalEntity", 276, LEGAL_ENTITY),
    row("PayeeParty", 288, "cac:Contact"),
    row("PayeeParty", 289, PARTY_END),
    row("", 294, "cac:BuyerCustomerParty cac:SellerSupplierParty"),
    row("TaxRepresentativeParty", 296, "MarkCareIndicator MarkAttentionIndicator WebsiteURI LogoReferenceID EndpointID \
        IndustryClassificationCode cac:PartyIdentification cac:Language"),
    row("TaxRepresentativeParty/PostalAddress", 304, ADDRESS),
    row("TaxRepresentativeParty/PostalAddress/Country", 323, "Name"),
    row("TaxRepresentativeParty/PostalAddress", 324, "cac:LocationCoordinate"),
    row("TaxRepresentativeParty", 325, "cac:PhysicalLocation"),
    row("TaxRepresentativeParty/PartyTaxScheme", 326, PARTY_TAX_SCHEME),
    row("TaxRepresentativeParty/PartyTaxScheme/TaxScheme", 331, TAX_SCHEME),
    row("TaxRepresentativeParty", 335, "cac:PartyLegalEntity cac:Contact"),
    row("TaxRepresentativeParty", 337, PARTY_END),
    row("Delivery", 342, "ID Quantity MinimumQuantity MaximumQuantity ActualDeliveryTime LatestDeliveryDate \
        LatestDeliveryTime ReleaseID TrackingID"),
    row("Delivery/DeliveryLocation", 351, "Description Conditions CountrySubentity CountrySubentityCode LocationTypeCode \
        InformationURI Name cac:ValidityPeriod"),
    row("Delivery/DeliveryLocation/Address", 359, ADDRESS),
    row("Delivery/DeliveryLocation/Address/Country", 378, "Name"),
    row("Delivery/DeliveryLocation/Address", 379, "cac:LocationCoordinate"),
    row("Delivery/DeliveryLocation", 380, "cac:SubsidiaryLocation cac:LocationCoordinate"),
    row("Delivery", 382, "cac:AlternativeDeliveryLocation cac:RequestedDeliveryPeriod cac:EstimatedDeliveryPeriod \
        cac:CarrierParty"),
    row("Delivery/DeliveryParty", 386, "MarkCareIndicator MarkAttentionIndicator WebsiteURI LogoReferenceID EndpointID \
        IndustryClassificationCode cac:PartyIdentification cac:Language cac:PostalAddress cac:PhysicalLocation \
        cac:PartyTaxScheme cac:PartyLegalEntity cac:Contact"),
    row("Delivery/DeliveryParty", 399, PARTY_END),
    row("Delivery", 404, "cac:NotifyParty cac:Despatch cac:DeliveryTerms cac:MinimumDeliveryUnit cac:MaximumDeliveryUnit \
        cac:Shipment"),
    row("", 410, "cac:DeliveryTerms"),
    row("PaymentMeans", 411, "ID"),
    row("PaymentMeans", 413, "PaymentChannelCode InstructionID"),
    row("PaymentMeans/CardAccount", 415, "CardTypeCode ValidityStartDate ExpiryDate IssuerID IssueNumberID CV2ID \
        CardChipCode ChipApplicationID"),
    row("PaymentMeans/PayeeFinancialAccount", 424, "AliasName AccountTypeCode AccountFormatCode CurrencyCode PaymentNote"),
    row("PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch", 429, "Name"),
    row("PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch/FinancialInstitution", 430, "Name cac:Address"),
    row("PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch", 432, "cac:Address"),
    row("PaymentMeans/PayeeFinancialAccount", 433, "cac:Country"),
    row("PaymentMeans", 434, "cac:CreditAccount"),
    row("PaymentMeans/PaymentMandate", 435, "MandateTypeCode MaximumPaymentInstructionsNumeric MaximumPaidAmount SignatureID \
        cac:PayerParty"),
    row("PaymentMeans/PaymentMandate/PayerFinancialAccount", 440, "Name AliasName AccountTypeCode AccountFormatCode \
        CurrencyCode PaymentNote cac:FinancialInstitutionBranch cac:Country"),
    row("PaymentMeans/PaymentMandate", 448, "cac:ValidityPeriod cac:PaymentReversalPeriod cac:Clause"),
    row("PaymentMeans", 451, "cac:TradeFinancing"),
    row("PaymentTerms", 452, "ID PaymentMeansID PrepaidPaymentReferenceID ReferenceEventCode SettlementDiscountPercent \
        PenaltySurchargePercent PaymentPercent Amount SettlementDiscountAmount PenaltyAmount PaymentTermsDetailsURI \
        PaymentDueDate InstallmentDueDate InvoicingPartyReference cac:SettlementPeriod cac:PenaltyPeriod cac:ExchangeRate \
        cac:ValidityPeriod"),
    row("", 470, "cac:PrepaidPayment"),
    row("AllowanceCharge", 471, "ID PrepaidIndicator SequenceNumeric AccountingCostCode AccountingCost PerUnitAmount"),
    row("AllowanceCharge/TaxCategory", 477, "Name BaseUnitMeasure PerUnitAmount TaxExemptionReasonCode TaxExemptionReason \
        TierRange TierRatePercent"),
    row("AllowanceCharge/TaxCategory/TaxScheme", 484, TAX_SCHEME),
    row("AllowanceCharge", 488, "cac:TaxTotal cac:PaymentMeans"),
    row("", 490, "cac:TaxExchangeRate cac:PricingExchangeRate cac:PaymentExchangeRate cac:PaymentAlternativeExchangeRate"),
    row("TaxTotal", 494, "RoundingAmount TaxEvidenceIndicator TaxIncludedIndicator"),
    row("TaxTotal/TaxSubtotal", 497, "CalculationSequenceNumeric TransactionCurrencyTaxAmount Percent BaseUnitMeasure \
        PerUnitAmount TierRange TierRatePercent"),
    row("TaxTotal/TaxSubtotal/TaxCategory", 504, "Name BaseUnitMeasure PerUnitAmount TierRange TierRatePercent"),
    row("TaxTotal/TaxSubtotal/TaxCategory/TaxScheme", 509, TAX_SCHEME),
    row("", 513, "cac:WithholdingTaxTotal"),
    row("LegalMonetaryTotal", 514, "PayableAlternativeAmount"),
    row("Line", 515, "UUID TaxPointDate AccountingCostCode PaymentPurposeCode FreeOfChargeIndicator"),
    row("Line/InvoicePeriod", 520, "StartTime EndTime DurationMeasure DescriptionCode Description"),
    row("Line/OrderLineReference", 525, "SalesOrderLineID UUID LineStatusCode cac:OrderReference"),
    row("Line", 529, "cac:DespatchLineReference cac:ReceiptLineReference cac:BillingReference"),
    row("Line/DocumentReference", 532, "CopyIndicator UUID IssueDate IssueTime"),
    row("Line/DocumentReference", 537, "DocumentType XPath LanguageID LocaleCode VersionID DocumentStatusCode \
        DocumentDescription cac:Attachment cac:ValidityPeriod cac:IssuerParty cac:ResultOfVerification"),
    row("Line", 548, "cac:PricingReference cac:OriginatorParty cac:Delivery cac:PaymentTerms"),
    row("Line/AllowanceCharge", 552, "ID PrepaidIndicator SequenceNumeric AccountingCostCode AccountingCost PerUnitAmount \
        cac:TaxCategory cac:TaxTotal cac:PaymentMeans"),
    row("Line", 561, "cac:TaxTotal cac:WithholdingTaxTotal"),
    row("Line/Item", 563, "PackQuantity PackSizeNumeric CatalogueIndicator HazardousRiskIndicator AdditionalInformation \
        Keyword BrandName ModelName"),
    row("Line/Item/BuyersItemIdentification", 571, ITEM_IDENTIFICATION),
    row("Line/Item/SellersItemIdentification", 576, ITEM_IDENTIFICATION),
    row("Line/Item", 581, "cac:ManufacturersItemIdentification"),
    row("Line/Item/StandardItemIdentification", 582, ITEM_IDENTIFICATION),
    row("Line/Item", 587, "cac:CatalogueItemIdentification cac:AdditionalItemIdentification cac:CatalogueDocumentReference \
        cac:ItemSpecificationDocumentReference"),
    row("Line/Item/OriginCountry", 591, "Name"),
    row("Line/Item/CommodityClassification", 592, "NatureCode CargoTypeCode CommodityCode"),
    row("Line/Item", 595, "cac:TransactionConditions cac:HazardousItem"),
    row("Line/Item/ClassifiedTaxCategory", 597, "Name BaseUnitMeasure PerUnitAmount TaxExemptionReasonCode \
        TaxExemptionReason TierRange TierRatePercent"),
    row("Line/Item/ClassifiedTaxCategory/TaxScheme", 604, TAX_SCHEME),
    row("Line/Item/AdditionalItemProperty", 608, "ID NameCode TestMethod ValueQuantity ValueQualifier ImportanceCode \
        ListValue cac:UsabilityPeriod cac:ItemPropertyGroup cac:RangeDimension cac:ItemPropertyRange"),
    row("Line/Item", 619, "cac:ManufacturerParty cac:InformationContentProviderParty cac:OriginAddress cac:ItemInstance \
        cac:Certificate cac:Dimension"),
    // Rules 629 and 630 name basic components that UBL has only as aggregates; they are kept as published.
    row("Line/Price", 625, "PriceChangeReason PriceTypeCode PriceType OrderableUnitFactorRate ValidityPeriod PriceList"),
    row("Line/Price/AllowanceCharge", 632, "ID AllowanceChargeReasonCode AllowanceChargeReason MultiplierFactorNumeric \
        PrepaidIndicator SequenceNumeric AccountingCostCode AccountingCost PerUnitAmount cac:TaxCategory cac:TaxTotal \
        cac:PaymentMeans"),
    row("Line/Price", 644, "cac:PricingExchangeRate"),
    row("Line", 645, "cac:DeliveryTerms cac:SubInvoiceLine cac:ItemPriceExtension"),
    row("PaymentMeans", 681, "InstructionNote"),
    row("Delivery", 682, "cac:DeliveryAddress"),
];

const REFERENCE: &str = "CopyIndicator UUID IssueDate IssueTime DocumentTypeCode DocumentType XPath LanguageID LocaleCode \
    VersionID DocumentStatusCode DocumentDescription cac:Attachment cac:ValidityPeriod cac:IssuerParty \
    cac:ResultOfVerification";
const ADDRESS: &str = "ID AddressTypeCode AddressFormatCode Postbox Floor Room BlockName BuildingName BuildingNumber \
    InhouseMail Department MarkAttention MarkCare PlotIdentification CitySubdivisionName CountrySubentityCode Region \
    District TimezoneOffset";
const PARTY_TAX_SCHEME: &str = "RegistrationName TaxLevelCode ExemptionReasonCode ExemptionReason cac:RegistrationAddress";
const TAX_SCHEME: &str = "Name TaxTypeCode CurrencyCode cac:JurisdictionRegionAddress";
const LEGAL_ENTITY: &str = "RegistrationDate RegistrationExpirationDate CompanyLegalFormCode CompanyLegalForm \
    SoleProprietorshipIndicator CompanyLiquidationStatusCode CorporateStockAmount FullyPaidSharesIndicator \
    cac:RegistrationAddress cac:CorporateRegistrationScheme cac:HeadOfficeParty cac:ShareholderParty";
const PARTY_END: &str = "cac:Person cac:AgentParty cac:ServiceProviderParty cac:PowerOfAttorney cac:FinancialAccount";
const ITEM_IDENTIFICATION: &str = "ExtendedID BarcodeSymbologyID cac:PhysicalAttribute cac:MeasurementDimension cac:IssuerParty";

/// Every name that the table forbids, for the vocabulary.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(|row| row.2.split_ascii_whitespace())
}

/// A place in the document that the table speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Place {
    /// The root element.
    pub(crate) const ROOT: Place = Place(0);

    /// The place one step down, if the table speaks of it.
    pub(crate) fn step(self, tag: Tag) -> Option<Place> {
        let steps = &TREE[self.0 as usize].steps;
        steps.binary_search_by_key(&tag, |step| step.0).ok().map(|found| Place(steps[found].1))
    }

    /// The rules that forbid an element at this place, by number.
    pub(crate) fn forbidden_by(self) -> &'static [u16] {
        &TREE[self.0 as usize].rules
    }
}

/// The official id of a rule of this family.
pub(crate) fn id(rule: u16) -> &'static str {
    let bytes: &'static [u8; 10] = &IDS[rule as usize];
    std::str::from_utf8(bytes).expect("the ids are ASCII")
}

/// One more than the highest rule number.
const RULES: usize = 683;

static IDS: [[u8; 10]; RULES] = {
    let mut ids = [*b"UBL-CR-000"; RULES];
    let mut rule = 0;
    while rule < RULES {
        ids[rule][7] += (rule / 100) as u8;
        ids[rule][8] += (rule / 10 % 10) as u8;
        ids[rule][9] += (rule % 10) as u8;
        rule += 1;
    }
    ids
};

#[derive(Default)]
struct TreeNode {
    rules: Vec<u16>,
    /// Sorted by tag.
    steps: Vec<(Tag, u32)>,
}

static TREE: LazyLock<Vec<TreeNode>> = LazyLock::new(|| {
    let mut tree = vec![TreeNode::default()];
    for Row(place, first, names) in TABLE {
        for line in lines_of(place) {
            let mut at = 0;
            for step in line.into_iter().chain(place.split('/').filter(|step| !matches!(*step, "" | "Line"))) {
                at = grow(&mut tree, at, vocabulary::aggregate(step));
            }
            for (rule, name) in (*first..).zip(names.split_ascii_whitespace()) {
                let leaf = grow(&mut tree, at, vocabulary::written(name));
                tree[leaf as usize].rules.push(rule);
            }
        }
    }
    tree
});

/// What `Line` stands for; nothing for other places.
fn lines_of(place: &str) -> Vec<Option<&'static str>> {
    match place.split('/').next() {
        Some("Line") => vec![Some("InvoiceLine"), Some("CreditNoteLine")],
        _ => vec![None],
    }
}

fn grow(tree: &mut Vec<TreeNode>, at: u32, tag: Tag) -> u32 {
    let next = tree.len() as u32;
    let steps = &mut tree[at as usize].steps;
    match steps.binary_search_by_key(&tag, |step| step.0) {
        Ok(found) => steps[found].1,
        Err(missing) => {
            steps.insert(missing, (tag, next));
            tree.push(TreeNode::default());
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_numbered_without_overlap() {
        let mut rules: Vec<u16> = Vec::new();
        for Row(_, first, names) in TABLE {
            rules.extend((*first..).take(names.split_ascii_whitespace().count()));
        }
        let count = rules.len();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), count, "a rule number stands twice");
        // The rules outside the table depend on values or attributes; the others were never published.
        let outside: Vec<u16> = (1..RULES as u16).filter(|rule| rules.binary_search(rule).is_err()).collect();
        let in_syntax = [2, 412].into_iter().chain(648..=680);
        let never = [120, 423, 536, 631];
        let mut expected: Vec<u16> = in_syntax.chain(never).collect();
        expected.sort_unstable();
        assert_eq!(outside, expected);
    }

    #[test]
    fn ids_are_the_official_ones() {
        assert_eq!((id(1), id(99), id(682)), ("UBL-CR-001", "UBL-CR-099", "UBL-CR-682"));
    }
}
