//! The money of an invoice in plain words: what is owed, what came and went, and what a person could do.

use kvitt_hub::desk::{Money, MoneyStory, PaymentShown};

use crate::words::Words;

/// What a person could do, in one sentence.
pub fn proposal(money: &Money, words: Words) -> String {
    let amount = money.proposal.amount().map(|amount| words.amount(amount)).unwrap_or_default();
    words.0.text(&format!("proposal.{}", money.proposal.name()), &[("amount", &amount)])
}

/// The part of an invoice's story that is about its money; the heading is the caller's.
pub fn text(story: &MoneyStory, words: Words) -> String {
    let money = &story.money;
    let standing = words.name("collection", money.standing.name());
    let (left, payable) = (words.amount(money.left), words.amount(money.payable));
    let mut text =
        format!("  {}\n", words.say("money.standing", &[("standing", &standing), ("left", &left), ("payable", &payable)]));
    if let Some((_, due_on)) = money.claim.of() {
        let claim = words.name("claim_state", money.claim.name());
        text.push_str(&format!("  {}\n", words.say("money.claim", &[("claim", &claim), ("date", &due_on.to_string())])));
    }
    for of in &story.payments {
        text.push_str(&format!("  {}\n", payment(of, words)));
    }
    for (number, amount) in &story.credits {
        text.push_str(&format!("  {}\n", words.say("money.credit", &[("number", number), ("amount", &words.amount(*amount))])));
    }
    if money.proposal != kvitt_domain::collection::Proposal::Nothing {
        text.push_str(&format!("  → {}\n", proposal(money, words)));
    }
    text
}

fn payment(of: &PaymentShown, words: Words) -> String {
    let fit = of.fit.as_deref().map(|fit| words.name("fit", fit)).unwrap_or_default();
    let flow = words.name("flow", of.payment.flow.name());
    let id = of.id.get(..13).unwrap_or(&of.id);
    format!("{}  {}  {flow}, {fit}  [{id}]", of.payment.booked_on, words.amount(of.payment.net()))
}
