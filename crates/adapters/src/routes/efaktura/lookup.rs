//! `getEfakturaIdentifiers`: by which keys a consumer is looked for, and what the answer holds. What follows from it is
//! [`crate::registers::yes_to_all`]'s to say. The elements' names are inferred (`docs/routes/efaktura.md`).

use jiff::civil::Date;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::EmailAddress;
use kvitt_domain::recipient::Recipient;
use uuid::Uuid;

use super::element::{Element, Unreadable};
use super::soap::{Message, Operation, Value, request};
use crate::route::{HttpRequest, Secret};

/// By what one consumer is looked for. One key per document, the strongest that the company may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The fødselsnummer, by its reference in the company's vault; sent alone.
    Identity(String),
    /// What is known otherwise.
    Soft(SoftKeys),
}

/// What is known of a consumer without a number. The service wants two of date of birth, phone and e-mail to agree where two or
/// three are given, and a name or an address beside one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoftKeys {
    /// `+` and digits, 6 to 16 characters.
    pub phone: Option<String>,
    /// 5 to 100 characters.
    pub email: Option<String>,
    /// Date of birth.
    pub born_on: Option<Date>,
    /// The words before the last one, at most 50 characters.
    pub first_name: Option<String>,
    /// The last word of the name, at most 50 characters.
    pub last_name: Option<String>,
    /// 4 to 10 characters.
    pub postal_code: Option<String>,
    /// At most 30 characters.
    pub city: Option<String>,
}

/// Why a consumer cannot be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// Neither date of birth nor phone nor e-mail is known, and no fødselsnummer.
    Nothing,
    /// Only the fødselsnummer is known, which the company does not let out.
    OnlyIdentity,
}

impl NoKey {
    /// The same as a fault.
    pub fn fault(self) -> Fault {
        Fault::fatal(match self {
            NoKey::Nothing => codes::EFAKTURA_NO_LOOKUP_KEY,
            NoKey::OnlyIdentity => codes::EFAKTURA_IDENTITY_KEPT,
        })
    }
}

/// Whether the company lets fødselsnumre out for look-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// It has a reason in law to use them so, and said it.
    MaySend,
    /// Not.
    Kept,
}

impl Key {
    /// The strongest key: the fødselsnummer where it may be sent; else date of birth, phone and e-mail; else the one or two of
    /// these that are known, with name, postal code and city.
    pub fn of(recipient: &Recipient, identity: Identity) -> Result<Key, NoKey> {
        match &recipient.identity_ref {
            Some(reference) if identity == Identity::MaySend => return Ok(Key::Identity(reference.clone())),
            _ => {}
        }
        let phone = recipient.phone.as_deref().and_then(international);
        let email = recipient.email.as_deref().and_then(email);
        let born_on = recipient.born_on;
        let strong = SoftKeys { phone, email, born_on, ..SoftKeys::default() };
        match [strong.phone.is_some(), strong.email.is_some(), born_on.is_some()].into_iter().filter(|known| *known).count() {
            0 if recipient.identity_ref.is_some() => Err(NoKey::OnlyIdentity),
            0 => Err(NoKey::Nothing),
            3 => Ok(Key::Soft(strong)),
            _ => {
                let address = &recipient.address;
                let postal_code = address.postal_code.as_deref().map(str::trim);
                Ok(Key::Soft(SoftKeys {
                    postal_code: postal_code.filter(|code| (4..=10).contains(&code.chars().count())).map(str::to_owned),
                    city: address.city.as_deref().and_then(|city| cut(city, 30)),
                    ..strong.named(&recipient.name)
                }))
            }
        }
    }

    /// A key that finds nobody and tells only a last name: for one who was to be looked for and now must not be.
    pub fn none(recipient: &Recipient) -> Key {
        let SoftKeys { last_name, .. } = SoftKeys::default().named(&recipient.name);
        Key::Soft(SoftKeys { last_name, ..SoftKeys::default() })
    }

    fn write(&self, xml: &mut Message) {
        let soft = match self {
            Key::Identity(reference) => {
                return xml.value("socialSecurityNumber", &Value::Secret(Secret::Identity(reference.clone())));
            }
            Key::Soft(soft) => soft,
        };
        xml.optional("telephoneAlias", soft.phone.as_deref());
        xml.optional("emailAlias", soft.email.as_deref());
        xml.optional("dateOfBirth", soft.born_on.map(|date| date.to_string()).as_deref());
        if let Some(last_name) = &soft.last_name {
            xml.group("name", |xml| {
                xml.optional("firstName", soft.first_name.as_deref());
                xml.text("lastName", last_name);
            });
        }
        if soft.postal_code.is_some() || soft.city.is_some() {
            xml.group("address", |xml| {
                xml.optional("postalCode", soft.postal_code.as_deref());
                xml.optional("city", soft.city.as_deref());
            });
        }
    }
}

impl SoftKeys {
    /// With a name as it stands on the document. The service swaps first and last name by itself where that fits.
    fn named(self, name: &str) -> SoftKeys {
        let words: Vec<&str> = name.split_whitespace().collect();
        let Some((last, first)) = words.split_last() else { return self };
        SoftKeys { first_name: cut(&first.join(" "), 50), last_name: cut(last, 50), ..self }
    }
}

fn cut(text: &str, most: usize) -> Option<String> {
    let cut: String = text.trim().chars().take(most).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// A phone number as the service takes it. Eight digits are Norwegian; what cannot be a number is none.
fn international(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/')).collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match (plain.strip_prefix('+'), plain.strip_prefix("00")) {
        (Some(rest), _) | (None, Some(rest)) => rest.to_owned(),
        (None, None) if plain.len() == 8 => format!("47{plain}"),
        (None, None) => return None,
    };
    (digits(&number) && (5..=15).contains(&number.len())).then(|| format!("+{number}"))
}

fn email(text: &str) -> Option<String> {
    let address = EmailAddress::parse(text).ok()?;
    (5..=100).contains(&address.as_str().chars().count()).then(|| address.as_str().to_owned())
}

/// Asks about consumers: 1 to [`super::soap::AT_MOST`] keys, each with an id of ours. With the issuer the answer also says what
/// is between the two.
pub fn ask(service: &str, message: Uuid, issuer: &str, keys: &[(Uuid, Key)]) -> HttpRequest {
    request(service, Operation::GetEfakturaIdentifiers, message, |xml| {
        xml.text("efakturaIssuer", issuer);
        xml.group("keys", |xml| {
            for (id, key) in keys {
                xml.group("key", |xml| {
                    xml.text("keyId", &id.to_string());
                    key.write(xml);
                });
            }
        });
    })
}

/// What the service knows of one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedUp {
    /// One was found.
    Unique(Consumer),
    /// Nobody was.
    Nobody,
    /// The key was too little to look with.
    TooLittle,
    /// Several fit.
    Several,
}

/// A consumer who was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The eFaktura identifier, nine digits: personal.
    pub identifier: String,
    /// Takes eFaktura from everyone (Yes to All).
    pub accepts_all: bool,
    /// Has an agreement with this issuer.
    pub has_agreement: bool,
    /// Has blocked this issuer.
    pub blocked: bool,
}

/// All but the identifier.
impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer")
            .field("accepts_all", &self.accepts_all)
            .field("has_agreement", &self.has_agreement)
            .field("blocked", &self.blocked)
            .finish_non_exhaustive()
    }
}

/// Reads `GetEfakturaIdentifiersResponse`: each key's id as it was given, and what was found.
pub fn read(response: &Element) -> Result<Vec<(String, LookedUp)>, Unreadable> {
    let list = response.one("responses")?;
    list.all("response").map(|answer| Ok((answer.text_of("keyId")?.to_owned(), looked_up(answer)?))).collect()
}

fn looked_up(answer: &Element) -> Result<LookedUp, Unreadable> {
    match answer.text_of("status")? {
        "UNIQUE_RECEIVER_FOUND" => {}
        "RECEIVER_NOT_FOUND" => return Ok(LookedUp::Nobody),
        "LOOKUP_KEY_MISSING_DATA" => return Ok(LookedUp::TooLittle),
        "MULTIPLE_RECEIVERS" => return Ok(LookedUp::Several),
        _ => return Err(Unreadable("an answer has a status that is none".to_owned())),
    }
    let identifier = answer.text_of("efakturaIdentifier")?;
    if !is_identifier(identifier) {
        return Err(Unreadable("an eFaktura identifier is not nine digits".to_owned()));
    }
    let issuers = answer.optional("issuerResponse")?;
    let of_issuer = |name: &str| issuers.map_or(Ok(false), |issuers| issuers.is_true(name));
    Ok(LookedUp::Unique(Consumer {
        identifier: identifier.to_owned(),
        accepts_all: answer.is_true("autoAcceptEfaktura")?,
        has_agreement: of_issuer("hasEfakturaAgreement")?,
        blocked: of_issuer("blockedByReceiver")?,
    }))
}

/// Whether it can be an eFaktura identifier: nine digits.
pub fn is_identifier(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_made_international() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(international(text).as_deref(), expected, "{text}");
        check("+4791234567", Some("+4791234567"));
        check("912 34 567", Some("+4791234567"));
        check("0047 912 34 567", Some("+4791234567"));
        check("+46 (70) 123-45.67", Some("+46701234567"));
        check("4791234567", None);
        check("spør i resepsjonen", None);
        check("+47", None);
        check("+4712345678901234", None);
        check("", None);
    }

    #[test]
    fn the_last_word_is_the_last_name() {
        let check = |name: &str, first: Option<&str>, last: Option<&str>| {
            let keys = SoftKeys::default().named(name);
            assert_eq!((keys.first_name.as_deref(), keys.last_name.as_deref()), (first, last), "{name}");
        };
        check("Kåre  von Ødegård ", Some("Kåre von"), Some("Ødegård"));
        check("Kåre", None, Some("Kåre"));
        check(" ", None, None);
        let long = "å".repeat(60);
        check(&long, None, Some(&"å".repeat(50)));
    }
}
