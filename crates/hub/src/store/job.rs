//! The one table that is queue and outbox: what is to be done, when, and who is doing it.
//!
//! A job is inserted by the transaction that makes it necessary, and ended by the transaction that did it. Between the two
//! a runner holds it by a lease: a random token and a machine time. Every write of a runner guards on the token.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::db::Backend;
use crate::store::writer::Tx;

const ENQUEUE: &str = "INSERT INTO job (company_id, job_id, kind, subject, urgency, due_at, faults, runs, pokes, lease, lease_until, stuck, why, made_at) \
    VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, '', 0, 0, '', $7) \
    ON CONFLICT (company_id, kind, subject) DO UPDATE SET pokes = job.pokes + 1, faults = 0, \
    urgency = CASE WHEN excluded.urgency < job.urgency THEN excluded.urgency ELSE job.urgency END, \
    due_at = CASE WHEN excluded.due_at < job.due_at THEN excluded.due_at ELSE job.due_at END";
const NEXT_COMPANY: &str = "SELECT MIN(company_id) FROM job WHERE stuck = 0 AND company_id > $1";
// One probe of the index per urgency and kind: the cost of looking does not grow with the jobs that wait. The order is the index's own, and
// keeps PostgreSQL from reading the table until it meets one.
const ANY_DUE: &str = "SELECT job_id FROM job WHERE stuck = 0 AND company_id = $1 AND urgency = $4 AND kind = $5 AND due_at <= $2 AND lease_until <= $3 ORDER BY due_at LIMIT 1";
// The plus signs keep the guard from being taken for a way in: jobs are found by their ids, however many wait.
const CLAIM: [&str; 2] = [
    // SQLite: the writer is alone.
    "WITH due AS MATERIALIZED (SELECT job_id FROM job WHERE stuck = 0 AND company_id = $1 AND urgency = $7 AND kind = $8 AND due_at <= $2 \
     AND lease_until <= $3 ORDER BY due_at LIMIT $4) \
     UPDATE job SET lease = $5, lease_until = $6, runs = runs + 1 WHERE company_id = $1 AND job_id IN (SELECT job_id FROM due) \
     AND +stuck = 0 AND +due_at <= $2 AND lease_until <= $3 RETURNING job_id, kind, subject, faults, runs, pokes, urgency, due_at",
    // PostgreSQL: other hubs claim at the same time; the guard is said again because the CTE's snapshot may be old.
    "WITH due AS MATERIALIZED (SELECT job_id FROM job WHERE stuck = 0 AND company_id = $1 AND urgency = $7 AND kind = $8 AND due_at <= $2 \
     AND lease_until <= $3 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) \
     UPDATE job SET lease = $5, lease_until = $6, runs = runs + 1 WHERE company_id = $1 AND job_id IN (SELECT job_id FROM due) \
     AND +stuck = 0 AND +due_at <= $2 AND lease_until <= $3 RETURNING job_id, kind, subject, faults, runs, pokes, urgency, due_at",
];
const HOLD: &str = "UPDATE job SET lease_until = $1 WHERE company_id = $2 AND job_id = $3 AND lease = $4";
const END: &str = "DELETE FROM job WHERE company_id = $1 AND job_id = $2 AND lease = $3 AND pokes = $4";
const AGAIN: &str = "UPDATE job SET lease = '', lease_until = 0, runs = $3, why = $4, \
    faults = CASE WHEN pokes = $8 THEN $2 ELSE 0 END, \
    due_at = CASE WHEN pokes = $8 OR due_at > $1 THEN $1 ELSE due_at END \
    WHERE company_id = $5 AND job_id = $6 AND lease = $7";
const STICK: &str =
    "UPDATE job SET lease = '', lease_until = 0, stuck = 1, why = $1 WHERE company_id = $2 AND job_id = $3 AND lease = $4";
const UNSTICK: &str = "UPDATE job SET stuck = 0, runs = 0, due_at = $1 WHERE company_id = $2 AND job_id = $3 AND stuck = 1";
const RELEASE_OF: &str = "UPDATE job SET lease = '', lease_until = 0 WHERE lease LIKE $1";
const RELEASE_ALL: &str = "UPDATE job SET lease = '', lease_until = 0 WHERE lease <> ''";
const NEXT_DUE: &str = "SELECT MIN(due_at + 0) FROM job WHERE stuck = 0";
const STUCK: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE stuck = 1 AND company_id = $1";
const LIST: &str = "SELECT job_id, kind, subject, due_at, faults, stuck, why, made_at FROM job WHERE company_id = $1 ORDER BY stuck DESC, due_at LIMIT $2";
const OF_SUBJECT: &str = "SELECT job_id, kind, subject, due_at, faults, stuck, why, made_at FROM job WHERE company_id = $1 AND subject = $2 ORDER BY due_at";

// A webhook's job has the webhook's own id: there is one at most. Whoever waits after a failure goes on waiting.
const WAKE_WEBHOOKS: &str = "INSERT INTO job (company_id, job_id, kind, subject, urgency, due_at, faults, runs, pokes, lease, lease_until, stuck, why, made_at) \
    SELECT company_id, webhook_id, $2, webhook_id, $3, $4, 0, 0, 0, '', 0, 0, '', $4 FROM webhook WHERE company_id = $1 AND state = 'active' \
    ON CONFLICT (company_id, kind, subject) DO UPDATE SET pokes = job.pokes + 1, \
    due_at = CASE WHEN job.faults = 0 AND excluded.due_at < job.due_at THEN excluded.due_at ELSE job.due_at END";
const WAIT: &str = "UPDATE job SET lease = '', lease_until = 0, runs = 0, faults = $1, why = $2, due_at = $3 \
    WHERE company_id = $4 AND job_id = $5 AND lease = $6";

/// Renewed several times over while an exchange goes on; after a process died, its jobs are found this much later.
pub const LEASE: Duration = Duration::from_secs(300);
/// A job that was claimed so often without getting anywhere takes its process down, or never ends: a person must look.
pub const RUNS: i64 = 10;
/// Whoever is told of events waits for none of them more urgently than for another.
pub const WEBHOOK_URGENCY: Urgency = Urgency::Ordinary;
/// Jobs that one list shows at most.
const LISTED: i64 = 1_000;

/// The kinds of jobs. Every kind has a handler in `jobs/runner.rs`; the compiler sees to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Plan a delivery and choose its route. Subject: the delivery.
    ChooseRoute,
    /// Close a lot whose time has come. Subject: the consignment.
    CloseLot,
    /// Say the next thing to a counterparty. Subject: the consignment.
    Converse,
    /// Ask the register of a route about all recipients that wait for it. Subject: the route.
    LookUp,
    /// Ask whoever must be asked about an agreement. Subject: the agreement.
    AdvanceAgreement,
    /// Fetch the mandates of an account. Subject: its agreement.
    FetchMandates,
    /// Find the direct debits that did not happen. Subject: `claims`.
    WatchClaims,
    /// Tell a webhook of the events that it was not told yet. Subject: the webhook.
    TellWebhook,
    /// Accept the invoice of a draft that has its number. Subject: the draft.
    FinaliseDraft,
    /// Make the drafts of a recurrence whose day has come. Subject: the recurrence.
    RepeatDraft,
    /// Do to many invoices or drafts what somebody asked for. Subject: the bulk.
    DoBulk,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::ChooseRoute,
        Kind::CloseLot,
        Kind::Converse,
        Kind::LookUp,
        Kind::AdvanceAgreement,
        Kind::FetchMandates,
        Kind::WatchClaims,
        Kind::TellWebhook,
        Kind::FinaliseDraft,
        Kind::RepeatDraft,
        Kind::DoBulk,
    ];

    /// The kind as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ChooseRoute => "choose_route",
            Kind::CloseLot => "close_lot",
            Kind::Converse => "converse",
            Kind::LookUp => "look_up",
            Kind::AdvanceAgreement => "advance_agreement",
            Kind::FetchMandates => "fetch_mandates",
            Kind::WatchClaims => "watch_claims",
            Kind::TellWebhook => "tell_webhook",
            Kind::FinaliseDraft => "finalise_draft",
            Kind::RepeatDraft => "repeat_draft",
            Kind::DoBulk => "do_bulk",
        }
    }

    /// Whether it speaks with a counterparty, and so may last.
    pub fn talks(self) -> bool {
        match self {
            Kind::Converse | Kind::LookUp | Kind::AdvanceAgreement | Kind::FetchMandates | Kind::TellWebhook => true,
            Kind::ChooseRoute | Kind::CloseLot | Kind::WatchClaims | Kind::FinaliseDraft | Kind::RepeatDraft | Kind::DoBulk => {
                false
            }
        }
    }

    /// The one urgency that jobs of this kind have, where they have one: nobody looks for the others.
    fn urgency(self) -> Option<Urgency> {
        match self {
            Kind::TellWebhook => Some(WEBHOOK_URGENCY),
            _ => None,
        }
    }

    fn named(name: &str) -> Result<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| Error::Damaged(format!("no job is a {name}")))
    }
}

/// How urgent a job is: a person waits, ordinary, or one of very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A person waits for it.
    Interactive,
    /// It came alone.
    Ordinary,
    /// It came with many others.
    Bulk,
}

impl Urgency {
    /// Every urgency, the most urgent first.
    pub const ALL: [Urgency; 3] = [Urgency::Interactive, Urgency::Ordinary, Urgency::Bulk];

    fn number(self) -> i64 {
        match self {
            Urgency::Interactive => 0,
            Urgency::Ordinary => 1,
            Urgency::Bulk => 2,
        }
    }

    fn numbered(number: i64) -> Urgency {
        match number {
            0 => Urgency::Interactive,
            1 => Urgency::Ordinary,
            _ => Urgency::Bulk,
        }
    }
}

/// A job that a runner holds.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The company that it is for.
    pub company: String,
    /// UUIDv7 text.
    pub id: String,
    /// What is to be done.
    pub kind: Kind,
    /// To what.
    pub subject: String,
    /// How urgent it is: what it leads to is as urgent.
    pub urgency: Urgency,
    /// The trailing faults for which its waiting time was chosen: equal to the log's means that the waiting is over.
    pub faults: i64,
    /// Times claimed since it last got somewhere.
    pub runs: i64,
    pokes: i64,
    lease: String,
}

/// Asks for a job. Where one of the same kind and subject waits or runs already, it is asked for again: no wake-up is lost.
pub async fn enqueue(
    tx: &mut Tx<'_>,
    company: &str,
    kind: Kind,
    subject: &str,
    urgency: Urgency,
    due_at: i64,
    now: i64,
) -> Result<()> {
    sqlx::query(ENQUEUE)
        .bind(company)
        .bind(crate::ids::new_id().to_string())
        .bind(kind.name())
        .bind(subject)
        .bind(urgency.number())
        .bind(due_at)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The first company after `cursor`, in id order, that has any job that is not stuck: the round of the round robin.
pub async fn next_company(db: &mut AnyConnection, cursor: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar::<_, Option<String>>(NEXT_COMPANY).bind(cursor).fetch_one(db).await?)
}

/// How many jobs are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Jobs of every kind together.
    pub jobs: usize,
    /// Conversations with counterparties among them: those may last, and must not hold every worker.
    pub conversations: usize,
    /// Webhooks among those: whoever hears them may take his time, every time, and must not hold up the counterparties.
    pub webhooks: usize,
}

impl Wanted {
    /// So many, of whatever kind.
    pub fn any(jobs: usize) -> Wanted {
        Wanted { jobs, conversations: jobs, webhooks: jobs }
    }

    /// How many of a kind, where `found` were found already.
    fn of(self, kind: Kind, found: usize) -> usize {
        let left = self.jobs.saturating_sub(found);
        match kind {
            Kind::TellWebhook => left.min(self.conversations).min(self.webhooks),
            kind if kind.talks() => left.min(self.conversations),
            _ => left,
        }
    }
}

/// Within an urgency what has begun comes before what is to begin: conversations first. Before them webhooks, of which a company has
/// few: behind a backlog of invoices they would hear nothing until it is gone.
/// As long as [`Kind::ALL`], so that no kind is left waiting for ever.
const ORDER: [Kind; Kind::ALL.len()] = [
    Kind::TellWebhook,
    Kind::FinaliseDraft,
    Kind::RepeatDraft,
    Kind::DoBulk,
    Kind::Converse,
    Kind::CloseLot,
    Kind::AdvanceAgreement,
    Kind::LookUp,
    Kind::FetchMandates,
    Kind::ChooseRoute,
    Kind::WatchClaims,
];

/// When it is, on both clocks: Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Business time.
    pub business: i64,
    /// Machine time.
    pub machine: i64,
}

/// Every urgency and kind, in the order in which jobs are claimed.
pub fn every() -> Vec<(Urgency, Kind)> {
    let all = Urgency::ALL.into_iter().flat_map(|urgency| ORDER.map(|kind| (urgency, kind)));
    all.filter(|(urgency, kind)| kind.urgency().is_none_or(|only| only == *urgency)).collect()
}

/// A text that is put together is no statement by itself.
const SELECT: &str = "SELECT";

/// All the probes of [`every`] in one statement, which answers with the places of those that found something.
static DUE: LazyLock<String> = LazyLock::new(|| {
    let probes: Vec<String> = every()
        .iter()
        .enumerate()
        .map(|(place, (urgency, kind))| {
            let probe = ANY_DUE.replace("$4", &urgency.number().to_string()).replace("$5", &format!("'{}'", kind.name()));
            format!("{SELECT} CAST({place} AS BIGINT) AS place, ({probe}) AS found")
        })
        .collect();
    format!("{SELECT} place FROM ({}) probes WHERE found IS NOT NULL ORDER BY place", probes.join(" UNION ALL "))
});

/// The urgencies and kinds of which a company has a job that is due, free and wanted, in the order in which they are claimed.
/// Empty where there is none: looking costs reads only.
pub async fn due(db: &mut AnyConnection, company: &str, wanted: Wanted, now: Times) -> Result<Vec<(Urgency, Kind)>> {
    let query = sqlx::query_scalar(DUE.as_str()).bind(company).bind(now.business).bind(now.machine);
    let places: Vec<i64> = query.fetch_all(db).await?;
    let every = every();
    let found = places.into_iter().filter_map(|place| every.get(usize::try_from(place).ok()?).copied());
    Ok(found.filter(|(_, kind)| wanted.of(*kind, 0) > 0).collect())
}

/// Who claims: one data folder, whose lock proves that at most one process has it. Every lease begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat(String);

impl Seat {
    /// A seat by its name: letters and digits, unlike every other folder's.
    pub fn named(name: &str) -> Seat {
        Seat(name.chars().filter(char::is_ascii_alphanumeric).collect())
    }

    fn lease(&self) -> String {
        format!("{}.{}", self.0, crate::vault::token())
    }
}

/// Claims at most as many of a company's `due` jobs as are wanted: the most urgent first, then by kind, then the oldest.
pub async fn claim(
    tx: &mut Tx<'_>,
    seat: &Seat,
    company: &str,
    due: &[(Urgency, Kind)],
    wanted: Wanted,
    now: Times,
) -> Result<Vec<Leased>> {
    let lease = seat.lease();
    let mut claimed: Vec<Leased> = Vec::new();
    let (mut conversations, mut webhooks) = (0, 0);
    for (urgency, kind) in due.iter().copied() {
        let left = Wanted {
            conversations: wanted.conversations - conversations,
            webhooks: wanted.webhooks.saturating_sub(webhooks),
            ..wanted
        };
        let limit = left.of(kind, claimed.len());
        if limit == 0 {
            continue;
        }
        let found = claim_of_kind(tx, company, &lease, (urgency, kind), limit, now).await?;
        conversations += if kind.talks() { found.len() } else { 0 };
        webhooks += if kind == Kind::TellWebhook { found.len() } else { 0 };
        claimed.extend(found);
    }
    Ok(claimed)
}

async fn claim_of_kind(
    tx: &mut Tx<'_>,
    company: &str,
    lease: &str,
    (urgency, kind): (Urgency, Kind),
    limit: usize,
    now: Times,
) -> Result<Vec<Leased>> {
    let sql = match tx.backend() {
        Backend::Sqlite => CLAIM[0],
        Backend::Postgres => CLAIM[1],
    };
    let rows = sqlx::query(sql)
        .bind(company)
        .bind(now.business)
        .bind(now.machine)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(lease)
        .bind(now.machine + lease_ms())
        .bind(urgency.number())
        .bind(kind.name())
        .fetch_all(tx.db())
        .await?;
    let mut found =
        rows.iter().map(|row| Ok((row.try_get::<i64, _>("due_at")?, read(row, company, lease)?))).collect::<Result<Vec<_>>>()?;
    // The order of the rows that an UPDATE returns is nobody's promise.
    found.sort_by(|(one_due, one), (other_due, other)| (one_due, &one.id).cmp(&(other_due, &other.id)));
    Ok(found.into_iter().map(|(_, job)| job).collect())
}

/// Keeps a lease for another full time; fails where it is lost.
pub async fn hold(tx: &mut Tx<'_>, job: &Leased, machine_now: i64) -> Result<()> {
    let held = sqlx::query(HOLD)
        .bind(machine_now + lease_ms())
        .bind(&job.company)
        .bind(&job.id)
        .bind(&job.lease)
        .execute(tx.db())
        .await?;
    if held.rows_affected() == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Ends a job that is done. Where somebody asked for it again meanwhile, it stays and is due at once.
pub async fn end(tx: &mut Tx<'_>, job: &Leased, business_now: i64) -> Result<()> {
    let ended = sqlx::query(END).bind(&job.company).bind(&job.id).bind(&job.lease).bind(job.pokes).execute(tx.db()).await?;
    if ended.rows_affected() == 1 {
        return Ok(());
    }
    again(tx, job, business_now, 0, "asked for again while it ran").await
}

/// Gives a job back to be done later, remembering for how many trailing faults the time was chosen. Where somebody asked for
/// it meanwhile, it is due when they wanted it, and its waiting time is chosen anew.
pub async fn again(tx: &mut Tx<'_>, job: &Leased, due_at: i64, faults: i64, why: &str) -> Result<()> {
    let given = sqlx::query(AGAIN)
        .bind(due_at)
        .bind(faults)
        .bind(0_i64)
        .bind(why)
        .bind(&job.company)
        .bind(&job.id)
        .bind(&job.lease)
        .bind(job.pokes)
        .execute(tx.db())
        .await?;
    if given.rows_affected() == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Asks for a job for each active webhook of a company: it has events to hear of. One that waits after a failure goes on waiting.
pub async fn wake_webhooks(tx: &mut Tx<'_>, company: &str, now: i64) -> Result<()> {
    let kind = Kind::TellWebhook.name();
    sqlx::query(WAKE_WEBHOOKS).bind(company).bind(kind).bind(WEBHOOK_URGENCY.number()).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Gives a job back to be done at a time and no sooner, whoever asked for it meanwhile.
pub async fn wait(tx: &mut Tx<'_>, job: &Leased, due_at: i64, faults: i64, why: &str) -> Result<()> {
    let given = sqlx::query(WAIT)
        .bind(faults)
        .bind(why)
        .bind(due_at)
        .bind(&job.company)
        .bind(&job.id)
        .bind(&job.lease)
        .execute(tx.db())
        .await?;
    if given.rows_affected() == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Gives a job back after an error of ours: it is tried again, and the runs that got nowhere are counted.
pub async fn again_after_error(tx: &mut Tx<'_>, job: &Leased, due_at: i64, why: &str) -> Result<()> {
    let given = sqlx::query(AGAIN)
        .bind(due_at)
        .bind(job.faults)
        .bind(job.runs)
        .bind(why)
        .bind(&job.company)
        .bind(&job.id)
        .bind(&job.lease)
        .bind(job.pokes)
        .execute(tx.db())
        .await?;
    if given.rows_affected() == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Puts a job aside: past a limit, or its adapter cannot go on. Only a person moves it.
pub async fn stick(tx: &mut Tx<'_>, job: &Leased, why: &str) -> Result<()> {
    let stuck = sqlx::query(STICK).bind(why).bind(&job.company).bind(&job.id).bind(&job.lease).execute(tx.db()).await?;
    if stuck.rows_affected() == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// A person moves a stuck job.
pub async fn unstick(tx: &mut Tx<'_>, company: &str, id: &str, due_at: i64) -> Result<bool> {
    Ok(sqlx::query(UNSTICK).bind(due_at).bind(company).bind(id).execute(tx.db()).await?.rows_affected() == 1)
}

/// Frees every lease: at the start of a hub that is alone with its database, nobody else can hold one.
pub async fn release_all(tx: &mut Tx<'_>) -> Result<u64> {
    Ok(sqlx::query(RELEASE_ALL).execute(tx.db()).await?.rows_affected())
}

/// Frees the leases of a seat: the process that had it before is dead, and nobody needs to wait until they end.
pub async fn release_of(tx: &mut Tx<'_>, seat: &Seat) -> Result<u64> {
    Ok(sqlx::query(RELEASE_OF).bind(format!("{}.%", seat.0)).execute(tx.db()).await?.rows_affected())
}

/// When the next job is due, stuck ones left out: business time, Unix milliseconds.
pub async fn next_due(db: &mut AnyConnection) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar::<_, Option<i64>>(NEXT_DUE).fetch_one(db).await?)
}

/// How many of a company's jobs only a person moves.
pub async fn stuck(db: &mut AnyConnection, company: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(STUCK).bind(company).fetch_one(db).await?)
}

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Shown {
    /// UUIDv7 text.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// Business time, Unix milliseconds.
    pub due_at: i64,
    /// Faults in a row.
    pub faults: i64,
    /// Whether only a person moves it.
    pub stuck: bool,
    /// What its last run ended with.
    pub why: String,
    /// Business time, Unix milliseconds.
    pub made_at: i64,
}

/// A company's jobs, the stuck ones first.
pub async fn list(db: &mut AnyConnection, company: &str) -> Result<Vec<Shown>> {
    let rows = sqlx::query(LIST).bind(company).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(show).collect()
}

/// The jobs about one subject.
pub async fn of_subject(db: &mut AnyConnection, company: &str, subject: &str) -> Result<Vec<Shown>> {
    let rows = sqlx::query(OF_SUBJECT).bind(company).bind(subject).fetch_all(db).await?;
    rows.iter().map(show).collect()
}

fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).expect("a lease is minutes")
}

fn read(row: &AnyRow, company: &str, lease: &str) -> Result<Leased> {
    let kind: String = row.try_get("kind")?;
    Ok(Leased {
        company: company.to_owned(),
        id: row.try_get("job_id")?,
        kind: Kind::named(&kind)?,
        subject: row.try_get("subject")?,
        urgency: Urgency::numbered(row.try_get("urgency")?),
        faults: row.try_get("faults")?,
        runs: row.try_get("runs")?,
        pokes: row.try_get("pokes")?,
        lease: lease.to_owned(),
    })
}

fn show(row: &AnyRow) -> Result<Shown> {
    let stuck: i64 = row.try_get("stuck")?;
    Ok(Shown {
        id: row.try_get("job_id")?,
        kind: row.try_get("kind")?,
        subject: row.try_get("subject")?,
        due_at: row.try_get("due_at")?,
        faults: row.try_get("faults")?,
        stuck: stuck != 0,
        why: row.try_get("why")?,
        made_at: row.try_get("made_at")?,
    })
}
