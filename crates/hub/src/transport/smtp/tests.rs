//! The client against a scripted server on a real socket: each stage, each way to fail, and what the mark then says.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;

const LETTER: &[u8] = b"Subject: Faktura\r\n\r\n.en linje med punktum\r\n..\r\n.\r\nHilsen\r\n";

/// What the scripted server does, one line each: `S text` says, `C word` hears a command that begins so, `body` hears the
/// letter up to its dot, `tls` encrypts, `hang up` closes, `wait` says no more and keeps the connection open.
const TAKEN: [&str; 12] = [
    "S 220 mx.post.example ESMTP",
    "C EHLO kvitt.example",
    "S 250 mx.post.example",
    "C MAIL FROM:<bounces+1@retur.example>",
    "S 250 2.1.0 Ok",
    "C RCPT TO:<kare@post.example>",
    "S 250 2.1.5 Ok",
    "C DATA",
    "S 354 Go ahead",
    "body",
    "S 250 2.0.0 Ok: queued as 1",
    "C QUIT",
];

/// The lines of `TAKEN` on which the server speaks, and the stage that each answers.
const SPEAKS: [(usize, SmtpStage); 6] = [
    (0, SmtpStage::Greeting),
    (2, SmtpStage::Greeting),
    (4, SmtpStage::From),
    (6, SmtpStage::To),
    (8, SmtpStage::Data),
    (10, SmtpStage::Dot),
];

fn taken_until(end: usize, then: &[&str]) -> Vec<String> {
    TAKEN[..end].iter().chain(then).map(|line| (*line).to_owned()).collect()
}

fn script(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What the server heard.
#[derive(Debug, Default)]
struct Heard {
    bytes: Vec<u8>,
    body: Option<Vec<u8>>,
}

/// A server on a free port of this machine that plays a script once.
async fn peer(script: Vec<String>, acceptor: Option<TlsAcceptor>, dot_came: Arc<AtomicBool>) -> (u16, JoinHandle<Heard>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let playing = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        let mut wire: Wire = Box::new(stream);
        let mut heard = Heard::default();
        for line in &script {
            match line.split_at_checked(2) {
                Some(("S ", text)) => {
                    // The other side may be gone by now; then the script is over.
                    if wire.write_all(format!("{text}\r\n").as_bytes()).await.is_err() || wire.flush().await.is_err() {
                        return heard;
                    }
                }
                Some(("C ", expected)) => {
                    let Some(command) = hear(&mut wire, b"\r\n", &mut heard).await else { return heard };
                    let command = String::from_utf8_lossy(&command).into_owned();
                    assert!(command.starts_with(expected), "heard {command:?} instead of {expected:?}");
                }
                _ if line == "body" => {
                    let Some(body) = hear(&mut wire, b"\r\n.\r\n", &mut heard).await else { return heard };
                    dot_came.store(true, Ordering::SeqCst);
                    heard.body = Some(body);
                }
                _ if line == "tls" => {
                    let acceptor = acceptor.clone().expect("a script with TLS has a certificate");
                    match acceptor.accept(wire).await {
                        Ok(encrypted) => wire = Box::new(encrypted),
                        Err(_) => return heard,
                    }
                }
                _ if line == "hang up" => return heard,
                _ if line == "wait" => {
                    // Until the client gives up.
                    while hear(&mut wire, b"\n", &mut heard).await.is_some() {}
                }
                _ => panic!("{line:?} is no line of a script"),
            }
        }
        while hear(&mut wire, b"\n", &mut heard).await.is_some() {}
        heard
    });
    (port, playing)
}

/// Bytes up to and with `end`; `None` where the connection ended first.
async fn hear(wire: &mut Wire, end: &[u8], heard: &mut Heard) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        let mut byte = [0];
        if !matches!(wire.read(&mut byte).await, Ok(1)) {
            return None;
        }
        bytes.push(byte[0]);
        heard.bytes.push(byte[0]);
    }
    Some(bytes)
}

fn server(port: u16) -> MailServer {
    MailServer {
        host: "localhost".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        ca_file: None,
        hello: "kvitt.example".to_owned(),
    }
}

fn login() -> Option<Login> {
    Some(Login { user: "nordlys".to_owned(), password: "hemmelig-ord".to_owned() })
}

/// What came of a conversation: the reply, how often the mark was made, what the server heard.
struct Outcome {
    reply: Reply,
    marks: u32,
    heard: Heard,
}

async fn play(
    script: Vec<String>,
    patience: Patience,
    acceptor: Option<TlsAcceptor>,
    change: impl FnOnce(&mut MailServer),
) -> Outcome {
    let dot_came = Arc::new(AtomicBool::new(false));
    let (port, playing) = peer(script.clone(), acceptor, Arc::clone(&dot_came)).await;
    let mut server = server(port);
    // The name may mean the IPv6 loopback first; the script listens on the other one.
    server.host = "127.0.0.1".to_owned();
    change(&mut server);
    let marks = Cell::new(0);
    let envelope = Envelope { from: "bounces+1@retur.example", to: "kare@post.example" };
    let reply = deliver_within(&server, patience, envelope, LETTER, async || {
        assert!(!dot_came.load(Ordering::SeqCst), "the dot came before the mark");
        marks.set(marks.get() + 1);
        Ok::<(), ()>(())
    })
    .await
    .expect("the mark was written");
    let heard = playing.await.expect("the script was played as written");
    // Whatever happens: after the mark "certainly unsent" is never said, and before it never anything else.
    let after_the_mark = matches!(reply, Reply::Silence { sent: Sent::Unknown, .. } | Reply::Smtp { stage: SmtpStage::Dot, .. });
    assert_eq!(marks.get(), u32::from(after_the_mark), "{script:?}: {reply:?}");
    Outcome { reply, marks: marks.get(), heard }
}

async fn plainly(script: Vec<String>) -> Outcome {
    play(script, Patience::USUAL, None, |_| {}).await
}

fn smtp(stage: SmtpStage, code: u16, text: &str) -> Reply {
    Reply::Smtp { stage, code, text: text.to_owned() }
}

fn silence_of(reply: &Reply) -> Option<Sent> {
    match reply {
        Reply::Silence { sent, .. } => Some(*sent),
        Reply::Smtp { .. } | Reply::Http { .. } | Reply::Placed | Reply::Seen { .. } => None,
    }
}

#[tokio::test]
async fn a_letter_is_taken() {
    let outcome = plainly(script(&TAKEN)).await;
    assert_eq!(outcome.reply, smtp(SmtpStage::Dot, 250, "2.0.0 Ok: queued as 1"));
    assert_eq!(outcome.marks, 1);
    assert_eq!(unstuffed(&outcome.heard.body.expect("a body")), LETTER);
}

#[tokio::test]
async fn a_refusal_at_any_stage_is_told_with_its_stage() {
    for (line, stage) in SPEAKS {
        for (said, code, text) in [
            ("S 421 4.3.2 Later", 421, "4.3.2 Later"),
            ("S 550 5.1.1 No", 550, "5.1.1 No"),
            ("S 554", 554, ""),
            ("S 550-5.7.1 a\r\n550 5.7.1 b", 550, "5.7.1 a\n5.7.1 b"),
        ] {
            let outcome = plainly(taken_until(line, &[said])).await;
            assert_eq!(outcome.reply, smtp(stage, code, text));
        }
    }
}

#[tokio::test]
async fn nonsense_at_any_stage_has_code_zero() {
    for (line, stage) in SPEAKS {
        for said in ["S ?????", "S 99 Ok", "S 2500 Ok", "S 250-a\r\n251 b", "S 650 Ok", "S ", "S 150 Ok"] {
            let reply = plainly(taken_until(line, &[said])).await.reply;
            assert!(matches!(reply, Reply::Smtp { stage: at, code: 0, .. } if at == stage), "{said:?}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_drop_is_certainly_unsent_before_the_dot_and_unknown_after_it() {
    for (line, stage) in SPEAKS {
        let sent = if stage == SmtpStage::Dot { Sent::Unknown } else { Sent::No };
        // At once, and in the middle of a reply of several lines.
        for last in [vec!["hang up"], vec!["S 250-and", "hang up"]] {
            let reply = plainly(taken_until(line, &last)).await.reply;
            assert_eq!(silence_of(&reply), Some(sent), "{stage:?}: {reply:?}");
        }
    }
}

/// Where the server hangs up while the letter comes, either side may be first; `play` checks that the mark and the word agree.
#[tokio::test]
async fn a_drop_while_the_letter_comes_is_never_called_sent() {
    let reply = plainly(taken_until(9, &["hang up"])).await.reply;
    assert!(silence_of(&reply).is_some(), "{reply:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let soon = Duration::from_millis(20);
    for (line, stage) in SPEAKS {
        let (patience, sent) = match stage {
            SmtpStage::Dot => (Patience { dot: soon, ..Patience::USUAL }, Sent::Unknown),
            _ => (Patience { reply: soon, ..Patience::USUAL }, Sent::No),
        };
        let reply = play(taken_until(line, &["wait"]), patience, None, |_| {}).await.reply;
        assert_eq!(silence_of(&reply), Some(sent), "{stage:?}: {reply:?}");
    }
}

#[tokio::test]
async fn an_endless_reply_is_cut_off() {
    let line = format!("S 220-{}", "x".repeat(2 * LONGEST_REPLY));
    let reply = plainly(vec![line]).await.reply;
    assert!(matches!(reply, Reply::Smtp { stage: SmtpStage::Greeting, code: 0, .. }), "{reply:?}");
    let lines: Vec<String> = (0..LONGEST_REPLY / 8).map(|_| "S 220-more".to_owned()).collect();
    let reply = plainly(lines).await.reply;
    assert!(matches!(reply, Reply::Smtp { stage: SmtpStage::Greeting, code: 0, .. }), "{reply:?}");
}

#[tokio::test]
async fn without_the_mark_the_server_hears_the_letter_but_no_end() {
    let (port, playing) = peer(script(&TAKEN), None, Arc::default()).await;
    let server = MailServer { host: "127.0.0.1".to_owned(), ..server(port) };
    let failed = deliver(&server, "bounces+1@retur.example", "kare@post.example", LETTER, async || Err(())).await;
    assert_eq!(failed, Err(()));
    let heard = playing.await.expect("the script was played as far as it went");
    assert!(heard.body.is_none(), "no final dot came");
    assert!(heard.bytes.ends_with(b"Hilsen\r\n"), "the letter came, and after it nothing");
}

#[tokio::test]
async fn nobody_there_is_silence() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let server = MailServer { host: "127.0.0.1".to_owned(), ..server(port) };
    let reply =
        deliver(&server, "a@b.example", "c@d.example", LETTER, async || -> Result<(), ()> { panic!("nothing to commit") }).await;
    assert_eq!(silence_of(&reply.expect("no mark was made")), Some(Sent::No));
}

#[tokio::test]
async fn an_address_that_is_none_says_nothing_to_the_server() {
    let (port, playing) = peer(script(&["S 220 mx", "wait"]), None, Arc::default()).await;
    let server = MailServer { host: "127.0.0.1".to_owned(), ..server(port) };
    let reply = deliver(&server, "a@b.example", "c@d.example>\r\nRCPT TO:<e@f.example", LETTER, async || Ok::<(), ()>(())).await;
    assert_eq!(silence_of(&reply.expect("no mark was made")), Some(Sent::No));
    assert!(playing.await.expect("played").bytes.is_empty());
}

const LOGS_IN: [&str; 5] =
    ["S 220 mx", "C EHLO", "S 250-mx\r\n250 auth=login plain", "C AUTH PLAIN AG5vcmRseXMAaGVtbWVsaWctb3Jk", "S 235 2.7.0 Ok"];

#[tokio::test]
async fn a_login_is_given_to_this_machine_without_tls() {
    let mut lines = script(&LOGS_IN);
    lines.extend(TAKEN[3..].iter().map(|line| (*line).to_owned()));
    let outcome = play(lines, Patience::USUAL, None, |server| server.login = login()).await;
    assert_eq!(outcome.reply, smtp(SmtpStage::Dot, 250, "2.0.0 Ok: queued as 1"));
}

#[tokio::test]
async fn the_older_login_asks_twice() {
    let asks = [
        "S 220 mx",
        "C EHLO",
        "S 250-mx\r\n250 AUTH LOGIN",
        "C AUTH LOGIN",
        "S 334 VXNlcm5hbWU6",
        "C bm9yZGx5cw==",
        "S 334 UGFzc3dvcmQ6",
        "C aGVtbWVsaWctb3Jk",
        "S 535 5.7.8 No",
    ];
    let outcome = play(script(&asks), Patience::USUAL, None, |server| server.login = login()).await;
    assert_eq!(outcome.reply, smtp(SmtpStage::Auth, 535, "5.7.8 No"));
}

#[tokio::test]
async fn a_server_without_a_login_that_we_know_is_left() {
    let outcome = play(script(&["S 220 mx", "C EHLO", "S 250-mx\r\n250 AUTH GSSAPI", "wait"]), Patience::USUAL, None, |server| {
        server.login = login()
    })
    .await;
    assert_eq!(silence_of(&outcome.reply), Some(Sent::No));
}

#[tokio::test]
async fn a_password_is_not_sent_to_another_machine_in_the_clear() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    theirs.write_all(b"220 mx\r\n250-mx\r\n250 AUTH PLAIN\r\n").await.expect("room");
    let mut conversation = Conversation { wire: Box::new(ours), heard: vec![], patience: Patience::USUAL };
    let server = MailServer { login: login(), ..server(25) };
    let envelope = Envelope { from: "a@b.example", to: "c@d.example" };
    let refused = conversation.introduce(&server, Place::Elsewhere, envelope).await.expect_err("refused");
    assert_eq!(silence_of(&refused), Some(Sent::No));
    drop(conversation);
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.expect("text");
    assert_eq!(heard, "EHLO kvitt.example\r\n");
}

/// A certificate for `localhost`, and the file that makes it trusted.
fn certificate() -> (TlsAcceptor, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a usable certificate");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), made.cert.pem()).expect("written");
    (TlsAcceptor::from(Arc::new(config)), file)
}

/// The scripts listen on IPv4, and `localhost` is tried at every address that it has.
fn encrypted(tls: Tls, ca_file: Option<&tempfile::NamedTempFile>) -> impl FnOnce(&mut MailServer) {
    let ca_file = ca_file.map(|file| file.path().to_owned());
    move |server| {
        server.host = "localhost".to_owned();
        server.tls = tls;
        server.ca_file = ca_file;
        server.login = login();
    }
}

#[tokio::test]
async fn a_letter_goes_encrypted_from_the_first_byte() {
    let (acceptor, ca_file) = certificate();
    let mut lines = script(&["tls"]);
    lines.extend(script(&LOGS_IN));
    lines.extend(TAKEN[3..].iter().map(|line| (*line).to_owned()));
    let outcome = play(lines, Patience::USUAL, Some(acceptor), encrypted(Tls::Implicit, Some(&ca_file))).await;
    assert_eq!(outcome.reply, smtp(SmtpStage::Dot, 250, "2.0.0 Ok: queued as 1"));
}

#[tokio::test]
async fn a_letter_goes_after_starttls_and_a_second_hello() {
    let (acceptor, ca_file) = certificate();
    let mut lines = script(&["S 220 mx", "C EHLO", "S 250-mx\r\n250 starttls", "C STARTTLS", "S 220 Go ahead", "tls"]);
    lines.extend(script(&LOGS_IN[1..]));
    lines.extend(TAKEN[3..].iter().map(|line| (*line).to_owned()));
    let outcome = play(lines, Patience::USUAL, Some(acceptor), encrypted(Tls::StartTls, Some(&ca_file))).await;
    assert_eq!(outcome.reply, smtp(SmtpStage::Dot, 250, "2.0.0 Ok: queued as 1"));
}

#[tokio::test]
async fn a_stranger_with_a_certificate_of_their_own_gets_nothing() {
    let (acceptor, _) = certificate();
    let (_, another) = certificate();
    let outcome = play(script(&["tls", "wait"]), Patience::USUAL, Some(acceptor), encrypted(Tls::Implicit, Some(&another))).await;
    assert_eq!(silence_of(&outcome.reply), Some(Sent::No));
    assert!(outcome.heard.bytes.is_empty());
}

#[tokio::test]
async fn a_stripped_starttls_is_refused() {
    let stripped = script(&["S 220 mx", "C EHLO", "S 250-mx\r\n250 AUTH PLAIN", "wait"]);
    let outcome = play(stripped, Patience::USUAL, None, encrypted(Tls::StartTls, None)).await;
    assert_eq!(silence_of(&outcome.reply), Some(Sent::No));
    assert_eq!(outcome.heard.bytes, b"EHLO kvitt.example\r\n");
}

#[tokio::test]
async fn words_put_before_the_encryption_are_refused() {
    let (acceptor, ca_file) = certificate();
    let injected = script(&[
        "S 220 mx",
        "C EHLO",
        "S 250-mx\r\n250 STARTTLS",
        "C STARTTLS",
        "S 220 Go ahead\r\n250-mx\r\n250 AUTH PLAIN",
        "wait",
    ]);
    let outcome = play(injected, Patience::USUAL, Some(acceptor), encrypted(Tls::StartTls, Some(&ca_file))).await;
    assert_eq!(silence_of(&outcome.reply), Some(Sent::No));
}

#[test]
fn a_password_is_never_shown() {
    let server = MailServer { login: login(), ..server(25) };
    assert!(!format!("{server:?}").contains("hemmelig"), "{server:?}");
}

/// What a server makes of a body that ended with a dot of its own.
fn unstuffed(body: &[u8]) -> Vec<u8> {
    let text = body.strip_suffix(b".\r\n").expect("the final dot");
    let mut letter = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        letter.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    letter
}

#[test]
fn dots_and_line_ends() {
    for (message, stuffed) in [
        ("", ""),
        ("a", "a\r\n"),
        (".", "..\r\n"),
        (".\r\n", "..\r\n"),
        ("a\n.\nb", "a\r\n..\r\nb\r\n"),
        ("a\r.\r", "a\r\n..\r\n"),
        ("a.b\r\n..c\r\n", "a.b\r\n...c\r\n"),
        ("\r\n\r\n", "\r\n\r\n"),
        ("a\r\r\nb", "a\r\n\r\nb\r\n"),
    ] {
        assert_eq!(String::from_utf8_lossy(&dot_stuffed(message.as_bytes())), stuffed, "{message:?}");
    }
}

proptest! {
    /// The server reads the letter that was meant, and cannot see its end too early, whatever it takes for a line.
    #[test]
    fn stuffing_can_be_undone(message in prop::collection::vec(prop::sample::select(b".\r\na".to_vec()), 0..40)) {
        let mut body = dot_stuffed(&message);
        let bare = |at: usize| body[at] == b'\n' && at.checked_sub(1).is_none_or(|before| body[before] != b'\r');
        prop_assert!(!(0..body.len()).any(bare), "no bare line feed");
        prop_assert!(!body.starts_with(b".\r\n") && !body.windows(5).any(|window| window == b"\r\n.\r\n"));
        body.extend_from_slice(b".\r\n");
        let mut meant = String::from_utf8_lossy(&message).replace("\r\n", "\n").replace('\r', "\n");
        if !meant.is_empty() && !meant.ends_with('\n') {
            meant.push('\n');
        }
        let read = unstuffed(&body);
        prop_assert_eq!(String::from_utf8_lossy(&read), meant.replace('\n', "\r\n"));
    }

    /// Replies are read the same however the network cuts them, and no bytes are too odd.
    #[test]
    fn replies_are_read_whole(bytes in prop::collection::vec(prop::sample::select(b"250-4 \r\nx\xff".to_vec()), 0..60)) {
        let mut whole = bytes.clone();
        let mut at_once = Vec::new();
        while let Some(said) = take_reply(&mut whole) {
            at_once.push(said);
        }
        let mut heard = Vec::new();
        let mut bit_by_bit = Vec::new();
        for byte in bytes {
            heard.push(byte);
            bit_by_bit.extend(take_reply(&mut heard));
        }
        prop_assert_eq!(at_once, bit_by_bit);
        prop_assert_eq!(whole, heard);
    }
}
