//! The drops of print shop and bank over SFTP: logging in (each has its own user), and one SFTP subsystem for each session.
//!
//! What a client may do with files is in `sftp/files.rs`; what becomes of jobs and claim files is decided in
//! `counterparties/print_shop.rs` and `counterparties/bank.rs`. The host key is made once for each data folder.

mod files;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::certificate::{random, write_secret};
use crate::counterparties::drop::{Course, Step};
use crate::counterparties::{bank, print_shop};
use crate::fronts::{counter, drop as shop};
use crate::world::World;

/// The user that the print shop knows.
pub const SFTP_USER: &str = "kvitt";

/// That user's password.
pub const SFTP_PASSWORD: &str = "sandbox-print";

/// The user that the bank knows.
pub const BANK_SFTP_USER: &str = "kvitt-bank";

/// That user's password.
pub const BANK_SFTP_PASSWORD: &str = "sandbox-bank";

/// Whose drop a client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum House {
    PrintShop,
    Bank,
}

impl House {
    /// Where this user's things are; strangers knock at the print shop.
    fn of(user: &str) -> House {
        if user == BANK_SFTP_USER { House::Bank } else { House::PrintShop }
    }

    fn knows(self, user: &str) -> bool {
        user == match self {
            House::PrintShop => SFTP_USER,
            House::Bank => BANK_SFTP_USER,
        }
    }

    fn password(self) -> &'static str {
        match self {
            House::PrintShop => SFTP_PASSWORD,
            House::Bank => BANK_SFTP_PASSWORD,
        }
    }

    fn counterparty(self) -> &'static str {
        match self {
            House::PrintShop => print_shop::NAME,
            House::Bank => bank::NAME,
        }
    }

    fn home(self, world: &World) -> PathBuf {
        match self {
            House::PrintShop => world.shop.home.clone(),
            House::Bank => world.branch.home.clone(),
        }
    }

    /// Is this the final name of something that the house takes?
    fn takes(self, parts: &[String], is_folder: bool) -> bool {
        let (folder, wants_folder) = match self {
            House::PrintShop => ("jobs", true),
            House::Bank => ("in", false),
        };
        is_folder == wants_folder && parts.len() == 2 && parts[0] == folder && !parts[1].starts_with('.')
    }

    /// Held while something is given its final name and is taken.
    async fn floor(self, world: &World) -> tokio::sync::MutexGuard<'_, ()> {
        match self {
            House::PrintShop => world.shop.floor.lock().await,
            House::Bank => world.branch.counter.lock().await,
        }
    }

    async fn take(self, world: &World, name: &str, course: Course) -> io::Result<()> {
        match self {
            House::PrintShop => shop::take(world, name, course).await,
            House::Bank => counter::take(world, name).await,
        }
    }
}

/// Clients at a time; more wait to be greeted. A hub has one for each company.
const MOST_CONNECTIONS: usize = 64;

/// Silence after which a session is closed, by machine time.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// The public half of the host key (Ed25519), as OpenSSH writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// `SHA256:…`
    pub fingerprint: String,
    /// `ssh-ed25519 AAAA…`
    pub public: String,
}

/// What proves the server to its clients, and whom it lets in by key.
#[derive(Debug)]
pub struct Keys {
    host: PrivateKey,
    /// Public keys that may log in, one a line as in OpenSSH; read at each login.
    authorized: PathBuf,
}

impl Keys {
    /// Reads the host key from the folder, or makes it.
    ///
    /// # Errors
    /// It cannot be made, read or written, or is spoilt.
    pub fn open(folder: &Path) -> io::Result<Keys> {
        fs::create_dir_all(folder)?;
        let file = folder.join("host_key");
        if !file.exists() {
            let key = PrivateKey::from(Ed25519Keypair::from_seed(&random()?));
            write_secret(&file, &key.to_openssh(LineEnding::LF).map_err(io::Error::other)?)?;
        }
        let spoilt = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let host = PrivateKey::from_openssh(fs::read_to_string(&file)?).map_err(spoilt)?;
        Ok(Keys { host, authorized: folder.join("authorized_keys") })
    }

    /// The public half of the host key.
    ///
    /// # Errors
    /// It cannot be written as text.
    pub fn host_key(&self) -> io::Result<HostKey> {
        let public = self.host.public_key();
        let fingerprint = public.fingerprint(HashAlg::Sha256).to_string();
        Ok(HostKey { fingerprint, public: public.to_openssh().map_err(io::Error::other)? })
    }

    /// The file of public keys that may log in; it need not exist.
    pub fn authorized(&self) -> &Path {
        &self.authorized
    }
}

/// Serves everyone who connects, for ever.
pub async fn serve(world: Arc<World>, listener: TcpListener, keys: Keys) {
    let config = Arc::new(Config {
        keys: vec![keys.host],
        auth_rejection_time: Duration::ZERO,
        inactivity_timeout: Some(LONGEST_SILENCE),
        nodelay: true,
        ..Config::default()
    });
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Sessions run in tasks of the library's, which outlive these; each of these holds its client's line, and letting go
    // of it ends the session.
    let mut sessions = JoinSet::new();
    loop {
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        while sessions.try_join_next().is_some() {}
        let line = match listener.accept().await.and_then(|(stream, _)| Line::of(stream)) {
            Ok(line) => line,
            Err(error) => {
                tracing::warn!(%error, "a client of the print shop could not be greeted");
                continue;
            }
        };
        let (stream, line) = line;
        let guest = Guest {
            world: Arc::downgrade(&world),
            line: Arc::downgrade(&line),
            authorized: keys.authorized.clone(),
            channels: HashMap::new(),
            house: House::PrintShop,
        };
        let config = config.clone();
        sessions.spawn(async move {
            let _seat = seat;
            let ended = match run_stream(config, stream, guest).await {
                Ok(session) => session.await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a session of the print shop ended badly");
            }
            drop(line);
        });
    }
}

/// A client's connection, which can be cut from outside of the session that runs over it.
#[derive(Debug)]
struct Line(std::net::TcpStream);

impl Line {
    fn of(stream: TcpStream) -> io::Result<(TcpStream, Arc<Line>)> {
        let stream = stream.into_std()?;
        let line = Line(stream.try_clone()?);
        Ok((TcpStream::from_std(stream)?, Arc::new(line)))
    }

    /// Closes the connection: what has not been said by now is not said.
    fn cut(&self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
    }
}

/// One client. It holds the world weakly: a sandbox that stops does not wait for its guests.
struct Guest {
    world: Weak<World>,
    line: Weak<Line>,
    authorized: PathBuf,
    channels: HashMap<ChannelId, Channel<Msg>>,
    /// Whose drop it sees, once it has logged in.
    house: House,
}

impl Guest {
    /// Lets in whom it knows, unless a fault was ordered.
    async fn admit(&mut self, user: &str, known: bool) -> Auth {
        self.house = House::of(user);
        let known = known && self.house.knows(user);
        let course = match self.world.upgrade() {
            None => Course::Drop,
            Some(world) => world.course(self.house.counterparty(), Step::Connect, ""),
        };
        match course {
            Course::Refuse => return Auth::reject(),
            Course::Drop => self.hang_up(),
            Course::Delay(by) => tokio::time::sleep(by).await,
            Course::Normal | Course::AcceptThenDrop | Course::Duplicate | Course::Garble => {}
        }
        if known { Auth::Accept } else { Auth::reject() }
    }

    fn hang_up(&self) {
        if let Some(line) = self.line.upgrade() {
            line.cut();
        }
    }

    fn is_authorized(&self, key: &PublicKey) -> bool {
        let text = fs::read_to_string(&self.authorized).unwrap_or_default();
        text.lines().filter_map(|line| PublicKey::from_openssh(line.trim()).ok()).any(|known| known.key_data() == key.key_data())
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let known = password == House::of(user).password();
        Ok(self.admit(user, known).await)
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let known = self.is_authorized(key.public_key);
        Ok(self.admit(user, known).await)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.close(channel)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match self.channels.remove(&id) {
            Some(channel) if name == "sftp" => {
                session.channel_success(id)?;
                let files = files::Files::new(self.world.clone(), self.line.clone(), self.house);
                russh_sftp::server::run(channel.into_stream(), files).await;
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }
}
