//! How a set-up row is judged: a table of settings, checked all at once. Every route has such a table beside its settings' type.

use kvitt_domain::fault::{Fault, codes};
use serde_json::Value;

use crate::route::RouteSetup;

/// One setting of a route, as its check and its form know it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the row.
    pub name: &'static str,
    /// Whether it must be there.
    pub presence: Presence,
    /// Whether it can have this value.
    pub takes: fn(&Value) -> bool,
}

/// Whether a setting must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// Absent, it has its default.
    Optional,
    /// The same, and `null` is as good as absent.
    OptionalOrNull,
}

/// Everything that is wrong with a row, all at once. A fault's place is `<route>.<setting>`.
pub fn check(route: &str, settings: &[Setting], setup: &RouteSetup) -> Vec<Fault> {
    let Some(row) = setup.0.as_object() else {
        return vec![Fault::fatal(codes::SETUP_VALUE).at(route).with("value", shown(&setup.0))];
    };
    let known = settings.iter().filter_map(|setting| {
        let place = format!("{route}.{}", setting.name);
        match (row.get(setting.name), setting.presence) {
            (None | Some(Value::Null), Presence::Required) => Some(Fault::fatal(codes::SETUP_MISSING).at(place)),
            (None, Presence::Optional | Presence::OptionalOrNull) | (Some(Value::Null), Presence::OptionalOrNull) => None,
            (Some(value), _) if (setting.takes)(value) => None,
            (Some(value), _) => Some(Fault::fatal(codes::SETUP_VALUE).at(place).with("value", shown(value))),
        }
    });
    let unknown = row
        .keys()
        .filter(|name| settings.iter().all(|setting| setting.name != name.as_str()))
        .map(|name| Fault::fatal(codes::SETUP_UNKNOWN).at(format!("{route}.{}", cut(name))));
    known.chain(unknown).collect()
}

/// Any text that is not empty.
pub fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// True or false.
pub fn is_yes_or_no(value: &Value) -> bool {
    value.is_boolean()
}

/// A whole number from `least` to `most`.
pub fn is_within(value: &Value, least: u64, most: u64) -> bool {
    value.as_u64().is_some_and(|number| (least..=most).contains(&number))
}

/// Whether the value reads as this type.
pub fn reads_as<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
    serde_json::from_value::<T>(value.clone()).is_ok()
}

/// A wrong value is shown, but not a wall of it.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
