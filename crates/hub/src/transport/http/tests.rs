//! A peer that reads one request and answers as it is told, and what we make of it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use kvitt_adapters::route::{Escape, Piece};

/// A port that nobody listens on: it was free a moment ago.
async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Reads one request whole, says `answer`, and hangs up. Ends with what it heard; empty where nobody came.
async fn peer(answer: &'static [u8], tls: Option<TlsAcceptor>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let playing = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match tls {
            None => play(stream, answer).await,
            Some(tls) => match tls.accept(stream).await {
                Ok(stream) => play(stream, answer).await,
                Err(_) => String::new(),
            },
        }
    });
    (port, playing)
}

async fn play(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, answer: &[u8]) -> String {
    let mut heard = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap_or(0);
        heard.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&heard).into_owned();
        let body = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_ascii_lowercase(), body.len()));
        let whole = body.is_some_and(|(head, length)| {
            let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            length >= wanted.unwrap_or(0)
        });
        if whole || read == 0 {
            match answer {
                b"wait" => std::future::pending::<()>().await,
                said => {
                    let _ = stream.write_all(said).await;
                    let _ = stream.shutdown().await;
                }
            }
            return text;
        }
    }
}

fn settings(base: &str) -> Settings {
    Settings {
        base: Url::parse(base).unwrap(),
        login: Some(Login { user: "kvitt & co".into(), password: "hemmelig<1>".into() }),
        token: None,
        ca_file: None,
        timeout: Duration::from_secs(30),
        allowed: Allowed::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]),
    }
}

fn asked(path: &str) -> Asked {
    let pieces = vec![
        Piece::Text("<user>".into()),
        Piece::Secret(Secret::User),
        Piece::Text("</user><password>".into()),
        Piece::Secret(Secret::Password),
        Piece::Text("</password>".into()),
    ];
    let body = Body { media_type: "text/xml; charset=utf-8".into(), escape: Escape::Xml, pieces };
    Asked { method: Method::Post, path: path.into(), headers: vec![("SOAPAction".into(), "\"add\"".into())], body }
}

/// What is made of an answer, in one line.
async fn check(answer: &'static [u8], expected: &str) {
    let (port, playing) = peer(answer, None).await;
    let service = Service::new(settings(&format!("http://127.0.0.1:{port}/v1/"))).unwrap();
    let reply = service.ask(asked("")).await;
    assert_eq!(shown(&reply), expected, "{}", String::from_utf8_lossy(answer));
    playing.abort();
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Http { status, body, retry_after: None } => format!("{status} {body}"),
        Reply::Http { status, body, retry_after: Some(wait) } => format!("{status} {body} after {} s", wait.as_secs()),
        Reply::Silence { sent, what } => format!("{sent:?}: {what}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_answered_is_told_as_it_was() {
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ok").await;
    check(b"HTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\n<Fault>", "500 <Fault>").await;
    check(b"HTTP/1.1 503 Later\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", "503  after 120 s").await;
    // A redirect is an answer; whom it names is not asked.
    check(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "302 ").await;
    // Latin-1 is not what was agreed, and still readable.
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nb\xe5t", "200 b\u{fffd}t").await;
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_silence_about_something_sent() {
    let checks: [(&'static [u8], &str); 3] = [
        (b"", "Unknown: the connection broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", "Unknown: the answer (200) broke off"),
        (b"no HTTP at all\r\n\r\n", "Unknown: the connection broke"),
    ];
    for (answer, expected) in checks {
        let (port, playing) = peer(answer, None).await;
        let reply = Service::new(settings(&format!("http://127.0.0.1:{port}"))).unwrap().ask(asked("x")).await;
        assert!(shown(&reply).starts_with(expected), "{reply:?}");
        assert!(playing.await.unwrap().contains("<user>"));
    }
}

#[tokio::test]
async fn no_answer_in_time_is_silence_about_something_sent() {
    let (port, playing) = peer(b"wait", None).await;
    let mut settings = settings(&format!("http://127.0.0.1:{port}"));
    settings.timeout = Duration::from_millis(300);
    assert_eq!(shown(&Service::new(settings).unwrap().ask(asked("")).await), "Unknown: no answer in time");
    playing.abort();
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let playing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    });
    let reply = Service::new(settings(&format!("http://127.0.0.1:{port}"))).unwrap().ask(asked("")).await;
    assert_eq!(shown(&reply), "Unknown: the answer (200) is larger than 8 MB");
    playing.await.unwrap();
}

#[tokio::test]
async fn credentials_are_filled_in_escaped_and_never_shown() {
    let (port, playing) = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None).await;
    let service = Service::new(settings(&format!("http://127.0.0.1:{port}/v1"))).unwrap();
    service.ask(asked("status")).await;
    let heard = playing.await.unwrap();
    assert!(heard.starts_with("POST /v1/status HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("<user>kvitt &amp; co</user><password>hemmelig&lt;1&gt;</password>"), "{heard}");
    let head = heard.to_ascii_lowercase();
    for line in ["soapaction: \"add\"", "content-type: text/xml; charset=utf-8", "user-agent: kvitt/"] {
        assert!(head.contains(line), "{heard}");
    }
    assert!(!format!("{service:?}").contains("hemmelig"));
}

#[tokio::test]
async fn what_cannot_be_connected_to_got_nothing() {
    let gone = format!("http://127.0.0.1:{}", nobody().await);
    let reply = Service::new(settings(&gone)).unwrap().ask(asked("")).await;
    assert!(shown(&reply).starts_with("No: no connection"), "{reply:?}");
    let unknown = Service::new(settings("https://nowhere.invalid")).unwrap().ask(asked("")).await;
    assert!(shown(&unknown).starts_with("No: no connection"), "{unknown:?}");
}

#[tokio::test]
async fn a_name_that_leads_behind_our_own_door_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut settings = settings(&format!("https://localhost:{port}"));
    settings.allowed = Allowed::new(Vec::new());
    let service = Service::new(settings).unwrap();
    let reply = shown(&service.ask(asked("")).await);
    assert!(reply.starts_with("No: ") && reply.contains("is not a public address"), "{reply}");
    assert!(service.reach().await.unwrap_err().contains("is not a public address"));
    assert!(futures_util::FutureExt::now_or_never(listener.accept()).is_none(), "somebody connected");
}

#[test]
fn a_service_that_cannot_be_meant_is_refused_at_the_start() {
    let refused = |base: &str, networks: &[&str], expected: &str| {
        let mut settings = settings(base);
        settings.allowed = Allowed::new(networks.iter().map(|network| network.parse().unwrap()).collect());
        let why = Service::new(settings).unwrap_err();
        assert!(why.contains(expected), "{base}: {why}");
    };
    refused("ftp://mps.example/", &[], "https://");
    refused("https://kvitt@mps.example/", &[], "settings of their own");
    refused("https://mps.example/?a=b", &[], "more than host");
    refused("https://127.0.0.1/", &[], "not a public address");
    refused("https://[::ffff:10.0.0.1]/", &[], "not a public address");
    refused("https://193.212.1.1/", &["10.0.0.0/8"], "in none of the");
    refused("http://193.212.1.1/", &[], "without TLS");
}

#[test]
fn a_path_stays_below_the_base_address() {
    let base = Url::parse("https://mps.example/v1/").unwrap();
    let at = |path: &str| address(&base, path).map(String::from);
    assert_eq!(at(""), Ok("https://mps.example/v1/".into()));
    assert_eq!(at("status?id=1"), Ok("https://mps.example/v1/status?id=1".into()));
    assert_eq!(at("/status"), Ok("https://mps.example/v1/status".into()));
    assert_eq!(at("//other.example/"), Ok("https://mps.example/v1/other.example/".into()));
    assert!(at("../v2").is_err());
    let bare = Url::parse("https://mps.example").unwrap();
    assert_eq!(address(&bare, "@other.example").map(String::from), Ok("https://mps.example/@other.example".into()));
}

#[test]
fn a_service_says_how_long_to_wait_in_seconds_or_as_a_date() {
    let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let seconds = |text: &str| wait(text, now).map(|wait| wait.as_secs());
    assert_eq!(seconds(" 30 "), Some(30));
    assert_eq!(seconds("Sun, 22 Nov 2026 08:02:00 GMT"), Some(120));
    assert_eq!(seconds("Sun, 22 Nov 2026 07:00:00 GMT"), Some(0));
    assert_eq!(seconds("Fri, 01 Jan 2100 00:00:00 GMT"), Some(24 * 3600));
    assert_eq!(seconds("soon"), None);
    assert_eq!(seconds("-1"), None);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_ends_it_before_anything_was_said() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let acceptor = || {
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();

    let (port, playing) = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Some(acceptor())).await;
    let stranger = Service::new(settings(&format!("https://localhost:{port}"))).unwrap();
    let reply = shown(&stranger.ask(asked("")).await);
    assert!(reply.starts_with("No: no connection"), "{reply}");
    assert_eq!(playing.await.unwrap(), "");

    let (port, playing) = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Some(acceptor())).await;
    let mut trusting = settings(&format!("https://localhost:{port}"));
    trusting.ca_file = Some(file);
    let trusting = Service::new(trusting).unwrap();
    assert_eq!(shown(&trusting.ask(asked("")).await), "200 ok");
    assert!(playing.await.unwrap().contains("<password>"));
}
