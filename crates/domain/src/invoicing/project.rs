//! A project: the job that a customer is invoiced for, and how its prices are found.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::sheet::{Reader, Sheet};
use crate::fault::{Fault, codes};

/// The highest mark-up on a re-billed expense, in percent: more is a slip of the hand.
const MOST_MARK_UP: Decimal = Decimal::from_parts(1_000, 0, 0, false, 0);

/// How far a project has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    /// Work has not begun.
    Planned,
    /// Work goes on.
    #[default]
    Ongoing,
    /// Nothing more is invoiced.
    Completed,
}

impl ProjectStatus {
    /// Every status, in the order of a project's life.
    pub const ALL: [ProjectStatus; 3] = [ProjectStatus::Planned, ProjectStatus::Ongoing, ProjectStatus::Completed];

    /// The name as stored and in the catalogue's table `project_status`.
    pub fn name(self) -> &'static str {
        match self {
            ProjectStatus::Planned => "planned",
            ProjectStatus::Ongoing => "ongoing",
            ProjectStatus::Completed => "completed",
        }
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<ProjectStatus> {
        ProjectStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// How the prices of a project's drafts are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PriceModel {
    /// Percent taken off the price list.
    pub discount_percent: Decimal,
    /// Whether incoming expenses are billed on, unless somebody says otherwise of one.
    pub expenses_billable: bool,
    /// Percent put onto an expense that is billed on.
    pub expense_mark_up_percent: Decimal,
}

impl PriceModel {
    /// The price of a product of the price list in this project, in major units, rounded to four decimals as prices are.
    pub fn price(&self, listed: Decimal) -> Option<Decimal> {
        let left = Decimal::ONE_HUNDRED.checked_sub(self.discount_percent)?;
        Some(listed.checked_mul(left)?.checked_div(Decimal::ONE_HUNDRED)?.round_dp(4).normalize())
    }

    /// What an expense is billed on for.
    pub fn billed_on(&self, cost: Decimal) -> Option<Decimal> {
        let with = Decimal::ONE_HUNDRED.checked_add(self.expense_mark_up_percent)?;
        Some(cost.checked_mul(with)?.checked_div(Decimal::ONE_HUNDRED)?.round_dp(4).normalize())
    }
}

/// A project. Its number stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// The customer's id in the register.
    pub customer: Option<String>,
    /// The first day; accounting systems that want one get the day on which the project was made.
    pub starts_on: Option<Date>,
    /// The last day.
    pub ends_on: Option<Date>,
    /// How far it has come.
    pub status: ProjectStatus,
    /// How its prices are found.
    pub prices: PriceModel,
    /// What colleagues should know; never on an invoice.
    pub note: Option<String>,
}

/// Reads a project's form. `customer` holds the id of a customer in the register.
///
/// # Errors
/// Every fault, each at its field.
pub fn read(sheet: &Sheet) -> Result<Project, Vec<Fault>> {
    let mut reader = Reader::new(sheet);
    let percent = |reader: &mut Reader<'_>, field: &str, most: Decimal| {
        reader
            .parsed(field, |text| {
                super::sheet::decimal(text.trim_end_matches('%')).filter(|value| (Decimal::ZERO..=most).contains(value))
            })
            .unwrap_or_default()
    };
    let project = Project {
        name: reader.required("name"),
        customer: reader.text("customer"),
        starts_on: reader.date("starts_on"),
        ends_on: reader.date("ends_on"),
        status: reader.parsed("status", ProjectStatus::named).unwrap_or_default(),
        prices: PriceModel {
            discount_percent: percent(&mut reader, "discount_percent", Decimal::ONE_HUNDRED),
            expenses_billable: reader.ticked("expenses_billable"),
            expense_mark_up_percent: percent(&mut reader, "expense_mark_up_percent", MOST_MARK_UP),
        },
        note: reader.lines("note"),
    };
    if let (Some(from), Some(to)) = (project.starts_on, project.ends_on)
        && to < from
    {
        reader.push("ends_on", Fault::fatal(codes::FIELD_BEFORE).with("field", "ends_on").with("other_field", "starts_on"));
    }
    reader.finish(project)
}

impl Project {
    /// The form, filled in.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.set("name", &self.name);
        sheet.set_some("customer", self.customer.as_ref());
        sheet.set_some("starts_on", self.starts_on);
        sheet.set_some("ends_on", self.ends_on);
        sheet.set("status", self.status.name());
        sheet.set("discount_percent", self.prices.discount_percent);
        sheet.set("expense_mark_up_percent", self.prices.expense_mark_up_percent);
        if self.prices.expenses_billable {
            sheet.set("expenses_billable", "1");
        }
        sheet.set_some("note", self.note.as_ref());
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_filled_again() {
        let sheet = Sheet::of([
            ("name", "Nybygg"),
            ("starts_on", "1.2.2026"),
            ("status", "planned"),
            ("discount_percent", "10 %"),
            ("expenses_billable", "1"),
            ("expense_mark_up_percent", "12,5"),
        ]);
        let project = read(&sheet).unwrap();
        assert_eq!(read(&project.sheet()).unwrap(), project);
        let of = |value: i64| Decimal::from(value);
        assert_eq!(project.prices.price(of(1_000)), Some(of(900)));
        assert_eq!(project.prices.billed_on(of(200)), Some(of(225)));
    }

    #[test]
    fn a_project_ends_after_it_began() {
        let sheet = Sheet::of([("name", ""), ("starts_on", "1.2.2026"), ("ends_on", "31.1.2026"), ("discount_percent", "101")]);
        let told: Vec<String> = read(&sheet).unwrap_err().iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(told, ["field.missing name", "field.invalid discount_percent", "field.before ends_on"]);
    }
}
