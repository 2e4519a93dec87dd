//! `kvitt bench pipeline`: invoices from intake until they are handed over, with every counterparty played by a sandbox in a
//! process of its own.
//!
//! Three runs, of a hundredth, a tenth and all of the invoices, each in a process of its own (`pipeline-run`), so that memory is one
//! run's and a cost that grows is seen. The floor ([`floor`]) is what the same database takes through the same driver in rows as
//! large; [`load`] makes the invoices.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use kvitt_hub::Hub;
use kvitt_hub::hub::Running;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::peak_memory;
use super::stopwatch::process_cpu;
use crate::cli::Session;
use crate::demo::companies;
use crate::demo::world::Addresses;
use crate::desk::{Desk, Place};
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

pub(super) mod floor;
pub(super) mod load;
mod report;

/// Documents that are handed in at the same time: a bulk sender with a few connections.
const AT_A_TIME: usize = 16;
/// How often it is looked whether all are handed over, at most: that counts every delivery.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Nothing happened for so long: the run is given up, and what stands where is said.
const STUCK: Duration = Duration::from_secs(120);
/// How long the floor is measured.
const FLOOR: Duration = Duration::from_secs(5);

/// Hands invoices in and waits until all are handed over: 40 % by e-mail, 50 % by eFaktura, 10 % to print; 40 % of all need a PDF made, the
/// others bring their own. Counterparties are played by a sandbox in its own process, whose time on the cores is told apart.
#[derive(Debug, Args)]
pub struct Pipeline {
    /// How many; a tenth and a hundredth of it are run as well.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    invoices: usize,
    /// A PostgreSQL server to run on instead of SQLite: a database of its own is made for each run, and dropped.
    #[arg(long, value_name = "postgres://…")]
    database: Option<String>,
    /// Only this many, without the smaller runs.
    #[arg(long)]
    once: bool,
}

/// One run: prints what it measured as JSON.
#[derive(Debug, Args)]
pub struct PipelineRun {
    invoices: usize,
    folder: PathBuf,
    #[arg(long)]
    database: Option<String>,
}

/// What one run measured. Times in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub invoices: usize,
    /// From the first that was handed in to the last that was handed over.
    pub seconds: f64,
    /// Until the last was accepted.
    pub accepted_after: f64,
    /// Time of the hub's process on the cores.
    pub hub_cpu: f64,
    /// Time of the sandbox's process on the cores.
    pub sandbox_cpu: f64,
    /// The hub's process at its largest, bytes; 0 where the system does not say.
    pub peak_memory: usize,
    /// Rows inserted, changed and deleted.
    pub rows_written: u64,
    /// Mean size of a row that stands at the end, bytes.
    pub row_bytes: u64,
    /// Rows a second that the same database takes raw.
    pub floor_rows_per_second: f64,
    /// What became of the deliveries, by state.
    pub states: std::collections::BTreeMap<String, i64>,
}

impl Pipeline {
    pub async fn run(self, session: &Session) -> Outcome {
        let sizes: Vec<usize> = match self.once {
            true => vec![self.invoices],
            false => [100, 10, 1].map(|part| (self.invoices / part).max(1)).into_iter().collect(),
        };
        let bar = progress::bar(sizes.len(), session.words.say("progress.benching", &[]), session.json);
        let mut runs = Vec::with_capacity(sizes.len());
        for invoices in sizes {
            runs.push(self.one(invoices).await?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let report = report::Report::of(self.database.is_some(), runs);
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.is_met() { Exit::Fine } else { Exit::Refused })
    }

    /// One size, in a process of its own.
    async fn one(&self, invoices: usize) -> Result<Measured, Failure> {
        let failed = |cause| Failure::io("running the bench", cause);
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["bench", "pipeline-run", &invoices.to_string()]).arg(folder.path()).stderr(Stdio::inherit());
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        // This process has nothing else to do meanwhile.
        let output = command.output().map_err(failed)?;
        serde_json::from_slice(&output.stdout)
            .map_err(|cause| Failure::Answered(format!("a run of {invoices} invoices ended with {}: {cause}", output.status)))
    }
}

impl PipelineRun {
    pub async fn run(self, session: &Session) -> Outcome {
        let database = match &self.database {
            None => None,
            Some(server) => Some(floor::Postgres::create(server, "kvitt_bench").await?),
        };
        let measured = self.measure(database.as_ref()).await;
        if let Some(database) = database {
            database.drop().await?;
        }
        session.print_json(&measured?)?;
        Ok(Exit::Fine)
    }

    async fn measure(&self, database: Option<&floor::Postgres>) -> Result<Measured, Failure> {
        let sandbox = SandboxProcess::start(&self.folder.join("sandbox"))?;
        let stage = Stage::start(&self.folder.join("hub"), &sandbox.addresses, database.map(floor::Postgres::url)).await?;
        let begun = Instant::now();
        let hub_cpu = process_cpu("self");
        accept(&stage.hub, self.invoices).await?;
        let accepted_after = begun.elapsed();
        let states = until_handed_over(&stage, &sandbox.addresses).await?;
        let seconds = begun.elapsed();
        let measured = Measured {
            invoices: self.invoices,
            seconds: seconds.as_secs_f64(),
            accepted_after: accepted_after.as_secs_f64(),
            hub_cpu: (process_cpu("self") - hub_cpu).as_secs_f64(),
            sandbox_cpu: process_cpu(&sandbox.process.id().to_string()).as_secs_f64(),
            peak_memory: peak_memory().unwrap_or(0),
            rows_written: 0,
            row_bytes: 0,
            floor_rows_per_second: 0.0,
            states,
        };
        let written = stage.hub.db().rows_written().await?;
        let row_bytes = stage.hub.db().mean_row_bytes().await?;
        stage.stop().await;
        drop(sandbox);
        let raw = match database {
            Some(database) => floor::Floor::on(database.url()).await?,
            None => floor::Floor::on(&kvitt_hub::store::Db::sqlite_url(&self.folder.join("floor.db"))).await?,
        };
        let floor_rows_per_second = raw.rows_per_second(row_bytes, FLOOR).await?;
        Ok(Measured { rows_written: written, row_bytes, floor_rows_per_second, ..measured })
    }
}

/// A sandbox in its own process; it ends with this one.
struct SandboxProcess {
    addresses: Addresses,
    process: Child,
}

impl SandboxProcess {
    fn start(data: &Path) -> Result<SandboxProcess, Failure> {
        let failed = |cause| Failure::io("starting a sandbox", cause);
        let mut process = Command::new(std::env::current_exe().map_err(failed)?)
            .args(["sandbox", "--json", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut said = String::new();
        for line in std::io::BufReader::new(process.stdout.take().expect("it was piped")).lines() {
            said.push_str(&line.map_err(failed)?);
            if let Ok(addresses) = serde_json::from_str(&said) {
                return Ok(SandboxProcess { addresses, process });
            }
        }
        Err(Failure::Answered(format!("the sandbox did not start: {said}")))
    }
}

/// It keeps nothing that anybody needs; killed is ended.
impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A hub at work in this process, with the example companies set up.
struct Stage {
    hub: Hub,
    desk: Desk,
    running: Running,
}

impl Stage {
    async fn start(data: &Path, addresses: &Addresses, database: Option<&str>) -> Result<Stage, Failure> {
        std::fs::create_dir_all(data).map_err(|cause| Failure::io(format!("making {}", data.display()), cause))?;
        let config = data.join("kvitt.toml");
        let database = database.map(|url| format!("database = \"{url}\"\n")).unwrap_or_default();
        let settings = format!(
            "listen = \"127.0.0.1:0\"\npublic_address = \"https://bills.example\"\n{database}{}",
            addresses.configuration()
        );
        std::fs::write(&config, settings).map_err(|cause| Failure::io(format!("writing {}", config.display()), cause))?;
        let place = Place { data: data.to_owned(), config: Some(config) };
        let hub = Hub::open(data, place.read_config()?).await?;
        let running = hub.start().await?;
        let desk = Desk::in_process(hub.clone());
        companies::set_up(&desk).await?;
        Ok(Stage { hub, desk, running })
    }

    async fn stop(self) {
        self.running.stop().await;
        self.desk.close().await;
    }
}

async fn accept(hub: &Hub, invoices: usize) -> Result<(), Failure> {
    let mut senders = JoinSet::new();
    for first in 0..AT_A_TIME {
        let desk = Desk::in_process(hub.clone());
        senders.spawn(async move {
            for index in (first..invoices).step_by(AT_A_TIME) {
                desk.send(load::invoice(index)).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.map_err(|cause| Failure::Answered(format!("a sender failed: {cause}")))??;
    }
    Ok(())
}

/// Waits until every delivery is with its counterparty. Print jobs close in the afternoon: once nothing else is left, the clock
/// is moved to the next day, as it would come.
async fn until_handed_over(stage: &Stage, addresses: &Addresses) -> Result<std::collections::BTreeMap<String, i64>, Failure> {
    const ENDS: [&str; 4] = ["handed_over", "delivered", "seen", "parked"];
    let mut last = (Instant::now(), -1);
    let mut moved = false;
    loop {
        let looked = Instant::now();
        let states = stage.hub.status().await?.states;
        // Counting many takes long: it shall not be what is measured.
        let look_again = LOOK_AGAIN.max(looked.elapsed() * 20);
        let count = |names: &[&str]| names.iter().filter_map(|name| states.get(*name)).sum::<i64>();
        let (ended, all) = (count(&ENDS), states.values().sum::<i64>());
        if ended == all {
            return Ok(states);
        }
        if !moved && count(&ENDS) + count(&["queued"]) == all && only_print_waits(stage).await? {
            moved = true;
            addresses.advance(Duration::from_secs(4 * 24 * 3600)).await?;
        }
        if ended != last.1 {
            last = (Instant::now(), ended);
        } else if last.0.elapsed() > STUCK {
            return Err(Failure::Answered(format!("nothing moves any more: {states:?}")));
        }
        tokio::time::sleep(look_again).await;
    }
}

/// Whether nothing is due for a while: what is queued waits for its print job to close.
async fn only_print_waits(stage: &Stage) -> Result<bool, Failure> {
    const SOON_MS: i64 = 5_000;
    let status = stage.hub.status().await?;
    Ok(status.next_due_at.is_none_or(|due| due > status.now + SOON_MS))
}
