//! Webhooks at the command line: a receiver of the test's own, a hub that is killed at the worst moment, and the code that the page
//! offers to whoever writes a receiver.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{COMPANY, Running, Started, kvitt};

/// Longer than any message is on its way, on the slowest machine.
const LONGEST: Duration = Duration::from_secs(60);

/// A message as it came.
#[derive(Debug)]
struct Heard {
    headers: Vec<(String, String)>,
    body: String,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
    }

    fn body(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Takes every message; answers its address and what it hears.
fn receiver() -> (String, mpsc::Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let lines = |reader: &mut BufReader<_>| {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                line.trim_end().to_owned()
            };
            lines(&mut reader);
            let mut headers = Vec::new();
            while let Some((name, value)) = lines(&mut reader).split_once(": ") {
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // Heard before it is answered: whoever asks knows that it came.
            let _ = tell.send(Heard { headers, body: String::from_utf8(body).unwrap() });
            let _ = reader.into_inner().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

/// A data folder with one company, whose webhooks may go to this machine.
fn home(folder: &Path) -> PathBuf {
    let data = folder.join("hub");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n\n[webhooks]\nnetworks = [\"127.0.0.1\"]\n").unwrap();
    kvitt(&data, &["company", "add", COMPANY, "Nordlys Kraft AS"]).with_code(0);
    data
}

fn add(data: &Path, address: &str, events: &str) -> Value {
    kvitt(data, &["webhooks", "add", address, "--events", events, "--json"]).with_code(0).json()
}

/// Something happens: `company.route_set`.
fn happen(data: &Path) {
    let setup = r#"{"from": "faktura@avsender.example", "bounce_domain_or_address": "retur.avsender.example"}"#;
    kvitt(data, &["company", "set-route", COMPANY, "email", setup]).with_code(0);
}

#[test]
fn who_dies_before_it_noted_the_answer_says_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = home(folder.path());
    let (address, heard) = receiver();
    let added = add(&data, &address, "company.route_set");
    happen(&data);

    if let Started::Ready(mut hub) = Running::start(&data, &["serve"], Some("before_reply_recorded:1")) {
        while !hub.is_dead() {
            std::thread::yield_now();
        }
    }
    let first = heard.recv_timeout(LONGEST).unwrap();
    let id = added["webhook"]["id"].as_str().unwrap();
    assert_eq!(kvitt(&data, &["webhooks", "log", id, "--json"]).with_code(0).json(), serde_json::json!([]));

    let _hub = Running::ready(&data, &["serve"]);
    let again = heard.recv_timeout(LONGEST).unwrap();
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(again.body, first.body);
    happen(&data);
    let next = heard.recv_timeout(LONGEST).unwrap();
    assert_ne!(next.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(next.body()["data"]["event"], first.body()["data"]["event"].as_i64().unwrap() + 1);
}

#[test]
fn a_person_sees_and_does_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = home(folder.path());
    let (address, heard) = receiver();
    let say = |arguments: &[&str]| kvitt(&data, &[&["webhooks"], arguments].concat());
    assert_eq!(say(&["list"]).with_code(0).stdout.trim(), "There is no webhook.");
    say(&["add", "http://10.0.0.1/"]).with_code(1);
    say(&["add", &address, "--events", "nothing"]).with_code(1);
    let said = say(&["add", &address]).with_code(0).stdout;
    assert!(said.contains("whsec_"), "{said}");
    let shown = say(&["list", "--json"]).with_code(0).json();
    let id = shown[0]["id"].as_str().unwrap();
    assert_eq!(shown[0]["state"], "active");
    assert!(say(&["list"]).with_code(0).stdout.contains(&address));

    let said = say(&["test", &id[..30]]).with_code(0).stdout;
    assert!(said.contains("The receiver took it: 200"), "{said}");
    assert_eq!(heard.recv_timeout(LONGEST).unwrap().body()["type"], "webhook.test");
    let log = say(&["log", id]).with_code(0).stdout;
    assert!(log.contains("webhook.test") && log.contains("200"), "{log}");

    assert!(say(&["rotate", id]).with_code(0).stdout.contains("whsec_"));
    say(&["replay", id, "--from", "1"]).with_code(0);
    say(&["replay", id, "--from", "1000"]).with_code(1);
    say(&["enable", id]).with_code(0);
    say(&["test", "nobody"]).with_code(1);
    say(&["remove", id]).with_code(0);
    say(&["log", id]).with_code(1);
    let events = kvitt(&data, &["events", "--json"]).with_code(0).stdout;
    for kind in ["added", "secret_rotated", "replayed", "enabled", "removed"] {
        assert!(events.contains(&format!("webhook.{kind}")), "{kind}: {events}");
    }

    // Nobody is there.
    let gone = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let id = add(&data, &gone, "*")["webhook"]["id"].as_str().unwrap().to_owned();
    let said = say(&["test", &id]).with_code(1).stdout;
    assert!(said.contains("did not take it: no connection"), "{said}");
}

#[test]
fn a_listener_hears_what_happens_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let data = home(folder.path());
    let (address, heard) = receiver();
    kvitt(&data, &["listen", "--forward-to", "https://erp.example@/"]).with_code(2);
    let _hub = Running::ready(&data, &["serve"]);
    let mut listener = Running::ready(&data, &["listen", "--forward-to", &address]);
    assert!(listener.said["secret"].as_str().unwrap().starts_with("whsec_"));
    happen(&data);
    let told = heard.recv_timeout(LONGEST).unwrap();
    assert_eq!(told.body()["type"], "company.route_set");
    assert!(told.header("webhook-signature").starts_with("v1,"));
    assert_eq!(listener.stop(), Some(0));

    let mut follower = Running::ready(&data, &["events", "--follow"]);
    assert_eq!(follower.said["kind"], "company.added");
    assert_eq!(follower.stop(), Some(0));
}

/// What the page offers verifies what the hub signs, in each language that is on this machine.
#[test]
fn the_code_on_the_page_verifies_a_message() {
    let page = include_str!("../../../../docs/webhooks.md");
    let block = |language: &str| {
        let begins = format!("```{language}\n");
        let (_, rest) = page.split_once(&begins).unwrap();
        rest.split("```").next().unwrap().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let data = home(folder.path());
    let (address, heard) = receiver();
    let added = add(&data, &address, "*");
    let (id, secret) = (added["webhook"]["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    kvitt(&data, &["webhooks", "rotate", id]).with_code(0);
    kvitt(&data, &["webhooks", "test", id]).with_code(0);
    let message = heard.recv_timeout(LONGEST).unwrap();
    fs::write(folder.path().join("body"), &message.body).unwrap();
    let headers = serde_json::json!({
        "webhook-id": message.header("webhook-id"),
        "webhook-timestamp": message.header("webhook-timestamp"),
        "webhook-signature": message.header("webhook-signature"),
    });

    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).stderr(Stdio::inherit());
        command.env("id", message.header("webhook-id")).env("timestamp", message.header("webhook-timestamp"));
        let output = command.env("secret", secret).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if is_there("python3") {
        let code = format!("{}\nprint(verify({secret:?}, {headers}, open('body', 'rb').read()))", block("python"));
        assert_eq!(run("python3", &["-c", &code]).as_deref(), Some("True"));
        let code = code.replace("'rb').read()", "'rb').read() + b' '");
        assert_eq!(run("python3", &["-c", &code]).as_deref(), Some("False"));
    }
    if Command::new("openssl").arg("version").output().is_ok() {
        let signature = page.split("```sh\n").map(|rest| rest.split("```").next().unwrap()).find(|code| code.starts_with("key="));
        let signed = run("sh", &["-c", signature.unwrap()]).unwrap();
        assert!(message.header("webhook-signature").split(' ').any(|one| one == signed), "{signed} is in {headers}");
    }
    if is_there("node") {
        // Types are taken out by hand: not every Node does it.
        let code = block("ts")
            .replace(": string", "")
            .replace("Record<string, string>", "")
            .replace("headers: ,", "headers,")
            .replace(": Buffer", "")
            .replace(": boolean", "");
        let code = format!(
            "{code}\nimport {{ readFileSync }} from 'node:fs';\nconsole.log(verify({secret:?}, {headers}, readFileSync('body')));"
        );
        fs::write(folder.path().join("verify.mjs"), code).unwrap();
        assert_eq!(run("node", &["verify.mjs"]).as_deref(), Some("true"));
    }
}
