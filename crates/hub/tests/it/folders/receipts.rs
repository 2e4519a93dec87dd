//! Receipts in a drop: each is put away there once it was taken in, and what waits for a person lies with us.
//!
//! What a receipt says is the routes' business: a bounce message does for one here.

use std::collections::BTreeMap;

use kvitt_hub::Config;
use kvitt_hub::config::DropConfig;
use kvitt_hub::jobs::watch::MOST_TRIES;
use kvitt_hub::jobs::watch::receipts::Drop;

use super::mailbox::bounce;
use super::{House, go_on, names, write};
use crate::sample;

struct Shop {
    house: House,
    drop: Drop,
}

impl Shop {
    async fn open() -> Shop {
        let drop = DropConfig { folder: Some("../shop".into()), sftp: None, look_every_s: None };
        let config = Config { drop: BTreeMap::from([("print".to_owned(), drop)]), ..Config::default() };
        let house = House::with(config).await;
        let [drop] = <[Drop; 1]>::try_from(Drop::all(&house.hub)).unwrap();
        Shop { house, drop }
    }

    fn leave(&self, name: &str, receipt: &str) {
        write(&self.house.path("shop/receipts").join(name), receipt);
    }

    /// Names in the drop, below `receipts/`.
    fn there(&self, folder: &str) -> Vec<String> {
        names(&self.house.path("shop/receipts").join(folder)).into_iter().filter(|name| name != "read").collect()
    }

    /// Names with us.
    fn here(&self, folder: &str) -> Vec<String> {
        names(&self.house.path("data/receipts/print").join(folder))
    }

    async fn look(&mut self) -> usize {
        self.drop.look(&self.house.hub, &go_on()).await.unwrap()
    }
}

#[tokio::test]
async fn what_concerns_nobody_waits_with_us_and_is_put_away_in_the_drop() {
    let mut shop = Shop::open().await;
    assert_eq!(shop.look().await, 0, "the shop has left nothing yet");
    shop.leave("a.json", &bounce(sample::attempt(7)));
    shop.leave("b.json.part", "{");
    assert_eq!(shop.look().await, 1);
    assert_eq!((shop.there("read"), shop.there("")), (vec!["a.json".to_owned()], vec!["b.json.part".to_owned()]));
    assert_eq!(shop.here("strays"), ["a.json"]);
    assert_eq!(shop.house.hub.status().await.unwrap().strays, 1);
    // The process died before it was put away, or the shop says it again.
    shop.leave("a.json", &bounce(sample::attempt(7)));
    assert_eq!(shop.look().await, 1);
    assert_eq!(shop.here("strays"), ["a.json"]);
    // Another receipt of the same name.
    shop.leave("a.json", &bounce(sample::attempt(8)));
    assert_eq!(shop.look().await, 1);
    assert_eq!(shop.here("strays"), ["2-a.json", "a.json"]);
    assert_eq!(shop.there("read").len(), 3);
}

#[tokio::test]
async fn a_receipt_that_fails_keeps_no_other_waiting() {
    let mut shop = Shop::open().await;
    shop.house.send(sample::attempt(1)).await;
    shop.house.meddle("UPDATE company SET sealed_key = x'00' WHERE org_number = '999002021'").await;
    shop.leave("a.json", &bounce(sample::attempt(1)));
    shop.leave("b.json", &bounce(sample::attempt(2)));
    assert_eq!(shop.look().await, 1);
    assert_eq!((shop.there(""), shop.there("read")), (vec!["a.json".to_owned()], vec!["b.json".to_owned()]));
    let rests: usize = (0..MOST_TRIES - 1).map(|tries| (1 << tries) + 1).sum();
    for _ in 0..rests {
        shop.look().await;
    }
    assert_eq!(shop.here("failed"), ["a.json", "a.json.faults.json"]);
    assert_eq!(shop.there("read"), ["a.json", "b.json"]);
}

#[tokio::test]
async fn a_drop_that_cannot_be_reached_is_said_and_looked_into_again() {
    let mut shop = Shop::open().await;
    write(&shop.house.path("shop/receipts"), "no folder");
    assert!(shop.drop.look(&shop.house.hub, &go_on()).await.is_err());
    shop.drop.look_when_due(&shop.house.hub, &go_on()).await;
    std::fs::remove_file(shop.house.path("shop/receipts")).unwrap();
    shop.leave("a.json", &bounce(sample::attempt(7)));
    // Not due yet, however often somebody asks.
    shop.drop.look_when_due(&shop.house.hub, &go_on()).await;
    assert_eq!(shop.there(""), ["a.json"]);
    assert_eq!(shop.look().await, 1);
}
