//! What stands where: the order of the parts of a document, and the styles that they share.
//!
//! One part per file: `head` (sender, recipient, references), `pay` (how much, when, to whom), `table` (the lines, over pages),
//! `sums` (VAT and totals), `closing` (notes, the foot of every page); `cover` is the cover sheet, a document of its own. Parts draw on a [`Sheet`]; the PDF itself is made in `paint`.

use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::money::Amount;

use crate::RenderError;
use crate::look::Look;
use crate::page::{Document, MM, Sheet};
use crate::typeface::{self, Face, Ink, Style};
use crate::wording::Wording;

mod closing;
pub(crate) mod cover;
mod head;
mod pay;
mod sums;
mod table;
#[cfg(test)]
mod tests;

const BODY: Style = Style::new(Face::Regular, 8.8, 12.4, Ink::Text);
const STRONG: Style = Style::new(Face::SemiBold, 8.8, 12.4, Ink::Text);
const SMALL: Style = Style::new(Face::Regular, 7.6, 10.6, Ink::Quiet);
const LABEL: Style = Style::new(Face::Regular, 7.4, 10.4, Ink::Quiet);
const TITLE: Style = Style::new(Face::Display, 23.0, 28.0, Ink::Accent);

/// Lays the document out.
pub(crate) fn compose(invoice: &Invoice, look: &Look) -> Result<Document, RenderError> {
    let words = Wording(look.language);
    let mut composer = Composer { invoice, look, words, sheet: Sheet::new(0.0), overflow: Vec::new() };
    let foot = composer.measure_foot();
    composer.sheet.bottom = foot.top - 5.0 * MM;
    composer.head();
    composer.pay();
    composer.lead_in()?;
    let notes = composer.measure_notes();
    composer.lines_and_sums(closing::notes_height(&notes))?;
    composer.draw_notes(notes)?;
    composer.every_page(foot);
    let name = typeface::line(&invoice.seller.name, BODY).text;
    let title = format!("{} {} – {name}", composer.title(), invoice.number);
    Ok(Document { title: short(&title), author: short(&name), pages: composer.sheet.pages, nodes: composer.sheet.nodes })
}

/// Metadata is for lists of files; nobody reads more, and the format has a limit.
fn short(text: &str) -> String {
    const LONGEST: usize = 200;
    typeface::clean(text).replace('\n', " ").chars().take(LONGEST).collect()
}

/// A document being laid out.
struct Composer<'a> {
    invoice: &'a Invoice,
    look: &'a Look,
    words: Wording,
    sheet: Sheet,
    /// Label and text of what was too long for its place: said in full among the notes, for nothing may be lost.
    overflow: Vec<(String, String)>,
}

/// What the document comes to for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Balance {
    /// The customer pays this.
    ToPay(Amount),
    /// The customer gets this.
    InFavour(Amount),
    /// Nobody pays anything.
    Settled(Amount),
}

impl Composer<'_> {
    /// The name of this kind of document (UNTDID 1001).
    fn title(&self) -> String {
        let key = match (self.invoice.kind, self.invoice.type_code.as_str()) {
            (DocumentKind::CreditNote, _) => "title_credit_note",
            (DocumentKind::Invoice, "384") => "title_corrected",
            (DocumentKind::Invoice, "386") => "title_prepayment",
            (DocumentKind::Invoice, "389") => "title_self_billed",
            (DocumentKind::Invoice, _) => "title_invoice",
        };
        self.words.text(key)
    }

    fn is_credit_note(&self) -> bool {
        self.invoice.kind == DocumentKind::CreditNote
    }

    /// A credit note of positive amounts is in the customer's favour, as is an invoice below zero.
    fn balance(&self) -> Balance {
        let payable = self.invoice.totals.payable;
        let positive = if payable.is_negative() {
            Amount::zero(payable.currency()).checked_sub(payable).unwrap_or(payable)
        } else {
            payable
        };
        match (payable.minor() == 0, payable.is_negative() == self.is_credit_note()) {
            (true, _) => Balance::Settled(payable),
            (false, true) => Balance::ToPay(positive),
            (false, false) => Balance::InFavour(positive),
        }
    }
}
