//! Every state of a machine against everything that may happen to it: laws that hold in every cell, and `docs/states.md`, which
//! shows them all, so that a changed cell is a visible difference. The delivery is here, the others in files of their own.

use jiff::Timestamp;
use kvitt_domain::Fault;
use kvitt_domain::delivery::{AttemptId, Command, Delivery, Event, State, Word};
use kvitt_domain::fault::codes;
use kvitt_domain::plan::RouteName;
use uuid::Uuid;

mod agreements;
mod collection;

const THIS: AttemptId = AttemptId(Uuid::from_u128(1));
const OLDER: AttemptId = AttemptId(Uuid::from_u128(2));

fn why() -> Fault {
    Fault::fatal(codes::COUNTERPARTY_SILENT)
}

fn states() -> Vec<State> {
    let route = || RouteName::new("email");
    vec![
        State::Choosing,
        State::Waiting { until: Timestamp::UNIX_EPOCH, why: why() },
        State::Queued { route: route(), attempt: THIS },
        State::Sending { route: route(), attempt: THIS },
        State::InDoubt { route: route(), attempt: THIS, why: why() },
        State::HandedOver { route: route(), attempt: THIS, receipt: "250".into() },
        State::Delivered { route: route(), attempt: THIS, receipt: "levert".into() },
        State::Seen { route: route(), attempt: THIS },
        State::Parked { why: vec![why()] },
        State::Cancelled { by: "Kari".into() },
    ]
}

fn words() -> Vec<Word> {
    vec![
        Word::HandedOver { receipt: "250".into() },
        Word::Delivered { receipt: "levert".into() },
        Word::Seen,
        Word::Refused { why: why() },
        Word::TooLate { why: why() },
        Word::InDoubt { why: why() },
        Word::Returned { why: why() },
        Word::Withdrawn { by: "kari".to_owned() },
    ]
}

/// Every event with its column in the table. Words are said of this attempt, and of one that was left behind.
fn events() -> Vec<(String, Event)> {
    let by = || "Kari".to_owned();
    let mut events = vec![
        Event::RouteChosen { route: RouteName::new("print"), attempt: AttemptId(Uuid::from_u128(3)) },
        Event::NoRouteOpen { why: vec![why()] },
        Event::MustWait { until: Timestamp::UNIX_EPOCH, why: why() },
        Event::Woken,
        Event::LotClosed { attempt: THIS },
        Event::SettledAsSent { by: by() },
        Event::SettledAsUnsent { by: by() },
        Event::Repeated { by: by() },
        Event::Reopened { by: by() },
        Event::Cancelled { by: by() },
        Event::Restored { attempt: AttemptId(Uuid::from_u128(4)), why: why() },
    ];
    events.extend(words().into_iter().map(|word| Event::Said { attempt: THIS, word }));
    let mut named: Vec<(String, Event)> = events.into_iter().map(|event| (event.name().to_owned(), event)).collect();
    named.extend(
        words().into_iter().map(|word| (format!("{} of an older attempt", word.name()), Event::Said { attempt: OLDER, word })),
    );
    named
}

/// The delivery in a state, having used up one route before.
fn delivery_in(state: State) -> Delivery {
    Delivery { tried: vec![RouteName::new("efaktura")], state }
}

#[test]
fn every_state_has_its_name_in_the_list() {
    let names: Vec<&str> = states().iter().map(State::name).collect();
    assert_eq!(names, State::NAMES);
}

/// The promise behind "never twice": from in doubt no event but a person's decision, or the counterparty's own word that it refused
/// or gave back, leads to another sending.
#[test]
fn in_doubt_never_falls_to_the_next_route_by_itself() {
    for (name, event) in events() {
        let state = State::InDoubt { route: RouteName::new("email"), attempt: THIS, why: why() };
        let Ok((after, commands)) = delivery_in(state).apply(event) else { continue };
        let sends_again = commands.iter().any(|command| matches!(command, Command::ChooseRoute | Command::JoinLot { .. }));
        let allowed = ["settled_as_unsent", "repeated", "said_refused", "said_returned"].contains(&name.as_str());
        assert!(allowed || !sends_again, "{name} sends again from in doubt, to {}", after.state.name());
    }
}

/// What a hub that is gone may have sent, nobody can send "again": there are no bytes to repeat.
#[test]
fn what_a_backup_does_not_know_is_in_doubt_and_never_repeated() {
    for state in [State::Choosing, State::Waiting { until: Timestamp::UNIX_EPOCH, why: why() }] {
        let restored = Event::Restored { attempt: THIS, why: why() };
        let (after, commands) = delivery_in(state).apply(restored).unwrap();
        assert_eq!(after.state, State::InDoubt { route: RouteName::unknown(), attempt: THIS, why: why() });
        assert_eq!(commands, [Command::TellPerson { why: why() }]);
        assert!(after.clone().apply(Event::Repeated { by: "Kari".into() }).is_err());
        assert!(after.apply(Event::SettledAsUnsent { by: "Kari".into() }).is_ok());
    }
}

#[test]
fn a_delivery_that_arrived_is_sent_again_only_when_it_came_back() {
    for state in states().into_iter().filter(State::is_settled) {
        for (name, event) in events() {
            let Ok((_, commands)) = delivery_in(state.clone()).apply(event) else { continue };
            let sends_again = commands.iter().any(|command| matches!(command, Command::ChooseRoute | Command::JoinLot { .. }));
            // A whole job or shipment can be given back after it was taken in, but not after its documents arrived.
            let given_back = name == "said_returned" && matches!(state, State::HandedOver { .. });
            assert!(name == "said_refused" || given_back || !sends_again, "{name} sends again from {}", state.name());
        }
    }
}

#[test]
fn the_same_word_twice_changes_nothing_the_second_time() {
    for state in states() {
        for word in words() {
            let event = Event::Said { attempt: THIS, word };
            let Ok((once, _)) = delivery_in(state.clone()).apply(event.clone()) else { continue };
            if once.state.attempt() != Some(THIS) {
                continue;
            }
            let name = event.name();
            if let Ok((twice, commands)) = once.clone().apply(event) {
                assert_eq!(twice, once, "{name} twice in {}", state.name());
                let sends = commands.iter().any(|command| matches!(command, Command::ChooseRoute | Command::JoinLot { .. }));
                assert!(!sends, "{name} twice in {} sends again", state.name());
            }
        }
    }
}

#[test]
fn word_of_an_older_attempt_never_moves_the_delivery() {
    for state in states() {
        for word in words() {
            let before = delivery_in(state.clone());
            let (after, commands) = before.clone().apply(Event::Said { attempt: OLDER, word: word.clone() }).unwrap();
            assert_eq!(after, before);
            let arrived = matches!(word, Word::HandedOver { .. } | Word::Delivered { .. } | Word::Seen);
            assert_eq!(!commands.is_empty(), arrived, "a person hears that {} was said of it", word.name());
        }
    }
}

#[test]
fn a_route_that_refused_is_not_forgotten_until_a_person_reopens() {
    for state in states() {
        for (name, event) in events() {
            let Ok((after, _)) = delivery_in(state.clone()).apply(event) else { continue };
            let kept = after.tried.contains(&RouteName::new("efaktura"));
            assert!(kept || name == "reopened", "{name} in {} forgets a route", state.name());
        }
    }
}

/// The head of the page. Each machine's part begins with a heading and says which source decides its cells.
const HEAD: &str = "# What may happen, and what becomes of it\n\n\
    Written by tests from the sources named below, each of which is the only place where its cells are decided. Change it there,\n\
    then `KVITT_BLESS=1 cargo test -p kvitt-domain --test it states`.\n\n\
    A row is an event, a column the state that it happens in; the cell is the state after it and what must be done because of it.\n\
    `·` means that it cannot happen there: it is refused and nothing changes. `=` means that the state stays.\n";

#[test]
fn the_table_of_states_is_up_to_date() {
    let page = [HEAD, &section(), &agreements::section(), &collection::section()].join("\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states.md");
    if std::env::var("KVITT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/states.md is not what the machines do; run this test with KVITT_BLESS=1 and look at the difference"
    );
}

fn section() -> String {
    let names = State::NAMES.map(str::to_owned);
    let rows =
        events().into_iter().map(|(name, event)| (name, states().iter().map(|state| cell(state, event.clone())).collect()));
    format!("## A delivery (`crates/domain/src/delivery.rs`)\n\n{}", table(&names, rows))
}

/// A table of states and events: each event's name with its cells.
fn table(states: &[String], rows: impl Iterator<Item = (String, Vec<String>)>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut table = line(std::iter::once("event".to_owned()).chain(states.iter().cloned()).collect());
    table += &line(vec!["---".to_owned(); states.len() + 1]);
    for (name, cells) in rows {
        table += &line(std::iter::once(name).chain(cells).collect());
    }
    table
}

/// What a cell says: the state after, and what is to be done.
fn shown(before: &str, after: &str, done: &[&str]) -> String {
    let name = if before == after { "=" } else { after };
    if done.is_empty() { name.to_owned() } else { format!("{name} ({})", done.join(", ")) }
}

fn cell(state: &State, event: Event) -> String {
    let Ok((after, commands)) = delivery_in(state.clone()).apply(event) else { return "·".to_owned() };
    let done: Vec<&str> = commands
        .iter()
        .map(|command| match command {
            Command::ChooseRoute => "choose route",
            Command::JoinLot { .. } => "join lot",
            Command::WakeAt { .. } => "wake later",
            Command::TellPerson { .. } => "tell a person",
        })
        .collect();
    shown(state.name(), after.state.name(), &done)
}
