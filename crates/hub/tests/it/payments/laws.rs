//! Laws that hold for every set of payments, however it is cut into files, and in whatever order and how often these come.

use std::collections::BTreeMap;

use kvitt_hub::Config;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::Books;
use super::files::{Ocr, debited, ocr, paid, reversed};

/// KIDs of invoices of 1000 øre; the last two share one, the one after is nobody's.
const KIDS: [&str; 5] = ["123456782", "200000006", "300000004", "300000004", "400000002"];

/// One transaction: which KID, how much, which way.
fn transaction() -> impl Strategy<Value = Ocr> {
    (0_usize..=4, prop::sample::select(vec![1000_i64, 1000, 500, 1]), 0_u8..4).prop_map(|(which, minor, way)| {
        let kid = if which == 4 { "" } else { KIDS[which + usize::from(which == 3)] };
        match way {
            0 => debited(kid, minor),
            1 => reversed(kid, minor),
            _ => paid(kid, minor),
        }
    })
}

/// Files of transactions, and the order in which they come: some again.
fn files() -> impl Strategy<Value = (Vec<Vec<Ocr>>, Vec<usize>)> {
    prop::collection::vec(prop::collection::vec(transaction(), 1..6), 1..5).prop_flat_map(|files| {
        let order: Vec<usize> = (0..files.len()).chain(0..files.len()).collect();
        (Just(files), Just(order).prop_shuffle())
    })
}

/// What is left in the end: the money of every invoice and the sums of all payments.
async fn end(
    files: &[Vec<Ocr>],
    order: &[usize],
) -> (BTreeMap<String, (&'static str, i64)>, BTreeMap<String, (i64, i64)>, Vec<u64>) {
    let books = Books::open(Config::default()).await;
    for (index, kid) in KIDS[..4].iter().enumerate() {
        books.invoice(&format!("100{index}"), kid, 1000).await;
    }
    let mut totals = Vec::new();
    for index in order {
        let transmission = u32::try_from(*index).unwrap() + 1;
        totals.push(books.placed(&ocr(transmission, &files[*index])).await.total());
    }
    let mut money = BTreeMap::new();
    for index in 0..4 {
        let number = format!("100{index}");
        money.insert(number.clone(), books.stands(&number).await);
    }
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for sum in books.sums().await {
        let of = sums.entry(sum.state).or_default();
        *of = (of.0 + sum.count, of.1 + if sum.flow == "in" { sum.minor } else { -sum.minor });
    }
    books.hub.close().await;
    (money, sums, totals)
}

#[test]
fn neither_order_nor_repetition_of_files_changes_the_end() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() };
    let law = TestRunner::new(config).run(&files(), |(files, order)| {
        let once: Vec<usize> = (0..files.len()).collect();
        let (first, second) = runtime.block_on(async { (end(&files, &once).await, end(&files, &order).await) });
        prop_assert_eq!(&first.0, &second.0);
        prop_assert_eq!(&first.1, &second.1);
        // Every krone of the files is somewhere, once.
        let told: i64 = files.iter().flatten().map(|one| if one.code == 18 { -one.minor } else { one.minor }).sum();
        let kept: i64 = first.1.values().map(|(_, minor)| minor).sum();
        prop_assert_eq!(told, kept);
        let counts: Vec<u64> = files.iter().map(|file| file.len() as u64).collect();
        prop_assert_eq!(&first.2, &counts);
        // What is settled of the invoices is what was matched.
        let settled: i64 = first.0.values().map(|(_, left)| 1000 - left).sum();
        prop_assert_eq!(settled, first.1.get("matched").map_or(0, |(_, minor)| *minor));
        Ok(())
    });
    law.unwrap();
}
