//! The faults of a run: who cannot be reached, what the wire does, and where a conversation breaks.

use kvitt_sandbox::counterparties::{Kind, Order, Point};

use super::play::Play;

impl Play {
    /// Orders a fault, as the dice will.
    pub fn order_fault(&mut self) {
        self.world().is_troubled = true;
        let has_bank = self.has_debits();
        if self.dice.once_in(8) {
            let all = ["mail", "mps", "print", "bank"];
            let who = *self.dice.pick(if has_bank { &all } else { &all[..3] });
            self.tell(format!("{who} cannot be reached"));
            self.world().away.insert(who);
            return;
        }
        if self.dice.once_in(8) {
            self.tell("the wire doubles requests".to_owned());
            self.world().doubles = 2;
            return;
        }
        if self.dice.once_in(8) {
            self.tell("the wire is slow".to_owned());
            self.world().slow = 2;
            return;
        }
        let (counterparty, at) = *self.dice.pick(if has_bank { &POINTS } else { &POINTS[..WITHOUT_BANK] });
        let kind = *self.dice.pick(&KINDS);
        if is_beyond_us(counterparty, at, kind) {
            return;
        }
        let order = Order {
            counterparty: counterparty.to_owned(),
            at,
            kind,
            probability: if self.dice.once_in(2) { 1.0 } else { 0.5 },
            times: Some(1 + u32::try_from(self.dice.throw(3)).expect("small")),
            delay_ms: (kind == Kind::Delay).then_some(1_000),
            to: None,
        };
        // Some kinds make no sense at some points; the sandbox knows which.
        let ordered = self.world().faults.add(order).is_ok();
        if ordered {
            self.tell(format!("fault: {counterparty} {at:?} {kind:?}"));
        }
    }
}

/// Faults that no sender could make good: a counterparty that itself acts twice on one request, and a mail server that takes a
/// letter and says for certain that it did not. The failure matrix shows what they come to.
fn is_beyond_us(counterparty: &str, at: Point, kind: Kind) -> bool {
    match kind {
        Kind::Duplicate => matches!(at, Point::Dot | Point::Request | Point::Rename),
        Kind::Refuse => counterparty == "mail" && at == Point::Reply,
        Kind::Drop | Kind::AcceptThenDrop | Kind::Delay | Kind::Garble => false,
    }
}

/// Every point at which a counterparty can be at fault; the bank's last.
const POINTS: [(&str, Point); 19] = [
    ("mail", Point::Connect),
    ("mail", Point::Mail),
    ("mail", Point::Rcpt),
    ("mail", Point::Data),
    ("mail", Point::Dot),
    ("mail", Point::Reply),
    ("mps", Point::Connect),
    ("mps", Point::Request),
    ("mps", Point::Reply),
    ("print", Point::Connect),
    ("print", Point::Put),
    ("print", Point::Rename),
    ("print", Point::Receipt),
    ("bank", Point::Connect),
    ("bank", Point::Put),
    ("bank", Point::Rename),
    ("bank", Point::Rename),
    ("bank", Point::Receipt),
    ("bank", Point::Receipt),
];
/// So many of them are not the bank's.
const WITHOUT_BANK: usize = 13;

/// Every kind of fault.
pub const KINDS: [Kind; 6] = [Kind::Refuse, Kind::Drop, Kind::AcceptThenDrop, Kind::Delay, Kind::Duplicate, Kind::Garble];
