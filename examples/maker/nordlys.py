"""Nordlys Kraft AS: power, grid rent and advice."""

from decimal import Decimal

from . import people
from .identifiers import bank_account, meter_point, org_number
from .invoice import EXPORT, S25, Address, Attachment, Document, Seller, exempt, line
from .pictures import picture_of

SELLER = Seller(
    short="nordlys",
    name="Nordlys Kraft AS",
    org=org_number("99900101"),
    account=bank_account("9999100101"),
    address=Address("Kraftveien 1", "8006", "Bodø"),
    contact="Kundeservice",
    email="faktura@nordlyskraft.example",
    vat_registered=True,
    in_company_register=True,
    mod11=False,
    customer_digits=7,
    terms="Netto 14 dager. Ved forsinket betaling påløper forsinkelsesrente etter forsinkelsesrenteloven.",
    about="Power, grid rent and advice; 25 %, households in the north exempt; a meter point and a period on each",
)

NORTH = exempt("Fritatt: kraft og nettleie til husholdninger i Nordland, Troms og Finnmark, merverdiavgiftsloven § 6-6")
SURPLUS = exempt("Kjøp fra privat plusskunde, ikke avgiftspliktig")


def power(when, area, kwh, spot, vat=S25, fee="0.0713", grid=("312.00", "0.1894")):
    """The lines of a household's month: spot power, surcharge, grid rent, the electricity fee where it is due."""
    month = when.month(-1)
    lines = [
        line(
            f"Strøm {when.name(-1)}, spotpris {area}", kwh, "KWH", spot, vat, item=f"SPOT-{area}", period=month,
            properties=(("Prisområde", area), ("Måling", "Timesmålt")),
        ),
        line("Påslag Nordlys Timepris", kwh, "KWH", "0.0392", vat, item="PASLAG", period=month),
        line("Månedsbeløp strømavtale", 1, "MON", "39.20", vat, item="FAST", period=month),
        line("Nettleie fastledd, trinn 5–10 kW", 1, "MON", grid[0], vat, item="NETT-FAST", period=month),
        line("Nettleie energiledd", kwh, "KWH", grid[1], vat, item="NETT-ENERGI", period=month),
    ]
    if fee:
        lines.append(line("Forbruksavgift (elavgift)", kwh, "KWH", fee, vat, item="ELAVGIFT", period=month))
    lines.append(line("Enova-avgift", kwh, "KWH", "0.0100", vat, item="ENOVA", period=month))
    return lines


def documents(when):
    """Kari's invoice is credited in part by a later one; the rest stand alone."""

    def month(number, buyer, lines, shows, expect, **more):
        return Document(
            SELLER, number, buyer, when.day(-6), when.day(21), lines, shows, expect, period=when.month(-1),
            meter=meter_point(f"70799990{int(number):09}"), delivery_address=buyer.address, **more,
        )

    kari = month(
        "500101", people.KARI, power(when, "NO1", "812.4", "0.7261"),
        "Household in Oslo, price area NO1, 25 %; the ordinary case", "eFaktura: in the netbank",
        notes=f"Forbruket i {when.name(-1)} var 812,4 kWh, 6 % lavere enn i samme måned i fjor.",
        terms="Netto 21 dager. Se alle detaljer på Min side.",
    )
    own_picture = month(
        "500109", people.ASTRID, power(when, "NO1", "345.7", "0.7261"),
        "The sender's own PDF inside the XML as the picture of the invoice", "delivered by e-mail with the sender's PDF, not ours",
    )
    own_picture.attachments = (
        Attachment("bilde", "Commercial invoice", f"{own_picture.stem}.pdf", "application/pdf", picture_of(own_picture)),
    )
    solar = power(when, "NO2", "401.0", "0.6814")
    solar.append(
        line(
            "Solkraft levert til nettet", "-138.5", "KWH", "0.6814", SURPLUS, item="PLUSS", period=when.month(-1),
            description="Strøm du selv har produsert og solgt til oss, trukket fra på fakturaen",
        )
    )
    return [
        kari,
        month(
            "500102", people.OLA, power(when, "NO5", "1204.8", "0.6987"),
            "The mailbox does not exist", "e-mail refused (550), falls to print, posted",
        ),
        month(
            "500103", people.INGRID, power(when, "NO4", "1688.0", "0.2311", NORTH),
            "Household in Tromsø: exempt with the reason", "greylisted at first, delivered by e-mail on the second try",
        ),
        month(
            "500104", people.ANTE, power(when, "NO4", "2033.6", "0.2311", NORTH, fee=None),
            "Household in Alta: exempt, and no electricity fee in the action zone", "eFaktura, accepted only after six hours by the sandbox's clock",
        ),
        month(
            "500105", people.SIGRUN, power(when, "NO4", "977.3", "0.2311", NORTH),
            "A full mailbox", "waits (452), delivered some hours later by the sandbox's clock",
        ),
        month(
            "500106", people.HAVGLØTT,
            power(when, "NO4", "48210.5", "0.2298", grid=("2890.00", "0.0821"))
            + [line("Effektledd, høyeste time 96 kW", 96, "KWT", "41.50", S25, item="NETT-EFFEKT", period=when.month(-1))],
            "A fish plant in Tromsø: a business pays 25 % in the north too", "Peppol not built yet, delivered by e-mail",
            order="PO-2026-0317", accounting="4710-Kjøl og frys", metadata=None,
        ),
        month(
            "500107", people.ODDVAR, power(when, "NO1", "655.1", "0.7261"),
            "A consumer with no e-mail address, phone or date of birth", "nothing to look up in the banks' register, no e-mail: print, posted",
        ),
        month(
            "500108", people.LARS, solar,
            "Two VAT categories and a line with a negative quantity: the customer's own solar power", "eFaktura: in the netbank; that Vipps hides it, nobody can see",
        ),
        own_picture,
        Document(
            SELLER, "500110", people.KARI, when.day(-3), None,
            [
                line("Korrigert måleravlesing: strøm", "58.2", "KWH", "0.7261", S25, period=when.month(-1)),
                line("Korrigert måleravlesing: nettleie energiledd", "58.2", "KWH", "0.1894", S25, period=when.month(-1)),
                line("Korrigert måleravlesing: forbruksavgift", "58.2", "KWH", "0.0713", S25, period=when.month(-1)),
            ],
            "Credit note for a part of 500101", "eFaktura: in the netbank, never in Vipps", credits=kari, period=when.month(-1),
            notes="Måleren ble lest av på nytt. Beløpet trekkes fra på neste faktura.",
        ),
        Document(
            SELLER, "500111", people.BERGSLAGEN, when.day(-5), when.day(25),
            [
                line("Energirådgivning, oktober", "22.5", "HUR", "118.00", EXPORT, item="RAD-01", description="Rådgivning om kraftinköp på distans"),
                line("Workshop i Bodø, två dagar", 2, "DAY", "1450.00", S25, item="RAD-07"),
                line("Möteslokal med servering", 1, "LS", "186.40", S25, item="RAD-09"),
            ],
            "In euro to a Swedish firm: export without VAT beside 25 %, and the VAT in kroner as well; Swedish letter",
            "delivered by e-mail", currency="EUR", nok_rate=Decimal("11.4250"), contract="RAM-2026-4", kid=None, period=when.month(-1),
            notes="Växelkurs 1 EUR = 11,4250 NOK.", terms="30 dagar netto.", metadata={"recipient_type": "business", "lang": "SE"},
        ),
        month(
            "500112", people.MAGNUS, power(when, "NO1", "530.2", "0.7261"),
            "The mail server says later that the letter is delayed, which is no failure", "delivered by e-mail",
        ),
    ]
