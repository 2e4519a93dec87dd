//! Webhooks through the desk, with a receiver on a port of its own, on both databases: what is told, in which order, how it is signed,
//! and what becomes of it when the receiver does not take it.
//!
//! The hub's jobs are done one by one and its clock stands still until a test moves it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::clock::Clock;
use kvitt_hub::config::WebhooksConfig;
use kvitt_hub::desk::{Answer, Ask, NewWebhook, Try, WebhookAsk, WebhookShown, WebhookState, WithSecret};
use kvitt_hub::jobs::{dispatcher, runner};
use kvitt_hub::lock::DataLock;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::job::Wanted;
use kvitt_hub::transport::network::Network;
use kvitt_hub::{Config, Hub};
use serde_json::Value;

use crate::databases::cluster;

mod lasting;
mod signing;
mod telling;

const US: &str = "999002021";
const OTHERS: &str = "988077917";
/// When every test begins.
const MONDAY: &str = "2026-11-02T09:30:00Z";

/// A message as it was heard.
#[derive(Debug, Clone)]
struct Heard {
    path: String,
    id: String,
    timestamp: String,
    signature: String,
    text: String,
    body: Value,
}

impl Heard {
    fn event(&self) -> i64 {
        self.body["data"]["event"].as_i64().unwrap()
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

/// What a receiver says next; 200 where nothing is left to say. The second is `Retry-After`.
type Answers = VecDeque<(u16, Option<&'static str>)>;

/// A receiver: what it heard, and what it says next.
#[derive(Clone, Default)]
struct Receiver {
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<Answers>>,
}

async fn hear(
    Shared(receiver): Shared<Receiver>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl axum::response::IntoResponse {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let text = String::from_utf8(body.to_vec()).unwrap();
    receiver.heard.lock().unwrap().push(Heard {
        path: uri.path().to_owned(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: serde_json::from_str(&text).unwrap(),
        text,
    });
    let (status, later) = receiver.answers.lock().unwrap().pop_front().unwrap_or((200, None));
    let status = StatusCode::from_u16(status).unwrap();
    (
        status,
        later.map(|later| [("retry-after", later)]).map_or_else(HeaderMap::new, |headers| {
            headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
        }),
    )
}

/// A hub with two companies, and a receiver.
struct House {
    folder: tempfile::TempDir,
    hub: Hub,
    us: Company,
    receiver: Receiver,
    address: String,
}

/// Runs a test on SQLite, then on PostgreSQL.
async fn each_house(test: impl AsyncFn(&House)) {
    test(&House::open(None).await).await;
    if let Some(cluster) = cluster() {
        test(&House::open(Some(cluster.new_database().await)).await).await;
    }
}

fn config(database: Option<String>) -> Config {
    let webhooks = WebhooksConfig { networks: vec!["127.0.0.1".into()], ca_file: None };
    Config { database, webhooks, listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() }
}

async fn open(data: &Path, database: Option<String>, clock: Clock) -> Hub {
    let config = config(database);
    let lock = DataLock::take(data).unwrap().unwrap();
    // The first to speak TLS decides for all, as in a hub that opens by itself.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let carrier = Arc::new(Network::of(&config, data).unwrap());
    Hub::open_with(data, config, lock, carrier, clock).await.unwrap()
}

impl House {
    async fn open(database: Option<String>) -> House {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let clock = Clock::standing_at(MONDAY.parse::<Timestamp>().unwrap().as_millisecond());
        let hub = open(&data, database, clock).await;
        let us = add_company(&hub, US, "Fjordvik kommune", CompanySettings::default()).await.unwrap();
        add_company(&hub, OTHERS, "Fjellheimen Barnehage SA", CompanySettings::default()).await.unwrap();
        let receiver = Receiver::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, axum::Router::new().fallback(hear).with_state(receiver.clone())).into_future());
        House { folder, hub, us, receiver, address }
    }

    async fn ask(&self, what: WebhookAsk) -> Answer {
        self.hub.answer(Ask::Webhooks { company: Some(US.into()), what }).await
    }

    /// Adds a webhook that is told from now on.
    async fn add(&self, path: &str, events: &[&str]) -> WithSecret {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        let new = NewWebhook { address: format!("{}{path}", self.address), events, after: None };
        match self.ask(WebhookAsk::Add(new)).await {
            Answer::WebhookSecret(added) => *added,
            other => panic!("{other:?}"),
        }
    }

    async fn done(&self, what: WebhookAsk) {
        let answer = self.ask(what).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    async fn refused(&self, what: WebhookAsk) -> Vec<&'static str> {
        match self.ask(what).await {
            Answer::Refused { faults } => faults.iter().map(|fault| fault.code.name()).collect(),
            other => panic!("{other:?}"),
        }
    }

    async fn shown(&self, id: &str) -> WebhookShown {
        match self.ask(WebhookAsk::List).await {
            Answer::Webhooks { webhooks } => webhooks.into_iter().find(|shown| shown.id == id).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn log(&self, id: &str) -> Vec<Try> {
        match self.ask(WebhookAsk::Log { webhook: id.into() }).await {
            Answer::WebhookTries { tries } => tries,
            other => panic!("{other:?}"),
        }
    }

    async fn is_stopped(&self, id: &str) -> bool {
        matches!(self.shown(id).await.state, WebhookState::Stopped { .. })
    }

    /// Something happens: an event of the kind `company.settings_changed`.
    async fn happen(&self) {
        let settings = CompanySettings { footer: Some(kvitt_hub::ids::new_id().to_string()), ..CompanySettings::default() };
        let answer = self.hub.answer(Ask::ChangeSettings { company: US.into(), settings }).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    /// Does what is due now.
    async fn work(&self) {
        for _ in 0..200 {
            let jobs = dispatcher::claim(&self.hub, &self.us.id, Wanted::any(1)).await.unwrap();
            let Some(job) = jobs.into_iter().next() else { return };
            runner::run(&self.hub, job).await;
        }
        panic!("there is no end of work");
    }

    async fn after(&self, wait: Duration) {
        self.hub.clock().advance(wait);
        self.work().await;
    }

    fn answers(&self, answers: impl IntoIterator<Item = u16>) {
        self.receiver.answers.lock().unwrap().extend(answers.into_iter().map(|status| (status, None)));
    }

    /// What was heard since this was asked last.
    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.receiver.heard.lock().unwrap())
    }

    async fn kinds(&self) -> Vec<String> {
        let answer = self.hub.answer(Ask::Events { company: Some(US.into()), after: 0, limit: 1000 }).await;
        let Answer::Events { events } = answer else { panic!("{answer:?}") };
        events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    }
}
