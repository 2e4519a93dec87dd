//! Claim files: taken out of the drop, checked, and answered with receipts.
//!
//! L200 says that a whole transmission is refused, L226 that one was received, L00202 what became of its orders and
//! transactions. The columns of these lists are inferred (docs/routes/avtalegiro.md).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::accounts::CUSTOMER_UNIT;
use super::claims::{Identity, Rejection};
use super::nets::{self, Order, Refused, Transmission};
use super::{Answer, Bank, Outgoing, Record};
use crate::counterparties::calendar;

/// An order's number is not used again for twelve months and a day.
const ORDER_NUMBERS_REST: SignedDuration = SignedDuration::from_hours(367 * 24);

/// A file that was taken, as the bank remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The transmission's number.
    pub number: u64,
    /// SHA-256 of the file, hex.
    pub digest: String,
    /// Accounts and numbers of its orders.
    pub orders: Vec<(String, u64)>,
    /// When.
    pub at: Timestamp,
    /// What was answered: file names and contents.
    pub receipts: Vec<(String, String)>,
}

impl Bank {
    /// Takes a claim file. The same file again is answered as before.
    pub fn take(&mut self, bytes: &[u8], now: Timestamp) -> Answer {
        let digest = nets::digest(bytes);
        let transmission = match nets::read(bytes) {
            Ok(transmission) => transmission,
            Err(Refused { number, code, text }) => return refusal(number, code, &text),
        };
        let number = transmission.number;
        if transmission.sender != CUSTOMER_UNIT {
            return refusal(Some(number), "T001", "the data sender is not known");
        }
        match self.taken.get(&number) {
            Some(taken) if taken.digest == digest => {
                Answer { files: taken.receipts.iter().map(outgoing).collect(), ..Answer::default() }
            }
            Some(_) => refusal(Some(number), "T002", "another transmission had this number"),
            None => self.take_new(&transmission, digest, now),
        }
    }

    fn take_new(&mut self, transmission: &Transmission, digest: String, now: Timestamp) -> Answer {
        let number = transmission.number;
        let mut answer = Answer::default();
        let mut details = vec!["transmission;order;transaction;kid;amount_ore;due_date;status;code;text".to_owned()];
        let mut seen: Vec<(String, u64)> = Vec::new();
        for order in &transmission.orders {
            let refused = self.refuses(order, &seen, now);
            seen.push((order.account.clone(), order.number));
            match refused {
                Some((code, text)) => details.push(format!("{number:07};{:07};;;;;REJECTED;{code};{text}", order.number)),
                None => self.take_order(transmission, order, &mut details, now, &mut answer.records),
            }
        }
        let list = format!(
            "transmission;received_at;orders;transactions;sum_ore;status\r\n{number:07};{now};{};{};{};RECEIVED\r\n",
            transmission.orders.len(),
            transmission.transactions,
            transmission.sum_minor
        );
        let receipts = vec![
            (format!("L226-{}-{number:07}.csv", calendar::day_of(now)), list),
            (format!("L00202-{number:07}.csv"), details.join("\r\n") + "\r\n"),
        ];
        answer.files = receipts.iter().map(outgoing).collect();
        let taken = Taken { number, digest, orders: seen, at: now, receipts };
        self.enter(Record::Taken(taken), &mut answer.records);
        answer
    }

    /// Why a whole order is refused.
    fn refuses(&self, order: &Order, seen: &[(String, u64)], now: Timestamp) -> Option<(&'static str, String)> {
        let key = (order.account.clone(), order.number);
        let is_used = self.orders.get(&key).is_some_and(|at| now.duration_since(*at) < ORDER_NUMBERS_REST);
        if is_used || seen.contains(&key) {
            Some(("O001", "the order number was used before".to_owned()))
        } else if let Some(wrong) = &order.wrong {
            Some(("O002", wrong.clone()))
        } else if !self.may_claim(CUSTOMER_UNIT, &order.account, now) {
            Some(("G001", format!("account {} has no active agreement with this sender", order.account)))
        } else {
            None
        }
    }

    fn take_order(
        &mut self,
        transmission: &Transmission,
        order: &Order,
        details: &mut Vec<String>,
        now: Timestamp,
        records: &mut Vec<Record>,
    ) {
        let number = transmission.number;
        for item in &order.items {
            let outcome = match (&item.wrong, item.due_on) {
                (None, Some(due_on)) => {
                    let identity = Identity { account: order.account.clone(), kid: item.kid.clone(), minor: item.minor, due_on };
                    let is_moved = identity.debited_on() != due_on;
                    let rejected = if order.cancels {
                        self.cancel_same(&identity, now, records).err()
                    } else {
                        let id = format!("{CUSTOMER_UNIT}/{number}/{}/{}", order.number, item.number);
                        self.claim(id, identity, CUSTOMER_UNIT, now, records)
                    };
                    rejected.map_or(Ok(is_moved && !order.cancels), |why| Err((why, why.words().1.to_owned())))
                }
                (wrong, _) => Err((Rejection::Malformed, wrong.clone().unwrap_or_else(|| "the due date is none".to_owned()))),
            };
            let said = match outcome {
                Ok(false) => "ACCEPTED;;".to_owned(),
                Ok(true) => "WARNING;W001;The due date is no bank day: debited on the next one".to_owned(),
                Err((why, text)) => format!("REJECTED;{};{text}", why.words().0),
            };
            let due = item.due_on.map(|due_on| due_on.to_string()).unwrap_or_default();
            let (order, transaction, kid) = (order.number, item.number, item.kid.replace(';', ""));
            details.push(format!("{number:07};{order:07};{transaction:07};{kid};{};{due};{said}", item.minor));
        }
    }

    pub(super) fn remember_taken(&mut self, taken: Taken) {
        for key in &taken.orders {
            self.orders.insert(key.clone(), taken.at);
        }
        self.taken.insert(taken.number, taken);
    }
}

fn refusal(number: Option<u64>, code: &str, text: &str) -> Answer {
    let number = number.unwrap_or_default();
    let content = format!("transmission;status;code;text\r\n{number:07};REFUSED;{code};{text}\r\n");
    Answer { files: vec![outgoing(&(format!("L200-{number:07}.csv"), content))], ..Answer::default() }
}

fn outgoing((name, content): &(String, String)) -> Outgoing {
    Outgoing { name: name.clone(), content: nets::latin1(content) }
}
