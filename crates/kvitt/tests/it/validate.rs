//! `kvitt validate` and `POST /v1/validate`: every form of the answer, and the same verdict everywhere.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kvitt_rules::arena::{Document, Limits};
use serde_json::Value;

use crate::harness::{Ended, Running, kvitt, wait_for, zipped};

/// An invoice that breaks no rule.
const VALID: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/tests/it/invoice.xml"));

/// The same with a sum that does not add up and no name of the buyer.
fn faulty() -> String {
    let faulty = VALID.replacen(">NOK<", ">SEK<", 1).replacen("Kjøper Eksempel AS", "", 1);
    assert_ne!(faulty, VALID);
    faulty
}

fn validate(arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("none");
    let ended = kvitt(&data, &[&["validate"], arguments].concat());
    assert!(!data.exists(), "judging leaves nothing behind");
    ended
}

/// The answers of `--json`: one a line.
fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(validated: &Value) -> Vec<&str> {
    validated["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn one_line_of_json_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let valid = write(folder.path(), "valid.xml", VALID.as_bytes());
    let faulty = write(folder.path(), "faulty.xml", faulty().as_bytes());
    let ended = validate(&[&valid, &faulty, "--json"]).with_code(1);
    let [first, second] = &lines(&ended)[..] else { panic!("{}", ended.stdout) };

    assert_eq!(first, &serde_json::json!({ "file": valid, "valid": true, "findings": [] }));
    assert_eq!((&second["file"], &second["valid"]), (&Value::from(faulty), &Value::from(false)));
    let finding = second["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "BR-07").unwrap();
    assert_eq!(finding["severity"], "fatal");
    assert_eq!(finding["count"], 1);
    assert_eq!(finding["fixer"], "me");
    assert_eq!(finding["term"], "BT-44");
    assert_eq!(finding["layer"], "en16931");
    assert!(finding["message"].as_str().unwrap().ends_with('.'));
    let place = &finding["places"][0];
    assert!(place["xpath"].as_str().unwrap().starts_with("/Invoice") && place["line"].as_u64() > Some(0), "{place}");
    validate(&[&valid]).with_code(0);
}

#[test]
fn people_read_who_can_mend_what() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = write(folder.path(), "faulty.xml", faulty().as_bytes());
    let said = validate(&[&faulty, "--lang", "nb"]).with_code(1).stdout;
    for expected in ["ikke gyldig", "Kan du rette selv", "BR-07", "BT-44", "1 filer kontrollert etter EN 16931"] {
        assert!(said.contains(expected), "no {expected} in {said}");
    }
    let said = validate(&[&faulty, "--lang", "en"]).with_code(1).stdout;
    assert!(said.contains("For whoever makes your invoicing program") && said.contains("PEPPOL-EN16931-R051 ×"), "{said}");
}

#[test]
fn what_cannot_be_read_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let check = |content: &[u8], id: &str| {
        let file = write(folder.path(), "file.xml", content);
        let answers = lines(&validate(&[&file, "--json"]).with_code(1));
        assert_eq!(ids(&answers[0]), [id]);
        assert_eq!(answers[0]["valid"], false);
    };
    check(b"", "xml.unreadable");
    check(b"\xFF\xFE<\0a\0", "xml.unreadable");
    check(b"<Invoice>", "xml.unreadable");
    check(b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "xml.doctype");
    check("<a>".repeat(100).as_bytes(), "xml.over_budget");
    check(b"<Order/>", "UBL-STRUCTURE-ROOT");
    check(&zipped(&[("a.txt", b"no invoice")]), "archive.documents");
    check(b"PK\x03\x04", "archive.unreadable");
    kvitt(folder.path(), &["validate", "no/such/file.xml"]).with_code(3);
}

#[test]
fn archives_folders_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let archive = zipped(&[("4711.xml", faulty().as_bytes()), ("4711.pdf", b"%PDF-1.4\n%%EOF\n")]);
    write(folder.path(), "year/archive.zip", &archive);
    write(folder.path(), "year/notes.txt", b"not looked at");
    for number in 0..300 {
        write(folder.path(), &format!("year/{:02}/{number:03}.xml", number % 12), VALID.as_bytes());
    }
    let answers = lines(&validate(&[folder.path().to_str().unwrap(), "--json"]).with_code(1));
    assert_eq!(answers.len(), 301);
    assert_eq!(answers.iter().filter(|answer| answer["valid"] == true).count(), 300);
    let files: Vec<&str> = answers.iter().map(|answer| answer["file"].as_str().unwrap()).collect();
    assert!(files.is_sorted(), "in the order of the folder");
    assert!(ids(answers.last().unwrap()).contains(&"BR-07"), "the archive comes last and its XML is judged");

    let mut input = Command::new(env!("CARGO_BIN_EXE_kvitt"))
        .args(["validate", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    input.stdin.take().unwrap().write_all(VALID.as_bytes()).unwrap();
    let output = input.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["file"], "-");
}

#[test]
fn the_report_is_one_page_that_nothing_gets_out_of() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = VALID.replacen(">380<", ">&lt;script&gt;alert('x')&lt;/script&gt;&quot;<", 1);
    write(folder.path(), "in/a <b> & \"c\".xml", hostile.as_bytes());
    write(folder.path(), "in/broken.xml", b"<a>&\x01</a>");
    write(folder.path(), "in/valid.xml", VALID.as_bytes());
    let report = folder.path().join("report.html");
    let input = folder.path().join("in");
    for (language, title) in [("nb", "Kontroll av fakturaer"), ("en", "Judgement of invoices")] {
        validate(&[input.to_str().unwrap(), "--html", report.to_str().unwrap(), "--lang", language]).with_code(1);
        let page = fs::read_to_string(&report).unwrap();
        let (doctype, html) = page.split_once('\n').unwrap();
        assert_eq!(doctype, "<!DOCTYPE html>");
        let document = Document::parse(html.as_bytes(), &Limits::default()).unwrap_or_else(|fault| panic!("{fault}\n{html}"));
        assert_eq!(document.root().attribute("lang"), Some(language));
        assert_eq!(document.root().descendant(&["body", "main", "header", "h1"]).unwrap().text(), title);
        for forbidden in ["<script", "http://", "https://", "src=", "@import", "url("] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(html.contains("BR-CL-01") && html.contains("<svg class=\"bar\"") && html.contains("prefers-color-scheme"));
        assert_eq!(html.matches("<details").count(), 2, "the valid file has nothing to open");
    }
}

#[test]
fn rule_sets_are_chosen_by_day_and_compared_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let valid = write(folder.path(), "valid.xml", VALID.as_bytes());
    let said = validate(&[&valid, "--on", "2026-11-22"]).with_code(0).stdout;
    assert!(said.contains("Peppol BIS Billing 3.0.21"), "{said}");
    validate(&[&valid, "--on", "yesterday"]).with_code(2);

    let refused = validate(&["--compare", "1.0", "3.0.21", &valid]).with_code(2);
    assert!(refused.stderr.contains("3.0.21") && refused.stderr.contains("2026-08-24"), "it names the sets: {}", refused.stderr);
    let compared = validate(&["--compare", "3.0.21", "3.0.21", &valid, "--json"]).with_code(0);
    assert_eq!(lines(&compared), [serde_json::json!({ "file": valid, "changes": [] })]);
}

/// The shared documents, where they are; `KVITT_REQUIRE=vectors` makes their absence a failure.
fn shared() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/ubl"));
    if path.is_dir() {
        return Some(path);
    }
    let required = std::env::var("KVITT_REQUIRE").is_ok_and(|required| required.split(',').any(|what| what == "vectors"));
    assert!(!required, "{} is required and not there", path.display());
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// Every rule with its severity and count, both layers together.
fn expected(entry: &Value) -> Vec<(String, String, u64)> {
    let layers = entry["oracle"].as_object().unwrap().values().flat_map(|layer| layer.as_object().unwrap());
    let mut all: Vec<_> =
        layers.map(|(id, flag)| (id.clone(), flag[0].as_str().unwrap().to_owned(), flag[1].as_u64().unwrap())).collect();
    all.sort();
    all
}

#[test]
fn the_command_agrees_with_the_official_validators() {
    let Some(folder) = shared() else { return };
    let labels: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let labels = labels["files"].as_array().unwrap();
    let is_judged = |entry: &&Value| entry["kind"] == "document" && entry["oracle_error"].is_null();
    let whole: Vec<&Value> = labels.iter().filter(is_judged).collect();
    // Every so many, so that every family is among them.
    let sample: Vec<&Value> = whole.iter().step_by(whole.len() / 100).copied().take(100).collect();
    assert_eq!(sample.len(), 100);
    let files: Vec<String> =
        sample.iter().map(|entry| folder.join(entry["file"].as_str().unwrap()).display().to_string()).collect();
    let mut arguments: Vec<&str> = vec!["--json"];
    arguments.extend(files.iter().map(String::as_str));
    let ended = validate(&arguments).with_code(1);
    for (entry, answer) in sample.iter().zip(lines(&ended)) {
        let of_official_rules = |finding: &&Value| matches!(finding["layer"].as_str(), Some("en16931" | "peppol"));
        let said = |finding: &Value| {
            let text = |name: &str| finding[name].as_str().unwrap().to_owned();
            (text("id"), text("severity"), finding["count"].as_u64().unwrap())
        };
        let mut found: Vec<_> = answer["findings"].as_array().unwrap().iter().filter(of_official_rules).map(said).collect();
        found.sort();
        let file = &entry["file"];
        assert_eq!(found, expected(entry), "{file}");
        let valid = entry["xsd_valid"] == true && entry["fatal"].as_array().is_none_or(Vec::is_empty);
        assert_eq!(answer["valid"], valid, "{file}");
    }
}

#[test]
fn the_hub_answers_as_the_command_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n").unwrap();
    let hub = Running::ready(&data, &["serve"]);
    let address = format!("http://{}/v1/validate", hub.said["http"].as_str().unwrap());
    let client = reqwest::Client::new();
    let ask = |query: &str, headers: &[(&str, &str)], body: Vec<u8>| -> (u16, Value) {
        let mut request = client.post(format!("{address}{query}")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        wait_for(async {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
        })
    };
    let xml = ("content-type", "application/xml");

    let (status, answer) = ask("", &[xml, ("accept-language", "nb-NO, en;q=0.5")], faulty().into_bytes());
    let file = write(folder.path(), "faulty.xml", faulty().as_bytes());
    let mut by_command = lines(&validate(&[&file, "--json", "--lang", "nb"])).remove(0);
    by_command["file"] = "".into();
    assert_eq!((status, &answer), (200, &by_command));

    assert_eq!(ask("", &[xml], VALID.into()).1["valid"], true);
    assert_eq!(ask("?on=2027-02-24", &[], VALID.into()).0, 200);
    let archive = zipped(&[("a.xml", VALID.as_bytes())]);
    assert_eq!(ask("", &[("content-type", "application/zip")], archive).1["valid"], true);
    let (status, answer) = ask("", &[xml], b"<a>".to_vec());
    assert_eq!((status, ids(&answer)), (200, vec!["xml.unreadable"]));

    let refused = |expected: (u16, &str), (status, answer): (u16, Value)| {
        assert_eq!((status, answer["code"].as_str().unwrap()), expected);
        assert!(answer["message"].is_string() && answer["details"].is_array());
    };
    refused((400, "request.empty"), ask("", &[xml], Vec::new()));
    refused((400, "request.value"), ask("?on=soon", &[xml], VALID.into()));
    refused((415, "request.media_type"), ask("", &[("content-type", "application/json")], b"{}".to_vec()));

    // Refused by what it says of itself, before any of it is read: a client would still be writing.
    let mut raw = TcpStream::connect(hub.said["http"].as_str().unwrap()).unwrap();
    let head = "POST /v1/validate HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: 52428801\r\n\r\n";
    raw.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    raw.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    refused((413, "request.too_large"), (413, serde_json::from_str(body).unwrap()));
}

#[test]
fn a_broken_rule_closes_peppol_in_the_plan_and_warns_on_other_routes() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |xml: &str| {
        let file = write(folder.path(), "invoice.xml", xml.as_bytes());
        let arguments = ["plan", "--json", "--lang", "en", "--recipient-type", "business", &file];
        kvitt(&folder.path().join("none"), &arguments).with_code(0).json().as_array().unwrap()[0].clone()
    };
    let codes = |faults: &Value| -> Vec<String> {
        faults.as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect()
    };
    let peppol = |planned: &Value| {
        let rungs = planned["ladder"].as_array().unwrap();
        codes(&rungs.iter().find(|rung| rung["route"] == "peppol").unwrap()["reasons"])
    };
    let without_reference = VALID.replacen("<cbc:BuyerReference>Kari Nordmann</cbc:BuyerReference>", "", 1);
    let planned = plan(&without_reference);
    assert_eq!(peppol(&planned), ["rule.broken", "route.not_built"]);
    let warning = planned["warnings"].as_array().unwrap().iter().find(|fault| fault["code"] == "rule.broken").unwrap();
    assert!(warning["message"].as_str().unwrap().contains("PEPPOL-EN16931-R003"), "{warning}");
    assert!(warning["remedy"].as_str().unwrap().len() > 20 && warning["severity"] == "warning", "{warning}");
    let others: Vec<Vec<String>> = planned["ladder"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rung| rung["route"] != "peppol")
        .map(|rung| codes(&rung["reasons"]))
        .collect();
    assert!(!others.is_empty() && others.iter().flatten().all(|code| code != "rule.broken"), "{others:?}");

    assert_eq!(peppol(&plan(VALID)), ["route.not_built"]);
    // What does not claim to follow Peppol is not measured by its rules.
    let claims_less = without_reference.replacen("#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0", "", 1);
    assert!(!codes(&plan(&claims_less)["warnings"]).contains(&"rule.broken".to_owned()));
}

/// A Finvoice, bare or in a ZIP, in the encoding that most Finvoices have.
#[test]
fn a_finvoice_is_handed_in_like_any_invoice_and_told_what_its_ubl_would_lack() {
    let folder = tempfile::tempdir().unwrap();
    let finvoice = include_str!("finvoice.xml").replacen("UTF-8", "ISO-8859-15", 1);
    let bytes: Vec<u8> = finvoice.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let files = [
        write(folder.path(), "finvoice.xml", &bytes),
        write(folder.path(), "finvoice.zip", &zipped(&[("a.xml", &bytes), ("liite.pdf", b"%PDF-1.7\n")])),
    ];
    for file in &files {
        let planned = kvitt(&folder.path().join("none"), &["plan", "--json", "--lang", "en", file]).with_code(0).json();
        let planned = &planned[0];
        assert_eq!((&planned["number"], &planned["recipient"]), (&"4711".into(), &"Kahvila Kivi ja Kannel Oy".into()));
        let told = |faults: &Value, code: &str| -> Vec<String> {
            let of_code = faults.as_array().unwrap().iter().filter(|fault| fault["code"] == code);
            of_code.map(|fault| fault["message"].as_str().unwrap().to_owned()).collect()
        };
        let [subject, text] = &told(&planned["warnings"], "conversion.term_lost")[..] else { panic!("{planned:#}") };
        assert!(subject.contains("BT-21") && text.contains("BT-22"), "{subject} {text}");
        assert!(told(&planned["warnings"], "rule.broken").iter().any(|told| told.contains("BR-10")), "{planned:#}");
        let peppol = planned["ladder"].as_array().unwrap().iter().find(|rung| rung["route"] == "peppol").unwrap();
        assert_eq!(told(&peppol["reasons"], "rule.broken").len(), 3, "{peppol:#}");
    }
}
