//! Reports: their rows in pages, their sums, and what is drawn of them. Pages, CSV files and the command line ask here.
//!
//! Rows are asked for in pages, so that nobody ever holds all of them. What is owed today is what the collections say; what was owed on a
//! day that is past is worked out from the payments and credit notes that were there by then.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use jiff::civil::{Date, Time};
use kvitt_adapters::routes;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoice::booked::plain;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::plan::RouteName;
use kvitt_domain::report::{Asked, Cell, Days, Report, Row};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::report::{self, Aged, AgedOrder, Carried, Debt, Of, Rate, Share, Sums};

/// Documents whose sums are noted in one transaction after an update.
const NOTED_AT_ONCE: i64 = 200;
/// Customers that are read at once where all of them are summed.
const SUMMED_AT_ONCE: i64 = 5_000;
/// What no customer is called: names and numbers are folded to letters and digits.
const NOBODY: &str = "-";
/// Columns of a chart: the last months of a long time.
pub const MOST_DRAWN: usize = 24;
const DAY_MS: i64 = 86_400_000;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which report.
    pub report: Report,
    /// Of which days. A report of one day is of the last.
    pub days: Days,
    /// Only this customer, by a number or how the name begins; empty where all. Of documents only.
    #[serde(default)]
    pub customer: String,
    /// Only this project, by its number; empty where all. Of documents only.
    #[serde(default)]
    pub project: String,
}

/// Rows of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The rows.
    pub rows: Vec<Row>,
    /// What the next rows come after; none where these were the last.
    pub next: Option<String>,
}

/// What a report comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The figures that say the most: the end of the key of their text below `web.report.figure.`, and what they are.
    pub figures: Vec<(&'static str, Cell)>,
    /// Currencies whose amounts these are not: they stand in the table, and are added to nothing.
    pub beside: Vec<String>,
    /// The sums below the columns.
    pub sums: Vec<Row>,
    /// What is drawn.
    pub drawn: Option<Drawn>,
}

/// What is drawn of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// What stands below each column.
    pub columns: Vec<Cell>,
    /// What is stacked in them: a class of the chart's, its name, and a value for each column.
    pub series: Vec<(String, Cell, Vec<i64>)>,
    /// Whether the values are minor units of money.
    pub is_money: bool,
}

/// What is wanted, of days that are asked for by the hub's own calendar.
///
/// # Errors
/// `field.before` where the last day is before the first, `field.invalid` for a word where the report is of one day.
pub fn asked(hub: &Hub, report: Report, days: Asked, customer: String, project: String) -> Result<Wanted> {
    if let Some(preset) = days.preset.filter(|_| report.is_of_a_day()) {
        let fault = Fault::fatal(codes::FIELD_INVALID).at("period").with("field", "period").with("value", preset.name());
        return Err(Error::refused(fault));
    }
    let before = || Fault::fatal(codes::FIELD_BEFORE).at("to").with("field", "period_to").with("other_field", "period_from");
    let days = days.days(report, calendar::today(hub.clock().business())).ok_or_else(|| Error::refused(before()))?;
    Ok(Wanted { report, days, customer, project })
}

/// At most `limit` rows after a cursor, which is empty for the first ones.
pub async fn chunk(hub: &Hub, company: &Company, wanted: &Wanted, after: &str, limit: usize) -> Result<Chunk> {
    note_all(hub, company).await?;
    match wanted.report {
        Report::Invoices => invoices(hub, company, wanted, after, limit).await,
        Report::Ageing => {
            let aged = aged(hub, wanted, AgedOrder::ByCustomer, cursor(after));
            let limited = i64::try_from(limit).unwrap_or(i64::MAX);
            let debts = report::ageing(&mut *hub.db().read().await?, &company.id, &aged, limited).await?;
            let full = debts.len() == limit;
            let last = debts.last().map(|debt| format!("{}\n{}", debt.customer, debt.left.currency().code()));
            Ok(Chunk { rows: debts.iter().map(debt_row).collect(), next: last.filter(|_| full) })
        }
        Report::Vat | Report::Routes | Report::Shares if !after.is_empty() => Ok(Chunk::default()),
        Report::Vat => {
            let rates = report::vat(&mut *hub.db().read().await?, &company.id, wanted.days).await?;
            Ok(Chunk { rows: rates.iter().map(rate_row).collect(), next: None })
        }
        Report::Routes => {
            let carried = carried(hub, company, wanted.days).await?;
            Ok(Chunk { rows: carried.by_route().iter().map(|(route, one)| one.row(route)).collect(), next: None })
        }
        Report::Shares => Ok(Chunk { rows: share_rows(&shares(hub, company, wanted.days).await?), next: None }),
    }
}

/// The customers who owe the most on a day: at most so many.
pub async fn largest_debts(hub: &Hub, company: &Company, wanted: &Wanted, limit: usize) -> Result<Vec<Row>> {
    note_all(hub, company).await?;
    let aged = aged(hub, wanted, AgedOrder::Largest, (String::new(), String::new()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(report::ageing(&mut *hub.db().read().await?, &company.id, &aged, limit).await?.iter().map(debt_row).collect())
}

/// What the report comes to.
pub async fn overview(hub: &Hub, company: &Company, wanted: &Wanted) -> Result<Overview> {
    note_all(hub, company).await?;
    match wanted.report {
        Report::Invoices => invoice_overview(hub, company, wanted).await,
        Report::Vat => {
            let rates = report::vat(&mut *hub.db().read().await?, &company.id, wanted.days).await?;
            Ok(vat_overview(&rates))
        }
        Report::Ageing => ageing_overview(hub, company, wanted).await,
        Report::Routes => Ok(carried(hub, company, wanted.days).await?.overview()),
        Report::Shares => Ok(share_overview(&shares(hub, company, wanted.days).await?, wanted.days)),
    }
}

/// Notes the sums of documents that an older hub accepted. There are none but after an update.
async fn note_all(hub: &Hub, company: &Company) -> Result<()> {
    let mut after = String::new();
    loop {
        let found = report::unnoted(&mut *hub.db().read().await?, &company.id, &company.key, &after, NOTED_AT_ONCE).await?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        after.clone_from(last);
        let (company, found) = (company.id.clone(), std::sync::Arc::new(found));
        hub.write(move |tx| {
            let (company, found) = (company.clone(), found.clone());
            async move {
                for (id, document) in found.iter() {
                    if let Some(document) = document {
                        report::note(tx, &company, id, document).await?;
                    }
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
    }
}

fn of(wanted: &Wanted) -> Of {
    let customer = match (wanted.customer.trim().is_empty(), plain(&wanted.customer)) {
        // Nobody is called so: what is sought and folds to nothing must not find everybody.
        (false, folded) if folded.is_empty() => NOBODY.to_owned(),
        (_, folded) => folded,
    };
    Of { days: wanted.days, project: wanted.project.trim().to_owned(), customer }
}

/// The two parts of a cursor.
fn cursor(text: &str) -> (String, String) {
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    (first.to_owned(), second.to_owned())
}

async fn invoices(hub: &Hub, company: &Company, wanted: &Wanted, after: &str, limit: usize) -> Result<Chunk> {
    let (day, id) = cursor(after);
    let limited = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut db = hub.db().read().await?;
    let entries = report::invoices(&mut db, &company.id, &of(wanted), (&day, &id), limited).await?;
    let next = entries.last().filter(|_| entries.len() == limit).map(|last| format!("{}\n{}", last.issued_on, last.id));
    let row = |entry: report::Entry| Row {
        leads_to: format!("/invoices/{}", entry.id),
        cells: vec![
            written(&entry.number),
            name("document", entry.kind),
            Cell::Day(entry.issued_on.parse().ok()),
            written(&entry.buyer),
            written(&entry.project),
            Cell::Amount(entry.sums.net),
            Cell::Amount(entry.sums.vat),
            Cell::Amount(entry.sums.total),
            Cell::Amount(entry.sums.paid),
            Cell::Amount(entry.sums.left),
            Cell::Text(entry.sums.net.currency().code().to_owned()),
            Cell::Day(entry.due_on.and_then(|on| on.parse().ok())),
            name("collection", entry.money),
            name("state", entry.state),
            name("route", entry.route),
        ],
    };
    Ok(Chunk { rows: entries.into_iter().map(row).collect(), next })
}

/// What people wrote. A fødselsnummer among it stands in no report, however it is shown.
fn written(text: &str) -> Cell {
    Cell::Text(without_identity_numbers(text).into_owned())
}

fn name(table: &str, name: String) -> Cell {
    if name.is_empty() { Cell::Empty } else { Cell::Name(table.to_owned(), name) }
}

fn sum_row(cells: Vec<Cell>) -> Row {
    Row { cells, leads_to: String::new() }
}

fn empty(count: usize) -> impl Iterator<Item = Cell> {
    std::iter::repeat_n(Cell::Empty, count)
}

/// Our own currency, or the first that there is.
fn main_currency(currencies: impl Iterator<Item = Currency> + Clone) -> Option<Currency> {
    currencies.clone().find(|one| *one == Currency::NOK).or_else(|| currencies.into_iter().next())
}

async fn invoice_overview(hub: &Hub, company: &Company, wanted: &Wanted) -> Result<Overview> {
    let of = of(wanted);
    let mut db = hub.db().read().await?;
    let sums = report::invoice_sums(&mut db, &company.id, &of).await?;
    let Some(currency) = main_currency(sums.iter().map(|one| one.net.currency())) else { return Ok(Overview::default()) };
    let months = wanted.days.months(MOST_DRAWN);
    let mut by_month: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (month, net, vat) in report::invoice_months(&mut db, &company.id, &of, currency).await? {
        by_month.insert(month, (net, vat));
    }
    let of_month = |month: &Date| by_month.get(&month_key(*month)).copied().unwrap_or_default();
    let figures = sums.iter().filter(|one| one.net.currency() == currency);
    let figures = figures.flat_map(|one| [("total", Cell::Amount(one.total)), ("outstanding", Cell::Amount(one.left))]).collect();
    let row = |one: &Sums| {
        let amounts = [one.net, one.vat, one.total, one.paid, one.left].map(Cell::Amount);
        let code = Cell::Text(one.net.currency().code().to_owned());
        let front = [Cell::Count(one.count)].into_iter().chain(empty(4));
        sum_row(front.chain(amounts).chain([code]).chain(empty(4)).collect())
    };
    Ok(Overview {
        figures,
        beside: others(currency, sums.iter().map(|one| one.net.currency())),
        sums: sums.iter().map(row).collect(),
        drawn: Some(Drawn {
            series: vec![
                ("one".into(), column("net"), months.iter().map(|month| of_month(month).0).collect()),
                ("two".into(), column("vat"), months.iter().map(|month| of_month(month).1).collect()),
            ],
            columns: months.into_iter().map(Cell::Month).collect(),
            is_money: true,
        }),
    })
}

/// The currencies beside one, each once.
fn others(main: Currency, all: impl Iterator<Item = Currency>) -> Vec<String> {
    let codes: BTreeSet<&'static str> = all.filter(|currency| *currency != main).map(Currency::code).collect();
    codes.into_iter().map(str::to_owned).collect()
}

/// The text of a column as a name.
fn column(key: &str) -> Cell {
    Cell::Name("web.report.column".to_owned(), key.to_owned())
}

fn month_key(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

fn rate_row(rate: &Rate) -> Row {
    let basis = rate.sales.checked_add(rate.credited).unwrap_or(rate.sales);
    let meaning = match rate.code.as_str() {
        "" => name("vat_category", rate.category.clone()),
        code => name("vat_code", code.to_owned()),
    };
    sum_row(vec![
        Cell::Text(rate.code.clone()),
        meaning,
        if rate.percent.is_empty() { Cell::Empty } else { Cell::Number(rate.percent.clone()) },
        Cell::Text(rate.sales.currency().code().to_owned()),
        Cell::Count(rate.count),
        Cell::Amount(rate.sales),
        Cell::Amount(rate.credited),
        Cell::Amount(basis),
        Cell::Amount(rate.vat),
    ])
}

fn vat_overview(rates: &[Rate]) -> Overview {
    let mut by_currency: BTreeMap<&str, [Amount; 4]> = BTreeMap::new();
    for rate in rates {
        let currency = rate.sales.currency();
        let sums = by_currency.entry(currency.code()).or_insert([Amount::zero(currency); 4]);
        let basis = rate.sales.checked_add(rate.credited).unwrap_or(rate.sales);
        for (sum, more) in sums.iter_mut().zip([rate.sales, rate.credited, basis, rate.vat]) {
            *sum = sum.checked_add(more).unwrap_or(*sum);
        }
    }
    let Some(currency) = main_currency(rates.iter().map(|rate| rate.sales.currency())) else { return Overview::default() };
    let figures = by_currency.get(currency.code());
    let figures = figures.map(|[_, _, basis, vat]| vec![("vat", Cell::Amount(*vat)), ("basis", Cell::Amount(*basis))]);
    let row = |(code, sums): (&&str, &[Amount; 4])| {
        let front = empty(3).chain([Cell::Text((*code).to_owned()), Cell::Empty]);
        sum_row(front.chain(sums.iter().copied().map(Cell::Amount)).collect())
    };
    let ours: Vec<&Rate> = rates.iter().filter(|rate| rate.sales.currency() == currency).take(MOST_DRAWN).collect();
    let label = |rate: &&Rate| Cell::Text(if rate.code.is_empty() { rate.category.clone() } else { rate.code.clone() });
    let basis = |rate: &&Rate| rate.sales.minor().saturating_add(rate.credited.minor());
    Overview {
        figures: figures.unwrap_or_default(),
        beside: others(currency, rates.iter().map(|rate| rate.sales.currency())),
        sums: by_currency.iter().map(row).collect(),
        drawn: Some(Drawn {
            columns: ours.iter().map(label).collect(),
            series: vec![
                ("one".into(), column("basis"), ours.iter().map(basis).collect()),
                ("two".into(), column("vat"), ours.iter().map(|rate| rate.vat.minor()).collect()),
            ],
            is_money: true,
        }),
    }
}

fn aged(hub: &Hub, wanted: &Wanted, order: AgedOrder, after: (String, String)) -> Aged {
    let on = wanted.days.to;
    let is_past = on < calendar::today(hub.clock().business());
    let tomorrow = on.tomorrow().unwrap_or(on);
    Aged { on, ended_at: is_past.then(|| calendar::at(tomorrow, Time::midnight()).as_millisecond() - 1), order, after }
}

fn debt_row(debt: &Debt) -> Row {
    let front = [written(&debt.name), Cell::Text(debt.left.currency().code().to_owned()), Cell::Count(debt.count)];
    let amounts = debt.by_age.into_iter().chain([debt.left]).map(Cell::Amount);
    sum_row(front.into_iter().chain(amounts).collect())
}

const AGES: [&str; 5] = ["not_due", "days_30", "days_60", "days_90", "days_more"];

async fn ageing_overview(hub: &Hub, company: &Company, wanted: &Wanted) -> Result<Overview> {
    let mut by_currency: BTreeMap<&'static str, (i64, [Amount; 6])> = BTreeMap::new();
    let mut after = (String::new(), String::new());
    loop {
        let aged = aged(hub, wanted, AgedOrder::ByCustomer, after);
        let debts = report::ageing(&mut *hub.db().read().await?, &company.id, &aged, SUMMED_AT_ONCE).await?;
        for debt in &debts {
            let currency = debt.left.currency();
            let (count, sums) = by_currency.entry(currency.code()).or_insert((0, [Amount::zero(currency); 6]));
            *count += debt.count;
            for (sum, more) in sums.iter_mut().zip(debt.by_age.into_iter().chain([debt.left])) {
                *sum = sum.checked_add(more).unwrap_or(*sum);
            }
        }
        let Some(last) = debts.last().filter(|_| i64::try_from(debts.len()).is_ok_and(|read| read == SUMMED_AT_ONCE)) else {
            break;
        };
        after = (last.customer.clone(), last.left.currency().code().to_owned());
    }
    let ours = by_currency.get(Currency::NOK.code()).or_else(|| by_currency.values().next());
    let Some((_, ours)) = ours else { return Ok(Overview::default()) };
    let overdue = ours[5].checked_sub(ours[0]).unwrap_or(ours[5]);
    let row = |(code, (count, sums)): (&&str, &(i64, [Amount; 6]))| {
        let front = [Cell::Empty, Cell::Text((*code).to_owned()), Cell::Count(*count)];
        sum_row(front.into_iter().chain(sums.iter().copied().map(Cell::Amount)).collect())
    };
    Ok(Overview {
        figures: vec![("outstanding", Cell::Amount(ours[5])), ("overdue", Cell::Amount(overdue))],
        beside: others(ours[5].currency(), by_currency.values().map(|(_, sums)| sums[5].currency())),
        drawn: Some(Drawn {
            columns: AGES.iter().map(|age| column(age)).collect(),
            series: vec![("one".into(), column("outstanding"), ours[..5].iter().map(|sum| sum.minor()).collect())],
            is_money: true,
        }),
        sums: by_currency.iter().map(row).collect(),
    })
}

/// What was carried, by month and route.
#[derive(Debug, Default)]
struct AllCarried {
    days: Option<Days>,
    /// By the first day of the month and the route.
    of: BTreeMap<(Date, &'static str), Cost>,
    /// What costs are in.
    currency: Option<Currency>,
}

/// What one route carried and cost.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    count: i64,
    priced: i64,
    cost: i64,
    on_paper: i64,
    currency: Option<Currency>,
}

impl Cost {
    fn add(&mut self, more: Cost) {
        self.count += more.count;
        self.priced += more.priced;
        self.cost = self.cost.saturating_add(more.cost);
        self.on_paper = self.on_paper.saturating_add(more.on_paper);
        self.currency = self.currency.or(more.currency);
    }

    fn row(&self, route: &str) -> Row {
        let money = |minor: i64| self.currency.map_or(Cell::Empty, |currency| Cell::Amount(Amount::new(minor, currency)));
        let each = Decimal::from(self.cost).checked_div(Decimal::from(self.priced));
        let each = each.and_then(|each| i64::try_from(each.round().mantissa()).ok());
        sum_row(vec![
            name("route", route.to_owned()),
            Cell::Count(self.count),
            Cell::Count(self.priced),
            money(self.cost),
            each.map_or(Cell::Empty, money),
            money(self.on_paper),
            money(self.on_paper.saturating_sub(self.cost)),
            Cell::Text(self.currency.map(|currency| currency.code().to_owned()).unwrap_or_default()),
        ])
    }
}

impl AllCarried {
    fn by_route(&self) -> Vec<(&'static str, Cost)> {
        let mut found = Vec::new();
        for route in routes::all() {
            let mut all = Cost::default();
            self.of.iter().filter(|((_, its), _)| *its == route.name()).for_each(|(_, cost)| all.add(*cost));
            if all.count > 0 {
                found.push((route.name(), all));
            }
        }
        found
    }

    fn overview(&self) -> Overview {
        let by_route = self.by_route();
        let mut all = Cost::default();
        by_route.iter().for_each(|(_, cost)| all.add(*cost));
        if by_route.is_empty() {
            return Overview::default();
        }
        let months = self.days.map(|days| days.months(MOST_DRAWN)).unwrap_or_default();
        let values = |route: &'static str| -> Vec<i64> {
            months.iter().map(|month| self.of.get(&(*month, route)).map_or(0, |cost| cost.cost)).collect()
        };
        let money = |minor: i64| self.currency.map_or(Cell::Empty, |currency| Cell::Amount(Amount::new(minor, currency)));
        Overview {
            figures: vec![("cost", money(all.cost)), ("saved", money(all.on_paper.saturating_sub(all.cost)))],
            beside: Vec::new(),
            sums: vec![all.row("")],
            drawn: Some(Drawn {
                series: by_route
                    .iter()
                    .map(|(route, _)| ((*route).to_owned(), name("route", (*route).to_owned()), values(route)))
                    .collect(),
                columns: months.into_iter().map(Cell::Month).collect(),
                is_money: true,
            }),
        }
    }
}

async fn carried(hub: &Hub, company: &Company, days: Days) -> Result<AllCarried> {
    let print = RouteName::new("print");
    let mut all = AllCarried { days: Some(days), ..AllCarried::default() };
    let mut db = hub.db().read().await?;
    let (from, until) = (midnight(days.from), midnight(days.to.tomorrow().unwrap_or(days.to)));
    for route in routes::all() {
        for Carried { day, currency, count, priced, cost_minor, bills } in
            report::route(&mut db, &company.id, route.name(), from, until).await?
        {
            // Half a day later it is the same day, also where clocks were changed in between.
            let at = jiff::Timestamp::from_millisecond(from + day * DAY_MS + DAY_MS / 2);
            let on = at.map_or(days.from, calendar::today);
            let paper = hub.prices().price(&print, on);
            let own = Currency::parse(&currency).or_else(|| paper.map(Amount::currency));
            all.currency = all.currency.or(own);
            // Prices in another currency than the rest cannot be summed with it: such documents count as without price.
            let is_ours = own == all.currency;
            let on_paper = paper.filter(|paper| Some(paper.currency()) == all.currency);
            let cost = Cost {
                count,
                priced: if is_ours { priced } else { 0 },
                cost: if is_ours { cost_minor } else { 0 },
                on_paper: on_paper.map_or(0, |paper| paper.minor().saturating_mul(bills)),
                currency: all.currency,
            };
            all.of.entry((on.first_of_month(), route.name())).or_default().add(cost);
        }
    }
    Ok(all)
}

fn midnight(day: Date) -> i64 {
    calendar::at(day, Time::midnight()).as_millisecond()
}

async fn shares(hub: &Hub, company: &Company, days: Days) -> Result<Vec<Share>> {
    let today = calendar::today(hub.clock().business());
    report::shares(&mut *hub.db().read().await?, &company.id, days, today).await
}

/// A part in thousandths.
fn part(of: i64, whole: i64) -> Cell {
    Cell::Share((whole > 0).then(|| (of.saturating_mul(1000) + whole / 2) / whole))
}

fn share_rows(shares: &[Share]) -> Vec<Row> {
    let mut of_month: BTreeMap<&str, i64> = BTreeMap::new();
    for share in shares {
        *of_month.entry(share.month.as_str()).or_default() += share.count;
    }
    let row = |share: &Share| {
        let month: Option<Date> = format!("{}-01", share.month).parse().ok();
        sum_row(vec![
            month.map_or(Cell::Empty, Cell::Month),
            if share.route.is_empty() { column("no_route") } else { name("route", share.route.clone()) },
            Cell::Count(share.count),
            part(share.count, of_month.get(share.month.as_str()).copied().unwrap_or(0)),
            Cell::Count(share.due),
            Cell::Count(share.on_time),
            part(share.on_time, share.due),
        ])
    };
    shares.iter().map(row).collect()
}

fn share_overview(shares: &[Share], days: Days) -> Overview {
    let (mut count, mut due, mut on_time, mut paper) = (0, 0, 0, 0);
    for share in shares {
        count += share.count;
        due += share.due;
        on_time += share.on_time;
        paper += if share.route == "print" { share.count } else { 0 };
    }
    if count == 0 {
        return Overview::default();
    }
    let months = days.months(MOST_DRAWN);
    let values = |route: &str| -> Vec<i64> {
        let found = |month: &Date| {
            let key = month_key(*month);
            shares.iter().filter(|share| share.route == route && share.month == key).map(|share| share.count).sum()
        };
        months.iter().map(found).collect()
    };
    let taken = routes::all().iter().filter(|route| shares.iter().any(|share| share.route == route.name()));
    Overview {
        figures: vec![("paper", part(paper, count)), ("on_time", part(on_time, due))],
        beside: Vec::new(),
        sums: vec![sum_row(vec![
            Cell::Empty,
            Cell::Empty,
            Cell::Count(count),
            Cell::Empty,
            Cell::Count(due),
            Cell::Count(on_time),
            part(on_time, due),
        ])],
        drawn: Some(Drawn {
            series: taken
                .map(|route| (route.name().to_owned(), name("route", route.name().to_owned()), values(route.name())))
                .collect(),
            columns: months.into_iter().map(Cell::Month).collect(),
            is_money: false,
        }),
    }
}
