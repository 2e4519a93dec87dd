//! Claims and the files that they travel in: two that the rail cannot tell apart are never both open, and no number is given twice.

use jiff::civil::date;
use kvitt_adapters::route::RouteSetup;
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::claim::Claim;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::{Amount, Currency};
use kvitt_hub::error::Result;
use kvitt_hub::store::claim::{self, ClosedFor};
use kvitt_hub::store::consignment::{self, Lane};
use kvitt_hub::store::{restore, series, transmission};
use serde_json::json;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

fn of(kid: &str, ore: i64) -> Claim {
    Claim {
        bank_account: "86011117947".into(),
        kid: kid.into(),
        due_on: date(2026, 11, 20),
        amount: Amount::new(ore, Currency::NOK),
        way: ClaimWay::File,
    }
}

async fn open(bench: &'static Bench, attempt: u128, claim: Claim) -> Result<()> {
    bench
        .write(move |tx| {
            let claim = claim.clone();
            Box::pin(async move { claim::insert(tx, &bench.a.id, sample::attempt(attempt), "i1", &claim, NOW).await })
        })
        .await
}

async fn close(bench: &'static Bench, attempt: u128, why: &'static str) -> bool {
    bench.write(move |tx| Box::pin(claim::close(tx, &bench.a.id, sample::attempt(attempt), why, NOW))).await.unwrap()
}

#[tokio::test]
async fn of_two_claims_that_are_alike_one_is_open() {
    each_database(async |bench| {
        open(bench, 1, of("123456782", 100)).await.unwrap();
        let alike = Claim { way: ClaimWay::Service, ..of("123456782", 100) };
        assert!(open(bench, 2, alike.clone()).await.unwrap_err().is_retryable(), "whatever their ways");
        open(bench, 2, of("123456782", 101)).await.unwrap();
        let mut db = bench.read().await;
        assert_eq!(claim::open_like(&mut db, &bench.a.id, &alike).await.unwrap().as_deref(), Some("i1"));
        drop(db);
        assert!(close(bench, 1, "claim.known_already").await);
        assert!(!close(bench, 1, "withdrawn").await, "it is closed once");
        let mut db = bench.read().await;
        assert_eq!(claim::open_like(&mut db, &bench.a.id, &alike).await.unwrap(), None);
        let found = claim::closed_for(&mut db, &bench.a.id, "claim.known_already", NOW).await.unwrap();
        assert_eq!(found, [ClosedFor { bank_account: "86011117947".into(), claims: 1, last_at: NOW }]);
        assert!(claim::closed_for(&mut db, &bench.a.id, "claim.known_already", NOW + 1).await.unwrap().is_empty());
        drop(db);
        open(bench, 3, alike).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_claim_comes_back_as_it_was() {
    each_database(async |bench| {
        open(bench, 1, of("123456782", 100)).await.unwrap();
        let found = async || claim::of_attempt(&mut *bench.read().await, &bench.a.id, sample::attempt(1)).await.unwrap().unwrap();
        let before = found().await;
        assert_eq!((before.claim, before.is_open, before.is_told), (of("123456782", 100), true, false));
        bench.write(move |tx| Box::pin(claim::note_told(tx, &bench.a.id, sample::attempt(1)))).await.unwrap();
        assert!(close(bench, 1, "withdrawn").await);
        let after = found().await;
        assert_eq!((after.is_open, after.is_told), (false, true));
    })
    .await;
}

/// A backup may be older than the first file of all.
#[tokio::test]
async fn numbers_leap_before_the_first_was_given() {
    each_database(async |bench| {
        bench.write(|tx| Box::pin(transmission::leap(tx, 100))).await.unwrap();
        let first = bench.write(move |tx| Box::pin(transmission::give(tx, &bench.a.id, "file"))).await.unwrap();
        assert_eq!(first, 101);
        let counters = ["avtalegiro", "email"].map(consignment::counter);
        let act = bench.write(move |tx| {
            let counters = counters.clone();
            Box::pin(async move {
                let given = consignment::next_number(tx, &bench.a.id, "email").await?;
                // The company's own invoices are numbered without a gap: theirs stays where it is.
                let invoice = series::take(tx, &bench.a.id, Numbered::Invoice, 10_001).await?;
                restore::leap(tx, &bench.a.id, &counters, 1_000).await?;
                assert_eq!((invoice, series::take(tx, &bench.a.id, Numbered::Invoice, 10_001).await?), (10_001, 10_002));
                let email = consignment::next_number(tx, &bench.a.id, "email").await?;
                Ok((given, email, consignment::next_number(tx, &bench.a.id, "avtalegiro").await?))
            })
        });
        assert_eq!(act.await.unwrap(), (1, 1_002, 1_001));
    })
    .await;
}

#[tokio::test]
async fn a_claim_is_open_for_its_invoice() {
    each_database(async |bench| {
        let is_open = async || claim::is_open_for(&mut *bench.read().await, &bench.a.id, "i1").await.unwrap();
        assert!(!is_open().await);
        open(bench, 1, of("123456782", 100)).await.unwrap();
        assert!(is_open().await);
        close(bench, 1, "withdrawn").await;
        assert!(!is_open().await);
    })
    .await;
}

#[tokio::test]
async fn files_are_numbered_for_the_house_and_lots_part_by_their_way() {
    each_database(async |bench| {
        let lanes = [ClaimWay::File, ClaimWay::Service].map(|way| Lane { route: "avtalegiro", lane: way.name() });
        for (lot, lane, company) in [("file", lanes[0], &bench.a), ("service", lanes[1], &bench.a), ("other", lanes[0], &bench.b)]
        {
            bench.write(move |tx| Box::pin(consignment::open(tx, &company.id, lot, lane, NOW))).await.unwrap();
            let found = bench.write(move |tx| Box::pin(consignment::open_lot(tx, &company.id, lane))).await.unwrap();
            assert_eq!(found.map(|(id, ..)| id).as_deref(), Some(lot));
        }
        let number = async |company: &'static str, lot: &'static str| {
            bench.write(move |tx| Box::pin(transmission::give(tx, company, lot))).await.unwrap()
        };
        let first = number(&bench.a.id, "file").await;
        assert_eq!(number(&bench.b.id, "other").await, first + 1, "a number is the house's");
        assert_eq!(number(&bench.a.id, "file").await, first + 2, "a cancellation has one of its own");
        bench.write(move |tx| Box::pin(transmission::leap(tx, 100))).await.unwrap();
        assert_eq!(number(&bench.b.id, "other").await, first + 103);
        let mut db = bench.read().await;
        assert_eq!(transmission::of_consignment(&mut db, &bench.a.id, "file").await.unwrap(), Some(first));
        let found = transmission::by_number(&mut db, first + 2).await.unwrap();
        assert_eq!(found, Some((bench.a.id.clone(), "file".to_owned())));
        drop(db);
        open(bench, 1, of("123456782", 100)).await.unwrap();
        bench
            .write(move |tx| {
                Box::pin(async move {
                    let (lot, members, version) = consignment::open_lot(tx, &bench.a.id, lanes[0]).await?.expect("it is open");
                    consignment::join(tx, &bench.a.id, &lot, members, version, sample::attempt(1)).await?;
                    consignment::close(tx, &bench.a.id, &lot, "avtalegiro", &RouteSetup(json!({})), NOW).await
                })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let named = |kid: &'static str, ore| (kid, ore);
        for ((kid, ore), expected) in
            [(named("123456782", 100), Some(sample::attempt(1))), (named("123456782", 101), None), (named("42", 100), None)]
        {
            let found = claim::in_consignment(&mut db, &bench.a.id, "file", kid, date(2026, 11, 20), ore).await.unwrap();
            assert_eq!(found, expected, "{kid} {ore}");
        }
    })
    .await;
}
