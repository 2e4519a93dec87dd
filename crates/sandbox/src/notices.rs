//! The messages that a mail server sends back: bounces and delays (RFC 3464), and a person's automatic reply.
//!
//! Who gets one is decided in `counterparties/mail.rs`; `fronts/files.rs` puts them in the Maildir when due.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::mime::{Letter, split_head};

/// The most of a letter's header that goes back with a bounce, bytes. Real headers stay below 16 KiB.
const MOST_RETURNED_HEADER: usize = 64 * 1024;

/// The longest subject that an automatic reply repeats: a header line holds at most 998 (RFC 5322 §2.1.1).
const LONGEST_SUBJECT: usize = 500;

/// A message that goes back to the sender of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The number of the letter that it is about.
    pub number: u64,
    /// What it tells.
    pub tidings: Tidings,
    /// When it comes, by the sandbox's clock.
    pub due: Timestamp,
    /// The envelope sender, who gets it.
    pub sender: String,
    /// The recipient whom it is about.
    pub recipient: String,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tidings {
    /// The letter did not arrive and never will.
    Failed,
    /// The letter has not arrived yet; the server goes on trying.
    Delayed,
    /// The letter arrived; its reader is away.
    OutOfOffice,
}

/// The message's bytes, with the line ends of a Maildir (LF).
pub fn write(notice: &Notice, raw: &[u8], arrived: Timestamp) -> Vec<u8> {
    let letter = Letter::read(split_head(raw).0);
    let Notice { number, sender, recipient, .. } = notice;
    let date = date(notice.due);
    let head = |from: &str, subject: &str| {
        format!(
            "Return-Path: <>\nDelivered-To: {sender}\nDate: {date}\nFrom: {from}\nTo: <{sender}>\nSubject: {subject}\n\
             Message-ID: <notice-{number}@sandbox.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        )
    };
    let daemon = "Mail Delivery System <mailer-daemon@sandbox.example>";
    match notice.tidings {
        Tidings::Failed => {
            let head = head(daemon, "Undelivered mail returned to sender");
            let told = format!(
                "Your letter to {recipient} could not be delivered: no such person here.\nIt will not be tried again. (TEST)\n"
            );
            let status = format!(
                "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such person here\nLast-Attempt-Date: {date}\n"
            );
            report(notice, &head, &told, &status, raw, arrived)
        }
        Tidings::Delayed => {
            let head = head(daemon, "Delayed mail (still being tried)");
            let told = format!(
                "Your letter to {recipient} has not been delivered yet.\nIt is still being tried: you need not send it again. (TEST)\n"
            );
            let status = format!(
                "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 451 4.4.1 No answer from host\nLast-Attempt-Date: {date}\n"
            );
            report(notice, &head, &told, &status, raw, arrived)
        }
        Tidings::OutOfOffice => {
            let subject: String = letter
                .fields
                .iter()
                .find(|field| field.name == "subject")
                .map_or("", |field| &field.value)
                .chars()
                .take(LONGEST_SUBJECT)
                .collect();
            let head = head(&format!("<{recipient}>"), &format!("Automatic reply: {subject}"));
            let reply_to = match letter.header("message-id") {
                id if id.is_empty() => String::new(),
                id => format!("In-Reply-To: {id}\nReferences: {id}\n"),
            };
            format!("{head}{reply_to}Content-Type: text/plain; charset=utf-8\n\nI am away and will read your letter when I am back. (TEST)\n").into_bytes()
        }
    }
}

/// A `multipart/report` (RFC 6522) of three parts: for people, for programs, and the letter's header.
fn report(notice: &Notice, head: &str, told: &str, status: &str, raw: &[u8], arrived: Timestamp) -> Vec<u8> {
    let header = returned_header(raw);
    // Nothing in the parts can look like this line: the header's own boundary parameter never starts a line with "--".
    let boundary = format!("=_notice_{}_{}", notice.number, notice.due.as_millisecond());
    let coding = if header.is_ascii() { "7bit" } else { "8bit" };
    let (recipient, arrived) = (&notice.recipient, date(arrived));
    let mut out = format!(
        "{head}Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"{boundary}\"\n\n\
         This message is for a program that knows MIME.\n\n\
         --{boundary}\nContent-Description: Notification\nContent-Type: text/plain; charset=utf-8\n\n{told}\n\
         --{boundary}\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; sandbox.example\nArrival-Date: {arrived}\n\nFinal-Recipient: rfc822; {recipient}\n{status}\n\
         --{boundary}\nContent-Description: Header of the letter\nContent-Type: message/rfc822-headers\nContent-Transfer-Encoding: {coding}\n\n"
    )
    .into_bytes();
    out.extend_from_slice(&header);
    out.extend_from_slice(format!("\n--{boundary}--\n").as_bytes());
    out
}

/// The letter's header with LF line ends, whole lines up to the limit.
fn returned_header(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in split_head(raw).0.split_inclusive(|b| *b == b'\n') {
        if out.len() + line.len() > MOST_RETURNED_HEADER {
            break;
        }
        out.extend_from_slice(line.trim_ascii_end());
        out.push(b'\n');
    }
    out
}

fn date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_else(|_| at.to_string())
}
