//! Money seen in a bank file, and which invoice it belongs to.
//!
//! [`Payment`] is one movement on one of our bank accounts, whatever file told of it. [`place`] decides, from the payment and from
//! who uses its KID, whether it is an invoice's or is parked for a person; [`suggest`] says what that person might choose. What it
//! does to the invoice's money is [`crate::collection`]'s; the files are read in `kvitt-formats`.
//!
//! A payment is placed by its KID alone: bank account and KID, to the letter. Amounts, names and dates only ever make suggestions.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::collection::{Collection, Event, Means, State};
use crate::fault::{Fault, codes};
use crate::identifiers::{Iban, Kid};
use crate::money::Amount;

/// One movement of money on one of our bank accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Our account, as [`account_key`] writes it.
    pub bank_account: String,
    /// The KID as the bank gives it, without blanks around it. Foreign and wrong ones are kept as they are.
    pub kid: Option<String>,
    /// How much moved: above zero.
    pub amount: Amount,
    /// Which way.
    pub flow: Flow,
    /// When the bank booked it.
    pub booked_on: Date,
    /// When it counts for interest, where the bank says so.
    pub valued_on: Option<Date>,
    /// The other side's account, where the rail gives it; never invented.
    pub payer_account: Option<String>,
    /// The other side's name, where the rail gives it.
    pub payer_name: Option<String>,
    /// Which rail told of it, and as what.
    pub kind: PaymentKind,
    /// What the rail calls this very movement: the same in every file that tells of it, and of no other.
    pub reference: String,
    /// What the payer wrote.
    pub text: Option<String>,
    /// The lines of the file that told of it, as they stood there.
    pub raw: String,
}

/// Which way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Somebody paid us.
    In,
    /// The payer's bank took back what had come in (OCR giro types 18 and 20, a sign; camt reversals).
    TakenBack,
    /// We paid.
    Out,
    /// What we had paid came back.
    CameBack,
}

/// Which rail told of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rail")]
pub enum PaymentKind {
    /// OCR giro.
    Ocr {
        /// The type of transaction, 10 to 21: 15 is a direct debit (OCR giro system specification 2.0).
        code: u8,
    },
    /// A camt.053 or camt.054 message.
    Camt {
        /// Whether it says that we debited it.
        #[serde(default)]
        is_direct_debit: bool,
    },
}

/// OCR giro system specification 2.0: AvtaleGiro.
const DEBIT: u8 = 15;

impl Payment {
    /// What it does to our balance.
    pub fn net(&self) -> Amount {
        match self.flow {
            Flow::In | Flow::CameBack => self.amount,
            Flow::TakenBack | Flow::Out => Amount::new(-self.amount.minor(), self.amount.currency()),
        }
    }

    /// Whether it is a direct debit of ours.
    pub fn is_debit(&self) -> bool {
        matches!(self.event(), Event::Paid { means: Means::Debit, .. })
    }

    /// What it does to the invoice that it belongs to.
    pub fn event(&self) -> Event {
        let amount = self.amount;
        match (self.flow, self.kind) {
            (Flow::In, PaymentKind::Ocr { code: DEBIT } | PaymentKind::Camt { is_direct_debit: true }) => {
                Event::Paid { amount, means: Means::Debit }
            }
            (Flow::In, PaymentKind::Ocr { .. } | PaymentKind::Camt { .. }) => Event::Paid { amount, means: Means::Payment },
            (Flow::TakenBack, _) => Event::Reversed { amount },
            (Flow::Out, _) => Event::Refunded { amount },
            (Flow::CameBack, _) => Event::RefundReturned { amount },
        }
    }
}

impl Flow {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Flow::In => "in",
            Flow::TakenBack => "taken_back",
            Flow::Out => "out",
            Flow::CameBack => "came_back",
        }
    }

    /// The flow with this name.
    pub fn named(name: &str) -> Option<Flow> {
        [Flow::In, Flow::TakenBack, Flow::Out, Flow::CameBack].into_iter().find(|flow| flow.name() == name)
    }
}

impl PaymentKind {
    /// The rail's name as stored and shown.
    pub fn rail(self) -> &'static str {
        match self {
            PaymentKind::Ocr { .. } => "ocr",
            PaymentKind::Camt { .. } => "camt",
        }
    }
}

/// An account as it is compared: a Norwegian IBAN as the eleven digits inside, anything else without spaces and dots. Bank files
/// hold accounts whose check digit is wrong, so that none is refused here.
pub fn account_key(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect::<String>().to_ascii_uppercase();
    match Iban::parse(&plain).ok().and_then(|iban| iban.norwegian_account()) {
        Some(account) => account.as_str().to_owned(),
        None => plain,
    }
}

/// An invoice that a payment may belong to, and its money as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The invoice's id.
    pub invoice: String,
    /// Its number (BT-1).
    pub number: String,
    /// Its KID, where it has one.
    pub kid: Option<String>,
    /// BT-9.
    pub due_on: Option<Date>,
    /// Its money.
    pub collection: Collection,
}

/// Who uses a KID at a bank account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KidUse {
    /// No invoice that we know.
    Nobody,
    /// One invoice and never another: whatever comes with this KID is for it.
    One(Box<Candidate>),
    /// Several invoices, as where a KID names the customer only. Where some of them ask for exactly this amount and nothing of it was
    /// seen yet, the one that is due first.
    Several {
        /// The one.
        exact: Option<Box<Candidate>>,
    },
}

/// How a payment fits the invoice that it was placed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// All that was owed.
    Exact,
    /// Less.
    Part,
    /// More.
    Over,
    /// The whole invoice again, when nothing was owed any more.
    Double,
    /// It went back.
    Back,
}

impl Fit {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Fit::Exact => "exact",
            Fit::Part => "part",
            Fit::Over => "over",
            Fit::Double => "double",
            Fit::Back => "back",
        }
    }

    /// How an amount fits what is owed just before it is counted.
    pub fn of(payment: &Payment, collection: &Collection) -> Fit {
        let (amount, left) = (payment.amount.minor(), collection.left().minor());
        match payment.flow {
            Flow::TakenBack | Flow::Out => Fit::Back,
            Flow::In | Flow::CameBack if left <= 0 && amount >= collection.payable.minor() => Fit::Double,
            Flow::In | Flow::CameBack if amount == left => Fit::Exact,
            Flow::In | Flow::CameBack if amount < left => Fit::Part,
            Flow::In | Flow::CameBack => Fit::Over,
        }
    }
}

/// Whether the other side of a payment is known from the invoice whose KID it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherSide {
    /// Its account paid for the invoice.
    Paid,
    /// It did not, or the file does not say what account it is.
    Unknown,
}

/// Where a payment belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// With this invoice.
    Invoice {
        /// The invoice's id.
        invoice: String,
        /// How it fits.
        fit: Fit,
    },
    /// A person decides.
    Parked {
        /// Why.
        why: Fault,
    },
    /// It is no customer's: money that the company paid to somebody, which statements tell of too.
    NoConcern,
}

/// Decides where a payment belongs. The same payment and the same use of its KID, the same place. For money that goes out without a KID
/// the use is that of one that its text names ([`named_kids`]).
///
/// A KID that one invoice uses places whatever comes with it: part, too much, twice, and back. A KID that several use places only
/// what is exactly asked for by one of which nothing was seen yet, so that the order of payments cannot matter.
///
/// The KID of money that goes out is the payee's, so that one like ours is a supplier's: it is a refund only where it goes to an account
/// that paid, or where so much was paid too much.
pub fn place(payment: &Payment, used: &KidUse, other: OtherSide) -> Place {
    let parked = |why: Fault| Place::Parked { why };
    let Some(kid) = payment.kid.as_deref() else {
        return match payment.flow {
            Flow::In => parked(Fault::warning(codes::PAYMENT_KID_MISSING)),
            Flow::TakenBack => parked(Fault::warning(codes::PAYMENT_TAKEN_BACK_UNNAMED)),
            Flow::Out | Flow::CameBack => match used {
                KidUse::Nobody => Place::NoConcern,
                // A person wrote the KID into the text: it may be a refund, or anything else.
                KidUse::One(_) | KidUse::Several { .. } => parked(Fault::warning(codes::PAYMENT_REFUND_NAMED)),
            },
        };
    };
    match used {
        KidUse::Nobody => match payment.flow {
            // A reference of somebody else's invoice, which the company paid.
            Flow::Out | Flow::CameBack => Place::NoConcern,
            Flow::In | Flow::TakenBack => parked(unknown_kid(kid)),
        },
        KidUse::One(candidate) if !is_ours(payment, &candidate.collection, other) => {
            parked(Fault::warning(codes::PAYMENT_REFUND_NAMED))
        }
        KidUse::One(candidate) => fitting(payment, candidate),
        KidUse::Several { exact: Some(candidate) } if payment.flow == Flow::In => fitting(payment, candidate),
        KidUse::Several { .. } => parked(Fault::warning(codes::PAYMENT_KID_SHARED).with("kid", kid)),
    }
}

/// Whether a KID of one invoice means that invoice: that of money that goes out, or comes back of it, may be anybody's.
fn is_ours(payment: &Payment, money: &Collection, other: OtherSide) -> bool {
    match payment.flow {
        Flow::In | Flow::TakenBack => true,
        Flow::Out => other == OtherSide::Paid || money.left().minor() <= -payment.amount.minor(),
        Flow::CameBack => money.sums.refunded >= payment.amount.minor(),
    }
}

/// A KID that no invoice uses, and what is wrong with it where that can be seen.
fn unknown_kid(kid: &str) -> Fault {
    match Kid::parse(kid) {
        Ok(_) => Fault::warning(codes::PAYMENT_KID_UNKNOWN).with("kid", kid),
        Err(_) => Fault::warning(codes::PAYMENT_KID_WRONG).with("kid", kid),
    }
}

fn fitting(payment: &Payment, candidate: &Candidate) -> Place {
    if payment.amount.currency() != candidate.collection.payable.currency() {
        let why = Fault::warning(codes::PAYMENT_CURRENCY)
            .with("amount", payment.amount)
            .with("currency", candidate.collection.payable.currency().code());
        return Place::Parked { why };
    }
    match candidate.collection.clone().apply(payment.event()) {
        Ok(_) => Place::Invoice { invoice: candidate.invoice.clone(), fit: Fit::of(payment, &candidate.collection) },
        Err(refused) => Place::Parked { why: Fault { severity: crate::Severity::Warning, ..refused.fault() } },
    }
}

/// The KIDs that a text names: whole words of digits whose check digit holds.
pub fn named_kids(text: &str) -> Vec<&str> {
    /// Shorter numbers are years, amounts and days.
    const SHORTEST: usize = 5;
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_digit()) && Kid::parse(word).is_ok())
        .collect()
}

/// Why an invoice is suggested for a parked payment. The first are the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Its KID is the payment's, and several invoices use it.
    SameKid,
    /// Its KID is one slip of the fingers away.
    NearKid,
    /// The text names its KID.
    KidInText,
    /// The text names its number.
    NumberInText,
    /// The payer's account paid it before, or another invoice of the same customer.
    PayerSeen,
    /// Exactly this amount is owed, or was paid too much.
    SameAmount,
}

impl Hint {
    /// The name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Hint::SameKid => "same_kid",
            Hint::NearKid => "near_kid",
            Hint::KidInText => "kid_in_text",
            Hint::NumberInText => "number_in_text",
            Hint::PayerSeen => "payer_seen",
            Hint::SameAmount => "same_amount",
        }
    }
}

/// An invoice that a parked payment may belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The invoice's id.
    pub invoice: String,
    /// Its number.
    pub number: String,
    /// What is owed of it; below zero where too much came.
    pub left: Amount,
    /// What speaks for it, the strongest first.
    pub hints: Vec<Hint>,
}

/// Suggestions that a person reads; more is a list and no help.
const SUGGESTIONS: usize = 5;
/// An invoice number shorter than this stands in many a text by chance.
const SHORTEST_NUMBER: usize = 4;

/// What a person might choose for a parked payment: candidates for which anything speaks, what speaks most first. `payer_seen` are the
/// invoices that the payer's account paid for before, and those of the same customer.
pub fn suggest(payment: &Payment, candidates: &[Candidate], payer_seen: &[String]) -> Vec<Suggestion> {
    let near = payment.kid.as_deref().map(near_kids).unwrap_or_default();
    let mut found: Vec<Suggestion> = Vec::new();
    for candidate in candidates {
        let left = candidate.collection.left();
        let hints = hints(payment, candidate, &near, payer_seen);
        if hints.is_empty() || found.iter().any(|known| known.invoice == candidate.invoice) {
            continue;
        }
        found.push(Suggestion { invoice: candidate.invoice.clone(), number: candidate.number.clone(), left, hints });
    }
    found.sort_by(|one, other| {
        // More hints before fewer, stronger before weaker; then by number, so that the order is always the same.
        (other.hints.len(), &one.hints, &one.number).cmp(&(one.hints.len(), &other.hints, &other.number))
    });
    found.truncate(SUGGESTIONS);
    found
}

fn hints(payment: &Payment, candidate: &Candidate, near: &[String], payer_seen: &[String]) -> Vec<Hint> {
    let Candidate { invoice, number, kid, collection, .. } = candidate;
    let wanted = match payment.flow {
        Flow::In | Flow::CameBack => collection.left(),
        Flow::Out | Flow::TakenBack => match collection.state() {
            State::Overpaid { over } => over,
            _ => collection.payable,
        },
    };
    let text = payment.text.as_deref().unwrap_or_default();
    let speaks = [
        (Hint::SameKid, kid.is_some() && *kid == payment.kid),
        (Hint::NearKid, kid.as_ref().is_some_and(|kid| near.contains(kid))),
        (Hint::KidInText, kid.as_deref().is_some_and(|kid| named_kids(text).contains(&kid))),
        (Hint::NumberInText, names(text, number)),
        (Hint::PayerSeen, payer_seen.contains(invoice)),
        (Hint::SameAmount, wanted == payment.amount),
    ];
    speaks.into_iter().filter_map(|(hint, speaks)| speaks.then_some(hint)).collect()
}

/// Whether a text names an invoice number: whole, and not as part of a longer one.
fn names(text: &str, number: &str) -> bool {
    number.len() >= SHORTEST_NUMBER && text.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == number)
}

/// The KIDs that one slip of the fingers makes of this text, or that it is a slip of: one digit another, two neighbours changed
/// about, one digit missing or too many. Only those whose check digit holds, for no other is anybody's.
pub fn near_kids(text: &str) -> Vec<String> {
    /// A KID has 25 characters at most; one more may be typed.
    const LONGEST: usize = 26;
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let digits = text.as_bytes();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for at in 0..digits.len() {
        for digit in b'0'..=b'9' {
            let mut other = digits.to_vec();
            other[at] = digit;
            found.push(other);
            let mut longer = digits.to_vec();
            longer.insert(at, digit);
            found.push(longer);
        }
        let mut shorter = digits.to_vec();
        shorter.remove(at);
        found.push(shorter);
        if at + 1 < digits.len() {
            let mut swapped = digits.to_vec();
            swapped.swap(at, at + 1);
            found.push(swapped);
        }
    }
    found.extend((b'0'..=b'9').map(|digit| [digits, &[digit]].concat()));
    let mut near: Vec<String> = found
        .into_iter()
        .filter_map(|kid| String::from_utf8(kid).ok())
        .filter(|kid| kid != text && Kid::parse(kid).is_ok())
        .collect();
    near.sort_unstable();
    near.dedup();
    near
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::money::Currency;

    fn nok(minor: i64) -> Amount {
        Amount::new(minor, Currency::NOK)
    }

    fn payment(kid: Option<&str>, minor: i64, flow: Flow) -> Payment {
        Payment {
            bank_account: "86011117947".into(),
            kid: kid.map(str::to_owned),
            amount: nok(minor),
            flow,
            booked_on: date(2026, 11, 2),
            valued_on: None,
            payer_account: None,
            payer_name: None,
            kind: PaymentKind::Ocr { code: 10 },
            reference: "1".into(),
            text: None,
            raw: String::new(),
        }
    }

    fn candidate(number: &str, kid: &str, payable: i64) -> Candidate {
        Candidate {
            invoice: format!("id of {number}"),
            number: number.into(),
            kid: Some(kid.into()),
            due_on: None,
            collection: Collection::new(nok(payable)),
        }
    }

    fn paid(mut candidate: Candidate, minor: i64) -> Candidate {
        let event = Event::Paid { amount: nok(minor), means: Means::Payment };
        candidate.collection = candidate.collection.apply(event).unwrap().0;
        candidate
    }

    /// Where a payment of 100 øre with a KID lands.
    fn check(flow: Flow, used: &KidUse, expected: &str) {
        let shown = match place(&payment(Some("123456782"), 100, flow), used, OtherSide::Unknown) {
            Place::Invoice { fit, .. } => fit.name().to_owned(),
            Place::Parked { why } => why.code.name().to_owned(),
            Place::NoConcern => "no concern".to_owned(),
        };
        assert_eq!(shown, expected, "{flow:?} {used:?}");
    }

    #[test]
    fn payments_with_the_kid_of_one_invoice() {
        let one = |candidate| KidUse::One(Box::new(candidate));
        let of = |payable| candidate("1001", "123456782", payable);
        check(Flow::In, &one(of(100)), "exact");
        check(Flow::In, &one(of(101)), "part");
        check(Flow::In, &one(of(99)), "over");
        check(Flow::In, &one(paid(of(100), 100)), "double");
        check(Flow::In, &one(paid(of(200), 100)), "exact");
        check(Flow::In, &one(paid(of(200), 200)), "over");
        check(Flow::TakenBack, &one(paid(of(100), 100)), "back");
        // The file that tells of the payment itself may come later.
        check(Flow::TakenBack, &one(of(100)), "back");
        check(Flow::Out, &one(paid(of(100), 200)), "back");
        // The KID is the payee's: a supplier has one like ours.
        check(Flow::Out, &one(paid(of(100), 100)), "payment.refund_named");
        check(Flow::Out, &one(of(100)), "payment.refund_named");
        check(Flow::CameBack, &one(paid(of(100), 100)), "payment.refund_named");
        let refund = payment(Some("123456782"), 100, Flow::Out);
        let known = |payment: &Payment, used| place(payment, &one(used), OtherSide::Paid);
        assert!(matches!(known(&refund, paid(of(100), 100)), Place::Invoice { fit: Fit::Back, .. }));
        let mut refunded = paid(of(100), 100);
        refunded.collection = refunded.collection.apply(refund.event()).unwrap().0;
        check(Flow::CameBack, &one(refunded), "exact");
        let mut euros = of(100);
        euros.collection.payable = Amount::new(100, Currency::parse("EUR").unwrap());
        check(Flow::In, &one(euros), "payment.currency");
    }

    #[test]
    fn payments_that_no_invoice_is_certain_of() {
        check(Flow::In, &KidUse::Nobody, "payment.kid_unknown");
        check(Flow::TakenBack, &KidUse::Nobody, "payment.kid_unknown");
        check(Flow::Out, &KidUse::Nobody, "no concern");
        let shared = candidate("1001", "123456782", 100);
        check(Flow::In, &KidUse::Several { exact: Some(Box::new(shared.clone())) }, "exact");
        check(Flow::TakenBack, &KidUse::Several { exact: Some(Box::new(shared)) }, "payment.kid_shared");
        check(Flow::In, &KidUse::Several { exact: None }, "payment.kid_shared");
        let named = KidUse::One(Box::new(candidate("1001", "123456782", 100)));
        assert!(
            matches!(place(&payment(None, 100, Flow::Out), &named, OtherSide::Paid), Place::Parked { why } if why.code == codes::PAYMENT_REFUND_NAMED)
        );
        assert_eq!(place(&payment(None, 100, Flow::Out), &KidUse::Nobody, OtherSide::Paid), Place::NoConcern);
        assert_eq!(named_kids("Tilbakebetaling KID 123456782, 2026 og 123456783"), ["123456782"]);
        let parked = |payment: &Payment| match place(payment, &KidUse::Nobody, OtherSide::Unknown) {
            Place::Parked { why } => why.code.name(),
            other => panic!("{other:?}"),
        };
        assert_eq!(parked(&payment(None, 100, Flow::In)), "payment.kid_missing");
        assert_eq!(parked(&payment(None, 100, Flow::TakenBack)), "payment.taken_back_unnamed");
        assert_eq!(parked(&payment(Some("123456783"), 100, Flow::In)), "payment.kid_wrong");
    }

    #[test]
    fn accounts_are_compared_without_what_people_print() {
        for same in ["86011117947", "8601.11.17947", "8601 11 17947", "NO9386011117947", "no93 8601 1117 947"] {
            assert_eq!(account_key(same), "86011117947", "{same}");
        }
        // Bank files hold accounts that follow no rule.
        assert_eq!(account_key("88888888888"), "88888888888");
        assert_eq!(account_key("SE45 5000 0000 0583 9825 7466"), "SE4550000000058398257466");
    }

    #[test]
    fn what_speaks_for_an_invoice() {
        let wrong = Payment { text: Some("Faktura 1003, takk".into()), ..payment(Some("123456728"), 100, Flow::In) };
        let candidates = [
            candidate("1001", "123456782", 100),
            candidate("1002", "200000006", 100),
            candidate("1003", "300000004", 500),
            candidate("1004", "400000002", 500),
            candidate("1005", "500000000", 500),
        ];
        let found = suggest(&wrong, &candidates, &["id of 1004".to_owned()]);
        let shown: Vec<String> = found
            .iter()
            .map(|found| format!("{} {}", found.number, found.hints.iter().map(|hint| hint.name()).collect::<Vec<_>>().join(" ")))
            .collect();
        assert_eq!(shown, ["1001 near_kid same_amount", "1003 number_in_text", "1004 payer_seen", "1002 same_amount"]);
        // Money that went out looks for what was paid too much.
        let refund = payment(None, 30, Flow::Out);
        let found = suggest(&refund, &[paid(candidate("1001", "123456782", 100), 130)], &[]);
        assert_eq!(found[0].hints, [Hint::SameAmount]);
        assert_eq!(found[0].left, nok(-30));
    }

    #[test]
    fn slips_of_the_fingers() {
        let near = near_kids("123456782");
        assert!(near.iter().all(|kid| Kid::parse(kid).is_ok()) && !near.contains(&"123456782".to_owned()));
        for slip in ["123456783", "123456728", "12345682", "1234567882", "223456782"] {
            assert!(near_kids(slip).contains(&"123456782".to_owned()), "{slip}");
        }
        assert!(near_kids("").is_empty() && near_kids("12 34").is_empty() && near_kids(&"1".repeat(27)).is_empty());
    }
}
