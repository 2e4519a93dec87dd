//! `kvitt send`: takes documents in and delivers them.

use std::time::Duration;

use clap::Args;
use kvitt_domain::fault::Fault;
use kvitt_hub::actions::accept_invoice::UnknownSeller;
use kvitt_hub::desk::{Accepted, HandedIn};

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::handin::Documents;
use crate::report::{Refusal, Report, Said, Taken, rows};
use crate::show::{progress, report};

/// Accepts documents: each is on disk before it counts as accepted, the others are refused with all that is wrong with them.
/// Then delivers them, unless a hub runs on the data folder, which does that by itself.
#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    documents: Documents,
    /// The company that hands them in, by organisation number [default: the seller in each].
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Add the seller as a company where it is none here yet, named as in the document.
    #[arg(long)]
    add_company: bool,
    /// The key of one document: the same key and document again is the same answer.
    #[arg(long)]
    key: Option<String>,
    /// How long a retry may be away, in seconds, for this command to wait for it.
    #[arg(long, value_name = "SECONDS", default_value_t = 12)]
    patience: u64,
}

impl Send {
    pub async fn run(self, session: &Session) -> Outcome {
        let files = self.documents.find()?;
        if self.key.is_some() && files.len() != 1 {
            return Err(Failure::Usage(format!("--key is for one document, and {} were given", files.len())));
        }
        let desk = Desk::open(&session.place).await?;
        let words = session.words;
        let bar = progress::bar(files.len(), words.say("progress.accepting", &[]), session.json);
        let (mut taken, mut refusals) = (Vec::new(), Vec::new());
        for path in &files {
            let document = self.documents.read(path)?;
            match self.hand_in(&desk, document.handed).await? {
                Ok(accepted) => taken.push(Taken { file: document.file, accepted }),
                Err(faults) => refusals.push(Refusal { file: document.file, faults: Said::all(&faults, words) }),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        if let Some(hub) = desk.hub()
            && !taken.is_empty()
        {
            let bar = progress::bar(taken.len(), words.say("progress.delivering", &[]), session.json);
            hub.work_until_quiet(Duration::from_secs(self.patience), |status| progress::follow(&bar, status)).await?;
            bar.finish_and_clear();
        }
        let report = Report::of(rows(&desk, taken, words).await?, refusals);
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report::text(&report, words))?,
        }
        if desk.hub().is_none() && !session.json && report.totals.waiting > 0 {
            session.print(&words.say("send.hub_delivers", &[]))?;
        }
        desk.close().await;
        Ok(exit(&report))
    }

    async fn hand_in(&self, desk: &Desk, handed: Result<HandedIn, Vec<Fault>>) -> Result<Result<Accepted, Vec<Fault>>, Failure> {
        let handed = match handed {
            Ok(handed) => handed,
            Err(faults) => return Ok(Err(faults)),
        };
        let unknown_seller = if self.add_company { UnknownSeller::Add } else { UnknownSeller::Refuse };
        let handed = HandedIn { company: self.company.clone(), key: self.key.clone(), unknown_seller, ..handed };
        match desk.send(handed).await {
            Ok(accepted) => Ok(Ok(accepted)),
            Err(Failure::Refused(faults)) => Ok(Err(faults)),
            Err(failure) => Err(failure),
        }
    }
}

fn exit(report: &Report) -> Exit {
    match report {
        _ if report.totals.refused > 0 => Exit::Refused,
        _ if report.totals.parked + report.totals.in_doubt > 0 => Exit::NeedsPerson,
        _ => Exit::Fine,
    }
}
