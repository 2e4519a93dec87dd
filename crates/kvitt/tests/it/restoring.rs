//! The restore drill, through the front door: a backup, work that goes on after it, a death, the older backup put back against the same
//! counterparty. Nothing is sent twice, and what nobody knows a person settles.

use std::fs;
use std::path::{Path, PathBuf};

use kvitt_cli::oracle::{self, Known};
use serde_json::Value;

use crate::harness::{COMPANY, Running, Sandbox, invoice, kvitt};

/// A document in a file.
fn write(folder: &Path, number: &str, recipient: &str) -> String {
    let file = folder.join(format!("{number}.xml"));
    fs::write(&file, invoice(number, recipient)).unwrap();
    file.to_str().unwrap().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn state(data: &Path, number: &str) -> String {
    let story = kvitt(data, &["explain", number, "--json"]).with_code(0).json();
    story["delivery"]["state"]["state"].as_str().unwrap().to_owned()
}

fn listed(data: &Path) -> Vec<Known> {
    let field = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let listed = kvitt(data, &["list", "--json"]).with_code(0).json();
    let known = |row: &Value| Known { company: field(row, "company"), invoice: field(row, "number"), state: field(row, "state") };
    listed.as_array().unwrap().iter().map(known).collect()
}

fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("waited for a minute");
}

fn kinds(data: &Path) -> Vec<String> {
    let events = kvitt(data, &["events", "--json"]).with_code(0).stdout;
    events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned()).collect()
}

/// A hub with one invoice sent, one that waits for another try, and one whose route is to be chosen again; and where things are.
struct Bench {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    data: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(&folder.path().join("sandbox"));
        let data = folder.path().join("hub");
        sandbox.hub_folder(&data);
        let sent = write(folder.path(), "1", "kari@post.example");
        let waiting = write(folder.path(), "2", "mailboxfull@post.example");
        let choosing = write(folder.path(), "3", "ola@post.example");
        sandbox.order(
            "faults",
            &serde_json::json!({ "counterparty": "mail", "at": "dot", "kind": "garble", "times": 1, "to": "ola@*" }),
        );
        kvitt(&data, &["send", &sent, &waiting, &choosing, "--json"]).with_code(4);
        kvitt(&data, &["settle", "3", "--unsent", "--by", "Ada"]).with_code(0);
        assert_eq!(["1", "2", "3"].map(|number| state(&data, number)), ["handed_over", "sending", "choosing"]);
        Bench { folder, sandbox, data }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A data folder with the configuration of the hub that is gone, and nothing else.
    fn new_home(&self, name: &str) -> PathBuf {
        let home = self.at(name);
        fs::create_dir_all(&home).unwrap();
        fs::copy(self.data.join("kvitt.toml"), home.join("kvitt.toml")).unwrap();
        home
    }
}

#[test]
fn after_an_older_backup_nothing_is_sent_twice() {
    let bench = Bench::new();
    let backup = bench.at("backup");
    let made = kvitt(&bench.data, &["backup", text(&backup), "--json"]).with_code(0).json();
    assert_eq!(made["with_keys"], false);
    assert!(!backup.join("keys").exists());

    // The hub lives on: what waited is sent, and another invoice comes. Then it dies.
    let mut hub = Running::ready(&bench.data, &["serve"]);
    bench.sandbox.advance(6 * 3600);
    let later = write(bench.folder.path(), "4", "per@post.example");
    kvitt(&bench.data, &["send", &later, "--json"]).with_code(0);
    wait_until(|| ["2", "3", "4"].iter().all(|number| state(&bench.data, number) == "handed_over"));
    hub.kill();
    assert_eq!(bench.sandbox.taken().len(), 4);

    // The older backup knows none of that, and says so.
    let home = bench.new_home("new home");
    let keys = bench.data.join("keys");
    kvitt(&home, &["restore", text(&backup)]).with_code(3);
    let restored = kvitt(&home, &["restore", text(&backup), "--keys", text(&keys), "--json"]).with_code(4).json();
    assert_eq!((&restored["doubts"], &restored["companies"]), (&2.into(), &1.into()), "{restored}");
    assert_eq!(["1", "2", "3"].map(|number| state(&home, number)), ["handed_over", "in_doubt", "in_doubt"]);
    let status = kvitt(&home, &["status"]).with_code(0).stdout;
    assert!(status.contains("2 deliveries that it may have sent since were put in doubt"), "{status}");
    let story = kvitt(&home, &["explain", "3"]).with_code(0).stdout;
    assert!(story.contains("a route that nobody knows any more") && story.contains("restored from a backup"), "{story}");
    assert_eq!(kinds(&home).iter().filter(|kind| *kind == "delivery.restored").count(), 2);
    assert!(kinds(&home).iter().any(|kind| kind == "hub.restored"));

    // Nothing is left that would go on by itself, and time changes nothing.
    assert_eq!(kvitt(&home, &["jobs", "--json"]).with_code(0).json(), serde_json::json!([]));
    let mut hub = Running::ready(&home, &["serve"]);
    bench.sandbox.advance(24 * 3600);
    let fifth = write(bench.folder.path(), "5", "eva@post.example");
    kvitt(&home, &["send", &fifth, "--json"]).with_code(0);
    wait_until(|| state(&home, "5") == "handed_over");
    assert_eq!(bench.sandbox.taken().len(), 5, "only what was handed in since was sent");
    // There are no bytes to repeat; what they were, only the other hub knew.
    kvitt(&home, &["settle", "3", "--repeat", "--by", "Ada"]).with_code(1);
    let settled = kvitt(&home, &["settle", "--ledger", &bench.sandbox.ledger(), "--by", "Ada", "--json"]).with_code(0).json();
    assert!(settled.as_array().unwrap().iter().all(|one| one["settlement"] == "sent"), "{settled}");
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(["2", "3"].map(|number| state(&home, number)), ["handed_over", "handed_over"]);
    assert_eq!(oracle::compare(&listed(&home), &bench.sandbox.taken()), oracle::Findings::default());
    kvitt(&home, &["events", "--verify"]).with_code(0);
}

/// The hub that lived on was dead at once: what it did not send is sent after a person said so, and once.
#[test]
fn what_was_not_sent_since_is_sent_when_a_person_says_so() {
    let bench = Bench::new();
    // One file, with the keys, made of a hub at work.
    let mut hub = Running::ready(&bench.data, &["serve"]);
    wait_until(|| state(&bench.data, "3") == "handed_over");
    let backup = bench.at("backup.zip");
    kvitt(&bench.data, &["backup", text(&backup), "--with-keys"]).with_code(0);
    kvitt(&bench.data, &["backup", text(&backup)]).with_code(2);
    hub.kill();
    let home = bench.new_home("home");
    kvitt(&home, &["restore", text(&backup), "--json"]).with_code(4);
    assert_eq!(["1", "2", "3"].map(|number| state(&home, number)), ["handed_over", "in_doubt", "handed_over"]);
    let settled = kvitt(&home, &["settle", "--ledger", &bench.sandbox.ledger(), "--by", "Ada", "--json"]).with_code(0).json();
    assert_eq!(settled[0]["settlement"], "unsent", "{settled}");
    let mut hub = Running::ready(&home, &["serve"]);
    bench.sandbox.advance(6 * 3600);
    wait_until(|| state(&home, "2") == "handed_over");
    assert_eq!(hub.stop(), Some(0));
    let taken = bench.sandbox.taken();
    assert_eq!(taken.len(), 3);
    assert_eq!(oracle::compare(&listed(&home), &taken), oracle::Findings::default());
    assert!(taken.iter().all(|line| line.company == COMPANY));
}

#[test]
fn a_backup_that_is_not_whole_is_refused() {
    let bench = Bench::new();
    let backup = bench.at("backup");
    kvitt(&bench.data, &["backup", text(&backup), "--with-keys"]).with_code(0);
    kvitt(&bench.data, &["backup", text(&backup)]).with_code(3);
    let refused = |home: &Path, from: &Path, why: &str| {
        let said = kvitt(home, &["restore", text(from)]).with_code(3).stderr;
        assert!(said.contains(why), "{said}");
    };
    // A folder that is somebody's, and one in which a restore broke off.
    refused(&bench.data, &backup, "is not empty");
    let changed = bench.at("changed");
    copy_folder(&backup, &changed);
    let mut database = fs::read(changed.join("kvitt.db")).unwrap();
    *database.last_mut().unwrap() ^= 1;
    fs::write(changed.join("kvitt.db"), database).unwrap();
    let home = bench.new_home("broke off");
    refused(&home, &changed, "is not the file that was backed up");
    let said = kvitt(&home, &["status"]).with_code(3).stderr;
    assert!(said.contains("broke off"), "{said}");
    refused(&home, &backup, "is not empty");

    fs::copy(backup.join("kvitt.db"), changed.join("kvitt.db")).unwrap();
    let manifest = fs::read_to_string(backup.join("manifest.json")).unwrap();
    fs::write(changed.join("manifest.json"), manifest.replace("\"last_seq\": ", "\"last_seq\": 1")).unwrap();
    refused(&bench.new_home("a"), &changed, "was changed");
    fs::remove_file(changed.join("manifest.json")).unwrap();
    refused(&bench.new_home("b"), &changed, "not finished");
    let home = bench.new_home("c");
    kvitt(&home, &["restore", text(&backup)]).with_code(4);
}

/// A database that other tools put back is doubted where it is; a hub at work is not.
#[test]
fn a_database_put_back_by_other_tools_is_doubted_in_place() {
    let bench = Bench::new();
    let mut hub = Running::ready(&bench.data, &["serve"]);
    kvitt(&bench.data, &["restore", "--in-place"]).with_code(3);
    hub.kill();
    let doubts = kvitt(&bench.data, &["restore", "--in-place", "--json"]).with_code(4).json()["doubts"].as_u64().unwrap();
    assert!((1..=2).contains(&doubts), "the third may have been sent in between");
    assert_eq!(state(&bench.data, "2"), "in_doubt");
    assert_eq!(kvitt(&bench.data, &["restore", "--in-place", "--json"]).with_code(0).json()["doubts"], 0);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
