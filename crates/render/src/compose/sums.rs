//! The VAT specification on the left, the totals on the right, side by side and never torn from the last lines; below them why VAT was
//! not calculated.
//!
//! Bokføringsforskriften 5-1-1 and 5-1-5: VAT in kroner, split by rate, and exempt turnover apart.

use kvitt_domain::invoice::VatSubtotal;

use super::table::{currency_sign, signed};
use super::{BODY, Balance, Composer, LABEL, SMALL, STRONG};
use crate::RenderError;
use crate::look::Color;
use crate::page::{MARGIN, MEASURE, MM, NodeId, Owner, Role};
use crate::typeface::{self, Face, Ink, Line, Style};

const GAP_ABOVE: f32 = 6.0 * MM;
const VAT_WIDTH: f32 = 86.0 * MM;
const VAT_LABEL: f32 = 37.0 * MM;
const VAT_BASE_END: f32 = 62.0 * MM;
const VAT_NUMBER: f32 = 23.0 * MM;
const TOTALS_START: f32 = 97.0 * MM;
const TOTALS_LABEL: f32 = 40.0 * MM;
const TOTALS_NUMBER: f32 = 32.0 * MM;
const DUE: Style = Style::new(Face::SemiBold, 10.6, 15.0, Ink::Text);
const HEAD_HEIGHT: f32 = LABEL.lead + 5.0;
const ROW_GAP: f32 = 3.0;
const EXEMPTIONS_GAP: f32 = 2.0 * MM;

/// Rows of one of the two tables, measured.
struct Entry {
    label: Vec<Line>,
    numbers: Vec<(Line, f32)>,
    /// A rule above it, and more room.
    is_result: bool,
}

impl Entry {
    fn height(&self) -> f32 {
        let lead = self.label.iter().map(|line| line.style.lead).sum::<f32>().max(BODY.lead);
        lead + ROW_GAP + if self.is_result { 5.0 } else { 0.0 }
    }
}

/// The two tables and the reasons below them, measured.
pub(super) struct Sums {
    vat: Vec<Entry>,
    totals: Vec<Entry>,
    exemptions: Vec<Vec<Line>>,
}

impl Sums {
    /// How high all is, with the room above it.
    pub(super) fn height(&self) -> f32 {
        let exemptions = self.exemptions.iter().map(|lines| typeface::height(lines)).sum::<f32>();
        self.tables_height() + if self.exemptions.is_empty() { 0.0 } else { EXEMPTIONS_GAP + exemptions }
    }

    /// How high the tables are side by side, with the room above them.
    fn tables_height(&self) -> f32 {
        let heights = |entries: &[Entry]| entries.iter().map(Entry::height).sum::<f32>();
        let vat = if self.vat.is_empty() { 0.0 } else { HEAD_HEIGHT + heights(&self.vat) };
        GAP_ABOVE + vat.max(heights(&self.totals))
    }
}

impl Composer<'_> {
    pub(super) fn measure_sums(&self) -> Sums {
        let vat = self.invoice.vat_breakdown.iter().map(|subtotal| self.vat_entry(subtotal)).collect();
        Sums { vat, totals: self.totals_entries(), exemptions: self.exemptions() }
    }

    fn vat_entry(&self, subtotal: &VatSubtotal) -> Entry {
        let words = self.words;
        let number = |amount| typeface::fit(&words.amount_in(amount, self.invoice.currency), BODY, VAT_NUMBER);
        let label = one_or_more(&words.category(&subtotal.rate), BODY, VAT_LABEL);
        Entry {
            label,
            numbers: vec![(number(subtotal.taxable), VAT_BASE_END), (number(subtotal.tax), VAT_WIDTH)],
            is_result: false,
        }
    }

    fn totals_entries(&self) -> Vec<Entry> {
        let invoice = self.invoice;
        let totals = &invoice.totals;
        let words = self.words;
        let plain = |label: &str, number: String| Entry {
            label: one_or_more(label, BODY, TOTALS_LABEL),
            numbers: vec![(typeface::fit(&number, BODY, TOTALS_NUMBER), MEASURE - TOTALS_START)],
            is_result: false,
        };
        let written = |amount| words.amount_in(amount, invoice.currency);
        let named = |key: &str, amount| plain(&words.text(key), written(amount));
        let mut entries = Vec::new();
        if !invoice.allowances_and_charges.is_empty() {
            entries.push(named("sum_lines", totals.lines));
            entries.extend(
                invoice.allowances_and_charges.iter().map(|change| plain(&self.change_name(change), signed(change, written))),
            );
        }
        entries.push(named("without_vat", totals.without_vat));
        entries.extend(totals.vat.map(|vat| named("vat", vat)));
        if let Some(vat) = totals.vat_in_tax_currency.filter(|vat| vat.currency() != invoice.currency) {
            entries.push(plain(&words.fill("vat_in", &[("currency", vat.currency().code())]), words.amount(vat)));
        }
        let differs =
            totals.prepaid.is_some_and(|prepaid| prepaid.minor() != 0) || totals.rounding.is_some_and(|rest| rest.minor() != 0);
        if differs {
            entries.push(named("with_vat", totals.with_vat));
            let taken = totals.prepaid.filter(|prepaid| prepaid.minor() != 0);
            let negative =
                |amount: kvitt_domain::money::Amount| kvitt_domain::money::Amount::zero(amount.currency()).checked_sub(amount);
            entries.extend(taken.and_then(negative).map(|taken| named("prepaid", taken)));
            entries.extend(totals.rounding.filter(|rest| rest.minor() != 0).map(|rest| named("rounding", rest)));
        }
        let (key, amount) = match self.balance() {
            Balance::ToPay(amount) => ("to_pay", amount),
            Balance::InFavour(amount) => ("in_favour", amount),
            Balance::Settled(amount) => ("to_pay", amount),
        };
        entries.push(Entry {
            label: typeface::wrap(&words.text(key), DUE, TOTALS_LABEL),
            numbers: vec![(typeface::fit(&words.money(amount), DUE, TOTALS_NUMBER), MEASURE - TOTALS_START)],
            is_result: true,
        });
        entries
    }

    /// Draws the sums. They are one block where a page can hold it; the longest ones go row by row, VAT before totals.
    pub(super) fn draw_sums(&mut self, sums: Sums) -> Result<(), RenderError> {
        self.sheet.need(sums.height())?;
        let height = sums.tables_height();
        self.sheet.need(height)?;
        let is_block = self.sheet.y + height <= self.sheet.bottom;
        self.sheet.y += GAP_ABOVE;
        let top = self.sheet.y;
        if !sums.vat.is_empty() {
            let table = self.sheet.node(Role::Table(self.words.text("vat_summary")), None);
            self.vat_head(table);
            self.entries(table, sums.vat, 0.0, VAT_WIDTH)?;
        }
        let below = self.sheet.y;
        if is_block {
            self.sheet.y = top;
        }
        let table = self.sheet.node(Role::Table(self.words.text("totals_summary")), None);
        self.entries(table, sums.totals, TOTALS_START, MEASURE - TOTALS_START)?;
        if is_block {
            self.sheet.y = self.sheet.y.max(below);
        }
        if !sums.exemptions.is_empty() {
            self.sheet.y += EXEMPTIONS_GAP;
        }
        for lines in sums.exemptions {
            let node = Owner::Node(self.sheet.node(Role::Paragraph, None));
            self.sheet.flow(node, lines, MARGIN)?;
        }
        Ok(())
    }

    fn vat_head(&mut self, table: NodeId) {
        let row = self.sheet.node(Role::Row, Some(table));
        let y = self.sheet.y;
        let sign = currency_sign(self.invoice.currency);
        let columns = [
            (self.words.text("vat_rate"), None),
            (self.words.fill("vat_base", &[("currency", sign)]), Some(VAT_BASE_END)),
            (self.words.fill("vat_amount", &[("currency", sign)]), Some(VAT_WIDTH)),
        ];
        for (text, end) in columns {
            let node = Owner::Node(self.sheet.node(Role::ColumnHead, Some(row)));
            let line = typeface::fit(&text, LABEL, VAT_NUMBER);
            match end {
                Some(end) => self.sheet.right(node, line, MARGIN + end, y),
                None => self.sheet.left(node, line, MARGIN, y),
            }
        }
        self.sheet.rule(MARGIN, VAT_WIDTH, y + LABEL.lead + 2.0, 0.5, Color::HAIR);
        self.sheet.y = y + HEAD_HEIGHT;
    }

    fn entries(&mut self, table: NodeId, entries: Vec<Entry>, start: f32, width: f32) -> Result<(), RenderError> {
        for entry in entries {
            let height = entry.height();
            self.sheet.need(height)?;
            let mut top = self.sheet.y;
            if entry.is_result {
                self.sheet.rule(MARGIN + start, width, top + 1.5, 0.8, Color::INK);
                top += 5.0;
            }
            let row = self.sheet.node(Role::Row, Some(table));
            let label = Owner::Node(self.sheet.node(Role::RowHead, Some(row)));
            let mut lines = entry.label.into_iter();
            let style = lines.as_slice().first().map_or(BODY, |line| line.style);
            if let Some(line) = lines.next() {
                self.sheet.left(label, line, MARGIN + start, top);
            }
            for (line, end) in entry.numbers {
                let cell = Owner::Node(self.sheet.node(Role::Cell, Some(row)));
                let top = style.baseline(top) - line.style.baseline(0.0);
                self.sheet.right(cell, line, MARGIN + start + end, top);
            }
            // A label is a line or two; one of the sender's own that is a whole page long goes over to the next.
            self.sheet.y = top + style.lead;
            for line in lines {
                let lead = line.style.lead;
                self.sheet.need(lead)?;
                let y = self.sheet.y;
                self.sheet.left(label, line, MARGIN + start, y);
                self.sheet.y += lead;
            }
            self.sheet.y += ROW_GAP;
        }
        Ok(())
    }

    /// Why VAT is zero, rate by rate, and the sentence that the law wants for reverse charge.
    fn exemptions(&self) -> Vec<Vec<Line>> {
        let words = self.words;
        let mut exemptions = Vec::new();
        let rates = || self.invoice.vat_breakdown.iter();
        if rates().any(|subtotal| subtotal.rate.category == "AE") {
            exemptions.push(typeface::wrap(&words.text("reverse_charge"), STRONG, MEASURE));
        }
        for subtotal in rates() {
            let text = subtotal.exemption.as_deref().filter(|reason| !reason.trim().is_empty());
            let Some(reason) = text.or(subtotal.exemption_code.as_deref()) else {
                continue;
            };
            let category = words.category(&subtotal.rate);
            let said = words.fill("exemption", &[("category", &category), ("reason", reason)]);
            exemptions.push(typeface::wrap(&said, SMALL, MEASURE));
        }
        exemptions
    }
}

/// The text in lines, with a dash where there is nothing to say: every row has a first line.
fn one_or_more(text: &str, style: Style, width: f32) -> Vec<Line> {
    let lines = typeface::wrap(text, style, width);
    if lines.is_empty() { vec![typeface::line("–", style)] } else { lines }
}
