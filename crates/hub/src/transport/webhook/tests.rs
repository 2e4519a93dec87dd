//! A receiver on a port of its own, and what becomes of a message on the way to it.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

fn networks(named: &[&str]) -> Vec<IpNet> {
    named.iter().map(|network| network.parse().unwrap()).collect()
}

/// Hears one message, says `answer`, and goes on saying nothing until the other side hangs up. Ends with what it heard.
async fn receiver(host: &str, port: u16, answer: &'static [u8]) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind((host, port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let playing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"{}") {
            let mut piece = [0; 4096];
            match stream.read(&mut piece).await {
                Ok(read @ 1..) => heard.extend_from_slice(&piece[..read]),
                _ => break,
            }
        }
        let _ = stream.write_all(answer).await;
        // Until it is read no more, or hung up: a part without end is let go.
        while answer.ends_with(b"endless") && stream.write_all(answer).await.is_ok() {}
        String::from_utf8(heard).unwrap()
    });
    (port, playing)
}

async fn post(poster: &Poster, address: &str) -> Reply {
    poster.post(address, &[("webhook-id".to_owned(), "msg_1".to_owned())], "{}".to_owned()).await
}

fn status(reply: &Reply) -> String {
    match reply {
        Reply::Http { status, body, retry_after } => {
            assert_eq!(body, "", "nothing of the answer is kept");
            format!("{status} {:?}", retry_after.map(|wait| wait.as_secs()))
        }
        Reply::Silence { sent, what } => format!("{sent:?}: {what}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn the_status_is_the_answer_and_no_redirect_is_followed() {
    let poster = Poster::new(Doors::of(networks(&["127.0.0.1/32"])), None).unwrap();
    for (answer, expected) in [
        (&b"HTTP/1.1 204 No Content\r\n\r\n"[..], "204 None"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "302 None"),
        (b"HTTP/1.1 503 Later\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", "503 Some(60)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nendless", "200 None"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbroken off", "200 None"),
        (b"", "Unknown: the connection broke"),
    ] {
        let (port, playing) = receiver("127.0.0.1", 0, answer).await;
        let reply = status(&post(&poster, &format!("http://127.0.0.1:{port}/hook?a=b")).await);
        assert!(reply.starts_with(expected), "{expected}: {reply}");
        let heard = playing.await.unwrap();
        assert!(heard.starts_with("POST /hook?a=b HTTP/1.1\r\n") && heard.contains("webhook-id: msg_1"), "{heard}");
    }
}

#[test]
fn addresses_that_may_be_named() {
    let check = |address: &str, named: &[&str], expected: Result<(), Unfit>| {
        assert_eq!(Doors::of(networks(named)).check(address).map(|_| ()), expected, "{address} with {named:?}");
    };
    check("https://erp.example/hooks", &[], Ok(()));
    check("https://erp.example:8443/hooks?token=a", &[], Ok(()));
    check("http://erp.example/hooks", &[], Err(Unfit::Network));
    // In the clear the name is only taken where networks are named; where it leads is looked at each time.
    check("http://erp.example/hooks", &["10.0.0.0/8"], Ok(()));
    check("https://193.212.1.1/", &["10.0.0.0/8"], Ok(()));
    check("http://193.212.1.1/", &["10.0.0.0/8"], Err(Unfit::Network));
    check("http://127.0.0.1:3000/", &["127.0.0.0/8"], Ok(()));
    for private in ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        check(&format!("https://{private}/"), &[], Err(Unfit::Network));
    }
    for wrong in ["", "erp.example", "ftp://erp.example/", "https://kari@erp.example/", "https://erp.example/#a", "https://"] {
        check(wrong, &[], Err(Unfit::Address));
    }
    check(&format!("https://erp.example/{}", "a".repeat(2_048)), &[], Err(Unfit::Address));
}

#[tokio::test]
async fn a_name_that_leads_behind_our_own_door_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let poster = Poster::new(Doors::of(vec![]), None).unwrap();
    let reply = status(&post(&poster, &format!("https://localhost:{port}/")).await);
    assert!(reply.starts_with("No: ") && reply.contains("has no address that webhooks may reach"), "{reply}");
    assert!(!reply.contains("127.0.0.1") && !reply.contains("::1"), "what a name leads to is the operator's: {reply}");
    let reply = status(&post(&poster, &format!("http://127.0.0.1:{port}/")).await);
    assert!(reply.starts_with("No: webhooks may not go"), "{reply}");
    assert!(listener.accept().now_or_never().is_none(), "somebody connected");
}

/// A name that leads to an allowed address when it is looked at, and to another one a moment later.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let (port, open) = receiver("127.0.0.1", 0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let behind = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let leads_to = Arc::new(Mutex::new(VecDeque::from(["127.0.0.1:0", "127.0.0.2:0", "127.0.0.2:0"])));
    let asked = leads_to.clone();
    let names: Names = Arc::new(move |_| {
        let next = asked.lock().unwrap().pop_front().map(|address| vec![address.parse().unwrap()]);
        async move { next.ok_or_else(|| "it was looked up too often".to_owned()) }.boxed()
    });
    let poster = Poster::with_names(Doors::of(networks(&["127.0.0.1/32"])), None, names).unwrap();
    let address = format!("http://erp.example:{port}/");
    assert_eq!(status(&post(&poster, &address).await), "200 None");
    open.await.unwrap();
    assert_eq!(leads_to.lock().unwrap().len(), 2, "what is connected to is what was looked up, once");
    let reply = status(&post(&poster, &address).await);
    assert!(reply.starts_with("No: ") && reply.contains("has no address that webhooks may reach"), "{reply}");
    assert!(behind.accept().now_or_never().is_none(), "somebody connected");
}
