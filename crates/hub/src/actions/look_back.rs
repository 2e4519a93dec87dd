//! Looks back at the consignments that an attempt travelled in before its present one: whether it may have been accepted then, and
//! what was said.

use kvitt_adapters::route::{Entry, Found, Reply, Request, Sent};
use kvitt_domain::delivery::AttemptId;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::company::Company;
use crate::store::consignment::{self, StoredEntry};

/// What is known of an attempt from the consignments that it travelled in before.
#[derive(Debug, Default)]
pub struct Earlier {
    /// What was last said: a person who has a letter repeated wants the same letter.
    pub said: Option<Request>,
    /// Whether it may have been accepted.
    pub perhaps_sent: bool,
}

/// Looks back from the consignment with an id.
pub async fn earlier_journeys(db: &mut AnyConnection, company: &Company, id: &str, attempt: AttemptId) -> Result<Earlier> {
    let mut known = Earlier::default();
    for earlier in consignment::of_attempt(&mut *db, &company.id, attempt).await? {
        if earlier == id {
            break;
        }
        let log = consignment::log(&mut *db, &company.id, &company.key, &earlier).await?;
        // Whoever came back was not accepted then, whatever was said: a service that gives a whole shipment back does it in an error.
        known.perhaps_sent |= (perhaps_sent(&log) || was_doubted(&log, attempt))
            && !consignment::came_back(&mut *db, &company.id, &earlier, attempt).await?;
        let mut requests = log.into_iter().filter_map(|stored| match stored.entry {
            Entry::Exchange(exchange) => Some(exchange.request),
            Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => None,
        });
        known.said = requests.next_back().or(known.said);
    }
    Ok(known)
}

/// Whether an attempt may have been accepted before the consignment that it is in now.
pub async fn may_be_sent(db: &mut AnyConnection, company: &Company, attempt: AttemptId) -> Result<bool> {
    let newest = consignment::of_attempt(&mut *db, &company.id, attempt).await?.pop();
    match newest {
        Some(newest) => Ok(earlier_journeys(db, company, &newest, attempt).await?.perhaps_sent),
        None => Ok(false),
    }
}

/// Whether something that was said may have been acted on: anything but a question, a certain silence or a refusal.
pub fn perhaps_sent(log: &[StoredEntry]) -> bool {
    log.iter().any(|stored| match &stored.entry {
        Entry::Exchange(exchange) if exchange.request.is_question() => false,
        Entry::Exchange(exchange) => !matches!(
            exchange.reply,
            Reply::Silence { sent: Sent::No, .. } | Reply::Smtp { code: 400.., .. } | Reply::Http { status: 400..=499, .. }
        ),
        Entry::Arrived { .. } => true,
        Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => false,
    })
}

/// Whether a person had it repeated from here while it was in doubt. Then it may have been sent although nothing was said that the log
/// knows: after an older backup was put back, another hub may have said it.
fn was_doubted(log: &[StoredEntry], of: AttemptId) -> bool {
    log.iter()
        .any(|stored| matches!(stored.entry, Entry::Settled { attempt, found, .. } if attempt == of && found != Found::Unsent))
}
