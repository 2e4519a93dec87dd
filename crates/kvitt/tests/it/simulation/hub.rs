//! The hub of a run: a data folder copied from one that was made once, and the process that has it, which may die and begin
//! again on the same folder.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use kvitt_adapters::route::RouteSetup;
use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_hub::actions::add_company;
use kvitt_hub::actions::order_agreement::{self, AgreementAsk};
use kvitt_hub::clock::Clock;
use kvitt_hub::config::Config;
use kvitt_hub::hub::Hub;
use kvitt_hub::ids::seeded;
use kvitt_hub::lock::DataLock;
use kvitt_hub::store::company::CompanySettings;
use kvitt_hub::transport::Carrier;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::debits::{self, ACCOUNTS};
use super::world::BEGINNING;
use crate::documents::{ACCOUNT, COMPANIES};

/// A folder in memory where the machine has one: a run syncs to disk thousands of times.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder for a run")
}

/// A process that has the hub's folder. Dropping it is `kill -9`: nothing is finished, nothing is given back.
pub struct Process {
    /// The hub.
    pub hub: Option<Hub>,
    runtime: Runtime,
}

/// The lock of a folder whose process is dead: the last of its threads may be letting go of it still.
fn lock_of_the_dead(folder: &Path) -> DataLock {
    let begun = std::time::Instant::now();
    loop {
        match DataLock::take(folder).expect("the lock's file") {
            Some(lock) => return lock,
            None => assert!(begun.elapsed() < Duration::from_secs(30), "the process before is dead"),
        }
        std::thread::yield_now();
    }
}

impl Process {
    /// Opens the folder at a business time. Ids that are made on other threads count from the seed and the number of the life.
    pub fn start(folder: &Path, carrier: Arc<dyn Carrier>, now_ms: i64, seed: u64) -> Process {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .thread_keep_alive(Duration::from_secs(3600))
            .on_thread_start(move || seeded::begin(Some(seed)))
            .build()
            .expect("a runtime");
        let beginning = beginning_ms();
        let clock = Clock::standing_at(beginning);
        clock.move_to_offset(Duration::from_millis(u64::try_from(now_ms - beginning).expect("the clock never goes back")));
        let lock = lock_of_the_dead(folder);
        let hub = runtime.block_on(Hub::open_with(folder, config(), lock, carrier, clock)).expect("a hub that opens");
        Process { hub: Some(hub), runtime }
    }

    /// Runs something of this process to its end.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The hub.
    pub fn hub(&self) -> Hub {
        self.hub.clone().expect("the process lives")
    }

    /// Drops what ran in this process, and the process with it.
    pub fn kill(mut self, what_ran: impl Sized) {
        let entered = self.runtime.enter();
        drop(what_ran);
        drop(self.hub.take());
        drop(entered);
    }
}

/// The world's beginning, Unix milliseconds.
pub fn beginning_ms() -> i64 {
    BEGINNING.parse::<Timestamp>().expect("a time").as_millisecond()
}

/// A data folder with companies and routes, made once.
static TEMPLATE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = folder();
    let path = folder.path().to_owned();
    // A thread of its own: whoever needs the folder first may be running a seed already.
    std::thread::spawn(move || make_template(&path)).join().expect("the folder that all runs begin with");
    folder
});

fn make_template(folder: &Path) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let lock = DataLock::take(folder).expect("the lock's file").expect("a new folder");
        let hub = Hub::open_with(folder, config(), lock, Arc::new(Nobody), Clock::standing_at(beginning_ms()))
            .await
            .expect("a new hub");
        for (number, name) in COMPANIES {
            let company = add_company::add_company(&hub, number, name, CompanySettings::default()).await.expect("a company");
            let main = AgreementAsk::Record { subject: Subject::MainVendor, found: Found::Active, by: "the dice".to_owned() };
            order_agreement::change(&hub, &company, main).await.expect("an agreement");
            for (route, setup) in setups() {
                add_company::set_route(&hub, &company, route, RouteSetup(setup)).await.expect("a route");
            }
        }
        debits::set_up(&hub).await;
        hub.close().await;
    });
}

fn config() -> Config {
    let public_address = Some("https://hub.example".to_owned());
    Config { public_address, avtalegiro: debits::configured(), ..Config::default() }
}

/// What every company has set up: small lots, so that many are full and many are not.
fn setups() -> [(&'static str, serde_json::Value); 3] {
    let accounts: Vec<&str> = [ACCOUNT].into_iter().chain(ACCOUNTS.iter().map(|account| account.number)).collect();
    [
        ("efaktura", json!({ "accounts": accounts, "lot_size": 3 })),
        ("email", json!({ "from": "faktura@avsender.example", "bounce_domain_or_address": "retur.avsender.example" })),
        (
            "print",
            json!({ "return_address": ["Kraftveien 1", "8006 Bodø"], "letters_at_most": 3, "closes": { "after_minutes": 30 } }),
        ),
    ]
}

/// Copies the folder that all runs begin with.
pub fn copy_template(to: &Path) {
    copy(TEMPLATE.path(), to);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the template") {
        let path: PathBuf = entry.expect("a file").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(std::fs::copy(&path, &target).expect("a copy")),
        }
    }
}

/// Whoever makes the template speaks with nobody.
#[derive(Debug)]
struct Nobody;

impl Carrier for Nobody {
    fn carry<'a>(
        &'a self,
        _: kvitt_hub::transport::Outgoing,
        _: kvitt_hub::transport::Committing<'a>,
    ) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<kvitt_adapters::route::Reply>> {
        unreachable!("nothing is sent while the template is made")
    }

    fn collect<'a>(
        &'a self,
        _: &'a str,
        _: usize,
    ) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<Vec<kvitt_hub::transport::Left>>> {
        unreachable!("nothing is collected while the template is made")
    }

    fn put_away<'a>(&'a self, _: &'a str, _: &'a str) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<()>> {
        unreachable!("nothing is put away while the template is made")
    }

    fn bank_files<'a>(&'a self, _: &'a str) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<Vec<String>>> {
        unreachable!("no bank leaves files here")
    }

    fn bank_file<'a>(&'a self, _: &'a str, _: &'a str) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<Vec<u8>>> {
        unreachable!("no bank leaves files here")
    }

    fn settle_bank_file<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: kvitt_hub::transport::Became,
    ) -> futures_util::future::BoxFuture<'a, kvitt_hub::error::Result<()>> {
        unreachable!("no bank leaves files here")
    }
}
