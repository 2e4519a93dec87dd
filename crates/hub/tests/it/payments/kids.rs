//! KIDs: made once, and judged when an invoice comes in.

use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::{Kid, KidParts, KidStructure, Modulus};
use kvitt_hub::actions::accept_invoice::{HandedIn, accept_invoice};
use kvitt_hub::actions::set_bank_account::{make_kid, remove_bank_account, set_bank_account};
use kvitt_hub::error::Error;
use kvitt_hub::store::bank_account::{BankAccountSettings, KidRule};

use super::each_book;
use super::files::ACCOUNT;

const INVOICE: &str = include_str!("../../../../../examples/invoices/fjordvik-260401.xml");

fn structure(modulus: Modulus) -> KidStructure {
    KidStructure::new(KidParts { length: 9, customer: 0..4, kind: None, invoice: 4..8, modulus }).unwrap()
}

fn settings(modulus: Modulus, kid_rule: KidRule) -> BankAccountSettings {
    BankAccountSettings { kid_structures: vec![structure(modulus)], kid_rule, ..BankAccountSettings::default() }
}

/// The example invoice under another number, to our account, with a KID.
fn document(number: &str, kid: &str) -> Vec<u8> {
    let start = INVOICE.find("<cac:PaymentMeans>").expect("the example is to be paid");
    let end = INVOICE.find("</cac:PaymentMeans>").unwrap() + "</cac:PaymentMeans>".len();
    let means = format!(
        "<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cbc:PaymentID>{kid}</cbc:PaymentID>\
         <cac:PayeeFinancialAccount><cbc:ID>{ACCOUNT}</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>"
    );
    let text = format!("{}{means}{}", &INVOICE[..start], &INVOICE[end..]);
    text.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1).into_bytes()
}

fn codes(faults: &[Fault]) -> Vec<&'static str> {
    faults.iter().map(|fault| fault.code.name()).filter(|code| code.starts_with("kid.")).collect()
}

#[tokio::test]
async fn a_kid_is_made_once() {
    each_book(async |books| {
        let (hub, us) = (&books.hub, &books.us);
        set_bank_account(hub, us, "8601.11.17947", settings(Modulus::Mod11, KidRule::Warn)).await.unwrap();
        let mut made = std::collections::BTreeSet::new();
        for customer in [2026, 2027] {
            for _ in 0..40 {
                let kid = make_kid(hub, us, ACCOUNT, customer, None).await.unwrap().kid;
                assert!(!kid.as_str().contains('-') && structure(Modulus::Mod11).read(kid.as_str()).is_ok());
                assert!(made.insert(kid.as_str().to_owned()), "{kid} was made twice");
            }
        }
        let chosen = make_kid(hub, us, ACCOUNT, 1, Some(77)).await.unwrap();
        let again = make_kid(hub, us, ACCOUNT, 1, Some(77)).await.unwrap_err();
        assert!(matches!(again, Error::Refused(faults) if faults[0].code.name() == "kid.reused"), "{}", chosen.kid);
        let too_long = make_kid(hub, us, ACCOUNT, 123_456, None).await.unwrap_err();
        assert!(matches!(too_long, Error::Refused(faults) if faults[0].code.name() == "kid.impossible"));
        let unknown = make_kid(hub, &books.other, ACCOUNT, 1, None).await.unwrap_err();
        assert!(matches!(unknown, Error::Refused(faults) if faults[0].code.name() == "bank_account.unknown"));
    })
    .await;
}

/// What the sender's own system used already is not made here.
#[tokio::test]
async fn a_kid_on_an_invoice_is_not_made() {
    each_book(async |books| {
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings(Modulus::Mod10, KidRule::Warn)).await.unwrap();
        let taken = structure(Modulus::Mod10).generate(7, 1).unwrap();
        books.invoice("1001", taken.as_str(), 1000).await;
        let made = make_kid(&books.hub, &books.us, ACCOUNT, 7, None).await.unwrap();
        assert_eq!(made.invoice, 2);
        assert_ne!(made.kid, taken);
    })
    .await;
}

#[tokio::test]
async fn a_kid_that_is_not_as_agreed_is_a_warning_or_a_refusal() {
    each_book(async |books| {
        let (hub, us) = (&books.hub, &books.us);
        let agreed = |number| structure(Modulus::Mod10).generate(7, number).unwrap();
        let foreign = Kid::parse("12345674").unwrap();
        let hand_in =
            async |number: &str, kid: &Kid| accept_invoice(hub, HandedIn::file("a.xml", document(number, kid.as_str()))).await;
        // No structure is agreed.
        assert!(codes(&hand_in("1", &foreign).await.unwrap().warnings).is_empty());
        set_bank_account(hub, us, ACCOUNT, settings(Modulus::Mod10, KidRule::Warn)).await.unwrap();
        assert_eq!(codes(&hand_in("2", &foreign).await.unwrap().warnings), ["kid.structure", "kid.reused"]);
        assert!(codes(&hand_in("3", &agreed(3)).await.unwrap().warnings).is_empty());
        // The same document again is no other invoice.
        assert!(codes(&hand_in("3", &agreed(3)).await.unwrap().warnings).is_empty());
        set_bank_account(hub, us, ACCOUNT, settings(Modulus::Mod10, KidRule::Refuse)).await.unwrap();
        let Err(Error::Refused(faults)) = hand_in("4", &agreed(3)).await else { panic!("it was accepted") };
        assert_eq!(codes(&faults), ["kid.reused"]);
        let Err(Error::Refused(faults)) = hand_in("4", &foreign).await else { panic!("it was accepted") };
        assert_eq!(codes(&faults), ["kid.structure", "kid.reused"]);
        hand_in("4", &agreed(4)).await.unwrap();
        remove_bank_account(hub, us, ACCOUNT).await.unwrap();
        assert!(codes(&hand_in("5", &foreign).await.unwrap().warnings).is_empty());
        assert!(remove_bank_account(hub, us, ACCOUNT).await.is_err());
    })
    .await;
}
