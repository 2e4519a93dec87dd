//! Orders of routes for customers: the surest key counts, and a new order takes the old one's place.

use kvitt_domain::customer::CustomerKey;
use kvitt_domain::plan::RouteName;
use kvitt_hub::store::customer_order::{self, CustomerOrder};

use crate::databases::{NOW, each_database};

fn key(text: &str) -> CustomerKey {
    CustomerKey::parse(text).unwrap()
}

fn order(customer: &str, routes: &[&str]) -> CustomerOrder {
    CustomerOrder { customer: key(customer), order: routes.iter().copied().map(RouteName::new).collect() }
}

#[tokio::test]
async fn the_surest_key_counts_and_an_order_is_replaced_and_forgotten() {
    each_database(async |bench| {
        for wanted in [order("988077917", &["email"]), order("10045", &["print"]), order("10045", &["print", "email"])] {
            bench
                .write(move |tx| {
                    let wanted = wanted.clone();
                    Box::pin(async move { customer_order::set(tx, &bench.a.id, &wanted, NOW).await })
                })
                .await
                .unwrap();
        }
        let mut db = bench.read().await;
        let page = customer_order::page(&mut db, &bench.a.id, "", 10).await.unwrap();
        assert_eq!(page, [order("10045", &["print", "email"]), order("988077917", &["email"])]);
        let after = customer_order::page(&mut db, &bench.a.id, "number:10045", 10).await.unwrap();
        assert_eq!(after, [order("988077917", &["email"])]);
        for (keys, expected) in [
            (vec!["988077917", "10045"], Some(vec!["email"])),
            (vec!["999999999", "10045"], Some(vec!["print", "email"])),
            (vec!["10046"], None),
            (vec![], None),
        ] {
            let keys: Vec<CustomerKey> = keys.into_iter().map(key).collect();
            let found = customer_order::of(&mut db, &bench.a.id, &keys).await.unwrap();
            assert_eq!(found, expected.map(|routes| order("1", &routes).order), "{keys:?}");
        }
        let remove =
            || bench.write(move |tx| Box::pin(async move { customer_order::remove(tx, &bench.a.id, &key("10045")).await }));
        assert!(remove().await.unwrap());
        assert!(!remove().await.unwrap(), "there is nothing to forget any more");
        assert_eq!(customer_order::of(&mut db, &bench.a.id, &[key("10045")]).await.unwrap(), None);
    })
    .await;
}
