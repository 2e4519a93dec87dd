//! The messages that come back: when, to whom, and in what shape.

use std::fs;

use crate::harness::Stage;

/// All of it, but for dates and what follows from them.
fn steady(message: &str) -> String {
    let mut out = String::new();
    for line in message.lines() {
        let line = match line.split_once(':') {
            Some((name @ ("Date" | "Arrival-Date" | "Last-Attempt-Date"), _)) => {
                format!("{name}: (date)")
            }
            _ => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    let boundary = message.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
    boundary.map_or(out.clone(), |boundary| out.replace(boundary, "(boundary)"))
}

#[test]
fn a_bounce_is_a_report_with_the_letters_header() {
    let stage = Stage::new();
    assert!(stage.send("bounceslater+1@kunde.example", "1001").starts_with("250"));
    assert_eq!(steady(&stage.bounces(1)[0]), include_str!("bounce.eml"));
}

#[test]
fn a_delay_is_no_failure() {
    let stage = Stage::new();
    stage.send("delayed@kunde.example", "1");
    let message = &stage.bounces(1)[0];
    assert!(message.contains("\nAction: delayed\nStatus: 4.4.1\n"), "{message}");
    assert!(!message.contains("failed"), "{message}");
}

#[test]
fn an_automatic_reply_is_no_report() {
    let stage = Stage::new();
    stage.send("outofoffice@kunde.example", "1");
    let message = &stage.bounces(1)[0];
    assert!(message.contains("\nFrom: <outofoffice@kunde.example>\n"), "{message}");
    assert!(message.contains("\nIn-Reply-To: <always-the-same@fjord.example>\n"), "{message}");
    assert!(!message.contains("multipart/report"), "{message}");
}

#[test]
fn a_bounce_comes_when_its_time_has_come() {
    let stage = Stage::new();
    stage.send("bounceslater+after=2d@kunde.example", "1");
    stage.send("bounceslater+after=1d@kunde.example", "2");
    stage.advance(r#"{"days": 1}"#);
    let first = stage.bounces(1);
    assert_eq!(first.len(), 1);
    assert!(first[0].contains("after=1d"), "{}", first[0]);
    stage.advance(r#"{"days": 1}"#);
    assert_eq!(stage.bounces(2).len(), 2);
}

#[test]
fn nobody_is_told_where_the_sender_is_empty() {
    let stage = Stage::new();
    stage.talk(
        "S: 220
         C: EHLO hub.example
         S: 250
         C: MAIL FROM:<>
         S: 250
         C: RCPT TO:<bounceslater@kunde.example>
         S: 250
         C: DATA
         S: 354
         {letter 1}
         S: 250",
    );
    // A later letter's bounce has come, so an earlier one's would have come too.
    stage.send("bounceslater@kunde.example", "2");
    let come = stage.bounces(1);
    assert_eq!(come.len(), 1);
    assert!(come[0].contains("Faktura_2"), "{}", come[0]);
}

#[test]
fn the_maildir_has_its_three_folders_and_honest_names() {
    let stage = Stage::new();
    stage.send("bounceslater@kunde.example", "1");
    stage.bounces(1);
    let folder = stage.sandbox().bounces();
    let names = |part: &str| -> Vec<String> {
        fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names("tmp").is_empty() && names("cur").is_empty());
    let [name] = &names("new")[..] else { panic!("one message") };
    let mut pieces = name.splitn(3, '.');
    assert!(pieces.next().unwrap().parse::<u64>().is_ok(), "{name}");
    assert_eq!((pieces.next(), pieces.next()), (Some("Q1"), Some("sandbox")));
}
