//! Mandates (faste betalingsoppdrag, FBO): a payer's standing permission for direct debit to one of the company's accounts.
//!
//! A mandate is known by a KID, but it is not the permission for one invoice: the bank matches on the customer part of the KID
//! (the "reference position"), which the agreement's structures name. So a KID is read here ([`DirectDebit::read_kid`]) before it is
//! compared, and whole KIDs are never. How mandates come and are stored is the hub's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agreement::DirectDebit;
use crate::identifiers::{Kid, KidStructure};

/// A mandate as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// The KID that it was given with: digits, a MOD11 `-` at the end where the bank sends one.
    pub kid: String,
    /// The company's bank account, eleven digits.
    pub bank_account: String,
    /// The payer's bank account, where the rail gives it. The file and the look-up do not; it is never made up.
    pub payer_account: Option<String>,
    /// Whether the payer wants to be told of claims.
    pub wants_notice: bool,
    /// Whether it stands.
    pub status: MandateStatus,
    /// When it was last changed, on the business clock.
    pub updated_at: Timestamp,
    /// What its KID says, by the agreement's structures; `None` where it fits none of them, and so no invoice.
    pub reading: Option<KidReading>,
}

impl Mandate {
    /// Whether a claim may go by it.
    pub fn is_active(&self) -> bool {
        self.status == MandateStatus::Active
    }
}

/// Whether a mandate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateStatus {
    /// It stands.
    Active,
    /// The payer has withdrawn it, or the rail no longer knows of it.
    Inactive,
}

impl MandateStatus {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            MandateStatus::Active => "active",
            MandateStatus::Inactive => "inactive",
        }
    }
}

/// What a KID says by the structure that it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KidReading {
    /// The length of the structure's KIDs. No two structures of an agreement have the same.
    pub length: usize,
    /// The customer part, zeros kept: what an invoice is matched on.
    pub customer: String,
    /// The payment type, where the structure has a place for one.
    pub payment_type: Option<String>,
}

impl KidReading {
    /// What mandates and invoices are compared by: customer parts of different structures are different customers.
    pub fn key(&self) -> String {
        format!("{}:{}", self.length, self.customer)
    }
}

/// What the rail registers of a mandate. AvtaleGiro system specification, record "fast betalingsoppdrag", position 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// 0: it exists; part of a full list.
    Existing,
    /// 1: it is new or changed. To be applied also where it is known: it may carry only a changed wish for notice.
    NewOrChanged,
    /// 2: it is gone.
    Deleted,
}

/// One record about a mandate: of a bank file, or what a look-up answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateRecord {
    /// The KID, without the blanks that fill its field.
    pub kid: String,
    /// What is registered.
    pub registration: Registration,
    /// Whether the payer wants to be told of claims.
    pub wants_notice: bool,
}

/// What becomes of a mandate by a record about it: the mandate that is known, if any, replaced. `None` where nothing changes.
pub fn after(
    known: Option<&Mandate>,
    record: &MandateRecord,
    bank_account: &str,
    debit: Option<&DirectDebit>,
    at: Timestamp,
) -> Option<Mandate> {
    let status = match record.registration {
        Registration::Existing | Registration::NewOrChanged => MandateStatus::Active,
        Registration::Deleted => MandateStatus::Inactive,
    };
    let made = Mandate {
        kid: record.kid.clone(),
        bank_account: bank_account.to_owned(),
        payer_account: known.and_then(|known| known.payer_account.clone()),
        wants_notice: record.wants_notice,
        status,
        updated_at: at,
        reading: debit.and_then(|debit| debit.read_kid(&record.kid)),
    };
    match known {
        Some(known) if (Mandate { updated_at: known.updated_at, ..made.clone() }) == *known => None,
        Some(_) | None => Some(made),
    }
}

/// A mandate that a full list does not name any more; `None` where it was inactive already.
pub fn missing(known: &Mandate, at: Timestamp) -> Option<Mandate> {
    known.is_active().then(|| Mandate { status: MandateStatus::Inactive, updated_at: at, ..known.clone() })
}

/// The mandate among those of one customer that a claim would go by: an active one, the last changed of them; else the last
/// changed, so that a plan can say that it is withdrawn.
pub fn foremost(of_customer: impl Iterator<Item = Mandate>) -> Option<Mandate> {
    of_customer
        .into_iter()
        .max_by(|one, other| (one.is_active(), one.updated_at, &one.kid).cmp(&(other.is_active(), other.updated_at, &other.kid)))
}

impl DirectDebit {
    /// What mandates of a customer number are known by, in each structure that the number fits into: as [`KidReading::key`].
    pub fn customer_keys(&self, number: &str) -> Vec<String> {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return vec![];
        }
        let key = |structure: &KidStructure| {
            let (length, width) = (structure.parts().length, structure.parts().customer.len());
            (number.len() <= width)
                .then(|| KidReading { length, customer: format!("{number:0>width$}"), payment_type: None }.key())
        };
        self.structures.iter().filter_map(key).collect()
    }

    /// What a KID says by the structure that it is of. The digits of the payment type are read and not compared: a payer gives
    /// one permission for all that the payee sends them. `None` where length or check digit fit no structure.
    pub fn read_kid(&self, kid: &str) -> Option<KidReading> {
        let kid = Kid::parse(kid).ok()?;
        self.structures.iter().find_map(|structure| reading(structure, &kid))
    }
}

fn reading(structure: &KidStructure, kid: &Kid) -> Option<KidReading> {
    let parts = structure.parts();
    if kid.as_str().len() != parts.length || !kid.follows(parts.modulus) {
        return None;
    }
    let customer = kid.as_str().get(parts.customer.clone())?.to_owned();
    let payment_type = parts.kind.as_ref().and_then(|(range, _)| kid.as_str().get(range.clone())).map(str::to_owned);
    Some(KidReading { length: parts.length, customer, payment_type })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::{ClaimWay, NoticePolicy};
    use crate::identifiers::{KidParts, Modulus};

    fn debit() -> DirectDebit {
        let short = KidParts { length: 10, customer: 0..4, kind: None, invoice: 4..9, modulus: Modulus::Mod10 };
        let long =
            KidParts { length: 16, customer: 0..6, kind: Some((6..7, "3".into())), invoice: 7..15, modulus: Modulus::Mod11 };
        let structures = [short, long].map(|parts| KidStructure::new(parts).unwrap()).to_vec();
        DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() }
    }

    fn kid(structure: usize, customer: u64, invoice: u64) -> String {
        debit().structures[structure].generate_from(customer, invoice).unwrap().1.to_string()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn two_invoices_of_a_customer_have_one_customer_part() {
        let key = |kid: &str| debit().read_kid(kid).map(|reading| reading.key());
        assert_eq!(key(&kid(0, 42, 1)).as_deref(), Some("10:0042"));
        assert_eq!(key(&kid(0, 42, 99_999)), key(&kid(0, 42, 1)));
        assert_ne!(key(&kid(0, 43, 1)), key(&kid(0, 42, 1)));
        // Number 42 of another structure is another customer.
        assert_eq!(key(&kid(1, 42, 1)).as_deref(), Some("16:000042"));
        assert_eq!(key("123456782"), None);
        assert_eq!(key(""), None);
        assert_eq!(debit().customer_keys("42"), ["10:0042", "16:000042"]);
        assert_eq!(debit().customer_keys("12345"), ["16:012345"]);
        assert!(debit().customer_keys("12 345").is_empty() && debit().customer_keys("").is_empty());
    }

    #[test]
    fn the_payment_type_is_read_and_not_compared() {
        let (mut other, wanted) = (kid(1, 42, 7), kid(1, 42, 7));
        other.replace_range(6..7, "5");
        let check = Modulus::Mod11.check_digit(&other[..15]).unwrap();
        other.replace_range(15..16, &check.to_string());
        let readings = [&other, &wanted].map(|kid| debit().read_kid(kid).unwrap());
        assert_eq!(readings[0].key(), readings[1].key());
        assert_eq!(readings.map(|reading| reading.payment_type.unwrap()), ["5", "3"]);
    }

    #[test]
    fn records_in_their_order() {
        let record = |registration, wants_notice| MandateRecord { kid: kid(0, 42, 1), registration, wants_notice };
        let check = |records: &[MandateRecord], status: MandateStatus, wants_notice: bool, changes: usize| {
            let (mut known, mut changed) = (None, 0);
            for (second, record) in (0..).zip(records) {
                if let Some(after) = after(known.as_ref(), record, "86011117947", Some(&debit()), at(second)) {
                    known = Some(after);
                    changed += 1;
                }
            }
            let known: Mandate = known.unwrap();
            assert_eq!((known.status, known.wants_notice, changed), (status, wants_notice, changes));
        };
        use MandateStatus::{Active, Inactive};
        use Registration::{Deleted, Existing, NewOrChanged};
        check(&[record(Existing, true)], Active, true, 1);
        check(&[record(NewOrChanged, true), record(NewOrChanged, true)], Active, true, 1);
        check(&[record(Existing, true), record(NewOrChanged, false)], Active, false, 2);
        check(&[record(NewOrChanged, true), record(Deleted, true), record(NewOrChanged, true)], Active, true, 3);
        check(&[record(Deleted, false)], Inactive, false, 1);
        check(&[record(NewOrChanged, false), record(Deleted, false), record(Deleted, false)], Inactive, false, 2);
    }

    #[test]
    fn what_a_full_list_does_not_name_is_withdrawn_once() {
        let record = MandateRecord { kid: kid(0, 42, 1), registration: Registration::Existing, wants_notice: true };
        let known = after(None, &record, "86011117947", Some(&debit()), at(0)).unwrap();
        let gone = missing(&known, at(9)).unwrap();
        assert_eq!((gone.is_active(), gone.updated_at), (false, at(9)));
        assert_eq!(missing(&gone, at(10)), None);
    }

    #[test]
    fn an_active_mandate_comes_before_a_newer_withdrawn_one() {
        let mandate = |invoice, registration, second| {
            let record = MandateRecord { kid: kid(0, 42, invoice), registration, wants_notice: true };
            after(None, &record, "86011117947", Some(&debit()), at(second)).unwrap()
        };
        let (old, new) = (mandate(1, Registration::NewOrChanged, 1), mandate(2, Registration::Deleted, 2));
        assert_eq!(foremost([new.clone(), old.clone()].into_iter()), Some(old));
        assert_eq!(foremost([new.clone()].into_iter()), Some(new));
        assert_eq!(foremost([].into_iter()), None);
    }
}
