//! Stored bytes: small in the row, large in the folder, and never others than were stored.

use kvitt_adapters::route::ArtefactRole;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::artefact::{self, Naming, Sealed};
use kvitt_hub::vault::sha256;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

async fn store(bench: &'static Bench, plain: &[u8]) -> String {
    let sealed = artefact::seal(&bench.objects, &bench.a.id, &bench.a.key, plain).unwrap();
    let digest = sealed.digest.clone();
    insert(bench, sealed).await.unwrap();
    digest
}

async fn insert(bench: &'static Bench, sealed: Sealed) -> Result<()> {
    bench
        .write(move |tx| {
            let sealed = sealed.clone();
            Box::pin(async move { artefact::insert(tx, &bench.a.id, &sealed, NOW).await })
        })
        .await
}

async fn read(bench: &'static Bench, digest: &str) -> Result<Vec<u8>> {
    artefact::read(&mut *bench.read().await, &bench.objects, &bench.a.id, &bench.a.key, digest).await
}

/// Bytes that do not compress, so that their size decides where they lie.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}

fn files_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(files_in(&entry)) } else { files.push(entry) }
    }
    files
}

#[tokio::test]
async fn bytes_of_every_size_come_back() {
    each_database(async |bench| {
        for bytes in [0, 1, 1000, 1 << 20, (1 << 20) + 1, 3 << 20] {
            let plain = noise(bytes);
            let digest = store(bench, &plain).await;
            assert_eq!(digest, sha256(&plain));
            assert!(read(bench, &digest).await.unwrap() == plain, "{bytes} bytes");
        }
        let files = files_in(&bench.folder.join("objects"));
        assert_eq!(files.len(), 3, "only what a row should not hold lies in the folder: {files:?}");
        assert!(matches!(read(bench, "no such digest").await, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_are_stored_once() {
    each_database(async |bench| {
        for plain in [noise(10), noise(2 << 20)] {
            let digest = store(bench, &plain).await;
            assert_eq!(store(bench, &plain).await, digest);
            assert!(read(bench, &digest).await.unwrap() == plain, "what was stored first still opens");
        }
        let mut db = bench.read().await;
        let rows: i64 = sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM artefact").fetch_one(&mut *db).await.unwrap();
        assert_eq!(rows, 2);
        assert!(artefact::is_known(&mut db, &bench.a.id, &sha256(&noise(10))).await.unwrap());
        assert!(!artefact::is_known(&mut db, &bench.a.id, &sha256(&noise(11))).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn changed_bytes_are_never_given_out() {
    each_database(async |bench| {
        let (small, large) = (store(bench, &noise(100)).await, store(bench, &noise(2 << 20)).await);
        let file = files_in(&bench.folder.join("objects")).remove(0);
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        assert!(matches!(read(bench, &large).await, Err(Error::Damaged(_))));
        bytes.truncate(5);
        std::fs::write(&file, &bytes).unwrap();
        assert!(matches!(read(bench, &large).await, Err(Error::Damaged(_))));
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(read(bench, &large).await, Err(Error::Io { .. })));

        // Another file's sealed bytes open with the same key, but they are not what the digest names.
        let other = store(bench, &noise(99)).await;
        bench
            .meddle(&format!(
                "UPDATE artefact SET bytes = 99, content = (SELECT content FROM artefact WHERE digest = '{other}') WHERE digest = '{small}'"
            ))
            .await;
        assert!(matches!(read(bench, &small).await, Err(Error::Damaged(_))));
    })
    .await;
}

/// What the house-keeper asks of the folder.
#[tokio::test]
async fn old_files_are_listed_by_company_and_can_be_removed() {
    each_database(async |bench| {
        let large = store(bench, &noise(2 << 20)).await;
        store(bench, &noise(10)).await;
        let (a, b) = (bench.a.id.as_str(), bench.b.id.as_str());
        let hour = std::time::Duration::from_secs(3600);
        assert!(bench.objects.older_than(a, hour).unwrap().is_empty(), "it is new");
        let file = files_in(&bench.folder.join("objects")).remove(0);
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        std::fs::write(file.with_extension("unfinished.tmp"), b"cut").unwrap();
        assert_eq!(bench.objects.older_than(a, hour).unwrap(), std::slice::from_ref(&large), "unfinished ones are left out");
        assert!(bench.objects.older_than(b, hour).unwrap().is_empty());
        assert!(bench.objects.remove(b, &large, hour).is_err());
        assert!(bench.objects.remove(a, &large, hour).unwrap());
        assert!(bench.objects.older_than(a, hour).unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_invoice_names_its_files_in_order_and_by_unguessable_links() {
    each_database(async |bench| {
        let (xml, pdf) = (store(bench, b"<Invoice/>").await, store(bench, b"%PDF").await);
        let files = [
            Naming::new(ArtefactRole::Xml, "10023.xml", "application/xml", &xml),
            Naming::new(ArtefactRole::Pdf, "10023.pdf", "application/pdf", &pdf),
            Naming::new(ArtefactRole::Attachment, "timeliste æøå.pdf", "application/pdf", &pdf),
        ];
        assert!(files.iter().all(|file| file.link.len() == 32), "128 bits");
        assert_ne!(files[1].link, files[2].link);
        let named = files.to_vec();
        bench
            .write(move |tx| {
                let named = named.clone();
                Box::pin(async move {
                    sample::accept(tx, &bench.a, &sample::stored("i1", "10023")).await?;
                    artefact::name(tx, &bench.a.id, "i1", 1, &named[..2]).await?;
                    artefact::name(tx, &bench.a.id, "i1", 3, &named[2..]).await
                })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let found = artefact::of_invoice(&mut db, &bench.a.id, "i1", Some("https://faktura.example/")).await.unwrap();
        let listed: Vec<_> = found.iter().map(|file| (file.role, file.name.as_str(), file.bytes)).collect();
        assert_eq!(
            listed,
            [
                (ArtefactRole::Xml, "10023.xml", 10),
                (ArtefactRole::Pdf, "10023.pdf", 4),
                (ArtefactRole::Attachment, "timeliste æøå.pdf", 4)
            ]
        );
        for (file, found) in files.iter().zip(&found) {
            let link = format!("https://faktura.example/document/{}/{}", bench.a.id, file.link);
            assert_eq!(found.link.as_ref(), Some(&link));
            let behind = artefact::by_link(&mut db, &bench.a.id, &file.link).await.unwrap();
            assert_eq!(behind, Some((file.name.clone(), file.media_type.clone(), file.digest.clone(), NOW)));
        }
        assert_eq!(artefact::by_link(&mut db, &bench.a.id, "guessed").await.unwrap(), None);
        let without_address = artefact::of_invoice(&mut db, &bench.a.id, "i1", None).await.unwrap();
        assert!(without_address.iter().all(|file| file.link.is_none()), "no public address, no link");
    })
    .await;
}
