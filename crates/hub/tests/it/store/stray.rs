//! Strays: kept once, counted, never dropped.

use kvitt_hub::store::stray::{self, Stray};

use crate::databases::{NOW, each_database};

#[tokio::test]
async fn a_stray_is_kept_once() {
    each_database(async |bench| {
        for digest in ["one", "one", "two"] {
            bench
                .write(move |tx| {
                    Box::pin(async move {
                        let stray = Stray {
                            digest: digest.into(),
                            door: "bounces",
                            content: b"From: somebody".to_vec(),
                            why: "it names no attempt".into(),
                            at: NOW,
                        };
                        stray::keep(tx, &stray).await
                    })
                })
                .await
                .unwrap();
        }
        assert_eq!(stray::count(&mut *bench.read().await).await.unwrap(), 2);
    })
    .await;
}
