//! A sandbox on free ports, and a client that follows a written conversation.
//!
//! Lines of a conversation: `C: text` is sent with CR LF, `C| text` is sent as it stands with `\r` and `\n` spelled
//! out, `S: prefix` reads a whole reply whose last line must begin so, `S~ text` reads one line that is no SMTP,
//! `S: closed` wants the connection closed. `{open}` stands for the opening up to MAIL, `{letter 1001}` for an
//! invoice letter with its final dot.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kvitt_sandbox::{Sandbox, Settings, StartError};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Nothing in these tests takes this long; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub folder: tempfile::TempDir,
    runtime: Runtime,
    sandbox: Option<Sandbox>,
}

pub fn settings(data: PathBuf) -> Settings {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Settings { data, http: any, smtp: any, smtps: Some(any), sftp: Some(any), seed: 1 }
}

impl Stage {
    pub fn new() -> Stage {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut stage = Stage { folder: tempfile::tempdir().unwrap(), runtime, sandbox: None };
        stage.start();
        stage
    }

    fn start(&mut self) {
        self.sandbox = Some(self.try_start(settings(self.folder.path().to_owned())).unwrap());
    }

    pub fn try_start(&self, settings: Settings) -> Result<Sandbox, StartError> {
        self.runtime.block_on(Sandbox::start(settings))
    }

    pub fn restart(&mut self) {
        self.runtime.block_on(self.sandbox.take().unwrap().stop());
        self.start();
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// Follows a conversation on a new connection and returns the connection.
    pub fn talk(&self, conversation: &str) -> Client<TcpStream> {
        let mut client = self.connect();
        client.follow(conversation);
        client
    }

    pub fn connect(&self) -> Client<TcpStream> {
        Client::over(tcp(self.sandbox().smtp()))
    }

    /// Sends one letter of an invoice and returns the last line said, empty where nothing was.
    pub fn send(&self, to: &str, invoice: &str) -> String {
        let mut client = self.talk(&format!("{{open}}\nC: RCPT TO:<{to}>\nS: 250\nC: DATA\nS: 354\n{{letter {invoice}}}"));
        client.line()
    }

    /// An HTTP request; gives status and body.
    pub fn http(&self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let mut reply = self.http_raw(method, path, "", body);
        let split = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let status = std::str::from_utf8(&reply[9..12]).unwrap().parse().unwrap();
        (status, reply.split_off(split + 4))
    }

    /// Sends an HTTP request with more header lines, and reads nothing yet.
    pub fn http_sent(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = tcp(self.sandbox().http());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        stream
    }

    /// The same; gives the reply as it came, empty where the server has closed.
    pub fn http_raw(&self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let mut stream = self.http_sent(method, path, headers, body);
        let mut reply = Vec::new();
        match stream.read_to_end(&mut reply) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => reply,
        }
    }

    pub fn get(&self, path: &str) -> String {
        let (status, body) = self.http("GET", path, "");
        let body = String::from_utf8(body).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    pub fn ledger(&self) -> Vec<Value> {
        self.get("/ledger").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn ledger_keys(&self) -> Vec<String> {
        self.ledger().iter().map(|line| line["key"].as_str().unwrap().to_owned()).collect()
    }

    pub fn fault(&self, order: &str) -> u64 {
        let (status, body) = self.http("POST", "/faults", order);
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice::<Value>(&body).unwrap()["id"].as_u64().unwrap()
    }

    /// Moves the clock to that time, unless it is past it.
    pub fn at(&self, time: &str) {
        let wanted: jiff::Timestamp = time.parse().unwrap();
        let now: jiff::Timestamp = self.json("/clock")["now"].as_str().unwrap().parse().unwrap();
        let ahead = wanted.as_millisecond() - now.as_millisecond();
        if ahead > 0 {
            self.advance(&format!(r#"{{"ms": {ahead}}}"#));
        }
    }

    pub fn advance(&self, body: &str) {
        assert_eq!(self.http("POST", "/clock/advance", body).0, 200);
    }

    /// The messages in the Maildir, as soon as there are so many.
    pub fn bounces(&self, count: usize) -> Vec<String> {
        eventually(|| {
            let mut names: Vec<PathBuf> =
                fs::read_dir(self.sandbox().bounces().join("new")).unwrap().map(|entry| entry.unwrap().path()).collect();
            names.sort();
            (names.len() >= count).then(|| names.iter().map(|name| fs::read_to_string(name).unwrap()).collect())
        })
    }
}

/// Waits for something that comes by itself.
pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it never came");
        // Only to leave the machine to the one waited for; nothing depends on how long.
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub struct Client<S: Read + Write>(pub BufReader<S>);

impl<S: Read + Write> Client<S> {
    pub fn over(stream: S) -> Client<S> {
        Client(BufReader::new(stream))
    }

    pub fn follow(&mut self, conversation: &str) {
        for line in expand(conversation).lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            let (kind, text) = (&line[..2], line.get(3..).unwrap_or_default());
            match (kind, text) {
                ("C:", text) => self.send(format!("{text}\r\n").as_bytes()),
                ("C|", text) => self.send(text.replace("\\r", "\r").replace("\\n", "\n").as_bytes()),
                ("S:", "closed") => assert_eq!(self.line(), "", "the connection should be closed"),
                ("S:", prefix) => {
                    let said = self.reply();
                    assert!(said.starts_with(prefix), "wanted {prefix:?}, heard {said:?} in {conversation}");
                }
                ("S~", text) => assert_eq!(self.line(), format!("{text}\r\n")),
                _ => panic!("no line of a conversation: {line:?}"),
            }
        }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
        self.0.get_mut().flush().unwrap();
    }

    /// One line as it came; empty when the server has closed.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(_) => line,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => String::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// The last line of a reply.
    pub fn reply(&mut self) -> String {
        loop {
            let line = self.line();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }
}

fn expand(conversation: &str) -> String {
    let mut out = String::new();
    for line in conversation.lines() {
        match line.trim() {
            "{open}" => out.push_str("S: 220\nC: EHLO hub.example\nS: 250\nC: MAIL FROM:<faktura@fjord.example>\nS: 250 2.1.0\n"),
            line if line.starts_with("{letter ") => {
                let invoice = line.trim_start_matches("{letter ").trim_end_matches('}');
                for line in letter(invoice).lines() {
                    out.push_str(&format!("C: {line}\n"));
                }
                out.push_str("C: .\n");
            }
            line => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

/// An invoice letter; its PDF says the invoice's number.
pub fn letter(invoice: &str) -> String {
    let hex: String = format!("%PDF-1.7 {invoice}").bytes().map(|b| format!("={b:02X}")).collect();
    format!(
        "From: Fjord Kraft <faktura@fjord.example>\r\nSubject: =?utf-8?Q?Faktura_{invoice}_fra_Fjord_Kraft_p=C3=A5_str=C3=B8m?=\r\n\
         Message-ID: <always-the-same@fjord.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Her er str=C3=B8mregningen.\r\nOrganisasjonsnummer: NO 999 999 999 MVA\r\nFakturanummer: {invoice}\r\n\
         --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''str%C3%B8m.pdf\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n{hex}\r\n--b--\r\n"
    )
}
