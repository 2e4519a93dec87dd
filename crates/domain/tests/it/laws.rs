//! Laws that hold for every value, by property tests.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use kvitt_domain::calendar::{self, BankCalendar, ChristmasEve};
use kvitt_domain::identifiers::{BankAccount, Iban, IdentityNumber, Kid, KidParts, KidStructure, Modulus, OrgNumber, VatNumber};
use kvitt_domain::retry::RetryPolicy;
use kvitt_domain::{Amount, Currency};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["NOK", "EUR", "JPY", "BHD", "SEK"]).prop_map(|code| Currency::parse(code).unwrap())
}

proptest! {
    // --- money

    #[test]
    fn adding_and_taking_away_are_inverse(a in any::<i64>(), b in any::<i64>(), currency in currency()) {
        let (a, b) = (Amount::new(a, currency), Amount::new(b, currency));
        prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        match a.checked_add(b) {
            Some(sum) => prop_assert_eq!(sum.checked_sub(b), Some(a)),
            None => prop_assert!(a.minor().checked_add(b.minor()).is_none(), "only overflow refuses"),
        }
    }

    #[test]
    fn currencies_never_mix(a in any::<i64>(), b in any::<i64>(), one in currency(), other in currency()) {
        prop_assume!(one != other);
        prop_assert_eq!(Amount::new(a, one).checked_add(Amount::new(b, other)), None);
        prop_assert_eq!(Amount::new(a, one).checked_sub(Amount::new(b, other)), None);
    }

    #[test]
    fn decimal_form_is_exact(minor in any::<i64>(), currency in currency()) {
        let amount = Amount::new(minor, currency);
        prop_assert_eq!(amount.to_decimal().scale(), currency.decimals());
        prop_assert_eq!(Amount::from_decimal(amount.to_decimal(), currency), Some(amount));
        prop_assert_eq!(Amount::rounded(amount.to_decimal(), currency), Some(amount));
    }

    #[test]
    fn rounding_is_half_away_from_zero(minor in -1_000_000_000_000_i64..1_000_000_000_000, tenths in 0_i64..10) {
        // A tenth of an øre more: 0-4 falls towards zero, 5-9 away from it.
        let sign = if minor < 0 { -1 } else { 1 };
        let value = Decimal::new(minor * 10 + sign * tenths, 3);
        let wanted = if tenths >= 5 { minor + sign } else { minor };
        prop_assert_eq!(Amount::rounded(value, Currency::NOK), Some(Amount::new(wanted, Currency::NOK)));
        prop_assert_eq!(Amount::rounded(-value, Currency::NOK), Some(Amount::new(-wanted, Currency::NOK)));
        prop_assert_eq!(Amount::from_decimal(value, Currency::NOK).is_some(), tenths == 0);
    }

    // --- KID

    #[test]
    fn a_made_kid_reads_back((structure, customer, invoice) in kid_input()) {
        let Ok((used, kid)) = structure.generate_from(customer, invoice) else {
            // The part was full of numbers without a check digit: only MOD11 at the very end of the part.
            prop_assert_eq!(structure.parts().modulus, Modulus::Mod11);
            return Ok(());
        };
        prop_assert!(used >= invoice);
        prop_assert_eq!(Kid::parse(kid.as_str()), Ok(kid.clone()));
        prop_assert_eq!(structure.read(kid.as_str()), Ok(kid.clone()));
        prop_assert_eq!(structure.customer_part(&kid).unwrap().parse(), Ok(customer));
        prop_assert_eq!(structure.invoice_part(&kid).unwrap().parse(), Ok(used));
        prop_assert!(kid.as_str().bytes().all(|byte| byte.is_ascii_digit()), "a made KID has no hyphen");
    }

    #[test]
    fn every_single_digit_change_is_caught((structure, customer, invoice) in kid_input()) {
        let Ok((_, kid)) = structure.generate_from(customer, invoice) else { return Ok(()) };
        for at in 0..kid.as_str().len() {
            for digit in '0'..='9' {
                let mut changed = kid.as_str().to_owned();
                changed.replace_range(at..=at, digit.encode_utf8(&mut [0; 4]));
                if changed != kid.as_str() {
                    prop_assert!(structure.read(&changed).is_err(), "{} reads as {}", kid, changed);
                }
            }
        }
    }

    // --- other check digits

    #[test]
    fn every_single_digit_change_of_an_account_is_caught(body in 10_000_000_u64..10_000_000_000, at in 0_usize..11, by in 1_u8..10) {
        let Some(account) = (0..10).find_map(|check| BankAccount::parse(&format!("{body:010}{check}")).ok()) else { return Ok(()) };
        prop_assume!(!changed(account.as_str(), at, by).starts_with("0000"));
        prop_assert!(BankAccount::parse(&changed(account.as_str(), at, by)).is_err());
        prop_assert_eq!(BankAccount::parse(&account.printed()), Ok(account.clone()));
        let iban = account.iban();
        prop_assert_eq!(Iban::parse(&iban.printed()), Ok(iban.clone()));
        prop_assert_eq!(iban.norwegian_account(), Some(account));
        let wrong = format!("NO{}", changed(&iban.as_str()[2..], at, by));
        prop_assert!(Iban::parse(&wrong).is_err());
    }

    #[test]
    fn every_single_digit_change_of_an_organisation_number_is_caught(body in 0_u64..100_000_000, at in 0_usize..9, by in 1_u8..10) {
        let Some(number) = (0..10).find_map(|check| OrgNumber::parse(&format!("{body:08}{check}")).ok()) else { return Ok(()) };
        prop_assert!(OrgNumber::parse(&changed(number.as_str(), at, by)).is_err());
        prop_assert_eq!(OrgNumber::parse(&number.printed()), Ok(number.clone()));
        prop_assert_eq!(VatNumber::parse(VatNumber::of(&number).as_str()).map(|vat| vat.org_number()), Ok(number));
    }

    #[test]
    fn a_synthetic_identity_number_is_known_hidden_and_guarded(
        day in 1_u8..=28, month in 81_u8..=92, year in 0_u8..100, serial in 0_u16..1000, at in 0_usize..11, by in 1_u8..10,
    ) {
        let body = format!("{day:02}{month}{year:02}{serial:03}");
        for text in (0..100).map(|checks| format!("{body}{checks:02}")) {
            let Ok(number) = IdentityNumber::parse(&text) else { continue };
            prop_assert!(number.is_synthetic() && !number.is_d_number());
            let shown = format!("{number} {number:?}");
            prop_assert!(!shown.bytes().any(|byte| byte.is_ascii_digit()));
            // The second check digit has one rule before and after 2032, so every single change is caught.
            prop_assert!(IdentityNumber::parse(&changed(&text, at, by)).is_err());
            prop_assert_eq!(number.reveal(), text);
        }
    }

    // --- calendar

    #[test]
    fn the_next_bank_day_is_one(calendar in calendars(), date in dates()) {
        let next = calendar.next_bank_day(date);
        prop_assert!(next > date && calendar.is_bank_day(next));
        let mut between = date.tomorrow().unwrap();
        while between < next {
            prop_assert!(!calendar.is_bank_day(between), "{} was passed over", between);
            between = between.tomorrow().unwrap();
        }
        // Never more than the five days around Easter, or Christmas Eve to the Monday after.
        prop_assert!(next <= date.checked_add(6.days()).unwrap(), "{date} -> {next}");
        prop_assert_eq!(calendar.on_or_after(date), if calendar.is_bank_day(date) { date } else { next });
        prop_assert_eq!(calendar.previous_bank_day(next), calendar.on_or_before(date));
    }

    #[test]
    fn adding_and_taking_away_bank_days_are_inverse(calendar in calendars(), date in dates(), days in 0_u16..300) {
        let start = calendar.on_or_after(date);
        prop_assert_eq!(calendar.sub_bank_days(calendar.add_bank_days(start, days), days), start);
        prop_assert_eq!(calendar.add_bank_days(calendar.sub_bank_days(start, days), days), start);
        let stepwise = (0..days).fold(start, |day, _| calendar.next_bank_day(day));
        prop_assert_eq!(calendar.add_bank_days(start, days), stepwise);
    }

    #[test]
    fn wall_time_and_date_agree(date in dates(), hour in 4_i8..24, minute in 0_i8..60) {
        // From 04:00 on no Norwegian clock has ever been changed since 1996.
        let at = calendar::at(date, jiff::civil::time(hour, minute, 0, 0));
        prop_assert_eq!(calendar::today(at), date);
    }

    #[test]
    fn a_cut_off_is_the_next_one(calendar in calendars(), second in 1_500_000_000_i64..3_500_000_000, hour in 4_i8..24) {
        let now = Timestamp::from_second(second).unwrap();
        let time = jiff::civil::time(hour, 0, 0, 0);
        let cut_off = calendar.next_cut_off(now, time);
        prop_assert!(cut_off >= now);
        let day = calendar::today(cut_off);
        prop_assert!(calendar.is_bank_day(day));
        prop_assert!(calendar::at(calendar.previous_bank_day(day), time) < now, "an earlier cut-off was still to come");
    }

    // --- retry

    #[test]
    fn retries_are_monotone_and_end_after_about_75_hours(seed in any::<u64>(), asked in prop::option::of(0_u64..10_000_000)) {
        let policy = RetryPolicy::default();
        let start: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let (mut now, mut last) = (start, std::time::Duration::ZERO);
        for faults in 1..=policy.retries() {
            let next = policy.next(faults, seed, now).unwrap();
            prop_assert_eq!(policy.next(faults, seed, now), Some(next), "the same seed gives the same wait");
            let wait = std::time::Duration::try_from(next.duration_since(now)).unwrap();
            prop_assert!(wait >= last, "{:?} after {:?}", wait, last);
            let asked = policy.next_as_asked(faults, asked.map(std::time::Duration::from_secs), seed, now).unwrap();
            prop_assert!(asked >= next && asked <= next.checked_add(wait).unwrap());
            (now, last) = (next, wait);
        }
        prop_assert_eq!(policy.next(policy.retries() + 1, seed, now), None);
        let hours = now.duration_since(start).as_hours();
        prop_assert!((67..=83).contains(&hours), "{} hours", hours);
    }
}

fn dates() -> impl Strategy<Value = Date> {
    (0_i64..36_500).prop_map(|days| jiff::civil::date(1998, 1, 1).checked_add(days.days()).unwrap())
}

fn calendars() -> impl Strategy<Value = BankCalendar> {
    prop::sample::select(vec![ChristmasEve::Closed, ChristmasEve::Open]).prop_map(|christmas_eve| BankCalendar { christmas_eve })
}

/// A structure with both parts somewhere in its body, and numbers that fit into them.
fn kid_input() -> impl Strategy<Value = (KidStructure, u64, u64)> {
    let shape = (1_usize..=10, 1_usize..=10, 0_usize..=4, prop::sample::select(vec![Modulus::Mod10, Modulus::Mod11]));
    shape.prop_flat_map(|(customer, invoice, gap, modulus)| {
        let length = customer + gap + invoice + 1;
        let parts = KidParts { length, customer: 0..customer, kind: None, invoice: customer + gap..length - 1, modulus };
        let structure = KidStructure::new(parts).unwrap();
        let below = |digits: usize| 0..10_u64.pow(u32::try_from(digits).unwrap());
        (Just(structure), below(customer), below(invoice))
    })
}

/// The number with the digit at a place moved on by 1-9.
fn changed(number: &str, at: usize, by: u8) -> String {
    let mut bytes = number.as_bytes().to_vec();
    bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
    String::from_utf8(bytes).unwrap()
}
