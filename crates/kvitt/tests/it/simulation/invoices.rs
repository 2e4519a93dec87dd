//! The documents of a run: a handful of small UBL invoices and credit notes to people whom the counterparties treat badly, with
//! metadata beside them; some come twice, and some numbers come with another content.

use kvitt_sandbox::counterparties::mps::consumers::{CONSUMERS, Consumer};

use crate::dice::Dice;
use crate::documents::{COMPANIES, Document, Wishes};

use super::debits::{self, Debit};
use super::world::today;

/// How the mail server treats a recipient; the first is nobody in particular.
const MAIL: [&str; 14] = [
    "kari",
    "kari",
    "kari",
    "hardbounce",
    "bounceslater+after=2h",
    "delayed",
    "greylisted",
    "mailboxfull",
    "rejectscontent",
    "dropsmidletter",
    "dropsafterdot",
    "garbles",
    "garblesaccepted",
    "outofoffice",
];

/// How the print shop treats a recipient.
const PRINT: [&str; 8] = ["", "", "", "", "Unprintable", "Returned", "Silent", "Digesttrouble"];

/// Orders of routes; an empty one is the company's.
const ORDERS: [&[&str]; 10] = [
    &[],
    &[],
    &[],
    &["email"],
    &["email", "print"],
    &["print"],
    &["efaktura"],
    &["efaktura", "print"],
    &["netbank", "email"],
    &["print", "email"],
];

/// Orders of routes of invoices that may be claimed.
const WITH_DEBIT: [&[&str]; 7] = [
    &[],
    &[],
    &["avtalegiro", "efaktura", "email", "print"],
    &["avtalegiro", "print"],
    &["avtalegiro", "email"],
    &["avtalegiro"],
    &["efaktura", "print"],
];

/// What kind of documents a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Bills that are paid by hand, to an account whose payments nobody sees.
    Plain,
    /// Most of them are claimed by direct debit, and the bank tells of their money.
    WithDebits,
}

/// The documents of a run.
pub fn documents(dice: &mut Dice, kinds: Kinds) -> Vec<Document> {
    // Most runs are small: what goes wrong with ten goes wrong with four, and sooner.
    let count = if dice.once_in(5) { 6 + dice.throw(5) } else { 4 };
    let mut documents: Vec<Document> = (0..count).map(|index| document(dice, index, None, kinds)).collect();
    for index in 0..count {
        let first = documents[usize::try_from(index).expect("small")].clone();
        match dice.throw(8) {
            // The same bytes again: the same answer.
            0 => documents.push(first),
            // Another document under a number that is used: the later of the two is refused.
            1 => documents.push(document(dice, 50 + index, Some(&first), kinds)),
            2 if debits::account_of(&first).is_some() => documents.push(credit_note(20 + index, &first)),
            _ => {}
        }
    }
    documents
}

/// A credit note that takes something off an invoice.
fn credit_note(index: u64, of: &Document) -> Document {
    let wishes = Wishes {
        email: Some(format!("kari+{index}@kunde.example")),
        is_credit_note: true,
        credits: Some(of.number.clone()),
        ..Wishes::in_order(&["email"], today())
    };
    wishes.document(of.company, format!("{}", 7000 + index), index)
}

fn document(dice: &mut Dice, index: u64, as_another: Option<&Document>, kinds: Kinds) -> Document {
    let (company, number) = match as_another {
        Some(first) => (first.company, first.number.clone()),
        None => (dice.pick(&COMPANIES).0, format!("{}", 7000 + index)),
    };
    let mail = dice.pick(&MAIL);
    let nature = &CONSUMERS[usize::try_from(dice.throw(CONSUMERS.len() as u64 * 2)).expect("small") % CONSUMERS.len()];
    // Half of them are the first: who takes every bill.
    let nature = if dice.once_in(3) { &CONSUMERS[0] } else { nature };
    let wishes = Wishes {
        email: (!dice.once_in(8)).then(|| format!("{mail}+efaktura={}+{index}@kunde.example", nature.name)),
        print: dice.pick::<&str>(&PRINT),
        order: dice.pick::<&[&str]>(&ORDERS),
        // An invoice and a credit note may have the same number.
        is_credit_note: as_another.map_or(dice.once_in(6), |first| first.is_credit_note),
        has_picture: !dice.once_in(8),
        today: today(),
        due_in_days: *dice.pick(&[-3, 2, 5, 9, 14, 21, 21, 21, 40]),
        identity: dice.once_in(4).then(|| Consumer { nature: nature.persona, serial: 0 }.identity_number()),
        efaktura_identifier: None,
        is_consumer: !dice.once_in(6),
        paid_to: None,
        credits: None,
    };
    let is_claimed = match as_another {
        Some(first) => debits::account_of(first).is_some(),
        None => kinds == Kinds::WithDebits && !wishes.is_credit_note && !dice.once_in(8),
    };
    let wishes = if is_claimed { claimed(dice, wishes, company, index) } else { wishes };
    wishes.document(company, number, index)
}

/// The same document as one that can be claimed: to a consumer, and without the sender's own picture, so that no letter but a
/// notice has a cover sheet.
fn claimed(dice: &mut Dice, wishes: Wishes, company: &str, index: u64) -> Wishes {
    let Debit { paid_to, due_in_days } = debits::debit(dice, company, index);
    let order = dice.pick::<&[&str]>(&WITH_DEBIT);
    Wishes { order, is_consumer: true, has_picture: false, due_in_days, paid_to: Some(paid_to), ..wishes }
}
