//! `[avtalegiro]`: who the operator is with the rail, and which of the configured services and drops belong to it.

use serde::Deserialize;

use crate::config::Config;

/// The digits of a customer unit.
const CUSTOMER_UNIT_DIGITS: usize = 8;

/// The operator's side of AvtaleGiro. What a company decides stands in its agreements.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AvtalegiroConfig {
    /// The operator's customer unit id (kundeenhet-ID) with the rail: eight digits. Companies' banks name it in their agreements.
    pub customer_unit: Option<String>,
    /// The name of the drop that claim files go to and bank files come from. Without it there is no file rail.
    pub files: Option<String>,
    /// The name of the payment service: agreements, look-ups of mandates, claims with the bill.
    pub service: Option<String>,
    /// The name of the signing service, which a take-over needs.
    pub signing: Option<String>,
    /// The address of the rail's form in which a payer gives a mandate with BankID. Without it no link to it is offered.
    pub mandate_form: Option<String>,
}

impl AvtalegiroConfig {
    /// The customer unit; empty where none is set.
    pub fn customer_unit(&self) -> &str {
        self.customer_unit.as_deref().unwrap_or_default()
    }

    /// What is wrong with it, in a sentence: every name must be that of a section that is there.
    pub(super) fn fault(&self, config: &Config) -> Option<String> {
        if let Some(unit) = &self.customer_unit
            && (unit.len() != CUSTOMER_UNIT_DIGITS || !unit.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Some(format!("avtalegiro.customer_unit is {unit}; it has {CUSTOMER_UNIT_DIGITS} digits, zeros first"));
        }
        if let Some(form) = &self.mandate_form
            && !form.starts_with("https://")
        {
            return Some(format!("avtalegiro.mandate_form is {form}; it begins with https://"));
        }
        let named = [
            ("files", "drop", self.files.as_ref().filter(|name| !config.drop.contains_key(*name))),
            ("service", "http", self.service.as_ref().filter(|name| !config.http.contains_key(*name))),
            ("signing", "http", self.signing.as_ref().filter(|name| !config.http.contains_key(*name))),
        ];
        let missing = named.into_iter().find_map(|(key, section, name)| Some((key, section, name?)));
        missing.map(|(key, section, name)| format!("avtalegiro.{key} is {name}, but there is no section [{section}.{name}]"))
    }
}
