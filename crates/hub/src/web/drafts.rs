//! Drafts: the list, the editor (which needs no script: each button sends the form, and what was typed comes back), and making one final.

use askama::Template;
use axum::extract::{Path, Query, State};
use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use kvitt_domain::invoice::{DocumentKind, File};
use kvitt_domain::invoicing::compose::Sums;
use kvitt_domain::invoicing::draft::Draft;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::Project;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::plan::{Plan, Rung, Standing, Verdict};
use serde::Deserialize;

use crate::actions::judge_draft::{self, Judged};
use crate::actions::{finalise_draft, write_draft};
use crate::api::problem::Problem;
use crate::error::Error;
use crate::hub::Hub;
use crate::store::card::{self, Card};
use crate::store::draft::{self, DraftState, StoredDraft};
use crate::store::invoicing;
use crate::web::boxes::{Boxes, Texts, sheet_of, version_of};
use crate::web::form::{Form, Said, faults_of};
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::Person;
use crate::web::words::{Words, capital};
use crate::web::{Page, back_with, given_back, on_to, products, projects, shown};

/// Drafts of one page.
const PAGE: i64 = 50;
/// Empty lines that the editor ends with.
const EMPTY_LINES: usize = 1;

#[derive(Template)]
#[template(path = "drafts.html")]
struct List {
    frame: Frame,
    texts: Texts,
    rows: Vec<Row>,
    /// The ids of the page's rows.
    page: String,
    next: Option<String>,
}

struct Row {
    id: String,
    kind: String,
    number: String,
    name: String,
    total: String,
    changed: String,
}

#[derive(Template)]
#[template(path = "draft.html")]
struct Editor {
    frame: Frame,
    texts: Texts,
    form: Boxes,
    id: String,
    version: i64,
    credits: Option<(String, String)>,
    lines: Vec<LineShown>,
    files: Vec<(usize, String, String)>,
    customers: Vec<(String, String)>,
    projects: Vec<(String, String)>,
    products: Vec<(String, String)>,
    units: Vec<(String, String)>,
    codes: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
    live: Live,
}

struct LineShown {
    before: String,
    number: usize,
    net: String,
    is_empty: bool,
}

/// Sums and what is still wrong: what changes while somebody types.
#[derive(Template)]
#[template(path = "part/draft_live.html")]
struct Live {
    texts: Texts,
    sums: Vec<(String, String)>,
    total: String,
    nets: Vec<(String, String)>,
    faults: Vec<Said>,
    warnings: Vec<Said>,
    is_whole_page: bool,
}

impl askama::filters::HtmlSafe for Live {}

#[derive(Template)]
#[template(path = "draft_final.html")]
struct Dialog {
    frame: Frame,
    texts: Texts,
    id: String,
    version: i64,
    number: String,
    recipient: String,
    total: String,
    issued_on: String,
    due_on: String,
    rungs: Vec<RungShown>,
    /// Whether it would be parked at once.
    no_route: bool,
    faults: Vec<Said>,
    warnings: Vec<Said>,
    is_credit: bool,
}

struct RungShown {
    route: String,
    standing: Badge,
    price: String,
    reasons: Vec<Said>,
}

/// Where the list begins.
#[derive(Debug, Default, Deserialize)]
pub struct Cursor {
    /// When the last draft of the page before was changed.
    pub before: Option<i64>,
    /// Its id.
    #[serde(default)]
    pub id: String,
}

/// The drafts that are open, and those that have a number and wait to be heard of.
pub async fn list(State(hub): State<Hub>, person: Person, Query(cursor): Query<Cursor>) -> Page {
    let (company, words) = (person.company(), person.words());
    let texts = Texts(words);
    let mut db = hub.db().read().await?;
    let before = (cursor.before.unwrap_or(i64::MAX), cursor.id.as_str());
    let mut drafts = match cursor.before {
        None => draft::list(&mut db, &company.id, DraftState::Numbered, (i64::MAX, ""), PAGE).await?,
        Some(_) => Vec::new(),
    };
    let open = draft::list(&mut db, &company.id, DraftState::Open, before, PAGE).await?;
    drop(db);
    let last = open.last().filter(|_| open.len() as i64 == PAGE);
    let next = last.map(|last| format!("/drafts?before={}&id={}", last.changed_at, last.id));
    drafts.extend(open);
    let row = |listed: draft::Listed| Row {
        kind: capital(&words.name("document", &listed.kind)),
        number: listed.number,
        name: match listed.heading.buyer_name.as_str() {
            "" => texts.t("drafts.nobody"),
            name => name.to_owned(),
        },
        total: words.money(listed.heading.total),
        changed: words.time_ms(listed.changed_at),
        id: listed.id,
    };
    shown(&List {
        frame: Frame::titled(person.visitor(), texts.t("drafts.title"), Here::Drafts),
        texts,
        page: drafts.iter().map(|draft| draft.id.as_str()).collect::<Vec<_>>().join(","),
        rows: drafts.into_iter().map(row).collect(),
        next,
    })
}

/// Begins a draft, for a customer where one is named.
pub async fn begin(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let customer = projects::customer_id(&hub, &person, form.get("customer")).await?.unwrap_or_default();
    let new = Draft { customer: (!customer.is_empty()).then_some(customer), ..Draft::new(DocumentKind::Invoice) };
    let draft = write_draft::begin(&hub, person.company(), new).await?;
    Ok(on_to(&format!("/drafts/{}", draft.id)))
}

/// Begins a credit note of an invoice.
pub async fn credit(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let draft = write_draft::credit(&hub, person.company(), form.get("invoice")).await?;
    Ok(on_to(&format!("/drafts/{}", draft.id)))
}

/// Begins a draft like another.
pub async fn copy(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let draft = write_draft::copy(&hub, person.company(), &id).await?;
    Ok(on_to(&format!("/drafts/{}", draft.id)))
}

/// Throws a draft away.
pub async fn discard(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    write_draft::discard(&hub, person.company(), &id, version_of(&form)).await?;
    Ok(back_with(&hub, "/drafts", "draft_discarded"))
}

/// The editor. A draft that is an invoice shows the invoice.
pub async fn one(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let stored = find(&hub, &person, &id).await?;
    match stored.state {
        DraftState::Final => return Ok(on_to(&format!("/invoices/{}", stored.invoice))),
        DraftState::Numbered => return Ok(on_to(&format!("/drafts/{id}/final"))),
        DraftState::Open => {}
    }
    let sheet = sheet_with_numbers(&hub, &person, &stored.body.draft).await?;
    editor(&hub, &person, &stored, sheet, Vec::new(), EMPTY_LINES).await
}

/// Saves what was typed, and does what the button says.
pub async fn write(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let mut sheet = sheet_of(&form);
    let button = form.get("do").to_owned();
    if let Some(row) = button.strip_prefix("remove_") {
        for field in ["text", "description", "product", "price"] {
            sheet.set(format!("line_{row}_{field}"), "");
        }
    }
    let (read, mut faults) = with_ids(&hub, &person, &sheet).await?;
    if faults.is_empty() {
        match faults_of(write_draft::write(&hub, person.company(), &id, version_of(&form), &read).await)? {
            Err(found) => faults = found,
            Ok(_) if button == "final" => return Ok(on_to(&format!("/drafts/{id}/final"))),
            Ok(_) if button == "save" => return Ok(back_with(&hub, &format!("/drafts/{id}"), "saved")),
            Ok(saved) => {
                let sheet = sheet_with_numbers(&hub, &person, &saved.body.draft).await?;
                let more = if button == "lines" { EMPTY_LINES + 4 } else { EMPTY_LINES };
                return editor(&hub, &person, &saved, sheet, Vec::new(), more).await;
            }
        }
    }
    // What was typed stays, under the version that it was typed against.
    let typed = StoredDraft { version: version_of(&form), ..stored };
    given_back(editor(&hub, &person, &typed, sheet, faults, EMPTY_LINES).await)
}

/// Sums and faults of what is typed, saved or not.
pub async fn live(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let (read, mut faults) = with_ids(&hub, &person, &sheet_of(&form)).await?;
    match stored.body.draft.read(&read) {
        Ok(mut draft) => {
            write_draft::fill_in(&mut *hub.db().read().await?, person.company(), &mut draft).await?;
            let judged = judge_draft::judge(&hub, person.company(), &draft).await?;
            let rows = written_rows(&read);
            shown(&lively(&judged, &rows, person.words(), false))
        }
        Err(found) => {
            faults.extend(found);
            let words = person.words();
            let (nothing, texts) = (String::new(), Texts(words));
            let faults = said(&faults, words);
            shown(&Live { texts, sums: vec![], total: nothing, nets: vec![], faults, warnings: vec![], is_whole_page: false })
        }
    }
}

/// Adds files.
pub async fn add_files(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    find(&hub, &person, &id).await?;
    let mut version = version_of(&form);
    for upload in form.files() {
        let file = File { name: upload.name.clone(), media_type: upload.media_type.clone(), bytes: upload.bytes.to_vec() };
        match faults_of(write_draft::add_file(&hub, person.company(), &id, version, file).await)? {
            Ok(saved) => version = saved.version,
            Err(faults) => {
                let stored = find(&hub, &person, &id).await?;
                let sheet = sheet_with_numbers(&hub, &person, &stored.body.draft).await?;
                return given_back(editor(&hub, &person, &stored, sheet, faults, EMPTY_LINES).await);
            }
        }
    }
    Ok(on_to(&format!("/drafts/{id}")))
}

/// Takes a file off.
pub async fn remove_file(State(hub): State<Hub>, person: Person, Path((id, place)): Path<(String, usize)>, form: Form) -> Page {
    write_draft::remove_file(&hub, person.company(), &id, version_of(&form), place).await?;
    Ok(on_to(&format!("/drafts/{id}")))
}

/// What would happen: the number, the sum, and every route with its reasons and its price.
pub async fn dialog(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    Box::pin(final_page(&hub, &person, &id, Vec::new())).await
}

/// Makes it final.
pub async fn make_final(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    match faults_of(finalise_draft::finalise(&hub, person.company(), &id, version_of(&form)).await)? {
        Ok(done) => Ok(back_with(&hub, &format!("/invoices/{}", done.invoice), "draft_final")),
        Err(faults) => given_back(Box::pin(final_page(&hub, &person, &id, faults)).await),
    }
}

/// The editor again, after a form beside the draft's own was refused.
pub(super) async fn with_faults(hub: &Hub, person: &Person, id: &str, typed: &Sheet, faults: Vec<Fault>) -> Page {
    let stored = find(hub, person, id).await?;
    let mut sheet = sheet_with_numbers(hub, person, &stored.body.draft).await?;
    typed.fields().for_each(|(name, value)| sheet.set(name, value));
    editor(hub, person, &stored, sheet, faults, EMPTY_LINES).await
}

async fn final_page(hub: &Hub, person: &Person, id: &str, faults: Vec<Fault>) -> Page {
    let (company, words) = (person.company(), person.words());
    let stored = find(hub, person, id).await?;
    if stored.state == DraftState::Final {
        return Ok(on_to(&format!("/invoices/{}", stored.invoice)));
    }
    let draft = &stored.body.draft;
    let texts = Texts(words);
    let (judged, plan) = match faults_of(judge_draft::plan(hub, company, draft).await)? {
        Ok((judged, planned)) => (judged, Some(planned.plan)),
        Err(_) => (judge_draft::judge(hub, company, draft).await?, None),
    };
    let mut wrong = faults;
    wrong.extend(judged.faults.iter().cloned());
    wrong.dedup();
    let number = if stored.number.is_empty() { judged.invoice.number.clone() } else { stored.number.clone() };
    let is_credit = draft.kind == DocumentKind::CreditNote;
    let title = texts.t(if is_credit { "final.credit_note" } else { "final.invoice" });
    shown(&Dialog {
        frame: Frame::titled(person.visitor(), title, Here::Drafts),
        texts,
        id: id.to_owned(),
        version: stored.version,
        number,
        recipient: judged.invoice.buyer.name.clone(),
        total: words.money(judged.sums.with_vat),
        issued_on: words.date(judged.invoice.issued_on),
        due_on: judged.invoice.due_on.map(|on| words.date(on)).unwrap_or_default(),
        no_route: plan.as_ref().is_some_and(|plan| plan.chosen().is_none()),
        rungs: plan.map(|plan| ladder(&plan, words)).unwrap_or_default(),
        faults: said(&wrong, words),
        warnings: said(&judged.warnings, words),
        is_credit,
    })
}

fn ladder(plan: &Plan, words: Words) -> Vec<RungShown> {
    let one = |rung: &Rung| {
        let (price, reasons) = match &rung.verdict {
            Verdict::Open { price, warnings, .. } | Verdict::NeedsLookup { price, warnings, .. } => (*price, warnings),
            Verdict::Closed { reasons } => (None, reasons),
        };
        let mood = match rung.standing {
            Standing::Chosen => Mood::Good,
            Standing::InReserve => Mood::Going,
            Standing::Skipped => Mood::Quiet,
            Standing::Failed => Mood::Bad,
        };
        let standing = serde_json::to_value(rung.standing).ok();
        let standing = standing.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        RungShown {
            route: capital(&words.name("route", &rung.route.to_string())),
            standing: Badge::new(mood, capital(&words.name("standing", &standing))),
            price: price.map(|price| words.money(price)).unwrap_or_default(),
            reasons: said(reasons, words),
        }
    };
    plan.rungs.iter().map(one).collect()
}

async fn editor(hub: &Hub, person: &Person, stored: &StoredDraft, mut sheet: Sheet, faults: Vec<Fault>, empty: usize) -> Page {
    let (company, words) = (person.company(), person.words());
    let texts = Texts(words);
    let draft = &stored.body.draft;
    let judged = judge_draft::judge(hub, company, draft).await?;
    let (settings, _) = invoicing::settings(&mut *hub.db().read().await?, &company.id).await?;
    let rows = written_rows(&sheet);
    let last = rows.last().copied().unwrap_or(0);
    for row in (1..=last + empty).filter(|row| !rows.contains(row)) {
        sheet.set(format!("line_{row}_vat_code"), &settings.vat_code);
    }
    let net = |row: usize| {
        let place = rows.iter().position(|known| *known == row)?;
        Some(words.amount(judged.sums.lines.get(place).copied().flatten()?.net))
    };
    let lines = (1..=last + empty)
        .map(|row| LineShown {
            before: format!("line_{row}_"),
            number: row,
            net: net(row).unwrap_or_default(),
            is_empty: !rows.contains(&row),
        })
        .collect();
    let file = |(place, file): (usize, &kvitt_domain::invoicing::draft::DraftFile)| {
        (place, file.name.clone(), texts.with("kilobytes", "count", file.bytes.div_ceil(1000)))
    };
    let title = match draft.kind {
        DocumentKind::Invoice => texts.t("drafts.invoice"),
        DocumentKind::CreditNote => texts.t("drafts.credit_note"),
    };
    shown(&Editor {
        frame: Frame::titled(person.visitor(), title, Here::Drafts),
        texts,
        id: stored.id.clone(),
        version: stored.version,
        credits: draft.credits.as_ref().map(|credited| (credited.invoice.clone(), credited.number.clone())),
        lines,
        files: draft.files.iter().enumerate().map(file).collect(),
        customers: projects::proposals(hub, person, Numbered::Customer).await?,
        projects: projects::proposals(hub, person, Numbered::Project).await?,
        products: projects::proposals(hub, person, Numbered::Product).await?,
        units: products::units(words),
        codes: products::codes(hub, words),
        accounts: products::accounts(&settings, texts),
        live: lively(&judged, &rows, words, true),
        form: Boxes::of(words, sheet).with(faults),
    })
}

/// The rows of a form that somebody wrote in, in order: the lines of its draft.
fn written_rows(sheet: &Sheet) -> Vec<usize> {
    let row = |name: &str| name.strip_prefix("line_")?.split_once('_')?.0.parse::<usize>().ok();
    let mut rows: Vec<usize> = sheet.fields().filter_map(|(name, _)| row(name)).collect();
    rows.sort_unstable();
    rows.dedup();
    let is_written = |row: &usize| {
        ["text", "description", "product", "price"].iter().any(|field| !sheet.get(&format!("line_{row}_{field}")).is_empty())
    };
    rows.into_iter().filter(is_written).collect()
}

fn lively(judged: &Judged, rows: &[usize], words: Words, is_whole_page: bool) -> Live {
    let texts = Texts(words);
    let Sums { lines, vat, without_vat, vat_total, with_vat } = &judged.sums;
    let mut sums = vec![(texts.t("sums.without_vat"), words.money(*without_vat))];
    for sum in vat {
        let percent = sum.rate.percent.unwrap_or_default().to_string().replace('.', ",");
        let of = texts.with("sums.vat_of", "percent", percent);
        sums.push((format!("{of} {}", words.money(sum.taxable)), words.money(sum.tax)));
    }
    sums.push((texts.t("sums.vat"), words.money(*vat_total)));
    let nets = rows
        .iter()
        .zip(lines)
        .map(|(row, line)| (format!("line_{row}_net"), line.map(|line| words.amount(line.net)).unwrap_or_default()));
    Live {
        texts,
        sums,
        total: words.money(*with_vat),
        nets: nets.collect(),
        faults: said(&judged.faults, words),
        warnings: said(&judged.warnings, words),
        is_whole_page,
    }
}

fn said(faults: &[Fault], words: Words) -> Vec<Said> {
    let one = |fault: &Fault| {
        let (sentence, remedy) = words.fault(fault);
        let line = fault.place.strip_prefix("line_").and_then(|rest| rest.split_once('_'));
        let sentence = match line {
            Some((number, _)) => format!("{} {number}: {sentence}", Texts(words).t("line")),
            None => sentence,
        };
        let is_field = !matches!(fault.place.as_str(), "" | "lines" | "sender" | "files" | "bank_account");
        Said { field: is_field.then(|| fault.place.clone()), sentence, remedy }
    };
    faults.iter().map(one).collect()
}

/// The form of a draft, in which people see numbers where the draft has ids.
async fn sheet_with_numbers(hub: &Hub, person: &Person, draft: &Draft) -> crate::error::Result<Sheet> {
    let mut sheet = draft.sheet();
    sheet.set("customer", projects::customer_number(hub, person, draft.customer.as_deref()).await?);
    let company = person.company();
    let project: Option<Card<Project>> = match &draft.project {
        Some(id) => card::by_id(&mut *hub.db().read().await?, &company.id, &company.key, Numbered::Project, id).await?,
        None => None,
    };
    sheet.set("project", project.map(|card| card.number).unwrap_or_default());
    let language = person.words().0;
    // Numbers as people write them; days as the browser's own field wants them.
    let decimals: Vec<(String, String)> = sheet
        .fields()
        .filter(|(name, _)| ["_quantity", "_price", "_discount_percent"].iter().any(|end| name.ends_with(end)))
        .map(|(name, value)| (name.to_owned(), decimal(value, language)))
        .collect();
    decimals.into_iter().for_each(|(name, value)| sheet.set(name, value));
    Ok(sheet)
}

fn decimal(value: &str, language: Language) -> String {
    match language {
        Language::Bokmal => value.replace('.', ","),
        Language::English => value.to_owned(),
    }
}

/// The form with ids where people wrote numbers.
async fn with_ids(hub: &Hub, person: &Person, sheet: &Sheet) -> crate::error::Result<(Sheet, Vec<Fault>)> {
    let (mut read, mut faults) = (sheet.clone(), Vec::new());
    match projects::customer_id(hub, person, sheet.get("customer")).await? {
        Ok(id) => read.set("customer", id),
        Err(fault) => faults.push(fault),
    }
    let typed = sheet.get("project");
    if let Some(number) = typed.split_whitespace().next() {
        let company = person.company();
        let found: Option<Card<Project>> =
            card::by_number(&mut *hub.db().read().await?, &company.id, &company.key, Numbered::Project, number).await?;
        match found {
            Some(card) => read.set("project", card.id),
            None => faults.push(
                Fault::fatal(kvitt_domain::fault::codes::ENTRY_UNKNOWN)
                    .at("project")
                    .with("entry", "project")
                    .with("number", number),
            ),
        }
    }
    Ok((read, faults))
}

async fn find(hub: &Hub, person: &Person, id: &str) -> Result<StoredDraft, Problem> {
    let company = person.company();
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    found.ok_or_else(|| Error::NotFound("the draft".into()).into())
}
