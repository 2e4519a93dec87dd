//! What the simulated MPS refuses: documents that do not fit its schema, and values that are well formed but wrong.

use crate::harness::Stage;
use crate::mps::{ISSUER, NS, between, bill, envelope, id, request, shipment_of};

const TO: &str = "900100001";

/// A good shipment with one thing replaced.
fn spoilt(from: &str, to: &str) -> String {
    let good = envelope("kvitt", "sandbox-mps", &request("AddShipmentRequest", &shipment_of(1, &bill(1, 1, TO))));
    assert!(from.is_empty() || good.contains(from), "{from} is not in {good}");
    good.replacen(from, to, 1)
}

#[test]
fn documents_that_do_not_fit_the_schema() {
    let audit = "<auditInformation><messageIdentifier>test-0001</messageIdentifier></auditInformation>";
    let long = |length: usize| "x".repeat(length);
    let url = "http://127.0.0.1:1/i/0000010001";
    let (shipment, transaction) = (id(1, 0), id(1, 1));
    let table: Vec<(&str, String, &str)> = vec![
        // Qualification.
        ("xmlns:v1=\"https://efaktura", "xmlns:v1=\"https://other".into(), "is in namespace"),
        ("v1:AddShipmentRequest xmlns:v1=", "AddShipmentRequest xmlns:v1=".into(), "expected 'AddShipmentRequest' tag"),
        (
            "<issuer>988077917</issuer>",
            "<v1:issuer>988077917</v1:issuer>".into(),
            "issuer in AddShipmentRequest must be unqualified",
        ),
        ("<kid>", format!("<kid xmlns=\"{NS}\">"), "kid in transactions must be unqualified"),
        // Order, and what is unknown or missing.
        (audit, String::new(), "stands where auditInformation is expected"),
        ("<issuer>988077917</issuer>", String::new(), "transactions in AddShipmentRequest stands where issuer is expected"),
        (
            "<kid>0000010001</kid><accountNumber>99991042764</accountNumber>",
            "<accountNumber>99991042764</accountNumber><kid>0000010001</kid>".into(),
            "kid in transactions stands where amount is expected",
        ),
        ("<brandName>Kraftlaget</brandName>", String::new(), "eFakturaUrl in efakturaInfo stands where brandName is expected"),
        ("<kid>", "<colour>red</colour><kid>".into(), "colour in transactions stands where accountNumber is expected"),
        ("</efakturaInfo>", "<note>x</note></efakturaInfo>".into(), "note does not belong here in efakturaInfo"),
        ("<kid>", "<kid lang=\"no\">".into(), "kid has the attribute lang"),
        ("<kid>", "and so on<kid>".into(), "text between the elements of transactions"),
        ("<kid>0000010001</kid>", "<kid><b>1</b></kid>".into(), "kid holds text, not elements"),
        // Patterns and lengths.
        ("test-0001", "1234".into(), "messageIdentifier"),
        ("test-0001", long(51), "messageIdentifier"),
        ("988077917", "98807791".into(), "issuer"),
        ("988077917", "98807791a".into(), "issuer"),
        (&shipment, id(1, 0).replace("4000", "A000"), "shipmentId"),
        (&transaction, "1".into(), "transactionId"),
        (">EFAKTURA<", ">efaktura<".into(), "paymentType"),
        (">INVOICE<", ">BILL<".into(), "documentType"),
        ("<kid>0000010001</kid>", "<kid>1</kid>".into(), "kid"),
        ("<kid>0000010001</kid>", format!("<kid>{}</kid>", "1".repeat(26)), "kid"),
        ("<kid>0000010001</kid>", "<kid>2026100-</kid>".into(), "kid"),
        ("99991042764", "9999104276".into(), "accountNumber"),
        ("499.00", "499".into(), "amount"),
        ("499.00", "499.0".into(), "amount"),
        ("499.00", "-1.00".into(), "amount"),
        ("499.00", "499,00".into(), "amount"),
        ("2026-12-15", "2026-02-30".into(), "dueDate"),
        ("2026-12-15", "15.12.2026".into(), "dueDate"),
        (TO, "12345678".into(), "efakturaIdentifier"),
        ("Kraftlaget", long(41), "brandName"),
        (url, String::new(), "eFakturaUrl"),
        (url, long(256), "eFakturaUrl"),
        // Envelopes.
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE x [<!ENTITY a \"b\">]>".into(), "DTD"),
        ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope".into(), "is expected"),
        ("<s:Body>", "<s:Body>x".into(), "text between the elements of Body"),
        ("<s:Body>", "<s:Body><other/>".into(), "the Body holds 2 elements"),
        ("<s:Header>", "<s:Header><o:Other xmlns:o=\"urn:o\" s:mustUnderstand=\"1\"/>".into(), "Other is not understood"),
        ("#PasswordText", "#PasswordDigest".into(), "Type that is not understood"),
        ("</s:Envelope>", String::new(), ""),
    ];
    let stage = Stage::new();
    for (from, to, reason) in &table {
        let reply = String::from_utf8(stage.soap_raw("AddShipmentRequest", &spoilt(from, to))).unwrap();
        assert!(reply.starts_with("HTTP/1.1 500"), "{from} -> {to}: {reply}");
        assert!(reply.contains("<faultcode>soap:Client</faultcode>") && !reply.contains("<detail>"), "{from} -> {to}: {reply}");
        let told = between(&reply, "<faultstring>", "</faultstring>");
        assert!(told.contains(reason), "{from} -> {to}: {told}");
    }
    assert!(stage.json("/mps/transactions").as_array().unwrap().is_empty());
    let good = String::from_utf8(stage.soap_raw("AddShipmentRequest", &spoilt("", ""))).unwrap();
    assert!(good.contains("<noOfTransactions>1<"), "{good}");
}

#[test]
fn values_that_are_wrong_have_their_codes() {
    let direct = "<atgInfo><atgNotification>false</atgNotification></atgInfo></transactions>";
    let with_direct = |kind: &str| {
        let one = bill(1, 1, TO).replace(">EFAKTURA<", &format!(">{kind}<"));
        one.replace("</transactions>", direct)
    };
    let no_kid = |text: String| text.replace("<kid>0000010001</kid>", "");
    let no_efaktura = |text: String| {
        let (before, rest) = text.split_once("<efakturaInfo>").unwrap();
        format!("{before}{}", rest.split_once("</efakturaInfo>").unwrap().1)
    };
    let table = [
        (3010, bill(1, 1, TO).replace(">EFAKTURA<", ">EFAKTURA_AND_AVTALEGIRO<")),
        (3010, no_efaktura(bill(1, 1, TO)).replace(">EFAKTURA<", ">AVTALEGIRO<")),
        (3011, no_efaktura(bill(1, 1, TO))),
        (3020, no_kid(with_direct("EFAKTURA_AND_AVTALEGIRO"))),
        (3020, no_kid(bill(1, 1, TO)).replace(">EFAKTURA<", ">EFAKTURA_AND_EXTERNAL_AVTALEGIRO<")),
        (3021, with_direct("EFAKTURA_AND_AVTALEGIRO").replace(">INVOICE<", ">CREDIT_NOTE<")),
        (3100, bill(1, 1, TO).replace(">INVOICE<", ">ENFORCEMENT_WARNING<")),
    ];
    let stage = Stage::new();
    let inside = shipment_of(1, &with_direct("EFAKTURA_AND_AVTALEGIRO"));
    assert_eq!(between(&stage.soap("AddShipmentRequest", &inside), "<errorCode>", "<"), "3101");
    stage.agree(ISSUER, "99991042764");
    for (code, bills) in table {
        let reply = stage.soap("AddShipmentRequest", &shipment_of(1, &bills));
        assert!(reply.starts_with("HTTP/1.1 500"), "{code}: {reply}");
        assert_eq!(between(&reply, "<errorCode>", "<"), code.to_string(), "{reply}");
        assert!(between(&reply, "<errorDescription>", "<").contains(&id(1, 1)), "{reply}");
    }
    // The account is another organisation's.
    let inside = shipment_of(1, &with_direct("EFAKTURA_AND_AVTALEGIRO")).replace(ISSUER, "910000004");
    assert_eq!(between(&stage.soap("AddShipmentRequest", &inside), "<errorCode>", "<"), "3101");
    let good = stage.soap("AddShipmentRequest", &shipment_of(1, &with_direct("EFAKTURA_AND_AVTALEGIRO")));
    assert!(good.contains("<noOfTransactions>1<"), "{good}");
}

#[test]
fn who_may_call() {
    let stage = Stage::new();
    let body = request("GetBlackListRequest", &format!("<issuer>{ISSUER}</issuer>"));
    for (user, password) in [("kvitt", "wrong"), ("somebody", "sandbox-mps"), ("", "")] {
        let reply = String::from_utf8(stage.soap_raw("GetBlackListRequest", &envelope(user, password, &body))).unwrap();
        assert!(reply.contains("AuthenticationFault") && !reply.contains("ValidationFault"), "{reply}");
    }
    let bare = format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{body}</s:Body></s:Envelope>");
    assert!(String::from_utf8(stage.soap_raw("GetBlackListRequest", &bare)).unwrap().contains("AuthenticationFault"));
}

#[test]
fn the_wrong_action_or_media_type() {
    let stage = Stage::new();
    let good = envelope("kvitt", "sandbox-mps", &request("GetBlackListRequest", &format!("<issuer>{ISSUER}</issuer>")));
    let ask = |headers: &str| String::from_utf8(stage.http_raw("POST", "/mps/efaktura-atg-service/v1", headers, &good)).unwrap();
    let action = format!("SOAPAction: \"{NS}getBlackList\"\r\n");
    assert!(ask(&format!("Content-Type: text/xml\r\n{action}")).starts_with("HTTP/1.1 200"));
    assert!(ask(&format!("Content-Type: application/json\r\n{action}")).starts_with("HTTP/1.1 415"));
    assert!(ask("Content-Type: text/xml\r\n").contains("does not belong to GetBlackListRequest"));
    assert!(ask(&format!("Content-Type: text/xml\r\nSOAPAction: \"{NS}addShipment\"\r\n")).contains("does not belong"));
}
