//! Looks back at the consignments that an attempt travelled in before its present one: whether it may have been accepted then, and
//! what was said.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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
    pub said: Option<Arc<Request>>,
    /// Whether it may have been accepted.
    pub perhaps_sent: bool,
}

/// The consignments in which attempts travelled before, each of whose logs is read once: a lot of thousands that is broken up was one
/// file, which all of them would read again.
#[derive(Debug)]
pub struct Journeys<'a> {
    company: &'a Company,
    known: HashMap<String, Journey>,
}

/// What the log of one consignment says.
#[derive(Debug)]
struct Journey {
    said: Option<Arc<Request>>,
    perhaps_sent: bool,
    doubted: HashSet<AttemptId>,
}

impl Journey {
    fn of(log: Vec<StoredEntry>) -> Journey {
        let (perhaps_sent, doubted) = (perhaps_sent(&log), doubted(&log));
        let said = log.into_iter().rev().find_map(|stored| match stored.entry {
            Entry::Exchange(exchange) => Some(Arc::new(exchange.request)),
            Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => None,
        });
        Journey { said, perhaps_sent, doubted }
    }
}

impl Journeys<'_> {
    /// None is read yet.
    pub fn of(company: &Company) -> Journeys<'_> {
        Journeys { company, known: HashMap::new() }
    }

    /// Looks back from the consignment with an id.
    pub async fn before(&mut self, db: &mut AnyConnection, id: &str, attempt: AttemptId) -> Result<Earlier> {
        let company = self.company;
        let mut earlier = Earlier::default();
        for consignment in consignment::of_attempt(&mut *db, &company.id, attempt).await? {
            if consignment == id {
                break;
            }
            // Whoever came back was not accepted then, whatever was said: a service that gives a whole shipment back does it in an error.
            let came_back = consignment::came_back(&mut *db, &company.id, &consignment, attempt).await?;
            let journey = match self.known.entry(consignment) {
                MapEntry::Occupied(known) => known.into_mut(),
                MapEntry::Vacant(unread) => {
                    let log = consignment::log(&mut *db, &company.id, &company.key, unread.key()).await?;
                    unread.insert(Journey::of(log))
                }
            };
            earlier.perhaps_sent |= (journey.perhaps_sent || journey.doubted.contains(&attempt)) && !came_back;
            earlier.said = journey.said.clone().or(earlier.said);
        }
        Ok(earlier)
    }
}

/// Whether an attempt may have been accepted before the consignment that it is in now.
pub async fn may_be_sent(db: &mut AnyConnection, company: &Company, attempt: AttemptId) -> Result<bool> {
    let newest = consignment::of_attempt(&mut *db, &company.id, attempt).await?.pop();
    match newest {
        Some(newest) => Ok(Journeys::of(company).before(db, &newest, attempt).await?.perhaps_sent),
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

/// Whom a person had repeated from here while they were in doubt. Then they may have been sent although nothing was said that the log
/// knows: after an older backup was put back, another hub may have said it.
fn doubted(log: &[StoredEntry]) -> HashSet<AttemptId> {
    let doubted = log.iter().filter_map(|stored| match stored.entry {
        Entry::Settled { attempt, found, .. } if found != Found::Unsent => Some(attempt),
        _ => None,
    });
    doubted.collect()
}
