//! What goes on without chance: a world that is healed, days on which nothing is broken, directed runs.

use kvitt_domain::delivery::Purpose;
use kvitt_hub::actions::settle::Settlement;
use kvitt_hub::hub::Hub;

use super::super::actors::{OnStage, decision, of_what, state_of};
use super::super::hub::Process;
use super::super::stage::WriterDeath;
use super::{Choice, Death, LifeEnd, Play, next_due};

/// Nothing that is due later than this after everything came to rest is waited for.
const HORIZON_MS: i64 = 31 * 86_400_000;
/// Where debits are due, their money comes later, and that none came later still.
const HORIZON_OF_MONEY_MS: i64 = 45 * 86_400_000;
/// Steps that a world without chance takes at most: far more than any run needs.
const STRAIGHT_STEPS: usize = 30_000;

/// How a stretch without chance ended.
enum Straight {
    Rested,
    Died(Vec<OnStage>),
    Restless,
}

impl Play {
    /// No more faults: everything goes on until nothing is due within a month.
    pub async fn heal(&mut self, hub: &Hub, stage: Vec<OnStage>) -> Result<(), String> {
        self.tell("the world is healed".to_owned());
        self.world().heal();
        let now = self.world().now_ms;
        self.healed_at.get_or_insert(now);
        match self.go_straight_on(hub, stage, None).await {
            Straight::Rested => Ok(()),
            Straight::Died(_) => Err("the process died while the world was healed".to_owned()),
            Straight::Restless => Err(format!("it does not come to rest within {STRAIGHT_STEPS} steps")),
        }
    }

    /// Everything goes on, one after the other, until nothing is due within a month, or until the stop at which the process dies.
    async fn go_straight_on(&mut self, hub: &Hub, mut stage: Vec<OnStage>, dies_at: Option<usize>) -> Straight {
        let rest = self.world().now_ms + if self.has_debits() { HORIZON_OF_MONEY_MS } else { HORIZON_MS };
        self.go_on_until(hub, &mut stage, rest, dies_at).await
    }

    /// Debits are due in weeks: some days on which nothing is broken go by in their order, and then it goes on as before.
    pub(super) async fn quiet_days(&mut self, hub: &Hub, stage: &mut Vec<OnStage>) -> LifeEnd {
        let days = 1 + i64::try_from(self.dice.throw(6)).expect("small");
        self.tell(format!("{days} quiet days"));
        self.world().heal();
        let until = self.world().now_ms + days * 86_400_000;
        match Box::pin(self.go_on_until(hub, stage, until, None)).await {
            Straight::Died(with) => {
                *stage = with;
                LifeEnd::Died
            }
            Straight::Rested | Straight::Restless => {
                self.move_clock(hub, until);
                LifeEnd::Over
            }
        }
    }

    async fn go_on_until(&mut self, hub: &Hub, stage: &mut Vec<OnStage>, rest: i64, dies_at: Option<usize>) -> Straight {
        for _ in 0..STRAIGHT_STEPS {
            if !stage.is_empty() {
                if let LifeEnd::Died = self.go_on(stage, 0).await {
                    return Straight::Died(std::mem::take(stage));
                }
                if dies_at == Some(self.stops.len()) && !stage.is_empty() {
                    return Straight::Died(std::mem::take(stage));
                }
                continue;
            }
            if let Some(next) = self.next_in_order(hub).await {
                let _ = Box::pin(self.carry_out(hub, stage, next)).await;
                continue;
            }
            if self.claim_elsewhere(hub).await {
                continue;
            }
            let next = next_due(hub).await.into_iter().chain(self.world().next_due()).min();
            let now = self.world().now_ms;
            match next {
                Some(next) if next <= rest => self.move_clock(hub, next.max(now + 1)),
                _ => return Straight::Rested,
            }
        }
        Straight::Restless
    }

    /// A run without chance: everything in order, faults as they were ordered, and one death at most.
    pub fn run_straight(&mut self, death: Death) -> Result<Process, String> {
        let mut process = self.start();
        let mut dies_at = match death {
            Death::None => None,
            Death::AtStop(stop) => Some(stop),
            Death::OfTheWriter(time) => {
                self.stage.writer_dies(WriterDeath::Nth(time));
                None
            }
        };
        loop {
            let hub = process.hub();
            let end = process.block_on(self.go_straight_on(&hub, Vec::new(), dies_at.take()));
            drop(hub);
            match end {
                Straight::Rested => return Ok(process),
                Straight::Restless => return Err("it does not come to rest".to_owned()),
                Straight::Died(stage) => {
                    self.deaths += 1;
                    process.kill(stage);
                    process = self.start();
                }
            }
        }
    }

    async fn next_in_order(&mut self, hub: &Hub) -> Option<Choice> {
        if let Some(company) = self.with_work(hub).await.first() {
            return Some(Choice::Work(*company));
        }
        let open = (0..self.documents.len()).find(|at| !self.answers.contains_key(at)).map(Choice::HandIn);
        let world = self.world();
        let message = world.due().first().copied().map(Choice::Arrive);
        let shop = (!world.jobs.waiting.is_empty()).then_some(Choice::ShopWorks);
        let bank = (!world.branch.inbox.waiting.is_empty()).then_some(Choice::BankLooks);
        let files = (!world.left_now().is_empty()).then_some(Choice::BankFiles);
        open.or(message).or(shop).or(bank).or(files)
    }

    /// A person settles every doubt by the ledger; then all comes to rest again. What is sent again may be in doubt again.
    pub async fn settle_all(&mut self, hub: &Hub) -> Result<(), String> {
        /// A server that answers nonsense every time would go on for ever.
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            let mut stage = Vec::new();
            for (id, at) in self.accepted() {
                let document = self.documents[at].clone();
                for purpose in Purpose::ALL {
                    if state_of(hub, document.company, &id, purpose).await != Some("in_doubt") {
                        continue;
                    }
                    let was_taken = !self.world().with(document.company, &document.number, purpose).is_empty();
                    let settlement = if was_taken { Settlement::Sent } else { Settlement::Unsent };
                    let name = format!("a person on {}{}: {settlement:?}", document.number, of_what(purpose));
                    let actor = decision(hub.clone(), document.company, id.clone(), purpose, settlement);
                    stage.push(OnStage::free(name, actor));
                }
            }
            if stage.is_empty() {
                return Ok(());
            }
            self.heal(hub, stage).await?;
        }
        Ok(())
    }
}
