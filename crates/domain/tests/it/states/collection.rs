//! The money of an invoice: every state against every event, and the laws that hold whatever the order.

use jiff::civil::{Date, date};
use kvitt_domain::collection::{Claim, Collection, Command, Event, Means, Proposal, State, Sums};
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::money::{Amount, Currency};
use proptest::prelude::*;
use uuid::Uuid;

const THIS: AttemptId = AttemptId(Uuid::from_u128(1));
const OTHER: AttemptId = AttemptId(Uuid::from_u128(2));
const DUE: Date = date(2026, 11, 16);
/// What every invoice here asks for.
const PAYABLE: i64 = 1000;

fn nok(minor: i64) -> Amount {
    Amount::new(minor, Currency::NOK)
}

fn collection(sums: Sums, claim: Claim) -> Collection {
    Collection { sums, claim, ..Collection::new(nok(PAYABLE)) }
}

/// One collection in each state, in the order of [`State::NAMES`].
fn collections() -> Vec<Collection> {
    let none = Sums::default();
    let outstanding = Claim::Outstanding { attempt: THIS, due_on: DUE };
    vec![
        collection(none, Claim::None),
        collection(none, outstanding),
        collection(Sums { received: 400, ..none }, Claim::None),
        collection(Sums { received: PAYABLE, ..none }, Claim::None),
        collection(Sums { received: 2 * PAYABLE, ..none }, Claim::Debited { attempt: THIS, due_on: DUE }),
        collection(Sums { credited: PAYABLE, ..none }, Claim::None),
        collection(Sums { received: PAYABLE, reversed: PAYABLE, ..none }, Claim::None),
        collection(none, Claim::Unpaid { attempt: THIS, due_on: DUE }),
        Collection { closed_by: Some("Kari".into()), ..collection(none, Claim::None) },
    ]
}

/// Every event with its row in the table.
fn events() -> Vec<(String, Event)> {
    let by = || "Kari".to_owned();
    let all = nok(PAYABLE);
    let paid = |amount, means| Event::Paid { amount, means };
    let named = |event: Event| (event.name().to_owned(), event);
    let mut events = vec![
        ("paid in full".to_owned(), paid(all, Means::Payment)),
        ("paid in part".to_owned(), paid(nok(300), Means::Payment)),
        ("debited in full".to_owned(), paid(all, Means::Debit)),
        ("reversed in full".to_owned(), Event::Reversed { amount: all }),
        ("refunded in full".to_owned(), Event::Refunded { amount: all }),
        ("refund_returned in full".to_owned(), Event::RefundReturned { amount: all }),
        ("credited in full".to_owned(), Event::Credited { amount: all }),
        ("credited in part".to_owned(), Event::Credited { amount: nok(300) }),
        ("taken_away: a payment in full".to_owned(), Event::TakenAway { what: Box::new(paid(all, Means::Payment)) }),
        ("taken_away: a reversal in full".to_owned(), Event::TakenAway { what: Box::new(Event::Reversed { amount: all }) }),
    ];
    events.extend(
        [
            Event::Claimed { attempt: THIS, due_on: DUE },
            Event::ClaimEnded { attempt: THIS },
            Event::DebitSeen,
            Event::ClaimUnpaid { attempt: THIS },
            Event::Released { by: by() },
            Event::Closed { by: by() },
            Event::Opened { by: by() },
        ]
        .map(named),
    );
    events.extend(
        [
            Event::Claimed { attempt: OTHER, due_on: DUE },
            Event::ClaimEnded { attempt: OTHER },
            Event::ClaimUnpaid { attempt: OTHER },
        ]
        .map(|event| (format!("{} of another attempt", event.name()), event)),
    );
    events
}

/// The part of `docs/states.md` about the money of an invoice.
pub fn section() -> String {
    let names = State::NAMES.map(str::to_owned);
    let rows = events()
        .into_iter()
        .map(|(name, event)| (name, collections().iter().map(|before| cell(before, event.clone())).collect()));
    format!(
        "## The money of an invoice (`crates/domain/src/collection.rs`)\n\n\
         Here an invoice asks for 10.00; *part paid* has 4.00 of it, *overpaid* was debited twice, *reversed* was paid and taken back.\n\n{}",
        super::table(&names, rows)
    )
}

fn cell(before: &Collection, event: Event) -> String {
    let Ok((after, commands)) = before.clone().apply(event) else { return "·".to_owned() };
    let done: Vec<&str> = commands
        .iter()
        .map(|command| match command {
            Command::StopClaim { .. } => "stop the claim",
            Command::WatchClaim { .. } => "watch the claim",
            Command::TellPerson { .. } => "tell a person",
        })
        .collect();
    super::shown(before.state().name(), after.state().name(), &done)
}

#[test]
fn every_state_has_its_name_in_the_list() {
    let names: Vec<&str> = collections().iter().map(|collection| collection.state().name()).collect();
    assert_eq!(names, State::NAMES);
}

/// The promise behind "nothing is claimed again by itself": whoever was claimed once is claimable only after a person released it.
#[test]
fn nothing_is_claimed_again_by_itself() {
    for before in collections().into_iter().filter(|before| before.state().name() != "open") {
        for (name, event) in events() {
            let Ok((after, _)) = before.clone().apply(event) else { continue };
            let by_word = ["released", "opened", "claim_ended"].contains(&name.as_str()) || name.starts_with("taken_away");
            assert!(after.may_be_claimed().is_err() || by_word, "{name} makes what is {} claimable", before.state().name());
        }
    }
}

#[test]
fn a_debit_that_was_seen_is_never_missed() {
    let debited = Event::Paid { amount: nok(PAYABLE), means: Means::Debit };
    for claim in [Claim::Outstanding { attempt: THIS, due_on: DUE }, Claim::Unpaid { attempt: THIS, due_on: DUE }] {
        let (after, commands) = collection(Sums::default(), claim).apply(debited.clone()).unwrap();
        assert_eq!((after.state(), commands), (State::Paid, vec![]));
        assert!(after.apply(Event::ClaimUnpaid { attempt: THIS }).is_err());
    }
}

/// One file tells of the money, another that it was a debit: in whatever order, it is a debit that was seen.
#[test]
fn money_that_is_told_to_be_a_debit_by_another_file_is_one() {
    let start = collection(Sums::default(), Claim::Outstanding { attempt: THIS, due_on: DUE });
    let money = Event::Paid { amount: nok(PAYABLE), means: Means::Payment };
    let debited = after(start.clone(), &[Event::Paid { amount: nok(PAYABLE), means: Means::Debit }]);
    assert_eq!(after(start.clone(), &[money.clone(), Event::DebitSeen]), debited);
    assert_eq!(after(start.clone(), &[Event::DebitSeen, money.clone()]), debited);
    assert_eq!(debited.proposal(), Proposal::Nothing);
    // Seen too late, and by files that tell of it again.
    let late = after(start, &[Event::ClaimUnpaid { attempt: THIS }, money, Event::DebitSeen]);
    assert_eq!(late, debited);
    assert!(late.apply(Event::DebitSeen).is_err());
}

#[test]
fn what_is_paid_while_it_is_claimed_stops_the_claim() {
    let claimed = collection(Sums::default(), Claim::Outstanding { attempt: THIS, due_on: DUE });
    let (after, commands) = claimed.apply(Event::Paid { amount: nok(PAYABLE), means: Means::Payment }).unwrap();
    assert_eq!(commands, [Command::StopClaim { attempt: THIS }]);
    assert_eq!(after.proposal(), Proposal::StopClaim { due_on: DUE });
    // Where the bank debits all the same, it shows as what came twice.
    let (twice, _) = after.apply(Event::Paid { amount: nok(PAYABLE), means: Means::Debit }).unwrap();
    assert_eq!(twice.proposal(), Proposal::AskBankThenRefund { over: nok(PAYABLE) });
}

/// The bank draws what was claimed, and not what is left.
#[test]
fn what_is_paid_in_part_credited_or_closed_while_it_is_claimed_stops_the_claim() {
    let part = nok(300);
    let by_hand = Event::Paid { amount: part, means: Means::Payment };
    for event in [by_hand.clone(), Event::Credited { amount: part }, Event::Closed { by: "Kari".into() }] {
        let claimed = collection(Sums::default(), Claim::Outstanding { attempt: THIS, due_on: DUE });
        let (after, commands) = claimed.apply(event.clone()).unwrap();
        assert_eq!(commands, [Command::StopClaim { attempt: THIS }], "{event:?}");
        assert_eq!(after.proposal(), Proposal::StopClaim { due_on: DUE }, "{event:?}");
        assert!(after.needs_a_person());
        // Said once more where still less is left, and over when the claim is.
        let (less, commands) = after.apply(by_hand.clone()).unwrap();
        assert_eq!(commands, [Command::StopClaim { attempt: THIS }], "{event:?}");
        let (ended, _) = less.apply(Event::ClaimEnded { attempt: THIS }).unwrap();
        assert_eq!(ended.proposal(), Proposal::Nothing, "{event:?}");
    }
    // More than all of it: first the debit, then the refund.
    let claimed = collection(Sums::default(), Claim::Outstanding { attempt: THIS, due_on: DUE });
    let (over, _) = claimed.apply(Event::Paid { amount: nok(PAYABLE + 1), means: Means::Payment }).unwrap();
    assert_eq!(over.proposal(), Proposal::StopClaim { due_on: DUE });
}

/// The worst day of May 2024: every claim was debited twice, the bank took one back, and some companies refunded as well.
#[test]
fn the_worst_day() {
    let debit = Event::Paid { amount: nok(PAYABLE), means: Means::Debit };
    let reversal = Event::Reversed { amount: nok(PAYABLE) };
    let refund = Event::Refunded { amount: nok(PAYABLE) };
    let check = |events: &[&Event], state: &str, proposal: &str| {
        let claimed = collection(Sums::default(), Claim::Outstanding { attempt: THIS, due_on: DUE });
        let end = events.iter().fold(claimed, |collection, event| collection.apply((*event).clone()).unwrap().0);
        assert_eq!((end.state().name(), end.proposal().name()), (state, proposal), "{events:?}");
        assert!(end.may_be_claimed().is_err());
        assert!(end.is_eventful());
    };
    check(&[&debit, &debit], "overpaid", "ask_bank_then_refund");
    check(&[&debit, &debit, &reversal], "paid", "nothing");
    check(&[&debit, &debit, &refund], "paid", "nothing");
    check(&[&debit, &debit, &reversal, &refund], "reversed", "ask_to_pay_again");
    check(&[&debit, &debit, &reversal, &reversal], "reversed", "find_out_why");
    check(&[&debit, &refund], "reversed", "credit_or_ask");
}

#[test]
fn money_of_another_currency_or_of_no_amount_changes_nothing() {
    let euros = Amount::new(PAYABLE, Currency::parse("EUR").unwrap());
    for amount in [euros, nok(0), nok(-1)] {
        for event in [Event::Paid { amount, means: Means::Payment }, Event::Credited { amount }, Event::Reversed { amount }] {
            assert!(Collection::new(nok(PAYABLE)).apply(event.clone()).is_err(), "{event:?}");
        }
    }
    let full = Event::Paid { amount: nok(i64::MAX), means: Means::Payment };
    let full = Collection::new(nok(PAYABLE)).apply(full).unwrap().0;
    assert!(full.apply(Event::Paid { amount: nok(1), means: Means::Payment }).is_err(), "it would overflow");
}

fn movement() -> impl Strategy<Value = Event> {
    (1_i64..3000, 0_u8..6).prop_map(|(minor, which)| {
        let amount = nok(minor);
        match which {
            0 => Event::Paid { amount, means: Means::Payment },
            1 => Event::Paid { amount, means: Means::Debit },
            2 => Event::Reversed { amount },
            3 => Event::Refunded { amount },
            4 => Event::RefundReturned { amount },
            _ => Event::Credited { amount },
        }
    })
}

fn after(start: Collection, events: &[Event]) -> Collection {
    events.iter().fold(start, |collection, event| collection.apply(event.clone()).unwrap().0)
}

proptest! {
    #[test]
    fn the_order_of_money_does_not_matter(
        events in prop::collection::vec(movement(), 0..8).prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        claimed in any::<bool>(),
    ) {
        let claim = if claimed { Claim::Outstanding { attempt: THIS, due_on: DUE } } else { Claim::None };
        let start = collection(Sums::default(), claim);
        prop_assert_eq!(after(start.clone(), &events.0), after(start, &events.1));
    }

    #[test]
    fn what_is_owed_is_what_was_asked_less_what_was_seen(events in prop::collection::vec(movement(), 0..8)) {
        let seen: i64 = events.iter().map(|event| match event {
            Event::Paid { amount, .. } | Event::Credited { amount } | Event::RefundReturned { amount } => amount.minor(),
            Event::Reversed { amount } | Event::Refunded { amount } => -amount.minor(),
            _ => 0,
        }).sum();
        prop_assert_eq!(after(Collection::new(nok(PAYABLE)), &events).left(), nok(PAYABLE - seen));
    }

    #[test]
    fn a_reversal_undoes(events in prop::collection::vec(movement(), 0..6), minor in 1_i64..3000) {
        let before = after(Collection::new(nok(PAYABLE)), &events);
        let there = [Event::Paid { amount: nok(minor), means: Means::Payment }, Event::Reversed { amount: nok(minor) }];
        prop_assert_eq!(after(before.clone(), &there).left(), before.left());
    }

    #[test]
    fn what_is_taken_away_was_never_counted(events in prop::collection::vec(movement(), 0..6), what in movement()) {
        prop_assume!(!matches!(what, Event::Credited { .. }));
        let before = after(Collection::new(nok(PAYABLE)), &events);
        let after = after(before.clone(), &[what.clone(), Event::TakenAway { what: Box::new(what) }]);
        prop_assert_eq!((after.sums, after.state()), (before.sums, before.state()));
    }
}
