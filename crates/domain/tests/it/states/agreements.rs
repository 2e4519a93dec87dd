//! Every state of an agreement against everything that may happen to it, for both agreements: laws that hold in every cell, and
//! their tables in `docs/states.md`.

use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::agreement::course::{
    Command, Consent, Course, Event, Found, KnownBy, Order, Signer, SigningRequest, State, Subject, Word,
};
use kvitt_domain::agreement::{AgreementState, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::fault::codes;
use kvitt_domain::{Fault, Language};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const CUSTOMER_UNIT: &str = "00229221";

fn why() -> Fault {
    Fault::fatal(codes::AGREEMENT_REFUSED).with("agreement", "main_vendor").with("code", "5001").with("text", "nei")
}

fn signer() -> Signer {
    Signer { name: "Kari Nordmann".into(), email: "kari@post.example".into() }
}

fn consent() -> Consent {
    Consent { reference: "s1".into(), signer_name: "Kari Nordmann".into(), signed_at: NOW }
}

fn request() -> SigningRequest {
    SigningRequest { id: "s1".into(), address: "https://signering.example/s1".into() }
}

fn order(signer: Option<Signer>) -> Order {
    Order { accepted_by: "Ola".into(), accepted_at: NOW, signer, vouched_by: None }
}

fn subjects() -> [Subject; 2] {
    let structures = vec!["16:1-6".parse().unwrap(), "20:1-8,type=9-9=7,mod11".parse().unwrap()];
    let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() };
    [Subject::MainVendor, Subject::Avtalegiro { account: "86011117947".into(), debit }]
}

fn states() -> Vec<State> {
    let provider = || "00999999".to_owned();
    vec![
        State::NotOrdered,
        State::Asking,
        State::SignerNeeded { provider: provider(), why: None },
        State::RequestingSignature { provider: provider(), signer: signer() },
        State::WaitingForSignature { provider: provider(), signer: signer(), request: request() },
        State::Activating,
        State::TakingOver { consent: consent() },
        State::Processing { consent: Some(consent()) },
        State::WaitingForBank,
        State::Spreading { until: NOW },
        State::Active { since: NOW, known_by: KnownBy::Rail },
        State::Refused { why: why() },
        State::Ending { by: "Ola".into() },
        State::Ended { why: why() },
    ]
}

fn words() -> Vec<Word> {
    vec![
        Word::Nobody,
        Word::Another { provider: "00999999".into() },
        Word::Pending,
        Word::WaitingForBank,
        Word::Spreading,
        Word::Active,
        Word::Refused { why: why() },
        Word::Ended,
    ]
}

fn events() -> Vec<Event> {
    let by = || "Ola".to_owned();
    let mut events = vec![
        Event::Ordered { order: order(Some(signer())) },
        Event::SignerNamed { signer: signer() },
        Event::SignatureRequested { request: request() },
        Event::Signed { consent: consent() },
        Event::NotSigned { why: why() },
        Event::SpreadOver { at: NOW },
        Event::Recorded { found: Found::Active, by: by(), at: NOW },
        Event::Recorded { found: Found::Ended, by: by(), at: NOW },
        Event::OldProviderClosed { by: by() },
        Event::EndOrdered { by: by() },
    ];
    events.extend(words().into_iter().map(|word| Event::Said { word, at: NOW }));
    events
}

/// The agreement in a state, ordered with a signer and taken over from somebody.
fn course(subject: &Subject, state: State) -> Course {
    let (order, old_provider) = (Some(order(Some(signer()))), Some("00999999".to_owned()));
    Course { subject: subject.clone(), order, old_provider, signatures: 1, state }
}

/// Every cell that is not refused: the state before, the event, what became of it.
fn cells() -> Vec<(Course, Event, Course, Vec<Command>)> {
    let mut cells = Vec::new();
    for subject in subjects() {
        for state in states() {
            for event in events() {
                let before = course(&subject, state.clone());
                if let Ok((after, commands)) = before.clone().apply(event.clone()) {
                    cells.push((before, event, after, commands));
                }
            }
        }
    }
    cells
}

#[test]
fn every_state_has_its_name_in_the_list_and_its_words() {
    let names: Vec<&str> = states().iter().map(State::name).collect();
    assert_eq!(names, State::NAMES);
    for name in names {
        assert!(Language::default().has(&format!("agreement_step.{name}")), "messages/nb.toml has no agreement_step.{name}");
    }
}

/// Nobody's agreement is moved on anything but a signature, nor before the terms are accepted.
#[test]
fn only_a_signature_moves_an_agreement_from_another_provider() {
    for (before, event, after, _) in cells() {
        let began = matches!(after.state, State::TakingOver { .. }) && !matches!(before.state, State::TakingOver { .. });
        let signed = matches!(event, Event::Signed { .. });
        let told_anew = matches!(before.state, State::Processing { consent: Some(_) });
        assert!(!began || signed || told_anew, "{} in {} moves the agreement", event.name(), before.state.name());
        let left_the_start = before.state == State::NotOrdered && after.state != State::NotOrdered;
        let by_a_person = matches!(event, Event::Ordered { .. } | Event::Recorded { .. });
        assert!(!left_the_start || by_a_person, "{} orders by itself", event.name());
    }
}

#[test]
fn whoever_must_be_asked_at_once_is_asked() {
    for (before, event, after, commands) in cells() {
        let asks_now = after.asks_after() == Some(Duration::ZERO);
        let changed = before.state.name() != after.state.name();
        if asks_now && changed {
            assert!(commands.contains(&Command::Ask), "{} in {} asks nobody", event.name(), before.state.name());
        }
        if after.state.name() == "active" && changed && after.subject.account().is_some() {
            assert!(commands.contains(&Command::FetchMandates), "{} in {}", event.name(), before.state.name());
        }
        let stopped = matches!(after.state, State::SignerNeeded { .. } | State::Refused { .. } | State::WaitingForBank);
        if stopped && changed {
            assert!(commands.contains(&Command::TellPerson), "{} in {} tells nobody", event.name(), before.state.name());
        }
    }
}

/// What a person must do is said in every state in which the agreement cannot be used, and never is it only a warning there.
#[test]
fn every_state_that_closes_routes_says_what_to_do() {
    for subject in subjects() {
        for state in states() {
            let course = course(&subject, state);
            let agreement = course.agreement(CUSTOMER_UNIT);
            let says = agreement.advice.iter().any(Fault::is_fatal);
            let ordered = course.state != State::NotOrdered;
            assert_eq!(says, ordered && !agreement.is_in_force(), "{}", course.state.name());
            for fault in &agreement.advice {
                for language in Language::ALL {
                    let text = fault.sentence(language) + &fault.remedy(language);
                    assert!(!text.contains('{') && !text.contains('\u{2014}'), "{}: {text}", fault.code);
                }
            }
        }
    }
}

#[test]
fn the_old_provider_is_warned_of_until_a_person_says_that_it_is_closed() {
    for subject in subjects() {
        let active = course(&subject, State::Active { since: NOW, known_by: KnownBy::Rail });
        let warned = |course: &Course| course.agreement(CUSTOMER_UNIT).advice.iter().map(|fault| fault.code.name()).next();
        let expected = match subject {
            Subject::MainVendor => "agreement.close_the_old",
            Subject::Avtalegiro { .. } => "agreement.old_deductions",
        };
        assert_eq!(warned(&active), Some(expected));
        let (closed, commands) = active.apply(Event::OldProviderClosed { by: "Ola".into() }).unwrap();
        assert_eq!((warned(&closed), commands), (None, vec![]));
        assert!(closed.apply(Event::OldProviderClosed { by: "Ola".into() }).is_err());
    }
}

/// A life of each, event by event.
#[test]
fn a_take_over_from_order_to_force() {
    let said = |word| Event::Said { word, at: NOW };
    let check = |subject: usize, signer: Option<Signer>, events: Vec<Event>, expected: &[&str]| {
        let mut course = Course::new(subjects()[subject].clone()).apply(Event::Ordered { order: order(signer) }).unwrap().0;
        let mut found = vec![course.state.name()];
        for event in events {
            course = course.apply(event).unwrap().0;
            found.push(course.state.name());
        }
        assert_eq!(found, expected);
        course
    };
    let spread = check(
        0,
        None,
        vec![said(Word::Nobody), said(Word::Spreading), said(Word::Spreading), Event::SpreadOver { at: NOW }],
        &["asking", "activating", "spreading", "spreading", "active"],
    );
    assert_eq!((spread.old_provider.clone(), spread.agreement("").state), (None, AgreementState::Active));
    let another = || said(Word::Another { provider: "00999999".into() });
    let moved = check(
        1,
        None,
        vec![
            another(),
            Event::SignerNamed { signer: signer() },
            Event::SignatureRequested { request: request() },
            Event::NotSigned { why: why() },
            Event::SignerNamed { signer: signer() },
            Event::SignatureRequested { request: request() },
            Event::Signed { consent: consent() },
            said(Word::WaitingForBank),
            another(),
            said(Word::Active),
        ],
        &[
            "asking",
            "signer_needed",
            "requesting_signature",
            "waiting_for_signature",
            "signer_needed",
            "requesting_signature",
            "waiting_for_signature",
            "taking_over",
            "waiting_for_bank",
            "waiting_for_bank",
            "active",
        ],
    );
    assert_eq!((moved.signatures, moved.old_provider.as_deref()), (2, Some("00999999")));
    check(0, Some(signer()), vec![another()], &["asking", "requesting_signature"]);
}

#[test]
fn the_text_for_the_bank_names_customer_unit_account_and_positions() {
    use kvitt_domain::agreement::advice::{BankCustomer, text_for_the_bank};
    let [main, account] = subjects();
    let company = BankCustomer { name: "Nordlys Kraft AS", org_number: "999001017" };
    assert_eq!(text_for_the_bank(&main, company, CUSTOMER_UNIT, Language::English), None);
    for language in Language::ALL {
        let text = text_for_the_bank(&account, company, CUSTOMER_UNIT, language).unwrap();
        for part in ["Nordlys Kraft AS", "999001017", "86011117947", "00229221", "16", "MOD10", "20", "MOD11", " 6", " 8"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains('{'), "{text}");
    }
}

#[test]
fn a_signer_has_a_name_and_an_address() {
    let check = |name: &str, email: &str, expected: &[&str]| {
        let faults = Signer::parse(name, email).err().unwrap_or_default();
        assert_eq!(faults.iter().map(|fault| fault.code.name()).collect::<Vec<_>>(), expected);
    };
    check("Kari", "kari@post.example", &[]);
    check(" ", "kari@post.example", &["agreement.signer_name"]);
    check("", "kari", &["agreement.signer_name", "email.invalid"]);
}

/// The part of `docs/states.md` about agreements.
pub fn section() -> String {
    let mut page = String::from(
        "## An agreement (`crates/domain/src/agreement/course.rs`)\n\n\
         The first table is of the main vendor agreement, the second of the AvtaleGiro agreement of an account. Each has another\n\
         provider before it, and somebody who signs.\n",
    );
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    for subject in subjects() {
        page.push('\n');
        page += &line(std::iter::once("event").chain(State::NAMES).map(str::to_owned).collect());
        page += &line(vec!["---".to_owned(); State::NAMES.len() + 1]);
        for event in events() {
            let cells = states().into_iter().map(|state| cell(&subject, state, event.clone()));
            page += &line(std::iter::once(event.name().to_owned()).chain(cells).collect());
        }
    }
    page
}

fn cell(subject: &Subject, state: State, event: Event) -> String {
    let before = state.name();
    let Ok((after, commands)) = course(subject, state).apply(event) else { return "·".to_owned() };
    let name = if after.state.name() == before { "=" } else { after.state.name() };
    let done = commands.iter().map(|command| match command {
        Command::Ask => "ask",
        Command::FetchMandates => "fetch mandates",
        Command::TellPerson => "tell a person",
    });
    let done: Vec<&str> = done.collect();
    if done.is_empty() { name.to_owned() } else { format!("{name} ({})", done.join(", ")) }
}
