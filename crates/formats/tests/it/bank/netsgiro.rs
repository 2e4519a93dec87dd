//! Beside the Python package `netsgiro` 2.0.1: what Kvitt writes it reads with the same amounts, dates and KIDs, and the other way.
//!
//! `KVITT_NETSGIRO_PYTHON` names a Python that has it, else `python3` is tried; without it these tests say that they skip, and
//! with `netsgiro` in `KVITT_REQUIRE` they fail.

use std::path::Path;
use std::process::Command;

use kvitt_formats::bank::avtalegiro::Sending;
use kvitt_formats::bank::{Item, PaymentKind, Registration};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::writing::{GivenOrder, order, write};
use super::{example, items};
use crate::{required, shared};

/// A Python that has the package.
struct Netsgiro(String);

impl Netsgiro {
    fn found() -> Option<Netsgiro> {
        let python = std::env::var("KVITT_NETSGIRO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has = Command::new(&python).args(["-c", "import netsgiro"]).output().is_ok_and(|output| output.status.success());
        if has {
            return Some(Netsgiro(python));
        }
        assert!(!required("netsgiro"), "netsgiro is required, and {python} has it not");
        println!("SKIPPED: {python} has no netsgiro; name one that has in KVITT_NETSGIRO_PYTHON");
        None
    }

    fn run(&self, arguments: &[&str]) -> String {
        let bridge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/netsgiro/bridge.py");
        let output = Command::new(&self.0).arg(bridge).args(arguments).output().expect("the Python was there a moment ago");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the bridge writes UTF-8")
    }

    fn describe(&self, path: &Path) -> String {
        self.run(&["describe", &path.to_string_lossy()])
    }
}

/// A folder that goes when the test ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("kvitt-netsgiro-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for files can be made");
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The same lines from our reader.
fn describe(bytes: &[u8]) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut lines = String::new();
    for item in items(bytes) {
        let values: Vec<String> = match item {
            Item::Transmission(start) => {
                vec!["transmission".to_owned(), text(&start.sender), start.number.clone(), text(&start.recipient)]
            }
            Item::Order(order) => vec!["order".to_owned(), order.number.clone(), order.account.clone()],
            Item::Claim(claim) => vec![
                "claim".to_owned(),
                if claim.bank_notifies { "21" } else { "2" }.to_owned(),
                claim.transaction.to_string(),
                claim.due_on.to_string(),
                claim.amount.minor().to_string(),
                claim.kid.clone(),
                claim.payer.clone(),
                claim.reference.clone(),
                notice(&claim.specifications),
            ],
            Item::Cancellation(one) => vec![
                "claim".to_owned(),
                "93".to_owned(),
                one.transaction.to_string(),
                one.due_on.to_string(),
                one.amount.minor().to_string(),
                one.kid.clone(),
                one.payer.clone(),
                String::new(),
                String::new(),
            ],
            Item::Mandate(mandate) => {
                let registration = match mandate.registration {
                    Registration::Existing => 0,
                    Registration::NewOrChanged => 1,
                    Registration::Deleted => 2,
                };
                let notice = if mandate.wants_notice { "True" } else { "False" };
                ["mandate", &mandate.transaction.to_string(), &registration.to_string(), &mandate.kid, notice]
                    .map(str::to_owned)
                    .to_vec()
            }
            Item::Payment(payment) => {
                let PaymentKind::Ocr(kind) = payment.kind else { panic!("a NETS file holds no entries of camt") };
                vec![
                    "payment".to_owned(),
                    kind.to_string(),
                    payment.transaction.to_string(),
                    payment.booked_on.to_string(),
                    payment.amount.minor().unsigned_abs().to_string(),
                    text(&payment.kid),
                    payment.valued_on.map(|date| date.to_string()).unwrap_or_default(),
                    text(&payment.payer_account),
                    text(&payment.text),
                ]
            }
            Item::OrderEnd(_) | Item::TransmissionEnd(_) | Item::Remark(_) => continue,
        };
        lines.push_str(&values.join("\t"));
        lines.push('\n');
    }
    lines
}

/// The letters of a bank's notice: netsgiro joins the halves of a line without the blanks between them.
fn notice(specifications: &[kvitt_formats::bank::Specification]) -> String {
    specifications.iter().flat_map(|part| part.text.split_whitespace()).collect()
}

#[test]
fn it_reads_what_we_write() {
    let Some(netsgiro) = Netsgiro::found() else { return };
    let folder = Folder::new("ours");
    let check = |name: &str, bytes: &[u8]| {
        let path = folder.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(netsgiro.describe(&path), describe(bytes), "{name}");
    };
    check("example.txt", &example("claims_and_cancellations.txt"));
    // Any claims: many orders in few files, because each file costs a start of Python.
    let mut runner = TestRunner::deterministic();
    for file in 0..3 {
        let mut orders: Vec<GivenOrder> = Vec::new();
        for number in 1..=80 {
            let mut order = order().new_tree(&mut runner).expect("there are orders").current();
            // netsgiro knows orders by their number alone.
            order.number = number;
            orders.push(order);
        }
        let (bytes, _) = write(&Sending { customer_unit: "00229221", number: file + 1 }, &orders).unwrap();
        check(&format!("any-{file}.txt"), &bytes);
    }
}

#[test]
fn we_read_what_it_writes() {
    let Some(netsgiro) = Netsgiro::found() else { return };
    let folder = Folder::new("theirs");
    let path = folder.0.join("claims.txt");
    netsgiro.run(&["claims", &path.to_string_lossy()]);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(describe(&bytes), netsgiro.describe(&path));
    assert_eq!(describe(&bytes).lines().filter(|line| line.starts_with("claim")).count(), 101);

    // A KID with `-` it refuses, and payments without one it reads but cannot write.
    let ours = folder.0.join("payments.txt");
    let text: String = example("payments_and_mandates.txt").iter().map(|byte| char::from(*byte)).collect();
    let latin1: Vec<u8> = text.replace("20261003-", "020261004").chars().map(|letter| letter as u8).collect();
    std::fs::write(&ours, &latin1).unwrap();
    assert_eq!(describe(&latin1), netsgiro.describe(&ours));

    // Payments and mandates it does not make by itself: it writes again what it read.
    let Some(vectors) = shared("rails") else { return };
    for name in ["avtalegiro_agreements.txt", "avtalegiro_payment_request.txt", "ocr_giro_transactions.txt"] {
        let (file, again) = (vectors.join("netsgiro").join(name), folder.0.join(name));
        netsgiro.run(&["rewrite", &file.to_string_lossy(), &again.to_string_lossy()]);
        for path in [&file, &again] {
            let bytes = std::fs::read(path).unwrap();
            assert_eq!(describe(&bytes), netsgiro.describe(path), "{}", path.display());
        }
    }
}
