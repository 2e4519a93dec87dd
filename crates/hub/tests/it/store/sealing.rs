//! A sealed value opens in its own row only, in every table.

use kvitt_adapters::route::{Reply, Sent};
use kvitt_domain::delivery::Word;
use kvitt_domain::fault::{Fault, codes};
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::delivery::StoredAttempt;
use kvitt_hub::store::event::{self, NewEvent};
use kvitt_hub::store::suppression::{self, Suppressed};
use kvitt_hub::store::{Backend, consignment, delivery, invoice};
use serde_json::json;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

/// Two values of one column in two rows, the first row's replaced by the second's; reading the first must fail.
struct Moved {
    table: &'static str,
    column: &'static str,
    key: &'static str,
    rows: [&'static str; 2],
}

const MOVED: [Moved; 8] = [
    Moved { table: "invoice", column: "body", key: "invoice_id", rows: ["i1", "i2"] },
    Moved { table: "delivery", column: "machine", key: "delivery_id", rows: ["di1", "di2"] },
    Moved { table: "plan", column: "record", key: "number", rows: ["1", "2"] },
    Moved { table: "attempt", column: "word", key: "number", rows: ["1", "2"] },
    Moved { table: "entry", column: "request", key: "number", rows: ["1", "2"] },
    Moved { table: "entry", column: "reply", key: "number", rows: ["1", "2"] },
    Moved { table: "event", column: "payload", key: "seq", rows: ["1", "2"] },
    Moved { table: "suppression", column: "sealed", key: "since", rows: ["1", "2"] },
];

/// One row of everything twice.
async fn furnish(bench: &'static Bench) {
    let (id, key) = (bench.a.id.as_str(), &bench.a.key);
    bench
        .write(move |tx| {
            Box::pin(async move {
                consignment::open(tx, id, "lot", "email", NOW).await?;
                for (number, name) in [(1_u8, "i1"), (2_u8, "i2")] {
                    sample::accept(tx, &bench.a, &sample::stored(name, &number.to_string())).await?;
                    delivery::insert_plan(tx, id, key, "di1", &super::delivery::plan(NOW)).await?;
                    let attempt = sample::attempt(number.into());
                    delivery::insert_attempt(tx, id, &stored_attempt(number.into())).await?;
                    let why = Fault::fatal(codes::ROUTE_TOO_LATE).with("route", name);
                    delivery::save_word(tx, id, key, attempt, &Word::TooLate { why }).await?;
                    let entry = consignment::begin_exchange(tx, id, key, "lot", &super::consignment::request(), NOW, 0).await?;
                    let reply = Reply::Silence { sent: Sent::No, what: name.into() };
                    consignment::record_reply(tx, id, key, "lot", entry, &reply).await?;
                    let suppressed = Suppressed { address: format!("{name}@post.example"), why: "5.1.1".into() };
                    suppression::insert(tx, id, key, &suppressed, number.into()).await?;
                    tx.tell(NewEvent::new(id, key, NOW, "invoice.accepted", name, &json!({ "number": number }))?);
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

fn stored_attempt(number: u128) -> StoredAttempt {
    StoredAttempt {
        id: sample::attempt(number),
        delivery: "di1".into(),
        invoice: "i1".into(),
        purpose: kvitt_domain::delivery::Purpose::Bill,
        number: i64::try_from(number).unwrap(),
        route: "email".into(),
        price: None,
        give_up_at: None,
        word: None,
        opened_at: NOW,
    }
}

/// Reads everything that [`furnish`] stored.
async fn read_all(bench: &'static Bench) -> Result<()> {
    let (id, key) = (bench.a.id.as_str(), &bench.a.key);
    let db = &mut *bench.read().await;
    invoice::by_id(db, id, key, "i1").await?;
    delivery::by_id(db, id, key, "di1").await?;
    delivery::plans(db, id, key, "di1").await?;
    delivery::attempts(db, id, key, "di1").await?;
    consignment::log(db, id, key, "lot").await?;
    event::after(db, id, key, 0, 9).await?;
    suppression::all(db, id, key).await?;
    Ok(())
}

#[tokio::test]
async fn a_value_moved_to_another_row_does_not_open() {
    each_database(async |bench| {
        furnish(bench).await;
        read_all(bench).await.unwrap();
        for Moved { table, column, key, rows: [first, second] } in MOVED {
            let mut db = bench.read().await;
            let query = format!("SELECT {column} FROM {table} WHERE {key} = '{first}'");
            let kept: Vec<u8> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut *db).await.unwrap();
            drop(db);
            let value = format!("(SELECT {column} FROM {table} WHERE {key} = '{second}')");
            bench.meddle(&format!("UPDATE {table} SET {column} = {value} WHERE {key} = '{first}'")).await;
            let error = read_all(bench).await.expect_err(&format!("{table}.{column} opens in another row"));
            assert!(matches!(error, Error::Damaged(_)), "{table}.{column}: {error:?}");
            let back = match bench.db.backend() {
                Backend::Sqlite => format!("x'{}'", hex::encode(kept)),
                Backend::Postgres => format!("'\\x{}'", hex::encode(kept)),
            };
            bench.meddle(&format!("UPDATE {table} SET {column} = {back} WHERE {key} = '{first}'")).await;
            read_all(bench).await.unwrap();
        }
    })
    .await;
}
