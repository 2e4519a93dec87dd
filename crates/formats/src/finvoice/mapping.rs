//! Where Finvoice 3.0 holds each business term, and how much of it: the table behind `docs/finvoice.md` and behind the names
//! that [`super::write()`] gives to what is lost.
//!
//! The rows stand in the order of EN 16931. Reading and writing are in the neighbouring files; tests hold the table against
//! what they do and against the published schema.

use std::fmt::Write;

/// A business term and its element.
pub struct Row {
    /// The field of [`Invoice`](kvitt_domain::invoice::Invoice): `lines[].item.name`. `allowances_and_charges` is two lists.
    pub field: &'static str,
    /// The term below its groups, `[]` where they repeat: `BG-25[]/BT-153`.
    pub term: &'static str,
    /// The element below `Finvoice`; none where Finvoice has none.
    pub element: Option<&'static str>,
    /// How much the element holds, or why there is none. Empty = everything.
    pub holds: &'static str,
    /// Whether money or law hang on it, so that a document without it must not be sent.
    pub essential: bool,
}

const fn held(field: &'static str, term: &'static str, element: &'static str, holds: &'static str) -> Row {
    Row { field, term, element: Some(element), holds, essential: false }
}

const fn essential(field: &'static str, term: &'static str, element: &'static str, holds: &'static str) -> Row {
    Row { field, term, element: Some(element), holds, essential: true }
}

const fn lost(field: &'static str, term: &'static str, why: &'static str) -> Row {
    Row { field, term, element: None, holds: why, essential: false }
}

/// Every field of the domain's invoice, each with its term.
pub const MAPPING: &[Row] = &[
    essential("kind", "BT-3", "InvoiceDetails/InvoiceTypeCode", "INV01, INV02"),
    held("type_code", "BT-3", "InvoiceDetails/InvoiceTypeCodeUN", "one to three capitals or digits"),
    essential("number", "BT-1", "InvoiceDetails/InvoiceNumber", "20 characters"),
    essential("issued_on", "BT-2", "InvoiceDetails/InvoiceDate", ""),
    essential("currency", "BT-5", "InvoiceDetails/InvoiceTotalVatIncludedAmount/@AmountCurrencyIdentifier", ""),
    held(
        "tax_currency",
        "BT-6",
        "InvoiceDetails/InvoiceTotalVatAccountingAmount/@AmountCurrencyIdentifier",
        "only beside BT-111",
    ),
    held("tax_point_on", "BT-7", "InvoiceDetails/VatPoint/VatPointDate", ""),
    held("tax_point_code", "BT-8", "InvoiceDetails/VatPoint/VatPointDateCode", "only without BT-7"),
    essential("due_on", "BT-9", "InvoiceDetails/PaymentTermsDetails/InvoiceDueDate", "also EpiDateOptionDate"),
    held("references.buyer", "BT-10", "InvoiceDetails/BuyerReferenceIdentifier", "70 characters"),
    held("references.project", "BT-11", "InvoiceDetails/ProjectReferenceIdentifier", "70 characters"),
    held("references.contract", "BT-12", "InvoiceDetails/AgreementIdentifier", "70 characters"),
    held("references.purchase_order", "BT-13", "InvoiceDetails/OrderIdentifier", "70 characters"),
    held("references.sales_order", "BT-14", "InvoiceDetails/OrderConfirmationIdentifier", "70 characters"),
    lost("references.receiving_advice", "BT-15", "no element means it"),
    held("references.despatch_advice", "BT-16", "DeliveryDetails/DeliveryNoteIdentifier", "70 characters"),
    held("references.tender", "BT-17", "InvoiceDetails/TenderReference", "70 characters"),
    held("references.invoiced_object", "BT-18", "InvoiceDetails/InvoicedObjectID", "70 characters, a scheme of UNTDID 1153"),
    held("references.buyer_accounting", "BT-19", "InvoiceDetails/AccountDimensionText", "35 characters"),
    held("payment_terms", "BT-20", "InvoiceDetails/PaymentTermsDetails/PaymentTermsFreeText", "words of 70 characters"),
    lost("notes[].subject_code", "BG-1[]/BT-21", "no element"),
    held("notes[].text", "BG-1[]/BT-22", "InvoiceDetails/InvoiceFreeText", "512 characters; a longer note becomes several"),
    lost("process", "BT-23", "no element"),
    held(
        "specification",
        "BT-24",
        "MessageTransmissionDetails/MessageDetails/SpecificationIdentifier",
        "35 characters, else left out",
    ),
    held("preceding[].number", "BG-3[]/BT-25", "InvoiceDetails/OriginalInvoiceReference/InvoiceNumber", "20 characters"),
    held("preceding[].issued_on", "BG-3[]/BT-26", "InvoiceDetails/OriginalInvoiceReference/InvoiceDate", ""),
    held("seller.name", "BT-27", "SellerPartyDetails/SellerOrganisationName", "words of 70 characters"),
    held("seller.trading_name", "BT-28", "SellerPartyDetails/SellerOrganisationTradingName", "70 characters"),
    held("seller.identifiers[]", "BT-29[]", "SellerPartyDetails/SellerCode", "70 characters, a scheme of 20"),
    held("seller.legal_registration", "BT-30", "SellerPartyDetails/SellerPartyIdentifier", "35 characters, a scheme of ISO 6523"),
    held("seller.vat_number", "BT-31", "SellerPartyDetails/SellerOrganisationTaxCode", "35 characters"),
    held("seller.tax_registration", "BT-32", "SellerInformationDetails/SellerTaxRegistrationText", "35 characters"),
    held("seller.legal_information", "BT-33", "SellerInformationDetails/SellerAdditionalLegalInfo", "512 characters"),
    held(
        "seller.electronic_address",
        "BT-34",
        "MessageTransmissionDetails/MessageSenderDetails/FromIdentifier",
        "35 characters, a scheme of 10",
    ),
    held("seller.address.line1", "BT-35", "SellerPartyDetails/SellerPostalAddressDetails/SellerStreetName", "35 characters"),
    held(
        "seller.address.line2",
        "BT-36",
        "SellerPartyDetails/SellerPostalAddressDetails/SellerStreetName",
        "35 characters, by its place among three",
    ),
    held(
        "seller.address.line3",
        "BT-162",
        "SellerPartyDetails/SellerPostalAddressDetails/SellerStreetName",
        "35 characters, by its place among three",
    ),
    held("seller.address.city", "BT-37", "SellerPartyDetails/SellerPostalAddressDetails/SellerTownName", "35 characters"),
    held(
        "seller.address.postal_code",
        "BT-38",
        "SellerPartyDetails/SellerPostalAddressDetails/SellerPostCodeIdentifier",
        "35 characters",
    ),
    held(
        "seller.address.subdivision",
        "BT-39",
        "SellerPartyDetails/SellerPostalAddressDetails/SellerCountrySubdivision",
        "35 characters",
    ),
    held("seller.address.country", "BT-40", "SellerPartyDetails/SellerPostalAddressDetails/CountryCode", "two letters"),
    held("seller.contact.name", "BT-41", "SellerContactPersonName", "70 characters"),
    held("seller.contact.phone", "BT-42", "SellerCommunicationDetails/SellerPhoneNumberIdentifier", "35 characters"),
    held("seller.contact.email", "BT-43", "SellerCommunicationDetails/SellerEmailaddressIdentifier", "70 characters"),
    held("buyer.name", "BT-44", "BuyerPartyDetails/BuyerOrganisationName", "words of 70 characters"),
    held("buyer.trading_name", "BT-45", "BuyerPartyDetails/BuyerOrganisationTradingName", "70 characters"),
    held("buyer.identifiers[]", "BT-46[]", "BuyerPartyDetails/BuyerCode", "70 characters, a scheme of 20; one"),
    held("buyer.legal_registration", "BT-47", "BuyerPartyDetails/BuyerPartyIdentifier", "35 characters, a scheme of ISO 6523"),
    held("buyer.vat_number", "BT-48", "BuyerPartyDetails/BuyerOrganisationTaxCode", "35 characters"),
    lost("buyer.tax_registration", "BG-7", "no element, and no term of EN 16931"),
    lost("buyer.legal_information", "BG-7", "no element, and no term of EN 16931"),
    held(
        "buyer.electronic_address",
        "BT-49",
        "MessageTransmissionDetails/MessageReceiverDetails/ToIdentifier",
        "35 characters, a scheme of 10",
    ),
    held("buyer.address.line1", "BT-50", "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerStreetName", "35 characters"),
    held(
        "buyer.address.line2",
        "BT-51",
        "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerStreetName",
        "35 characters, by its place among three",
    ),
    held(
        "buyer.address.line3",
        "BT-163",
        "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerStreetName",
        "35 characters, by its place among three",
    ),
    held("buyer.address.city", "BT-52", "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerTownName", "35 characters"),
    held(
        "buyer.address.postal_code",
        "BT-53",
        "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerPostCodeIdentifier",
        "35 characters",
    ),
    held(
        "buyer.address.subdivision",
        "BT-54",
        "BuyerPartyDetails/BuyerPostalAddressDetails/BuyerCountrySubdivision",
        "35 characters",
    ),
    held("buyer.address.country", "BT-55", "BuyerPartyDetails/BuyerPostalAddressDetails/CountryCode", "two letters"),
    held("buyer.contact.name", "BT-56", "BuyerContactPersonName", "70 characters"),
    held("buyer.contact.phone", "BT-57", "BuyerCommunicationDetails/BuyerPhoneNumberIdentifier", "35 characters"),
    held("buyer.contact.email", "BT-58", "BuyerCommunicationDetails/BuyerEmailaddressIdentifier", "70 characters"),
    essential(
        "payee.name",
        "BT-59",
        "AnyPartyDetails/AnyPartyOrganisationName",
        "words of 35 characters, two elements (AnyPartyText/@AnyPartyCode PE)",
    ),
    held("payee.identifier", "BT-60", "AnyPartyDetails/AnyPartyCode", "70 characters, a scheme of 20"),
    held("payee.legal_registration", "BT-61", "AnyPartyDetails/AnyPartyIdentifier", "35 characters, a scheme of ISO 6523"),
    held(
        "tax_representative.name",
        "BT-62",
        "AnyPartyDetails/AnyPartyOrganisationName",
        "words of 35 characters, two elements (AnyPartyText/@AnyPartyCode LC)",
    ),
    held("tax_representative.vat_number", "BT-63", "AnyPartyDetails/AnyPartyOrganisationTaxCode", "35 characters"),
    held(
        "tax_representative.address.line1",
        "BT-64",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyStreetName",
        "35 characters",
    ),
    held(
        "tax_representative.address.line2",
        "BT-65",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyStreetName",
        "35 characters, by its place among three",
    ),
    held(
        "tax_representative.address.line3",
        "BT-164",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyStreetName",
        "35 characters, by its place among three",
    ),
    held(
        "tax_representative.address.city",
        "BT-66",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyTownName",
        "35 characters",
    ),
    held(
        "tax_representative.address.postal_code",
        "BT-67",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyPostCodeIdentifier",
        "35 characters",
    ),
    held(
        "tax_representative.address.subdivision",
        "BT-68",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/AnyPartyCountrySubdivision",
        "35 characters",
    ),
    held(
        "tax_representative.address.country",
        "BT-69",
        "AnyPartyDetails/AnyPartyPostalAddressDetails/CountryCode",
        "two letters",
    ),
    lost("tax_representative", "BG-11", "no term of EN 16931 beside these"),
    held("delivery.name", "BT-70", "DeliveryPartyDetails/DeliveryOrganisationName", "words of 35 characters"),
    held("delivery.location", "BT-71", "DeliveryPartyDetails/DeliveryCode", "70 characters, a scheme of 20"),
    held("delivery.delivered_on", "BT-72", "DeliveryDetails/DeliveryDate", ""),
    held("period.from", "BT-73", "InvoiceDetails/InvoicingPeriodStartDate", ""),
    held("period.to", "BT-74", "InvoiceDetails/InvoicingPeriodEndDate", ""),
    held(
        "delivery.address.line1",
        "BT-75",
        "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryStreetName",
        "35 characters",
    ),
    held(
        "delivery.address.line2",
        "BT-76",
        "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryStreetName",
        "35 characters, by its place among three",
    ),
    held(
        "delivery.address.line3",
        "BT-165",
        "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryStreetName",
        "35 characters, by its place among three",
    ),
    held("delivery.address.city", "BT-77", "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryTownName", "35 characters"),
    held(
        "delivery.address.postal_code",
        "BT-78",
        "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryPostCodeIdentifier",
        "35 characters",
    ),
    held(
        "delivery.address.subdivision",
        "BT-79",
        "DeliveryPartyDetails/DeliveryPostalAddressDetails/DeliveryCountrySubdivision",
        "35 characters",
    ),
    held("delivery.address.country", "BT-80", "DeliveryPartyDetails/DeliveryPostalAddressDetails/CountryCode", "two letters"),
    held(
        "payment[].means_code",
        "BG-16[]/BT-81",
        "EpiDetails/EpiPaymentInstructionDetails/EpiPaymentMeansCode",
        "one to three capitals or digits, of the first instruction with an account",
    ),
    held(
        "payment[].means_text",
        "BG-16[]/BT-82",
        "EpiDetails/EpiPaymentInstructionDetails/EpiPaymentMeansText",
        "70 characters, of the first instruction with an account",
    ),
    essential(
        "payment[].remittance",
        "BG-16[]/BT-83",
        "EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier",
        "2 to 20 digits, or RF and up to 23, of the first instruction with an account",
    ),
    essential(
        "payment[].accounts[].number",
        "BG-16[]/BG-17[]/BT-84",
        "SellerInformationDetails/SellerAccountDetails/SellerAccountID",
        "34 characters, the first also in EpiAccountID, of the first instruction with an account",
    ),
    held(
        "payment[].accounts[].name",
        "BG-16[]/BG-17[]/BT-85",
        "SellerInformationDetails/SellerAccountDetails/SellerAccountName",
        "70 characters, of the first instruction with an account",
    ),
    held(
        "payment[].accounts[].bank",
        "BG-16[]/BG-17[]/BT-86",
        "SellerInformationDetails/SellerAccountDetails/SellerBic",
        "8 to 11 characters, of the first instruction with an account",
    ),
    held(
        "payment[].card.last_digits",
        "BG-16[]/BT-87",
        "PaymentCardInfo/PrimaryAccountNumber",
        "19 characters, of the first instruction with an account",
    ),
    held(
        "payment[].card.holder",
        "BG-16[]/BT-88",
        "PaymentCardInfo/CardHolderName",
        "70 characters, of the first instruction with an account",
    ),
    held(
        "payment[].direct_debit.mandate",
        "BG-16[]/BT-89",
        "DirectDebitInfo/MandateReference",
        "35 characters, of the first instruction with an account",
    ),
    held(
        "payment[].direct_debit.creditor",
        "BG-16[]/BT-90",
        "DirectDebitInfo/CreditorIdentifier",
        "35 characters without a scheme, of the first instruction with an account",
    ),
    held(
        "payment[].direct_debit.debited_account",
        "BG-16[]/BT-91",
        "DirectDebitInfo/DebitedAccountID",
        "34 characters, of the first instruction with an account",
    ),
    essential("allowances[].amount", "BG-20[]/BT-92", "InvoiceDetails/DiscountDetails/Amount", "15 digits before the comma"),
    held("allowances[].base", "BG-20[]/BT-93", "InvoiceDetails/DiscountDetails/BaseAmount", "15 digits before the comma"),
    held("allowances[].percent", "BG-20[]/BT-94", "InvoiceDetails/DiscountDetails/Percent", "0 to 999 with three decimals"),
    held(
        "allowances[].vat.category",
        "BG-20[]/BT-95",
        "InvoiceDetails/DiscountDetails/VatCategoryCode",
        "one to three capitals or digits",
    ),
    held(
        "allowances[].vat.percent",
        "BG-20[]/BT-96",
        "InvoiceDetails/DiscountDetails/VatRatePercent",
        "0 to 999 with three decimals",
    ),
    held("allowances[].reason", "BG-20[]/BT-97", "InvoiceDetails/DiscountDetails/FreeText", "70 characters"),
    held(
        "allowances[].reason_code",
        "BG-20[]/BT-98",
        "InvoiceDetails/DiscountDetails/ReasonCode",
        "one to three capitals or digits",
    ),
    essential("charges[].amount", "BG-21[]/BT-99", "InvoiceDetails/ChargeDetails/Amount", "15 digits before the comma"),
    held("charges[].base", "BG-21[]/BT-100", "InvoiceDetails/ChargeDetails/BaseAmount", "15 digits before the comma"),
    held("charges[].percent", "BG-21[]/BT-101", "InvoiceDetails/ChargeDetails/Percent", "0 to 999 with three decimals"),
    held(
        "charges[].vat.category",
        "BG-21[]/BT-102",
        "InvoiceDetails/ChargeDetails/VatCategoryCode",
        "one to three capitals or digits",
    ),
    held(
        "charges[].vat.percent",
        "BG-21[]/BT-103",
        "InvoiceDetails/ChargeDetails/VatRatePercent",
        "0 to 999 with three decimals",
    ),
    held("charges[].reason", "BG-21[]/BT-104", "InvoiceDetails/ChargeDetails/ReasonText", "70 characters"),
    held("charges[].reason_code", "BG-21[]/BT-105", "InvoiceDetails/ChargeDetails/ReasonCode", "one to three capitals or digits"),
    essential("totals.lines", "BT-106", "InvoiceDetails/RowsTotalVatExcludedAmount", "15 digits before the comma"),
    essential("totals.allowances", "BT-107", "InvoiceDetails/DiscountsTotalVatExcludedAmount", "15 digits before the comma"),
    essential("totals.charges", "BT-108", "InvoiceDetails/ChargesTotalVatExcludedAmount", "15 digits before the comma"),
    essential("totals.without_vat", "BT-109", "InvoiceDetails/InvoiceTotalVatExcludedAmount", "15 digits before the comma"),
    essential("totals.vat", "BT-110", "InvoiceDetails/InvoiceTotalVatAmount", "15 digits before the comma"),
    essential(
        "totals.vat_in_tax_currency",
        "BT-111",
        "InvoiceDetails/InvoiceTotalVatAccountingAmount",
        "15 digits before the comma",
    ),
    essential("totals.with_vat", "BT-112", "InvoiceDetails/InvoiceTotalVatIncludedAmount", "15 digits before the comma"),
    essential("totals.prepaid", "BT-113", "InvoiceDetails/InvoicePaidAmount", "15 digits before the comma"),
    essential("totals.rounding", "BT-114", "InvoiceDetails/InvoiceTotalRoundoffAmount", "15 digits before the comma"),
    essential(
        "totals.payable",
        "BT-115",
        "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount",
        "15 digits and two decimals",
    ),
    essential(
        "vat_breakdown[].taxable",
        "BG-23[]/BT-116",
        "InvoiceDetails/VatSpecificationDetails/VatBaseAmount",
        "15 digits before the comma",
    ),
    essential(
        "vat_breakdown[].tax",
        "BG-23[]/BT-117",
        "InvoiceDetails/VatSpecificationDetails/VatRateAmount",
        "15 digits before the comma",
    ),
    essential(
        "vat_breakdown[].rate.category",
        "BG-23[]/BT-118",
        "InvoiceDetails/VatSpecificationDetails/VatCode",
        "one to three capitals or digits",
    ),
    essential(
        "vat_breakdown[].rate.percent",
        "BG-23[]/BT-119",
        "InvoiceDetails/VatSpecificationDetails/VatRatePercent",
        "0 to 999 with three decimals",
    ),
    held(
        "vat_breakdown[].exemption",
        "BG-23[]/BT-120",
        "InvoiceDetails/VatSpecificationDetails/VatFreeText",
        "words of 70 characters, three elements",
    ),
    held(
        "vat_breakdown[].exemption_code",
        "BG-23[]/BT-121",
        "InvoiceDetails/VatSpecificationDetails/VatExemptionReasonCode",
        "20 letters, digits and hyphens",
    ),
    held("attachments[].id", "BG-24[]/BT-122", "InvoiceUrlNameText", "512 characters, only beside BT-124"),
    lost("attachments[].description", "BG-24[]/BT-123", "no element"),
    held("attachments[].location", "BG-24[]/BT-124", "InvoiceUrlText", "512 characters"),
    lost("attachments[].file", "BG-24[]/BT-125", "Finvoice sends files in messages of their own"),
    lost("attachments[].is_image_of_invoice", "BG-24[]/BT-125", "Finvoice sends files in messages of their own"),
    held("lines[].id", "BG-25[]/BT-126", "InvoiceRow/RowPositionIdentifier", "35 characters"),
    held("lines[].note", "BG-25[]/BT-127", "InvoiceRow/RowFreeText", "words of 512 characters"),
    held("lines[].invoiced_object", "BG-25[]/BT-128", "InvoiceRow/InvoicedObjectID", "70 characters, a scheme of UNTDID 1153"),
    essential("lines[].quantity", "BG-25[]/BT-129", "InvoiceRow/InvoicedQuantity", "14 characters"),
    held(
        "lines[].unit",
        "BG-25[]/BT-130",
        "InvoiceRow/InvoicedQuantity/@QuantityUnitCode",
        "14 characters; also QuantityUnitCodeUN",
    ),
    essential("lines[].net", "BG-25[]/BT-131", "InvoiceRow/RowVatExcludedAmount", "15 digits before the comma"),
    held("lines[].order_line", "BG-25[]/BT-132", "InvoiceRow/RowOrderPositionIdentifier", "35 characters"),
    held("lines[].buyer_accounting", "BG-25[]/BT-133", "InvoiceRow/RowAccountDimensionText", "35 characters"),
    held("lines[].period.from", "BG-25[]/BT-134", "InvoiceRow/StartDate", ""),
    held("lines[].period.to", "BG-25[]/BT-135", "InvoiceRow/EndDate", ""),
    essential(
        "lines[].allowances[].amount",
        "BG-25[]/BG-27[]/BT-136",
        "InvoiceRow/RowDiscountAmount",
        "15 digits before the comma",
    ),
    held("lines[].allowances[].base", "BG-25[]/BG-27[]/BT-137", "InvoiceRow/RowDiscountBaseAmount", "15 digits before the comma"),
    held(
        "lines[].allowances[].percent",
        "BG-25[]/BG-27[]/BT-138",
        "InvoiceRow/RowDiscountPercent",
        "0 to 999 with three decimals",
    ),
    held("lines[].allowances[].reason", "BG-25[]/BG-27[]/BT-139", "InvoiceRow/RowDiscountTypeText", "35 characters"),
    held(
        "lines[].allowances[].reason_code",
        "BG-25[]/BG-27[]/BT-140",
        "InvoiceRow/RowDiscountTypeCode",
        "one to three capitals or digits",
    ),
    essential(
        "lines[].charges[].amount",
        "BG-25[]/BG-28[]/BT-141",
        "InvoiceRow/RowChargeDetails/Amount",
        "15 digits before the comma",
    ),
    held(
        "lines[].charges[].base",
        "BG-25[]/BG-28[]/BT-142",
        "InvoiceRow/RowChargeDetails/BaseAmount",
        "15 digits before the comma",
    ),
    held(
        "lines[].charges[].percent",
        "BG-25[]/BG-28[]/BT-143",
        "InvoiceRow/RowChargeDetails/Percent",
        "0 to 999 with three decimals",
    ),
    held("lines[].charges[].reason", "BG-25[]/BG-28[]/BT-144", "InvoiceRow/RowChargeDetails/ReasonText", "70 characters"),
    held(
        "lines[].charges[].reason_code",
        "BG-25[]/BG-28[]/BT-145",
        "InvoiceRow/RowChargeDetails/ReasonCode",
        "one to three capitals or digits",
    ),
    lost("lines[].allowances[].vat", "BG-25[]/BG-27[]", "no element, and no term of EN 16931"),
    lost("lines[].charges[].vat", "BG-25[]/BG-28[]", "no element, and no term of EN 16931"),
    held("lines[].price.net", "BG-25[]/BT-146", "InvoiceRow/UnitPriceNetAmount", "15 digits and five decimals"),
    held("lines[].price.discount", "BG-25[]/BT-147", "InvoiceRow/UnitPriceDiscountAmount", "15 digits and five decimals"),
    held(
        "lines[].price.gross",
        "BG-25[]/BT-148",
        "InvoiceRow/UnitPriceAmount",
        "15 digits and five decimals, only beside BT-147",
    ),
    held("lines[].price.base_quantity", "BG-25[]/BT-149", "InvoiceRow/UnitPriceBaseQuantity", "14 characters"),
    held(
        "lines[].price.base_unit",
        "BG-25[]/BT-150",
        "InvoiceRow/UnitPriceBaseQuantity/@QuantityUnitCode",
        "14 characters; also QuantityUnitCodeUN",
    ),
    essential("lines[].vat.category", "BG-25[]/BT-151", "InvoiceRow/RowVatCode", "one to three capitals or digits"),
    essential("lines[].vat.percent", "BG-25[]/BT-152", "InvoiceRow/RowVatRatePercent", "0 to 999 with three decimals"),
    held("lines[].item.name", "BG-25[]/BT-153", "InvoiceRow/ArticleName", "100 characters"),
    held("lines[].item.description", "BG-25[]/BT-154", "InvoiceRow/ArticleDescription", "512 characters"),
    held("lines[].item.seller_id", "BG-25[]/BT-155", "InvoiceRow/ArticleIdentifier", "70 characters"),
    held("lines[].item.buyer_id", "BG-25[]/BT-156", "InvoiceRow/BuyerArticleIdentifier", "70 characters"),
    held("lines[].item.standard_id", "BG-25[]/BT-157", "InvoiceRow/EanCode", "35 characters, a scheme of ISO 6523"),
    held(
        "lines[].item.classifications[]",
        "BG-25[]/BT-158[]",
        "InvoiceRow/ArticleGroupIdentifier",
        "70 characters, a list of UNTDID 7143, a version of 35",
    ),
    held(
        "lines[].item.origin_country",
        "BG-25[]/BT-159",
        "InvoiceRow/RowDeliveryDetails/RowCustomsInfo/CNOriginCountryCode",
        "two letters",
    ),
    held(
        "lines[].item.attributes[][0]",
        "BG-25[]/BG-32[]/BT-160",
        "InvoiceRow/RowDefinitionDetails/RowDefinitionHeaderText",
        "70 characters",
    ),
    held(
        "lines[].item.attributes[][1]",
        "BG-25[]/BG-32[]/BT-161",
        "InvoiceRow/RowDefinitionDetails/RowDefinitionValue",
        "70 characters",
    ),
];

impl Row {
    /// The number of the term alone: `BT-153`.
    pub fn number(&self) -> &'static str {
        self.term.rsplit('/').next().unwrap_or(self.term).trim_end_matches("[]")
    }
}

/// The table as a page.
pub fn page() -> String {
    let mut page = String::from(
        "# EN 16931 and Finvoice 3.0\n\n\
         Where each business term of an invoice stands in Finvoice, and how much of it. Elements stand below `Finvoice`. Whatever\n\
         does not fit is told as `conversion.term_lost`, with its place; one marked **must** is fatal, such a document is not to be sent.\n\
         What is too long is cut, numbers are rounded to the decimals that the schema has, other codes are left out.\n\n\
         Written against the published schema, `Finvoice3.0.xsd`; no official examples were at hand. What the two formats disagree\n\
         on beyond single terms (the payment order, signs of credit notes, elements that must be there) is decided in\n\
         `crates/formats/src/finvoice.rs`..\n\n\
         This page is written by a test from `crates/formats/src/finvoice/mapping.rs`.\n\n\
         | term | field | element | holds | |\n|---|---|---|---|---|\n",
    );
    for row in MAPPING {
        let element = row.element.map_or("none".to_owned(), |element| format!("`{element}`"));
        let must = if row.essential { "must" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {} | `{}` | {element} | {} | {must} |", row.number(), row.field, row.holds);
    }
    page
}
