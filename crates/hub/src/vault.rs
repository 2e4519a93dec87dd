//! Keys, and everything that is sealed with them.
//!
//! Master keys lie outside the database in `keys/` (mode 0600). Each company has a data key, sealed with a master key in its
//! row: ending a company destroys that row, and with it everything that was ever stored about its customers. The house has one
//! too, for what belongs to no company; [`crate::store::house`] proves with it that keys and database belong together.
//!
//! Sealed bytes are `version, key id, nonce, ciphertext and tag`: AES-256-GCM whose associated data says what the value is,
//! which row it stands in and whose it is, so that a value moved to another column, row or company does not open. From a data
//! key two keys are derived, one for sealing and one for finding: no key has two uses.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{Debug, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock, RwLockReadGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};

use crate::error::{Error, Result};

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;
/// The plain length before compressed bytes, inside the seal.
const LENGTH_LEN: usize = size_of::<u64>();

/// An invoice of 100,000 lines is about 60 MB of JSON; nothing that Kvitt stores as one value is larger than this.
const LARGEST: usize = 256 << 20;
/// zstd's fastest ordinary level: invoices are small, and the disk is not what limits.
const COMPRESSION_LEVEL: i32 = 1;

/// What a sealed value is: one for each kind, part of what is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Bytes of a stored file; its row is the digest.
    Artefact,
    /// What was answered to a request with a key; its row is the key.
    Answer,
    /// A fødselsnummer; its row is the reference.
    Identity,
    /// What an invoice says; its row is the invoice.
    Invoice,
    /// Where a delivery stands; its row is the delivery.
    Delivery,
    /// A decision record; its row is the delivery and the record's number.
    Plan,
    /// The latest word on an attempt; its row is the attempt.
    Word,
    /// What was said to a counterparty; its row is the consignment and the entry's number.
    Request,
    /// What a counterparty answered; its row is that of the request.
    Reply,
    /// What arrived by itself; its row is the consignment and the entry's number.
    Arrival,
    /// An event's payload; its row is the event's number.
    Event,
    /// An address that bounced; its row is the address's digest.
    Suppression,
    /// What arrived and could not be understood; its row is the digest.
    Stray,
    /// What the house notes of itself; its row is the note's name.
    Note,
    /// What a register answered of a recipient; its row is the delivery.
    Lookup,
    /// How an agreement came about; its row is the agreement.
    Agreement,
    /// A payer's mandate; its row is the account and the KID's digest.
    Mandate,
    /// What a mandate was; its row is that of the mandate and the change's number.
    MandateChange,
    /// A mandate that a customer is offered; it stands in an address and in no row.
    MandateOffer,
    /// A plan that a sender may demand; it stands in its id and in no row.
    PlanPromise,
    /// What a bank said of a payment; its row is the payment.
    Payment,
    /// A bank's file; its row is the digest and the piece's number.
    BankFile,
    /// Where a webhook is and what it is signed with; its row is the webhook.
    Webhook,
    /// A customer, project or product; its row is the kind and the id.
    Card,
    /// A draft; its row is the draft.
    Draft,
    /// What comes again; its row is the recurrence.
    Recurrence,
    /// What is done to many at once; its row is the bulk.
    Bulk,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Artefact => "artefact",
            Purpose::Answer => "answer",
            Purpose::Identity => "identity",
            Purpose::Invoice => "invoice",
            Purpose::Delivery => "delivery",
            Purpose::Plan => "plan",
            Purpose::Word => "word",
            Purpose::Request => "request",
            Purpose::Reply => "reply",
            Purpose::Arrival => "arrival",
            Purpose::Event => "event",
            Purpose::Suppression => "suppression",
            Purpose::Lookup => "lookup",
            Purpose::Agreement => "agreement",
            Purpose::Mandate => "mandate",
            Purpose::MandateChange => "mandate change",
            Purpose::MandateOffer => "mandate offer",
            Purpose::PlanPromise => "plan promise",
            Purpose::Stray => "stray",
            Purpose::Note => "note",
            Purpose::Payment => "payment",
            Purpose::BankFile => "bank file",
            Purpose::Webhook => "webhook",
            Purpose::Card => "card",
            Purpose::Draft => "draft",
            Purpose::Recurrence => "recurrence",
            Purpose::Bulk => "bulk",
        }
    }
}

/// The data key of one company. Clones share it.
#[derive(Clone)]
pub struct CompanyKey(Arc<DataKey>);

struct DataKey {
    owner: String,
    secret: [u8; 32],
    sealing: Key,
    finding: hmac::Key,
}

impl Debug for CompanyKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompanyKey(of {})", self.0.owner)
    }
}

impl CompanyKey {
    fn new(owner: &str, secret: [u8; 32]) -> CompanyKey {
        let finding = hmac::Key::new(hmac::HMAC_SHA256, &derive(&secret, "kvitt finding"));
        let sealing = Key::new(&derive(&secret, "kvitt sealing"));
        CompanyKey(Arc::new(DataKey { owner: owner.to_owned(), secret, sealing, finding }))
    }

    /// Seals the value of one row; `row` is the row's primary key within the company.
    pub fn seal(&self, purpose: Purpose, row: impl Display, plain: &[u8]) -> Vec<u8> {
        self.0.sealing.seal(&self.place(purpose, row), plain)
    }

    /// Opens what [`CompanyKey::seal`] made for the same purpose, row and company.
    pub fn open(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<Vec<u8>> {
        self.0.sealing.open(&self.place(purpose, row), sealed)
    }

    /// Seals a value as JSON.
    pub fn seal_json<T: serde::Serialize>(&self, purpose: Purpose, row: impl Display, value: &T) -> Result<Vec<u8>> {
        Ok(self.seal(purpose, row, &to_json(value)?))
    }

    /// Opens JSON that [`CompanyKey::seal_json`] made.
    pub fn open_json<T: serde::de::DeserializeOwned>(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<T> {
        from_json(&self.open(purpose, row, sealed)?)
    }

    /// Compresses, then seals.
    pub fn seal_compressed(&self, purpose: Purpose, row: impl Display, plain: &[u8]) -> Vec<u8> {
        let mut packed = (plain.len() as u64).to_le_bytes().to_vec();
        packed.append(&mut compressed(plain));
        self.seal(purpose, row, &packed)
    }

    /// Opens what [`CompanyKey::seal_compressed`] made.
    pub fn open_compressed(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<Vec<u8>> {
        let packed = self.open(purpose, row, sealed)?;
        let damaged = |why: String| Error::Damaged(format!("sealed bytes do not unpack: {why}"));
        let (length, packed) = packed.split_first_chunk::<LENGTH_LEN>().ok_or_else(|| damaged("no length".into()))?;
        // As much memory as it needs and no more, which the seal vouches for.
        let length = u64::from_le_bytes(*length);
        let capacity = usize::try_from(length).ok().filter(|bytes| *bytes <= LARGEST);
        let capacity = capacity.ok_or_else(|| damaged(format!("{length} bytes are more than is ever stored")))?;
        let plain = decompressed(packed, capacity).map_err(|cause| damaged(cause.to_string()))?;
        if plain.len() != capacity { Err(damaged("another length".into())) } else { Ok(plain) }
    }

    /// Compresses a value's JSON, then seals it: for the rows that hold whole invoices and letters.
    pub fn seal_compressed_json<T: serde::Serialize>(&self, purpose: Purpose, row: impl Display, value: &T) -> Result<Vec<u8>> {
        Ok(self.seal_compressed(purpose, row, &to_json(value)?))
    }

    /// Opens JSON that [`CompanyKey::seal_compressed_json`] made.
    pub fn open_compressed_json<T>(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<T>
    where
        T: serde::de::DeserializeOwned,
    {
        from_json(&self.open_compressed(purpose, row, sealed)?)
    }

    /// A digest that only this company can compute: for finding a value again without storing it.
    pub fn digest(&self, value: &str) -> String {
        hex::encode(hmac::sign(&self.0.finding, value.as_bytes()))
    }

    fn place(&self, purpose: Purpose, row: impl Display) -> String {
        format!("{} {row} of {}", purpose.name(), self.0.owner)
    }
}

thread_local! {
    // Making one costs more than packing an invoice with it, so that each thread keeps its own.
    static COMPRESSOR: RefCell<zstd::bulk::Compressor<'static>> =
        RefCell::new(zstd::bulk::Compressor::new(COMPRESSION_LEVEL).expect("the level is one of zstd's"));
    static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> =
        RefCell::new(zstd::bulk::Decompressor::new().expect("there is memory for it"));
}

fn compressed(plain: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|own| own.compress(plain)).expect("compressing into memory works")
}

fn decompressed(packed: &[u8], capacity: usize) -> std::io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|own| own.decompress(packed, capacity))
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|cause| Error::Damaged(format!("a value has no JSON: {cause}")))
}

fn from_json<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|cause| Error::Damaged(format!("sealed JSON has another shape: {cause}")))
}

/// The master keys, of which the newest seals and all open, and the house's own key.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    masters: RwLock<Masters>,
    house: OnceLock<CompanyKey>,
}

#[derive(Debug, Default)]
struct Masters {
    newest: Option<NumberedId>,
    keys: HashMap<[u8; KEY_ID_LEN], Key>,
}

/// The number in a key file's name, and the id of the key in it.
type NumberedId = (u32, [u8; KEY_ID_LEN]);

/// Whose the house's key is, as a company's key is its company's. No company has this id: theirs are UUIDs.
const HOUSE: &str = "the house";

impl Vault {
    /// Reads the master keys of a folder, and makes the first one where there is none.
    pub fn open(folder: &Path) -> Result<Vault> {
        std::fs::create_dir_all(folder).map_err(|cause| Error::io(format!("making {}", folder.display()), cause))?;
        let vault = Vault::read(folder)?;
        if vault.masters().newest.is_none() {
            // Two hubs that begin in one folder at the same moment must agree: the first name that stands is everybody's key.
            vault.write_new_key(1)?;
            vault.read_folder()?;
        }
        Ok(vault)
    }

    /// Reads the master keys of a folder and makes none: for a database that was sealed with keys before.
    pub fn read(folder: &Path) -> Result<Vault> {
        let vault = Vault { folder: folder.to_owned(), masters: RwLock::default(), house: OnceLock::new() };
        vault.read_folder()?;
        Ok(vault)
    }

    /// Makes a new master key, which seals from now on. What the older ones sealed is sealed anew by
    /// [`crate::actions::rotate_keys`].
    pub fn rotate(&self) -> Result<()> {
        // Another hub that shares the folder may have made one since.
        self.read_folder()?;
        let number = self.masters().newest.map_or(0, |(number, _)| number) + 1;
        if !self.write_new_key(number)? {
            return Err(Error::Conflict);
        }
        self.read_folder()
    }

    /// A new company's key, and its sealed form for the company's row.
    pub fn new_company_key(&self, company: &str) -> (CompanyKey, Vec<u8>) {
        let key = CompanyKey::new(company, random());
        let sealed = self.seal_company_key(&key);
        (key, sealed)
    }

    /// A company's key, sealed with the newest master key.
    pub fn seal_company_key(&self, key: &CompanyKey) -> Vec<u8> {
        let masters = self.masters();
        let newest = masters.newest.and_then(|(_, id)| masters.keys.get(&id)).expect("a vault that seals has a key");
        newest.seal(&format!("data key of {}", key.0.owner), &key.0.secret)
    }

    /// Opens a company's key.
    pub fn company_key(&self, company: &str, sealed: &[u8]) -> Result<CompanyKey> {
        let id = key_id(sealed).ok_or_else(|| Error::Damaged(format!("the key of {company} is cut")))?;
        if !self.masters().keys.contains_key(id) {
            // Another hub that shares the folder may have rotated the keys.
            self.read_folder()?;
        }
        let masters = self.masters();
        let master = masters.keys.get(id).ok_or_else(|| {
            Error::Damaged(format!("the master key {} of {company} is not in the keys folder", hex::encode(id)))
        })?;
        let secret = master.open(&format!("data key of {company}"), sealed)?;
        let secret: [u8; 32] = secret.try_into().map_err(|_| Error::Damaged(format!("the key of {company} is no key")))?;
        Ok(CompanyKey::new(company, secret))
    }

    /// Whether a sealed data key needs the newest master key to open, and no other.
    pub fn is_sealed_with_newest(&self, sealed: &[u8]) -> bool {
        self.masters().newest.is_some_and(|(_, newest)| key_id(sealed) == Some(&newest))
    }

    /// A new key for the house, sealed.
    pub(crate) fn new_house_key(&self) -> Vec<u8> {
        self.new_company_key(HOUSE).1
    }

    /// Opens the house's key; from then on the house can seal.
    pub(crate) fn enter_house(&self, sealed: &[u8]) -> Result<()> {
        let key = self.company_key(HOUSE, sealed)?;
        self.house.get_or_init(|| key);
        Ok(())
    }

    /// The house's key, sealed with the newest master key.
    pub(crate) fn seal_house_key(&self) -> Vec<u8> {
        self.seal_company_key(self.house())
    }

    /// Seals a value that belongs to no company.
    pub fn seal_house(&self, purpose: Purpose, row: impl Display, plain: &[u8]) -> Vec<u8> {
        self.house().seal(purpose, row, plain)
    }

    /// Opens what [`Vault::seal_house`] made.
    pub fn open_house(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<Vec<u8>> {
        self.house().open(purpose, row, sealed)
    }

    /// Compresses a value that belongs to no company, then seals it.
    pub fn seal_house_compressed(&self, purpose: Purpose, row: impl Display, plain: &[u8]) -> Vec<u8> {
        self.house().seal_compressed(purpose, row, plain)
    }

    /// Opens what [`Vault::seal_house_compressed`] made.
    pub fn open_house_compressed(&self, purpose: Purpose, row: impl Display, sealed: &[u8]) -> Result<Vec<u8>> {
        self.house().open_compressed(purpose, row, sealed)
    }

    fn house(&self) -> &CompanyKey {
        self.house.get().expect("store::house::unlock comes before anything is sealed")
    }

    fn masters(&self) -> RwLockReadGuard<'_, Masters> {
        self.masters.read().expect("no holder of this lock can panic")
    }

    /// Reads every `*.key` of the folder; whatever else lies there, such as what a crash left, is no key.
    fn read_folder(&self) -> Result<()> {
        let failed = |cause| Error::io(format!("reading {}", self.folder.display()), cause);
        let entries = match std::fs::read_dir(&self.folder) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        let mut found = Masters::default();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "key") {
                let key = read_key(&path)?;
                found.newest = found.newest.max(Some((number_of(&path), key.id)));
                found.keys.insert(key.id, key);
            }
        }
        // What is known stays known: a folder that loses a file under a running hub must not stop it from sealing.
        let mut masters = self.masters.write().expect("no holder of this lock can panic");
        masters.newest = masters.newest.max(found.newest);
        masters.keys.extend(found.keys);
        Ok(())
    }

    /// Writes a new key under the name of a number: whole and on disk, or not there at all. `false` where the name is taken.
    fn write_new_key(&self, number: u32) -> Result<bool> {
        let path = self.folder.join(format!("master-{number:04}.key"));
        let temporary = path.with_extension(format!("{}.tmp", token()));
        let text = format!("{}\n", hex::encode(random::<32>()));
        let write = || -> std::io::Result<bool> {
            write_secret(&temporary, text.as_bytes())?;
            // A link, for unlike a rename it never replaces a key that another hub made at the same moment.
            let linked = match std::fs::hard_link(&temporary, &path) {
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => false,
                linked => linked.map(|()| true)?,
            };
            std::fs::remove_file(&temporary)?;
            // The name must survive a power cut too: a key without a name is everything lost.
            std::fs::File::open(&self.folder)?.sync_all()?;
            Ok(linked)
        };
        write().map_err(|cause| Error::io(format!("writing {}", path.display()), cause))
    }
}

/// The number of `master-0001.key`. A key under another name counts as older than all.
fn number_of(path: &Path) -> u32 {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    stem.and_then(|stem| stem.strip_prefix("master-")).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn read_key(file: &Path) -> Result<Key> {
    refuse_readable_by_others(file)?;
    let text = std::fs::read_to_string(file).map_err(|cause| Error::io(format!("reading {}", file.display()), cause))?;
    let bytes: [u8; 32] = hex::decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::CannotStart(format!("{} is no key: 64 hexadecimal digits are expected", file.display())))?;
    Ok(Key::new(&bytes))
}

/// Writes a file that only its owner can read, and makes sure that its content is on disk.
fn write_secret(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
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

/// One AES-256 key with the id that its ciphertexts carry.
struct Key {
    id: [u8; KEY_ID_LEN],
    cipher: LessSafeKey,
}

impl Debug for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", hex::encode(self.id))
    }
}

impl Key {
    fn new(bytes: &[u8; 32]) -> Key {
        // The id is a digest of the key, so that a key file can be recognised without opening anything with it.
        let digest = <sha2::Sha256 as sha2::Digest>::digest([b"kvitt key id ".as_slice(), bytes].concat());
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&digest[..KEY_ID_LEN]);
        let unbound = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are an AES-256 key");
        Key { id, cipher: LessSafeKey::new(unbound) }
    }

    fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed[HEADER_LEN..],
            )
            .expect("AES-GCM seals anything shorter than 64 GB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let damaged = |why: &str| Error::Damaged(format!("a sealed {place} {why}"));
        if sealed.len() < HEADER_LEN || sealed[0] != VERSION {
            return Err(damaged("has no header"));
        }
        if key_id(sealed) != Some(&self.id) {
            return Err(damaged("was sealed with another key"));
        }
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&sealed[1 + KEY_ID_LEN..HEADER_LEN]);
        let mut body = sealed[HEADER_LEN..].to_vec();
        let plain = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| damaged("does not open: it was changed, or belongs to another place"))?
            .len();
        body.truncate(plain);
        Ok(body)
    }
}

/// The id of the key that sealed something.
fn key_id(sealed: &[u8]) -> Option<&[u8; KEY_ID_LEN]> {
    sealed.get(1..)?.first_chunk()
}

/// A key of its own for each use of a secret. HKDF (RFC 5869) without its first step, which §3.3 lets fall where the secret is
/// uniformly random.
fn derive(secret: &[u8; 32], label: &str) -> [u8; 32] {
    let mut derived = [0; 32];
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, secret)
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|key| key.fill(&mut derived))
        .expect("one block of SHA-256 is 32 bytes");
    derived
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// SHA-256 as lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

/// An unguessable token of 128 bits, as lower-case hexadecimal.
pub fn token() -> String {
    hex::encode(random::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let vault = Vault::open(&folder.path().join("keys")).expect("an empty folder gives a new key");
        (folder, vault)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder.join("keys"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_own_place() {
        let (_folder, vault) = vault();
        let (key, _) = vault.new_company_key("a");
        let (other, _) = vault.new_company_key("b");
        let sealed = key.seal(Purpose::Delivery, "d1", b"hemmelig");
        assert_eq!(key.open(Purpose::Delivery, "d1", &sealed).unwrap(), b"hemmelig");
        assert!(key.open(Purpose::Delivery, "d2", &sealed).is_err(), "another row");
        assert!(key.open(Purpose::Invoice, "d1", &sealed).is_err(), "another column");
        assert!(other.open(Purpose::Delivery, "d1", &sealed).is_err(), "another company");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(Purpose::Delivery, "d1", &changed).is_err(), "byte {at} can be changed unseen");
        }
    }

    #[test]
    fn compressed_bytes_take_no_more_memory_than_they_need() {
        let (_folder, vault) = vault();
        let (key, _) = vault.new_company_key("a");
        for plain in [Vec::new(), b"x".to_vec(), vec![7; 3 << 20]] {
            let sealed = key.seal_compressed(Purpose::Artefact, "d", &plain);
            let opened = key.open_compressed(Purpose::Artefact, "d", &sealed).unwrap();
            assert_eq!(opened, plain);
            assert!(opened.capacity() <= plain.len() + 64, "{} bytes for {}", opened.capacity(), plain.len());
        }
        let packed = zstd::bulk::compress(b"x", COMPRESSION_LEVEL).unwrap();
        for (length, why) in [(u64::MAX, "more than is ever stored"), (2, "another length"), (0, "do not unpack")] {
            let sealed = key.seal(Purpose::Artefact, "d", &[length.to_le_bytes().as_slice(), &packed].concat());
            let error = key.open_compressed(Purpose::Artefact, "d", &sealed).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        let cut = key.seal(Purpose::Artefact, "d", b"short");
        assert!(key.open_compressed(Purpose::Artefact, "d", &cut).is_err());
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let secret = [7; 32];
        let (sealing, finding) = (derive(&secret, "kvitt sealing"), derive(&secret, "kvitt finding"));
        assert!(sealing != finding && sealing != secret && finding != secret);
        let same = |owner: &str| CompanyKey::new(owner, secret).digest("kari@post.example");
        assert_eq!(same("a"), same("a"));
        assert_ne!(same("a"), CompanyKey::new("a", [8; 32]).digest("kari@post.example"));
    }

    #[test]
    fn a_rotated_master_key_still_opens_older_company_keys() {
        let (folder, vault) = vault();
        let (key, sealed) = vault.new_company_key("a");
        let row = key.seal(Purpose::Invoice, "i1", b"x");
        vault.rotate().unwrap();
        let again = Vault::open(&folder.path().join("keys")).unwrap();
        let key = again.company_key("a", &sealed).unwrap();
        assert_eq!(key.open(Purpose::Invoice, "i1", &row).unwrap(), b"x");
        let resealed = again.seal_company_key(&key);
        assert!(again.is_sealed_with_newest(&resealed) && !again.is_sealed_with_newest(&sealed));
        assert!(again.company_key("a", &resealed).is_ok());
        assert!(again.company_key("b", &resealed).is_err());
    }

    #[test]
    fn a_hub_that_shares_the_folder_finds_the_new_key_in_it() {
        let (folder, vault) = vault();
        let other = Vault::open(&folder.path().join("keys")).unwrap();
        vault.rotate().unwrap();
        let (_, sealed) = vault.new_company_key("a");
        assert!(other.company_key("a", &sealed).is_ok());
        assert!(other.is_sealed_with_newest(&other.new_company_key("b").1), "and seals with it from then on");
        other.rotate().unwrap();
        vault.rotate().unwrap();
        let expected = ["master-0001.key", "master-0002.key", "master-0003.key", "master-0004.key"];
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_new_key_is_named_above_the_highest_not_after_the_count() {
        let (folder, vault) = vault();
        vault.rotate().unwrap();
        vault.rotate().unwrap();
        let keys = folder.path().join("keys");
        std::fs::remove_file(keys.join("master-0001.key")).unwrap();
        let vault = Vault::open(&keys).unwrap();
        vault.rotate().unwrap();
        assert_eq!(names(folder.path()), ["master-0002.key", "master-0003.key", "master-0004.key"]);
        // Ten thousand comes after 9,999 although its name sorts before.
        std::fs::rename(keys.join("master-0003.key"), keys.join("master-9999.key")).unwrap();
        vault.rotate().unwrap();
        let (_, sealed) = vault.new_company_key("a");
        vault.rotate().unwrap();
        assert!(!vault.is_sealed_with_newest(&sealed));
        assert!(names(folder.path()).contains(&"master-10001.key".to_owned()));
    }

    #[test]
    fn a_key_under_another_name_is_the_oldest() {
        let (folder, vault) = vault();
        let (_, sealed) = vault.new_company_key("a");
        let keys = folder.path().join("keys");
        std::fs::rename(keys.join("master-0001.key"), keys.join("from-backup.key")).unwrap();
        let again = Vault::open(&keys).unwrap();
        assert!(again.company_key("a", &sealed).is_ok());
        assert!(again.is_sealed_with_newest(&sealed), "alone it is the newest too");
        again.rotate().unwrap();
        assert!(!Vault::open(&keys).unwrap().is_sealed_with_newest(&sealed));
        assert_eq!(names(folder.path()), ["from-backup.key", "master-0001.key"]);
    }

    #[test]
    fn a_running_hub_goes_on_when_the_folder_is_emptied_under_it() {
        let (folder, vault) = vault();
        let keys = folder.path().join("keys");
        let strange = Vault::open(&folder.path().join("other")).unwrap().new_company_key("a").1;
        std::fs::remove_file(keys.join("master-0001.key")).unwrap();
        assert!(vault.company_key("a", &strange).is_err(), "which looks into the folder");
        let (_, sealed) = vault.new_company_key("b");
        assert!(vault.company_key("b", &sealed).is_ok());
    }

    #[test]
    fn what_a_crash_left_is_no_key() {
        let (folder, vault) = vault();
        let (_, sealed) = vault.new_company_key("a");
        let keys = folder.path().join("keys");
        std::fs::write(keys.join("master-0002.5f.tmp"), "").unwrap();
        let again = Vault::open(&keys).unwrap();
        assert!(again.company_key("a", &sealed).is_ok());
        again.rotate().unwrap();
        assert_eq!(names(folder.path()), ["master-0001.key", "master-0002.5f.tmp", "master-0002.key"]);
    }

    #[test]
    fn a_name_that_is_taken_is_never_replaced() {
        let (folder, vault) = vault();
        let file = folder.path().join("keys/master-0001.key");
        let before = std::fs::read(&file).unwrap();
        assert!(!vault.write_new_key(1).unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), before);
        assert_eq!(names(folder.path()), ["master-0001.key"], "nothing is left lying about");
    }

    #[test]
    fn the_house_has_a_key_of_its_own() {
        let (folder, vault) = vault();
        let sealed_key = vault.new_house_key();
        vault.enter_house(&sealed_key).unwrap();
        let sealed = vault.seal_house(Purpose::Stray, "digest", b"bounce");
        vault.rotate().unwrap();
        let again = Vault::read(&folder.path().join("keys")).unwrap();
        again.enter_house(&vault.seal_house_key()).unwrap();
        assert_eq!(again.open_house(Purpose::Stray, "digest", &sealed).unwrap(), b"bounce");
        assert!(again.open_house(Purpose::Stray, "other", &sealed).is_err());
        assert!(Vault::open(&folder.path().join("other")).unwrap().enter_house(&sealed_key).is_err());
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
