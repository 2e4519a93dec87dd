//! What somebody does with a draft: begin, write, add files, copy, credit an invoice, discard. Making it final is `finalise_draft`'s.

use futures_util::FutureExt;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoice::{AllowanceKind, DocumentKind, File, Invoice, Line, VatRate};
use kvitt_domain::invoicing::compose;
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::draft::{Credited, Draft, DraftFile, DraftLine, MOST_FILE_BYTES, MOST_FILES};
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::product::Product;
use kvitt_domain::invoicing::project::Project;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::invoicing::vat;
use kvitt_domain::money::Currency;
use kvitt_formats::files;
use rust_decimal::Decimal;
use sqlx::AnyConnection;

use crate::actions::judge_draft::left_to_credit;
use crate::actions::keep_card;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::card::{self, Card};
use crate::store::company::Company;
use crate::store::draft::{self, DraftBody, DraftState, Heading, StoredDraft};
use crate::store::event::NewEvent;
use crate::store::{Tx, artefact, invoice, invoicing};

/// Stores a new draft.
pub async fn begin(hub: &Hub, company: &Company, draft: Draft) -> Result<StoredDraft> {
    let (company, now, today) = (company.clone(), hub.clock().business_ms(), calendar::today(hub.clock().business()));
    let id = crate::ids::new_id().to_string();
    hub.write(move |tx| {
        let (company, mut draft, id) = (company.clone(), draft.clone(), id.clone());
        async move {
            fill_in(tx.db(), &company, &mut draft).await?;
            let heading = heading(tx.db(), &company, &draft, today).await?;
            let body = DraftBody { draft, fixed: None };
            let new = StoredDraft {
                id,
                state: DraftState::Open,
                number: String::new(),
                invoice: String::new(),
                body,
                made_at: now,
                changed_at: now,
                version: 1,
            };
            draft::insert(tx, &company.id, &company.key, &new, &heading).await?;
            tell(tx, &company, "draft.created", &new, now)?;
            Ok(new)
        }
        .boxed()
    })
    .await
}

/// Saves a draft as its form says, in place of the one with this version. What is only missing yet is no fault.
pub async fn write(hub: &Hub, company: &Company, id: &str, version: i64, sheet: &Sheet) -> Result<StoredDraft> {
    let sheet = sheet.clone();
    change(hub, company, id, version, move |draft| draft.read(&sheet)).await
}

/// Adds a file to a draft.
pub async fn add_file(hub: &Hub, company: &Company, id: &str, version: i64, file: File) -> Result<StoredDraft> {
    let file = checked(file)?;
    let sealing = (hub.clone(), company.clone());
    let sealed = tokio::task::spawn_blocking(move || {
        let (hub, company) = sealing;
        artefact::seal(hub.objects(), &company.id, &company.key, &file.bytes).map(|sealed| (sealed, file))
    });
    let (sealed, file) = sealed.await.map_err(|cause| Error::Damaged(format!("sealing a file failed: {cause}")))??;
    let (owner, now, kept) = (company.id.clone(), hub.clock().business_ms(), sealed.clone());
    hub.write(move |tx| {
        let (owner, kept) = (owner.clone(), kept.clone());
        async move { artefact::insert(tx, &owner, &kept, now).await }.boxed()
    })
    .await?;
    let added =
        DraftFile { name: file.name, media_type: file.media_type, digest: sealed.digest.clone(), bytes: file.bytes.len() as u64 };
    change(hub, company, id, version, move |draft| {
        let mut draft = draft.clone();
        if draft.files.iter().any(|known| known.digest == added.digest && known.name == added.name) {
            return Ok(draft);
        }
        if draft.files.len() >= MOST_FILES {
            let many = Fault::fatal(codes::FIELD_TOO_MANY).at("files").with("field", "files").with("limit", MOST_FILES);
            return Err(vec![many]);
        }
        draft.files.push(added.clone());
        Ok(draft)
    })
    .await
}

/// Takes a file off a draft. Its place counts from 0.
pub async fn remove_file(hub: &Hub, company: &Company, id: &str, version: i64, place: usize) -> Result<StoredDraft> {
    change(hub, company, id, version, move |draft| {
        let mut draft = draft.clone();
        if place < draft.files.len() {
            draft.files.remove(place);
        }
        Ok(draft)
    })
    .await
}

/// Throws an open draft away.
pub async fn discard(hub: &Hub, company: &Company, id: &str, version: i64) -> Result<()> {
    let (company, id, now) = (company.clone(), id.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id) = (company.clone(), id.clone());
        async move {
            let before = open(tx.db(), &company, &id, version).await?;
            if !draft::remove(tx, &company.id, &id, version).await? {
                return Err(Error::Conflict);
            }
            tell(tx, &company, "draft.discarded", &before, now)
        }
        .boxed()
    })
    .await
}

/// Begins an invoice that says what another draft says, without its dates.
pub async fn copy(hub: &Hub, company: &Company, id: &str) -> Result<StoredDraft> {
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    let before = found.ok_or_else(unknown)?.body.draft;
    let new = Draft {
        kind: DocumentKind::Invoice,
        issued_on: None,
        due_on: None,
        delivered_on: None,
        period: None,
        credits: None,
        ..before
    };
    begin(hub, company, new).await
}

/// Begins a credit note of all that an invoice says. Lines that are not to be credited are taken away, or made less, before it is final.
pub async fn credit(hub: &Hub, company: &Company, invoice_id: &str) -> Result<StoredDraft> {
    let mut db = hub.db().read().await?;
    let stored = invoice::by_id(&mut db, &company.id, &company.key, invoice_id).await?;
    let document = stored.body.invoice;
    let nothing = Fault::fatal(codes::CREDIT_NOTHING_LEFT).with("number", &document.number);
    if document.kind != DocumentKind::Invoice {
        return Err(Error::refused(nothing));
    }
    if left_to_credit(&mut db, company, invoice_id).await?.is_none_or(|left| left.minor() <= 0) {
        return Err(Error::refused(nothing));
    }
    let credits = Credited { invoice: invoice_id.to_owned(), number: document.number.clone(), issued_on: document.issued_on };
    let written = draft::of_invoice(&mut db, &company.id, &company.key, invoice_id).await?;
    let new = match written {
        Some(written) => Draft {
            kind: DocumentKind::CreditNote,
            issued_on: None,
            due_on: None,
            // The rates of the day that the invoice counted with.
            delivered_on: Some(compose::rate_day(&written.body.draft, document.issued_on)),
            text_before: None,
            footer: None,
            files: Vec::new(),
            credits: Some(credits),
            ..written.body.draft
        },
        None => {
            let customer = customer_of(&mut db, company, &document).await?;
            from_invoice(&document, customer, credits)
        }
    };
    drop(db);
    begin(hub, company, new).await
}

/// The customer in the register whom an invoice that was written elsewhere went to, by its customer number.
async fn customer_of(db: &mut AnyConnection, company: &Company, document: &Invoice) -> Result<Option<String>> {
    for identifier in &document.buyer.identifiers {
        let found: Option<Card<Customer>> =
            card::by_number(db, &company.id, &company.key, Numbered::Customer, &identifier.value).await?;
        if let Some(found) = found {
            return Ok(Some(found.id));
        }
    }
    Ok(None)
}

/// A credit note of an invoice that was written elsewhere: its lines as they are, its own allowances and charges as lines.
fn from_invoice(document: &Invoice, customer: Option<String>, credits: Credited) -> Draft {
    let on = document.delivery.as_ref().and_then(|delivery| delivery.delivered_on).unwrap_or(document.issued_on);
    let code = |rate: &VatRate| vat::meaning(rate, on).map(|code| code.code.clone()).unwrap_or_default();
    let mut lines: Vec<DraftLine> = document.lines.iter().map(|line| line_of(line, &code(&line.vat))).collect();
    for change in &document.allowances_and_charges {
        let amount = match change.adds {
            AllowanceKind::Charge => change.amount.to_decimal(),
            AllowanceKind::Allowance => -change.amount.to_decimal(),
        };
        let text = change.reason.clone().unwrap_or_else(|| "±".to_owned());
        lines.push(DraftLine::of(&text, amount, &change.vat.as_ref().map(code).unwrap_or_default()));
    }
    Draft {
        customer,
        delivered_on: Some(on),
        period: document.period,
        currency: document.currency,
        buyer_reference: document.references.buyer.clone(),
        purchase_order: document.references.purchase_order.clone(),
        lines,
        credits: Some(credits),
        ..Draft::new(DocumentKind::CreditNote)
    }
}

/// A line as a draft writes it: quantity and price where they make the net amount by themselves, else the net amount of one.
fn line_of(line: &Line, code: &str) -> DraftLine {
    let net = line.net.to_decimal();
    let is_plain = line.allowances_and_charges.is_empty() && line.quantity.checked_mul(line.price.net) == Some(net);
    let (quantity, price) = if is_plain { (line.quantity, line.price.net) } else { (Decimal::ONE, net) };
    DraftLine {
        description: line.item.description.clone(),
        quantity,
        unit: line.unit.clone(),
        period: line.period,
        ..DraftLine::of(&line.item.name, price, code)
    }
}

async fn change(
    hub: &Hub,
    company: &Company,
    id: &str,
    version: i64,
    after: impl Fn(&Draft) -> std::result::Result<Draft, Vec<Fault>> + Clone + Send + Sync + 'static,
) -> Result<StoredDraft> {
    let (company, id) = (company.clone(), id.to_owned());
    let (now, today) = (hub.clock().business_ms(), calendar::today(hub.clock().business()));
    hub.write(move |tx| {
        let (company, id, after) = (company.clone(), id.clone(), after.clone());
        async move {
            let before = open(tx.db(), &company, &id, version).await?;
            let mut draft = after(&before.body.draft).map_err(Error::Refused)?;
            fill_in(tx.db(), &company, &mut draft).await?;
            if draft == before.body.draft {
                return Ok(before);
            }
            let heading = heading(tx.db(), &company, &draft, today).await?;
            let body = DraftBody { draft, fixed: None };
            let saved = StoredDraft { body, changed_at: now, ..before };
            draft::save(tx, &company.id, &company.key, &saved, &heading).await?;
            Ok(StoredDraft { version: saved.version + 1, ..saved })
        }
        .boxed()
    })
    .await
}

/// An open draft with this version.
async fn open(db: &mut AnyConnection, company: &Company, id: &str, version: i64) -> Result<StoredDraft> {
    let found = draft::by_id(db, &company.id, &company.key, id).await?.ok_or_else(unknown)?;
    match found.state {
        DraftState::Open if found.version == version => Ok(found),
        DraftState::Open => Err(keep_card::changed("draft", "")),
        DraftState::Numbered | DraftState::Final => {
            Err(Error::refused(Fault::fatal(codes::DRAFT_FINAL).with("number", &found.number)))
        }
    }
}

pub(crate) fn unknown() -> Error {
    Error::refused(Fault::fatal(codes::ENTRY_UNKNOWN).with("entry", "draft").with("number", ""))
}

/// What a list shows of a draft.
pub(crate) async fn heading(
    db: &mut AnyConnection,
    company: &Company,
    draft: &Draft,
    today: jiff::civil::Date,
) -> Result<Heading> {
    let customer: Option<Card<Customer>> = match &draft.customer {
        Some(id) => card::by_id(db, &company.id, &company.key, Numbered::Customer, id).await?,
        None => None,
    };
    let (sums, _) = compose::sums(draft, today);
    Ok(Heading { buyer_name: customer.map(|card| card.name).unwrap_or_default(), total: sums.with_vat })
}

/// Fills in what a line takes from the price list, the project and the settings: everything that nobody wrote.
pub(crate) async fn fill_in(db: &mut AnyConnection, company: &Company, draft: &mut Draft) -> Result<()> {
    let (settings, _) = invoicing::settings(db, &company.id).await?;
    let project: Option<Card<Project>> = match &draft.project {
        Some(id) => card::by_id(db, &company.id, &company.key, Numbered::Project, id).await?,
        None => None,
    };
    if draft.customer.is_none()
        && let Some(project) = &project
    {
        draft.customer = project.body.customer.clone();
    }
    let currency = draft.currency;
    for line in &mut draft.lines {
        if let (Some(number), true) = (&line.product, line.text.is_empty()) {
            let found: Option<Card<Product>> = card::by_number(db, &company.id, &company.key, Numbered::Product, number).await?;
            if let Some(found) = found {
                fill_from(line, &found, project.as_ref(), currency);
            }
        }
        fill_codes(line, &settings);
    }
    Ok(())
}

fn fill_from(line: &mut DraftLine, product: &Card<Product>, project: Option<&Card<Project>>, currency: Currency) {
    let Product { name, description, unit, price, vat_code, ledger_account, .. } = &product.body;
    line.text.clone_from(name);
    line.description = line.description.take().or_else(|| description.clone());
    line.unit.clone_from(unit);
    // The price list is in kroner: what it costs in another currency is for the writer to say.
    if line.price.is_zero() && currency == Currency::NOK {
        let own = project.and_then(|project| project.body.prices.price(*price));
        line.price = own.unwrap_or(*price);
    }
    line.vat_code.clone_from(vat_code);
    line.ledger_account = ledger_account.clone().unwrap_or_default();
}

fn fill_codes(line: &mut DraftLine, settings: &InvoicingSettings) {
    if line.vat_code.is_empty() {
        line.vat_code = settings.ledger_account(&line.ledger_account).map_or(&settings.vat_code, |known| &known.vat_code).clone();
    }
    if line.ledger_account.is_empty()
        && let Some(account) = settings.account_for(&line.vat_code)
    {
        line.ledger_account.clone_from(&account.number);
    }
}

/// A file as a draft may hold it: a bare name, a kind that some route takes, no more bytes than letters carry.
fn checked(file: File) -> Result<File> {
    let name = files::bare_name(&file.name).unwrap_or_else(|| "vedlegg".to_owned());
    let name = without_identity_numbers(&name).into_owned();
    let media_type = match file.media_type.as_str() {
        "" | "application/octet-stream" => files::media_type(&name).to_owned(),
        known => known.to_owned(),
    };
    let file = File { name, media_type, bytes: file.bytes };
    let fault = if file.bytes.is_empty() || file.bytes.len() > MOST_FILE_BYTES {
        Fault::fatal(codes::ATTACHMENT_UNREADABLE).with("file", &file.name)
    } else if !files::is_taken(&file) {
        Fault::fatal(codes::ATTACHMENT_TYPE).with("file", &file.name).with("type", &file.media_type)
    } else {
        return Ok(file);
    };
    Err(Error::refused(fault.at("files")))
}

pub(crate) fn tell(tx: &mut Tx<'_>, company: &Company, kind: &'static str, draft: &StoredDraft, now: i64) -> Result<()> {
    let told = serde_json::json!({
        "kind": invoice::kind_name(draft.body.draft.kind), "number": draft.number, "invoice": draft.invoice,
    });
    tx.tell(NewEvent::new(&company.id, &company.key, now, kind, &draft.id, &told)?);
    Ok(())
}
