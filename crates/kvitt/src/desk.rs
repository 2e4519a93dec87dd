//! Where commands ask: the hub in this process where the data folder is free, else the running hub through its socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kvitt_domain::fault::{Fault, codes};
use kvitt_hub::desk::{Accepted, Answer, Ask, CompanyShown, HandedIn, Planned, Status, Story};
use kvitt_hub::lock::DataLock;
use kvitt_hub::store::customer_order::CustomerOrder;
use kvitt_hub::store::invoice::Listed;
use kvitt_hub::store::job::Shown;
use kvitt_hub::{Config, Hub};
use tempfile::TempDir;

use crate::exit::Failure;

/// Invoices that one question asks for.
const PAGE: u32 = 500;

/// How long another command may have the data folder: as long as the longest that is not `serve` or `send` usually takes.
const FOR_A_MOMENT: Duration = Duration::from_secs(5);
/// How often a folder in use is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Somebody who answers.
#[derive(Debug)]
pub enum Desk {
    /// This process has the data folder.
    Here {
        /// The hub.
        hub: Hub,
        /// A folder that only this command needed; removed when it is done.
        _passing: Option<TempDir>,
    },
    /// Another process has it.
    There {
        /// The data folder, which the socket belongs to.
        data: PathBuf,
    },
}

/// Which data folder and configuration a command is about.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// The configuration file, if one was named; else `kvitt.toml` in the data folder, if there is one.
    pub config: Option<PathBuf>,
}

impl Place {
    /// The configuration.
    pub fn read_config(&self) -> Result<Config, Failure> {
        let usual = self.data.join("kvitt.toml");
        let file = match &self.config {
            Some(named) => Some(named.as_path()),
            None => usual.exists().then_some(usual.as_path()),
        };
        Ok(Config::read(file)?)
    }
}

impl Desk {
    /// Opens the data folder, making it where it is missing, or finds the hub that has it. Another command may have it for a
    /// moment: that one is waited for.
    pub async fn open(place: &Place) -> Result<Desk, Failure> {
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(lock) = DataLock::take(&place.data)? {
                let hub = Hub::open_locked(&place.data, place.read_config()?, lock).await?;
                return Ok(Desk::in_process(hub));
            }
            if kvitt_hub::socket::path(&place.data).exists() {
                return Ok(Desk::There { data: place.data.clone() });
            }
            if begun.elapsed() > FOR_A_MOMENT {
                return Err(Failure::Answered(format!(
                    "another kvitt works on {} and does not answer; try again later",
                    place.data.display()
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// A hub that this process runs.
    pub fn in_process(hub: Hub) -> Desk {
        Desk::Here { hub, _passing: None }
    }

    /// Opens a data folder that must be there.
    pub async fn open_known(place: &Place) -> Result<Desk, Failure> {
        if !place.data.is_dir() {
            let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "no such data folder; name another with --data");
            return Err(Failure::io(place.data.display().to_string(), missing));
        }
        Desk::open(place).await
    }

    /// Opens the data folder if there is one, else a passing one: a question that needs no company leaves nothing behind.
    pub async fn open_to_look(place: &Place) -> Result<Desk, Failure> {
        if place.data.is_dir() {
            return Desk::open(place).await;
        }
        let passing = TempDir::with_prefix("kvitt-").map_err(|cause| Failure::io("making a passing folder", cause))?;
        let config = place.read_config()?;
        let hub = Hub::open(passing.path(), config).await?;
        Ok(Desk::Here { hub, _passing: Some(passing) })
    }

    /// The hub, where it is in this process.
    pub fn hub(&self) -> Option<&Hub> {
        match self {
            Desk::Here { hub, .. } => Some(hub),
            Desk::There { .. } => None,
        }
    }

    /// Asks; refusals and failures become a [`Failure`].
    pub async fn ask(&self, ask: Ask) -> Result<Answer, Failure> {
        let answer = match self {
            Desk::Here { hub, .. } => hub.answer(ask).await,
            Desk::There { data } => ask_there(data, &ask).await?,
        };
        match answer {
            Answer::Refused { faults } => Err(Failure::Refused(faults)),
            Answer::Failed { why } => Err(Failure::Answered(why)),
            other => Ok(other),
        }
    }

    /// Hands a document in.
    pub async fn send(&self, handed: HandedIn) -> Result<Accepted, Failure> {
        match self.ask(Ask::Send(handed)).await? {
            Answer::Accepted(accepted) => Ok(accepted),
            other => Err(unexpected(&other)),
        }
    }

    /// Plans a document.
    pub async fn plan(&self, handed: HandedIn) -> Result<Planned, Failure> {
        match self.ask(Ask::Plan(handed)).await? {
            Answer::Plan(planned) => Ok(planned),
            other => Err(unexpected(&other)),
        }
    }

    /// Tells an invoice's story.
    pub async fn story(&self, company: Option<&str>, invoice: &str) -> Result<Story, Failure> {
        let ask = Ask::Explain { company: company.map(str::to_owned), invoice: invoice.to_owned() };
        match self.ask(ask).await? {
            Answer::Story(story) => Ok(*story),
            other => Err(unexpected(&other)),
        }
    }

    /// All companies.
    pub async fn companies(&self) -> Result<Vec<CompanyShown>, Failure> {
        match self.ask(Ask::Companies).await? {
            Answer::Companies { companies } => Ok(companies),
            other => Err(unexpected(&other)),
        }
    }

    /// The orders of routes that a company keeps for its customers, all pages.
    pub async fn customer_orders(&self, company: &str) -> Result<Vec<CustomerOrder>, Failure> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = match self.ask(Ask::CustomerOrders { company: company.to_owned(), after }).await? {
                Answer::CustomerOrders { orders } => orders,
                other => return Err(unexpected(&other)),
            };
            let Some(last) = page.last() else { return Ok(all) };
            after = last.customer.to_string();
            all.extend(page);
        }
    }

    /// The companies that a command is about: the one named, else all.
    pub async fn companies_named(&self, named: Option<&str>) -> Result<Vec<String>, Failure> {
        match named {
            Some(company) => Ok(vec![company.to_owned()]),
            None => Ok(self.companies().await?.into_iter().map(|company| company.org_number).collect()),
        }
    }

    /// The company that an invoice is of, for a person who has the whole data folder and names none: the only one that has
    /// such an invoice. `None` leaves it to the hub to say what is unclear.
    pub async fn company_of(&self, named: Option<&str>, invoice: &str) -> Result<Option<String>, Failure> {
        if let Some(named) = named {
            return Ok(Some(named.to_owned()));
        }
        let mut having = Vec::new();
        for company in self.companies().await? {
            match self.story(Some(&company.org_number), invoice).await {
                Ok(_) => having.push(company.org_number),
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        match having.len() {
            1 => Ok(having.pop()),
            0 => Err(Failure::Refused(vec![Fault::fatal(codes::INVOICE_UNKNOWN).with("invoice", invoice)])),
            _ => Ok(None),
        }
    }

    /// Every invoice of a company, in the order in which they were accepted.
    pub async fn invoices(&self, company: &str) -> Result<Vec<Listed>, Failure> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let ask = Ask::Invoices { company: Some(company.to_owned()), after, limit: PAGE };
            match self.ask(ask).await? {
                Answer::Invoices { invoices, next } => {
                    all.extend(invoices);
                    match next {
                        Some(next) => after = Some(next),
                        None => return Ok(all),
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// A company's jobs.
    pub async fn jobs(&self, company: &str) -> Result<Vec<Shown>, Failure> {
        match self.ask(Ask::Jobs { company: Some(company.to_owned()) }).await? {
            Answer::Jobs { jobs } => Ok(jobs),
            other => Err(unexpected(&other)),
        }
    }

    /// A company's events after a cursor.
    pub async fn events(&self, company: &str, after: i64) -> Result<Vec<serde_json::Value>, Failure> {
        let ask = Ask::Events { company: Some(company.to_owned()), after, limit: PAGE };
        match self.ask(ask).await? {
            Answer::Events { events } => Ok(events),
            other => Err(unexpected(&other)),
        }
    }

    /// The number of a company's last event.
    pub async fn last_event(&self, company: &str) -> Result<i64, Failure> {
        match self.ask(Ask::LastEvent { company: Some(company.to_owned()) }).await? {
            Answer::LastEvent { last } => Ok(last),
            other => Err(unexpected(&other)),
        }
    }

    /// The company that is named, else the only one that there is.
    pub async fn only_company(&self, named: Option<&str>) -> Result<String, Failure> {
        let mut all = self.companies_named(named).await?;
        match (all.len(), all.pop()) {
            (1, Some(company)) => Ok(company),
            (0, _) => Err(Failure::Refused(vec![Fault::fatal(codes::COMPANY_NONE)])),
            _ => Err(Failure::Refused(vec![Fault::fatal(codes::COMPANY_NOT_NAMED)])),
        }
    }

    /// Checks a company's chain of events; the number of its last event.
    pub async fn verify(&self, company: &str) -> Result<i64, Failure> {
        match self.ask(Ask::VerifyEvents { company: Some(company.to_owned()) }).await? {
            Answer::Verified { last } => Ok(last),
            other => Err(unexpected(&other)),
        }
    }

    /// Where everything stands.
    pub async fn status(&self) -> Result<Status, Failure> {
        match self.ask(Ask::Status).await? {
            Answer::Status(status) => Ok(status),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks for something that is answered with "done".
    pub async fn tell(&self, ask: Ask) -> Result<(), Failure> {
        match self.ask(ask).await? {
            Answer::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Lets writes finish and frees the data folder.
    pub async fn close(self) {
        match self {
            Desk::Here { hub, _passing } => hub.close().await,
            Desk::There { .. } => {}
        }
    }
}

async fn ask_there(data: &Path, ask: &Ask) -> Result<Answer, Failure> {
    Ok(kvitt_hub::socket::ask(data, ask).await?)
}

/// A hub of another version answered another question.
pub fn unexpected(answer: &Answer) -> Failure {
    let name = serde_json::to_value(answer).ok().and_then(|value| value["answer"].as_str().map(str::to_owned));
    Failure::Answered(format!("the hub answered {}, which is no answer to this question", name.unwrap_or_default()))
}
