//! The SMTP front: our own server side of RFC 5321 with STARTTLS (3207), AUTH (4954), SIZE (1870), 8BITMIME (6152),
//! PIPELINING (2920) and enhanced status codes (2034).
//!
//! Here is the conversation; the syntax of commands is in `smtp/command.rs`, lines and letters on the wire in
//! `smtp/wire.rs`, and who is treated how in `counterparties/mail.rs`. The server is stricter than most (no bare
//! line feeds, no long lines): what it takes, the world takes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::counterparties::mail::{Answer, Login, Request, Say, Then};
use crate::world::World;
use command::Command;
use wire::{Taken, Wire};

pub mod command;
mod wire;

/// The user that AUTH knows.
pub const USER: &str = "kvitt";
/// That user's password. It guards nothing: the sandbox listens on loopback only.
pub const PASSWORD: &str = "sandbox";

/// The largest letter, bytes (30 MiB): what the most generous well-known mailboxes take, and the SIZE announced.
pub const LARGEST_LETTER: usize = 30 * 1024 * 1024;

/// Recipients of one letter. RFC 5321 §4.5.3.1.8 wants at least this many.
pub const MOST_RECIPIENTS: usize = 100;

/// Connections at once; each may hold a whole letter in memory.
pub const MOST_CONNECTIONS: usize = 256;

/// How long a client may be silent (RFC 5321 §4.5.3.2.7: at least 5 minutes), and may take for a TLS handshake.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a whole letter may take on its way (RFC 5321 §4.5.3.2.6: a client waits 10 minutes as well).
const LETTER_PATIENCE: Duration = Duration::from_secs(600);

/// Commands that make no sense before the server hangs up: a client that talks nonsense will not stop by itself.
const MOST_MISTAKES: u32 = 20;

/// A reply that is no SMTP: what a broken proxy in between says.
const NONSENSE: &[u8] = b"<html><body>502 Bad Gateway</body></html>\r\n";

/// How a listener's connections begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// In the clear; STARTTLS is offered.
    Plain,
    /// With a TLS handshake at once (RFC 8314 §3.3).
    Tls,
}

/// Takes connections until it is aborted; its conversations end with it.
pub async fn serve(world: Arc<World>, listener: TcpListener, door: Door, seats: Arc<Semaphore>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = conversations.join_next() => {}
            arrived = listener.accept() => match arrived {
                Ok((stream, _)) => {
                    let (world, seats) = (world.clone(), seats.clone());
                    conversations.spawn(async move {
                        // A client that breaks off is none of the server's troubles.
                        if let Err(error) = receive(world, stream, door, &seats).await {
                            tracing::debug!(%error, "an SMTP conversation broke off");
                        }
                    });
                }
                Err(error) => {
                    // Out of file handles, usually: the next accept would fail at once, so let others close first.
                    tracing::warn!(%error, "cannot accept an SMTP connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
}

async fn receive(world: Arc<World>, stream: TcpStream, door: Door, seats: &Semaphore) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = Wire::plain(stream);
    let Ok(_seat) = seats.try_acquire() else {
        if door == Door::Plain {
            wire.say(b"421 4.7.0 Too many connections\r\n").await?;
        }
        return wire.close().await;
    };
    if door == Door::Tls {
        wire = timeout(PATIENCE, wire.encrypt(&world.tls)).await??;
    }
    Conversation { world, wire, client: Client { encrypted: door == Door::Tls, ..Client::default() }, mistakes: 0 }.hold().await
}

/// What the server knows of its client.
#[derive(Debug, Default)]
struct Client {
    encrypted: bool,
    greeted: bool,
    logged_in: bool,
    /// The envelope sender, once MAIL was taken.
    from: Option<String>,
    recipients: Vec<String>,
}

impl Client {
    fn forget_letter(&mut self) {
        self.from = None;
        self.recipients.clear();
    }
}

struct Conversation {
    world: Arc<World>,
    wire: Wire,
    client: Client,
    mistakes: u32,
}

impl Conversation {
    async fn hold(mut self) -> io::Result<()> {
        let greeting = self.world.ask(Request::Connect);
        let mut then = self.give(greeting).await?;
        while then == Then::GoOn {
            then = match timeout(PATIENCE, self.wire.command()).await {
                Err(_) => self.reply("421 4.4.2 You were silent for too long").await.map(|_| Then::HangUp)?,
                Ok(line) => match line? {
                    None => Then::HangUp,
                    Some(line) => match command::parse(&line) {
                        Ok(Command::StartTls) if self.client.greeted && !self.client.encrypted => {
                            self = self.start_tls().await?;
                            Then::GoOn
                        }
                        Ok(command) => self.obey(command).await?,
                        Err(mistake) => self.mistake(mistake).await?,
                    },
                },
            };
        }
        self.wire.close().await
    }

    async fn obey(&mut self, command: Command) -> io::Result<Then> {
        match command {
            Command::Quit => self.reply("221 2.0.0 Bye").await.map(|_| Then::HangUp),
            Command::Noop => self.reply("250 2.0.0 Nothing done").await,
            Command::Help => self.reply("214 2.0.0 The sandbox's page explains: docs/sandbox.md").await,
            Command::Verify => self.reply("252 2.5.0 Send it and see").await,
            Command::Reset => {
                self.client.forget_letter();
                self.reply("250 2.0.0 Forgotten").await
            }
            Command::Hello => {
                self.client.greeted = true;
                self.client.forget_letter();
                self.reply("250 sandbox.example").await
            }
            Command::ExtendedHello => self.extended_hello().await,
            Command::StartTls => self.mistake("503 5.5.1 STARTTLS comes once, after EHLO").await,
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial).await,
            Command::Mail { from, size } => self.mail(from, size).await,
            Command::Recipient { to } => self.recipient(to).await,
            Command::Data => self.data().await,
        }
    }

    async fn extended_hello(&mut self) -> io::Result<Then> {
        self.client.greeted = true;
        self.client.forget_letter();
        let start_tls = if self.client.encrypted { "" } else { "250-STARTTLS\r\n" };
        let features = format!(
            "250-sandbox.example TEST\r\n250-PIPELINING\r\n250-SIZE {LARGEST_LETTER}\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n{start_tls}250 AUTH PLAIN LOGIN"
        );
        self.reply(&features).await
    }

    /// Turns to TLS; all that was said before is forgotten (RFC 3207 §4.2).
    async fn start_tls(mut self) -> io::Result<Conversation> {
        self.reply("220 2.0.0 Go on").await?;
        let wire = timeout(PATIENCE, self.wire.encrypt(&self.world.tls)).await??;
        Ok(Conversation { wire, client: Client { encrypted: true, ..Client::default() }, ..self })
    }

    async fn auth(&mut self, mechanism: &str, initial: Option<String>) -> io::Result<Then> {
        if !self.client.greeted || self.client.logged_in || self.client.from.is_some() {
            return self.mistake("503 5.5.1 AUTH comes once, after EHLO and before MAIL").await;
        }
        let given = match mechanism {
            "PLAIN" => self.secret(initial, "").await?.map(|message| {
                // RFC 4616: authorization identity, NUL, user, NUL, password.
                let mut pieces = message.split(|b| *b == 0).skip(1).map(<[u8]>::to_vec);
                (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default())
            }),
            "LOGIN" => match self.secret(initial, "VXNlcm5hbWU6").await? {
                Some(user) => self.secret(None, "UGFzc3dvcmQ6").await?.map(|password| (user, password)),
                None => None,
            },
            _ => return self.mistake("504 5.5.4 PLAIN and LOGIN only").await,
        };
        let Some((user, password)) = given else {
            return self.mistake("501 5.5.2 Not base64, or broken off").await;
        };
        if user != USER.as_bytes() || password != PASSWORD.as_bytes() {
            return self.reply("535 5.7.8 Wrong user or password").await;
        }
        self.client.logged_in = true;
        self.reply("235 2.7.0 Logged in").await
    }

    /// One answer of the client in an AUTH exchange: given with the command, or asked for. `None`: it is no base64,
    /// or the client gave up with `*`.
    async fn secret(&mut self, initial: Option<String>, ask: &str) -> io::Result<Option<Vec<u8>>> {
        let text = match initial {
            // RFC 4954 §4: a lone "=" is an empty answer.
            Some(text) if text == "=" => Vec::new(),
            Some(text) => text.into_bytes(),
            None => {
                self.reply(&format!("334 {ask}")).await?;
                timeout(PATIENCE, self.wire.command()).await??.unwrap_or_default()
            }
        };
        Ok(STANDARD.decode(text.trim_ascii()).ok())
    }

    async fn mail(&mut self, from: String, size: Option<u64>) -> io::Result<Then> {
        if !self.client.greeted || self.client.from.is_some() {
            return self.mistake("503 5.5.1 MAIL comes after EHLO, once for each letter").await;
        }
        if size.is_some_and(|size| size > LARGEST_LETTER as u64) {
            return self.reply("552 5.3.4 The letter is too large").await;
        }
        let answer = self.world.ask(Request::Mail);
        if answer.takes_effect {
            self.client.from = Some(from);
        }
        self.give(answer).await
    }

    async fn recipient(&mut self, to: String) -> io::Result<Then> {
        let Some(from) = &self.client.from else {
            return self.mistake("503 5.5.1 RCPT comes after MAIL").await;
        };
        if self.client.recipients.len() >= MOST_RECIPIENTS {
            return self.reply("452 4.5.3 Too many recipients").await;
        }
        let login = if self.client.logged_in { Login::Done } else { Login::Missing };
        let answer = self.world.ask(Request::Recipient { from, to: &to, login });
        if answer.takes_effect {
            self.client.recipients.push(to);
        }
        self.give(answer).await
    }

    async fn data(&mut self) -> io::Result<Then> {
        let Some(from) = self.client.from.clone().filter(|_| !self.client.recipients.is_empty()) else {
            return self.mistake("503 5.5.1 DATA comes after RCPT").await;
        };
        let recipients = self.client.recipients.clone();
        let answer = self.world.ask(Request::Data { from: &from, recipients: &recipients });
        let goes_on = answer.takes_effect;
        if self.give(answer).await? == Then::HangUp {
            return Ok(Then::HangUp);
        }
        if !goes_on {
            return Ok(Then::GoOn);
        }
        let taken = timeout(LETTER_PATIENCE, self.wire.letter(LARGEST_LETTER)).await??;
        self.client.forget_letter();
        match taken {
            Taken::BrokenOff => Ok(Then::HangUp),
            Taken::Flawed(reply) => self.reply(reply).await,
            Taken::Whole(raw) => {
                let answer = self.world.post_letter(&from, &recipients, &raw).await;
                self.give(Answer { hold: Duration::ZERO, ..answer }).await
            }
        }
    }

    /// Does what the counterparty decided.
    async fn give(&mut self, answer: Answer) -> io::Result<Then> {
        tokio::time::sleep(answer.hold + answer.wait).await;
        match answer.say {
            Say::Once(reply) => self.wire.say(format!("{reply}\r\n").as_bytes()).await?,
            Say::Twice(reply) => self.wire.say(format!("{reply}\r\n{reply}\r\n").as_bytes()).await?,
            Say::Nonsense => self.wire.say(NONSENSE).await?,
            Say::Nothing => {}
        }
        Ok(answer.then)
    }

    async fn reply(&mut self, reply: &str) -> io::Result<Then> {
        self.wire.say(format!("{reply}\r\n").as_bytes()).await?;
        Ok(Then::GoOn)
    }

    async fn mistake(&mut self, reply: &str) -> io::Result<Then> {
        self.mistakes += 1;
        if self.mistakes > MOST_MISTAKES {
            return self.reply("421 4.7.0 Too many mistakes").await.map(|_| Then::HangUp);
        }
        self.reply(reply).await
    }
}
