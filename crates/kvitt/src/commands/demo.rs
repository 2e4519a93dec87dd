//! `kvitt demo`: everything at work on this machine alone.
//!
//! The sandbox and the hub run in this process and speak over real sockets; the example documents are in the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::money::Amount;
use kvitt_domain::plan::RouteName;
use kvitt_hub::Hub;
use kvitt_hub::desk::{PaymentShown, Status, WantedPayments};
use kvitt_hub::hub::Running;
use serde::Serialize;
use tempfile::TempDir;

use crate::cli::Session;
use crate::commands::payments::{all_payments, payments_table};
use crate::commands::serve::told_to_stop;
use crate::demo::world::World;
use crate::demo::{companies, direct_debit, examples};
use crate::desk::{Desk, Place};
use crate::exit::{Exit, Failure, Outcome};
use crate::oracle::{self, Findings, Known};
use crate::report::{Refusal, Report, Row, Said, Taken, rows};
use crate::show::{debits, progress, report};
use crate::words::Words;

/// How far away something may be for the demo to wait for it. Retries are not among it, the first of which comes after 5 s: the clock
/// is moved to them.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long all must have been quiet: a bounce comes as a file, and the sandbox takes a moment to write it.
const QUIET_FOR: Duration = Duration::from_millis(600);
/// How often the demo looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What the demo lets happen: retries and polls; what takes hours, and the file of claims that is closed on a bank day, in time for
/// the bank; a print job that closes in the afternoon, is printed at night and posted on the next working day, also where a weekend
/// or Easter lies between; the morning after the direct debits; what payers do by hand and undo some days later, and letters that
/// come back; and, when the bank's files of it are read, debits that nobody tells of.
const TIME_PASSES: [(&str, Pass); 6] = [
    ("demo.minutes_later", Pass::For(Duration::from_mins(12))),
    ("demo.file_closed", Pass::UntilFileIsClosed { at_least: Duration::from_hours(7) }),
    ("demo.days_later", Pass::For(Duration::from_hours(24 * 8))),
    ("demo.debited", Pass::UntilAfterDue { bank_days: 1 }),
    ("demo.paid_by_hand", Pass::UntilAfterDue { bank_days: 3 }),
    ("demo.not_debited", Pass::UntilAfterDue { bank_days: 5 }),
];
/// When files of claims have been closed, at half past one (docs/routes/avtalegiro.md), and the bank still takes them.
const FILE_IS_CLOSED: Time = Time::constant(13, 35, 0, 0);
/// When the bank has told of the day before.
const BANK_HAS_TOLD: Time = Time::constant(9, 0, 0, 0);
/// The demo never takes longer, whatever is stuck: it then shows what stands where.
const LONGEST: Duration = Duration::from_secs(180);

/// How far the clock is moved.
#[derive(Debug, Clone, Copy)]
enum Pass {
    /// So long.
    For(Duration),
    /// To the next bank day on which the file of claims was just closed, after so long at least.
    UntilFileIsClosed {
        /// How long.
        at_least: Duration,
    },
    /// To the morning of a bank day after the direct debits' due date.
    UntilAfterDue {
        /// How many bank days after it.
        bank_days: u16,
    },
}

impl Pass {
    /// How far that is from now; nothing where that time is over.
    fn from(self, now: Timestamp, due_on: Date) -> Duration {
        let calendar = BankCalendar::default();
        let until = match self {
            Pass::For(by) => return by,
            Pass::UntilFileIsClosed { at_least } => {
                calendar.next_cut_off(now.saturating_add(at_least).unwrap_or(now), FILE_IS_CLOSED)
            }
            Pass::UntilAfterDue { bank_days } => {
                calendar::at(calendar.add_bank_days(calendar.on_or_after(due_on), bank_days), BANK_HAS_TOLD)
            }
        };
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    }
}

/// Starts a sandbox and a hub on this machine, sends the example invoices and credit notes, the faulty ones too, and shows what
/// became of each and why. Nothing reaches a real recipient. Without `--data` it plays in a new folder among the temporary
/// ones; a folder named twice is played again, and nothing in it is sent twice.
#[derive(Debug, Args)]
pub struct Demo {
    /// End when all is shown, instead of leaving hub and sandbox open to be looked at.
    #[arg(long)]
    exit: bool,
}

/// What the demo prints as JSON: the report, and what the comparison with the sandbox's ledger found.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    report: Report,
    /// Invoices that the hub says were taken and that the sandbox does not have.
    lost: usize,
    /// Invoices that a recipient has twice.
    duplicated: usize,
    /// Which, by name.
    found: Findings,
    /// Invoices that were claimed by direct debit.
    claimed: usize,
    /// Those of them that are paid.
    paid: usize,
    /// Those of them that are owed again, because the debit did not happen.
    reopened: usize,
    /// Those of them by where their money stands.
    by_money: BTreeMap<String, usize>,
    /// Payments that no invoice is certain of: a person decides.
    parked_payments: usize,
    /// Them, each with what a person might choose.
    payments: Vec<PaymentShown>,
    /// What the delivered ones would have cost as letters on paper, where the price book knows.
    cost_by_print: Option<String>,
    hub: String,
    sandbox: String,
    data: PathBuf,
}

/// Everything that runs during the demo.
struct Stage {
    desk: Desk,
    hub: Hub,
    world: World,
    running: Running,
}

impl Stage {
    /// Starts a sandbox, and a hub that its configuration points at the sandbox.
    async fn start(data: &Path) -> Result<Stage, Failure> {
        let world = World::start(&data.join("sandbox"), loopback(), loopback(), 0).await?;
        let config = data.join("kvitt.toml");
        let listen = free_address().map_err(|cause| Failure::io("looking for a free port", cause))?;
        let settings = format!(
            "# Written anew by each kvitt demo.\nlisten = \"{listen}\"\npublic_address = \"http://{listen}\"\n\n{}",
            world.configuration()
        );
        std::fs::write(&config, settings).map_err(|cause| Failure::io(format!("writing {}", config.display()), cause))?;
        let place = Place { data: data.to_owned(), config: Some(config) };
        let hub = Hub::open(data, place.read_config()?).await?;
        let running = hub.start().await?;
        Ok(Stage { desk: Desk::in_process(hub.clone()), hub, world, running })
    }

    async fn stop(self) {
        self.running.stop().await;
        self.desk.close().await;
        self.world.stop().await;
    }
}

impl Demo {
    pub async fn run(self, session: &Session) -> Outcome {
        let data = folder(session)?;
        let stage = Stage::start(&data).await?;
        companies::set_up(&stage.desk).await?;
        let mandates = direct_debit::activate(&stage.desk).await?;
        let say = |what: &str, values: &[(&str, &str)]| match session.json {
            true => Ok(()),
            false => session.print(&session.words.say(what, values)),
        };
        say("demo.agreements", &[("mandates", &mandates.to_string())])?;
        let fresh_on = fresh_on(&data)?;
        let due_on = fresh_on.saturating_add(Span::new().days(direct_debit::DUE_IN_DAYS));
        let (taken, refusals) = send(&stage.desk, session, fresh_on).await?;
        until_quiet(&stage, taken.len(), session).await?;
        for (what, pass) in TIME_PASSES {
            let by = pass.from(stage.hub.clock().business(), due_on);
            if !by.is_zero() {
                say(what, &[])?;
                let_time_pass(&stage, by).await?;
                until_quiet(&stage, taken.len(), session).await?;
            }
        }
        let shown = look(&stage, taken, refusals, session.words).await?;
        match session.json {
            true => session.print_json(&shown)?,
            false => session.print(&text(&shown, &stage.world, session.words))?,
        }
        if !self.exit {
            if !session.json {
                let data = data.display().to_string();
                // The catalogue keeps braces for values.
                let values = [("sandbox", shown.sandbox.as_str()), ("data", &data), ("open", "{"), ("close", "}")];
                session.print(&format!("\n{}", session.words.say("demo.open", &values)))?;
                if let Some(code) = kvitt_hub::actions::begin::code(&stage.hub).await? {
                    let http = stage.running.http().to_string();
                    session.print(&format!("\n{}", session.words.say("serve.first_run", &[("http", &http), ("code", &code)])))?;
                }
            }
            told_to_stop()?.await;
        }
        stage.stop().await;
        Ok(if shown.lost + shown.duplicated == 0 { Exit::Fine } else { Exit::Refused })
    }
}

fn loopback() -> std::net::SocketAddr {
    (std::net::Ipv4Addr::LOCALHOST, 0).into()
}

/// An address that nobody listens on: the bank must know where the bills are before the hub is there.
fn free_address() -> std::io::Result<std::net::SocketAddr> {
    std::net::TcpListener::bind(loopback())?.local_addr()
}

/// The folder named, or a new one among the temporary ones, which stays so that `kvitt explain` can look into it.
fn folder(session: &Session) -> Result<PathBuf, Failure> {
    let data = if session.data_named {
        let data = session.place.data.clone();
        std::fs::create_dir_all(&data).map_err(|cause| Failure::io(format!("making {}", data.display()), cause))?;
        data
    } else {
        TempDir::with_prefix("kvitt-demo-").map_err(|cause| Failure::io("making a folder for the demo", cause))?.keep()
    };
    std::fs::canonicalize(&data).map_err(|cause| Failure::io(data.display().to_string(), cause))
}

/// The day that the documents are fresh on: today, or the day on which this folder was first played in, so that the same
/// documents come again and are known again.
fn fresh_on(data: &Path) -> Result<Date, Failure> {
    let note = data.join("demo-day");
    if let Some(day) = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(day);
    }
    let zone = TimeZone::get("Europe/Oslo").unwrap_or(TimeZone::UTC);
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    std::fs::write(&note, format!("{today}\n")).map_err(|cause| Failure::io(format!("writing {}", note.display()), cause))?;
    Ok(today)
}

async fn send(desk: &Desk, session: &Session, fresh_on: Date) -> Result<(Vec<Taken>, Vec<Refusal>), Failure> {
    let documents = examples::documents(fresh_on);
    let bar = progress::bar(documents.len(), session.words.say("progress.accepting", &[]), session.json);
    let (mut taken, mut refusals) = (Vec::new(), Vec::new());
    for document in documents {
        let file = document.name.clone().unwrap_or_default();
        match desk.send(document).await {
            Ok(accepted) => taken.push(Taken { file, accepted }),
            Err(Failure::Refused(faults)) => refusals.push(Refusal { file, faults: Said::all(&faults, session.words) }),
            Err(failure) => return Err(failure),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((taken, refusals))
}

/// Waits until no job is due within [`PATIENCE`], no bounce, receipt or bank file waits to be read, and both have been so for
/// [`QUIET_FOR`].
async fn until_quiet(stage: &Stage, accepted: usize, session: &Session) -> Result<(), Failure> {
    let Stage { hub, world, .. } = stage;
    let bar = progress::bar(accepted, session.words.say("progress.delivering", &[]), session.json);
    let begun = tokio::time::Instant::now();
    let mut quiet_since = None;
    while begun.elapsed() < LONGEST {
        let status = hub.status().await?;
        progress::follow(&bar, &status);
        let files = [world.bounces.join("new"), world.print_shop.join("receipts"), world.bank.join("out")];
        let is_quiet = is_quiet(&status) && !files.iter().any(|folder| holds_a_file(folder));
        match (is_quiet, quiet_since) {
            (false, _) => quiet_since = None,
            (true, None) => quiet_since = Some(tokio::time::Instant::now()),
            (true, Some(since)) if since.elapsed() >= QUIET_FOR => break,
            (true, Some(_)) => {}
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    bar.finish_and_clear();
    Ok(())
}

fn is_quiet(status: &Status) -> bool {
    let patience = i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX);
    status.next_due_at.is_none_or(|due| due > status.now.saturating_add(patience))
}

fn holds_a_file(folder: &Path) -> bool {
    let is_file = |entry: std::io::Result<std::fs::DirEntry>| entry.is_ok_and(|entry| entry.path().is_file());
    std::fs::read_dir(folder).is_ok_and(|entries| entries.into_iter().any(is_file))
}

/// Moves the sandbox's clock, and the hub's with it, which would follow in a moment.
async fn let_time_pass(stage: &Stage, by: Duration) -> Result<(), Failure> {
    stage.world.advance(by).await?;
    Ok(stage.hub.move_clock(stage.hub.clock().offset().saturating_add(by)).await?)
}

/// Collects what became of everything, and compares it with the ledger.
async fn look(stage: &Stage, taken: Vec<Taken>, refusals: Vec<Refusal>, words: Words) -> Result<Shown, Failure> {
    let Stage { desk, hub, world, running } = stage;
    let rows = rows(desk, taken, words).await?;
    let known: Vec<Known> = rows
        .iter()
        .map(|row| Known { company: row.company.clone(), invoice: row.number.clone(), state: row.state.clone() })
        .collect();
    let ledger = oracle::fetch(&world.ledger()).await;
    let mut ledger = ledger.map_err(|cause| Failure::io("reading the sandbox's ledger", cause))?;
    // MPS is told no more of an invoice than where its document is.
    let numbers = rows.iter().map(|row| (row.id.clone(), row.number.clone())).collect();
    oracle::name_bills(&mut ledger, &numbers);
    // Of a claim everybody is told the KID, and nobody the invoice.
    let of_debit = |row: &Row| Some((row.debit.as_ref()?.kid.clone(), row.number.clone()));
    ledger.extend(world.claims(direct_debit::COMPANY).await?);
    oracle::name_claims(&mut ledger, &rows.iter().filter_map(of_debit).collect());
    let found = oracle::compare(&known, &ledger);
    let report = Report::of(rows, refusals);
    let by_money = by_money(&report.invoices);
    let standing = |name: &str| by_money.get(name).copied().unwrap_or_default();
    let wanted = WantedPayments { state: Some("parked".to_owned()), suggestions: true };
    let payments = all_payments(desk, direct_debit::COMPANY, &wanted).await?;
    Ok(Shown {
        claimed: by_money.values().sum(),
        paid: standing("paid"),
        reopened: standing("reopened"),
        by_money,
        parked_payments: payments.len(),
        payments,
        lost: found.lost.len(),
        duplicated: found.duplicated.len(),
        found,
        cost_by_print: by_print(hub, report.totals.delivered).map(|cost| words.amount(cost)),
        report,
        hub: format!("http://{}", running.http()),
        sandbox: format!("http://{}", world.http),
        data: hub.data().to_owned(),
    })
}

/// The invoices whose claim was not refused, by where their money stands.
fn by_money(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        if let (Some(debit), Some(money)) = (&row.debit, &row.money)
            && debit.claim != "refused"
        {
            *counts.entry(money.standing.clone()).or_default() += 1;
        }
    }
    counts
}

/// What so many letters on paper would cost today.
fn by_print(hub: &Hub, letters: usize) -> Option<Amount> {
    let today = hub.clock().business().to_zoned(TimeZone::UTC).date();
    let one = hub.prices().price(&RouteName::new("print"), today)?;
    let all = one.minor().checked_mul(i64::try_from(letters).ok()?)?;
    Some(Amount::new(all, one.currency()))
}

/// What became of the direct debits: each in a row, how many are paid and what is not, and the payments that wait for a person.
fn money(shown: &Shown, words: Words) -> String {
    let mut by_money: Vec<(&String, &usize)> = shown.by_money.iter().collect();
    by_money.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let standing = |(standing, count): (&String, &usize)| format!("{count} {}", words.name("collection", standing));
    let values = [
        ("claimed", shown.claimed.to_string()),
        ("standing", by_money.into_iter().map(standing).collect::<Vec<_>>().join(", ")),
        ("parked", shown.parked_payments.to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = format!(
        "\n{}\n{}\n{}\n",
        words.say("demo.debits", &[]),
        debits::text(&shown.report.invoices, words),
        words.say("demo.money", &values)
    );
    if !shown.payments.is_empty() {
        let payments: Vec<(String, PaymentShown)> =
            shown.payments.iter().map(|payment| (direct_debit::COMPANY.to_owned(), payment.clone())).collect();
        text.push_str(&format!("{}\n", payments_table(&payments, words)));
    }
    text
}

fn text(shown: &Shown, world: &World, words: Words) -> String {
    let mut text = report::text(&shown.report, words);
    text.push_str(&money(shown, words));
    if let Some(cost) = &shown.cost_by_print {
        text.push_str(&format!("{}\n", words.say("demo.by_print", &[("cost", cost)])));
    }
    let (lost, duplicated) = (shown.lost.to_string(), shown.duplicated.to_string());
    text.push_str(&format!("{}\n", words.say("demo.ledger", &[("lost", &lost), ("duplicated", &duplicated)])));
    for name in shown.found.lost.iter().chain(&shown.found.duplicated) {
        text.push_str(&format!("  ✗ {name}\n"));
    }
    let data = shown.data.display().to_string();
    let mailbox = format!("http://{}/mailbox", world.http);
    let values = [("hub", shown.hub.as_str()), ("sandbox", &shown.sandbox), ("mailbox", &mailbox), ("data", &data)];
    text.push_str(&format!("\n{}\n\n{}\n", words.say("demo.addresses", &values), words.say("demo.next", &values)));
    text
}
