"""Fjordvik kommune: municipal fees, tuition, halls. The place is invented, and so is its post code."""

from . import people
from .identifiers import bank_account, identity_number, org_number
from .invoice import S12, S15, S25, Address, Document, Seller, exempt, line, outside

SELLER = Seller(
    short="fjordvik",
    name="Fjordvik kommune",
    org=org_number("99900202"),
    account=bank_account("9999200202"),
    address=Address("Rådhusgata 1", "5988", "Fjordvik", extra="Postboks 100"),
    contact="Kommunekassen",
    email="kommunekassen@fjordvik.example",
    vat_registered=True,
    in_company_register=False,
    mod11=True,
    customer_digits=6,
    terms="Betalingsfrist 30 dager. Renter beregnes etter forfall.",
    about="Municipal fees 15 % and 25 % with property tax outside the act, tuition, halls; KID by MOD11",
)

PROPERTY_TAX = exempt("Eiendomsskatt er ikke omsetning etter merverdiavgiftsloven")
TUITION = exempt("Unntatt: undervisning, merverdiavgiftsloven § 3-5")
AUTHORITY = outside("Gebyr ved offentlig myndighetsutøvelse, merverdiavgiftsloven § 3-9")
TAX_ALONE = outside("Eiendomsskatt er ikke omsetning etter merverdiavgiftsloven")


def fees(when, water, tax):
    """A quarter's municipal fees: water and sewage 15 % since May 2025, refuse and sweeping 25 %, property tax without."""
    span = when.quarter()
    return [
        line("Vann, abonnementsgebyr", "0.25", "ANN", "2140.00", S15, item="VA-10", period=span),
        line("Vann etter måler", water, "MTQ", "21.8750", S15, item="VA-11", period=span),
        line("Avløp, abonnementsgebyr", "0.25", "ANN", "2675.00", S15, item="AV-10", period=span),
        line("Avløp etter måler", water, "MTQ", "33.1250", S15, item="AV-11", period=span),
        line("Renovasjon, 140 liter", "0.25", "ANN", "4390.00", S25, item="RE-14", period=span),
        line("Feiing og tilsyn", "0.25", "ANN", "612.00", S25, item="FE-01", period=span),
        line("Eiendomsskatt bolig", "0.25", "ANN", tax, PROPERTY_TAX, item="ES-01", period=span, note="Gnr. 14 bnr. 203"),
    ]


def documents(when):
    """Most go to inhabitants; the last three are halls and building permits."""

    def fee(number, buyer, water, tax, shows, expect, **more):
        return Document(
            SELLER, number, buyer, when.day(-9), when.day(26), fees(when, water, tax), shows, expect,
            period=when.quarter(), delivery_address=buyer.address, **more,
        )

    bjørn = fee("260401", people.BJØRN, "31.0", "6840.00", "Municipal fees: 15 %, 25 % and property tax without VAT; KID by MOD11", "found by the banks' register, but turned off since: rejected, delivered by e-mail")
    hall = Document(
        SELLER, "260407", people.FJORDVIK_HOTELL, when.day(-8), when.day(22),
        [
            line("Leie av kultursalen, kveld", 2, "C62", "3200.00", S25, item="UT-20"),
            line("Kinobilletter, gruppe", 44, "C62", "125.00", S12, item="KI-05"),
            line("Pauseservering", 44, "C62", "48.00", S15, item="KI-20"),
        ],
        "A hotel hires the hall: 25 %, 15 % and 12 % on one invoice", "Peppol not built yet, delivered by e-mail",
        delivered=when.day(-16), order="HOTELL-88", metadata=None,
    )
    return [
        bjørn,
        fee(
            "260402", people.GURO, "48.5", "5520.00",
            "The letter is taken, and a bounce message comes back later", "handed over, then bounced; falls to print, posted",
        ),
        fee(
            "260403", people.TORBJØRG, "12.0", "4410.00",
            "A consumer with a date of birth but no e-mail address", "no bank knows her; print, posted",
        ),
        fee(
            "260404", people.HENRIK, "27.3", "6120.00",
            "A (synthetic) fødselsnummer in the metadata, which must never be seen again; the e-mail address stands only there too", "delivered by e-mail",
            email_in_document=False, metadata={
                "recipient_ssn": identity_number(12, 3, 1985, 401),
                "routing": {"route_order": ["avtalegiro", "efaktura", "email", "print"]},
            },
        ),
        Document(
            SELLER, "260405", people.MARTE, when.day(-9), when.day(26),
            [line("Eiendomsskatt fritidsbolig", "0.5", "ANN", "7280.00", TAX_ALONE, item="ES-02", note="Gnr. 31 bnr. 7", period=when.quarter())],
            "Property tax alone: outside the act (O), so no VAT number is shown", "eFaktura by an old agreement, though Yes to All is off", period=when.quarter(),
        ),
        Document(
            SELLER, "260406", people.EIVIND, when.day(-7), when.day(23),
            [
                line("Kulturskole, fiolin", 1, "C62", "1890.00", TUITION, item="KS-07", note="Elev: Sunniva"),
                line("Leie av fiolin", 4, "MON", "95.00", S25, item="KS-30"),
                line("Noter", 3, "H87", "79.00", exempt(TUITION.reason), item="KS-31"),
            ],
            "Tuition is exempt, the hire of the violin is not; print is wanted first, then e-mail",
            "printed and posted", delivered=when.day(-12),
            metadata={"routing": {"route_order": ["print", "email"]}},
        ),
        hall,
        Document(
            SELLER, "260408", people.SAMEIET, when.day(-8), when.day(22),
            [line("Byggesaksgebyr, fasadeendring", 1, "C62", "11420.00", AUTHORITY, item="BY-04", note="Sak 2026/1187")],
            "A building permit for a jointly owned property; a business that has no e-mail address", "Peppol not built yet; print, posted",
            delivered=when.day(-20), metadata=None,
        ),
        Document(
            SELLER, "260409", people.BJØRN, when.day(-4), None,
            [
                line("Vann etter måler, feil avlesing", "4.0", "MTQ", "21.8750", S15, item="VA-11", period=when.quarter()),
                line("Avløp etter måler, feil avlesing", "4.0", "MTQ", "33.1250", S15, item="AV-11", period=when.quarter()),
                line("Eiendomsskatt, klage tatt til følge", 1, "C62", "240.00", PROPERTY_TAX, item="ES-01"),
            ],
            "Credit note for a part of 260401, two VAT categories", "rejected by the bank like 260401, delivered by e-mail", credits=bjørn, period=when.quarter(),
        ),
        fee(
            "260410", people.SOLVEIG, "19.8", "5980.00",
            "An automatic reply comes back, which is no bounce", "delivered by e-mail",
        ),
    ]
