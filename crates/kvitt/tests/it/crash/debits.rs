//! The direct debits of the crash test: accounts with agreements, payers with mandates, and KIDs by which the bank finds them.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use kvitt_domain::identifiers::KidStructure;

use crate::documents::Document;
use crate::harness::{COMPANY, Running, Sandbox, kvitt};

/// An account with how claims to it travel. Both are registered by the bank at once.
pub struct Way {
    /// Eleven digits.
    pub account: &'static str,
    name: &'static str,
}

/// Claims go by the service.
pub const SERVICE: Way = Way { account: "99991003017", name: "service" };
/// Claims go in a file, once a day.
pub const FILE: Way = Way { account: "99991002010", name: "file" };

/// A payer of the sandbox's, by the customer part of the KID, and how the claim travels.
pub struct Debit {
    /// By which account.
    pub way: &'static Way,
    /// 1 to 100; its last digits choose the payer (docs/sandbox.md).
    pub customer: u64,
}

/// A payer who is debited and wants no notice.
pub const SILENT: u64 = 4;
/// A payer who is debited and wants one.
pub const TOLD: u64 = 15;

const STRUCTURE: &str = "16:1-6";
const LONGEST: Duration = Duration::from_secs(60);

/// Has the agreements made and the mandates fetched.
pub fn activate(data: &Path, world: &Sandbox) {
    let mut hub = Running::ready(data, &["serve"]);
    let order = |rest: &[&str]| {
        let begins = ["company", "agreement", "order", COMPANY];
        let ends = ["--accept-terms", "--by", "the crash test"];
        kvitt(data, &[&begins[..], rest, &ends[..]].concat()).with_code(0);
    };
    order(&["main-vendor"]);
    until(world, || is_active(data, 1));
    for Way { account, name } in [&SERVICE, &FILE] {
        kvitt(data, &["company", "bank-account", "set", COMPANY, account]).with_code(0);
        order(&["avtalegiro", "--account", account, "--kid", STRUCTURE, "--claims", name]);
    }
    until(world, || is_active(data, 3));
    let mandates = |way: &Way| {
        // The exit code says whether there are any.
        let listed = kvitt(data, &["mandates", "list", "--json"]).stdout;
        listed.matches(way.account).count()
    };
    until(world, || mandates(&SERVICE) >= 90 && mandates(&FILE) >= 90);
    let setup = r#"{"lot_open_seconds": 5, "settle_minutes": 1}"#;
    kvitt(data, &["company", "set-route", COMPANY, "avtalegiro", setup]).with_code(0);
    assert_eq!(hub.stop(), Some(0));
}

/// Whether so many agreements are in force, or only have to spread to the banks.
fn is_active(data: &Path, count: usize) -> bool {
    let listed = kvitt(data, &["company", "agreement", "list", COMPANY, "--json"]).with_code(0).stdout;
    ["\"active\"", "\"spreading\""].iter().map(|state| listed.matches(state).count()).sum::<usize>() >= count
}

/// Lets business time pass until it is so.
fn until(world: &Sandbox, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "the agreements do not come");
        world.advance(600);
        thread::sleep(Duration::from_millis(100));
    }
}

impl Debit {
    /// The KID of the invoice with a number.
    pub fn kid(&self, number: usize) -> String {
        let structure: KidStructure = STRUCTURE.parse().expect("it is one");
        structure.generate(self.customer, number as u64).expect("the number fits").to_string()
    }

    /// Puts the KID and the account of the claim in the document's.
    pub fn asked_in(&self, mut document: Document, number: usize) -> Document {
        let text = String::from_utf8(document.handed.bytes).expect("it is text");
        let between = |text: &str, begins: &str, ends: &str, new: &str| {
            let (before, rest) = text.split_once(begins).expect("it is there");
            let (_, after) = rest.split_once(ends).expect("it ends");
            format!("{before}{begins}{new}{ends}{after}")
        };
        let text = between(&text, "<cbc:PaymentID>", "</cbc:PaymentID>", &self.kid(number));
        let text = between(&text, "<cac:PayeeFinancialAccount><cbc:ID>", "</cbc:ID>", self.way.account);
        document.handed.bytes = text.into_bytes();
        document
    }
}
