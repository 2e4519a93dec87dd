//! A running hub and the commands that speak with it.

use std::fs;

use crate::harness::{Running, Sandbox, invoice, kvitt};

#[test]
fn commands_reach_the_running_hub_and_outlive_it() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let mut hub = Running::ready(&data, &["serve"]);
    let file = folder.path().join("a.xml");
    fs::write(&file, invoice("1", "kari@post.example")).unwrap();

    // A second hub on the folder does not start; a command asks the first.
    kvitt(&data, &["serve"]).with_code(3);
    let sent = kvitt(&data, &["send", file.to_str().unwrap(), "--json"]).with_code(0).json();
    assert_eq!(sent["accepted"], 1);
    let again = kvitt(&data, &["send", file.to_str().unwrap(), "--json"]).with_code(0).json();
    assert_eq!(again["invoices"][0]["again"], true);
    kvitt(&data, &["doctor", "--json"]).with_code(0);

    // A file dropped into the watched folder goes the same way; a faulty one is moved aside with its faults.
    let intake = data.join("intake");
    fs::write(intake.join("b.tmp"), invoice("2", "ola@post.example")).unwrap();
    fs::rename(intake.join("b.tmp"), intake.join("b.xml")).unwrap();
    fs::write(intake.join("c.xml"), "<Order/>").unwrap();
    // Its number is 4711.
    fs::write(intake.join("d.tmp"), include_str!("finvoice.xml")).unwrap();
    fs::rename(intake.join("d.tmp"), intake.join("d.xml")).unwrap();
    let known = |number: &str| kvitt(&data, &["explain", number, "--json"]);
    wait_until(|| known("2").code == Some(0) && intake.join("refused/c.xml.faults.json").exists());
    wait_until(|| known("4711").code == Some(0));
    wait_until(|| ["1", "2", "4711"].iter().all(|number| known(number).json()["delivery"]["state"]["state"] == "handed_over"));

    // After kill -9 commands work in their own process on what was made durable.
    hub.kill();
    assert_eq!(known("1").json()["delivery"]["state"]["state"], "handed_over");
    assert_eq!(sandbox.taken().len(), 3);
    assert!(sandbox.letters("kahvila@post.example")[0].contains("4711"));

    let mut hub = Running::ready(&data, &["serve"]);
    assert_eq!(hub.stop(), Some(0), "told to stop, it finishes and says all is well");
}

/// Looks until it is so. What never comes fails the test after a minute.
fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("waited for a minute");
}

#[test]
fn wrong_words_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("none");
    kvitt(&data, &["fly"]).with_code(2);
    kvitt(&data, &["send"]).with_code(2);
    kvitt(&data, &["plan", "--recipient-type", "cat", "x.xml"]).with_code(2);
    kvitt(&data, &["list"]).with_code(3);
    kvitt(&data, &["explain", "1", "--json"]).with_code(3);
    kvitt(&data, &["doctor"]).with_code(1);
    assert!(kvitt(&data, &["completions", "bash"]).with_code(0).stdout.contains("kvitt"));
    assert!(!data.exists(), "none of these makes a data folder");
}
