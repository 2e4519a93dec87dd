//! What stands in a file from the bank, as types. Values are as the file has them: an account here may fail its check digit.

use std::sync::Arc;

use jiff::civil::Date;
use kvitt_domain::identifiers::{BankAccount, Iban};
use kvitt_domain::{Amount, Fault};

pub use kvitt_domain::mandate::Registration;

/// One thing in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A transmission begins; a message of camt is one too.
    Transmission(Arc<Transmission>),
    /// An order begins: claims, cancellations, mandates, payments; a notification or statement of camt is one too.
    Order(Arc<Order>),
    /// A claim.
    Claim(Claim),
    /// The cancellation of a claim.
    Cancellation(Cancellation),
    /// A mandate: there is one, it is new or changed, or it is gone.
    Mandate(MandateRecord),
    /// Money that came in or went out.
    Payment(PaymentRecord),
    /// The order ends; its counts and sums are right, or a fault stands before this.
    OrderEnd(OrderEnd),
    /// The transmission ends.
    TransmissionEnd(TransmissionEnd),
    /// Something that a person should know, and that stops nothing: a warning with line and column.
    Remark(Fault),
}

/// Which kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Records of 80 columns: AvtaleGiro and OCR giro.
    Nets,
    /// camt.053, a statement of an account.
    Camt053,
    /// camt.054, a notification of debits and credits.
    Camt054,
}

/// How a transmission begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    /// Which kind of file.
    pub format: Format,
    /// The transmission number, seven digits; the message id (`MsgId`) of camt.
    pub number: String,
    /// The data sender, eight digits: `00008080` is Nets. None in camt.
    pub sender: Option<String>,
    /// The data recipient, eight digits. None in camt.
    pub recipient: Option<String>,
    /// When the message was made, as it stands there. None in a NETS file.
    pub created: Option<String>,
    /// Its first line.
    pub line: u64,
}

impl Transmission {
    /// Nets itself, as data sender and data recipient.
    pub const NETS: &'static str = "00008080";

    /// Whether it came from the bank, and not for it.
    pub fn is_inbound(&self) -> bool {
        self.format != Format::Nets || self.sender.as_deref() == Some(Transmission::NETS)
    }
}

/// What an order is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderKind {
    /// Claims of AvtaleGiro.
    Claims,
    /// Cancellations of such claims.
    Cancellations,
    /// Mandates.
    Mandates,
    /// Payments: OCR giro, camt.
    Payments,
}

impl OrderKind {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            OrderKind::Claims => "claims",
            OrderKind::Cancellations => "cancellations",
            OrderKind::Mandates => "mandates",
            OrderKind::Payments => "payments",
        }
    }
}

/// How an order begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The transmission that it is in.
    pub transmission: Arc<Transmission>,
    /// What it is of.
    pub kind: OrderKind,
    /// Its number, seven digits; the `Id` of a statement or notification.
    pub number: String,
    /// The agreement id of OCR giro, nine digits.
    pub agreement: Option<String>,
    /// Our bank account: eleven digits where it is Norwegian, also where the file says it as IBAN; else as the file says it.
    pub account: String,
    /// Its first line.
    pub line: u64,
}

/// The account that a file names: the eleven digits inside a Norwegian IBAN, anything else without its spaces and dots.
pub(super) fn account_of(text: &str) -> String {
    let plain: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '.').collect();
    let inside = Iban::parse(&plain).ok().and_then(|iban| iban.norwegian_account());
    inside.as_ref().map(BankAccount::as_str).map(str::to_owned).unwrap_or(plain)
}

/// A claim of AvtaleGiro as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The order that it is in.
    pub order: Arc<Order>,
    /// Its number in the order.
    pub transaction: u32,
    /// Whether the bank tells the payer (type 21); else the payee does (type 02).
    pub bank_notifies: bool,
    /// When it falls due.
    pub due_on: Date,
    /// The amount.
    pub amount: Amount,
    /// The KID.
    pub kid: String,
    /// The short name of the payer, at most ten characters; may be empty.
    pub payer: String,
    /// What stands on the payer's statement, at most 25 characters; may be empty.
    pub reference: String,
    /// What the bank's notice says.
    pub specifications: Vec<Specification>,
    /// Its first line.
    pub line: u64,
    /// The lines as they stood.
    pub raw: Raw,
}

/// Forty characters of a bank's notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// Its line in the notice, 1 to 42.
    pub row: u8,
    /// Its half of the line, 1 or 2.
    pub column: u8,
    /// The text, blanks before it kept.
    pub text: String,
}

/// The cancellation of a claim: the claim with this account, KID, amount and due date is not to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The order that it is in.
    pub order: Arc<Order>,
    /// Its number in the order, which need not be the claim's.
    pub transaction: u32,
    /// When the claim falls due.
    pub due_on: Date,
    /// The amount of the claim. Counts as positive in every sum.
    pub amount: Amount,
    /// The KID of the claim.
    pub kid: String,
    /// The short name of the payer; may be empty.
    pub payer: String,
    /// Its first line.
    pub line: u64,
    /// The lines as they stood.
    pub raw: Raw,
}

/// What a file says of one mandate. There is no name, account or date of the payer in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateRecord {
    /// The order that it is in; its account is ours.
    pub order: Arc<Order>,
    /// Its number in the order: no stable id.
    pub transaction: u32,
    /// What is said of it.
    pub registration: Registration,
    /// The KID that the payer gave when it was made.
    pub kid: String,
    /// Whether the payer wants to be told in writing before each claim.
    pub wants_notice: bool,
    /// Its line.
    pub line: u64,
    /// The line as it stood.
    pub raw: Raw,
}

/// What kind of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentKind {
    /// Type of transaction of OCR giro, 10 to 21: 15 is AvtaleGiro, 18 and 20 are reversals. Others are read as they come.
    Ocr(u8),
    /// An entry of camt.
    Camt,
}

/// How a payment stands to the line of the account statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It is a line of its own.
    Whole,
    /// It is a line without details: one payment or several, this file does not say. camt only.
    Line,
    /// It is one of several that share a line: that line's serial number in OCR giro, its bank reference in camt.
    Of(String),
    /// It is a line of so many payments that this file does not tell apart: a camt.054 or OCR file does.
    TotalOf(u64),
}

/// Money that came in, or went out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The order that it is in; its account is ours.
    pub order: Arc<Order>,
    /// Its number in the order; in camt it is counted here, from 1.
    pub transaction: u32,
    /// What kind.
    pub kind: PaymentKind,
    /// The KID, as it was given: possibly of a wrong form, and absent where there was none.
    pub kid: Option<String>,
    /// What it does to our account: below zero for reversals and for money that goes out.
    pub amount: Amount,
    /// Whether it takes an earlier payment back.
    pub is_reversal: bool,
    /// The Nets date; the booking date of camt.
    pub booked_on: Date,
    /// The bank date; the value date of camt.
    pub valued_on: Option<Date>,
    /// The other side's account, where the file names it.
    pub payer_account: Option<String>,
    /// The other side's name, where the file names it: camt only.
    pub payer: Option<String>,
    /// The archive reference; the bank's reference (`AcctSvcrRef`) of camt.
    pub reference: Option<String>,
    /// What camt calls the entry that it is in (`AcctSvcrRef` of the entry), which a statement and a notification may share where
    /// their details do not say the same.
    pub entry_reference: Option<String>,
    /// What the payer wrote.
    pub text: Option<String>,
    /// How it stands to the line of the account statement.
    pub part: Part,
    /// Whether camt says that it is a direct debit of ours (`BkTxCd`, family `IDDT`). OCR giro says it by its type.
    pub is_direct_debit: bool,
    /// Its first line.
    pub line: u64,
    /// The lines as they stood; of camt the XML of the entry's head and of these details.
    pub raw: Raw,
}

impl PaymentRecord {
    /// What this payment is known by, so that the same one read again is recognised: the transmission, order and transaction
    /// with the Nets date, since transmission numbers wrap; in camt the account, message and ordinal.
    pub fn key(&self) -> String {
        let Order { transmission, number, account, .. } = &*self.order;
        let recipient = transmission.recipient.as_deref().unwrap_or(account);
        match self.kind {
            PaymentKind::Ocr(_) => {
                format!("nets/{recipient}/{}/{number}/{}/{}", transmission.number, self.transaction, self.booked_on)
            }
            PaymentKind::Camt => format!("camt/{recipient}/{}/{number}/{}", transmission.number, self.transaction),
        }
    }
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEnd {
    /// The order.
    pub order: Arc<Order>,
    /// Its kind again, for who sees nothing but this.
    pub kind: OrderKind,
    /// How many claims, cancellations, mandates or payments there were.
    pub transactions: u64,
    /// How many records there were, its start and end included. Zero in camt.
    pub records: u64,
    /// The sum as the file states it, each amount without its sign; none for mandates.
    pub sum: Option<Amount>,
    /// What the order does to our account, signs counted; none for mandates.
    pub net: Option<Amount>,
    /// The first date in it: due dates of claims, Nets or booking dates of payments.
    pub first_on: Option<Date>,
    /// The last one.
    pub last_on: Option<Date>,
    /// Its last line.
    pub line: u64,
}

/// How a transmission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransmissionEnd {
    /// The transmission.
    pub transmission: Arc<Transmission>,
    /// How many transactions there were in all its orders.
    pub transactions: u64,
    /// How many records there were, its start and end included. Zero in camt.
    pub records: u64,
    /// The sum as the file states it. None in camt, which states none.
    pub sum: Option<Amount>,
    /// Its last line.
    pub line: u64,
}

/// What stood in the file, byte for byte but for line ends, which are `\n` between lines.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Raw(Vec<u8>);

impl Raw {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Raw {
        Raw(Vec::with_capacity(bytes))
    }

    /// One more line.
    #[inline]
    pub(super) fn push(&mut self, line: &[u8]) {
        if !self.0.is_empty() {
            self.0.push(b'\n');
        }
        self.0.extend_from_slice(line);
    }

    /// The bytes: ISO 8859-1 in a NETS file, UTF-8 in camt.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'\n')
    }

    /// The bytes themselves.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for Raw {
    /// How much there is: what there is names people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}
