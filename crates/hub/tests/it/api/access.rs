//! Who is let in: tokens, scopes, keys, limits.

use std::num::NonZeroU32;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kvitt_hub::actions::api_keys::{self, KeyAsk};
use kvitt_hub::config::ApiConfig;
use kvitt_hub::store::event;
use reqwest::Method;

use super::{Front, json, refusal};

#[tokio::test]
async fn a_token_is_got_in_each_of_the_ways_of_the_standard() {
    let front = Front::open().await;
    let (key, secret) = front.key(&front.company, &[]).await;
    let id = front.company.id.clone();
    let as_multipart = front.token_with(&front.company, &secret, "invoice:send lookup").await;
    assert_eq!(as_multipart.headers()["cache-control"], "no-store");
    let first = json(as_multipart, 200).await;
    assert_eq!((first["token_type"].as_str(), first["expires_in"].as_i64()), (Some("bearer"), Some(3600)));
    assert_eq!(first["scope"], "invoice:send lookup");

    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&vendor_api_key=ERP%20AS");
    let urlencoded = "application/x-www-form-urlencoded";
    let as_form = front.ask(Method::POST, "/oauth2/token").header("content-type", urlencoded).body(body);
    assert_eq!(json(as_form.send().await.unwrap(), 200).await["scope"], "global company");
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let as_basic = front.ask(Method::POST, "/oauth2/token").header("authorization", basic).header("content-type", urlencoded);
    let token = json(as_basic.body("grant_type=client_credentials&scope=eui").send().await.unwrap(), 200).await;

    let bearer = token["access_token"].as_str().unwrap();
    let current = json(front.ask(Method::GET, "/oauth2/current").bearer_auth(bearer).send().await.unwrap(), 200).await;
    assert_eq!((current["company_id"].as_str(), current["bid"].as_str()), (Some(id.as_str()), Some("999002021")));
    assert_eq!((current["user_id"].as_str(), current["scope"].as_str()), (Some(key.as_str()), Some("eui")));

    // Whoever has the public key can check the token without asking.
    let keys = json(front.ask(Method::GET, "/v1/jwk").send().await.unwrap(), 200).await;
    let public = URL_SAFE_NO_PAD.decode(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = bearer.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).unwrap();
    front.stop().await;
}

#[tokio::test]
async fn whoever_is_not_let_in_hears_why() {
    let front = Front::open().await;
    let (_, secret) = front.key(&front.company, &["invoice:receive"]).await;
    let (_, secret_of_other) = front.key(&front.other, &[]).await;
    let id = front.company.id.as_str();
    let grant = ("grant_type", "client_credentials");
    for (fields, expected) in [
        (vec![grant, ("client_id", id), ("client_secret", "kvitt_wrong")], (401, "access.credentials")),
        (vec![grant, ("client_id", id), ("client_secret", &secret_of_other)], (401, "access.credentials")),
        (vec![grant, ("client_id", "nobody"), ("client_secret", &secret)], (401, "access.credentials")),
        (vec![grant], (401, "access.credentials")),
        (vec![grant, ("client_id", "\0"), ("client_secret", "x")], (400, "request.value")),
        (vec![("client_id", id), ("client_secret", &secret)], (400, "request.missing")),
        (vec![("grant_type", "password"), ("client_id", id)], (400, "access.grant")),
        (
            vec![grant, ("client_id", id), ("client_secret", &secret), ("scope", "invoice:send")],
            (400, "access.scope_not_granted"),
        ),
        (vec![grant, ("client_id", id), ("client_secret", &secret), ("scope", "everything")], (400, "access.scope_unknown")),
    ] {
        let (status, code) = refusal(front.form("/oauth2/token", &fields).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{fields:?}");
    }
    for (authorization, expected) in [
        (None, "access.token_missing"),
        (Some("Bearer"), "access.token_missing"),
        (Some("Basic YTpi"), "access.token_missing"),
        (Some("Bearer abc"), "access.token_invalid"),
        (Some("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."), "access.token_invalid"),
    ] {
        let mut request = front.ask(Method::GET, "/oauth2/current");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"), "{authorization:?}");
        assert_eq!(refusal(answer).await, (401, expected.to_owned()), "{authorization:?}");
    }
    // A key that may read cannot send.
    let token = json(front.token_with(&front.company, &secret, "invoice:receive").await, 200).await;
    let token = token["access_token"].as_str().unwrap();
    let sent = front.multipart(Method::POST, "/v1/invoices", &[], Some(b"<Invoice/>")).bearer_auth(token);
    assert_eq!(refusal(sent.send().await.unwrap()).await, (403, "access.scope_missing".to_owned()));
    json(front.ask(Method::GET, "/v1/invoices").bearer_auth(token).send().await.unwrap(), 200).await;
    front.stop().await;
}

#[tokio::test]
async fn keys_are_rotated_and_revoked_and_every_change_has_a_name() {
    let front = Front::open().await;
    let (key, first) = front.key(&front.company, &[]).await;
    let by = || "Eva".to_owned();
    let rotated = api_keys::ask(&front.hub, &front.company, KeyAsk::Rotate { key: key.clone(), by: by() }).await.unwrap();
    let second = rotated.secret.unwrap();
    assert_ne!(first, second);
    // Both are taken for a day, so that no program stands still.
    json(front.token_with(&front.company, &first, "eui").await, 200).await;
    let token = json(front.token_with(&front.company, &second, "eui").await, 200).await;
    let token = token["access_token"].as_str().unwrap();
    json(front.ask(Method::GET, "/status/authenticated").bearer_auth(token).send().await.unwrap(), 200).await;

    api_keys::ask(&front.hub, &front.company, KeyAsk::Revoke { key: key.clone(), by: by() }).await.unwrap();
    let ended = front.ask(Method::GET, "/status/authenticated").bearer_auth(token).send().await.unwrap();
    assert_eq!(refusal(ended).await, (401, "access.token_invalid".to_owned()), "a revoked key ends its tokens at once");
    assert_eq!(refusal(front.token_with(&front.company, &second, "eui").await).await.0, 401);
    for ask in [KeyAsk::Revoke { key: key.clone(), by: by() }, KeyAsk::Rotate { key: key.clone(), by: by() }] {
        api_keys::ask(&front.hub, &front.company, ask).await.unwrap_err();
    }
    api_keys::ask(&front.hub, &front.other, KeyAsk::Revoke { key: key.clone(), by: by() }).await.unwrap_err();

    let mut db = front.hub.db().read().await.unwrap();
    let told = event::of_subject(&mut db, &front.company.id, &front.company.key, &key).await.unwrap();
    let told: Vec<(&str, &str)> = told.iter().map(|event| (event.kind.as_str(), event.payload["by"].as_str().unwrap())).collect();
    assert_eq!(told, [("api_key.created", "Eva"), ("api_key.rotated", "Eva"), ("api_key.revoked", "Eva")]);
    let text = format!("{:?}", kvitt_hub::store::api_key::of_company(&mut db, &front.company.id).await.unwrap());
    assert!(!text.contains(&first) && !text.contains(&second), "no secret is stored");
    drop(db);
    front.stop().await;
}

#[tokio::test]
async fn whoever_asks_too_often_hears_when_to_come_back() {
    let front = Front::with(ApiConfig { requests_per_second: NonZeroU32::MIN, ..ApiConfig::default() }).await;
    let token = front.token(&front.company, "eui").await;
    let ask = || front.ask(Method::GET, "/oauth2/current").bearer_auth(&token).send();
    let first = ask().await.unwrap();
    assert_eq!(
        (&first.headers()["ratelimit-limit"], &first.headers()["ratelimit-remaining"]),
        (&"2".parse().unwrap(), &"1".parse().unwrap())
    );
    let mut refused = None;
    for _ in 0..10 {
        let answer = ask().await.unwrap();
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("ten at once are too many");
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(refusal(refused).await, (429, "access.too_often".to_owned()));
    // Another key is not held up by it.
    let other = front.token(&front.other, "eui").await;
    json(front.ask(Method::GET, "/oauth2/current").bearer_auth(other).send().await.unwrap(), 200).await;
    front.stop().await;
}
