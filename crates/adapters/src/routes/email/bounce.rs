//! Messages that come to the bounce address: delivery reports, the old kinds of bounce, automatic replies.
//!
//! A report (RFC 3464) is read by its fields. What older systems write is read as well as can be: from a mail system, with a
//! status code in its text. Which attempt is meant stands in the address that the report was sent to, and where a
//! forwarding lost it, in the headers of the returned letter. What cannot be understood is an error and a person sees it:
//! a silent loss here would leave an invoice "handed over" for ever.

use kvitt_domain::delivery::AttemptId;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use uuid::Uuid;

use super::outcome::status_of;
use crate::route::{AdapterError, Arrived};

/// A report may return the whole letter with its files; beyond this it is no report.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// So many characters of a mail server's words are kept: enough for people, and no store for strangers.
const MOST_WORDS: usize = 500;

/// So many recipients of one report are read; our letters have one.
const MOST_RECIPIENTS: usize = 50;

/// Whom the message concerns and what it says. Empty for an automatic reply and for a report of success.
pub fn read(bytes: &[u8]) -> Result<Vec<(AttemptId, Arrived)>, AdapterError> {
    if bytes.len() > MOST_BYTES {
        return Err(AdapterError::Arrival(format!("{} bytes are more than a report has", bytes.len())));
    }
    let message = MessageParser::default().parse(bytes).ok_or_else(|| AdapterError::Arrival("it is no message".to_owned()))?;
    let said = match report(&message) {
        Some(fields) => reported(&fields, &message),
        None if is_automatic_reply(&message) => return Ok(vec![]),
        None if is_from_a_mail_system(&message) => told_in_words(&message)?,
        None => {
            return Err(AdapterError::Arrival("it is neither a delivery report nor an automatic reply".to_owned()));
        }
    };
    let Some(arrived) = said else {
        return Ok(vec![]);
    };
    match attempt_of(&message) {
        Some(attempt) => Ok(vec![(attempt, arrived)]),
        None => Err(AdapterError::Arrival("the report names no letter of ours".to_owned())),
    }
}

/// The attempt that a message names, whatever else it says.
pub fn named_in(bytes: &[u8]) -> Option<AttemptId> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    attempt_of(&MessageParser::default().parse(bytes)?)
}

/// The text of the `message/delivery-status` part (RFC 3464 §2.1).
fn report(message: &Message<'_>) -> Option<String> {
    message.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        let is_report = kind.ctype().eq_ignore_ascii_case("message")
            && kind.subtype().is_some_and(|sub| {
                sub.eq_ignore_ascii_case("delivery-status") || sub.eq_ignore_ascii_case("global-delivery-status")
            });
        // Some parsers and senders treat the fields as a nested message; the bytes are the same.
        is_report.then(|| match &part.body {
            PartType::Message(nested) => {
                let whole = String::from_utf8_lossy(&nested.raw_message);
                let part_only = message.raw_message.get(part.offset_body as usize..part.offset_end as usize);
                part_only.map_or_else(|| whole.into_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
            }
            _ => String::from_utf8_lossy(part.contents()).into_owned(),
        })
    })
}

/// One recipient's block of a report.
#[derive(Default)]
struct Recipient {
    action: String,
    status: String,
    diagnostic: String,
}

/// What a report says of our letter; `None` where it reports no failure and no delay.
fn reported(fields: &str, message: &Message<'_>) -> Option<Arrived> {
    let recipients = recipients(fields);
    // One of several that an address stood for got it: the letter arrived.
    let passed_on = recipients.iter().find(|recipient| {
        ["delivered", "relayed", "expanded"].iter().any(|action| recipient.action.eq_ignore_ascii_case(action))
    });
    if let Some(recipient) = passed_on {
        return Some(Arrived::PassedOn { text: words(&recipient.diagnostic, message) });
    }
    let failed = recipients.iter().find(|recipient| {
        recipient.action.eq_ignore_ascii_case("failed") || (recipient.action.is_empty() && recipient.status.starts_with('5'))
    });
    if let Some(recipient) = failed {
        let status = status_of(&recipient.status).unwrap_or("5.0.0").to_owned();
        return Some(Arrived::Bounced { status, text: words(&recipient.diagnostic, message) });
    }
    let delayed = recipients.iter().find(|recipient| recipient.action.eq_ignore_ascii_case("delayed"))?;
    Some(Arrived::Delayed { text: words(&delayed.diagnostic, message) })
}

/// The per-recipient blocks: all but the first, which is about the message (RFC 3464 §2.1). Some senders leave that one out,
/// so a block counts when it has an action, a status or a final recipient.
fn recipients(fields: &str) -> Vec<Recipient> {
    let mut blocks = vec![Recipient::default()];
    let mut last_field = String::new();
    for line in fields.lines() {
        if line.trim().is_empty() {
            if blocks.len() < MOST_RECIPIENTS {
                blocks.push(Recipient::default());
            }
            last_field.clear();
            continue;
        }
        let Some(block) = blocks.last_mut() else {
            break;
        };
        if line.starts_with([' ', '\t']) {
            if last_field == "diagnostic-code" {
                block.diagnostic.push(' ');
                block.diagnostic.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        last_field = name.trim().to_ascii_lowercase();
        let value = value.trim();
        match last_field.as_str() {
            "action" => block.action = value.to_owned(),
            "status" => block.status = value.to_owned(),
            "diagnostic-code" => block.diagnostic = value.to_owned(),
            _ => {}
        }
    }
    blocks.retain(|block| !block.action.is_empty() || !block.status.is_empty());
    blocks
}

/// RFC 3834 §5: anything but `no` is automatic. Older systems say it in their own ways.
fn is_automatic_reply(message: &Message<'_>) -> bool {
    let value = |name: &str| header(message, name).unwrap_or_default().to_ascii_lowercase();
    let submitted = value("Auto-Submitted");
    (!submitted.is_empty() && !submitted.starts_with("no") && !is_from_a_mail_system(message))
        || !value("X-Autoreply").is_empty()
        || !value("X-Autorespond").is_empty()
        || matches!(value("Precedence").as_str(), "auto_reply" | "auto-reply")
}

/// RFC 5321 §4.5.5: a notification has the null return path. Otherwise the sender's name tells.
fn is_from_a_mail_system(message: &Message<'_>) -> bool {
    let from = header(message, "From").unwrap_or_default().to_ascii_lowercase();
    let names_one =
        ["mailer-daemon@", "postmaster@", "mail-daemon@", "microsoftexchange"].into_iter().any(|name| from.contains(name));
    names_one || message.content_type().is_some_and(|kind| kind.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case("report")))
}

/// A bounce without report fields: a status code somewhere in what a mail system wrote.
fn told_in_words(message: &Message<'_>) -> Result<Option<Arrived>, AdapterError> {
    let text = first_text(message);
    let status = text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '#' | '<' | '>' | '[' | ']' | ';' | ','))
        .map(|word| word.trim_end_matches(['.', ':']))
        .find_map(|word| status_of(word).filter(|status| !status.starts_with('2')));
    match status {
        Some(status) if status.starts_with('5') => Ok(Some(Arrived::Bounced { status: status.to_owned(), text: clipped(&text) })),
        Some(_) => Ok(Some(Arrived::Delayed { text: clipped(&text) })),
        None => Err(AdapterError::Arrival("a mail system wrote, but with no status that can be read".to_owned())),
    }
}

/// The mail server's words: its diagnosis (RFC 3464 §2.3.6, `smtp; …`), else the beginning of what it wrote for people.
fn words(diagnostic: &str, message: &Message<'_>) -> String {
    let said = diagnostic.split_once(';').map_or(diagnostic, |(_, text)| text).trim();
    if said.is_empty() { clipped(&first_text(message)) } else { clipped(said) }
}

fn first_text(message: &Message<'_>) -> String {
    message.body_text(0).map(|text| text.into_owned()).unwrap_or_default()
}

fn clipped(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect()
}

/// The attempt: from the address that the report was sent to, else from the returned letter.
fn attempt_of(message: &Message<'_>) -> Option<AttemptId> {
    const SENT_TO: [&str; 6] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "X-Failed-Recipients"];
    let addressed = SENT_TO.into_iter().find_map(|name| {
        message.headers_raw().filter(|(header, _)| header.eq_ignore_ascii_case(name)).find_map(|(_, value)| tagged(value))
    });
    addressed.or_else(|| message.parts.iter().find_map(|part| returned(&part_text(part)))).map(AttemptId)
}

fn part_text(part: &mail_parser::MessagePart<'_>) -> String {
    match &part.body {
        // The headers of a nested message are at its beginning; its files are no use here.
        PartType::Message(nested) => {
            let headers = nested.headers_raw().map(|(name, value)| format!("{name}: {}\n", value.trim()));
            headers.collect()
        }
        PartType::Multipart(_) => String::new(),
        PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
            String::from_utf8_lossy(part.contents()).into_owned()
        }
    }
}

/// In a returned letter: our return path, or the Message-ID that we gave it.
fn returned(text: &str) -> Option<Uuid> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        match name.trim().to_ascii_lowercase().as_str() {
            "return-path" | "x-original-from" | "original-envelope-id" => tagged(value),
            "message-id" => uuid_in(value.trim().trim_start_matches('<').split('@').next()?),
            _ => None,
        }
    })
}

/// The id in `anything+<id>@domain`, anywhere in a text.
fn tagged(text: &str) -> Option<Uuid> {
    text.match_indices('@').find_map(|(at, _)| uuid_in(text[..at].rsplit_once('+')?.1))
}

/// Only the hyphenated form: 32 bare digits or braces are not what we wrote.
fn uuid_in(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn header(message: &Message<'_>, name: &str) -> Option<String> {
    message.headers_raw().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attempt_stands_in_the_address() {
        let id = "0199a0de-0000-7000-8000-000000000001";
        for (text, found) in [
            (format!("bounces+{id}@post.example"), true),
            (format!("Retur <retur+{id}@post.example>, x@y.example"), true),
            (format!("<x@y.example>, <bounces+{id}@post.example>"), true),
            (format!("{id}@post.example"), false),
            (format!("bounces+{}@post.example", id.replace('-', "")), false),
            ("bounces+@post.example".to_owned(), false),
            ("@".to_owned(), false),
        ] {
            assert_eq!(tagged(&text).map(|uuid| uuid.to_string()), found.then(|| id.to_owned()), "{text}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        bolero::check!().for_each(|bytes: &[u8]| drop(read(bytes)));
    }
}
