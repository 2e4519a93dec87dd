//! One letter by SMTP (RFC 5321), with a durable mark just before the point of no return.
//!
//! A mail server cannot be asked afterwards whether it took a letter. What can be known is on which side of the final dot a
//! connection broke: before it the letter is certainly unsent, after it nobody knows. So the body is written first, then the
//! caller writes down that the dot is about to go (*committing*), then the dot goes. Libraries write body and dot as one, which
//! is why the conversation is held here; commands and logins are lettre's.
//!
//! Nothing here decides what a reply means: that is `kvitt_adapters::routes::email::outcome`. Network trouble is no error but
//! [`Reply::Silence`].

use std::path::PathBuf;
use std::time::Duration;

use kvitt_adapters::route::{Reply, Sent, SmtpStage};
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Code, Detail, Response, Severity};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::transport::trust::trust;

/// A mail server that takes our letters.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its name or address; with TLS, the name that its certificate must carry.
    pub host: String,
    /// Usually 587 with STARTTLS, 465 with TLS at once, 25 without.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Who we say we are, where the server wants to know.
    pub login: Option<Login>,
    /// Certificates (PEM) that are trusted besides those of the operating system. Read once per process.
    pub ca_file: Option<PathBuf>,
    /// The name that we give in EHLO: ours, fully qualified.
    pub hello: String,
}

/// How a connection to a mail server is protected. There is no "if possible": a stripped STARTTLS must not go unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all. A login is then given only to this very machine.
    None,
    /// After STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// A user name and a password.
#[derive(Clone)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password. Never shown, never logged.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"***").finish()
    }
}

/// The longest that [`deliver`] takes beside the caller's own mark: a lease on the work must be longer than twice this.
pub const LONGEST: Duration = Duration::from_secs(BEFORE_THE_DOT.as_secs() + DOT.as_secs() + GOODBYE.as_secs());

/// Everything up to the final dot together. A letter that is not through by then is certainly unsent, and is tried again.
const BEFORE_THE_DOT: Duration = Duration::from_secs(5 * 60);

/// Connecting, all addresses of the name and the TLS handshake included: longer waits are for dead machines.
const CONNECT: Duration = Duration::from_secs(30);

/// One reply before the final dot. RFC 5321 §4.5.3.2 has five minutes, for hosts that look up names while we wait; to give up
/// earlier costs only another try.
const REPLY: Duration = Duration::from_secs(60);

/// The reply to the final dot: the ten minutes of RFC 5321 §4.5.3.2.6, in full, because to give up here is to be in doubt.
const DOT: Duration = Duration::from_secs(10 * 60);

/// QUIT is politeness: the letter's fate is known by then.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long to look for a reply on a connection that broke: it has come already or never will.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// RFC 5321 §4.5.3.1.5 has 512 octets for a reply line and names no number of lines; a stranger gets this much memory.
const LONGEST_REPLY: usize = 32 * 1024;

/// The body is written in pieces, so that a server that stops reading is noticed by the deadline and not by full buffers.
const PIECE: usize = 64 * 1024;

/// Sends one letter, and answers what the server said last, or that it said nothing.
///
/// `from` and `to` are the envelope's addresses, `message` the bytes of the letter without dot-stuffing. `committing` is called
/// once, after the body and before the final dot; it must have written durably that the letter may be sent from now on. Its
/// error is the only error: the dot is then not sent and the connection is dropped. Every kind of network trouble is
/// [`Reply::Silence`]: [`Sent::No`] before the mark, [`Sent::Unknown`] after it.
pub async fn deliver<F, E>(server: &MailServer, from: &str, to: &str, message: &[u8], committing: F) -> Result<Reply, E>
where
    F: AsyncFnOnce() -> Result<(), E>,
{
    deliver_within(server, Patience::USUAL, Envelope { from, to }, message, committing).await
}

/// How long is waited; tests are less patient.
#[derive(Debug, Clone, Copy)]
struct Patience {
    reply: Duration,
    dot: Duration,
}

impl Patience {
    const USUAL: Patience = Patience { reply: REPLY, dot: DOT };
}

/// Who sends and who receives, as the servers see it.
#[derive(Debug, Clone, Copy)]
struct Envelope<'a> {
    from: &'a str,
    to: &'a str,
}

async fn deliver_within<F, E>(
    server: &MailServer,
    patience: Patience,
    envelope: Envelope<'_>,
    message: &[u8],
    committing: F,
) -> Result<Reply, E>
where
    F: AsyncFnOnce() -> Result<(), E>,
{
    let before = timeout(BEFORE_THE_DOT, up_to_the_dot(server, patience, envelope, message)).await;
    let mut conversation = match before {
        Ok(Ok(conversation)) => conversation,
        Ok(Err(last_word)) => return Ok(last_word),
        Err(_) => return Ok(unsent("the letter was not through in time")),
    };
    // On an error the conversation is dropped here, and with it the connection: without its dot the letter does not count.
    committing().await?;
    Ok(conversation.finish().await)
}

/// Everything before the mark. The error is the reply or the silence that ended it.
async fn up_to_the_dot(
    server: &MailServer,
    patience: Patience,
    envelope: Envelope<'_>,
    message: &[u8],
) -> Result<Conversation, Reply> {
    let (mut conversation, place) = connect(server, patience).await?;
    match conversation.introduce(server, place, envelope).await {
        Ok(()) => {}
        Err(last_word) => {
            conversation.leave_after(&last_word).await;
            return Err(last_word);
        }
    }
    conversation.write_body(message).await?;
    Ok(conversation)
}

/// Where the other end is, which decides whether a password may go in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    ThisMachine,
    Elsewhere,
}

async fn connect(server: &MailServer, patience: Patience) -> Result<(Conversation, Place), Reply> {
    let stream = timeout(CONNECT, TcpStream::connect((server.host.as_str(), server.port)))
        .await
        .map_err(|_| unsent("no connection in time"))?
        .map_err(|cause| unsent(format!("no connection: {cause}")))?;
    let is_here = stream.peer_addr().is_ok_and(|address| address.ip().is_loopback());
    // Commands are small and wait for replies: without this each could wait for the acknowledgement of the one before.
    stream.set_nodelay(true).map_err(|cause| unsent(format!("no connection: {cause}")))?;
    let wire: Wire = match server.tls {
        Tls::Implicit => encrypt(Box::new(stream), server).await?,
        Tls::None | Tls::StartTls => Box::new(stream),
    };
    let place = if is_here { Place::ThisMachine } else { Place::Elsewhere };
    Ok((Conversation { wire, heard: Vec::new(), patience }, place))
}

/// A connection, encrypted or not.
type Wire = Box<dyn Connection>;
trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

async fn encrypt(wire: Wire, server: &MailServer) -> Result<Wire, Reply> {
    let config = trust(server.ca_file.as_deref()).map_err(|why| unsent(format!("TLS: {why}")))?;
    let name = ServerName::try_from(server.host.clone()).map_err(|cause| unsent(format!("TLS: {}: {cause}", server.host)))?;
    let handshake = timeout(CONNECT, TlsConnector::from(config).connect(name, wire)).await;
    let encrypted =
        handshake.map_err(|_| unsent("TLS: no handshake in time"))?.map_err(|cause| unsent(format!("TLS: {cause}")))?;
    Ok(Box::new(encrypted))
}

/// A conversation with one server, at some point of it.
struct Conversation {
    wire: Wire,
    /// Bytes that came and were not yet read as a reply.
    heard: Vec<u8>,
    patience: Patience,
}

impl Conversation {
    /// From the greeting to the server's "go ahead" for the letter.
    async fn introduce(&mut self, server: &MailServer, place: Place, envelope: Envelope<'_>) -> Result<(), Reply> {
        let sender = address(envelope.from)?;
        let recipient = address(envelope.to)?;
        self.expect(SmtpStage::Greeting).await?;
        let mut features = self.hello(server).await?;
        if server.tls == Tls::StartTls {
            if !features.has("STARTTLS") {
                return Err(unsent("the server offers no STARTTLS, without which nothing is sent to it"));
            }
            self.start_tls(server).await?;
            // RFC 3207 §4.2: what was said before the encryption does not count.
            features = self.hello(server).await?;
        }
        if let Some(login) = &server.login {
            if server.tls == Tls::None && place == Place::Elsewhere {
                return Err(unsent("a password is not sent to another machine without TLS"));
            }
            self.log_in(login, &features).await?;
        }
        self.say(SmtpStage::From, Mail::new(Some(sender), vec![])).await?;
        self.say(SmtpStage::To, Rcpt::new(recipient, vec![])).await?;
        self.write(Data.to_string().as_bytes()).await?;
        match self.reply(SmtpStage::Data).await? {
            Said { code: 354, .. } => Ok(()),
            other => Err(other.at(SmtpStage::Data)),
        }
    }

    async fn hello(&mut self, server: &MailServer) -> Result<Features, Reply> {
        let said = self.say(SmtpStage::Greeting, Ehlo::new(ClientId::Domain(server.hello.clone()))).await?;
        Ok(Features(said.text.lines().skip(1).map(str::to_ascii_uppercase).collect()))
    }

    async fn start_tls(&mut self, server: &MailServer) -> Result<(), Reply> {
        self.say(SmtpStage::Greeting, Starttls).await?;
        if !self.heard.is_empty() {
            // Somebody on the way puts words into the server's mouth, to be read as if they had come encrypted.
            return Err(unsent("the server said more in the clear after it agreed to encrypt"));
        }
        let clear = std::mem::replace(&mut self.wire, Box::new(tokio::io::empty()));
        self.wire = encrypt(clear, server).await?;
        Ok(())
    }

    async fn log_in(&mut self, login: &Login, features: &Features) -> Result<(), Reply> {
        let credentials = Credentials::new(login.user.clone(), login.password.clone());
        let mechanism =
            [(Mechanism::Plain, "PLAIN"), (Mechanism::Login, "LOGIN")].into_iter().find(|(_, name)| features.has_auth(name));
        let Some((mechanism, _)) = mechanism else {
            return Err(unsent("the server offers no login that we know (PLAIN, LOGIN)"));
        };
        let odd = |cause: lettre::transport::smtp::Error| unsent(format!("the login cannot be held: {cause}"));
        let mut command = Auth::new(mechanism, credentials.clone(), None).map_err(odd)?;
        // LOGIN asks for the name and for the password; a server that asks a third time does not know what it wants.
        for _ in 0..3 {
            self.write(command.to_string().as_bytes()).await?;
            let said = self.reply(SmtpStage::Auth).await?;
            match said.code {
                200..=299 => return Ok(()),
                334 => {
                    let code = Code::new(Severity::PositiveIntermediate, Category::Unspecified3, Detail::Four);
                    let challenge = Response::new(code, vec![said.text]);
                    command = Auth::new_from_response(mechanism, credentials.clone(), &challenge).map_err(odd)?;
                }
                _ => return Err(said.at(SmtpStage::Auth)),
            }
        }
        Err(unsent("the server asks for the login again and again"))
    }

    /// The letter without its final dot. Afterwards nothing but that dot may be said: anything else would be more letter.
    async fn write_body(&mut self, message: &[u8]) -> Result<(), Reply> {
        let stuffed = dot_stuffed(message);
        for piece in stuffed.chunks(PIECE) {
            if let Err(broken) = self.write(piece).await {
                // A server that finds a letter too large may say so and hang up; what it said is worth more than the break.
                return Err(self.said_early(LAST_WORDS).await.unwrap_or(broken));
            }
        }
        // A server that hung up, or refused, while the letter was on its way is found out now, when it costs no doubt.
        self.said_early(Duration::ZERO).await.map_or(Ok(()), Err)
    }

    /// What came before the final dot, where nothing should come: a reply or the end of the connection.
    async fn said_early(&mut self, wait: Duration) -> Option<Reply> {
        match timeout(wait, self.reply(SmtpStage::Data)).await {
            Ok(Ok(early)) => Some(early.at(SmtpStage::Data)),
            Ok(Err(silence)) => Some(silence),
            Err(_) => None,
        }
    }

    /// The final dot and what is said to it. Whatever goes wrong from here on, the letter may have been taken.
    async fn finish(&mut self) -> Reply {
        let patience = self.patience.dot;
        let last_word = async {
            self.wire.write_all(b".\r\n").await?;
            self.wire.flush().await?;
            self.next_reply().await
        };
        match timeout(patience, last_word).await {
            Ok(Ok(said)) => {
                let reply = said.at(SmtpStage::Dot);
                self.leave_after(&reply).await;
                reply
            }
            Ok(Err(cause)) => unknown(format!("the connection broke after the final dot: {cause}")),
            Err(_) => unknown("no reply to the final dot in time"),
        }
    }

    /// Says a command and wants a positive reply to it.
    async fn say(&mut self, stage: SmtpStage, command: impl ToString) -> Result<Said, Reply> {
        self.write(command.to_string().as_bytes()).await?;
        self.expect(stage).await
    }

    async fn expect(&mut self, stage: SmtpStage) -> Result<Said, Reply> {
        match self.reply(stage).await? {
            said if (200..=299).contains(&said.code) => Ok(said),
            said => Err(said.at(stage)),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        let written = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        match timeout(self.patience.reply, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(unsent(format!("the connection broke: {cause}"))),
            Err(_) => Err(unsent("the server stopped reading")),
        }
    }

    async fn reply(&mut self, stage: SmtpStage) -> Result<Said, Reply> {
        match timeout(self.patience.reply, self.next_reply()).await {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(cause)) => Err(unsent(format!("the connection broke at {stage:?}: {cause}"))),
            Err(_) => Err(unsent(format!("no reply in time at {stage:?}"))),
        }
    }

    /// One reply, all its lines. Cancelled between two reads it loses nothing: what came stays in `heard`.
    async fn next_reply(&mut self) -> std::io::Result<Said> {
        loop {
            if let Some(said) = take_reply(&mut self.heard) {
                return Ok(said);
            }
            if self.wire.read_buf(&mut self.heard).await? == 0 {
                return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the server hung up"));
            }
        }
    }

    /// QUIT after a reply that was one, without waiting for the answer. Not after nonsense or silence: nobody may listen.
    async fn leave_after(&mut self, last_word: &Reply) {
        if !matches!(last_word, Reply::Smtp { code: 200..=599, .. }) {
            return;
        }
        let goodbye = async {
            self.wire.write_all(Quit.to_string().as_bytes()).await?;
            self.wire.shutdown().await
        };
        // Either way the letter's fate is known, so neither an error nor the time-out says anything.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

/// What a server can do, from its answer to EHLO (RFC 5321 §4.1.1.1), in capitals.
struct Features(Vec<String>);

impl Features {
    fn has(&self, keyword: &str) -> bool {
        self.0.iter().any(|line| line.split_whitespace().next() == Some(keyword))
    }

    /// `AUTH PLAIN LOGIN`, and the `AUTH=PLAIN LOGIN` of servers older than RFC 4954.
    fn has_auth(&self, mechanism: &str) -> bool {
        self.0.iter().any(|line| {
            let line = line.replace('=', " ");
            let mut words = line.split_whitespace();
            words.next() == Some("AUTH") && words.any(|word| word == mechanism)
        })
    }
}

/// A reply, before it is said to which stage it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    /// Three digits from 200 to 599; 0 where it was no reply.
    code: u16,
    /// The text of all lines.
    text: String,
}

impl Said {
    fn at(self, stage: SmtpStage) -> Reply {
        Reply::Smtp { stage, code: self.code, text: self.text }
    }

    fn garbled(bytes: &[u8]) -> Said {
        /// So much of nonsense is kept, for the person who wonders.
        const SHOWN: usize = 200;
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
        Said { code: 0, text: text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned() }
    }
}

/// Takes one whole reply (RFC 5321 §4.2) from the front of what was heard; `None` while more must come.
fn take_reply(heard: &mut Vec<u8>) -> Option<Said> {
    let mut lines = Vec::new();
    let mut code = None;
    let mut at = 0;
    loop {
        let Some(end) = heard[at..].iter().position(|byte| *byte == b'\n').map(|length| at + length) else {
            return (heard.len() > LONGEST_REPLY).then(|| Said::garbled(&std::mem::take(heard)));
        };
        let line = heard[at..end].strip_suffix(b"\r").unwrap_or(&heard[at..end]);
        at = end + 1;
        let Some((digits, is_last, text)) = reply_line(line).filter(|(digits, ..)| code.is_none_or(|code| code == *digits))
        else {
            let nonsense = Said::garbled(&heard[..at]);
            heard.drain(..at);
            return Some(nonsense);
        };
        code = Some(digits);
        lines.push(text);
        if is_last {
            heard.drain(..at);
            return Some(Said { code: digits, text: lines.join("\n") });
        }
        if at > LONGEST_REPLY {
            return Some(Said::garbled(&std::mem::take(heard)));
        }
    }
}

/// Code, whether it is the last line, text. A last line may be the bare code (RFC 5321 §4.2.1).
fn reply_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    let is_last = match rest.first() {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    let text = String::from_utf8_lossy(rest.get(1..).unwrap_or_default());
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned();
    (200..=599).contains(&code).then_some((code, is_last, text))
}

/// The letter as DATA wants it (RFC 5321 §4.5.2): a dot doubled at the beginning of a line, every line ended by CRLF, the last one
/// too. Bare CR and LF become CRLF, because servers differ in what they take for a line, and a letter must not be able to
/// end early at one of them.
fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len() + message.len() / 64 + 2);
    let mut at_start = true;
    let mut bytes = message.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                stuffed.extend_from_slice(b"\r\n");
                at_start = true;
            }
            other => {
                if at_start && other == b'.' {
                    stuffed.push(b'.');
                }
                stuffed.push(other);
                at_start = false;
            }
        }
    }
    if !at_start {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed
}

/// The route has checked it; should it be none, the letter is unsent and a person sees why.
fn address(text: &str) -> Result<Address, Reply> {
    let safe = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    text.parse().ok().filter(|_| safe).ok_or_else(|| unsent(format!("{text:?} is no address for an envelope")))
}

fn unsent(what: impl Into<String>) -> Reply {
    Reply::Silence { sent: Sent::No, what: what.into() }
}

fn unknown(what: impl Into<String>) -> Reply {
    Reply::Silence { sent: Sent::Unknown, what: what.into() }
}

#[cfg(test)]
mod tests;
