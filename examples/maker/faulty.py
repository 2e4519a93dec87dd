"""Documents that are wrong on purpose: each is a good one with something broken in it, several things where natural."""

from dataclasses import dataclass
from decimal import Decimal

from . import fjordvik, nordlys, people, puls, sterkstrom, ubl
from .invoice import S25, Attachment, Document, line
from .pictures import archive, pdf

ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>PO-4711</cbc:ID>
  <cbc:IssueDate>{issued}</cbc:IssueDate>
  <cbc:Note>En bestilling er ingen faktura.</cbc:Note>
</Order>
"""


@dataclass
class Faulty:
    """One file to be refused: its bytes, the metadata beside it, what is wrong and which faults to expect."""

    name: str
    content: bytes
    wrong: str
    expect: str
    metadata: dict | str | None = None


def broken(content, *changes):
    """A document's text with parts replaced. A part that is not there is a slip in this file."""
    text = content.decode()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"nothing to break: {old}")
        text = text.replace(old, new, 1)
    return text.encode()


def files(when):
    """All of them, in the order of their names."""
    consumer = {"version": "1.1", "recipient_type": "consumer"}

    def good(seller, number, buyer, **more):
        lines = [line("Arbeid", 2, "HUR", "900.00", S25), line("Materiell", 1, "LS", "450.00", S25)]
        return ubl.document(
            Document(seller, number, buyer, when.day(-5), when.day(18), lines, "", "", delivered=when.day(-9), **more)
        )

    due, early = f"<cbc:DueDate>{when.day(18)}", f"<cbc:DueDate>{when.day(-40)}"
    name = "      <cac:PartyLegalEntity>\n        <cbc:RegistrationName>Rune Måseide</cbc:RegistrationName>\n      </cac:PartyLegalEntity>\n"
    org = sterkstrom.SELLER.org
    bad_org = org[:-1] + str((int(org[-1]) + 1) % 10)
    deep = "<cbc:Note>" + "<a>" * 400 + "</a>" * 400 + "</cbc:Note>"
    program = Attachment("program", "Program", "faktura.exe", "application/x-msdownload", b"MZ nothing to run")
    picture = Attachment("bilde", "Bilde", "bilde.pdf", "application/pdf", pdf("Bilde", [(56, 700, 12, False, "Bilde")]))
    return [
        Faulty(
            "01-sums-dates-buyer.xml",
            broken(
                good(sterkstrom.SELLER, "90001", people.RUNE),
                (due, early), (name, ""),
                ('<cbc:TaxExclusiveAmount currencyID="NOK">2250.00', '<cbc:TaxExclusiveAmount currencyID="NOK">2520.00'),
                ('<cbc:PayableAmount currencyID="NOK">2812.50', '<cbc:PayableAmount currencyID="NOK">2812.05'),
            ),
            "sums that do not add up, due before it was issued, no name of the buyer",
            "`sum.mismatch` (more than one), `date.order`, `term.missing`", consumer,
        ),
        Faulty(
            "02-doctype.xml",
            broken(
                good(puls.SELLER, "90002", people.SILJE),
                ("<Invoice ", '<!DOCTYPE Invoice [<!ENTITY who SYSTEM "file:///etc/hostname">]>\n<Invoice '),
                ("Silje Færøy", "&who;"),
            ),
            "a DOCTYPE with an entity that reads a file", "`xml.doctype`; nothing else is read", consumer,
        ),
        Faulty(
            "03-cut-short.xml", good(nordlys.SELLER, "90003", people.KARI)[:2_900],
            "the file ends in the middle, as after a broken upload", "`xml.unreadable` with the place", consumer,
        ),
        Faulty(
            "04-an-order.xml", ORDER.format(issued=when.day(-5)).encode(),
            "well-formed UBL, but an order", "`document.unknown`",
        ),
        Faulty(
            "05-vat-and-org-number.xml",
            broken(
                good(sterkstrom.SELLER, "90005", people.HAVGLØTT),
                ('<cbc:TaxAmount currencyID="NOK">562.50', '<cbc:TaxAmount currencyID="NOK">526.50'),
                (f"<cbc:CompanyID>NO{org}MVA", f"<cbc:CompanyID>NO{bad_org}MVA"),
                (f'<cbc:CompanyID schemeID="0192">{org}', f'<cbc:CompanyID schemeID="0192">{bad_org}'),
                (sterkstrom.SELLER.account, sterkstrom.SELLER.account[:-1] + str((int(sterkstrom.SELLER.account[-1]) + 1) % 10)),
            ),
            "the VAT total is not the sum of its parts; the seller's organisation number and bank account have wrong check digits",
            "`sum.mismatch`, `org_number.invalid`, `account.invalid`",
        ),
        Faulty(
            "06-attachments.xml",
            broken(
                good(fjordvik.SELLER, "90006", people.MARTE, attachments=(picture, program)),
                (">JVBERi0x", ">JVBE*i0x"),
            ),
            "an attachment whose base64 is broken, and one of a type that nobody should open",
            "`attachment.unreadable`, `attachment.type`", consumer,
        ),
        Faulty(
            "07-amounts-dates-currency.xml",
            broken(
                good(puls.SELLER, "90007", people.FREDRIK),
                (f"<cbc:IssueDate>{when.day(-5)}", f"<cbc:IssueDate>{when.day(-5):%d.%m.%Y}"),
                ("<cbc:DocumentCurrencyCode>NOK", "<cbc:DocumentCurrencyCode>KRONER"),
                ('<cbc:PayableAmount currencyID="NOK">2812.50', '<cbc:PayableAmount currencyID="NOK">2 812,50'),
                ('<cbc:InvoicedQuantity unitCode="HUR">2<', '<cbc:InvoicedQuantity unitCode="HUR">to<'),
            ),
            "a date as Norwegians write it, a currency that is none, an amount with a comma, a quantity in words",
            "`term.invalid`, one for each", consumer,
        ),
        Faulty(
            "08-metadata.xml", good(nordlys.SELLER, "90008", people.LARS),
            "a good invoice; its metadata has a field that nobody knows, a route that nobody knows and a date that does not exist",
            "`metadata.unreadable` for the field, `metadata.value` for the others",
            {
                "version": "1.1",
                "recipient_type": "consumer",
                "recipient_date_of_birth": "1988-02-30",
                "recipient_shoe_size": 44,
                "routing": {"route_order": ["carrier_pigeon", "email"]},
            },
        ),
        Faulty(
            "09-metadata-unreadable.xml", good(nordlys.SELLER, "90009", people.LARS),
            "a good invoice; its metadata is no JSON", "`metadata.unreadable`",
            '{ { "version": "1.1", "recipient_type": "consumer" }\n',
        ),
        Faulty(
            "10-too-deep.xml",
            broken(good(puls.SELLER, "90010", people.IDA), ("<cbc:DocumentCurrencyCode>", deep + "\n  <cbc:DocumentCurrencyCode>")),
            "elements four hundred deep", "`xml.over_budget`", consumer,
        ),
        Faulty(
            "11-wrong-encoding.xml", good(fjordvik.SELLER, "90011", people.BJØRN).decode().encode("latin-1"),
            "says UTF-8 and is Latin-1: the ø is no letter", "`xml.unreadable` with the place", consumer,
        ),
        Faulty(
            "12-two-invoices.zip",
            archive({
                "sterkstrom-90012.xml": good(sterkstrom.SELLER, "90012", people.KJELL),
                "sterkstrom-90013.xml": good(sterkstrom.SELLER, "90013", people.RUNE),
            }),
            "a ZIP with two documents: which one is meant?", "`archive.documents`",
        ),
        Faulty(
            "zz-nordlys-500101-again.xml",
            ubl.document(Document(
                nordlys.SELLER, "500101", people.KARI, when.day(-5), when.day(18),
                [line("Strøm, ny beregning", "800", "KWH", Decimal("0.7000"), S25)], "", "", delivered=when.day(-9),
            )),
            "the number of an invoice already sent, with other content; send it after `invoices/`",
            "`number.duplicate` with both sides shown", consumer,
        ),
    ]
