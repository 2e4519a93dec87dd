//! `kvitt listen`: a company's events, posted to a program on this machine while it is being written.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use kvitt_domain::subscription::Subscription;
use kvitt_hub::store::event::Heading;
use kvitt_hub::transport::webhook::{Doors, Poster, outcome};
use kvitt_hub::webhook_message::{For, Message, Secret};

use crate::cli::Session;
use crate::commands::serve::told_to_stop;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};

/// How often it asks for news.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Whom messages are for, as their ids know it: no webhook has this name.
const LISTENER: &str = "listen";

/// Posts each event of a company as a webhook would be told of it, signed with a secret that is made anew each time, and says what was
/// answered. Each is posted once. For development: real receivers are added with kvitt webhooks add.
#[derive(Debug, Args)]
pub struct Listen {
    /// Where to: an address on this machine, such as http://127.0.0.1:3000/hooks.
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// Which events: kinds such as invoice.accepted, beginnings such as delivery.*, or * for all.
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "*")]
    events: Vec<String>,
    /// Begin after this event [default: what happens from now on].
    #[arg(long, value_name = "NUMBER")]
    after: Option<i64>,
    /// The company's organisation number; may be left out while there is only one company.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

impl Listen {
    pub async fn run(self, session: &Session) -> Outcome {
        let wanted = Subscription::parse(&self.events).map_err(Failure::Refused)?;
        let doors = Doors::here();
        doors.check(&self.forward_to).map_err(|_| {
            Failure::Usage(format!("{} is no address on this machine such as http://127.0.0.1:3000/hooks", self.forward_to))
        })?;
        let poster = Poster::new(doors, None).map_err(Failure::Answered)?;
        let desk = Desk::open_known(&session.place).await?;
        let company = desk.only_company(self.company.as_deref()).await?;
        let after = match self.after {
            Some(after) => after,
            None => desk.last_event(&company).await?,
        };
        let told_to_stop = told_to_stop()?;
        let listener = Listener { company, wanted, poster, secret: Secret::new(), address: self.forward_to };
        listener.say_ready(session)?;
        tokio::select! {
            () = told_to_stop => {}
            ended = listener.listen(session, &desk, after) => ended?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}

struct Listener {
    company: String,
    wanted: Subscription,
    poster: Poster,
    secret: Secret,
    address: String,
}

impl Listener {
    fn say_ready(&self, session: &Session) -> Result<(), Failure> {
        let secret = self.secret.shown();
        if session.json {
            return session
                .print_json(&serde_json::json!({ "company": self.company, "forward_to": self.address, "secret": secret }));
        }
        let values = [("company", self.company.as_str()), ("address", &self.address), ("secret", &secret)];
        session.print(&session.words.say("listen.ready", &values))
    }

    async fn listen(&self, session: &Session, desk: &Desk, mut after: i64) -> Result<(), Failure> {
        loop {
            let page = desk.events(&self.company, after).await?;
            for event in &page {
                let event: Heading = serde_json::from_value(event.clone())
                    .map_err(|cause| Failure::Answered(format!("an event cannot be read: {cause}")))?;
                after = event.seq;
                self.forward(session, &event).await?;
            }
            if !page.is_empty() {
                continue;
            }
            // Without a running hub nothing more can happen while this process has the data folder.
            if desk.hub().is_some() {
                return if session.json { Ok(()) } else { session.print(&session.words.say("events.no_hub", &[])) };
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn forward(&self, session: &Session, event: &Heading) -> Result<(), Failure> {
        let Some(wanted) = self.wanted.wants(&event.kind) else { return Ok(()) };
        let message = Message::of_event(For { company: &self.company, webhook: LISTENER }, event, wanted)?;
        let headers = message.headers([&self.secret], Timestamp::now());
        let begun = Instant::now();
        let reply = self.poster.post(&self.address, &headers, message.body.clone()).await;
        let ms = begun.elapsed().as_millis().to_string();
        let (status, why) = outcome(&reply);
        let said = if status == 0 { why } else { status.to_string() };
        if session.json {
            return session.print_json(&serde_json::json!({
                "event": event.seq, "kind": event.kind, "id": message.id, "answer": said,
            }));
        }
        let values = [("number", event.seq.to_string()), ("kind", event.kind.clone()), ("said", said), ("ms", ms)];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        session.print(&session.words.say("listen.told", &values))
    }
}
