//! Vouchers for accounting systems: a page on which the days are chosen, and the file, written as it is read.

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse as _;
use jiff::civil::{Date, date};
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::voucher::Accounts;
use kvitt_formats::saft::{Books, Heading, Writer};
use kvitt_formats::voucher_csv;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::actions::list_vouchers::{VoucherPage, Wanted, list};
use crate::api::problem::Problem;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::web::form::Filled;
use crate::web::frame::{Frame, Here};
use crate::web::session::Person;
use crate::web::{Page, shown};

/// Parts of a file that wait for a slow reader: a bound on memory.
const PARTS: usize = 4;

/// The fields of the accounts, with their usual numbers.
const ACCOUNTS: [&str; 4] = ["receivable", "vat", "bank", "rounding"];

#[derive(Template)]
#[template(path = "exports.html")]
struct Exports {
    frame: Frame,
    form: Filled,
    kinds: Vec<(String, String)>,
}

/// What is asked for; what is left out is as usual.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    file: String,
    receivable: Option<String>,
    vat: Option<String>,
    bank: Option<String>,
    rounding: Option<String>,
}

/// The page: this year so far, unless somebody chooses other days.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let today = calendar::today(hub.clock().business());
    let usual = Accounts::default();
    let form = Filled::empty(words).with("from", date(today.year(), 1, 1)).with("to", today);
    let values = [usual.receivable, usual.vat, usual.bank, usual.rounding];
    let form = ACCOUNTS.iter().zip(values).fold(form, |form, (name, value)| form.with(name, value));
    let kinds = [("saf-t", words.t("exports.saf_t")), ("vouchers", words.t("exports.table"))];
    let kinds = kinds.map(|(kind, name)| (kind.to_owned(), name)).to_vec();
    shown(&Exports { frame: Frame::of(&person, "exports.title", Here::Payments), form, kinds })
}

/// What is written.
#[derive(Clone)]
struct Span {
    from: Date,
    to: Date,
    accounts: Accounts,
    is_saft: bool,
}

/// The file.
pub async fn file(State(hub): State<Hub>, person: Person, Query(asked): Query<Asked>) -> Page {
    let today = calendar::today(hub.clock().business());
    let day = |name: &str, text: &Option<String>, usual: Date| -> std::result::Result<Date, Problem> {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(usual) };
        text.parse().map_err(|_| Problem::of(Fault::fatal(codes::FORM_VALUE).at(name).with("value", text)))
    };
    let account = |given: &Option<String>, usual: String| {
        let given = given.as_deref().map(str::trim).filter(|given| (1..=10).contains(&given.len()));
        given.filter(|given| given.bytes().all(|byte| byte.is_ascii_digit())).map_or(usual, ToOwned::to_owned)
    };
    let usual = Accounts::default();
    let span = Span {
        from: day("from", &asked.from, date(today.year(), 1, 1))?,
        to: day("to", &asked.to, today)?,
        accounts: Accounts {
            receivable: account(&asked.receivable, usual.receivable),
            vat: account(&asked.vat, usual.vat),
            bank: account(&asked.bank, usual.bank),
            rounding: account(&asked.rounding, usual.rounding),
        },
        is_saft: asked.file != "vouchers",
    };
    let company = person.company().clone();
    let (ending, media_type) = if span.is_saft { ("xml", "application/xml") } else { ("csv", "text/csv; charset=utf-8") };
    let name = format!(
        "{}_{}_{}_{}.{ending}",
        if span.is_saft { "SAF-T_Financial" } else { "vouchers" },
        company.org_number,
        span.from,
        span.to
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let (parts, written) = mpsc::channel(PARTS);
    tokio::spawn(async move {
        if let Err(error) = write(&hub, &company, &span, &parts).await {
            tracing::error!(error = &error as &dyn std::error::Error, "an export ended early");
            // A file that ends early must not look whole: the connection breaks.
            drop(parts.send(None).await);
        }
    });
    Ok((headers, Body::from_stream(stream(written))).into_response())
}

/// A part, or that there is no good end.
type Part = Option<Vec<u8>>;

fn stream(written: mpsc::Receiver<Part>) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::unfold(written, |mut written| async move {
        let part = written.recv().await?;
        let said = part.map(Bytes::from).ok_or_else(|| std::io::Error::other("the export ended early"));
        Some((said, written))
    })
}

async fn write(hub: &Hub, company: &Company, span: &Span, parts: &mpsc::Sender<Part>) -> Result<()> {
    let first = page(hub, company, span, "").await?;
    if !span.is_saft {
        let mut text = Vec::new();
        infallible(voucher_csv::begin(&mut text));
        let mut page = Some(first);
        while let Some(VoucherPage { vouchers, next, .. }) = page {
            for voucher in vouchers.iter().filter(|voucher| (span.from..=span.to).contains(&voucher.on)) {
                infallible(voucher_csv::voucher(&mut text, voucher));
            }
            if parts.send(Some(std::mem::take(&mut text))).await.is_err() {
                return Ok(());
            }
            page = after(hub, company, span, next).await?;
        }
        return Ok(());
    }
    let heading = heading(&first, span);
    let mut books = Books::default();
    let mut page_read = Some(first);
    while let Some(VoucherPage { vouchers, next, .. }) = page_read {
        vouchers.iter().for_each(|voucher| books.take(voucher, &heading));
        page_read = after(hub, company, span, next).await?;
    }
    let mut writer = infallible(Writer::begin(Vec::new(), heading, &books));
    let mut page_read = Some(page(hub, company, span, "").await?);
    while let Some(VoucherPage { vouchers, next, .. }) = page_read {
        for voucher in &vouchers {
            infallible(writer.voucher(voucher));
        }
        if parts.send(Some(std::mem::take(writer.so_far()))).await.is_err() {
            return Ok(());
        }
        page_read = after(hub, company, span, next).await?;
    }
    drop(parts.send(Some(infallible(writer.end()))).await);
    Ok(())
}

fn infallible<T>(written: std::io::Result<T>) -> T {
    written.expect("writing to memory does not fail")
}

async fn page(hub: &Hub, company: &Company, span: &Span, after: &str) -> Result<VoucherPage> {
    list(hub, company, &Wanted { to: span.to, accounts: span.accounts.clone(), after: after.to_owned() }).await
}

async fn after(hub: &Hub, company: &Company, span: &Span, next: Option<String>) -> Result<Option<VoucherPage>> {
    match next {
        Some(next) => Ok(Some(page(hub, company, span, &next).await?)),
        None => Ok(None),
    }
}

fn heading(page: &VoucherPage, span: &Span) -> Heading {
    Heading {
        org_number: page.org_number.clone(),
        name: page.name.clone(),
        settings: page.settings.clone(),
        from: span.from,
        to: span.to,
        made_on: page.today,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
