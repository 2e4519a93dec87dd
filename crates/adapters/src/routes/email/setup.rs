//! What a company sets for the e-mail route, and whether it makes sense.
//!
//! The mail server's address and password are not here: they are the hub's, kept under the name in [`EmailSetup::server`].

use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::EmailAddress;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::NAME;
use crate::route::RouteSetup;
use crate::settings::{self, Presence, Setting, is_text, is_within, is_yes_or_no};

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

const SETTINGS: [Setting; 10] = [
    Setting { name: "from", presence: Presence::Required, takes: is_address },
    Setting { name: "from_name", presence: Presence::OptionalOrNull, takes: is_text },
    Setting { name: "reply_to", presence: Presence::OptionalOrNull, takes: is_address },
    Setting {
        name: "bounce_domain_or_address",
        presence: Presence::Required,
        takes: |value| value.as_str().is_some_and(takes_bounces),
    },
    Setting { name: "link_above_bytes", presence: Presence::Optional, takes: |value| is_within(value, 0, i64::MAX as u64) },
    Setting { name: "attach_xml", presence: Presence::Optional, takes: is_yes_or_no },
    Setting { name: "text_before", presence: Presence::OptionalOrNull, takes: is_text },
    Setting { name: "footer", presence: Presence::OptionalOrNull, takes: is_text },
    Setting { name: "days_before_due", presence: Presence::Optional, takes: |value| is_within(value, 0, MOST_DAYS_BEFORE_DUE) },
    Setting { name: "server", presence: Presence::Optional, takes: is_text },
];

/// Everything that is wrong with a set-up row, all at once. Where it answers nothing, the row reads as [`EmailSetup`].
pub fn check(setup: &RouteSetup) -> Vec<Fault> {
    settings::check(NAME, &SETTINGS, setup)
}

fn is_address(value: &serde_json::Value) -> bool {
    value.as_str().is_some_and(|text| EmailAddress::parse(text).is_ok())
}

fn takes_bounces(text: &str) -> bool {
    let (local, domain) = text.trim().rsplit_once('@').unwrap_or(("bounces", text.trim()));
    local.len() <= LONGEST_BOUNCE_LOCAL_PART && EmailAddress::parse(&format!("{local}@{domain}")).is_ok()
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
