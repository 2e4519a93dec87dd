//! Finds work that is due and hands it to as many workers as are allowed: round robin over companies, within a company the
//! most urgent first, then the oldest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::Result;
use crate::hub::Hub;
use crate::jobs::runner;
use crate::store::job::{self, Kind, Leased, Times, Wanted};

/// How long nobody looks for work that another process asked for. Work of this process is found at once.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// After an error of the database, how long until the next look.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// Jobs of one company that one turn of the round takes at most, so that a bulk sender does not keep the others waiting.
const TURN: usize = 16;

/// Works until told to stop, then finishes what is in hand.
pub async fn run(hub: Hub, mut stop: watch::Receiver<bool>) {
    let mut round = Round::new(&hub);
    while !is_over(&stop) {
        match round.turn(&hub, &stop).await {
            Ok(0) => {
                tokio::select! {
                    () = hub.work_may_wait() => {}
                    () = hub.clock().moved() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    _ = stop.changed() => {}
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "looking for work failed");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
    round.finish().await;
}

/// Told to stop, or nobody is there any more who could tell.
fn is_over(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// The round over the companies, and the workers.
struct Round {
    cursor: String,
    free: Arc<Semaphore>,
    talking: Arc<AtomicUsize>,
    talkers: usize,
    telling: Arc<AtomicUsize>,
    tellers: usize,
    running: JoinSet<()>,
}

impl Round {
    fn new(hub: &Hub) -> Round {
        let workers = hub.config().workers.max(2);
        Round {
            cursor: String::new(),
            free: Arc::new(Semaphore::new(workers)),
            talking: Arc::new(AtomicUsize::new(0)),
            // A counterparty that takes a quarter of an hour to answer must not stop the planning for everybody.
            talkers: workers - (workers / 4).max(1),
            telling: Arc::new(AtomicUsize::new(0)),
            // A few webhooks that answer slowly, for ever, must not stop the counterparties for everybody.
            tellers: (workers / 4).max(1),
            running: JoinSet::new(),
        }
    }

    /// Goes once around the companies and starts what is due. Answers how many jobs it started.
    async fn turn(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) -> Result<usize> {
        let mut started = 0;
        while !is_over(stop) {
            while self.running.try_join_next().is_some() {}
            let Some(company) = job::next_company(&mut *hub.db().read().await?, &self.cursor).await? else {
                self.cursor.clear();
                return Ok(started);
            };
            self.cursor.clone_from(&company);
            // A place first, then the job: a claimed job never waits for a worker while its lease runs.
            let mut places = self.places().await;
            if is_over(stop) {
                break;
            }
            let talkers_left = self.talkers.saturating_sub(self.talking.load(Ordering::Acquire));
            let webhooks = self.tellers.saturating_sub(self.telling.load(Ordering::Acquire));
            let wanted = Wanted { jobs: places.len(), conversations: talkers_left, webhooks };
            for job in claim(hub, &company, wanted).await? {
                let Some(place) = places.pop() else { break };
                started += 1;
                self.start(hub, job, place);
            }
        }
        Ok(started)
    }

    fn start(&mut self, hub: &Hub, job: Leased, place: OwnedSemaphorePermit) {
        let (hub, talking, telling) = (hub.clone(), self.talking.clone(), self.telling.clone());
        let (talks, tells) = (usize::from(job.kind.talks()), usize::from(job.kind == Kind::TellWebhook));
        talking.fetch_add(talks, Ordering::AcqRel);
        telling.fetch_add(tells, Ordering::AcqRel);
        self.running.spawn(async move {
            runner::run(&hub, job).await;
            talking.fetch_sub(talks, Ordering::AcqRel);
            telling.fetch_sub(tells, Ordering::AcqRel);
            drop(place);
        });
    }

    /// At least one free worker, at most a turn's worth.
    async fn places(&self) -> Vec<OwnedSemaphorePermit> {
        let first = self.free.clone().acquire_owned().await.expect("the workers are never closed");
        let more = (1..TURN).map_while(|_| self.free.clone().try_acquire_owned().ok());
        std::iter::once(first).chain(more).collect()
    }

    /// Waits until what is running is done.
    async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

/// Claims work of one company that is due.
pub async fn claim(hub: &Hub, company: &str, wanted: Wanted) -> Result<Vec<Leased>> {
    let company = company.to_owned();
    let now = Times { business: hub.clock().business_ms(), machine: hub.clock().machine_ms() };
    // Looking costs a read; only a company with something due costs a write.
    let due = job::due(&mut *hub.db().read().await?, &company, wanted, now).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let seat = hub.seat().clone();
    let claimed = hub
        .db()
        .writer()
        .run(move |tx| {
            let (seat, company, due) = (seat.clone(), company.clone(), due.clone());
            async move { job::claim(tx, &seat, &company, &due, wanted, now).await }.boxed()
        })
        .await?;
    if !claimed.is_empty() {
        crate::failpoint!("after_job_claimed");
    }
    Ok(claimed)
}
