//! Issuers and AvtaleGiro agreements through MPS: made, taken over, waited for, ended; and what a take-over stops.

use serde_json::json;

use crate::claims::{ACCOUNT, EARLIEST, TUESDAY, claim, kid};
use crate::harness::Stage;
use crate::mps::{between, bill, envelope, id, request};

/// Organisation numbers with a persona, with right check digits.
const ORDINARY: &str = "991825827";
const OTHERS: &str = "810000104";
const OTHERS_SLOWLY: &str = "810000201";
const OTHERS_FOR_EVER: &str = "810000309";
const REFUSED: &str = "810000406";
const SLOW: &str = "810000503";
const ENDED_LATER: &str = "810000600";

/// Accounts with a persona.
const GOES_ON: &str = "99980100010";
const STOPS: &str = "99980200015";
const NEXT_DAY: &str = "99980300028";
const NEVER: &str = "99980500019";
const BANK_REFUSES: &str = "99980600013";

impl Stage {
    /// Asks as the other provider.
    fn as_other(&self, name: &str, inside: &str) -> String {
        String::from_utf8(self.soap_raw(name, &envelope("annen", "sandbox-annen", &request(name, inside)))).unwrap()
    }

    fn issuer(&self, organisation: &str) -> String {
        let reply = self.soap("GetIssuerRequest", &format!("<organisationNumber>{organisation}</organisationNumber>"));
        if !reply.contains("<issuer>") {
            return "nobody".to_owned();
        }
        let part = |name: &str| between(&reply, &format!("<{name}>"), "<").to_owned();
        format!("{} {} {}", part("provider"), part("status"), part("activeInBanks"))
    }

    fn make_issuer(&self, organisation: &str, take_over: &str) -> String {
        let inside = format!("<organisationNumber>{organisation}</organisationNumber><name>Kraftlaget</name>{take_over}");
        said(&self.soap("CreateIssuerRequest", &inside))
    }

    fn make_agreement(&self, organisation: &str, account: &str, reference: &str, take_over: &str) -> String {
        let inside = format!(
            "<organisationNumber>{organisation}</organisationNumber><accountNumber>{account}</accountNumber><kidStructures><kidStructure>\
             <length>15</length><referencePosition>{reference}</referencePosition><modulus>MOD10</modulus></kidStructure></kidStructures>{take_over}"
        );
        said(&self.soap("CreateAtgAgreementRequest", &inside))
    }

    fn agreement(&self, organisation: &str, account: &str) -> String {
        let inside = format!("<organisationNumber>{organisation}</organisationNumber><accountNumber>{account}</accountNumber>");
        let reply = self.soap("GetAtgAgreementRequest", &inside);
        if !reply.contains("<agreement>") {
            return "nobody".to_owned();
        }
        format!("{} {}", between(&reply, "<provider>", "<"), between(&reply, "<status>", "<"))
    }

    /// A take-over that was signed for this organisation.
    fn signed(&self, organisation: &str) -> String {
        let (status, answer) = self.sign(organisation, organisation, "signs@kunde.example");
        assert_eq!((status, &answer["status"]), (201, &json!("signed")));
        take_over(answer["id"].as_str().unwrap())
    }
}

fn take_over(reference: &str) -> String {
    format!(
        "<takeOver><signingReference>{reference}</signingReference><signerName>Kari Nordmann</signerName><signedAt>2040-01-03T08:05:00Z</signedAt></takeOver>"
    )
}

fn said(reply: &str) -> String {
    if reply.contains("<errorCode>") {
        between(reply, "<errorCode>", "<").to_owned()
    } else {
        between(reply, "<status>", "<").to_owned()
    }
}

#[test]
fn issuers() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    assert_eq!(stage.issuer(ORDINARY), "nobody");
    assert_eq!([stage.make_issuer(ORDINARY, ""), stage.make_issuer(ORDINARY, "")], ["ACTIVE", "ACTIVE"]);
    assert_eq!(stage.issuer(ORDINARY), "00229221 ACTIVE false");
    assert_eq!(stage.issuer(OTHERS), "00111111 ACTIVE true");
    // What is said without a take-over, with one that nobody signed, with a good one, and then.
    let table = [
        (OTHERS, "5009", "REFUSED", "ACTIVE", "00229221 ACTIVE false"),
        (OTHERS_SLOWLY, "5009", "REFUSED", "PENDING", "00229221 PENDING false"),
        (OTHERS_FOR_EVER, "5009", "REFUSED", "REFUSED", "00111111 ACTIVE true"),
        (REFUSED, "REFUSED", "REFUSED", "REFUSED", "00229221 REFUSED false"),
        (SLOW, "PENDING", "PENDING", "PENDING", "00229221 PENDING false"),
        (ENDED_LATER, "ACTIVE", "ACTIVE", "ACTIVE", "00229221 ACTIVE false"),
    ];
    for (organisation, plain, unsigned, signed, then) in table {
        assert_eq!(stage.make_issuer(organisation, ""), plain, "{organisation}");
        assert_eq!(stage.make_issuer(organisation, &take_over("nobody-signed-it")), unsigned, "{organisation}");
        assert_eq!(stage.make_issuer(organisation, &stage.signed(organisation)), signed, "{organisation}");
        assert_eq!(stage.issuer(organisation), then, "{organisation}");
    }
    // The signing of another organisation's is none.
    assert_eq!(stage.make_issuer("810000112", &stage.signed(OTHERS)), "REFUSED");
    // Banks fetch the list of issuers at six in the morning.
    stage.at("2040-01-04T05:01:00Z");
    assert_eq!(stage.issuer(ORDINARY), "00229221 ACTIVE true");
    stage.at("2040-01-04T08:01:00Z");
    assert_eq!([stage.issuer(SLOW), stage.issuer(OTHERS_SLOWLY)], ["00229221 ACTIVE false", "00229221 ACTIVE false"]);
    stage.at("2040-01-06T08:01:00Z");
    assert_eq!(stage.issuer(ENDED_LATER), "00229221 ENDED false");
    let ended = stage.soap("DeleteIssuerRequest", &format!("<organisationNumber>{ORDINARY}</organisationNumber>"));
    assert_eq!(said(&ended), "ENDED");
    assert_eq!(stage.issuer(ORDINARY), "00229221 ENDED false");
    assert_eq!(
        said(&stage.as_other("DeleteIssuerRequest", &format!("<organisationNumber>{ORDINARY}</organisationNumber>"))),
        "5002"
    );
    assert_eq!(stage.make_issuer(ORDINARY, ""), "ACTIVE");
}

#[test]
fn agreements_of_accounts() {
    let mut stage = Stage::new();
    stage.at(TUESDAY);
    assert_eq!(stage.make_agreement(ORDINARY, ACCOUNT, "[1-6]", ""), "5002");
    stage.make_issuer(ORDINARY, "");
    assert_eq!(stage.make_agreement(ORDINARY, ACCOUNT, "[1-15]", ""), "5007");
    assert_eq!(stage.make_agreement(ORDINARY, ACCOUNT, "1-6", ""), "5007");
    assert_eq!(stage.agreement(ORDINARY, ACCOUNT), "nobody");
    let make = |account: &str| stage.make_agreement(ORDINARY, account, "[1-6]", "");
    assert_eq!([ACCOUNT, NEXT_DAY, NEVER, BANK_REFUSES].map(make), ["ACTIVE", "WAITING_FOR_BANK", "WAITING_FOR_BANK", "REFUSED"]);
    assert_eq!([ACCOUNT, NEXT_DAY].map(make), ["ACTIVE", "WAITING_FOR_BANK"]);
    stage.restart();
    stage.at("2040-01-04T08:01:00Z");
    let status = |account: &str| stage.agreement(ORDINARY, account);
    assert_eq!([NEXT_DAY, NEVER].map(status), ["00229221 ACTIVE", "00229221 WAITING_FOR_BANK"]);
    assert_eq!(stage.order("/bank/register", &json!({"accountNumber": NEVER})), json!({"status": "ACTIVE"}));
    assert_eq!(stage.http("POST", "/bank/register", &format!(r#"{{"accountNumber": "{ACCOUNT}"}}"#)).0, 409);
    assert_eq!(status(NEVER), "00229221 ACTIVE");
    // Another organisation's account is none of theirs.
    stage.make_issuer(ENDED_LATER, "");
    assert_eq!(stage.make_agreement(ENDED_LATER, ACCOUNT, "[1-6]", ""), "5006");
    assert_eq!(stage.agreement(ENDED_LATER, ACCOUNT), "nobody");
    // The end of the issuer is the end of its agreements.
    stage.soap("DeleteIssuerRequest", &format!("<organisationNumber>{ORDINARY}</organisationNumber>"));
    assert_eq!(status(ACCOUNT), "00229221 ENDED");
}

#[test]
fn what_a_take_over_stops() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    let bills = |n: u32| {
        format!(
            "<shipmentId>{}</shipmentId><issuer>{OTHERS}</issuer><transactions>{}</transactions>",
            id(n, 0),
            bill(n, 1, "900100001")
        )
    };
    let claims = |n: u32, account: &str| {
        let one = claim(&id(n, 1), &kid(42, n), "499.00", EARLIEST).replace(ACCOUNT, account);
        format!("<shipmentId>{}</shipmentId><issuer>{OTHERS}</issuer><transactions>{one}</transactions>", id(n, 0))
    };
    let look_up = |account: &str| format!("<kid>{}</kid><creditAccount>{account}</creditAccount>", kid(42, 1));
    let taken = |reply: String| {
        if reply.contains("<noOfTransactions>") { "taken".to_owned() } else { between(&reply, "<errorCode>", "<").to_owned() }
    };

    // Before: all is the other provider's.
    assert_eq!(taken(stage.soap("AddShipmentRequest", &bills(1))), "5002");
    assert_eq!(taken(stage.as_other("AddShipmentRequest", &bills(2))), "taken");
    assert_eq!([GOES_ON, STOPS].map(|account| stage.agreement(OTHERS, account)), ["00111111 ACTIVE", "00111111 ACTIVE"]);
    assert!(stage.soap("GetAtgMandateRequest", &look_up(GOES_ON)).contains("<errorCode>3102<"));

    stage.make_issuer(OTHERS, &stage.signed(OTHERS));
    assert_eq!(taken(stage.soap("AddShipmentRequest", &bills(3))), "taken");
    assert_eq!(taken(stage.as_other("AddShipmentRequest", &bills(4))), "5002");
    for account in [GOES_ON, STOPS] {
        assert_eq!(taken(stage.soap("AddShipmentRequest", &claims(5, account))), "3101");
        assert_eq!(stage.make_agreement(OTHERS, account, "[1-6]", ""), "5009");
        assert_eq!(stage.make_agreement(OTHERS, account, "[1-6]", &take_over("nobody-signed-it")), "REFUSED");
        assert_eq!(stage.make_agreement(OTHERS, account, "[1-6]", &stage.signed(OTHERS)), "ACTIVE");
        assert_eq!(stage.agreement(OTHERS, account), "00229221 ACTIVE");
        // Mandates are for the new provider only.
        assert!(stage.soap("GetAtgMandateRequest", &look_up(account)).contains("<atgMandate>"));
        assert!(stage.as_other("GetAtgMandateRequest", &look_up(account)).contains("<errorCode>3102<"));
    }
    // The old provider's claims are not stopped by it.
    assert_eq!(taken(stage.as_other("AddShipmentRequest", &claims(6, GOES_ON))), "taken");
    assert_eq!(taken(stage.as_other("AddShipmentRequest", &claims(7, STOPS))), "3101");
    assert_eq!(taken(stage.soap("AddShipmentRequest", &claims(8, GOES_ON))), "taken");
    assert_eq!(taken(stage.soap("AddShipmentRequest", &claims(9, STOPS))), "taken");
    stage.at("2040-01-12T08:00:00Z");
    let kinds: Vec<String> = stage.debits().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["debit", "debit", "debit", "debit of another provider"]);
}
