//! Documents in a folder: taken with their own metadata and no other's, whatever fails and whenever the process dies.

use kvitt_domain::recipient::{Metadata, RecipientType};
use kvitt_hub::jobs::watch::MOST_TRIES;
use kvitt_hub::jobs::watch::intake::{Intake, LOOKS_ALONE};
use kvitt_hub::store::invoice;
use kvitt_hub::vault::sha256;
use tokio::sync::watch;

use super::{House, go_on, names, write, write_sparse};

const INVOICE: &str = include_str!("../../../../../examples/invoices/fjordvik-260401.xml");
const CONSUMER: &str = r#"{"version": "1.1", "recipient_type": "consumer"}"#;
const BUSINESS: &str = r#"{"version": "1.1", "recipient_type": "business"}"#;

/// The example invoice under another number.
fn document(number: &str) -> String {
    INVOICE.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1)
}

struct Inbox {
    house: House,
    intake: Intake,
}

impl Inbox {
    async fn open() -> Inbox {
        let house = House::open().await;
        let intake = Intake::new(house.path("inbox"));
        Inbox { house, intake }
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        write(&self.house.path("inbox").join(name), content);
    }

    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.house.path("inbox").join(folder))
    }

    fn faults(&self, name: &str) -> String {
        std::fs::read_to_string(self.house.path("inbox").join(name)).unwrap()
    }

    async fn look(&mut self) -> usize {
        self.intake.look(&self.house.hub, &go_on()).await.unwrap()
    }

    /// What was said beside the invoice with a number; `None` where it was not accepted.
    async fn metadata(&self, number: &str) -> Option<Metadata> {
        let (hub, seller) = (&self.house.hub, &self.house.seller);
        let mut db = hub.db().read().await.unwrap();
        let mut found = invoice::by_number(&mut db, &seller.id, &seller.key, number).await.unwrap();
        assert!(found.len() < 2, "{number} was accepted twice");
        found.pop().map(|stored| stored.body.metadata)
    }

    async fn recipient_type(&self, number: &str) -> Option<RecipientType> {
        self.metadata(number).await.expect("it was accepted").recipient_type
    }
}

#[tokio::test]
async fn a_document_is_taken_with_its_metadata() {
    let mut inbox = Inbox::open().await;
    inbox.put("a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    inbox.put("b.XML", document("2"));
    inbox.put("c.xml.part", document("3"));
    inbox.put(".d.xml", document("4"));
    assert_eq!(inbox.look().await, 2);
    assert_eq!(inbox.recipient_type("1").await, Some(RecipientType::Consumer));
    assert_eq!(inbox.recipient_type("2").await, None);
    assert_eq!(inbox.names("accepted"), ["a.json", "a.xml", "b.XML"]);
    assert!(inbox.names("taking").is_empty());
    assert_eq!(inbox.names(""), [".d.xml", "accepted", "c.xml.part", "failed", "refused", "taking"]);
}

#[tokio::test]
async fn a_crash_between_the_two_renames_of_a_claim_parts_nobody() {
    let mut inbox = Inbox::open().await;
    inbox.put("taking/one/a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    assert_eq!(inbox.look().await, 1);
    assert_eq!(inbox.recipient_type("1").await, Some(RecipientType::Consumer));
    assert!(inbox.names("taking").is_empty());
}

#[tokio::test]
async fn metadata_of_a_replaced_document_is_not_taken_for_the_new_one() {
    let mut inbox = Inbox::open().await;
    inbox.put("taking/one/a.json", BUSINESS);
    inbox.put("a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    inbox.look().await;
    assert_eq!(inbox.recipient_type("1").await, Some(RecipientType::Consumer));
    assert_eq!(inbox.names("refused"), ["a.json", "a.json.faults.json"]);
}

#[tokio::test]
async fn a_crash_between_accepting_and_moving_on_accepts_once() {
    let mut inbox = Inbox::open().await;
    for claim in ["one", "two"] {
        inbox.put(&format!("taking/{claim}/a.json"), CONSUMER);
        inbox.put(&format!("taking/{claim}/a.xml"), document("1"));
        assert_eq!(inbox.look().await, 1);
    }
    assert_eq!(inbox.recipient_type("1").await, Some(RecipientType::Consumer));
    assert_eq!(inbox.names("accepted"), ["2-a.json", "2-a.xml", "a.json", "a.xml"]);
    assert!(inbox.names("refused").is_empty());
}

#[tokio::test]
async fn a_crash_while_moving_on_leaves_no_metadata_for_the_next_document() {
    let mut inbox = Inbox::open().await;
    inbox.put("taking/one.accepted/a.json", CONSUMER);
    inbox.put("accepted/a.xml", document("1"));
    inbox.put("taking/two.refused/b.xml.faults.json", "[]");
    inbox.put("a.xml", document("2"));
    inbox.look().await;
    assert_eq!(inbox.recipient_type("2").await, None);
    assert_eq!(inbox.names("accepted"), ["2-a.xml", "a.json", "a.xml"]);
    assert_eq!(inbox.names("refused"), ["b.xml.faults.json"]);
    assert!(inbox.names("taking").is_empty());
}

#[tokio::test]
async fn metadata_that_stays_alone_is_refused() {
    let mut inbox = Inbox::open().await;
    inbox.put("a.json", CONSUMER);
    for _ in 0..LOOKS_ALONE {
        inbox.look().await;
    }
    assert!(inbox.names("refused").is_empty(), "its document may still come");
    inbox.look().await;
    assert_eq!(inbox.names("refused"), ["a.json", "a.json.faults.json"]);
    inbox.put("a.xml", document("1"));
    inbox.look().await;
    assert_eq!(inbox.recipient_type("1").await, None);
}

#[tokio::test]
async fn metadata_that_may_be_of_two_documents_is_taken_for_neither() {
    let mut inbox = Inbox::open().await;
    inbox.put("a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    inbox.put("a.zip", b"PK\x05\x06");
    inbox.look().await;
    assert!(inbox.metadata("1").await.is_none());
    assert_eq!(inbox.names("refused"), ["a.json", "a.xml", "a.xml.faults.json", "a.zip"]);
}

#[tokio::test]
async fn what_the_sender_can_mend_is_a_refusal_and_not_an_error() {
    let mut inbox = Inbox::open().await;
    let long = "å".repeat(125);
    inbox.put(&format!("{long}.xml"), "<nothing/>");
    inbox.put(&format!("{long}.json"), CONSUMER);
    inbox.put("latin.json", b"{\"comment\": \"\xe5\"}");
    inbox.put("latin.xml", document("1"));
    inbox.put("wide.json", " ".repeat(70_000));
    inbox.put("wide.xml", document("2"));
    let limit = 100 << 20;
    write_sparse(&inbox.house.path("inbox/huge.xml"), limit + 1);
    write_sparse(&inbox.house.path("inbox/huger.zip"), limit + 1);
    assert_eq!(inbox.look().await, 5);
    for (name, code) in [
        ("latin.xml", "metadata.unreadable"),
        ("wide.xml", "metadata.unreadable"),
        ("huge.xml", "xml.over_budget"),
        ("huger.zip", "archive.over_budget"),
    ] {
        let faults = inbox.faults(&format!("refused/{name}.faults.json"));
        assert!(faults.contains(code), "{name}: {faults}");
    }
    let refused = inbox.names("refused");
    assert_eq!(refused.iter().filter(|name| name.starts_with("ååå")).count(), 3, "{refused:?}");
    assert!(refused.contains(&format!("{long}.xml")) && inbox.names("taking").is_empty());
}

/// A document whose company's row is damaged fails again and again; the others do not notice.
#[tokio::test]
async fn a_document_that_fails_keeps_no_other_waiting() {
    let mut inbox = Inbox::open().await;
    inbox.house.meddle("UPDATE company SET sealed_key = x'00' WHERE org_number = '999002021'").await;
    inbox.put("a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    inbox.put("b.xml", document("2").replace("999002021", "988077917"));
    assert_eq!(inbox.look().await, 1);
    assert_eq!(inbox.names("accepted"), ["b.xml"]);
    let rests: usize = (0..MOST_TRIES - 1).map(|tries| (1 << tries) + 1).sum();
    for _ in 1..rests {
        inbox.look().await;
    }
    assert!(inbox.names("failed").is_empty() && inbox.names("taking").len() == 1, "it has one try left");
    inbox.look().await;
    assert_eq!(inbox.names("failed"), ["a.json", "a.xml", "a.xml.faults.json"]);
    assert!(inbox.names("taking").is_empty());
}

#[tokio::test]
async fn a_failing_document_that_is_mended_in_time_is_accepted_with_its_metadata() {
    let mut inbox = Inbox::open().await;
    inbox.house.meddle("UPDATE company SET settings = 'damaged' || settings").await;
    inbox.put("a.json", CONSUMER);
    inbox.put("a.xml", document("1"));
    assert_eq!(inbox.look().await, 0);
    inbox.house.meddle("UPDATE company SET settings = substr(settings, 8)").await;
    assert_eq!((inbox.look().await, inbox.look().await), (0, 1), "it rests for a look");
    assert_eq!(inbox.recipient_type("1").await, Some(RecipientType::Consumer));
}

#[tokio::test]
async fn a_database_that_is_away_is_no_documents_fault() {
    let mut inbox = Inbox::open().await;
    inbox.put("a.xml", document("1"));
    inbox.house.hub.close().await;
    for _ in 0..MOST_TRIES * 2 {
        assert!(inbox.intake.look(&inbox.house.hub, &go_on()).await.is_err());
    }
    assert!(inbox.names("failed").is_empty());
    assert_eq!(inbox.names("taking").len(), 1);
}

#[tokio::test]
async fn stop_is_heard_between_files() {
    let mut inbox = Inbox::open().await;
    inbox.put("a.xml", document("1"));
    let (stop, stopped) = watch::channel(false);
    stop.send(true).unwrap();
    assert_eq!(inbox.intake.look(&inbox.house.hub, &stopped).await.unwrap(), 0);
    assert!(inbox.house.path("inbox/a.xml").exists());
}

/// A name in the folder must not make us read what lies elsewhere.
#[tokio::test]
async fn links_are_not_followed() {
    let mut inbox = Inbox::open().await;
    inbox.put("elsewhere/secret", document("1"));
    std::os::unix::fs::symlink(inbox.house.path("inbox/elsewhere/secret"), inbox.house.path("inbox/a.xml")).unwrap();
    assert_eq!(inbox.look().await, 0);
    assert!(inbox.metadata("1").await.is_none());
}

/// The same name with other content is another document, and the answer to the first is not overwritten.
#[tokio::test]
async fn a_name_may_be_used_again() {
    let mut inbox = Inbox::open().await;
    for number in ["1", "2"] {
        inbox.put("a.xml", document(number));
        inbox.look().await;
    }
    assert_eq!(inbox.names("accepted"), ["2-a.xml", "a.xml"]);
    let moved = std::fs::read(inbox.house.path("inbox/accepted/2-a.xml")).unwrap();
    assert_eq!(sha256(&moved), sha256(document("2").as_bytes()));
}
