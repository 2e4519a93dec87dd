//! Suppressed addresses: found however they are written, until a person lifts them.

use kvitt_hub::store::suppression::{self, Suppressed};

use crate::databases::{NOW, each_database};

fn suppressed(why: &str) -> Suppressed {
    Suppressed { address: "Kari@Post.example".into(), why: why.into() }
}

#[tokio::test]
async fn an_address_is_suppressed_until_it_is_lifted() {
    each_database(async |bench| {
        for why in ["5.1.1 no such user", "5.2.1 disabled"] {
            bench
                .write(move |tx| {
                    Box::pin(async move { suppression::insert(tx, &bench.a.id, &bench.a.key, &suppressed(why), NOW).await })
                })
                .await
                .unwrap();
        }
        let mut db = bench.read().await;
        for address in ["Kari@Post.example", "kari@post.example", "KARI@POST.EXAMPLE"] {
            let found = suppression::find(&mut db, &bench.a.id, &bench.a.key, address).await.unwrap();
            assert_eq!(found, Some(suppressed("5.1.1 no such user")), "the first reason stays");
        }
        assert_eq!(suppression::find(&mut db, &bench.a.id, &bench.a.key, "ola@post.example").await.unwrap(), None);
        assert_eq!(suppression::all(&mut db, &bench.a.id, &bench.a.key).await.unwrap().len(), 1);

        let lift = || bench.write(move |tx| Box::pin(suppression::lift(tx, &bench.a.id, &bench.a.key, "kari@post.example")));
        assert!(lift().await.unwrap());
        assert!(!lift().await.unwrap(), "there is nothing to lift any more");
        assert_eq!(suppression::find(&mut db, &bench.a.id, &bench.a.key, "kari@post.example").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_address_is_nowhere_in_the_clear() {
    each_database(async |bench| {
        bench
            .write(move |tx| {
                Box::pin(async move { suppression::insert(tx, &bench.a.id, &bench.a.key, &suppressed("x"), NOW).await })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let (digest, sealed): (String, Vec<u8>) =
            sqlx::query_as("SELECT address_digest, sealed FROM suppression").fetch_one(&mut *db).await.unwrap();
        assert_eq!(digest, bench.a.key.digest("kari@post.example"));
        assert_ne!(digest, bench.b.key.digest("kari@post.example"), "two companies' lists cannot be compared");
        assert!(!sealed.windows(4).any(|bytes| bytes == b"Kari"));
    })
    .await;
}
