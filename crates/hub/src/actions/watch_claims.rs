//! Looks for direct debits that did not happen: no record of the rail says "not paid", so that what was not seen by the due date and
//! some bank days, though files told of the account since, is owed as an ordinary invoice again. It is never claimed again from here.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::civil::Date;
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::collection::Event;
use kvitt_domain::fault::{Fault, codes};

use crate::actions::move_collection::{LOOKED_AT, Move, move_collection};
use crate::config::PaymentsConfig;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::collection::Overdue;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Leased};
use crate::store::{account_told, collection};

/// Invoices of one transaction at most.
const AT_ONCE: i64 = 100;

/// Accounts of which no file told since a debit was due: until when one did, and how many debits are not known.
type Silent = BTreeMap<String, (Option<Date>, u64)>;

/// Does a [`job::Kind::WatchClaims`] job: everything that is overdue, then again when the next may be. Where no file of the bank told of
/// the days after the due date, nothing is known: a person is told once that no file comes, and the next bank day is another look.
pub async fn watch_claims(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let due_before = overdue_before(&hub.config().payments, calendar::today(hub.clock().business()));
    let (mut after, mut silent) = (None, Silent::new());
    loop {
        let overdue = open_again(hub, company, job, due_before, after).await?;
        for claim in overdue.iter().filter(|claim| !is_known(claim)) {
            let (until, count) = silent.entry(claim.account.clone()).or_default();
            (*until, *count) = (claim.told_until, *count + 1);
        }
        after = overdue.last().cloned();
        if after.is_none() {
            return look_again(hub, company, job, due_before, silent).await;
        }
    }
}

/// Opens the next invoices again of which it is known that nothing was debited, in one transaction; answers all that were looked at.
async fn open_again(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    due_before: Date,
    after: Option<Overdue>,
) -> Result<Vec<Overdue>> {
    let (now, machine) = (hub.clock().business_ms(), hub.clock().machine_ms());
    let (company, job) = (company.clone(), job.clone());
    hub.write(move |tx| {
        let (company, job, after) = (company.clone(), job.clone(), after.clone());
        async move {
            job::hold(tx, &job, machine).await?;
            let overdue = collection::overdue(tx.db(), &company.id, due_before, after.as_ref(), AT_ONCE).await?;
            for claim in overdue.iter().filter(|claim| is_known(claim)) {
                let found = collection::of_invoice(tx.db(), &company.id, &claim.invoice).await?;
                if let Some((attempt, _)) = found.and_then(|found| found.candidate.collection.claim.of()) {
                    let what = Move { company: &company, invoice: &claim.invoice, now };
                    move_collection(tx, what, Event::ClaimUnpaid { attempt }).await?;
                }
            }
            Ok(overdue)
        }
        .boxed()
    })
    .await
}

/// Whether a file told of a day after the one on which it would have been debited: then all files of that day are here.
fn is_known(claim: &Overdue) -> bool {
    let debited_on = BankCalendar::default().on_or_after(claim.due_on);
    claim.told_until.is_some_and(|until| until > debited_on)
}

/// Tells of accounts of which nothing is known, and asks for the next look; where there is nothing to look for, the job is done.
async fn look_again(hub: &Hub, company: &Company, job: &Leased, due_before: Date, silent: Silent) -> Result<()> {
    let (now, machine) = (hub.clock().business_ms(), hub.clock().machine_ms());
    let tomorrow = BankCalendar::default().next_bank_day(calendar::today(hub.clock().business()));
    let tomorrow = calendar::at(tomorrow, LOOKED_AT).as_millisecond();
    let shared = Arc::new((company.clone(), job.clone(), hub.config().payments.clone(), silent));
    hub.write(move |tx| {
        let shared = shared.clone();
        async move {
            let (company, job, settings, silent) = &*shared;
            job::hold(tx, job, machine).await?;
            for (account, (until, count)) in silent {
                if account_told::note_silence(tx, &company.id, account).await? {
                    let since = until.map_or_else(|| "–".to_owned(), |day| day.to_string());
                    let why = Fault::warning(codes::COLLECTION_BANK_SILENT);
                    let why = why.with("account", account).with("date", since).with("count", count);
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &company.id, &why)?);
                }
            }
            let next = collection::next_claim(tx.db(), &company.id, due_before).await?.map(|due_on| looked_at(settings, due_on));
            let unknown = (!silent.is_empty()).then_some(tomorrow);
            match next.into_iter().chain(unknown).min() {
                None => job::end(tx, job, now).await,
                Some(at) => job::again(tx, job, at.max(now + 1), 0, "the next direct debit is not due yet").await,
            }
        }
        .boxed()
    })
    .await
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
