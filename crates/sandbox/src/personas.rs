//! Who lives in the sandbox: magic values in an address choose how the mail server treats it.
//!
//! The list is here, its consequences are in `counterparties/mail.rs`; the banks' consumers are in
//! `counterparties/mps/consumers.rs`, the print shop's recipients in `counterparties/print_shop.rs`, and `docs/sandbox.md` explains it to a newcomer
//! (a test keeps that page complete).

use std::time::Duration;

use serde::Serialize;

/// Domains whose addresses exist. `.example` is reserved for this (RFC 2606 §2), so no letter of a test can ever
/// be meant for a real person.
pub const KNOWN_DOMAIN: &str = "example";

/// How the mail server treats one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Persona {
    /// A person whose mailbox works.
    Ordinary,
    /// The address does not exist, and the server says so at RCPT.
    HardBounce,
    /// Taken, and then a bounce message comes.
    BouncesLater,
    /// Taken, and then a message that the letter is delayed, which is not a failure.
    Delayed,
    /// Refused for now the first time, taken when tried again.
    Greylisted,
    /// The mailbox is full for some hours of the sandbox's clock.
    MailboxFull,
    /// The letter itself is refused, after the final dot.
    RejectsContent,
    /// The connection breaks after DATA, before the final dot is read.
    DropsMidLetter,
    /// The letter is taken, and the connection breaks before the reply.
    DropsAfterDot,
    /// Answers, but slowly.
    Slow,
    /// Answers nonsense, and has not taken the letter.
    Garbles,
    /// Answers nonsense, and has taken the letter.
    GarblesAccepted,
    /// Taken, and an automatic reply comes that is no bounce.
    OutOfOffice,
    /// Wants the sender to log in.
    DemandsLogin,
}

/// One line of the list of personas, as `GET /personas` shows it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Description<P> {
    /// Which counterparty knows the persona.
    pub counterparty: &'static str,
    /// The magic value: for mail and MPS the local part of an e-mail address up to the first `+`, for print a word of
    /// the recipient's name or address.
    pub name: &'static str,
    /// What happens, in one sentence.
    pub does: &'static str,
    /// The dials that may follow `+` in the address, with their defaults.
    pub dials: &'static str,
    /// Which it is.
    #[serde(skip)]
    pub persona: P,
}

/// Every persona of the mail server that a magic value chooses. Any other local part is an ordinary person.
pub const PERSONAS: [Description<Persona>; 13] = [
    mail("hardbounce", Persona::HardBounce, "550 5.1.1 at RCPT: no such person.", ""),
    mail(
        "bounceslater",
        Persona::BouncesLater,
        "Taken (250); a bounce message (RFC 3464, action: failed) comes in the bounces Maildir.",
        "after=0s",
    ),
    mail("delayed", Persona::Delayed, "Taken (250); a message with action: delayed comes, which is not a failure.", "after=0s"),
    mail(
        "greylisted",
        Persona::Greylisted,
        "451 4.7.1 at RCPT the first time for this sender and recipient, then taken.",
        "times=1",
    ),
    mail(
        "mailboxfull",
        Persona::MailboxFull,
        "452 4.2.2 at RCPT for some hours of the sandbox clock from the first try, then taken.",
        "after=4h",
    ),
    mail("rejectscontent", Persona::RejectsContent, "554 5.6.0 after the final dot; not taken.", ""),
    mail(
        "dropsmidletter",
        Persona::DropsMidLetter,
        "354, then the connection closes before the final dot is read; not taken. Then ordinary.",
        "times=2",
    ),
    mail(
        "dropsafterdot",
        Persona::DropsAfterDot,
        "Taken, then the connection closes without a reply: the first time for each invoice, then ordinary.",
        "",
    ),
    mail(
        "slow",
        Persona::Slow,
        "Taken, but the replies to RCPT and to the final dot come late (machine time, at most a minute).",
        "after=2s",
    ),
    mail("garbles", Persona::Garbles, "A reply after the final dot that is no SMTP; the letter is not taken.", ""),
    mail("garblesaccepted", Persona::GarblesAccepted, "A reply after the final dot that is no SMTP; the letter is taken.", ""),
    mail(
        "outofoffice",
        Persona::OutOfOffice,
        "Taken (250); an automatic reply comes in the bounces Maildir, which is no bounce.",
        "",
    ),
    mail("demandslogin", Persona::DemandsLogin, "530 5.7.0 at RCPT unless the sender has logged in (AUTH), then taken.", ""),
];

const fn mail(name: &'static str, persona: Persona, does: &'static str, dials: &'static str) -> Description<Persona> {
    Description { counterparty: "mail", name, does, dials, persona }
}

/// A persona with the dials that its address sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// How it behaves.
    pub persona: Persona,
    /// `after=…`: how long something takes, where the address says so.
    pub after: Option<Duration>,
    /// `times=…`: how often something happens, where the address says so.
    pub times: Option<u32>,
}

/// Who has this address: `None` where nobody has (any domain outside [`KNOWN_DOMAIN`]).
///
/// `bounceslater+after=2d+anything@kunde.example` reads as: persona `bounceslater`, dial `after` = two days. What is
/// no dial is ignored, so that a test may tell its addresses apart.
pub fn resident(address: &str) -> Option<Resident> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.to_ascii_lowercase();
    if domain != KNOWN_DOMAIN && !domain.strip_suffix(KNOWN_DOMAIN).is_some_and(|rest| rest.ends_with('.')) {
        return None;
    }
    let mut tags = local.split('+');
    let name = tags.next().unwrap_or_default().to_ascii_lowercase();
    let persona = PERSONAS.iter().find(|line| line.name == name).map_or(Persona::Ordinary, |line| line.persona);
    let mut found = Resident { persona, after: None, times: None };
    for tag in tags {
        match tag.split_once('=') {
            Some(("after", value)) => found.after = duration(value).or(found.after),
            Some(("times", value)) => found.times = value.parse().ok().or(found.times),
            _ => {}
        }
    }
    Some(found)
}

/// `90m` and its like: a number and one of ms, s, m, h, d.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    // Nine digits of days still fit easily; more is a slip of the finger.
    let number: u64 = number.parse().ok().filter(|n| *n < 1_000_000_000)?;
    Some(Duration::from_millis(number.checked_mul(unit_ms)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_part_up_to_the_first_plus_chooses() {
        let table = [
            ("kari@kunde.example", Some(Persona::Ordinary)),
            ("kari@example", Some(Persona::Ordinary)),
            ("HardBounce@kunde.example", Some(Persona::HardBounce)),
            ("hardbounce+7@KUNDE.EXAMPLE", Some(Persona::HardBounce)),
            ("hardbounced@kunde.example", Some(Persona::Ordinary)),
            ("kari@notexample", None),
            ("kari@example.com", None),
            ("kari", None),
            ("", None),
        ];
        for (address, expected) in table {
            assert_eq!(resident(address).map(|found| found.persona), expected, "{address}");
        }
    }

    #[test]
    fn dials_follow_the_plus() {
        let found = resident("bounceslater+after=2d+x+times=3@a.example").unwrap();
        assert_eq!((found.after, found.times), (Some(Duration::from_secs(172_800)), Some(3)));
        let spoilt = resident("bounceslater+after=soon+times=-1+after=9999999999999d@a.example").unwrap();
        assert_eq!((spoilt.after, spoilt.times), (None, None));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
    }
}
