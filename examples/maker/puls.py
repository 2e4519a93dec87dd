"""Puls & Pust Treningssenter AS: memberships, freezes, a bar, and members by direct debit. The ampersand is on purpose."""

from decimal import Decimal

from . import people
from .identifiers import bank_account, org_number
from .invoice import S15, S25, Address, Document, Seller, discount, line

SELLER = Seller(
    short="puls",
    name="Puls & Pust Treningssenter AS",
    org=org_number("99900405"),
    account=bank_account("9999400408"),
    address=Address("Bakklandet 40", "7013", "Trondheim"),
    contact="Medlemsservice",
    email="medlem@pulsogpust.example",
    vat_registered=True,
    in_company_register=True,
    mod11=False,
    customer_digits=7,
    terms="Forfall som angitt. Ved forsinket betaling kan medlemskapet bli satt på pause.",
    about="Memberships 25 %, freezes as credit notes, a bar with food 15 %; `&` in the name; AvtaleGiro, by the service to account "
    "9999.40.05010 and by file to 9999.40.06017",
)

# Accounts with an AvtaleGiro agreement: claims to the first go by the payment service, to the second in files.
BY_SERVICE = bank_account("9999400501")
BY_FILE = bank_account("9999400601")


def documents(when):
    """Members' months, two freezes, and a company that reads English."""
    month = when.month(1)

    def bill(number, buyer, lines, shows, expect, **more):
        return Document(SELLER, number, buyer, when.day(-8), when.day(20), lines, shows, expect, **{"period": month, **more})

    def membership(price="549.00", **more):
        return line(f"Medlemskap {when.name(1)}, alle senter", 1, "MON", price, S25, item="MND", period=month, **more)

    silje = bill(
        "80011", people.SILJE, [membership(), line("Gruppetimer pluss", 1, "MON", "99.00", S25, item="GRP", period=month)],
        "Next month's membership", "eFaktura: in the netbank",
    )
    ida = bill(
        "80015", people.IDA, [
            membership(adjustments=(discount(20, "549.00", "Studentrabatt"),)),
            line("Proteinbar havre og blåbær", 6, "H87", "31.30", S15, item="BAR-11"),
            line("Smoothie", 4, "H87", "52.1739", S15, item="BAR-03"),
        ],
        "A student's discount on the line; food from the bar 15 %, prices with four decimals", "eFaktura accepted, rejected two minutes later: delivered by e-mail",
    )
    return [
        silje,
        bill(
            "80012", people.EMIL, [membership("449.00")],
            "The mail server's reply after the letter makes no sense", "in doubt: nobody can tell whether it was taken, a person is asked",
        ),
        bill(
            "80013", people.NORA, [membership()],
            "A misspelt domain: `postkassa.exampel`", "e-mail refused (550), falls to print, which cannot print it: parked",
        ),
        bill(
            "80014", people.FREDRIK, [membership(), line("PT-time", 2, "HUR", "640.00", S25, item="PT-60")],
            "The letter itself is refused (554)", "e-mail refused, falls to print, posted; some days later the letter comes back: parked",
        ),
        ida,
        bill(
            "80016", people.NORTHERN_DATA,
            [
                line(
                    "Company membership", 35, "MON", "439.20", S25, item="CORP", period=month,
                    description="All centres, 35 employees", adjustments=(discount("12.5", "15372.00", "Volume discount"),),
                ),
                line("Physiotherapist on site", "3.5", "HUR", "960.00", S25, item="PHY", description="Workplace assessment"),
                line("Fruit baskets", 4, "H87", "347.83", S15, item="FRUIT"),
            ],
            "In English to a company that reads English; a discount with its base and per cent", "Peppol not built yet, delivered by e-mail in English",
            notes=f"Corporate agreement, {when.name_en(1)}. Please state our KID when you pay.", contract="CORP-2026-11",
            order="4500017734", terms="Due as stated. Interest is charged on late payment.",
            metadata={"recipient_type": "business", "lang": "EN"},
        ),
        bill(
            "80017", people.SARA, [line("Årsmedlemskap", 1, "ANN", "5490.00", S25, item="AAR", period=(month[0], when.month(12)[1]))],
            "A year's membership, 2,000 kroner of it already paid; an apostrophe in the name; the old word `vipps` in the route order",
            "she has blocked the sender in her bank: delivered by e-mail", period=(month[0], when.month(12)[1]), prepaid=Decimal("2000.00"), round_to_krone=True,
            metadata={"routing": {"route_order": ["vipps", "email"]}},
        ),
        bill(
            "80018", people.VEGARD, [membership("349.00")],
            "An address that cannot be one: `vegard.saeterboe@@post.example`", "e-mail closed with its reason; print, posted",
        ),
        Document(
            SELLER, "80019", people.SILJE, when.day(-3), None, [membership(note="Frys på grunn av skade")],
            "Credit note: the month is frozen, for 80011", "eFaktura: in the netbank", credits=silje,
            notes="Medlemskapet er satt på pause. God bedring!",
        ),
        Document(
            SELLER, "80020", people.IDA, when.day(-2), None,
            [membership(note="Frys, studieopphold", adjustments=(discount(20, "549.00", "Studentrabatt"),))],
            "Credit note with the same discount as the invoice, for 80015", "as 80015: delivered by e-mail", credits=ida,
        ),
        *by_direct_debit(bill, membership),
    ]


def by_direct_debit(bill, membership):
    """Ten members who have given a mandate."""
    route_order = ["avtalegiro", "efaktura", "email", "print"]

    def claim(number, account, buyer, shows, expect, *more):
        metadata = {"routing": {"route_order": route_order}}
        return bill(number, buyer, [membership(), *more], shows, expect, account=account, metadata=metadata)

    def hours(price):
        return line("PT-time", 1, "HUR", price, S25, item="PT-60")

    return [
        claim(
            "80101", BY_SERVICE, people.TIRIL,
            "AvtaleGiro by the service; the notice stands in the netbank", "claimed, debited: paid",
        ),
        claim(
            "80102", BY_SERVICE, people.JON,
            "No cover; pays half by hand some days later", "claimed, not debited: open again with the other half", hours("640.00"),
        ),
        claim(
            "80103", BY_SERVICE, people.HEDDA,
            "Nothing on the payer's account: no record of the rail says so", "claimed, not debited: open again, a reminder is proposed",
        ),
        claim(
            "80104", BY_SERVICE, people.MATS,
            "The mandate is deleted between the look-up and the claim", "the claim is refused; delivered by e-mail, to be paid by hand",
        ),
        claim(
            "80105", BY_SERVICE, people.RONJA,
            "A payer who wants no notice", "claimed, debited: paid; nobody is told", hours("320.00"),
        ),
        claim(
            "80106", BY_FILE, people.GUNVOR,
            "AvtaleGiro by file; the notice is a letter", "claimed, debited: paid",
        ),
        claim(
            "80107", BY_FILE, people.ULRIK,
            "AvtaleGiro by file; the notice stands in the netbank", "claimed, debited: paid", hours("640.00"),
        ),
        claim(
            "80108", BY_FILE, people.SYNNØVE,
            "The bank debits twice by mistake", "claimed, debited twice: overpaid; the bank is to be asked before anything is paid back",
        ),
        claim(
            "80109", BY_FILE, people.PEDER,
            "No cover; pays by hand some days later, with the KID of another invoice",
            "claimed, not debited: open again; the payment is parked, and this invoice suggested", hours("480.00"),
        ),
        claim(
            "80110", BY_FILE, people.ANDREA,
            "The payer has the debit reversed", "claimed, debited, taken back: a person finds out why",
        ),
    ]
