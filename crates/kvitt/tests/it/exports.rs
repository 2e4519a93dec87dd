//! Vouchers at the command line: SAF-T that the published schema takes, and a table; what they say is what was sent and paid.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::{COMPANY, Running, Sandbox, invoice, kvitt};
use crate::payments::ocr;

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} is not in {text}")) + from.len();
    text[start..].split(to).next().unwrap()
}

/// Judges a file by the published schema, where this machine has it and xmllint.
fn is_valid(file: &std::path::Path) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = root.join("../../../shared/vectors/schemas/saft/Norwegian_SAF-T_Financial_1.30.xsd");
    let judged = Command::new("xmllint").args(["--noout", "--schema"]).arg(&schema).arg(file).output();
    match judged {
        Ok(judged) if schema.exists() => {
            assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
        }
        _ => {
            let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|what| what == "xmllint"), "KVITT_REQUIRE wants xmllint and the schema of SAF-T");
            println!("SKIPPED: no xmllint or no schema of SAF-T; KVITT_REQUIRE=xmllint makes this a failure");
        }
    }
}

#[test]
fn invoices_and_payments_become_vouchers() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let example = invoice("1", "kari@post.example");
    let account = between(&example, "<cac:PayeeFinancialAccount>", "</cbc:ID>").rsplit('>').next().unwrap().to_owned();
    let kid = between(&example, "<cbc:PaymentID>", "<").to_owned();
    let payable = between(&example, "<cbc:PayableAmount currencyID=\"NOK\">", "<").to_owned();
    kvitt(&data, &["company", "bank-account", "set", COMPANY, &account]).with_code(0);
    let file = folder.path().join("1.xml");
    fs::write(&file, &example).unwrap();
    kvitt(&data, &["send", file.to_str().unwrap()]).with_code(0);
    let bank = folder.path().join("OCR-1.txt");
    fs::write(&bank, ocr(&account, 1, &[(&kid, payable.replace('.', "").parse().unwrap())])).unwrap();
    kvitt(&data, &["payments", "import", bank.to_str().unwrap()]).with_code(0);

    let saft = folder.path().join("saft.xml");
    let span = ["--from", "2020-01-01", "--to", "2039-12-31"];
    let export = |what: &str, out: &std::path::Path| -> Value {
        let options = [&["export", what, "--company", COMPANY, "--json", "--out", out.to_str().unwrap()][..], &span].concat();
        kvitt(&data, &options).with_code(0).json()
    };
    let told = export("saf-t", &saft);
    assert_eq!((&told["entries"], &told["left_out"]), (&2.into(), &Value::Array(Vec::new())));
    let text = fs::read_to_string(&saft).unwrap();
    is_valid(&saft);
    assert_eq!(between(&text, "<TotalDebit>", "<"), between(&text, "<TotalCredit>", "<"));
    assert_eq!(between(&text, "<CID>", "<"), kid);
    // What the invoice asked for was paid: nothing is owed at the end.
    assert!(text.contains("<ClosingDebitBalance>0.00</ClosingDebitBalance></BalanceAccount>"), "{text}");
    let table = folder.path().join("vouchers.csv");
    export("vouchers", &table);
    let table = fs::read_to_string(table).unwrap();
    let (amount, postings) = (payable.replace('.', ","), table.lines().count() - 1);
    assert!(postings >= 5 && table.contains(&format!(";1500;{amount};;")), "{table}");

    // A running hub answers through its socket, onto standard output; another time has nothing.
    let mut hub = Running::ready(&data, &["serve"]);
    let options = ["export", "saf-t", "--company", COMPANY, "--from", "2019-01-01", "--to", "2019-12-31"];
    let empty = kvitt(&data, &options).with_code(0).stdout;
    assert!(empty.contains("<NumberOfEntries>0</NumberOfEntries>"), "{empty}");
    hub.stop();
}
