//! What a company sets for the e-mail route, and whether it makes sense.
//!
//! The mail server's address and password are not here: they are the hub's, kept under the name in [`EmailSetup::server`].

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::EmailAddress;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::route::RouteSetup;

/// Files of a letter above this many bytes together go as links: most mail servers take 10 MB or more, base64 adds a third,
/// and the recipient's own limit is unknown (5 MB is also what the field is used to).
const LINK_ABOVE_BYTES: u64 = 5_000_000;

/// Three days before the due date the recipient can still pay in time.
const DAYS_BEFORE_DUE: i64 = 3;

/// A due date budget of more than a year is a typing mistake.
const MOST_DAYS_BEFORE_DUE: u64 = 366;

/// RFC 5321 §4.5.3.1.1: a local part has at most 64 octets; `+` and the attempt's id take 37 of them.
const LONGEST_BOUNCE_LOCAL_PART: usize = 64 - 37;

/// The company's settings of the e-mail route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSetup {
    /// The address that letters come from.
    pub from: String,
    /// The name beside it; the company's own name where absent.
    #[serde(default)]
    pub from_name: Option<String>,
    /// Where the recipient's answer goes, where it is not [`EmailSetup::from`].
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Where bounces come: a domain (`post.example`, which means `bounces@post.example`) or an address. The attempt's id is
    /// added to the local part, as in `bounces+<id>@post.example`, so that a bounce names its letter.
    pub bounce_domain_or_address: String,
    /// Files that do not fit within so many bytes together go as links.
    #[serde(default = "link_above_bytes")]
    pub link_above_bytes: u64,
    /// Whether the XML goes with the letter; the sender can say otherwise for one document.
    #[serde(default)]
    pub attach_xml: bool,
    /// A sentence of the company between greeting and facts.
    #[serde(default)]
    pub text_before: Option<String>,
    /// A sentence of the company at the end.
    #[serde(default)]
    pub footer: Option<String>,
    /// An outage may hold a letter until the end of the day so many days before the due date.
    #[serde(default = "days_before_due")]
    pub days_before_due: i64,
    /// The name under which the hub keeps the mail server.
    #[serde(default = "server")]
    pub server: String,
}

fn link_above_bytes() -> u64 {
    LINK_ABOVE_BYTES
}

fn days_before_due() -> i64 {
    DAYS_BEFORE_DUE
}

fn server() -> String {
    "email".to_owned()
}

impl EmailSetup {
    /// The envelope sender of one attempt (a variable envelope return path).
    pub fn bounce_address(&self, attempt: Uuid) -> String {
        let (local, domain) = self.bounce_parts();
        format!("{local}+{attempt}@{domain}")
    }

    /// The domain of bounces: also that of Message-IDs.
    pub fn bounce_domain(&self) -> &str {
        self.bounce_parts().1
    }

    fn bounce_parts(&self) -> (&str, &str) {
        let text = self.bounce_domain_or_address.trim();
        text.rsplit_once('@').unwrap_or(("bounces", text))
    }
}

/// What a setting holds.
enum Kind {
    /// An e-mail address.
    Address,
    /// A domain or an e-mail address.
    DomainOrAddress,
    /// Any text that is not empty.
    Text,
    /// A whole number from 0 to this.
    UpTo(u64),
    /// True or false.
    YesNo,
}

/// One setting, as the check and the form know it.
struct Setting {
    name: &'static str,
    required: bool,
    kind: Kind,
}

const SETTINGS: [Setting; 10] = [
    Setting { name: "from", required: true, kind: Kind::Address },
    Setting { name: "from_name", required: false, kind: Kind::Text },
    Setting { name: "reply_to", required: false, kind: Kind::Address },
    Setting { name: "bounce_domain_or_address", required: true, kind: Kind::DomainOrAddress },
    Setting { name: "link_above_bytes", required: false, kind: Kind::UpTo(i64::MAX as u64) },
    Setting { name: "attach_xml", required: false, kind: Kind::YesNo },
    Setting { name: "text_before", required: false, kind: Kind::Text },
    Setting { name: "footer", required: false, kind: Kind::Text },
    Setting { name: "days_before_due", required: false, kind: Kind::UpTo(MOST_DAYS_BEFORE_DUE) },
    Setting { name: "server", required: false, kind: Kind::Text },
];

/// Everything that is wrong with a set-up row, all at once. Where it answers nothing, the row reads as [`EmailSetup`].
pub fn check(setup: &RouteSetup) -> Vec<Fault> {
    let Some(row) = setup.0.as_object() else {
        return vec![Fault::fatal(codes::SETUP_VALUE).at("email").with("value", shown(&setup.0))];
    };
    let known = SETTINGS.iter().filter_map(|setting| {
        let place = format!("email.{}", setting.name);
        match row.get(setting.name) {
            None | Some(serde_json::Value::Null) if setting.required => Some(Fault::fatal(codes::SETUP_MISSING).at(place)),
            // An absent setting has its default; `null` is no value but for those that may be left empty.
            None => None,
            Some(serde_json::Value::Null) if setting.may_be_null() => None,
            Some(value) if setting.kind.takes(value) => None,
            Some(value) => Some(Fault::fatal(codes::SETUP_VALUE).at(place).with("value", shown(value))),
        }
    });
    let unknown = row
        .keys()
        .filter(|name| SETTINGS.iter().all(|setting| setting.name != name.as_str()))
        .map(|name| Fault::fatal(codes::SETUP_UNKNOWN).at(format!("email.{}", cut(name))));
    known.chain(unknown).collect()
}

impl Setting {
    fn may_be_null(&self) -> bool {
        matches!(self.name, "from_name" | "reply_to" | "text_before" | "footer")
    }
}

impl Kind {
    fn takes(&self, value: &serde_json::Value) -> bool {
        match self {
            Kind::Address => value.as_str().is_some_and(|text| EmailAddress::parse(text).is_ok()),
            Kind::DomainOrAddress => value.as_str().is_some_and(takes_bounces),
            Kind::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Kind::UpTo(most) => value.as_u64().is_some_and(|number| number <= *most),
            Kind::YesNo => value.is_boolean(),
        }
    }
}

fn takes_bounces(text: &str) -> bool {
    let (local, domain) = text.trim().rsplit_once('@').unwrap_or(("bounces", text.trim()));
    local.len() <= LONGEST_BOUNCE_LOCAL_PART && EmailAddress::parse(&format!("{local}@{domain}")).is_ok()
}

fn shown(value: &serde_json::Value) -> String {
    cut(&value.to_string())
}

/// A wrong value is shown, but not a wall of it.
fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_row(row: serde_json::Value, expected: &[(&str, &str)]) {
        let setup = RouteSetup(row.clone());
        let faults = check(&setup);
        let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.code.name(), fault.place.as_str())).collect();
        assert_eq!(found, expected, "{row}");
        // The check and the type must agree on what can be read.
        if faults.is_empty() {
            setup.read::<EmailSetup>().unwrap_or_else(|error| panic!("{row}: {error}"));
        }
    }

    #[test]
    fn a_row_with_the_two_required_settings_is_enough() {
        check_row(json!({"from": "faktura@nordlys.example", "bounce_domain_or_address": "post.example"}), &[]);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        check_row(
            json!({"from": "nobody", "reply_to": null, "attach_xml": "yes", "days_before_due": -1, "colour": "red"}),
            &[
                ("setup.value", "email.from"),
                ("setup.missing", "email.bounce_domain_or_address"),
                ("setup.value", "email.attach_xml"),
                ("setup.value", "email.days_before_due"),
                ("setup.unknown", "email.colour"),
            ],
        );
        check_row(json!("email"), &[("setup.value", "email")]);
    }

    #[test]
    fn a_setting_without_an_empty_state_refuses_null() {
        check_row(
            json!({"from": "a@b.example", "bounce_domain_or_address": "b.example", "server": null}),
            &[("setup.value", "email.server")],
        );
    }

    #[test]
    fn bounce_addresses_name_the_attempt_and_stay_short_enough() {
        let long = "a".repeat(28);
        check_row(
            json!({"from": "a@b.example", "bounce_domain_or_address": format!("{long}@b.example")}),
            &[("setup.value", "email.bounce_domain_or_address")],
        );
        let setup: EmailSetup =
            serde_json::from_value(json!({"from": "a@b.example", "bounce_domain_or_address": "retur@b.example"})).unwrap();
        assert_eq!(setup.bounce_address(Uuid::nil()), "retur+00000000-0000-0000-0000-000000000000@b.example");
    }
}
