//! What follows the sums (terms, notes, attachments, what was too long elsewhere), and what stands on every page: who the sender is,
//! the page number, and from the second page on which document this is.

use super::head::address_lines;
use super::{BODY, Composer, LABEL, SMALL, STRONG};
use crate::RenderError;
use crate::look::Color;
use crate::page::{FOOT, HEIGHT, MARGIN, MEASURE, MM, Owner, Role};
use crate::typeface::{self, Face, Ink, Line, Style};
use crate::wording;

pub(super) const FOOT_STYLE: Style = Style::new(Face::Regular, 7.2, 10.0, Ink::Quiet);
pub(super) const FOOT_NAME: Style = Style::new(Face::SemiBold, 7.2, 10.0, Ink::Text);
const COLUMNS: [(f32, f32); 3] = [(0.0, 58.0 * MM), (62.0 * MM, 54.0 * MM), (120.0 * MM, 50.0 * MM)];
/// More lines in a column of the foot would eat the page.
const MOST_FOOT_LINES: usize = 6;
const MOST_FOOTER_LINES: usize = 3;
const NOTE_GAP: f32 = 3.0 * MM;
const NOTES_GAP_ABOVE: f32 = 7.0 * MM;

/// A text after the sums, measured.
pub(super) struct Note {
    label: Vec<Line>,
    text: Vec<Line>,
}

/// How high the notes are, with the room above them.
pub(super) fn notes_height(notes: &[Note]) -> f32 {
    let height = |note: &Note| typeface::height(&note.label) + typeface::height(&note.text) + NOTE_GAP;
    if notes.is_empty() { 0.0 } else { NOTES_GAP_ABOVE + notes.iter().map(height).sum::<f32>() }
}

/// The foot of every page, measured before anything is drawn: it decides where the text ends.
pub(super) struct Foot {
    /// Where its rule stands.
    pub top: f32,
    columns: [Vec<Line>; 3],
    text: Vec<Line>,
}

impl Composer<'_> {
    /// Terms, notes, attachments, and what found no room in its place.
    pub(super) fn measure_notes(&mut self) -> Vec<Note> {
        // A text is read best in lines of some 80 letters.
        const READABLE: f32 = MEASURE * 0.78;
        let words = self.words;
        let terms = self.invoice.payment_terms.iter().map(|terms| (words.text("payment_terms"), terms.clone()));
        let notes = self.invoice.notes.iter().map(|note| (String::new(), note.text.clone()));
        let enclosures = self.attachment_names().map(|names| (words.text("attachments"), names));
        let overflow = std::mem::take(&mut self.overflow);
        let all = terms.chain(notes).chain(enclosures).chain(overflow);
        let measured = all.map(|(label, text)| Note {
            label: typeface::wrap(&label, LABEL, READABLE),
            text: typeface::wrap(&text, BODY, READABLE),
        });
        measured.filter(|note| !note.text.is_empty()).collect()
    }

    pub(super) fn draw_notes(&mut self, notes: Vec<Note>) -> Result<(), RenderError> {
        self.sheet.y += NOTES_GAP_ABOVE;
        for note in notes {
            if !note.label.is_empty() {
                // A label never stands at the end of a page without its text.
                let begins = typeface::height(&note.text).min(2.0 * BODY.lead);
                self.sheet.need(typeface::height(&note.label) + begins)?;
                let node = Owner::Node(self.sheet.node(Role::Paragraph, None));
                self.sheet.flow(node, note.label, MARGIN)?;
            }
            let node = Owner::Node(self.sheet.node(Role::Paragraph, None));
            self.sheet.flow(node, note.text, MARGIN)?;
            self.sheet.y += NOTE_GAP;
        }
        Ok(())
    }

    /// The names of the files that go with the invoice, with the address of those that must be fetched.
    fn attachment_names(&self) -> Option<String> {
        let names = self.invoice.attachments.iter().filter(|attachment| !attachment.is_image_of_invoice).map(|attachment| {
            let name = match &attachment.file {
                Some(file) => file.name.clone(),
                None => attachment.description.clone().unwrap_or_else(|| attachment.id.clone()),
            };
            match &attachment.location {
                Some(location) => format!("{name} ({location})"),
                None => name,
            }
        });
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    pub(super) fn measure_foot(&mut self) -> Foot {
        let seller = &self.invoice.seller;
        let address = [vec![seller.name.clone()], address_lines(&seller.address)].concat();
        let contact = [&seller.contact.phone, &seller.contact.email].into_iter().flatten().cloned().collect();
        let columns = [address, self.registration(), contact];
        let mut at = 0;
        let columns = columns.map(|texts| {
            let mut lines = Vec::new();
            for (row, text) in texts.iter().enumerate() {
                let style = if at == 0 && row == 0 { FOOT_NAME } else { FOOT_STYLE };
                lines.extend(typeface::wrap(text, style, COLUMNS[at].1));
            }
            at += 1;
            if lines.len() > MOST_FOOT_LINES {
                lines.truncate(MOST_FOOT_LINES);
                self.overflow.push((self.words.text("sender"), texts.join(", ")));
            }
            lines
        });
        let footer = self.look.footer.clone().unwrap_or_default();
        let mut text = typeface::wrap(&footer, FOOT_STYLE, MEASURE);
        if text.len() > MOST_FOOTER_LINES {
            text.truncate(MOST_FOOTER_LINES);
            self.overflow.push((self.words.text("sender"), footer));
        }
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let text_gap = if text.is_empty() { 0.0 } else { 4.0 };
        let height = 6.0 + FOOT_STYLE.lead * (longest + text.len()) as f32 + text_gap + 4.0 + FOOT_STYLE.lead;
        Foot { top: HEIGHT - FOOT - height, columns, text }
    }

    /// Bokføringsforskriften 5-1-2: organisation number, `MVA` where registered for VAT, `Foretaksregisteret` for companies.
    fn registration(&self) -> Vec<String> {
        let words = self.words;
        let seller = &self.invoice.seller;
        let mut texts = Vec::new();
        let vat_number = seller.vat_number.as_deref().map(str::trim).filter(|number| !number.is_empty());
        let registered = seller.legal_registration.as_ref().map(|registration| registration.value.as_str());
        match (vat_number.and_then(wording::norwegian_vat_digits), registered) {
            (Some(digits), _) => {
                let number = format!("{}\u{a0}MVA", wording::organisation_number(digits));
                texts.push(words.fill("organisation_number", &[("number", &number)]));
            }
            (None, Some(number)) => {
                texts.push(words.fill("organisation_number", &[("number", &wording::organisation_number(number))]))
            }
            (None, None) => {}
        }
        if let Some(foreign) = vat_number.filter(|number| wording::norwegian_vat_digits(number).is_none()) {
            texts.push(words.fill("vat_number", &[("number", foreign)]));
        }
        texts.extend(seller.tax_registration.clone());
        texts.extend(seller.legal_information.clone());
        if let Some(representative) = &self.invoice.tax_representative {
            let number = representative.vat_number.clone().unwrap_or_default();
            texts.push(words.fill("tax_representative", &[("name", &representative.name), ("number", &number)]));
        }
        texts
    }

    /// Draws what stands on every page, now that their number is known. The sender's particulars are text on the first page and a
    /// repetition on the others.
    pub(super) fn every_page(&mut self, foot: Foot) {
        let count = self.sheet.pages.len();
        let pages = std::mem::take(&mut self.sheet.pages);
        let mut finished = Vec::with_capacity(count);
        for (at, page) in pages.into_iter().enumerate() {
            self.sheet.pages = vec![page];
            if at > 0 {
                self.running_head();
            }
            self.foot(&foot, at == 0);
            let number = self.words.fill("page", &[("page", &(at + 1).to_string()), ("pages", &count.to_string())]);
            let line = typeface::line(&number, FOOT_STYLE);
            self.sheet.right(Owner::Footer, line, MARGIN + MEASURE, HEIGHT - FOOT - FOOT_STYLE.lead);
            finished.append(&mut self.sheet.pages);
        }
        self.sheet.pages = finished;
    }

    fn running_head(&mut self) {
        const TOP: f32 = 14.0 * MM;
        let document = format!("{} {}", self.title(), self.invoice.number);
        let document = typeface::fit(&document, STRONG, MEASURE / 2.0);
        let name = typeface::fit(&self.seller_name(), SMALL, MEASURE / 2.0 - 5.0 * MM);
        let name_top = document.style.baseline(TOP) - name.style.baseline(0.0);
        self.sheet.left(Owner::Header, name, MARGIN, name_top);
        self.sheet.right(Owner::Header, document, MARGIN + MEASURE, TOP);
    }

    fn foot(&mut self, foot: &Foot, is_text: bool) {
        self.sheet.rule(MARGIN, MEASURE, foot.top, 0.5, Color::HAIR);
        let top = foot.top + 6.0;
        for ((x, _), lines) in COLUMNS.iter().zip(&foot.columns) {
            let owner = self.foot_owner(is_text);
            self.sheet.stack(owner, lines.clone(), MARGIN + x, top);
        }
        let longest = foot.columns.iter().map(Vec::len).max().unwrap_or(0);
        let owner = self.foot_owner(is_text);
        self.sheet.stack(owner, foot.text.clone(), MARGIN, top + FOOT_STYLE.lead * longest as f32 + 4.0);
    }

    fn foot_owner(&mut self, is_text: bool) -> Owner {
        if is_text { Owner::Node(self.sheet.node(Role::Paragraph, None)) } else { Owner::Footer }
    }
}
