//! Finding a consumer by what an issuer knows of them: strong keys alone, or soft keys of which enough agree.
//!
//! The rules are those of the look-up service (service description of `getEfakturaIdentifiers`): of birthday, e-mail
//! and telephone two must agree where two or three are given; one needs name, street or postal code beside it; none
//! needs all three of these.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::consumers::{Consumer, Nature};

/// What is known of the one who is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The consumer's number with the banks.
    Identifier(String),
    /// An identity number.
    IdentityNumber(String),
    /// A company's number. Nobody in the sandbox has one.
    OrganizationNumber(String),
    /// What is known otherwise.
    Soft(SoftKeys),
}

/// What is known of a person without a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoftKeys {
    /// `+47…`
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// The birthday.
    pub born_on: Option<Date>,
    /// First and last name.
    pub name: Option<String>,
    /// The lines of the address above the postal code.
    pub lines: Vec<String>,
    /// The postal code.
    pub postal_code: Option<String>,
}

/// Who was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// One person.
    Unique(Consumer),
    /// Nobody.
    Nobody,
    /// Not enough was given to search.
    MissingData,
    /// More than one person.
    Several,
}

/// Searches.
pub fn look_up(key: &Key) -> Found {
    let strong = |found: Option<Consumer>| found.map_or(Found::Nobody, Found::Unique);
    match key {
        Key::Identifier(identifier) => strong(Consumer::of_identifier(identifier)),
        Key::IdentityNumber(number) => strong(Consumer::of_identity_number(number)),
        Key::OrganizationNumber(_) => Found::Nobody,
        Key::Soft(keys) => soft(keys),
    }
}

fn soft(keys: &SoftKeys) -> Found {
    let given = [keys.phone.is_some(), keys.email.is_some(), keys.born_on.is_some()].into_iter().filter(|given| *given).count();
    let beside = [keys.name.is_some(), !keys.lines.is_empty(), keys.postal_code.is_some()];
    let enough = match given {
        0 => beside == [true; 3],
        1 => beside != [false; 3],
        _ => true,
    };
    if !enough {
        return Found::MissingData;
    }
    let hits: BTreeSet<Consumer> = candidates(keys).into_iter().filter(|one| is_hit(one, keys, given)).collect();
    if hits.len() > 1 || hits.iter().any(|one| one.nature == Nature::Several) {
        return Found::Several;
    }
    hits.first().map_or(Found::Nobody, |one| Found::Unique(*one))
}

fn candidates(keys: &SoftKeys) -> Vec<Consumer> {
    let mut found = Vec::new();
    found.extend(keys.email.as_deref().and_then(Consumer::of_email));
    found.extend(keys.phone.as_deref().and_then(Consumer::of_phone));
    found.extend(keys.lines.iter().filter_map(|line| Consumer::of_street(line)));
    if let (Some(name), Some(born_on)) = (&keys.name, keys.born_on) {
        found.extend(Consumer::of_name_and_birthday(name, born_on));
    }
    found
}

fn is_hit(one: &Consumer, keys: &SoftKeys, given: usize) -> bool {
    let phone = keys.phone.as_deref().is_some_and(|number| Consumer::of_phone(number) == Some(*one));
    let email = keys.email.as_deref().is_some_and(|address| Consumer::of_email(address) == Some(*one));
    let born = keys.born_on.is_some_and(|day| day == one.born_on());
    let agree = [phone, email, born].into_iter().filter(|agrees| *agrees).count();

    let anybody = one.serial == 0;
    let name = keys.name.as_deref().is_some_and(|name| one.agrees_with_name(name));
    let street = keys.lines.iter().any(|line| anybody || Consumer::of_street(line) == Some(*one));
    let postal = keys.postal_code.as_deref().is_some_and(|code| anybody || code == one.postal_code());
    match given {
        0 => name && street && postal,
        1 => agree == 1 && (name || street || postal),
        _ => agree >= 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys as text: `email=… phone=… born=… name=… street=… postal=…`, parted by `;`.
    fn keys(text: &str) -> SoftKeys {
        let kari = Consumer::of_name(Nature::YesToAll, "Kari Nordmann").card();
        let ola = Consumer::of_name(Nature::YesToAll, "Ola Nordmann").card();
        let mut keys = SoftKeys::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (what, value) = part.split_once('=').unwrap();
            let card = if value == "ola" { &ola } else { &kari };
            match what {
                "email" if value.contains('@') => keys.email = Some(value.into()),
                "email" => keys.email = Some(format!("yestoall@{value}-nordmann.example")),
                "phone" => keys.phone = Some(card.telephone_alias.clone()),
                "born" => keys.born_on = Some(card.date_of_birth),
                "name" => keys.name = Some(format!("{value} Nordmann")),
                "street" => keys.lines.push(card.line1.clone()),
                "postal" => keys.postal_code = Some(card.postal_code.clone()),
                _ => panic!("{part}"),
            }
        }
        keys
    }

    #[test]
    fn which_keys_lead_to_a_person() {
        let kari = Found::Unique(Consumer::of_name(Nature::YesToAll, "Kari Nordmann"));
        let table = [
            // Two or three of birthday, e-mail and telephone: two must agree.
            ("email=kari; phone=kari", kari),
            ("email=kari; born=kari", kari),
            ("phone=kari; born=kari", kari),
            ("email=kari; phone=kari; born=kari", kari),
            ("email=kari; phone=kari; born=ola", kari),
            ("email=ola; phone=kari; born=kari", kari),
            ("email=kari; phone=ola", Found::Nobody),
            ("email=kari; phone=ola; name=kari; street=kari; postal=kari", Found::Nobody),
            ("email=kari@kunde.example; phone=kari", Found::Nobody),
            // One: it and one of name, street and postal code.
            ("email=kari; name=kari", kari),
            ("email=kari; name=ola; street=kari", kari),
            ("email=kari; name=ola; postal=kari", kari),
            ("phone=kari; name=kari", kari),
            ("born=kari; name=kari", kari),
            ("born=kari; street=kari", kari),
            ("born=kari; name=ola", Found::Nobody),
            ("email=kari; name=ola", Found::Nobody),
            ("email=kari; name=ola; street=ola; postal=ola", Found::Nobody),
            ("email=kari", Found::MissingData),
            ("phone=kari", Found::MissingData),
            ("born=kari", Found::MissingData),
            // None: name, street and postal code, all of them.
            ("name=kari; street=kari; postal=kari", kari),
            ("name=ola; street=kari; postal=kari", Found::Nobody),
            ("name=kari; street=kari; postal=ola", Found::Nobody),
            ("name=kari; street=kari", Found::MissingData),
            ("name=kari; postal=kari", Found::MissingData),
            ("", Found::MissingData),
            // People who live there, and strangers.
            ("email=several@kari-nordmann.example; name=kari", Found::Several),
            ("email=yestoall@kunde.example; name=ola", Found::Unique(Consumer { nature: Nature::YesToAll, serial: 0 })),
            ("email=yestoall@kunde.example; phone=kari", Found::Nobody),
            ("email=kari@kunde.example; name=kari", Found::Nobody),
        ];
        for (text, expected) in table {
            assert_eq!(look_up(&Key::Soft(keys(text))), expected, "{text}");
        }
    }

    #[test]
    fn a_strong_key_stands_alone() {
        let several = Consumer::of_name(Nature::Several, "Kari Nordmann");
        assert_eq!(look_up(&Key::Identifier(several.identifier())), Found::Unique(several));
        assert_eq!(look_up(&Key::IdentityNumber(several.identity_number())), Found::Unique(several));
        assert_eq!(look_up(&Key::IdentityNumber("10915596784".into())), Found::Nobody);
        assert_eq!(look_up(&Key::Identifier("123456789".into())), Found::Nobody);
        assert_eq!(look_up(&Key::OrganizationNumber("988077917".into())), Found::Nobody);
    }
}
