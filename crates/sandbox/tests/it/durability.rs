//! What was said to be taken is on disk, and a sandbox that is started again goes on where it was.

use std::fs;

use kvitt_sandbox::StartError;

use crate::bank::{order, transmission};
use crate::claims::{ACCOUNT, TUESDAY, kid};
use crate::harness::{Stage, eventually, settings};
use crate::mps::ISSUER;
use crate::print_shop::letter;

#[test]
fn the_line_is_in_the_file_before_the_reply() {
    let stage = Stage::new();
    // The reply is held back for longer than the test lasts.
    stage.fault(r#"{"counterparty":"mail","at":"reply","kind":"delay","delay_ms":600000}"#);
    let client = stage.talk("{open}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\nS: 354\n{letter 1}");
    let file = stage.folder.path().join("ledger.jsonl");
    let line = eventually(|| Some(fs::read_to_string(&file).unwrap()).filter(|text| text.ends_with('\n')));
    eventually(|| (stage.ledger().len() == 1).then_some(()));
    assert!(line.contains("\"key\":\"999999999/1/kari@a.example\""), "{line}");
    client.0.get_ref().set_nonblocking(true).unwrap();
    assert!(client.0.get_ref().peek(&mut [0]).is_err(), "a reply came although it is held back");
}

#[test]
fn a_disk_that_refuses_is_a_temporary_refusal_and_leaves_no_line() {
    let stage = Stage::new();
    let mailbox = stage.folder.path().join("mailbox");
    fs::remove_dir(&mailbox).unwrap();
    assert!(stage.send("dropsafterdot@a.example", "1").starts_with("452 4.3.1"));
    assert!(stage.ledger().is_empty());
    fs::create_dir(&mailbox).unwrap();
    assert_eq!(stage.send("dropsafterdot@a.example", "1"), "");
    assert_eq!(stage.ledger().len(), 1);
}

#[test]
fn a_sandbox_started_again_goes_on_where_it_was() {
    let mut stage = Stage::new();
    stage.advance(r#"{"days": 3}"#);
    assert_eq!(stage.send("dropsafterdot@a.example", "1"), "");
    stage.send("bounceslater+after=2d@a.example", "2");
    let certificate = fs::read(stage.sandbox().certificate()).unwrap();
    let before = stage.ledger();
    // A line that was being written when the machine died.
    let ledger = stage.folder.path().join("ledger.jsonl");
    let mut torn = fs::read(&ledger).unwrap();
    torn.extend_from_slice(b"{\"counterparty\":\"ma");
    fs::write(&ledger, torn).unwrap();

    stage.restart();
    assert_eq!(stage.ledger(), before);
    assert_eq!(fs::read(stage.sandbox().certificate()).unwrap(), certificate);
    assert_eq!(stage.json("/clock")["offset_ms"], 3 * 86_400_000_i64);
    assert_eq!(stage.send("dropsafterdot@a.example", "1"), "250 2.6.0 Taken as letter 3\r\n");
    assert_eq!(stage.ledger().len(), 3);
    stage.advance(r#"{"days": 2}"#);
    assert!(stage.bounces(1)[0].contains("bounceslater+after=2d@a.example"));
}

#[test]
fn bills_and_receipts_outlive_the_sandbox() {
    let mut stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    stage.ship(1, &[&to, &to]);
    stage.advance(r#"{"ms": 30000}"#);
    assert_eq!(stage.cancel(1, 1), "CANCELLATION_REQUESTED");
    stage.print(1, &[letter(1, "F-1", "Kari Nordmann")]);
    stage.receipts(1);

    stage.restart();
    assert_eq!(
        (stage.status(1, 1).as_str(), stage.status(1, 2).as_str()),
        ("<status>CANCELLED</status>", "<status>ACCEPTED</status>")
    );
    assert_eq!(stage.cancel(1, 1), "ALREADY_CANCELLED");
    stage.advance(r#"{"days": 10}"#);
    stage.receipts(3);
}

#[test]
fn a_disk_that_refuses_leaves_the_bank_as_it_was() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let kid = kid(42, 1);
    let claims = |number: u32| transmission(number, &[order(number, ACCOUNT, false, &[(1, "090140", 49_900, &kid)])]);
    let pending = stage.folder.path().join("pending-bank");
    fs::remove_dir(&pending).unwrap();
    let (name, home) = ("kvitt-00229221-0000001.txt", stage.sandbox().bank().to_owned());
    fs::write(home.join("in").join(name), claims(1)).unwrap();
    // It is tried again and again, and nothing comes of it.
    stage.fault(r#"{"counterparty":"bank","at":"rename","kind":"delay","delay_ms":1}"#);
    eventually(|| (stage.json("/faults")[0]["struck"].as_u64().unwrap() > 2).then_some(()));
    let book = fs::read_to_string(stage.folder.path().join("bank.jsonl")).unwrap();
    assert!(!book.contains("taken") && home.join("in").join(name).exists(), "{book}");
    fs::create_dir(&pending).unwrap();
    eventually(|| home.join("taken").join(name).exists().then_some(()));
    stage.at("2040-01-10T08:00:00Z");
    assert_eq!(stage.debits().len(), 1);
    assert_eq!(stage.told("OCR-2040-01-10").len(), 1);
}

#[test]
fn two_sandboxes_never_share_a_folder() {
    let stage = Stage::new();
    let second = stage.try_start(settings(stage.folder.path().to_owned()));
    assert!(matches!(second, Err(StartError::InUse(_))));
}

#[test]
fn it_listens_on_loopback_only() {
    let stage = Stage::new();
    for what in ["http", "smtp", "smtps", "sftp"] {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path().to_owned());
        let everywhere = "0.0.0.0:0".parse().unwrap();
        match what {
            "http" => settings.http = everywhere,
            "smtp" => settings.smtp = everywhere,
            "smtps" => settings.smtps = Some(everywhere),
            _ => settings.sftp = Some(everywhere),
        }
        let refused = stage.try_start(settings).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("{what}: 0.0.0.0:0 is no loopback address")), "{refused}");
    }
}

#[test]
fn a_port_in_use_is_told_by_its_setting() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path().to_owned());
    settings.smtp = stage.sandbox().smtp();
    let refused = stage.try_start(settings).unwrap_err();
    assert!(refused.to_string().starts_with("smtp: cannot listen on 127.0.0.1:"), "{refused}");
}
