//! Other people's documents: every one is planned for or refused with a complete fault, and none makes the program fail.

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Ended, kvitt};

/// The shared documents, where they are; `KVITT_REQUIRE=vectors` makes their absence a failure.
fn shared(folder: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/ubl")).join(folder);
    if path.is_dir() {
        return Some(path.display().to_string());
    }
    let required = std::env::var("KVITT_REQUIRE").is_ok_and(|required| required.split(',').any(|what| what == "vectors"));
    assert!(!required, "{} is required and not there", path.display());
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

fn plan(files: &[String]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["plan", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let Ended { code, stdout, stderr } = kvitt(&folder.path().join("none"), &arguments);
    assert!(matches!(code, Some(0 | 1)), "{code:?} {stderr}");
    assert!(!folder.path().join("none").exists(), "a plan leaves nothing behind");
    serde_json::from_str::<Vec<Value>>(&stdout).unwrap()
}

/// Planned with a reason for every closed route, or refused with a code, a sentence and what to do.
fn is_complete(answer: &Value) -> bool {
    let is_said = |fault: &Value| {
        ["code", "message", "remedy"].iter().all(|name| fault[name].as_str().is_some_and(|text| !text.is_empty()))
    };
    match (answer["ladder"].as_array(), answer["faults"].as_array()) {
        (Some(ladder), None) => {
            let skipped = ladder.iter().filter(|rung| rung["standing"] == "skipped");
            !ladder.is_empty()
                && skipped
                    .into_iter()
                    .all(|rung| rung["reasons"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_said)))
        }
        (None, Some(faults)) => !faults.is_empty() && faults.iter().all(is_said),
        _ => false,
    }
}

#[test]
fn every_published_example_is_planned_or_refused() {
    let Some(folders) = ["peppol-examples", "ehf"].map(shared).into_iter().collect::<Option<Vec<String>>>() else { return };
    let answers = plan(&folders);
    assert!(answers.len() >= 6, "{}", answers.len());
    for answer in &answers {
        assert!(is_complete(answer), "{answer}");
    }
    let planned = answers.iter().filter(|answer| answer["ladder"].is_array()).count();
    assert!(planned * 2 > answers.len(), "most published examples are good: {planned} of {}", answers.len());
}

#[test]
fn every_published_example_is_sent_or_refused() {
    let Some(folders) = ["peppol-examples", "ehf"].map(shared).into_iter().collect::<Option<Vec<String>>>() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["send", "--json", "--add-company"];
    arguments.extend(folders.iter().map(String::as_str));
    let ended = kvitt(folder.path(), &arguments);
    assert!(matches!(ended.code, Some(0 | 1 | 4)), "{ended:?}");
    let report = ended.json();
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("submitted"), count("accepted") + count("refused"));
    assert_eq!(count("accepted"), count("parked"), "no company has a route set up, so all are parked and none is lost: {report}");
    for refusal in report["refusals"].as_array().unwrap() {
        assert!(is_complete(refusal), "{refusal}");
    }
}

#[test]
fn no_shared_document_makes_the_program_fail() {
    let Some(folder) = shared(".") else { return };
    let answers = plan(&[folder]);
    assert!(answers.len() > 1000, "{}", answers.len());
    for answer in &answers {
        assert!(is_complete(answer), "{answer}");
    }
}
