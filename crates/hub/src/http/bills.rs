//! The pages of the bill host: the bill with its PDF inside, or why it is not shown. No script, no cookie, nothing from elsewhere;
//! what counts as a token is `actions/open_bill.rs`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kvitt_domain::Language;

use super::documents::{inline, private};
use crate::actions::open_bill::{self, Bill, Worth};
use crate::error::Error;
use crate::hub::Hub;

/// Tokens that are tried for one bill within [`WINDOW`]. A person opens a bill a few times; whoever guesses needs many.
const MOST_TRIES: u32 = 10;
/// Machine time.
const WINDOW: Duration = Duration::from_secs(60);
/// Bills whose tries are remembered. Beyond them those whose window is over are forgotten first.
const MOST_BILLS: usize = 10_000;

/// What the pages need.
#[derive(Debug, Clone)]
pub struct Host {
    hub: Hub,
    tries: Arc<Tries>,
}

impl Host {
    /// A bill host.
    pub fn new(hub: Hub) -> Host {
        Host { hub, tries: Arc::default() }
    }
}

/// How often each bill was tried of late.
#[derive(Debug, Default)]
struct Tries(Mutex<HashMap<String, (Instant, u32)>>);

impl Tries {
    /// Counts a try. Answers whether there were not too many.
    fn may(&self, bill: &str, now: Instant) -> bool {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        let is_over = |since: &Instant| now.duration_since(*since) >= WINDOW;
        if known.len() >= MOST_BILLS && !known.contains_key(bill) {
            known.retain(|_, (since, _)| !is_over(since));
            if known.len() >= MOST_BILLS {
                return false;
            }
        }
        let (since, tries) = known.entry(bill.to_owned()).or_insert((now, 0));
        if is_over(since) {
            (*since, *tries) = (now, 0);
        }
        *tries += 1;
        *tries <= MOST_TRIES
    }
}

/// The page of a bill, for whoever brings a token.
pub async fn page(
    State(host): State<Host>,
    Path((company, link)): Path<(String, String)>,
    Query(given): Query<HashMap<String, String>>,
) -> Response {
    let bill = match open_bill::find(&host.hub, &company, &link).await {
        Ok(bill) => bill,
        Err(error) => return missing(&error),
    };
    let language = bill.invoice.body.recipient.language;
    let Some(token) = given.get("token") else { return refusal(StatusCode::FORBIDDEN, "no_token", &[language]) };
    if !host.tries.may(&link, Instant::now()) {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "too_often", &[language]);
    }
    match open_bill::open(&host.hub, &bill, token).await {
        Ok(Worth::Good) => shown(&host.hub, &bill, &link),
        Ok(Worth::TooOld) => refusal(StatusCode::FORBIDDEN, "too_old", &[language]),
        Ok(Worth::Forged) => refusal(StatusCode::FORBIDDEN, "forged", &[language]),
        Ok(Worth::Unknown) => refusal(StatusCode::SERVICE_UNAVAILABLE, "later", &[language]),
        Err(error) => missing(&error),
    }
}

/// A file of a bill, for whoever comes from its page.
pub async fn file(
    State(host): State<Host>,
    Path((company, link, position)): Path<(String, String, usize)>,
    Query(given): Query<HashMap<String, String>>,
) -> Response {
    let bill = match open_bill::find(&host.hub, &company, &link).await {
        Ok(bill) => bill,
        Err(error) => return missing(&error),
    };
    if !given.get("pass").is_some_and(|pass| open_bill::is_pass(&host.hub, &bill, pass)) {
        return refusal(StatusCode::FORBIDDEN, "too_old", &[bill.invoice.body.recipient.language]);
    }
    match open_bill::file(&host.hub, &bill, position).await {
        Ok((name, bytes)) => {
            let mut headers = private();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
            headers.insert(header::CONTENT_DISPOSITION, inline(&name));
            // Readers of PDFs in browsers do not open in a sandbox; the type is ours and not guessed, so that nothing runs.
            let policy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            (headers, bytes).into_response()
        }
        Err(error) => missing(&error),
    }
}

fn shown(hub: &Hub, bill: &Bill, link: &str) -> Response {
    let language = bill.invoice.body.recipient.language;
    let words = |key: &str, values: &[(&str, &str)]| escaped(&language.text(&format!("bill.{key}"), values));
    let (number, sender) = (bill.invoice.body.invoice.number.as_str(), bill.company.name.as_str());
    let title = words("title", &[("number", number), ("sender", sender)]);
    let pass = open_bill::pass(hub, bill);
    // Relative to the page's own address, whatever proxy stands before it.
    let address = |position: usize| format!("{}/{position}?pass={pass}", escaped(link));
    let mut main = format!("<h1>{title}</h1>\n");
    let mut files = bill.files.iter().enumerate();
    match files.next() {
        Some((position, _)) => {
            let (address, open, cannot) = (address(position), words("open_pdf", &[]), words("cannot_show", &[]));
            let _ = write!(
                main,
                "<p><a href=\"{address}\">{open}</a></p>\n<object data=\"{address}\" type=\"application/pdf\" aria-label=\"{title}\">\
                 <p>{cannot} <a href=\"{address}\">{open}</a></p></object>\n"
            );
        }
        None => {
            let _ = writeln!(main, "<p>{}</p>", words("no_pdf", &[]));
        }
    }
    let mut rest = files.peekable();
    if rest.peek().is_some() {
        let _ = write!(main, "<h2>{}</h2>\n<ul>\n", words("attachments", &[]));
        for (position, file) in rest {
            let _ = writeln!(main, "<li><a href=\"{}\">{}</a></li>", address(position), escaped(&file.name));
        }
        main.push_str("</ul>\n");
    }
    (page_headers(), html(language, &title, &main)).into_response()
}

/// What is not there, or cannot be read, looks the same to whoever guesses.
fn missing(error: &Error) -> Response {
    match error {
        Error::NotFound(_) => refusal(StatusCode::NOT_FOUND, "gone", &Language::ALL),
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "a bill could not be read");
            refusal(StatusCode::SERVICE_UNAVAILABLE, "later", &Language::ALL)
        }
    }
}

/// A page that says why nothing is shown, in each of the languages.
fn refusal(status: StatusCode, why: &str, languages: &[Language]) -> Response {
    let first = languages.first().copied().unwrap_or_default();
    let title = |language: Language| escaped(&language.text(&format!("bill.{why}.title"), &[]));
    let mut main = String::new();
    for language in languages {
        let text = escaped(&language.text(&format!("bill.{why}.text"), &[]));
        let _ = write!(main, "<section lang=\"{}\">\n<h1>{}</h1>\n<p>{text}</p>\n</section>\n", language.tag(), title(*language));
    }
    (status, page_headers(), html(first, &title(first), &main)).into_response()
}

fn page_headers() -> HeaderMap {
    let mut headers = private();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers
}

/// A whole page. `title` and `main` are HTML already.
pub(super) fn html(language: Language, title: &str, main: &str) -> String {
    const STYLE: &str = "body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}\
        main{max-width:60rem;margin:0 auto;padding:1rem}h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.25rem}\
        a{color:#0b4f9e}a:focus{outline:3px solid #0b4f9e;outline-offset:2px}li{margin:.5rem 0}\
        object{display:block;width:100%;height:80vh;min-height:30rem;border:1px solid #767676}";
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n",
        language.tag()
    )
}

pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_tried_so_often_and_others_beside_it() {
        let (tries, start) = (Tries::default(), Instant::now());
        for _ in 0..MOST_TRIES {
            assert!(tries.may("one", start));
        }
        assert!(!tries.may("one", start));
        assert!(tries.may("another", start));
        assert!(tries.may("one", start + WINDOW));
    }

    #[test]
    fn what_people_wrote_is_no_html() {
        assert_eq!(escaped("<a href=\"x\">Å & 'b'"), "&lt;a href=&quot;x&quot;&gt;Å &amp; &#39;b&#39;");
    }
}
