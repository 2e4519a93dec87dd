//! Agreements as they are stored: sealed, changed one after the other, and those of before still read.

use jiff::Timestamp;
use kvitt_domain::agreement::course::{Course, KnownBy, Order, Signer, State, Subject};
use kvitt_domain::agreement::{Agreement, AgreementKind, AgreementState, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_hub::error::Error;
use kvitt_hub::store::agreement;

use crate::databases::{NOW, each_database};

/// The account of the tests' AvtaleGiro agreement.
pub const ACCOUNT: &str = "86011117947";

/// An AvtaleGiro agreement in force.
pub fn of_account() -> Course {
    let structures = vec!["16:1-6".parse().unwrap(), "20:1-8,type=9-9=7".parse().unwrap()];
    let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() };
    let signer = Signer { name: "Kari Nordmann".into(), email: "kari@post.example".into() };
    let order = Order { accepted_by: "Ola".into(), accepted_at: Timestamp::UNIX_EPOCH, signer: Some(signer), vouched_by: None };
    let state = State::Active { since: Timestamp::UNIX_EPOCH, known_by: KnownBy::Rail };
    Course { order: Some(order), state, ..Course::new(Subject::Avtalegiro { account: ACCOUNT.into(), debit }) }
}

#[tokio::test]
async fn what_is_stored_is_read_and_changed_once() {
    each_database(async |bench| {
        let (id, key) = (bench.a.id.as_str(), &bench.a.key);
        let insert = bench.write(move |tx| Box::pin(agreement_of(tx, bench)));
        insert.await.unwrap();
        let stored = agreement::by_id(&mut *bench.read().await, id, key, "a1").await.unwrap();
        assert_eq!((&stored.course, stored.version, stored.changed_at), (&of_account(), 1, NOW));
        let same = agreement::of(&mut *bench.read().await, id, key, AgreementKind::Avtalegiro, ACCOUNT).await.unwrap();
        assert_eq!(same.as_ref(), Some(&stored));
        assert_eq!(agreement::of(&mut *bench.read().await, id, key, AgreementKind::MainVendor, "").await.unwrap(), None);
        let debit = agreement::direct_debit(&mut *bench.read().await, id, key, ACCOUNT).await.unwrap().unwrap();
        assert_eq!(debit.structures.len(), 2);

        let before = stored.clone();
        let save = move || {
            let before = before.clone();
            bench.write(move |tx| {
                let before = before.clone();
                Box::pin(async move {
                    let after = Course { state: State::WaitingForBank, ..before.course.clone() };
                    agreement::save(tx, &bench.a.id, &bench.a.key, &before, &after, NOW + 1).await
                })
            })
        };
        save().await.unwrap();
        assert!(matches!(save().await, Err(Error::Conflict)), "somebody else has changed it");
        let after = agreement::by_id(&mut *bench.read().await, id, key, "a1").await.unwrap();
        assert_eq!((after.course.state, after.version, after.changed_at), (State::WaitingForBank, 2, NOW + 1));
    })
    .await;
}

async fn agreement_of(tx: &mut kvitt_hub::store::Tx<'_>, bench: &crate::databases::Bench) -> kvitt_hub::Result<()> {
    agreement::insert(tx, &bench.a.id, &bench.a.key, "a1", &of_account(), NOW).await
}

/// A company that recorded its agreement with an earlier version keeps it, until it has one with a course.
#[tokio::test]
async fn what_was_recorded_before_is_still_in_force() {
    each_database(async |bench| {
        let (id, key) = (bench.a.id.as_str(), &bench.a.key);
        let json = r#"{"kind":"main_vendor","state":"active","account":null}"#;
        bench
            .meddle(&format!(
                "INSERT INTO agreement (company_id, kind, account, agreement) VALUES ('{id}', 'main_vendor', '', '{json}')"
            ))
            .await;
        let see = async || agreement::as_routes_see(&mut *bench.read().await, id, key, "00229221").await.unwrap();
        assert_eq!(see().await, [Agreement::main_vendor(AgreementState::Active)]);
        bench
            .write(move |tx| {
                Box::pin(async move {
                    let course = Course { state: State::Asking, ..Course::new(Subject::MainVendor) };
                    agreement::insert(tx, &bench.a.id, &bench.a.key, "a2", &course, NOW).await
                })
            })
            .await
            .unwrap();
        let seen = see().await;
        assert_eq!(seen.iter().map(|one| one.state).collect::<Vec<_>>(), [AgreementState::Pending]);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_signer_can_be_read_in_the_row() {
    each_database(async |bench| {
        bench.write(move |tx| Box::pin(agreement_of(tx, bench))).await.unwrap();
        let mut db = bench.read().await;
        let course: Vec<u8> = sqlx::query_scalar("SELECT course FROM agreement_course").fetch_one(&mut *db).await.unwrap();
        let text = String::from_utf8_lossy(&course).into_owned();
        assert!(!text.contains("Kari") && !text.contains("kari@"), "{text}");
    })
    .await;
}
