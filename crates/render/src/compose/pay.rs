//! How much, when, to whom: one panel on the first page, always in the same place.
//!
//! A credit note and a settled invoice have the panel too, without account and KID: nobody must pay them by mistake.

use kvitt_domain::invoice::PaymentInstruction;

use super::{BODY, Balance, Composer, LABEL};
use crate::page::{Area, MARGIN, MEASURE, MM, Owner, Role, Shape};
use crate::typeface::{self, Face, Ink, Line, Style};
use crate::wording;

pub(super) const PAD: f32 = 5.0 * MM;
const AMOUNT: Style = Style::new(Face::Display, 22.0, 29.0, Ink::Text);
pub(super) const VALUE: Style = Style::new(Face::SemiBold, 10.4, 14.0, Ink::Text);
const LONG_VALUE: Style = Style::new(Face::SemiBold, 8.6, 11.6, Ink::Text);
const AMOUNT_WIDTH: f32 = 52.0 * MM;
const COLUMN: f32 = 51.0 * MM;
const COLUMN_GAP: f32 = 3.0 * MM;
/// How much of the accent is left in the panel's fill.
pub(super) const TINT: u16 = 7;
/// A reference of more lines is said in full among the notes.
const MOST_VALUE_LINES: usize = 3;
/// More accounts than this are listed among the notes.
const MOST_ACCOUNTS: usize = 2;
/// So are longer explanations than these lines.
const MOST_SENTENCE_LINES: usize = 5;

/// UNTDID 4461: direct debit, SEPA direct debit.
const DIRECT_DEBIT: [&str; 2] = ["49", "59"];
/// UNTDID 4461: bank card, credit card, debit card.
const CARD: [&str; 3] = ["48", "54", "55"];

struct Pair {
    label: Line,
    value: Vec<Line>,
}

impl Pair {
    fn height(&self) -> f32 {
        self.label.style.lead + self.value.iter().map(|line| line.style.lead).sum::<f32>()
    }
}

impl Composer<'_> {
    /// Draws the panel and leaves the cursor below it.
    pub(super) fn pay(&mut self) {
        let (label, amount) = match self.balance() {
            Balance::ToPay(amount) => ("to_pay", amount),
            Balance::InFavour(amount) => ("in_favour", amount),
            Balance::Settled(amount) => ("settled", amount),
        };
        let label = typeface::fit(&self.words.text(label), LABEL, AMOUNT_WIDTH);
        let amount = typeface::fit(&self.words.money(amount), AMOUNT, AMOUNT_WIDTH);
        let pairs = self.pairs();
        let sentence = self.explanation();

        const ROW_GAP: f32 = 7.0;
        let rows: Vec<f32> = pairs.chunks(2).map(|row| row.iter().map(Pair::height).fold(0.0, f32::max)).collect();
        let right = rows.iter().sum::<f32>() + ROW_GAP * rows.len().saturating_sub(1) as f32;
        let left = label.style.lead + AMOUNT.lead;
        let body = left.max(right);
        let sentence_gap = if sentence.is_empty() { 0.0 } else { 7.0 };
        let height = 2.0 * PAD - 4.0 + body + sentence_gap + BODY.lead * sentence.len() as f32;

        let top = self.sheet.y;
        let panel = Area { left: MARGIN, top, width: MEASURE, height };
        self.sheet.put(Owner::Ornament, Shape::Panel { area: panel, color: self.look.accent.tint(TINT) });
        let strip = Area { width: 1.1 * MM, ..panel };
        self.sheet.put(Owner::Ornament, Shape::Panel { area: strip, color: self.look.accent });

        let section = self.sheet.node(Role::Section, None);
        let x = MARGIN + PAD;
        let mut y = top + PAD - 2.0;
        let node = Owner::Node(self.sheet.node(Role::Paragraph, Some(section)));
        let amount_top = y + label.style.lead + 1.0;
        self.sheet.left(node, label, x, y);
        self.sheet.left(node, amount, x, amount_top);
        let mut pairs = pairs.into_iter();
        for height in rows {
            for column in 0..2 {
                let Some(pair) = pairs.next() else { break };
                let x = x + AMOUNT_WIDTH + COLUMN_GAP + f32::from(column as u8) * (COLUMN + COLUMN_GAP);
                let node = Owner::Node(self.sheet.node(Role::Paragraph, Some(section)));
                let lead = pair.label.style.lead;
                self.sheet.left(node, pair.label, x, y);
                self.sheet.stack(node, pair.value, x, y + lead);
            }
            y += height + ROW_GAP;
        }
        let node = Owner::Node(self.sheet.node(Role::Paragraph, Some(section)));
        self.sheet.stack(node, sentence, x, top + PAD - 2.0 + body + sentence_gap);
        self.sheet.y = panel.bottom() + 8.0 * MM;
    }

    /// Due date, account, KID, payee: what a payer types into the bank.
    fn pairs(&mut self) -> Vec<Pair> {
        if !matches!(self.balance(), Balance::ToPay(_)) {
            return Vec::new();
        }
        let mut pairs = Vec::new();
        let due = self.invoice.due_on.map(|date| self.words.date(date));
        pairs.extend(due.and_then(|due| self.pair("due", &due)));
        if self.is_paid_by_card() {
            return pairs;
        }
        match &self.look.payment {
            Some(instead) => {
                let payee = instead.payee.clone().unwrap_or_else(|| self.invoice.seller.name.clone());
                pairs.extend(instead.kid.as_deref().and_then(|kid| self.reference_pair(kid)));
                pairs.extend(self.account_pairs(&instead.account, instead.bic.as_deref()));
                pairs.extend(self.pair("payee", &payee));
            }
            None => {
                let invoice = self.invoice;
                let accounts = || invoice.payment.iter().flat_map(|payment| &payment.accounts);
                let payee = invoice.payee.as_ref().map(|payee| payee.name.as_str());
                let payee = payee.or_else(|| accounts().find_map(|account| account.name.as_deref()));
                let payee = payee.unwrap_or(&invoice.seller.name);
                pairs.extend(invoice.remittance().and_then(|reference| self.reference_pair(reference)));
                for (at, account) in accounts().enumerate() {
                    if at < MOST_ACCOUNTS {
                        pairs.extend(self.account_pairs(&account.number, account.bank.as_deref()));
                    } else {
                        self.overflow.push((self.words.text("account"), wording::account(&account.number)));
                    }
                }
                pairs.extend(self.pair("payee", payee));
            }
        }
        pairs
    }

    fn account_pairs(&mut self, number: &str, bic: Option<&str>) -> Vec<Pair> {
        let label = if wording::is_iban(number) { "iban" } else { "account" };
        let account = self.pair(label, &wording::account(number));
        let bic = bic.and_then(|bic| self.pair("bic", bic));
        account.into_iter().chain(bic).collect()
    }

    /// A KID has 2 to 25 digits and may end in a dash (OCR giro system manual); anything else is a payment reference.
    fn reference_pair(&mut self, reference: &str) -> Option<Pair> {
        let digits = reference.strip_suffix('-').unwrap_or(reference);
        let is_kid = (1..=25).contains(&digits.len())
            && (2..=25).contains(&reference.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        self.pair(if is_kid { "kid" } else { "payment_reference" }, reference)
    }

    /// `None` for an empty value, and for one that goes to the notes because it is too long.
    fn pair(&mut self, key: &str, value: &str) -> Option<Pair> {
        let label = self.words.text(key);
        let whole = typeface::line(value, VALUE);
        let lines = if whole.width <= COLUMN { vec![whole] } else { self.smaller(value) };
        if lines.len() > MOST_VALUE_LINES {
            self.overflow.push((label, value.to_owned()));
            return None;
        }
        (!lines.is_empty() && !value.trim().is_empty())
            .then(|| Pair { label: typeface::fit(&label, LABEL, COLUMN), value: lines })
    }

    /// A long KID stays in one piece, however small: a break would be read as a blank. Other texts are set a little smaller, or broken.
    fn smaller(&self, value: &str) -> Vec<Line> {
        const LONGEST_NUMBER: usize = 34;
        const A_LITTLE: f32 = 9.2;
        let is_number =
            value.chars().count() <= LONGEST_NUMBER && !value.contains(|letter: char| letter.is_alphabetic() || letter == ' ');
        let fitted = typeface::fit(value, VALUE, COLUMN);
        if is_number || fitted.style.size >= A_LITTLE { vec![fitted] } else { typeface::wrap(value, LONG_VALUE, COLUMN) }
    }

    fn is_paid_by_card(&self) -> bool {
        self.look.payment.is_none() && !self.invoice.payment.is_empty() && self.invoice.payment.iter().all(is_card)
    }

    /// The sentences of the panel, or those that it has room for.
    fn explanation(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for text in self.sentences() {
            let more = typeface::balance(&text, BODY, MEASURE - 2.0 * PAD);
            if lines.len() + more.len() <= MOST_SENTENCE_LINES {
                lines.extend(more);
            } else {
                self.overflow.push((self.words.text("payment_note"), text));
            }
        }
        lines
    }

    /// What the payer must know besides the numbers.
    fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let words = self.words;
        match self.balance() {
            Balance::InFavour(_) if self.is_credit_note() => sentences.push(words.text("credit_note_explained")),
            Balance::InFavour(_) => sentences.push(words.text("in_favour_explained")),
            Balance::Settled(_) => sentences.push(words.text("settled_explained")),
            Balance::ToPay(_) => {
                let is_own = self.look.payment.is_none();
                if is_own
                    && self
                        .invoice
                        .payment
                        .iter()
                        .any(|payment| payment.direct_debit.is_some() || DIRECT_DEBIT.contains(&payment.means_code.as_str()))
                {
                    sentences.push(words.text("direct_debit_explained"));
                }
                if let Some(card) = self.invoice.payment.iter().filter(|_| is_own).find_map(|payment| payment.card.as_ref()) {
                    sentences.push(words.fill("card_explained", &[("digits", &card.last_digits)]));
                }
            }
        }
        sentences
            .extend(self.look.payment.iter().filter_map(|instead| instead.text.clone()).filter(|text| !text.trim().is_empty()));
        sentences
    }
}

fn is_card(payment: &PaymentInstruction) -> bool {
    payment.card.is_some() || CARD.contains(&payment.means_code.as_str())
}
