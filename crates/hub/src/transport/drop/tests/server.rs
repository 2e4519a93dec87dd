//! An SFTP server over a folder, for these tests only: it does what it is asked, and what its knobs say.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, Disconnect};
use russh_sftp::protocol::{Attrs, Data, File as Entry, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::sftp::{self, Account, Algorithms, HostKey, Proof};

/// What goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Knobs {
    /// Files cannot be written.
    pub refuse_write: bool,
    /// A file loses its last byte when it is closed.
    pub lose_a_byte: bool,
    /// Nothing can be renamed.
    pub refuse_rename: bool,
    /// A rename is done, and then said to have failed.
    pub deny_after_rename: bool,
    /// The connection ends instead of a rename.
    pub hang_up_at_rename: bool,
}

/// A running server; it ends with this.
pub struct Server {
    port: u16,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

struct State {
    home: PathBuf,
    knobs: Mutex<Knobs>,
    logins: AtomicUsize,
}

impl std::ops::Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// The key with which a client may log in, as OpenSSH writes it.
pub fn client_key() -> String {
    key(2).to_openssh(LineEnding::LF).unwrap().to_string()
}

impl Server {
    /// Serves a folder.
    pub async fn start(home: &Path) -> Server {
        let state = Arc::new(State { home: home.to_owned(), knobs: Mutex::default(), logins: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Arc::new(server::Config {
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![key(1)],
            ..server::Config::default()
        });
        let served = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Connection { state: Arc::clone(&served), channels: HashMap::new() };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, connection).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Server { port, state, listening }
    }

    /// Turns its knobs.
    pub fn set(&self, knobs: Knobs) {
        *self.state.knobs.lock().unwrap() = knobs;
    }

    /// How often somebody tried to log in.
    pub fn logins(&self) -> usize {
        self.state.logins.load(Ordering::SeqCst)
    }

    /// The account that it serves.
    pub fn account(&self) -> Account {
        let host_key = HostKey::parse(&key(1).public_key().fingerprint(HashAlg::Sha256).to_string()).unwrap();
        let usual = Algorithms { kex: &[], host_key: &[], cipher: &[], mac: &[] };
        Account {
            host: "127.0.0.1".into(),
            port: self.port,
            user: "kvitt".into(),
            proof: Proof::Password("hemmelig".into()),
            preferred: sftp::preferred(usual, &host_key).unwrap(),
            host_key,
            root: String::new(),
        }
    }
}

struct Connection {
    state: Arc<State>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl server::Handler for Connection {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.state.logins.fetch_add(1, Ordering::SeqCst);
        Ok(if user == "kvitt" && password == "hemmelig" { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, shown: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        self.state.logins.fetch_add(1, Ordering::SeqCst);
        let is_known = shown.public_key.key_data() == key(2).public_key().key_data();
        Ok(if user == "kvitt" && is_known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), russh::Error> {
        match (name, self.channels.remove(&id)) {
            ("sftp", Some(channel)) => {
                session.channel_success(id)?;
                let (state, ssh) = (Arc::clone(&self.state), session.handle());
                let files = Files { state, ssh, next: 0, files: HashMap::new(), folders: HashMap::new() };
                tokio::spawn(russh_sftp::server::run(channel.into_stream(), files));
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }
}

struct Files {
    state: Arc<State>,
    ssh: server::Handle,
    next: u32,
    files: HashMap<String, (PathBuf, File)>,
    folders: HashMap<String, Option<Vec<Entry>>>,
}

type Answer<T> = Result<T, StatusCode>;

impl Files {
    fn path(&self, path: &str) -> PathBuf {
        self.state.home.join(path.trim_start_matches('/'))
    }

    fn knobs(&self) -> Knobs {
        *self.state.knobs.lock().unwrap()
    }

    fn handle(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }
}

fn done<T>(result: std::io::Result<T>) -> Answer<T> {
    result.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        std::io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    })
}

fn ok(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "ok".into(), language_tag: "en".into() }
}

impl russh_sftp::server::Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn open(&mut self, id: u32, filename: String, flags: OpenFlags, _attrs: FileAttributes) -> Answer<Handle> {
        let path = self.path(&filename);
        let mut options = OpenOptions::new();
        options.read(flags.contains(OpenFlags::READ)).write(flags.contains(OpenFlags::WRITE));
        options.create_new(flags.contains(OpenFlags::EXCLUDE));
        let file = done(options.open(&path))?;
        let handle = self.handle();
        self.files.insert(handle.clone(), (path, file));
        Ok(Handle { id, handle })
    }

    async fn close(&mut self, id: u32, handle: String) -> Answer<Status> {
        self.folders.remove(&handle);
        if let Some((path, file)) = self.files.remove(&handle)
            && self.knobs().lose_a_byte
        {
            drop(file);
            let file = done(OpenOptions::new().write(true).open(path))?;
            let length = done(file.metadata())?.len();
            done(file.set_len(length.saturating_sub(1)))?;
        }
        Ok(ok(id))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Answer<Data> {
        let (_, file) = self.files.get(&handle).ok_or(StatusCode::Failure)?;
        let mut data = vec![0; usize::try_from(len).unwrap().min(32_768)];
        let read = done(file.read_at(&mut data, offset))?;
        data.truncate(read);
        if read == 0 { Err(StatusCode::Eof) } else { Ok(Data { id, data }) }
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Answer<Status> {
        if self.knobs().refuse_write {
            return Err(StatusCode::Failure);
        }
        let (_, file) = self.files.get(&handle).ok_or(StatusCode::Failure)?;
        done(file.write_all_at(&data, offset))?;
        Ok(ok(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Answer<Attrs> {
        let metadata = done(self.path(&path).symlink_metadata())?;
        Ok(Attrs { id, attrs: FileAttributes::from(&metadata) })
    }

    async fn opendir(&mut self, id: u32, path: String) -> Answer<Handle> {
        let entries = done(std::fs::read_dir(self.path(&path)))?;
        let listed = entries.map(|entry| {
            let entry = entry.unwrap();
            Entry::new(entry.file_name().into_string().unwrap(), FileAttributes::from(&entry.metadata().unwrap()))
        });
        let mut listed: Vec<Entry> = listed.collect();
        listed.push(Entry::dummy(".."));
        let handle = self.handle();
        self.folders.insert(handle.clone(), Some(listed));
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Answer<Name> {
        let listed = self.folders.get_mut(&handle).ok_or(StatusCode::Failure)?.take();
        listed.map(|files| Name { id, files }).ok_or(StatusCode::Eof)
    }

    async fn remove(&mut self, id: u32, filename: String) -> Answer<Status> {
        done(std::fs::remove_file(self.path(&filename)))?;
        Ok(ok(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, _attrs: FileAttributes) -> Answer<Status> {
        done(std::fs::create_dir(self.path(&path)))?;
        Ok(ok(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Answer<Status> {
        done(std::fs::remove_dir(self.path(&path)))?;
        Ok(ok(id))
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Answer<Status> {
        let knobs = self.knobs();
        if knobs.hang_up_at_rename {
            let _ = self.ssh.disconnect(Disconnect::ByApplication, "goodbye".into(), "en".into()).await;
            std::future::pending::<()>().await;
        }
        if knobs.refuse_rename {
            return Err(StatusCode::PermissionDenied);
        }
        done(std::fs::rename(self.path(&from), self.path(&to)))?;
        if knobs.deny_after_rename { Err(StatusCode::Failure) } else { Ok(ok(id)) }
    }
}
