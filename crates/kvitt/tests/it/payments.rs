//! Money at the command line: an account set up, a KID made, an invoice sent with it, the bank's file taken in, and what a person sees
//! and decides.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{COMPANY, Running, Sandbox, invoice, kvitt};

/// What the example asks for, øre, and to which account.
fn asked(xml: &str) -> (i64, String) {
    let between = |from: &str, to: &str| {
        let start = xml.find(from).unwrap() + from.len();
        xml[start..].split(to).next().unwrap().to_owned()
    };
    let payable = between("<cbc:PayableAmount currencyID=\"NOK\">", "<");
    let account = between("<cac:PayeeFinancialAccount>", "</cbc:ID>");
    (payable.replace('.', "").parse().unwrap(), account.rsplit('>').next().unwrap().to_owned())
}

/// An OCR giro file of payments: KID and øre.
pub fn ocr(account: &str, transmission: u32, payments: &[(&str, i64)]) -> String {
    let zeros = |count: usize| "0".repeat(count);
    let (mut items, mut sum) = (String::new(), 0);
    for ((kid, minor), number) in payments.iter().zip(1..) {
        sum += minor;
        items += &format!(
            "NY091030{number:07}17112601170{number:05}0{minor:017}{kid:>25}{}\r\nNY091031{number:07}{}17112600000000000{}\r\n",
            zeros(6),
            zeros(26),
            zeros(22)
        );
    }
    let (count, records) = (payments.len(), 2 * payments.len());
    format!(
        "NY00001000008080{transmission:07}00229221{}\r\nNY090020000008566{transmission:07}{account}{}\r\n{items}\
         NY090088{count:08}{:08}{sum:017}171126171126171126{}\r\nNY000089{count:08}{:08}{sum:017}171126{}\r\n",
        zeros(49),
        zeros(45),
        records + 2,
        zeros(21),
        records + 4,
        zeros(33)
    )
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, content).unwrap();
    file.to_str().unwrap().to_owned()
}

fn money(data: &Path, number: &str) -> Value {
    kvitt(data, &["explain", number, "--json"]).with_code(0).json()["money"].clone()
}

#[test]
fn from_kid_to_krone() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let (payable, account) = asked(&invoice("1", "kari@post.example"));

    kvitt(&data, &["company", "bank-account", "set", COMPANY, &account, "--kid", "9:"]).with_code(2);
    let agreed = ["company", "bank-account", "set", COMPANY, &account, "--kid", "12:1-4"];
    kvitt(&data, &agreed).with_code(0);
    assert!(kvitt(&data, &["company", "bank-account", "list", COMPANY]).with_code(0).stdout.contains("12:1-4"));
    let make = ["company", "bank-account", "kid", COMPANY, &account, "--customer", "17"];
    let kid = kvitt(&data, &make).with_code(0).stdout.trim().to_owned();
    assert_ne!(kvitt(&data, &make).with_code(0).stdout.trim(), kid);

    // The invoice goes out with the KID; the bank tells of half of it, and of something that nobody knows.
    let example = invoice("1", "kari@post.example");
    let start = example.find("<cbc:PaymentID>").unwrap();
    let end = example.find("</cbc:PaymentID>").unwrap();
    let with_kid = format!("{}<cbc:PaymentID>{kid}{}", &example[..start], &example[end..]);
    kvitt(&data, &["send", &write(folder.path(), "1.xml", &with_kid)]).with_code(0);
    assert_eq!(money(&data, "1")["standing"]["state"], "open");
    let file = write(folder.path(), "OCR-1.txt", &ocr(&account, 1, &[(&kid, payable / 2), ("", payable - payable / 2)]));
    let imported = kvitt(&data, &["payments", "import", &file, "--json"]).with_code(0).json();
    let placed = &imported["imported"][0]["report"]["accounts"][0]["placed"];
    assert_eq!((&placed["matched"], &placed["parked"]), (&1.into(), &1.into()), "{imported}");
    assert_eq!(money(&data, "1")["standing"]["state"], "part_paid");

    // The same file again, and one that does not add up.
    let again = kvitt(&data, &["payments", "import", &file, "--json"]).with_code(0).json();
    assert_eq!(again["imported"][0]["again"], true);
    let wrong =
        write(folder.path(), "wrong.txt", &ocr(&account, 2, &[(&kid, 1)]).replace("NY00008900000001", "NY00008900000002"));
    let refused = kvitt(&data, &["payments", "import", &wrong, "--json"]).with_code(1).json();
    assert_eq!(refused["refused"][0]["faults"][0]["code"], "bank.count");
    assert!(kvitt(&data, &["payments", "files"]).with_code(0).stdout.contains("OCR-1.txt"));

    // A person sees what is parked and places it.
    let waiting = kvitt(&data, &["payments", "list", "--needs-a-person", "--json"]).with_code(4).json();
    let payment = waiting["payments"][0]["id"].as_str().unwrap().to_owned();
    assert!(kvitt(&data, &["payments", "list", "--needs-a-person"]).with_code(4).stdout.contains(&payment[..13]));
    kvitt(&data, &["payments", "match", &payment[..13], "1"]).with_code(2);
    kvitt(&data, &["payments", "match", &payment[..13], "1", "--by", "Ada"]).with_code(0);
    let paid = money(&data, "1");
    assert_eq!((&paid["standing"]["state"], paid["payments"].as_array().unwrap().len()), (&"paid".into(), 2));
    let story = kvitt(&data, &["explain", "1"]).with_code(0).stdout;
    assert!(story.contains("The money is paid") && story.contains("by hand"), "{story}");
    kvitt(&data, &["payments", "list", "--needs-a-person"]).with_code(0);

    // A running hub takes files through its socket.
    let mut hub = Running::ready(&data, &["serve"]);
    let file = write(folder.path(), "OCR-3.txt", &ocr(&account, 3, &[(&kid, payable)]));
    kvitt(&data, &["payments", "import", &file]).with_code(0);
    let cases = kvitt(&data, &["payments", "list", "--needs-a-person", "--json"]).with_code(4).json();
    assert_eq!(cases["cases"][0]["proposal"]["proposal"], "ask_bank_then_refund", "{cases}");
    kvitt(&data, &["payments", "settle", "1", "--close", "--by", "Ada"]).with_code(0);
    kvitt(&data, &["payments", "list", "--needs-a-person"]).with_code(0);
    hub.stop();
}
