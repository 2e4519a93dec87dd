//! What a sender says beside the document, as JSON: `metadata` version 1.1 after the Maventa-shaped sending API.
//!
//! ```json
//! { "version": "1.1", "recipient_type": "consumer", "routing": { "route_order": ["netbank", "email", "print"] } }
//! ```
//!
//! [`FIELDS`] is the whole list; `docs/metadata.md` is written from it. Unknown fields are refused, with the nearest known one
//! named, because a misspelt `recipent_type` would quietly send a consumer's invoice the business way. `null` is absent.
//! A fødselsnummer is checked, kept out of every fault, and never serialised by the domain.

mod json;

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::identifiers::{EmailAddress, IdentityNumber};
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::{Metadata, RecipientType};
use kvitt_domain::{Fault, Language};
use uuid::Uuid;

use crate::identity::shown;
use json::Json;

/// The most bytes that metadata may have: the fields need less than four KiB.
pub const MAX_BYTES: usize = 64 * 1024;
/// The longest comment of the sender, in characters: a letter has room for it.
pub const MAX_COMMENT_CHARACTERS: usize = 2_000;
/// The most routes in one order: there are six, and aliases.
const MAX_ROUTES: usize = 20;

/// One field of the metadata.
pub struct Field {
    /// Its name, with the object that it stands in: `routing.route_order`.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// What it may hold.
    pub values: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every field that is known.
pub const FIELDS: &[Field] = &[
    Field { name: "version", aliases: &[], values: "`1.1`", meaning: "The version of these fields. Absent means `1.1`." },
    Field {
        name: "recipient_type",
        aliases: &[],
        values: "`consumer` (`b2c`), `business` (`b2b`)",
        meaning: "Whom the document goes to. Absent means business.",
    },
    Field {
        name: "uuid",
        aliases: &[],
        values: "a UUID",
        meaning: "The sender's own id of the document: sending it again with the same id does nothing twice.",
    },
    Field {
        name: "plan_id",
        aliases: &[],
        values: "an id that `POST /v1/plans` answered",
        meaning: "Accept the document only if what would be decided now is what was answered then.",
    },
    Field {
        name: "routing.route_order",
        aliases: &["route_order"],
        values: "a list of `avtalegiro`, `efaktura`, `peppol`, `dpi`, `email`, `print`",
        meaning: "The routes to try, in this order; one alone means no fallback. `netbank` is `avtalegiro`, `efaktura`; `vipps` is \
                  `efaktura`; `einvoice` is `peppol`. `silent_failure` may stand last and changes nothing: a document without an open \
                  route is parked and told.",
    },
    Field {
        name: "routing.disabled_routes",
        aliases: &["disabled_routes"],
        values: "a list as above",
        meaning: "Routes that must not be used.",
    },
    Field {
        name: "recipient_email",
        aliases: &[],
        values: "an e-mail address",
        meaning: "Where the e-mail goes, and a key of Yes to All.",
    },
    Field {
        name: "recipient_phone_number",
        aliases: &["recipient_phone"],
        values: "`+` or `00`, country code and number, 6 to 16 digits",
        meaning: "A key of Yes to All.",
    },
    Field { name: "recipient_date_of_birth", aliases: &[], values: "`YYYY-MM-DD`", meaning: "A key of Yes to All." },
    Field {
        name: "recipient_efaktura_id",
        aliases: &["recipient_efaktura_identifier"],
        values: "nine digits",
        meaning: "The eFaktura identifier, where the sender knows it: no lookup is made.",
    },
    Field {
        name: "recipient_ssn",
        aliases: &[],
        values: "eleven digits, as text",
        meaning: "The fødselsnummer, the strongest key. It goes to the company's vault before anything is stored.",
    },
    Field {
        name: "lang",
        aliases: &["language"],
        values: "`NO` (`nb`, `nn`), `EN`; `SE`, `DK`, `FI`, `NL`",
        meaning: "The language of letters to the recipient. The last four get English until Kvitt speaks them.",
    },
    Field {
        name: "sender_comment",
        aliases: &[],
        values: "text, at most 2,000 characters",
        meaning: "A few words from the sender in the letter.",
    },
    Field {
        name: "email_settings.attach_xml",
        aliases: &[],
        values: "`true`, `false`",
        meaning: "Whether the XML goes with the e-mail.",
    },
    Field {
        name: "email_settings.xml_format",
        aliases: &[],
        values: "`PEPPOLBIS30`, `ORIGINAL`",
        meaning: "The older word for `attach_xml: true`. Unlike there, it does not force the route.",
    },
];

/// Reads the metadata.
///
/// # Errors
/// All faults at once: `metadata.unreadable` where it is no JSON object, too long, or names a field that is unknown or given
/// twice; `metadata.value`, `email.invalid` and `identity.invalid` at the field otherwise.
pub fn read(bytes: &[u8]) -> Result<Metadata, Vec<Fault>> {
    if bytes.len() > MAX_BYTES {
        return Err(vec![unreadable(&format!("it has more than {MAX_BYTES} bytes"))]);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let json: Json = serde_json::from_slice(bytes).map_err(|error| vec![unreadable(&error.to_string())])?;
    let Json::Object(object) = json else {
        return Err(vec![unreadable("it must be one JSON object")]);
    };
    let mut reader = Reader::default();
    reader.object("", object);
    if reader.faults.is_empty() { Ok(reader.metadata) } else { Err(reader.faults) }
}

#[derive(Default)]
struct Reader {
    metadata: Metadata,
    given: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Reader {
    fn object(&mut self, prefix: &str, object: Vec<(String, Json)>) {
        for (name, value) in object {
            let path = format!("{prefix}{name}");
            match value {
                Json::Null if is_group(&path) => {}
                Json::Object(inner) if is_group(&path) => self.object(&format!("{path}."), inner),
                _ if is_group(&path) => self.faults.push(unreadable("it must be an object").at(path)),
                value => self.field(&path, value),
            }
        }
    }

    fn field(&mut self, path: &str, value: Json) {
        let Some(field) = FIELDS.iter().find(|field| field.name == path || field.aliases.contains(&path)) else {
            self.faults.push(unknown(path));
            return;
        };
        if value == Json::Null {
            return;
        }
        if self.given.contains(&field.name) {
            self.faults.push(unreadable(&format!("{} is given twice", field.name)).at(path));
            return;
        }
        self.given.push(field.name);
        if let Err(fault) = self.set(field.name, &value) {
            self.faults.push(fault.at(path));
        }
    }

    /// Puts one field in its place.
    fn set(&mut self, name: &'static str, value: &Json) -> Result<(), Fault> {
        let refused = || invalid(name, value);
        let metadata = &mut self.metadata;
        match name {
            "version" => value.text().filter(|version| *version == "1.1").map(|_| ()).ok_or_else(refused)?,
            "recipient_type" => {
                metadata.recipient_type = Some(value.text().and_then(RecipientType::parse).ok_or_else(refused)?);
            }
            "uuid" => metadata.uuid = Some(value.text().and_then(|text| Uuid::try_parse(text).ok()).ok_or_else(refused)?),
            "plan_id" => metadata.plan_id = Some(value.text().ok_or_else(refused)?.to_owned()),
            "routing.route_order" => metadata.route_order = routes(value, SilentFailure::MayStandLast).ok_or_else(refused)?,
            "routing.disabled_routes" => metadata.disabled_routes = routes(value, SilentFailure::Refused).ok_or_else(refused)?,
            "recipient_email" => {
                let address = EmailAddress::parse(value.text().ok_or_else(refused)?).map_err(|_| refused())?;
                metadata.recipient_email = Some(address.to_string());
            }
            "recipient_phone_number" => metadata.recipient_phone = Some(value.text().and_then(phone).ok_or_else(refused)?),
            "recipient_date_of_birth" => metadata.recipient_born_on = Some(value.text().and_then(date).ok_or_else(refused)?),
            "recipient_efaktura_id" => {
                let digits = value.text().filter(|text| text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit()));
                metadata.recipient_efaktura_identifier = Some(digits.ok_or_else(refused)?.to_owned());
            }
            "recipient_ssn" => {
                // Nothing of the value is repeated, however wrong it is.
                let hidden = || Fault::fatal(codes::IDENTITY_INVALID);
                let number = IdentityNumber::parse(value.text().ok_or_else(hidden)?).map_err(|_| hidden())?;
                metadata.recipient_identity = Some(number.reveal());
            }
            "lang" => metadata.language = Some(value.text().and_then(language).ok_or_else(refused)?),
            "sender_comment" => metadata.sender_comment = Some(value.text().and_then(comment).ok_or_else(refused)?),
            "email_settings.attach_xml" => match value {
                Json::Bool(attach) => metadata.attach_xml = Some(*attach),
                _ => return Err(refused()),
            },
            "email_settings.xml_format" => {
                let format = value.text().filter(|format| matches!(*format, "PEPPOLBIS30" | "ORIGINAL"));
                format.ok_or_else(refused)?;
                metadata.attach_xml.get_or_insert(true);
            }
            _ => unreachable!("every field of the table has an arm, which a test proves"),
        }
        Ok(())
    }
}

impl Json {
    /// The text, trimmed, where it is one and not empty.
    fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The value as a fault may show it.
    fn shown(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Number => "(number)".to_owned(),
            Json::Text(text) => shown(text),
            Json::List(items) => shown(&items.iter().map(Json::shown).collect::<Vec<_>>().join(", ")),
            Json::Object(_) => "{…}".to_owned(),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum SilentFailure {
    MayStandLast,
    Refused,
}

/// A list of routes with the older words replaced, each once. None where one is unknown, or nothing but `silent_failure` is
/// there.
fn routes(value: &Json, silent_failure: SilentFailure) -> Option<Vec<RouteName>> {
    let Json::List(items) = value else {
        return None;
    };
    if items.len() > MAX_ROUTES {
        return None;
    }
    let mut routes: Vec<RouteName> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let name = item.text()?;
        let names: &[&str] = match name {
            "netbank" => &["avtalegiro", "efaktura"],
            "vipps" => &["efaktura"],
            "einvoice" => &["peppol"],
            "silent_failure" if silent_failure == SilentFailure::MayStandLast && at + 1 == items.len() => &[],
            "silent_failure" => return None,
            _ if is_route(name) => &[name],
            _ => return None,
        };
        for name in names.iter().map(|name| RouteName::new(*name)) {
            if !routes.contains(&name) {
                routes.push(name);
            }
        }
    }
    // An empty list is the default order; a list of nothing but `silent_failure` is a mistake.
    (items.is_empty() || !routes.is_empty()).then_some(routes)
}

/// A route is known when the catalogue has its name in words: a new route needs them anyway.
fn is_route(name: &str) -> bool {
    Language::Bokmal.has(&format!("route.{name}"))
}

/// `+4799900001` of `+47 999 00 001` or `004799900001` (ITU-T E.164; MPS takes 6 to 16 digits). No country is guessed.
fn phone(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '\u{a0}')).collect();
    let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"))?;
    let plausible =
        (6..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plausible.then(|| format!("+{digits}"))
}

/// A language of the catalogue; English for the others that the field has always had, until the catalogue has them.
fn language(text: &str) -> Option<Language> {
    const TO_COME: [&str; 6] = ["SE", "SV", "DK", "DA", "FI", "NL"];
    let to_come = || TO_COME.contains(&text.to_uppercase().as_str()).then_some(Language::English);
    Language::named(text).or_else(to_come)
}

fn date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { text.parse().ok() } else { None }
}

fn comment(text: &str) -> Option<String> {
    let plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    (plain && text.chars().count() <= MAX_COMMENT_CHARACTERS).then(|| text.replace("\r\n", "\n"))
}

fn is_group(path: &str) -> bool {
    FIELDS.iter().any(|field| field.name.split_once('.').is_some_and(|(group, _)| group == path))
}

fn unreadable(why: &str) -> Fault {
    Fault::fatal(codes::METADATA_UNREADABLE).with("why", shown(why))
}

fn invalid(field: &str, value: &Json) -> Fault {
    Fault::fatal(codes::METADATA_VALUE).with("field", field).with("value", value.shown())
}

fn unknown(path: &str) -> Fault {
    let path = shown(path);
    let why = match nearest(&path) {
        Some(known) => format!("{path} is unknown; did you mean {known}?"),
        None => format!("{path} is unknown"),
    };
    Fault::fatal(codes::METADATA_UNREADABLE).at(path).with("why", why)
}

/// The known name that takes the fewest changes, if a third of its letters or fewer are changed.
fn nearest(path: &str) -> Option<&'static str> {
    let names = FIELDS.iter().flat_map(|field| std::iter::once(&field.name).chain(field.aliases));
    let (distance, name) = names.map(|name| (edit_distance(path, name), *name)).min()?;
    (distance * 3 <= name.len()).then_some(name)
}

/// Levenshtein's distance, one row at a time.
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_table_has_an_arm() {
        for field in FIELDS {
            // A number fits no field, so that each arm is reached and refuses it.
            assert!(Reader::default().set(field.name, &Json::Number).is_err(), "{}", field.name);
        }
    }

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        for (given, expected) in
            [("recipent_type", Some("recipient_type")), ("routing.route_orders", Some("routing.route_order")), ("colour", None)]
        {
            assert_eq!(nearest(given), expected, "{given}");
        }
    }
}
