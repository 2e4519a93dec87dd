//! Keys and databases belong together, and keys are renewed for everybody. What a key opens is in `store/sealing.rs`.

use std::path::Path;

use kvitt_hub::error::Error;
use kvitt_hub::store::company::CompanySettings;
use kvitt_hub::store::{company, house};
use kvitt_hub::vault::{Purpose, Vault};
use kvitt_hub::{Config, Hub, actions};

use crate::databases::{cluster, each_database};

fn config(database: Option<&str>) -> Config {
    Config { database: database.map(str::to_owned), listen: ([127, 0, 0, 1], 0).into(), ..Config::default() }
}

async fn check_keys_that_are_lost(data: &Path, database: Option<&str>) {
    let hub = Hub::open(data, config(database)).await.unwrap();
    hub.close().await;
    drop(hub);
    let (keys, aside) = (data.join("keys"), data.join("aside"));
    std::fs::rename(&keys, &aside).unwrap();
    let refused = async || {
        let error = Hub::open(data, config(database)).await.unwrap_err();
        assert!(matches!(error, Error::CannotStart(_)), "{error:?}");
        assert!(error.to_string().contains("put the keys folder back"), "{error}");
    };
    refused().await;
    assert!(!keys.exists(), "a refused start makes no key");
    Vault::open(&keys).unwrap();
    refused().await;
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(&aside, &keys).unwrap();
    Hub::open(data, config(database)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_database_made_with_other_keys_is_refused() {
    let data = tempfile::tempdir().unwrap();
    check_keys_that_are_lost(data.path(), None).await;
    if let Some(cluster) = cluster() {
        let data = tempfile::tempdir().unwrap();
        check_keys_that_are_lost(data.path(), Some(&cluster.new_database().await)).await;
    }
}

#[tokio::test]
async fn two_hubs_that_make_a_database_at_once_agree_on_its_keys() {
    each_database(async |bench| {
        let again = house::unlock(&bench.db, &bench.folder.join("keys")).await.unwrap();
        let sealed = bench.vault.seal_house(Purpose::Stray, "digest", b"bounce");
        assert_eq!(again.open_house(Purpose::Stray, "digest", &sealed).unwrap(), b"bounce");
        let error = house::unlock(&bench.db, &bench.folder.join("keys of another")).await.unwrap_err();
        assert!(matches!(error, Error::CannotStart(_)), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn rotation_reaches_everybody_and_whoever_comes_meanwhile() {
    let data = tempfile::tempdir().unwrap();
    let hub = Hub::open(data.path(), config(None)).await.unwrap();
    for number in ["999999999", "988077917"] {
        actions::add_company::add_company(&hub, number, "Nordlys Kraft AS", CompanySettings::default()).await.unwrap();
    }
    let stray = hub.vault().seal_house(Purpose::Stray, "digest", b"bounce");
    let late = "974760673";
    let (rotated, added) = tokio::join!(
        actions::rotate_keys::rotate_keys(&hub),
        actions::add_company::add_company(&hub, late, "Sen AS", CompanySettings::default()),
    );
    assert!(rotated.unwrap() >= 2);
    added.unwrap();
    let sealed = company::keys_after(&mut hub.db().read().await.unwrap(), "", 9).await.unwrap();
    assert_eq!(sealed.len(), 3);
    assert!(sealed.iter().all(|(_, sealed)| hub.vault().is_sealed_with_newest(sealed)));
    hub.close().await;
    drop(hub);

    // Only backups need the older key.
    std::fs::remove_file(data.path().join("keys/master-0001.key")).unwrap();
    let hub = Hub::open(data.path(), config(None)).await.unwrap();
    assert_eq!(hub.company(Some(late)).await.unwrap().name, "Sen AS");
    assert_eq!(hub.vault().open_house(Purpose::Stray, "digest", &stray).unwrap(), b"bounce");
    assert_eq!(actions::rotate_keys::rotate_keys(&hub).await.unwrap(), 3);
    hub.close().await;
}

#[tokio::test]
async fn pages_of_keys_miss_nobody() {
    each_database(async |bench| {
        let mut db = bench.read().await;
        let (mut after, mut seen) = (String::new(), Vec::new());
        while let Some((id, _)) = company::keys_after(&mut db, &after, 1).await.unwrap().pop() {
            after.clone_from(&id);
            seen.push(id);
        }
        assert_eq!(seen, [bench.a.id.as_str(), &bench.b.id]);
    })
    .await;
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_with_every_fault() {
    let data = tempfile::tempdir().unwrap();
    let hub = Hub::open(data.path(), config(None)).await.unwrap();
    let settings = CompanySettings { accent: Some("blå".into()), logo: Some("!".into()), ..CompanySettings::default() };
    let codes = |outcome: Result<(), Error>| match outcome {
        Err(Error::Refused(faults)) => faults.iter().map(|fault| fault.code.name().to_owned()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let added = actions::add_company::add_company(&hub, "123456789", " ", settings.clone()).await.map(|_| ());
    assert_eq!(codes(added), ["org_number.invalid", "term.missing", "setup.value", "setup.value"]);
    let added =
        actions::add_company::add_company(&hub, "999999999", "Nordlys Kraft AS", CompanySettings::default()).await.unwrap();
    assert_eq!(codes(actions::add_company::change_settings(&hub, &added, settings).await), ["setup.value", "setup.value"]);
    assert_eq!(hub.company(None).await.unwrap().settings, CompanySettings::default(), "nothing of it was stored");
    hub.close().await;
}

#[tokio::test]
async fn a_wrong_certificate_file_refuses_the_start() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("kvitt.toml"), "[mail.email]\nhost = \"localhost\"\nport = 587\nca_file = \"ca.pem\"\n")
        .unwrap();
    let config = Config::read(Some(&data.path().join("kvitt.toml"))).unwrap();
    let error = Hub::open(data.path(), config).await.unwrap_err();
    assert!(error.to_string().contains("mail.email.ca_file"), "{error}");
    assert!(!data.path().join("kvitt.db").exists(), "nothing was made");
}
