//! `kvitt plan`: the decision record of documents. Nothing is stored or sent, and no company needs to be set up.

use clap::Args;
use kvitt_domain::fault::Fault;
use kvitt_hub::desk::{HandedIn, Planned};

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::handin::Documents;
use crate::report::{Refusal, Said, rungs};
use crate::show::story::order_name;
use crate::show::{ladder, progress, report};
use crate::words::Words;

/// Shows every route with its verdict, reason and price, and what would change the answer.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    documents: Documents,
    /// The company that would send them, by organisation number [default: the seller in each].
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

impl Plan {
    pub async fn run(self, session: &Session) -> Outcome {
        let files = self.documents.find()?;
        let desk = Desk::open_to_look(&session.place).await?;
        let words = session.words;
        let bar = progress::bar(files.len(), words.say("progress.planning", &[]), session.json);
        let (mut all, mut refused) = (Vec::new(), 0_usize);
        for path in &files {
            let document = self.documents.read(path)?;
            let planned = self.plan(&desk, document.handed).await?;
            refused += usize::from(planned.is_err());
            match session.json {
                true => all.push(as_json(&document.file, &planned, words)),
                false => bar.suspend(|| session.print(&as_text(&document.file, planned, words)))?,
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        if session.json {
            session.print_json(&all)?;
        }
        desk.close().await;
        Ok(if refused > 0 { Exit::Refused } else { Exit::Fine })
    }

    async fn plan(&self, desk: &Desk, handed: Result<HandedIn, Vec<Fault>>) -> Result<Result<Planned, Vec<Fault>>, Failure> {
        let handed = match handed {
            Ok(handed) => HandedIn { company: self.company.clone(), ..handed },
            Err(faults) => return Ok(Err(faults)),
        };
        match desk.plan(handed).await {
            Ok(planned) => Ok(Ok(planned)),
            Err(Failure::Refused(faults)) => Ok(Err(faults)),
            Err(failure) => Err(failure),
        }
    }
}

fn as_json(file: &str, planned: &Result<Planned, Vec<Fault>>, words: Words) -> serde_json::Value {
    match planned {
        Ok(planned) => serde_json::json!({
            "file": file,
            "number": planned.number,
            "recipient": planned.recipient,
            "payable": planned.payable,
            "plan": planned.plan,
            "ladder": rungs(&planned.plan, words),
            "comparison": planned.plan.comparison(),
            "warnings": Said::all(&planned.warnings, words),
        }),
        Err(faults) => serde_json::json!({ "file": file, "faults": Said::all(faults, words) }),
    }
}

fn as_text(file: &str, planned: Result<Planned, Vec<Fault>>, words: Words) -> String {
    let planned = match planned {
        Ok(planned) => planned,
        Err(faults) => {
            return report::refusals(&[Refusal { file: file.to_owned(), faults: Said::all(&faults, words) }], words);
        }
    };
    let plan = &planned.plan;
    let recipient_type = words.name("recipient_type", plan.recipient_type.name());
    let values = [
        ("file", file),
        ("number", &planned.number),
        ("recipient", &planned.recipient),
        ("recipient_type", &recipient_type),
        ("payable", &planned.payable),
        ("order", &words.name("order_from", order_name(plan.order_from))),
    ];
    let mut text = format!("\n{}\n{}", words.say("plan.header", &values), ladder::full(&rungs(plan, words), words));
    for warning in plan.warnings.iter().chain(&planned.warnings) {
        text.push_str(&format!("  ! {} [{}]\n    → {}\n", warning.sentence(words.0), warning.code, warning.remedy(words.0)));
    }
    text.push_str(&ladder::costs(plan, words));
    if plan.chosen().is_none() {
        text.push_str(&format!("  {}\n", words.say("plan.none", &[])));
    }
    text
}
