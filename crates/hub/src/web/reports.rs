//! Reports: which there are, each of them as a page with its figures, a chart and a table, and as a CSV file.

pub mod csv;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse as _;
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoicing::sheet;
use kvitt_domain::report::{Asked as DaysAsked, Cell, Days, Preset, Report, Row};
use serde::Deserialize;

use crate::actions::show_report::{self, Chunk, Drawn, MOST_DRAWN, Overview, Wanted};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::web::chart::{Series, stacked};
use crate::web::frame::{Frame, Here, Html};
use crate::web::session::Person;
use crate::web::words::{Words, capital};
use crate::web::{Page, shown};

/// Rows of one page.
const PAGE: usize = 100;
/// Rows that a file is written of at a time.
const OF_A_FILE: usize = 1_000;
/// Values above this are drawn in thousands: the axis has no room for them.
const LARGE: i64 = 100_000;

#[derive(Template)]
#[template(path = "reports.html")]
struct Reports {
    frame: Frame,
    /// Each its path, name, and what it answers.
    reports: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Shown {
    frame: Frame,
    name: &'static str,
    lead: String,
    none: String,
    note: String,
    chart_name: String,
    tabs: Vec<Tab>,
    is_of_a_day: bool,
    has_filters: bool,
    from: String,
    to: String,
    customer: String,
    project: String,
    faults: Vec<String>,
    /// The days in words.
    days: String,
    company: String,
    figures: Vec<(String, String)>,
    /// That other currencies are not in the figures.
    beside: Option<String>,
    chart: Html,
    unit: String,
    legend: Vec<Series>,
    columns: Vec<(String, bool)>,
    rows: Vec<Line>,
    sums: Vec<Vec<(String, bool)>>,
    file: String,
    next: Option<String>,
    is_first: bool,
    first: String,
    is_cut: bool,
}

struct Tab {
    path: String,
    text: String,
    is_here: bool,
}

/// A row: what leads on, and the text of each cell.
struct Line {
    path: String,
    cells: Vec<(String, bool)>,
}

/// What the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    period: String,
    from: String,
    to: String,
    customer: String,
    project: String,
    after: String,
}

/// Which reports there are.
pub async fn list(person: Person) -> Page {
    let words = person.words();
    let one = |report: Report| {
        let name = report.name();
        (format!("/reports/{name}"), words.t(&format!("report.{name}.title")), words.t(&format!("report.{name}.lead")))
    };
    shown(&Reports {
        frame: Frame::of(&person, "reports.title", Here::Reports),
        reports: Report::ALL.into_iter().map(one).collect(),
    })
}

/// A report.
pub async fn get(State(hub): State<Hub>, person: Person, Path(name): Path<String>, Query(asked): Query<Asked>) -> Page {
    let (report, company, words) = (named(&name)?, person.company(), person.words());
    let today = calendar::today(hub.clock().business());
    let (wanted, preset, faults) = asked.read(report, today, words);
    let (rows, next, is_cut) = match report {
        Report::Ageing => {
            let rows = show_report::largest_debts(&hub, company, &wanted, PAGE + 1).await?;
            let is_cut = rows.len() > PAGE;
            (rows.into_iter().take(PAGE).collect(), None, is_cut)
        }
        _ => {
            let Chunk { rows, next } = show_report::chunk(&hub, company, &wanted, &asked.after, PAGE).await?;
            (rows, next, false)
        }
    };
    let Overview { figures, beside, sums, drawn } = show_report::overview(&hub, company, &wanted).await?;
    let (chart, mut unit, legend) = draw(report, drawn, words);
    if !report.is_of_a_day() && report != Report::Vat && wanted.days.months(MOST_DRAWN + 1).len() > MOST_DRAWN {
        unit = format!("{unit}. {}", words.with("report.last_months", &[("count", &MOST_DRAWN.to_string())]));
    }
    let address = Address { report, wanted: &wanted, preset };
    let tab = |one: Preset| Tab {
        path: Address { report, wanted: &wanted, preset: Some(one) }.of("", None),
        text: words.t(&format!("report.period.{}", one.name())),
        is_here: preset == Some(one),
    };
    let said = |what: &str| words.t(&format!("report.{}.{what}", report.name()));
    let figure = |(key, cell): (&'static str, Cell)| (words.t(&format!("report.figure.{key}")), text_of(&cell, words));
    shown(&Shown {
        lead: said("lead"),
        none: said("none"),
        note: said("note"),
        chart_name: said("chart"),
        tabs: if report.is_of_a_day() { Vec::new() } else { Preset::ALL.into_iter().map(tab).collect() },
        is_of_a_day: report.is_of_a_day(),
        has_filters: report == Report::Invoices,
        from: wanted.days.from.to_string(),
        to: wanted.days.to.to_string(),
        customer: wanted.customer.clone(),
        project: wanted.project.clone(),
        faults,
        days: match report.is_of_a_day() {
            true => words.date(wanted.days.to),
            false => format!("{} – {}", words.date(wanted.days.from), words.date(wanted.days.to)),
        },
        company: company.name.clone(),
        figures: figures.into_iter().map(figure).collect(),
        beside: (!beside.is_empty()).then(|| words.with("report.beside", &[("currencies", &beside.join(", "))])),
        chart,
        unit,
        legend,
        columns: columns(report, words),
        rows: rows.iter().map(|row| Line { path: row.leads_to.clone(), cells: texts(report, row, words) }).collect(),
        sums: sums.iter().map(|row| texts(report, row, words)).collect(),
        file: address.of("/csv", None),
        next: next.map(|after| address.of("", Some(&after))),
        is_first: asked.after.is_empty(),
        first: address.of("", None),
        is_cut,
        name: report.name(),
        frame: Frame::of(&person, &format!("report.{}.title", report.name()), Here::Reports),
    })
}

/// The same as a file. It is written while it is read: nobody holds all of it.
pub async fn file(State(hub): State<Hub>, person: Person, Path(name): Path<String>, Query(asked): Query<Asked>) -> Page {
    let (report, company, words) = (named(&name)?, person.company().clone(), person.words());
    let today = calendar::today(hub.clock().business());
    let (wanted, ..) = asked.read(report, today, words);
    let days = if report.is_of_a_day() { wanted.days.to.to_string() } else { format!("{}-{}", wanted.days.from, wanted.days.to) };
    let file = format!("attachment; filename=\"kvitt-{}-{days}.csv\"", report.name());
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, written(hub, company, wanted, words)).into_response())
}

/// The rows of a report as a body: the first ones are asked for when somebody reads it, and the next when these are gone.
fn written(hub: Hub, company: Company, wanted: Wanted, words: Words) -> Body {
    let begun = (hub, company, Some(String::new()), csv::head(wanted.report, words));
    let chunks = futures_util::stream::try_unfold(begun, move |(hub, company, after, mut text)| {
        let wanted = wanted.clone();
        async move {
            let Some(after) = after else { return Ok::<_, crate::error::Error>(None) };
            let Chunk { rows, next } = show_report::chunk(&hub, &company, &wanted, &after, OF_A_FILE).await?;
            rows.iter().for_each(|row| csv::write(&mut text, row, words));
            Ok(Some((Bytes::from(text), (hub, company, next, String::new()))))
        }
    });
    Body::from_stream(chunks)
}

fn named(name: &str) -> Result<Report, Problem> {
    Report::named(name).ok_or_else(|| crate::error::Error::NotFound(format!("report {name}")).into())
}

/// The address of a report's page.
struct Address<'a> {
    report: Report,
    wanted: &'a Wanted,
    preset: Option<Preset>,
}

impl Address<'_> {
    fn of(&self, end: &str, after: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        match self.preset {
            Some(preset) => {
                query.append_pair("period", preset.name());
            }
            None => {
                query.append_pair("from", &self.wanted.days.from.to_string()).append_pair("to", &self.wanted.days.to.to_string());
            }
        }
        for (name, value) in [("customer", &self.wanted.customer), ("project", &self.wanted.project)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        format!("/reports/{}{end}?{}", self.report.name(), query.finish())
    }
}

impl Asked {
    /// What is wanted, by which word, and what could not be read.
    fn read(&self, report: Report, today: Date, words: Words) -> (Wanted, Option<Preset>, Vec<String>) {
        let mut faults = Vec::new();
        let mut day = |field: &'static str, text: &str| match text.trim() {
            "" => None,
            text => sheet::date(text).or_else(|| {
                let shown = without_identity_numbers(&text.chars().take(40).collect::<String>()).into_owned();
                faults.push(words.fault(&Fault::fatal(codes::FIELD_INVALID).with("field", field).with("value", shown)).0);
                None
            }),
        };
        let (from, to) = (day("period_from", &self.from), day("period_to", &self.to));
        let days_asked = DaysAsked { preset: Preset::named(&self.period), from, to };
        let days = days_asked.days(report, today).unwrap_or_else(|| {
            let fault = Fault::fatal(codes::FIELD_BEFORE).with("field", "period_to").with("other_field", "period_from");
            faults.push(words.fault(&fault).0);
            let last = to.unwrap_or(today);
            Days { from: last, to: last }
        });
        let typed = |text: &str| {
            let text: String = text.trim().chars().filter(|c| !c.is_control()).take(80).collect();
            without_identity_numbers(&text).into_owned()
        };
        let (customer, project) = match report {
            Report::Invoices => (typed(&self.customer), typed(&self.project)),
            _ => (String::new(), String::new()),
        };
        (Wanted { report, days, customer, project }, days_asked.preset_for(report), faults)
    }
}

fn columns(report: Report, words: Words) -> Vec<(String, bool)> {
    report.columns().iter().map(|column| (words.t(&format!("report.column.{}", column.key)), column.is_number)).collect()
}

fn texts(report: Report, row: &Row, words: Words) -> Vec<(String, bool)> {
    let numbers = report.columns().iter().map(|column| column.is_number);
    row.cells.iter().zip(numbers).map(|(cell, is_number)| (text_of(cell, words), is_number)).collect()
}

/// A cell as people read it.
pub fn text_of(cell: &Cell, words: Words) -> String {
    match cell {
        // What people wrote may hold a number that no page shows.
        Cell::Text(text) => without_identity_numbers(text).into_owned(),
        Cell::Name(table, name) if table.contains('.') => words.name(table, name),
        Cell::Name(table, name) => words.title(table, name),
        Cell::Day(day) => day.map(|day| words.date(day)).unwrap_or_default(),
        Cell::Month(month) => capital(&month_of(*month, words)),
        Cell::Amount(amount) => words.amount(*amount),
        Cell::Count(count) => words.count(*count),
        Cell::Share(part) => part.map(|part| csv::percent(part) + "\u{a0}%").unwrap_or_default(),
        Cell::Number(number) => number.replace('.', ","),
        Cell::Empty => String::new(),
    }
}

fn month_of(month: Date, words: Words) -> String {
    format!("{} {}", words.t(&format!("report.month.{}", month.month())), month.year())
}

/// A row by the names of its columns, for programs: amounts as decimals, parts of a whole in percent, names as they are stored.
pub fn json(report: Report, row: &Row) -> serde_json::Value {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) => without_identity_numbers(text).into_owned().into(),
        Cell::Name(_, text) | Cell::Number(text) => text.clone().into(),
        Cell::Day(day) => day.map(|day| day.to_string()).into(),
        Cell::Month(month) => format!("{:04}-{:02}", month.year(), month.month()).into(),
        Cell::Amount(amount) => amount.to_decimal().to_string().into(),
        Cell::Count(count) => (*count).into(),
        Cell::Share(part) => part.map(|part| format!("{}.{}", part / 10, part % 10)).into(),
        Cell::Empty => serde_json::Value::Null,
    };
    let named = report.columns().iter().zip(&row.cells).map(|(column, cell)| (column.key.to_owned(), value(cell)));
    serde_json::Value::Object(named.collect())
}

/// The chart, what its values are in, and what its colours mean.
fn draw(report: Report, drawn: Option<Drawn>, words: Words) -> (Html, String, Vec<Series>) {
    let Some(Drawn { columns, series, is_money }) = drawn else { return (Html(String::new()), String::new(), Vec::new()) };
    let per_unit = if is_money { 100 } else { 1 };
    let most = series.iter().flat_map(|(_, _, values)| values).copied().max().unwrap_or(0) / per_unit;
    let (scale, unit) = match (is_money, most >= LARGE) {
        (true, true) => (per_unit * 1000, "report.unit.thousands"),
        (true, false) => (per_unit, "report.unit.kroner"),
        (false, _) => (1, "report.unit.documents"),
    };
    // What is below zero is no column: the table says it.
    let scaled = |values: Vec<i64>| values.into_iter().map(|value| (value / scale).max(0)).collect();
    let series: Vec<Series> = series
        .into_iter()
        .map(|(class, name, values)| Series { class, name: text_of(&name, words), values: scaled(values) })
        .collect();
    let columns: Vec<String> = columns.iter().map(|cell| short(cell, words)).collect();
    let label = words.t(&format!("report.{}.chart", report.name()));
    (stacked(&label, &columns, &series), words.t(unit), series)
}

/// A name below a column: there is little room.
fn short(cell: &Cell, words: Words) -> String {
    match cell {
        Cell::Month(month) => {
            let name: String = words.t(&format!("report.month.{}", month.month())).chars().take(3).collect();
            format!("{name} {:02}", month.year() % 100)
        }
        other => text_of(other, words),
    }
}
