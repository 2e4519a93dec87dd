//! What a person or a program does with a company's webhooks: add, try, move back, give another secret, let go on, remove.

use futures_util::FutureExt;
use jiff::Timestamp;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::subscription::Subscription;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::actions::tell_webhook::try_once;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::{self, NewEvent};
use crate::store::job::{self, Kind, WEBHOOK_URGENCY};
use crate::store::webhook::{self, Settings, State, StoredWebhook, Try, Webhook};
use crate::store::{Backend, Tx};
use crate::transport::webhook::Unfit;
use crate::webhook_message::{For, Message, Secret, TEST};

/// Webhooks of one company: each takes a worker for a while whenever something happens.
pub const MOST: usize = 10;
/// How long the old secret is signed with too after a new one was made: a working day to take the new one into use.
const OLD_SECRET_LIVES_MS: i64 = 24 * 3_600_000;
/// So much of a wrong address is repeated.
const SHOWN: usize = 200;

/// A webhook as it is shown. Its secrets are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookShown {
    /// UUIDv7 text.
    pub id: String,
    /// Where it is.
    pub address: String,
    /// Which events it wants.
    pub events: Vec<String>,
    /// `active` or `stopped`, and what belongs to it.
    #[serde(flatten)]
    pub state: State,
    /// Since when it is: business time.
    pub since: Timestamp,
    /// The last event that it took or does not want.
    pub told: i64,
    /// The company's last event.
    pub last: i64,
    /// When it is tried again, where the next event was not taken: business time.
    pub next_try_at: Option<Timestamp>,
    /// Until when the secret before the newest one is signed with too: machine time.
    pub old_secret_until: Option<Timestamp>,
    /// Business time.
    pub made_at: Timestamp,
}

/// A webhook that is to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewWebhook {
    /// Where it is.
    pub address: String,
    /// Which events it wants.
    pub events: Vec<String>,
    /// After which event it is told; what happens from now on where that is left out.
    pub after: Option<i64>,
}

/// A webhook and its secret, which is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WithSecret {
    /// The webhook.
    pub webhook: WebhookShown,
    /// `whsec_` and base64.
    pub secret: String,
}

/// Adds a webhook. Every fault at once.
pub async fn add(hub: &Hub, company: &Company, new: NewWebhook) -> Result<WithSecret> {
    let mut faults: Vec<Fault> = fault_of_address(hub, &new.address)?.into_iter().collect();
    let events = Subscription::parse(&new.events).unwrap_or_else(|wrong| {
        faults.extend(wrong);
        Subscription::default()
    });
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let secret = Secret::new();
    let settings = Settings { address: new.address, events, secret: secret.clone(), old_secret: None };
    let (id, now) = (crate::ids::new_id().to_string(), hub.clock().business_ms());
    let (owner, wanted, after) = (company.clone(), id.clone(), new.after);
    hub.write(move |tx| {
        let (company, id, settings) = (owner.clone(), wanted.clone(), settings.clone());
        async move {
            webhook::count_active(tx, &company.id, 1).await?;
            if webhook::all(tx.db(), &company.id, &company.key).await?.len() >= MOST {
                return Err(Error::refused(Fault::fatal(codes::WEBHOOK_TOO_MANY).with("limit", MOST)));
            }
            let last = event::last(tx.db(), &company.id).await?;
            let told = match after {
                None => last,
                Some(after) => within(after, last)?,
            };
            tx.tell(NewEvent::new(&company.id, &company.key, now, "webhook.added", &id, &Told::of(&settings))?);
            let new = Webhook { settings, state: State::Active { faults: 0 }, since: now, told };
            webhook::insert(tx, &company.id, &company.key, &id, &new, now).await
        }
        .boxed()
    })
    .await?;
    let mut db = hub.db().read().await?;
    let stored = find(&mut db, company, &id).await?;
    Ok(WithSecret { webhook: shown(hub, &mut db, company, &stored).await?, secret: secret.shown() })
}

/// All webhooks of a company, the oldest first.
pub async fn list(hub: &Hub, company: &Company) -> Result<Vec<WebhookShown>> {
    let mut db = hub.db().read().await?;
    let mut all = Vec::new();
    for stored in webhook::all(&mut db, &company.id, &company.key).await? {
        all.push(shown(hub, &mut db, company, &stored).await?);
    }
    Ok(all)
}

/// One webhook. `named` is its id or the beginning of it, as everywhere here.
pub async fn one(hub: &Hub, company: &Company, named: &str) -> Result<WebhookShown> {
    let mut db = hub.db().read().await?;
    let stored = find(&mut db, company, named).await?;
    shown(hub, &mut db, company, &stored).await
}

/// The last tries of a webhook, the newest first.
pub async fn log(hub: &Hub, company: &Company, named: &str) -> Result<Vec<Try>> {
    let mut db = hub.db().read().await?;
    let stored = find(&mut db, company, named).await?;
    webhook::tries(&mut db, &company.id, &stored.id).await
}

/// Calls a webhook once with a message that stands in no chain, whether it is active or not, and changes nothing but its log.
pub async fn test(hub: &Hub, company: &Company, named: &str) -> Result<Try> {
    let stored = find(&mut *hub.db().read().await?, company, named).await?;
    let message = Message::test(For { company: &company.org_number, webhook: &stored.id }, hub.clock().business_ms())?;
    let tried = try_once(hub, &stored, &message, (0, TEST)).await?.entry;
    let (company, id, entry) = (company.id.clone(), stored.id, tried.clone());
    hub.write(move |tx| {
        let (company, id, entry) = (company.clone(), id.clone(), entry.clone());
        async move { webhook::record(tx, &company, &id, &entry).await }.boxed()
    })
    .await?;
    Ok(tried)
}

/// Tells a webhook again from an event on, under the same ids as before. One that is stopped is told when it is enabled.
pub async fn replay(hub: &Hub, company: &Company, named: &str, from: i64) -> Result<()> {
    change(hub, company, named, "webhook.replayed", move |stored, last, _| {
        let told = within(from.saturating_sub(1), last)?;
        Ok(Webhook { told, ..stored.webhook.clone() })
    })
    .await
}

/// Lets a stopped webhook go on where it stood; one that waits after a failure is tried at once.
pub async fn enable(hub: &Hub, company: &Company, named: &str) -> Result<()> {
    change(hub, company, named, "webhook.enabled", |stored, _, now| {
        let since = if matches!(stored.webhook.state, State::Stopped { .. }) { now } else { stored.webhook.since };
        Ok(Webhook { state: State::Active { faults: 0 }, since, ..stored.webhook.clone() })
    })
    .await
}

/// Makes a new secret. The one before is signed with too for a day; an older one no more.
pub async fn rotate(hub: &Hub, company: &Company, named: &str) -> Result<WithSecret> {
    let (secret, until) = (Secret::new(), hub.clock().machine_ms() + OLD_SECRET_LIVES_MS);
    let newest = secret.clone();
    change(hub, company, named, "webhook.secret_rotated", move |stored, _, _| {
        let before = &stored.webhook.settings;
        let old_secret = Some((before.secret.clone(), until));
        let settings = Settings { secret: newest.clone(), old_secret, ..before.clone() };
        Ok(Webhook { settings, ..stored.webhook.clone() })
    })
    .await?;
    Ok(WithSecret { webhook: one(hub, company, named).await?, secret: secret.shown() })
}

/// Removes a webhook and its log.
pub async fn remove(hub: &Hub, company: &Company, named: &str) -> Result<()> {
    let (company, named, now) = (company.clone(), named.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, named) = (company.clone(), named.clone());
        async move {
            let stored = find_to_change(tx, &company, &named).await?;
            if matches!(stored.webhook.state, State::Active { .. }) {
                webhook::count_active(tx, &company.id, -1).await?;
            }
            webhook::remove(tx, &company.id, &stored).await?;
            let told = Told::of(&stored.webhook.settings);
            tx.tell(NewEvent::new(&company.id, &company.key, now, "webhook.removed", &stored.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

#[derive(Serialize)]
struct Told<'a> {
    /// Without the rest of the address, which may hold a token: more people read events than webhooks.
    host: Option<String>,
    events: &'a [String],
}

impl Told<'_> {
    fn of(settings: &Settings) -> Told<'_> {
        let host = reqwest::Url::parse(&settings.address).ok().and_then(|url| url.host_str().map(str::to_owned));
        Told { host, events: settings.events.patterns() }
    }
}

#[derive(Serialize)]
struct Changed {
    /// The event after which it goes on.
    after: i64,
}

/// Changes a webhook as `after` says of it, the company's last event and the business time, tells it, and lets it be told what it was
/// not told yet.
async fn change(
    hub: &Hub,
    company: &Company,
    named: &str,
    kind: &'static str,
    after: impl Fn(&StoredWebhook, i64, i64) -> Result<Webhook> + Clone + Send + Sync + 'static,
) -> Result<()> {
    let (company, named, now) = (company.clone(), named.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, named, after) = (company.clone(), named.clone(), after.clone());
        async move {
            let stored = find_to_change(tx, &company, &named).await?;
            let last = event::last(tx.db(), &company.id).await?;
            let after = after(&stored, last, now)?;
            let is_active = matches!(after.state, State::Active { .. });
            if is_active && matches!(stored.webhook.state, State::Stopped { .. }) {
                webhook::count_active(tx, &company.id, 1).await?;
            }
            // Head, job, webhook: whoever writes down a try locks them in this order too.
            if is_active {
                job::enqueue(tx, &company.id, Kind::TellWebhook, &stored.id, WEBHOOK_URGENCY, now, now).await?;
            }
            webhook::save(tx, &company.id, &company.key, &stored, &after).await?;
            let told = Changed { after: after.told };
            tx.tell(NewEvent::new(&company.id, &company.key, now, kind, &stored.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

/// A webhook that is about to be changed. On PostgreSQL the company's head is locked first, as whoever tells events does it, so that
/// nobody waits for each other in a ring.
async fn find_to_change(tx: &mut Tx<'_>, company: &Company, named: &str) -> Result<StoredWebhook> {
    if tx.backend() == Backend::Postgres {
        webhook::count_active(tx, &company.id, 0).await?;
    }
    find(tx.db(), company, named).await
}

/// The webhook with an id, or with the only id that begins so.
async fn find(db: &mut AnyConnection, company: &Company, named: &str) -> Result<StoredWebhook> {
    let mut all = webhook::all(db, &company.id, &company.key).await?;
    let named = named.trim();
    all.retain(|stored| !named.is_empty() && stored.id.starts_with(named));
    match all.len() {
        1 => Ok(all.remove(0)),
        _ => {
            let shown: String = named.chars().take(SHOWN).collect();
            Err(Error::refused(Fault::fatal(codes::WEBHOOK_UNKNOWN).with("webhook", shown)))
        }
    }
}

async fn shown(hub: &Hub, db: &mut AnyConnection, company: &Company, stored: &StoredWebhook) -> Result<WebhookShown> {
    let Webhook { settings, state, since, told } = stored.webhook.clone();
    let next_try_at = match state {
        State::Active { faults: 1.. } => {
            let jobs = job::of_subject(db, &company.id, &stored.id).await?;
            jobs.first().map(|job| moment(job.due_at)).transpose()?
        }
        _ => None,
    };
    let machine_now = hub.clock().machine_ms();
    let old = settings.old_secret.filter(|(_, until)| machine_now < *until);
    Ok(WebhookShown {
        id: stored.id.clone(),
        address: settings.address,
        events: settings.events.patterns().to_vec(),
        state,
        since: moment(since)?,
        told,
        last: event::last(db, &company.id).await?,
        next_try_at,
        old_secret_until: old.map(|(_, until)| moment(until)).transpose()?,
        made_at: moment(stored.made_at)?,
    })
}

/// The number of an event after which something begins: any that there is, or 0 for the first.
fn within(after: i64, last: i64) -> Result<i64> {
    if (0..=last).contains(&after) {
        return Ok(after);
    }
    Err(Error::refused(Fault::fatal(codes::WEBHOOK_EVENT).with("number", after).with("last", last)))
}

fn fault_of_address(hub: &Hub, address: &str) -> Result<Option<Fault>> {
    let code = match hub.config().webhooks.doors()?.check(address) {
        Ok(_) => return Ok(None),
        Err(Unfit::Address) => codes::WEBHOOK_ADDRESS,
        Err(Unfit::Network) => codes::WEBHOOK_NETWORK,
    };
    let shown: String = address.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Ok(Some(Fault::fatal(code).at("destination").with("address", shown)))
}

fn moment(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|_| Error::Damaged(format!("{ms} is no time")))
}
