//! A running hub: what it is made of, how it starts, works until it is told to stop, and stops.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::price_book::PriceBook;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::actions::{count_up, restore};
use crate::api::tokens::Signing;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{OtherProvider, Status, StoppedWebhook};
use crate::error::{Error, Result};
use crate::jobs::breaker::Breaker;
use crate::jobs::{dispatcher, housekeeping, watch as watch_folders};
use crate::lock::DataLock;
use crate::metrics::{self, Meters};
use crate::store::company::{self, Company};
use crate::store::figures::{self, Figures};
use crate::store::house::Note;
use crate::store::job::Seat;
use crate::store::objects::Objects;
use crate::store::{Backend, Db, Tx, claim, delivery, house, job, webhook};
use crate::transport::Carrier;
use crate::transport::network::Network;
use crate::vault::Vault;
use crate::{http, socket};

/// How long figures of the database are shown before they are read anew.
const FIGURES_LIVE: Duration = Duration::from_secs(5);

/// Callers that wait for events at the same time: each looks five times a second.
const MOST_WAITING: usize = 64;

/// So long the alarm about another provider of direct debits lasts after the last sign of one: more than a month's run of invoices.
const ALARM_LASTS_MS: i64 = 45 * 24 * 3_600_000;

/// A hub. Clones share everything.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    data: PathBuf,
    config: Config,
    db: Db,
    vault: Arc<Vault>,
    objects: Objects,
    clock: Clock,
    prices: PriceBook,
    carrier: Arc<dyn Carrier>,
    breaker: Breaker,
    work: Notify,
    seat: Seat,
    meters: Meters,
    figures: tokio::sync::Mutex<Option<(Instant, Figures)>>,
    reading: tokio::sync::Mutex<()>,
    signing: tokio::sync::OnceCell<Signing>,
    waiting: tokio::sync::Semaphore,
    stopping: watch::Sender<bool>,
    kept_figures: count_up::Kept,
    _lock: DataLock,
}

impl Hub {
    /// Opens a data folder that no other process has. Every setting is checked before anything is done.
    pub async fn open(data: &Path, config: Config) -> Result<Hub> {
        let lock = DataLock::take(data)?.ok_or_else(|| {
            Error::CannotStart(format!(
                "{} is in use by another kvitt; ask that one, or choose another folder with --data",
                data.display()
            ))
        })?;
        Hub::open_locked(data, config, lock).await
    }

    /// Opens a data folder whose lock the caller has taken.
    pub async fn open_locked(data: &Path, config: Config, lock: DataLock) -> Result<Hub> {
        // Two crypto providers in one program would panic at the first TLS connection; whoever is first decides for all.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let carrier = Arc::new(Network::of(&config, data)?);
        Hub::open_with(data, config, lock, carrier, Clock::new()).await
    }

    /// The same, with another carrier than the network and another clock than the system's: whoever drives a hub in one process
    /// plays the world itself.
    pub async fn open_with(data: &Path, config: Config, lock: DataLock, carrier: Arc<dyn Carrier>, clock: Clock) -> Result<Hub> {
        let prices = match &config.price_book {
            None => PriceBook::example(),
            Some(file) => {
                let text =
                    std::fs::read_to_string(data.join(file)).map_err(|cause| Error::io("reading the price book", cause))?;
                PriceBook::parse(&text).map_err(|cause| Error::CannotStart(format!("the price book cannot be used: {cause}")))?
            }
        };
        let url = config.database_url(data);
        let restoring = restore::unfinished(data);
        if restoring.exists() && url != Db::sqlite_url(&restoring) {
            return Err(Error::CannotStart(format!(
                "a restore into {} broke off; empty the folder and restore again",
                data.display()
            )));
        }
        let objects = Objects::open(&data.join("objects"))?;
        let db = Db::open(&url).await?;
        let vault = Arc::new(house::unlock(&db, &data.join("keys")).await?);
        let seat = lock.seat(data)?;
        if let Some(offset_ms) = house::noted(&mut *db.read().await?, &vault, Note::ClockOffset).await? {
            clock.move_to_offset(Duration::from_millis(offset_ms));
        }
        let hub = Hub {
            inner: Arc::new(Inner {
                data: data.to_owned(),
                config,
                vault,
                objects,
                clock,
                prices,
                carrier,
                breaker: Breaker::default(),
                work: Notify::new(),
                seat,
                meters: Meters::default(),
                figures: tokio::sync::Mutex::default(),
                reading: tokio::sync::Mutex::default(),
                signing: tokio::sync::OnceCell::new(),
                waiting: tokio::sync::Semaphore::new(MOST_WAITING),
                stopping: watch::Sender::new(false),
                kept_figures: count_up::Kept::default(),
                db,
                _lock: lock,
            }),
        };
        let seat = hub.seat().clone();
        let is_alone = hub.db().backend() == Backend::Sqlite;
        let freed = hub
            .write(move |tx| {
                let seat = seat.clone();
                // The folder's lock proves that whoever had its seat before is dead. With a file of its own nobody else is there either.
                async move { if is_alone { job::release_all(tx).await } else { job::release_of(tx, &seat).await } }.boxed()
            })
            .await?;
        if freed > 0 {
            tracing::info!(jobs = freed, "took over jobs that another process left in the middle");
        }
        Ok(hub)
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.inner.data
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The address of the database.
    pub fn database_url(&self) -> String {
        self.config().database_url(self.data())
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// The folder of large files.
    pub fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    /// Under which name this hub holds jobs.
    pub fn seat(&self) -> &Seat {
        &self.inner.seat
    }

    /// The clocks.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The prices.
    pub fn prices(&self) -> &PriceBook {
        &self.inner.prices
    }

    /// The keys.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The keys, to take into an action.
    pub fn vault_handle(&self) -> Arc<Vault> {
        self.inner.vault.clone()
    }

    /// Which counterparties are being spared.
    pub fn breaker(&self) -> &Breaker {
        &self.inner.breaker
    }

    /// Whoever carries what is said.
    pub fn carrier(&self) -> &dyn Carrier {
        self.inner.carrier.as_ref()
    }

    /// Runs an action; when it answers, what it did is on disk. Workers then look for jobs that it may have asked for.
    pub async fn write<T, F>(&self, act: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t, 'c> Fn(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        let made = self.db().writer().run(act).await?;
        self.inner.work.notify_one();
        Ok(made)
    }

    /// Ends a job that is done, where nothing else is to be written with it.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] where it is held no longer.
    pub(crate) async fn end(&self, job: &job::Leased) -> Result<()> {
        let (job, now) = (job.clone(), self.clock().business_ms());
        self.write(move |tx| {
            let job = job.clone();
            Box::pin(async move { job::end(tx, &job, now).await })
        })
        .await
    }

    /// Waits until somebody wrote something.
    pub async fn work_may_wait(&self) {
        self.inner.work.notified().await;
    }

    /// The company with an organisation number; without one the only company that there is.
    pub async fn company(&self, org_number: Option<&str>) -> Result<Company> {
        let mut db = self.db().read().await?;
        if let Some(org_number) = org_number {
            let found = company::by_org_number(&mut db, self.vault(), org_number).await?;
            return found.ok_or_else(|| Error::refused(Fault::fatal(codes::COMPANY_UNKNOWN).with("number", org_number)));
        }
        let mut all = company::all(&mut db, self.vault()).await?;
        match all.len() {
            1 => Ok(all.remove(0)),
            0 => Err(Error::refused(Fault::fatal(codes::COMPANY_NONE))),
            _ => Err(Error::refused(Fault::fatal(codes::COMPANY_NOT_NAMED))),
        }
    }

    /// Where everything stands.
    pub async fn status(&self) -> Result<Status> {
        let mut db = self.db().read().await?;
        let mut status = Status { now: self.clock().business_ms(), ..Status::default() };
        for company in company::all(&mut db, self.vault()).await? {
            for (state, count) in delivery::count(&mut db, &company.id).await? {
                *status.states.entry(state).or_default() += count;
            }
            status.stuck += job::stuck(&mut db, &company.id).await?;
            let since = status.now - ALARM_LASTS_MS;
            let known = claim::closed_for(&mut db, &company.id, codes::CLAIM_KNOWN_ALREADY.name(), since).await?;
            status.other_providers.extend(known.into_iter().map(|found| OtherProvider {
                company: company.org_number.clone(),
                account: found.bank_account,
                claims: found.claims,
                last_at: found.last_at,
            }));
            for stored in webhook::all(&mut db, &company.id, &company.key).await? {
                if let webhook::State::Stopped { why } = stored.webhook.state {
                    let (company, id, since) = (company.org_number.clone(), stored.id, stored.webhook.since);
                    status.stopped_webhooks.push(StoppedWebhook { company, id, since, why });
                }
            }
        }
        status.restored = house::noted(&mut db, self.vault(), Note::Restored).await?;
        status.strays = watch_folders::strays(self, &mut db).await?;
        status.next_due_at = job::next_due(&mut db).await?;
        status.spared = self.breaker().spared(status.now);
        Ok(status)
    }

    /// What tokens of the API are signed with.
    pub async fn signing(&self) -> Result<&Signing> {
        self.inner.signing.get_or_try_init(|| Signing::of(self)).await
    }

    /// Places for callers that wait for something to happen.
    pub fn waiting(&self) -> &tokio::sync::Semaphore {
        &self.inner.waiting
    }

    /// Waits until the hub stops answering. Whoever lets a caller wait asks this beside what the caller waits for.
    pub async fn stopping(&self) {
        let mut stopping = self.inner.stopping.subscribe();
        // The sender lives as long as the hub.
        let _ = stopping.wait_for(|stops| *stops).await;
    }

    /// Figures of companies that took long to count.
    pub(crate) fn kept_figures(&self) -> &count_up::Kept {
        &self.inner.kept_figures
    }

    /// What this process counts.
    pub fn meters(&self) -> &Meters {
        &self.inner.meters
    }

    /// Everything that is counted, as Prometheus reads it. The database is asked at most once in [`FIGURES_LIVE`]: whoever asks often
    /// costs nothing.
    pub async fn metrics(&self) -> Result<String> {
        let mut kept = self.inner.figures.lock().await;
        let fresh = kept.as_ref().filter(|(at, _)| at.elapsed() < FIGURES_LIVE).map(|(_, figures)| figures.clone());
        let figures = match fresh {
            Some(figures) => figures,
            None => {
                let mut db = self.db().read().await?;
                let now = job::Times { business: self.clock().business_ms(), machine: self.clock().machine_ms() };
                let mut read = figures::read(&mut db, now).await?;
                read.strays = watch_folders::strays(self, &mut db).await?;
                read.spared = self.breaker().spared(now.business).into_iter().map(|(address, _)| address).collect();
                read.clock_offset = self.clock().offset();
                kept.replace((Instant::now(), read.clone()));
                read
            }
        };
        Ok(metrics::text(self.meters(), self.db().writer().commits(), &figures))
    }

    /// Starts everything that a running hub does: HTTP, the local socket, workers, watched folders, the followed clock.
    pub async fn start(&self) -> Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let config = self.config().clone();
        let http = self.listen(&mut tasks, stopped.clone()).await?;
        tasks.spawn(socket::serve(self.clone(), socket::listen(self.data())?, stopped.clone()));
        tasks.spawn(dispatcher::run(self.clone(), stopped.clone()));
        tasks.spawn(housekeeping::run(self.clone(), stopped.clone()));
        if let Some(bounces) = config.bounces {
            tasks.spawn(watch_folders::bounces(self.clone(), bounces, stopped.clone()));
        }
        for drop in watch_folders::receipts::Drop::all(self) {
            tasks.spawn(watch_folders::receipts(self.clone(), drop, stopped.clone()));
        }
        for door in watch_folders::bank_files::Door::all(self) {
            tasks.spawn(watch_folders::bank_files(self.clone(), door, stopped.clone()));
        }
        // Files come without a door too, and the death of whoever read one leaves it half read.
        tasks.spawn(watch_folders::unfinished_bank_files(self.clone(), stopped.clone()));
        if let Some(intake) = config.intake {
            tasks.spawn(watch_folders::intake(self.clone(), intake, stopped.clone()));
        }
        if let Some(clock) = config.clock {
            tasks.spawn(watch_folders::clock(self.clone(), clock, stopped));
        }
        Ok(Running { http, stop, tasks })
    }

    /// Starts HTTP alone: what is handed in is accepted, and nobody works on it until a hub is started in full on the same database.
    pub async fn start_http(&self) -> Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let http = self.listen(&mut tasks, stopped).await?;
        Ok(Running { http, stop, tasks })
    }

    /// Answers HTTP until it is told to stop; where it listens.
    async fn listen(&self, tasks: &mut JoinSet<()>, mut until: watch::Receiver<bool>) -> Result<SocketAddr> {
        let address = self.config().listen;
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|cause| {
            Error::CannotStart(format!("{address} cannot be listened on: {cause}; set listen in the configuration"))
        })?;
        let http = listener.local_addr().map_err(|cause| Error::io("reading the HTTP address", cause))?;
        let (router, hub) = (http::router(self.clone()), self.clone());
        hub.inner.stopping.send_replace(false);
        tasks.spawn(async move {
            let until = async move {
                let _ = until.wait_for(|stop| *stop).await;
                hub.inner.stopping.send_replace(true);
            };
            if let Err(error) = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(until)
                .await
            {
                tracing::error!(%error, "HTTP ended");
            }
        });
        Ok(http)
    }

    /// Works in this process until no job is due within `patience` of business time, then says where everything stands.
    /// `progress` hears of it on the way.
    pub async fn work_until_quiet(&self, patience: Duration, mut progress: impl FnMut(&Status)) -> Result<Status> {
        let (stop, stopped) = watch::channel(false);
        let work = tokio::spawn(dispatcher::run(self.clone(), stopped));
        let quiet = self.watch_until_quiet(patience, &mut progress).await;
        // Whatever came of it, the workers are stopped before anybody hears.
        let _ = stop.send(true);
        work.await.map_err(|cause| Error::Damaged(format!("the workers failed: {cause}")))?;
        quiet
    }

    async fn watch_until_quiet(&self, patience: Duration, progress: &mut impl FnMut(&Status)) -> Result<Status> {
        /// How often it is looked whether something is due: one probe of an index.
        const LOOK: Duration = Duration::from_millis(100);
        /// How many looks go by for each time that progress is told: that counts every delivery.
        const LOOKS_A_TELL: u32 = 5;
        let (_never, stop) = watch::channel(false);
        let maildir = self.config().bounces.as_ref().map(|bounces| self.data().join(&bounces.maildir));
        let mut bounces = maildir.map(watch_folders::bounces::Mailbox::new);
        let mut drops = watch_folders::receipts::Drop::all(self);
        let mut doors = watch_folders::bank_files::Door::all(self);
        let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
        for look in 0_u32.. {
            if let Some(mailbox) = &mut bounces {
                mailbox.look(self, &stop).await?;
            }
            for drop in &mut drops {
                drop.look_when_due(self, &stop).await;
            }
            for door in &mut doors {
                door.look_when_due(self, &stop).await;
            }
            if look % LOOKS_A_TELL == 0 {
                progress(&self.status().await?);
            }
            let due = job::next_due(&mut *self.db().read().await?).await?;
            // A job in hand stays in the table until it is done, so that nothing due means nothing running.
            if due.is_none_or(|due| due > self.clock().business_ms().saturating_add(patience)) {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        let status = self.status().await?;
        progress(&status);
        Ok(status)
    }

    /// Moves business time forward, and notes it first: a hub that starts again does not go back in time.
    pub async fn move_clock(&self, offset: Duration) -> Result<()> {
        if self.clock().offset() >= offset {
            return Ok(());
        }
        let (vault, offset_ms) = (self.vault_handle(), u64::try_from(offset.as_millis()).unwrap_or(u64::MAX));
        self.write(move |tx| {
            let vault = vault.clone();
            async move {
                // Another hub on the same database may be ahead.
                let known: u64 = house::noted(tx.db(), &vault, Note::ClockOffset).await?.unwrap_or_default();
                house::note(tx, &vault, Note::ClockOffset, &known.max(offset_ms)).await
            }
            .boxed()
        })
        .await?;
        self.clock().move_to_offset(offset);
        Ok(())
    }

    /// Held by whoever reads a bank's file: one at a time, so that nobody reads on what another has in hand.
    pub(crate) async fn reading(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.reading.lock().await
    }

    /// Lets writes finish and closes the database.
    pub async fn close(&self) {
        self.db().close().await;
    }
}

/// A hub at work.
#[derive(Debug)]
pub struct Running {
    http: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Where it listens for HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Stops: exchanges in hand are finished and leases given back, then nothing runs any more.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
