//! Starts the binary: commands that end, and a hub and a sandbox that run until they are told to stop or are killed.

use std::fs;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The company that most tests send for, of the examples.
pub const COMPANY: &str = "999001017";

/// Its bank account.
pub const ACCOUNT: &str = "99991001014";

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|cause| panic!("no JSON ({cause}): {self:?}"))
    }

    /// The same, checked for its exit code.
    pub fn with_code(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The binary, free of what the environment of the test would tell it.
fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvitt"));
    for name in ["KVITT_DATA", "KVITT_CONFIG", "KVITT_LOG", "KVITT_FAILPOINT", "LC_ALL", "LC_MESSAGES"] {
        command.env_remove(name);
    }
    command.env("LANG", "en_GB.UTF-8").stdin(Stdio::null());
    command
}

/// Runs a command to its end on a data folder.
pub fn kvitt(data: &Path, arguments: &[&str]) -> Ended {
    let output = binary().args(arguments).arg("--data").arg(data).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended
}

/// A program that runs until it is stopped. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// What it said when it was ready.
    pub said: Value,
}

/// How starting went.
pub enum Started {
    Ready(Running),
    /// It was dead before it was ready: a failpoint on the way.
    Died,
}

impl Running {
    /// Starts a program that says a line of JSON when it is ready, and waits for it.
    pub fn start(data: &Path, arguments: &[&str], failpoint: Option<&str>) -> Started {
        let mut command = binary();
        command.args(arguments).arg("--json").arg("--data").arg(data).env("KVITT_LOG", "error").stdout(Stdio::piped());
        if let Some(failpoint) = failpoint {
            command.env("KVITT_FAILPOINT", failpoint);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match serde_json::from_str(&line) {
            Ok(said) => Started::Ready(Running { child, said }),
            Err(_) => {
                let status = child.wait().unwrap();
                assert!(status.code().is_none(), "it ended by itself ({status}): {line}");
                Started::Died
            }
        }
    }

    /// Starts a program that must become ready, and keeps its log in a file.
    pub fn logging(data: &Path, arguments: &[&str], log: &Path, what: &str) -> Running {
        let mut command = binary();
        command.args(arguments).arg("--json").arg("--data").arg(data).env("KVITT_LOG", what).stdout(Stdio::piped());
        let mut child = command.stderr(fs::File::create(log).unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Running { child, said: serde_json::from_str(&line).unwrap() }
    }

    /// Starts a program that must become ready.
    pub fn ready(data: &Path, arguments: &[&str]) -> Running {
        match Running::start(data, arguments, None) {
            Started::Ready(running) => running,
            Started::Died => panic!("{arguments:?} died before it was ready"),
        }
    }

    /// Where its API is.
    pub fn address(&self) -> String {
        format!("http://{}", self.said["http"].as_str().unwrap())
    }

    /// Whether it has ended.
    pub fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox in its own process.
#[derive(Debug)]
pub struct Sandbox {
    _running: Running,
    said: Value,
}

impl Sandbox {
    pub fn start(folder: &Path) -> Sandbox {
        let running = Running::ready(folder, &["sandbox", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"]);
        Sandbox { said: running.said.clone(), _running: running }
    }

    fn said(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap()
    }

    pub fn ledger(&self) -> String {
        format!("http://{}/ledger", self.said("http"))
    }

    /// The lines of a configuration with which this sandbox plays everybody.
    pub fn configuration(&self) -> String {
        let addresses: kvitt_cli::demo::world::Addresses = serde_json::from_value(self.said.clone()).unwrap();
        addresses.configuration()
    }

    /// The ledger, read.
    pub fn taken(&self) -> Vec<kvitt_cli::oracle::Line> {
        wait_for(kvitt_cli::oracle::fetch(&self.ledger())).unwrap()
    }

    /// The letters to an address, as they came, the first one first.
    pub fn letters(&self, address: &str) -> Vec<String> {
        let base = format!("http://{}/mailbox", self.said("http"));
        let client = reqwest::Client::new();
        wait_for(async {
            let url = format!("{base}?address={}", address.replace('+', "%2B"));
            let found = client.get(url).send().await.unwrap().text().await.unwrap();
            let mut found: Vec<Value> = serde_json::from_str(&found).unwrap();
            found.sort_by_key(|letter| letter["id"].to_string().len().to_string() + &letter["id"].to_string());
            let mut letters = Vec::new();
            for letter in found {
                let id = letter["id"].to_string().trim_matches('"').to_owned();
                letters.push(client.get(format!("{base}/{id}")).send().await.unwrap().text().await.unwrap());
            }
            letters
        })
    }

    /// Moves its clock, which hubs follow.
    pub fn advance(&self, seconds: i64) {
        self.order("clock/advance", &serde_json::json!({ "ms": seconds * 1000 }));
    }

    /// Orders something of it, as docs/sandbox.md says.
    pub fn order(&self, path: &str, order: &Value) {
        let url = format!("http://{}/{path}", self.said("http"));
        let body = order.to_string();
        let answer = wait_for(async { reqwest::Client::new().post(url).body(body).send().await });
        assert!(answer.unwrap().status().is_success());
    }

    /// The same as [`Sandbox::advance`], where a future runs already.
    pub async fn advance_now(&self, by: std::time::Duration) {
        self.say_now(reqwest::Method::POST, "clock/advance", &serde_json::json!({ "ms": by.as_millis() as u64 })).await;
    }

    /// Takes something away from it, as docs/sandbox.md says.
    pub async fn delete_now(&self, path: &str, order: &Value) {
        self.say_now(reqwest::Method::DELETE, path, order).await;
    }

    async fn say_now(&self, method: reqwest::Method, path: &str, order: &Value) {
        let url = format!("http://{}/{path}", self.said("http"));
        let answer = reqwest::Client::new().request(method, url).body(order.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {text}");
    }

    /// The lines of a configuration that point a hub at this sandbox's MPS and signing service.
    pub fn agreements_configuration(&self) -> String {
        let networks = "networks = [\"127.0.0.0/8\", \"::1\"]";
        format!(
            "\n[http.mps]\nbase_address = {:?}\nuser = {:?}\npassword_file = {:?}\n{networks}\n\n\
             [http.signing]\nbase_address = {:?}\ntoken_file = {:?}\n{networks}\n\n\
             [avtalegiro]\ncustomer_unit = {:?}\nservice = \"mps\"\nsigning = \"signing\"\n",
            self.said("mps"),
            self.said("mps_user"),
            self.said("mps_password_file"),
            self.said("signing"),
            self.said("signing_token_file"),
            self.said("customer_unit"),
        )
    }

    /// The same with the drops of the bank and the print shop: everybody who has to do with a direct debit.
    pub fn bank_configuration(&self) -> String {
        let drop = |name: &str, said: &str| format!("\n[drop.{name}]\nfolder = {:?}\nlook_every_s = 1\n", self.said(said));
        format!("{}files = \"bank\"\n{}{}", self.agreements_configuration(), drop("print", "print_shop"), drop("bank", "bank"))
    }

    /// A folder of its, by the name under which it says where that is.
    pub fn folder(&self, name: &str) -> PathBuf {
        PathBuf::from(self.said(name))
    }

    /// What it shows under a path, where a future runs already.
    pub async fn shown_now(&self, path: &str) -> String {
        let url = format!("http://{}/{path}", self.said("http"));
        reqwest::get(url).await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }

    /// Writes a configuration that points a hub at this sandbox, its intake folder included.
    pub fn configure(&self, data: &Path) {
        fs::create_dir_all(data).unwrap();
        let port = self.said("smtp").rsplit(':').next().unwrap();
        let configuration = format!(
            "listen = \"127.0.0.1:0\"\nworkers = {WORKERS}\n\n\
             [mail.email]\nhost = \"127.0.0.1\"\nport = {port}\nuser = {:?}\npassword_file = {:?}\nca_file = {:?}\n\n\
             [bounces]\nmaildir = {:?}\n\n[intake]\nfolder = \"intake\"\n\n[clock]\nfollow = \"http://{}/clock\"\n",
            self.said("user"),
            self.said("password_file"),
            self.said("ca_file"),
            self.said("bounces"),
            self.said("http"),
        );
        fs::write(data.join("kvitt.toml"), configuration).unwrap();
    }

    /// A data folder that points at this sandbox and has one company, with e-mail, eFaktura and print set up: small lots that
    /// are soon closed.
    pub fn hub_folder_of_all_routes(&self, data: &Path) {
        self.configure(data);
        let file = data.join("kvitt.toml");
        // The address stands in bills, which no bank opens here.
        let configuration = format!(
            "public_address = \"http://127.0.0.1:8480\"\n{}\n\
             [http.mps]\nbase_address = {:?}\nuser = {:?}\npassword_file = {:?}\nnetworks = [\"127.0.0.0/8\"]\n\n\
             [drop.print]\nfolder = {:?}\nlook_every_s = 1\n\n[drop.bank]\nfolder = {:?}\nlook_every_s = 1\n\n\
             [avtalegiro]\ncustomer_unit = {:?}\nservice = \"mps\"\nfiles = \"bank\"\n\n[payments]\nfolder = \"bank\"\n",
            fs::read_to_string(&file).unwrap(),
            self.said("mps"),
            self.said("mps_user"),
            self.said("mps_password_file"),
            self.said("print_shop"),
            self.said("bank"),
            self.said("customer_unit"),
        );
        fs::write(&file, configuration).unwrap();
        add_company(data, COMPANY, "Nordlys Kraft AS");
        kvitt(data, &["company", "bank-account", "set", COMPANY, ACCOUNT]).with_code(0);
        let efaktura = r#"{"accounts": ["99991001014"], "lot_size": 3, "lot_open_seconds": 5, "settle_minutes": 1}"#;
        let print = r#"{"return_address": ["Kraftveien 1", "8006 Bodø"], "letters_at_most": 3, "closes": {"after_minutes": 1}}"#;
        for (route, setup) in [("efaktura", efaktura), ("print", print)] {
            kvitt(data, &["company", "set-route", COMPANY, route, setup]).with_code(0);
        }
    }

    /// Adds its signing service to the configuration of [`Sandbox::hub_folder_of_all_routes`].
    pub fn add_signing(&self, data: &Path) {
        let file = data.join("kvitt.toml");
        let configuration = fs::read_to_string(&file).unwrap().replace("[avtalegiro]\n", "[avtalegiro]\nsigning = \"signing\"\n");
        let signing = format!(
            "\n[http.signing]\nbase_address = {:?}\ntoken_file = {:?}\nnetworks = [\"127.0.0.0/8\"]\n",
            self.said("signing"),
            self.said("signing_token_file"),
        );
        fs::write(file, configuration + &signing).unwrap();
    }

    /// A data folder that points at this sandbox and has one company with its e-mail set up.
    pub fn hub_folder(&self, data: &Path) {
        self.configure(data);
        add_company(data, COMPANY, "Nordlys Kraft AS");
    }
}

/// Connections that a hub of these tests opens at the same time.
pub const WORKERS: usize = 4;

/// Adds a company and sets its e-mail up.
pub fn add_company(data: &Path, org_number: &str, name: &str) {
    kvitt(data, &["company", "add", org_number, name]).with_code(0);
    let setup = r#"{"from": "faktura@avsender.example", "bounce_domain_or_address": "retur.avsender.example"}"#;
    kvitt(data, &["company", "set-route", org_number, "email", setup]).with_code(0);
}

/// An example invoice under another number, to another recipient.
pub fn invoice(number: &str, recipient: &str) -> String {
    let example = fs::read_to_string(examples().join("invoices/nordlys-500101.xml")).unwrap();
    let own = "<cbc:ID>500101</cbc:ID>";
    assert!(example.contains(own), "the example's number is where it was");
    example.replace(own, &format!("<cbc:ID>{number}</cbc:ID>")).replace("yestoall@kari-nordmann.example", recipient)
}

/// A ZIP of these files.
pub fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A token of a key that `kvitt api-keys create --json` made.
pub async fn token(address: &str, key: &Value, scope: &str) -> String {
    let field = |name: &str| key[name].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("scope", scope.to_owned()),
        ("client_id", field("client_id")),
        ("client_secret", field("secret")),
    ];
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = reqwest::Client::new().post(format!("{address}/oauth2/token")).body(form.join("&"));
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
}

/// The folder of examples.
pub fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"))
}

/// Runs a future to its end.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Every file below a folder, read whole: to look for what must not be there.
pub fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_bytes(&path));
        } else if path.is_file() {
            let mut bytes = Vec::new();
            fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
            found.push((path, bytes));
        }
    }
    found
}
