//! Files from banks in folders: taken in, moved on, never taken twice.

use std::collections::BTreeMap;

use kvitt_hub::Config;
use kvitt_hub::config::{AvtalegiroConfig, DropConfig, PaymentsConfig};
use kvitt_hub::jobs::watch::bank_files::Door;
use tokio::sync::watch;

use super::Books;
use super::files::{ocr, paid};

const FIRST: &str = "123456782";

fn config() -> Config {
    let drop = DropConfig { folder: Some("../bank".into()), sftp: None, look_every_s: None };
    Config {
        drop: BTreeMap::from([("bank".to_owned(), drop)]),
        avtalegiro: AvtalegiroConfig { files: Some("bank".into()), ..AvtalegiroConfig::default() },
        payments: PaymentsConfig { folder: Some("../folder".into()), ..PaymentsConfig::default() },
        ..Config::default()
    }
}

fn put(books: &Books, file: &str, content: &str) {
    let path = books.path(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn names(books: &Books, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(books.path(folder))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[tokio::test]
async fn files_are_taken_from_both_doors_and_moved_on() {
    let books = Books::open(config()).await;
    books.invoice("1001", FIRST, 1000).await;
    let stop = watch::channel(false).1;
    let mut doors = Door::all(&books.hub);
    assert_eq!(doors.len(), 2);
    for (door, place) in doors.iter_mut().zip(["folder", "bank/out"]) {
        assert_eq!(door.look(&books.hub, &stop).await.unwrap(), 0, "nothing is there, not even the folder");
        put(&books, &format!("{place}/a.txt"), &ocr(1, &[paid(FIRST, 1000)]));
        put(&books, &format!("{place}/b.txt"), "this is no bank's");
        put(&books, &format!("{place}/.c.txt"), "hidden");
        put(&books, &format!("{place}/d.txt.part"), "unfinished");
        assert_eq!(door.look(&books.hub, &stop).await.unwrap(), 2);
        assert_eq!(names(&books, &format!("{place}/read")), ["a.txt"]);
        assert_eq!(names(&books, &format!("{place}/refused")), ["b.txt", "b.txt.faults.json"]);
        let why = std::fs::read_to_string(books.path(&format!("{place}/refused/b.txt.faults.json"))).unwrap();
        assert!(why.contains("bank.unknown_file"), "{why}");
        assert_eq!(names(&books, place), [".c.txt", "d.txt.part", "read", "refused"]);
        // The process died before it was moved, or somebody puts it there again.
        put(&books, &format!("{place}/a.txt"), &ocr(1, &[paid(FIRST, 1000)]));
        assert_eq!(door.look(&books.hub, &stop).await.unwrap(), 1);
        assert_eq!(names(&books, &format!("{place}/read")), ["2-a.txt", "a.txt"]);
    }
    // Both doors brought the same file.
    assert_eq!(books.stands("1001").await, ("paid", 0));
}
