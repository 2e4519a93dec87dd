//! The bill host: a bank opens a bill for its customer, with a token that the rail signed for this address.
//!
//! A bill's address is told to the rail and to nobody else, is the same for as long as it lives, and cannot be guessed: it is the
//! invoice's id, and a digest of it that only the company can compute. It is another one than the links in letters, which work
//! without a token: whoever has a letter, has its link. Whoever has only a bill's address has nothing.
//!
//! A token counts once the service says so. The page then carries passes for its files: a frame that shows the PDF cannot bring
//! a token of its own. How it looks is `http/bills.rs`.

use std::time::Duration;

use futures_util::FutureExt;
use kvitt_adapters::route::{Arrived, Artefact, ArtefactRole, Request};
use kvitt_adapters::routes::efaktura;
use kvitt_adapters::routes::efaktura::services::{self, Signature};
use kvitt_adapters::routes::efaktura::setup::EfakturaSetup;
use kvitt_domain::delivery::Purpose;
use uuid::Uuid;

use crate::actions::move_delivery::setup_of;
use crate::actions::receive_arrival;
use crate::actions::say::{self, Keys};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{self, Company};
use crate::store::invoice::{self, StoredInvoice};
use crate::store::{artefact, delivery};

/// How long links and bills live: what the bill hosts of the rails promise (16 months), in the longest months.
pub const LIVES_MS: i64 = 16 * 31 * 24 * 3_600_000;
/// Characters of the digest in a bill's address: 128 bits, which nobody guesses.
const DIGEST: usize = 32;
/// How long a page's passes let its files be opened: machine time. Somebody reads; a link that is passed on soon ends.
const PASS_LIVES_S: i64 = 15 * 60;
/// A person waits for the page.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest token that is shown to the service; a signed one is some hundred characters.
const LONGEST_TOKEN: usize = 4_096;
/// The only type of file that a bill shows.
const PDF: &str = "application/pdf";

/// A bill that somebody asks for.
#[derive(Debug)]
pub struct Bill {
    /// Whose it is.
    pub company: Company,
    /// The invoice.
    pub invoice: StoredInvoice,
    /// Its PDF first, then the PDFs that go with it.
    pub files: Vec<Artefact>,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// The bill may be shown.
    Good,
    /// It was signed too long ago: the bank makes a new one when the bill is opened again.
    TooOld,
    /// It was not signed for this bill.
    Forged,
    /// Nobody could say: nothing is shown, and one may come again.
    Unknown,
}

/// The address of an invoice's bill, below the hub's public address. No personal data is in it, and it is never another one.
pub fn address(public: &str, company: &Company, invoice: &str) -> String {
    format!("{}/bill/{}/{}", public.trim_end_matches('/'), company.id, link(company, invoice))
}

fn link(company: &Company, invoice: &str) -> String {
    let digest = company.key.digest(&format!("bill {invoice}"));
    format!("{}-{}", invoice.replace('-', ""), &digest[..DIGEST])
}

/// The bill of a link. Whatever does not lead to one is [`Error::NotFound`], and says no more.
pub async fn find(hub: &Hub, company: &str, given: &str) -> Result<Bill> {
    let gone = || Error::NotFound("the bill".into());
    let id = given.split_once('-').and_then(|(id, _)| Uuid::try_parse(id).ok()).ok_or_else(gone)?.to_string();
    let mut db = hub.db().read().await?;
    let company = company::by_id(&mut db, hub.vault(), company).await?;
    if !is_same(given, &link(&company, &id)) {
        return Err(gone());
    }
    let invoice = invoice::by_id(&mut db, &company.id, &company.key, &id).await?;
    if hub.clock().business_ms() - invoice.accepted_at > LIVES_MS {
        return Err(gone());
    }
    let mut files = artefact::of_invoice(&mut db, &company.id, &id, None).await?;
    files.retain(|file| match file.role {
        ArtefactRole::Pdf => true,
        ArtefactRole::Attachment => file.media_type == PDF,
        ArtefactRole::Xml => false,
    });
    files.sort_by_key(|file| file.role != ArtefactRole::Pdf);
    Ok(Bill { company, invoice, files })
}

/// Asks the rail what a token is worth. A good one is the recipient's opening of the bill, and is told so, once.
pub async fn open(hub: &Hub, bill: &Bill, token: &str) -> Result<Worth> {
    let Some(public) = hub.config().public_address.as_deref() else { return Ok(Worth::Unknown) };
    if token.is_empty() || token.len() > LONGEST_TOKEN || token.chars().any(|c| !c.is_ascii_graphic()) {
        return Ok(Worth::Forged);
    }
    let setup = setup_of(&mut *hub.db().read().await?, &bill.company, efaktura::NAME).await?;
    let Ok(setup) = setup.read::<EfakturaSetup>() else { return Ok(Worth::Unknown) };
    let url = address(public, &bill.company, &bill.invoice.id);
    let request = Request::Http(Box::new(services::ask_signature(&setup.service, Uuid::now_v7(), token, &url)));
    let (counterparty, now) = (request.counterparty(), hub.clock().business_ms());
    if hub.breaker().may_call(&counterparty, now).is_err() {
        return Ok(Worth::Unknown);
    }
    let outgoing = say::prepare(hub, &bill.company, &request, &Keys::new(), &say::Drawn::default()).await?;
    let Ok(reply) = tokio::time::timeout(PATIENCE, hub.carrier().carry(outgoing, say::no_mark())).await else {
        tracing::warn!(%counterparty, "whether a bank signed a bill's address was not answered in time");
        return Ok(Worth::Unknown);
    };
    let reply = reply?;
    hub.breaker().note(&counterparty, say::answered(&reply), hub.clock().business_ms());
    match services::signature(&reply) {
        Ok(Signature::Valid) => {
            if let Err(error) = opened(hub, bill, &setup.service).await {
                // The recipient need not wait for our books.
                tracing::error!(error = &error as &dyn std::error::Error, "that a bill was opened could not be noted");
            }
            Ok(Worth::Good)
        }
        Ok(Signature::TooOld) => Ok(Worth::TooOld),
        Ok(Signature::Forged) => Ok(Worth::Forged),
        Err(fault) => {
            tracing::warn!(%counterparty, code = fault.code.name(), "whether a bank signed a bill's address is not known");
            Ok(Worth::Unknown)
        }
    }
}

/// Enters into the log of the latest attempt by eFaktura that the bill was opened; the second time changes nothing.
async fn opened(hub: &Hub, bill: &Bill, service: &str) -> Result<()> {
    let (company, id, now) = (bill.company.clone(), bill.invoice.id.clone(), hub.clock().business_ms());
    let said = Arrived::Opened { text: format!("a token that {service} holds for valid") };
    hub.write(move |tx| {
        let (company, id, said) = (company.clone(), id.clone(), said.clone());
        async move {
            let mut attempts = Vec::new();
            for purpose in Purpose::ALL {
                let Some(delivery) = delivery::of_invoice(tx.db(), &company.id, &company.key, &id, purpose).await? else {
                    continue;
                };
                attempts.extend(delivery::attempts(tx.db(), &company.id, &company.key, &delivery.id).await?);
            }
            // The bill and the notice of its claim have one address: whichever went by eFaktura last is what the bank shows.
            let by_efaktura = attempts.into_iter().filter(|attempt| attempt.route == efaktura::NAME);
            let Some(attempt) = by_efaktura.max_by_key(|attempt| attempt.opened_at) else { return Ok(()) };
            let digest = format!("opened {}", attempt.id);
            receive_arrival::enter_one(tx, &company, attempt.id, &said, &digest, now).await.map(|_| ())
        }
        .boxed()
    })
    .await
}

/// A pass to the files of a bill, for as long as somebody reads its page.
pub fn pass(hub: &Hub, bill: &Bill) -> String {
    let until = hub.clock().machine().as_second() + PASS_LIVES_S;
    format!("{until}-{}", pass_digest(bill, until))
}

/// Whether a pass is one of this bill's, and still good.
pub fn is_pass(hub: &Hub, bill: &Bill, given: &str) -> bool {
    let parts = given.split_once('-').and_then(|(until, digest)| Some((until.parse::<i64>().ok()?, digest)));
    parts.is_some_and(|(until, digest)| is_same(digest, &pass_digest(bill, until)) && hub.clock().machine().as_second() <= until)
}

fn pass_digest(bill: &Bill, until: i64) -> String {
    bill.company.key.digest(&format!("pass {} {until}", bill.invoice.id))[..DIGEST].to_owned()
}

/// One of the bill's files.
pub async fn file(hub: &Hub, bill: &Bill, position: usize) -> Result<(String, Vec<u8>)> {
    let file = bill.files.get(position).ok_or_else(|| Error::NotFound("the file".into()))?;
    let mut db = hub.db().read().await?;
    let bytes = artefact::read(&mut db, hub.objects(), &bill.company.id, &bill.company.key, &file.digest).await?;
    Ok((file.name.clone(), bytes))
}

/// Compares without telling by its time how much was right.
fn is_same(given: &str, right: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), right.as_bytes()).is_ok()
}
