//! The page of one invoice: what it is and where it stands in plain words, every route with its reason and price, what happened when,
//! its money, its files beside each other, what was said to counterparties, and what a person can do now.

mod raw;
pub(super) mod story;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use kvitt_adapters::route::ArtefactRole;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{DocumentKind, Invoice};

use crate::actions::reroute_invoice::{Instead, reroute_invoice};
use crate::actions::settle::{Decided, Settlement, settle};
use crate::actions::{explain, freeze_rendition};
use crate::api::problem::Problem;
use crate::error::Error;
use crate::http::inline;
use crate::hub::Hub;
use crate::store::artefact;
use crate::store::invoice::StoredInvoice;
use crate::web::form::Form;
use crate::web::frame::{Badge, Frame, Here};
use crate::web::session::{self, Person};
use crate::web::words::Words;
use crate::web::{Page, on_to, shown};
use raw::Said;
use story::{Act, Course, Moment, Money};

#[derive(Template)]
#[template(path = "invoice.html")]
struct InvoicePage {
    frame: Frame,
    id: String,
    state: Badge,
    money_state: Option<Badge>,
    sentence: String,
    why: Vec<(String, String)>,
    facts: Vec<(String, String)>,
    warnings: Vec<(String, String)>,
    acts: Vec<Act>,
    /// Whether it can be sent to an address that a person knows.
    may_reroute: bool,
    /// Whether a credit note of it can be begun.
    may_credit: bool,
    advice: Option<String>,
    bill: Course,
    notice: Option<(Course, Vec<Act>)>,
    money: Option<Money>,
    moments: Vec<Moment>,
    files: Vec<FileShown>,
    document: Document,
    said: Vec<Said>,
    /// Whether it goes on by itself, so that the page looks again.
    is_going: bool,
}

struct FileShown {
    name: String,
    size: String,
    role: String,
    path: String,
}

/// The invoice as a table that people read.
struct Document {
    seller: Vec<String>,
    buyer: Vec<String>,
    lines: Vec<DocumentLine>,
    sums: Vec<(String, String)>,
    mismatch: Option<String>,
}

struct DocumentLine {
    name: String,
    quantity: String,
    price: String,
    vat: String,
    net: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let story = explain::explain(&hub, person.company(), &stored.id).await?;
    let words = person.words();
    let said = raw::said(&hub, person.company(), &story, words).await?;
    let may_act = person.may(kvitt_domain::person::Role::Invoicing);
    let header = &story.invoice;
    let frame =
        Frame::titled(person.visitor(), format!("{} {}", words.title("document", &header.kind), header.number), Here::Invoices);
    let (state, money) = (story.bill.delivery.state.name(), story.money.as_ref());
    let page = InvoicePage {
        frame,
        id: header.id.clone(),
        state: super::invoices::badge(state, words),
        money_state: money.map(|money| super::invoices::money_badge(money.money.standing.name(), words)),
        sentence: story::sentence(&story, words),
        why: story::why(&story.bill.delivery.state, words),
        facts: facts(&story, words),
        warnings: stored.body.broken_rules.iter().map(|fault| words.fault(fault)).collect(),
        acts: if may_act { story::acts(&story.bill.delivery.state, Purpose::Bill, words) } else { Vec::new() },
        may_reroute: may_act && state == "parked",
        may_credit: may_act && stored.body.invoice.kind == DocumentKind::Invoice,
        advice: story::advice(&story, words),
        bill: story::course(&story.bill, words),
        notice: story.notice.as_ref().map(|notice| {
            let acts = if may_act { story::acts(&notice.delivery.state, Purpose::Notice, words) } else { Vec::new() };
            (story::course(notice, words), acts)
        }),
        money: money.map(|money| story::money(money, words)),
        moments: story.events.iter().rev().map(|event| story::moment(event, words)).collect(),
        files: files(&story, words),
        document: document(&stored.body.invoice, words),
        said,
        is_going: matches!(state, "choosing" | "queued" | "sending"),
    };
    shown(&page)
}

/// An invoice of the company's by its id or number. Another company's is not there.
async fn find(hub: &Hub, person: &Person, id: &str) -> Result<StoredInvoice, Problem> {
    match explain::find(hub, person.company(), id).await {
        Ok(stored) => Ok(stored),
        Err(Error::Refused(faults)) if faults.iter().any(|fault| fault.code == codes::INVOICE_UNKNOWN) => {
            Err(Problem::of(Fault::fatal(codes::PAGE_UNKNOWN)))
        }
        Err(error) => Err(error.into()),
    }
}

fn facts(story: &explain::Story, words: Words) -> Vec<(String, String)> {
    let header = &story.invoice;
    let mut facts = vec![
        ("recipient", format!("{} ({})", header.recipient, words.name("recipient_type", &header.recipient_type))),
        ("amount", words.money(header.payable)),
        ("issued", words.date_text(&header.issued_on)),
    ];
    if let Some(due) = &header.due_on {
        facts.push(("due", words.date_text(due)));
    }
    if let Some(money) = &story.money {
        facts.push(("left", words.money(money.money.left)));
        facts.extend(money.money.kid.clone().map(|kid| ("kid", kid)));
        if !money.money.account.is_empty() {
            facts.push(("account", money.money.account.clone()));
        }
    }
    facts.push(("accepted", words.time(header.accepted_at)));
    facts.into_iter().map(|(key, value)| (words.t(&format!("invoice.fact.{key}")), value)).collect()
}

fn files(story: &explain::Story, words: Words) -> Vec<FileShown> {
    let mut shown = Vec::new();
    if !story.files.iter().any(|file| file.role == ArtefactRole::Pdf) {
        // Ours, as it will be: it is kept when the first route is chosen.
        shown.push(FileShown {
            name: format!("{}.pdf", story.invoice.number),
            size: String::new(),
            role: words.t("invoice.file.preview"),
            path: format!("/invoices/{}/files/pdf", story.invoice.id),
        });
    }
    for (position, file) in story.files.iter().enumerate() {
        let role = match file.role {
            ArtefactRole::Xml => "invoice.file.xml",
            ArtefactRole::Pdf => "invoice.file.pdf",
            ArtefactRole::Attachment => "invoice.file.attachment",
        };
        shown.push(FileShown {
            name: file.name.clone(),
            size: words.size(file.bytes),
            role: words.t(role),
            path: format!("/invoices/{}/files/{}", story.invoice.id, position + 1),
        });
    }
    shown
}

fn document(invoice: &Invoice, words: Words) -> Document {
    let party = |party: &kvitt_domain::invoice::Party| {
        let address = &party.address;
        let place = [&address.postal_code, &address.city].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let mut lines = vec![party.name.clone()];
        lines.extend([&address.line1, &address.line2].into_iter().flatten().cloned());
        lines.push(place);
        lines.extend(party.legal_registration.as_ref().map(|number| number.value.clone()));
        lines.retain(|line| !line.trim().is_empty());
        lines.into_iter().map(|line| kvitt_domain::identifiers::without_identity_numbers(&line).into_owned()).collect()
    };
    let line = |line: &kvitt_domain::invoice::Line| DocumentLine {
        name: line.item.name.clone(),
        quantity: words.number(line.quantity),
        price: words.number(line.price.net),
        vat: line.vat.percent.map_or_else(|| "–".to_owned(), |percent| format!("{} %", words.number(percent))),
        net: words.amount(line.net),
    };
    let totals = &invoice.totals;
    let mut sums = vec![(words.t("invoice.sum.without_vat"), words.money(totals.without_vat))];
    for vat in &invoice.vat_breakdown {
        let rate = vat.rate.percent.map_or_else(|| "–".to_owned(), |percent| words.number(percent));
        sums.push((words.with("invoice.sum.vat", &[("rate", &rate)]), words.money(vat.tax)));
    }
    sums.push((words.t("invoice.sum.payable"), words.money(totals.payable)));
    let added =
        invoice.lines.iter().try_fold(kvitt_domain::Amount::zero(invoice.currency), |sum, line| sum.checked_add(line.net));
    let mismatch = added.filter(|added| *added != totals.lines).map(|added| {
        words.with("invoice.mismatch", &[("stated", &words.money(totals.lines)), ("computed", &words.money(added))])
    });
    Document {
        seller: party(&invoice.seller),
        buyer: party(&invoice.buyer),
        lines: invoice.lines.iter().map(line).collect(),
        sums,
        mismatch,
    }
}

/// A file of an invoice; `pdf` is the one that the recipient gets, or will get.
pub async fn file(State(hub): State<Hub>, person: Person, Path((id, number)): Path<(String, String)>) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let company = person.company();
    let files = artefact::of_invoice(&mut *hub.db().read().await?, &company.id, &stored.id, None).await?;
    let unknown = || Problem::of(Fault::fatal(codes::PAGE_UNKNOWN));
    let wanted = match number.as_str() {
        "pdf" => files.iter().find(|file| file.role == ArtefactRole::Pdf),
        number => Some(number.parse::<usize>().ok().and_then(|n| files.get(n.checked_sub(1)?)).ok_or_else(unknown)?),
    };
    let Some(file) = wanted else {
        let bytes = freeze_rendition::preview(&hub, company, &stored).await?;
        return Ok(bytes_of(&format!("{}.pdf", stored.body.invoice.number), "application/pdf", bytes));
    };
    let bytes = artefact::read(&mut *hub.db().read().await?, hub.objects(), &company.id, &company.key, &file.digest).await?;
    Ok(bytes_of(&file.name, &file.media_type, bytes))
}

/// Bytes that a browser may show inside our page, and never runs: only what it draws by itself goes by its type.
fn bytes_of(name: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    let (media_type, policy) = match media_type {
        "application/pdf" => {
            ("application/pdf", "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'")
        }
        "image/png" => ("image/png", "default-src 'none'; sandbox; frame-ancestors 'self'"),
        "image/jpeg" => ("image/jpeg", "default-src 'none'; sandbox; frame-ancestors 'self'"),
        kind if kind.contains("xml") || kind.starts_with("text/") => {
            ("text/plain; charset=utf-8", "default-src 'none'; sandbox; frame-ancestors 'self'")
        }
        _ => ("application/octet-stream", "default-src 'none'; sandbox"),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(header::CONTENT_DISPOSITION, inline(name));
    (headers, bytes).into_response()
}

/// A person sends a parked invoice to an e-mail address that they know.
pub async fn reroute(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let instead = Instead::Email { to: form.get("to").to_owned() };
    reroute_invoice(&hub, person.company(), &stored.id, instead, &person.by()).await?;
    Ok(back(&hub, &stored.id))
}

/// A person decides.
pub async fn decide(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let stored = find(&hub, &person, &id).await?;
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    let settlement = match form.get("what") {
        "sent" => Settlement::Sent,
        "unsent" => Settlement::Unsent,
        "repeat" => Settlement::Repeat,
        "reopen" => Settlement::Reopen,
        "cancel" => Settlement::Cancel,
        _ => return Err(wrong("what")),
    };
    let purpose = match form.get("purpose") {
        "notice" => Purpose::Notice,
        _ => Purpose::Bill,
    };
    let decided = Decided { invoice: &stored.id, purpose, settlement };
    settle(&hub, person.company(), decided, &person.by()).await?;
    Ok(back(&hub, &stored.id))
}

fn back(hub: &Hub, id: &str) -> Response {
    let mut response = on_to(&format!("/invoices/{id}"));
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, "decided"));
    response
}
