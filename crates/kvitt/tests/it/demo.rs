//! `kvitt demo`: at least what the first page of the manual promises.

use std::fs;

use serde_json::Value;

use crate::harness::{all_bytes, examples, kvitt};

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn rows(report: &Value) -> &[Value] {
    report["invoices"].as_array().unwrap()
}

#[test]
fn the_demo_delivers_explains_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let first = kvitt(&data, &["demo", "--exit", "--json"]).with_code(0).json();

    assert!(number(&first, "submitted") >= 40 && number(&first, "refused") >= 2 && number(&first, "parked") >= 1, "{first}");
    assert_eq!((number(&first, "lost"), number(&first, "duplicated")), (0, 0), "{}", first["found"]);
    assert_eq!(number(&first, "submitted"), number(&first, "accepted") + number(&first, "refused"));
    let ends = ["delivered", "waiting", "parked", "in_doubt", "cancelled"].map(|name| number(&first, name));
    assert_eq!(ends.iter().sum::<u64>(), number(&first, "accepted"), "each accepted one is counted once: {ends:?}");
    let by_route: u64 = ["email", "efaktura", "print", "avtalegiro"].map(|route| number(&first["by_route"], route)).iter().sum();
    assert_eq!(by_route, number(&first, "delivered"), "{}", first["by_route"]);
    for (route, least) in [("email", 20), ("efaktura", 8), ("print", 5), ("avtalegiro", 9)] {
        assert!(number(&first["by_route"], route) >= least, "{route}: {}", first["by_route"]);
    }
    every_persona_ends_as_its_page_says(&first);
    every_debit_ends_as_its_page_says(&first);
    // Two servers that talk nonsense and one that hangs up after the dot. One more hangs up before it: on a busy machine a small
    // letter is through, dot and all, before that is noticed, and the doubt is honest.
    assert!((3..=4).contains(&number(&first, "in_doubt")), "{first}");

    for refusal in first["refusals"].as_array().unwrap() {
        let faults = refusal["faults"].as_array().unwrap();
        assert!(!faults.is_empty() && faults.iter().all(|fault| !fault["message"].as_str().unwrap().is_empty()), "{refusal}");
    }
    let rungs: Vec<&Value> = rows(&first).iter().flat_map(|row| row["ladder"].as_array().unwrap()).collect();
    let with_reason = |standing: &str| {
        let of_standing = rungs.iter().filter(|rung| rung["standing"] == standing);
        of_standing.inspect(|rung| assert!(!rung["reasons"].as_array().unwrap().is_empty(), "{rung}")).count()
    };
    assert!(with_reason("skipped") > 40 && with_reason("failed") >= 5);

    // The same demo in the same folder is the same documents: all known, nothing sent again.
    let second = kvitt(&data, &["demo", "--exit", "--json"]).with_code(0).json();
    assert!(rows(&second).iter().all(|row| row["again"] == true), "{second}");
    let counts = ["submitted", "refused", "accepted", "delivered", "parked", "in_doubt", "lost", "duplicated"];
    for name in counts.into_iter().chain(["claimed", "paid", "reopened", "parked_payments"]) {
        assert_eq!(first[name], second[name], "{name}");
    }

    look_into_it_afterwards(&data, number(&first, "in_doubt"));
    no_identity_number_is_anywhere(&data, &[first.to_string(), second.to_string()]);
}

/// Whom the banks, the mail server and the print shop treat how (`examples/README.md`): the state, the route, and why another
/// was not it.
fn every_persona_ends_as_its_page_says(report: &Value) {
    let ends = [
        ("500101", "delivered", "efaktura", None),
        ("500104", "delivered", "efaktura", None),
        ("500108", "delivered", "efaktura", None),
        ("260405", "delivered", "efaktura", None),
        ("1201", "delivered", "efaktura", None),
        ("500110", "delivered", "efaktura", None),
        ("70007", "delivered", "efaktura", None),
        ("260401", "handed_over", "email", Some("efaktura.rejected")),
        ("80015", "handed_over", "email", Some("efaktura.rejected")),
        ("1203", "handed_over", "email", Some("efaktura.several")),
        ("1205", "handed_over", "email", Some("efaktura.not_accepting")),
        ("80017", "handed_over", "email", Some("efaktura.blocked")),
        ("1207", "handed_over", "email", Some("efaktura.invalid")),
        ("70001", "handed_over", "email", Some("efaktura.attachment_not_shown")),
        ("500102", "handed_over", "print", Some("email.refused")),
        ("260402", "handed_over", "print", Some("email.bounced")),
        ("260403", "handed_over", "print", Some("email.missing")),
        ("500107", "handed_over", "print", Some("efaktura.no_lookup_key")),
        ("80013", "parked", "", Some("print.unprintable")),
        ("80014", "parked", "", Some("print.returned")),
        ("1202", "parked", "", Some("email.refused")),
    ];
    for (number, state, route, reason) in ends {
        let row = rows(report).iter().find(|row| row["number"] == number).unwrap_or_else(|| panic!("no {number}"));
        assert_eq!(row["state"], state, "{row}");
        let rungs = row["ladder"].as_array().unwrap();
        let chosen = rungs.iter().find(|rung| rung["standing"] == "chosen");
        assert_eq!(chosen.map_or("", |rung| rung["route"].as_str().unwrap()), route, "{row}");
        let codes: Vec<&str> = rungs
            .iter()
            .flat_map(|rung| rung["reasons"].as_array().into_iter().flatten())
            .filter_map(|reason| reason["code"].as_str())
            .collect();
        assert!(reason.is_none_or(|reason| codes.contains(&reason)), "{number}: {codes:?}");
    }
}

/// Members who pay by direct debit (`examples/README.md`): how each was claimed and what became of that, how the payer was told, and
/// where the money stands.
fn every_debit_ends_as_its_page_says(report: &Value) {
    let ends = [
        ("80101", "service debited", "efaktura", "paid nothing"),
        ("80102", "service unpaid", "email", "reopened remind"),
        ("80103", "service unpaid", "email", "reopened remind"),
        ("80104", "service refused", "", "open nothing"),
        ("80105", "service debited", "", "paid nothing"),
        ("80106", "file debited", "print", "paid nothing"),
        ("80107", "file debited", "efaktura", "paid nothing"),
        ("80108", "file debited", "email", "overpaid ask_bank_then_refund"),
        ("80109", "file unpaid", "email", "reopened remind"),
        ("80110", "file debited", "email", "reversed find_out_why"),
    ];
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    for (number, claim, told, money) in ends {
        let row = rows(report).iter().find(|row| row["number"] == number).unwrap_or_else(|| panic!("no {number}"));
        let found = [
            format!("{} {}", text(&row["debit"], "way"), text(&row["debit"], "claim")),
            text(&row["debit"], "notice_route"),
            format!("{} {}", text(&row["money"], "standing"), text(&row["money"], "proposal")),
        ];
        assert_eq!(found, [claim, told, money], "{row}");
    }
    assert_eq!(rows(report).iter().filter(|row| !row["debit"].is_null()).count(), ends.len());
    let counts = ["claimed", "paid", "reopened", "parked_payments"].map(|name| number(report, name));
    assert_eq!(counts, [9, 4, 3, 1], "{}", report["by_money"]);
    // Who paid with another invoice's KID is found by the amount.
    assert_eq!(report["payments"][0]["suggestions"][0]["number"], "80109", "{}", report["payments"]);
}

fn look_into_it_afterwards(data: &std::path::Path, in_doubt: u64) {
    let told = kvitt(data, &["explain", "500102"]).with_code(0).stdout;
    for part in ["500102", "Ola Nordmann", "550", "✗ e-mail", "✓ letter on paper", "posted"] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    let bokmal = kvitt(data, &["explain", "500102", "--lang", "nb"]).with_code(0).stdout;
    assert!(bokmal.contains("brev på papir") && bokmal.contains("overlevert"), "{bokmal}");
    let story = kvitt(data, &["explain", "500102", "--json"]).with_code(0).json();
    assert_eq!(story["delivery"]["state"]["state"], "handed_over");
    let doubts = kvitt(data, &["list", "--state", "in_doubt", "--json"]).with_code(0).json();
    assert_eq!(doubts.as_array().unwrap().len() as u64, in_doubt);
    assert!(kvitt(data, &["events", "--verify", "--json"]).with_code(0).json().as_array().unwrap().len() == 5);
    kvitt(data, &["status", "--json"]).with_code(0);
    kvitt(data, &["jobs"]).with_code(0);
}

/// The examples hold (synthetic) national identity numbers in their metadata. None is in what was printed, nor in clear in
/// any file that hub or sandbox wrote.
fn no_identity_number_is_anywhere(data: &std::path::Path, printed: &[String]) {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(examples().join("invoices")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let metadata: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            numbers.extend(metadata["recipient_ssn"].as_str().map(str::to_owned));
        }
    }
    assert!(!numbers.is_empty(), "the examples still hold some");
    let files = all_bytes(data);
    for number in &numbers {
        assert!(printed.iter().all(|text| !text.contains(number.as_str())));
        for (path, bytes) in &files {
            let is_there = bytes.windows(number.len()).any(|window| window == number.as_bytes());
            assert!(!is_there, "a national identity number is in {}", path.display());
        }
    }
}

/// A word, or a sign in the place of a date.
fn undated(word: &str) -> &str {
    if word.parse::<jiff::civil::Date>().is_ok() { "†" } else { word }
}

#[test]
fn the_table_is_for_people_and_the_readme_quotes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let shown = kvitt(&data, &["demo", "--exit"]).with_code(0).stdout;
    let readme = fs::read_to_string(examples().join("../README.md")).unwrap();
    let quoted = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // The page breaks lines where the program does not, and quotes another day.
    let in_one_line = |text: &str| text.split_whitespace().map(undated).collect::<Vec<_>>().join(" ");
    let (shown_so, honest_doubts) = (in_one_line(&shown), !shown.contains("3 are in doubt"));
    for paragraph in quoted.split("\n\n").filter(|paragraph| !(honest_doubts && paragraph.contains("in doubt"))) {
        let lines: Vec<&str> = if paragraph.contains('│') { paragraph.lines().collect() } else { vec![paragraph] };
        for line in lines.into_iter().map(in_one_line) {
            assert!(shown_so.contains(&line), "the README quotes\n{line}\nwhich is not in\n{shown}");
        }
    }
    // The same folder again, in the other language.
    let shown = kvitt(&data, &["demo", "--exit", "--lang", "nb"]).with_code(0).stdout;
    for part in [
        "Kari Nordmann",
        "✓ e-post",
        "– eFaktura",
        "✗ e-post",
        "parkert",
        "med fil",
        "0 tapt, 0 sendt to ganger",
        "kvitt explain 500102",
    ] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
}
