//! `kvitt bench web`: how long pages take where a company has very many invoices.
//!
//! The invoices are copies of one that was accepted, stored as they would lie there once they were handed over: what is measured is
//! reading. Pages are asked for over HTTP, one after the other, by somebody who is signed in.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use kvitt_domain::Language;
use kvitt_domain::collection::Collection;
use kvitt_domain::delivery::{AttemptId, Delivery, Purpose, State};
use kvitt_domain::payment::Candidate;
use kvitt_domain::person::{Role, Theme};
use kvitt_domain::plan::RouteName;
use kvitt_hub::actions::accept_invoice::{HandedIn, UnknownSeller, accept_invoice};
use kvitt_hub::actions::sign_in::begin_session;
use kvitt_hub::store::company::Company;
use kvitt_hub::store::delivery::{NewDelivery, StoredAttempt};
use kvitt_hub::store::invoice::StoredInvoice;
use kvitt_hub::store::person::Person;
use kvitt_hub::store::{collection, delivery, invoice, membership, person, search};
use kvitt_hub::{Config, Hub};
use serde::Serialize;
use tempfile::TempDir;

use super::invoices;
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

/// Invoices that are stored in one transaction.
const AT_ONCE: usize = 500;
/// The 99th percentile of each page shall be no longer.
const WANTED: Duration = Duration::from_millis(50);
/// Routes of the copies, in turns.
const ROUTES: [&str; 3] = ["email", "efaktura", "print"];
/// Lines of the invoice that is copied.
const LINES: usize = 10;
const DAY_MS: i64 = 24 * 3_600_000;

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
        let accepted = accept_invoice(&hub, template()).await?;
        let company = hub.company(None).await?;
        let stored = kvitt_hub::actions::explain::find(&hub, &company, &accepted.id).await?;
        let bar = progress::bar(self.invoices, session.words.say("progress.benching", &[]), session.json);
        for first in (0..self.invoices).step_by(AT_ONCE) {
            let numbers = first..self.invoices.min(first + AT_ONCE);
            bar.inc(numbers.len() as u64);
            store(&hub, &company, &stored, numbers).await?;
        }
        bar.finish_and_clear();
        let token = sign_in(&hub, &company).await?;
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
            format!("/invoices/{}", accepted.id),
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
    let id = uuid_text(0);
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

/// Ids that sort by their number.
fn uuid_text(number: usize) -> String {
    format!("01936000-0000-7000-8000-{number:012x}")
}

/// Stores copies with these numbers.
async fn store(hub: &Hub, company: &Company, of: &StoredInvoice, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    let now = hub.clock().business_ms();
    let mut copies = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut copy = of.clone();
        copy.id = uuid_text(number + 1);
        copy.accepted_at = now - i64::try_from(number % 80).unwrap_or(0) * DAY_MS;
        copy.body.invoice.number = format!("copy-{number}");
        copy.body.invoice.buyer.name = format!("Kari Kunde {}", number % 997);
        let sealed = invoice::seal(&company.key, &copy)?;
        copies.push((number, copy, sealed));
    }
    let (company, copies) = (company.clone(), std::sync::Arc::new(copies));
    let stored = hub.write(move |tx| {
        let (company, copies) = (company.clone(), copies.clone());
        Box::pin(async move {
            let (id, key) = (company.id.as_str(), &company.key);
            for (number, copy, sealed) in copies.iter() {
                let document = &copy.body.invoice;
                invoice::insert(tx, id, copy, sealed).await?;
                search::insert(tx, id, &copy.id, &search::words_of(document)).await?;
                let new = NewDelivery { id: &copy.id, invoice: &copy.id, purpose: Purpose::Bill };
                delivery::insert(tx, id, key, new, copy.accepted_at).await?;
                let route = RouteName::new(ROUTES[number % ROUTES.len()]);
                let attempt = AttemptId(copy.id.parse().expect("it is a UUID"));
                let before = delivery::by_id(tx.db(), id, key, &copy.id).await?;
                let state = State::HandedOver { route: route.clone(), attempt, receipt: String::new() };
                delivery::save(tx, id, key, &before, &Delivery { tried: Vec::new(), state }, copy.accepted_at).await?;
                let tried = StoredAttempt {
                    id: attempt,
                    delivery: copy.id.clone(),
                    invoice: copy.id.clone(),
                    purpose: Purpose::Bill,
                    number: 1,
                    route: route.as_str().to_owned(),
                    price: None,
                    give_up_at: None,
                    word: None,
                    opened_at: copy.accepted_at,
                };
                delivery::insert_attempt(tx, id, &tried).await?;
                let owed = Candidate {
                    invoice: copy.id.clone(),
                    number: document.number.clone(),
                    kid: None,
                    due_on: document.due_on,
                    collection: Collection::new(document.totals.payable),
                };
                collection::insert(tx, id, &owed, "", copy.accepted_at).await?;
            }
            Ok(())
        })
    });
    Ok(stored.await?)
}
