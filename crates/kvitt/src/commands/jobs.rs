//! `kvitt jobs`: what is still to be done, the stuck first.

use clap::Args;
use comfy_table::Cell;
use kvitt_hub::desk::Ask;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;

/// Lists jobs. A stuck one is moved only by a person: mend what it says, then `--unstick` it.
#[derive(Debug, Args)]
pub struct Jobs {
    /// Only this company, by organisation number.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Let this stuck job run again.
    #[arg(long, value_name = "JOB")]
    unstick: Option<String>,
}

impl Jobs {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let words = session.words;
        if let Some(job) = &self.unstick {
            desk.tell(Ask::Unstick { company: self.company.clone(), job: job.clone() }).await?;
        }
        let mut json = Vec::new();
        let mut shown = table(
            &["company", "job", "kind", "due", "faults", "stuck", "why"].map(|name| words.name("cli", &format!("column.{name}"))),
        );
        for company in desk.companies_named(self.company.as_deref()).await? {
            for job in desk.jobs(&company).await? {
                if session.json {
                    let mut value = serde_json::to_value(&job).map_err(|cause| Failure::io("writing JSON", cause.into()))?;
                    value["company"] = company.clone().into();
                    json.push(value);
                    continue;
                }
                shown.add_row(vec![
                    Cell::new(&company),
                    Cell::new(&job.id),
                    Cell::new(&job.kind),
                    Cell::new(words.time_ms(job.due_at)),
                    Cell::new(job.faults),
                    Cell::new(if job.stuck { "✗" } else { "" }),
                    Cell::new(&job.why),
                ]);
            }
        }
        match session.json {
            true => session.print_json(&json)?,
            false if shown.is_empty() => session.print(&words.say("jobs.empty", &[]))?,
            false => session.print(&shown.to_string())?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}
