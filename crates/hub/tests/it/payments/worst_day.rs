//! 17 to 20 May 2024: a bank's data centre registered every direct debit of a day twice. Banks took one of the two back, many companies
//! refunded as well, and invoices ended unpaid. Here every case is listed with what could be done about it, and nothing is claimed
//! again by itself.

use std::collections::BTreeMap;

use kvitt_domain::collection::Event;
use kvitt_hub::actions::move_collection::{Move, move_collection};
use kvitt_hub::actions::show_payments::cases;

use super::files::{DAY, Entry, Ocr, camt, debited, ocr, reversed};
use super::{Books, each_book};
use crate::sample;

/// The account that is debited, and that refunds go to.
const PAYER: &str = "99990512341";
/// KIDs of the day's claims: each debited twice.
const KIDS: [&str; 5] = ["123456782", "200000006", "300000004", "400000002", "500000000"];

async fn claim_all(books: &Books) {
    for (index, kid) in KIDS.into_iter().enumerate() {
        let number = format!("100{index}");
        books.invoice(&number, kid, 1000).await;
        let us = books.us.clone();
        let claimed = books.hub.write(move |tx| {
            let (us, number) = (us.clone(), number.clone());
            Box::pin(async move {
                let event = Event::Claimed { attempt: sample::attempt(index as u128 + 1), due_on: DAY };
                move_collection(tx, Move { company: &us, invoice: &number, now: 0 }, event).await.map(|_| ())
            })
        });
        claimed.await.unwrap();
    }
}

/// Every case and its proposal, by invoice number.
async fn listed(books: &Books, settled_too: bool) -> BTreeMap<String, &'static str> {
    let (found, next) = cases(&books.hub, &books.us, settled_too, "", 100).await.unwrap();
    assert_eq!(next, None);
    found.into_iter().map(|case| (case.number, case.money.proposal.name())).collect()
}

#[tokio::test]
async fn every_case_of_the_worst_day_is_listed_with_what_could_be_done() {
    each_book(async |books| {
        claim_all(books).await;
        let debited = |kid| Ocr { payer: PAYER, ..debited(kid, 1000) };
        let twice: Vec<Ocr> = KIDS.into_iter().flat_map(|kid| [debited(kid), debited(kid)]).collect();
        books.placed(&ocr(1, &twice)).await;
        let all = |name| (0..5).map(|index| (format!("100{index}"), name)).collect::<BTreeMap<_, _>>();
        assert_eq!(listed(books, false).await, all("ask_bank_then_refund"));

        // The bank takes one back of three, and by mistake both of one of these; the company refunds two.
        books
            .placed(&ocr(
                2,
                &[reversed(KIDS[0], 1000), reversed(KIDS[1], 1000), reversed(KIDS[2], 1000), reversed(KIDS[2], 1000)],
            ))
            .await;
        let out = |reference, details| Entry { reference, is_credit: false, is_reversal: false, minor: 1000, details };
        let refunds = camt(54, "N1", &[out("R1", &[("200000006", 1000)]), out("R2", &[("400000002", 1000)])]);
        let to = format!("<RltdPties><CdtrAcct><Id><Othr><Id>{PAYER}</Id></Othr></Id></CdtrAcct></RltdPties><RmtInf>");
        books.placed(&refunds.replace("<RmtInf>", &to)).await;

        assert_eq!(books.stands("1000").await, ("paid", 0));
        assert_eq!(books.stands("1001").await, ("reversed", 1000));
        assert_eq!(books.stands("1002").await, ("reversed", 1000));
        assert_eq!(books.stands("1003").await, ("paid", 0));
        assert_eq!(books.stands("1004").await, ("overpaid", -1000));
        let needs = [("1001", "ask_to_pay_again"), ("1002", "find_out_why"), ("1004", "ask_bank_then_refund")];
        assert_eq!(listed(books, false).await, needs.map(|(number, name)| (number.to_owned(), name)).into());
        // What is settled since is listed too, where it is asked for.
        let mut every = listed(books, true).await;
        assert_eq!((every.remove("1000"), every.remove("1003"), every.len()), (Some("nothing"), Some("nothing"), 3));

        // Nothing of it may be claimed again, and the books balance: what came in less what went out is what is settled.
        let mut settled = 0;
        for index in 0..5 {
            let money = books.money(&format!("100{index}")).await;
            assert!(money.may_be_claimed().is_err());
            settled += 1000 - money.left().minor();
        }
        let net: i64 = books.sums().await.iter().map(|sum| if sum.flow == "in" { sum.minor } else { -sum.minor }).sum();
        assert_eq!((settled, net), (10_000 - 4_000 - 2_000, settled));
    })
    .await;
}
