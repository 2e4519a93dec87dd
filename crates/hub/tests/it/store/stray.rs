//! Strays: kept once, counted, and forgotten when nobody came for them.

use kvitt_hub::store::stray::{self, Kept, Stray};

use crate::databases::{NOW, each_database};

#[tokio::test]
async fn a_stray_is_kept_once() {
    each_database(async |bench| {
        for (digest, at, kept) in [("one", NOW, Kept::New), ("one", NOW, Kept::Known), ("two", NOW + 1, Kept::New)] {
            let became = bench
                .write(move |tx| {
                    Box::pin(async move {
                        let stray = Stray {
                            company: bench.a.id.clone(),
                            digest: digest.into(),
                            door: "bounces",
                            content: b"From: somebody".to_vec(),
                            why: "it names no attempt".into(),
                            at,
                        };
                        stray::keep(tx, &stray).await
                    })
                })
                .await
                .unwrap();
            assert_eq!(became, kept);
        }
        assert_eq!(stray::count(&mut *bench.read().await).await.unwrap(), 2);
        let forgotten = bench.write(|tx| Box::pin(async move { stray::forget(tx, NOW + 1).await })).await.unwrap();
        assert_eq!((forgotten, stray::count(&mut *bench.read().await).await.unwrap()), (1, 1));
    })
    .await;
}
