//! The people whom the simulated MPS knows: all that is registered of one follows from two numbers.
//!
//! A consumer is a nature (how the banks treat them) and a serial number; address, phone, birthday, identity number
//! and `efakturaIdentifier` are computed from these and lead back to them, so nobody has to be registered and none is
//! remembered. The serial follows from the name. `look_up.rs` searches; `docs/sandbox.md` explains the scheme.

use std::time::Duration;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::NAME;
use crate::personas::{Description, KNOWN_DOMAIN};

/// Serial numbers are below this: five digits of a phone number.
const SERIALS: u32 = 100_000;

/// Birthdays lie on so many days from [`FIRST_BIRTHDAY`] on: 1940 to 2008, so that two digits of a year suffice.
const BIRTHDAYS: u32 = 25_000;

const FIRST_BIRTHDAY: Date = date(1940, 1, 1);

/// The person of this label (and of the bare domain `example`) is nobody in particular: every name and address agrees.
const ANYBODY: &str = "kunde";

/// The most words of a name that are looked at. Real names have fewer.
const MOST_WORDS: usize = 6;

/// How the banks treat one consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// Yes to All is on.
    YesToAll,
    /// Yes to All is off.
    Off,
    /// Yes to All is on; bills are not shown in Vipps.
    HiddenInVipps,
    /// Found with Yes to All on, but it has been turned off since.
    TurnedOff,
    /// Soft keys fit this and another person.
    Several,
    /// Has blocked every issuer.
    Blocked,
    /// The bank rejects the bill after it was accepted.
    RejectedLater,
    /// The bill is stopped after it was accepted.
    StoppedLater,
    /// The bank takes hours.
    LateBank,
    /// A shipment with a bill to this person is refused as a whole, and no bill is named.
    SpoilsShipment,
    /// Yes to All is off, but there is an old agreement with every issuer.
    Agreement,
}

/// Every nature, in the order of the two digits that stand for it: the first is 01.
pub const CONSUMERS: [Description<Nature>; 11] = [
    consumer("yestoall", Nature::YesToAll, "Yes to All is on: found, ACCEPTED."),
    consumer("off", Nature::Off, "Yes to All is off: found with autoAcceptEfaktura false; a bill is REJECTED (S002)."),
    consumer(
        "vippshidden",
        Nature::HiddenInVipps,
        "Yes to All is on, but Vipps shows nothing: found, ACCEPTED, seen in the bank only.",
    ),
    consumer("turnedoff", Nature::TurnedOff, "Found with Yes to All on, but it is off by the time of the bill: REJECTED (S001)."),
    consumer("several", Nature::Several, "Soft keys fit more than one person: MULTIPLE_RECEIVERS."),
    consumer("blocked", Nature::Blocked, "Has blocked the issuer: found with blockedByReceiver true; a bill is REJECTED (S003)."),
    consumer("rejectedlater", Nature::RejectedLater, "ACCEPTED first, REJECTED (S005) two minutes later."),
    consumer("stoppedlater", Nature::StoppedLater, "ACCEPTED first, STOPPED (S006) two minutes later."),
    consumer("latebank", Nature::LateBank, "ACCEPTED, but after six hours; its shipment is IN_PROGRESS as long."),
    consumer("spoilsshipment", Nature::SpoilsShipment, "The whole shipment is refused with 3998, which names no bill."),
    consumer(
        "agreement",
        Nature::Agreement,
        "Yes to All is off, but an old agreement stands: found with hasEfakturaAgreement true, ACCEPTED.",
    ),
];

const fn consumer(name: &'static str, persona: Nature, does: &'static str) -> Description<Nature> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

impl Nature {
    /// How long the banks take to decide, by the business clock.
    pub fn decision_takes(self) -> Duration {
        match self {
            Nature::LateBank => Duration::from_secs(6 * 3600),
            _ => Duration::from_secs(30),
        }
    }

    fn index(self) -> u32 {
        let at = CONSUMERS.iter().position(|line| line.persona == self).expect("every nature is in the table");
        u32::try_from(at).expect("the table is short") + 1
    }

    fn numbered(index: u32) -> Option<Nature> {
        Some(CONSUMERS.get(usize::try_from(index).ok()?.checked_sub(1)?)?.persona)
    }

    /// The name in addresses.
    pub fn name(self) -> &'static str {
        CONSUMERS.iter().find(|line| line.persona == self).expect("every nature is in the table").name
    }

    fn named(name: &str) -> Option<Nature> {
        CONSUMERS.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.persona)
    }
}

/// One person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Consumer {
    /// How the banks treat them.
    pub nature: Nature,
    /// 0 to 99,999. 0 is the one with whom every name and address agrees.
    pub serial: u32,
}

/// All that is registered of one person, as `GET /mps/consumers` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// The nature's name.
    pub persona: &'static str,
    /// The number that all else follows from.
    pub serial: u32,
    /// Nine digits.
    pub efaktura_identifier: String,
    /// Eleven digits, month + 80: synthetic.
    pub social_security_number: String,
    /// When born.
    pub date_of_birth: Date,
    /// `+47` and eight digits.
    pub telephone_alias: String,
    /// The street and number.
    pub line1: String,
    /// Four digits.
    pub postal_code: String,
    /// The place.
    pub city: &'static str,
}

impl Consumer {
    /// The person of this nature and name; letter case, accents and the order of the words do not matter.
    pub fn of_name(nature: Nature, name: &str) -> Consumer {
        Consumer { nature, serial: serial(&words(name)) }
    }

    /// Who has this e-mail address: `yestoall@kari-nordmann.example`, or `bounceslater+efaktura=off@kari.example`,
    /// where mail and banks are to treat the person differently.
    pub fn of_email(address: &str) -> Option<Consumer> {
        let (local, domain) = address.rsplit_once('@')?;
        let domain = domain.to_ascii_lowercase();
        let mut labels = domain.rsplit('.');
        if labels.next() != Some(KNOWN_DOMAIN) {
            return None;
        }
        let mut tags = local.split('+');
        let first = tags.next().unwrap_or_default();
        let named = tags.find_map(|tag| tag.strip_prefix("efaktura="));
        let nature = Nature::named(named.unwrap_or(first))?;
        match domain.split('.').next().unwrap_or_default() {
            KNOWN_DOMAIN | ANYBODY => Some(Consumer { nature, serial: 0 }),
            person => Some(Consumer::of_name(nature, &person.replace('-', " "))),
        }
    }

    /// Who has this telephone number: `+479`, the nature's two digits, the serial.
    pub fn of_phone(number: &str) -> Option<Consumer> {
        let digits = number.strip_prefix("+479").filter(|digits| digits.len() == 7)?;
        Consumer::of_digits(digits)
    }

    /// Who has this `efakturaIdentifier`: `90`, the nature's two digits, the serial.
    pub fn of_identifier(identifier: &str) -> Option<Consumer> {
        let digits = identifier.strip_prefix("90").filter(|digits| digits.len() == 7)?;
        Consumer::of_digits(digits)
    }

    fn of_digits(digits: &str) -> Option<Consumer> {
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Consumer { nature: Nature::numbered(digits[..2].parse().ok()?)?, serial: digits[2..].parse().ok()? })
    }

    /// Who has this identity number.
    pub fn of_identity_number(number: &str) -> Option<Consumer> {
        if number.len() != 11 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize, to: usize| number[from..to].parse::<u32>().ok();
        let (day, month, year, individual) = (part(0, 2)?, part(2, 4)?, part(4, 6)?, part(6, 9)?);
        let century = if year >= 40 { 1900 } else { 2000 };
        let born =
            Date::new(i16::try_from(century + year).ok()?, i8::try_from(month.checked_sub(80)?).ok()?, i8::try_from(day).ok()?)
                .ok()?;
        let days = u32::try_from((born - FIRST_BIRTHDAY).get_days()).ok().filter(|days| *days < BIRTHDAYS)?;
        let nature = Nature::numbered(individual / 60)?;
        let position = (days + BIRTHDAYS - nature_offset(nature)) % BIRTHDAYS;
        let found = Consumer { nature, serial: position + BIRTHDAYS * (individual % 60 / 15) };
        (found.identity_number() == number).then_some(found)
    }

    /// Who lives at this street and number: `Yestoallveien 4711`.
    pub fn of_street(line: &str) -> Option<Consumer> {
        let (street, number) = line.trim().rsplit_once(' ')?;
        let street = street.trim().to_lowercase();
        let nature = Nature::named(street.strip_suffix("veien")?)?;
        let serial = number.parse().ok().filter(|serial| *serial < SERIALS)?;
        Some(Consumer { nature, serial })
    }

    /// Whom a name and a birthday lead to.
    pub fn of_name_and_birthday(name: &str, born_on: Date) -> impl Iterator<Item = Consumer> {
        let serials = serials(name);
        CONSUMERS
            .iter()
            .flat_map(move |line| serials.clone().into_iter().map(|serial| Consumer { nature: line.persona, serial }))
            .filter(move |found| found.born_on() == born_on)
    }

    /// Nine digits.
    pub fn identifier(&self) -> String {
        format!("90{:02}{:05}", self.nature.index(), self.serial)
    }

    /// `+47` and eight digits.
    pub fn phone(&self) -> String {
        format!("+479{:02}{:05}", self.nature.index(), self.serial)
    }

    /// When born.
    pub fn born_on(&self) -> Date {
        let days = (self.serial + nature_offset(self.nature)) % BIRTHDAYS;
        FIRST_BIRTHDAY.saturating_add(jiff::Span::new().days(i64::from(days)))
    }

    /// A synthetic identity number (month + 80, as Tenor's), with right check digits.
    pub fn identity_number(&self) -> String {
        let born = self.born_on();
        let date = format!("{:02}{:02}{:02}", born.day(), born.month() + 80, born.year() % 100);
        let from = self.nature.index() * 60 + self.serial / BIRTHDAYS * 15;
        // One individual number in six has no check digits; of fifteen in a row some always have.
        (from..from + 15).find_map(|individual| with_check_digits(&format!("{date}{individual:03}"))).unwrap_or_default()
    }

    /// The street and number.
    pub fn street(&self) -> String {
        let name = self.nature.name();
        format!("{}{}veien {}", name[..1].to_ascii_uppercase(), &name[1..], self.serial)
    }

    /// Four digits.
    pub fn postal_code(&self) -> String {
        format!("{:04}", 1000 + self.serial % 9000)
    }

    /// Does a name agree: do some of its words, in any order, make this person's name?
    pub fn agrees_with_name(&self, name: &str) -> bool {
        self.serial == 0 || serials(name).contains(&self.serial)
    }

    /// Everything, for people who write tests.
    pub fn card(&self) -> Card {
        Card {
            persona: self.nature.name(),
            serial: self.serial,
            efaktura_identifier: self.identifier(),
            social_security_number: self.identity_number(),
            date_of_birth: self.born_on(),
            telephone_alias: self.phone(),
            line1: self.street(),
            postal_code: self.postal_code(),
            city: "Prøveby",
        }
    }
}

/// People of different natures are not born on one day, or a birthday and a name would always fit several.
fn nature_offset(nature: Nature) -> u32 {
    nature.index() * 1777
}

/// The serials of all people whose names are made of some of these words.
fn serials(name: &str) -> Vec<u32> {
    let words = words(name);
    (1..1_usize << words.len())
        .map(|chosen| {
            let some: Vec<String> =
                words.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0).map(|(_, word)| word.clone()).collect();
            serial(&some)
        })
        .collect()
}

/// The words of a name, sorted, without accents: `Kåre Ødegård` and `oedegaard kaare` are the same person.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(|word| {
            let plain: String = word.chars().flat_map(char::to_lowercase).map(without_accent).collect();
            plain.replace("aa", "a").replace("ae", "a").replace("oe", "o")
        })
        .collect();
    words.sort();
    words
}

fn without_accent(letter: char) -> char {
    match letter {
        'å' | 'ä' | 'æ' | 'á' | 'à' => 'a',
        'ø' | 'ö' | 'ó' | 'ò' => 'o',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'ü' => 'u',
        other => other,
    }
}

/// 1 to 99,999: 0 is kept for the one whom every name fits.
fn serial(words: &[String]) -> u32 {
    let digest = Sha256::digest(words.join(" "));
    let first = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    first % (SERIALS - 1) + 1
}

/// Adds the two check digits, where there are such (Skatteetaten: a remainder of ten has none).
fn with_check_digits(nine: &str) -> Option<String> {
    let check = |text: &str, weights: &[u32]| {
        let sum: u32 = text.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        match (11 - sum % 11) % 11 {
            10 => None,
            digit => Some(format!("{text}{digit}")),
        }
    };
    let ten = check(nine, &[3, 7, 6, 1, 8, 9, 4, 5, 2])?;
    check(&ten, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_registered_leads_back_to_the_person() {
        let mut numbers = std::collections::HashSet::new();
        for line in &CONSUMERS {
            for serial in (0..SERIALS).step_by(97).chain([SERIALS - 1]) {
                let person = Consumer { nature: line.persona, serial };
                assert_eq!(Consumer::of_phone(&person.phone()), Some(person));
                assert_eq!(Consumer::of_identifier(&person.identifier()), Some(person));
                assert_eq!(Consumer::of_identity_number(&person.identity_number()), Some(person));
                assert_eq!(Consumer::of_street(&person.street()), Some(person));
                assert!(numbers.insert(person.identity_number()), "{person:?}");
            }
        }
    }

    #[test]
    fn identity_numbers_have_right_check_digits() {
        for (nine, whole) in
            [("109155967", Some("10915596784")), ("130972480", Some("13097248022")), ("150219519", Some("15021951940"))]
        {
            assert_eq!(with_check_digits(nine).as_deref(), whole);
        }
        for stranger in ["10915596784", "13097248022", "00000000000", "x", "1091559678x"] {
            assert_eq!(Consumer::of_identity_number(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn who_an_address_belongs_to() {
        let kari = |nature| Some(Consumer::of_name(nature, "Kari Nordmann"));
        let anybody = |nature| Some(Consumer { nature, serial: 0 });
        let table = [
            ("yestoall@kari-nordmann.example", kari(Nature::YesToAll)),
            ("YesToAll+7@Nordmann-Kari.example", kari(Nature::YesToAll)),
            ("off@kari-nordmann.mail.example", kari(Nature::Off)),
            ("bounceslater+efaktura=blocked@kari-nordmann.example", kari(Nature::Blocked)),
            ("yestoall@kunde.example", anybody(Nature::YesToAll)),
            ("yestoall@example", anybody(Nature::YesToAll)),
            ("kari@kunde.example", None),
            ("yestoall+efaktura=nobody@kunde.example", None),
            ("yestoall@kari.no", None),
            ("yestoall", None),
        ];
        for (address, expected) in table {
            assert_eq!(Consumer::of_email(address), expected, "{address}");
        }
    }

    #[test]
    fn names_agree_without_accents_and_in_any_order() {
        let kare = Consumer::of_email("yestoall@kaare-oedegaard.example").unwrap();
        for (name, agrees) in [
            ("Kåre Ødegård", true),
            ("Ødegaard, Kåre", true),
            ("Kåre Magnus Ødegård", true),
            ("Kåre", false),
            ("Kari Ødegård", false),
        ] {
            assert_eq!(kare.agrees_with_name(name), agrees, "{name}");
        }
    }
}
