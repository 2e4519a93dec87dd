//! `kvitt bench web`: how long pages take where a company has very many invoices.
//!
//! The invoices are [`copies`](super::copies) of one that was accepted: what is measured is reading. Pages are asked for over HTTP, one after the other, by somebody who is signed in.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use kvitt_domain::Language;
use kvitt_domain::person::{Role, Theme};
use kvitt_hub::actions::accept_invoice::{HandedIn, UnknownSeller};
use kvitt_hub::actions::sign_in::begin_session;
use kvitt_hub::store::company::Company;
use kvitt_hub::store::person::Person;
use kvitt_hub::store::{membership, person};
use kvitt_hub::{Config, Hub};
use serde::Serialize;
use tempfile::TempDir;

use super::copies::{Copies, id_of};
use super::invoices;
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

/// The 99th percentile of each page shall be no longer.
const WANTED: Duration = Duration::from_millis(50);
/// Lines of the invoice that is copied.
const LINES: usize = 10;

/// Asks for pages of a company with very many invoices; none shall take long.
#[derive(Debug, Args)]
pub struct Web {
    /// Invoices of the company.
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    invoices: usize,
    /// How often each page is asked for.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    times: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    invoices: usize,
    pages: Vec<PageTook>,
    wanted_p99_ms: f64,
    met: bool,
}

#[derive(Debug, Serialize)]
struct PageTook {
    page: String,
    bytes: usize,
    p50_ms: f64,
    p99_ms: f64,
}

impl Web {
    pub async fn run(self, session: &Session) -> Outcome {
        let folder = TempDir::with_prefix("kvitt-").map_err(|cause| Failure::io("making a passing folder", cause))?;
        let listen = "127.0.0.1:0".parse().expect("it is an address");
        let hub = Hub::open(folder.path(), Config { listen, ..Config::default() }).await?;
        let copies = Copies::of(&hub, template()).await?;
        let bar = progress::bar(self.invoices, session.words.say("progress.benching", &[]), session.json);
        copies.store(self.invoices, |stored| bar.inc(stored as u64)).await?;
        bar.finish_and_clear();
        let token = sign_in(&hub, copies.company()).await?;
        let running = hub.start().await?;
        let address = format!("http://{}", running.http());
        let mut pages = Vec::new();
        for path in [
            "/".to_owned(),
            "/invoices".to_owned(),
            "/invoices?show=there".to_owned(),
            "/invoices?show=needed".to_owned(),
            "/invoices?route=print".to_owned(),
            format!("/invoices?q=copy-{}", self.invoices / 2),
            format!("/invoices/{}", copies.id()),
            "/payments".to_owned(),
            "/events".to_owned(),
        ] {
            pages.push(ask(&address, path, &token, self.times).await?);
        }
        running.stop().await;
        hub.close().await;
        let met = pages.iter().all(|page| page.p99_ms <= WANTED.as_secs_f64() * 1e3);
        let report = Report { invoices: self.invoices, pages, wanted_p99_ms: WANTED.as_secs_f64() * 1e3, met };
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.met { Exit::Fine } else { Exit::Refused })
    }
}

impl Report {
    fn text(&self) -> String {
        let mut text = format!("{} invoices\n\n| page | bytes | p50, ms | p99, ms |\n|---|---:|---:|---:|\n", self.invoices);
        for PageTook { page, bytes, p50_ms, p99_ms } in &self.pages {
            writeln!(text, "| `{page}` | {bytes} | {p50_ms:.1} | {p99_ms:.1} |").expect("writing to a string works");
        }
        let met = if self.met { "met" } else { "NOT met" };
        writeln!(text, "\nwanted p99 at most {:.0} ms: {met}", self.wanted_p99_ms).expect("writing to a string works");
        text
    }
}

/// A page so many times, after one that warms up.
async fn ask(address: &str, page: String, token: &str, times: usize) -> Result<PageTook, Failure> {
    let failed = |cause: reqwest::Error| Failure::Answered(format!("a page was not answered: {cause}"));
    let http = reqwest::Client::new();
    let (mut took, mut bytes) = (Vec::with_capacity(times), 0);
    for turn in 0..=times {
        let begun = Instant::now();
        let request = http.get(format!("{address}{page}")).header("cookie", format!("kvitt={token}"));
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        bytes = answer.text().await.map_err(failed)?.len();
        if turn > 0 {
            took.push(begun.elapsed());
        }
    }
    took.sort();
    let at = |hundredths: usize| took.get((took.len() * hundredths / 100).min(took.len().saturating_sub(1)));
    let ms = |hundredths| at(hundredths).map_or(f64::NAN, |one| one.as_secs_f64() * 1e3);
    Ok(PageTook { page, bytes, p50_ms: ms(50), p99_ms: ms(99) })
}

fn template() -> HandedIn {
    HandedIn { unknown_seller: UnknownSeller::Add, ..HandedIn::file("bench.xml", invoices::invoice(LINES).into()) }
}

async fn sign_in(hub: &Hub, company: &Company) -> Result<String, Failure> {
    let id = id_of(0);
    let eva = Person {
        id: id.clone(),
        email: "eva@bench.example".into(),
        name: "Eva".into(),
        language: Language::Bokmal,
        theme: Theme::Auto,
    };
    let of = company.id.clone();
    let made = hub.write(move |tx| {
        let (eva, of) = (eva.clone(), of.clone());
        Box::pin(async move {
            // No password is like this: nobody signs in with it.
            person::insert(tx, &eva, "-", 0).await?;
            membership::insert(tx, &of, &eva.id, Role::Admin, 0).await
        })
    });
    made.await?;
    Ok(begin_session(hub, &id, &company.id).await?)
}
