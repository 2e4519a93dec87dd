//! An invoice on its way: handed in in each of the ways, shown, followed, called back; and once only, however often it is sent.

use reqwest::Method;
use serde_json::Value;

use super::{Front, OTHER, document, json, refusal};

#[tokio::test]
async fn an_invoice_is_handed_in_and_followed() {
    let front = Front::open().await;
    let token = front.token(&front.company, "invoice:send").await;
    let uuid = "018f0000-1111-7222-8333-444455556666";
    let fields = [
        ("recipient_type", "consumer"),
        ("route_order", "email"),
        ("route_order", "print"),
        ("uuid", uuid),
        ("format", "PEPPOLBIS30"),
        ("sender_comment", "Takk for sist"),
    ];
    let sent = front.multipart(Method::POST, "/v1/invoices", &fields, Some(document("A-1").as_bytes())).bearer_auth(&token);
    let accepted = json(sent.send().await.unwrap(), 201).await;
    assert_eq!((accepted["id"].as_str(), accepted["number"].as_str()), (Some(uuid), Some("A-1")));
    assert_eq!((accepted["status"].as_str(), accepted["source_format"].as_str()), (Some("PENDING"), Some("PEPPOLBIS30")));
    assert_eq!(accepted["sender"]["bid"], "999002021");
    assert!(accepted["sum_tax"].as_f64().unwrap() > 0.0 && accepted["payable"]["currency"] == "NOK", "{accepted}");
    let get = async |path: String| front.ask(Method::GET, &path).bearer_auth(&token).send().await.unwrap();

    // By either id, with its files.
    let kvitt_id = accepted["kvitt_id"].as_str().unwrap();
    for id in [uuid, kvitt_id] {
        let shown = json(get(format!("/v1/invoices/{id}")).await, 200).await;
        assert_eq!((shown["id"].as_str(), shown["files"][0]["type"].as_str()), (Some(uuid), Some("INVOICE")));
        assert_eq!(shown["actions"][0]["type"], "CREATED");
    }
    let xml = get(format!("/v1/invoices/{uuid}?return_format=ORIGINAL")).await;
    assert_eq!(xml.text().await.unwrap(), document("A-1"));
    let file = get(format!("/v1/invoices/{uuid}/files/1")).await;
    assert_eq!(file.headers()["x-content-type-options"], "nosniff");
    assert_eq!(file.text().await.unwrap(), document("A-1"));
    let pdf = get(format!("/v1/invoices/{uuid}?return_format=ORIGINAL_OR_GENERATED_IMAGE")).await;
    assert_eq!(pdf.headers()["content-type"], "application/pdf");
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-"));

    // No route is set up: it is parked, and says why in the caller's language.
    let delivery = until(
        async || json(get(format!("/v1/invoices/{uuid}/delivery")).await, 200).await,
        |story| story["bill"]["state"] == "parked",
    )
    .await;
    assert_eq!(delivery["status"], "FAILED");
    let routes: Vec<&str> =
        delivery["bill"]["plans"][0]["routes"].as_array().unwrap().iter().map(|route| route["route"].as_str().unwrap()).collect();
    assert_eq!(routes, ["email", "print"]);
    assert_eq!(delivery["bill"]["plans"][0]["order_from"], "document");
    assert!(!delivery["bill"]["why"][0]["remedy"].as_str().unwrap().is_empty());
    let actions = json(get(format!("/v1/invoices/{uuid}/actions")).await, 200).await;
    let error = actions.as_array().unwrap().iter().find(|action| action["type"] == "ERROR").unwrap();
    assert!(error["message"].as_str().unwrap().len() > 10, "{error}");

    // Everything that happened stands in the feed, in order.
    let events = json(get("/v1/events?after=0".into()).await, 200).await;
    let numbers: Vec<i64> = events["events"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert_eq!(events["next"].as_i64(), numbers.last().copied());
    let news = json(get(format!("/v1/events?after={}", events["next"])).await, 200).await;
    assert_eq!((news["events"].as_array().unwrap().len(), &news["next"]), (0, &events["next"]));

    // Called back while nothing has left the house.
    let recall = front.ask(Method::POST, &format!("/v1/invoices/{uuid}/recall")).bearer_auth(&token);
    let recalled = json(recall.try_clone().unwrap().send().await.unwrap(), 200).await;
    assert_eq!((recalled["state"].as_str(), recalled["status"].as_str()), (Some("cancelled"), Some("FAILED")));
    assert_eq!(refusal(recall.send().await.unwrap()).await, (409, "state.refuses".to_owned()));
    front.stop().await;
}

#[tokio::test]
async fn a_document_is_planned_and_nothing_is_stored() {
    let front = Front::open().await;
    let token = front.token(&front.company, "invoice:send invoice:receive").await;
    let metadata = r#"{"version":"1.1","recipient_type":"consumer","routing":{"route_order":["netbank","email","print"]}}"#;
    let planned = front.multipart(Method::POST, "/v1/plans", &[("metadata", metadata)], Some(document("P-1").as_bytes()));
    let planned = json(planned.bearer_auth(&token).header("accept-language", "nb").send().await.unwrap(), 200).await;
    let routes = planned["plan"]["routes"].as_array().unwrap();
    let names: Vec<&str> = routes.iter().map(|route| route["route"].as_str().unwrap()).collect();
    assert_eq!(names, ["avtalegiro", "efaktura", "email", "print"], "netbank is both");
    assert!(
        routes.iter().all(|route| route["verdict"] == "closed" && !route["reasons"][0]["sentence"].as_str().unwrap().is_empty())
    );
    let all = json(front.ask(Method::GET, "/v1/invoices?direction=SENT").bearer_auth(&token).send().await.unwrap(), 200).await;
    assert_eq!(all.as_array().unwrap().len(), 0);
    front.stop().await;
}

#[tokio::test]
async fn invoices_are_listed_by_every_filter() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        let body = document(&format!("L-{number}"));
        let sent =
            front.ask(Method::POST, "/v1/invoices").bearer_auth(&token).header("content-type", "application/xml").body(body);
        ids.push(json(sent.send().await.unwrap(), 201).await["id"].as_str().unwrap().to_owned());
    }
    let list = async |query: String| {
        let answer = front.ask(Method::GET, &format!("/v1/invoices?{query}")).bearer_auth(&token).send().await.unwrap();
        let total = answer.headers()["x-total"].to_str().unwrap().to_owned();
        let listed = json(answer, 200).await;
        let numbers: Vec<String> =
            listed.as_array().unwrap().iter().map(|invoice| invoice["number"].as_str().unwrap().to_owned()).collect();
        (numbers.join(" "), total)
    };
    let parked = || async { list("direction=SENT&status=FAILED".into()).await.1 };
    while parked().await != "5" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (query, expected, total) in [
        (String::new(), "", "0"),
        ("direction=SENT".into(), "L-1 L-2 L-3 L-4 L-5", "5"),
        ("direction=SENT&per_page=2&page=2".into(), "L-3 L-4", "5"),
        ("direction=SENT&per_page=2&page=9".into(), "", "5"),
        ("direction=SENT&sort=-received_at&per_page=2".into(), "L-5 L-4", "5"),
        ("direction=SENT&number=L-3".into(), "L-3", "1"),
        ("direction=SENT&number=none".into(), "", "0"),
        (format!("direction=SENT&ids[]={}&ids[]={}", ids[4], ids[0]), "L-5 L-1", "2"),
        (format!("direction=SENT&ids={},{}&number=L-1", ids[4], ids[0]), "L-1", "1"),
        ("direction=SENT&status[]=FAILED&status[]=PENDING".into(), "L-1 L-2 L-3 L-4 L-5", "5"),
        ("direction=SENT&status=DELIVERED".into(), "", "0"),
        ("direction=SENT&number=L-2&status=DELIVERED".into(), "", "0"),
        ("direction=SENT&created_at_start=2100-01-01T00:00:00Z".into(), "", "0"),
        ("direction=SENT&received_at_end=2100-01-01T00:00:00Z".into(), "L-1 L-2 L-3 L-4 L-5", "5"),
    ] {
        assert_eq!(list(query.clone()).await, (expected.to_owned(), total.to_owned()), "{query}");
    }
    let paged = front.ask(Method::GET, "/v1/invoices?direction=SENT&status[]=FAILED&per_page=2").bearer_auth(&token);
    let links = paged.send().await.unwrap().headers()["link"].to_str().unwrap().to_owned();
    let next = "</v1/invoices?direction=SENT&status=FAILED&page=2&per_page=2>; rel=\"next\"";
    assert!(links.starts_with(next), "{links}");
    let kid =
        json(front.ask(Method::GET, &format!("/v1/invoices/{}", ids[0])).bearer_auth(&token).send().await.unwrap(), 200).await;
    if let Some(kid) = kid["reference"].as_str() {
        assert_eq!(list(format!("direction=SENT&reference={kid}")).await.1, "5", "the example's KID is on all of them");
    }
    front.stop().await;
}

#[tokio::test]
async fn the_same_document_is_accepted_once_however_often_it_is_sent() {
    const CONNECTIONS: usize = 50;
    const TIMES: usize = 20;
    let front = std::sync::Arc::new(Front::open().await);
    let token = front.token(&front.company, "eui").await;
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (front, token) = (front.clone(), token.clone());
        senders.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..TIMES {
                let sent = front.multipart(
                    Method::POST,
                    "/v1/invoices",
                    &[("recipient_type", "b2b")],
                    Some(document("1000").as_bytes()),
                );
                let sent = sent.bearer_auth(&token).header("idempotency-key", "one key").send().await.unwrap();
                answers.push((sent.status().as_u16(), sent.text().await.unwrap()));
            }
            answers
        });
    }
    let answers = senders.join_all().await.concat();
    assert_eq!(answers.len(), CONNECTIONS * TIMES);
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 201), "{:?}", answers[0]);
    let get = async |path: &str| json(front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap(), 200).await;
    assert_eq!(get("/v1/invoices?direction=SENT").await.as_array().unwrap().len(), 1);

    // The same key with another document, and the same number with another content, are refused.
    let send = async |number: &str, key: &str, body: String| {
        let path = format!("/v1/invoices/{number}");
        let (method, path) = if number.is_empty() { (Method::POST, "/v1/invoices") } else { (Method::PUT, path.as_str()) };
        let sent = front.multipart(method, path, &[("recipient_type", "b2b")], Some(body.as_bytes())).bearer_auth(&token);
        sent.header("idempotency-key", key).send().await.unwrap()
    };
    assert_eq!(refusal(send("", "one key", document("1001")).await).await, (409, "key.reused".to_owned()));
    let changed = document("1000").replace("2026-", "2027-");
    assert_eq!(refusal(send("", "another key", changed).await).await, (409, "number.duplicate".to_owned()));

    // An id of ours is nobody's own.
    let ours = get("/v1/invoices?direction=SENT").await[0]["kvitt_id"].as_str().unwrap().to_owned();
    assert_eq!(refusal(send(&ours, "k0", document("1004")).await).await, (409, "key.reused".to_owned()));

    // With the sender's own id in the path it is the same as often as it is put.
    let uuid = "018f0000-1111-7222-8333-000000000001";
    let first = json(send(uuid, "k1", document("1002")).await, 201).await;
    let again = json(send(uuid, "k2", document("1002")).await, 201).await;
    assert_eq!((&first["id"], &first), (&Value::from(uuid), &again));
    assert_eq!(refusal(send(uuid, "k3", document("1003")).await).await, (409, "key.reused".to_owned()));
    assert_eq!(get("/v1/invoices?direction=SENT").await.as_array().unwrap().len(), 2);
}

/// What a ZIP brings of metadata counts, whatever the path says beside it.
#[tokio::test]
async fn an_id_in_the_path_leaves_the_metadata_of_a_zip_alone() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let own = "018f0000-1111-7222-8333-00000000000a";
    let zipped = |metadata: &str| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in [("invoice.xml", document("Z-1").as_str()), ("metadata.json", metadata)] {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let put = |body: Vec<u8>| {
        let request = front.ask(Method::PUT, &format!("/v1/invoices/{own}")).bearer_auth(&token);
        request.header("content-type", "application/zip").body(body).send()
    };
    let contrary = zipped(r#"{"uuid":"018f0000-1111-7222-8333-00000000000b"}"#);
    assert_eq!(refusal(put(contrary).await.unwrap()).await, (422, "metadata.value".to_owned()));
    json(put(zipped(r#"{"recipient_type":"consumer","routing":{"route_order":["print"]}}"#)).await.unwrap(), 201).await;
    let get = async || {
        json(front.ask(Method::GET, &format!("/v1/invoices/{own}/delivery")).bearer_auth(&token).send().await.unwrap(), 200).await
    };
    let story = until(get, |story| !story["bill"]["plans"].as_array().unwrap().is_empty()).await;
    let plan = &story["bill"]["plans"][0];
    assert_eq!((plan["recipient_type"].as_str(), plan["routes"][0]["route"].as_str()), (Some("consumer"), Some("print")));
    // The same id, written another way in a form's field, is the same.
    let upper = own.to_uppercase();
    let form = |uuid: &str| front.multipart(Method::POST, "/v1/invoices", &[("uuid", uuid)], Some(document("Z-2").as_bytes()));
    let (first, second) = ("018f0000-1111-7222-8333-00000000000c", "018F0000-1111-7222-8333-00000000000C");
    let accepted = json(form(first).bearer_auth(&token).send().await.unwrap(), 201).await;
    assert_eq!(accepted, json(form(second).bearer_auth(&token).send().await.unwrap(), 201).await);
    assert_eq!(refusal(form(&upper).bearer_auth(&token).send().await.unwrap()).await, (409, "key.reused".to_owned()));
    front.stop().await;
}

#[tokio::test]
async fn a_company_hands_in_its_own_documents_only() {
    let front = Front::open().await;
    let token = front.token(&front.other, "eui").await;
    let sent = front.multipart(Method::POST, "/v1/invoices", &[], Some(document("X-1").as_bytes())).bearer_auth(&token);
    assert_eq!(refusal(sent.send().await.unwrap()).await, (422, "company.mismatch".to_owned()), "{OTHER} is not the seller");
    front.stop().await;
}

/// Asks until it is so. What never comes fails the test after a minute.
pub async fn until(ask: impl AsyncFn() -> Value, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..3_000 {
        let answer = ask().await;
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("waited for a minute");
}
