//! The drops of print shop and bank over SFTP, with a client that is not ours.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Config, Handle, Handler, connect};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh_sftp::client::SftpSession;
use tokio::io::AsyncWriteExt;

use crate::bank::{order, transmission};
use crate::claims::{ACCOUNT, TUESDAY, kid};
use crate::harness::{Stage, eventually};
use crate::mps::ISSUER;
use crate::print_shop::{files, job_name, letter, manifest};

/// A client that has pinned the host key.
struct Pinned(String);

impl Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => Ok(key.fingerprint(HashAlg::Sha256).to_string() == self.0),
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
        }
    }
}

/// A session; the connection lives as long as its handle.
struct Client {
    _connection: Handle<Pinned>,
    sftp: SftpSession,
}

async fn greet(stage: &Stage) -> Handle<Pinned> {
    let config = Config { inactivity_timeout: Some(Duration::from_secs(60)), ..Config::default() };
    let pinned = Pinned(stage.sandbox().host_key().fingerprint.clone());
    connect(Arc::new(config), stage.sandbox().sftp().unwrap(), pinned).await.unwrap()
}

async fn open(connection: Handle<Pinned>) -> Client {
    let channel = connection.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    let sftp = SftpSession::new(channel.into_stream()).await.unwrap();
    sftp.set_timeout(60);
    Client { _connection: connection, sftp }
}

async fn log_in(stage: &Stage) -> Client {
    let mut connection = greet(stage).await;
    assert!(connection.authenticate_password("kvitt", "sandbox-print").await.unwrap().success());
    open(connection).await
}

impl Client {
    /// Uploads a job under its temporary name, each file synced.
    async fn upload(&self, name: &str, files: &[(String, Vec<u8>)]) {
        let part = format!("jobs/.{name}.part");
        for folder in [part.clone(), format!("{part}/letters")] {
            self.sftp.create_dir(folder).await.unwrap();
        }
        for (path, content) in files {
            let mut file = self.sftp.create(format!("{part}/{path}")).await.unwrap();
            file.write_all(content).await.unwrap();
            file.sync_all().await.unwrap();
            file.shutdown().await.unwrap();
        }
    }

    async fn hand_over(&self, name: &str) -> bool {
        self.sftp.rename(format!("jobs/.{name}.part"), format!("jobs/{name}")).await.is_ok()
    }
}

fn one_letter(lot: u32) -> Vec<(String, Vec<u8>)> {
    files(&manifest(lot, &[letter(1, &format!("F-{lot}"), "Kari Nordmann")]))
}

#[test]
fn a_job_is_taken_before_the_client_hears_so_and_receipts_can_be_fetched() {
    let stage = Stage::new();
    stage.block_on(async {
        let client = log_in(&stage).await;
        let name = job_name(1);
        client.upload(&name, &one_letter(1)).await;
        assert!(stage.ledger().is_empty());
        assert!(client.hand_over(&name).await);
        assert_eq!(stage.ledger_keys(), ["988077917/F-1/kari nordmann, storgata 1, 0155 oslo, no"]);
        assert!(client.sftp.try_exists(format!("taken/{name}/manifest.json")).await.unwrap());
        stage.receipts(1);
        let names: Vec<String> = client
            .sftp
            .read_dir("receipts")
            .await
            .unwrap()
            .map(|entry| entry.file_name())
            .filter(|name| name.ends_with(".json"))
            .collect();
        let receipt = client.sftp.read(format!("/receipts/{}", names[0])).await.unwrap();
        assert!(String::from_utf8(receipt).unwrap().contains("\"taken\""));
        client.sftp.rename(format!("receipts/{}", names[0]), format!("receipts/read/{}", names[0])).await.unwrap();
        assert!(stage.sandbox().print_shop().join("receipts/read").join(&names[0]).exists());
    });
}

async fn at_the_bank(stage: &Stage) -> Client {
    let mut connection = greet(stage).await;
    assert!(connection.authenticate_password("kvitt-bank", "sandbox-bank").await.unwrap().success());
    open(connection).await
}

#[test]
fn a_claim_file_is_answered_before_the_client_hears_that_it_was_taken() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let kid = kid(42, 1);
    let text = transmission(1, &[order(1, ACCOUNT, false, &[(1, "090140", 49_900, &kid)])]);
    stage.block_on(async {
        let sftp = at_the_bank(&stage).await.sftp;
        let (part, name) = ("in/.kvitt-00229221-0000001.txt.part", "in/kvitt-00229221-0000001.txt");
        let mut file = sftp.create(part).await.unwrap();
        file.write_all(text.as_bytes()).await.unwrap();
        file.shutdown().await.unwrap();
        sftp.rename(part, name).await.unwrap();
        let list = String::from_utf8(sftp.read("out/L00202-0000001.csv").await.unwrap()).unwrap();
        assert!(list.contains(";ACCEPTED;;"), "{list}");
        assert!(sftp.try_exists("taken/kvitt-00229221-0000001.txt").await.unwrap());
        sftp.rename("out/L00202-0000001.csv", "out/read/L00202-0000001.csv").await.unwrap();
        // The print shop's things are not the bank's, nor anybody else's.
        assert!(sftp.read_dir("jobs").await.is_err());
        assert!(sftp.read("../bank.jsonl").await.is_err() && sftp.create("taken/x").await.is_err());
        assert!(log_in(&stage).await.sftp.read_dir("in").await.is_err());
        for (user, password) in [("kvitt-bank", "sandbox-print"), ("kvitt", "sandbox-bank")] {
            assert!(!greet(&stage).await.authenticate_password(user, password).await.unwrap().success(), "{user}");
        }
    });
    assert_eq!(stage.json("/bank/claims").as_array().unwrap().len(), 1);
}

#[test]
fn faults_at_the_bank_over_sftp() {
    // At which point, what, does the client hear that it worked, and has the bank the claim then?
    let table = [
        ("connect", "refuse", false, false),
        ("put", "drop", false, false),
        ("put", "garble", true, false),
        ("rename", "refuse", false, false),
        ("rename", "drop", false, false),
        ("rename", "accept_then_drop", false, true),
    ];
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    for ((at, kind, hears, is_taken), n) in table.into_iter().zip(1_u32..) {
        stage.fault(&format!(r#"{{"counterparty":"bank","at":"{at}","kind":"{kind}","times":1}}"#));
        let kid = kid(42, n);
        let text = transmission(n, &[order(n, ACCOUNT, false, &[(1, "090140", 49_900, &kid)])]);
        let heard = stage.block_on(async {
            let mut connection = greet(&stage).await;
            if !connection.authenticate_password("kvitt-bank", "sandbox-bank").await.is_ok_and(|answer| answer.success()) {
                return false;
            }
            let sftp = open(connection).await;
            let Ok(mut file) = sftp.sftp.create("in/.file.part").await else { return false };
            if file.write_all(text.as_bytes()).await.is_err() || file.shutdown().await.is_err() {
                return false;
            }
            sftp.sftp.rename("in/.file.part", format!("in/{n}.txt")).await.is_ok()
        });
        assert_eq!(heard, hears, "{at} {kind}");
        let claims = stage.json("/bank/claims");
        let has = claims.as_array().unwrap().iter().any(|one| one["kid"] == kid.as_str());
        assert_eq!(has, is_taken, "{at} {kind}");
        let _ = fs::remove_file(stage.sandbox().bank().join("in/.file.part"));
    }
}

#[test]
fn nothing_leads_out_of_the_drop() {
    let stage = Stage::new();
    let home = stage.sandbox().print_shop().to_owned();
    let outside = stage.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(&outside, home.join("jobs/.link")).unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), home.join("receipts/link")).unwrap();
    stage.block_on(async {
        let sftp = log_in(&stage).await.sftp;
        for path in ["../ledger.jsonl", "/../ledger.jsonl", "jobs/../../ledger.jsonl", "jobs/.link/secret", "receipts/link"] {
            assert!(sftp.read(path).await.is_err(), "{path}");
            assert!(sftp.create(path).await.is_err(), "{path}");
            assert!(sftp.rename(path, "jobs/.x").await.is_err(), "{path}");
            assert!(sftp.remove_file(path).await.is_err(), "{path}");
        }
        assert!(sftp.symlink("jobs/.y", "/etc/passwd").await.is_err());
        for path in ["taken/x", "x", "/"] {
            assert!(sftp.create(path).await.is_err(), "{path}");
            assert!(sftp.create_dir(path).await.is_err(), "{path}");
        }
        assert_eq!(sftp.canonicalize("jobs/..").await.unwrap(), "/");
        assert!(stage.get("/ledger").is_empty());
    });
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "secret");
}

#[test]
fn who_may_log_in() {
    let mut stage = Stage::new();
    let key = Arc::new(PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32])));
    let before = stage.sandbox().host_key().clone();
    let attempt = |stage: &Stage, user: &'static str| {
        let key = key.clone();
        stage.block_on(async move {
            let mut connection = greet(stage).await;
            connection.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, None)).await.unwrap().success()
        })
    };
    assert!(!attempt(&stage, "kvitt"));
    let public = key.public_key().to_openssh().unwrap();
    fs::write(stage.sandbox().authorized_keys(), format!("# the hub's key\n{public}\n")).unwrap();
    assert!(attempt(&stage, "kvitt"));
    assert!(!attempt(&stage, "somebody"));
    stage.block_on(async {
        for (user, password) in [("kvitt", "wrong"), ("somebody", "sandbox-print")] {
            assert!(!greet(&stage).await.authenticate_password(user, password).await.unwrap().success(), "{user}");
        }
    });
    stage.restart();
    assert_eq!(*stage.sandbox().host_key(), before);
    assert!(attempt(&stage, "kvitt"));
}

#[test]
fn faults_over_sftp() {
    // At which point, what, does the client hear that it worked, and how many letters has the shop then?
    let table = [
        ("connect", "refuse", false, 0),
        ("connect", "drop", false, 0),
        ("connect", "delay", true, 1),
        ("put", "refuse", false, 0),
        ("put", "drop", false, 0),
        ("put", "accept_then_drop", false, 0),
        ("put", "delay", true, 1),
        ("put", "garble", true, 0),
        ("rename", "refuse", false, 0),
        ("rename", "drop", false, 0),
        ("rename", "accept_then_drop", false, 1),
        ("rename", "delay", true, 1),
        ("rename", "duplicate", true, 2),
    ];
    let stage = Stage::new();
    for ((at, kind, hears, letters), lot) in table.into_iter().zip(1..) {
        let before = stage.ledger().len();
        let delay = if kind == "delay" { r#","delay_ms":20"# } else { "" };
        let to = if at == "put" { r#","to":"*.pdf""# } else { "" };
        stage.fault(&format!(r#"{{"counterparty":"print","at":"{at}","kind":"{kind}","times":1{delay}{to}}}"#));
        let heard = stage.block_on(hand_over(&stage, lot));
        assert_eq!(heard, hears, "{at} {kind}");
        assert_eq!(stage.ledger().len() - before, letters, "{at} {kind}");
        // Under the temporary name it was never handed over; under the final one it always was.
        let is_part = stage.sandbox().print_shop().join(format!("jobs/.{}.part", job_name(lot))).exists();
        assert_eq!(is_part, at != "connect" && letters == 0 && kind != "garble", "{at} {kind}");
        if kind == "garble" {
            let refused = eventually(|| {
                let receipts = fs::read_dir(stage.sandbox().print_shop().join("receipts")).unwrap();
                let texts = receipts.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok());
                texts.filter(|text| text.contains("\"refused\"")).find(|text| text.contains(&job_name(lot)))
            });
            assert!(refused.contains("\"code\": \"digest\""), "{refused}");
        }
    }
}

/// Everything from greeting to handing over; false where any of it fails.
async fn hand_over(stage: &Stage, lot: u32) -> bool {
    let mut connection = greet(stage).await;
    if !connection.authenticate_password("kvitt", "sandbox-print").await.is_ok_and(|answer| answer.success()) {
        return false;
    }
    let client = open(connection).await;
    let name = job_name(lot);
    let part = format!("jobs/.{name}.part");
    client.sftp.create_dir(&part).await.unwrap();
    client.sftp.create_dir(format!("{part}/letters")).await.unwrap();
    for (path, content) in one_letter(lot) {
        let Ok(mut file) = client.sftp.create(format!("{part}/{path}")).await else { return false };
        if file.write_all(&content).await.is_err() || file.shutdown().await.is_err() {
            return false;
        }
    }
    client.hand_over(&name).await
}

/// The other client that people have.
#[test]
fn openssh_hands_over_a_job() {
    if std::process::Command::new("sftp").arg("-V").output().is_err() {
        println!("SKIPPED: the machine has no sftp of OpenSSH");
        return;
    }
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[9; 32]));
    key.write_openssh_file(at("key"), LineEnding::LF).unwrap();
    fs::write(stage.sandbox().authorized_keys(), key.public_key().to_openssh().unwrap()).unwrap();
    let address = stage.sandbox().sftp().unwrap();
    fs::write(at("known"), format!("[{}]:{} {}\n", address.ip(), address.port(), stage.sandbox().host_key().public)).unwrap();
    let name = job_name(1);
    let mut batch = format!("mkdir jobs/.{name}.part\nmkdir jobs/.{name}.part/letters\n");
    for (path, content) in one_letter(1) {
        let file = at(&path.replace('/', "-"));
        fs::write(&file, content).unwrap();
        batch += &format!("put -f {} jobs/.{name}.part/{path}\n", file.display());
    }
    batch += &format!("rename jobs/.{name}.part jobs/{name}\nls -l taken/{name}\ncd jobs/..\npwd\n");
    fs::write(at("batch"), batch).unwrap();
    let options = ["StrictHostKeyChecking=yes", "IdentitiesOnly=yes", &format!("UserKnownHostsFile={}", at("known").display())];
    let mut command = std::process::Command::new("sftp");
    command.args(["-F", "none", "-P", &address.port().to_string(), "-i"]).arg(at("key")).arg("-b").arg(at("batch"));
    command.args(options.iter().flat_map(|option| ["-o", option])).arg(format!("kvitt@{}", address.ip()));
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("manifest.json") && said.contains("Remote working directory: /"), "{said}");
    assert_eq!(stage.ledger().len(), 1);
}
