//! What is told, to whom, and in which order.

use kvitt_hub::actions::accept_invoice::{HandedIn, accept_invoice};
use kvitt_hub::desk::{NewWebhook, WebhookAsk};
use kvitt_hub::store::{event, job};
use serde_json::json;

use super::*;

#[tokio::test]
async fn events_are_told_in_order_and_once() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        for _ in 0..3 {
            house.happen().await;
        }
        house.work().await;
        let heard = house.heard();
        let last = house.shown(&hook.id).await.last;
        assert_eq!(heard.iter().map(Heard::event).collect::<Vec<_>>(), [last - 2, last - 1, last]);
        let first = &heard[0];
        assert_eq!(
            first.body,
            json!({
                "type": "company.settings_changed",
                "timestamp": "2026-11-02T09:30:00Z",
                "data": { "company": US, "event": last - 2, "subject": house.us.id },
            })
        );
        let mut ids: Vec<&str> = heard.iter().map(|heard| heard.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 3, "each message has an id of its own");
        house.work().await;
        assert!(house.heard().is_empty(), "nothing is told twice");
        assert_eq!(house.shown(&hook.id).await.told, last);
    })
    .await;
}

/// More events than one page and one run of the job: all are told, and in order.
#[tokio::test]
async fn a_long_way_is_gone_in_pieces() {
    let house = House::open(None).await;
    let hook = house.add("/hooks", &["company.settings_changed"]).await.webhook;
    for _ in 0..230 {
        house.happen().await;
    }
    house.work().await;
    let told: Vec<i64> = house.heard().iter().map(Heard::event).collect();
    assert_eq!(told, (hook.told + 2..hook.told + 232).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_what_is_wanted_is_told_and_the_rest_is_passed_by() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["invoice.accepted"]).await.webhook;
        for _ in 0..3 {
            house.happen().await;
        }
        house.work().await;
        assert!(house.heard().is_empty());
        let shown = house.shown(&hook.id).await;
        assert_eq!(shown.told, shown.last, "it is not asked again about what it does not want");
        assert!(house.log(&hook.id).await.is_empty());
    })
    .await;
}

/// Each has its own place: one that fails does not hold up the other, and neither hears of another company.
#[tokio::test]
async fn webhooks_do_not_wait_for_each_other() {
    each_house(async |house| {
        let one = house.add("/one", &["*"]).await.webhook;
        house.work().await;
        house.heard();
        house.answers([500]);
        house.happen().await;
        house.work().await;
        let other = house.add("/other", &["company.*"]).await.webhook;
        house.happen().await;
        let settings = CompanySettings { footer: Some("theirs".into()), ..CompanySettings::default() };
        house.hub.answer(Ask::ChangeSettings { company: OTHERS.into(), settings }).await;
        house.work().await;
        let heard = house.heard();
        let paths: Vec<&str> = heard.iter().map(|heard| heard.path.as_str()).collect();
        assert_eq!(paths, ["/one", "/other"]);
        assert!(heard.iter().all(|heard| heard.body["data"]["company"] == US));
        assert!(house.shown(&one.id).await.next_try_at.is_some());
        assert!(house.shown(&other.id).await.next_try_at.is_none());
    })
    .await;
}

/// Nothing of a person is in any message, and a company without a webhook has no job for one.
#[tokio::test]
async fn nobody_is_named_and_nothing_is_done_for_nobody() {
    const CANARY: &str = "10915596784";
    let house = House::open(None).await;
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices/fjordvik-260401.xml");
    let send = async |number: &str| {
        let xml = std::fs::read_to_string(documents).unwrap().replace("260401", number);
        let metadata = json!({ "version": "1.1", "recipient_type": "consumer", "recipient_ssn": CANARY }).to_string();
        let handed = HandedIn { metadata: Some(metadata), ..HandedIn::file("i.xml", xml.into_bytes()) };
        accept_invoice(&house.hub, handed).await.unwrap()
    };
    send("1").await;
    let kinds: Vec<String> = job::list(&mut house.hub.db().read().await.unwrap(), &house.us.id)
        .await
        .unwrap()
        .into_iter()
        .map(|job| job.kind)
        .collect();
    assert!(!kinds.is_empty() && !kinds.contains(&"tell_webhook".to_owned()), "{kinds:?}");

    house.add("/hooks", &["*"]).await;
    send("2").await;
    house.work().await;
    let heard = house.heard();
    assert!(heard.iter().any(|heard| heard.kind() == "invoice.accepted"), "{heard:?}");
    assert!(heard.iter().any(|heard| heard.body["data"]["state"]["of"] == "delivery"), "{heard:?}");
    for message in &heard {
        for word in [CANARY, "Kari", "Nordmann", "post.example", "recipient"] {
            assert!(!message.text.contains(word), "{word}: {}", message.text);
        }
    }
}

#[tokio::test]
async fn clients_of_the_maventa_api_hear_the_name_that_they_know() {
    let house = House::open(None).await;
    house.add("/hooks", &["DOCUMENTS.INVOICE.FAILED"]).await;
    let xml = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/invoices/fjordvik-260401.xml")).unwrap();
    accept_invoice(&house.hub, HandedIn::file("i.xml", xml)).await.unwrap();
    house.work().await;
    let heard = house.heard();
    let [failed] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(failed.kind(), "delivery.no_route_open");
    assert_eq!(failed.body["data"]["alias"], "DOCUMENTS.INVOICE.FAILED");
    assert_eq!(failed.body["data"]["state"], json!({ "of": "delivery", "from": "choosing", "to": "parked" }));
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_is_stored() {
    each_house(async |house| {
        let new = |address: &str, events: &[&str], after: Option<i64>| {
            let events = events.iter().map(|event| (*event).to_owned()).collect();
            WebhookAsk::Add(NewWebhook { address: address.into(), events, after })
        };
        let here = house.address.as_str();
        assert_eq!(house.refused(new("erp.example", &["nothing"], None)).await, ["webhook.address", "webhook.events"]);
        assert_eq!(house.refused(new("http://10.0.0.1/", &["*"], None)).await, ["webhook.network"]);
        assert_eq!(house.refused(new("https://169.254.169.254/", &["*"], None)).await, ["webhook.network"]);
        assert_eq!(house.refused(new(here, &["*"], Some(1_000))).await, ["webhook.event"]);
        assert_eq!(house.refused(new(here, &["*"], Some(-1))).await, ["webhook.event"]);
        let before = house.kinds().await;
        assert!(!before.contains(&"webhook.added".to_owned()), "{before:?}");
        for _ in 0..10 {
            house.add("/", &["*"]).await;
        }
        assert_eq!(house.refused(new(here, &["*"], None)).await, ["webhook.too_many"]);
        for what in [
            WebhookAsk::Log { webhook: "0".into() },
            WebhookAsk::Test { webhook: String::new() },
            WebhookAsk::Replay { webhook: "nobody".into(), from: 1 },
            WebhookAsk::Rotate { webhook: "nobody".into() },
            WebhookAsk::Enable { webhook: "nobody".into() },
            WebhookAsk::Remove { webhook: "nobody".into() },
        ] {
            assert_eq!(house.refused(what).await, ["webhook.unknown"]);
        }
    })
    .await;
}

/// Another company does not find them, whatever it asks.
#[tokio::test]
async fn another_company_finds_none() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["*"]).await.webhook;
        let id = || hook.id.clone();
        for what in [
            WebhookAsk::Log { webhook: id() },
            WebhookAsk::Test { webhook: id() },
            WebhookAsk::Replay { webhook: id(), from: 1 },
            WebhookAsk::Rotate { webhook: id() },
            WebhookAsk::Enable { webhook: id() },
            WebhookAsk::Remove { webhook: id() },
        ] {
            let answer = house.hub.answer(Ask::Webhooks { company: Some(OTHERS.into()), what }).await;
            assert!(matches!(&answer, Answer::Refused { faults } if faults[0].code.name() == "webhook.unknown"), "{answer:?}");
        }
        let answer = house.hub.answer(Ask::Webhooks { company: Some(OTHERS.into()), what: WebhookAsk::List }).await;
        assert!(matches!(&answer, Answer::Webhooks { webhooks } if webhooks.is_empty()), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn a_removed_one_hears_nothing_more() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["*"]).await.webhook;
        house.done(WebhookAsk::Remove { webhook: hook.id[..35].to_owned() }).await;
        house.happen().await;
        house.work().await;
        assert!(house.heard().is_empty());
        let mut db = house.hub.db().read().await.unwrap();
        assert!(job::list(&mut db, &house.us.id).await.unwrap().is_empty());
        assert_eq!(event::verify(&mut db, &house.us.id, &house.us.key).await.unwrap().unwrap(), house.kinds().await.len() as i64);
    })
    .await;
}
