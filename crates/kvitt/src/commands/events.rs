//! `kvitt events`: what happened, in the order in which it was made durable.

use std::time::Duration;

use clap::Args;

use crate::cli::Session;
use crate::commands::serve::told_to_stop;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::story::event_line;

/// How often a follower asks for news.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Shows events. Their numbers have no gaps, and each carries the hash of all before it.
#[derive(Debug, Args)]
pub struct Events {
    /// Only this company, by organisation number.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Only events after this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: i64,
    /// Go on as long as the running hub tells more, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// Check instead that no event was changed, taken out or put in.
    #[arg(long, conflicts_with = "follow")]
    verify: bool,
}

impl Events {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let companies = desk.companies_named(self.company.as_deref()).await?;
        if self.verify {
            return verify(session, desk, &companies).await;
        }
        let cursors = companies.into_iter().map(|company| (company, self.after)).collect();
        if self.follow {
            let told_to_stop = told_to_stop()?;
            tokio::select! {
                () = told_to_stop => {}
                ended = follow(session, &desk, cursors) => ended?,
            }
        } else {
            show_all_news(session, &desk, cursors).await?;
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}

/// The last event of each company that was shown.
type Cursors = Vec<(String, i64)>;

async fn follow(session: &Session, desk: &Desk, mut cursors: Cursors) -> Result<(), Failure> {
    loop {
        cursors = show_all_news(session, desk, cursors).await?;
        // Without a running hub nothing more can happen while this process has the data folder.
        if desk.hub().is_some() {
            return if session.json { Ok(()) } else { session.print(&session.words.say("events.no_hub", &[])) };
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn show_all_news(session: &Session, desk: &Desk, mut cursors: Cursors) -> Result<Cursors, Failure> {
    for (company, after) in &mut cursors {
        show_news(session, desk, company, after).await?;
    }
    Ok(cursors)
}

/// Shows every event after the cursor and moves it. With JSON, one event a line.
async fn show_news(session: &Session, desk: &Desk, company: &str, after: &mut i64) -> Result<(), Failure> {
    loop {
        let page = desk.events(company, *after).await?;
        if page.is_empty() {
            return Ok(());
        }
        for mut event in page {
            *after = event["seq"].as_i64().unwrap_or(*after + 1);
            event["company"] = company.into();
            match session.json {
                true => session.print_json(&event)?,
                false => session.print(&format!("{company}  {}", event_line(&event, session.words)))?,
            }
        }
    }
}

async fn verify(session: &Session, desk: Desk, companies: &[String]) -> Outcome {
    let mut verified = Vec::new();
    for company in companies {
        let last = desk.verify(company).await?;
        if session.json {
            verified.push(serde_json::json!({ "company": company, "last": last }));
        } else {
            let values = [("company", company.as_str()), ("last", &last.to_string())];
            session.print(&session.words.say("events.verified", &values))?;
        }
    }
    if session.json {
        session.print_json(&verified)?;
    }
    desk.close().await;
    Ok(Exit::Fine)
}
