//! A hub moves to PostgreSQL and goes on there; its backup comes back as a file.

use std::fs;
use std::path::Path;

use crate::harness::{Running, Sandbox, invoice, kvitt, wait_for};
use crate::postgres::cluster;

fn state(data: &Path, number: &str) -> String {
    let story = kvitt(data, &["explain", number, "--json"]).with_code(0).json();
    story["delivery"]["state"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_hub_moves_to_postgres_and_goes_on_there() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let send = |number: &str, recipient: &str| {
        let file = folder.path().join(format!("{number}.xml"));
        fs::write(&file, invoice(number, recipient)).unwrap();
        kvitt(&data, &["send", file.to_str().unwrap(), "--json"]).with_code(0);
    };
    send("1", "kari@post.example");
    send("2", "mailboxfull@post.example");
    let database = wait_for(cluster.new_database());

    let mut hub = Running::ready(&data, &["serve"]);
    let refused = kvitt(&data, &["copy-database", "--to", &database]).with_code(3);
    assert!(refused.stderr.contains("stop the hub first"), "{}", refused.stderr);
    assert_eq!(hub.stop(), Some(0));
    let copied = kvitt(&data, &["copy-database", "--to", &database, "--json"]).with_code(0).json();
    let rows = |table: &str| {
        copied.as_array().unwrap().iter().find(|one| one["table"] == table).unwrap_or_else(|| panic!("{table}"))["rows"].clone()
    };
    assert_eq!((rows("invoice"), rows("delivery"), rows("company"), rows("job")), (2.into(), 2.into(), 1.into(), 1.into()));
    let again = kvitt(&data, &["copy-database", "--to", &database]).with_code(3);
    assert!(again.stderr.contains("not empty"), "{}", again.stderr);
    kvitt(&data, &["copy-database", "--to", "mysql://x"]).with_code(3);

    // The same folder, its keys and large files, with another database.
    let file = data.join("kvitt.toml");
    let configuration = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("database = {database:?}\n{configuration}")).unwrap();
    fs::rename(data.join("kvitt.db"), folder.path().join("old.db")).unwrap();
    kvitt(&data, &["events", "--verify"]).with_code(0);
    let mut hub = Running::ready(&data, &["serve"]);
    sandbox.advance(6 * 3600);
    for _ in 0..600 {
        if state(&data, "2") == "handed_over" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!([state(&data, "1"), state(&data, "2")], ["handed_over", "handed_over"]);
    send("3", "mailboxfull+again@post.example");

    // A backup of it is a file of its own, which needs no server.
    let backup = folder.path().join("backup");
    kvitt(&data, &["backup", backup.to_str().unwrap(), "--with-keys"]).with_code(0);
    assert_eq!(hub.stop(), Some(0));
    let home = folder.path().join("home");
    let restored = kvitt(&home, &["restore", backup.to_str().unwrap(), "--json"]).with_code(4).json();
    assert_eq!(restored["doubts"], 1, "{restored}");
    assert_eq!(["1", "2", "3"].map(|number| state(&home, number)), ["handed_over", "handed_over", "in_doubt"]);
    assert_eq!(sandbox.taken().len(), 2);
}
