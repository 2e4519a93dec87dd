//! `kvitt bench api`: how many invoices the API accepts, each durable before it is answered, and how long one waits at half that load.
//!
//! Each size has a database of its own with so many invoices stored before. Programs hand invoices in over connections that stay open
//! ([`load`]): first as fast as they are answered, in turns so that all sizes meet the same troubles of the machine, then at half that
//! pace, each at its planned time. Nothing else works meanwhile: the hubs answer HTTP and have no workers. Beside it stands the floor,
//! measured in the same turns: single rows that the same kind of database commits one after the other.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use kvitt_hub::actions::accept_invoice::{HandedIn, UnknownSeller};
use kvitt_hub::actions::api_keys::{self, KeyAsk};
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::config::ApiConfig;
use kvitt_hub::hub::Running;
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_hub::store::raw::Raw;
use kvitt_hub::{Config, Hub};
use tempfile::TempDir;

use super::copies::Copies;
use super::pipeline::floor::Postgres;
use super::pipeline::load::PLAIN;
use super::stopwatch::{median, process_cpu};
use crate::cli::Session;
use crate::demo::examples;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

mod load;
mod report;

use load::{Load, Pace};
use report::{AtHalfLoad, Report, Size};

/// How many turns each size has at full load.
const TURNS: usize = 3;
/// How long the connections are warmed up, once.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long the floor is measured in each turn.
const FLOOR: Duration = Duration::from_secs(2);
/// What a row of the floor holds: what an invoice leaves in one of its tables, about.
const FLOOR_BYTES: usize = 1024;
/// So many requests a second that no caller is told to wait: what is measured is the hub.
const UNLIMITED: NonZeroU32 = NonZeroU32::new(1_000_000).expect("it is not 0");

/// Hands invoices in over HTTP, with few stored before and with very many, in turns: how many a second are accepted and durable, and how
/// long one waits at half that load. No invoice is worked on meanwhile.
#[derive(Debug, Args)]
pub struct Api {
    /// Invoices that are stored before, for each size.
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', default_values_t = [1_000, 1_000_000])]
    stored: Vec<usize>,
    /// Connections, each with one request at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    connections: usize,
    /// How long each turn takes, and then the measurement at half load.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = super::seconds)]
    seconds: f64,
    /// A PostgreSQL server to run on instead of SQLite: databases of its own are made, and dropped.
    #[arg(long, value_name = "postgres://…")]
    database: Option<String>,
}

impl Api {
    pub async fn run(self, session: &Session) -> Outcome {
        let mut databases = Vec::new();
        if let Some(server) = &self.database {
            for place in 0..=self.stored.len() {
                databases.push(Postgres::create(server, &format!("kvitt_bench_api_{place}")).await?);
            }
        }
        let urls: Vec<String> = databases.iter().map(|database| database.url().to_owned()).collect();
        let measured = self.measure(&urls, session).await;
        for database in databases {
            database.drop().await?;
        }
        let report = measured?;
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.is_met() { Exit::Fine } else { Exit::Refused })
    }

    /// Measures on these databases, the last of which is the floor's; on files of its own where there are none.
    async fn measure(&self, urls: &[String], session: &Session) -> Result<Report, Failure> {
        let folder = TempDir::with_prefix("kvitt-").map_err(|cause| Failure::io("making a passing folder", cause))?;
        let steps = self.stored.iter().sum::<usize>();
        let bar = progress::bar(steps, session.words.say("progress.benching", &[]), session.json);
        let mut report = Report::begin(self.database.is_some(), self.connections);
        let mut stages = Vec::with_capacity(self.stored.len());
        for (place, stored) in self.stored.iter().enumerate() {
            let data = folder.path().join(place.to_string());
            let stage = Stage::set(&data, urls.get(place).cloned(), *stored, self.connections, |done| bar.inc(done as u64));
            stages.push(stage.await?);
        }
        let file = format!("sqlite:{}?mode=rwc", folder.path().join("floor.db").display());
        let mut floor = Floor::open(urls.last().unwrap_or(&file)).await?;
        let seconds = Duration::from_secs_f64(self.seconds);
        for stage in &mut stages {
            stage.load.drive(Pace::AsAnswered, WARM_UP.min(seconds), stage.token().await?).await?;
        }
        for _ in 0..TURNS {
            floor.turn(FLOOR.min(seconds)).await?;
            for stage in &mut stages {
                stage.turn(seconds).await?;
            }
        }
        for stage in stages {
            report.sizes.push(stage.end(seconds).await?);
        }
        bar.finish_and_clear();
        report.end(floor.close().await?);
        Ok(report)
    }
}

/// A hub that takes invoices in, and what was measured of it.
struct Stage {
    stored: usize,
    hub: Hub,
    running: Running,
    company: String,
    key: String,
    load: Load,
    accepted: usize,
    per_second: Vec<f64>,
    hub_cpu: Vec<f64>,
    load_cpu: Vec<f64>,
    actions_a_commit: Vec<f64>,
}

impl Stage {
    async fn set(
        data: &Path,
        database: Option<String>,
        stored: usize,
        connections: usize,
        done: impl Fn(usize),
    ) -> Result<Stage, Failure> {
        std::fs::create_dir_all(data).map_err(|cause| Failure::io(format!("making {}", data.display()), cause))?;
        let listen = "127.0.0.1:0".parse().expect("it is an address");
        let api = ApiConfig { requests_per_second: UNLIMITED, ..ApiConfig::default() };
        let hub = Hub::open(data, Config { database, listen, api, ..Config::default() }).await?;
        let xml = examples::fresh(PLAIN.with("original", "0010001005001017", "kunde@post.example").as_bytes());
        let original = HandedIn { unknown_seller: UnknownSeller::Add, ..HandedIn::file("bench.xml", xml) };
        let copies = Copies::of(&hub, original).await?;
        set_bank_account(&hub, copies.company(), load::ACCOUNT, BankAccountSettings::default()).await?;
        copies.store(stored, done).await?;
        let create = KeyAsk::Create { name: "bench".to_owned(), scopes: Vec::new(), by: "bench".to_owned() };
        let made = api_keys::ask(&hub, copies.company(), create).await?;
        let key = made.keys.first().map(|key| key.id.clone()).unwrap_or_default();
        let running = hub.start_http().await?;
        let load = Load::new(running.http(), connections);
        Ok(Stage {
            stored,
            hub,
            running,
            company: made.client_id,
            key,
            load,
            accepted: 0,
            per_second: Vec::new(),
            hub_cpu: Vec::new(),
            load_cpu: Vec::new(),
            actions_a_commit: Vec::new(),
        })
    }

    /// A token for the next hour.
    async fn token(&self) -> Result<String, Failure> {
        let now_s = self.hub.clock().machine().as_second();
        Ok(self.hub.signing().await?.sign(&self.company, &self.key, &["invoice:send".to_owned()], "", now_s)?)
    }

    /// As many as are answered for so long.
    async fn turn(&mut self, time: Duration) -> Result<(), Failure> {
        let token = self.token().await?;
        let (commits, actions) = self.hub.db().writer().commits().so_far();
        let cpu = process_cpu("self");
        let driven = self.load.drive(Pace::AsAnswered, time, token).await?;
        let cpu = process_cpu("self").saturating_sub(cpu).saturating_sub(driven.cpu);
        let (commits_after, actions_after) = self.hub.db().writer().commits().so_far();
        let accepted = driven.waited.len();
        let each = |time: Duration| time.as_secs_f64() * 1e3 / accepted.max(1) as f64;
        self.accepted += accepted;
        self.per_second.push(accepted as f64 / driven.seconds);
        self.hub_cpu.push(each(cpu));
        self.load_cpu.push(each(driven.cpu));
        self.actions_a_commit.push((actions_after - actions) as f64 / (commits_after - commits).max(1) as f64);
        Ok(())
    }

    /// Half of what it took, at planned times; then it is closed.
    async fn end(self, time: Duration) -> Result<Size, Failure> {
        let per_second = median(self.per_second.clone());
        let driven = self.load.drive(Pace::Planned { per_second: per_second / 2.0 }, time, self.token().await?).await?;
        let mut waited = driven.waited;
        waited.sort();
        self.running.stop().await;
        self.hub.close().await;
        let at = |hundredths: usize| waited.get(waited.len() * hundredths / 100).or(waited.last());
        let ms = |hundredths| at(hundredths).map_or(f64::NAN, |waited: &Duration| waited.as_secs_f64() * 1e3);
        let half = AtHalfLoad { planned_per_second: per_second / 2.0, accepted: waited.len(), p50_ms: ms(50), p99_ms: ms(99) };
        Ok(Size {
            stored_before: self.stored,
            accepted_meanwhile: self.accepted,
            accepted_per_second: per_second,
            hub_ms_of_core_each: median(self.hub_cpu),
            load_ms_of_core_each: median(self.load_cpu),
            actions_a_commit: median(self.actions_a_commit),
            at_half_load: half,
        })
    }
}

/// Single rows that are committed one after the other, with the same durability and nothing else to do.
struct Floor {
    raw: Raw,
    rows: usize,
    time: Duration,
}

impl Floor {
    async fn open(url: &str) -> Result<Floor, Failure> {
        Ok(Floor { raw: Raw::open(url).await?, rows: 0, time: Duration::ZERO })
    }

    async fn turn(&mut self, time: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.raw.insert(self.rows, 1, FLOOR_BYTES).await?;
            self.rows += 1;
        }
        self.time += begun.elapsed();
        Ok(())
    }

    /// How many a second.
    async fn close(self) -> Result<f64, Failure> {
        self.raw.close().await?;
        Ok(self.rows as f64 / self.time.as_secs_f64())
    }
}
