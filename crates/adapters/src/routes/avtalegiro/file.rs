//! The file rail: one transmission for each closed lot, put into the bank's drop, and what its log means.
//!
//! The transmission has one order: the claims of one bank account, for what the bank says of an order names no claim. It is written
//! once, from the closed consignment alone; what is put again later is the stored one, byte for byte under the same number and name.
//! A claim is called back by a transmission of its own ([`super::cancelling`]). Whether a file was handed over is known as of every
//! package ([`crate::placing`]), or a person has found it out; what the bank says of it is read in [`super::receipts`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Kid;
use kvitt_formats::bank::OrderKind;
use kvitt_formats::bank::avtalegiro::{NewClaim, NewOrder, Notice, Sending, WriteError, Writer};

use super::cancelling::Called;
use super::setup::AvtalegiroSetup;
use super::{outcome, terms};
use crate::placing::{self, Whereabouts};
use crate::route::{
    AdapterError, Arrived, ClaimVerdict, Consignment, Content, Entry, Exchange, Found, Learned, Member, Package, Packed, Request,
    Shape, Step, Then,
};

/// A transmission's number has seven digits (AvtaleGiro system specification 3.3, start of transmission).
pub const GREATEST_NUMBER: u32 = 9_999_999;

/// The name of a transmission's file.
pub fn name(customer_unit: &str, number: u32) -> String {
    format!("kvitt-{customer_unit}{}", ending(number))
}

/// How the name of a transmission's file ends, whoever sends it.
fn ending(number: u32) -> String {
    format!("-{number:07}.txt")
}

/// What is known of a lot of claims that travels in a file, and what to say next.
pub fn step(consignment: &Consignment, log: &[Entry], setup: &AvtalegiroSetup) -> Result<Step, AdapterError> {
    let number = consignment.transmission.ok_or_else(|| AdapterError::Log("a file of claims has no number".to_owned()))?;
    let mut rail = Rail { consignment, log, setup, number, name: String::new(), found: settled(log) };
    rail.name = rail.name_of(number);
    let heard_of = rail.receipts(number).next().is_some();
    let known = rail.left_out()?;
    let then = match rail.whereabouts(&rail.name, heard_of)? {
        Whereabouts::There { .. } => return rail.follow(|_| true, AfterReceipts::Asked),
        elsewhere if !rail.found.is_empty() => return rail.follow_settled(elsewhere),
        Whereabouts::Here => return rail.put(),
        Whereabouts::NotHandedOver { package, why, faults } => Then::Retry { why, request: Request::Put(package), faults },
        Whereabouts::Perhaps { look_after, .. } => after(look_after, rail.look(&rail.name)),
        Whereabouts::Unknowable { what, .. } => {
            let known = known.into_iter().chain(rail.doubts(what)?).collect();
            return Ok(Step { known, learned: vec![], then: Then::Finished });
        }
    };
    Ok(Step { known, learned: vec![], then })
}

/// What a person has decided of each attempt.
fn settled(log: &[Entry]) -> BTreeMap<AttemptId, Found> {
    let settled = log.iter().filter_map(|entry| match entry {
        Entry::Settled { attempt, found, .. } => Some((*attempt, *found)),
        _ => None,
    });
    settled.collect()
}

/// Whether a request hands the claims of a consignment over: its own file, and no cancellation.
pub fn hands_over(consignment: &Consignment, package: &Package) -> bool {
    consignment.transmission.is_some_and(|number| package.name.ends_with(&ending(number)))
}

/// Says something at once, or so long after the log's last entry.
pub(super) fn after(wait: Duration, request: Request) -> Then {
    if wait.is_zero() { Then::Send(request) } else { Then::SendAt { after: wait, request } }
}

/// Whether the drop is looked at where a receipt for the file is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterReceipts {
    Asked,
    NotAsked,
}

/// A file and what its log says.
pub(super) struct Rail<'a> {
    pub(super) consignment: &'a Consignment,
    pub(super) log: &'a [Entry],
    pub(super) setup: &'a AvtalegiroSetup,
    pub(super) number: u32,
    pub(super) name: String,
    found: BTreeMap<AttemptId, Found>,
}

impl Rail<'_> {
    /// Puts the file a first time.
    fn put(&self) -> Result<Step, AdapterError> {
        let known = self.left_out()?;
        let claims: Vec<&Member> = self.in_file()?.collect();
        let Some(account) = claims.first().map(|first| account_of(first)) else {
            return Ok(Step { known, learned: vec![], then: Then::Finished });
        };
        if claims.iter().any(|member| account_of(member) != account) {
            return Err(AdapterError::Log("a file has the claims of two bank accounts".to_owned()));
        }
        let text = write(&self.setup.house.customer_unit, self.number, |writer| {
            let number = order_number(self.consignment.number)?;
            writer.order(&NewOrder { kind: OrderKind::Claims, number, account })?;
            claims.iter().try_for_each(|member| self.write_claim(writer, member))
        });
        let text = text.map_err(|why| AdapterError::Log(format!("the file cannot be written: {}", why.code)))?;
        Ok(Step { known, learned: vec![], then: Then::Send(self.package(self.name.clone(), text)) })
    }

    pub(super) fn write_claim(&self, writer: &mut Writer<&mut Vec<u8>>, member: &Member) -> Result<(), WriteError> {
        let claim = member.claim.as_ref().ok_or_else(|| WriteError::Refused(Fault::fatal(codes::CLAIM_DOCUMENT)))?;
        let kid = Kid::parse(&claim.kid).map_err(WriteError::Refused)?;
        let lines: Vec<String> = if self.setup.bank_notice { notice_lines(member) } else { Vec::new() };
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        writer.claim(&NewClaim {
            kid: &kid,
            amount: claim.amount,
            due_on: claim.due_on,
            payer: &terms::short_name(&member.recipient.name).unwrap_or_default(),
            reference: &terms::reference(&member.invoice.number).unwrap_or_default(),
            notice: if self.setup.bank_notice { Notice::ByBank(&lines) } else { Notice::ByPayee },
        })?;
        Ok(())
    }

    /// What the log says of the claims that stand, and what is still to be said: cancellations, then the question after a receipt.
    fn follow(&self, stands: impl Fn(AttemptId) -> bool, receipts: AfterReceipts) -> Result<Step, AdapterError> {
        let mut known = self.left_out()?;
        let (mut learned, mut next) = (Vec::new(), Vec::new());
        let mut open = false;
        for member in self.in_file()?.filter(|member| stands(member.attempt)) {
            let mut word = self.word(member);
            let (mut withdrawn, mut failed) = (None, Vec::new());
            for wish in self.wishes(member.attempt) {
                // Somebody wanted that the payer is not debited. However that came about, no other route is to follow.
                if matches!(word, Word::Refused { .. }) {
                    withdrawn = Some(Word::Withdrawn { by: wish.by.to_owned() });
                    continue;
                }
                match self.called(member, &wish)? {
                    Called::Back => withdrawn = Some(Word::Withdrawn { by: wish.by.to_owned() }),
                    Called::Failed(why) => {
                        failed.push(Learned::CallBackFailed { attempt: member.attempt, wish: wish.number, why });
                    }
                    Called::Say(then) => next.push(then),
                }
            }
            open |= withdrawn.is_none() && matches!(word, Word::HandedOver { .. });
            match withdrawn {
                Some(withdrawn) => word = withdrawn,
                None => learned.extend(failed),
            }
            // Where the bank tells the payer, nobody else does.
            if !self.setup.bank_notice && !matches!(word, Word::Withdrawn { .. } | Word::Refused { .. }) {
                learned.push(Learned::Claimed { attempt: member.attempt });
            }
            known.push((member.attempt, word));
        }
        if open && receipts == AfterReceipts::Asked {
            next.push(self.after_receipts(&mut learned));
        }
        // Whatever is to be said first: the others are asked for again then.
        let then = next.into_iter().min_by_key(waits).unwrap_or(Then::Finished);
        Ok(Step { known, learned, then })
    }

    /// A transmission of which nothing was heard for a while is told, never put again. The look at the drop in between asks nothing
    /// that matters: it is the place in the log at which the time had passed.
    fn after_receipts(&self, learned: &mut Vec<Learned>) -> Then {
        let placed = self.placed_at(&self.name);
        let looked = placed.is_some_and(|placed| {
            self.exchanges_of(&self.name).any(|exchange| {
                matches!(exchange.request, Request::Look { .. }) && since(placed, exchange.at) >= self.setup.receipt_patience()
            })
        });
        if looked {
            learned.push(Learned::Overdue { why: Fault::warning(codes::CLAIM_NO_RECEIPT).with("number", self.number) });
            return Then::Finished;
        }
        let passed = match (placed, self.last_at()) {
            (Some(placed), Some(last)) => since(placed, last),
            _ => Duration::ZERO,
        };
        after(self.setup.receipt_patience().saturating_sub(passed), self.look(&self.name))
    }

    /// What became of a claim in the file, calling back aside.
    fn word(&self, member: &Member) -> Word {
        let mut word = Word::HandedOver { receipt: format!("transmission {:07}", self.number) };
        for (_, arrived) in self.receipts(self.number).filter(|(about, _)| *about == member.attempt) {
            word = match (arrived, word) {
                (Arrived::TransmissionRefused { code, text, .. }, _) => {
                    Word::Refused { why: outcome::said(codes::CLAIM_TRANSMISSION_REFUSED, code, text) }
                }
                // It was in an earlier file, of which nobody knew whether it had arrived: it had.
                (Arrived::ClaimJudged { verdict: ClaimVerdict::Rejected, code, .. }, _)
                    if member.perhaps_sent && outcome::rejected(code) == codes::CLAIM_KNOWN_ALREADY =>
                {
                    Word::Delivered { receipt: format!("transmission {:07}: known already", self.number) }
                }
                (Arrived::ClaimJudged { verdict: ClaimVerdict::Rejected, code, text, .. }, _) => {
                    Word::Refused { why: outcome::refused(code, text) }
                }
                // That it was received, or accepted, is heard in any order; that it was refused stays.
                (_, refused @ Word::Refused { .. }) => refused,
                (Arrived::TransmissionReceived { text, .. }, Word::HandedOver { .. }) => {
                    Word::Delivered { receipt: format!("transmission {:07}: {text}", self.number) }
                }
                (Arrived::ClaimJudged { code, text, .. }, _) => {
                    let said =
                        [code.as_str(), text.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
                    Word::Delivered {
                        receipt: format!("transmission {:07}: {}", self.number, if said.is_empty() { "accepted" } else { &said }),
                    }
                }
                (_, word) => word,
            };
        }
        word
    }

    /// The members that are not in the file, each with its word: those called back before it was put, and those that cannot be written.
    fn left_out(&self) -> Result<Vec<(AttemptId, Word)>, AdapterError> {
        let words = self.consignment.members.iter().filter_map(|member| Some((member.attempt, self.why_left_out(member)?)));
        Ok(words.collect())
    }

    fn in_file(&self) -> Result<impl Iterator<Item = &Member>, AdapterError> {
        Ok(self.consignment.members.iter().filter(|member| self.why_left_out(member).is_none()))
    }

    fn why_left_out(&self, member: &Member) -> Option<Word> {
        if self.found.get(&member.attempt) == Some(&Found::Sent) {
            return None;
        }
        let at_home = self.log.iter().take_while(|entry| !self.is_out(entry, member.attempt));
        let withdrawn = at_home.into_iter().find_map(|entry| match entry {
            Entry::CallBack { attempt, by, .. } if *attempt == member.attempt => Some(Word::Withdrawn { by: by.clone() }),
            _ => None,
        });
        // A claim that is out was writable, whatever is true of it now.
        if withdrawn.is_some() || self.log.iter().any(|entry| self.is_out(entry, member.attempt)) {
            return withdrawn;
        }
        let alone = write(&self.setup.house.customer_unit, self.number, |writer| {
            let number = order_number(self.consignment.number)?;
            writer.order(&NewOrder { kind: OrderKind::Claims, number, account: account_of(member) })?;
            self.write_claim(writer, member)
        });
        alone.err().map(|why| Word::Refused { why })
    }

    /// Whether a claim has left the house with an entry, as far as anybody knows: its file is put, the bank speaks of it (which may
    /// have it from a hub that lived on after a backup), or a person found that it was sent.
    pub(super) fn is_out(&self, entry: &Entry, of: AttemptId) -> bool {
        match entry {
            Entry::Exchange(Exchange { request: Request::Put(package), .. }) => package.name == self.name,
            Entry::Arrived { attempt, arrived, .. } => *attempt == of && transmission_of(arrived) == Some(self.number),
            Entry::Settled { attempt, found, .. } => *attempt == of && *found == Found::Sent,
            Entry::Exchange(_) | Entry::LookedUp { .. } | Entry::CallBack { .. } => false,
        }
    }

    /// A file of whose claims a person has decided: nothing of it is put any more, and what was found to be sent stands, for what the
    /// drop does not tell.
    fn follow_settled(&self, whereabouts: Whereabouts) -> Result<Step, AdapterError> {
        let mut step = self.follow(|attempt| self.found.get(&attempt) == Some(&Found::Sent), AfterReceipts::NotAsked)?;
        if let Whereabouts::Unknowable { what, .. } = whereabouts {
            step.known.extend(self.doubts(what)?);
        }
        Ok(step)
    }

    /// The claims of a file of which the drop has no more to tell, but for those of which a person has decided.
    fn doubts(&self, what: String) -> Result<Vec<(AttemptId, Word)>, AdapterError> {
        let why = Fault::warning(codes::DELIVERY_IN_DOUBT).with("text", what);
        let undecided = self.in_file()?.filter(|member| !self.found.contains_key(&member.attempt));
        Ok(undecided.map(|member| (member.attempt, Word::InDoubt { why: why.clone() })).collect())
    }

    /// What the bank said of a transmission, in the order in which it came.
    pub(super) fn receipts(&self, number: u32) -> impl Iterator<Item = (AttemptId, &Arrived)> {
        self.log.iter().filter_map(move |entry| match entry {
            Entry::Arrived { attempt, arrived, .. } if transmission_of(arrived) == Some(number) => Some((*attempt, arrived)),
            _ => None,
        })
    }

    pub(super) fn exchanges_of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Exchange> {
        self.log.iter().filter_map(move |entry| match entry {
            Entry::Exchange(exchange) => match &exchange.request {
                Request::Put(package) if package.name == name => Some(exchange),
                Request::Look { name: looked, .. } if looked == name => Some(exchange),
                _ => None,
            },
            _ => None,
        })
    }

    /// Where a file is. Looks after it was there ask for nothing.
    pub(super) fn whereabouts(&self, name: &str, heard_of: bool) -> Result<Whereabouts, AdapterError> {
        let mut there = false;
        let until_there = self.exchanges_of(name).take_while(|exchange| {
            let goes_on = !there;
            there |= placing::is_there(&exchange.reply);
            goes_on
        });
        placing::whereabouts(until_there, heard_of, self.consignment.id)
    }

    /// When a file was there, as far as the log says.
    pub(super) fn placed_at(&self, name: &str) -> Option<Timestamp> {
        self.exchanges_of(name).find(|exchange| placing::is_there(&exchange.reply)).map(|exchange| exchange.at)
    }

    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.log.last().map(Entry::at)
    }

    /// The name of the file with a number: as it was put, for the operator's customer unit may have changed since.
    pub(super) fn name_of(&self, number: u32) -> String {
        let put = self.put_as(|package| package.name.ends_with(&ending(number)));
        put.map_or_else(|| name(&self.setup.house.customer_unit, number), |package| package.name.clone())
    }

    fn put_as(&self, is_it: impl Fn(&Package) -> bool) -> Option<&Package> {
        self.log.iter().find_map(|entry| match entry {
            Entry::Exchange(Exchange { request: Request::Put(package), .. }) if is_it(package) => Some(&**package),
            _ => None,
        })
    }

    /// Looks for a file where it was put.
    pub(super) fn look(&self, name: &str) -> Request {
        let put = self.put_as(|package| package.name == name);
        let drop = put.map_or(&self.setup.house.files, |package| &package.drop).clone();
        Request::Look { drop, name: name.to_owned(), shape: Shape::File }
    }

    pub(super) fn package(&self, name: String, text: String) -> Request {
        let files = vec![Packed { path: name.clone(), content: Content::Latin1(text) }];
        Request::Put(Box::new(Package { drop: self.setup.house.files.clone(), name, shape: Shape::File, files }))
    }
}

/// The transmission that a receipt is about.
fn transmission_of(arrived: &Arrived) -> Option<u32> {
    match arrived {
        Arrived::TransmissionReceived { number, .. }
        | Arrived::TransmissionRefused { number, .. }
        | Arrived::ClaimJudged { number, .. } => Some(*number),
        _ => None,
    }
}

/// How long it is until something is said.
fn waits(then: &Then) -> Duration {
    match then {
        Then::Send(_) | Then::Retry { .. } => Duration::ZERO,
        Then::SendAt { after, .. } => *after,
        Then::Finished => Duration::MAX,
    }
}

pub(super) fn account_of(member: &Member) -> &str {
    member.claim.as_ref().map(|claim| claim.bank_account.as_str()).unwrap_or_default()
}

/// The order's number: the consignment's, which is given once for the company and the route, cancellations included.
fn order_number(consignment: u64) -> Result<u32, WriteError> {
    let number = u32::try_from(consignment).ok().filter(|number| (1..=GREATEST_NUMBER).contains(number));
    number.ok_or_else(|| WriteError::Refused(Fault::fatal(codes::BANK_CANNOT_WRITE).with("value", consignment)))
}

/// A transmission as text: every character of it is one byte.
pub(super) fn write(
    customer_unit: &str,
    number: u32,
    content: impl FnOnce(&mut Writer<&mut Vec<u8>>) -> Result<(), WriteError>,
) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let written = || {
        let mut writer = Writer::begin(&mut bytes, &Sending { customer_unit, number })?;
        content(&mut writer)?;
        writer.end()
    };
    written().map_err(|error| match error {
        WriteError::Refused(fault) => fault,
        // Memory takes whatever is written into it.
        WriteError::Io(cause) => Fault::fatal(codes::BANK_CANNOT_WRITE).with("value", cause),
    })?;
    Ok(bytes.into_iter().map(char::from).collect())
}

/// What the bank's notice says of an invoice: each line's name and amount.
fn notice_lines(member: &Member) -> Vec<String> {
    /// Lines of a notice, and characters of one (AvtaleGiro system specification 3.3, specification record).
    const LINES: usize = 42;
    const CHARACTERS: usize = 80;
    let line = |name: &str, amount: kvitt_domain::Amount| {
        let amount = amount.to_decimal().to_string();
        let name: String = name.chars().filter(|c| !c.is_control()).take(CHARACTERS.saturating_sub(amount.len() + 1)).collect();
        format!("{name} {amount}")
    };
    member.invoice.lines.iter().take(LINES).map(|item| line(&item.item.name, item.net)).collect()
}

/// How long after a time another one is; nothing where it is before.
pub(super) fn since(then: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(then)).unwrap_or_default()
}
