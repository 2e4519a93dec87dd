//! The file rail: one transmission for each closed lot, put into the bank's drop, and what its log means.
//!
//! The transmission has an order of claims for each bank account. It is written once, from the closed consignment alone; what is put
//! again later is the stored one, byte for byte under the same number. A claim is called back by a transmission of its own with one
//! cancellation, whose identity is exactly the claim's. Whether a file was handed over is known as of every package
//! ([`crate::placing`]); what the bank says of it is read in [`super::receipts`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Kid;
use kvitt_formats::bank::OrderKind;
use kvitt_formats::bank::avtalegiro::{NewClaim, NewOrder, Notice, Sending, WriteError, Writer};

use super::setup::AvtalegiroSetup;
use super::{outcome, terms};
use crate::placing::{self, Whereabouts};
use crate::route::{
    AdapterError, Arrived, ClaimVerdict, Consignment, Content, Entry, Exchange, FileNumbers, Learned, Member, Package, Packed,
    Request, Shape, Step, Then,
};

/// A transmission's number has seven digits (AvtaleGiro system specification 3.3, start of transmission).
pub const GREATEST_NUMBER: u32 = 9_999_999;

/// A cancellation that could not be put is tried again after so long, within the day that it has.
const AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// The name of a transmission's file.
pub fn name(customer_unit: &str, number: u32) -> String {
    format!("kvitt-{customer_unit}-{number:07}.txt")
}

/// What is known of a lot of claims that travels in a file, and what to say next.
pub fn step(consignment: &Consignment, log: &[Entry], setup: &AvtalegiroSetup) -> Result<Step, AdapterError> {
    let number = consignment.transmission.ok_or_else(|| AdapterError::Log("a file of claims has no number".to_owned()))?;
    let rail = Rail { consignment, log, setup, number, name: name(&setup.house.customer_unit, number) };
    let heard_of = rail.receipts(number).next().is_some();
    match rail.whereabouts(&rail.name, heard_of)? {
        Whereabouts::Here => rail.put(),
        Whereabouts::NotHandedOver { package, why, faults } => {
            let then = Then::Retry { why, request: Request::Put(package), faults };
            Ok(Step { known: rail.left_out()?, learned: vec![], then })
        }
        Whereabouts::Perhaps { look_after, .. } => {
            let request = rail.look(&rail.name);
            let then = if look_after.is_zero() { Then::Send(request) } else { Then::SendAt { after: look_after, request } };
            Ok(Step { known: rail.left_out()?, learned: vec![], then })
        }
        Whereabouts::Unknowable { what, .. } => {
            let why = Fault::warning(codes::DELIVERY_IN_DOUBT).with("text", what);
            let mut known = rail.left_out()?;
            known.extend(rail.in_file()?.map(|member| (member.attempt, Word::InDoubt { why: why.clone() })));
            Ok(Step { known, learned: vec![], then: Then::Finished })
        }
        Whereabouts::There { .. } => rail.follow(),
    }
}

/// A wish to call a claim back, with the numbers of its own file.
struct Wish<'a> {
    by: &'a str,
    file: FileNumbers,
}

/// What became of a wish.
enum Called {
    /// The rail takes the claim back.
    Back,
    /// It is with the rail, or the rail said no.
    Known,
    /// Something is to be said for it.
    Say(Then),
}

struct Rail<'a> {
    consignment: &'a Consignment,
    log: &'a [Entry],
    setup: &'a AvtalegiroSetup,
    number: u32,
    name: String,
}

impl Rail<'_> {
    /// Puts the file a first time.
    fn put(&self) -> Result<Step, AdapterError> {
        let known = self.left_out()?;
        let claims: Vec<&Member> = self.in_file()?.collect();
        if claims.is_empty() {
            return Ok(Step { known, learned: vec![], then: Then::Finished });
        }
        let text = write(&self.setup.house.customer_unit, self.number, |writer| {
            let accounts: BTreeSet<&str> =
                claims.iter().filter_map(|member| Some(member.claim.as_ref()?.bank_account.as_str())).collect();
            for account in accounts {
                let number = order_number(self.consignment.number)?;
                writer.order(&NewOrder { kind: OrderKind::Claims, number, account })?;
                for member in
                    claims.iter().filter(|member| member.claim.as_ref().is_some_and(|claim| claim.bank_account == account))
                {
                    self.write_claim(writer, member)?;
                }
            }
            Ok(())
        });
        let text = text.map_err(|why| AdapterError::Log(format!("the file cannot be written: {}", why.code)))?;
        Ok(Step { known, learned: vec![], then: Then::Send(self.package(self.name.clone(), text)) })
    }

    fn write_claim(&self, writer: &mut Writer<&mut Vec<u8>>, member: &Member) -> Result<(), WriteError> {
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

    /// What the log says of a file that the bank has, and what is still to be said: cancellations, then the question after a receipt.
    fn follow(&self) -> Result<Step, AdapterError> {
        let mut known = self.left_out()?;
        let (mut learned, mut then) = (Vec::new(), None);
        let mut open = false;
        for member in self.in_file()? {
            let mut word = self.word(member.attempt);
            let failed = matches!(word, Word::Refused { .. });
            open |= matches!(word, Word::HandedOver { .. });
            if !failed {
                for wish in self.wishes(member.attempt) {
                    match self.called(member, &wish)? {
                        Called::Back => word = Word::Withdrawn { by: wish.by.to_owned() },
                        Called::Known => {}
                        Called::Say(next) => then = then.or(Some(next)),
                    }
                }
                // Where the bank tells the payer, nobody else does.
                if !self.setup.bank_notice && !matches!(word, Word::Withdrawn { .. }) {
                    learned.push(Learned::Claimed { attempt: member.attempt });
                }
            }
            known.push((member.attempt, word));
        }
        let then = match then {
            Some(then) => then,
            None if open => self.after_receipts(&mut learned),
            None => Then::Finished,
        };
        Ok(Step { known, learned, then })
    }

    /// A transmission of which nothing was heard for a while is told, never put again. The look at the drop in between asks nothing
    /// that matters: it is the place in the log at which the time had passed.
    fn after_receipts(&self, learned: &mut Vec<Learned>) -> Then {
        let placed = self.placed_at();
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
        Then::SendAt { after: self.setup.receipt_patience().saturating_sub(passed), request: self.look(&self.name) }
    }

    /// What became of a claim in the file, calling back aside.
    fn word(&self, attempt: AttemptId) -> Word {
        let handed_over = || Word::HandedOver { receipt: format!("transmission {:07}", self.number) };
        let mut word = handed_over();
        for (about, arrived) in self.receipts(self.number).filter(|(about, _)| *about == attempt) {
            debug_assert_eq!(about, attempt);
            word = match (arrived, word) {
                (Arrived::TransmissionRefused { code, text, .. }, _) => {
                    Word::Refused { why: outcome::said(codes::CLAIM_TRANSMISSION_REFUSED, code, text) }
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

    /// How far a wish to call a claim back has come.
    fn called(&self, member: &Member, wish: &Wish<'_>) -> Result<Called, AdapterError> {
        let receipts: Vec<&Arrived> = self.receipts(wish.file.transmission).map(|(_, arrived)| arrived).collect();
        let refused = receipts.iter().any(|arrived| {
            matches!(arrived, Arrived::TransmissionRefused { .. } | Arrived::ClaimJudged { verdict: ClaimVerdict::Rejected, .. })
        });
        if refused {
            return Ok(Called::Known);
        }
        if !receipts.is_empty() {
            return Ok(Called::Back);
        }
        let name = name(&self.setup.house.customer_unit, wish.file.transmission);
        Ok(match self.whereabouts(&name, false)? {
            Whereabouts::Here => Called::Say(Then::Send(self.package(name, self.cancellation(member, wish)?))),
            Whereabouts::NotHandedOver { package, .. } => {
                Called::Say(Then::SendAt { after: AGAIN_AFTER, request: Request::Put(package) })
            }
            Whereabouts::Perhaps { look_after, .. } => {
                let request = self.look(&name);
                Called::Say(if look_after.is_zero() { Then::Send(request) } else { Then::SendAt { after: look_after, request } })
            }
            Whereabouts::Unknowable { .. } | Whereabouts::There { .. } => Called::Known,
        })
    }

    fn cancellation(&self, member: &Member, wish: &Wish<'_>) -> Result<String, AdapterError> {
        let text = write(&self.setup.house.customer_unit, wish.file.transmission, |writer| {
            let account = member.claim.as_ref().map(|claim| claim.bank_account.as_str()).unwrap_or_default();
            writer.order(&NewOrder { kind: OrderKind::Cancellations, number: wish.file.order, account })?;
            self.write_claim(writer, member)
        });
        text.map_err(|why| AdapterError::Log(format!("the cancellation cannot be written: {}", why.code)))
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
        let before_put = self.log.iter().take_while(|entry| !self.is_put(entry));
        let withdrawn = before_put.into_iter().find_map(|entry| match entry {
            Entry::CallBack { attempt, by, .. } if *attempt == member.attempt => Some(Word::Withdrawn { by: by.clone() }),
            _ => None,
        });
        withdrawn.or_else(|| {
            let alone = write(&self.setup.house.customer_unit, self.number, |writer| {
                let account = member.claim.as_ref().map(|claim| claim.bank_account.as_str()).unwrap_or_default();
                writer.order(&NewOrder { kind: OrderKind::Claims, number: order_number(self.consignment.number)?, account })?;
                self.write_claim(writer, member)
            });
            alone.err().map(|why| Word::Refused { why })
        })
    }

    fn is_put(&self, entry: &Entry) -> bool {
        matches!(entry, Entry::Exchange(Exchange { request: Request::Put(package), .. }) if package.name == self.name)
    }

    /// Wishes that came after the file was put: each has the numbers of a file of its own.
    fn wishes(&self, of: AttemptId) -> impl Iterator<Item = Wish<'_>> {
        let after_put = self.log.iter().skip_while(|entry| !self.is_put(entry));
        after_put.filter_map(move |entry| match entry {
            Entry::CallBack { attempt, by, file: Some(file), .. } if *attempt == of => Some(Wish { by, file: *file }),
            _ => None,
        })
    }

    /// What the bank said of a transmission, in the order in which it came.
    fn receipts(&self, number: u32) -> impl Iterator<Item = (AttemptId, &Arrived)> {
        self.log.iter().filter_map(move |entry| match entry {
            Entry::Arrived { attempt, arrived, .. } if transmission_of(arrived) == Some(number) => Some((*attempt, arrived)),
            _ => None,
        })
    }

    fn exchanges_of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Exchange> {
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
    fn whereabouts(&self, name: &str, heard_of: bool) -> Result<Whereabouts, AdapterError> {
        let mut there = false;
        let until_there = self.exchanges_of(name).take_while(|exchange| {
            let goes_on = !there;
            there |= placing::is_there(&exchange.reply);
            goes_on
        });
        placing::whereabouts(until_there, heard_of, self.consignment.id)
    }

    fn placed_at(&self) -> Option<Timestamp> {
        self.exchanges_of(&self.name).find(|exchange| placing::is_there(&exchange.reply)).map(|exchange| exchange.at)
    }

    fn last_at(&self) -> Option<Timestamp> {
        self.log.last().map(|entry| match entry {
            Entry::Exchange(exchange) => exchange.at,
            Entry::Arrived { at, .. } | Entry::LookedUp { at, .. } | Entry::CallBack { at, .. } => *at,
        })
    }

    fn look(&self, name: &str) -> Request {
        Request::Look { drop: self.setup.house.files.clone(), name: name.to_owned(), shape: Shape::File }
    }

    fn package(&self, name: String, text: String) -> Request {
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

/// The order's number: the consignment's, which is given once for the company and the route, cancellations included.
fn order_number(consignment: u64) -> Result<u32, WriteError> {
    let number = u32::try_from(consignment).ok().filter(|number| (1..=GREATEST_NUMBER).contains(number));
    number.ok_or_else(|| WriteError::Refused(Fault::fatal(codes::BANK_CANNOT_WRITE).with("value", consignment)))
}

/// A transmission as text: every character of it is one byte.
fn write(
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
fn since(then: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(then)).unwrap_or_default()
}
