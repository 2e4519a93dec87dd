"""An invoice as UBL 2.1 in the shape of Peppol BIS Billing 3.0 (EHF Billing 3.0).

The order of the elements is the schema's; one function per part of the document, from the outside in.
"""

import base64
from xml.sax.saxutils import escape, quoteattr

from .identifiers import iban

CORE = "urn:cen.eu:en16931:2017"
PEPPOL = CORE + "#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def document(doc):
    """The whole file, as bytes."""
    sums = doc.sums()
    credit = doc.credits is not None
    root = "CreditNote" if credit else "Invoice"
    parts = [
        # Peppol wants an address in Peppol (PEPPOL-EN16931-R010, -CL008), which a consumer cannot have: to them the
        # document says that it follows EN 16931, and no more.
        cbc("CustomizationID", PEPPOL if doc.buyer.endpoint else CORE),
        cbc("ProfileID", PROFILE),
        cbc("ID", doc.number),
        cbc("IssueDate", doc.issued),
        None if credit else cbc("DueDate", doc.due),
        cbc("CreditNoteTypeCode", "381") if credit else cbc("InvoiceTypeCode", "380"),
        cbc("Note", doc.notes),
        cbc("DocumentCurrencyCode", doc.currency),
        cbc("TaxCurrencyCode", "NOK" if doc.nok_rate else None),
        cbc("AccountingCost", doc.accounting),
        cbc("BuyerReference", doc.buyer.contact or f"Kunde {doc.buyer.customer}"),
        period(doc.period),
        doc.order and cac("OrderReference", cbc("ID", doc.order)),
        credit and cac(
            "BillingReference",
            cac("InvoiceDocumentReference", cbc("ID", doc.credits.number), cbc("IssueDate", doc.credits.issued)),
        ),
        doc.contract and cac("ContractDocumentReference", cbc("ID", doc.contract)),
        *supporting(doc),
        doc.project and not credit and cac("ProjectReference", cbc("ID", doc.project)),
        cac("AccountingSupplierParty", seller(doc)),
        cac("AccountingCustomerParty", buyer(doc)),
        delivery(doc),
        None if credit else payment_means(doc),
        None if credit else cac("PaymentTerms", cbc("Note", doc.terms or doc.seller.terms)),
        *[adjustment(entry, doc.currency) for entry in doc.adjustments],
        *tax_totals(doc, sums),
        monetary_total(doc, sums),
        *[invoice_line(number, entry, doc) for number, entry in enumerate(doc.lines, 1)],
    ]
    attributes = f'xmlns="{UBL}{root}-2" xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2"'
    body = "\n".join(f"  {text}" for part in parts if part for text in part.split("\n"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {attributes}>\n{body}\n</{root}>\n'.encode()


def cbc(name, value, **attributes):
    """A leaf, or nothing where there is no value: Peppol refuses empty elements (PEPPOL-EN16931-R008)."""
    if value is None or value == "":
        return None
    written = "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items())
    return f"<cbc:{name}{written}>{escape(str(value))}</cbc:{name}>"


def cac(name, *children):
    """A branch; children that are nothing are left out."""
    inner = "\n".join(f"  {text}" for child in children if child for text in child.split("\n"))
    return f"<cac:{name}>\n{inner}\n</cac:{name}>" if inner else None


def amount(name, value, currency):
    return cbc(name, f"{value:.2f}", currencyID=currency)


def number(value):
    """A quantity or price without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def period(span):
    return span and cac("InvoicePeriod", cbc("StartDate", span[0]), cbc("EndDate", span[1]))


def supporting(doc):
    """The invoiced object (BT-18, here a meter point; MG = meter unit in UNTDID 1153), then the files (BG-24)."""
    if doc.meter:
        yield cac("AdditionalDocumentReference", cbc("ID", doc.meter, schemeID="MG"), cbc("DocumentTypeCode", "130"))
    for attached in doc.attachments:
        if attached.uri:
            inside = cac("ExternalReference", cbc("URI", attached.uri))
        else:
            content = base64.b64encode(attached.content).decode()
            inside = cbc("EmbeddedDocumentBinaryObject", content, mimeCode=attached.mime, filename=attached.name)
        yield cac(
            "AdditionalDocumentReference",
            cbc("ID", attached.id),
            cbc("DocumentDescription", attached.description),
            cac("Attachment", inside),
        )


def postal_address(name, address):
    return cac(
        name,
        cbc("StreetName", address.street),
        cbc("AdditionalStreetName", address.extra),
        cbc("CityName", address.city),
        cbc("PostalZone", address.postal_code),
        cac("Country", cbc("IdentificationCode", address.country)),
    )


def tax_scheme(company, scheme):
    return company and cac("PartyTaxScheme", cbc("CompanyID", company), cac("TaxScheme", cbc("ID", scheme)))


def seller(doc):
    who = doc.seller
    # A document outside the VAT act must not show a VAT number (BR-O-02).
    shows_vat = who.vat_registered and all(entry.vat.category != "O" for entry in doc.lines)
    return cac(
        "Party",
        cbc("EndpointID", who.org, schemeID="0192"),
        cac("PartyName", cbc("Name", who.name)),
        postal_address("PostalAddress", who.address),
        tax_scheme(f"NO{who.org}MVA" if shows_vat else None, "VAT"),
        tax_scheme("Foretaksregisteret" if who.in_company_register else None, "TAX"),
        cac("PartyLegalEntity", cbc("RegistrationName", who.name), cbc("CompanyID", who.org, schemeID="0192")),
        cac("Contact", cbc("Name", who.contact), cbc("ElectronicMail", who.email)),
    )


def buyer(doc):
    who = doc.buyer
    email = who.email if doc.email_in_document else None
    endpoint = who.endpoint
    # A consumer's electronic address is the e-mail address (EAS code EM), where one is known.
    if endpoint is None and email and email.count("@") == 1:
        endpoint = ("EM", email)
    legal_scheme = {"schemeID": "0192"} if who.address.country == "NO" else {"schemeID": "0007"}
    outside_vat = any(entry.vat.category == "O" for entry in doc.lines)
    return cac(
        "Party",
        endpoint and cbc("EndpointID", endpoint[1], schemeID=endpoint[0]),
        cac("PartyIdentification", cbc("ID", who.customer)),
        postal_address("PostalAddress", who.address),
        tax_scheme(None if outside_vat else who.vat, "VAT"),
        cac("PartyLegalEntity", cbc("RegistrationName", who.name), cbc("CompanyID", who.org, **legal_scheme)),
        cac("Contact", cbc("Name", who.contact), cbc("Telephone", who.phone), cbc("ElectronicMail", email)),
    )


def delivery(doc):
    return cac(
        "Delivery",
        cbc("ActualDeliveryDate", doc.delivered),
        doc.delivery_address and cac("DeliveryLocation", postal_address("Address", doc.delivery_address)),
    )


def payment_means(doc):
    account = doc.account or doc.seller.account
    abroad = doc.currency != "NOK"
    return cac(
        "PaymentMeans",
        cbc("PaymentMeansCode", "30"),
        cbc("PaymentID", doc.payment_id),
        cac(
            "PayeeFinancialAccount",
            cbc("ID", iban(account) if abroad else account),
            cbc("Name", doc.seller.name),
            abroad and cac("FinancialInstitutionBranch", cbc("ID", "TESTNOK1")),
        ),
    )


def tax_category(name, vat, with_reason=False):
    return cac(
        name,
        cbc("ID", vat.category),
        None if vat.percent is None else cbc("Percent", number(vat.percent)),
        cbc("TaxExemptionReason", vat.reason if with_reason else None),
        cac("TaxScheme", cbc("ID", "VAT")),
    )


def adjustment(entry, currency):
    return cac(
        "AllowanceCharge",
        cbc("ChargeIndicator", "true" if entry.charge else "false"),
        cbc("AllowanceChargeReasonCode", entry.code),
        cbc("AllowanceChargeReason", entry.reason),
        None if entry.percent is None else cbc("MultiplierFactorNumeric", number(entry.percent)),
        amount("Amount", entry.amount, currency),
        None if entry.base is None else amount("BaseAmount", entry.base, currency),
        entry.vat and tax_category("TaxCategory", entry.vat),
    )


def tax_totals(doc, sums):
    """The VAT specification, and the VAT in kroner where the document is in another currency (BT-111)."""
    yield cac(
        "TaxTotal",
        amount("TaxAmount", sums.vat, doc.currency),
        *[
            cac(
                "TaxSubtotal",
                amount("TaxableAmount", taxable, doc.currency),
                amount("TaxAmount", tax, doc.currency),
                tax_category("TaxCategory", vat, with_reason=True),
            )
            for vat, taxable, tax in sums.groups
        ],
    )
    if sums.vat_nok is not None:
        yield cac("TaxTotal", amount("TaxAmount", sums.vat_nok, "NOK"))


def monetary_total(doc, sums):
    currency = doc.currency
    return cac(
        "LegalMonetaryTotal",
        amount("LineExtensionAmount", sums.lines, currency),
        amount("TaxExclusiveAmount", sums.without_vat, currency),
        amount("TaxInclusiveAmount", sums.with_vat, currency),
        sums.allowances and amount("AllowanceTotalAmount", sums.allowances, currency),
        sums.charges and amount("ChargeTotalAmount", sums.charges, currency),
        sums.prepaid and amount("PrepaidAmount", sums.prepaid, currency),
        sums.rounding and amount("PayableRoundingAmount", sums.rounding, currency),
        amount("PayableAmount", sums.payable, currency),
    )


def invoice_line(place, entry, doc):
    credit = doc.credits is not None
    return cac(
        "CreditNoteLine" if credit else "InvoiceLine",
        cbc("ID", place),
        cbc("Note", entry.note),
        cbc("CreditedQuantity" if credit else "InvoicedQuantity", number(entry.quantity), unitCode=entry.unit),
        amount("LineExtensionAmount", entry.net, doc.currency),
        period(entry.period),
        *[adjustment(own, doc.currency) for own in entry.adjustments],
        cac(
            "Item",
            cbc("Description", entry.description),
            cbc("Name", entry.name),
            cac("SellersItemIdentification", cbc("ID", entry.item)),
            tax_category("ClassifiedTaxCategory", entry.vat),
            *[cac("AdditionalItemProperty", cbc("Name", key), cbc("Value", value)) for key, value in entry.properties],
        ),
        cac(
            "Price",
            cbc("PriceAmount", number(entry.price), currencyID=doc.currency),
            cbc("BaseQuantity", entry.per, unitCode=entry.unit) if entry.per != 1 else None,
        ),
    )
