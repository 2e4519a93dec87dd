//! Accepted invoices: numbers, uuids and keys are taken once per company, and lists miss nothing.

use kvitt_domain::invoice::DocumentKind;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::invoice::{self, Rendition, StoredInvoice};
use kvitt_hub::vault::Purpose;
use sqlx::Row;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

async fn accept(bench: &'static Bench, stored: StoredInvoice) -> Result<()> {
    bench
        .write(move |tx| {
            let stored = stored.clone();
            Box::pin(async move { sample::accept(tx, &bench.a, &stored).await })
        })
        .await
}

fn credit_note(id: &str, number: &str) -> StoredInvoice {
    let mut stored = sample::stored(id, number);
    stored.body.invoice.kind = DocumentKind::CreditNote;
    stored
}

#[tokio::test]
async fn an_invoice_is_read_back_as_it_was() {
    each_database(async |bench| {
        let mut stored = sample::stored("i1", "10023");
        stored.body.metadata.recipient_identity = Some("00000000000".into());
        accept(bench, stored.clone()).await.unwrap();
        let mut db = bench.read().await;
        let found = invoice::by_id(&mut db, &bench.a.id, &bench.a.key, "i1").await.unwrap();
        assert_eq!((found.id.as_str(), &found.document_digest, found.accepted_at), ("i1", &stored.document_digest, NOW));
        assert_eq!(found.body.invoice, stored.body.invoice);
        assert_eq!(found.body.recipient, stored.body.recipient);
        assert_eq!(found.body.metadata.recipient_identity, None, "an identity number is never part of a stored body");
        assert!(matches!(invoice::by_id(&mut db, &bench.a.id, &bench.a.key, "i2").await, Err(Error::NotFound(_))));

        let row = sqlx::query("SELECT body FROM invoice").fetch_one(&mut *db).await.unwrap();
        let body: Vec<u8> = row.try_get(0).unwrap();
        assert!(!body.windows("Kåre".len()).any(|bytes| bytes == "Kåre".as_bytes()), "the body lies sealed");
    })
    .await;
}

#[tokio::test]
async fn a_number_is_taken_once_for_each_kind() {
    each_database(async |bench| {
        accept(bench, sample::stored("i1", "10023")).await.unwrap();
        accept(bench, credit_note("c1", "10023")).await.unwrap();
        for again in [sample::stored("i2", "10023"), credit_note("c2", "10023")] {
            let error = accept(bench, again).await.unwrap_err();
            assert!(error.is_retryable(), "the action that looks first finds the other document: {error:?}");
        }
        let mut db = bench.read().await;
        let ids: Vec<String> = invoice::by_number(&mut db, &bench.a.id, &bench.a.key, "10023")
            .await
            .unwrap()
            .into_iter()
            .map(|found| found.id)
            .collect();
        assert_eq!(ids, ["c1", "i1"]);
        let digest = "digest of 10023".to_owned();
        for (kind, id) in [(DocumentKind::Invoice, "i1"), (DocumentKind::CreditNote, "c1")] {
            let same = invoice::same_number(&mut db, &bench.a.id, "10023", kind).await.unwrap();
            assert_eq!(same, Some((id.to_owned(), digest.clone())));
        }
        assert_eq!(invoice::same_number(&mut db, &bench.a.id, "10024", DocumentKind::Invoice).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_uuid_is_taken_once_and_may_be_missing_often() {
    each_database(async |bench| {
        let uuid = uuid::Uuid::from_u128(7);
        let with_uuid = |id: &str, number: &str| {
            let mut stored = sample::stored(id, number);
            stored.body.metadata.uuid = Some(uuid);
            stored
        };
        accept(bench, with_uuid("i1", "1")).await.unwrap();
        assert!(accept(bench, with_uuid("i2", "2")).await.unwrap_err().is_retryable());
        accept(bench, sample::stored("i3", "3")).await.unwrap();
        accept(bench, sample::stored("i4", "4")).await.unwrap();
        let mut db = bench.read().await;
        assert_eq!(invoice::same_uuid(&mut db, &bench.a.id, &uuid).await.unwrap().unwrap().0, "i1");
        assert_eq!(invoice::same_uuid(&mut db, &bench.a.id, &uuid::Uuid::from_u128(8)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_answered_until_it_is_forgotten() {
    each_database(async |bench| {
        let remember = |key: &'static str, at: i64| {
            bench.write(move |tx| Box::pin(async move { invoice::remember(tx, &bench.a.id, key, "digest", "i1", at).await }))
        };
        remember("old", NOW - 1).await.unwrap();
        remember("new", NOW).await.unwrap();
        assert!(remember("new", NOW).await.unwrap_err().is_retryable(), "a key is answered once");
        let answer = Some(("digest".to_owned(), "i1".to_owned()));
        assert_eq!(invoice::answered(&mut *bench.read().await, &bench.a.id, "old").await.unwrap(), answer);
        let forgotten = bench.write(move |tx| Box::pin(invoice::forget_keys(tx, &bench.a.id, NOW))).await.unwrap();
        assert_eq!(forgotten, 1);
        let mut db = bench.read().await;
        assert_eq!(invoice::answered(&mut db, &bench.a.id, "old").await.unwrap(), None);
        assert_eq!(invoice::answered(&mut db, &bench.a.id, "new").await.unwrap(), answer);
    })
    .await;
}

/// Pages of every size show every invoice once, in the order of acceptance; ids decide between equal times.
#[tokio::test]
async fn pages_miss_nothing_and_repeat_nothing() {
    each_database(async |bench| {
        let accepted_at = [0, 0, 0, 5, 5, 9, 9, 9];
        for (index, at) in accepted_at.iter().enumerate() {
            let mut stored = sample::stored(&format!("i{index}"), &index.to_string());
            stored.accepted_at = NOW + at;
            accept(bench, stored).await.unwrap();
        }
        let mut db = bench.read().await;
        for limit in 1..=9 {
            let (mut ids, mut after) = (Vec::new(), (0, String::new()));
            loop {
                let page = invoice::list(&mut db, &bench.a.id, (after.0, &after.1), limit).await.unwrap();
                let Some(last) = page.last() else { break };
                assert!(page.len() <= usize::try_from(limit).unwrap());
                after = (last.accepted_at, last.id.clone());
                ids.extend(page.into_iter().map(|listed| listed.id));
            }
            assert_eq!(ids, ["i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"], "pages of {limit}");
        }
        let first = &invoice::list(&mut db, &bench.a.id, (0, ""), 1).await.unwrap()[0];
        assert_eq!((first.kind.as_str(), first.number.as_str(), first.buyer_name.as_str()), ("invoice", "0", "Kåre Ødegård"));
        assert_eq!((first.payable_minor, first.currency.as_str()), (123_450, "NOK"));
        assert_eq!(
            (first.issued_on.as_str(), first.due_on.as_deref(), first.state.as_str()),
            ("2026-11-02", Some("2026-11-16"), "choosing")
        );
    })
    .await;
}

#[tokio::test]
async fn a_rendition_is_frozen_once() {
    each_database(async |bench| {
        let freeze = |pdf: &'static str| {
            bench.write(move |tx| {
                Box::pin(async move {
                    let rendition = Rendition { xml_digest: "x".into(), pdf_digest: pdf.into(), pdf_by: "kvitt".into() };
                    invoice::freeze(tx, &bench.a.id, &sample::stored("i1", "1"), &rendition, NOW).await
                })
            })
        };
        assert_eq!(invoice::rendition(&mut *bench.read().await, &bench.a.id, "i1").await.unwrap(), None);
        freeze("p").await.unwrap();
        assert!(freeze("q").await.is_err(), "what was sent does not change");
        let rendition = invoice::rendition(&mut *bench.read().await, &bench.a.id, "i1").await.unwrap().unwrap();
        assert_eq!(
            (rendition.xml_digest.as_str(), rendition.pdf_digest.as_str(), rendition.pdf_by.as_str()),
            ("x", "p", "kvitt")
        );
    })
    .await;
}

#[tokio::test]
async fn an_identity_number_lies_sealed_under_its_reference() {
    each_database(async |bench| {
        // Synthetic: the month has 80 added.
        let sealed = bench.a.key.seal(Purpose::Identity, "ref", b"01810112345");
        bench
            .write(move |tx| {
                let sealed = sealed.clone();
                Box::pin(async move { invoice::insert_identity(tx, &bench.a.id, "ref", &sealed).await })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let row: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM identity").fetch_one(&mut *db).await.unwrap();
        assert_eq!(bench.a.key.open(Purpose::Identity, "ref", &row).unwrap(), b"01810112345");
        assert!(bench.b.key.open(Purpose::Identity, "ref", &row).is_err());
    })
    .await;
}
