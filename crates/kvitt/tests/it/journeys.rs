//! Journeys that go wrong on the way, and what becomes of them: a letter said twice is the same letter, an outage ends at the
//! due-date budget, a blocked address can be lifted.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kvitt_domain::delivery::Purpose;
use kvitt_hub::desk::{Answer, Ask, HandedIn, Settlement, Story};
use kvitt_hub::{Config, Hub};

use crate::harness::{COMPANY, Sandbox, invoice, wait_for};

/// Longer than the first retry, shorter than the second.
const PATIENCE: Duration = Duration::from_secs(12);

/// A hub in this process, so that its business clock can be moved.
struct Bench {
    hub: Hub,
}

impl Bench {
    async fn open(data: &Path) -> Bench {
        let config = Config::read(Some(&data.join("kvitt.toml"))).unwrap();
        Bench { hub: Hub::open(data, config).await.unwrap() }
    }

    async fn ask(&self, question: Ask) -> Answer {
        self.hub.answer(question).await
    }

    async fn send(&self, number: &str, recipient: &str, order: &str) {
        let metadata = format!(r#"{{"version": "1.1", "recipient_type": "consumer", "routing": {{"route_order": [{order}]}}}}"#);
        let handed = HandedIn { metadata: Some(metadata), ..HandedIn::file("i.xml", invoice(number, recipient).into_bytes()) };
        let answer = self.ask(Ask::Send(handed)).await;
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    }

    async fn work(&self) {
        self.hub.work_until_quiet(PATIENCE, |_| {}).await.unwrap();
    }

    async fn settle(&self, number: &str, settlement: Settlement) {
        let (purpose, by) = (Purpose::Bill, "Ada".to_owned());
        let question = Ask::Settle { company: None, invoice: number.to_owned(), settlement, purpose, by };
        let answer = self.ask(question).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    async fn story(&self, number: &str) -> Story {
        match self.ask(Ask::Explain { company: None, invoice: number.to_owned() }).await {
            Answer::Story(story) => *story,
            other => panic!("{other:?}"),
        }
    }

    async fn parked(&self, numbers: std::ops::RangeInclusive<u32>) -> usize {
        let mut parked = 0;
        for number in numbers {
            parked += usize::from(self.state(&number.to_string()).await == "parked");
        }
        parked
    }

    async fn state(&self, number: &str) -> &'static str {
        self.story(number).await.bill.delivery.state.name()
    }
}

#[test]
fn a_repeated_letter_is_the_same_letter_although_the_settings_changed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    wait_for(async {
        let bench = Bench::open(&data).await;
        bench.send("1", "dropsafterdot@post.example", r#""email""#).await;
        bench.work().await;
        assert_eq!(bench.state("1").await, "in_doubt");
        let setup = serde_json::json!({
            "from": "annen@avsender.example", "bounce_domain_or_address": "annen.example", "footer": "Ny tekst",
        });
        bench.ask(Ask::SetRoute { company: COMPANY.to_owned(), route: "email".to_owned(), setup }).await;
        bench.settle("1", Settlement::Repeat).await;
        bench.work().await;
        assert_eq!(bench.state("1").await, "handed_over");
        bench.hub.close().await;
    });
    let letters = sandbox.letters("dropsafterdot@post.example");
    assert_eq!(letters.len(), 2);
    let sent = |letter: &str| letter.lines().filter(|line| !line.starts_with("Received:")).collect::<Vec<_>>().join("\n");
    assert_eq!(sent(&letters[0]), sent(&letters[1]));
}

#[test]
fn an_outage_holds_a_letter_until_its_budget_is_spent_and_then_a_person_hears() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    // A port where nobody listens.
    let configuration = fs::read_to_string(data.join("kvitt.toml")).unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lines =
        configuration.lines().map(|line| if line.starts_with("port = ") { format!("port = {gone}") } else { line.to_owned() });
    fs::write(data.join("kvitt.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    wait_for(async {
        let bench = Bench::open(&data).await;
        // More than the breaker lets through, so that some letters never come to speak at all.
        for number in 1..=8 {
            bench.send(&number.to_string(), "kari@post.example", r#""email", "print""#).await;
        }
        bench.work().await;
        let mut hours = 0;
        while bench.parked(1..=8).await < 8 {
            hours += 6;
            assert!(hours < 24 * 60, "the budget is never spent");
            bench.hub.clock().move_to_offset(Duration::from_secs(hours * 3600));
            bench.work().await;
        }
        for number in 1..=8 {
            let number = number.to_string();
            let told = bench.story(&number).await;
            assert!(told.bill.jobs.is_empty(), "nothing waits for {number} any more: {:?}", told.bill.jobs);
            assert!(told.events.iter().any(|event| event["kind"] == "person.told"), "a person hears of {number}");
        }
        bench.hub.close().await;
    });
    assert!(sandbox.taken().is_empty());
}

#[test]
fn a_doubt_that_was_repeated_in_vain_is_a_doubt_again_and_never_takes_the_next_route() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    wait_for(async {
        let bench = Bench::open(&data).await;
        bench.send("1", "dropsafterdot@post.example", r#""email", "print""#).await;
        bench.work().await;
        assert_eq!(bench.state("1").await, "in_doubt");
        // Past the due-date budget a person has it repeated, and now the mail server is gone.
        drop(sandbox);
        bench.hub.clock().move_to_offset(Duration::from_secs(90 * 24 * 3600));
        bench.settle("1", Settlement::Repeat).await;
        bench.work().await;
        assert_eq!(bench.state("1").await, "in_doubt");
        assert!(bench.story("1").await.bill.jobs.is_empty());
        bench.hub.close().await;
    });
}

#[test]
fn a_blocked_address_closes_the_route_until_it_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    wait_for(async {
        let bench = Bench::open(&data).await;
        bench.send("1", "hardbounce@post.example", r#""email""#).await;
        bench.work().await;
        bench.send("2", "hardbounce@post.example", r#""email""#).await;
        bench.work().await;
        let closed = serde_json::to_string(&bench.story("2").await.bill.plans).unwrap();
        assert!(closed.contains("email.suppressed"), "{closed}");
        assert_eq!(bench.story("2").await.bill.attempts.len(), 0, "nothing was sent to the blocked address");
        let lifted = bench.ask(Ask::LiftSuppression { company: None, address: "HardBounce@post.example".to_owned() }).await;
        assert!(matches!(lifted, Answer::Done), "{lifted:?}");
        bench.settle("2", Settlement::Reopen).await;
        bench.work().await;
        assert_eq!(bench.story("2").await.bill.attempts.len(), 1, "it was tried again");
        bench.hub.close().await;
    });
}
