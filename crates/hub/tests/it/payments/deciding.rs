//! What a person sees and decides.

use kvitt_hub::actions::match_payment::{Decision, Settling, decide, settle};
use kvitt_hub::actions::show_payments::{PaymentShown, Wanted, cases, payments};
use kvitt_hub::error::{Error, Result};
use kvitt_hub::{Answer, Ask};

use super::files::{ACCOUNT, Ocr, ocr, paid};
use super::{Books, each_book};

const FIRST: &str = "123456782";
const SECOND: &str = "200000006";

async fn parked(books: &Books) -> Vec<PaymentShown> {
    let wanted = Wanted { state: Some("parked".into()), suggestions: true };
    payments(&books.hub, &books.us, &wanted, None, 100).await.unwrap().0
}

fn refused(outcome: Result<()>, expected: &str) {
    match outcome {
        Err(Error::Refused(faults)) => assert_eq!(faults[0].code.name(), expected),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_parked_payment_is_placed_and_taken_away_again() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.credit_note("5001", 10, &[]).await;
        books.placed(&ocr(1, &[paid("123456783", 1000), paid("", 5)])).await;
        let waiting = parked(books).await;
        assert_eq!(waiting.len(), 2);
        let one = waiting.iter().find(|one| one.payment.amount.minor() == 1000).unwrap();
        assert_eq!(one.why.as_ref().unwrap().code.name(), "payment.kid_wrong");
        let suggested = &one.suggestions[0];
        assert_eq!((suggested.number.as_str(), suggested.hints.len()), ("1001", 2));

        let to = |invoice: &str| Decision::Match { invoice: invoice.into() };
        let (hub, us) = (&books.hub, &books.us);
        refused(decide(hub, us, "abcdef", to("1001"), "Kari").await, "payment.unknown");
        refused(decide(hub, us, &one.id, to("9"), "Kari").await, "invoice.unknown");
        refused(decide(hub, us, &one.id, to("5001"), "Kari").await, "invoice.unknown");
        refused(decide(hub, us, &one.id, Decision::Unmatch, "Kari").await, "payment.refuses");
        // The beginning of its id names it.
        decide(hub, us, &one.id[..13], to("1001"), "Kari").await.unwrap();
        assert_eq!(books.stands("1001").await, ("paid", 0));
        refused(decide(hub, us, &one.id, to("1001"), "Kari").await, "payment.refuses");
        refused(decide(hub, us, &one.id, Decision::Dismiss, "Kari").await, "payment.refuses");
        decide(hub, us, &one.id, Decision::Unmatch, "Kari").await.unwrap();
        assert_eq!(books.stands("1001").await, ("open", 1000));
        decide(hub, us, &one.id, Decision::Dismiss, "Kari").await.unwrap();
        assert_eq!(parked(books).await.len(), 1);
        // Dismissed in error.
        decide(hub, us, &one.id, to("1001"), "Kari").await.unwrap();
        assert_eq!(books.stands("1001").await, ("paid", 0));
        assert_eq!(books.told(&one.id).await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn what_the_payer_paid_before_and_the_same_amount_are_suggested() {
    const PAYER: &str = "99990512341";
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.invoice("1002", SECOND, 700).await;
        books.placed(&ocr(1, &[Ocr { payer: PAYER, ..paid(FIRST, 400) }])).await;
        books.placed(&ocr(2, &[Ocr { payer: PAYER, ..paid("", 600) }, paid("", 700)])).await;
        let waiting = parked(books).await;
        let suggested = |minor: i64| {
            let one = waiting.iter().find(|one| one.payment.amount.minor() == minor).unwrap();
            one.suggestions.iter().map(|suggestion| suggestion.number.clone()).collect::<Vec<_>>()
        };
        assert_eq!(suggested(600), ["1001"]);
        assert_eq!(suggested(700), ["1002"]);
    })
    .await;
}

#[tokio::test]
async fn an_invoice_is_called_quits_until_money_moves() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        let (hub, us) = (&books.hub, &books.us);
        settle(hub, us, "1001", Settling::Close, "Kari").await.unwrap();
        assert_eq!(books.stands("1001").await, ("closed", 1000));
        settle(hub, us, "1001", Settling::Open, "Kari").await.unwrap();
        refused(settle(hub, us, "1001", Settling::Release, "Kari").await, "collection.refuses");
        settle(hub, us, "1001", Settling::Close, "Kari").await.unwrap();
        books.placed(&ocr(1, &[paid(FIRST, 1200)])).await;
        assert_eq!(books.stands("1001").await, ("overpaid", -200));
        let (found, _) = cases(hub, us, false, "", 10).await.unwrap();
        assert_eq!((found[0].number.as_str(), found[0].money.proposal.name()), ("1001", "refund"));
        settle(hub, us, "1001", Settling::Close, "Kari").await.unwrap();
        assert!(cases(hub, us, false, "", 10).await.unwrap().0.is_empty());
        assert_eq!(cases(hub, us, true, "", 10).await.unwrap().0.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_story_of_an_invoice_tells_its_money() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&ocr(1, &[paid(FIRST, 400), paid(FIRST, 400)])).await;
        books.credit_note("5001", 100, &["1001"]).await;
        let ask = Ask::Explain { company: Some("999002021".into()), invoice: "1001".into() };
        let Answer::Story(story) = books.hub.answer(ask).await else { panic!("no story") };
        let money = story.money.unwrap();
        assert_eq!((money.money.standing.name(), money.money.left.minor()), ("part_paid", 100));
        assert_eq!(money.payments.len(), 2);
        assert_eq!(money.payments[0].fit.as_deref(), Some("part"));
        assert_eq!(money.credits[0].0, "5001");
        assert_eq!((money.money.account.as_str(), money.money.kid.as_deref()), (ACCOUNT, Some(FIRST)));
        assert_eq!(story.events.len(), 3);
    })
    .await;
}

/// Pages of every list hang together.
#[tokio::test]
async fn lists_come_in_pages() {
    each_book(async |books| {
        let many: Vec<Ocr> = (1..=7).map(|minor| paid("", minor)).collect();
        books.placed(&ocr(1, &many)).await;
        for state in [None, Some("parked".to_owned())] {
            let wanted = Wanted { state, suggestions: false };
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = payments(&books.hub, &books.us, &wanted, after, 3).await.unwrap();
                seen.extend(page.into_iter().map(|one| one.payment.amount.minor()));
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
        }
    })
    .await;
}
