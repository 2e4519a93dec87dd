"""Sterk Strøm Elektro AS: an electrician, with the longest invoice, the attachments and the ZIP."""

import json
from decimal import Decimal

from . import people, ubl
from .identifiers import bank_account, org_number
from .invoice import REVERSE_CHARGE, S12, S25, Address, Attachment, Document, Seller, charge, discount, line
from .pictures import archive, fuse_box, pdf, picture_of

SELLER = Seller(
    short="sterkstrom",
    name="Sterk Strøm Elektro AS",
    org=org_number("99900506"),
    account=bank_account("9999500502"),
    address=Address("Lerstadvegen 517", "6018", "Ålesund"),
    contact="Ordrekontoret",
    email="ordre@sterkstrom.example",
    vat_registered=True,
    in_company_register=True,
    mod11=True,
    customer_digits=6,
    terms="Netto 20 dager. Gebyr for purring etter inkassoforskriften.",
    about="Hours and materials 25 %, travel 12 %, reverse charge, discounts and charges, attachments; KID by MOD11",
)

# Name, quantity, unit, price: what a shipyard's new workshop hall needs.
WORKSHOP = """
Kabelbro 60x300 galvanisert|48|MTR|186.40
Kabelbro, skjøtestykke|22|H87|38.90
Kabelbro, veggkonsoll 300|36|H87|112.00
Kabel PFXP 3G1,5|420|MTR|14.85
Kabel PFXP 3G2,5|610|MTR|19.20
Kabel PFXP 5G2,5|180|MTR|31.75
Kabel PFXP 5G6|145|MTR|68.30
Kabel PFSP 4x25/16|64|MTR|214.60
Kabel TFSI 4x50 Al|38|MTR|169.90
Installasjonsrør 16 mm|210|MTR|6.15
Installasjonsrør 20 mm|330|MTR|7.80
Installasjonsrør 25 mm|90|MTR|11.45
Rørklammer 20 mm|400|H87|2.35
Koblingsboks IP65 85x85|64|H87|41.20
Koblingsboks IP66 150x110|18|H87|128.50
Nippel M20 m/mutter|140|H87|9.60
Nippel M32 m/mutter|32|H87|21.40
Stikkontakt dobbel IP44|38|H87|164.00
Stikkontakt CEE 16A 5-pol|14|H87|287.00
Stikkontakt CEE 32A 5-pol|8|H87|412.00
Stikkontakt CEE 63A 5-pol|2|H87|1386.00
Bryter 2-pol IP44|17|H87|139.00
Trykknapp nødstopp IP65|9|H87|486.00
Bevegelsesvakt 360° tak|12|H87|718.00
LED-armatur høyhall 150 W|24|H87|2165.00
LED-armatur tett 1200 mm|46|H87|548.00
Nødlysarmatur LED 3 t|16|H87|892.00
Ledelysskilt LED|9|H87|764.00
Wireoppheng 3 m, sett|48|H87|96.50
Skinnesystem 3-fase 2 m|10|H87|398.00
Fordelingsskap 6x24 modul IP55|2|H87|8490.00
Underfordeling 2x18 modul|3|H87|2380.00
Hovedbryter 250A|1|H87|5940.00
Overspenningsvern klasse 1+2|2|H87|3275.00
Jordfeilautomat C16 2P 30 mA|34|H87|689.00
Jordfeilautomat C20 2P 30 mA|12|H87|712.00
Automatsikring C32 4P|9|H87|845.00
Automatsikring C63 4P|3|H87|1190.00
Kontaktor 40A 4P|6|H87|1024.00
Tidsrelé digital|3|H87|1360.00
Strømtrafo 250/5|3|H87|478.00
Energimåler 3-fase MID|2|H87|2890.00
Rekkeklemme 4 mm²|260|H87|12.70
Rekkeklemme PE 4 mm²|70|H87|24.30
Endeholder DIN|80|H87|6.90
Ledningskanal 40x60|36|MTR|54.20
Merkeskilt gravert|94|H87|28.00
Jordingsskinne Cu 30x5|12|MTR|236.00
Jordspyd 1,5 m m/klemme|4|H87|532.00
Blank kobberwire 25 mm²|85|MTR|47.60
Brannetting, patron|14|H87|219.00
Skruer og plugg, pakke|11|H87|149.00
Strips 300 mm, pakke|8|H87|92.00
"""


def hours(quantity, price="985.00", who="Montør", **more):
    """Work by the hour."""
    return line(f"Arbeid, {who.lower()}", quantity, "HUR", price, S25, item="ARB", **more)


def driving(kilometres):
    """A van by the kilometre."""
    return line("Servicebil", kilometres, "KMT", "14.50", S25, item="BIL")


def workshop():
    """Sixty lines: the materials above, then the work."""
    lines = []
    for place, row in enumerate(WORKSHOP.strip().split("\n"), 1):
        name, quantity, unit, price = row.split("|")
        lines.append(line(name, quantity, unit, price, S25, item=f"EL-{4000 + place * 7}"))
    lines += [
        hours("164.5", who="Montør"),
        hours("38", "1140.00", who="Saksbehandler og prosjektering"),
        hours("96", "585.00", who="Lærling"),
        hours("22.5", "1477.50", who="Montør, overtid 50 %"),
        line("Sluttkontroll og samsvarserklæring", 1, "LS", "6800.00", S25, item="DOK"),
        line("Termografering av fordelinger", 5, "H87", "940.00", S25, item="TERMO"),
        line("Lift 12 m, leie", 9, "DAY", "1250.00", S25, item="LIFT"),
    ]
    return lines


def quantities():
    """The materials once more, as a CSV that an estimator can open."""
    rows = [row.split("|")[:3] for row in WORKSHOP.strip().split("\n")]
    return "".join(";".join(row) + "\n" for row in [["vare", "antall", "enhet"], *rows]).encode()


def time_sheet(number, when, rows):
    """A signed list of hours, as a PDF."""
    drawn, y = [(56, 780, 18, True, "Timeliste"), (56, 758, 11, False, f"Sterk Strøm Elektro AS, faktura {number}")], 710
    for offset, who, worked, what in rows:
        cells = ((56, f"{when.day(offset):%d.%m.%Y}"), (140, who), (280, worked), (330, what))
        drawn += [(x, y, 10, False, text) for x, text in cells]
        y -= 18
    drawn.append((56, y - 30, 10, False, "Attestert av kunden."))
    return pdf(f"Timeliste {number}", drawn, [(56, 540, 735)])


def documents(when):
    """One of each thing that an electrician's invoice may hold."""

    def job(number, buyer, lines, shows, expect, **more):
        return Document(
            SELLER, number, buyer, when.day(-5), when.day(18), lines, shows, expect,
            **{"delivered": when.day(-12), "delivery_address": buyer.address, **more},
        )

    sheet = time_sheet("70001", when, [
        (-13, "Jostein Gåsø", "4,0 t", "Skift av sikringsskap"),
        (-12, "Jostein Gåsø", "3,5 t", "Ladeboks i garasje"),
        (-12, "Mia Vartdal", "3,5 t", "Lærling"),
    ])
    rune = job(
        "70001", people.RUNE,
        [
            hours("7.5"), hours("3.5", "585.00", who="Lærling"),
            line("Sikringsskap 3x12 modul", 1, "H87", "3480.00", S25, item="EL-4217"),
            line("Ladeboks 22 kW", 1, "H87", "8990.00", S25, item="EL-9022", adjustments=(discount(10, "8990.00", "Kampanje"),)),
            driving(38),
        ],
        "A PDF time sheet and a PNG picture inside the XML; a discount on a line", "eFaktura closed by the picture, which no netbank shows; delivered by e-mail with both attachments",
        attachments=(
            Attachment("timeliste", "Timeliste", "timeliste.pdf", "application/pdf", sheet),
            Attachment("bilde", "Bilde av sikringsskapet før skift", "sikringsskap.png", "image/png", fuse_box()),
        ),
    )
    verft = job(
        "70002", people.SUNNMØRE_VERFT, workshop(),
        "Sixty lines over several pages; a discount and freight on the whole", "Peppol not built yet, delivered by e-mail",
        order="SMV-88213", contract="RAMME-2025-03", project="Hall 4", accounting="1120-Hall 4", metadata=None,
        attachments=(
            Attachment("dok", "Samsvarserklæring", uri="https://dok.sterkstrom.example/70002/samsvar.pdf"),
            Attachment("mengder", "Mengdeliste", "mengder.csv", "text/csv", quantities()),
        ),
    )
    base = verft.sums().lines
    verft.adjustments = (discount("4", base, "Rammeavtale", vat=S25), charge("2450.00", "Frakt", S25, "FC"))
    zipped = job(
        "70009", people.ASTRID, [hours("1.5"), line("Jordfeilautomat C16", 1, "H87", "689.00", S25, item="EL-4245"), driving(22)],
        "A ZIP: the XML, its picture (same name, PDF), an attachment and metadata.json", "delivered by e-mail with the sender's PDF",
        metadata={"sender_comment": "Takk for oppdraget!"},
    )
    zipped.archive = {
        f"{zipped.stem}.pdf": picture_of(zipped),
        "timeliste.pdf": time_sheet("70009", when, [(-12, "Mia Vartdal", "1,5 t", "Feilsøking jordfeil")]),
    }
    return [
        rune,
        verft,
        job(
            "70003", people.BERIT, [hours("1"), line("Røykvarsler 230 V", 4, "H87", "419.00", S25, item="EL-7301"), driving(9)],
            "The letter is taken, and the connection breaks before the reply", "in doubt: a mail server cannot be asked, so a person is",
        ),
        job(
            "70004", people.KLIMAFABRIKKEN,
            [
                line("Energikartlegging", 1, "LS", "24500.00", S25, item="KART"),
                line("Klimakvoter (EU ETS)", 40, "TNE", "812.50", REVERSE_CHARGE, item="KVOTE", description="Formidlet for nullutslippsprosjektet"),
                line("Hurtigbåt Ålesund–Valderøya, tur-retur", 2, "C62", "148.21", S12, item="REISE"),
            ],
            "Reverse charge (emission quotas) beside 25 % and 12 % travel", "Peppol not built yet, delivered by e-mail",
            project="Nullvekst 2026", metadata=None,
        ),
        job(
            "70005", people.TUVA, [hours("2"), line("Dimmer LED 200 W", 3, "H87", "649.00", S25, item="EL-1120"), driving(11)],
            "A reply that makes no sense, though the letter was taken",
            "in doubt: nobody can tell whether it was taken, a person is asked",
        ),
        job(
            "70006", people.VELFORENING,
            [
                hours("6"),
                line("Gatelysarmatur LED 40 W", 5, "H87", "1890.00", S25, item="EL-6040"),
                line("Fergebillett servicebil", 2, "C62", "205.36", S12, item="REISE"),
                driving(54),
            ],
            "A residents' association; no KID, which is allowed; kroner rounded to a whole number", "delivered by e-mail, with a note that the KID is missing",
            kid=None, round_to_krone=True, metadata={"recipient_type": "business", "routing": {"route_order": ["email"]}},
        ),
        job(
            "70007", people.KJELL, [hours("2.5"), line("Stikkontakt dobbel", 3, "H87", "164.00", S25, item="EL-4126"), driving(17)],
            "A KID whose check digit is wrong", "a warning; eFaktura without the KID: in the netbank", kid="50003000700079",
        ),
        job(
            "70008", people.BLÅSKJELL, [hours("4"), line("Leie av strømskap, festival", 3, "DAY", "890.00", S25, item="LEIE-63"), driving(31)],
            "A business whose mailbox does not exist", "Peppol not built yet, e-mail refused (550); print, posted", metadata=None,
        ),
        zipped,
        Document(
            SELLER, "70010", people.RUNE, when.day(-2), None,
            [line("Ladeboks 22 kW, reklamasjon", 1, "H87", "8990.00", S25, item="EL-9022", adjustments=(discount(10, "8990.00", "Kampanje"),))],
            "Credit note for the charging box of 70001", "eFaktura: in the netbank", credits=rune,
        ),
        job(
            "70011", people.LARS, [hours("1"), line("Utelampe sensor", 2, "H87", "799.20", S25, item="EL-8811"), driving(26)],
            "A consumer, but nobody said so: no metadata, no organisation number", "treated as a business with a warning; delivered by e-mail", metadata=None,
        ),
        Document(
            SELLER, "70012", people.SUNNMØRE_VERFT, when.day(-1), None,
            [line("LED-armatur høyhall 150 W, returnert", 2, "H87", "2165.00", S25, item="EL-4175")],
            "Credit note to a business, a discount taken back with it", "Peppol not built yet, delivered by e-mail",
            credits=verft, order="SMV-88213", metadata=None,
            adjustments=(discount("4", Decimal("4330.00"), "Rammeavtale", vat=S25),),
        ),
    ]


def pack(doc, metadata):
    """The bytes of the ZIP: the document first, then what belongs to it."""
    content = {f"{doc.stem}.xml": ubl.document(doc), **doc.archive}
    content["metadata.json"] = (json.dumps(metadata, ensure_ascii=False, indent=2) + "\n").encode()
    return archive(content)
