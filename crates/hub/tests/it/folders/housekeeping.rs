//! What the house drops, and what it must not: bytes that somebody is about to refer to.

use std::path::Path;
use std::time::{Duration, SystemTime};

use kvitt_hub::jobs::housekeeping::{Dropped, keep_house};
use kvitt_hub::store::objects::Objects;
use kvitt_hub::{Config, Hub};

use super::{House, go_on, names, write};

const DAY: Duration = Duration::from_secs(24 * 3600);
const DIGEST: &str = "abcdef";

fn make_old(file: &Path) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - 2 * DAY).unwrap();
}

#[test]
fn what_is_held_or_new_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::open(&folder.path().join("objects")).unwrap();
    let file = folder.path().join("objects/company/ab/abcdef");
    let remove = || objects.remove("company", DIGEST, DAY).unwrap();

    let first = objects.put("company", DIGEST, b"sealed").unwrap();
    let second = objects.put("company", DIGEST, b"sealed").unwrap();
    make_old(&file);
    assert_eq!(objects.older_than("company", DAY).unwrap(), [DIGEST]);
    assert!(!remove(), "both hold it");
    drop(first);
    assert!(!remove(), "the second still holds it");
    drop(second);

    // It was listed as old; then somebody put it again and committed before it is removed.
    drop(objects.put("company", DIGEST, b"sealed").unwrap());
    assert!(!remove(), "it is new");
    make_old(&file);
    assert!(remove());
    assert!(objects.get("company", DIGEST).is_err());
}

#[tokio::test]
async fn only_what_nothing_needs_is_dropped_and_one_company_does_not_stop_the_others() {
    let house = House::open().await;
    let (hub, company) = (&house.hub, &house.seller.id);
    let objects = house.path("data/objects");
    let held = hub.objects().put(company, "aa11", b"held").unwrap();
    drop(hub.objects().put(company, "bb22", b"orphan").unwrap());
    drop(hub.objects().put(company, "cc33", b"new").unwrap());
    write(&objects.join(company).join("dd/dd44.0123.tmp"), "cut");
    write(&objects.join(company).join("ee/ee55.0123.tmp"), "being written");
    for name in ["aa/aa11", "bb/bb22", "dd/dd44.0123.tmp"] {
        make_old(&objects.join(company).join(name));
    }
    // The other company's folder cannot be read.
    write(&objects.join(&house.other.id), "no folder");
    house
        .meddle("INSERT INTO stray (company_id, digest, door, content, why, at) VALUES ('c', 'd', 'bounces', x'00', '', 0)")
        .await;

    let dropped = keep_house(hub, &go_on()).await.unwrap();
    assert_eq!(dropped, Dropped { keys: 0, answers: 0, files: 2, strays: 1, bank_files: 0, sessions: 0, failed: 1 });
    let left = ["aa", "bb", "cc", "dd", "ee"].map(|folder| names(&objects.join(company).join(folder)).len());
    assert_eq!(left, [1, 0, 1, 0, 1]);
    drop(held);
    assert_eq!(keep_house(hub, &go_on()).await.unwrap().files, 1);
}

#[tokio::test]
async fn strays_that_nobody_came_for_are_removed_after_ninety_days() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kvitt.toml");
    std::fs::write(&config, "[bounces]\nmaildir = \"mail\"\n").unwrap();
    let hub = Hub::open(&folder.path().join("data"), Config::read(Some(&config)).unwrap()).await.unwrap();
    let mail = folder.path().join("data/mail");
    for (place, days) in [("strays", 91), ("strays", 89), ("kept", 91), ("cur", 91)] {
        let message = mail.join(place).join(days.to_string());
        write(&message, "message");
        let file = std::fs::File::options().write(true).open(message).unwrap();
        file.set_modified(SystemTime::now() - days * DAY).unwrap();
    }
    assert_eq!(hub.status().await.unwrap().strays, 2);
    assert_eq!(keep_house(&hub, &go_on()).await.unwrap().strays, 1);
    assert_eq!([names(&mail.join("strays")), names(&mail.join("kept")), names(&mail.join("cur"))], [["89"], ["91"], ["91"]]);
}
