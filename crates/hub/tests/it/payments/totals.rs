//! Lines of statements that other files tell apart: accounted for by the whole of their payments, in whatever order, and by nothing else.

use kvitt_hub::actions::place_payments::Placed;

use super::files::{Entry, camt, ocr, paid};
use super::{Books, each_book};

const FIRST: &str = "123456782";
const SECOND: &str = "200000006";
const TOTAL: Entry = Entry { reference: "B1", is_credit: true, is_reversal: false, minor: 1500, details: &[] };
const PARTS: Entry = Entry { details: &[(FIRST, 1000), (SECOND, 500)], ..TOTAL };
const SOME: Entry = Entry { minor: 1000, details: &[(FIRST, 1000)], ..TOTAL };

/// A statement whose line is not told apart and does not say of how many payments it is.
fn line(message: &str) -> String {
    camt(53, message, &[TOTAL]).replace("<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch></NtryDtls>", "")
}

/// A bank that has no reference for its lines.
fn without_reference(xml: String) -> String {
    xml.replace("<AcctSvcrRef>B1</AcctSvcrRef>", "<AcctSvcrRef>NOTPROVIDED</AcctSvcrRef>")
}

/// What the payments come to in the end, by state: how many, and øre. Whatever the order, the invoices are paid.
async fn check(what: &str, files: &[String], expected: &[(&str, i64, i64)]) {
    let backwards: Vec<String> = files.iter().rev().cloned().collect();
    for files in [files, &backwards] {
        each_book(async |books: &Books| {
            books.invoice("1001", FIRST, 1000).await;
            books.invoice("1002", SECOND, 500).await;
            let mut placed = Placed::default();
            for file in files {
                placed = placed.and(books.placed(file).await);
            }
            let sums = books.sums().await;
            let shown: Vec<(&str, i64, i64)> = sums.iter().map(|sum| (sum.state.as_str(), sum.count, sum.minor)).collect();
            assert_eq!(shown, expected, "{what}");
            assert_eq!((books.stands("1001").await.1, books.stands("1002").await.1), (0, 0), "{what}");
            assert_eq!(placed.total(), sums.iter().map(|sum| u64::try_from(sum.count).unwrap()).sum::<u64>() + placed.known);
        })
        .await;
    }
}

#[tokio::test]
async fn a_line_is_accounted_for_by_the_whole_of_its_payments() {
    let told = || ocr(1, &[paid(FIRST, 1000), paid(SECOND, 500)]);
    let all = [("matched", 2, 1500), ("told_twice", 1, 1500)];
    check("a total and its parts", &[camt(53, "S1", &[TOTAL]), camt(54, "N1", &[PARTS])], &all).await;
    check("a line and its parts", &[line("S1"), camt(54, "N1", &[PARTS])], &all).await;
    check("a total and OCR giro", &[camt(53, "S1", &[TOTAL]), told()], &all).await;
    check("a line and OCR giro", &[line("S1"), told()], &all).await;
    check("a line without a reference and OCR giro", &[without_reference(line("S1")), told()], &all).await;
    // Parts that OCR giro told of account for it too, in whatever order.
    let twice = [("matched", 2, 1500), ("told_twice", 3, 3000)];
    check("all three", &[told(), camt(54, "N1", &[PARTS]), camt(53, "S1", &[TOTAL])], &twice).await;
    check("all three, otherwise", &[told(), camt(53, "S1", &[TOTAL]), camt(54, "N1", &[PARTS])], &twice).await;
}

#[tokio::test]
async fn a_line_is_accounted_for_by_nothing_less() {
    let told = || ocr(1, &[paid(FIRST, 1000), paid(SECOND, 500)]);
    let some = ocr(2, &[paid(SECOND, 500)]).replace("171126", "181126");
    // Of the line's payments one is here, and the other came in another way.
    check(
        "one part of two",
        &[camt(53, "S1", &[TOTAL]), camt(54, "N1", &[SOME]), some],
        &[("matched", 2, 1500), ("parked", 1, 1500)],
    )
    .await;
    check(
        "two parts of three",
        &[camt(53, "S1", &[Entry { minor: 1800, ..TOTAL }]), camt(54, "N1", &[PARTS])],
        &[("matched", 2, 1500), ("parked", 1, 1800)],
    )
    .await;
    // References that say nothing do not make one line of two.
    let other = without_reference(camt(53, "S2", &[Entry { minor: 700, ..TOTAL }]));
    check("no reference", &[without_reference(camt(54, "N1", &[PARTS])), other], &[("matched", 2, 1500), ("parked", 1, 700)])
        .await;
    // What OCR giro told accounts for one line: a second one is other money.
    let second = Entry { reference: "B2", ..TOTAL };
    check(
        "two lines of one amount",
        &[told(), camt(53, "S1", &[TOTAL, second])],
        &[("matched", 2, 1500), ("parked", 1, 1500), ("told_twice", 1, 1500)],
    )
    .await;
    check(
        "a line that is told apart, and another",
        &[told(), camt(54, "N1", &[PARTS]), camt(53, "S1", &[second])],
        &[("matched", 2, 1500), ("parked", 1, 1500), ("told_twice", 2, 1500)],
    )
    .await;
}

/// What accounted for one line, in whatever sum, is used up.
#[tokio::test]
async fn what_ocr_giro_told_accounts_for_one_line_only() {
    let (first, second) = (ocr(1, &[paid(FIRST, 1000)]), ocr(2, &[paid(SECOND, 500)]));
    let other = Entry { reference: "B2", ..TOTAL };
    check(
        "two files together, and a line like the first of them",
        &[first.clone(), second.clone(), camt(53, "S1", &[TOTAL, Entry { minor: 1000, ..other }])],
        &[("matched", 2, 1500), ("parked", 1, 1000), ("told_twice", 1, 1500)],
    )
    .await;
    check(
        "two files, each for its line",
        &[first.clone(), second.clone(), camt(53, "S1", &[Entry { minor: 500, ..TOTAL }, Entry { minor: 1000, ..other }])],
        &[("matched", 2, 1500), ("told_twice", 2, 1500)],
    )
    .await;
    let alone = without_reference(camt(54, "N1", &[SOME]));
    check(
        "a payment without a reference of its line, and another line",
        &[first, second.replace("171126", "181126"), alone, camt(53, "S1", &[Entry { minor: 1000, ..other }])],
        &[("matched", 2, 1500), ("parked", 1, 1000), ("told_twice", 1, 1000)],
    )
    .await;
    // A line that its own parts account for uses nothing else up.
    let more = ocr(2, &[paid("", 1500)]);
    check(
        "a line that is told apart, and another of other money",
        &[ocr(1, &[paid(FIRST, 1000), paid(SECOND, 500)]), camt(54, "N1", &[PARTS]), more, camt(53, "S1", &[TOTAL, other])],
        &[("matched", 2, 1500), ("parked", 1, 1500), ("told_twice", 4, 4500)],
    )
    .await;
}

/// A file of the day that comes after a line was accounted for frees nothing.
#[tokio::test]
async fn what_is_used_up_stays_so_when_more_comes() {
    each_book(async |books: &Books| {
        books.placed(&ocr(1, &[paid(FIRST, 1000)])).await;
        books.placed(&ocr(2, &[paid(SECOND, 500)])).await;
        assert_eq!(books.placed(&camt(53, "S1", &[TOTAL])).await.told_twice, 1);
        books.placed(&ocr(3, &[paid("", 70)])).await;
        let lines = [Entry { reference: "B2", minor: 1000, ..TOTAL }, Entry { reference: "B3", minor: 70, ..TOTAL }];
        let placed = books.placed(&camt(53, "S2", &lines)).await;
        assert_eq!((placed.parked, placed.told_twice), (1, 1));
    })
    .await;
}
