//! Conversations as plain text, in `conversations/<route>/*.txt`, and one runner for every route.
//!
//! ```text
//! # A comment.
//! letters 2                   how many members the consignment has, where it is not one; then words about the second begin `2 `
//! way file                    how claims go, where it is not by the service
//! again                       the members travel again: a person had them repeated while it was in doubt whether they were taken
//! unit 00229222               the operator's customer unit is another from here on
//! -> smtp                     the route says a letter (a first time or again); also `put`, `look`, or the operation of a service
//! <- 250 dot 2.0.0 Ok         the reply: code, stage, text; of a drop: `placed`, `seen final`, `seen temporary`, `seen nowhere`
//! <- 200 soap <e:…>           a service's answer over HTTP (`{shipment}`, `{1}`: the ids of the shipment and its bills); also
//!                             `500 fault 3000 text` (`auth` and `schema` are codes too) and `503 http text`; for short `taken 2`,
//!                             `shipment PROCESSED`, `bills ACCEPTED - REJECTED`, `cancelled ALREADY_CANCELLED` (`-`: not named)
//! <- silence unknown …        no reply: `no` = certainly unsent, `unknown` = after the point of no return
//! <~ bounced 5.1.1 …          something arrives by itself (also `delayed …`, `passed on …`); from a print shop `posted …` and such
//! <~ 2 looked-up no CODE      a register was asked again; also `looked-up yes`, and `call-back NAME`: a person wants it back
//! <~ 2 settled sent NAME      a person found it to be sent (also `unsent`, `repeated`)
//! .. 20 min                   time passes (also `s`, `h`)
//! => handed over              what is then known, learned, and to be done: one line each, all of them
//! ```

use std::path::{Path, PathBuf};

use kvitt_adapters::register::Answer;
use kvitt_adapters::route::{
    Arrived, ClaimVerdict, Consignment, Entry, Exchange, FileNumbers, Found, Learned, Place, Reply, Request, Route, Sent,
    SmtpStage, Step, Then,
};
use kvitt_adapters::routes;
use kvitt_adapters::routes::efaktura;
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::delivery::Word;
use kvitt_domain::fault::{Code, Fault};
use proptest::prelude::*;

use crate::{sample, service};

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
        let built = route.next(&sample::consignment_of(route.name(), 1), &[]).is_ok();
        assert_eq!(built, spoken.contains(&route.name()), "{} has conversations exactly when it is built", route.name());
    }
}

/// A step is a function of its log: asked twice it is the same. And whatever fails at any exchange of any conversation, the
/// route knows what to do, and never speaks again after a silence that may hide an acceptance.
#[test]
fn every_step_twice_and_a_failure_at_each() {
    for (route, path) in fixtures() {
        let text = std::fs::read_to_string(&path).expect("a fixture can be read");
        let (consignment, log) = play(route, &text, &path.display().to_string());
        for end in 0..=log.len() {
            assert_eq!(route.next(&consignment, &log[..end]), route.next(&consignment, &log[..end]), "{path:?}");
            let Some(Entry::Exchange(exchange)) = log.get(end) else {
                continue;
            };
            for failure in failures(&exchange.request) {
                let mut failed = log[..end].to_vec();
                let unknown = matches!(failure, Reply::Silence { sent: Sent::Unknown, .. });
                failed.push(Entry::Exchange(Exchange { reply: failure, ..exchange.clone() }));
                let step = route.next(&consignment, &failed).expect("a failed exchange has a next step");
                assert_eq!(Ok(step.clone()), route.next(&consignment, &failed));
                assert!(!(unknown && speaks(&step)), "{path:?}: speaks after a silence that may hide an acceptance");
            }
        }
    }
}

fn failures(request: &Request) -> Vec<Reply> {
    let silence = [Sent::No, Sent::Unknown].map(|sent| Reply::Silence { sent, what: "the connection broke".to_owned() });
    if let Request::Http(_) = request {
        let http = |status, body: &str| Reply::Http { status, body: body.to_owned(), retry_after: None };
        let statuses = [200, 302, 400, 401, 404, 413, 429, 500, 503].map(|status| http(status, "<html>no service</html>"));
        let faults =
            ["3000", "3001", "3002", "3003", "3020", "5002", "auth", "schema", "service"].map(|code| service::fault(code, "no"));
        return silence.into_iter().chain(statuses).chain(faults).chain([http(200, "")]).collect();
    }
    let garbage = STAGES.map(|(_, stage)| Reply::Smtp { stage, code: 0, text: "\u{0}?".to_owned() });
    let refusals = STAGES
        .iter()
        .flat_map(|(_, stage)| [421, 550].map(|code| Reply::Smtp { stage: *stage, code, text: "go away".to_owned() }));
    silence.into_iter().chain(garbage).chain(refusals).collect()
}

/// Whether it says more than a question or a call-back, of which a repeat changes nothing.
fn speaks(step: &Step) -> bool {
    match &step.then {
        Then::Send(request) | Then::SendAt { request, .. } | Then::Retry { request, .. } => {
            !request.is_question() && kind_of(request) != "cancelTransaction"
        }
        Then::Finished => false,
    }
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

/// Plays a conversation and answers who was spoken of, and the log.
fn play(route: &dyn Route, text: &str, name: &str) -> (Consignment, Vec<Entry>) {
    let letters = text.lines().find_map(|line| line.strip_prefix("letters ")?.parse().ok()).unwrap_or(1);
    let way = text.lines().find_map(|line| line.strip_prefix("way "));
    let mut consignment = match way.map(|way| ClaimWay::ALL.into_iter().find(|known| known.name() == way).expect("a way")) {
        Some(way) => sample::claims(way, sample::consignment_of(route.name(), letters)),
        None => sample::consignment_of(route.name(), letters),
    };
    if text.lines().any(|line| line == "again") {
        consignment.members.iter_mut().for_each(|member| member.perhaps_sent = true);
    }
    let mut log: Vec<Entry> = vec![];
    let mut said: Vec<Request> = vec![];
    let mut now = sample::now();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let place = format!("{name}:{}", index + 1);
        if let Some(unit) = line.strip_prefix("unit ") {
            consignment.setup.0["house"]["customer_unit"] = unit.into();
        }
        let next = || route.next(&consignment, &log).unwrap_or_else(|error| panic!("{place}: {error}"));
        match line.split_once(' ') {
            None if line.is_empty() || line == "again" => {}
            Some(("#" | "letters" | "way" | "unit", _)) => {}
            Some(("->", kind)) => {
                let (request, is_repeat) = match next().then {
                    Then::Send(request) | Then::SendAt { request, .. } => (request, false),
                    Then::Retry { request, .. } => (request, true),
                    Then::Finished => panic!("{place}: the route has nothing more to say"),
                };
                assert_eq!(kind_of(&request), kind, "{place}");
                let before = said.iter().rev().find(|before| kind_of(before) == kind && name_of(before) == name_of(&request));
                let may_differ = matches!(request, Request::Http(_));
                assert!(may_differ || before.is_none_or(|before| *before == request), "{place}: a repeat is the same");
                assert!(!is_repeat || before.is_some(), "{place}: nothing to repeat");
                said.push(request);
            }
            Some(("<-", reply)) => {
                let request = said.last().cloned().unwrap_or_else(|| panic!("{place}: a reply to nothing"));
                log.push(Entry::Exchange(Exchange { request, reply: reply_of(reply, &consignment, &place), at: now }));
            }
            Some(("<~", arrived)) => {
                let (letter, arrived) = match arrived.split_once(' ') {
                    Some((number, rest)) if number.parse::<usize>().is_ok() => (number.parse().unwrap_or(1), rest),
                    _ => (1, arrived),
                };
                let attempt = sample::attempt(letter);
                log.push(match arrived.split_once(' ') {
                    Some(("looked-up", answer)) => {
                        Entry::LookedUp { answers: vec![(attempt, answer_of(answer, &place))], at: now }
                    }
                    Some(("call-back", by)) => {
                        // By file it takes a transmission of its own: the next number of each kind.
                        let before = log.iter().filter(|entry| matches!(entry, Entry::CallBack { .. })).count() as u32;
                        let file = FileNumbers { transmission: 43 + before, order: 8 + before };
                        let file = Some(file).filter(|_| consignment.transmission.is_some());
                        Entry::CallBack { attempt, by: by.to_owned(), at: now, file }
                    }
                    Some(("settled", found)) => {
                        let (found, by) = found.split_once(' ').unwrap_or_else(|| panic!("{place}: who found it?"));
                        let found = match found {
                            "sent" => Found::Sent,
                            "unsent" => Found::Unsent,
                            "repeated" => Found::Repeated,
                            other => panic!("{place}: nobody finds {other:?}"),
                        };
                        Entry::Settled { attempt, found, by: by.to_owned(), at: now }
                    }
                    _ => Entry::Arrived { attempt, arrived: arrived_of(arrived, &place), at: now },
                });
            }
            Some(("..", passes)) => now += time_of(passes, &place),
            Some(("=>", first)) => {
                let mut expected = vec![service::named(first, &consignment)];
                while let Some((_, more)) = lines.next_if(|(_, more)| more.starts_with("=> ")) {
                    expected.push(service::named(&more["=> ".len()..], &consignment));
                }
                assert_eq!(shown(&next(), &consignment), expected, "{place}");
            }
            _ => panic!("{place}: {line:?} is no line of a conversation"),
        }
    }
    (consignment, log)
}

/// The name of what is put or looked for.
fn name_of(request: &Request) -> Option<&str> {
    match request {
        Request::Put(package) => Some(&package.name),
        Request::Look { name, .. } => Some(name),
        Request::Smtp(_) | Request::Http(_) => None,
    }
}

fn kind_of(request: &Request) -> &str {
    match request {
        Request::Smtp(_) => "smtp",
        Request::Http(request) => &request.operation,
        Request::Put(_) => "put",
        Request::Look { .. } => "look",
    }
}

fn reply_of(text: &str, consignment: &Consignment, place: &str) -> Reply {
    let text = service::named(text, consignment);
    let text = text.as_str();
    let soap = |inside: String| service::answer(200, &service::named(&inside, consignment));
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
    let code: Option<u16> = first.parse().ok();
    match (first, second) {
        ("taken", count) => return soap(service::taken(count.parse().unwrap_or(0))),
        ("shipment", status) => return soap(service::shipment_stands(status)),
        ("bills", _) => return soap(service::bills_stand(text.split(' ').skip(1))),
        ("cancelled", _) => return soap(service::called_back(text.split(' ').skip(1))),
        ("placed", _) => return Reply::Placed,
        ("seen", "final") => return Reply::Seen { place: Place::Final },
        ("seen", "temporary") => return Reply::Seen { place: Place::Temporary },
        ("seen", "nowhere") => return Reply::Seen { place: Place::Nowhere },
        _ => {}
    }
    let code = code.unwrap_or_else(|| panic!("{place}: {first:?} is no code"));
    match second {
        "soap" => return service::answer(code, rest),
        "http" => return Reply::Http { status: code, body: rest.to_owned(), retry_after: None },
        "fault" => {
            let (fault, text) = rest.split_once(' ').unwrap_or((rest, ""));
            return service::fault(fault, text);
        }
        _ => {}
    }
    let stage = STAGES.iter().find(|(name, _)| *name == second).unwrap_or_else(|| panic!("{place}: {second:?} is no stage")).1;
    Reply::Smtp { stage, code, text: rest.to_owned() }
}

fn answer_of(text: &str, place: &str) -> Answer {
    match text.split_once(' ') {
        None if text == "yes" => Answer::Yes,
        Some(("no", code)) => {
            let code = Code::named(code).unwrap_or_else(|| panic!("{place}: no fault is called {code}"));
            Answer::No { why: Fault::fatal(code) }
        }
        _ => panic!("{place}: {text:?} is no answer"),
    }
}

fn time_of(text: &str, place: &str) -> std::time::Duration {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("{place}: {number:?} is no number"));
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        other => panic!("{place}: {other:?} is no unit of time"),
    };
    std::time::Duration::from_secs(number * seconds)
}

fn arrived_of(text: &str, place: &str) -> Arrived {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let coded = |rest: &str| {
        let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
        (code.to_owned(), text.to_owned())
    };
    match kind {
        "bounced" => {
            let (status, text) = coded(rest);
            Arrived::Bounced { status, text }
        }
        "delayed" => Arrived::Delayed { text: rest.to_owned() },
        "opened" => Arrived::Opened { text: rest.to_owned() },
        "passed" => Arrived::PassedOn { text: rest.trim_start_matches("on ").to_owned() },
        "taken" | "printed" | "posted" => Arrived::Progress { stage: kind.to_owned(), text: rest.to_owned() },
        "unprintable" => {
            let (code, text) = coded(rest);
            Arrived::Unprintable { code, text }
        }
        "job-refused" => {
            let (code, text) = coded(rest);
            Arrived::JobRefused { code, text }
        }
        "received" => {
            let (number, text) = coded(rest);
            Arrived::TransmissionReceived { number: number.parse().expect("a number"), text }
        }
        "file-refused" => {
            let (number, rest) = coded(rest);
            let (code, text) = coded(&rest);
            Arrived::TransmissionRefused { number: number.parse().expect("a number"), code, text }
        }
        "accepted" | "rejected" | "warned" => {
            let (number, rest) = coded(rest);
            let (code, text) = coded(&rest);
            let verdict = match kind {
                "accepted" => ClaimVerdict::Accepted,
                "warned" => ClaimVerdict::Warning,
                _ => ClaimVerdict::Rejected,
            };
            Arrived::ClaimJudged { number: number.parse().expect("a number"), verdict, code, text }
        }
        "came-back" => {
            let (code, text) = coded(rest);
            Arrived::CameBack { code, text }
        }
        _ => panic!("{place}: {text:?} does not arrive"),
    }
}

/// A step as lines: what is known, what was learned, what is next.
fn shown(step: &Step, consignment: &Consignment) -> Vec<String> {
    let number_of = |attempt| match consignment.members.iter().position(|member| member.attempt == attempt) {
        None => panic!("{attempt} is not of the consignment"),
        Some(_) if consignment.members.len() == 1 => String::new(),
        Some(index) => format!("{} ", index + 1),
    };
    let known = step.known.iter().map(|(attempt, word)| (number_of(*attempt), word));
    let known = known.map(|(number, word)| {
        number
            + &match word {
                Word::HandedOver { receipt } => format!("handed over: {receipt}"),
                Word::Delivered { .. } => "delivered".to_owned(),
                Word::Seen => "seen".to_owned(),
                Word::Refused { why } => format!("refused {}", why.code),
                Word::TooLate { why } => format!("too late {}", why.code),
                Word::InDoubt { why } => format!("in doubt {}", why.code),
                Word::Returned { why } => format!("returned {}", why.code),
                Word::Withdrawn { by } => format!("withdrawn by {by}"),
            }
    });
    let learned = step.learned.iter().map(|learned| match learned {
        Learned::AddressDead { address, .. } => format!("dead {address}"),
        Learned::Claimed { attempt } => format!("{}claimed", number_of(*attempt)),
        Learned::Overdue { why } => format!("overdue {}", why.code),
        Learned::CallBackFailed { attempt, wish, why } => format!("{}wish {wish} failed {}", number_of(*attempt), why.code),
    });
    let then = match &step.then {
        Then::Send(Request::Http(request)) => vec![format!("send {}", request.operation)],
        Then::Send(request) => match name_of(request) {
            Some(name) => vec![format!("send {} {name}", kind_of(request))],
            None => vec!["send".to_owned()],
        },
        Then::SendAt { after, request: Request::Http(request) } => {
            vec![format!("{} after {} s", request.operation, after.as_secs())]
        }
        Then::SendAt { after, request } => vec![format!("{} after {} s", kind_of(request), after.as_secs())],
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
        let consignment = sample::consignment_of("email", 1);
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

/// What the service may say to an operation, and what may happen besides.
#[derive(Debug, Clone)]
enum Happens {
    Replied(Reply),
    Opened(usize),
    LookedUp(usize, bool),
    CallBack(usize),
    Settled(usize, Found),
}

const BILLS: usize = 3;

fn happens() -> impl Strategy<Value = (Happens, u64)> {
    let bill = 1..=BILLS;
    let sent = prop::sample::select(vec![Sent::No, Sent::Unknown]);
    let fault = prop::sample::select(vec!["3000", "3001", "3002", "3003", "3020", "5002", "auth", "schema", "service"]);
    let named = prop::sample::select(vec!["", "{1}", "{2} {3}", "{1} {2} {3}"]);
    let shipment = prop::sample::select(vec!["IN_PROGRESS", "PROCESSED", "STOPPED", "?"]);
    let bill_status = prop::sample::select(vec!["IN_PROGRESS", "ACCEPTED", "REJECTED", "STOPPED", "CANCELLED", "?"]);
    let cancel = prop::sample::select(vec![
        "CANCELLATION_REQUESTED",
        "ALREADY_CANCELLED",
        "NOT_FOUND",
        "PROCESSING_IN_PROGRESS-TRY_LATER",
    ]);
    let consignment = || sample::consignment_of(efaktura::NAME, BILLS);
    let soap = move |text: String| Happens::Replied(service::answer(200, &service::named(&text, &consignment())));
    let happens = prop_oneof![
        3 => (1..=BILLS).prop_map(move |count| soap(service::taken(count))),
        3 => shipment.prop_map(move |status| soap(service::shipment_stands(status))),
        4 => (bill.clone(), bill_status).prop_map(move |(bill, status)| soap(service::bills_stand(std::iter::repeat_n("-", bill - 1).chain([status])))),
        2 => (bill.clone(), cancel).prop_map(move |(bill, said)| soap(service::called_back(std::iter::repeat_n("-", bill - 1).chain([said])))),
        4 => (fault, named).prop_map(move |(code, text)| Happens::Replied(service::fault(code, &service::named(text, &consignment())))),
        4 => sent.prop_map(|sent| Happens::Replied(Reply::Silence { sent, what: "it broke".to_owned() })),
        2 => (100..600_u16, ".{0,40}").prop_map(|(status, body)| Happens::Replied(Reply::Http { status, body, retry_after: None })),
        1 => bill.clone().prop_map(Happens::Opened),
        1 => (bill.clone(), any::<bool>()).prop_map(|(bill, yes)| Happens::LookedUp(bill, yes)),
        1 => bill.clone().prop_map(Happens::CallBack),
        1 => (bill, prop::sample::select(vec![Found::Sent, Found::Unsent, Found::Repeated]))
            .prop_map(|(bill, found)| Happens::Settled(bill, found)),
    ];
    // Seconds that pass before it: from at once to a day.
    (happens, prop_oneof![Just(0), 0..120_u64, Just(1_200), Just(86_400)])
}

proptest! {
    /// Whatever happens to a shipment: there is always a next step, the same every time; what may have been taken, or a person has
    /// decided of, is never handed over again; and every handing over has the one shipment id.
    #[test]
    fn a_shipment_is_never_handed_over_twice(happenings in prop::collection::vec(happens(), 0..40)) {
        let route = routes::by_name(efaktura::NAME).expect("the route is built");
        let consignment = sample::consignment_of(efaktura::NAME, BILLS);
        let id = efaktura::shipment_id(consignment.id).to_string();
        let settle = std::time::Duration::from_secs(15 * 60);
        let mut log: Vec<Entry> = vec![];
        let mut now = sample::now();
        // When it was handed over without a certain no since.
        let mut maybe_taken: Option<jiff::Timestamp> = None;
        let mut is_settled = false;
        for (happening, seconds) in happenings {
            let step = route.next(&consignment, &log);
            prop_assert_eq!(&step, &route.next(&consignment, &log));
            let step = step.expect("there is always a next step");
            let request = match step.then {
                Then::Finished => None,
                Then::Send(request) | Then::SendAt { request, .. } | Then::Retry { request, .. } => Some(request),
            };
            let hands_over = request.as_ref().is_some_and(|request| kind_of(request) == "addShipment");
            prop_assert!(!(hands_over && maybe_taken.is_some()), "handed over again after {:?}", log);
            prop_assert!(!(hands_over && is_settled), "handed over after a person had decided: {:?}", log);
            is_settled |= matches!(happening, Happens::Settled(..));
            prop_assert!(!hands_over || service::text_of(request.as_ref()).contains(&id));
            now += std::time::Duration::from_secs(seconds);
            log.push(match (happening, request) {
                (Happens::Replied(_), None) => continue,
                (Happens::Replied(reply), Some(request)) => {
                    if hands_over && !service::is_certain_no(&reply) {
                        maybe_taken = Some(now);
                    }
                    let unknown = service::is_fault(&reply, "3000") && kind_of(&request) == "getShipmentStatus";
                    // Once a bank has opened a bill, or a status was answered, it stays taken; the route itself must know that.
                    if unknown && maybe_taken.is_some_and(|since| now.duration_since(since).unsigned_abs() >= settle) {
                        maybe_taken = None;
                    }
                    Entry::Exchange(Exchange { request, reply, at: now })
                }
                (Happens::Opened(bill), _) => {
                    Entry::Arrived { attempt: sample::attempt(bill), arrived: Arrived::Opened { text: "a bank".to_owned() }, at: now }
                }
                (Happens::LookedUp(bill, yes), _) => {
                    let no = Answer::No { why: Fault::fatal(kvitt_domain::fault::codes::EFAKTURA_NOT_ACCEPTING) };
                    Entry::LookedUp { answers: vec![(sample::attempt(bill), if yes { Answer::Yes } else { no })], at: now }
                }
                (Happens::CallBack(bill), _) => {
                    Entry::CallBack { attempt: sample::attempt(bill), by: "Kari".to_owned(), at: now, file: None }
                }
                (Happens::Settled(bill, found), _) => {
                    Entry::Settled { attempt: sample::attempt(bill), found, by: "Kari".to_owned(), at: now }
                }
            });
        }
        prop_assert!(route.next(&consignment, &log).is_ok());
    }
}
