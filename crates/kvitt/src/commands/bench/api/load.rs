//! Programs that hand invoices in: connections that stay open, each with one request at a time, all on one thread with a runtime of its
//! own, so that what they need of the cores is told apart from what the hub needs.
//!
//! HTTP/1.1 is written and read here by hand, and invoices are filled into prepared text: whoever measures shall cost little.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::super::pipeline::load::{PLAIN, WITH_PDF, kid_of};
use super::super::stopwatch::cpu_time;
use crate::demo::examples::fresh;
use crate::exit::Failure;

/// The bank account of the invoices.
pub const ACCOUNT: &str = "99991001014";
/// Where the number, the KID and the address go in the prepared text: signs that no XML holds.
const GAPS: [char; 3] = ['\u{1}', '\u{2}', '\u{3}'];
/// Which of five invoices bring their own PDF.
const WITH_PDF_OF_FIVE: usize = 2;
/// What stands between the parts of a form.
const BOUNDARY: &str = "kvitt-bench-7f3a";
/// The longest answer that is waited for.
const LONGEST_ANSWER: usize = 1 << 20;

/// When the next invoice is handed in.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As soon as a connection has its answer.
    AsAnswered,
    /// Each at its time, whatever became of those before: what had to wait for a connection waited.
    Planned {
        /// Invoices a second.
        per_second: f64,
    },
}

/// What came of it.
#[derive(Debug)]
pub struct Driven {
    /// From the first to the last answer.
    pub seconds: f64,
    /// What the thread needed of a core.
    pub cpu: Duration,
    /// For each accepted invoice the time from when it was planned until it was answered.
    pub waited: Vec<Duration>,
}

/// The programs.
#[derive(Debug, Clone)]
pub struct Load {
    address: SocketAddr,
    connections: usize,
    /// Plain, and with a PDF, with gaps.
    documents: Arc<[String; 2]>,
    /// The number of the next invoice.
    next: Arc<AtomicUsize>,
}

impl Load {
    /// So many connections to a hub.
    pub fn new(address: SocketAddr, connections: usize) -> Load {
        let [number, kid, email] = GAPS.map(String::from);
        let prepared = [PLAIN, WITH_PDF].map(|example| {
            let xml = fresh(example.with(&number, &kid, &email).as_bytes());
            String::from_utf8(xml).expect("the examples are text")
        });
        Load { address, connections, documents: Arc::new(prepared), next: Arc::default() }
    }

    /// Hands invoices in for so long.
    pub async fn drive(&self, pace: Pace, time: Duration, token: String) -> Result<Driven, Failure> {
        let (answer, answered) = oneshot::channel();
        let this = self.clone();
        std::thread::spawn(move || answer.send(this.drive_here(pace, time, &token)));
        answered.await.map_err(|_| Failure::Answered("the thread that hands invoices in ended early".to_owned()))?
    }

    fn drive_here(&self, pace: Pace, time: Duration, token: &str) -> Result<Driven, Failure> {
        let failed = |cause| Failure::io("starting a runtime", cause);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let cpu = cpu_time();
        let (seconds, waited) = runtime.block_on(self.all(pace, time, token))?;
        Ok(Driven { seconds, cpu: cpu_time().saturating_sub(cpu), waited })
    }

    async fn all(&self, pace: Pace, time: Duration, token: &str) -> Result<(f64, Vec<Duration>), Failure> {
        let failed = |cause| Failure::io("handing an invoice in", cause);
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await.map_err(failed)?);
        }
        let turn = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut senders = JoinSet::new();
        for connection in connections {
            let sender = Sender { load: self.clone(), connection, token: token.to_owned(), turn: turn.clone() };
            senders.spawn(sender.run(pace, begun, time));
        }
        let mut waited = Vec::new();
        while let Some(ended) = senders.join_next().await {
            let ended = ended.map_err(|cause| Failure::Answered(format!("a sender failed: {cause}")))?;
            waited.extend(ended?);
        }
        Ok((begun.elapsed().as_secs_f64(), waited))
    }

    /// One invoice as a request. Every other one is handed in under an id of its sender's.
    fn request(&self, token: &str) -> Vec<u8> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let with_pdf = usize::from(index % 5 < WITH_PDF_OF_FIVE);
        let number = format!("A{index:07}");
        let xml = filled(&self.documents[with_pdf], [&number, &kid_of(index), &format!("kunde{index}@post.example")]);
        let field = |name: &str, value: &str| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let before = format!(
            "{}{}--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{number}.xml\"\r\n\
             Content-Type: application/xml\r\n\r\n",
            field("recipient_type", "consumer"),
            field("route_order", "email"),
        );
        let after = format!("\r\n--{BOUNDARY}--\r\n");
        let what = match index % 2 {
            0 => "POST /v1/invoices".to_owned(),
            _ => format!("PUT /v1/invoices/01936000-0000-7000-8001-{index:012x}"),
        };
        let bytes = before.len() + xml.len() + after.len();
        let mut request = format!(
            "{what} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        request.reserve_exact(bytes);
        request.push_str(&before);
        request.push_str(&xml);
        request.push_str(&after);
        request.into_bytes()
    }
}

/// A prepared text with its gaps filled.
fn filled(prepared: &str, with: [&str; 3]) -> String {
    let mut text = String::with_capacity(prepared.len() + 128);
    let mut rest = prepared;
    while let Some((at, gap)) = rest.char_indices().find_map(|(at, c)| Some((at, GAPS.iter().position(|gap| *gap == c)?))) {
        text.push_str(&rest[..at]);
        text.push_str(with[gap]);
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text
}

/// A program with a connection.
struct Sender {
    load: Load,
    connection: Connection,
    token: String,
    turn: Arc<AtomicUsize>,
}

impl Sender {
    async fn run(mut self, pace: Pace, begun: Instant, time: Duration) -> Result<Vec<Duration>, Failure> {
        let mut waited = Vec::new();
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let request = self.load.request(&self.token);
            let planned = match pace {
                Pace::AsAnswered => Instant::now(),
                Pace::Planned { per_second } => begun + Duration::from_secs_f64(turn as f64 / per_second),
            };
            if planned >= begun + time {
                return Ok(waited);
            }
            sleep_until(planned).await;
            let answered = self.connection.ask(&request).await.map_err(|cause| Failure::io("handing an invoice in", cause))?;
            match answered {
                (201, _) => waited.push(planned.elapsed()),
                (status, body) => {
                    let body = String::from_utf8_lossy(&body).into_owned();
                    return Err(Failure::Answered(format!("an invoice was answered with {status}: {body}")));
                }
            }
        }
    }
}

/// A connection of HTTP/1.1 that stays open.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, read: Vec::with_capacity(16 * 1024) })
    }

    /// The status of the answer, and its body.
    async fn ask(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let garbled = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP/1.1 with a length");
        self.stream.write_all(request).await?;
        self.read.clear();
        let head = loop {
            if let Some(at) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.read[..head]).map_err(|_| garbled())?;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(garbled)?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let end = head + length.ok_or_else(garbled)?;
        while self.read.len() < end {
            self.more().await?;
        }
        Ok((status, self.read[head..end].to_vec()))
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ if self.read.len() > LONGEST_ANSWER => Err(io::Error::new(io::ErrorKind::InvalidData, "the answer has no end")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invoice_is_another() {
        let load = Load::new(SocketAddr::from(([127, 0, 0, 1], 1)), 1);
        let requests: Vec<String> = (0..10).map(|_| String::from_utf8(load.request("token")).unwrap()).collect();
        for (index, request) in requests.iter().enumerate() {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
            assert!(body.contains(&format!("<cbc:ID>A{index:07}</cbc:ID>")) && body.contains(&kid_of(index)), "{index}");
            assert!(body.contains(&format!(">kunde{index}@post.example<")) && body.contains(ACCOUNT), "{index}");
            assert!(!body.contains(GAPS));
        }
        assert_eq!(requests.iter().filter(|request| request.starts_with("PUT ")).count(), 5);
        assert_eq!(requests.iter().filter(|request| request.contains("EmbeddedDocumentBinaryObject")).count(), 4);
    }
}
