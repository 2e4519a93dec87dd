//! Where everything of a company stands, in figures: what a dashboard shows. Counting a large company takes a while; its figures are
//! then shown for some seconds before they are counted anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use kvitt_domain::calendar;
use kvitt_domain::money::Amount;
use kvitt_domain::plan::RouteName;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::following::{self, Owed, Sent, Standing};
use crate::store::{collection, job};

/// Figures that took this long to count are shown again…
const SLOW: Duration = Duration::from_millis(20);
/// …for so long.
const SHOWN_FOR: Duration = Duration::from_secs(15);
/// Weeks that the figures by route go back, this one included.
pub const WEEKS: i64 = 12;
const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// Companies whose figures are kept.
const MOST_KEPT: usize = 1_000;

/// Figures of a company.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Bills by state.
    pub standings: Vec<Standing>,
    /// Invoices by where their money stands.
    pub money: Vec<(String, i64)>,
    /// What is owed, by currency.
    pub owed: Vec<Owed>,
    /// The first day of the first week.
    pub first_monday: Option<Date>,
    /// What went which way in which week.
    pub sent: Vec<Sent>,
    /// What those with a price cost together.
    pub cost: Option<Amount>,
    /// What they would have cost on paper.
    pub on_paper: Option<Amount>,
    /// Invoices whose money needs a person.
    pub cases: i64,
    /// Payments that nobody placed.
    pub parked_payments: i64,
    /// Jobs that only a person moves.
    pub stuck: i64,
}

impl Figures {
    /// How many bills are in any of some states.
    pub fn count(&self, states: &[&str]) -> i64 {
        self.standings.iter().filter(|one| states.contains(&one.state.as_str())).map(|one| one.count).sum()
    }
}

/// Figures that were counted, by company.
pub type Kept = std::sync::Mutex<std::collections::HashMap<String, (Instant, Arc<Figures>)>>;

/// The figures of a company.
pub async fn count_up(hub: &Hub, company: &Company) -> Result<Arc<Figures>> {
    let kept = {
        let kept = hub.kept_figures().lock().expect("no holder of this lock can panic");
        kept.get(&company.id).filter(|(at, _)| at.elapsed() < SHOWN_FOR).map(|(_, figures)| figures.clone())
    };
    if let Some(figures) = kept {
        return Ok(figures);
    }
    let begun = Instant::now();
    let figures = Arc::new(count(hub, company).await?);
    let mut kept = hub.kept_figures().lock().expect("no holder of this lock can panic");
    if begun.elapsed() >= SLOW {
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, (at, _)| at.elapsed() < SHOWN_FOR);
        }
        kept.insert(company.id.clone(), (Instant::now(), figures.clone()));
    }
    Ok(figures)
}

async fn count(hub: &Hub, company: &Company) -> Result<Figures> {
    let today = calendar::today(hub.clock().business());
    let monday = monday_of(today);
    let first = monday.checked_sub((7 * (WEEKS - 1)).days()).unwrap_or(monday);
    let since = calendar::at(first, Time::midnight()).as_millisecond();
    let id = &company.id;
    let mut db = hub.db().read().await?;
    let sent = following::routes(&mut db, id, since, WEEK_MS).await?;
    let (cases, parked_payments) = following::money_waiting(&mut db, id).await?;
    let paper = hub.prices().price(&RouteName::new("print"), today);
    let (mut cost, mut priced) = (0, 0);
    for one in &sent {
        cost += one.price_minor;
        priced += one.priced;
    }
    Ok(Figures {
        standings: following::standings(&mut db, id).await?,
        money: collection::count(&mut db, id).await?.into_iter().collect(),
        owed: following::owed(&mut db, id, today).await?,
        first_monday: Some(first),
        cost: paper.map(|paper| Amount::new(cost, paper.currency())),
        on_paper: paper.map(|paper| Amount::new(paper.minor().saturating_mul(priced), paper.currency())),
        sent,
        cases,
        parked_payments,
        stuck: job::stuck(&mut db, id).await?,
    })
}

fn monday_of(day: Date) -> Date {
    let past = day.weekday().since(Weekday::Monday);
    day.checked_sub(i64::from(past).days()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        for (day, expected) in [
            (date(2026, 11, 22), date(2026, 11, 16)),
            (date(2026, 11, 23), date(2026, 11, 23)),
            (date(2026, 1, 1), date(2025, 12, 29)),
        ] {
            assert_eq!(monday_of(day), expected);
        }
    }
}
