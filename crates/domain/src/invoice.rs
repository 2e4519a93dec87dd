//! The invoice as EN 16931 knows it: business terms (BT) and groups (BG) of EN 16931-1:2017, rich enough for UBL, Finvoice and PDF.
//!
//! An [`Invoice`] is what the document says, true or not: sums are carried as written, and [`crate::invoice::checks`] judges
//! them. It holds no delivery, no route and no payment status; those are in [`crate::delivery`] and its neighbours.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::identifiers::{OrgNumber, VatNumber};
use crate::money::{Amount, Currency};

pub mod booked;
pub mod checks;

/// Invoice or credit note: the two shapes of the syntaxes. The exact kind is the type code (BT-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Money is asked for.
    Invoice,
    /// Money is given back.
    CreditNote,
}

/// An invoice or credit note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// BT-3, UNTDID 1001: `380`, `381`, `384`, `393`…
    pub type_code: String,
    /// BT-1.
    pub number: String,
    /// BT-2.
    pub issued_on: Date,
    /// BT-9.
    pub due_on: Option<Date>,
    /// BT-7.
    pub tax_point_on: Option<Date>,
    /// BT-8, UNTDID 2005.
    pub tax_point_code: Option<String>,
    /// BT-5.
    pub currency: Currency,
    /// BT-6: the currency in which VAT is accounted, where it is another.
    pub tax_currency: Option<Currency>,
    /// BT-24: the specification that the document follows.
    pub specification: Option<String>,
    /// BT-23: the business process.
    pub process: Option<String>,
    /// BG-1.
    pub notes: Vec<Note>,
    /// BT-10 to BT-19.
    pub references: References,
    /// BG-3.
    pub preceding: Vec<PrecedingInvoice>,
    /// BG-4.
    pub seller: Party,
    /// BG-7.
    pub buyer: Party,
    /// BG-10: whom to pay where it is not the seller.
    pub payee: Option<Payee>,
    /// BG-11.
    pub tax_representative: Option<Party>,
    /// BG-13.
    pub delivery: Option<DeliveryInformation>,
    /// BG-14.
    pub period: Option<Period>,
    /// BG-16, one per way to pay.
    pub payment: Vec<PaymentInstruction>,
    /// BT-20.
    pub payment_terms: Option<String>,
    /// BG-20 and BG-21.
    pub allowances_and_charges: Vec<AllowanceOrCharge>,
    /// BG-22.
    pub totals: Totals,
    /// BG-23.
    pub vat_breakdown: Vec<VatSubtotal>,
    /// BG-24.
    pub attachments: Vec<Attachment>,
    /// BG-25.
    pub lines: Vec<Line>,
}

/// BG-1: a note and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Note {
    /// BT-21, UNTDID 4451.
    pub subject_code: Option<String>,
    /// BT-22.
    pub text: String,
}

/// The references of the document, BT-10 to BT-19.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct References {
    /// BT-10: "your reference".
    pub buyer: Option<String>,
    /// BT-11.
    pub project: Option<String>,
    /// BT-12.
    pub contract: Option<String>,
    /// BT-13.
    pub purchase_order: Option<String>,
    /// BT-14.
    pub sales_order: Option<String>,
    /// BT-15.
    pub receiving_advice: Option<String>,
    /// BT-16.
    pub despatch_advice: Option<String>,
    /// BT-17.
    pub tender: Option<String>,
    /// BT-18 with its scheme.
    pub invoiced_object: Option<Identifier>,
    /// BT-19: the buyer's accounting reference.
    pub buyer_accounting: Option<String>,
}

/// An identifier with the scheme that it lives in (ISO 6523 ICD, EAS or UNTDID 1153, by place).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Identifier {
    /// The identifier.
    pub value: String,
    /// Its scheme, such as `0192` for Norwegian organisation numbers.
    pub scheme: Option<String>,
}

/// BG-3: an invoice that this one corrects or credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecedingInvoice {
    /// BT-25.
    pub number: String,
    /// BT-26.
    pub issued_on: Option<Date>,
}

/// A seller, buyer or tax representative: BG-4, BG-7, BG-11.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// BT-27, BT-44, BT-62: the registered name.
    pub name: String,
    /// BT-28, BT-45: the name that it trades under.
    pub trading_name: Option<String>,
    /// BT-29, BT-46.
    pub identifiers: Vec<Identifier>,
    /// BT-30, BT-47: for Norwegians the organisation number, scheme `0192`.
    pub legal_registration: Option<Identifier>,
    /// BT-31, BT-48, BT-63: `NO999999999MVA`.
    pub vat_number: Option<String>,
    /// BT-32: for Norwegian sellers the word `Foretaksregisteret`.
    pub tax_registration: Option<String>,
    /// BT-33.
    pub legal_information: Option<String>,
    /// BT-34, BT-49, with its EAS scheme.
    pub electronic_address: Option<Identifier>,
    /// BG-5, BG-8, BG-12.
    pub address: Address,
    /// BG-6, BG-9.
    pub contact: Contact,
}

/// A postal address: BG-5, BG-8, BG-12, BG-15.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    /// Address line 1.
    pub line1: Option<String>,
    /// Address line 2.
    pub line2: Option<String>,
    /// Address line 3.
    pub line3: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Post code; Norwegian ones keep their leading zeros.
    pub postal_code: Option<String>,
    /// Country subdivision.
    pub subdivision: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// BG-6, BG-9: a person or department to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// BT-41, BT-56.
    pub name: Option<String>,
    /// BT-42, BT-57.
    pub phone: Option<String>,
    /// BT-43, BT-58.
    pub email: Option<String>,
}

/// BG-10.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Payee {
    /// BT-59.
    pub name: String,
    /// BT-60.
    pub identifier: Option<Identifier>,
    /// BT-61.
    pub legal_registration: Option<Identifier>,
}

/// BG-13 with BG-15.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeliveryInformation {
    /// BT-70.
    pub name: Option<String>,
    /// BT-71.
    pub location: Option<Identifier>,
    /// BT-72.
    pub delivered_on: Option<Date>,
    /// BG-15.
    pub address: Option<Address>,
}

/// BG-14, BG-26: either end may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Period {
    /// BT-73, BT-134.
    pub from: Option<Date>,
    /// BT-74, BT-135.
    pub to: Option<Date>,
}

/// BG-16: one way to pay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PaymentInstruction {
    /// BT-81, UNTDID 4461: `30` and `58` credit transfer, `49` and `59` direct debit, `48` card.
    pub means_code: String,
    /// BT-82.
    pub means_text: Option<String>,
    /// BT-83: in Norway the KID.
    pub remittance: Option<String>,
    /// BG-17.
    pub accounts: Vec<PaymentAccount>,
    /// BG-18: the last digits of the card and its holder.
    pub card: Option<Card>,
    /// BG-19.
    pub direct_debit: Option<DirectDebit>,
}

/// BG-17: an account to pay to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PaymentAccount {
    /// BT-84: an IBAN or a national number (11 digits in Norway).
    pub number: String,
    /// BT-85.
    pub name: Option<String>,
    /// BT-86: a BIC.
    pub bank: Option<String>,
}

/// BG-18.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Card {
    /// BT-87: the last four to six digits.
    pub last_digits: String,
    /// BT-88.
    pub holder: Option<String>,
}

/// BG-19.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirectDebit {
    /// BT-89.
    pub mandate: Option<String>,
    /// BT-90.
    pub creditor: Option<Identifier>,
    /// BT-91.
    pub debited_account: Option<String>,
}

/// VAT category and rate: BT-95/96, BT-102/103, BT-118/119, BT-151/152.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatRate {
    /// UNTDID 5305: `S`, `Z`, `E`, `AE`, `K`, `G`, `O`…
    pub category: String,
    /// Percent; absent for `O`.
    pub percent: Option<Decimal>,
}

/// BG-20, BG-21, BG-27, BG-28.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowanceOrCharge {
    /// A charge adds, an allowance takes away.
    pub adds: AllowanceKind,
    /// BT-92, BT-99, BT-136, BT-141.
    pub amount: Amount,
    /// BT-93, BT-100, BT-137, BT-142.
    pub base: Option<Amount>,
    /// BT-94, BT-101, BT-138, BT-143.
    pub percent: Option<Decimal>,
    /// BT-95/96, BT-102/103; none on lines.
    pub vat: Option<VatRate>,
    /// BT-97, BT-104, BT-139, BT-144.
    pub reason: Option<String>,
    /// BT-98, BT-105, BT-140, BT-145.
    pub reason_code: Option<String>,
}

/// Whether it takes away or adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowanceKind {
    /// Takes away.
    Allowance,
    /// Adds.
    Charge,
}

/// BG-22.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// BT-106: sum of the line net amounts.
    pub lines: Amount,
    /// BT-107.
    pub allowances: Option<Amount>,
    /// BT-108.
    pub charges: Option<Amount>,
    /// BT-109.
    pub without_vat: Amount,
    /// BT-110.
    pub vat: Option<Amount>,
    /// BT-111, in the tax currency.
    pub vat_in_tax_currency: Option<Amount>,
    /// BT-112.
    pub with_vat: Amount,
    /// BT-113.
    pub prepaid: Option<Amount>,
    /// BT-114.
    pub rounding: Option<Amount>,
    /// BT-115: what is to be paid.
    pub payable: Amount,
}

/// BG-23: one line of the VAT specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatSubtotal {
    /// BT-116.
    pub taxable: Amount,
    /// BT-117.
    pub tax: Amount,
    /// BT-118, BT-119.
    pub rate: VatRate,
    /// BT-120.
    pub exemption: Option<String>,
    /// BT-121.
    pub exemption_code: Option<String>,
}

/// BG-24: a supporting document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// BT-122.
    pub id: String,
    /// BT-123.
    pub description: Option<String>,
    /// BT-124: where it can be fetched. Kvitt shows it and never fetches it.
    pub location: Option<String>,
    /// BT-125.
    pub file: Option<File>,
    /// Whether the sender calls this the picture of the invoice itself: it then wins over ours.
    pub is_image_of_invoice: bool,
}

/// A file that travels with the document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// A bare file name, no path.
    pub name: String,
    /// Its MIME type, as the document says.
    pub media_type: String,
    /// Its content. Stored apart from the invoice: only its digest is serialised.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({:?}, {}, {} bytes)", self.name, self.media_type, self.bytes.len())
    }
}

/// BG-25.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// BT-126.
    pub id: String,
    /// BT-127.
    pub note: Option<String>,
    /// BT-128.
    pub invoiced_object: Option<Identifier>,
    /// BT-129.
    pub quantity: Decimal,
    /// BT-130: UN/ECE Rec 20 and 21.
    pub unit: String,
    /// BT-131.
    pub net: Amount,
    /// BT-132.
    pub order_line: Option<String>,
    /// BT-133.
    pub buyer_accounting: Option<String>,
    /// BG-26.
    pub period: Option<Period>,
    /// BG-27, BG-28.
    pub allowances_and_charges: Vec<AllowanceOrCharge>,
    /// BG-29.
    pub price: Price,
    /// BT-151, BT-152.
    pub vat: VatRate,
    /// BG-31.
    pub item: Item,
}

/// BG-29: prices may have more decimals than the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// BT-146.
    pub net: Decimal,
    /// BT-147.
    pub discount: Option<Decimal>,
    /// BT-148.
    pub gross: Option<Decimal>,
    /// BT-149: the price is for so many units.
    pub base_quantity: Option<Decimal>,
    /// BT-150.
    pub base_unit: Option<String>,
}

/// BG-31.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Item {
    /// BT-153.
    pub name: String,
    /// BT-154.
    pub description: Option<String>,
    /// BT-155.
    pub seller_id: Option<String>,
    /// BT-156.
    pub buyer_id: Option<String>,
    /// BT-157.
    pub standard_id: Option<Identifier>,
    /// BT-158: code, list, version.
    pub classifications: Vec<Classification>,
    /// BT-159: ISO 3166-1 alpha-2.
    pub origin_country: Option<String>,
    /// BG-32: name and value.
    pub attributes: Vec<(String, String)>,
}

/// BT-158.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Classification {
    /// The class.
    pub code: String,
    /// UNTDID 7143.
    pub list: String,
    /// The list's version.
    pub version: Option<String>,
}

impl Identifier {
    /// Whether the scheme says that this is a Norwegian organisation number: `0192` in ISO 6523 and EAS, `9908` before that,
    /// `NO:ORGNR` in EHF 2. The number itself may still be wrong.
    pub fn is_norwegian_org_number(&self) -> bool {
        matches!(self.scheme.as_deref(), Some("0192" | "9908" | "NO:ORGNR"))
    }
}

impl Party {
    /// Whether the party is Norwegian: by its address, its registration or its VAT number.
    pub fn is_norwegian(&self) -> bool {
        self.address.country.as_deref() == Some("NO")
            || self.legal_registration.as_ref().is_some_and(Identifier::is_norwegian_org_number)
            || self.vat_number.as_deref().is_some_and(|number| VatNumber::parse(number).is_ok())
    }

    /// Its Norwegian organisation number, where the document gives a valid one: as registration (BT-30, BT-47), in the VAT
    /// number (BT-31, BT-48), or as electronic address (BT-34, BT-49).
    pub fn org_number(&self) -> Option<OrgNumber> {
        let of = |id: &Identifier| OrgNumber::parse(&id.value).ok();
        let registered = self.legal_registration.as_ref().filter(|id| id.is_norwegian_org_number() || id.scheme.is_none());
        registered
            .filter(|_| self.is_norwegian())
            .and_then(of)
            .or_else(|| Some(VatNumber::parse(self.vat_number.as_deref()?).ok()?.org_number()))
            .or_else(|| self.electronic_address.as_ref().filter(|id| id.is_norwegian_org_number()).and_then(of))
    }
}

impl Invoice {
    /// The KID or other remittance reference that the payer is asked to give (BT-83), the first where several are.
    pub fn remittance(&self) -> Option<&str> {
        self.payment.iter().find_map(|payment| payment.remittance.as_deref())
    }

    /// The account that the payer is asked to pay to (BT-84), the first where several are.
    pub fn account(&self) -> Option<&str> {
        self.payment.iter().flat_map(|payment| &payment.accounts).map(|account| account.number.as_str()).next()
    }

    /// The sender's own picture of the invoice, if one came with it: it always wins over ours.
    pub fn own_image(&self) -> Option<&File> {
        self.attachments
            .iter()
            .filter(|attachment| attachment.is_image_of_invoice)
            .find_map(|attachment| attachment.file.as_ref())
    }

    /// The files that go with the invoice, its own picture left out.
    pub fn enclosures(&self) -> impl Iterator<Item = &File> {
        self.attachments
            .iter()
            .filter(|attachment| !attachment.is_image_of_invoice)
            .filter_map(|attachment| attachment.file.as_ref())
    }
}
