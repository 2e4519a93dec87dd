//! The sandbox's page: its clock, who lives there, what goes wrong on purpose, and what the counterparties hold of the company. It is there
//! where the hub is told of a sandbox (`web.sandbox`), and nowhere else.
//!
//! [`people`] lists who lives there, [`shelves`] what is shown of mail server, banks and print shop; [`crate::transport::sandbox`] speaks
//! with the sandbox, [`crate::actions::move_time`] moves the clocks.

mod people;
mod shelves;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Time as Hour;
use jiff::{Timestamp, ToSpan as _};
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::person::Role;
use serde::Deserialize;

use crate::actions::move_time::Mover;
use crate::actions::play::{self, Ready};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::transport::sandbox::{Control, Payment, Time};
use crate::web::form::{Form, Said, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::sandbox::people::{Group, PEOPLE};
use crate::web::sandbox::shelves::{Bills, Debts, FAULTS, Letters, Paper, Switches};
use crate::web::session::Person;
use crate::web::words::Words;
use crate::web::{Page, back_with, given_back, on_to, shown};

/// Where this page is.
const PATH: &str = "/sandbox";
/// What the tabs show.
const TABS: [&str; 6] = ["people", "mail", "bills", "paper", "bank", "faults"];
/// Due dates are over, and what the bank does on them is done, at noon.
const NOON: Hour = Hour::constant(12, 0, 0, 0);

#[derive(Template)]
#[template(path = "sandbox.html")]
struct Sandbox {
    frame: Frame,
    tab: &'static str,
    tabs: Vec<(String, String, bool)>,
    clock: Clock,
    wrong: Vec<Said>,
    ready: Ready,
    may_play: bool,
    may_prepare: bool,
    groups: Vec<Group>,
    letters: Letters,
    bills: Bills,
    paper: Paper,
    debts: Debts,
    switches: Switches,
}

struct Clock {
    day: String,
    time: String,
    /// Where it goes, and how much of the way is done.
    journey: Option<(String, i64)>,
    /// The next due date.
    due: Option<String>,
}

#[derive(Template)]
#[template(path = "sandbox_letter.html")]
struct OneLetter {
    frame: Frame,
    id: u64,
    to: String,
    at: String,
    text: String,
    files: Vec<(usize, String, String)>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    show: String,
}

/// The control of the hub's sandbox; a hub without one has no such page.
fn control(hub: &Hub) -> Result<Control, Problem> {
    let address = hub.config().web.sandbox.as_deref();
    let address = address.ok_or_else(|| Problem::of(Fault::fatal(codes::PAGE_UNKNOWN)))?;
    Ok(Control::at(address)?)
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Extension(mover): Extension<Mover>, Query(asked): Query<Asked>) -> Page {
    Box::pin(page(&hub, &person, &mover, &asked.show, Vec::new())).await
}

async fn page(hub: &Hub, person: &Person, mover: &Mover, show: &str, faults: Vec<Fault>) -> Page {
    let (control, company, words) = (control(hub)?, person.company(), person.words());
    let tab = TABS.into_iter().find(|tab| *tab == show).unwrap_or(TABS[0]);
    let time = control.clock().await?;
    let due = shelves::next_due(hub, company, time.now).await?;
    let ready = play::ready(hub, company).await?;
    let account = ready.account.clone().unwrap_or_default();
    let empty = |of: &str| of != tab;
    let named = |name: &str| (format!("{PATH}?show={name}"), words.t(&format!("sandbox.show.{name}")), name == tab);
    shown(&Sandbox {
        frame: Frame::of(person, "sandbox.title", Here::Sandbox),
        tab,
        tabs: TABS.into_iter().map(named).collect(),
        clock: clock(time, mover, due.map(|on| words.date(on)), words),
        wrong: faults.iter().map(|fault| said(fault, words)).collect(),
        may_play: person.may(Role::Invoicing),
        may_prepare: person.may(Role::Admin),
        groups: if empty("people") { Vec::new() } else { people::groups(&ready, words) },
        letters: if empty("mail") { Letters::default() } else { shelves::letters(&control, company, words).await? },
        bills: if empty("bills") { Bills::default() } else { shelves::bills(&control, company, words).await? },
        paper: if empty("paper") { Paper::default() } else { shelves::paper(&control, company, words).await? },
        debts: if empty("bank") { Debts::default() } else { shelves::debts(hub, &control, company, &account, words).await? },
        switches: if empty("faults") { Switches::default() } else { shelves::switches(&control, words).await? },
        ready,
    })
}

fn said(fault: &Fault, words: Words) -> Said {
    let (sentence, remedy) = words.fault(fault);
    Said { field: None, sentence, remedy }
}

fn clock(time: Time, mover: &Mover, due: Option<String>, words: Words) -> Clock {
    let local = calendar::wall_time(time.now);
    let weekday = words.t(&format!("sandbox.day.{}", local.weekday().to_monday_one_offset()));
    Clock {
        day: format!("{weekday} {}", words.date(local.date())),
        time: format!("{:02}:{:02}", local.hour(), local.minute()),
        journey: mover.journey().map(|journey| (words.time(journey.to), journey.percent())),
        due,
    }
}

/// Moves the clock.
pub async fn move_clock(State(hub): State<Hub>, person: Person, Extension(mover): Extension<Mover>, form: Form) -> Page {
    let control = control(&hub)?;
    let now = control.clock().await?.now;
    let later = |span: jiff::Span| {
        let at = calendar::wall_time(now).checked_add(span).ok()?;
        Some(calendar::at(at.date(), at.time()))
    };
    let to: Option<Timestamp> = match form.get("by") {
        "hour" => later(1.hour()),
        "day" => later(1.day()),
        "week" => later(1.week()),
        "month" => later(1.month()),
        "due" => shelves::next_due(&hub, person.company(), now).await?.map(|on| calendar::at(on, NOON)).filter(|at| *at > now),
        other => return Err(Problem::of(Fault::fatal(codes::FORM_VALUE).at("by").with("value", other))),
    };
    let back = back_to(&form);
    // A hub that does not follow the sandbox's clock would be left behind.
    match to.filter(|_| hub.config().clock.is_some()) {
        Some(to) if mover.begin(&hub, &control, now, to) => Ok(on_to(&back)),
        _ => Ok(back_with(&hub, &back, "clock_not_moved")),
    }
}

/// The tab that a form was on.
fn back_to(form: &Form) -> String {
    match TABS.into_iter().find(|tab| *tab == form.get("show")) {
        Some(tab) => format!("{PATH}?show={tab}"),
        None => PATH.to_owned(),
    }
}

/// Gives the company what it needs to play.
pub async fn prepare(State(hub): State<Hub>, person: Person, Extension(mover): Extension<Mover>) -> Page {
    control(&hub)?;
    match faults_of(play::prepare(&hub, person.company(), &person.by()).await)? {
        Ok(()) => Ok(back_with(&hub, PATH, "sandbox_ready")),
        Err(faults) => given_back(Box::pin(page(&hub, &person, &mover, "", faults)).await),
    }
}

/// Begins a draft to somebody who lives in the sandbox.
pub async fn write_to(State(hub): State<Hub>, person: Person, Extension(mover): Extension<Mover>, form: Form) -> Page {
    let (control, company) = (control(&hub)?, person.company());
    let wrong = || Problem::of(Fault::fatal(codes::FORM_VALUE).at("persona").with("value", form.get("persona")));
    let known = PEOPLE.iter().find(|known| known.persona.id == form.get("persona")).ok_or_else(wrong)?;
    let text = person.words().t("sandbox.line");
    match faults_of(play::write_to(&hub, company, &known.persona, &text).await)? {
        Err(faults) => given_back(Box::pin(page(&hub, &person, &mover, "", faults)).await),
        Ok(draft) => {
            // Whoever pays by direct debit has said so to the bank: at the latest now.
            if known.has_mandate()
                && let Some(account) = play::ready(&hub, company).await?.account
                && let Some(part) = play::customer_part(&hub, company, &account, known.persona.number).await?
            {
                control.add_mandate(&account, &part).await?;
            }
            Ok(on_to(&format!("/drafts/{}", draft.id)))
        }
    }
}

/// A customer pays.
pub async fn pay(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let control = control(&hub)?;
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    let debt = shelves::debt(&hub, person.company(), form.get("invoice")).await?.ok_or_else(|| wrong("invoice"))?;
    let minor = match form.get("how") {
        "exact" | "no_kid" => debt.left_minor,
        "half" => debt.left_minor / 2,
        "too_much" => debt.left_minor.saturating_add(10_000),
        _ => return Err(wrong("how")),
    };
    let (kid, text) = match form.get("how") {
        "no_kid" => (None, Some(person.words().with("sandbox.pay.text", &[("number", &debt.number)]))),
        _ => (debt.kid, None),
    };
    let amount = format!("{}.{:02}", minor / 100, minor % 100);
    control.pay(&Payment { account_number: debt.account, kid, amount, text }).await?;
    Ok(back_with(&hub, &format!("{PATH}?show=bank"), "sandbox_paid"))
}

/// Has something go wrong, or right again.
pub async fn switch(State(hub): State<Hub>, _: Person, form: Form) -> Page {
    let control = control(&hub)?;
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    match form.get("do") {
        "on" => {
            let wanted = FAULTS.iter().find(|known| known.id == form.get("fault")).ok_or_else(|| wrong("fault"))?;
            control.add_fault(wanted.order).await?;
        }
        "off" => {
            for id in form.get("ids").split(' ') {
                control.remove_fault(id.parse().map_err(|_| wrong("ids"))?).await?;
            }
        }
        _ => return Err(wrong("do")),
    }
    Ok(back_with(&hub, &format!("{PATH}?show=faults"), "saved"))
}

/// A letter as its recipient finds it.
pub async fn letter(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let control = control(&hub)?;
    let words = person.words();
    let id = number(&id)?;
    let found = shelves::letter(&control, person.company(), id).await?;
    let file = |(index, file): (usize, &crate::transport::sandbox::Attachment)| {
        let name = if file.name.is_empty() { file.media_type.clone() } else { file.name.clone() };
        (index, name, words.size(file.bytes))
    };
    let text = control.letter_text(id).await?;
    shown(&OneLetter {
        frame: Frame::titled(person.visitor(), found.subject.clone(), Here::Sandbox),
        id,
        at: words.time(found.at),
        files: found.attachments.iter().enumerate().map(file).collect(),
        text: without_identity_numbers(&text).into_owned(),
        to: found.to,
    })
}

/// A file of a letter; never shown as a page of ours.
pub async fn letter_file(State(hub): State<Hub>, person: Person, Path((id, index)): Path<(String, String)>) -> Page {
    let control = control(&hub)?;
    let (id, index): (u64, usize) = (number(&id)?, number(&index)?);
    let found = shelves::letter(&control, person.company(), id).await?;
    let file = found.attachments.get(index).ok_or_else(|| Problem::of(Fault::fatal(codes::PAGE_UNKNOWN)))?;
    let bytes = control.attachment(id, index).await?;
    let media_type = match file.media_type.as_str() {
        "application/pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
    let mut answer: Response = bytes.into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, crate::http::inline(&file.name));
    answer.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    Ok(answer)
}

/// A number in a path; anything else leads nowhere.
fn number<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::of(Fault::fatal(codes::PAGE_UNKNOWN)))
}
