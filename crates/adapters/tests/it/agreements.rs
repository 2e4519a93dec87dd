//! What is said about an agreement in each state, and what the answers mean: the payment service's, the signing service's, and the
//! look-up of a mandate.

use jiff::Timestamp;
use kvitt_adapters::agreements::{Matter, heard, next};
use kvitt_adapters::mandates::{self, Question};
use kvitt_adapters::route::{HttpRequest, Method, Piece, Reply, Sender, Sent};
use kvitt_adapters::routes::efaktura::soap::{AGREEMENTS, ENVELOPE, SERVICE};
use kvitt_domain::Language;
use kvitt_domain::agreement::course::{Consent, Course, Event, KnownBy, Signer, SigningRequest, State, Subject, Word};
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::fault::Fault;
use kvitt_domain::mandate::Registration;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0xA6EE);
const MESSAGE: Uuid = Uuid::from_u128(1);
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ACCOUNT: &str = "86011117947";

fn subject(is_main: bool) -> Subject {
    if is_main {
        return Subject::MainVendor;
    }
    let structures = vec!["16:1-6".parse().unwrap(), "20:3-8,mod11".parse().unwrap()];
    let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() };
    Subject::Avtalegiro { account: ACCOUNT.into(), debit }
}

fn consent() -> Consent {
    Consent { reference: "s-1".into(), signer_name: "Kari & Ola".into(), signed_at: "2026-11-22T09:00:00Z".parse().unwrap() }
}

fn signer() -> Signer {
    Signer { name: "Kari \"Nordmann\"".into(), email: "kari@post.example".into() }
}

fn requesting() -> State {
    State::RequestingSignature { provider: "00111111".into(), signer: signer() }
}

fn awaiting() -> State {
    let request = SigningRequest { id: "s-1".into(), address: "https://signering.example/s-1".into() };
    State::WaitingForSignature { provider: "00111111".into(), signer: signer(), request }
}

fn with_matter<T>(is_main: bool, state: State, ask: impl FnOnce(&Matter<'_>) -> T) -> T {
    let course = Course { state, signatures: 2, ..Course::new(subject(is_main)) };
    let company = Sender { name: "Nordlys <Kraft> AS".into(), org_number: "999001017".into() };
    let matter = Matter {
        id: ID,
        course: &course,
        company: &company,
        customer_unit: "00229221",
        service: "mps",
        signing: "signing",
        language: Language::English,
    };
    ask(&matter)
}

fn said(is_main: bool, state: State) -> Option<HttpRequest> {
    with_matter(is_main, state, |matter| next(matter, MESSAGE))
}

fn body(request: &HttpRequest) -> String {
    let text = request.body.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Secret(_) => "?",
    });
    text.collect()
}

/// The inside of the body's one element, after the audit information.
fn inside(request: &HttpRequest) -> String {
    let body = body(request);
    let (_, rest) = body.split_once("</auditInformation>").unwrap();
    rest.split_once("</e:").unwrap().0.to_owned()
}

fn http(status: u16, body: &str) -> Reply {
    Reply::Http { status, body: body.to_owned(), retry_after: None }
}

fn soap(status: u16, namespace: &str, inside: &str) -> Reply {
    http(status, &format!(r#"<s:Envelope xmlns:s="{ENVELOPE}"><s:Body xmlns:e="{namespace}">{inside}</s:Body></s:Envelope>"#))
}

fn fault(namespace: &str, code: &str) -> Reply {
    let detail =
        format!("<e:ValidationFault><errorCode>{code}</errorCode><errorDescription>nei</errorDescription></e:ValidationFault>");
    let fault =
        format!("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring><detail>{detail}</detail></s:Fault>");
    soap(500, namespace, &fault)
}

#[test]
fn what_is_said_in_each_state() {
    let check = |is_main: bool, state: State, operation: &str, endpoint: &str, is_question: bool| {
        let name = state.name();
        let request = said(is_main, state).unwrap_or_else(|| panic!("nothing is said when {name}"));
        assert_eq!((request.operation.as_str(), request.endpoint.as_str()), (operation, endpoint), "{name}");
        assert_eq!(request.is_question, is_question, "{name}");
    };
    let active = |known_by| State::Active { since: NOW, known_by };
    for state in [State::Asking, State::Processing { consent: None }, State::Spreading { until: NOW }, active(KnownBy::Rail)] {
        check(true, state, "getIssuer", "mps", true);
    }
    for state in [State::Asking, State::Processing { consent: None }, State::WaitingForBank, active(KnownBy::Rail)] {
        check(false, state, "getAtgAgreement", "mps", true);
    }
    check(true, State::Activating, "createIssuer", "mps", false);
    check(true, State::TakingOver { consent: consent() }, "createIssuer", "mps", false);
    check(false, State::Activating, "createAtgAgreement", "mps", false);
    check(true, State::Ending { by: "Ola".into() }, "deleteIssuer", "mps", false);
    check(true, requesting(), "requestSignature", "signing", false);
    check(false, awaiting(), "getSignature", "signing", true);
    for state in [
        State::NotOrdered,
        State::SignerNeeded { provider: "1".into(), why: None },
        active(KnownBy::Person),
        State::Refused { why: Fault::fatal(kvitt_domain::fault::codes::AGREEMENT_REFUSED) },
    ] {
        assert_eq!(said(true, state), None);
    }
}

#[test]
fn orders_are_written_with_everything_that_was_agreed() {
    let request = said(true, State::TakingOver { consent: consent() }).unwrap();
    assert_eq!(request.headers[0].1, format!("\"{AGREEMENTS}createIssuer\""));
    assert!(body(&request).contains(&format!("<e:CreateIssuerRequest xmlns:e=\"{AGREEMENTS}\">")), "{}", body(&request));
    assert_eq!(
        inside(&request),
        "<organisationNumber>999001017</organisationNumber><name>Nordlys &lt;Kraft&gt; AS</name>\
         <takeOver><signingReference>s-1</signingReference><signerName>Kari &amp; Ola</signerName>\
         <signedAt>2026-11-22T09:00:00Z</signedAt></takeOver>"
    );
    assert_eq!(
        inside(&said(false, State::Activating).unwrap()),
        "<organisationNumber>999001017</organisationNumber><accountNumber>86011117947</accountNumber><kidStructures>\
         <kidStructure><length>16</length><referencePosition>[1-6]</referencePosition><modulus>MOD10</modulus></kidStructure>\
         <kidStructure><length>20</length><referencePosition>[3-8]</referencePosition><modulus>MOD11</modulus></kidStructure>\
         </kidStructures>"
    );
}

#[test]
fn a_signature_is_asked_for_under_a_key_of_its_own() {
    let request = said(false, requesting()).unwrap();
    assert_eq!((request.method, request.path.as_str()), (Method::Post, "v1/signing-requests"));
    let json: serde_json::Value = serde_json::from_str(&body(&request)).unwrap();
    assert_eq!(json["organisation_number"], "999001017");
    assert_eq!(json["signer"]["name"], "Kari \"Nordmann\"");
    for part in ["Nordlys <Kraft> AS", "999001017", ACCOUNT, "00111111"] {
        assert!(json["text"].as_str().unwrap().contains(part), "{part}: {json}");
    }
    let key = |request: &HttpRequest| request.headers.iter().find(|(name, _)| name == "Idempotency-Key").unwrap().1.clone();
    assert_eq!(key(&said(false, requesting()).unwrap()), key(&request), "the same request again has the same key");
    let course = Course { state: requesting(), signatures: 3, ..Course::new(subject(false)) };
    let another = with_matter(false, requesting(), |matter| next(&Matter { course: &course, ..*matter }, MESSAGE).unwrap());
    assert_ne!(key(&another), key(&request), "the next one is another");
    assert_eq!(said(true, awaiting()).unwrap().path, "v1/signing-requests/s-1");
}

/// What was heard, in short: an event, `nothing`, or `again` with the code of the fault that passes.
fn heard_as(is_main: bool, state: State, reply: &Reply) -> String {
    match with_matter(is_main, state, |matter| heard(matter, reply, NOW)) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(Event::Said { word: Word::Another { provider }, .. })) => format!("another {provider}"),
        Ok(Some(Event::Said { word: Word::Refused { why }, .. })) => {
            format!("refused {} {}", why.value("code").unwrap(), why.value("text").unwrap())
        }
        Ok(Some(Event::NotSigned { why })) => format!("not_signed {} {}", why.code, why.value("text").unwrap_or("–")),
        Ok(Some(event)) => event.name().to_owned(),
        Err(why) => format!("again {}", why.code),
    }
}

#[test]
fn who_has_an_agreement() {
    let answer = |inside: &str| {
        soap(
            200,
            AGREEMENTS,
            &format!("<e:GetIssuerResponse><messageIdentifier>m</messageIdentifier>{inside}</e:GetIssuerResponse>"),
        )
    };
    let issuer = |provider: &str, status: &str, rest: &str| {
        answer(&format!("<issuer><provider>{provider}</provider><status>{status}</status>{rest}</issuer>"))
    };
    let check = |reply: Reply, expected: &str| assert_eq!(heard_as(true, State::Asking, &reply), expected, "{reply:?}");
    check(answer(""), "said_nobody");
    check(issuer("00229221", "ACTIVE", "<activeInBanks>true</activeInBanks>"), "said_active");
    check(issuer("229221", "ACTIVE", "<activeInBanks>false</activeInBanks>"), "said_spreading");
    check(issuer("00229221", "PENDING", ""), "said_pending");
    check(issuer("00229221", "REFUSED", "<text>Ikke funnet</text>"), "refused  Ikke funnet");
    check(issuer("00229221", "ENDED", ""), "said_ended");
    check(issuer("00111111", "ACTIVE", ""), "another 00111111");
    check(issuer("00111111", "PENDING", ""), "another 00111111");
    // What was another provider's and is over is nobody's.
    check(issuer("00111111", "ENDED", ""), "said_nobody");
    check(issuer("00111111", "REFUSED", ""), "said_nobody");
    check(issuer("00229221", "MAYBE", ""), "again counterparty.garbled");
    check(answer("<issuer/>"), "again counterparty.garbled");
    check(answer("<issuer/><issuer/>"), "again counterparty.garbled");
    check(fault(AGREEMENTS, "5001"), "again counterparty.refuses_us");
    check(http(503, "busy"), "again counterparty.temporary");
    check(Reply::Silence { sent: Sent::Unknown, what: "x".into() }, "again counterparty.silent");
    // An answer in the other namespace is none of this operation.
    check(soap(200, SERVICE, "<e:GetIssuerResponse/>"), "again counterparty.garbled");

    let of_account =
        |inside: &str| soap(200, AGREEMENTS, &format!("<e:GetAtgAgreementResponse>{inside}</e:GetAtgAgreementResponse>"));
    let agreement = "<agreement><provider>00229221</provider><status>WAITING_FOR_BANK</status></agreement>";
    assert_eq!(heard_as(false, State::WaitingForBank, &of_account(agreement)), "said_waiting_for_bank");
    assert_eq!(heard_as(false, State::Asking, &of_account("")), "said_nobody");
}

#[test]
fn what_becomes_of_an_order() {
    let created = |inside: &str| soap(200, AGREEMENTS, &format!("<e:CreateIssuerResponse>{inside}</e:CreateIssuerResponse>"));
    let check = |reply: Reply, expected: &str| assert_eq!(heard_as(true, State::Activating, &reply), expected, "{reply:?}");
    check(created("<status>ACTIVE</status>"), "said_spreading");
    check(created("<status>PENDING</status>"), "said_pending");
    check(created("<status>REFUSED</status><text>nei</text>"), "refused  nei");
    check(fault(AGREEMENTS, "5009"), "another ");
    check(fault(AGREEMENTS, "5002"), "refused 5002 nei");
    check(http(502, ""), "again counterparty.temporary");
    let ended = soap(200, AGREEMENTS, "<e:DeleteIssuerResponse><status>ENDED</status></e:DeleteIssuerResponse>");
    assert_eq!(heard_as(true, State::Ending { by: "Ola".into() }, &ended), "said_ended");
    let waits =
        soap(200, AGREEMENTS, "<e:CreateAtgAgreementResponse><status>WAITING_FOR_BANK</status></e:CreateAtgAgreementResponse>");
    assert_eq!(heard_as(false, State::Activating, &waits), "said_waiting_for_bank");
}

#[test]
fn what_the_signing_service_says() {
    let asked = |reply: Reply, expected: &str| assert_eq!(heard_as(true, requesting(), &reply), expected, "{reply:?}");
    asked(http(201, r#"{"id":"s-1","status":"waiting","signing_url":"https://signering.example/s-1"}"#), "signature_requested");
    asked(http(201, r#"{"id":"../admin","status":"waiting","signing_url":"https://x.example"}"#), "again counterparty.garbled");
    asked(http(201, r#"{"id":"s-1","status":"waiting","signing_url":"javascript:x"}"#), "again counterparty.garbled");
    asked(http(201, "{}"), "again counterparty.garbled");
    asked(http(401, "who?"), "again counterparty.refuses_us");
    asked(http(429, ""), "again counterparty.temporary");

    let looked = |reply: Reply, expected: &str| assert_eq!(heard_as(true, awaiting(), &reply), expected, "{reply:?}");
    let stands = |rest: &str| http(200, &format!(r#"{{"id":"s-1","status":{rest}}}"#));
    looked(stands(r#""waiting""#), "nothing");
    looked(stands(r#""signed","signer_name":"Kari","signed_at":"2026-11-22T09:00:00Z""#), "signed");
    looked(stands(r#""signed""#), "again counterparty.garbled");
    looked(stands(r#""refused","reason":"ikke signaturrett""#), "not_signed agreement.signature_refused ikke signaturrett");
    looked(stands(r#""expired""#), "not_signed agreement.signature_expired –");
    looked(http(404, ""), "not_signed agreement.signature_expired –");
    looked(http(200, r#"{"id":"s-2","status":"signed"}"#), "again counterparty.garbled");
    looked(stands(r#""undecided""#), "again counterparty.garbled");
}

#[test]
fn whether_a_mandate_was_given() {
    let about = Question { kid: "0000420000000018", bank_account: ACCOUNT };
    let request = mandates::ask("mps", MESSAGE, about);
    assert_eq!(inside(&request), "<kid>0000420000000018</kid><creditAccount>86011117947</creditAccount>");
    assert_eq!(request.headers[0].1, format!("\"{SERVICE}getAtgMandate\""));
    let check = |reply: Reply, expected: &str| {
        let found = match mandates::answer(about, &reply) {
            Ok(record) if record.registration == Registration::Deleted => "none".to_owned(),
            Ok(record) => format!("{} {}", record.kid, if record.wants_notice { "notice" } else { "no notice" }),
            Err(why) => format!("again {}", why.code),
        };
        assert_eq!(found, expected, "{reply:?}");
    };
    let answer = |inside: &str| {
        soap(
            200,
            SERVICE,
            &format!("<e:GetAtgMandateResponse><messageIdentifier>m</messageIdentifier>{inside}</e:GetAtgMandateResponse>"),
        )
    };
    let mandate = |account: &str, notice: &str| {
        answer(&format!(
            "<atgMandate><kid>0000420000000067</kid><creditAccount>{account}</creditAccount><notification>{notice}</notification></atgMandate>"
        ))
    };
    check(answer(""), "none");
    check(mandate(ACCOUNT, "true"), "0000420000000067 notice");
    check(mandate(ACCOUNT, "0"), "0000420000000067 no notice");
    check(mandate("99991042764", "true"), "again counterparty.garbled");
    check(mandate(ACCOUNT, "perhaps"), "again counterparty.garbled");
    check(fault(SERVICE, "3102"), "again mandate.elsewhere");
    check(fault(SERVICE, "3020"), "again counterparty.refuses_us");
}
