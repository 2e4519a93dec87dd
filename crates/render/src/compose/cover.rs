//! The cover sheet: the recipient in the window, who sends it, and what lies below, on one page in the look of the invoices.

use kvitt_domain::cover_sheet::{CoverContents, CoverPayment, CoverSheet, EnvelopeWindow};

use super::closing::{FOOT_NAME, FOOT_STYLE};
use super::head::{ASIDE, Fit, NAME, TOP, address_block};
use super::pay::{PAD, TINT, VALUE};
use super::{BODY, LABEL, TITLE, short};
use crate::RenderError;
use crate::look::Color;
use crate::page::{ADDRESS, Area, Document, FOOT, HEIGHT, MARGIN, MEASURE, MM, Owner, RIGHT_ADDRESS, Role, Shape, Sheet, WIDTH};
use crate::typeface;
use crate::wording::Wording;

/// Where the text begins: below every window.
const TEXT_TOP: f32 = 100.0 * MM;
const COLUMN: f32 = 51.0 * MM;
const COLUMN_GAP: f32 = 3.0 * MM;
/// The sender's address in the foot.
const MOST_FOOT_LINES: usize = 6;

/// Lays the sheet out.
pub(crate) fn compose(cover: &CoverSheet) -> Result<Document, RenderError> {
    let words = Wording(cover.language);
    let title = words.text(match cover.contents {
        CoverContents::Invoice => "title_invoice",
        CoverContents::CreditNote => "title_credit_note",
    });
    let mut sheet = Sheet::new(0.0);
    let foot_top = foot(&mut sheet, cover, Pass::Measure);
    sheet.bottom = foot_top - 5.0 * MM;

    let node = Owner::Node(sheet.node(Role::Paragraph, None));
    let mut name = typeface::wrap(&cover.sender, NAME, ASIDE - MARGIN - 6.0 * MM);
    name.truncate(2);
    sheet.stack(node, name, MARGIN, TITLE.baseline(TOP) - NAME.baseline(0.0));
    let node = Owner::Node(sheet.node(Role::Title(title.clone()), None));
    sheet.left(node, typeface::fit(&title, TITLE, WIDTH - MARGIN - ASIDE), ASIDE, TOP);

    let sender = [std::slice::from_ref(&cover.sender), &cover.return_address].concat().join(" · ");
    let return_line = words.fill("return_address", &[("address", &sender)]);
    let area = match cover.window {
        EnvelopeWindow::Left => ADDRESS,
        EnvelopeWindow::Right => RIGHT_ADDRESS,
    };
    let fit = address_block(&mut sheet, &return_line, &cover.recipient, area);

    sheet.y = TEXT_TOP;
    panel(&mut sheet, cover, words);
    paragraphs(&mut sheet, cover, words, fit)?;
    foot(&mut sheet, cover, Pass::Draw);
    if sheet.pages.len() > 1 {
        return Err(RenderError::TooLong);
    }
    let name = typeface::line(&cover.sender, BODY).text;
    let title = format!("{title} {} – {name}", cover.number);
    Ok(Document { title: short(&title), author: short(&name), pages: sheet.pages, nodes: sheet.nodes })
}

/// Number, amount and due date: what the reader looks for.
fn panel(sheet: &mut Sheet, cover: &CoverSheet, words: Wording) {
    let number = match cover.contents {
        CoverContents::Invoice => "cover_number_invoice",
        CoverContents::CreditNote => "cover_number_credit_note",
    };
    let mut pairs = vec![(words.text(number), cover.number.clone())];
    pairs.extend(cover.amount.map(|amount| (words.text("cover_amount"), words.money(amount))));
    pairs.extend(cover.due_on.map(|due| (words.text("due"), words.date(due))));
    let top = sheet.y;
    let height = 2.0 * PAD - 4.0 + LABEL.lead + VALUE.lead;
    let area = Area { left: MARGIN, top, width: MEASURE, height };
    sheet.put(Owner::Ornament, Shape::Panel { area, color: Color::FJORD.tint(TINT) });
    sheet.put(Owner::Ornament, Shape::Panel { area: Area { width: 1.1 * MM, ..area }, color: Color::FJORD });
    let section = sheet.node(Role::Section, None);
    let mut x = MARGIN + PAD;
    for (label, value) in pairs {
        let node = Owner::Node(sheet.node(Role::Paragraph, Some(section)));
        sheet.left(node, typeface::fit(&label, LABEL, COLUMN), x, top + PAD - 2.0);
        sheet.left(node, typeface::fit(&value, VALUE, COLUMN), x, top + PAD - 2.0 + LABEL.lead);
        x += COLUMN + COLUMN_GAP;
    }
    sheet.y = area.bottom() + 8.0 * MM;
}

fn paragraphs(sheet: &mut Sheet, cover: &CoverSheet, words: Wording, fit: Fit) -> Result<(), RenderError> {
    let payment = match cover.payment {
        CoverPayment::AsOnDocument => None,
        CoverPayment::DirectDebit => Some("cover_direct_debit"),
        CoverPayment::Nothing => Some("cover_nothing_to_pay"),
    };
    let mut texts: Vec<(String, typeface::Style)> = payment.map(|key| (words.text(key), VALUE)).into_iter().collect();
    texts.push((words.text("cover_explained"), BODY));
    if fit == Fit::Cut {
        texts.push((format!("{}: {}", words.text("recipient"), cover.recipient.join(", ")), BODY));
    }
    for (text, style) in texts {
        let node = Owner::Node(sheet.node(Role::Paragraph, None));
        sheet.flow(node, typeface::balance(&text, style, MEASURE * 0.8), MARGIN)?;
        sheet.y += 3.0 * MM;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Measure,
    Draw,
}

/// The sender's name and address in full. Answers where it begins.
fn foot(sheet: &mut Sheet, cover: &CoverSheet, pass: Pass) -> f32 {
    let mut lines = typeface::wrap(&cover.sender, FOOT_NAME, MEASURE);
    for line in &cover.return_address {
        lines.extend(typeface::wrap(line, FOOT_STYLE, MEASURE));
    }
    lines.truncate(MOST_FOOT_LINES);
    let top = HEIGHT - FOOT - typeface::height(&lines) - 6.0;
    if pass == Pass::Draw {
        sheet.rule(MARGIN, MEASURE, top, 0.5, Color::HAIR);
        let node = Owner::Node(sheet.node(Role::Paragraph, None));
        sheet.stack(node, lines, MARGIN, top + 6.0);
    }
    top
}
