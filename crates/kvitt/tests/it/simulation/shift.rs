//! A run without dice and stops: whatever is due is done, one job after the other, each in a moment of business time.

use std::time::Duration;

use kvitt_adapters::route::Arrival;
use kvitt_hub::actions::accept_invoice::accept_invoice;
use kvitt_hub::actions::receive_arrival::receive_arrival;
use kvitt_hub::hub::Hub;
use kvitt_hub::jobs::watch::bank_files::Door;
use kvitt_hub::jobs::{dispatcher, runner};
use kvitt_hub::store::job::{self, Wanted};

use super::hub::beginning_ms;
use super::play::{Answer, Play};

/// What a job takes on the business clock: one worker of a small machine.
const JOB_MS: i64 = 2;
/// Jobs that are claimed at a time, as by the hub's own dispatcher.
const TURN: usize = 4;

/// Does whatever is due, one after the other.
pub struct Shift<'a> {
    /// The run.
    pub play: &'a mut Play,
    hub: &'a Hub,
    /// Jobs done.
    pub jobs: u64,
}

impl<'a> Shift<'a> {
    /// Begins.
    pub fn begin(play: &'a mut Play, hub: &'a Hub) -> Shift<'a> {
        Shift { play, hub, jobs: 0 }
    }

    /// Hands a document in.
    pub async fn hand_in(&mut self, at: usize) {
        let handed = self.play.documents[at].handed.clone();
        let accepted = accept_invoice(self.hub, handed).await.expect("a document that is accepted");
        self.play.answers.insert(at, Answer::Accepted(accepted.id));
    }

    /// Goes on until a time, from one thing that is due to the next.
    pub async fn work_until(&mut self, end: i64) {
        loop {
            self.work().await;
            if !self.wait_until(end).await {
                return;
            }
        }
    }

    /// Goes on until something is true, which is asked after each job.
    pub async fn work_till(&mut self, is_so: impl AsyncFn(&Hub) -> bool) {
        let company = self.play.company_ids[0].clone();
        while !is_so(self.hub).await {
            let jobs = dispatcher::claim(self.hub, &company, Wanted::any(1)).await.expect("a database that answers");
            match jobs.into_iter().next() {
                Some(job) => runner::run(self.hub, job).await,
                None => assert!(self.wait_until(i64::MAX).await, "nothing is due any more"),
            }
        }
    }

    /// Lets time pass until something is due; `false` where nothing is before the end.
    async fn wait_until(&mut self, end: i64) -> bool {
        let of_hub = job::next_due(&mut self.hub.db().read().await.expect("a connection")).await.expect("an answer");
        let next = of_hub.into_iter().chain(self.play.world().next_due()).min();
        let now = self.play.world().now_ms;
        let next = next.filter(|next| *next < end);
        match next {
            Some(next) => self.move_clock(next.max(now + 1)),
            None if end < i64::MAX => self.move_clock(end.max(now)),
            None => {}
        }
        next.is_some()
    }

    /// Does what is due now, and what becomes due meanwhile.
    async fn work(&mut self) {
        let companies = self.play.company_ids.clone();
        loop {
            let before = self.jobs;
            for company in &companies {
                for job in dispatcher::claim(self.hub, company, Wanted::any(TURN)).await.expect("a database that answers") {
                    runner::run(self.hub, job).await;
                    self.jobs += 1;
                    let now = self.play.world().now_ms;
                    self.move_clock(now + JOB_MS);
                }
            }
            self.play.world().shop_works();
            self.play.world().bank_looks();
            let arrived = self.take_in().await;
            if self.jobs == before && !arrived {
                return;
            }
        }
    }

    /// Takes in the messages that are there, and the bank's files.
    async fn take_in(&mut self) -> bool {
        let due = self.play.world().due();
        for at in due.iter().rev() {
            let message = self.play.world().messages.remove(*at);
            let arrival = Arrival { door: message.door, bytes: message.bytes };
            receive_arrival(self.hub, arrival).await.expect("a database that answers");
        }
        let files = !self.play.world().left_now().is_empty();
        if files {
            let (_never, stop) = tokio::sync::watch::channel(false);
            for mut door in Door::all(self.hub) {
                door.look(self.hub, &stop).await.expect("a database that answers");
            }
        }
        files || !due.is_empty()
    }

    fn move_clock(&mut self, until: i64) {
        self.play.world().move_to(until);
        let offset = u64::try_from(until - beginning_ms()).expect("the clock never goes back");
        self.hub.clock().move_to_offset(Duration::from_millis(offset));
    }
}
