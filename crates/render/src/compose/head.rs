//! The top of the first page: logo or name, title, recipient in the envelope's window, and the references beside it.

use kvitt_domain::identifiers::IdentityNumber;
use kvitt_domain::invoice::{Address, Identifier, Party};

use super::{BODY, Composer, LABEL, SMALL, STRONG, TITLE, short};
use crate::page::{ADDRESS, Area, MARGIN, MEASURE, MM, Owner, Role, Shape, Sheet, WIDTH};
use crate::typeface::{self, Face, Ink, Line, Style};
use crate::wording;

/// Where title and references begin: right of the window.
pub(super) const ASIDE: f32 = 123.0 * MM;
const ASIDE_VALUE: f32 = ASIDE + 24.5 * MM;
pub(super) const TOP: f32 = 14.0 * MM;
const LOGO_WIDTH: f32 = 62.0 * MM;
const LOGO_HEIGHT: f32 = 20.0 * MM;
pub(super) const NAME: Style = Style::new(Face::Display, 15.0, 19.0, Ink::Accent);
/// The post wants the recipient in 10 to 12 points, and the return address no larger.
const RECIPIENT: Style = Style::new(Face::Regular, 10.0, 13.2, Ink::Text);
const RETURN: Style = Style::new(Face::Regular, 6.6, 9.0, Ink::Quiet);
/// A reference of more lines is said in full among the notes.
const MOST_VALUE_LINES: usize = 3;
/// So are references below this: the panel must fit on the first page.
const LOWEST_REFERENCE: f32 = 112.0 * MM;

impl Composer<'_> {
    /// Draws the top of the first page and leaves the cursor below it.
    pub(super) fn head(&mut self) {
        self.sender();
        self.document_title();
        self.recipient();
        let below = self.references();
        self.sheet.y = below.max(ADDRESS.bottom() + 7.0 * MM);
    }

    fn sender(&mut self) {
        let name = self.seller_name();
        match &self.look.logo {
            Some(logo) => {
                let (width, height) = (logo.width as f32, logo.height as f32);
                let scale = (LOGO_WIDTH / width).min(LOGO_HEIGHT / height);
                let area = Area { left: MARGIN, top: TOP, width: width * scale, height: height * scale };
                let node = self.sheet.node(Role::Figure(self.logo_description(&name)), None);
                self.sheet.put(Owner::Node(node), Shape::Logo { area });
            }
            None => {
                const MOST_LINES: usize = 2;
                let node = self.sheet.node(Role::Paragraph, None);
                let mut lines = typeface::wrap(&name, NAME, ASIDE - MARGIN - 6.0 * MM);
                lines.truncate(MOST_LINES);
                // Name and title stand on one baseline.
                let top = TITLE.baseline(TOP) - NAME.baseline(0.0);
                self.sheet.stack(Owner::Node(node), lines, MARGIN, top);
            }
        }
    }

    /// What a reader who cannot see the logo is told: whose it is, or, for a seller without a name, what it is.
    fn logo_description(&self, name: &str) -> String {
        let said = short(name);
        if said.trim().is_empty() { self.words.text("logo") } else { said }
    }

    /// The name that the seller trades under, or the registered one.
    pub(super) fn seller_name(&self) -> String {
        let seller = &self.invoice.seller;
        seller.trading_name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| seller.name.clone())
    }

    fn document_title(&mut self) {
        let title = self.title();
        let node = self.sheet.node(Role::Title(title.clone()), None);
        let line = typeface::fit(&title, TITLE, WIDTH - MARGIN - ASIDE);
        self.sheet.left(Owner::Node(node), line, ASIDE, TOP);
    }

    fn recipient(&mut self) {
        let seller = &self.invoice.seller;
        let return_address = [vec![seller.name.clone()], address_lines(&seller.address)].concat().join(" · ");
        let return_line = self.words.fill("return_address", &[("address", &return_address)]);
        let recipient = self.recipient_lines();
        if let Fit::Cut = address_block(&mut self.sheet, &return_line, &recipient, ADDRESS) {
            self.overflow.push((self.words.text("recipient"), recipient.join(", ")));
        }
    }

    fn recipient_lines(&self) -> Vec<String> {
        let buyer = &self.invoice.buyer;
        let mut lines = vec![buyer.name.clone()];
        let contact = buyer.contact.name.as_deref().filter(|name| *name != buyer.name);
        lines.extend(contact.map(|name| self.words.fill("attention", &[("name", name)])));
        lines.extend(address_lines(&buyer.address));
        let country = buyer.address.country.as_deref();
        if country.is_some() && country != self.invoice.seller.address.country.as_deref() {
            lines.extend(country.map(|code| self.country(code)));
        }
        lines
    }

    /// The name of a country, where the catalogue has it, or its code.
    fn country(&self, code: &str) -> String {
        let key = format!("pdf.country_{}", code.to_ascii_lowercase());
        if self.words.0.has(&key) { self.words.0.text(&key, &[]) } else { code.to_owned() }
    }

    /// Draws the references and answers the height below them.
    fn references(&mut self) -> f32 {
        let mut y = TOP + TITLE.lead + 5.0;
        let section = self.sheet.node(Role::Section, None);
        for (key, value) in self.reference_rows() {
            let label = self.words.text(key);
            let style = if key.starts_with("number") { STRONG } else { BODY };
            let lines = typeface::wrap(&value, style, WIDTH - MARGIN - ASIDE_VALUE);
            if lines.is_empty() {
                continue;
            }
            if lines.len() > MOST_VALUE_LINES || y + typeface::height(&lines) > LOWEST_REFERENCE {
                self.overflow.push((label, value));
                continue;
            }
            let node = Owner::Node(self.sheet.node(Role::Paragraph, Some(section)));
            let label = typeface::fit(&label, LABEL, ASIDE_VALUE - ASIDE - 4.0);
            let label_top = style.baseline(y) - label.style.baseline(0.0);
            self.sheet.left(node, label, ASIDE, label_top);
            y = self.sheet.stack(node, lines, ASIDE_VALUE, y) + 0.8;
        }
        y + 5.0 * MM
    }

    fn reference_rows(&self) -> Vec<(&'static str, String)> {
        let invoice = self.invoice;
        let references = &invoice.references;
        let words = self.words;
        let number = if self.is_credit_note() { "number_credit_note" } else { "number_invoice" };
        let mut rows = vec![(number, invoice.number.clone())];
        let mut row = |key: &'static str, value: Option<String>| {
            rows.extend(value.filter(|value| !value.trim().is_empty()).map(|value| (key, value)));
        };
        row(if self.is_credit_note() { "issued_credit_note" } else { "issued_invoice" }, Some(words.date(invoice.issued_on)));
        row("due", invoice.due_on.filter(|_| !self.is_credit_note()).map(|date| words.date(date)));
        row("tax_point", invoice.tax_point_on.filter(|date| *date != invoice.issued_on).map(|date| words.date(date)));
        row("preceding", self.preceding());
        row("customer_number", customer_number(&invoice.buyer));
        row("buyer_registration", buyer_registration(&invoice.buyer));
        row("your_reference", references.buyer.clone());
        row("our_reference", invoice.seller.contact.name.clone());
        row("purchase_order", references.purchase_order.clone());
        row("sales_order", references.sales_order.clone());
        row("contract", references.contract.clone());
        row("project", references.project.clone());
        row("invoiced_object", references.invoiced_object.as_ref().map(|object| object.value.clone()));
        row("despatch_advice", references.despatch_advice.clone());
        row("receiving_advice", references.receiving_advice.clone());
        row("tender", references.tender.clone());
        row("buyer_accounting", references.buyer_accounting.clone());
        row("period", invoice.period.and_then(|period| words.period(period)));
        if let Some(delivery) = &invoice.delivery {
            row("delivered", delivery.delivered_on.map(|date| words.date(date)));
            let place = delivery.name.iter().cloned().chain(delivery.address.iter().flat_map(address_lines));
            row("delivery_place", Some(place.collect::<Vec<_>>().join(", ")));
        }
        rows
    }

    /// `1001 (01.10.2026), 1002`.
    fn preceding(&self) -> Option<String> {
        let names = self.invoice.preceding.iter().map(|preceding| match preceding.issued_on {
            Some(date) => format!("{} ({})", preceding.number, self.words.short_date(date)),
            None => preceding.number.clone(),
        });
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The sender's own text above the lines.
    pub(super) fn lead_in(&mut self) -> Result<(), crate::RenderError> {
        if let Some(text) = self.look.text_before.as_deref().filter(|text| !text.trim().is_empty()) {
            let node = self.sheet.node(Role::Paragraph, None);
            self.sheet.flow(Owner::Node(node), typeface::wrap(text, BODY, MEASURE * 0.8), MARGIN)?;
            self.sheet.y += 5.0 * MM;
        }
        Ok(())
    }
}

/// Whether all of an address found room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    /// It did not: it must be said in full elsewhere.
    Cut,
}

/// Sets what is seen through the envelope's window: the return address on a small line, the recipient below.
pub(super) fn address_block(sheet: &mut Sheet, return_line: &str, recipient: &[String], area: Area) -> Fit {
    let node = sheet.node(Role::Paragraph, None);
    // What is too long for one line is cut: the full address stands in the foot.
    let line = first_line(return_line, RETURN, area.width);
    sheet.left(Owner::Node(node), line, area.left, area.top - 11.5);

    let mut lines = Vec::new();
    for text in recipient {
        lines.extend(typeface::wrap(text, RECIPIENT, area.width));
    }
    // Six lines fill the window. More are squeezed, and what does not even then fit is said elsewhere.
    const MOST_LINES: usize = 7;
    let fit = if lines.len() > MOST_LINES { Fit::Cut } else { Fit::Whole };
    lines.truncate(MOST_LINES);
    let lead = RECIPIENT.lead.min(area.height / lines.len().max(1) as f32 + 1.6);
    for line in &mut lines {
        line.style.lead = lead;
    }
    let node = sheet.node(Role::Paragraph, None);
    sheet.stack(Owner::Node(node), lines, area.left, area.top);
    fit
}

fn first_line(text: &str, style: Style, width: f32) -> Line {
    typeface::wrap(text, style, width).into_iter().next().unwrap_or_else(|| typeface::line("", SMALL))
}

/// The lines of a postal address, without the country.
pub(super) fn address_lines(address: &Address) -> Vec<String> {
    let place = [&address.postal_code, &address.city].into_iter().flatten().cloned().collect::<Vec<_>>().join("\u{a0}");
    [&address.line1, &address.line2, &address.line3]
        .into_iter()
        .flatten()
        .cloned()
        .chain([place])
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// The first of the sender's own numbers for the customer. Global numbers such as GLN say nothing to a reader.
fn customer_number(buyer: &Party) -> Option<String> {
    let own = buyer.identifiers.iter().filter(|identifier| identifier.scheme.is_none());
    own.map(|identifier| identifier.value.clone()).find(|value| !is_national_identity_number(value))
}

fn buyer_registration(buyer: &Party) -> Option<String> {
    let registered = buyer.legal_registration.as_ref().map(|Identifier { value, .. }| value.as_str());
    let registered = registered.filter(|value| !is_national_identity_number(value)).map(wording::organisation_number);
    registered.or_else(|| buyer.vat_number.clone())
}

/// Whether this is a fødselsnummer or D-number. None is ever printed: paper lies open on hall tables.
fn is_national_identity_number(text: &str) -> bool {
    IdentityNumber::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_national_identity_number_is_no_customer_number() {
        let party =
            |value: &str| Party { identifiers: vec![Identifier { value: value.to_owned(), scheme: None }], ..Party::default() };
        // Synthetic: the month is 80 too high.
        assert_eq!(customer_number(&party("17912099997")), None);
        assert_eq!(customer_number(&party("12345678901")).as_deref(), Some("12345678901"));
        assert_eq!(customer_number(&party("10042")).as_deref(), Some("10042"));
    }
}
