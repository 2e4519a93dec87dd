//! The simulated MPS over HTTP: shipments, statuses, look-ups, cancellations, banks that open bills, faults.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Stage, eventually};

pub const NS: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v1/";
/// Of the operations for agreements.
pub const AGREEMENTS: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v2/erp/v1/";
pub const ISSUER: &str = "988077917";

/// A request with a right user and password; `inside` follows the message's id.
pub fn request(name: &str, inside: &str) -> String {
    let service = service(name);
    format!(
        "<v1:{name} xmlns:v1=\"{service}\"><auditInformation><messageIdentifier>test-0001</messageIdentifier></auditInformation>{inside}</v1:{name}>"
    )
}

pub fn envelope(user: &str, password: &str, body: &str) -> String {
    let security = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    let kind = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <w:Security xmlns:w=\"{security}\" s:mustUnderstand=\"1\"><w:UsernameToken><w:Username>{user}</w:Username>\
         <w:Password Type=\"{kind}\">{password}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn service(name: &str) -> &'static str {
    let is_agreement = name.ends_with("IssuerRequest") || name.ends_with("AtgAgreementRequest");
    if is_agreement { AGREEMENTS } else { NS }
}

fn action(name: &str) -> String {
    match name.strip_suffix("Request").unwrap() {
        "CancelTransaction" => "cancelTransactions".to_owned(),
        other => other[..1].to_lowercase() + &other[1..],
    }
}

const PATH: &str = "/mps/efaktura-atg-service/v1/";

fn soap_headers(name: &str) -> String {
    format!("Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{}{}\"\r\n", service(name), action(name))
}

impl Stage {
    /// The reply as it came.
    pub fn soap_raw(&self, name: &str, envelope: &str) -> Vec<u8> {
        self.http_raw("POST", PATH, &soap_headers(name), envelope)
    }

    /// The body of the reply; it begins with what is 200 or 500.
    pub fn soap(&self, name: &str, inside: &str) -> String {
        let reply = self.soap_raw(name, &envelope("kvitt", "sandbox-mps", &request(name, inside)));
        String::from_utf8(reply).unwrap()
    }

    /// Sends a shipment of one bill to each receiver; the nth has transaction id n of the shipment.
    pub fn ship(&self, shipment: u32, receivers: &[&str]) -> String {
        let bills: String = receivers.iter().zip(1..).map(|(to, n)| bill(shipment, n, to)).collect();
        self.soap("AddShipmentRequest", &shipment_of(shipment, &bills))
    }

    pub fn status(&self, shipment: u32, n: u32) -> String {
        let ids = format!(
            "<issuer>{ISSUER}</issuer><transactionIds><transactionId>{}</transactionId></transactionIds>",
            id(shipment, n)
        );
        let reply = self.soap("GetTransactionStatusRequest", &ids);
        between(&reply, "<efakturaStatus>", "</efakturaStatus>").to_owned()
    }

    pub fn cancel(&self, shipment: u32, n: u32) -> String {
        let ids = format!(
            "<issuer>{ISSUER}</issuer><transactionIds><transactionId>{}</transactionId></transactionIds>",
            id(shipment, n)
        );
        between(&self.soap("CancelTransactionRequest", &ids), "<efakturaCancelStatus>", "<").to_owned()
    }

    fn shipment_status(&self, shipment: u32) -> String {
        let inside = format!("<issuer>{ISSUER}</issuer><shipmentId>{}</shipmentId>", id(shipment, 0));
        between(&self.soap("GetShipmentStatusRequest", &inside), "<efakturaShipmentStatus>", "</").to_owned()
    }

    fn card(&self, query: &str) -> Value {
        self.json(&format!("/mps/consumers?{query}"))
    }

    pub fn identifier(&self, email: &str) -> String {
        self.card(&format!("email={email}"))["efakturaIdentifier"].as_str().unwrap().to_owned()
    }

    fn look_up(&self, keys: &str) -> String {
        self.soap("GetEfakturaIdentifiersRequest", &format!("<efakturaIssuer>{ISSUER}</efakturaIssuer><keys>{keys}</keys>"))
    }
}

pub fn id(shipment: u32, n: u32) -> String {
    format!("00000000-0000-4000-8000-{shipment:06}{n:06}")
}

pub fn shipment_of(shipment: u32, bills: &str) -> String {
    format!("<shipmentId>{}</shipmentId><issuer>{ISSUER}</issuer><transactions>{bills}</transactions>", id(shipment, 0))
}

/// A bill of its own: KID and address are the nth of its shipment.
pub fn bill(shipment: u32, n: u32, receiver: &str) -> String {
    same_bill(&id(shipment, n), &format!("{shipment:06}{n:04}"), receiver)
}

fn same_bill(id: &str, kid: &str, receiver: &str) -> String {
    let receiver = if receiver.len() == 11 {
        format!("<socialSecurityNumber>{receiver}</socialSecurityNumber>")
    } else {
        format!("<efakturaIdentifier>{receiver}</efakturaIdentifier>")
    };
    format!(
        "<transactions><transactionId>{id}</transactionId><paymentType>EFAKTURA</paymentType><documentType>INVOICE</documentType>\
         <kid>{kid}</kid><accountNumber>99991042764</accountNumber><amount>499.00</amount><dueDate>2026-12-15</dueDate>\
         <efakturaInfo>{receiver}<brandName>Kraftlaget</brandName><eFakturaUrl>http://127.0.0.1:1/i/{kid}</eFakturaUrl></efakturaInfo></transactions>"
    )
}

pub fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).unwrap().0
}

#[test]
fn a_shipment_is_worked_on_as_the_clock_moves() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari-nordmann.example");
    let reply = stage.ship(1, &[&to]);
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("AddShipmentResponse xmlns:mps="), "{reply}");
    assert!(reply.contains("<messageIdentifier>test-0001</messageIdentifier><noOfTransactions>1</noOfTransactions>"), "{reply}");
    assert_eq!((stage.shipment_status(1).as_str(), stage.status(1, 1).as_str()), ("IN_PROGRESS", "<status>IN_PROGRESS</status>"));
    stage.advance(r#"{"ms": 30000}"#);
    assert_eq!((stage.shipment_status(1).as_str(), stage.status(1, 1).as_str()), ("PROCESSED", "<status>ACCEPTED</status>"));

    let line = stage.ledger().remove(0);
    assert_eq!(line["key"], format!("{ISSUER}/0000010001/99991042764/499.00/2026-12-15/{to}"));
    assert_eq!((&line["counterparty"], &line["kind"], &line["company"]), (&json!("mps"), &json!("efaktura"), &json!(ISSUER)));
    assert_eq!(line["bill"]["url"], "http://127.0.0.1:1/i/0000010001");
    assert_eq!(stage.get("/ledger?counterparty=mps").lines().count(), 1);
    assert_eq!(stage.get("/ledger?counterparty=mail").lines().count(), 0);
}

#[test]
fn the_published_shape_is_accepted() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/rails/own/efaktura_addshipment.xml");
    let Ok(sample) = std::fs::read_to_string(path) else {
        let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|what| what == "vectors"), "{path} is missing");
        println!("SKIPPED: {path} is missing");
        return;
    };
    let stage = Stage::new();
    let reply = stage.soap("AddShipmentRequest", &sample[sample.find("<shipmentId>").unwrap()..sample.rfind("</").unwrap()]);
    assert!(reply.contains("<errorCode>3101</errorCode>"), "{reply}");
    stage.agree(ISSUER, "99991042764");
    let body = sample.split_once("?>").unwrap().1;
    let reply = String::from_utf8(stage.soap_raw("AddShipmentRequest", &envelope("kvitt", "sandbox-mps", body))).unwrap();
    assert!(reply.contains("<noOfTransactions>2</noOfTransactions>"), "{reply}");
    stage.advance(r#"{"ms": 30000}"#);
    // Its receivers are nobody in the sandbox: never "sent" to somebody unknown.
    let list = stage.json("/mps/transactions?issuer=988077917");
    let words: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["rejectionCode"].as_str().unwrap()).collect();
    assert_eq!(words, ["S001", "S001"]);
    assert!(stage.ledger().is_empty());
}

#[test]
fn each_consumers_story() {
    let stage = Stage::new();
    let reject = |code: &str, text: &str| {
        format!("<status>REJECTED</status><rejectionCode>{code}</rejectionCode><rejectionText>{text}</rejectionText>")
    };
    let accepted = "<status>ACCEPTED</status>".to_owned();
    let rejected = reject("S005", "Rejected by the receiver's bank");
    let stopped =
        "<status>STOPPED</status><rejectionCode>S006</rejectionCode><rejectionText>Stopped after acceptance</rejectionText>";
    let not_found = reject("S001", "Receiver not found");
    // Who, what the bill's status is after half a minute, after three minutes, and how often the ledger has it.
    let table = [
        ("yestoall", accepted.clone(), accepted.clone(), 1),
        ("off", reject("S002", "Receiver has no agreement with the issuer and no Yes to All"), String::new(), 0),
        ("vippshidden", accepted.clone(), accepted.clone(), 1),
        ("turnedoff", not_found.clone(), String::new(), 0),
        ("several", accepted.clone(), accepted.clone(), 1),
        ("blocked", reject("S003", "Issuer is blocked by the receiver"), String::new(), 0),
        ("rejectedlater", accepted.clone(), rejected, 1),
        ("stoppedlater", accepted.clone(), stopped.to_owned(), 1),
        ("latebank", "<status>IN_PROGRESS</status>".to_owned(), "<status>IN_PROGRESS</status>".to_owned(), 1),
        ("agreement", accepted.clone(), accepted.clone(), 1),
    ];
    for ((who, ..), shipment) in table.iter().zip(1..) {
        let to = stage.identifier(&format!("{who}@kari-nordmann.example"));
        assert!(stage.ship(shipment, &[&to]).contains("<noOfTransactions>1<"), "{who}");
    }
    assert!(stage.ship(90, &["123456789", "10915596784"]).contains("<noOfTransactions>2<"));
    stage.advance(r#"{"ms": 31000}"#);
    for ((who, early, ..), shipment) in table.iter().zip(1..) {
        assert_eq!(stage.status(shipment, 1), *early, "{who}");
    }
    assert_eq!((stage.status(90, 1), stage.status(90, 2)), (not_found.clone(), not_found));
    stage.advance(r#"{"ms": 150000}"#);
    for ((who, early, late, lines), shipment) in table.iter().zip(1..) {
        let expected = if late.is_empty() { early } else { late };
        assert_eq!(stage.status(shipment, 1), *expected, "{who}");
        let identifier = stage.identifier(&format!("{who}@kari-nordmann.example"));
        assert_eq!(stage.ledger().iter().filter(|line| line["recipient"] == identifier.as_str()).count(), *lines, "{who}");
    }
    assert_eq!(stage.shipment_status(9), "IN_PROGRESS");
    stage.advance(r#"{"ms": 21600000}"#);
    assert_eq!((stage.shipment_status(9).as_str(), stage.status(9, 1)), ("PROCESSED", accepted));
    let shown = |n: u32| {
        let list = stage.json("/mps/transactions");
        list.as_array().unwrap().iter().find(|one| one["transactionId"] == id(n, 1).as_str()).unwrap()["shownIn"].clone()
    };
    assert_eq!((shown(1), shown(3), shown(2)), (json!(["bank", "vipps"]), json!(["bank"]), json!([])));
}

#[test]
fn one_bad_member_refuses_the_shipment_and_is_not_named() {
    let stage = Stage::new();
    let good = stage.identifier("yestoall@kari.example");
    let bad = stage.identifier("spoilsshipment@ola.example");
    let reply = stage.ship(1, &[&good, &bad]);
    assert!(reply.starts_with("HTTP/1.1 500") && reply.contains("<errorCode>3998</errorCode>"), "{reply}");
    assert!(!reply.contains(&id(1, 1)) && !reply.contains(&id(1, 2)), "{reply}");
    assert!(stage.ledger().is_empty());
    // Nothing was taken: the same ids may come again.
    assert!(stage.ship(1, &[&good]).contains("<noOfTransactions>1<"));
}

#[test]
fn a_second_payment_is_refused_and_shows_in_the_ledger() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    for shipment in 1..=2 {
        let inside = shipment_of(shipment, &same_bill(&id(shipment, 1), "4711", &to));
        assert!(stage.soap("AddShipmentRequest", &inside).contains("<noOfTransactions>1<"));
    }
    stage.advance(r#"{"ms": 30000}"#);
    assert_eq!(stage.status(1, 1), "<status>ACCEPTED</status>");
    assert!(stage.status(2, 1).contains("<status>REJECTED</status><rejectionCode>S004</rejectionCode>"));
    let ledger = stage.ledger();
    assert_eq!(ledger[0]["key"], ledger[1]["key"]);
    assert_eq!((&ledger[0]["kind"], &ledger[1]["kind"]), (&json!("efaktura"), &json!("second payment")));
}

#[test]
fn ids_are_kept_for_ever_and_an_issuer_sees_its_own_only() {
    let mut stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    stage.ship(1, &[&to]);
    stage.restart();
    let again = stage.ship(1, &[&to]);
    assert!(again.contains("<errorCode>3002</errorCode>") && again.contains("<messageIdentifier>test-0001<"), "{again}");
    let moved = stage.soap("AddShipmentRequest", &shipment_of(2, &bill(1, 1, &to)));
    assert!(moved.contains("<errorCode>3003</errorCode>") && moved.contains(&id(1, 1)), "{moved}");
    let twice = stage.soap("AddShipmentRequest", &shipment_of(3, &(bill(3, 1, &to) + &bill(3, 1, &to))));
    assert!(twice.contains("<errorCode>3003</errorCode>"), "{twice}");
    assert_eq!(stage.ledger().len(), 1);

    let ask = |name: &str, inside: &str| stage.soap(name, inside);
    let shipment = ask("GetShipmentStatusRequest", &format!("<issuer>991825827</issuer><shipmentId>{}</shipmentId>", id(1, 0)));
    assert!(shipment.contains("<errorCode>3000</errorCode>"), "{shipment}");
    let ids = format!("<issuer>991825827</issuer><transactionIds><transactionId>{}</transactionId></transactionIds>", id(1, 1));
    let transaction = ask("GetTransactionStatusRequest", &ids);
    assert!(transaction.contains("<errorCode>3001</errorCode>") && transaction.contains(&id(1, 1)), "{transaction}");
    assert!(ask("CancelTransactionRequest", &ids).contains("<efakturaCancelStatus>NOT_FOUND<"));
}

#[test]
fn cancelling() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    stage.ship(1, &[&to, "123456789"]);
    let cancel = |n| stage.cancel(1, n);
    assert_eq!(cancel(1), "PROCESSING_IN_PROGRESS-TRY_LATER");
    stage.advance(r#"{"ms": 30000}"#);
    assert_eq!((cancel(1).as_str(), cancel(1).as_str()), ("CANCELLATION_REQUESTED", "ALREADY_CANCELLED"));
    assert_eq!(stage.status(1, 1), "<status>CANCELLED</status>");
    assert_eq!((cancel(2).as_str(), cancel(9).as_str()), ("NOT_FOUND", "NOT_FOUND"));
}

#[test]
fn looking_up() {
    let stage = Stage::new();
    let kari = stage.card("email=yestoall@kari-nordmann.example");
    let key = |n: u32, inside: &str| format!("<key><keyId>k{n}</keyId>{inside}</key>");
    let email = |who: &str| {
        format!(
            "<emailAlias>{who}@kari-nordmann.example</emailAlias><name><firstName>Kari</firstName><lastName>Nordmann</lastName></name>"
        )
    };
    let keys = [
        key(1, &email("yestoall")),
        key(2, &email("off")),
        key(3, &email("several")),
        key(4, &email("blocked")),
        key(5, &email("agreement")),
        key(6, &email("nobody")),
        key(7, "<emailAlias>yestoall@kari-nordmann.example</emailAlias>"),
        key(8, &format!("<socialSecurityNumber>{}</socialSecurityNumber>", kari["socialSecurityNumber"].as_str().unwrap())),
        key(9, &email("turnedoff")),
    ];
    let reply = stage.look_up(&keys.concat());
    let identifier = |who: &str| stage.identifier(&format!("{who}@kari-nordmann.example"));
    let no = "<issuerResponse><blockedByReceiver>false</blockedByReceiver><hasEfakturaAgreement>false</hasEfakturaAgreement></issuerResponse>";
    let found = |n: u32, who: &str, accepts: bool, issuer: &str| {
        format!(
            "<response><keyId>k{n}</keyId><status>UNIQUE_RECEIVER_FOUND</status><efakturaIdentifier>{}</efakturaIdentifier>\
             <autoAcceptEfaktura>{accepts}</autoAcceptEfaktura>{issuer}</response>",
            identifier(who)
        )
    };
    let plain = |n: u32, status: &str| format!("<response><keyId>k{n}</keyId><status>{status}</status></response>");
    let expected = [
        found(1, "yestoall", true, no),
        found(2, "off", false, no),
        plain(3, "MULTIPLE_RECEIVERS"),
        found(4, "blocked", true, &no.replacen("false", "true", 1)),
        found(
            5,
            "agreement",
            false,
            &format!(
                "<issuerResponse><blockedByReceiver>false</blockedByReceiver><hasEfakturaAgreement>true</hasEfakturaAgreement>\
                 <efakturaReferences><efakturaReference>REF{}</efakturaReference></efakturaReferences></issuerResponse>",
                identifier("agreement")
            ),
        ),
        plain(6, "RECEIVER_NOT_FOUND"),
        plain(7, "LOOKUP_KEY_MISSING_DATA"),
        found(8, "yestoall", true, no),
        found(9, "turnedoff", true, no),
    ];
    assert_eq!(between(&reply, "<responses>", "</responses>"), expected.concat());

    let black = stage.soap("GetBlackListRequest", &format!("<issuer>{ISSUER}</issuer>"));
    assert_eq!(
        between(&black, "<efakturaIdentifiers>", "</efakturaIdentifiers>"),
        format!("<efakturaIdentifier>{}</efakturaIdentifier>", identifier("blocked"))
    );
    let black = stage.soap("GetBlackListRequest", "<issuer>991825827</issuer>");
    assert_eq!(between(&black, "<efakturaIdentifiers>", "</efakturaIdentifiers>"), "");
}

#[test]
fn a_bank_opens_a_bill_with_a_token_that_only_the_sandbox_can_check() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/i/abc", host.local_addr().unwrap());
    let one = bill(1, 1, &to).replace("http://127.0.0.1:1/i/0000010001", &url);
    stage.soap("AddShipmentRequest", &shipment_of(1, &one));
    let order = |token: &str| format!(r#"{{"transactionId": "{}", "token": "{token}"}}"#, id(1, 1));
    assert_eq!(stage.http("POST", "/mps/open", &order("signed")).0, 409);
    stage.advance(r#"{"ms": 30000}"#);

    // The bill's host: tells what it was asked, and answers with a page.
    let served = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for _ in 0..4 {
            let mut connection = crate::harness::Client::over(host.accept().unwrap().0);
            asked.push(connection.line().split(' ').nth(1).unwrap().to_owned());
            while connection.line() != "\r\n" {}
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7");
        }
        asked
    });
    for token in ["signed", "old", "tampered", "none"] {
        let (status, body) = stage.http("POST", "/mps/open", &order(token));
        let shown: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &shown["status"], &shown["bytes"], &shown["contentType"]),
            (200, &json!(200), &json!(8), &json!("application/pdf")),
            "{shown}"
        );
    }
    let asked = served.join().unwrap();
    let validate = |path: &str, url: &str| {
        let token = path.strip_prefix("/i/abc?token=").unwrap();
        let inside = format!("<securitySignature>{token}</securitySignature><url>{url}</url>");
        stage.soap("ValidateSecuritySignatureRequest", &inside)
    };
    assert!(validate(&asked[0], &url).contains("<valid>true</valid>"));
    assert!(validate(&asked[0], "http://127.0.0.1:1/other").contains("<valid>false</valid>"));
    assert!(validate(&asked[1], &url).contains("<errorCode>3030</errorCode>"));
    assert!(validate(&asked[2], &url).contains("<errorCode>3031</errorCode>"));
    assert_eq!(asked[3], "/i/abc");
}

#[test]
fn a_bank_of_the_sandbox_reaches_this_machine_only() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    for (shipment, url) in (1..).zip(["http://192.0.2.1/i/x", "http://bank.example/i/x", "https://127.0.0.1/i/x"]) {
        let one = bill(shipment, 1, &to).replace(&format!("http://127.0.0.1:1/i/{shipment:06}0001"), url);
        stage.soap("AddShipmentRequest", &shipment_of(shipment, &one));
        stage.advance(r#"{"ms": 30000}"#);
        let (status, body) = stage.http("POST", "/mps/open", &format!(r#"{{"transactionId": "{}"}}"#, id(shipment, 1)));
        assert_eq!(status, 502, "{url}: {}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn faults() {
    // At which point, what, how the reply begins, and how many lines the ledger holds then.
    let table = [
        ("connect", "refuse", "HTTP/1.1 500", 0),
        ("connect", "drop", "", 0),
        ("connect", "delay", "HTTP/1.1 200", 1),
        ("connect", "garble", "HTTP/1.1 200", 0),
        ("request", "refuse", "HTTP/1.1 500", 0),
        ("request", "drop", "", 0),
        ("request", "accept_then_drop", "", 1),
        ("request", "delay", "HTTP/1.1 200", 1),
        ("request", "duplicate", "HTTP/1.1 200", 2),
        ("request", "garble", "HTTP/1.1 200", 0),
        ("reply", "refuse", "HTTP/1.1 500", 1),
        ("reply", "drop", "", 1),
        ("reply", "accept_then_drop", "", 1),
        ("reply", "delay", "HTTP/1.1 200", 1),
        ("reply", "garble", "HTTP/1.1 200", 1),
    ];
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    for ((at, kind, begins, lines), shipment) in table.into_iter().zip(1..) {
        let before = stage.ledger().len();
        let delay = if kind == "delay" { r#","delay_ms":20"# } else { "" };
        stage.fault(&format!(r#"{{"counterparty":"mps","at":"{at}","kind":"{kind}","times":1{delay}}}"#));
        let reply = stage.ship(shipment, &[&to]);
        assert!(if begins.is_empty() { reply.is_empty() } else { reply.starts_with(begins) }, "{at} {kind}: {reply:?}");
        assert_eq!(reply.contains("502 Bad Gateway"), kind == "garble", "{at} {kind}");
        assert_eq!(reply.contains("ServiceFault"), kind == "refuse", "{at} {kind}");
        assert_eq!(stage.ledger().len() - before, lines, "{at} {kind}");
        // Who asks again hears the truth.
        let again = stage.ship(shipment, &[&to]);
        assert_eq!(again.contains("<errorCode>3002</errorCode>"), lines > 0, "{at} {kind}: {again}");
    }
    // Only one operation.
    stage.fault(r#"{"counterparty":"mps","at":"request","kind":"refuse","to":"getBlackList"}"#);
    assert!(stage.soap("GetBlackListRequest", &format!("<issuer>{ISSUER}</issuer>")).contains("ServiceFault"));
    assert!(stage.ship(500, &[&to]).contains("<noOfTransactions>1<"));
}

#[test]
fn a_sender_who_dies_meanwhile_is_told_the_truth_later() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    stage.fault(r#"{"counterparty":"mps","at":"request","kind":"delay","delay_ms":300,"times":1}"#);
    let body = envelope("kvitt", "sandbox-mps", &request("AddShipmentRequest", &shipment_of(1, &bill(1, 1, &to))));
    let stream = stage.http_sent("POST", PATH, &soap_headers("AddShipmentRequest"), &body);
    // It is in the banks' hands before the sender is gone.
    eventually(|| (stage.json("/faults")[0]["struck"] == 1).then_some(()));
    drop(stream);
    assert_eq!(eventually(|| Some(stage.ledger()).filter(|lines| !lines.is_empty())).len(), 1);
    assert!(stage.ship(1, &[&to]).contains("<errorCode>3002</errorCode>"));
}

#[test]
fn a_thousand_bills_and_no_more() {
    let stage = Stage::new();
    let to = stage.identifier("yestoall@kari.example");
    let mut bills = String::new();
    for n in 1..=1000 {
        write!(bills, "{}", bill(1, n, &to)).unwrap();
    }
    assert!(stage.soap("AddShipmentRequest", &shipment_of(1, &bills)).contains("<noOfTransactions>1000<"));
    let more = stage.soap("AddShipmentRequest", &shipment_of(2, &(bills + &bill(2, 1, &to))));
    assert!(more.contains("holds more than 1000 transactions") && !more.contains("ValidationFault"), "{more}");
    assert_eq!(stage.ledger().len(), 1000);
}
