//! Messages in a Maildir: each ends in the folder that says what became of it, and none keeps another waiting.

use kvitt_domain::delivery::AttemptId;
use kvitt_hub::jobs::watch::MOST_TRIES;
use kvitt_hub::jobs::watch::bounces::Mailbox;
use kvitt_hub::store::event;
use tokio::sync::watch;

use super::{House, go_on, names, write, write_sparse};
use crate::sample;

const MEGABYTE: u64 = 1 << 20;

struct Post {
    house: House,
    mailbox: Mailbox,
}

impl Post {
    async fn open() -> Post {
        let house = House::open().await;
        let mailbox = Mailbox::new(house.path("mail"));
        Post { house, mailbox }
    }

    fn put(&self, name: &str, message: &str) {
        write(&self.house.path("mail/new").join(name), message);
    }

    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.house.path("mail").join(folder))
    }

    async fn look(&mut self) -> usize {
        self.mailbox.look(&self.house.hub, &go_on()).await.unwrap()
    }

    /// The kinds of events that were told about the invoice.
    async fn told(&self) -> Vec<String> {
        let (hub, seller) = (&self.house.hub, &self.house.seller);
        let mut db = hub.db().read().await.unwrap();
        let events = event::of_subject(&mut db, &seller.id, &seller.key, "i1").await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

/// What a person writes to the address that bounces come to.
fn letter(to: &str) -> String {
    format!("From: Kåre <kare@post.example>\r\nTo: {to}\r\nSubject: Hei\r\n\r\nHemmelig spørsmål om fakturaen\r\n")
}

pub fn bounce(attempt: AttemptId) -> String {
    format!(
        "From: MAILER-DAEMON@mx.post.example\r\nTo: bounces+{attempt}@retur.example\r\nSubject: Undelivered\r\n\
         Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.post.example\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
}

/// The limit is the reader's own; and what is over it does not use up the messages of a look.
#[tokio::test]
async fn large_messages_move_aside_and_block_nothing() {
    let mut post = Post::open().await;
    for number in 0..300 {
        write_sparse(&post.house.path("mail/new").join(format!("0.{number}")), 32 * MEGABYTE + 1);
    }
    post.put("1.large", &format!("{}{}", letter("x@retur.example"), "x".repeat(5 << 20)));
    assert_eq!(post.look().await, 1);
    assert_eq!((post.names("kept").len(), post.names("strays").len()), (300, 1));
    assert!(post.names("new").is_empty());
}

#[tokio::test]
async fn a_message_that_fails_keeps_no_other_waiting() {
    let mut post = Post::open().await;
    post.house.send(sample::attempt(1)).await;
    post.house.meddle("UPDATE company SET sealed_key = x'00' WHERE org_number = '999002021'").await;
    post.put("1.bad", &bounce(sample::attempt(1)));
    post.put("2.good", &bounce(sample::attempt(2)));
    assert_eq!(post.look().await, 1);
    assert_eq!(post.names("new"), ["1.bad"]);
    let rests: usize = (0..MOST_TRIES - 1).map(|tries| (1 << tries) + 1).sum();
    for _ in 0..rests {
        post.look().await;
    }
    assert_eq!(post.names("failed"), ["1.bad", "1.bad.faults.json"]);
    assert!(post.names("new").is_empty());
}

/// It may be a bounce that no program of ours understands: without this the invoice would stay "handed over" for ever.
#[tokio::test]
async fn what_names_an_attempt_but_cannot_be_understood_is_told_to_a_person_once() {
    let mut post = Post::open().await;
    post.house.send(sample::attempt(1)).await;
    let message = letter(&format!("bounces+{}@retur.example", sample::attempt(1)));
    for name in ["1.first", "2.again"] {
        post.put(name, &message);
        assert_eq!(post.look().await, 1);
        assert_eq!(post.told().await, ["person.told"]);
    }
    assert_eq!(post.names("cur"), ["1.first:2,S", "2.again:2,S"]);
    assert_eq!(post.house.hub.status().await.unwrap().strays, 1);
    let database = std::fs::read(post.house.path("data/kvitt.db-wal")).unwrap();
    assert!(!database.windows(8).any(|bytes| bytes == b"Hemmelig"), "it is sealed");
}

#[tokio::test]
async fn what_names_no_attempt_of_ours_lies_among_the_strays() {
    let mut post = Post::open().await;
    post.put("1.nobody", &letter("bounces@retur.example"));
    post.put("2.unknown", &letter(&format!("bounces+{}@retur.example", sample::attempt(7))));
    post.put("3.bounce", &bounce(sample::attempt(7)));
    assert_eq!(post.look().await, 3);
    assert_eq!(post.names("strays"), ["1.nobody", "2.unknown", "3.bounce"]);
}

#[tokio::test]
async fn where_no_more_strays_have_room_the_message_is_kept_in_the_mailbox() {
    let mut post = Post::open().await;
    post.house.send(sample::attempt(1)).await;
    let flood = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
        INSERT INTO stray (company_id, digest, door, content, why, at) SELECT 'c', 'd' || n, 'bounces', x'00', '', 0 FROM n";
    post.house.meddle(flood).await;
    post.put("1.told", &letter(&format!("bounces+{}@retur.example", sample::attempt(1))));
    for number in 0..10_000 {
        write(&post.house.path("mail/strays").join(number.to_string()), "");
    }
    post.put("2.nobody", &letter("bounces@retur.example"));
    post.look().await;
    assert_eq!(post.names("kept"), ["1.told", "2.nobody"]);
    assert!(post.told().await.is_empty());
}

#[tokio::test]
async fn stop_is_heard_between_messages() {
    let mut post = Post::open().await;
    post.put("1.nobody", &letter("bounces@retur.example"));
    let (stop, stopped) = watch::channel(false);
    stop.send(true).unwrap();
    assert_eq!(post.mailbox.look(&post.house.hub, &stopped).await.unwrap(), 0);
    assert_eq!(post.names("new"), ["1.nobody"]);
}
