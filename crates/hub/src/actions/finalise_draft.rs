//! Makes a draft an invoice, once and without a gap in the numbers.
//!
//! It is judged before anything is taken. Then one transaction takes the number and the KID, fixes the invoice in the draft, and asks
//! for a job. After it the invoice is accepted as every other is ([`crate::actions::accept_invoice`]), under the draft's id as its uuid;
//! a process that dies in between finds the job, and accepts the very same document under the very same number.

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Kid;
use kvitt_domain::invoice::DocumentKind;
use uuid::Uuid;

use crate::actions::accept_invoice::accept_invoice;
use crate::actions::judge_draft::{Judged, Material, TRIES, fault_of_credit, files, handed_in, is_taken, judge, numbered};
use crate::actions::keep_card::{self, next_of};
use crate::actions::set_bank_account;
use crate::actions::write_draft::{tell, unknown};
use crate::error::{Error, Result};
use crate::failpoint;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::draft::{self, DraftBody, DraftState, Fixed, Heading, StoredDraft};
use crate::store::job::{self, Kind, Leased, Urgency};
use crate::store::{Tx, bank_account, invoice};

/// When the job looks whether the invoice was accepted: whoever took the number does it at once.
const LOOKED_AT_MS: i64 = 30_000;

/// An invoice that was a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finalised {
    /// Its number.
    pub number: String,
    /// Its id.
    pub invoice: String,
}

/// Makes the draft with this version an invoice. Every fault at its field, all at once; no number is taken then. One that has its number
/// already is only accepted.
pub async fn finalise(hub: &Hub, company: &Company, id: &str, version: i64) -> Result<Finalised> {
    let stored = by_id(hub, company, id).await?;
    match stored.state {
        DraftState::Final => return Ok(Finalised { number: stored.number, invoice: stored.invoice }),
        DraftState::Numbered => return Box::pin(complete(hub, company, id, Urgency::Interactive)).await,
        DraftState::Open if stored.version != version => return Err(keep_card::changed("draft", "")),
        DraftState::Open => {}
    }
    let judged = judge(hub, company, &stored.body.draft).await?;
    if !judged.faults.is_empty() {
        return Err(Error::Refused(judged.faults));
    }
    let judged = std::sync::Arc::new(judged);
    let (owner, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, stored, judged) = (owner.clone(), stored.clone(), judged.clone());
        async move { Box::pin(take_number(tx, &company, stored, &judged, now)).await }.boxed()
    })
    .await?;
    failpoint!("after_number_taken");
    Box::pin(complete(hub, company, id, Urgency::Interactive)).await
}

/// Does a [`Kind::FinaliseDraft`] job: accepts what has its number and was not accepted yet.
pub async fn finalise_draft(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let stored = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await?;
    let is_numbered = stored.is_some_and(|stored| stored.state == DraftState::Numbered);
    let completed = match is_numbered {
        true => Box::pin(complete(hub, company, &job.subject, job.urgency)).await.map(|_| ()),
        // It was opened again, discarded, or is an invoice already: whoever did that has it in hand.
        false => Ok(()),
    };
    match completed {
        Ok(()) => {}
        // Whoever opened the draft again has it in hand.
        Err(Error::Refused(faults)) if faults.iter().any(|fault| fault.code == codes::NUMBER_DUPLICATE) => {}
        Err(error) => return Err(error),
    }
    let (job, now, machine_now) = (job.clone(), hub.clock().business_ms(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let job = job.clone();
        async move {
            job::hold(tx, &job, machine_now).await?;
            job::end(tx, &job, now).await
        }
        .boxed()
    })
    .await
}

async fn take_number(tx: &mut Tx<'_>, company: &Company, stored: StoredDraft, judged: &Judged, now: i64) -> Result<()> {
    let current = draft::by_id(tx.db(), &company.id, &company.key, &stored.id).await?.ok_or_else(unknown)?;
    if current.version != stored.version {
        return Err(keep_card::changed("draft", ""));
    }
    let draft = stored.body.draft;
    let material = &judged.material;
    let number = free_number(tx, company, draft.kind, material).await?;
    // Behind the number: on PostgreSQL whoever takes the next one waits for this transaction, and sees what it credits.
    if let Some(fault) = fault_of_credit(tx.db(), company, &draft, &judged.sums).await? {
        return Err(Error::refused(fault));
    }
    let kid = make_kid(tx, company, draft.kind, material, now).await?;
    // The files are the draft's own, under the names that the judged invoice gave them; their bytes are artefacts.
    let (mut fixed, _) = material.invoice(company, &draft, &number, kid.as_ref(), Vec::new());
    fixed.attachments.clone_from(&judged.invoice.attachments);
    for file in fixed.attachments.iter_mut().filter_map(|attachment| attachment.file.as_mut()) {
        file.bytes.clear();
    }
    let heading = heading_of(judged);
    let body = DraftBody { draft, fixed: Some(Box::new(Fixed { invoice: fixed, beside: material.beside() })) };
    let after = StoredDraft { state: DraftState::Numbered, number, body, changed_at: now, ..current };
    draft::save(tx, &company.id, &company.key, &after, &heading).await?;
    job::enqueue(tx, &company.id, Kind::FinaliseDraft, &after.id, Urgency::Interactive, now + LOOKED_AT_MS, now).await?;
    tell(tx, company, "draft.numbered", &after, now)
}

fn heading_of(judged: &Judged) -> Heading {
    let buyer_name = judged.material.customer.as_ref().map(|card| card.name.clone()).unwrap_or_default();
    Heading { buyer_name, total: judged.sums.with_vat }
}

/// The next number of the series that no document of the company has.
async fn free_number(tx: &mut Tx<'_>, company: &Company, kind: DocumentKind, material: &Material) -> Result<String> {
    let (counted, series) = material.settings.numbering.of(numbered(kind));
    for _ in 0..TRIES {
        let number = next_of(tx, company, counted, series).await?;
        if !is_taken(tx.db(), company, &number).await? {
            return Ok(number);
        }
    }
    Err(Error::refused(Fault::fatal(codes::SERIES_FULL).with("from", series.start).with("to", "–")))
}

/// The KID of an invoice to a bank account that has KIDs.
async fn make_kid(tx: &mut Tx<'_>, company: &Company, kind: DocumentKind, material: &Material, now: i64) -> Result<Option<Kid>> {
    let (Some(account), Some(card), DocumentKind::Invoice) = (&material.settings.sender.bank_account, &material.customer, kind)
    else {
        return Ok(None);
    };
    let known = bank_account::of(tx.db(), &company.id, account).await?;
    let Some(structure) = known.and_then(|known| known.settings.kid_structures.into_iter().next()) else { return Ok(None) };
    let customer = card
        .number
        .parse::<u64>()
        .map_err(|cause| Error::refused(Fault::fatal(codes::KID_IMPOSSIBLE).at("customer").with("why", cause)))?;
    let made = set_bank_account::make_next(tx, company, account, &structure, customer, now).await?;
    Ok(Some(made.kid))
}

/// Accepts a numbered draft, and notes that it is an invoice. As often as it is asked for, there is one invoice.
async fn complete(hub: &Hub, company: &Company, id: &str, urgency: Urgency) -> Result<Finalised> {
    let stored = by_id(hub, company, id).await?;
    if stored.state == DraftState::Final {
        return Ok(Finalised { number: stored.number, invoice: stored.invoice });
    }
    let Some(fixed) = &stored.body.fixed else {
        return Err(Error::Damaged(format!("draft {id} has no invoice to accept")));
    };
    let invoice_id = match accepted(hub, company, id).await? {
        Some(known) => its_own(hub, company, known, fixed).await?,
        None => match accept(hub, company, &stored, fixed, urgency).await {
            Ok(accepted) => accepted,
            Err(Error::Refused(faults)) => return Box::pin(refused(hub, company, stored, faults)).await,
            Err(error) => return Err(error),
        },
    };
    failpoint!("after_draft_accepted");
    let (company, now) = (company.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id, invoice_id) = (company.clone(), stored.id.clone(), invoice_id.clone());
        async move {
            let before = draft::by_id(tx.db(), &company.id, &company.key, &id).await?.ok_or_else(unknown)?;
            let done = Finalised { number: before.number.clone(), invoice: invoice_id.clone() };
            if before.state == DraftState::Final {
                return Ok(done);
            }
            if before.state != DraftState::Numbered || before.version != stored.version {
                // Opened again by whoever heard that its number was taken: what was accepted here is not what it is now.
                return Err(keep_card::changed("draft", ""));
            }
            let after = StoredDraft { state: DraftState::Final, invoice: invoice_id, changed_at: now, ..before };
            draft::save(tx, &company.id, &company.key, &after, &heading_of_fixed(&after)).await?;
            tell(tx, &company, "draft.finalised", &after, now)?;
            Ok(done)
        }
        .boxed()
    })
    .await
}

/// The invoice that has a draft's id as its own, where it is the draft's. A program that posted another document under that id gets it to
/// itself: the draft's number is not spent on it.
async fn its_own(hub: &Hub, company: &Company, id: String, fixed: &Fixed) -> Result<String> {
    let known = invoice::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &id).await?.body.invoice;
    match (known.kind, known.number.as_str()) == (fixed.invoice.kind, fixed.invoice.number.as_str()) {
        true => Ok(id),
        false => Err(Error::refused(Fault::fatal(codes::KEY_REUSED).at("uuid").with("key", &known.number))),
    }
}

async fn accept(hub: &Hub, company: &Company, stored: &StoredDraft, fixed: &Fixed, urgency: Urgency) -> Result<String> {
    let mut invoice = fixed.invoice.clone();
    let files = files(hub, company, &stored.body.draft).await?;
    for (attachment, file) in invoice.attachments.iter_mut().zip(files) {
        if let Some(named) = &mut attachment.file {
            named.bytes = file.bytes;
        }
    }
    let identity = match &fixed.beside.identity_ref {
        // A number that was forgotten since is not needed: the invoice goes without it.
        Some(reference) => match invoice::identity(&mut *hub.db().read().await?, &company.id, &company.key, reference).await {
            Ok(number) => Some(number),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let mut handed = handed_in(company, &invoice, &fixed.beside, identity.as_deref())?;
    handed.wishes.uuid = Some(uuid_of(&stored.id)?);
    handed.urgency = urgency;
    Ok(accept_invoice(hub, handed).await?.id)
}

/// What was right when the number was taken is refused now. A number that a document from elsewhere took meanwhile is no gap: the draft is
/// opened again and gets the next one. Anything else is for a person, who finds the draft under its number.
async fn refused(hub: &Hub, company: &Company, stored: StoredDraft, faults: Vec<Fault>) -> Result<Finalised> {
    if let Some(invoice) = accepted(hub, company, &stored.id).await? {
        // The job and whoever took the number accepted it at the same moment.
        return Ok(Finalised { number: stored.number, invoice });
    }
    if faults.iter().any(|fault| fault.code == codes::NUMBER_DUPLICATE) {
        let (company, now) = (company.clone(), hub.clock().business_ms());
        hub.write(move |tx| {
            let (company, stored) = (company.clone(), stored.clone());
            async move {
                let before = draft::by_id(tx.db(), &company.id, &company.key, &stored.id).await?.ok_or_else(unknown)?;
                if before.state != DraftState::Numbered || before.version != stored.version {
                    return Ok(());
                }
                let heading = heading_of_fixed(&before);
                let body = DraftBody { fixed: None, ..before.body };
                let after = StoredDraft { state: DraftState::Open, number: String::new(), body, changed_at: now, ..before };
                draft::save(tx, &company.id, &company.key, &after, &heading).await?;
                tell(tx, &company, "draft.reopened", &after, now)
            }
            .boxed()
        })
        .await?;
    }
    Err(Error::Refused(
        faults
            .into_iter()
            .map(|fault| {
                let field = kvitt_domain::invoicing::compose::field_of(&fault.place);
                fault.at(field)
            })
            .collect(),
    ))
}

fn heading_of_fixed(draft: &StoredDraft) -> Heading {
    match &draft.body.fixed {
        Some(fixed) => Heading { buyer_name: fixed.invoice.buyer.name.clone(), total: fixed.invoice.totals.payable },
        None => Heading { buyer_name: String::new(), total: kvitt_domain::money::Amount::zero(draft.body.draft.currency) },
    }
}

/// The invoice that a draft became, whatever the draft knows of it.
async fn accepted(hub: &Hub, company: &Company, id: &str) -> Result<Option<String>> {
    let known = invoice::same_uuid(&mut *hub.db().read().await?, &company.id, &uuid_of(id)?).await?;
    Ok(known.map(|(invoice, _)| invoice))
}

async fn by_id(hub: &Hub, company: &Company, id: &str) -> Result<StoredDraft> {
    draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?.ok_or_else(unknown)
}

fn uuid_of(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| Error::Damaged(format!("the draft {id} has no uuid")))
}
