//! The words of the letter: subject, text part and HTML part, in the recipient's language.
//!
//! Both parts are written from the same [`Content`], so that they cannot say different things. A fødselsnummer
//! never stands in a letter: nothing of the vault is in reach here, and one that somebody wrote into a free text is masked.

use jiff::civil::Date;
use kvitt_domain::Language;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::identifiers::{BankAccount, without_identity_numbers};
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::money::Amount;
use kvitt_domain::recipient::RecipientType;

use super::EmailSetup;
use crate::route::{Artefact, Member, Sender};

/// What a letter says, before it is text or HTML.
pub struct Content {
    language: Language,
    /// `Subject:`.
    pub subject: String,
    greeting: String,
    text_before: Option<String>,
    lead: String,
    /// Label and value, in order: what to pay first, then what the document is.
    payment: Vec<(String, String)>,
    numbers: Vec<(String, String)>,
    no_payment: Option<String>,
    comment: Option<(String, String)>,
    attached: Option<String>,
    linked: Option<(String, Vec<(String, String)>)>,
    footer: Option<String>,
}

impl Content {
    /// What the letter about one document says. `attached` files go with it, `linked` ones are fetched.
    pub fn of(setup: &EmailSetup, sender: &Sender, member: &Member, attached: &[Artefact], linked: &[Artefact]) -> Content {
        let language = member.recipient.language;
        let invoice = &member.invoice;
        let word = |key: &str| language.text(&format!("mail.{key}"), &[]);
        let named = |key: &str| language.text(&format!("mail.{key}"), &[("number", &invoice.number), ("sender", &sender.name)]);
        let (kind, number_label, no_payment) = match (member.purpose, invoice.kind) {
            (Purpose::Bill, DocumentKind::Invoice) => ("invoice", "label.invoice_number", None),
            (Purpose::Notice, DocumentKind::Invoice) => ("notice", "label.invoice_number", Some("notice.no_payment")),
            (_, DocumentKind::CreditNote) => ("credit_note", "label.credit_note_number", Some("credit_note.no_payment")),
        };
        Content {
            language,
            subject: one_line(&named(&format!("subject.{kind}"))),
            greeting: greeting(member, language),
            text_before: said(setup.text_before.as_deref()),
            lead: one_line(&named(&format!("lead.{kind}"))),
            payment: payment(invoice, member.purpose, language),
            numbers: vec![
                (word("label.org_number"), one_line(&sender.org_number)),
                (word(number_label), one_line(&invoice.number)),
                (word("label.issued_on"), date(invoice.issued_on, language)),
            ],
            no_payment: no_payment.map(word),
            comment: said(member.metadata.sender_comment.as_deref()).map(|comment| (one_line(&named("comment")), comment)),
            attached: (!attached.is_empty()).then(|| word("files.attached")),
            linked: (!linked.is_empty()).then(|| (word("files.linked"), links(linked))),
            footer: said(setup.footer.as_deref()),
        }
    }

    /// The text part. Each fact stands on a line of its own as `Label: value`, which recipients' systems read.
    pub fn text(&self) -> String {
        let mut blocks = vec![self.greeting.clone()];
        blocks.extend(self.text_before.clone());
        blocks.push(self.lead.clone());
        blocks.push(lines(&self.payment));
        blocks.extend(self.no_payment.clone());
        blocks.push(lines(&self.numbers));
        blocks.extend(self.comment.as_ref().map(|(label, comment)| format!("{label}\n{}", quoted(comment))));
        blocks.extend(self.attached.clone());
        blocks.extend(self.linked.as_ref().map(|(label, links)| format!("{label}\n{}", lines(links))));
        blocks.extend(self.footer.as_ref().map(|footer| format!("-- \n{footer}")));
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text
    }

    /// The HTML part: the same facts, no remote content, readable without its styles.
    pub fn html(&self) -> String {
        let mut body = String::new();
        body.push_str(&paragraph(&self.greeting));
        body.extend(self.text_before.as_deref().map(paragraph));
        body.push_str(&paragraph(&self.lead));
        body.push_str(&table(&self.payment));
        body.extend(self.no_payment.as_deref().map(paragraph));
        body.push_str(&table(&self.numbers));
        if let Some((label, comment)) = &self.comment {
            body.push_str(&paragraph(label));
            body.push_str(&format!("<blockquote style=\"{QUOTE}\">{}</blockquote>\n", escaped_lines(comment)));
        }
        body.extend(self.attached.as_deref().map(paragraph));
        if let Some((label, links)) = &self.linked {
            body.push_str(&paragraph(label));
            let items: String = links
                .iter()
                .map(|(name, link)| {
                    format!("<li><a href=\"{}\" style=\"color:#0b5394\">{}</a></li>\n", escaped(link), escaped(name))
                })
                .collect();
            body.push_str(&format!("<ul>\n{items}</ul>\n"));
        }
        if let Some(footer) = &self.footer {
            body.push_str(&format!("<p style=\"{FOOTER}\">{}</p>\n", escaped_lines(footer)));
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n</head>\n\
             <body style=\"{BODY}\">\n<div style=\"{SHEET}\">\n{body}</div>\n</body>\n</html>\n",
            self.language.tag(),
            escaped(&self.subject),
        )
    }
}

// Inline, because mail programs drop style sheets; contrast at least 7:1 (WCAG 2.2 1.4.6).
const BODY: &str = "margin:0;padding:16px;background:#ffffff;color:#1f2328;font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5";
const SHEET: &str = "max-width:36em;margin:0 auto";
const TABLE: &str = "border-collapse:collapse;margin:16px 0;width:100%";
const LABEL: &str =
    "text-align:left;font-weight:normal;color:#4a5058;padding:6px 16px 6px 0;border-bottom:1px solid #d5d9de;vertical-align:top";
const VALUE: &str = "text-align:left;font-weight:600;padding:6px 0;border-bottom:1px solid #d5d9de";
const QUOTE: &str = "margin:8px 0 16px;padding:4px 12px;border-left:3px solid #d5d9de";
const FOOTER: &str = "margin-top:24px;font-size:14px;color:#4a5058";

fn greeting(member: &Member, language: Language) -> String {
    let name = one_line(&member.recipient.name);
    match member.recipient.kind {
        RecipientType::Consumer if !name.is_empty() => language.text("mail.greeting.named", &[("name", &name)]),
        RecipientType::Consumer | RecipientType::Business => language.text("mail.greeting", &[]),
    }
}

/// What the payer needs. A credit note says what is given back, and no account to pay to; neither does the notice of a claim, which
/// must give nothing that somebody could pay by (the rail's rules for notices).
fn payment(invoice: &Invoice, purpose: Purpose, language: Language) -> Vec<(String, String)> {
    let word = |key: &str| language.text(&format!("mail.{key}"), &[]);
    let amount = money(invoice.totals.payable, language);
    if invoice.kind == DocumentKind::CreditNote {
        return vec![(word("label.credited"), amount)];
    }
    if purpose == Purpose::Notice {
        let debited_on = invoice.due_on.map(|due| (word("label.debited_on"), date(due, language)));
        return [(word("label.debited"), amount)].into_iter().chain(debited_on).collect();
    }
    let mut facts = vec![(word("label.payable"), amount)];
    facts.extend(invoice.due_on.map(|due| (word("label.due_on"), date(due, language))));
    facts.extend(invoice.account().map(|number| (word("label.account"), account(number))));
    facts.extend(invoice.remittance().map(|reference| {
        let reference = one_line(reference);
        // A KID is 2 to 25 digits, the last possibly a dash (OCR giro system manual); anything else is a free reference.
        let digits = reference.trim_end_matches('-');
        let is_kid = digits.len() >= 2 && reference.len() <= 25 && digits.bytes().all(|byte| byte.is_ascii_digit());
        (word(if is_kid { "label.kid" } else { "label.reference" }), reference)
    }));
    facts
}

/// `1 234,50 kr` in bokmål (`1 234,50 EUR` for others), `NOK 1,234.50` in English.
fn money(amount: Amount, language: Language) -> String {
    let plain = amount.to_decimal().abs().to_string();
    let sign = if amount.is_negative() { "−" } else { "" };
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let (group, point) = match language {
        Language::Bokmal => ("\u{a0}", ","),
        Language::English => (",", "."),
    };
    let mut number = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            number.push_str(group);
        }
        number.push(digit);
    }
    if !fraction.is_empty() {
        number.push_str(point);
        number.push_str(fraction);
    }
    let code = amount.currency().code();
    match (language, code) {
        (Language::Bokmal, "NOK") => format!("{sign}{number}\u{a0}kr"),
        (Language::Bokmal, _) => format!("{sign}{number}\u{a0}{code}"),
        (Language::English, _) => format!("{code}\u{a0}{sign}{number}"),
    }
}

fn date(date: Date, language: Language) -> String {
    match language {
        Language::Bokmal => format!("{:02}.{:02}.{}", date.day(), date.month(), date.year()),
        // Month first or day first differs between English readers; ISO 8601 does not.
        Language::English => date.to_string(),
    }
}

/// A Norwegian account number is printed in its groups; anything else stays as written.
fn account(number: &str) -> String {
    BankAccount::parse(number).map_or_else(|_| one_line(number), |account| account.printed())
}

fn links(files: &[Artefact]) -> Vec<(String, String)> {
    files.iter().filter_map(|file| Some((one_line(&file.name), one_line(file.link.as_deref()?)))).collect()
}

fn lines(facts: &[(String, String)]) -> String {
    facts.iter().map(|(label, value)| format!("{label}: {value}")).collect::<Vec<_>>().join("\n")
}

/// A sender's words are quoted, so that no line of theirs can pass for one of our facts.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

/// A free text of the sender or the company, if there is one.
fn said(text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    let text = text.lines().map(one_line).collect::<Vec<_>>().join("\n");
    Some(without_identity_numbers(&text).into_owned())
}

/// Values stand on one line whatever they hold: a line break in an invoice number would forge a fact or a header.
fn one_line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraph(text: &str) -> String {
    format!("<p style=\"margin:0 0 16px\">{}</p>\n", escaped_lines(text))
}

fn table(facts: &[(String, String)]) -> String {
    let rows: String = facts
        .iter()
        .map(|(label, value)| {
            format!(
                "<tr><th scope=\"row\" style=\"{LABEL}\">{}</th><td style=\"{VALUE}\">{}</td></tr>\n",
                escaped(label),
                escaped(value)
            )
        })
        .collect();
    format!("<table style=\"{TABLE}\">\n{rows}</table>\n")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("<br>\n")
}

#[cfg(test)]
mod tests {
    use kvitt_domain::Currency;

    use super::*;

    #[test]
    fn amounts_are_written_after_their_language() {
        let eur = Currency::parse("EUR").unwrap();
        let jpy = Currency::parse("JPY").unwrap();
        for (minor, currency, bokmal, english) in [
            (0, Currency::NOK, "0,00 kr", "NOK 0.00"),
            (5, Currency::NOK, "0,05 kr", "NOK 0.05"),
            (123_450, Currency::NOK, "1 234,50 kr", "NOK 1,234.50"),
            (10_000_000_000, Currency::NOK, "100 000 000,00 kr", "NOK 100,000,000.00"),
            (-99_900, eur, "−999,00 EUR", "EUR −999.00"),
            (1_000, jpy, "1 000 JPY", "JPY 1,000"),
        ] {
            let amount = Amount::new(minor, currency);
            assert_eq!(money(amount, Language::Bokmal).replace('\u{a0}', " "), bokmal);
            assert_eq!(money(amount, Language::English).replace('\u{a0}', " "), english);
        }
    }

    #[test]
    fn a_value_cannot_leave_its_line() {
        assert_eq!(one_line("10\r\nBcc: x@y.example\u{2028}z"), "10 Bcc: x@y.example z");
    }
}
