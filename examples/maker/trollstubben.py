"""Trollstubben barnehage SA: a kindergarten, outside VAT registration; everything it sells is exempt."""

from decimal import Decimal

from . import people
from .identifiers import bank_account, identity_number, org_number
from .invoice import Address, Document, Seller, discount, exempt, line

SELLER = Seller(
    short="trollstubben",
    name="Trollstubben barnehage SA",
    org=org_number("89900102"),
    account=bank_account("9999300303"),
    address=Address("Trollfaret 12", "3043", "Drammen"),
    contact="Styrer Gunn Elin Høgåsen",
    email="styrer@trollstubben.example",
    vat_registered=False,
    in_company_register=True,
    mod11=False,
    customer_digits=8,
    terms="Forfall den 15. Ta kontakt med styrer ved betalingsvansker.",
    about="Parents' payment and meals, exempt; a co-operative without a VAT number; sibling discounts",
)

CARE = exempt("Unntatt: barnehagetjenester, merverdiavgiftsloven § 3-4")


def documents(when):
    """Next month's places; one more than the rest for an absence paid back."""
    month = when.month(1)

    def places(*children, meals="365.00", discounted=True):
        """A place and meals per child; by law siblings pay less: 30 % off the second, all of it off the third."""
        lines = []
        for order, (child, share) in enumerate(children):
            full = Decimal("1200.00") * share / 100
            off = {0: 0, 1: 30}.get(order, 100) if discounted else 0
            reduced = (discount(off, full, "Søskenmoderasjon"),) if off else ()
            lines.append(
                line(
                    f"Foreldrebetaling {when.name(1)}, {share} % plass", 1, "MON", full, CARE, item="PLASS",
                    note=child, period=month, adjustments=reduced,
                )
            )
            lines.append(line("Kostpenger", 1, "MON", meals, CARE, item="KOST", note=child, period=month))
        return lines

    def bill(number, buyer, lines, shows, expect, **more):
        return Document(SELLER, number, buyer, when.day(-7), when.day(22), lines, shows, expect, period=month, **more)

    hanne = bill("1201", people.HANNE, places(("Sverre", 100)), "A place and meals, all exempt; no VAT number, only Foretaksregisteret", "eFaktura: in the netbank")
    linn = bill(
        "1205", people.LINN, places(("Tobias", 100), ("Åse", 100), ("Mikkel", 80)),
        "Three children: 30 % off the second line, 100 % off the third, so one line is 0.00", "Yes to All is off: delivered by e-mail",
    )
    return [
        hanne,
        bill(
            "1202", people.THOMAS, places(("Live", 100)),
            "One route only, and it fails: no fallback", "e-mail refused (550), parked with that reason",
            metadata={"routing": {"route_order": ["email"]}},
        ),
        bill(
            "1203", people.AMINA, places(("Yasmin", 100), ("Bilal", 100)),
            "Two children with sibling discount; the old word `netbank` in the route order", "several match in the banks' register, which is a no: delivered by e-mail",
            metadata={"routing": {"route_order": ["netbank", "email", "print"]}},
        ),
        bill(
            "1204", people.PETTER, places(("Iben", 60)),
            "A slow mail server", "delivered by e-mail, after some seconds",
        ),
        linn,
        bill(
            "1206", people.JONAS, places(("Ask", 100)),
            "The connection breaks twice before the final dot: certainly not sent", "waits for the third try, about five minutes later, and is then delivered",
        ),
        bill(
            "1207", people.MALGORZATA, [
                *places(("Zofia", 100)),
                line("Foreldrebetaling og kost, tilvenning tre dager", 3, "DAY", "74.50", CARE, item="TILV", note="Zofia"),
            ],
            "Polish letters in the name; a (synthetic) fødselsnummer, an id and a word from the sender in the metadata",
            "her eFaktura spoils its shipment, whose others go on without it; delivered by e-mail with the sender's sentence",
            metadata={
                "uuid": "6f1d2f6a-2f0e-4c8b-9a55-2d1c7e0b1207",
                "recipient_ssn": identity_number(2, 5, 1991, 324),
                "sender_comment": "Velkommen til Trollstubben! Husk regntøy på tirsdager.",
            },
        ),
        Document(
            SELLER, "1208", people.HANNE, when.day(-4), None,
            [
                line("Stengt på grunn av vannlekkasje, foreldrebetaling", 2, "DAY", "57.14", CARE, note="Sverre"),
                line("Stengt på grunn av vannlekkasje, kost", 2, "DAY", "17.38", CARE, note="Sverre"),
            ],
            "Credit note for days closed, for 1201", "eFaktura: in the netbank", credits=hanne,
        ),
    ]
