//! The lines of the invoice as a table over any number of pages: repeated header, sums carried over, and never a total alone on a page.

use kvitt_domain::invoice::{AllowanceKind, AllowanceOrCharge, Line as InvoiceLine};
use kvitt_domain::money::{Amount, Currency};

use super::{BODY, Composer, LABEL, SMALL, STRONG};
use crate::RenderError;
use crate::look::Color;
use crate::page::{MARGIN, MEASURE, MM, NodeId, Owner, Role};
use crate::typeface::{self, Line, Style};

/// The right edges of the numeric columns, and where descriptions and units begin and end, from the left margin.
const DESCRIPTION_WIDTH: f32 = 70.0 * MM;
const QUANTITY_END: f32 = 88.0 * MM;
const UNIT_START: f32 = 90.0 * MM;
const UNIT_WIDTH: f32 = 15.0 * MM;
const PRICE_END: f32 = 129.0 * MM;
const RATE_END: f32 = 143.0 * MM;
/// Small lines below a description may run on under quantity and unit.
const SECOND_WIDTH: f32 = 104.0 * MM;
const QUANTITY_WIDTH: f32 = 16.5 * MM;
const PRICE_WIDTH: f32 = 23.0 * MM;
const RATE_WIDTH: f32 = 13.0 * MM;
const AMOUNT_WIDTH: f32 = 26.0 * MM;

const ROW_PAD: f32 = 4.2;
const HAIR: f32 = 0.5;
const HEAD_HEIGHT: f32 = LABEL.lead + 6.0;
/// The sum carried over: one line at the end of a page, one at the beginning of the next.
const CARRY_HEIGHT: f32 = SMALL.lead + 2.0 * ROW_PAD;
/// So many lines go along with the totals to a new page.
const COMPANIONS: usize = 2;
/// Notes up to this height go along too.
const SHORT_NOTES: f32 = 60.0 * MM;

/// A line of the invoice, measured.
struct Row {
    name: Vec<Line>,
    second: Vec<Line>,
    quantity: Line,
    unit: Line,
    price: Line,
    rate: Line,
    amount: Line,
    net: Amount,
}

impl Row {
    fn height(&self) -> f32 {
        let leads = |lines: &[Line]| lines.iter().map(|line| line.style.lead).sum::<f32>();
        (leads(&self.name) + leads(&self.second)).max(BODY.lead) + 2.0 * ROW_PAD
    }
}

impl Composer<'_> {
    /// Draws the lines, and the sums right below them. The last lines, the sums and short notes go to a new page together, so that no
    /// page holds only a total or only a greeting.
    pub(super) fn lines_and_sums(&mut self, notes_height: f32) -> Result<(), RenderError> {
        let rows: Vec<Row> = self.invoice.lines.iter().map(|line| self.row(line)).collect();
        let sums = self.measure_sums();
        let tail = rows.len().saturating_sub(COMPANIONS);
        // Notes pull lines over to the next page only where enough other lines stay behind.
        let notes = if notes_height <= SHORT_NOTES && tail > COMPANIONS { notes_height } else { 0.0 };
        let tail_height = rows[tail..].iter().map(Row::height).sum::<f32>() + sums.height() + notes;
        let stays_together = tail_height + HEAD_HEIGHT + CARRY_HEIGHT <= self.sheet.capacity();
        let first = match rows.first() {
            Some(_) if tail == 0 && stays_together => tail_height,
            Some(row) => row.height() + CARRY_HEIGHT,
            None => 0.0,
        };
        self.sheet.need(HEAD_HEIGHT + first)?;
        let table = self.sheet.node(Role::Table(self.words.text("table_summary")), None);
        self.table_head(Some(table));
        let mut carried = Some(Amount::zero(self.invoice.currency));
        let mut on_page = 0;
        for (at, row) in rows.into_iter().enumerate() {
            let needed = match at >= tail && stays_together {
                true if at == tail => tail_height,
                true => 0.0,
                false => row.height() + CARRY_HEIGHT,
            };
            if on_page > 0 && self.sheet.y + needed > self.sheet.bottom {
                self.carry_over(carried)?;
                on_page = 0;
            }
            carried = carried.and_then(|sum| sum.checked_add(row.net));
            self.draw_row(table, row)?;
            on_page += 1;
        }
        self.draw_sums(sums)
    }

    fn row(&self, line: &InvoiceLine) -> Row {
        let words = self.words;
        let currency = self.invoice.currency;
        let price =
            match line.price.base_quantity.filter(|base| !base.is_zero() && base.normalize() != rust_decimal::Decimal::ONE) {
                Some(base) => format!("{} / {}", words.price(line.price.net, currency), words.number(base, 0)),
                None => words.price(line.price.net, currency),
            };
        let mut name = typeface::wrap(&line.item.name, BODY, DESCRIPTION_WIDTH);
        if name.is_empty() {
            name.push(typeface::line("–", BODY));
        }
        let second = self.second_lines(line).iter().flat_map(|text| typeface::wrap(text, SMALL, SECOND_WIDTH)).collect();
        Row {
            name,
            second,
            quantity: typeface::fit(&words.number(line.quantity, 0), BODY, QUANTITY_WIDTH),
            unit: typeface::fit(&words.unit(&line.unit), BODY, UNIT_WIDTH),
            price: typeface::fit(&price, BODY, PRICE_WIDTH),
            rate: typeface::fit(&words.rate(&line.vat), BODY, RATE_WIDTH),
            amount: typeface::fit(&words.amount_in(line.net, currency), BODY, AMOUNT_WIDTH),
            net: line.net,
        }
    }

    /// What else a line says: its description, short facts in one text, changes of the price and the note in one text each.
    fn second_lines(&self, line: &InvoiceLine) -> Vec<String> {
        let words = self.words;
        let currency = self.invoice.currency;
        let item = &line.item;
        let labelled = |key: &str, value: Option<&str>| value.map(|value| words.fill(key, &[("value", value)]));
        let mut facts: Vec<String> = item.attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        facts.extend(labelled("item_number", item.seller_id.as_deref()));
        facts.extend(labelled("line_object", line.invoiced_object.as_ref().map(|object| object.value.as_str())));
        facts.extend(line.period.and_then(|period| words.period(period)));
        facts.extend(labelled("order_line", line.order_line.as_deref()));
        let mut texts = Vec::new();
        texts.extend(item.description.clone().filter(|text| *text != item.name));
        texts.push(facts.join(" · "));
        if let (Some(gross), Some(discount)) = (line.price.gross, line.price.discount.filter(|discount| !discount.is_zero())) {
            let (gross, discount) = (words.price(gross, currency), words.price(discount, currency));
            texts.push(words.fill("list_price", &[("price", &gross), ("discount", &discount)]));
        }
        let changes = line.allowances_and_charges.iter();
        texts.extend(changes.map(|change| {
            format!("{}: {}", self.change_name(change), signed(change, |amount| words.amount_in(amount, currency)))
        }));
        texts.extend(line.note.clone());
        texts
    }

    /// `Kvantumsrabatt 10 %`.
    pub(super) fn change_name(&self, change: &AllowanceOrCharge) -> String {
        let key = match change.adds {
            AllowanceKind::Allowance => "allowance",
            AllowanceKind::Charge => "charge",
        };
        let name = change.reason.clone().filter(|reason| !reason.trim().is_empty()).unwrap_or_else(|| self.words.text(key));
        match change.percent {
            Some(percent) => format!("{name} {}", self.words.percent(percent)),
            None => name,
        }
    }

    /// The header row; a repeated one is not part of the structure.
    fn table_head(&mut self, table: Option<NodeId>) {
        let row = table.map(|table| self.sheet.node(Role::Row, Some(table)));
        let y = self.sheet.y;
        let code = currency_sign(self.invoice.currency);
        let amount = self.words.fill("column_amount", &[("currency", code)]);
        let columns = [
            (self.words.text("column_description"), 0.0, DESCRIPTION_WIDTH, Side::Left),
            (self.words.text("column_quantity"), QUANTITY_END, QUANTITY_WIDTH, Side::Right),
            (self.words.text("column_unit"), UNIT_START, UNIT_WIDTH, Side::Left),
            (self.words.text("column_price"), PRICE_END, PRICE_WIDTH, Side::Right),
            (self.words.text("column_rate"), RATE_END, RATE_WIDTH, Side::Right),
            (amount, MEASURE, AMOUNT_WIDTH, Side::Right),
        ];
        for (text, x, width, side) in columns {
            let owner = match row {
                Some(row) => Owner::Node(self.sheet.node(Role::ColumnHead, Some(row))),
                None => Owner::Header,
            };
            let line = typeface::fit(&text, LABEL, width);
            self.cell(owner, line, x, y, side);
        }
        self.sheet.rule(MARGIN, MEASURE, y + HEAD_HEIGHT - 1.5, 0.8, Color::INK);
        self.sheet.y = y + HEAD_HEIGHT;
    }

    fn cell(&mut self, owner: Owner, line: Line, x: f32, top: f32, side: Side) {
        match side {
            Side::Left => self.sheet.left(owner, line, MARGIN + x, top),
            Side::Right => self.sheet.right(owner, line, MARGIN + x, top),
        }
    }

    fn draw_row(&mut self, table: NodeId, row: Row) -> Result<(), RenderError> {
        let node = self.sheet.node(Role::Row, Some(table));
        let is_longer_than_a_page = row.height() > self.sheet.capacity() - HEAD_HEIGHT - 2.0 * CARRY_HEIGHT;
        let top = self.sheet.y + ROW_PAD;
        let description = Owner::Node(self.sheet.node(Role::Cell, Some(node)));
        let mut lines = row.name.into_iter().chain(row.second);
        // A reader who follows the drawing hears what it is before how much it costs.
        if let Some(name) = lines.next() {
            self.sheet.y = top + name.style.lead;
            self.sheet.left(description, name, MARGIN, top);
        }
        let numbers = [
            (row.quantity, QUANTITY_END, Side::Right),
            (row.unit, UNIT_START, Side::Left),
            (row.price, PRICE_END, Side::Right),
            (row.rate, RATE_END, Side::Right),
            (row.amount, MEASURE, Side::Right),
        ];
        for (line, x, side) in numbers {
            let cell = Owner::Node(self.sheet.node(Role::Cell, Some(node)));
            // A number that was set smaller to fit keeps to the row's baseline.
            let top = BODY.baseline(top) - line.style.baseline(0.0);
            self.cell(cell, line, x, top, side);
        }
        for line in lines {
            let lead = line.style.lead;
            if is_longer_than_a_page && self.sheet.y + lead + ROW_PAD + CARRY_HEIGHT > self.sheet.bottom {
                self.sheet.turn()?;
                self.table_head(None);
            }
            let y = self.sheet.y;
            self.sheet.left(description, line, MARGIN, y);
            self.sheet.y += lead;
        }
        self.sheet.y += ROW_PAD;
        let y = self.sheet.y;
        self.sheet.rule(MARGIN, MEASURE, y, HAIR, Color::HAIR);
        Ok(())
    }

    /// Ends a page with the sum so far, and begins the next with the same. Amounts that cannot be summed (of another currency) leave
    /// the sum out.
    fn carry_over(&mut self, carried: Option<Amount>) -> Result<(), RenderError> {
        let page = self.sheet.pages.len();
        self.carried("carried_over", page + 1, carried, Owner::Footer);
        self.sheet.turn()?;
        self.table_head(None);
        self.carried("brought_forward", page, carried, Owner::Header);
        let y = self.sheet.y;
        if carried.is_some() {
            self.sheet.rule(MARGIN, MEASURE, y, HAIR, Color::HAIR);
        }
        Ok(())
    }

    fn carried(&mut self, key: &str, page: usize, carried: Option<Amount>, owner: Owner) {
        let Some(sum) = carried else { return };
        let y = self.sheet.y + ROW_PAD;
        let label = self.words.fill(key, &[("page", &page.to_string())]);
        self.sheet.left(owner, typeface::line(&label, SMALL), MARGIN, y);
        let style = Style { size: SMALL.size, lead: SMALL.lead, ..STRONG };
        let sum = typeface::fit(&self.words.amount(sum), style, AMOUNT_WIDTH);
        self.sheet.right(owner, sum, MARGIN + MEASURE, y);
        self.sheet.y += CARRY_HEIGHT;
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// What stands in the head of a column of amounts.
pub(super) fn currency_sign(currency: Currency) -> &'static str {
    if currency == Currency::NOK { "kr" } else { currency.code() }
}

/// An allowance with a minus, a charge without.
pub(super) fn signed(change: &AllowanceOrCharge, write: impl Fn(Amount) -> String) -> String {
    match change.adds {
        AllowanceKind::Charge => write(change.amount),
        AllowanceKind::Allowance => {
            match Amount::zero(change.amount.currency()).checked_sub(change.amount) {
                Some(taken) => write(taken),
                // The one amount without a negative: the lowest of all.
                None => format!("-({})", write(change.amount)),
            }
        }
    }
}
