//! Reports: their sums are the documents' own, whatever days they are of and in however many pages they are read.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use kvitt_domain::collection::{Collection, Sums};
use kvitt_domain::invoice::{DocumentKind, Identifier, VatRate, VatSubtotal};
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::payment::Candidate;
use kvitt_domain::report::Days;
use kvitt_hub::store::invoice::StoredInvoice;
use kvitt_hub::store::report::{self, Aged, AgedOrder, Of};
use kvitt_hub::store::{Tx, collection};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

/// A document as the law makes it: day of November, kind, euro or not, customer, basis at 25 and 15 percent, and what was paid.
type Made = (i8, bool, bool, u8, i64, i64, i64);

fn document(number: usize, made: &Made) -> StoredInvoice {
    let (day, credits, euro, customer, high, low, _) = *made;
    let currency = if euro { Currency::parse("EUR").unwrap() } else { Currency::NOK };
    let amount = |minor: i64| Amount::new(minor, currency);
    let mut stored = sample::stored(&format!("i{number:04}"), &number.to_string());
    let invoice = &mut stored.body.invoice;
    invoice.kind = if credits { DocumentKind::CreditNote } else { DocumentKind::Invoice };
    invoice.issued_on = date(2026, 11, day);
    invoice.due_on = (!credits).then(|| date(2026, 11, day).checked_add(jiff::Span::new().days(14)).unwrap());
    invoice.currency = currency;
    invoice.buyer.name = format!("Kunde {customer}");
    invoice.buyer.identifiers = vec![Identifier { value: format!("1000{customer}"), scheme: None }];
    invoice.references.project = (customer == 1).then(|| "77".to_owned());
    let rate = |percent: i64| VatRate { category: "S".into(), percent: Some(Decimal::from(percent)) };
    let row = |basis: i64, percent: i64| VatSubtotal {
        taxable: amount(basis),
        tax: amount(basis * percent / 100),
        rate: rate(percent),
        exemption: None,
        exemption_code: None,
    };
    invoice.vat_breakdown =
        [(high, 25), (low, 15)].into_iter().filter(|(basis, _)| *basis > 0).map(|(basis, percent)| row(basis, percent)).collect();
    let vat: i64 = invoice.vat_breakdown.iter().map(|row| row.tax.minor()).sum();
    invoice.totals.without_vat = amount(high + low);
    invoice.totals.vat = Some(amount(vat));
    invoice.totals.with_vat = amount(high + low + vat);
    invoice.totals.payable = amount(high + low + vat);
    stored
}

async fn store(tx: &mut Tx<'_>, bench: &Bench, stored: &StoredInvoice, paid: i64) -> kvitt_hub::error::Result<()> {
    sample::accept(tx, &bench.a, stored).await?;
    let document = &stored.body.invoice;
    if document.kind == DocumentKind::CreditNote {
        return Ok(());
    }
    let new = Candidate {
        invoice: stored.id.clone(),
        number: document.number.clone(),
        kid: None,
        due_on: document.due_on,
        collection: Collection::new(document.totals.payable),
    };
    collection::insert(tx, &bench.a.id, &new, "", NOW).await?;
    let before = collection::of_invoice(tx.db(), &bench.a.id, &stored.id).await?.unwrap();
    let sums = Sums { received: paid.min(document.totals.payable.minor()), ..Sums::default() };
    collection::save(tx, &bench.a.id, &before, &Collection { sums, ..before.candidate.collection.clone() }, NOW).await
}

fn all(from: Date, to: Date) -> Of {
    Of { days: Days { from, to }, project: String::new(), customer: String::new() }
}

/// The law: what a report sums is what the documents state.
#[tokio::test]
async fn sums_are_those_of_the_documents() {
    let made = (1_i8..=28, any::<bool>(), any::<bool>(), 0_u8..4, 1_i64..900_000, 1_i64..900_000, 0_i64..1_000_000);
    let mut runner = TestRunner::deterministic();
    let made: Vec<Made> = prop::collection::vec(made, 60..61).new_tree(&mut runner).unwrap().current();
    let documents: Vec<(StoredInvoice, i64)> =
        made.iter().enumerate().map(|(number, one)| (document(number, one), one.6)).collect();
    let documents: &'static [(StoredInvoice, i64)] = Vec::leak(documents);
    each_database(async |bench| {
        bench
            .write(move |tx| {
                Box::pin(async move {
                    for (stored, paid) in documents {
                        store(tx, bench, stored, *paid).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        let db = &mut *bench.read().await;
        let id = bench.a.id.as_str();
        for (from, to) in [(1, 28), (7, 13), (28, 28), (1, 1)] {
            let of = all(date(2026, 11, from), date(2026, 11, to));
            let inside = || documents.iter().filter(|(stored, _)| (from..=to).contains(&stored.body.invoice.issued_on.day()));
            // Page by page every document is there once, in the order of days.
            let (mut seen, mut after) = (Vec::new(), (String::new(), String::new()));
            loop {
                let page = report::invoices(db, id, &of, (&after.0, &after.1), 7).await.unwrap();
                let Some(last) = page.last() else { break };
                after = (last.issued_on.clone(), last.id.clone());
                seen.extend(page);
            }
            assert_eq!(seen.len(), inside().count());
            assert!(seen.is_sorted_by(|one, next| (&one.issued_on, &one.id) < (&next.issued_on, &next.id)));
            let mut expected: BTreeMap<&str, [i64; 6]> = BTreeMap::new();
            let mut vat: BTreeMap<(&str, String), [i64; 2]> = BTreeMap::new();
            for (stored, paid) in inside() {
                let document = &stored.body.invoice;
                let sign = if document.kind == DocumentKind::CreditNote { -1 } else { 1 };
                let sums = expected.entry(document.currency.code()).or_default();
                let (paid, payable) = if sign < 0 {
                    (0, 0)
                } else {
                    (*paid.min(&document.totals.payable.minor()), document.totals.payable.minor())
                };
                let own = [
                    1,
                    sign * document.totals.without_vat.minor(),
                    sign * document.totals.vat.unwrap().minor(),
                    sign * document.totals.with_vat.minor(),
                    paid,
                    payable - paid,
                ];
                sums.iter_mut().zip(own).for_each(|(sum, more)| *sum += more);
                for row in &document.vat_breakdown {
                    let percent = row.rate.percent.unwrap().to_string();
                    let of_rate = vat.entry((document.currency.code(), percent)).or_default();
                    of_rate[0] += sign * row.taxable.minor();
                    of_rate[1] += sign * row.tax.minor();
                }
            }
            let found = report::invoice_sums(db, id, &of).await.unwrap();
            let found: BTreeMap<&str, [i64; 6]> = found
                .iter()
                .map(|one| {
                    let amounts = [one.net, one.vat, one.total, one.paid, one.left].map(Amount::minor);
                    (one.net.currency().code(), [one.count, amounts[0], amounts[1], amounts[2], amounts[3], amounts[4]])
                })
                .collect();
            assert_eq!(found, expected, "{from} to {to}");
            let of_rows = |of: fn(&report::Entry) -> Amount| -> i64 { seen.iter().map(|entry| of(entry).minor()).sum() };
            let summed = |place: usize| -> i64 { expected.values().map(|sums| sums[place]).sum() };
            assert_eq!(of_rows(|entry| entry.sums.net), summed(1));
            assert_eq!(of_rows(|entry| entry.sums.paid), summed(4));
            assert_eq!(of_rows(|entry| entry.sums.left), summed(5));
            let rates = report::vat(db, id, of.days).await.unwrap();
            for rate in &rates {
                assert_eq!(rate.code, if rate.percent == "25" { "3" } else { "31" });
                assert!(rate.sales.minor() >= 0 && rate.credited.minor() <= 0);
            }
            let found: BTreeMap<(&str, String), [i64; 2]> = rates
                .iter()
                .map(|rate| {
                    let basis = rate.sales.checked_add(rate.credited).unwrap().minor();
                    ((rate.sales.currency().code(), rate.percent.clone()), [basis, rate.vat.minor()])
                })
                .collect();
            assert_eq!(found, vat, "{from} to {to}");
            // What is owed by age is what is outstanding, whatever the day.
            if (from, to) == (1, 28) {
                ages_sum_up(db, id, &expected).await;
            }
        }
        filters(db, id, documents).await;
    })
    .await;
}

async fn ages_sum_up(db: &mut sqlx::AnyConnection, id: &str, expected: &BTreeMap<&str, [i64; 6]>) {
    for on in [date(2026, 11, 1), date(2026, 12, 1), date(2027, 2, 1), date(2027, 6, 1)] {
        for order in [AgedOrder::Largest, AgedOrder::ByCustomer] {
            let aged = Aged { on, ended_at: None, order, after: (String::new(), String::new()) };
            let debts = report::ageing(db, id, &aged, 1_000).await.unwrap();
            if order == AgedOrder::Largest {
                assert!(debts.is_sorted_by(|one, next| one.left.minor() >= next.left.minor()));
            }
            let mut found: BTreeMap<&str, i64> = BTreeMap::new();
            for debt in &debts {
                assert_eq!(debt.by_age.iter().map(|part| part.minor()).sum::<i64>(), debt.left.minor());
                *found.entry(debt.left.currency().code()).or_default() += debt.left.minor();
            }
            let owed: BTreeMap<&str, i64> =
                expected.iter().map(|(code, sums)| (*code, sums[5])).filter(|(_, left)| *left > 0).collect();
            assert_eq!(found, owed, "on {on}");
            // Of a day that is past payments are counted: there is no row of any, so that all of it was owed.
            let then = Aged { ended_at: Some(i64::MAX), ..aged };
            let debts = report::ageing(db, id, &then, 1_000).await.unwrap();
            let all: i64 = debts.iter().map(|debt| debt.left.minor()).sum();
            assert!(on < date(2026, 12, 1) || all >= owed.values().sum(), "on {on}");
            for debt in &debts {
                assert_eq!(debt.by_age.iter().map(|part| part.minor()).sum::<i64>(), debt.left.minor());
            }
        }
    }
}

async fn filters(db: &mut sqlx::AnyConnection, id: &str, documents: &[(StoredInvoice, i64)]) {
    let count = async |db: &mut sqlx::AnyConnection, project: &str, customer: &str| -> i64 {
        let of = Of { project: project.into(), customer: customer.into(), ..all(date(2026, 11, 1), date(2026, 11, 30)) };
        let sums = report::invoice_sums(db, id, &of).await.unwrap();
        let rows = report::invoices(db, id, &of, ("", ""), 1_000).await.unwrap();
        let counted = sums.iter().map(|one| one.count).sum();
        assert_eq!(i64::try_from(rows.len()).unwrap(), counted);
        counted
    };
    let of_first = documents.iter().filter(|(stored, _)| stored.body.invoice.buyer.name == "Kunde 1").count();
    let of_first = i64::try_from(of_first).unwrap();
    assert!(of_first > 0);
    for (project, customer, expected) in [
        ("77", "", of_first),
        ("", "10001", of_first),
        ("", "kunde1", of_first),
        ("77", "kunde2", 0),
        ("", "kund", 60),
        ("", "1000", 0),
        ("7", "", 0),
    ] {
        assert_eq!(count(db, project, customer).await, expected, "{project} {customer}");
    }
}

/// What asks for money and books nothing is in no sum, and VAT that is stated in kroner is counted in kroner.
#[tokio::test]
async fn what_books_nothing_is_no_sale_and_vat_is_accounted_in_kroner() {
    each_database(async |bench| {
        let mut pro_forma = document(1, &(3, false, false, 1, 100_000, 0, 0));
        pro_forma.body.invoice.type_code = "325".into();
        let mut foreign = document(2, &(3, false, true, 2, 100_000, 0, 0));
        foreign.body.invoice.totals.vat_in_tax_currency = Some(Amount::new(290_000, Currency::NOK));
        let both: &'static [StoredInvoice] = Vec::leak(vec![pro_forma, foreign]);
        bench
            .write(move |tx| {
                Box::pin(async move {
                    for stored in both {
                        store(tx, bench, stored, 0).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        let (db, id) = (&mut *bench.read().await, bench.a.id.as_str());
        let of = all(date(2026, 11, 1), date(2026, 11, 30));
        let rates = report::vat(db, id, of.days).await.unwrap();
        let shown: Vec<(&str, i64, i64)> =
            rates.iter().map(|rate| (rate.sales.currency().code(), rate.sales.minor(), rate.vat.minor())).collect();
        assert_eq!(shown, [("NOK", 1_160_000, 290_000)]);
        let sums = report::invoice_sums(db, id, &of).await.unwrap();
        let shown: Vec<(&str, i64, i64)> =
            sums.iter().map(|one| (one.net.currency().code(), one.count, one.total.minor())).collect();
        assert_eq!(shown, [("EUR", 1, 125_000), ("NOK", 1, 0)]);
    })
    .await;
}

/// One damaged row takes no report down: it is left out, and those after it are noted.
#[tokio::test]
async fn a_damaged_document_is_left_out() {
    each_database(async |bench| {
        let both: &'static [StoredInvoice] =
            Vec::leak(vec![document(1, &(3, false, false, 1, 100_000, 0, 0)), document(2, &(4, false, false, 1, 100_000, 0, 0))]);
        bench
            .write(move |tx| {
                Box::pin(async move {
                    for stored in both {
                        store(tx, bench, stored, 0).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        bench.meddle("UPDATE invoice SET net_minor = NULL").await;
        let other =
            "UPDATE invoice SET body = (SELECT o.body FROM invoice o WHERE o.invoice_id = 'i0002') WHERE invoice_id = 'i0001'";
        bench.meddle(other).await;
        let (db, id) = (&mut *bench.read().await, bench.a.id.as_str());
        let found = report::unnoted(db, id, &bench.a.key, "", 9).await.unwrap();
        let shown: Vec<(&str, bool)> = found.iter().map(|(id, document)| (id.as_str(), document.is_some())).collect();
        assert_eq!(shown, [("i0001", false), ("i0002", true)], "what is sealed for one row opens in no other");
        assert_eq!(report::unnoted(db, id, &bench.a.key, "i0001", 9).await.unwrap().len(), 1);
    })
    .await;
}

/// Documents that an older hub accepted are noted later, once, and then say the same.
#[tokio::test]
async fn what_was_not_noted_is_noted_later() {
    each_database(async |bench| {
        let stored: &'static StoredInvoice = Box::leak(Box::new(document(1, &(3, false, false, 1, 100_000, 0, 0))));
        bench.write(move |tx| Box::pin(store(tx, bench, stored, 0))).await.unwrap();
        bench.meddle("UPDATE invoice SET net_minor = NULL, vat_minor = NULL, customer = '', project = ''").await;
        bench.meddle("DELETE FROM invoice_vat").await;
        let id = bench.a.id.as_str();
        let found = report::unnoted(&mut *bench.read().await, id, &bench.a.key, "", 9).await.unwrap();
        assert_eq!(found.len(), 1);
        let document: &'static _ = Box::leak(Box::new(found[0].1.clone().unwrap()));
        for _ in 0..2 {
            bench.write(move |tx| Box::pin(report::note(tx, id, &stored.id, document))).await.unwrap();
        }
        let db = &mut *bench.read().await;
        assert!(report::unnoted(db, id, &bench.a.key, "", 9).await.unwrap().is_empty());
        let rates = report::vat(db, id, all(date(2026, 11, 1), date(2026, 11, 30)).days).await.unwrap();
        assert_eq!((rates.len(), rates[0].vat.minor(), rates[0].sales.minor()), (1, 25_000, 100_000));
        let of = Of { project: "77".into(), ..all(date(2026, 11, 3), date(2026, 11, 3)) };
        assert_eq!(report::invoices(db, id, &of, ("", ""), 9).await.unwrap().len(), 1);
    })
    .await;
}
