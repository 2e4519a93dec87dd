"""What must hold of the finished files. They are read back and counted again, with nothing of the writer's own sums.

The codes in the messages are those of EN 16931 and Peppol BIS Billing 3.0.
"""

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from . import identifiers

MOST_BYTES = 1_500_000
NS = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
METADATA = {
    "version", "recipient_type", "routing", "recipient_date_of_birth", "recipient_phone_number", "recipient_email",
    "recipient_ssn", "uuid", "lang", "sender_comment",
}
# The document whose KID is wrong on purpose, and the addresses that are.
WRONG_KID = {"sterkstrom-70007"}
WRONG_EMAIL = {"puls-80013", "puls-80018"}


class Checked:
    """Remembers numbers across documents: each is used once by a seller, and credit notes point to one of them."""

    def __init__(self):
        self.seen = {}
        self.references = []

    def document(self, stem, content):
        """One document, as bytes."""
        root = ET.fromstring(content)
        must = _Must(stem)
        credit = root.tag.endswith("}CreditNote")
        for element in root.iter():
            must(len(element) > 0 or (element.text or "").strip(), f"R008: {element.tag} is empty")
        _identifiers(root, must, stem)
        _sums(root, must, credit)
        issued = date.fromisoformat(_text(root, "cbc:IssueDate"))
        due = _text(root, "cbc:DueDate")
        must(credit or date.fromisoformat(due) > issued, "due on or before the day of issue")
        endpoint = root.find("cac:AccountingCustomerParty/cac:Party/cbc:EndpointID", NS)
        peppol = "peppol" in _text(root, "cbc:CustomizationID")
        must(peppol == (endpoint is not None and endpoint.get("schemeID") != "EM"), "R010, CL008: no address in Peppol")
        must(_text(root, "cbc:BuyerReference"), "R003: no buyer reference")
        must(_text(root, "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"), "BR-07: no buyer name")
        seller = _text(root, "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID")
        number = _text(root, "cbc:ID")
        must((seller, number) not in self.seen, "number used twice")
        self.seen[seller, number] = issued
        if credit:
            reference = root.find("cac:BillingReference/cac:InvoiceDocumentReference", NS)
            self.references.append((must, seller, _text(reference, "cbc:ID"), _text(reference, "cbc:IssueDate"), issued))
        return root

    def credit_notes(self):
        """Each points to an invoice of the same seller, issued on the day it says, and not after it."""
        for must, seller, number, issued, own in self.references:
            must((seller, number) in self.seen, f"credits {number}, which is not there")
            must(self.seen[seller, number] == date.fromisoformat(issued) <= own, f"credits {number} of another day")
        return len(self.references)


class _Must:
    def __init__(self, stem):
        self.stem = stem

    def __call__(self, holds, what):
        if not holds:
            raise AssertionError(f"{self.stem}: {what}")


def _text(element, path):
    return element.findtext(path, None, NS)


def _amount(element, path):
    text = element.findtext(path, "0", NS)
    return Decimal(text)


def _round(value):
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _identifiers(root, must, stem):
    """Organisation numbers, VAT numbers, accounts, KIDs, addresses, attachments."""
    norwegian = [e.text for e in root.iter() if e.get("schemeID") == "0192"]
    vat_numbers = [e.text for e in root.iterfind(".//cac:PartyTaxScheme/cbc:CompanyID", NS) if e.text.startswith("NO")]
    for vat in vat_numbers:
        must(re.fullmatch(r"NO\d{9}MVA", vat), f"NO-R-001: {vat}")
    for number in norwegian + [vat[2:11] for vat in vat_numbers]:
        must(identifiers.org_number(number[:8]) == number and number[:4] in ("8990", "9990"), f"R041: {number}")
    for account in root.iterfind(".//cac:PayeeFinancialAccount/cbc:ID", NS):
        number = account.text[4:] if account.text.startswith("NO") else account.text
        must(identifiers.bank_account(number[:10]) == number and number.startswith("9999"), f"account {number}")
        if account.text != number:
            must(int(number + "2324" + account.text[2:4]) % 97 == 1, f"IBAN {account.text}")
    for element in root.iterfind("cac:PaymentMeans/cbc:PaymentID", NS):
        kid = element.text
        good = kid[-1] in (identifiers.mod10(kid[:-1]), identifiers.mod11_kid(kid[:-1]))
        must(kid.isdigit() and 4 <= len(kid) <= 25 and good != (stem in WRONG_KID), f"KID {kid}")
    for element in root.iterfind(".//cbc:ElectronicMail", NS):
        good = re.fullmatch(r"[a-z0-9.+-]+@([a-z0-9-]+\.)+example", element.text) is not None
        must(good != (stem in WRONG_EMAIL and not element.text.startswith("medlem")), f"e-mail {element.text}")
    for element in root.iterfind(".//cbc:EmbeddedDocumentBinaryObject", NS):
        must(base64.b64decode(element.text, validate=True) and element.get("filename"), "attachment")


def _sums(root, must, credit):
    """BR-CO-10 to BR-CO-17, R120, and the VAT specification against the lines."""
    by_vat = defaultdict(Decimal)
    lines = Decimal(0)
    period = _period(root)
    for element in root.iterfind("cac:CreditNoteLine" if credit else "cac:InvoiceLine", NS):
        net = _amount(element, "cbc:LineExtensionAmount")
        quantity = _amount(element, "cbc:CreditedQuantity" if credit else "cbc:InvoicedQuantity")
        base = Decimal(_text(element, "cac:Price/cbc:BaseQuantity") or 1)
        own = sum((_signed(a, must) for a in element.iterfind("cac:AllowanceCharge", NS)), Decimal(0))
        must(abs(net - (quantity * _amount(element, "cac:Price/cbc:PriceAmount") / base + own)) <= Decimal("0.005"), "R120: line")
        must(_amount(element, "cac:Price/cbc:PriceAmount") >= 0, "BR-27: price below zero")
        span = _period(element)
        must(not span or not period or period[0] <= span[0] <= span[1] <= period[1], "R110/R111: line period outside the invoice's")
        lines += net
        by_vat[_vat(element.find("cac:Item/cac:ClassifiedTaxCategory", NS))] += net
    adjusted = {"true": Decimal(0), "false": Decimal(0)}
    for element in root.iterfind("cac:AllowanceCharge", NS):
        by_vat[_vat(element.find("cac:TaxCategory", NS))] += _signed(element, must)
        adjusted[_text(element, "cbc:ChargeIndicator")] += _amount(element, "cbc:Amount")
    totals = root.find("cac:LegalMonetaryTotal", NS)
    without = lines - adjusted["false"] + adjusted["true"]
    must(_amount(totals, "cbc:LineExtensionAmount") == lines, "BR-CO-10")
    must(_amount(totals, "cbc:AllowanceTotalAmount") == adjusted["false"], "BR-CO-11")
    must(_amount(totals, "cbc:ChargeTotalAmount") == adjusted["true"], "BR-CO-12")
    must(_amount(totals, "cbc:TaxExclusiveAmount") == without, "BR-CO-13")
    tax = Decimal(0)
    currency = _text(root, "cbc:DocumentCurrencyCode")
    specified = root.find("cac:TaxTotal", NS)
    for element in specified.iterfind("cac:TaxSubtotal", NS):
        category = _vat(element.find("cac:TaxCategory", NS))
        taxable, charged = _amount(element, "cbc:TaxableAmount"), _amount(element, "cbc:TaxAmount")
        must(by_vat.pop(category, None) == taxable, f"BR-S-08 and kin: {category}")
        must(charged == _round(taxable * Decimal(category[1] or 0) / 100), f"BR-CO-17: {category}")
        reason = _text(element, "cac:TaxCategory/cbc:TaxExemptionReason")
        must((reason is not None) == (category[0] != "S"), f"BR-E-10 and kin: {category}")
        tax += charged
    must(not by_vat, f"BR-CO-18: not specified {list(by_vat)}")
    must(_amount(specified, "cbc:TaxAmount") == tax, "BR-CO-14")
    must(specified.find("cbc:TaxAmount", NS).get("currencyID") == currency, "currency of the VAT")
    must(_amount(totals, "cbc:TaxInclusiveAmount") == without + tax, "BR-CO-15")
    left = without + tax - _amount(totals, "cbc:PrepaidAmount") + _amount(totals, "cbc:PayableRoundingAmount")
    must(_amount(totals, "cbc:PayableAmount") == left, "BR-CO-16")
    must(left >= 0, "negative amount to pay")


def _signed(element, must):
    amount, base = _amount(element, "cbc:Amount"), _text(element, "cbc:BaseAmount")
    if base:
        percent = _amount(element, "cbc:MultiplierFactorNumeric")
        must(abs(amount - Decimal(base) * percent / 100) <= Decimal("0.02"), "R040: allowance")
    return amount if _text(element, "cbc:ChargeIndicator") == "true" else -amount


def _vat(element):
    return _text(element, "cbc:ID"), _text(element, "cbc:Percent")


def _period(element):
    span = element.find("cac:InvoicePeriod", NS)
    return span is not None and (_text(span, "cbc:StartDate"), _text(span, "cbc:EndDate"))


def metadata(stem, content):
    """Only fields that are known, synthetic identity numbers only, known domains only."""
    must, told = _Must(stem), json.loads(content)
    must(set(told) <= METADATA and told["version"] == "1.1", f"metadata {sorted(told)}")
    must(told["recipient_type"] in ("consumer", "business"), "recipient type")
    ssn = told.get("recipient_ssn")
    if ssn:
        born = told["recipient_date_of_birth"]
        made = identifiers.identity_number(int(ssn[:2]), int(ssn[2:4]) - 80, int(ssn[4:6]), int(ssn[6:9]))
        must(81 <= int(ssn[2:4]) <= 92 and made == ssn, "identity number")
        must((ssn[:2], int(ssn[2:4]) - 80, ssn[4:6]) == (born[8:], int(born[5:7]), born[2:4]), "another date of birth")


def well_formed(content):
    """Whether an XML reader takes it at all."""
    try:
        ET.fromstring(content)
    except (ET.ParseError, UnicodeDecodeError):
        return False
    return True
