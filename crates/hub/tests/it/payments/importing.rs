//! What a file tells is placed once, whatever the file is called, however often it comes, and whichever rail tells of it.

use std::time::Duration;

use kvitt_domain::mandate::MandateStatus;
use kvitt_hub::Config;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::actions::import_bank_file::read_unfinished;
use kvitt_hub::actions::match_payment::{Decision, decide};
use kvitt_hub::actions::place_payments::Placed;
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::error::Error;
use kvitt_hub::store::bank_account::{BankAccountSettings, Counts};
use kvitt_hub::store::company::Company;
use kvitt_hub::store::{bank_file, mandate, payment};

use super::files::{ACCOUNT, DAY, Entry, Ocr, camt, debited, mandates, ocr, ocr_assigned_twice, ocr_of, paid, reversed};
use super::{Books, each_book};

const FIRST: &str = "123456782";
const SECOND: &str = "200000006";

#[tokio::test]
async fn payments_are_placed_by_account_and_kid() {
    each_book(async |books| {
        for (number, kid) in [("1001", FIRST), ("1002", SECOND), ("1003", "300000004"), ("1004", "400000002")] {
            books.invoice(number, kid, 1000).await;
        }
        let placed = books
            .placed(&ocr(
                1,
                &[debited(FIRST, 1000), paid(SECOND, 400), paid("300000004", 1500), paid("123456783", 7), paid("", 8)],
            ))
            .await;
        assert_eq!(placed, Placed { matched: 3, parked: 2, ..Placed::default() });
        assert_eq!(books.stands("1001").await, ("paid", 0));
        assert_eq!(books.stands("1002").await, ("part_paid", 600));
        assert_eq!(books.stands("1003").await, ("overpaid", -500));
        assert_eq!(books.stands("1004").await, ("open", 1000));
        assert_eq!(books.told("1001").await, ["collection.debited"]);
        assert_eq!(books.told("1003").await, ["collection.paid", "person.told"]);
        books.placed(&ocr(2, &[reversed(FIRST, 1000), paid(SECOND, 600)])).await;
        assert_eq!(books.stands("1001").await, ("reversed", 1000));
        assert_eq!(books.stands("1002").await, ("paid", 0));
    })
    .await;
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        let file = ocr(1, &[paid(FIRST, 1000), paid("", 5)]);
        let first = books.import(&file).await.unwrap();
        let again = books.import(&file).await.unwrap();
        assert!(!first.again && again.again);
        assert_eq!(first.report, again.report);
        assert_eq!(books.stands("1001").await, ("paid", 0));
        // The same transmission in another file: other bytes, the same transactions.
        let placed = books.placed(&format!("{file}\r\n")).await;
        assert_eq!(placed, Placed { known: 2, ..Placed::default() });
        assert_eq!(books.stands("1001").await, ("paid", 0));
        assert_eq!(books.sums().await.iter().map(|sum| sum.count).sum::<i64>(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_the_bank_really_did_twice_is_seen_twice() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        // In one transmission, and in another on the same day.
        assert_eq!(books.placed(&ocr(1, &[debited(FIRST, 1000), debited(FIRST, 1000)])).await.matched, 2);
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
        assert_eq!(books.placed(&ocr(2, &[debited(FIRST, 1000)])).await.matched, 1);
        assert_eq!(books.stands("1001").await, ("overpaid", -2000));
    })
    .await;
}

/// A data centre that registers everything twice may do so under one number: control sums count both, and so does the bank.
#[tokio::test]
async fn two_debits_under_one_number_are_two() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        let first = ocr(1, &[debited(FIRST, 1000), debited(FIRST, 1000), paid(SECOND, 5)]);
        let file = first.replace("NY0915300000002", "NY0915300000001").replace("NY0915310000002", "NY0915310000001");
        assert_ne!(file, first);
        assert_eq!(books.placed(&file).await, Placed { matched: 2, parked: 1, ..Placed::default() });
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
        // The same transmission in other bytes is the same two.
        assert_eq!(books.placed(&format!("{file}\r\n")).await, Placed { known: 3, ..Placed::default() });
        // The same assignment twice in one transmission; the transmission twice in one file is told again and not done again.
        let doubled = ocr_assigned_twice(2, &[debited(FIRST, 1000)]);
        assert_eq!(books.placed(&doubled).await.matched, 2);
        assert_eq!(books.placed(&format!("{doubled}{doubled}")).await.known, 4);
        assert_eq!(books.stands("1001").await, ("overpaid", -3000));
    })
    .await;
}

const IN: Entry = Entry { reference: "A1", is_credit: true, is_reversal: false, minor: 1000, details: &[(FIRST, 1000)] };

#[tokio::test]
async fn two_rails_that_tell_of_one_payment_count_once() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(&ocr(1, &[paid(FIRST, 1000)])).await.matched, 1);
        // The notification and the statement share the bank's reference.
        assert_eq!(books.placed(&camt(54, "N1", &[IN])).await.told_twice, 1);
        assert_eq!(books.placed(&camt(53, "S1", &[IN])).await.known, 1);
        assert_eq!(books.stands("1001").await, ("paid", 0));
        // A second one on one rail is a second payment, and the other rail tells of that one too.
        let second = Entry { reference: "A2", ..IN };
        assert_eq!(books.placed(&camt(54, "N2", &[second])).await.matched, 1);
        assert_eq!(books.placed(&ocr(2, &[paid(FIRST, 1000)])).await.told_twice, 1);
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
    })
    .await;
}

#[tokio::test]
async fn only_the_rail_that_counts_is_counted() {
    each_book(async |books| {
        let settings = BankAccountSettings { counts: Counts::Camt, ..BankAccountSettings::default() };
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(&ocr(1, &[paid(FIRST, 1000)])).await.told_twice, 1);
        assert_eq!(books.stands("1001").await, ("open", 1000));
        assert_eq!(
            books.placed(&camt(54, "N1", &[Entry { reference: "B1", minor: 900, details: &[(FIRST, 900)], ..IN }])).await.matched,
            1
        );
        assert_eq!(books.stands("1001").await, ("part_paid", 100));
        // The very payment that the other rail told of before.
        books.invoice("1002", SECOND, 1000).await;
        assert_eq!(books.placed(&ocr(2, &[paid(SECOND, 1000)])).await.told_twice, 1);
        let same = Entry { reference: "B2", details: &[(SECOND, 1000)], ..IN };
        assert_eq!(books.placed(&camt(54, "N2", &[same])).await.matched, 1);
        assert_eq!(books.stands("1002").await, ("paid", 0));
    })
    .await;
}

/// From one day to the next another rail counts: what was counted before is told again, and is no second payment.
#[tokio::test]
async fn what_was_counted_before_another_rail_counts_is_not_counted_again() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(&camt(54, "N1", &[IN])).await.matched, 1);
        let settings = BankAccountSettings { counts: Counts::Ocr, ..BankAccountSettings::default() };
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
        assert_eq!(books.placed(&ocr(1, &[paid(FIRST, 1000)])).await.told_twice, 1);
        assert_eq!(books.stands("1001").await, ("paid", 0));
        assert_eq!(books.placed(&ocr(2, &[paid(FIRST, 1000)])).await.matched, 1, "a second one");
    })
    .await;
}

/// Where OCR giro does not count, what it tells of is matched with nothing: a sum waits for the payments that are.
#[tokio::test]
async fn a_sum_is_not_accounted_for_by_what_does_not_count() {
    const SUM: Entry = Entry { reference: "B1", details: &[], ..IN };
    const PARTS: Entry = Entry { details: &[(FIRST, 1000)], ..SUM };
    each_book(async |books| {
        let settings = BankAccountSettings { counts: Counts::Camt, ..BankAccountSettings::default() };
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&ocr(1, &[paid(FIRST, 1000)])).await;
        assert_eq!(books.placed(&camt(53, "S1", &[SUM])).await.parked, 1);
        assert_eq!(books.placed(&camt(54, "N1", &[PARTS])).await.matched, 1);
        let sums = books.sums().await;
        let shown: Vec<(&str, i64)> = sums.iter().map(|sum| (sum.state.as_str(), sum.count)).collect();
        assert_eq!(shown, [("matched", 1), ("told_twice", 2)]);
    })
    .await;
}

/// OCR giro has neither transfers without a KID nor refunds nor sums: camt alone tells of them.
#[tokio::test]
async fn the_rail_that_does_not_count_still_tells_what_the_other_cannot() {
    const TRANSFER: Entry = Entry { reference: "T1", details: &[("", 700)], minor: 700, ..IN };
    const REFUND: Entry = Entry { reference: "O1", is_credit: false, ..IN };
    const SUM: Entry = Entry { reference: "B1", minor: 400, details: &[], ..IN };
    const TAKEN: Entry = Entry { reference: "R1", is_credit: false, is_reversal: true, ..IN };
    each_book(async |books| {
        let settings = BankAccountSettings { counts: Counts::Ocr, ..BankAccountSettings::default() };
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&ocr(1, &[paid(FIRST, 1000), paid(FIRST, 1000)])).await;
        let placed = books.placed(&camt(54, "N1", &[IN, TRANSFER, REFUND, SUM])).await;
        assert_eq!(placed, Placed { matched: 1, parked: 2, told_twice: 1, ..Placed::default() });
        assert_eq!(books.stands("1001").await, ("paid", 0), "the refund counts");
        // OCR giro tells of what was taken back too, but perhaps on another day.
        assert_eq!(books.placed(&camt(54, "N2", &[TAKEN])).await.parked, 1);
        assert_eq!(books.stands("1001").await, ("paid", 0));
    })
    .await;
}

/// A customer pays by a form that OCR giro carries, and the same again by one that camt alone tells of.
#[tokio::test]
async fn what_was_taken_for_told_twice_can_be_placed_by_a_person() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&ocr(1, &[paid(FIRST, 1000)])).await;
        assert_eq!(books.placed(&camt(54, "N1", &[IN])).await.told_twice, 1);
        let (hub, us) = (&books.hub, &books.us);
        let known =
            payment::in_state(&mut hub.db().read().await.unwrap(), &us.id, &us.key, "told_twice", (0, ""), 9).await.unwrap();
        decide(hub, us, &known[0].id, Decision::Match { invoice: "1001".into() }, "Kari").await.unwrap();
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
    })
    .await;
}

#[tokio::test]
async fn money_that_goes_out_is_a_refund_only_with_the_kid_of_an_invoice() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&ocr(1, &[paid(FIRST, 1000), paid(FIRST, 1000)])).await;
        let out = |reference, details| Entry { reference, is_credit: false, is_reversal: false, minor: 1000, details };
        let placed = books.placed(&camt(54, "N1", &[out("O1", &[(FIRST, 1000)]), out("O2", &[("", 1000)])])).await;
        assert_eq!(placed, Placed { matched: 1, no_concern: 1, ..Placed::default() });
        assert_eq!(books.stands("1001").await, ("paid", 0));
        // The refund came back: the account is closed.
        let back = Entry { reference: "O3", is_reversal: true, ..IN };
        assert_eq!(books.placed(&camt(54, "N2", &[back])).await.matched, 1);
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
    })
    .await;
}

/// The KID of what goes out is the payee's, whose digits may be those of an invoice of ours.
#[tokio::test]
async fn what_is_paid_to_a_supplier_is_no_refund() {
    const PAYER: &str = "99990512341";
    const OUT: Entry = Entry { reference: "O1", is_credit: false, is_reversal: false, minor: 750, details: &[(FIRST, 750)] };
    let to = |account: &str| {
        let party = format!("<RltdPties><CdtrAcct><Id><Othr><Id>{account}</Id></Othr></Id></CdtrAcct></RltdPties><RmtInf>");
        camt(53, "S1", &[OUT]).replace("<RmtInf>", &party)
    };
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(&to("99991042764")).await.parked, 1);
        assert_eq!(books.stands("1001").await, ("open", 1000));
    })
    .await;
    for (account, matched, stands) in [("99991042764", 0, ("paid", 0)), (PAYER, 1, ("reversed", 750))] {
        each_book(async |books| {
            books.invoice("1001", FIRST, 1000).await;
            books.placed(&ocr(1, &[Ocr { payer: PAYER, ..paid(FIRST, 1000) }])).await;
            assert_eq!(books.placed(&to(account)).await.matched, matched, "{account}");
            assert_eq!(books.stands("1001").await, stands, "{account}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_kid_of_several_invoices_places_only_what_is_exactly_asked_for() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.invoice("1002", FIRST, 1000).await;
        books.invoice("1003", FIRST, 300).await;
        let file = ocr(
            1,
            &[paid(FIRST, 300), paid(FIRST, 1000), paid(FIRST, 999), paid(FIRST, 1000), paid(FIRST, 1000), reversed(FIRST, 300)],
        );
        assert_eq!(books.placed(&file).await, Placed { matched: 3, parked: 3, ..Placed::default() });
        for number in ["1001", "1002", "1003"] {
            assert_eq!(books.stands(number).await, ("paid", 0), "{number}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_that_does_not_add_up_is_refused_and_nothing_of_it_is_kept() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        let file = ocr(1, &[paid(FIRST, 1000)]).replace("NY09008800000001", "NY09008800000002");
        let Err(Error::Refused(faults)) = books.import(&file).await else { panic!("it was taken") };
        assert!(faults.iter().any(|fault| fault.code.name() == "bank.count"), "{faults:?}");
        assert_eq!(books.stands("1001").await, ("open", 1000));
        assert!(bank_file::list(&mut books.hub.db().read().await.unwrap(), bank_file::HOUSE).await.unwrap().is_empty());
        let Err(Error::Refused(faults)) = books.import("hello").await else { panic!("it was taken") };
        assert_eq!(faults.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn payments_of_nobody_wait_until_the_account_has_an_owner() {
    const THEIRS: &str = "99991042764";
    each_book(async |books| {
        let file = ocr_of(THEIRS, DAY, 1, &[paid(FIRST, 1000), paid("", 3)]);
        let imported = books.import(&file).await.unwrap();
        assert_eq!((imported.report.accounts[0].company.clone(), imported.report.accounts[0].payments), (None, 2));
        let files = bank_file::list(&mut books.hub.db().read().await.unwrap(), bank_file::HOUSE).await.unwrap();
        assert_eq!((files[0].ownerless, files[0].is_read), (2, true));
        set_bank_account(&books.hub, &books.other, THEIRS, BankAccountSettings::default()).await.unwrap();
        let mut db = books.hub.db().read().await.unwrap();
        let sums = payment::sums(&mut db, &books.other.id).await.unwrap();
        assert_eq!(sums.iter().map(|sum| (sum.state.as_str(), sum.count, sum.minor)).collect::<Vec<_>>(), [("parked", 2, 1003)]);
        assert_eq!(bank_file::list(&mut db, bank_file::HOUSE).await.unwrap()[0].ownerless, 0);
        drop(db);
        assert!(books.sums().await.is_empty(), "another company sees nothing of it");
        // An account has one owner.
        let taken = set_bank_account(&books.hub, &books.us, THEIRS, BankAccountSettings::default()).await.unwrap_err();
        assert!(matches!(taken, Error::Refused(faults) if faults[0].code.name() == "bank_account.taken"));
    })
    .await;
}

#[tokio::test]
async fn a_payment_keeps_its_lines_and_names_its_payer_to_nobody_else() {
    each_book(async |books| {
        let file = ocr(1, &[Ocr { payer: "99990512341", ..paid("", 1000) }]);
        books.placed(&file).await;
        let mut db = books.hub.db().read().await.unwrap();
        let stored = payment::in_state(&mut db, &books.us.id, &books.us.key, "parked", (0, ""), 9).await.unwrap().remove(0);
        assert_eq!(stored.payment.payer_account.as_deref(), Some("99990512341"));
        let lines: Vec<&str> = file.lines().skip(2).take(2).collect();
        assert_eq!(stored.payment.raw.lines().collect::<Vec<_>>(), lines);
        let plain: i64 = sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM payment WHERE payer_digest = '99990512341'")
            .fetch_one(&mut *db)
            .await
            .unwrap();
        assert_eq!(plain, 0);
    })
    .await;
}

/// The process dies after a first part of the payments is on disk: the file is read on, and each is counted once.
#[tokio::test]
async fn a_file_whose_reading_broke_off_is_read_on() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1_000_000).await;
        let many: Vec<Ocr> = (1..=250).map(|minor| paid(FIRST, minor)).collect();
        let file = ocr(1, &many);
        let (reached, mut reaches) = tokio::sync::mpsc::unbounded_channel();
        kvitt_hub::failpoint::hold(Some(Box::new(move |name| {
            let reached = reached.clone();
            Box::pin(async move {
                if name == "after_payments_placed" {
                    let _ = reached.send(());
                    std::future::pending::<()>().await;
                }
            })
        })));
        tokio::select! {
            imported = books.import(&file) => panic!("it was not held: {imported:?}"),
            _ = reaches.recv() => {}
        }
        kvitt_hub::failpoint::hold(None);
        assert_eq!(books.sums().await[0].count, 100);
        assert_eq!(read_unfinished(&books.hub).await.unwrap(), 1);
        assert_eq!(books.stands("1001").await, ("part_paid", 1_000_000 - 250 * 251 / 2));
        let again = books.import(&file).await.unwrap();
        assert!(again.again);
        assert_eq!(again.report.accounts[0].placed, Placed { matched: 250, ..Placed::default() });
        assert_eq!(read_unfinished(&books.hub).await.unwrap(), 0);
    })
    .await;
}

/// A hub with neither a folder nor a drop for files from banks reads on all the same: they came by hand.
#[tokio::test]
async fn a_hub_without_doors_reads_on_what_broke_off() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let books = Books::open(Config { listen, ..Config::default() }).await;
    books.invoice("1001", FIRST, 1000).await;
    let file = ocr(1, &[paid(FIRST, 1000)]);
    books.import(&file).await.unwrap();
    // As a process leaves it that died on the way, before anything was placed.
    let left = books.hub.write(|tx| {
        Box::pin(async move {
            for sql in ["UPDATE bank_file SET state = 'reading'", "DELETE FROM payment"] {
                sqlx::query(sql).execute(tx.db()).await?;
            }
            Ok(())
        })
    });
    left.await.unwrap();
    let (reached, mut reaches) = tokio::sync::mpsc::unbounded_channel();
    kvitt_hub::failpoint::hold(Some(Box::new(move |name| {
        let reached = reached.clone();
        Box::pin(async move {
            if name == "after_payments_placed" {
                let _ = reached.send(());
            }
        })
    })));
    let running = books.hub.start().await.unwrap();
    let patience = std::time::Duration::from_secs(60);
    tokio::time::timeout(patience, reaches.recv()).await.expect("nobody read on");
    kvitt_hub::failpoint::hold(None);
    running.stop().await;
    assert_eq!(books.sums().await[0].count, 1);
}

/// What somebody asks for while a file is read is not undone when its end is reached: that it lists all mandates, or an account of which
/// it told when nobody had it.
#[tokio::test]
async fn what_is_asked_of_a_file_while_it_is_read_is_done() {
    const THEIRS: &str = "99991042764";
    for asks_for_all in [true, false] {
        each_book(async |books| {
            // A mandate that the file does not name, an account of nobody, and a payment at which the reading is held.
            books.import(&mandates(9, &[(0, SECOND)])).await.unwrap();
            let of_nobody = ocr_of(THEIRS, DAY, 2, &[paid(FIRST, 1000)]);
            let file = format!("{of_nobody}{}{}", mandates(3, &[(0, FIRST)]), ocr(4, &[paid("", 3)]));
            let (reached, mut reaches) = tokio::sync::mpsc::unbounded_channel();
            let go = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
            let waits = go.clone();
            kvitt_hub::failpoint::hold(Some(Box::new(move |name| {
                let (reached, waits) = (reached.clone(), waits.clone());
                Box::pin(async move {
                    if name == "after_payments_placed" {
                        let _ = reached.send(());
                        waits.acquire().await.unwrap().forget();
                    }
                })
            })));
            let asking = async {
                reaches.recv().await.unwrap();
                if !asks_for_all {
                    set_bank_account(&books.hub, &books.other, THEIRS, BankAccountSettings::default()).await.unwrap();
                    go.add_permits(9);
                    return;
                }
                let noted = async {
                    loop {
                        let mut db = books.hub.db().read().await.unwrap();
                        let unfinished = bank_file::unfinished(&mut db, bank_file::HOUSE).await.unwrap();
                        if unfinished.iter().any(|file| file.covers == Covers::All) {
                            break;
                        }
                        drop(db);
                        tokio::task::yield_now().await;
                    }
                    go.add_permits(9);
                };
                tokio::join!(books.import_as(&file, Covers::All), noted).0.unwrap();
            };
            let (read, ()) = tokio::join!(books.import(&file), asking);
            kvitt_hub::failpoint::hold(None);
            read.unwrap();
            let mut db = books.hub.db().read().await.unwrap();
            let sums = payment::sums(&mut db, &books.other.id).await.unwrap();
            let sums: Vec<_> = sums.iter().map(|sum| (sum.count, sum.minor)).collect();
            assert_eq!(sums, if asks_for_all { vec![] } else { vec![(1, 1000)] });
            let (id, key) = (&books.us.id, &books.us.key);
            let active = mandate::of_account(&mut db, id, key, ACCOUNT, "", 9).await.unwrap();
            let active = active.into_iter().filter(|known| known.mandate.status == MandateStatus::Active).count();
            assert_eq!(active, if asks_for_all { 1 } else { 2 });
            assert!(bank_file::unfinished(&mut db, bank_file::HOUSE).await.unwrap().is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn credit_notes_take_off_the_invoice_that_they_name() {
    each_book(async |books: &Books| {
        books.invoice("1001", FIRST, 1000).await;
        books.credit_note("5001", 1000, &["1001"]).await;
        assert_eq!(books.stands("1001").await, ("credited", 0));
        // Paid all the same.
        books.placed(&ocr(1, &[paid(FIRST, 1000)])).await;
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
        // Before its invoice.
        books.credit_note("5002", 300, &["1002"]).await;
        assert_eq!(books.told("5002").await, ["person.told"]);
        books.invoice("1002", SECOND, 1000).await;
        assert_eq!(books.stands("1002").await, ("part_paid", 700));
        // Of no invoice, and of two.
        books.credit_note("5003", 300, &[]).await;
        books.credit_note("5004", 300, &["1001", "1002"]).await;
        assert_eq!(books.told("5004").await, ["person.told"]);
        assert_eq!(books.stands("1002").await, ("part_paid", 700));
    })
    .await;
}

#[tokio::test]
async fn mandates_go_to_the_company_of_the_account() {
    each_book(async |books| {
        let active = async || {
            let mut db = books.hub.db().read().await.unwrap();
            let (id, key) = (&books.us.id, &books.us.key);
            let all = mandate::of_account(&mut db, id, key, ACCOUNT, "", 9).await.unwrap();
            all.iter().filter(|known| known.mandate.status == MandateStatus::Active).count()
        };
        let file = mandates(1, &[(0, FIRST), (1, SECOND)]);
        let of = books.import(&file).await.unwrap().report.accounts[0].mandates;
        assert_eq!((of.records, of.new, active().await), (2, 2, 2));
        books.import(&mandates(2, &[(2, FIRST)])).await.unwrap();
        assert_eq!(active().await, 1);
        // The same file as a list of all, then another list that names one alone.
        books.import_as(&file, Covers::All).await.unwrap();
        assert_eq!(active().await, 2);
        let of = books.import_as(&mandates(3, &[(0, FIRST)]), Covers::All).await.unwrap().report.accounts[0].mandates;
        assert_eq!((of.withdrawn, active().await), (1, 1));
    })
    .await;
}

/// A file that also told of an account of nobody is read again when somebody gets that account: what it said of others is old by then.
#[tokio::test]
async fn a_file_that_is_read_again_does_not_undo_what_was_said_since() {
    const THEIRS: &str = "99991042764";
    each_book(async |books| {
        let active = async |of: &Company, account: &str| {
            let all =
                mandate::of_account(&mut books.hub.db().read().await.unwrap(), &of.id, &of.key, account, "", 9).await.unwrap();
            let active = all.into_iter().filter(|known| known.mandate.status == MandateStatus::Active);
            active.map(|known| known.mandate.kid).collect::<Vec<_>>()
        };
        let later = async || {
            let offset = books.hub.clock().offset() + Duration::from_secs(3600);
            books.hub.move_clock(offset).await.unwrap();
        };
        let theirs = |transmission, records| mandates(transmission, records).replace(ACCOUNT, THEIRS);
        // January: a list of all, with one that is withdrawn in February, when another is given.
        let january = format!("{}{}", mandates(1, &[(0, FIRST)]), theirs(2, &[(0, FIRST), (1, SECOND)]));
        books.import_as(&january, Covers::All).await.unwrap();
        later().await;
        books.import(&mandates(3, &[(2, FIRST), (1, SECOND)])).await.unwrap();
        books.import(&theirs(4, &[(2, FIRST)])).await.unwrap();
        assert_eq!(active(&books.us, ACCOUNT).await, [SECOND]);
        later().await;
        set_bank_account(&books.hub, &books.other, THEIRS, BankAccountSettings::default()).await.unwrap();
        assert_eq!(active(&books.us, ACCOUNT).await, [SECOND]);
        // Whoever has the account now hears both files in their order.
        assert_eq!(active(&books.other, THEIRS).await, [SECOND]);
    })
    .await;
}
