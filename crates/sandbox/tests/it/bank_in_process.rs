//! The bank without sockets, as a simulation uses it: made anew from its records it goes on alike, and no bytes make it panic.

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan};
use kvitt_sandbox::CUSTOMER_UNIT;
use kvitt_sandbox::counterparties::bank::accounts::Wanted;
use kvitt_sandbox::counterparties::bank::claims::Identity;
use kvitt_sandbox::counterparties::bank::day::ByHand;
use kvitt_sandbox::counterparties::bank::kid::{Modulus, Structure};
use kvitt_sandbox::counterparties::bank::{Answer, Bank, Record};

use crate::bank::{order, transmission};
use crate::claims::{ACCOUNT, kid};
use crate::mps::ISSUER;

fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2040-01-03T08:05:00Z".parse().unwrap();
    start.saturating_add(hours.hours()).unwrap()
}

fn anew(records: &[Record]) -> Bank {
    let mut bank = Bank::default();
    records.iter().for_each(|record| bank.remember(record.clone()));
    bank
}

fn agree(bank: &mut Bank, records: &mut Vec<Record>) {
    let structures = vec![Structure::new(15, "[1-6]", Modulus::Mod10).unwrap()];
    let wanted = Wanted { provider: CUSTOMER_UNIT, organisation: ISSUER, account: ACCOUNT, structures, takes_over: false };
    bank.make_agreement(wanted, at(0), records).unwrap();
}

/// One thing that happens at a bank; `n` counts the things.
fn step(bank: &mut Bank, n: u32) -> Answer {
    let now = at(i64::from(n) * 7);
    let customer = n * 7 % 31;
    let due = |days: i64| at(i64::from(n) * 7 + days * 24).strftime("%d%m%y").to_string();
    let mut records = Vec::new();
    match n % 5 {
        0 | 3 => {
            let (due, kid) = (due(8 + i64::from(n % 3)), kid(customer, n));
            let file = transmission(n, &[order(n, ACCOUNT, false, &[(1, &due, u64::from(n) * 100, &kid)])]);
            bank.take(file.as_bytes(), now)
        }
        1 => {
            let due_on = due(9);
            let due_on = format!("20{}-{}-{}", &due_on[4..], &due_on[2..4], &due_on[..2]).parse().unwrap();
            let identity = Identity { account: ACCOUNT.to_owned(), kid: kid(customer, n), minor: 500, due_on };
            bank.claim(format!("mps-{n}"), identity, CUSTOMER_UNIT, now, &mut records);
            Answer { records, ..Answer::default() }
        }
        2 => {
            let what = ByHand {
                account: ACCOUNT.to_owned(),
                kid: n.is_multiple_of(2).then(|| kid(customer, n)),
                minor: u64::from(n),
                text: None,
                payer: ACCOUNT.to_owned(),
            };
            bank.pay(what, now, &mut records);
            Answer { records, ..Answer::default() }
        }
        _ if n % 25 == 4 => {
            bank.worst_day(None, now, &mut records);
            Answer { records, ..Answer::default() }
        }
        _ => bank.work(now),
    }
}

#[test]
fn a_bank_that_is_made_anew_goes_on_alike() {
    let (mut bank, mut records) = (Bank::default(), Vec::new());
    agree(&mut bank, &mut records);
    let mut lines = Vec::new();
    for n in 1..=200 {
        let mut other = anew(&records);
        let answer = step(&mut bank, n);
        assert_eq!(answer, step(&mut other, n), "step {n}");
        lines.extend(answer.lines);
        records.extend(answer.records);
    }
    let debits: Vec<&str> = lines.iter().filter(|line| line.kind == "debit").map(|line| line.key.as_str()).collect();
    assert!(debits.len() > 30, "{}", debits.len());
    assert_eq!(debits.iter().collect::<HashSet<_>>().len(), debits.len());
    for kind in ["debit by mistake", "payment", "reversal"] {
        assert!(lines.iter().any(|line| line.kind == kind), "{kind}");
    }
}

#[test]
fn any_bytes_are_answered_by_the_bank() {
    let (mut bank, mut records) = (Bank::default(), Vec::new());
    agree(&mut bank, &mut records);
    let kids = [kid(42, 1), kid(43, 1)];
    let items = [(1, "090140", 100, kids[0].as_str()), (2, "100140", 200, &kids[1])];
    let good = transmission(1, &[order(1, ACCOUNT, false, &items), order(2, ACCOUNT, true, &items[..1])]);
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut spoilt = good.clone().into_bytes();
        for pair in bytes.chunks_exact(3) {
            let place = usize::from(pair[0]) * 256 + usize::from(pair[1]);
            let length = spoilt.len();
            spoilt[place % length] = pair[2];
        }
        for file in [bytes, &spoilt] {
            assert!(!anew(&records).take(file, at(2)).files.is_empty());
        }
    });
}
