//! One entry of a statement or notification, and the payments in it.
//!
//! An entry is one line of the account: one payment, or a batch of them as details. Details are given one by one, so that a
//! batch of a million fills no memory; that they add up to the entry is known at its end.

use std::sync::Arc;

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::{Amount, Currency, Fault, Severity};
use rust_decimal::Decimal;

use super::super::items::{Item, Order, Part, PaymentKind, PaymentRecord, Raw, account_of};
use super::super::record::at;
use super::tag::Tag;
use super::watched::Place;

/// Bytes of XML that are kept of an entry's head, and of one of its details: a bank writes about two thousand.
pub const MOST_RAW: usize = 64 * 1024;

/// The family of issued direct debits, which the account's owner asked for (ISO 20022 external code set, bank transaction codes).
const DIRECT_DEBITS: &str = "IDDT";

/// Takes what is ready to be given.
pub type Give<'g> = &'g mut dyn FnMut(Result<Item, Fault>);

/// What was read of an entry so far.
pub struct Entry {
    pub place: Place,
    amount: Option<(Amount, Place)>,
    is_debit: Option<bool>,
    is_reversal: bool,
    is_direct_debit: bool,
    status: String,
    booked_on: Option<Date>,
    valued_on: Option<Date>,
    reference: Option<String>,
    text: Option<String>,
    /// How many payments the batches in it state.
    batch: Option<(u64, Place)>,
    details: Option<Details>,
    /// Details that were read, held back until it is known whether they are the only ones.
    held: Option<Details>,
    details_read: u64,
    details_sum: i128,
    without_amount: u64,
    /// Whether details are in another currency than the entry: they need not add up to it.
    is_foreign: bool,
    /// The XML before the details.
    head: String,
    is_head: bool,
}

/// What was read of one of an entry's details.
struct Details {
    place: Place,
    /// In the account's currency, where versions from 4 on say it, else that of the transaction.
    amount: Option<Amount>,
    transaction_amount: Option<Amount>,
    is_debit: Option<bool>,
    is_return: bool,
    is_direct_debit: bool,
    reference: Option<String>,
    debtor: Party,
    creditor: Party,
    remittances: Vec<Remittance>,
    texts: Vec<String>,
    raw: String,
}

#[derive(Default)]
struct Party {
    name: Option<String>,
    account: Option<String>,
}

/// One structured remittance: a reference, and what of the amount is for it.
#[derive(Default)]
struct Remittance {
    reference: Option<String>,
    amount: Option<Amount>,
}

/// What an entry does to the statement that it is in.
pub struct Booked {
    pub amount: Amount,
    pub is_debit: bool,
}

impl Entry {
    pub fn begin(place: Place) -> Entry {
        Entry {
            place,
            amount: None,
            is_debit: None,
            is_reversal: false,
            is_direct_debit: false,
            status: String::new(),
            booked_on: None,
            valued_on: None,
            reference: None,
            text: None,
            batch: None,
            details: None,
            held: None,
            details_read: 0,
            details_sum: 0,
            without_amount: 0,
            is_foreign: false,
            head: String::new(),
            is_head: true,
        }
    }

    /// Keeps the XML as it stood. Refused where it is more than any bank writes.
    pub fn keep(&mut self, piece: &str) -> Result<(), Fault> {
        let Entry { details, head, is_head, place, .. } = self;
        let kept = match details {
            Some(details) => &mut details.raw,
            None if *is_head => head,
            None => return Ok(()),
        };
        if kept.len() + piece.len() > MOST_RAW {
            let fault = at(codes::BANK_OVER_LIMIT, place.line, place.column);
            return Err(fault.with("what", "raw").with("limit", MOST_RAW));
        }
        kept.push_str(piece);
        Ok(())
    }

    /// An element inside the entry begins; `path` is below the entry.
    pub fn begin_element(&mut self, path: &[Tag], place: Place) {
        match path {
            [Tag::NtryDtls] => self.is_head = false,
            [Tag::NtryDtls, Tag::TxDtls] => {
                self.details = Some(Details::begin(place));
            }
            [Tag::NtryDtls, Tag::TxDtls, Tag::RmtInf, Tag::Strd] => {
                if let Some(details) = &mut self.details {
                    details.remittances.push(Remittance::default());
                }
            }
            [Tag::NtryDtls, Tag::TxDtls, Tag::RtrInf] => {
                if let Some(details) = &mut self.details {
                    details.is_return = true;
                }
            }
            _ => {}
        }
    }

    /// The text of an element inside the entry; `currency` is its attribute.
    pub fn value(&mut self, path: &[Tag], text: &str, currency: Option<&str>, place: Place) -> Result<(), Fault> {
        match path {
            [Tag::Amt] => self.amount = Some((amount(text, currency, place)?, place)),
            [Tag::CdtDbtInd] => self.is_debit = Some(is_debit(text, place)?),
            [Tag::RvslInd] => self.is_reversal = flag(text, place)?,
            [Tag::Sts] | [Tag::Sts, Tag::Cd | Tag::Prtry] if !text.is_empty() => text.clone_into(&mut self.status),
            [Tag::BookgDt, Tag::Dt | Tag::DtTm] => self.booked_on = Some(date(text, place)?),
            [Tag::ValDt, Tag::Dt | Tag::DtTm] => self.valued_on = Some(date(text, place)?),
            [Tag::AcctSvcrRef] => self.reference = Some(text.to_owned()),
            [Tag::BkTxCd, Tag::Domn, Tag::Fmly, Tag::Cd] => self.is_direct_debit = text == DIRECT_DEBITS,
            [Tag::AddtlNtryInf] => self.text = Some(text.to_owned()).filter(|text| !text.is_empty()),
            [Tag::NtryDtls, Tag::Btch, Tag::NbOfTxs] => {
                let count: u64 = text.parse().map_err(|_| field("transactions", text, place))?;
                let before = self.batch.map_or(0, |(count, _)| count);
                self.batch = Some((before.saturating_add(count), place));
            }
            [Tag::NtryDtls, Tag::TxDtls, inner @ ..] => {
                if let Some(details) = &mut self.details {
                    return details.value(inner, text, currency, place);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Details end. What can be given of those before them is given.
    pub fn end_details(&mut self, order: &Arc<Order>, give: Give<'_>) {
        let Some(details) = self.details.take() else { return };
        self.details_read += 1;
        if let Some(before) = self.held.replace(details) {
            let part = Part::Of(self.reference.clone().unwrap_or_default());
            self.give_details(before, part, order, give);
        }
    }

    /// The entry ends: gives what is left of it, and says what it does to the account.
    pub fn end(&mut self, order: &Arc<Order>, give: Give<'_>) -> Option<Booked> {
        let (amount, amount_place) = match self.amount {
            Some(amount) => amount,
            None => {
                give(Err(field("amount", "", self.place)));
                return None;
            }
        };
        let Some(is_debit) = self.is_debit else {
            give(Err(field("direction", "", self.place)));
            return None;
        };
        let booked = Booked { amount, is_debit };
        if !self.is_booked() {
            let fault = at(codes::BANK_NOT_BOOKED, self.place.line, self.place.column).with("value", &self.status);
            give(Ok(Item::Remark(warning(fault))));
            return Some(booked);
        }
        let stated = self.batch.map_or(1, |(count, _)| count);
        match (self.held.take(), self.details_read) {
            (held, 0 | 1) if held.as_ref().is_none_or(|held| held.is_of(amount)) => {
                let part = match (stated, &held) {
                    (2.., _) => Part::TotalOf(stated),
                    (_, Some(_)) => Part::Whole,
                    (_, None) => Part::Line,
                };
                let details = held.unwrap_or_else(|| Details::begin(self.place));
                // The account's own currency, whatever the payer paid in; and what the entry does to the account, where its only details
                // say which way the money went that it takes back.
                let only = Details { amount: Some(amount), is_debit: Some(is_debit), ..details };
                self.give_details(only, part, order, give);
                return Some(booked);
            }
            (Some(last), count) => {
                let part = if count == 1 { Part::Whole } else { Part::Of(self.reference.clone().unwrap_or_default()) };
                self.give_details(last, part, order, give);
            }
            (None, _) => {}
        }
        // None of a batch says what it is of: the line is given as one payment, whose parts another file knows.
        if self.without_amount == self.details_read {
            let total = Details { amount: Some(amount), ..Details::begin(self.place) };
            self.give_details(total, Part::TotalOf(self.details_read), order, give);
            return Some(booked);
        }
        if let Some((stated, place)) = self.batch
            && stated != self.details_read
        {
            let fault = at(codes::BANK_COUNT, place.line, place.column).with("what", "transactions");
            give(Err(fault.with("stated", stated).with("computed", self.details_read)));
        }
        let direction = if is_debit { -1 } else { 1 };
        if !self.is_foreign && self.details_sum != direction * i128::from(amount.minor()) {
            let computed = i64::try_from(direction * self.details_sum).unwrap_or_default();
            let fault = at(codes::BANK_SUM, amount_place.line, amount_place.column).with("stated", amount);
            give(Err(fault.with("computed", Amount::new(computed, amount.currency()))));
        }
        Some(booked)
    }

    /// Whether money has moved. An entry without a status has: the element is a must in every version.
    pub fn is_booked(&self) -> bool {
        self.status.is_empty() || self.status.eq_ignore_ascii_case("BOOK")
    }

    fn give_details(&mut self, details: Details, part: Part, order: &Arc<Order>, give: Give<'_>) {
        if !self.is_booked() {
            return;
        }
        let Some(amount) = details.amount.or(details.transaction_amount) else {
            self.without_amount += 1;
            return;
        };
        let Some(is_debit) = details.is_debit.or(self.is_debit) else { return give(Err(field("direction", "", details.place))) };
        let Some(booked_on) = self.booked_on.or(self.valued_on) else { return give(Err(field("date", "", self.place))) };
        let minor = if is_debit { -amount.minor() } else { amount.minor() };
        self.details_sum += i128::from(minor);
        self.is_foreign |= self.amount.is_some_and(|(own, _)| own.currency() != amount.currency());
        let signed = |amount: Amount| Amount::new(if is_debit { -amount.minor() } else { amount.minor() }, amount.currency());
        let mut raw = Raw::with_capacity(self.head.len() + details.raw.len() + 1);
        raw.push(self.head.trim().as_bytes());
        if !details.raw.is_empty() {
            raw.push(details.raw.trim().as_bytes());
        }
        // Money that comes in was sent by the debtor; what goes out is received by the creditor.
        let other = if is_debit { details.creditor } else { details.debtor };
        let (shares, several) = shares(details.remittances, amount);
        if let Some(several) = several {
            let fault = at(codes::BANK_SEVERAL_KIDS, details.place.line, details.place.column).with("value", &several);
            give(Ok(Item::Remark(warning(fault))));
        }
        let mut texts = details.texts;
        texts.extend(self.text.clone().filter(|_| texts.is_empty()));
        for share in shares {
            let text = share.other.iter().chain(&texts).map(String::as_str).collect::<Vec<_>>().join("\n");
            give(Ok(Item::Payment(PaymentRecord {
                order: Arc::clone(order),
                // The statement numbers its payments when it counts them.
                transaction: 0,
                kind: PaymentKind::Camt,
                kid: share.kid,
                amount: signed(share.amount),
                is_reversal: self.is_reversal || details.is_return,
                booked_on,
                valued_on: self.valued_on,
                payer_account: other.account.clone(),
                payer: other.name.clone(),
                reference: details.reference.clone().or_else(|| self.reference.clone()),
                entry_reference: self.reference.clone(),
                text: Some(text).filter(|text| !text.is_empty()),
                part: part.clone(),
                is_direct_debit: self.is_direct_debit || details.is_direct_debit,
                line: details.place.line,
                raw: raw.clone(),
            })));
        }
    }
}

impl Details {
    fn begin(place: Place) -> Details {
        Details {
            place,
            amount: None,
            transaction_amount: None,
            is_debit: None,
            is_return: false,
            is_direct_debit: false,
            reference: None,
            debtor: Party::default(),
            creditor: Party::default(),
            remittances: Vec::new(),
            texts: Vec::new(),
            raw: String::new(),
        }
    }

    /// Whether these, the only ones, are the whole entry: they say its amount, or none.
    fn is_of(&self, amount: Amount) -> bool {
        self.amount.or(self.transaction_amount).is_none_or(|own| own == amount || own.currency() != amount.currency())
    }

    fn value(&mut self, path: &[Tag], text: &str, currency: Option<&str>, place: Place) -> Result<(), Fault> {
        let some = || Some(text.to_owned()).filter(|text| !text.is_empty());
        match path {
            [Tag::Amt] => self.amount = Some(amount(text, currency, place)?),
            [Tag::AmtDtls, Tag::TxAmt, Tag::Amt] => self.transaction_amount = Some(amount(text, currency, place)?),
            [Tag::CdtDbtInd] => self.is_debit = Some(is_debit(text, place)?),
            [Tag::Refs, Tag::AcctSvcrRef] => self.reference = some(),
            [Tag::BkTxCd, Tag::Domn, Tag::Fmly, Tag::Cd] => self.is_direct_debit = text == DIRECT_DEBITS,
            [Tag::RltdPties, party @ (Tag::Dbtr | Tag::Cdtr), Tag::Nm]
            | [Tag::RltdPties, party @ (Tag::Dbtr | Tag::Cdtr), Tag::Pty, Tag::Nm] => self.party(*party).name = some(),
            [Tag::RltdPties, party @ (Tag::DbtrAcct | Tag::CdtrAcct), Tag::Id, Tag::IBAN]
            | [Tag::RltdPties, party @ (Tag::DbtrAcct | Tag::CdtrAcct), Tag::Id, Tag::Othr, Tag::Id] => {
                self.party(*party).account = some().map(|text| account_of(&text));
            }
            [Tag::RmtInf, Tag::Strd, Tag::CdtrRefInf, Tag::Ref] => {
                if let Some(remittance) = self.remittances.last_mut() {
                    remittance.reference = some();
                }
            }
            [Tag::RmtInf, Tag::Strd, Tag::RfrdDocAmt, Tag::RmtdAmt] => {
                if let Some(remittance) = self.remittances.last_mut() {
                    remittance.amount = Some(amount(text, currency, place)?);
                }
            }
            [Tag::RmtInf, Tag::Ustrd] | [Tag::AddtlTxInf] => self.texts.extend(some()),
            _ => {}
        }
        Ok(())
    }

    fn party(&mut self, tag: Tag) -> &mut Party {
        if matches!(tag, Tag::Dbtr | Tag::DbtrAcct) { &mut self.debtor } else { &mut self.creditor }
    }
}

/// What of a payment is for one KID.
struct Share {
    kid: Option<String>,
    /// A reference that is no KID.
    other: Option<String>,
    amount: Amount,
}

/// How a payment is shared among its references: one share for each where they say how much and it adds up; else one without a
/// KID, and the KIDs that nobody can share it among.
fn shares(remittances: Vec<Remittance>, amount: Amount) -> (Vec<Share>, Option<String>) {
    let mut named: Vec<(String, Option<Amount>)> =
        remittances.into_iter().filter_map(|one| Some((one.reference?, one.amount))).collect();
    let one = |reference: Option<String>| {
        let (kid, other) = match reference {
            Some(reference) if is_kid(&reference) => (Some(reference), None),
            other => (None, other),
        };
        Share { kid, other, amount }
    };
    if named.len() <= 1 || named.iter().all(|(reference, _)| *reference == named[0].0) {
        return (vec![one(named.pop().map(|(reference, _)| reference))], None);
    }
    let sum = named.iter().try_fold(Amount::zero(amount.currency()), |sum, (_, part)| sum.checked_add((*part)?));
    if sum == Some(amount) {
        let shares = named.into_iter().map(|(reference, part)| Share { amount: part.unwrap_or(amount), ..one(Some(reference)) });
        return (shares.collect(), None);
    }
    let all = named.into_iter().map(|(reference, _)| reference).collect::<Vec<_>>().join(", ");
    (vec![Share { kid: None, other: Some(all.clone()), amount }], Some(all))
}

/// Two to 25 digits, the last may be `-`. Whether the check digit holds is for whoever issued it to say.
fn is_kid(reference: &str) -> bool {
    let body = reference.strip_suffix('-').unwrap_or(reference);
    (2..=25).contains(&reference.len()) && body.bytes().all(|byte| byte.is_ascii_digit())
}

pub fn field(name: &str, value: &str, place: Place) -> Fault {
    at(codes::BANK_FIELD, place.line, place.column).with("bank_field", name).with("value", value)
}

pub fn warning(fault: Fault) -> Fault {
    Fault { severity: Severity::Warning, ..fault }
}

/// An amount of camt: a decimal number that is not below zero, its currency in an attribute.
pub fn amount(text: &str, currency: Option<&str>, place: Place) -> Result<Amount, Fault> {
    let currency = currency.unwrap_or_default();
    let currency = Currency::parse(currency).ok_or_else(|| field("currency", currency, place))?;
    let value = decimal(text).filter(|value| !value.is_sign_negative());
    value.and_then(|value| Amount::from_decimal(value, currency)).ok_or_else(|| field("amount", text, place))
}

/// A decimal number as XML Schema has them: no exponent and no grouping.
pub fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| text.parse().ok()).flatten()
}

/// Credit or debit of our account.
pub fn is_debit(text: &str, place: Place) -> Result<bool, Fault> {
    match text {
        "CRDT" => Ok(false),
        "DBIT" => Ok(true),
        _ => Err(field("direction", text, place)),
    }
}

fn flag(text: &str, place: Place) -> Result<bool, Fault> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(field("reversal", text, place)),
    }
}

/// The day of a date or of a date and time, as it stands there: with or without a zone.
fn date(text: &str, place: Place) -> Result<Date, Fault> {
    text.get(..10).and_then(|day| day.parse().ok()).ok_or_else(|| field("date", text, place))
}
