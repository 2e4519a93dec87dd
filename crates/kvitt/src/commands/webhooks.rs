//! `kvitt webhooks`: programs that are told of a company's events.

use clap::Subcommand;
use comfy_table::Cell;
use kvitt_hub::desk::{Answer, Ask, NewWebhook, Try, WebhookAsk, WebhookShown, WebhookState, WithSecret};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;

/// A webhook is an address that is told of a company's events, signed and in order (docs/webhooks.md). It is named by its id, or the
/// beginning of it.
#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Add a webhook, and show its secret this once.
    Add {
        /// Where it is: https://host/path.
        address: String,
        /// Which events it is told of: kinds such as invoice.accepted, beginnings such as delivery.*, or * for all.
        #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "*")]
        events: Vec<String>,
        /// Tell it of what happened after this event too; 0 is all that ever happened [default: what happens from now on].
        #[arg(long, value_name = "NUMBER")]
        after: Option<i64>,
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// List webhooks, where they are and how far they were told.
    List {
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Show what came of the last hundred tries, the newest first.
    Log(Named),
    /// Call it once with a message that is no event.
    Test(Named),
    /// Tell it again, from an event on.
    Replay {
        #[command(flatten)]
        named: Named,
        /// The number of the first event to tell.
        #[arg(long, value_name = "NUMBER")]
        from: i64,
    },
    /// Make a new secret, and show it this once. For a day the old one is signed with too.
    Rotate(Named),
    /// Let one that was stopped go on where it stood, or try one that waits at once.
    Enable(Named),
    /// Remove it and its log.
    Remove(Named),
}

/// Which webhook.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The webhook's id, or the beginning of it.
    webhook: String,
    /// The company's organisation number; may be left out while there is only one company.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

impl Webhooks {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let exit = self.ask(session, &desk).await?;
        desk.close().await;
        Ok(exit)
    }

    async fn ask(self, session: &Session, desk: &Desk) -> Outcome {
        let (company, what, done) = match self {
            Webhooks::Add { address, events, after, company } => {
                (company, WebhookAsk::Add(NewWebhook { address, events, after }), Done::Secret("webhooks.added"))
            }
            Webhooks::List { company } => (company, WebhookAsk::List, Done::Shown),
            Webhooks::Log(Named { webhook, company }) => (company, WebhookAsk::Log { webhook }, Done::Shown),
            Webhooks::Test(Named { webhook, company }) => (company, WebhookAsk::Test { webhook }, Done::Tried),
            Webhooks::Replay { named: Named { webhook, company }, from } => {
                (company, WebhookAsk::Replay { webhook, from }, Done::Said("webhooks.replayed"))
            }
            Webhooks::Rotate(Named { webhook, company }) => {
                (company, WebhookAsk::Rotate { webhook }, Done::Secret("webhooks.rotated"))
            }
            Webhooks::Enable(Named { webhook, company }) => {
                (company, WebhookAsk::Enable { webhook }, Done::Said("webhooks.enabled"))
            }
            Webhooks::Remove(Named { webhook, company }) => {
                (company, WebhookAsk::Remove { webhook }, Done::Said("webhooks.removed"))
            }
        };
        match (desk.ask(Ask::Webhooks { company, what }).await?, done) {
            (Answer::WebhookSecret(made), Done::Secret(key)) => show_secret(session, &made, key)?,
            (Answer::Webhooks { webhooks }, _) => show(session, &webhooks)?,
            (Answer::WebhookTries { tries }, Done::Tried) => return show_test(session, &tries),
            (Answer::WebhookTries { tries }, _) => show_log(session, &tries)?,
            (Answer::Done, Done::Said(_)) if session.json => session.print_json(&serde_json::json!({}))?,
            (Answer::Done, Done::Said(key)) => session.print(&session.words.say(key, &[]))?,
            (other, _) => return Err(unexpected(&other)),
        }
        Ok(Exit::Fine)
    }
}

/// What is shown when it is done.
enum Done {
    Secret(&'static str),
    Shown,
    Tried,
    Said(&'static str),
}

fn show_secret(session: &Session, made: &WithSecret, key: &str) -> Result<(), Failure> {
    if session.json {
        return session.print_json(made);
    }
    let until = made.webhook.old_secret_until.map(|until| session.words.time(until)).unwrap_or_default();
    let values = [("id", made.webhook.id.as_str()), ("secret", &made.secret), ("until", &until)];
    session.print(&session.words.say(key, &values))
}

fn show(session: &Session, webhooks: &[WebhookShown]) -> Result<(), Failure> {
    let words = session.words;
    if session.json {
        return session.print_json(&webhooks);
    }
    if webhooks.is_empty() {
        return session.print(&words.say("webhooks.none", &[]));
    }
    let columns = ["webhook", "address", "events", "told", "state", "why"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for webhook in webhooks {
        let why = match (&webhook.state, webhook.next_try_at) {
            (WebhookState::Stopped { why }, _) => why.sentence(words.0),
            (WebhookState::Active { .. }, Some(at)) => words.say("webhooks.tried_again", &[("at", &words.time(at))]),
            (WebhookState::Active { .. }, None) => String::new(),
        };
        shown.add_row(vec![
            Cell::new(&webhook.id),
            Cell::new(&webhook.address),
            Cell::new(webhook.events.join(", ")),
            Cell::new(format!("{} / {}", webhook.told, webhook.last)),
            Cell::new(words.name("cli", &format!("webhooks.{}", webhook.state.name()))),
            Cell::new(why),
        ]);
    }
    session.print(&shown.to_string())
}

fn show_log(session: &Session, tries: &[Try]) -> Result<(), Failure> {
    let words = session.words;
    if session.json {
        return session.print_json(&tries);
    }
    let columns = ["since", "number", "kind", "status", "took", "why"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for tried in tries {
        let number = |number: i64| if number == 0 { "–".to_owned() } else { number.to_string() };
        shown.add_row(vec![
            Cell::new(words.time_ms(tried.at)),
            Cell::new(number(tried.event)),
            Cell::new(&tried.kind),
            Cell::new(number(tried.status)),
            Cell::new(tried.took_ms),
            Cell::new(&tried.why),
        ]);
    }
    session.print(&shown.to_string())
}

/// A test call that was not taken ends with an exit code of its own.
fn show_test(session: &Session, tries: &[Try]) -> Outcome {
    let Some(tried) = tries.first() else { return Ok(Exit::Fine) };
    let is_taken = tried.why.is_empty();
    let key = if is_taken { "webhooks.taken" } else { "webhooks.not_taken" };
    let values = [("status", tried.status.to_string()), ("why", tried.why.clone()), ("ms", tried.took_ms.to_string())];
    match session.json {
        true => session.print_json(tried)?,
        false => session.print(&session.words.say(key, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))?,
    }
    Ok(if is_taken { Exit::Fine } else { Exit::Refused })
}
