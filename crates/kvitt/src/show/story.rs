//! The story of one invoice in plain words: what it is, where it stands, every decision and why, what was said and answered,
//! its files, what happened when, and what a person can do now.

use kvitt_domain::collection::Proposal;
use kvitt_domain::delivery::{State, Word};
use kvitt_hub::desk::{Course, Story};

use super::ladder;
use crate::report::{bill_outcome, outcome, rungs};
use crate::words::Words;

/// The whole story.
pub fn text(story: &Story, words: Words) -> String {
    let mut parts = vec![header(story, words), plans(&story.bill, words), attempts(&story.bill, words)];
    if let Some(notice) = &story.notice {
        parts.extend([
            heading(words, "notice"),
            stands(notice, &outcome(notice, words), words),
            plans(notice, words),
            attempts(notice, words),
        ]);
    }
    parts.extend([money(story, words), files(story, words), events(story, words), now(story, words)]);
    parts.concat()
}

fn header(story: &Story, words: Words) -> String {
    let invoice = &story.invoice;
    let due = invoice.due_on.as_deref().unwrap_or("–");
    let kind = words.name("document", &invoice.kind);
    let values = [
        ("kind", kind.as_str()),
        ("number", &invoice.number),
        ("recipient", &invoice.recipient),
        ("recipient_type", &words.name("recipient_type", &invoice.recipient_type)),
        ("amount", &words.amount(invoice.payable)),
        ("issued_on", &invoice.issued_on),
        ("due_on", due),
        ("company", &invoice.company),
        ("accepted_at", &words.time(invoice.accepted_at)),
        ("id", &invoice.id),
    ];
    let mut text = format!("{}\n\n", words.say("story.header", &values));
    text.push_str(&stands(&story.bill, &bill_outcome(story, words), words));
    text
}

/// Where a delivery stands, since when, and why where that needs a reason.
fn stands(course: &Course, outcome: &str, words: Words) -> String {
    let since = words.time(course.since);
    let mut text = format!("{}\n", words.say("story.state", &[("outcome", outcome), ("since", &since)]));
    let why = match &course.delivery.state {
        State::InDoubt { why, .. } | State::Waiting { why, .. } => std::slice::from_ref(why),
        State::Parked { why } => why.as_slice(),
        _ => &[],
    };
    for fault in why {
        text.push_str(&format!("  {} [{}]\n", fault.sentence(words.0), fault.code));
    }
    text
}

fn heading(words: Words, key: &str) -> String {
    let title = words.name("cli", &format!("story.{key}"));
    format!("\n{title}\n{}\n", "─".repeat(title.chars().count()))
}

fn plans(course: &Course, words: Words) -> String {
    let mut text = heading(words, "plans");
    for plan in &course.plans {
        let made_at = words.time(plan.made_at);
        let order = words.name("order_from", order_name(plan.order_from));
        text.push_str(&format!("{}\n", words.say("story.plan", &[("made_at", &made_at), ("order", &order)])));
        text.push_str(&ladder::full(&rungs(plan, words), words));
        text.push_str(&ladder::costs(plan, words));
        for warning in &plan.warnings {
            text.push_str(&format!("  ! {} [{}]\n", warning.sentence(words.0), warning.code));
        }
    }
    if course.plans.is_empty() {
        text.push_str(&format!("  {}\n", words.say("story.no_plan", &[])));
    }
    text
}

/// The name under which the catalogue has where an order came from.
pub fn order_name(from: kvitt_domain::plan::OrderFrom) -> &'static str {
    use kvitt_domain::plan::OrderFrom;
    match from {
        OrderFrom::Document => "document",
        OrderFrom::Customer => "customer",
        OrderFrom::Company => "company",
        OrderFrom::Default => "default",
    }
}

fn attempts(course: &Course, words: Words) -> String {
    if course.attempts.is_empty() {
        return String::new();
    }
    let mut text = heading(words, "attempts");
    for (index, attempt) in course.attempts.iter().enumerate() {
        let price = attempt.price.map_or_else(|| "–".to_owned(), |price| words.amount(price));
        let values = [
            ("number", (index + 1).to_string()),
            ("route", words.name("route", &attempt.route)),
            ("at", words.time(attempt.opened_at)),
            ("price", price),
            ("word", word(attempt.word.as_ref(), words)),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        text.push_str(&format!("{}\n", words.say("story.attempt", &values)));
        for line in &attempt.log {
            text.push_str(&format!("  {}  {}\n      {}\n", words.time(line.at), line.said, line.answered));
        }
    }
    text
}

fn word(word: Option<&Word>, words: Words) -> String {
    match word {
        None => words.say("word.none", &[]),
        Some(Word::HandedOver { receipt }) => words.say("word.handed_over", &[("receipt", receipt)]),
        Some(Word::Delivered { receipt }) => words.say("word.delivered", &[("receipt", receipt)]),
        Some(Word::Seen) => words.say("word.seen", &[]),
        Some(Word::Refused { why } | Word::TooLate { why } | Word::InDoubt { why } | Word::Returned { why }) => {
            why.sentence(words.0)
        }
        Some(Word::Withdrawn { by }) => words.say("word.withdrawn", &[("by", by)]),
    }
}

fn money(story: &Story, words: Words) -> String {
    let Some(money) = &story.money else { return String::new() };
    format!("{}{}", heading(words, "money"), super::money::text(money, words))
}

fn files(story: &Story, words: Words) -> String {
    let mut text = heading(words, "files");
    for file in &story.files {
        text.push_str(&format!(
            "  {} ({}, {} bytes, SHA-256 {}…)\n",
            file.name,
            file.media_type,
            file.bytes,
            &file.digest[..file.digest.len().min(12)]
        ));
    }
    text
}

fn events(story: &Story, words: Words) -> String {
    let mut text = heading(words, "events");
    for event in &story.events {
        text.push_str(&format!("  {}\n", event_line(event, words)));
    }
    text
}

/// One event: when, which, and from where to where it moved the delivery.
pub fn event_line(event: &serde_json::Value, words: Words) -> String {
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let at = event["at"].as_i64().map_or_else(String::new, |at| words.time_ms(at));
    let (from, to) = (field("from"), field("to"));
    let moved = match (from.is_empty(), from == to) {
        (true, _) | (_, true) => String::new(),
        (false, false) => {
            // The words of a delivery's states are those of the table without a machine's name.
            let states = if field("machine") == "collection" { "collection" } else { "state" };
            format!(": {} → {}", words.name(states, from), words.name(states, to))
        }
    };
    format!("{at}  #{:<5} {}{moved}", event["seq"], field("kind"))
}

fn now(story: &Story, words: Words) -> String {
    let number = &story.invoice.number;
    let values: [(&str, &str); 2] = [("invoice", number), ("company", &story.invoice.company)];
    let money = story.money.as_ref().map(|money| &money.money).filter(|money| money.proposal != Proposal::Nothing);
    let said = match &story.bill.delivery.state {
        State::InDoubt { .. } => words.say("now.in_doubt", &values),
        State::Parked { .. } => words.say("now.parked", &values),
        State::Choosing | State::Waiting { .. } | State::Queued { .. } => words.say("now.waiting", &values),
        State::Sending { .. } => words.say("now.sending", &values),
        State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. } => match money {
            Some(money) => super::money::proposal(money, words),
            None => words.say("now.taken", &values),
        },
        State::Cancelled { .. } => words.say("now.cancelled", &values),
    };
    let of_notice = story.notice.as_ref().filter(|notice| notice.delivery.state.needs_a_person());
    let of_notice = of_notice.map(|_| format!("{}\n", words.say("now.notice", &values))).unwrap_or_default();
    format!("{}{said}\n{of_notice}", heading(words, "now"))
}
