//! Faults that a test orders: at which point of a conversation, what goes wrong, how often.
//!
//! A fault strikes any recipient, where a persona is one recipient's nature; when both would act at the same point,
//! the fault wins. What each kind does at each point is decided in `counterparties/`. Dice are seeded: the same
//! settings and the same requests in the same order give the same faults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Faults that may stand at once. A test orders a handful; more is a loop that forgot to delete.
pub const MOST_FAULTS: usize = 100;

/// The longest `delay_ms`, ten minutes: longer than the time-outs RFC 5321 §4.5.3.2 recommends for the final dot.
pub const LONGEST_DELAY_MS: u64 = 600_000;

/// Counterparties that faults can be ordered for.
const COUNTERPARTIES: [&str; 5] = ["mail", "mps", "print", "bank", "fortnox"];

/// At which points of which counterparty a fault can strike, and which kinds make no sense there.
const FITTING: [(&str, Point, &[Kind]); 20] = [
    ("mail", Point::Connect, &[]),
    ("mail", Point::Mail, &[]),
    ("mail", Point::Rcpt, &[]),
    ("mail", Point::Data, &[]),
    ("mail", Point::Dot, &[]),
    ("mail", Point::Reply, &[]),
    ("mps", Point::Connect, &[Kind::AcceptThenDrop, Kind::Duplicate]),
    ("mps", Point::Request, &[]),
    ("mps", Point::Reply, &[Kind::Duplicate]),
    ("print", Point::Connect, &[Kind::AcceptThenDrop, Kind::Duplicate, Kind::Garble]),
    ("print", Point::Put, &[Kind::Duplicate]),
    ("print", Point::Rename, &[Kind::Garble]),
    ("print", Point::Receipt, &[Kind::Refuse, Kind::AcceptThenDrop, Kind::Delay]),
    ("bank", Point::Connect, &[Kind::AcceptThenDrop, Kind::Duplicate, Kind::Garble]),
    ("bank", Point::Put, &[Kind::Duplicate]),
    ("bank", Point::Rename, &[Kind::Duplicate, Kind::Garble]),
    ("bank", Point::Receipt, &[Kind::Refuse, Kind::AcceptThenDrop, Kind::Delay]),
    ("fortnox", Point::Connect, &[Kind::AcceptThenDrop, Kind::Duplicate, Kind::Delay]),
    ("fortnox", Point::Request, &[Kind::Duplicate]),
    ("fortnox", Point::Reply, &[Kind::Duplicate]),
];

/// The point of a conversation at which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// When a client has connected, before anything of it is heard.
    Connect,
    /// At MAIL FROM.
    Mail,
    /// At RCPT TO.
    Rcpt,
    /// At DATA.
    Data,
    /// When the final dot has been read, before the letter is taken.
    Dot,
    /// When the request (mail: the letter) has taken effect, at the reply.
    Reply,
    /// When a whole request has been read, before it takes effect.
    Request,
    /// When a file is opened to be written.
    Put,
    /// When a job or a claim file gets its final name.
    Rename,
    /// When a receipt or a report is due.
    Receipt,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A temporary refusal.
    Refuse,
    /// The connection closes without a reply.
    Drop,
    /// The request takes effect, then the connection closes.
    AcceptThenDrop,
    /// The answer comes late, by machine time.
    Delay,
    /// The answer comes twice; where something is taken, it is taken twice.
    Duplicate,
    /// The answer (or the file) is nonsense.
    Garble,
}

/// What a test orders, as `POST /faults` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Which counterparty: `mail`, `mps`, `print`, `bank` or `fortnox`.
    pub counterparty: String,
    /// At which point.
    pub at: Point,
    /// What goes wrong.
    pub kind: Kind,
    /// How likely, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many times it strikes before it is spent; absent = for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How late, for `delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Only for recipients like this; `*` stands for any text. Letter case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

fn always() -> f64 {
    1.0
}

/// A fault in force, as `GET /faults` shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// The number to delete it by.
    pub id: u64,
    /// What was ordered.
    #[serde(flatten)]
    pub order: Order,
    /// How many times it has struck.
    pub struck: u32,
}

/// A fault that strikes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    /// What goes wrong.
    pub kind: Kind,
    /// How late, where the kind is a delay; else zero.
    pub delay: Duration,
}

/// All faults in force, and the dice.
#[derive(Debug)]
pub struct Faults {
    standing: Vec<Fault>,
    last_id: u64,
    dice: u64,
}

impl Faults {
    /// No faults yet; the seed decides every later throw.
    pub fn seeded(seed: u64) -> Faults {
        Faults { standing: Vec::new(), last_id: 0, dice: seed }
    }

    /// Puts a fault in force.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the order.
    pub fn add(&mut self, order: Order) -> Result<u64, String> {
        check(&order)?;
        if self.standing.len() >= MOST_FAULTS {
            return Err(format!("{MOST_FAULTS} faults stand already; delete some"));
        }
        self.last_id += 1;
        self.standing.push(Fault { id: self.last_id, order, struck: 0 });
        Ok(self.last_id)
    }

    /// All faults, oldest first; spent ones stay visible until deleted.
    pub fn list(&self) -> &[Fault] {
        &self.standing
    }

    /// Takes one fault away; false where there is none with that number.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.standing.len();
        self.standing.retain(|fault| fault.id != id);
        self.standing.len() < before
    }

    /// Takes all faults away.
    pub fn clear(&mut self) {
        self.standing.clear();
    }

    /// Which fault strikes here: the oldest that fits and whose dice fall so. At most one strikes at a point.
    pub fn strike(&mut self, counterparty: &str, at: Point, recipients: &[String]) -> Option<Strike> {
        let dice = &mut self.dice;
        let fault = self.standing.iter_mut().find(|fault| {
            let order = &fault.order;
            order.counterparty == counterparty
                && order.at == at
                && order.times.is_none_or(|times| fault.struck < times)
                && order.to.as_ref().is_none_or(|pattern| recipients.iter().any(|to| fits(pattern, to)))
                && throw(dice) < order.probability
        })?;
        fault.struck = fault.struck.saturating_add(1);
        Some(Strike { kind: fault.order.kind, delay: Duration::from_millis(fault.order.delay_ms.unwrap_or(0)) })
    }
}

fn check(order: &Order) -> Result<(), String> {
    if !COUNTERPARTIES.contains(&order.counterparty.as_str()) {
        return Err(format!("counterparty: {:?} is none of {COUNTERPARTIES:?}", order.counterparty));
    }
    let Some((_, _, unfit)) = FITTING.iter().find(|(name, at, _)| *name == order.counterparty && *at == order.at) else {
        return Err(format!("at: {:?} has no such point", order.counterparty));
    };
    if unfit.contains(&order.kind) {
        return Err(format!("kind: makes no sense at this point of {:?}", order.counterparty));
    }
    if !(0.0..=1.0).contains(&order.probability) {
        return Err(format!("probability: {} is not between 0 and 1", order.probability));
    }
    match (order.kind, order.delay_ms) {
        (Kind::Delay, None) => return Err("delay_ms: a delay needs it".to_owned()),
        (Kind::Delay, Some(ms)) if ms > LONGEST_DELAY_MS => {
            return Err(format!("delay_ms: {ms} is more than {LONGEST_DELAY_MS}"));
        }
        (Kind::Delay, Some(_)) | (_, None) => {}
        (_, Some(_)) => return Err("delay_ms: belongs to kind \"delay\" only".to_owned()),
    }
    if order.times == Some(0) {
        return Err("times: must be at least 1; leave it out for ever".to_owned());
    }
    match (&order.to, order.at) {
        (Some(_), Point::Connect | Point::Mail) => Err("to: no recipient is known yet at \"connect\" and \"mail\"".to_owned()),
        (Some(pattern), _) if pattern.is_empty() || pattern.len() > 320 => Err("to: must be 1 to 320 characters".to_owned()),
        _ => Ok(()),
    }
}

/// Does the text fit a pattern in which `*` stands for any text? Letter case does not matter.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// One throw, 0 up to but not 1: SplitMix64 (Steele, Lea, Flood 2014), small and the same on every machine.
fn throw(dice: &mut u64) -> f64 {
    *dice = dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *dice;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let top = u32::try_from((z ^ (z >> 31)) >> 32).expect("a u64 shifted by 32 fits in a u32");
    f64::from(top) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn patterns() {
        let table = [
            ("*@kunde.example", "kari@kunde.example", true),
            ("*@kunde.example", "kari@annen.example", false),
            ("kari@*", "Kari@kunde.example", true),
            ("k*a*@*.example", "kunda@a.example", true),
            ("kari@kunde.example", "kari@kunde.example", true),
            ("kari@kunde.example", "kari@kunde.example.example", false),
            ("*", "", true),
            ("a*a", "a", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let run = |seed| {
            let mut faults = Faults::seeded(seed);
            faults.add(order(r#"{"counterparty":"mail","at":"dot","kind":"drop","probability":0.3}"#)).unwrap();
            (0..1000).map(|_| faults.strike("mail", Point::Dot, &[]).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&struck), "{struck} of 1000 at probability 0.3");
    }

    #[test]
    fn a_fault_is_spent_after_its_times_and_the_next_one_follows() {
        let mut faults = Faults::seeded(1);
        faults.add(order(r#"{"counterparty":"mail","at":"rcpt","kind":"refuse","times":1}"#)).unwrap();
        faults.add(order(r#"{"counterparty":"mail","at":"rcpt","kind":"delay","delay_ms":5,"times":1,"to":"k*"}"#)).unwrap();
        let kari = ["kari@kunde.example".to_owned()];
        assert_eq!(faults.strike("mail", Point::Data, &kari), None);
        assert_eq!(faults.strike("mail", Point::Rcpt, &kari).unwrap().kind, Kind::Refuse);
        assert_eq!(faults.strike("mail", Point::Rcpt, &["ola@kunde.example".to_owned()]), None);
        assert_eq!(
            faults.strike("mail", Point::Rcpt, &kari),
            Some(Strike { kind: Kind::Delay, delay: Duration::from_millis(5) })
        );
        assert_eq!(faults.strike("mail", Point::Rcpt, &kari), None);
    }

    #[test]
    fn a_wrong_order_is_told_why() {
        let table = [
            (r#"{"counterparty":"post","at":"dot","kind":"drop"}"#, "counterparty"),
            (r#"{"counterparty":"bank","at":"dot","kind":"drop"}"#, "at"),
            (r#"{"counterparty":"mps","at":"dot","kind":"drop"}"#, "at"),
            (r#"{"counterparty":"mail","at":"put","kind":"drop"}"#, "at"),
            (r#"{"counterparty":"print","at":"receipt","kind":"refuse"}"#, "kind"),
            (r#"{"counterparty":"mps","at":"reply","kind":"duplicate"}"#, "kind"),
            (r#"{"counterparty":"mail","at":"dot","kind":"drop","probability":2}"#, "probability"),
            (r#"{"counterparty":"mail","at":"dot","kind":"delay"}"#, "delay_ms"),
            (r#"{"counterparty":"mail","at":"dot","kind":"drop","delay_ms":1}"#, "delay_ms"),
            (r#"{"counterparty":"mail","at":"dot","kind":"delay","delay_ms":600001}"#, "delay_ms"),
            (r#"{"counterparty":"mail","at":"dot","kind":"drop","times":0}"#, "times"),
            (r#"{"counterparty":"mail","at":"connect","kind":"drop","to":"*"}"#, "to"),
            (r#"{"counterparty":"mail","at":"dot","kind":"drop","to":""}"#, "to"),
        ];
        for (json, field) in table {
            let told = Faults::seeded(0).add(order(json)).unwrap_err();
            assert!(told.starts_with(field), "{json}: {told}");
        }
    }
}
