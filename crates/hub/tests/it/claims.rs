//! Direct debits at work: a hub whose bank's drop and mail server the test plays, on both databases. What is said, and what a person
//! hears, when claims are called back, refused, doubted and paid meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use kvitt_adapters::route::{Arrival, Place, Reply, RouteSetup, Sent};
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::claim::Claim;
use kvitt_domain::collection::{Event as Money, Means};
use kvitt_domain::delivery::{AttemptId, Event, Purpose, State};
use kvitt_domain::identifiers::KidStructure;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::plan::RouteName;
use kvitt_hub::actions::add_company::{add_company, set_route};
use kvitt_hub::actions::look_back::Journeys;
use kvitt_hub::actions::move_delivery::{Move, move_delivery};
use kvitt_hub::actions::settle::{Decided, Settlement, settle};
use kvitt_hub::actions::{claims, move_collection, receive_arrival, restore};
use kvitt_hub::clock::Clock;
use kvitt_hub::config::AvtalegiroConfig;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::jobs::{dispatcher, runner};
use kvitt_hub::lock::DataLock;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::delivery::{NewDelivery, StoredAttempt};
use kvitt_hub::store::job::{self, Kind, Urgency, Wanted};
use kvitt_hub::store::{Tx, claim, delivery, event};
use kvitt_hub::transport::{Became, Carrier, Committing, Left, Outgoing};
use kvitt_hub::{Config, Hub};
use serde_json::json;

use crate::databases::cluster;
use crate::sample;

const A: &str = "86011117947";
const B: &str = "99991042764";
/// A Monday morning. Files are closed at 12:30 UTC; the sample's claims are due two weeks later, on the 16th.
const MONDAY: &str = "2026-11-02T09:30:00Z";

/// Everybody whom the hub speaks with: what was said, and what is answered next where that is not the usual.
#[derive(Debug, Default)]
struct World {
    said: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Reply>>,
}

impl Carrier for World {
    fn carry<'a>(&'a self, outgoing: Outgoing, _: Committing<'a>) -> BoxFuture<'a, Result<Reply>> {
        let (said, usual) = match outgoing {
            Outgoing::Put { name, files, .. } => {
                let orders = files.iter().flat_map(|(_, text)| text.split(|byte| *byte == b'\n'));
                let kinds = orders.filter_map(|line| match line.get(..8)? {
                    b"NY210020" => Some("claims"),
                    b"NY213620" => Some("cancellations"),
                    _ => None,
                });
                (format!("{name} {}", kinds.collect::<Vec<_>>().join(" ")), Reply::Placed)
            }
            Outgoing::Look { name, .. } => (format!("{name}?"), Reply::Seen { place: Place::Nowhere }),
            Outgoing::Letter { to, .. } => (format!("a letter to {to}"), no("nobody is there")),
            Outgoing::Http { path, .. } => (format!("http {path}"), no("nobody is there")),
            Outgoing::Webhook { address, .. } => (format!("webhook {address}"), no("nobody is there")),
        };
        self.said.lock().unwrap().push(said);
        let reply = self.answers.lock().unwrap().pop_front().unwrap_or(usual);
        async move { Ok(reply) }.boxed()
    }

    fn collect<'a>(&'a self, _: &'a str, _: usize) -> BoxFuture<'a, Result<Vec<Left>>> {
        async { Ok(vec![]) }.boxed()
    }

    fn put_away<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn bank_files<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        async { Ok(vec![]) }.boxed()
    }

    fn bank_file<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<u8>>> {
        async { Ok(vec![]) }.boxed()
    }

    fn settle_bank_file<'a>(&'a self, _: &'a str, _: &'a str, _: Became) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

fn no(what: &str) -> Reply {
    Reply::Silence { sent: Sent::No, what: what.into() }
}

fn perhaps() -> Reply {
    Reply::Silence { sent: Sent::Unknown, what: "the connection broke".into() }
}

/// What a test claims, and when it is given up, in minutes from now.
struct Claimed {
    number: u128,
    account: &'static str,
    way: ClaimWay,
    due_on: Date,
    gives_up: Option<i64>,
}

fn kid(customer: u128) -> String {
    let structure: KidStructure = "16:1-6".parse().unwrap();
    structure.generate(u64::try_from(customer).unwrap(), 0).unwrap().to_string()
}

/// By file from [`A`].
fn claimed(number: u128) -> Claimed {
    Claimed { number, account: A, way: ClaimWay::File, due_on: date(2026, 11, 16), gives_up: None }
}

struct House {
    _folder: tempfile::TempDir,
    hub: Hub,
    us: Company,
    world: Arc<World>,
}

/// Runs a test on SQLite, then on PostgreSQL.
async fn each_house(test: impl AsyncFn(&House)) {
    test(&House::open(None).await).await;
    if let Some(cluster) = cluster() {
        test(&House::open(Some(cluster.new_database().await)).await).await;
    }
}

impl House {
    async fn open(database: Option<String>) -> House {
        let folder = tempfile::tempdir().unwrap();
        let own = |text: &str| Some(text.to_owned());
        let avtalegiro = AvtalegiroConfig {
            customer_unit: own("00229221"),
            files: own("bank"),
            service: own("mps"),
            ..AvtalegiroConfig::default()
        };
        let config = Config { database, avtalegiro, ..Config::default() };
        let world = Arc::new(World::default());
        let clock = Clock::standing_at(MONDAY.parse::<Timestamp>().unwrap().as_millisecond());
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let lock = DataLock::take(&data).unwrap().unwrap();
        let hub = Hub::open_with(&data, config, lock, world.clone(), clock).await.unwrap();
        let us = add_company(&hub, "999002021", "Fjordvik kommune", CompanySettings::default()).await.unwrap();
        House { _folder: folder, hub, us, world }
    }

    fn now(&self) -> i64 {
        self.hub.clock().business_ms()
    }

    async fn write(
        &self,
        act: impl for<'t, 'c> Fn(&'t mut Tx<'c>, Company, i64) -> BoxFuture<'t, Result<()>> + Send + Sync + 'static,
    ) {
        let (us, now) = (self.us.clone(), self.now());
        self.hub.write(move |tx| act(tx, us.clone(), now)).await.unwrap();
    }

    /// An invoice whose route was chosen: AvtaleGiro. Its number and attempt are alike.
    async fn claim(&self, new: Claimed) {
        let id = new.number.to_string();
        let mut stored = sample::stored(&id, &id);
        stored.accepted_at = self.now();
        stored.body.invoice.payment[0].accounts[0].number = new.account.into();
        stored.body.recipient.email = Some("kari@post.example".into());
        let claim = Claim {
            bank_account: new.account.into(),
            kid: kid(new.number),
            due_on: new.due_on,
            amount: stored.body.invoice.totals.payable,
            way: new.way,
        };
        let attempt = StoredAttempt {
            id: sample::attempt(new.number),
            delivery: format!("d{id}"),
            invoice: id,
            purpose: Purpose::Bill,
            number: 1,
            route: "avtalegiro".into(),
            price: None,
            give_up_at: new.gives_up.map(|minutes| self.now() + minutes * 60_000),
            word: None,
            opened_at: self.now(),
        };
        self.write(move |tx, us, now| {
            let (stored, claim, attempt) = (stored.clone(), claim.clone(), attempt.clone());
            Box::pin(async move {
                sample::accept(tx, &us, &stored).await?;
                move_collection::begin(tx, &us, &stored, now).await?;
                delivery::insert_attempt(tx, &us.id, &attempt).await?;
                let what = Move { company: &us, delivery: &attempt.delivery, urgency: Urgency::Ordinary, lot_at_most: None, now };
                claims::open(tx, &what, attempt.id, &attempt.invoice, &claim).await?;
                let chosen = Event::RouteChosen { route: RouteName::new("avtalegiro"), attempt: attempt.id };
                move_delivery(tx, &what, chosen).await
            })
        })
        .await;
    }

    /// Time passes, and what is due then is done.
    async fn after(&self, minutes: u64) {
        self.hub.clock().advance(Duration::from_secs(minutes * 60));
        for _ in 0..200 {
            let jobs = dispatcher::claim(&self.hub, &self.us.id, Wanted::any(1)).await.unwrap();
            let Some(job) = jobs.into_iter().next() else { return };
            runner::run(&self.hub, job).await;
        }
        panic!("there is no end of work");
    }

    /// The next answers, instead of the usual.
    fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        self.world.answers.lock().unwrap().extend(replies);
    }

    /// What was said since this was asked last, questions aside.
    fn said(&self) -> Vec<String> {
        let said = std::mem::take(&mut *self.world.said.lock().unwrap());
        said.into_iter().filter(|said| !said.ends_with('?')).collect()
    }

    /// The bank writes a receipt.
    async fn receipt(&self, text: String) {
        let door = kvitt_adapters::routes::avtalegiro::DOOR;
        let arrival = Arrival { door, bytes: text.into_bytes() };
        receive_arrival::receive_arrival(&self.hub, arrival).await.unwrap();
        self.after(0).await;
    }

    async fn received(&self, number: u32) {
        let columns = "transmission;received_at;orders;transactions;sum_ore;status";
        self.receipt(format!("{columns}\n{number};2026-11-02;1;1;1;RECEIVED")).await;
    }

    /// The bank judges the claim of an invoice, or, of none, the order.
    async fn judged(&self, number: u32, claimed: Option<u128>, verdict: &str) {
        let which = claimed.map_or(";;".to_owned(), |claimed| format!("{};123450;2026-11-16", kid(claimed)));
        let columns = "transmission;order;transaction;kid;amount_ore;due_date;status;code;text";
        self.receipt(format!("{columns}\n{number};1;;{which};{verdict};")).await;
    }

    async fn decide(&self, number: u128, settlement: Settlement) -> Result<()> {
        let decided = Decided { invoice: &number.to_string(), purpose: Purpose::Bill, settlement };
        settle(&self.hub, &self.us, decided, "Kari").await
    }

    async fn state_of(&self, id: &str) -> State {
        let mut db = self.hub.db().read().await.unwrap();
        delivery::by_id(&mut db, &self.us.id, &self.us.key, id).await.unwrap().delivery.state
    }

    async fn state(&self, number: u128) -> &'static str {
        self.state_of(&format!("d{number}")).await.name()
    }

    async fn told(&self, number: u128) -> Vec<event::StoredEvent> {
        let mut db = self.hub.db().read().await.unwrap();
        event::of_subject(&mut db, &self.us.id, &self.us.key, &number.to_string()).await.unwrap()
    }

    /// The codes of what a person was told about an invoice.
    async fn heard(&self, number: u128) -> Vec<String> {
        let told = self.told(number).await;
        let told = told.iter().filter(|event| event.kind == "person.told");
        told.map(|event| serde_json::to_value(event).unwrap().to_string())
            .map(|text| text.split("\"code\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
            .collect()
    }

    /// The file of claim 1 is put, and nobody knows whether the bank has it.
    async fn doubt(&self) {
        self.claim(claimed(1)).await;
        self.answers([perhaps()]);
        self.after(180).await;
        self.after(15).await;
        assert_eq!(self.state(1).await, "in_doubt");
        assert_eq!(self.said(), ["kvitt-00229221-0000001.txt claims"]);
    }
}

fn code(refused: Result<()>) -> &'static str {
    let Err(Error::Refused(faults)) = refused else { panic!("{refused:?}") };
    faults[0].code.name()
}

/// The bank's refusal of an order names no claim: it must not reach claims of another account.
#[tokio::test]
async fn one_accounts_refused_order_is_no_others() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(Claimed { account: B, ..claimed(2) }).await;
        house.after(180).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000001.txt claims", "kvitt-00229221-0000002.txt claims"]);
        house.judged(1, None, "REJECTED;G001").await;
        house.judged(2, Some(2), "ACCEPTED;").await;
        assert_eq!([house.state(1).await, house.state(2).await], ["parked", "delivered"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_found_to_be_sent_is_called_back_at_the_bank() {
    each_house(async |house| {
        house.doubt().await;
        house.decide(1, Settlement::Sent).await.unwrap();
        let kinds: Vec<String> = house.told(1).await.into_iter().map(|event| event.kind).collect();
        assert!(kinds.iter().any(|kind| kind == "notice.begun"), "its payer is told: {kinds:?}");
        house.decide(1, Settlement::Cancel).await.unwrap();
        house.after(0).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000002.txt cancellations"]);
        assert_eq!(house.state(1).await, "handed_over", "nobody has said yes yet");
        house.received(2).await;
        assert_eq!(house.state(1).await, "cancelled");
    })
    .await;
}

#[tokio::test]
async fn what_is_repeated_is_called_back_only_where_it_may_be() {
    each_house(async |house| {
        house.doubt().await;
        house.decide(1, Settlement::Repeat).await.unwrap();
        assert_eq!(code(house.decide(1, Settlement::Cancel).await), "call_back.too_early");
        assert_eq!(house.state(1).await, "queued");
        house.after(24 * 60).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000002.txt claims"]);
        // It is the first file that the bank has: the claim stands, and nobody else made it.
        house.judged(2, Some(1), "REJECTED;X001").await;
        assert_eq!((house.state(1).await, house.heard(1).await), ("delivered", vec!["delivery.in_doubt".to_owned()]));
        house.decide(1, Settlement::Cancel).await.unwrap();
        house.after(0).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000003.txt cancellations"]);
    })
    .await;
}

/// The backup knows less than happened: a lot of it is never handed over again, and no file gets a number that another had.
#[tokio::test]
async fn after_a_restore_a_claim_is_called_back_and_none_is_put_again() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(claimed(2)).await;
        restore::doubt_in_place(&house.hub).await.unwrap();
        house.decide(1, Settlement::Sent).await.unwrap();
        house.decide(1, Settlement::Cancel).await.unwrap();
        house.after(180).await;
        assert_eq!(house.said(), ["kvitt-00229221-0010002.txt cancellations"]);
        assert_eq!([house.state(1).await, house.state(2).await], ["handed_over", "in_doubt"]);
        house.received(10_002).await;
        assert_eq!([house.state(1).await, house.state(2).await], ["cancelled", "in_doubt"]);
        // What is repeated may have been sent by the other hub: it is not taken for called back.
        house.decide(2, Settlement::Repeat).await.unwrap();
        assert_eq!(code(house.decide(2, Settlement::Cancel).await), "call_back.too_early");
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_the_rail_knows_already_is_not_billed_besides() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.after(180).await;
        house.judged(1, Some(1), "REJECTED;X001").await;
        let State::Parked { why } = house.state_of("d1").await else { panic!("{:?}", house.state_of("d1").await) };
        let codes: Vec<&str> = why.iter().map(|fault| fault.code.name()).collect();
        assert_eq!(codes, ["claim.known_already"]);
        assert!(house.heard(1).await.contains(&"claim.other_provider".to_owned()));
        // A person who begins it anew is not told the same again.
        house.decide(1, Settlement::Reopen).await.unwrap();
        house.after(0).await;
        let State::Parked { why } = house.state_of("d1").await else { panic!("{:?}", house.state_of("d1").await) };
        assert!(why.iter().all(|fault| fault.code.name() != "claim.known_already"));
    })
    .await;
}

#[tokio::test]
async fn a_person_hears_once_of_each_call_back_that_failed() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.after(180).await;
        house.received(1).await;
        house.said();
        for file in [2, 3] {
            house.decide(1, Settlement::Cancel).await.unwrap();
            house.after(0).await;
            assert_eq!(house.said(), [format!("kvitt-00229221-000000{file}.txt cancellations")]);
            house.judged(file, Some(1), "REJECTED;C001").await;
            house.judged(file, Some(1), "REJECTED;C002").await;
            house.received(1).await;
            let refused = vec!["call_back.refused".to_owned(); file as usize - 1];
            assert_eq!((house.state(1).await, house.heard(1).await), ("delivered", refused));
        }
    })
    .await;
}

/// A lot that waits for its drop breaks up when one of its claims must go elsewhere.
#[tokio::test]
async fn what_was_called_back_while_it_waited_goes_nowhere() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(Claimed { gives_up: Some(200), ..claimed(2) }).await;
        house.answers(std::iter::repeat_n(no("the drop is down"), 9));
        house.after(180).await;
        house.decide(1, Settlement::Cancel).await.unwrap();
        house.after(0).await;
        assert_eq!(house.state(1).await, "sending");
        house.after(30).await;
        house.world.answers.lock().unwrap().clear();
        house.after(24 * 60).await;
        assert_eq!([house.state(1).await, house.state(2).await], ["cancelled", "parked"]);
        let put = house.said().into_iter().filter(|said| !said.contains("0000001.txt")).collect::<Vec<_>>();
        assert_eq!(put, [""; 0]);
    })
    .await;
}

/// The hub was down over the time at which the file is closed, until no bank takes the claim in time.
#[tokio::test]
async fn a_claim_that_comes_too_late_is_not_handed_in() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.after(7 * 24 * 60 + 4 * 60).await;
        assert_eq!((house.said(), house.state(1).await), (vec![], "parked"));
    })
    .await;
}

/// The lot was closed in time, and the drop was down until it was too late: its other claims travel on.
#[tokio::test]
async fn a_claim_that_was_closed_in_time_and_not_put_is_not_handed_in_late() {
    each_house(async |house| {
        house.after(7 * 24 * 60 + 150).await;
        house.claim(claimed(1)).await;
        house.claim(Claimed { due_on: date(2026, 11, 17), ..claimed(2) }).await;
        house.answers([no("the drop is down")]);
        house.after(30).await;
        assert_eq!((house.said().len(), house.state(1).await), (1, "sending"));
        house.after(60).await;
        assert_eq!(house.said(), [""; 0]);
        assert_eq!([house.state(1).await, house.state(2).await], ["parked", "queued"]);
        house.after(23 * 60 + 10).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000002.txt claims"]);
    })
    .await;
}

#[tokio::test]
async fn a_doubted_claim_that_comes_too_late_stays_in_doubt() {
    each_house(async |house| {
        house.doubt().await;
        house.decide(1, Settlement::Repeat).await.unwrap();
        house.after(7 * 24 * 60 + 4 * 60).await;
        assert_eq!((house.said(), house.state(1).await), (vec![], "in_doubt"));
    })
    .await;
}

/// The lot that it joins is full at once, and too late: what a person found is known there. Only that says that it may have been sent,
/// for the backup knows nothing of what was said.
#[tokio::test]
async fn what_is_repeated_into_a_lot_that_closes_at_once_is_known_to_be_in_doubt() {
    each_house(async |house| {
        set_route(&house.hub, &house.us, "avtalegiro", RouteSetup(json!({"lot_size": 1}))).await.unwrap();
        house.claim(Claimed { way: ClaimWay::Service, ..claimed(1) }).await;
        restore::doubt_in_place(&house.hub).await.unwrap();
        house.after(7 * 24 * 60 + 4 * 60).await;
        assert_eq!((house.said(), house.state(1).await), (vec![], "in_doubt"));
        house.decide(1, Settlement::Repeat).await.unwrap();
        assert_eq!(house.state(1).await, "in_doubt");
    })
    .await;
}

/// Thousands travel in one file: where it is broken up, each of them need not read its log again.
#[tokio::test]
async fn the_log_of_an_earlier_lot_is_read_once() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(claimed(2)).await;
        house.answers([perhaps()]);
        house.after(180).await;
        let mut journeys = Journeys::of(&house.us);
        let mut db = house.hub.db().read().await.unwrap();
        let first = journeys.before(&mut db, "", sample::attempt(1)).await.unwrap();
        drop(db);
        house
            .write(|tx, us, _| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM entry WHERE company_id = $1").bind(us.id).execute(tx.db()).await?;
                    Ok(())
                })
            })
            .await;
        let mut db = house.hub.db().read().await.unwrap();
        let second = journeys.before(&mut db, "", sample::attempt(2)).await.unwrap();
        assert!(first.perhaps_sent && second.perhaps_sent);
        assert!(Arc::ptr_eq(&first.said.unwrap(), &second.said.unwrap()));
    })
    .await;
}

/// A lot that was gathering when files began to have the claims of one account each.
#[tokio::test]
async fn a_lot_of_two_accounts_travels_in_two_files() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(Claimed { account: B, ..claimed(2) }).await;
        house.claim(Claimed { account: B, ..claimed(3) }).await;
        house
            .write(|tx, us, _| {
                Box::pin(async move {
                    for sql in [
                        "UPDATE consignment_member SET position = position + 1 WHERE company_id = $1 AND position = 2",
                        "UPDATE consignment_member SET position = 2 WHERE company_id = $1 AND position = 1 AND consignment_id = \
                         (SELECT consignment_id FROM consignment WHERE lane = 'file 99991042764')",
                        "UPDATE consignment_member SET consignment_id = \
                         (SELECT consignment_id FROM consignment WHERE lane = 'file 86011117947') WHERE company_id = $1",
                        "DELETE FROM job WHERE company_id = $1 AND subject = \
                         (SELECT consignment_id FROM consignment WHERE lane = 'file 99991042764')",
                        "DELETE FROM consignment WHERE company_id = $1 AND lane = 'file 99991042764'",
                        "UPDATE consignment SET lane = 'file', members = 3 WHERE company_id = $1",
                    ] {
                        sqlx::query(sql).bind(us.id.clone()).execute(tx.db()).await?;
                    }
                    Ok(())
                })
            })
            .await;
        house.after(180).await;
        let mut said = house.said();
        said.sort();
        assert_eq!(said, ["kvitt-00229221-0000001.txt claims", "kvitt-00229221-0000002.txt claims"]);
        assert_eq!([house.state(1).await, house.state(2).await, house.state(3).await], ["handed_over"; 3]);
        house.judged(1, None, "REJECTED;G001").await;
        assert_eq!([house.state(1).await, house.state(2).await, house.state(3).await], ["parked", "handed_over", "handed_over"]);
    })
    .await;
}

/// After an outage they go one after another, and do not wait for each other's next try.
#[tokio::test]
async fn several_cancellations_go_as_soon_as_the_drop_is_back() {
    each_house(async |house| {
        for number in 1..=3 {
            house.claim(claimed(number)).await;
        }
        house.after(180).await;
        house.received(1).await;
        house.answers(std::iter::repeat_n(no("the drop is down"), 3));
        for number in 1..=3 {
            house.decide(number, Settlement::Cancel).await.unwrap();
        }
        house.after(0).await;
        house.said();
        house.after(5).await;
        assert_eq!(
            house.said(),
            (2..=4).map(|file| format!("kvitt-00229221-000000{file}.txt cancellations")).collect::<Vec<_>>()
        );
    })
    .await;
}

async fn pay(house: &House, number: u128, minor: i64) {
    house
        .write(move |tx, us, now| {
            Box::pin(async move {
                let invoice = number.to_string();
                let what = move_collection::Move { company: &us, invoice: &invoice, now };
                let amount = Amount::new(minor, Currency::NOK);
                move_collection::move_collection(tx, what, Money::Paid { amount, means: Means::Payment }).await.map(|_| ())
            })
        })
        .await;
}

#[tokio::test]
async fn what_is_paid_before_its_file_is_not_claimed() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        pay(house, 1, 123_450).await;
        house.after(180).await;
        assert_eq!((house.said(), house.state(1).await), (vec![], "parked"));
        let mut db = house.hub.db().read().await.unwrap();
        assert!(!claim::of_attempt(&mut db, &house.us.id, sample::attempt(1)).await.unwrap().unwrap().is_open);
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_after_its_file_is_called_back_once() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.claim(claimed(2)).await;
        house.after(180).await;
        house.received(1).await;
        house.said();
        pay(house, 1, 123_450).await;
        pay(house, 1, 1).await;
        house.after(0).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000002.txt cancellations"]);
        let heard = house.heard(1).await;
        assert_eq!(heard.iter().filter(|code| *code == "collection.claim_called_back").count(), 1, "{heard:?}");
        // After the last moment a person must see to it.
        house.after(11 * 24 * 60 + 60).await;
        pay(house, 2, 123_450).await;
        house.after(0).await;
        assert!(house.heard(2).await.contains(&"collection.paid_while_claimed".to_owned()));
        assert!(house.said().iter().all(|said| !said.contains("cancellations")));
    })
    .await;
}

/// The wish outlives the doubt.
#[tokio::test]
async fn what_is_paid_while_nobody_knows_whether_it_was_sent_is_called_back_once_it_was() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.answers([perhaps()]);
        house.after(180).await;
        pay(house, 1, 123_450).await;
        house.after(15).await;
        assert_eq!(house.state(1).await, "in_doubt");
        house.said();
        house.decide(1, Settlement::Sent).await.unwrap();
        house.after(0).await;
        let said = house.said();
        assert!(said.iter().any(|said| said.ends_with(" cancellations")), "{said:?}");
        let kinds: Vec<String> = house.told(1).await.into_iter().map(|event| event.kind).collect();
        let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
        assert_eq!(count("notice.begun"), count("notice.cancelled"), "nobody is told of a debit that is called back: {kinds:?}");
    })
    .await;
}

/// The bank draws all that was claimed, whatever is left of it.
#[tokio::test]
async fn what_is_credited_in_part_after_its_file_is_called_back() {
    each_house(async |house| {
        house.claim(claimed(1)).await;
        house.after(180).await;
        house.received(1).await;
        house.said();
        house
            .write(|tx, us, now| {
                Box::pin(async move {
                    let what = move_collection::Move { company: &us, invoice: "1", now };
                    let amount = Amount::new(100, Currency::NOK);
                    move_collection::move_collection(tx, what, Money::Credited { amount }).await.map(|_| ())
                })
            })
            .await;
        house.after(0).await;
        assert_eq!(house.said(), ["kvitt-00229221-0000002.txt cancellations"]);
        house.received(2).await;
        assert_eq!(
            (house.state(1).await, house.heard(1).await.as_slice()),
            ("cancelled", &["collection.claim_called_back".to_owned()][..])
        );
    })
    .await;
}

/// A notice of the claim of an invoice that was claimed: as it begins, or with an attempt by e-mail.
async fn notice(house: &House, by_email: bool) {
    house
        .write(move |tx, us, now| {
            Box::pin(async move {
                let new = NewDelivery { id: "n1", invoice: "1", purpose: Purpose::Notice };
                delivery::insert(tx, &us.id, &us.key, new, now).await?;
                if !by_email {
                    return job::enqueue(tx, &us.id, Kind::ChooseRoute, "n1", Urgency::Ordinary, now, now).await;
                }
                let attempt = StoredAttempt {
                    id: AttemptId(uuid::Uuid::from_u128(99)),
                    delivery: "n1".into(),
                    invoice: "1".into(),
                    purpose: Purpose::Notice,
                    number: 1,
                    route: "email".into(),
                    price: None,
                    give_up_at: None,
                    word: None,
                    opened_at: now,
                };
                delivery::insert_attempt(tx, &us.id, &attempt).await?;
                let what = Move { company: &us, delivery: "n1", urgency: Urgency::Ordinary, lot_at_most: None, now };
                move_delivery(tx, &what, Event::RouteChosen { route: RouteName::new("email"), attempt: attempt.id }).await
            })
        })
        .await;
}

async fn close_claim(house: &House) {
    house
        .write(|tx, us, now| {
            Box::pin(async move { claim::close(tx, &us.id, sample::attempt(1), "withdrawn", now).await.map(|_| ()) })
        })
        .await;
}

#[tokio::test]
async fn a_notice_of_a_claim_that_is_gone_is_not_sent() {
    each_house(async |house| {
        house.claim(Claimed { way: ClaimWay::Service, ..claimed(1) }).await;
        notice(house, false).await;
        close_claim(house).await;
        house.after(0).await;
        assert!(matches!(house.state_of("n1").await, State::Cancelled { by } if by == "Kvitt"));
    })
    .await;
}

#[tokio::test]
async fn a_letter_about_a_claim_that_is_gone_is_not_tried_again() {
    each_house(async |house| {
        let setup = json!({"from": "faktura@nordlys.example", "bounce_domain_or_address": "retur.nordlys.example"});
        set_route(&house.hub, &house.us, "email", RouteSetup(setup)).await.unwrap();
        house.claim(Claimed { way: ClaimWay::Service, ..claimed(1) }).await;
        notice(house, true).await;
        house.after(0).await;
        assert_eq!((house.said().len(), house.state_of("n1").await.name()), (1, "sending"));
        close_claim(house).await;
        house.after(60).await;
        let said: Vec<String> = house.said().into_iter().filter(|said| said.starts_with("a letter")).collect();
        assert_eq!((said, house.state_of("n1").await.name()), (vec![], "cancelled"));
    })
    .await;
}
