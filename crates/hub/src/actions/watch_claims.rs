//! Looks for direct debits that did not happen: no record of the rail says "not paid", so that what was not seen by the due date and
//! some bank days is owed as an ordinary invoice again. It is never claimed again from here.

use futures_util::FutureExt;
use jiff::civil::Date;
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::collection::Event;

use crate::actions::move_collection::{LOOKED_AT, Move, move_collection};
use crate::config::PaymentsConfig;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::collection;
use crate::store::company::Company;
use crate::store::job::{self, Leased};

/// Invoices of one transaction at most.
const AT_ONCE: i64 = 100;

/// Does a [`job::Kind::WatchClaims`] job: everything that is overdue, then again when the next may be.
pub async fn watch_claims(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    loop {
        let now = hub.clock().business_ms();
        let due_before = overdue_before(&hub.config().payments, calendar::today(hub.clock().business()));
        let settings = hub.config().payments.clone();
        let (company, job) = (company.clone(), job.clone());
        let machine = hub.clock().machine_ms();
        let is_done = hub
            .write(move |tx| {
                let (company, job, settings) = (company.clone(), job.clone(), settings.clone());
                async move {
                    job::hold(tx, &job, machine).await?;
                    let overdue = collection::overdue(tx.db(), &company.id, due_before, AT_ONCE).await?;
                    for invoice in &overdue {
                        let found = collection::of_invoice(tx.db(), &company.id, invoice).await?;
                        let claim = found.and_then(|found| found.candidate.collection.claim.of());
                        if let Some((attempt, _)) = claim {
                            let what = Move { company: &company, invoice, now };
                            move_collection(tx, what, Event::ClaimUnpaid { attempt }).await?;
                        }
                    }
                    if !overdue.is_empty() {
                        return Ok(false);
                    }
                    match collection::first_claim(tx.db(), &company.id).await? {
                        None => job::end(tx, &job, now).await?,
                        Some(due_on) => {
                            let again = looked_at(&settings, due_on).max(now + 1);
                            job::again(tx, &job, again, 0, "the next direct debit is not due yet").await?;
                        }
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        if is_done {
            return Ok(());
        }
    }
}

/// Debits due before this date should have been seen by now.
fn overdue_before(settings: &PaymentsConfig, today: Date) -> Date {
    let calendar = BankCalendar::default();
    // Debited on bank day d, seen by d + days: on the morning after that it is overdue. What was due on a closed day was debited
    // on the next open one, so that only due dates up to the last open day before count.
    let last = calendar.previous_bank_day(calendar.sub_bank_days(today, settings.unpaid_after(today)));
    last.tomorrow().unwrap_or(last)
}

/// When a debit due on this date is looked at: Unix milliseconds.
fn looked_at(settings: &PaymentsConfig, due_on: Date) -> i64 {
    let calendar = BankCalendar::default();
    let mut day = calendar.add_bank_days(due_on, settings.unpaid_after(due_on).max(1));
    // The number of days may change on the way: the first day on which it is overdue.
    while overdue_before(settings, day) <= due_on {
        day = calendar.next_bank_day(day);
    }
    calendar::at(day, LOOKED_AT).as_millisecond()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::config::Dated;

    #[test]
    fn a_debit_is_looked_at_after_its_bank_days() {
        let settings = PaymentsConfig::default();
        // Due on a Monday: the file of Tuesday tells of it, and until Thursday there is time.
        let due = date(2026, 11, 16);
        let at = jiff::Timestamp::from_millisecond(looked_at(&settings, due)).unwrap();
        assert_eq!(calendar::today(at), date(2026, 11, 20));
        assert!(overdue_before(&settings, date(2026, 11, 19)) <= due);
        assert!(overdue_before(&settings, date(2026, 11, 20)) > due);
        // Due on the Saturday before, it is debited on the same Monday.
        assert_eq!(looked_at(&settings, date(2026, 11, 14)), looked_at(&settings, due));
    }

    #[test]
    fn the_number_of_days_may_change() {
        let from = |from, bank_days| Dated { from, bank_days };
        let settings = PaymentsConfig {
            unpaid_after: vec![from(date(2000, 1, 1), 3), from(date(2026, 11, 18), 5)],
            ..PaymentsConfig::default()
        };
        let at = jiff::Timestamp::from_millisecond(looked_at(&settings, date(2026, 11, 16))).unwrap();
        assert_eq!(calendar::today(at), date(2026, 11, 24));
    }
}
