//! How the mail server treats what it is asked: personas and faults decide, no socket and no file here.
//!
//! `fronts/smtp.rs` speaks the protocol and calls [`Mail::handle`] at the points where a persona or a fault may
//! act. What the letter says is read by `mime.rs`; the messages that come back are written by `notices.rs`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::faults::{Faults, Kind, Point, Strike};
use crate::ledger::Line;
use crate::mime::Letter;
use crate::notices::{Notice, Tidings};
use crate::personas::{Persona, Resident, resident};

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "mail";

/// How the persona `slow` answers where its address sets no dial.
const SLOW_ANSWER: Duration = Duration::from_secs(2);

/// The slowest that an address can make an answer: a client waits longer than this (RFC 5321 §4.5.3.2: 5 minutes).
const SLOWEST_ANSWER: Duration = Duration::from_secs(60);

/// How long a full mailbox stays full where its address sets no dial, by the sandbox's clock.
const MAILBOX_FULL: Duration = Duration::from_secs(4 * 3600);

/// How often `dropsmidletter` drops where its address sets no dial: twice, so that one retry is not enough.
const MID_LETTER_DROPS: u32 = 2;

/// Pairs of sender and recipient whose history is remembered; at more, all is forgotten and begins anew. A run of
/// tests has thousands.
const MOST_REMEMBERED: usize = 200_000;

/// What a client asks, at the points where the server has a choice.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    /// It has connected and waits for the greeting.
    Connect,
    /// MAIL FROM, its syntax checked.
    Mail,
    /// RCPT TO, its syntax checked.
    Recipient {
        /// The envelope sender; empty for a bounce.
        from: &'a str,
        /// The address asked for.
        to: &'a str,
        /// Has the client logged in?
        login: Login,
    },
    /// DATA, after at least one recipient was taken.
    Data {
        /// The envelope sender.
        from: &'a str,
        /// The recipients taken.
        recipients: &'a [String],
    },
    /// The final dot has been read.
    Letter {
        /// The envelope sender.
        from: &'a str,
        /// The recipients taken.
        recipients: &'a [String],
        /// The letter as its recipient reads it.
        letter: &'a Letter,
    },
}

/// Whether a client has logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// By AUTH.
    Done,
    /// Not, which most servers of recipients do not mind.
    Missing,
}

/// What the server does.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Machine time to let pass before the request takes effect.
    pub hold: Duration,
    /// Does the request take effect?
    pub takes_effect: bool,
    /// The letters that are taken: ledger line and mailbox entry each, to be stored before anything is said.
    pub copies: Vec<Copy>,
    /// The messages that go back to the sender.
    pub notices: Vec<Notice>,
    /// Machine time to let pass before anything is said.
    pub wait: Duration,
    /// What is said.
    pub say: Say,
    /// What becomes of the connection.
    pub then: Then,
}

/// A letter as it lies in one recipient's mailbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// Its number; counted from 1 over the life of the data folder.
    pub number: u64,
    /// What the ledger says of it.
    pub line: Line,
}

/// What is said: whole SMTP reply lines without their line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// A reply.
    Once(Cow<'static, str>),
    /// The same reply, twice.
    Twice(Cow<'static, str>),
    /// Something that is no SMTP.
    Nonsense,
    /// Nothing at all.
    Nothing,
}

/// What becomes of the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    GoOn,
    /// The server closes it.
    HangUp,
}

/// The mail server's memory.
#[derive(Debug)]
pub struct Mail {
    last_number: u64,
    tries: HashMap<(Persona, String, String), u32>,
    full_since: HashMap<(String, String), Timestamp>,
    dropped_after_dot: HashSet<String>,
}

impl Mail {
    /// A server that numbers its letters after `last_number`.
    pub fn resumed(last_number: u64) -> Mail {
        Mail { last_number, tries: HashMap::new(), full_since: HashMap::new(), dropped_after_dot: HashSet::new() }
    }

    /// Tells it of a letter that it took before the sandbox was started anew, so that `dropsafterdot` does not drop
    /// the same one again.
    pub fn remember(&mut self, line: Line) {
        if resident(&line.recipient).is_some_and(|found| found.persona == Persona::DropsAfterDot) {
            self.dropped_after_dot.insert(line.key);
        }
    }

    /// Decides what to do. A fault is asked before the recipient's persona.
    pub fn handle(&mut self, request: Request<'_>, faults: &mut Faults, now: Timestamp) -> Answer {
        match request {
            Request::Connect => {
                let mut answer = under(faults.strike(NAME, Point::Connect, &[]), Point::Connect, || {
                    Answer::ok("220 sandbox.example ESMTP Kvitt sandbox, TEST only")
                });
                if !answer.takes_effect {
                    answer.then = Then::HangUp;
                }
                answer
            }
            Request::Mail => under(faults.strike(NAME, Point::Mail, &[]), Point::Mail, || Answer::ok("250 2.1.0 Sender taken")),
            Request::Recipient { from, to, login } => {
                let strike = faults.strike(NAME, Point::Rcpt, &[to.to_owned()]);
                under(strike, Point::Rcpt, || self.recipient(from, to, login, now))
            }
            Request::Data { from, recipients } => {
                let strike = faults.strike(NAME, Point::Data, recipients);
                under(strike, Point::Data, || self.data(from, recipients))
            }
            Request::Letter { from, recipients, letter } => {
                let strike = faults.strike(NAME, Point::Dot, recipients);
                let mut answer = under(strike, Point::Dot, || self.letter(from, recipients, letter, now));
                self.number(&mut answer);
                if answer.takes_effect
                    && let Some(strike) = faults.strike(NAME, Point::Reply, recipients)
                {
                    at_reply(strike, &mut answer);
                }
                answer
            }
        }
    }

    /// Takes back what was decided of a letter that could not be stored after all.
    pub fn not_stored(&mut self, answer: &Answer) {
        if answer.then == Then::HangUp {
            for copy in &answer.copies {
                self.dropped_after_dot.remove(&copy.line.key);
            }
        }
    }

    fn recipient(&mut self, from: &str, to: &str, login: Login, now: Timestamp) -> Answer {
        let taken = Answer::ok("250 2.1.5 Recipient taken");
        let Some(found) = resident(to) else {
            return Answer::refusal("550 5.1.2 No such domain: the sandbox knows addresses in .example only");
        };
        match found.persona {
            Persona::HardBounce => Answer::refusal("550 5.1.1 No such person here"),
            Persona::Greylisted if self.tried(found.persona, from, to) <= found.times.unwrap_or(1) => {
                Answer::refusal("451 4.7.1 Greylisted, try again later")
            }
            Persona::MailboxFull => {
                make_room(&mut self.full_since);
                let since = *self.full_since.entry(correspondents(from, to)).or_insert(now);
                if now < later(since, found.after.unwrap_or(MAILBOX_FULL)) {
                    Answer::refusal("452 4.2.2 Mailbox full")
                } else {
                    taken
                }
            }
            Persona::DemandsLogin if login == Login::Missing => Answer::refusal("530 5.7.0 Authentication required"),
            Persona::Slow => Answer { wait: slowness(found), ..taken },
            _ => taken,
        }
    }

    fn data(&mut self, from: &str, recipients: &[String]) -> Answer {
        let go = Answer::ok("354 Go on, end with a dot");
        for to in recipients {
            if let Some(found) = resident(to)
                && found.persona == Persona::DropsMidLetter
                && self.tried(found.persona, from, to) <= found.times.unwrap_or(MID_LETTER_DROPS)
            {
                return Answer { then: Then::HangUp, ..go };
            }
        }
        go
    }

    /// One letter is taken for all its recipients or for none; the strictest persona among them decides.
    fn letter(&mut self, from: &str, recipients: &[String], letter: &Letter, now: Timestamp) -> Answer {
        let found: Vec<(&String, Resident)> = recipients.iter().filter_map(|to| Some((to, resident(to)?))).collect();
        if found.iter().any(|(_, found)| found.persona == Persona::RejectsContent) {
            return Answer::refusal("554 5.6.0 The letter's content is refused");
        }
        if found.iter().any(|(_, found)| found.persona == Persona::Garbles) {
            return Answer { say: Say::Nonsense, ..Answer::refusal("") };
        }
        let (said, digest, subject) = (letter.said(), letter.digest(), letter.header("subject"));
        let mut answer = Answer::ok("250 2.6.0 Taken");
        for (to, found) in found {
            let line = Line::of_letter(&said, &subject, to, digest.clone(), now);
            let after = found.after.unwrap_or_default();
            let mut tell = |tidings| answer.notices.extend(notice(from, to, tidings, later(now, after)));
            match found.persona {
                Persona::BouncesLater => tell(Tidings::Failed),
                Persona::Delayed => tell(Tidings::Delayed),
                Persona::OutOfOffice => tell(Tidings::OutOfOffice),
                Persona::GarblesAccepted => answer.say = Say::Nonsense,
                Persona::Slow => answer.wait = answer.wait.max(slowness(found)),
                Persona::DropsAfterDot if self.dropped_after_dot.insert(line.key.clone()) => {
                    answer.say = Say::Nothing;
                    answer.then = Then::HangUp;
                }
                _ => {}
            }
            answer.copies.push(Copy { number: 0, line });
        }
        answer
    }

    /// Gives every letter that is taken its number, and says it in the reply as a real server names its queue.
    fn number(&mut self, answer: &mut Answer) {
        for copy in &mut answer.copies {
            self.last_number += 1;
            copy.number = self.last_number;
        }
        for notice in &mut answer.notices {
            let copy = answer.copies.iter().find(|copy| copy.line.recipient == notice.recipient);
            notice.number = copy.expect("notices are of letters that are taken").number;
        }
        if let (Some(first), Say::Once(text)) = (answer.copies.first(), &mut answer.say) {
            *text = format!("250 2.6.0 Taken as letter {}", first.number).into();
        }
    }

    /// How often this sender has now tried this recipient.
    fn tried(&mut self, persona: Persona, from: &str, to: &str) -> u32 {
        make_room(&mut self.tries);
        let (from, to) = correspondents(from, to);
        let tries = self.tries.entry((persona, from, to)).or_insert(0);
        *tries = tries.saturating_add(1);
        *tries
    }
}

impl Answer {
    fn ok(reply: &'static str) -> Answer {
        Answer { takes_effect: true, ..Answer::refusal(reply) }
    }

    /// Says no; nothing takes effect.
    pub fn refusal(reply: &'static str) -> Answer {
        Answer {
            hold: Duration::ZERO,
            takes_effect: false,
            copies: Vec::new(),
            notices: Vec::new(),
            wait: Duration::ZERO,
            say: Say::Once(reply.into()),
            then: Then::GoOn,
        }
    }
}

/// What a fault makes of the answer that would have been given.
fn under(strike: Option<Strike>, point: Point, normal: impl FnOnce() -> Answer) -> Answer {
    let Some(strike) = strike else {
        return normal();
    };
    match strike.kind {
        Kind::Refuse if point == Point::Connect => Answer::refusal("421 4.3.2 Not now (a fault was ordered)"),
        Kind::Refuse => Answer::refusal("451 4.3.0 Not now (a fault was ordered)"),
        Kind::Drop => Answer { say: Say::Nothing, then: Then::HangUp, ..Answer::refusal("") },
        Kind::Garble => Answer { say: Say::Nonsense, ..Answer::refusal("") },
        Kind::AcceptThenDrop => {
            let answer = normal();
            // To accept DATA is to say 354; the connection then breaks before the letter is read.
            let say = if point == Point::Data { answer.say } else { Say::Nothing };
            Answer { say, then: Then::HangUp, ..answer }
        }
        Kind::Delay => Answer { hold: strike.delay, ..normal() },
        Kind::Duplicate => {
            let mut answer = normal();
            if point == Point::Dot {
                answer.copies.extend(answer.copies.clone());
            } else {
                answer.say = twice(answer.say);
            }
            answer
        }
    }
}

/// What a fault makes of the reply to a letter that is taken, whatever is said.
fn at_reply(strike: Strike, answer: &mut Answer) {
    match strike.kind {
        Kind::Refuse => answer.say = Say::Once("451 4.3.0 Not now (a fault was ordered; the letter was taken)".into()),
        Kind::Garble => answer.say = Say::Nonsense,
        Kind::Delay => answer.wait += strike.delay,
        Kind::Duplicate => answer.say = twice(std::mem::replace(&mut answer.say, Say::Nothing)),
        Kind::Drop | Kind::AcceptThenDrop => {
            answer.say = Say::Nothing;
            answer.then = Then::HangUp;
        }
    }
}

fn twice(say: Say) -> Say {
    match say {
        Say::Once(reply) => Say::Twice(reply),
        other => other,
    }
}

/// A bounce of a bounce would go round for ever: an empty sender is told nothing (RFC 5321 §4.5.5).
fn notice(from: &str, to: &str, tidings: Tidings, due: Timestamp) -> Option<Notice> {
    (!from.is_empty()).then(|| Notice { number: 0, tidings, due, sender: from.to_owned(), recipient: to.to_owned() })
}

fn slowness(found: Resident) -> Duration {
    found.after.unwrap_or(SLOW_ANSWER).min(SLOWEST_ANSWER)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(Timestamp::MAX)
}

/// Sender and recipient as the server remembers them. What follows `+` in the sender's local part names one letter,
/// not another sender: greylisting servers ignore it too, or a retry under a new name would never be let in.
fn correspondents(from: &str, to: &str) -> (String, String) {
    let (local, domain) = from.rsplit_once('@').unwrap_or((from, ""));
    let person = local.split('+').next().unwrap_or(local);
    (format!("{person}@{domain}").to_ascii_lowercase(), to.to_ascii_lowercase())
}

fn make_room<K, V>(memory: &mut HashMap<K, V>) {
    if memory.len() >= MOST_REMEMBERED {
        memory.clear();
    }
}
