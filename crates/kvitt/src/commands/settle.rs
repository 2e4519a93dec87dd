//! `kvitt settle`: what only a person decides.

use clap::{ArgGroup, Args};
use kvitt_domain::delivery::Purpose;
use kvitt_hub::actions::explain::Story;
use kvitt_hub::desk::{Ask, Settlement};
use serde::Serialize;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::oracle;

/// Decides what became of a delivery in doubt, opens a parked one again, or calls one back. With `--ledger`, decides every
/// delivery in doubt by a counterparty's own account of what it took: a line there means sent, none means unsent. Direct debits
/// that went in a file are left to you: nobody says that a file was taken before its debits come.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("decision").required(true).args(["sent", "unsent", "repeat", "reopen", "cancel", "ledger"])))]
pub struct Settle {
    /// The invoice's number or id; not with --ledger.
    #[arg(value_name = "INVOICE", required_unless_present = "ledger", conflicts_with = "ledger")]
    invoice: Option<String>,
    #[command(flatten)]
    decision: Decision,
    /// Decide of the notice of the invoice's claim, not of the claim.
    #[arg(long, conflicts_with = "ledger")]
    notice: bool,
    /// Who says so; it is written into the record.
    #[arg(long, value_name = "NAME", required = true)]
    by: String,
    /// The company, by organisation number; may be left out while there is only one, or only one has such an invoice.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

#[derive(Debug, Args)]
struct Decision {
    /// The attempt in doubt was sent.
    #[arg(long)]
    sent: bool,
    /// The attempt in doubt was not sent: a route is chosen anew.
    #[arg(long)]
    unsent: bool,
    /// Send the same letter again: same bytes, same Message-ID.
    #[arg(long)]
    repeat: bool,
    /// What parked it is mended: plan again with all routes.
    #[arg(long)]
    reopen: bool,
    /// Call it back: at once while nothing has left the house, else by asking the counterparty, where it can be asked.
    #[arg(long)]
    cancel: bool,
    /// A ledger of JSON lines with company and invoice, and with counterparty where it is of several: an http: address, or a file.
    #[arg(long, value_name = "URL|FILE")]
    ledger: Option<String>,
}

impl Decision {
    /// What was decided of one invoice. The parser sees to it that exactly one is given.
    fn settlement(&self) -> Option<Settlement> {
        let given = [
            (self.sent, Settlement::Sent),
            (self.unsent, Settlement::Unsent),
            (self.repeat, Settlement::Repeat),
            (self.reopen, Settlement::Reopen),
            (self.cancel, Settlement::Cancel),
        ];
        given.into_iter().find_map(|(given, settlement)| given.then_some(settlement))
    }
}

/// What was decided of one invoice.
#[derive(Debug, Serialize)]
struct Settled {
    company: String,
    invoice: String,
    /// None where it is left to a person.
    settlement: Option<Settlement>,
}

/// The route whose attempts are claims.
const AVTALEGIRO: &str = "avtalegiro";

/// What the story of an invoice says of its last claim.
struct Claim {
    kid: String,
    by_service: bool,
}

impl Claim {
    fn of(story: &Story) -> Option<Claim> {
        let opened = story.events.iter().rfind(|event| event["kind"] == "claim.opened")?;
        let kid = opened["payload"]["kid"].as_str()?.to_owned();
        Some(Claim { kid, by_service: opened["payload"]["way"] == "service" })
    }
}

impl Settle {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let settled = match (&self.decision.ledger, &self.invoice, self.decision.settlement()) {
            (Some(ledger), _, _) => self.by_ledger(&desk, ledger).await?,
            (None, Some(invoice), Some(settlement)) => vec![self.one(&desk, invoice, settlement).await?],
            // The parser refuses what is left.
            (None, _, _) => return Err(Failure::Usage("name an invoice and a decision".to_owned())),
        };
        match session.json {
            true => session.print_json(&settled)?,
            false => session.print(&text(&settled, session))?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }

    async fn one(&self, desk: &Desk, invoice: &str, settlement: Settlement) -> Result<Settled, Failure> {
        let company = desk.company_of(self.company.as_deref(), invoice).await?;
        let purpose = if self.notice { Purpose::Notice } else { Purpose::Bill };
        let (invoice, by) = (invoice.to_owned(), self.by.clone());
        let ask = Ask::Settle { company: company.clone(), invoice: invoice.clone(), settlement, purpose, by };
        desk.tell(ask).await?;
        Ok(Settled { company: company.unwrap_or_default(), invoice, settlement: Some(settlement) })
    }

    /// Every delivery in doubt. The ledger is read after the list of doubts, so that what it does not have was not taken.
    async fn by_ledger(&self, desk: &Desk, ledger: &str) -> Result<Vec<Settled>, Failure> {
        let mut doubts = Vec::new();
        for company in desk.companies_named(self.company.as_deref()).await? {
            let invoices = desk.invoices(&company).await?;
            doubts.extend(
                invoices.into_iter().filter(|invoice| invoice.state == "in_doubt").map(|invoice| (company.clone(), invoice)),
            );
        }
        let mut lines =
            oracle::fetch(ledger).await.map_err(|cause| Failure::io(format!("reading the ledger {ledger}"), cause))?;
        oracle::name_bills(&mut lines, &doubts.iter().map(|(_, invoice)| (invoice.id.clone(), invoice.number.clone())).collect());
        let mut settled = Vec::with_capacity(doubts.len());
        for (company, invoice) in doubts {
            let story = desk.story(Some(&company), &invoice.id).await?;
            let Some(route) = story.bill.delivery.state.route() else { continue };
            let claim = Claim::of(&story).filter(|_| route.as_str() == AVTALEGIRO);
            let is_its = |line: &&oracle::Line| {
                let named = line.invoice == invoice.number || claim.as_ref().is_some_and(|claim| line.invoice == claim.kid);
                named && (line.company == company || claim.is_some())
            };
            let was_taken = lines.iter().filter(is_its).any(|line| line.is_of(route));
            let settlement = match (was_taken, claim) {
                (true, _) => Settlement::Sent,
                // Nobody says of a file that it was taken before its debits come.
                (false, Some(claim)) if !claim.by_service => {
                    settled.push(Settled { company, invoice: invoice.number, settlement: None });
                    continue;
                }
                (false, _) => Settlement::Unsent,
            };
            let (purpose, by) = (Purpose::Bill, self.by.clone());
            let ask = Ask::Settle { company: Some(company.clone()), invoice: invoice.id, settlement, purpose, by };
            desk.tell(ask).await?;
            settled.push(Settled { company, invoice: invoice.number, settlement: Some(settlement) });
        }
        Ok(settled)
    }
}

fn text(settled: &[Settled], session: &Session) -> String {
    let words = session.words;
    if settled.is_empty() {
        return words.say("settle.none", &[]);
    }
    let line = |one: &Settled| {
        let values: [(&str, &str); 1] = [("invoice", &one.invoice)];
        match one.settlement {
            None => words.say("settle.left", &values),
            Some(Settlement::Sent) => words.say("settle.sent", &values),
            Some(Settlement::Unsent) => words.say("settle.unsent", &values),
            Some(Settlement::Repeat) => words.say("settle.repeat", &values),
            Some(Settlement::Reopen) => words.say("settle.reopen", &values),
            Some(Settlement::Cancel) => words.say("settle.cancel", &values),
        }
    };
    settled.iter().map(line).collect::<Vec<_>>().join("\n")
}
