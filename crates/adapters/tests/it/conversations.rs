//! Conversations as plain text, in `conversations/<route>/*.txt`, and one runner for every route.
//!
//! ```text
//! # A comment.
//! -> smtp                     the route says a letter (a first time or again)
//! <- 250 dot 2.0.0 Ok         the reply: code, stage, text
//! <- silence unknown …        no reply: `no` = certainly unsent, `unknown` = after the point of no return
//! <~ bounced 5.1.1 …          something arrives by itself (also `delayed …`, `passed on …`)
//! => handed over              what is then known, learned, and to be done: one line each, all of them
//! ```

use std::path::{Path, PathBuf};

use kvitt_adapters::route::{Arrived, Consignment, Entry, Exchange, Learned, Reply, Request, Route, Sent, SmtpStage, Step, Then};
use kvitt_adapters::routes;
use kvitt_domain::delivery::Word;
use proptest::prelude::*;

use crate::sample;

const STAGES: [(&str, SmtpStage); 6] = [
    ("greeting", SmtpStage::Greeting),
    ("auth", SmtpStage::Auth),
    ("from", SmtpStage::From),
    ("to", SmtpStage::To),
    ("data", SmtpStage::Data),
    ("dot", SmtpStage::Dot),
];

#[test]
fn every_conversation_goes_as_written() {
    for (route, path) in fixtures() {
        let text = std::fs::read_to_string(&path).expect("a fixture can be read");
        play(route, &text, &path.display().to_string());
    }
}

#[test]
fn every_built_route_has_conversations() {
    let spoken: Vec<&str> = fixtures().iter().map(|(route, _)| route.name()).collect();
    for route in routes::all() {
        let built = route.next(&consignment(), &[]).is_ok();
        assert_eq!(built, spoken.contains(&route.name()), "{} has conversations exactly when it is built", route.name());
    }
}

/// A step is a function of its log: asked twice it is the same. And whatever fails at any exchange of any conversation, the
/// route knows what to do, and never speaks again after a silence that may hide an acceptance.
#[test]
fn every_step_twice_and_a_failure_at_each() {
    for (route, path) in fixtures() {
        let text = std::fs::read_to_string(&path).expect("a fixture can be read");
        let log = play(route, &text, &path.display().to_string());
        for end in 0..=log.len() {
            assert_eq!(route.next(&consignment(), &log[..end]), route.next(&consignment(), &log[..end]), "{path:?}");
            let Some(Entry::Exchange(exchange)) = log.get(end) else {
                continue;
            };
            for failure in failures() {
                let mut failed = log[..end].to_vec();
                let unknown = matches!(failure, Reply::Silence { sent: Sent::Unknown, .. });
                failed.push(Entry::Exchange(Exchange { reply: failure, ..exchange.clone() }));
                let step = route.next(&consignment(), &failed).expect("a failed exchange has a next step");
                assert_eq!(Ok(step.clone()), route.next(&consignment(), &failed));
                assert!(!(unknown && speaks(&step)), "{path:?}: speaks after a silence that may hide an acceptance");
            }
        }
    }
}

fn failures() -> Vec<Reply> {
    let silence = [Sent::No, Sent::Unknown].map(|sent| Reply::Silence { sent, what: "the connection broke".to_owned() });
    let garbage = STAGES.map(|(_, stage)| Reply::Smtp { stage, code: 0, text: "\u{0}?".to_owned() });
    let refusals = STAGES
        .iter()
        .flat_map(|(_, stage)| [421, 550].map(|code| Reply::Smtp { stage: *stage, code, text: "go away".to_owned() }));
    silence.into_iter().chain(garbage).chain(refusals).collect()
}

fn speaks(step: &Step) -> bool {
    match step.then {
        Then::Send(_) | Then::SendAt { .. } | Then::Retry { .. } => true,
        Then::Finished => false,
    }
}

fn consignment() -> Consignment {
    sample::consignment(vec![sample::member()])
}

fn fixtures() -> Vec<(&'static dyn Route, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/conversations");
    let entries = |folder: &Path| {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("fixtures are part of the crate")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
    };
    let folders = entries(&root);
    let found: Vec<_> = folders
        .iter()
        .flat_map(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str()).expect("a folder is named after its route");
            let route = routes::by_name(name).expect("a folder is named after a route");
            entries(folder).into_iter().map(move |path| (route, path))
        })
        .collect();
    assert!(!found.is_empty(), "there are no conversations in {}", root.display());
    found
}

/// Plays a conversation and answers its log.
fn play(route: &dyn Route, text: &str, name: &str) -> Vec<Entry> {
    let consignment = consignment();
    let mut log: Vec<Entry> = vec![];
    let mut request: Option<Request> = None;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let place = format!("{name}:{}", index + 1);
        let next = || route.next(&consignment, &log).unwrap_or_else(|error| panic!("{place}: {error}"));
        match line.split_once(' ') {
            None if line.is_empty() => {}
            Some(("#", _)) => {}
            Some(("->", "smtp")) => match next().then {
                Then::Send(Request::Smtp(letter)) => request = Some(Request::Smtp(letter)),
                Then::Retry { request: again, .. } => {
                    assert_eq!(request.as_ref(), Some(&again), "{place}: a repeat is the same letter");
                }
                Then::Send(other) => panic!("{place}: the route says {other:?}"),
                Then::SendAt { .. } | Then::Finished => panic!("{place}: the route has nothing more to say"),
            },
            Some(("<-", reply)) => {
                let request = request.clone().unwrap_or_else(|| panic!("{place}: a reply to nothing"));
                log.push(Entry::Exchange(Exchange { request, reply: reply_of(reply, &place), at: sample::now() }));
            }
            Some(("<~", arrived)) => {
                log.push(Entry::Arrived { attempt: sample::ATTEMPT, arrived: arrived_of(arrived, &place), at: sample::now() });
            }
            Some(("=>", first)) => {
                let mut expected = vec![first.to_owned()];
                while let Some((_, more)) = lines.next_if(|(_, more)| more.starts_with("=> ")) {
                    expected.push(more["=> ".len()..].to_owned());
                }
                assert_eq!(shown(&next()), expected, "{place}");
            }
            _ => panic!("{place}: {line:?} is no line of a conversation"),
        }
    }
    log
}

fn reply_of(text: &str, place: &str) -> Reply {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (second, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if first == "silence" {
        let sent = match second {
            "no" => Sent::No,
            "unknown" => Sent::Unknown,
            other => panic!("{place}: sent is no or unknown, not {other:?}"),
        };
        return Reply::Silence { sent, what: rest.to_owned() };
    }
    let code = first.parse().unwrap_or_else(|_| panic!("{place}: {first:?} is no code"));
    let stage = STAGES.iter().find(|(name, _)| *name == second).unwrap_or_else(|| panic!("{place}: {second:?} is no stage")).1;
    Reply::Smtp { stage, code, text: rest.to_owned() }
}

fn arrived_of(text: &str, place: &str) -> Arrived {
    match text.split_once(' ') {
        Some(("bounced", rest)) => {
            let (status, text) = rest.split_once(' ').unwrap_or((rest, ""));
            Arrived::Bounced { status: status.to_owned(), text: text.to_owned() }
        }
        Some(("delayed", text)) => Arrived::Delayed { text: text.to_owned() },
        Some(("passed", text)) => Arrived::PassedOn { text: text.trim_start_matches("on ").to_owned() },
        _ => panic!("{place}: {text:?} does not arrive"),
    }
}

/// A step as lines: what is known, what was learned, what is next.
fn shown(step: &Step) -> Vec<String> {
    let known = step.known.iter().map(|(_, word)| match word {
        Word::HandedOver { receipt } => format!("handed over: {receipt}"),
        Word::Delivered { .. } => "delivered".to_owned(),
        Word::Seen => "seen".to_owned(),
        Word::Refused { why } => format!("refused {}", why.code),
        Word::TooLate { why } => format!("too late {}", why.code),
        Word::InDoubt { why } => format!("in doubt {}", why.code),
        Word::Returned { why } => format!("returned {}", why.code),
        Word::Withdrawn { by } => format!("withdrawn by {by}"),
    });
    let learned = step.learned.iter().map(|learned| match learned {
        Learned::AddressDead { address, .. } => format!("dead {address}"),
    });
    let then = match &step.then {
        Then::Send(_) => vec!["send".to_owned()],
        Then::SendAt { after, .. } => vec![format!("send after {} s", after.as_secs())],
        Then::Retry { why, faults, .. } => vec![format!("retry {} {faults}", why.code)],
        Then::Finished => vec![],
    };
    known.chain(learned).chain(then).collect()
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let stage = prop::sample::select(STAGES.map(|(_, stage)| stage).to_vec());
    let code = prop_oneof![Just(0), Just(250), Just(354), 400..600_u16, any::<u16>()];
    let text = prop_oneof![any::<String>(), "[245]\\.[0-9]{1,2}\\.[0-9]{1,2} .*"];
    let sent = prop::sample::select(vec![Sent::No, Sent::Unknown]);
    prop_oneof![
        4 => (stage, code, text).prop_map(|(stage, code, text)| Reply::Smtp { stage, code, text }),
        1 => (sent, any::<String>()).prop_map(|(sent, what)| Reply::Silence { sent, what }),
    ]
}

/// What may stand in a log, as the e-mail route may meet it.
fn any_log() -> impl Strategy<Value = Vec<Result<Reply, Arrived>>> {
    let arrived = prop_oneof![
        ("[245]\\.[0-9]\\.[0-9]{1,3}|.*", any::<String>()).prop_map(|(status, text)| Arrived::Bounced { status, text }),
        any::<String>().prop_map(|text| Arrived::Delayed { text }),
    ];
    prop::collection::vec(prop_oneof![4 => any_reply().prop_map(Ok), 1 => arrived.prop_map(Err)], 0..6)
}

proptest! {
    /// Any log has an answer, the same every time, and no second letter after a reply that may be an acceptance.
    #[test]
    fn never_twice_whatever_the_log(entries in any_log()) {
        let email = routes::by_name("email").expect("the route is built");
        let consignment = consignment();
        let Then::Send(request) = email.next(&consignment, &[]).expect("a first step").then else { panic!("sends first") };
        let maybe_accepted = entries.iter().any(|entry| match entry {
            Ok(Reply::Smtp { stage: SmtpStage::Dot, code, .. }) => !(400..600).contains(code),
            Ok(Reply::Http { .. } | Reply::Placed | Reply::Seen { .. }) => true,
            Ok(Reply::Smtp { .. } | Reply::Silence { sent: Sent::No, .. }) | Err(_) => false,
            Ok(Reply::Silence { sent: Sent::Unknown, .. }) => true,
        });
        let log: Vec<Entry> = entries
            .into_iter()
            .map(|entry| match entry {
                Ok(reply) => Entry::Exchange(Exchange { request: request.clone(), reply, at: sample::now() }),
                Err(arrived) => Entry::Arrived { attempt: sample::ATTEMPT, arrived, at: sample::now() },
            })
            .collect();
        let step = email.next(&consignment, &log);
        prop_assert_eq!(&step, &email.next(&consignment, &log));
        if let Ok(step) = step {
            prop_assert!(!(maybe_accepted && speaks(&step)), "a second letter after {:?}", log);
        }
    }
}
