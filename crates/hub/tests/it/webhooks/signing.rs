//! Signatures, verified by hand after RFC 2104 and the text of Standard Webhooks, with nothing of the hub's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::*;

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().to_vec()
}

/// The signature of a message as its receiver works it out.
fn expected(heard: &Heard, secret: &str) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|index| key.get(index).copied().unwrap_or(0) ^ with).collect() };
    let text = format!("{}.{}.{}", heard.id, heard.timestamp, heard.text);
    let inner = sha256(&[&pad(0x36), text.as_bytes()]);
    format!("v1,{}", STANDARD.encode(sha256(&[&pad(0x5c), &inner])))
}

#[tokio::test]
async fn a_message_is_signed_and_in_rotation_twice() {
    each_house(async |house| {
        let added = house.add("/hooks", &["company.*"]).await;
        let signatures = async || {
            house.happen().await;
            house.work().await;
            let heard = house.heard().pop().unwrap();
            assert_eq!(heard.timestamp, house.hub.clock().machine().as_second().to_string());
            (heard.signature.split(' ').map(str::to_owned).collect::<Vec<_>>(), heard)
        };
        let (first, heard) = signatures().await;
        assert_eq!(first, [expected(&heard, &added.secret)]);

        let rotate = async || match house.ask(WebhookAsk::Rotate { webhook: added.webhook.id.clone() }).await {
            Answer::WebhookSecret(rotated) => *rotated,
            other => panic!("{other:?}"),
        };
        let second = rotate().await;
        assert_ne!(second.secret, added.secret);
        assert!(second.webhook.old_secret_until.is_some());
        let (both, heard) = signatures().await;
        assert_eq!(both, [expected(&heard, &second.secret), expected(&heard, &added.secret)]);

        // Two are live at most: the first one ends when a third is made.
        let third = rotate().await;
        let (both, heard) = signatures().await;
        assert_eq!(both, [expected(&heard, &third.secret), expected(&heard, &second.secret)]);

        house.hub.clock().advance(Duration::from_secs(24 * 3600));
        let (alone, heard) = signatures().await;
        assert_eq!(alone, [expected(&heard, &third.secret)]);
        assert_eq!(house.shown(&added.webhook.id).await.old_secret_until, None);
    })
    .await;
}

/// Secrets and addresses, which may hold a token, are sealed.
#[tokio::test]
async fn no_secret_lies_open_in_the_database() {
    let house = House::open(None).await;
    let added = house.add("/hooks?token=hemmelig-token", &["*"]).await;
    house.work().await;
    let secret = added.secret.strip_prefix("whsec_").unwrap();
    for entry in std::fs::read_dir(house.folder.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for word in [secret, "hemmelig-token"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{} is in {}", word, path.display());
        }
    }
    let shown = serde_json::to_string(&house.shown(&added.webhook.id).await).unwrap();
    assert!(!shown.contains(secret), "a secret is shown once");
    let answer = house.hub.answer(Ask::Events { company: Some(US.into()), after: 0, limit: 1000 }).await;
    let events = serde_json::to_string(&answer).unwrap();
    assert!(events.contains("webhook.added") && !events.contains("hemmelig"), "{events}");
}

#[tokio::test]
async fn a_test_call_stands_in_no_chain() {
    each_house(async |house| {
        let added = house.add("/hooks", &["invoice.accepted"]).await;
        let before = house.kinds().await.len();
        house.answers([204, 500]);
        for (status, is_told) in [(204, true), (500, false)] {
            let answer = house.ask(WebhookAsk::Test { webhook: added.webhook.id.clone() }).await;
            let Answer::WebhookTries { tries } = answer else { panic!("{answer:?}") };
            assert_eq!((tries[0].status, tries[0].why.is_empty()), (status, is_told));
            let heard = house.heard().pop().unwrap();
            assert_eq!(heard.kind(), "webhook.test");
            assert_eq!(heard.body["data"]["event"], Value::Null);
            assert_eq!(heard.signature, expected(&heard, &added.secret));
        }
        assert_eq!(house.kinds().await.len(), before);
        let log = house.log(&added.webhook.id).await;
        assert_eq!(log.iter().map(|tried| (tried.event, tried.status)).collect::<Vec<_>>(), [(0, 500), (0, 204)]);
        assert_eq!(house.shown(&added.webhook.id).await.state, WebhookState::Active { faults: 0 });
    })
    .await;
}
