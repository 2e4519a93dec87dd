"""An invoice or credit note, and its sums. Money is Decimal, rounded half up to two places, never a float."""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from . import identifiers

ØRE = Decimal("0.01")


def money(value):
    """Rounded to two decimals, half away from zero as an accountant does."""
    return Decimal(value).quantize(ØRE, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Vat:
    """A VAT category (UNCL5305), its rate, and why nothing is charged where nothing is."""

    category: str
    percent: Decimal | None
    reason: str | None = None


S25 = Vat("S", Decimal(25))
S15 = Vat("S", Decimal(15))
S12 = Vat("S", Decimal(12))


def exempt(reason):
    """Exempt from VAT (E), with the law's reason."""
    return Vat("E", Decimal(0), reason)


def outside(reason):
    """Outside the VAT act (O). EN 16931 lets O stand only alone on a document (BR-O-11)."""
    return Vat("O", None, reason)


EXPORT = Vat("G", Decimal(0), "Utførsel av tjeneste, merverdiavgiftsloven § 6-22")
REVERSE_CHARGE = Vat("AE", Decimal(0), "Omvendt avgiftsplikt – Merverdiavgift ikke beregnet")


@dataclass(frozen=True)
class Adjustment:
    """An allowance or a charge, on the document (with VAT) or on a line (without)."""

    charge: bool
    reason: str
    amount: Decimal
    code: str | None = None
    percent: Decimal | None = None
    base: Decimal | None = None
    vat: Vat | None = None

    @property
    def signed(self):
        return self.amount if self.charge else -self.amount


def discount(percent, base, reason, vat=None):
    """An allowance of so many per cent of a base amount; 95 is "discount" in UNCL5189."""
    base, percent = money(base), Decimal(percent)
    return Adjustment(False, reason, money(base * percent / 100), "95", percent, base, vat)


def charge(amount, reason, vat, code):
    """A charge with a fixed amount; the code is from UNCL7161."""
    return Adjustment(True, reason, money(amount), code, vat=vat)


@dataclass(frozen=True)
class Line:
    """One line. `price` is for `per` units, and may have more decimals than the currency."""

    name: str
    quantity: Decimal
    unit: str
    price: Decimal
    vat: Vat
    description: str | None = None
    note: str | None = None
    item: str | None = None
    per: int = 1
    period: tuple[date, date] | None = None
    adjustments: tuple[Adjustment, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def net(self):
        full = money(self.quantity * self.price / self.per)
        return full + sum(adjustment.signed for adjustment in self.adjustments)


def line(name, quantity, unit, price, vat, **more):
    """A line from plain text numbers."""
    return Line(name, Decimal(str(quantity)), unit, Decimal(str(price)), vat, **more)


@dataclass(frozen=True)
class Address:
    street: str
    postal_code: str
    city: str
    country: str = "NO"
    extra: str | None = None


@dataclass(frozen=True)
class Seller:
    """An issuer. `vat_registered` decides whether the MVA number is shown."""

    short: str
    name: str
    org: str
    account: str
    address: Address
    contact: str
    email: str
    vat_registered: bool
    in_company_register: bool
    mod11: bool
    customer_digits: int
    terms: str
    about: str

    def kid(self, customer, number):
        """Customer part, invoice part, check digit: the customer part is what a direct debit mandate matches on."""
        body = f"{int(customer):0{self.customer_digits}}{int(number):08}"
        digit = identifiers.mod11_kid(body) if self.mod11 else identifiers.mod10(body)
        # The eFaktura field takes digits only, so a body that would end in "-" is not used.
        return body + digit if digit != "-" else self.kid(int(customer) + 10_000, number)


@dataclass(frozen=True)
class Buyer:
    """Whom the invoice is made out to. Only a business has `org`."""

    customer: str
    name: str
    address: Address
    email: str | None = None
    phone: str | None = None
    born: date | None = None
    org: str | None = None
    endpoint: tuple[str, str] | None = None
    vat: str | None = None
    contact: str | None = None

    @property
    def is_consumer(self):
        return self.org is None


@dataclass(frozen=True)
class Attachment:
    """A file inside the document, or (with `uri`) a place to fetch it from."""

    id: str
    description: str
    name: str = ""
    mime: str = ""
    content: bytes = b""
    uri: str | None = None


@dataclass
class Document:
    """An invoice, or a credit note where `credits` says of which document."""

    seller: Seller
    number: str
    buyer: Buyer
    issued: date
    due: date | None
    lines: list[Line]
    shows: str
    expect: str
    credits: "Document | None" = None
    period: tuple[date, date] | None = None
    delivered: date | None = None
    delivery_address: Address | None = None
    notes: str | None = None
    currency: str = "NOK"
    nok_rate: Decimal | None = None
    order: str | None = None
    contract: str | None = None
    project: str | None = None
    meter: str | None = None
    accounting: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    prepaid: Decimal = Decimal(0)
    round_to_krone: bool = False
    kid: str | None = ""
    # Another account than the seller's usual one.
    account: str | None = None
    terms: str | None = None
    metadata: dict | None = field(default_factory=dict)
    email_in_document: bool = True
    archive: dict[str, bytes] | None = None

    @property
    def stem(self):
        return f"{self.seller.short}-{self.number}"

    @property
    def payment_id(self):
        """The KID: by the seller's structure unless the document says another, or none."""
        if self.credits is not None or self.kid is None:
            return None
        return self.kid or self.seller.kid(self.buyer.customer, self.number)

    def sums(self):
        return Sums(self)


class Sums:
    """What EN 16931 calls BG-22 and BG-23, by BR-CO-10 to BR-CO-17."""

    def __init__(self, document):
        groups = {}
        for entry, amount in [(line, line.net) for line in document.lines] + [
            (adjustment, adjustment.signed) for adjustment in document.adjustments
        ]:
            key = (entry.vat.category, entry.vat.percent)
            taxable, vat = groups.get(key, (Decimal(0), entry.vat))
            if vat.reason != entry.vat.reason:
                raise ValueError(f"{document.stem}: one reason per VAT category, not {vat.reason} and {entry.vat.reason}")
            groups[key] = (taxable + amount, vat)
        self.groups = [
            (vat, taxable, money(taxable * (vat.percent or 0) / 100))
            for _, (taxable, vat) in sorted(groups.items(), key=lambda group: (group[0][0] != "S", -(group[0][1] or 0)))
        ]
        self.lines = sum((line.net for line in document.lines), Decimal(0))
        self.allowances = sum((a.amount for a in document.adjustments if not a.charge), Decimal(0))
        self.charges = sum((a.amount for a in document.adjustments if a.charge), Decimal(0))
        self.without_vat = self.lines - self.allowances + self.charges
        self.vat = sum((tax for _, _, tax in self.groups), Decimal(0))
        self.vat_nok = money(self.vat * document.nok_rate) if document.nok_rate else None
        self.with_vat = self.without_vat + self.vat
        self.prepaid = document.prepaid
        exact = self.with_vat - self.prepaid
        whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
        self.rounding = whole - exact if document.round_to_krone else Decimal(0)
        self.payable = money(exact + self.rounding)
