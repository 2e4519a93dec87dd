//! Bad requests: each hears a typed refusal, nothing is stored, and nothing makes the hub fail.

use reqwest::Method;

use super::{Front, document, json, refusal};

/// Method, path, media type, body; status and code.
type Case<'a> = (Method, &'a str, &'a str, Vec<u8>, (u16, &'a str));

#[tokio::test]
async fn every_bad_request_hears_what_is_wrong() {
    const XML: &str = "application/xml";
    const FORM: &str = "multipart/form-data; boundary=b";
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let part = |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = |parts: &[(&str, &str)]| {
        let parts: String = parts.iter().map(|(name, value)| part(name, value)).collect();
        format!("{parts}--b--\r\n").into_bytes()
    };
    let file = document("B-1");
    let with_file = |name: &str, value: &str| form(&[("file", &file), (name, value)]);
    let post = |media_type, body: Vec<u8>, expected| -> Case { (Method::POST, "/v1/invoices", media_type, body, expected) };
    let hook = |body: &str, expected| -> Case {
        (Method::POST, "/v1/company/notifications", "application/json", body.as_bytes().to_vec(), expected)
    };
    let ask =
        |method, path, body: &str, expected| -> Case { (method, path, "application/json", body.as_bytes().to_vec(), expected) };
    let get = |path, expected| -> Case { (Method::GET, path, "", Vec::new(), expected) };
    let cases: Vec<Case> = vec![
        get("/v1/nothing", (404, "path.unknown")),
        (Method::DELETE, "/v1/invoices", "", Vec::new(), (405, "method.unknown")),
        (Method::PATCH, "/v1/events", "", Vec::new(), (405, "method.unknown")),
        post("", Vec::new(), (415, "request.media_type")),
        post("text/html", b"<html>".to_vec(), (415, "request.media_type")),
        post("application/json", b"{}".to_vec(), (415, "request.media_type")),
        post(XML, Vec::new(), (400, "request.empty")),
        post(XML, b"<Invoice".to_vec(), (422, "xml.unreadable")),
        post(XML, b"<Order/>".to_vec(), (422, "document.unknown")),
        post(XML, vec![0xff, 0xfe, 0x00], (422, "xml.unreadable")),
        post(XML, b"<!DOCTYPE a [<!ENTITY b \"c\">]><Invoice/>".to_vec(), (422, "xml.doctype")),
        post("application/zip", b"PK\x03\x04 not a zip".to_vec(), (422, "archive.unreadable")),
        post("multipart/form-data", b"x".to_vec(), (400, "request.unreadable")),
        post(FORM, b"nothing of the kind".to_vec(), (400, "request.unreadable")),
        post(FORM, form(&[]), (400, "request.missing")),
        post(FORM, form(&[("recipient_type", "consumer")]), (400, "request.missing")),
        post(FORM, form(&[("file", &file), ("file", &file)]), (400, "request.unreadable")),
        post(FORM, form(&[("file", &file), ("metadata", "{}"), ("metadata", "{}")]), (400, "request.unreadable")),
        post(FORM, with_file("metadata", r#"{"lang":"NO","lang":"EN"}"#), (422, "metadata.unreadable")),
        post(FORM, with_file("sender_comment", "a\0b"), (400, "request.value")),
        post(FORM, with_file("recipent_type", "consumer"), (400, "request.unknown_field")),
        post(FORM, with_file("recipient_type", "cat"), (422, "metadata.value")),
        post(FORM, with_file("route_order", "pigeon"), (422, "metadata.value")),
        post(FORM, with_file("route_order[]", "netbank_cvl"), (410, "service.discontinued")),
        post(FORM, with_file("uuid", "1"), (422, "metadata.value")),
        post(FORM, with_file("recipient_email", "kari"), (422, "metadata.value")),
        post(FORM, with_file("recipient_ssn", "12345678901"), (422, "identity.invalid")),
        post(FORM, with_file("format", "TEAPPS30"), (422, "request.unsupported")),
        post(FORM, with_file("recipient_eia", "0192:1"), (422, "request.unsupported")),
        post(FORM, with_file("b2cno_document_type", "DUNNING"), (422, "request.unsupported")),
        post(FORM, with_file("metadata", "{"), (422, "metadata.unreadable")),
        post(FORM, form(&[("file", &file), ("metadata", "{}"), ("lang", "NO")]), (400, "request.unreadable")),
        post(FORM, form(&[("file", &file), ("lang", "NO"), ("lang", "EN")]), (400, "request.unreadable")),
        (Method::PUT, "/v1/invoices/7", XML, file.clone().into_bytes(), (400, "request.value")),
        get("/v1/invoices?per_page=0", (400, "request.value")),
        get("/v1/invoices?page=-1", (400, "request.value")),
        get("/v1/invoices?page=99999999999999999999", (400, "request.value")),
        get("/v1/invoices?page=1&page=2", (400, "request.value")),
        get("/v1/invoices?direction=UP", (400, "request.value")),
        get("/v1/invoices?status=GONE", (400, "request.value")),
        get("/v1/invoices?direction=SENT&ids=7", (400, "request.value")),
        get("/v1/invoices?created_at_start=yesterday", (400, "request.value")),
        get("/v1/invoices?sort=name", (400, "request.value")),
        get("/v1/invoices?numbr=7", (400, "request.unknown_field")),
        get("/v1/invoices?direction=SENT&number=%00", (400, "request.value")),
        get("/v1/invoices?direction=SENT&reference=a%00", (400, "request.value")),
        get("/v1/invoices/7", (404, "resource.unknown")),
        get("/v1/invoices/%00", (404, "resource.unknown")),
        get("/v1/invoices/%ff", (400, "request.unreadable")),
        get("/v1/invoices/018f0000-1111-7222-8333-444455556666", (404, "resource.unknown")),
        get("/v1/invoices/018f0000-1111-7222-8333-444455556666/files/1", (404, "resource.unknown")),
        get("/v1/events?after=-1", (400, "request.value")),
        get("/v1/events?limit=1001", (400, "request.value")),
        get("/v1/events?wait=forever", (400, "request.value")),
        hook(r#"{"destination":"https://erp.example/","events":["*"]}"#, (400, "request.unreadable")),
        hook(r#"{"destination_type":"EMAIL","destination":"https://erp.example/","events":["*"]}"#, (400, "request.value")),
        hook(r#"{"destination_type":"WEBHOOK","destination":"erp.example","events":["*"]}"#, (422, "webhook.address")),
        hook(r#"{"destination_type":"WEBHOOK","destination":"https://10.0.0.1/","events":["*"]}"#, (422, "webhook.network")),
        hook(r#"{"destination_type":"WEBHOOK","destination":"https://erp.example/","events":[]}"#, (422, "webhook.events")),
        hook(
            r#"{"destination_type":"WEBHOOK","destination":"https://erp.example/","events":["*"],"after":99}"#,
            (422, "webhook.event"),
        ),
        hook(
            r#"{"destination_type":"WEBHOOK","destination":"https://erp.example/","events":["*"],"x":1}"#,
            (400, "request.unreadable"),
        ),
        get("/v1/company/notifications/7", (404, "webhook.unknown")),
        (Method::POST, "/v1/company/notifications/7/test", "", Vec::new(), (404, "webhook.unknown")),
        (Method::DELETE, "/v1/company/notifications/7", "", Vec::new(), (404, "webhook.unknown")),
        (Method::POST, "/v1/invoices/bulk", "application/zip", b"PK\x03\x04 not a zip".to_vec(), (422, "archive.unreadable")),
        (Method::POST, "/v1/invoices/bulk", "application/zip", Vec::new(), (400, "request.empty")),
        (Method::POST, "/v1/invoices/bulk", "application/x-ndjson", b"\n \n".to_vec(), (400, "request.empty")),
        (Method::POST, "/v1/invoices/bulk", "application/xml", file.clone().into_bytes(), (415, "request.media_type")),
        get("/v1/invoices/bulk", (405, "method.unknown")),
        get("/v1/faults/no.such", (404, "resource.unknown")),
        get("/v1/lookup/consumers?ssn=1", (422, "lookup.identity_in_address")),
        get("/v1/lookup/consumers?mail=kari", (400, "request.unknown_field")),
        get("/v1/lookup/consumers?email=kari@example.org&routes=pigeon", (400, "request.value")),
        get("/v1/lookup/consumers?date_of_birth=1990-13-01", (400, "request.value")),
        ask(Method::POST, "/v1/lookup/consumers", r#"{"ssn":"12345678901"}"#, (422, "identity.invalid")),
        ask(Method::POST, "/v1/lookup/consumers", r#"[null, "1990-01-01"]"#, (400, "request.unreadable")),
        ask(Method::POST, "/v1/lookup/consumers", r#"{"name":"Kari"}"#, (400, "request.unreadable")),
        get("/v1/lookup/receivers", (400, "request.missing")),
        get("/v1/lookup/receivers?network=PEPPOL", (422, "lookup.network")),
        get("/v1/company/settings?fields=secrets", (400, "request.value")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"colour":"red"}"#, (400, "request.unknown_field")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"details":{"name":"Another"}}"#, (422, "request.unsupported")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"address":{"city":"Bergen"}}"#, (422, "request.unsupported")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"language":"xx"}"#, (400, "request.value")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"routing":{"consumer_route_order":["pigeon"]}}"#, (422, "route.unknown")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"routing":{"consumer_route_order":"email"}}"#, (400, "request.value")),
        ask(Method::PATCH, "/v1/company/settings", r#"{"texts":{"accent":"red"}}"#, (422, "setup.value")),
        ask(Method::PATCH, "/v1/company/settings", "[]", (400, "request.unreadable")),
        ask(Method::POST, "/v1/company/profiles", r#"{"network":"PEPPOL"}"#, (422, "request.unsupported")),
        ask(Method::POST, "/v1/company/profiles", r#"{"network":"BANK","profiles":["ORDER"]}"#, (422, "request.unsupported")),
        ask(
            Method::POST,
            "/v1/company/profiles",
            r#"{"network":"BANK","network_settings":{"agreement_signed":"true"}}"#,
            (422, "agreement.voucher"),
        ),
        // The fixture's operator has no customer unit.
        ask(Method::POST, "/v1/company/profiles", r#"{"network":"BANK"}"#, (422, "agreement.not_configured")),
        get("/v1/company/profiles?status=gone", (400, "request.value")),
        get("/v1/company/profiles/7", (404, "resource.unknown")),
        get("/v1/companies/7/status", (404, "resource.unknown")),
        ask(
            Method::POST,
            "/v1/services/atg",
            r#"{"account_number":"86011117947","kid_length":16,"reference_position":"6-1"}"#,
            (400, "request.value"),
        ),
        ask(
            Method::POST,
            "/v1/services/atg",
            r#"{"account_number":"86011117947","kid_length":16,"reference_position":"1-6","payment_type_position":"7-7"}"#,
            (400, "request.missing"),
        ),
        ask(
            Method::PATCH,
            "/v1/services/atg/86011117947",
            r#"{"kid_length":16,"reference_position":"1-6"}"#,
            (404, "resource.unknown"),
        ),
        get("/v1/payments?state=lost", (400, "request.value")),
        get("/v1/payments?after=7", (400, "request.value")),
        ask(Method::POST, "/v1/payments/01234567/decision", r#"{"decision":"match"}"#, (400, "request.missing")),
        ask(Method::POST, "/v1/payments/01234567/decision", r#"{"decision":"dismiss"}"#, (404, "payment.unknown")),
        get("/v1/reports/routes?year=2026", (400, "request.missing")),
        get("/v1/reports/routes?year=2026&month=13", (400, "request.value")),
        ask(
            Method::PUT,
            "/v1/invoices/018f0000-1111-7222-8333-444455556666/reroute/email",
            r#"{"recipient_email":"kari@example.org"}"#,
            (404, "resource.unknown"),
        ),
    ];
    for (method, path, media_type, body, expected) in cases {
        let mut request = front.ask(method.clone(), path).bearer_auth(&token).body(body);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        let (status, code) = refusal(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{method} {path} {media_type}");
    }
    for key in ["", &"k".repeat(201)] {
        let sent = front
            .multipart(Method::POST, "/v1/invoices", &[], Some(file.as_bytes()))
            .bearer_auth(&token)
            .header("idempotency-key", key);
        assert_eq!(refusal(sent.send().await.unwrap()).await, (400, "request.value".to_owned()), "{key:?}");
    }
    let all = json(front.ask(Method::GET, "/v1/invoices?direction=SENT").bearer_auth(&token).send().await.unwrap(), 200).await;
    assert_eq!(all.as_array().unwrap().len(), 0, "nothing of it was stored");
    front.stop().await;
}
