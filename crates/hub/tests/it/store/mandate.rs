//! Mandates as they are stored: found by KID, by customer and by payer, with everything that they were.

use jiff::Timestamp;
use kvitt_domain::mandate::{KidReading, Mandate, MandateStatus};
use kvitt_hub::store::mandate::{self, Change, Source, StoredMandate};
use kvitt_hub::store::{Tx, agreement};

use super::agreement::{ACCOUNT, of_account};
use crate::databases::{Bench, NOW, each_database};

/// A KID of customer 42.
pub const KID: &str = "0000420000000018";
/// A payer's account, where a rail gives it.
pub const PAYER: &str = "99991042764";

/// What a bank file says of a mandate.
pub fn change(kid: &str, active: bool) -> Change {
    let status = if active { MandateStatus::Active } else { MandateStatus::Inactive };
    let reading = kid.get(..6).map(|customer| KidReading { length: 16, customer: customer.to_owned(), payment_type: None });
    let mandate = Mandate {
        kid: kid.to_owned(),
        bank_account: ACCOUNT.to_owned(),
        payer_account: Some(PAYER.to_owned()),
        wants_notice: true,
        status,
        updated_at: Timestamp::from_millisecond(NOW).unwrap(),
        reading,
    };
    Change { mandate, source: Source::File { digest: "d".into() } }
}

async fn put(bench: &'static Bench, kid: &'static str, active: bool) {
    bench
        .write(move |tx| {
            Box::pin(async move {
                let (id, key) = (bench.a.id.as_str(), &bench.a.key);
                let known = mandate::by_kid(tx.db(), id, key, ACCOUNT, kid).await?;
                mandate::put(tx, id, key, known.as_ref(), &change(kid, active), NOW).await
            })
        })
        .await
        .unwrap();
}

fn kids(found: &[StoredMandate]) -> Vec<&str> {
    found.iter().map(|stored| stored.mandate.kid.as_str()).collect()
}

#[tokio::test]
async fn a_mandate_is_found_by_whatever_names_it() {
    each_database(async |bench| {
        let (id, key) = (bench.a.id.as_str(), &bench.a.key);
        put(bench, KID, true).await;
        put(bench, "0000430000000017", true).await;
        let mut db = bench.read().await;
        let one = mandate::by_kid(&mut db, id, key, ACCOUNT, KID).await.unwrap().unwrap();
        assert_eq!((one.mandate, one.changes), (change(KID, true).mandate, 1));
        assert_eq!(mandate::by_kid(&mut db, id, key, "99991042764", KID).await.unwrap(), None);
        assert_eq!(kids(&mandate::of_customer(&mut db, id, key, ACCOUNT, "16:000042").await.unwrap()), [KID]);
        assert!(mandate::of_customer(&mut db, id, key, ACCOUNT, "20:000042").await.unwrap().is_empty());
        assert_eq!(mandate::of_payer(&mut db, id, key, PAYER).await.unwrap().len(), 2);
        assert_eq!(mandate::count(&mut db, id, ACCOUNT).await.unwrap(), [("active".to_owned(), 2)]);
        let first = mandate::page(&mut db, id, key, ("", ""), 1).await.unwrap();
        let after = mandate::cursor(key, &first[0].mandate);
        let second = mandate::page(&mut db, id, key, (ACCOUNT, &after), 9).await.unwrap();
        assert_eq!(mandate::of_account(&mut db, id, key, ACCOUNT, &after, 9).await.unwrap(), second);
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_ne!(kids(&first), kids(&second));
    })
    .await;
}

#[tokio::test]
async fn every_change_is_kept() {
    each_database(async |bench| {
        let (id, key) = (bench.a.id.as_str(), &bench.a.key);
        for active in [true, false, true] {
            put(bench, KID, active).await;
        }
        let history = mandate::history(&mut *bench.read().await, id, key, ACCOUNT, KID).await.unwrap();
        let was: Vec<(i64, bool)> = history.iter().map(|one| (one.number, one.change.mandate.is_active())).collect();
        assert_eq!(was, [(1, true), (2, false), (3, true)]);
    })
    .await;
}

/// The rule that the sandbox and the rail both have: any invoice of the customer, whatever KID the mandate was given with.
#[tokio::test]
async fn an_invoice_is_matched_by_its_customer_and_never_by_its_whole_kid() {
    each_database(async |bench| {
        let find = async |kid: &str| mandate::find_for_kid(&mut *bench.read().await, &bench.a, ACCOUNT, kid).await.unwrap();
        put(bench, KID, true).await;
        assert_eq!(find(KID).await, None, "without an agreement nothing is read");
        bench.write(move |tx| Box::pin(agree(tx, bench))).await.unwrap();
        let structure = &"16:1-6".parse::<kvitt_domain::identifiers::KidStructure>().unwrap();
        let another_invoice = structure.generate(42, 77).unwrap();
        assert_ne!(another_invoice.as_str(), KID);
        assert_eq!(find(another_invoice.as_str()).await.map(|found| found.kid), Some(KID.to_owned()));
        assert_eq!(find(structure.generate(43, 77).unwrap().as_str()).await, None);
        assert_eq!(find("123456782").await, None);
        put(bench, KID, false).await;
        assert_eq!(find(another_invoice.as_str()).await.map(|found| found.is_active()), Some(false));
    })
    .await;
}

async fn agree(tx: &mut Tx<'_>, bench: &Bench) -> kvitt_hub::Result<()> {
    agreement::insert(tx, &bench.a.id, &bench.a.key, "a1", &of_account(), NOW).await
}

#[tokio::test]
async fn those_asked_about_longest_ago_come_first() {
    each_database(async |bench| {
        let (id, key) = (bench.a.id.as_str(), &bench.a.key);
        put(bench, KID, true).await;
        put(bench, "0000430000000017", true).await;
        bench
            .write(move |tx| Box::pin(async move { mandate::looked_up(tx, &bench.a.id, &bench.a.key, ACCOUNT, KID, NOW).await }))
            .await
            .unwrap();
        let mut db = bench.read().await;
        let due = mandate::not_looked_up_since(&mut db, id, key, ACCOUNT, NOW, 9).await.unwrap();
        assert_eq!(kids(&due), ["0000430000000017"]);
        let due = mandate::not_looked_up_since(&mut db, id, key, ACCOUNT, NOW + 1, 9).await.unwrap();
        assert_eq!(kids(&due), ["0000430000000017", KID]);
    })
    .await;
}

#[tokio::test]
async fn no_kid_stands_in_a_row() {
    each_database(async |bench| {
        put(bench, KID, true).await;
        let mut db = bench.read().await;
        let row: (String, String, String, Vec<u8>) =
            sqlx::query_as("SELECT kid_digest, customer_digest, payer_digest, mandate FROM mandate")
                .fetch_one(&mut *db)
                .await
                .unwrap();
        let text = format!("{} {} {} {}", row.0, row.1, row.2, String::from_utf8_lossy(&row.3));
        assert!(!text.contains("000042") && !text.contains(PAYER), "{text}");
    })
    .await;
}
