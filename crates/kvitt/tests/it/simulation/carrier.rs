//! Carries what the hub says to the sandbox's counterparties without a wire: replies to SMTP commands, bodies over HTTP, and
//! files, as bytes, which the counterparties parse as if they had come over one.
//!
//! Each point at which a conversation can break is a stop, so that the process may die there or others may go first. What is
//! heard at a break is what the hub's own transports say of one: certainly unsent until the point of no return, unknown after.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kvitt_adapters::route::{Body, Place, Reply, Secret, Sent, SmtpStage};
use kvitt_hub::error::{Error, Result};
use kvitt_hub::transport::{Became, Carrier, Committing, Left, Outgoing};
use kvitt_sandbox::counterparties::drop::{Course, Step};
use kvitt_sandbox::counterparties::mail::{self, Login};
use kvitt_sandbox::counterparties::{bank, mps, print_shop};
use kvitt_sandbox::{MPS_PASSWORD, MPS_USER};

use super::debits;
use super::inbox::{Files, Inbox};
use super::stage::Stage;
use super::world::{Call, World};

/// What comes where SMTP or SOAP was expected.
const NONSENSE: &str = "<html><body>502 Bad Gateway</body></html>";

/// Carries. Clones share the world.
#[derive(Debug, Clone)]
pub struct ToTheWorld {
    /// Where everything stops.
    pub stage: Stage,
    /// To whom it is carried.
    pub world: Arc<Mutex<World>>,
}

impl Carrier for ToTheWorld {
    fn carry<'a>(&'a self, outgoing: Outgoing, committing: Committing<'a>) -> BoxFuture<'a, Result<Reply>> {
        async move {
            match outgoing {
                Outgoing::Letter { from, to, message, .. } => self.letter(&from, &to, &message, committing).await,
                Outgoing::Http { headers, body, .. } => Ok(self.http(&headers, &body).await),
                Outgoing::Put { drop, name, files, .. } => self.at(&drop).put(&name, files, committing).await,
                Outgoing::Look { drop, name, .. } => Ok(self.at(&drop).look(&name).await),
                Outgoing::Webhook { .. } => unreachable!("no company here has a webhook"),
            }
        }
        .boxed()
    }

    fn collect<'a>(&'a self, _: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Left>>> {
        let world = self.world();
        let there = world.messages.iter().filter(|message| message.door == "receipts" && message.due_at <= world.now_ms);
        let left = there.take(limit).map(|message| Left { name: message.name.clone(), bytes: message.bytes.clone() }).collect();
        async { Ok(left) }.boxed()
    }

    fn put_away<'a>(&'a self, _: &'a str, name: &'a str) -> BoxFuture<'a, Result<()>> {
        self.world().messages.retain(|message| message.name != name);
        async { Ok(()) }.boxed()
    }

    fn bank_files<'a>(&'a self, drop: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            self.stage.stop("bank files look").await;
            self.at(drop).log_in("out").await.map_err(|why| trouble("looking for bank files", why))?;
            Ok(self.world().left_now().iter().map(|file| file.name.clone()).collect())
        }
        .boxed()
    }

    fn bank_file<'a>(&'a self, drop: &'a str, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>>> {
        async move {
            self.stage.stop("bank file fetch").await;
            self.at(drop).log_in(name).await.map_err(|why| trouble("fetching a bank file", why))?;
            let bytes = self.world().left_now().iter().find(|file| file.name == name).map(|file| file.bytes.clone());
            bytes.ok_or_else(|| trouble("fetching a bank file", "it is not there"))
        }
        .boxed()
    }

    fn settle_bank_file<'a>(&'a self, drop: &'a str, name: &'a str, became: Became) -> BoxFuture<'a, Result<()>> {
        async move {
            self.stage.stop("bank file before the move").await;
            self.at(drop).log_in(name).await.map_err(|why| trouble("moving a bank file", why))?;
            self.world().file_moved(name, became == Became::Read);
            self.stage.stop("bank file after the move").await;
            Ok(())
        }
        .boxed()
    }
}

fn trouble(what: &'static str, why: &'static str) -> Error {
    Error::io(what, std::io::Error::other(why))
}

fn unsent(what: &str) -> Reply {
    Reply::Silence { sent: Sent::No, what: what.to_owned() }
}

fn unknown(what: &str) -> Reply {
    Reply::Silence { sent: Sent::Unknown, what: what.to_owned() }
}

impl ToTheWorld {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while holding it")
    }

    /// A reply that is late lets others go first.
    async fn wait(&self, late: Duration) {
        if !late.is_zero() {
            self.stage.stop("a late answer").await;
        }
    }

    fn is_away(&self, counterparty: &str) -> bool {
        self.world().away.contains(counterparty)
    }

    /// One letter, as `transport/smtp.rs` converses.
    async fn letter(&self, from: &str, to: &str, message: &[u8], committing: Committing<'_>) -> Result<Reply> {
        self.stage.stop("smtp connect").await;
        if self.is_away(mail::NAME) {
            return Ok(unsent("no connection"));
        }
        let mut heard = VecDeque::new();
        let recipients = [to.to_owned()];
        let commands = [
            (SmtpStage::Greeting, mail::Request::Connect),
            (SmtpStage::From, mail::Request::Mail),
            (SmtpStage::To, mail::Request::Recipient { from, to, login: Login::Done }),
            (SmtpStage::Data, mail::Request::Data { from, recipients: &recipients }),
        ];
        for (stage, request) in commands {
            let answer = self.world().ask_mail(request);
            self.wait(answer.hold + answer.wait).await;
            say(&answer, &mut heard);
            let wanted = if stage == SmtpStage::Data { 354..=354 } else { 200..=299 };
            match heard.pop_front() {
                None => return Ok(unsent(&format!("the connection broke at {stage:?}"))),
                Some((code, text)) if !wanted.contains(&code) => return Ok(Reply::Smtp { stage, code, text }),
                Some(_) => {}
            }
            if answer.then == mail::Then::HangUp {
                return Ok(unsent("the connection broke in the letter"));
            }
        }
        // What was said before its time is found before the dot, while it costs no doubt.
        if let Some((code, text)) = heard.pop_front() {
            return Ok(Reply::Smtp { stage: SmtpStage::Data, code, text });
        }
        self.stage.stop("smtp before the mark").await;
        committing().await?;
        self.stage.stop("smtp before the dot").await;
        let answer = self.world().post_letter(from, to, message);
        self.stage.stop("smtp after the dot").await;
        self.wait(answer.hold + answer.wait).await;
        say(&answer, &mut heard);
        Ok(match heard.pop_front() {
            Some((code, text)) => Reply::Smtp { stage: SmtpStage::Dot, code, text },
            None => unknown("the connection broke after the final dot"),
        })
    }

    /// A call of MPS. Of a request over HTTP nobody can say where on its way it was lost.
    async fn http(&self, headers: &[(String, String)], body: &Body) -> Reply {
        let action = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("soapaction"));
        let action = action.map_or("", |(_, value)| value.as_str());
        let body = body.filled(|secret| match secret {
            Secret::User => Ok(MPS_USER.to_owned()),
            Secret::Password => Ok(MPS_PASSWORD.to_owned()),
            Secret::Identity(_) | Secret::Found(_) => Err("the hub fills in what belongs to the company"),
        });
        let body = body.expect("only the service's own credential is left");
        self.stage.stop("http connect").await;
        if self.is_away(mps::NAME) {
            return unsent("no connection");
        }
        let greeting = self.world().call_mps(mps::Request::Connect);
        self.wait(greeting.hold).await;
        if !greeting.takes_effect {
            return http_reply(greeting);
        }
        let ticket = self.world().send(Call { action: action.to_owned(), body });
        self.stage.stop("http request").await;
        let Some(sent) = self.world().arrives(ticket) else { return unknown("no answer in time") };
        let call = mps::Request::Call { action, body: sent.body.as_bytes() };
        let mut answer = self.world().call_mps(call);
        // Something on the way may send a request again by itself; what then comes back is the answer to the second.
        let doubled = {
            let mut world = self.world();
            let doubles = world.doubles;
            doubles > 0 && world.dice.once_in(doubles)
        };
        if doubled {
            answer = self.world().call_mps(call);
        }
        self.stage.stop("http reply").await;
        self.wait(answer.hold + answer.wait).await;
        http_reply(answer)
    }

    /// A counterparty's drop, by its name in the hub's configuration.
    fn at(&self, drop: &str) -> AtADrop<'_> {
        let counterparty = if drop == debits::DROP { bank::NAME } else { print_shop::NAME };
        AtADrop { to: self, counterparty }
    }
}

/// Whoever puts something into a drop, or looks what is there.
struct AtADrop<'a> {
    to: &'a ToTheWorld,
    counterparty: &'static str,
}

impl AtADrop<'_> {
    /// A package, as `transport/drop.rs` puts it: first under its temporary name, then under its own.
    async fn put(&self, name: &str, files: Vec<(String, Vec<u8>)>, committing: Committing<'_>) -> Result<Reply> {
        let stage = &self.to.stage;
        stage.stop("drop connect").await;
        if let Err(why) = self.log_in(name).await {
            return Ok(unsent(why));
        }
        if self.place(name) == Place::Final {
            return Ok(Reply::Placed);
        }
        let mut files: Files = files.into_iter().collect();
        let put = self.course(Step::Put, name);
        self.inbox(|inbox| inbox.parts.insert(name.to_owned()));
        match put {
            Course::Refuse | Course::Drop | Course::AcceptThenDrop => return Ok(unsent("a file could not be written")),
            Course::Delay(late) => self.to.wait(late).await,
            Course::Garble => spoil(&mut files),
            Course::Normal | Course::Duplicate => {}
        }
        stage.stop("drop before the mark").await;
        committing().await?;
        stage.stop("drop before the rename").await;
        if self.to.world().is_given_up() {
            return Ok(unknown("the package was not through in time"));
        }
        let renamed = self.course(Step::Rename, name);
        match renamed {
            // The server says no, and is asked what became of it.
            Course::Refuse => return Ok(unsent("the rename was refused; it lies under its temporary name")),
            Course::Drop => return Ok(unknown("the connection broke at the rename")),
            Course::Delay(late) => self.to.wait(late).await,
            Course::Normal | Course::AcceptThenDrop | Course::Duplicate | Course::Garble => {}
        }
        match self.counterparty {
            bank::NAME => self.to.world().hand_over_claims(name, files),
            _ => self.to.world().hand_over(name, files, renamed),
        }
        stage.stop("drop after the rename").await;
        Ok(if renamed == Course::AcceptThenDrop { unknown("the connection broke at the rename") } else { Reply::Placed })
    }

    async fn look(&self, name: &str) -> Reply {
        self.to.stage.stop("drop look").await;
        match self.log_in(name).await {
            Ok(()) => Reply::Seen { place: self.place(name) },
            Err(why) => unsent(why),
        }
    }

    async fn log_in(&self, name: &str) -> std::result::Result<(), &'static str> {
        if self.to.is_away(self.counterparty) {
            return Err("no connection");
        }
        match self.course(Step::Connect, name) {
            Course::Refuse | Course::Drop | Course::AcceptThenDrop => Err("the login broke off"),
            Course::Delay(late) => {
                self.to.wait(late).await;
                Ok(())
            }
            Course::Normal | Course::Duplicate | Course::Garble => Ok(()),
        }
    }

    fn course(&self, step: Step, path: &str) -> Course {
        self.to.world().course(self.counterparty, step, path)
    }

    /// Where a package is, for whoever looks.
    fn place(&self, name: &str) -> Place {
        self.inbox(|inbox| inbox.place(name))
    }

    fn inbox<T>(&self, what: impl FnOnce(&mut Inbox) -> T) -> T {
        let mut world = self.to.world();
        match self.counterparty {
            bank::NAME => what(&mut world.branch.inbox),
            _ => what(&mut world.jobs),
        }
    }
}

/// What is heard of an answer, behind what was heard before and not read.
fn say(answer: &mail::Answer, heard: &mut VecDeque<(u16, String)>) {
    let read = |line: &str| {
        let (code, text) = line.split_at_checked(3).unwrap_or(("", line));
        match code.parse() {
            Ok(code) => (code, text.trim_start().to_owned()),
            Err(_) => (0, line.to_owned()),
        }
    };
    match &answer.say {
        mail::Say::Once(line) => heard.push_back(read(line)),
        mail::Say::Twice(line) => heard.extend([read(line), read(line)]),
        mail::Say::Nonsense => heard.push_back((0, "nonsense".to_owned())),
        mail::Say::Nothing => {}
    }
}

fn http_reply(answer: mps::Answer) -> Reply {
    match answer.say {
        mps::Say::Reply(reply) => Reply::Http { status: reply.status, body: reply.body, retry_after: None },
        mps::Say::Nonsense => Reply::Http { status: 200, body: NONSENSE.to_owned(), retry_after: None },
        mps::Say::Nothing => unknown("the connection closed without an answer"),
    }
}

/// A letter arrives with another last byte: its length is right.
fn spoil(files: &mut Files) {
    if let Some(last) = files.values_mut().next().and_then(|bytes| bytes.last_mut()) {
        *last ^= 1;
    }
}
