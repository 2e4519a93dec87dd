//! `kvitt status`: where everything stands.

use clap::Args;
use comfy_table::Cell;
use kvitt_domain::fault::{Fault, codes};
use kvitt_hub::desk::StoppedWebhook;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Outcome};
use crate::show::table::table;
use crate::words::Words;

/// Says how many deliveries stand in each state, when the next job is due, what is stuck, and who is being spared.
#[derive(Debug, Args)]
pub struct Status {}

impl Status {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let status = desk.status().await?;
        if session.json {
            session.print_json(&status)?;
        } else {
            let words = session.words;
            let mut shown = table(&["state", "count"].map(|name| words.name("cli", &format!("column.{name}"))));
            for (state, count) in &status.states {
                shown.add_row(vec![Cell::new(words.name("state", state)), Cell::new(count)]);
            }
            session.print(&shown.to_string())?;
            let next = status.next_due_at.map_or_else(|| "–".to_owned(), |at| words.time_ms(at));
            let values = [("now", words.time_ms(status.now)), ("next", next), ("stuck", status.stuck.to_string())];
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            session.print(&words.say("status.line", &values))?;
            if status.strays > 0 {
                session.print(&words.say("status.strays", &[("count", &status.strays.to_string())]))?;
            }
            if let Some(restored) = &status.restored
                && status.states.get("in_doubt").is_some_and(|doubts| *doubts > 0)
            {
                let values = [("made_at", words.time_ms(restored.made_at)), ("count", restored.doubts.to_string())];
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                session.print(&words.say("status.restored", &values))?;
            }
            for other in &status.other_providers {
                let alarm = Fault::warning(codes::CLAIM_OTHER_PROVIDER).with("account", &other.account);
                session.print(&format!("{}: {}", other.company, alarm.sentence(words.0)))?;
            }
            for stopped in &status.stopped_webhooks {
                session.print(&stopped_webhook(stopped, words))?;
            }
            for (address, until) in &status.spared {
                session.print(&words.say("status.spared", &[("address", address), ("until", &words.time_ms(*until))]))?;
            }
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}

/// A webhook that is told nothing any more, in a sentence.
pub fn stopped_webhook(stopped: &StoppedWebhook, words: Words) -> String {
    let (since, why) = (words.time_ms(stopped.since), stopped.why.sentence(words.0));
    let values = [("company", stopped.company.as_str()), ("webhook", &stopped.id), ("since", &since), ("why", &why)];
    words.say("status.webhook", &values)
}
