//! What only a person decides, decided by a person and by a counterparty's ledger.

use std::fs;
use std::path::Path;

use crate::harness::{Sandbox, invoice, kvitt};

fn state(data: &Path, number: &str) -> String {
    let story = kvitt(data, &["explain", number, "--json"]).with_code(0).json();
    story["delivery"]["state"]["state"].as_str().unwrap().to_owned()
}

fn write(folder: &Path, number: &str, recipient: &str) -> String {
    let file = folder.join(format!("{number}.xml"));
    fs::write(&file, invoice(number, recipient)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn doubts_are_settled_by_the_ledger_and_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let taken = write(folder.path(), "1", "dropsafterdot@post.example");
    let not_taken = write(folder.path(), "2", "garbles@post.example");
    let repeated = write(folder.path(), "3", "dropsafterdot+again@post.example");
    let ordinary = write(folder.path(), "4", "kari@post.example");

    // Doubts need a person: exit code 4.
    let sent = kvitt(&data, &["send", &taken, &not_taken, &ordinary, "--json"]).with_code(4).json();
    assert_eq!((&sent["in_doubt"], &sent["delivered"]), (&2.into(), &1.into()), "{sent}");

    // Who says so, and what, must be said.
    kvitt(&data, &["settle", "1", "--sent"]).with_code(2);
    kvitt(&data, &["settle", "1", "--by", "Ada"]).with_code(2);
    // What is not in doubt cannot be settled, and nothing changes.
    let refused = kvitt(&data, &["settle", "4", "--sent", "--by", "Ada", "--json"]).with_code(1).json();
    assert_eq!(refused["faults"][0]["code"], "state.refuses");
    assert_eq!(state(&data, "4"), "handed_over");

    let settled = kvitt(&data, &["settle", "--ledger", &sandbox.ledger(), "--by", "Ada", "--json"]).with_code(0).json();
    let decided =
        |number: &str| settled.as_array().unwrap().iter().find(|one| one["invoice"] == number).unwrap()["settlement"].clone();
    assert_eq!((decided("1"), decided("2")), ("sent".into(), "unsent".into()));
    assert_eq!((state(&data, "1").as_str(), state(&data, "2").as_str()), ("handed_over", "choosing"));

    // By hand: the same letter again, which this mail server then takes; the recipient has it twice, as was wanted.
    kvitt(&data, &["send", &repeated, "--json"]).with_code(4);
    kvitt(&data, &["settle", "3", "--repeat", "--by", "Ada"]).with_code(0);
    kvitt(&data, &["send", &repeated, "--json"]);
    assert_eq!(state(&data, "3"), "handed_over");
    assert_eq!(sandbox.taken().iter().filter(|line| line.invoice == "3").count(), 2);

    // Who decided stands in the record.
    assert!(kvitt(&data, &["explain", "1", "--json"]).stdout.contains("Ada"));
}
