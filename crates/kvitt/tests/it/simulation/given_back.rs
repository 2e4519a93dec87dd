//! A shipment that was refused as a whole, and then nobody who can be reached: what came back was certainly never accepted, so that
//! it is not in doubt when its time runs out.

use kvitt_hub::hub::Hub;
use kvitt_sandbox::counterparties::mps;

use super::hub::beginning_ms;
use super::judge;
use super::play::Play;
use super::shift::Shift;
use super::world::today;
use crate::documents::{COMPANIES, Wishes};

const DAY_MS: i64 = 86_400_000;

pub fn check() {
    let documents = ["yestoall", "spoilsshipment", "yestoall"].iter().zip(0_u64..).map(|(nature, index)| {
        let email = Some(format!("{nature}+{index}@kunde.example"));
        let wishes = Wishes { email, due_in_days: 6, ..Wishes::in_order(&["efaktura"], today()) };
        wishes.document(COMPANIES[0].0, format!("{}", 7_000 + index), index)
    });
    let documents: Vec<_> = documents.collect();
    let mut play = Play::new(1, false, |_| documents);
    let process = play.start();
    let hub = process.hub();
    process.block_on(async {
        let mut shift = Shift::begin(&mut play, &hub);
        for at in 0..3 {
            shift.hand_in(at).await;
        }
        shift.work_till(async |hub| any_came_back(hub).await).await;
        shift.play.world().away.insert(mps::NAME);
        shift.work_until(beginning_ms() + 20 * DAY_MS).await;
        let wrong = judge::before_settling(&play, &hub).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
    process.kill(hub);
}

async fn any_came_back(hub: &Hub) -> bool {
    const RETURNED: &str = "SELECT attempt_id FROM consignment_member WHERE returned = 1 LIMIT 1";
    let mut db = hub.db().read().await.expect("a connection");
    let found: Option<String> = sqlx::query_scalar(RETURNED).fetch_optional(&mut *db).await.expect("an answer");
    found.is_some()
}
