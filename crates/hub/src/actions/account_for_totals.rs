//! Lines of statements whose payments are told by other files: a sum that a statement does not tell apart, a line of which it says
//! nothing more. Such a line is parked. Once its payments are here and make up the whole of it, it is accounted for, and its money is
//! counted with them alone. That is looked at once for each file and account, so that the order in which files come does not matter.

use futures_util::FutureExt;
use jiff::civil::Date;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::bank_account::Counts;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::payment::{self, State};
use crate::store::statement_line::{self, OcrOfDay, Waiting};

/// Days between which the parts of a line and the line may be booked, where a file does not say when it booked.
const MOST_DAYS_APART: i64 = 10;

/// What accounts for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The payments with the line's reference, which add up to it.
    Parts,
    /// What OCR giro told of the account's day, in a file or in all of them: which line of the statement that is, nobody says.
    Ocr,
}

/// What became of the lines that a file told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounted {
    /// How many were accounted for now.
    pub here: u64,
    /// Whether none of money that came in still waits: else its payments are not known, and who is not among them may still be.
    pub is_whole: bool,
}

/// What OCR giro told of a day and no line was accounted for with: the sum of each file, in øre, the first that came first.
#[derive(Debug)]
struct Unused(Vec<i64>);

/// Which files of a day make up a line together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together {
    /// All that are left.
    All,
    /// The first that came, as many as there were when the line was accounted for.
    First,
}

impl Unused {
    fn of(told: OcrOfDay) -> Unused {
        let mut unused = Unused(told.sums);
        for used in told.used_by {
            unused.account_for(used, Together::First);
        }
        unused
    }

    /// Whether a line is accounted for by one file, or by several together. What accounts for it is used up: another line of the same
    /// amount is other money, and so is one that a file makes up which went into this sum.
    fn account_for(&mut self, line: i64, together: Together) -> bool {
        if let Some(at) = self.0.iter().position(|sum| *sum == line) {
            self.0.remove(at);
            return true;
        }
        let mut sum = 0_i64;
        for files in 1..=self.0.len() {
            sum = sum.saturating_add(self.0[files - 1]);
            if sum == line && files > 1 && (together == Together::First || files == self.0.len()) {
                self.0.drain(..files);
                return true;
            }
        }
        false
    }
}

/// Accounts for the lines of an account that are made up by payments that are here, after a file told of payments from one day to
/// another. Where OCR giro does not count, it accounts for nothing either: what it tells of is not matched.
pub async fn account_for_totals(
    hub: &Hub,
    (company, counts): (&Company, Counts),
    account: &str,
    days: (Date, Date),
    file: &str,
) -> Result<Accounted> {
    let apart = jiff::Span::new().days(MOST_DAYS_APART);
    let around = (days.0.saturating_sub(apart), days.1.saturating_add(apart));
    let mut db = hub.db().read().await?;
    let waiting = statement_line::waiting(&mut db, &company.id, account, around).await?;
    let waited_for = waiting.iter().filter(|line| line.file == file && !line.net.is_negative()).count();
    let mut found: Vec<(Waiting, By)> = Vec::new();
    let mut of_day: Option<(Date, Unused)> = None;
    for line in waiting {
        if statement_line::has_all_parts(&mut db, &company.id, &line).await? {
            found.push((line, By::Parts));
            continue;
        }
        if counts == Counts::Camt {
            continue;
        }
        if of_day.as_ref().is_none_or(|(day, _)| *day != line.booked_on) {
            let told = statement_line::ocr_of_day(&mut db, &company.id, account, line.booked_on).await?;
            of_day = Some((line.booked_on, Unused::of(told)));
        }
        if let Some((_, unused)) = &mut of_day
            && line.net.currency().code() == "NOK"
            && unused.account_for(line.net.minor(), Together::All)
        {
            found.push((line, By::Ocr));
        }
    }
    drop(db);
    let of_file = |(line, _): &&(Waiting, By)| line.file == file;
    let here = found.iter().filter(of_file).count() as u64;
    let money_in = found.iter().filter(of_file).filter(|(line, _)| !line.net.is_negative()).count();
    let accounted = Accounted { here, is_whole: money_in == waited_for };
    if found.is_empty() {
        return Ok(accounted);
    }
    let (company, found, now) = (company.clone(), std::sync::Arc::new(found), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, found) = (company.clone(), found.clone());
        async move {
            for (line, by) in found.iter() {
                let stored = payment::by_id(tx.db(), &company.id, &company.key, &line.id).await?;
                let Some(stored) = stored.filter(|stored| matches!(stored.state, State::Parked { .. })) else { continue };
                payment::save(tx, &company.id, &company.key, &stored, State::ToldTwice).await?;
                let by = match by {
                    By::Parts => "parts",
                    By::Ocr => "ocr",
                };
                let told = serde_json::json!({ "batch": line.batch, "by": by });
                tx.tell(NewEvent::new(&company.id, &company.key, now, "payment.accounted_for", &line.id, &told)?);
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(accounted)
}
