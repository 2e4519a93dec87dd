//! One run: a world and a hub, and a scheduler that throws dice over what goes on next; then the world is healed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::delivery::Purpose;
use kvitt_hub::hub::Hub;
use kvitt_hub::ids::seeded;
use kvitt_hub::store::{claim, job};
use kvitt_hub::transport::Carrier;
use tempfile::TempDir;

use super::actors::{End, Holds, OnStage, state_of};
use super::carrier::ToTheWorld;
use super::debits::account_of;
use super::hub::{Process, beginning_ms, copy_template, folder};
use super::stage::{Came, Place, Stage, WriterDeath};
use super::world::World;
use crate::dice::Dice;
use crate::documents::{COMPANIES, Document};

mod straight;

/// Actors that are on the stage at the same time at most.
const ACTORS: usize = 4;
/// A step takes milliseconds. One that takes so long hangs: the run ends and says so.
const HANGS: Duration = Duration::from_secs(60);
/// The stop at which an actor has written down what it says next.
const WRITTEN_DOWN: &str = "after_exchange_written";
/// What is known of a document from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was accepted, under this id.
    Accepted(String),
    /// It was refused.
    Refused(String),
}

/// One run.
pub struct Play {
    seed: u64,
    /// Whether the story is printed as it goes on.
    aloud: bool,
    /// The world.
    pub world: Arc<Mutex<World>>,
    /// The documents.
    pub documents: Vec<Document>,
    /// What was answered to each.
    pub answers: BTreeMap<usize, Answer>,
    /// What went on, line by line.
    pub story: Vec<String>,
    /// Every stop of an actor, in order.
    pub stops: Vec<Place>,
    /// How often the process died.
    pub deaths: u64,
    /// Since when nothing is broken any more, Unix milliseconds.
    pub healed_at: Option<i64>,
    stage: Stage,
    /// The dice of everything that a scheduler decides.
    pub dice: Dice,
    data: PathBuf,
    _folder: TempDir,
    /// The companies' ids, in the order of [`COMPANIES`].
    pub company_ids: Vec<String>,
    /// Documents that somebody else claims, or does not have to.
    claimed_elsewhere: BTreeSet<usize>,
    /// The companies with work, where nothing went on since it was looked.
    work: Option<Vec<usize>>,
}

/// How a life of the process ended.
enum LifeEnd {
    Died,
    Over,
}

/// Where the process of a directed run dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Nowhere.
    None,
    /// At the stop of this number, from 1.
    AtStop(usize),
    /// In the database's writer, when it comes by a failpoint for this time, from 1.
    OfTheWriter(u64),
}

/// What the scheduler may do next.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    GoOn(usize),
    Work(usize),
    HandIn(usize),
    Arrive(usize),
    ShopWorks,
    BankFiles,
    BankLooks,
    ClaimElsewhere,
    PayByHand,
    QuietDays,
    OpenBill,
    Decide,
    Wait,
    Fault,
    ClearFaults,
    Die,
}

impl Play {
    /// A run's beginning.
    pub fn new(seed: u64, aloud: bool, documents: impl FnOnce(&mut Dice) -> Vec<Document>) -> Play {
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6b76_6974);
        let documents = documents(&mut dice);
        let place = folder();
        let data = place.path().join("hub");
        copy_template(&data);
        seeded::begin(Some(seed));
        Play {
            seed,
            aloud,
            world: Arc::new(Mutex::new(World::new(seed, &documents))),
            documents,
            answers: BTreeMap::new(),
            story: Vec::new(),
            stops: Vec::new(),
            deaths: 0,
            healed_at: None,
            stage: Stage::open(seed),
            dice,
            data,
            _folder: place,
            company_ids: Vec::new(),
            claimed_elsewhere: BTreeSet::new(),
            work: None,
        }
    }

    /// The world.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while holding it")
    }

    /// A line of the story.
    pub fn tell(&mut self, line: String) {
        if self.aloud {
            let minutes = (self.world().now_ms - beginning_ms()) / 60_000;
            eprintln!("{:>3}d{:02}:{:02} {line}", minutes / 1440, minutes / 60 % 24, minutes % 60);
        }
        self.story.push(line);
    }

    /// A process on the run's folder.
    pub fn start(&mut self) -> Process {
        self.work = None;
        self.stage.clear();
        self.stage.writer_dies(WriterDeath::Never);
        let carrier: Arc<dyn Carrier> = Arc::new(ToTheWorld { stage: self.stage.clone(), world: self.world.clone() });
        let now = self.world().now_ms;
        let process = Process::start(&self.data, carrier, now, self.seed ^ (self.deaths + 1) << 48);
        if self.company_ids.is_empty() {
            let hub = process.hub();
            self.company_ids = process.block_on(async {
                let mut ids = Vec::new();
                for (number, _) in COMPANIES {
                    ids.push(hub.company(Some(number)).await.expect("a company of the template").id);
                }
                ids
            });
        }
        process
    }

    /// Chaos, so many steps long, over as many lives as the dice say. Then a last life that heals.
    pub fn run(&mut self, steps: usize) -> Result<Process, String> {
        let mut left = steps;
        let mut process = self.start();
        while left > 0 {
            let hub = process.hub();
            self.stage.writer_dies(if self.dice.once_in(3) { WriterDeath::OnceIn(40) } else { WriterDeath::Never });
            let mut stage = Vec::new();
            let end = process.block_on(self.live(&hub, &mut stage, &mut left));
            drop(hub);
            if let LifeEnd::Over = end {
                self.stage.writer_dies(WriterDeath::Never);
                let hub = process.hub();
                process.block_on(self.heal(&hub, stage))?;
                return Ok(process);
            }
            self.deaths += 1;
            process.kill(stage);
            self.world().senders_died();
            process = self.start();
        }
        let hub = process.hub();
        process.block_on(self.heal(&hub, Vec::new()))?;
        Ok(process)
    }

    async fn live(&mut self, hub: &Hub, stage: &mut Vec<OnStage>, left: &mut usize) -> LifeEnd {
        while *left > 0 {
            *left -= 1;
            match self.choose(hub, stage).await {
                Choice::Die => {
                    self.tell("dies".to_owned());
                    return LifeEnd::Died;
                }
                choice => {
                    if let LifeEnd::Died = self.carry_out(hub, stage, choice).await {
                        return LifeEnd::Died;
                    }
                }
            }
        }
        LifeEnd::Over
    }

    async fn choose(&mut self, hub: &Hub, stage: &[OnStage]) -> Choice {
        let mut choices: Vec<(u64, Choice)> = Vec::new();
        for at in 0..stage.len() {
            choices.push((30, Choice::GoOn(at)));
        }
        if stage.len() < ACTORS {
            for company in self.with_work(hub).await {
                choices.push((12, Choice::Work(company)));
            }
            let in_hand: Vec<&Holds> = stage.iter().filter_map(|one| one.holds.as_ref()).collect();
            let open =
                (0..self.documents.len()).find(|at| !self.answers.contains_key(at) && !in_hand.contains(&&Holds::Document(*at)));
            choices.extend(open.map(|at| (8, Choice::HandIn(at))));
            let world = self.world();
            let due = world.due().into_iter().filter(|at| !in_hand.contains(&&Holds::Message(world.messages[*at].name.clone())));
            choices.extend(due.map(|at| (6, Choice::Arrive(at))));
            if !world.left_now().is_empty() && !in_hand.contains(&&Holds::BankDoor) {
                choices.push((8, Choice::BankFiles));
            }
            drop(world);
            choices.extend([(2, Choice::Decide), (4, Choice::OpenBill)]);
        }
        if !self.world().jobs.waiting.is_empty() {
            choices.push((5, Choice::ShopWorks));
        }
        if !self.world().branch.inbox.waiting.is_empty() {
            choices.push((5, Choice::BankLooks));
        }
        if self.has_debits() {
            choices.extend([(2, Choice::ClaimElsewhere), (1, Choice::PayByHand)]);
        }
        choices.extend([(4, Choice::Fault), (1, Choice::Die)]);
        // Where nothing goes on, time passes and people look at their bills; else most runs would be over before much has happened.
        let idle = stage.is_empty() && choices.iter().all(|(_, choice)| !matches!(choice, Choice::Work(_) | Choice::HandIn(_)));
        choices.extend([(if idle { 40 } else { 4 }, Choice::Wait), (if idle { 12 } else { 0 }, Choice::OpenBill)]);
        if idle && self.has_debits() {
            choices.push((16, Choice::QuietDays));
        }
        let is_troubled = self.world().is_troubled;
        choices.push((if is_troubled { 2 } else { 0 }, Choice::ClearFaults));
        let all: u64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut thrown = self.dice.throw(all);
        for (weight, choice) in choices {
            if thrown < weight {
                return choice;
            }
            thrown -= weight;
        }
        Choice::Wait
    }

    async fn carry_out(&mut self, hub: &Hub, stage: &mut Vec<OnStage>, choice: Choice) -> LifeEnd {
        match choice {
            Choice::GoOn(at) => return self.go_on(stage, at).await,
            Choice::Work(company) => stage.push(self.worker(hub, company)),
            Choice::HandIn(at) => stage.push(self.hand_in(hub, at)),
            Choice::Arrive(at) => stage.push(self.arrival(hub, at)),
            Choice::ShopWorks => {
                self.tell("the print shop looks into its drop".to_owned());
                self.world().shop_works();
            }
            Choice::BankFiles => stage.push(self.bank_door(hub)),
            Choice::BankLooks => {
                self.tell("the bank looks into its drop".to_owned());
                self.world().bank_looks();
            }
            Choice::ClaimElsewhere => {
                self.claim_elsewhere(hub).await;
            }
            Choice::PayByHand => self.pay_by_hand(),
            Choice::QuietDays => return self.quiet_days(hub, stage).await,
            Choice::OpenBill => stage.extend(self.bank(hub)),
            Choice::Decide => stage.extend(self.person(hub).await),
            Choice::Wait => self.wait(hub).await,
            Choice::Fault => self.order_fault(),
            Choice::ClearFaults => {
                self.tell("faults are over".to_owned());
                self.world().heal();
            }
            Choice::Die => return LifeEnd::Died,
        }
        LifeEnd::Over
    }

    /// Lets an actor go on. What it came to is entered in the books of the run.
    async fn go_on(&mut self, stage: &mut Vec<OnStage>, at: usize) -> LifeEnd {
        self.work = None;
        let now = self.world().now_ms;
        let one = &mut stage[at];
        let name = one.name.clone();
        self.world().begun_at = one.begun_at;
        let stage_of_all = self.stage.clone();
        let going = tokio::time::timeout(HANGS, stage_of_all.let_go_on(&mut one.actor)).await;
        match going.unwrap_or_else(|_| panic!("seed {}: {name} hangs after {:?}", self.seed, self.story.last())) {
            Came::To(place) => {
                if place == WRITTEN_DOWN {
                    one.begun_at = now;
                }
                self.tell(format!("{name}: {place}"));
                self.stops.push(place);
            }
            Came::ToDeath(place) => {
                self.tell(format!("{name}: the writer dies at {place}"));
                return LifeEnd::Died;
            }
            Came::ToItsEnd(end) => {
                drop(stage.remove(at));
                self.enter(&name, end);
            }
        }
        LifeEnd::Over
    }

    fn enter(&mut self, name: &str, end: End) {
        match end {
            End::Worked(jobs) => self.tell(format!("{name}: {jobs} jobs done")),
            End::HandedIn(at, Ok((id, again))) => {
                self.tell(format!("{name}: accepted{}", if again { " before" } else { "" }));
                self.answers.insert(at, Answer::Accepted(id));
            }
            End::HandedIn(at, Err(why)) => {
                self.tell(format!("{name}: {why}"));
                self.answers.insert(at, Answer::Refused(why));
            }
            End::Arrived(message, Ok(received)) => {
                self.tell(format!("{name}: {received:?}"));
                let mut world = self.world();
                let given_back: Vec<usize> = world
                    .messages
                    .iter()
                    .filter(|known| known.name == message)
                    .flat_map(|known| known.gives_back.clone())
                    .collect();
                for place in given_back {
                    world.taken[place].given_back = true;
                }
                world.messages.retain(|known| known.name != message);
            }
            End::Looked(Ok(files)) => self.tell(format!("{name}: {files} files taken")),
            End::Opened(Ok(worth)) => self.tell(format!("{name}: {worth:?}")),
            End::Arrived(_, Err(why)) | End::Opened(Err(why)) | End::Decided(Err(why)) | End::Looked(Err(why)) => {
                self.tell(format!("{name}: {why}"))
            }
            End::Decided(Ok(())) => self.tell(format!("{name}: done")),
        }
    }

    /// Time passes: until the next thing is due, or somewhat.
    async fn wait(&mut self, hub: &Hub) {
        let next = next_due(hub).await.into_iter().chain(self.world().next_due()).min();
        let now = self.world().now_ms;
        let until = match (self.dice.throw(4), next) {
            (0 | 1, Some(next)) => next.max(now),
            (2, _) => now + 1_000 * i64::try_from(self.dice.throw(900)).expect("small"),
            _ => now + 60_000 * i64::try_from(self.dice.throw(60 * 30)).expect("small"),
        };
        self.move_clock(hub, until);
    }

    fn move_clock(&mut self, hub: &Hub, until: i64) {
        let now = self.world().now_ms;
        if until > now {
            self.world().move_to(until);
            self.work = None;
            let offset = u64::try_from(until - beginning_ms()).expect("the clock never goes back");
            hub.clock().move_to_offset(Duration::from_millis(offset));
            self.tell(format!("{} s pass", (until - now) / 1000));
        }
    }

    /// Whether any document of the run can be claimed.
    pub fn has_debits(&self) -> bool {
        self.documents.iter().any(|document| account_of(document).is_some())
    }

    /// Somebody else makes the claims that the company has left to them, of invoices whose payers were told that they are claimed.
    /// Answers whether anything was claimed.
    async fn claim_elsewhere(&mut self, hub: &Hub) -> bool {
        for (id, at) in self.accepted() {
            let document = self.documents[at].clone();
            let is_theirs = account_of(&document).is_some_and(|account| account.way == ClaimWay::Elsewhere);
            if !is_theirs || self.claimed_elsewhere.contains(&at) {
                continue;
            }
            let company = hub.company(Some(document.company)).await.expect("a company of the template");
            let mut db = hub.db().read().await.expect("a connection");
            let is_told = claim::is_open_for(&mut db, &company.id, &id).await.expect("an answer");
            drop(db);
            if is_told && state_of(hub, document.company, &id, Purpose::Bill).await == Some("handed_over") {
                self.claimed_elsewhere.insert(at);
                self.tell(format!("somebody else claims {}", document.number));
                self.world().claims_elsewhere(&document);
                return true;
            }
        }
        false
    }

    /// Somebody pays an invoice by hand, whether it will be claimed or not.
    fn pay_by_hand(&mut self) {
        let can_be: Vec<usize> = self.accepted().into_values().filter(|at| account_of(&self.documents[*at]).is_some()).collect();
        // Few do: whoever is paid by hand is not debited.
        if can_be.is_empty() || !self.dice.once_in(4) {
            return;
        }
        let document = self.documents[*self.dice.pick(&can_be)].clone();
        self.tell(format!("somebody pays {} by hand", document.number));
        self.world().pays_by_hand(&document);
    }

    /// How often the writer of the database came by a failpoint.
    pub fn writer_came_by(&self) -> u64 {
        self.stage.writer_came_by()
    }

    /// The companies that have a job that is due and free, as long as nothing goes on: one probe, because it is looked before every
    /// step.
    async fn with_work(&mut self, hub: &Hub) -> Vec<usize> {
        if let Some(known) = &self.work {
            return known.clone();
        }
        const WITH_WORK: &str = "SELECT DISTINCT company_id FROM job WHERE stuck = 0 AND due_at <= $1 AND lease_until <= $2";
        let mut db = hub.db().read().await.expect("a connection");
        let (business, machine) = (hub.clock().business_ms(), hub.clock().machine_ms());
        let found = sqlx::query_scalar::<_, String>(WITH_WORK).bind(business).bind(machine).fetch_all(&mut *db).await;
        let found = found.expect("the companies with work");
        let found: Vec<usize> = (0..self.company_ids.len()).filter(|at| found.contains(&self.company_ids[*at])).collect();
        self.work = Some(found.clone());
        found
    }

    /// Jobs that only a person moves, with the reason.
    pub async fn stuck(&self, hub: &Hub) -> Vec<String> {
        let mut stuck = Vec::new();
        for id in &self.company_ids {
            let mut db = hub.db().read().await.expect("a connection");
            let jobs = job::list(&mut db, id).await.expect("the jobs");
            stuck.extend(jobs.into_iter().filter(|job| job.stuck).map(|job| format!("{} is stuck: {}", job.kind, job.why)));
        }
        stuck
    }

    /// The accepted invoices: id, and the place of a document that became it.
    pub fn accepted(&self) -> BTreeMap<String, usize> {
        let accepted = self.answers.iter().filter_map(|(at, answer)| match answer {
            Answer::Accepted(id) => Some((id.clone(), *at)),
            Answer::Refused(_) => None,
        });
        accepted.collect()
    }

    /// A number that stands for all that went on.
    pub fn digest(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.story.hash(&mut hasher);
        hasher.finish()
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        Stage::close();
        seeded::begin(None);
    }
}

async fn next_due(hub: &Hub) -> Option<i64> {
    job::next_due(&mut hub.db().read().await.expect("a connection")).await.expect("an answer")
}
