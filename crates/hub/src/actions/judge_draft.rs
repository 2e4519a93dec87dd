//! What a draft would be as an invoice, and everything that is wrong with it: the same faults that finalising it gives, all at once, each
//! at the field of the draft's form. Live validation, the dry run and finalising all ask here.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Kid;
use kvitt_domain::invoice::{DocumentKind, File, Invoice};
use kvitt_domain::invoicing::compose::{self, Parts, Seller, Sums, VatSum};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::draft::{Credited, Draft};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::Project;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::money::Amount;
use kvitt_formats::ubl;
use sqlx::AnyConnection;

use crate::actions::accept_invoice::HandedIn;
use crate::desk::{Planned, Wishes};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::artefact;
use crate::store::bank_account;
use crate::store::card::{self, Card};
use crate::store::company::Company;
use crate::store::draft::Beside;
use crate::store::{collection, draft, invoice, invoicing, series};

/// Everything that the invoice of a draft is made of, read once.
#[derive(Debug, Clone)]
pub struct Material {
    /// What the company decided.
    pub settings: InvoicingSettings,
    /// Whom it goes to.
    pub customer: Option<Card<Customer>>,
    /// For which project.
    pub project: Option<Card<Project>>,
    /// The day.
    pub today: Date,
}

/// A draft as it would be.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The invoice, under the number that it would get now, without a KID.
    pub invoice: Invoice,
    /// Its sums.
    pub sums: Sums,
    /// What keeps it from being an invoice.
    pub faults: Vec<Fault>,
    /// What whoever writes it should know.
    pub warnings: Vec<Fault>,
    /// What it was made of.
    pub material: Material,
}

impl Material {
    /// Reads it.
    pub async fn read(hub: &Hub, db: &mut AnyConnection, company: &Company, draft: &Draft) -> Result<Material> {
        let (settings, _) = invoicing::settings(db, &company.id).await?;
        let customer = match &draft.customer {
            Some(id) => card::by_id(db, &company.id, &company.key, Numbered::Customer, id).await?,
            None => None,
        };
        let project = match &draft.project {
            Some(id) => card::by_id(db, &company.id, &company.key, Numbered::Project, id).await?,
            None => None,
        };
        Ok(Material { settings, customer, project, today: calendar::today(hub.clock().business()) })
    }

    /// The invoice under a number, and what is missing in it.
    pub fn invoice(
        &self,
        company: &Company,
        draft: &Draft,
        number: &str,
        kid: Option<&Kid>,
        files: Vec<File>,
    ) -> (Invoice, Vec<Fault>) {
        let seller = Seller { name: &company.name, org_number: &company.org_number, settings: &self.settings };
        let customer = self.customer.as_ref().map(|card| (card.number.as_str(), &card.body));
        let project = self.project.as_ref().map(|card| (card.number.as_str(), &card.body));
        compose::invoice(Parts { draft, seller, customer, project, number, kid, today: self.today, files })
    }

    /// What is said beside the invoice.
    pub fn beside(&self) -> Beside {
        let Some(Card { body, .. }) = &self.customer else { return Beside::default() };
        Beside {
            kind: body.kind,
            email: body.email.clone(),
            phone: body.phone.clone(),
            born_on: body.born_on,
            efaktura_identifier: body.efaktura_identifier.clone(),
            language: body.language,
            identity_ref: body.identity_ref.clone(),
        }
    }
}

/// Judges a draft.
pub async fn judge(hub: &Hub, company: &Company, draft: &Draft) -> Result<Judged> {
    let files = files(hub, company, draft).await?;
    judge_with(hub, company, draft, files).await
}

/// Says how the invoice of a draft would be delivered, and sends nothing. A draft that cannot be an invoice is refused with its faults.
pub async fn plan(hub: &Hub, company: &Company, draft: &Draft) -> Result<(Judged, Planned)> {
    let files = files(hub, company, draft).await?;
    let judged = judge_with(hub, company, draft, files).await?;
    if !judged.faults.is_empty() {
        return Err(Error::Refused(judged.faults));
    }
    let beside = judged.material.beside();
    let handed = handed_in(company, &judged.invoice, &beside, None)?;
    let planned = crate::actions::plan_invoice::plan_invoice(hub, handed).await?;
    Ok((judged, planned))
}

/// The document of an invoice, as it is handed in.
pub(crate) fn handed_in(company: &Company, invoice: &Invoice, beside: &Beside, identity: Option<&str>) -> Result<HandedIn> {
    let metadata = serde_json::json!({
        "recipient_email": beside.email,
        "recipient_phone_number": beside.phone.as_deref().filter(|phone| phone.starts_with('+')),
        "recipient_date_of_birth": beside.born_on.map(|on| on.to_string()),
        "recipient_efaktura_id": beside.efaktura_identifier,
        "recipient_ssn": identity,
        "lang": beside.language.tag(),
    });
    Ok(HandedIn {
        company: Some(company.org_number.clone()),
        name: None,
        metadata: Some(metadata.to_string()),
        wishes: Wishes { recipient_type: Some(beside.kind), ..Wishes::default() },
        ..HandedIn::file("", ubl::write(invoice))
    })
}

async fn judge_with(hub: &Hub, company: &Company, draft: &Draft, files: Vec<File>) -> Result<Judged> {
    let mut db = hub.db().read().await?;
    let material = Material::read(hub, &mut db, company, draft).await?;
    let number = next_number(&mut db, company, draft.kind, &material.settings).await?;
    let (sums, _) = compose::sums(draft, material.today);
    let (invoice, mut faults) = material.invoice(company, draft, &number, None, files);
    for (field, id, found) in
        [("customer", &draft.customer, material.customer.is_some()), ("project", &draft.project, material.project.is_some())]
    {
        if id.is_some() && !found {
            faults.retain(|fault| fault.place != field);
            faults.push(Fault::fatal(codes::ENTRY_UNKNOWN).at(field).with("entry", field).with("number", ""));
        }
    }
    faults.extend(fault_of_kid(&mut db, company, draft, &material).await?);
    faults.extend(fault_of_credit(&mut db, company, draft, &sums).await?);
    drop(db);
    let handed = handed_in(company, &invoice, &material.beside(), None)?;
    let (handed, on) = (std::sync::Arc::new(handed), material.today);
    let read = tokio::task::spawn_blocking(move || handed.read(on)).await;
    let read = read.map_err(|cause| Error::Damaged(format!("reading a draft failed: {cause}")))?;
    let warnings = match read {
        Ok(readable) => readable.warnings.into_iter().map(at_its_field).collect(),
        Err(found) => {
            // What is missing was told in the words of the form; what the invoice's own checks add is told beside it.
            let known: BTreeSet<String> = faults.iter().map(|fault| fault.place.clone()).collect();
            let more = found.into_iter().filter(Fault::is_fatal).map(at_its_field).filter(|fault| !known.contains(&fault.place));
            let more: Vec<Fault> = more.collect();
            faults.extend(more);
            Vec::new()
        }
    };
    let (faults, doubtful): (Vec<Fault>, Vec<Fault>) = faults.into_iter().partition(Fault::is_fatal);
    let warnings: Vec<Fault> = doubtful.into_iter().chain(warnings).collect();
    Ok(Judged { invoice, sums, faults, warnings, material })
}

fn at_its_field(fault: Fault) -> Fault {
    let field = compose::field_of(&fault.place);
    fault.at(field)
}

/// Numbers that are passed over at most because documents from elsewhere have them.
pub(crate) const TRIES: usize = 200;

/// Whether a document of the company has a number, whoever gave it.
pub(crate) async fn is_taken(db: &mut AnyConnection, company: &Company, number: &str) -> Result<bool> {
    for kind in [DocumentKind::Invoice, DocumentKind::CreditNote] {
        if crate::store::invoice::same_number(db, &company.id, number, kind).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number that the next invoice of a kind would get: the series' next one that nobody has.
async fn next_number(
    db: &mut AnyConnection,
    company: &Company,
    kind: DocumentKind,
    settings: &InvoicingSettings,
) -> Result<String> {
    let (counted, series) = settings.numbering.of(numbered(kind));
    let last = series::last(db, &company.id, counted).await?.and_then(|last| u64::try_from(last).ok());
    let next = last.map_or(series.start, |last| (last + 1).max(series.start));
    for number in (next..).take(TRIES) {
        let number = number.to_string();
        if !is_taken(db, company, &number).await? {
            return Ok(number);
        }
    }
    Ok(next.to_string())
}

/// What a kind of document is numbered as.
pub(crate) fn numbered(kind: DocumentKind) -> Numbered {
    match kind {
        DocumentKind::Invoice => Numbered::Invoice,
        DocumentKind::CreditNote => Numbered::CreditNote,
    }
}

/// Whether a KID can be made for the customer, where the bank account has KIDs.
async fn fault_of_kid(db: &mut AnyConnection, company: &Company, draft: &Draft, material: &Material) -> Result<Option<Fault>> {
    let (Some(account), Some(card), DocumentKind::Invoice) =
        (&material.settings.sender.bank_account, &material.customer, draft.kind)
    else {
        return Ok(None);
    };
    let known = bank_account::of(db, &company.id, account).await?;
    let Some(structure) = known.and_then(|known| known.settings.kid_structures.into_iter().next()) else { return Ok(None) };
    let impossible = |why: String| Some(Fault::fatal(codes::KID_IMPOSSIBLE).at("customer").with("why", why));
    match card.number.parse::<u64>() {
        Err(_) => Ok(impossible(format!("{} ≠ 0-9", card.number))),
        Ok(number) => Ok(structure.generate_from(number, 1).err().and_then(|cause| impossible(cause.to_string()))),
    }
}

/// A credit note takes off no more than is left: what was invoiced, less what other credit notes took off or are about to.
pub(crate) async fn fault_of_credit(
    db: &mut AnyConnection,
    company: &Company,
    draft: &Draft,
    sums: &Sums,
) -> Result<Option<Fault>> {
    let Some(credited) = &draft.credits else { return Ok(None) };
    let total = sums.with_vat;
    let left = left_to_credit(db, company, &credited.invoice).await?;
    let fault = match left {
        Some(left) if left.currency() != draft.currency => {
            Fault::fatal(codes::FIELD_INVALID).at("currency").with("field", "currency").with("value", draft.currency.code())
        }
        Some(left) if left.minor() <= 0 => Fault::fatal(codes::CREDIT_NOTHING_LEFT).at("lines").with("number", &credited.number),
        Some(left) if total.minor() > left.minor() => {
            Fault::fatal(codes::CREDIT_TOO_MUCH).at("lines").with("amount", total).with("left_amount", left)
        }
        _ => return fault_of_credited_vat(db, company, credited, sums).await,
    };
    Ok(Some(fault))
}

/// Only VAT that was charged is taken back: at each rate no more than the invoice has there.
async fn fault_of_credited_vat(
    db: &mut AnyConnection,
    company: &Company,
    credited: &Credited,
    sums: &Sums,
) -> Result<Option<Fault>> {
    let charged = invoice::by_id(db, &company.id, &company.key, &credited.invoice).await?.body.invoice.vat_breakdown;
    let has_less = |sum: &&VatSum| {
        let there = charged.iter().filter(|there| there.rate == sum.rate).map(|there| there.taxable.minor());
        sum.taxable.minor() > there.sum::<i64>()
    };
    let fault = |sum: &VatSum| {
        let other = Fault::fatal(codes::CREDIT_OTHER_VAT).at("lines");
        other.with("number", &credited.number).with("code", &sum.code.code)
    };
    // An invoice without a breakdown says nothing of its rates.
    Ok(sums.vat.iter().filter(|_| !charged.is_empty()).find(has_less).map(fault))
}

/// What is left to credit of an invoice; `None` where it asked for nothing.
pub async fn left_to_credit(db: &mut AnyConnection, company: &Company, invoice: &str) -> Result<Option<Amount>> {
    let known = invoice::by_id(db, &company.id, &company.key, invoice).await?;
    // With VAT, and not what was left to pay: what was paid beforehand or rounded is credited too.
    let payable = known.body.invoice.totals.with_vat;
    let credits = collection::credits_of(db, &company.id, invoice).await?;
    let taken =
        credits.iter().filter(|credit| credit.amount.currency() == payable.currency()).map(|credit| credit.amount.minor());
    let about_to_be = draft::crediting(db, &company.id, invoice).await?;
    let taken = taken.chain([about_to_be]).try_fold(0_i64, i64::checked_add).unwrap_or(i64::MAX);
    Ok(payable.checked_sub(Amount::new(taken, payable.currency())))
}

/// The files of a draft with their bytes.
pub(crate) async fn files(hub: &Hub, company: &Company, draft: &Draft) -> Result<Vec<File>> {
    let mut files = Vec::with_capacity(draft.files.len());
    let mut db = hub.db().read().await?;
    for file in &draft.files {
        let bytes = artefact::read(&mut db, hub.objects(), &company.id, &company.key, &file.digest).await?;
        files.push(File { name: file.name.clone(), media_type: file.media_type.clone(), bytes });
    }
    Ok(files)
}
