//! Keys, and everything that is sealed with them.
//!
//! A master key lies outside the database in `keys/` (mode 0600). Each company has a data key, sealed with the master key in
//! its row: ending a company destroys that row, and with it everything that was ever stored about its customers. Sealed bytes
//! are `version, key id, nonce, ciphertext and tag`; AES-256-GCM with the purpose and the company as associated data, so that
//! a value moved to another row or company does not open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{RwLock, RwLockReadGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};

use crate::error::{Error, Result};

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// One AES-256 key with the id that its ciphertexts carry.
struct Key {
    id: [u8; KEY_ID_LEN],
    bytes: [u8; 32],
    cipher: LessSafeKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", hex::encode(self.id))
    }
}

impl Key {
    fn new(bytes: [u8; 32]) -> Key {
        // The id is a digest of the key, so that a key file can be recognised without opening anything with it.
        let digest = <sha2::Sha256 as sha2::Digest>::digest([b"kvitt key id ".as_slice(), &bytes].concat());
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&digest[..KEY_ID_LEN]);
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).expect("32 bytes are an AES-256 key");
        Key { id, bytes, cipher: LessSafeKey::new(unbound) }
    }

    fn random() -> Key {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).expect("the operating system gives random bytes");
        Key::new(bytes)
    }

    fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("the operating system gives random bytes");
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut body)
            .expect("AES-GCM seals anything shorter than 64 GB");
        sealed.append(&mut body);
        sealed
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let damaged = |why: &str| Error::Damaged(format!("a sealed {context} {why}"));
        if sealed.len() < HEADER_LEN || sealed[0] != VERSION {
            return Err(damaged("has no header"));
        }
        if sealed[1..1 + KEY_ID_LEN] != self.id {
            return Err(damaged("was sealed with another key"));
        }
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&sealed[1 + KEY_ID_LEN..HEADER_LEN]);
        let mut body = sealed[HEADER_LEN..].to_vec();
        let plain = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| damaged("does not open: it was changed, or belongs to another place"))?
            .len();
        body.truncate(plain);
        Ok(body)
    }
}

/// The key of one company.
#[derive(Debug)]
pub struct CompanyKey {
    company: String,
    key: Key,
}

/// What a sealed value is: part of what is authenticated, so that values cannot be swapped between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Bytes of a stored file.
    Artefact,
    /// A row's JSON.
    Row,
    /// An event's payload.
    Event,
    /// A request or reply.
    Exchange,
    /// A fødselsnummer.
    Identity,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Artefact => "artefact",
            Purpose::Row => "row",
            Purpose::Event => "event",
            Purpose::Exchange => "exchange",
            Purpose::Identity => "identity",
        }
    }
}

impl CompanyKey {
    /// Seals bytes for one purpose.
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> Vec<u8> {
        self.key.seal(&self.context(purpose), plain)
    }

    /// Opens what [`CompanyKey::seal`] made for the same purpose and company.
    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Vec<u8>> {
        self.key.open(&self.context(purpose), sealed)
    }

    /// Seals a value as JSON.
    pub fn seal_json<T: serde::Serialize>(&self, purpose: Purpose, value: &T) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(value).map_err(|cause| Error::Damaged(format!("a value has no JSON: {cause}")))?;
        Ok(self.seal(purpose, &json))
    }

    /// Opens JSON that [`CompanyKey::seal_json`] made.
    pub fn open_json<T: serde::de::DeserializeOwned>(&self, purpose: Purpose, sealed: &[u8]) -> Result<T> {
        let json = self.open(purpose, sealed)?;
        serde_json::from_slice(&json).map_err(|cause| Error::Damaged(format!("sealed JSON has another shape: {cause}")))
    }

    /// Compresses, then seals.
    pub fn seal_compressed(&self, purpose: Purpose, plain: &[u8]) -> Vec<u8> {
        let packed = zstd::bulk::compress(plain, COMPRESSION_LEVEL).expect("compressing into memory works");
        self.seal(purpose, &packed)
    }

    /// Opens what [`CompanyKey::seal_compressed`] made; `bytes` is its known size.
    pub fn open_compressed(&self, purpose: Purpose, sealed: &[u8], bytes: usize) -> Result<Vec<u8>> {
        let packed = self.open(purpose, sealed)?;
        zstd::bulk::decompress(&packed, bytes).map_err(|cause| Error::Damaged(format!("sealed bytes do not unpack: {cause}")))
    }

    /// Compresses a value's JSON, then seals it: for the rows that hold whole invoices and letters.
    pub fn seal_compressed_json<T: serde::Serialize>(&self, purpose: Purpose, value: &T) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(value).map_err(|cause| Error::Damaged(format!("a value has no JSON: {cause}")))?;
        Ok(self.seal_compressed(purpose, &json))
    }

    /// Opens JSON that [`CompanyKey::seal_compressed_json`] made.
    pub fn open_compressed_json<T: serde::de::DeserializeOwned>(&self, purpose: Purpose, sealed: &[u8]) -> Result<T> {
        let json = self.open_compressed(purpose, sealed, LARGEST_JSON)?;
        serde_json::from_slice(&json).map_err(|cause| Error::Damaged(format!("sealed JSON has another shape: {cause}")))
    }

    /// A digest that only this company can compute: for finding a value again without storing it.
    pub fn digest(&self, value: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key.bytes);
        hex::encode(hmac::sign(&key, format!("find {value}").as_bytes()))
    }

    fn context(&self, purpose: Purpose) -> String {
        format!("{} of {}", purpose.name(), self.company)
    }
}

/// An invoice of 100,000 lines is about 60 MB of JSON; nothing that Kvitt stores as one value is larger than this.
const LARGEST_JSON: usize = 256 << 20;
/// zstd's fastest ordinary level: invoices are small, and the disk is not what limits.
const COMPRESSION_LEVEL: i32 = 1;

/// The master keys: the newest seals, all of them open.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    masters: RwLock<Masters>,
}

#[derive(Debug, Default)]
struct Masters {
    newest: [u8; KEY_ID_LEN],
    keys: HashMap<[u8; KEY_ID_LEN], Key>,
}

impl Vault {
    /// Reads the master keys of a folder, and makes the first one where there is none.
    pub fn open(folder: &Path) -> Result<Vault> {
        std::fs::create_dir_all(folder).map_err(|cause| Error::io(format!("making {}", folder.display()), cause))?;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|cause| Error::io(format!("reading {}", folder.display()), cause))?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "key"));
        files.sort();
        let vault = Vault { folder: folder.to_owned(), masters: RwLock::default() };
        if files.is_empty() {
            vault.rotate()?;
            return Ok(vault);
        }
        for file in files {
            vault.read(&file)?;
        }
        Ok(vault)
    }

    /// Makes a new master key, which seals from now on. Company keys are sealed anew by [`crate::actions::rotate_keys`].
    pub fn rotate(&self) -> Result<()> {
        let key = Key::random();
        let path = self.folder.join(format!("master-{:04}.key", self.masters().keys.len() + 1));
        write_secret(&path, format!("{}\n", hex::encode(key.bytes)).as_bytes())?;
        self.add(key);
        Ok(())
    }

    fn add(&self, key: Key) {
        let mut masters = self.masters.write().expect("no holder of this lock can panic");
        masters.newest = key.id;
        masters.keys.insert(key.id, key);
    }

    fn masters(&self) -> RwLockReadGuard<'_, Masters> {
        self.masters.read().expect("no holder of this lock can panic")
    }

    fn read(&self, file: &Path) -> Result<()> {
        refuse_readable_by_others(file)?;
        let text = std::fs::read_to_string(file).map_err(|cause| Error::io(format!("reading {}", file.display()), cause))?;
        let bytes: [u8; 32] = hex::decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::CannotStart(format!("{} is no key: 64 hexadecimal digits are expected", file.display())))?;
        self.add(Key::new(bytes));
        Ok(())
    }

    /// A new company's key, and its sealed form for the company's row.
    pub fn new_company_key(&self, company: &str) -> (CompanyKey, Vec<u8>) {
        let key = CompanyKey { company: company.to_owned(), key: Key::random() };
        let sealed = self.seal_company_key(&key);
        (key, sealed)
    }

    /// A company's key, sealed with the newest master key.
    pub fn seal_company_key(&self, key: &CompanyKey) -> Vec<u8> {
        let masters = self.masters();
        let newest = masters.keys.get(&masters.newest).expect("the newest key is one of the keys");
        newest.seal(&format!("data key of {}", key.company), &key.key.bytes)
    }

    /// Opens a company's key.
    pub fn company_key(&self, company: &str, sealed: &[u8]) -> Result<CompanyKey> {
        let id = sealed.get(1..1 + KEY_ID_LEN).ok_or_else(|| Error::Damaged(format!("the key of company {company} is cut")))?;
        let masters = self.masters();
        let master = masters.keys.get(id).ok_or_else(|| {
            Error::Damaged(format!("the master key {} of company {company} is not in the keys folder", hex::encode(id)))
        })?;
        let bytes = master.open(&format!("data key of {company}"), sealed)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| Error::Damaged(format!("the key of company {company} is no key")))?;
        Ok(CompanyKey { company: company.to_owned(), key: Key::new(bytes) })
    }
}

/// Writes a file that only its owner can read, and makes sure that it is on disk.
fn write_secret(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        // The name must survive a power cut too: a key without a name is everything lost.
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|cause| Error::io(format!("writing {}", path.display()), cause))
}

fn refuse_readable_by_others(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        std::fs::metadata(path).map_err(|cause| Error::io(format!("reading {}", path.display()), cause))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::CannotStart(format!(
            "{} can be read by others (mode {:o}); run: chmod 600 {}",
            path.display(),
            mode & 0o777,
            path.display()
        )));
    }
    Ok(())
}

/// SHA-256 as lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

/// An unguessable token of 128 bits, as lower-case hexadecimal.
pub fn token() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let vault = Vault::open(&folder.path().join("keys")).expect("an empty folder gives a new key");
        (folder, vault)
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_own_place() {
        let (_folder, vault) = vault();
        let (key, _) = vault.new_company_key("a");
        let (other, _) = vault.new_company_key("b");
        let sealed = key.seal(Purpose::Row, b"hemmelig");
        assert_eq!(key.open(Purpose::Row, &sealed).unwrap(), b"hemmelig");
        assert!(key.open(Purpose::Event, &sealed).is_err());
        assert!(other.open(Purpose::Row, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(Purpose::Row, &changed).is_err(), "byte {at} can be changed unseen");
        }
    }

    #[test]
    fn a_rotated_master_key_still_opens_older_company_keys() {
        let (folder, vault) = vault();
        let (key, sealed) = vault.new_company_key("a");
        let row = key.seal(Purpose::Row, b"x");
        vault.rotate().unwrap();
        let again = Vault::open(&folder.path().join("keys")).unwrap();
        let key = again.company_key("a", &sealed).unwrap();
        assert_eq!(key.open(Purpose::Row, &row).unwrap(), b"x");
        let resealed = again.seal_company_key(&key);
        assert_ne!(resealed[1..9], sealed[1..9]);
        assert!(again.company_key("a", &resealed).is_ok());
        assert!(again.company_key("b", &resealed).is_err());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, _vault) = vault();
        let file = folder.path().join("keys/master-0001.key");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = Vault::open(&folder.path().join("keys")).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
