//! The control of a sandbox over HTTP, as far as the hub's page of it needs: its clock, its faults, and what its counterparties hold.
//!
//! `docs/sandbox.md` describes it. Nothing of it is in the way of an invoice: the counterparties themselves are reached like real ones.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::fault::{Fault, codes};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// A sandbox on the same machine answers at once; moving its clock far does the work of months.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most that one answer of it may be, bytes: ten thousand letters in a list, or a letter with its files.
const MOST_BYTES: usize = 64 << 20;

/// The control of one sandbox.
#[derive(Debug, Clone)]
pub struct Control {
    base: String,
    http: reqwest::Client,
}

/// What time it is in the sandbox.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Time {
    /// Its business time.
    pub now: Timestamp,
    /// How far that is ahead of the machine.
    pub offset_ms: u64,
    /// When a counterparty next does something by itself.
    pub next_at: Timestamp,
    /// Files that lie for the hub.
    pub unfetched: usize,
}

/// A letter that the mail server took.
#[derive(Debug, Clone, Deserialize)]
pub struct Letter {
    /// Its number.
    pub id: u64,
    /// Whose mailbox it lies in.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// When it came.
    pub at: Timestamp,
    /// The files.
    pub attachments: Vec<Attachment>,
}

/// A file of a letter.
#[derive(Debug, Clone, Deserialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// How long it is.
    pub bytes: u64,
}

/// A line of the ledger: something that a counterparty took.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// What it is.
    pub kind: String,
    /// The invoice's number, or the KID.
    #[serde(default)]
    pub invoice: Option<String>,
    /// To whom it goes.
    pub recipient: String,
    /// When it was taken.
    pub at: Timestamp,
    /// What MPS was told.
    #[serde(default)]
    pub bill: Option<Bill>,
}

/// What MPS was told of a bill.
#[derive(Debug, Clone, Deserialize)]
pub struct Bill {
    /// In kroner, with two decimals.
    pub amount: String,
    /// The KID.
    pub kid: Option<String>,
    /// When it is due.
    pub due_on: Date,
    /// The sender's id of it.
    pub transaction: String,
}

/// How a bill stands with the banks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The sender's id of it.
    pub transaction_id: String,
    /// `ACCEPTED` and its like.
    pub status: String,
    /// Why not.
    #[serde(default)]
    pub rejection_code: Option<String>,
    /// Where its payer sees it: `bank`, `vipps`.
    #[serde(default)]
    pub shown_in: Vec<String>,
}

/// A direct debit with the bank.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The KID.
    pub kid: String,
    /// In kroner.
    pub amount: String,
    /// When the payer is debited.
    pub due_date: Date,
    /// `SENT_TO_BDS` and its like.
    #[serde(default)]
    pub status: Option<String>,
    /// Why not.
    #[serde(default)]
    pub rejection_code: Option<String>,
}

/// Money that moved on an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// The KID that was given.
    #[serde(default)]
    pub kid: Option<String>,
    /// In kroner.
    pub amount: String,
    /// `debit`, `payment`, `reversal` and their like.
    pub kind: String,
    /// The bank day.
    pub booked_on: Date,
    /// Whether it has been booked.
    pub booked: bool,
    /// Whether the company has been told.
    pub told: bool,
}

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Order {
    /// By which it is taken away.
    pub id: u64,
    /// Whose.
    pub counterparty: String,
    /// Where in a conversation.
    pub at: String,
    /// What.
    pub kind: String,
    /// For whom only.
    #[serde(default)]
    pub to: Option<String>,
    /// How often it has struck.
    #[serde(default)]
    pub struck: u32,
}

/// A fault to order.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Wanted {
    /// Whose.
    pub counterparty: &'static str,
    /// Where in a conversation.
    pub at: &'static str,
    /// What.
    pub kind: &'static str,
}

/// A payment that somebody makes by hand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// To which account.
    pub account_number: String,
    /// With which KID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Kroner with two decimals.
    pub amount: String,
    /// What the payer writes instead of a KID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Control {
    /// The control of the sandbox at an HTTP address.
    pub fn at(address: &str) -> Result<Control> {
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE).build();
        let http = client.map_err(|cause| Error::io("making a client for the sandbox", std::io::Error::other(cause)))?;
        Ok(Control { base: address.trim_end_matches('/').to_owned(), http })
    }

    /// What time it is there.
    pub async fn clock(&self) -> Result<Time> {
        self.get("/clock", &[]).await
    }

    /// Moves its clock forward; answers what time it is then.
    pub async fn advance(&self, by: Duration) -> Result<Time> {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        read(self.send(Method::POST, "/clock/advance", Some(json!({ "ms": ms }))).await?).await
    }

    /// The letters of a company, oldest first.
    pub async fn letters(&self, org_number: &str) -> Result<Vec<Letter>> {
        self.get("/mailbox", &[("company", org_number)]).await
    }

    /// What a letter says.
    pub async fn letter_text(&self, id: u64) -> Result<String> {
        text(self.send(Method::GET, &format!("/mailbox/{id}/text"), None).await?).await
    }

    /// A file of a letter, counted from 0.
    pub async fn attachment(&self, id: u64, index: usize) -> Result<Vec<u8>> {
        let answer = self.send(Method::GET, &format!("/mailbox/{id}/attachments/{index}"), None).await?;
        bytes(answer).await
    }

    /// What a counterparty took of a company, oldest first.
    pub async fn ledger(&self, counterparty: &str, org_number: &str) -> Result<Vec<Line>> {
        let path = path("/ledger", &[("counterparty", counterparty), ("company", org_number)]);
        let text = text(self.send(Method::GET, &path, None).await?).await?;
        text.lines().map(|line| serde_json::from_str(line).map_err(|cause| told(cause.to_string()))).collect()
    }

    /// How a company's bills stand with the banks.
    pub async fn transactions(&self, org_number: &str) -> Result<Vec<Transaction>> {
        self.get("/mps/transactions", &[("issuer", org_number)]).await
    }

    /// The direct debits of an account, newest first.
    pub async fn claims(&self, account: &str) -> Result<Vec<Claim>> {
        self.get("/bank/claims", &[("accountNumber", account)]).await
    }

    /// What moved on an account, newest first.
    pub async fn movements(&self, account: &str) -> Result<Vec<Movement>> {
        self.get("/bank/payments", &[("accountNumber", account)]).await
    }

    /// Somebody pays.
    pub async fn pay(&self, payment: &Payment) -> Result<()> {
        self.send(Method::POST, "/bank/payments", Some(json!(payment))).await.map(drop)
    }

    /// Gives a payer a mandate, by the customer part of their KIDs.
    pub async fn add_mandate(&self, account: &str, customer_part: &str) -> Result<()> {
        let wanted = json!({ "accountNumber": account, "customerPart": customer_part });
        self.send(Method::POST, "/bank/mandates", Some(wanted)).await.map(drop)
    }

    /// What goes wrong on purpose.
    pub async fn faults(&self) -> Result<Vec<Order>> {
        self.get("/faults", &[]).await
    }

    /// Has something go wrong from now on.
    pub async fn add_fault(&self, wanted: Wanted) -> Result<()> {
        self.send(Method::POST, "/faults", Some(json!(wanted))).await.map(drop)
    }

    /// Has it go right again; what was taken away before is no trouble.
    pub async fn remove_fault(&self, id: u64) -> Result<()> {
        match self.send(Method::DELETE, &format!("/faults/{id}"), None).await {
            Ok(_) | Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn get<T: DeserializeOwned>(&self, at: &str, query: &[(&str, &str)]) -> Result<T> {
        read(self.send(Method::GET, &path(at, query), None).await?).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Response> {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.map_err(silent)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(Error::NotFound("what was asked of the sandbox".into()));
        }
        let said: Value = read(answer).await?;
        Err(told(said["message"].as_str().unwrap_or_default().to_owned()))
    }
}

fn path(at: &str, query: &[(&str, &str)]) -> String {
    match form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish().as_str() {
        "" => at.to_owned(),
        query => format!("{at}?{query}"),
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    serde_json::from_slice(&bytes(answer).await?).map_err(|cause| told(cause.to_string()))
}

async fn text(answer: Response) -> Result<String> {
    Ok(String::from_utf8_lossy(&bytes(answer).await?).into_owned())
}

/// The answer's body, which is refused where it never ends.
async fn bytes(mut answer: Response) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(silent)? {
        if all.len() + piece.len() > MOST_BYTES {
            return Err(told(format!("more than {MOST_BYTES} bytes")));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// It does not answer, or answers what this hub does not know.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn silent(cause: reqwest::Error) -> Error {
    tracing::warn!(error = &cause as &dyn std::error::Error, "the sandbox does not answer");
    Error::refused(Fault::fatal(codes::SANDBOX_SILENT))
}

/// It says no, and why.
fn told(why: String) -> Error {
    Error::refused(Fault::fatal(codes::SANDBOX_REFUSED).with("why", why))
}
