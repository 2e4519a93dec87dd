//! The same steps over a folder and over SFTP: put, crash, put again, look, receipts, and what a stranger may try.

use std::path::{Path, PathBuf};

use futures_util::FutureExt;

use super::*;

mod server;

use server::{Knobs, Server};

/// A drop with `jobs/`, and the folder behind it. The server lives as long as this.
struct Sample {
    site: Site,
    home: tempfile::TempDir,
    server: Option<Server>,
}

impl Sample {
    fn folder() -> Sample {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("jobs")).unwrap();
        Sample { site: Site::Folder(folder::Home::new(home.path().to_owned())), home, server: None }
    }

    async fn sftp() -> Sample {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("jobs")).unwrap();
        let server = Server::start(home.path()).await;
        Sample { site: Site::Sftp(Box::new(server.account())), home, server: Some(server) }
    }

    async fn both() -> [Sample; 2] {
        [Sample::folder(), Sample::sftp().await]
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }
}

fn files() -> Vec<(String, Vec<u8>)> {
    let large: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    vec![
        ("letters/0001-1.pdf".into(), large),
        ("letters/0001-2.pdf".into(), b"two".to_vec()),
        ("empty.txt".into(), Vec::new()),
        ("manifest.json".into(), b"{}".to_vec()),
    ]
}

fn mark() -> Committing<'static> {
    Box::new(|| async { Ok(()) }.boxed())
}

/// The process ends as the mark is made: nothing after it happens.
fn crash() -> Committing<'static> {
    Box::new(|| async { Err(Error::Stopping) }.boxed())
}

fn no_mark() -> Committing<'static> {
    Box::new(|| async { panic!("there was nothing to mark") }.boxed())
}

/// Every file below a folder, by its path.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => waiting.push(path),
                false => found.push((path.strip_prefix(folder).unwrap().display().to_string(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found.sort();
    found
}

fn sorted(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    files.sort();
    files
}

fn what_of(reply: &Reply) -> &str {
    match reply {
        Reply::Silence { sent: Sent::No, what } => what,
        other => panic!("not a silence of something unsent: {other:?}"),
    }
}

#[tokio::test]
async fn a_package_is_put_whole_and_put_once() {
    for sample in Sample::both().await {
        assert_eq!(sample.site.look("job-1").await, Reply::Seen { place: Place::Nowhere });
        assert_eq!(sample.site.put("job-1", &files(), mark()).await.unwrap(), Reply::Placed);
        assert_eq!(
            tree(&sample.path("jobs")),
            sorted(files().into_iter().map(|(path, bytes)| (format!("job-1/{path}"), bytes)).collect())
        );
        assert_eq!(sample.site.look("job-1").await, Reply::Seen { place: Place::Final });
        // Again: it is asked first, and there is nothing to do.
        assert_eq!(sample.site.put("job-1", &files(), no_mark()).await.unwrap(), Reply::Placed);
        // The shop took it away; it still was handed over.
        std::fs::create_dir(sample.path("taken")).unwrap();
        std::fs::rename(sample.path("jobs/job-1"), sample.path("taken/job-1")).unwrap();
        assert_eq!(sample.site.look("job-1").await, Reply::Seen { place: Place::Final });
        assert_eq!(sample.site.put("job-1", &files(), no_mark()).await.unwrap(), Reply::Placed);
        assert!(tree(&sample.path("jobs")).is_empty());
    }
}

#[tokio::test]
async fn a_crash_before_the_rename_leaves_a_part_that_the_next_put_replaces() {
    for sample in Sample::both().await {
        let crashed = sample.site.put("job-1", &files(), crash()).await;
        assert!(matches!(crashed, Err(Error::Stopping)), "{crashed:?}");
        assert_eq!(sample.site.look("job-1").await, Reply::Seen { place: Place::Temporary });
        assert!(!sample.path("jobs/job-1").exists());
        // What an earlier crash left is no part of what is put now.
        std::fs::create_dir_all(sample.path("jobs/.job-1.part/deep/er")).unwrap();
        std::fs::write(sample.path("jobs/.job-1.part/deep/er/stale.pdf"), "half").unwrap();
        assert_eq!(sample.site.put("job-1", &files(), mark()).await.unwrap(), Reply::Placed);
        assert_eq!(tree(&sample.path("jobs/job-1")), sorted(files()));
        assert!(!sample.path("jobs/.job-1.part").exists());
    }
}

#[tokio::test]
async fn a_link_in_a_stale_part_is_removed_and_not_followed() {
    for sample in Sample::both().await {
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("precious"), "kept").unwrap();
        std::fs::create_dir(sample.path("jobs/.job-1.part")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), sample.path("jobs/.job-1.part/link")).unwrap();
        assert_eq!(sample.site.put("job-1", &files(), mark()).await.unwrap(), Reply::Placed);
        assert_eq!(std::fs::read(elsewhere.path().join("precious")).unwrap(), b"kept");
    }
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused_before_anything_is_written() {
    for sample in Sample::both().await {
        for name in ["", ".", "..", "../job", "a/b", ".hidden", "job.part", "jøbb", "a b", "a\\b", "a\0b"] {
            assert!(what_of(&sample.site.put(name, &files(), no_mark()).await.unwrap()).contains("no name"), "{name:?}");
            assert!(what_of(&sample.site.look(name).await).contains("no name"), "{name:?}");
        }
        for path in ["../out.pdf", "letters/../../out.pdf", "/etc/out.pdf", "letters//a.pdf", "letters/.a.pdf", ""] {
            let package = [("ok.pdf".to_owned(), b"ok".to_vec()), (path.to_owned(), b"out".to_vec())];
            assert!(what_of(&sample.site.put("job-1", &package, no_mark()).await.unwrap()).contains("no name"), "{path:?}");
        }
        assert!(tree(sample.home.path()).is_empty());
        assert!(sample.site.put_away("../jobs").await.is_err());
    }
}

#[tokio::test]
async fn a_drop_without_jobs_is_the_wrong_place() {
    for sample in Sample::both().await {
        std::fs::remove_dir(sample.path("jobs")).unwrap();
        assert!(what_of(&sample.site.put("job-1", &files(), no_mark()).await.unwrap()).contains("jobs/"));
        assert!(sample.site.reach().await.unwrap_err().contains("jobs/"));
        std::fs::create_dir(sample.path("jobs")).unwrap();
        assert_eq!(sample.site.reach().await, Ok(()));
        assert!(std::fs::read_dir(sample.path("jobs")).unwrap().next().is_none(), "the look left something behind");
    }
}

#[tokio::test]
async fn receipts_come_oldest_first_and_are_put_away_once() {
    for sample in Sample::both().await {
        assert_eq!(sample.site.collect(10).await.unwrap(), [], "no receipts/ yet");
        std::fs::create_dir_all(sample.path("receipts/read")).unwrap();
        let write = |name: &str, age: u64| {
            let file = std::fs::File::create(sample.path(&format!("receipts/{name}"))).unwrap();
            std::io::Write::write_all(&mut &file, name.as_bytes()).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 - age)).unwrap();
        };
        for (name, age) in
            [("b.json", 60), ("a.json", 60), ("young.json", 0), ("old.json", 3600), (".c.json", 9), ("d.json.part", 9)]
        {
            write(name, age);
        }
        std::os::unix::fs::symlink(sample.path("jobs"), sample.path("receipts/link.json")).unwrap();
        let names = |left: Vec<Left>| left.into_iter().map(|left| left.name).collect::<Vec<_>>();
        assert_eq!(names(sample.site.collect(10).await.unwrap()), ["old.json", "a.json", "b.json", "young.json"]);
        let two = sample.site.collect(2).await.unwrap();
        assert_eq!(two[0], Left { name: "old.json".into(), bytes: b"old.json".to_vec() });
        assert_eq!(names(two), ["old.json", "a.json"]);

        std::fs::write(sample.path("receipts/read/old.json"), "of another year").unwrap();
        sample.site.put_away("old.json").await.unwrap();
        // A second hub, or this one after a crash.
        sample.site.put_away("old.json").await.unwrap();
        assert_eq!(std::fs::read(sample.path("receipts/read/old.json")).unwrap(), b"of another year");
        assert_eq!(std::fs::read(sample.path("receipts/read/2-old.json")).unwrap(), b"old.json");
        assert_eq!(names(sample.site.collect(10).await.unwrap()), ["a.json", "b.json", "young.json"]);
    }
}

#[tokio::test]
async fn a_receipt_that_is_too_large_is_set_aside_and_keeps_no_other_waiting() {
    for sample in Sample::both().await {
        std::fs::create_dir(sample.path("receipts")).unwrap();
        let large = std::fs::File::create(sample.path("receipts/a.json")).unwrap();
        large.set_len(LARGEST_RECEIPT + 1).unwrap();
        std::fs::write(sample.path("receipts/b.json"), "{}").unwrap();
        assert_eq!(sample.site.collect(10).await.unwrap(), [Left { name: "b.json".into(), bytes: b"{}".to_vec() }]);
        assert!(sample.path("receipts/kept/a.json").exists());
    }
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let sample = Sample::folder();
    let jobs = sample.path("jobs");
    std::fs::set_permissions(&jobs, PermissionsExt::from_mode(0o555)).unwrap();
    // Whoever may do everything cannot be refused.
    if std::fs::create_dir(jobs.join("probe")).is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    assert!(what_of(&sample.site.put("job-1", &files(), no_mark()).await.unwrap()).contains("ermission"));
    assert!(sample.site.reach().await.unwrap_err().contains("ermission"));
}

/// A put over SFTP at whose server something is wrong.
async fn put_at(knobs: Knobs, committing: Committing<'static>) -> (Reply, Sample) {
    let sample = Sample::sftp().await;
    sample.server.as_ref().expect("it is the one over SFTP").set(knobs);
    let reply = sample.site.put("job-1", &files(), committing).await.unwrap();
    (reply, sample)
}

#[tokio::test]
async fn a_server_that_refuses_the_rename_has_nothing() {
    let (reply, sample) = put_at(Knobs { refuse_rename: true, ..Knobs::default() }, mark()).await;
    assert!(what_of(&reply).contains("ermission"), "{reply:?}");
    assert_eq!(sample.site.look("job-1").await, Reply::Seen { place: Place::Temporary });
}

#[tokio::test]
async fn a_rename_that_is_done_but_not_confirmed_is_found_out() {
    let (reply, _sample) = put_at(Knobs { deny_after_rename: true, ..Knobs::default() }, mark()).await;
    assert_eq!(reply, Reply::Placed);
}

#[tokio::test]
async fn a_connection_that_drops_at_the_rename_leaves_it_unknown() {
    let (reply, sample) = put_at(Knobs { hang_up_at_rename: true, ..Knobs::default() }, mark()).await;
    assert!(matches!(reply, Reply::Silence { sent: Sent::Unknown, .. }), "{reply:?}");
    assert!(sample.path("jobs/.job-1.part").exists());
}

#[tokio::test]
async fn a_file_that_arrives_short_is_found_before_the_mark() {
    let (reply, sample) = put_at(Knobs { lose_a_byte: true, ..Knobs::default() }, no_mark()).await;
    assert!(what_of(&reply).contains("bytes were written"), "{reply:?}");
    assert!(!sample.path("jobs/job-1").exists());
}

#[tokio::test]
async fn a_full_disk_at_the_server_is_found_before_the_mark() {
    let (reply, _sample) = put_at(Knobs { refuse_write: true, ..Knobs::default() }, no_mark()).await;
    assert!(what_of(&reply).contains("jobs/.job-1.part/letters/0001-1.pdf"), "{reply:?}");
}

#[tokio::test]
async fn another_host_key_is_refused_before_the_user_is_named() {
    let sample = Sample::sftp().await;
    let server = sample.server.as_ref().expect("it is the one over SFTP");
    let shown = server.account().host_key.fingerprint();
    let pinned = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut account = server.account();
    account.host_key = sftp::HostKey::parse(pinned).unwrap();
    let why = Site::Sftp(Box::new(account)).reach().await.unwrap_err();
    assert!(why.contains(pinned) && why.contains(&shown), "{why}");
    assert_eq!(server.logins(), 0);
}

#[tokio::test]
async fn a_wrong_password_is_said_and_never_shown() {
    let sample = Sample::sftp().await;
    let mut account = sample.server.as_ref().expect("it is the one over SFTP").account();
    account.proof = sftp::Proof::Password("feil".into());
    assert!(!format!("{account:?}").contains("feil"));
    let why = Site::Sftp(Box::new(account)).reach().await.unwrap_err();
    assert!(why.contains("refused the login of kvitt"), "{why}");
}

#[tokio::test]
async fn a_key_logs_in_and_a_root_is_where_everything_is() {
    let mut sample = Sample::sftp().await;
    let server = sample.server.as_ref().expect("it is the one over SFTP");
    let mut account = server.account();
    account.proof = sftp::Proof::key(&server::client_key()).unwrap();
    account.root = "/sub".into();
    std::fs::create_dir_all(sample.path("sub/jobs")).unwrap();
    sample.site = Site::Sftp(Box::new(account));
    assert_eq!(sample.site.put("job-1", &files(), mark()).await.unwrap(), Reply::Placed);
    assert_eq!(tree(&sample.path("sub/jobs/job-1")), sorted(files()));
}

#[tokio::test]
async fn nobody_listening_is_certainly_unsent() {
    let sample = Sample::sftp().await;
    let mut account = sample.server.as_ref().expect("it is the one over SFTP").account();
    account.port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let site = Site::Sftp(Box::new(account));
    assert!(what_of(&site.put("job-1", &files(), no_mark()).await.unwrap()).contains("no connection"));
    assert!(what_of(&site.look("job-1").await).contains("no connection"));
    assert!(site.collect(1).await.is_err());
}

#[test]
fn a_host_key_is_pinned_by_fingerprint_or_by_line() {
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let fingerprint = "SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE";
    for text in [
        line.to_owned(),
        format!("{line} comment"),
        format!("sftp.example {line}"),
        format!(" {fingerprint}\n"),
        format!("{fingerprint}="),
    ] {
        assert_eq!(sftp::HostKey::parse(&text).unwrap().fingerprint(), fingerprint, "{text}");
    }
    for text in ["", "SHA256:short", "MD5:aa:bb", "ssh-ed25519 garbage", "sftp.example"] {
        assert!(sftp::HostKey::parse(text).is_err(), "{text}");
    }
}

#[test]
fn algorithms_are_those_that_are_known_and_never_none() {
    let key = sftp::HostKey::parse("SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE").unwrap();
    let named = |kex: &[&str], host_key: &[&str], cipher: &[&str], mac: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (kex, host_key, cipher, mac) = (owned(kex), owned(host_key), owned(cipher), owned(mac));
        sftp::preferred(sftp::Algorithms { kex: &kex, host_key: &host_key, cipher: &cipher, mac: &mac }, &key)
    };
    let usual = named(&[], &[], &[], &[]).unwrap();
    assert!(usual.key.iter().all(|key| !key.as_str().contains("rsa")), "{:?}", usual.key);
    let old = named(&["ecdh-sha2-nistp256"], &["ecdsa-sha2-nistp256"], &["aes256-cbc"], &["hmac-sha1"]).unwrap();
    assert_eq!(old.kex[0].as_ref(), "ecdh-sha2-nistp256");
    assert!(old.kex.iter().any(|name| name.as_ref().starts_with("kex-strict-c")));
    assert_eq!(old.cipher[0].as_ref(), "aes256-cbc");
    assert_eq!(old.mac[0].as_ref(), "hmac-sha1");
    for (kex, host_key, cipher, mac) in
        [("none", "", "", ""), ("", "", "none", ""), ("", "", "clear", ""), ("", "", "", "none"), ("dh-magic", "", "", "")]
    {
        let one = |name: &'static str| if name.is_empty() { vec![] } else { vec![name] };
        let why = named(&one(kex), &one(host_key), &one(cipher), &one(mac)).unwrap_err();
        assert!(why.contains("no algorithm"), "{why}");
    }
    assert!(named(&[], &["ssh-rsa"], &[], &[]).unwrap_err().contains("RSA"));
}
