//! The companies that have Fortnox: each a persona with a number, and switches that say how its Fortnox is set up.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::personas::Description;

use super::NAME;

/// A company that has Fortnox, as the persona that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Everything works.
    Ordinary,
    /// Has bought no licence for the interface.
    NoLicence,
    /// Has not bought the project module.
    NoProjects,
    /// The sales accounts are inactive.
    InactiveAccount,
    /// VAT rates and codes are not those of a Norwegian sender.
    VatMismatch,
    /// Nobody has made a financial year since 2024.
    NoYear,
    /// Answers late.
    Slow,
    /// Closes the connection after an invoice was made, and after it was booked.
    HangsUp,
    /// Rounds invoices to whole kronor.
    Rounds,
    /// Wants a project on every sale.
    MandatoryProject,
    /// Shows a text where its user may not see a number.
    NoRights,
    /// Has locked everything until the end of 2099.
    Locked,
    /// Has customers, projects and invoices of its own under low numbers.
    OtherNumbers,
}

/// All of them; a persona's name is the company's TenantId.
pub const TENANTS: [Description<Nature>; 13] = [
    tenant("1000001", Nature::Ordinary, "A company whose Fortnox has everything."),
    tenant("1000002", Nature::NoLicence, "No licence for the interface: 2001103."),
    tenant("1000003", Nature::NoProjects, "The project module is off: 2001101 for projects."),
    tenant("1000004", Nature::InactiveAccount, "The accounts 3000 and 3001 are inactive: 2000550."),
    tenant("1000005", Nature::VatMismatch, "Has 25, 12 and 6 per cent only, and VAT code MP2 on 3000 and 3001."),
    tenant("1000006", Nature::NoYear, "Its last financial year is 2024."),
    tenant("1000007", Nature::Slow, "Answers after two seconds of machine time."),
    tenant(
        "1000008",
        Nature::HangsUp,
        "An invoice that is made, or booked, takes effect, and the connection closes without a reply.",
    ),
    tenant("1000009", Nature::Rounds, "Rounds invoices in SEK to whole kronor (RoundOff)."),
    tenant("1000010", Nature::MandatoryProject, "ProjectSettings MANDATORY on every sales account."),
    tenant("1000011", Nature::NoRights, "API_NORIGHT stands where its user may not see a number."),
    tenant("1000012", Nature::Locked, "Its period is locked until the end of 2099."),
    tenant("1000013", Nature::OtherNumbers, "Has customers, projects and invoices of its own under the numbers 10001 to 10003."),
];

const fn tenant(name: &'static str, persona: Nature, does: &'static str) -> Description<Nature> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

/// The company with this number.
pub fn of_id(id: u32) -> Option<Nature> {
    TENANTS.iter().find(|line| line.name.parse() == Ok(id)).map(|line| line.persona)
}

/// What the company is called.
pub fn name(id: u32) -> String {
    format!("Sandlådan {id} AB")
}

/// Its organisation number: ten digits, as Swedish ones are, the last a check digit.
pub fn organisation(id: u32) -> String {
    with_check_digit(&format!("55{id:07}"))
}

/// Digits and their check digit by Luhn's rule.
pub fn with_check_digit(digits: &str) -> String {
    let weighed = |(index, byte): (usize, u8)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let weight = if index.is_multiple_of(2) { 2 * digit } else { digit };
        weight / 10 + weight % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(weighed).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// How a company's Fortnox is set up; a test may change it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// Has it a licence for the interface?
    pub licence: bool,
    /// Is the project module on?
    pub project_module: bool,
    /// Accounts that are inactive.
    pub inactive_accounts: Vec<u16>,
    /// Accounts that are not in the chart.
    pub missing_accounts: Vec<u16>,
    /// VAT rates that it has, whole per cent.
    pub vat_rates: Vec<i64>,
    /// VAT codes of accounts, where they are not the usual ones.
    pub account_vat_codes: BTreeMap<u16, String>,
    /// The first financial year; each is a calendar year.
    pub first_year: i16,
    /// The last one.
    pub last_year: i16,
    /// Until when everything is locked.
    pub locked_until: Option<Date>,
    /// How late it answers, ms of machine time.
    pub slow_ms: u64,
    /// Does the connection close after an invoice was made?
    pub hangs_up_after_creating: bool,
    /// Does the connection close after an invoice was booked?
    pub hangs_up_after_booking: bool,
    /// Are invoices in SEK rounded to whole kronor?
    pub rounds: bool,
    /// ALLOWED, MANDATORY or NOTALLOWED: projects on sales accounts.
    pub project_settings: String,
    /// May the user see every number?
    pub rights: bool,
}

impl Switches {
    /// How the company is set up before anybody changes it.
    pub fn of(nature: Nature) -> Switches {
        let usual = Switches {
            licence: true,
            project_module: true,
            inactive_accounts: Vec::new(),
            missing_accounts: Vec::new(),
            vat_rates: vec![25, 15, 12, 6, 0],
            account_vat_codes: BTreeMap::new(),
            first_year: 2020,
            last_year: 2140,
            locked_until: None,
            slow_ms: 0,
            hangs_up_after_creating: false,
            hangs_up_after_booking: false,
            rounds: false,
            project_settings: "ALLOWED".to_owned(),
            rights: true,
        };
        match nature {
            Nature::Ordinary | Nature::OtherNumbers => usual,
            Nature::NoLicence => Switches { licence: false, ..usual },
            Nature::NoProjects => Switches { project_module: false, ..usual },
            Nature::InactiveAccount => Switches { inactive_accounts: vec![3000, 3001], ..usual },
            Nature::VatMismatch => Switches {
                vat_rates: vec![25, 12, 6, 0],
                account_vat_codes: [3000, 3001].map(|account| (account, "MP2".to_owned())).into(),
                ..usual
            },
            Nature::NoYear => Switches { last_year: 2024, ..usual },
            Nature::Slow => Switches { slow_ms: 2_000, ..usual },
            Nature::HangsUp => Switches { hangs_up_after_creating: true, hangs_up_after_booking: true, ..usual },
            Nature::Rounds => Switches { rounds: true, ..usual },
            Nature::MandatoryProject => Switches { project_settings: "MANDATORY".to_owned(), ..usual },
            Nature::NoRights => Switches { rights: false, ..usual },
            Nature::Locked => Switches { locked_until: Some(Date::constant(2099, 12, 31)), ..usual },
        }
    }

    /// With some of them changed.
    ///
    /// # Errors
    /// A sentence: no such switch, or no such value of it.
    pub fn changed(&self, by: &Value) -> Result<Switches, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let by = by.as_object().ok_or("the body is no object of switches")?;
        for (name, value) in by {
            all[name] = value.clone();
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }

    /// The id of the financial year that a day is in: the first is 1.
    pub fn year_of(&self, day: Date) -> Option<i16> {
        (self.first_year..=self.last_year).contains(&day.year()).then(|| day.year() - self.first_year + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_check_digits() {
        // The published example of a Swedish organisation number.
        assert_eq!(with_check_digit("556016068"), "5560160680");
        assert_eq!(organisation(1_000_001).len(), 10);
    }

    #[test]
    fn switches_are_changed_one_by_one() {
        let usual = Switches::of(Nature::Ordinary);
        let changed = usual.changed(&serde_json::json!({"project_module": false})).unwrap();
        assert_eq!(changed, Switches { project_module: false, ..usual.clone() });
        assert!(usual.changed(&serde_json::json!({"nothing": 1})).is_err());
    }
}
