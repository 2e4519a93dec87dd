//! The documents of a run: a handful of small UBL invoices and credit notes to people whom the counterparties treat badly, with
//! metadata beside them; some come twice, and some numbers come with another content.

use kvitt_sandbox::counterparties::mps::consumers::{CONSUMERS, Consumer};

use crate::dice::Dice;
use crate::documents::{COMPANIES, Document, Wishes};

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

/// The documents of a run.
pub fn documents(dice: &mut Dice) -> Vec<Document> {
    // Most runs are small: what goes wrong with ten goes wrong with four, and sooner.
    let count = if dice.once_in(5) { 6 + dice.throw(5) } else { 4 };
    let mut documents: Vec<Document> = (0..count).map(|index| document(dice, index, None)).collect();
    for index in 0..count {
        match dice.throw(8) {
            // The same bytes again: the same answer.
            0 => documents.push(documents[usize::try_from(index).expect("small")].clone()),
            // Another document under a number that is used: the later of the two is refused.
            1 => {
                let first = documents[usize::try_from(index).expect("small")].clone();
                documents.push(document(dice, 50 + index, Some(&first)));
            }
            _ => {}
        }
    }
    documents
}

fn document(dice: &mut Dice, index: u64, as_another: Option<&Document>) -> Document {
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
    };
    let (company, number) = match as_another {
        Some(first) => (first.company, first.number.clone()),
        None => (dice.pick(&COMPANIES).0, format!("{}", 7000 + index)),
    };
    wishes.document(company, number, index)
}
