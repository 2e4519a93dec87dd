//! E-mail: one letter per document, by the company's own mail server. The smallest whole route; read this one first.
//!
//! Here is the decision whether a document can go, and what follows from the log. Its parts: the settings ([`setup`]), the
//! words of the letter ([`words`]), what a mail server's reply means ([`outcome`]), and messages that come back
//! ([`bounce`]). The bytes of a letter are made by [`crate::letter`], the conversation is held by the hub.
//! `docs/routes/email.md` is the page for users.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::EmailAddress;
use kvitt_domain::plan::{RouteName, Verdict};

use self::outcome::Meaning;
pub use self::setup::EmailSetup;
use self::words::Content;
use crate::letter::Letter;
use crate::register::Register;
use crate::route::{
    AdapterError, Arrival, Arrived, Artefact, ArtefactRole, Concerned, Consignment, Document, Entry, Facts, Learned, Lot, Member,
    Request, Route, RouteSetup, Step, Then,
};

pub mod bounce;
pub mod outcome;
pub mod setup;
pub mod words;

/// The name of the route.
pub const NAME: &str = "email";

/// However near or far past its due date, a document may wait so long for a mail server: one outage of a day does not buy a
/// stamp for a letter that is late already. The runner keeps the time that the plan gave, so the day is not renewed.
const HELD_AT_LEAST: Duration = Duration::from_secs(24 * 3600);

/// The e-mail route.
#[derive(Debug, Clone, Copy)]
pub struct Email;

impl Route for Email {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
        let mut reasons = address_faults(document, facts);
        let setup = match facts.setup {
            None => Err(vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", NAME)]),
            Some(row) => read_setup(row),
        };
        match setup {
            Err(faults) => {
                reasons.extend(faults);
                Verdict::Closed { reasons }
            }
            Ok(_) if !reasons.is_empty() => Verdict::Closed { reasons },
            Ok(setup) => Verdict::Open {
                price: facts.prices.price(&RouteName::new(NAME), oslo_date(now)),
                latest_send_at: latest_send_at(document.invoice.due_on, &setup, now),
                warnings: size_warning(document, &setup).into_iter().collect(),
            },
        }
    }

    fn lot(&self, _setup: &RouteSetup) -> Lot {
        Lot::OF_ONE
    }

    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError> {
        let [member] = consignment.members.as_slice() else {
            return Err(AdapterError::Log(format!("an e-mail consignment has one member, not {}", consignment.members.len())));
        };
        if let Some(bounced) = bounce_in(member, log)? {
            return Ok(bounced);
        }
        let mut exchanges = log.iter().filter_map(|entry| match entry {
            Entry::Exchange(exchange) => Some(exchange),
            Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => None,
        });
        let Some(last) = exchanges.next_back() else {
            return Ok(Step::send(match &member.said {
                Some(said) => (**said).clone(),
                None => Request::Smtp(Box::new(letter(consignment, member)?)),
            }));
        };
        let Request::Smtp(sent) = &last.request else {
            return Err(AdapterError::Log("something else than a letter was said in an e-mail's conversation".to_owned()));
        };
        // A letter is said again only after a reply that is certainly no acceptance; anything else may have made a second one.
        let mut faults = 1;
        for earlier in exchanges.rev() {
            match outcome::of(&earlier.reply) {
                Meaning::Again(_) => faults += 1,
                Meaning::Final { .. } => {
                    return Err(AdapterError::Log("a letter was said again after its last word".to_owned()));
                }
            }
        }
        match outcome::of(&last.reply) {
            Meaning::Final { word, address_dead } => Ok(Step {
                known: vec![(member.attempt, without_doubt(word, log))],
                learned: address_dead
                    .map(|why| Learned::AddressDead { address: sent.envelope_to.clone(), why })
                    .into_iter()
                    .collect(),
                then: Then::Finished,
            }),
            Meaning::Again(why) => Ok(Step {
                known: vec![],
                learned: vec![],
                // The stored letter, not a new one: a repeat is the same bytes even after an upgrade or a change of settings.
                then: Then::Retry { why, request: last.request.clone(), faults },
            }),
        }
    }

    fn read(&self, arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        let found = bounce::read(&arrived.bytes)?;
        Ok(found.into_iter().map(|(attempt, arrived)| (Concerned::Attempt(attempt), arrived)).collect())
    }

    fn named_in(&self, arrived: &Arrival) -> Option<AttemptId> {
        bounce::named_in(&arrived.bytes)
    }

    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault> {
        setup::check(setup)
    }

    fn register(&self) -> Option<&'static dyn Register> {
        None
    }

    fn can_be_called_back(&self) -> bool {
        false
    }
}

fn address_faults(document: &Document<'_>, facts: &Facts<'_>) -> Vec<Fault> {
    let address = document.recipient.email.as_deref().map(str::trim).filter(|address| !address.is_empty());
    let Some(address) = address else {
        return vec![Fault::fatal(codes::EMAIL_MISSING)];
    };
    if let Err(invalid) = EmailAddress::parse(address) {
        return vec![invalid];
    }
    let suppressed = facts.suppressed.map(|why| Fault::fatal(codes::EMAIL_SUPPRESSED).with("address", address).with("text", why));
    suppressed.into_iter().collect()
}

fn read_setup(row: &RouteSetup) -> Result<EmailSetup, Vec<Fault>> {
    let faults = setup::check(row);
    if !faults.is_empty() {
        return Err(faults);
    }
    row.read().map_err(|_| vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", NAME)])
}

/// Until when an outage may hold a letter: the end of the day, in Oslo, some days before the due date, so that the payer still
/// has time. It is never a reason to refuse: an invoice that is handed in late or overdue goes at once, as the sender wants,
/// and is then held for at most [`HELD_AT_LEAST`]. Without a due date only the retry policy ends it.
fn latest_send_at(due_on: Option<Date>, setup: &EmailSetup, now: Timestamp) -> Option<Timestamp> {
    let due_on = due_on?;
    let at_least = now.checked_add(HELD_AT_LEAST).unwrap_or(Timestamp::MAX);
    let last_day = due_on.checked_sub(Span::new().try_days(setup.days_before_due).ok()?).ok();
    // The first instant of the next day; a date beyond the calendar's ends leaves what is certain.
    let budget =
        last_day.and_then(|day| day.tomorrow().ok()).and_then(|day| day.to_zoned(oslo()).ok()).map(|end| end.timestamp());
    Some(budget.map_or(at_least, |budget| budget.max(at_least)))
}

fn oslo() -> jiff::tz::TimeZone {
    jiff::tz::get!("Europe/Oslo")
}

fn oslo_date(at: Timestamp) -> Date {
    at.to_zoned(oslo()).date()
}

fn size_warning(document: &Document<'_>, setup: &EmailSetup) -> Option<Fault> {
    let enclosed: u64 = document.invoice.enclosures().map(|file| file.bytes.len() as u64).sum();
    let bytes = document.pdf_bytes.saturating_add(enclosed);
    (bytes > setup.link_above_bytes)
        .then(|| Fault::warning(codes::EMAIL_ATTACHMENT_LINKED).with("bytes", bytes).with("limit", setup.link_above_bytes))
}

/// A doubt ends when a mail server writes that it has the letter: it tries still, or has passed it on.
fn without_doubt(word: Word, log: &[Entry]) -> Word {
    let Word::InDoubt { .. } = &word else { return word };
    let taken = log.iter().rev().find_map(|entry| match entry {
        Entry::Arrived { arrived: Arrived::Delayed { text } | Arrived::PassedOn { text }, .. } => Some(text.clone()),
        Entry::Arrived { .. } | Entry::Exchange(_) | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => {
            None
        }
    });
    taken.map_or(word, |receipt| Word::HandedOver { receipt })
}

/// A bounce is certain knowledge, whatever was known before it: also of a letter that was in doubt or is being repeated.
fn bounce_in(member: &Member, log: &[Entry]) -> Result<Option<Step>, AdapterError> {
    for entry in log {
        let Entry::Arrived { attempt, arrived, .. } = entry else {
            continue;
        };
        if *attempt != member.attempt {
            return Err(AdapterError::Log(format!("{attempt} is not of this consignment")));
        }
        let Arrived::Bounced { status, text } = arrived else {
            continue;
        };
        let why = Fault::fatal(codes::EMAIL_BOUNCED).with("code", status).with("text", text);
        let dead = address_of(member).filter(|_| outcome::is_about_the_address(status));
        return Ok(Some(Step {
            known: vec![(member.attempt, Word::Refused { why })],
            learned: dead.map(|address| Learned::AddressDead { address, why: format!("{status} {text}") }).into_iter().collect(),
            then: Then::Finished,
        }));
    }
    Ok(None)
}

/// The letter of one attempt: everything in it comes from the closed consignment, so that it is the same letter every time.
fn letter(consignment: &Consignment, member: &Member) -> Result<Letter, AdapterError> {
    let setup: EmailSetup = consignment.setup.read()?;
    let own = |setting: &str, address: &str| match EmailAddress::parse(address) {
        Ok(address) => Ok(address.as_str().to_owned()),
        Err(_) => Err(AdapterError::Setup(format!("{setting} is no e-mail address"))),
    };
    let to = address_of(member)
        .ok_or_else(|| AdapterError::Log("the recipient of an e-mail consignment has no e-mail address".to_owned()))?;
    let (attached, linked) = share_out(member, &setup);
    let content = Content::of(&setup, &consignment.company, member, &attached, &linked);
    Ok(Letter {
        server: setup.server.clone(),
        envelope_from: setup.bounce_address(member.attempt.0),
        envelope_to: to.clone(),
        from: (setup.from_name.clone().unwrap_or_else(|| consignment.company.name.clone()), own("from", &setup.from)?),
        reply_to: setup.reply_to.as_deref().map(|address| own("reply_to", address)).transpose()?,
        to: (member.recipient.name.clone(), to),
        date: member.opened_at,
        message_id: format!("{}@{}", member.attempt, setup.bounce_domain()),
        language: member.recipient.language.tag().to_owned(),
        text: content.text(),
        html: content.html(),
        subject: content.subject,
        files: attached,
    })
}

fn address_of(member: &Member) -> Option<String> {
    EmailAddress::parse(member.recipient.email.as_deref()?).ok().map(|address| address.as_str().to_owned())
}

/// Which files go with the letter, and which as links: in order, as long as they fit together. A file that has no link (no
/// public address is configured) is attached whatever its size, because a file is never dropped; a mail server that finds
/// it too large says so, and the next route is used.
fn share_out(member: &Member, setup: &EmailSetup) -> (Vec<Artefact>, Vec<Artefact>) {
    let with_xml = member.metadata.attach_xml.unwrap_or(setup.attach_xml);
    let mut bytes = 0_u64;
    member.artefacts.iter().filter(|file| with_xml || file.role != ArtefactRole::Xml).cloned().partition(|file| {
        let fits = bytes.saturating_add(file.bytes) <= setup.link_above_bytes;
        if fits || file.link.is_none() {
            bytes = bytes.saturating_add(file.bytes);
        }
        fits || file.link.is_none()
    })
}
