//! Two companies on one hub: neither meets the other's invoices, keys or files.

use std::fs;

use crate::harness::{COMPANY, add_company, invoice, kvitt};

const OTHER: &str = "899001028";

#[test]
fn a_company_never_meets_another_ones_things() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    let ours = folder.path().join("ours.xml");
    fs::write(&ours, invoice("500101", "kari@post.example")).unwrap();
    let ours = ours.to_str().unwrap();
    add_company(&data, COMPANY, "Nordlys Kraft AS");
    add_company(&data, OTHER, "Trollstubben barnehage SA");

    // Without a mail server nothing leaves the house, and nothing needs to: --patience 0 does not wait for it.
    let sent = kvitt(&data, &["send", ours, "--key", "k1", "--patience", "0", "--json"]).json();
    assert_eq!(sent["accepted"], 1, "{sent}");
    let id = sent["invoices"][0]["id"].as_str().unwrap().to_owned();

    // By number and by id, to look and to decide.
    for name in ["500101", id.as_str()] {
        kvitt(&data, &["explain", name, "--company", COMPANY]).with_code(0);
        let told = kvitt(&data, &["explain", name, "--company", OTHER, "--json"]).with_code(1);
        assert!(!told.stdout.contains("Kari"), "{}", told.stdout);
        kvitt(&data, &["settle", name, "--cancel", "--by", "us", "--company", OTHER]).with_code(1);
    }
    for list in [["list", "--company", OTHER], ["jobs", "--company", OTHER]] {
        let listed = kvitt(&data, &[&list[..], &["--json"]].concat()).with_code(0).json();
        assert_eq!(listed.as_array().unwrap().len(), 0, "{listed}");
    }
    let events = kvitt(&data, &["events", "--company", OTHER, "--json"]).with_code(0).stdout;
    assert!(!events.contains("500101") && !events.contains(&id), "{events}");

    // Sealed with a new master key, both still have their own.
    kvitt(&data, &["keys", "rotate"]).with_code(0);
    kvitt(&data, &["explain", &id, "--company", COMPANY]).with_code(0);

    // A file of one handed in for the other is refused; the same key means another thing for each.
    let refused = kvitt(&data, &["send", ours, "--company", OTHER, "--json"]).with_code(1).json();
    assert_eq!(refused["refusals"][0]["faults"][0]["code"], "company.mismatch", "{refused}");
    let theirs = folder.path().join("theirs.xml");
    let example = fs::read_to_string(crate::harness::examples().join("invoices/trollstubben-1201.xml")).unwrap();
    fs::write(&theirs, example).unwrap();
    let sent = kvitt(&data, &["send", theirs.to_str().unwrap(), "--key", "k1", "--patience", "0", "--json"]).json();
    assert_eq!((&sent["accepted"], &sent["invoices"][0]["number"]), (&1.into(), &"1201".into()), "{sent}");
}
