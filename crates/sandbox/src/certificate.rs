//! The sandbox's own certificate authority and the server certificate it signs for loopback.
//!
//! Made once per data folder and kept, so that a client's settings stay right when the sandbox is started again.
//! The authority's key is dropped as soon as it has signed: nobody can make another certificate that a client
//! which trusts this sandbox would believe. The secret that banks' tokens are signed with is kept in the same way.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The names that the certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The certificate that clients trust, and what the server needs to prove itself.
pub struct Identity {
    /// PEM file of the authority.
    pub authority: PathBuf,
    /// Speaks TLS as this server.
    pub acceptor: TlsAcceptor,
}

/// Reads the certificates from the folder, or makes them.
///
/// # Errors
/// They cannot be made, read or written, or are spoilt.
pub fn open(folder: &Path) -> io::Result<Identity> {
    fs::create_dir_all(folder)?;
    let [authority, server, key] = ["authority.pem", "server.pem", "server.key"].map(|name| folder.join(name));
    // The authority is written last: where it is, the other two are whole.
    if !authority.exists() {
        let made = make().map_err(io::Error::other)?;
        write_secret(&key, &made.key)?;
        fs::write(&server, made.server)?;
        fs::write(&authority, made.authority)?;
    }
    let spoilt = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let chain = CertificateDer::from_pem_file(&server).map_err(spoilt)?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(spoilt)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![chain], key))
        .map_err(io::Error::other)?;
    Ok(Identity { authority, acceptor: TlsAcceptor::from(Arc::new(config)) })
}

/// Reads 32 secret bytes from the file, or makes them.
///
/// # Errors
/// They cannot be made, read or written, or are spoilt.
pub fn secret(path: &Path) -> io::Result<Vec<u8>> {
    if !path.exists() {
        write_secret(path, &hex::encode(random()?))?;
    }
    let spoilt = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    hex::decode(fs::read_to_string(path)?.trim()).map_err(spoilt)
}

/// 32 bytes that nobody can guess.
///
/// # Errors
/// The machine gives none.
pub fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("the machine gives no random bytes"))?;
    Ok(bytes)
}

struct Made {
    authority: String,
    server: String,
    key: String,
}

fn make() -> Result<Made, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "Kvitt sandbox TEST authority");
    let authority_key = KeyPair::generate()?;
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);

    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.distinguished_name.push(DnType::CommonName, "Kvitt sandbox TEST");
    let key = KeyPair::generate()?;
    let server = params.signed_by(&key, &issuer)?;
    Ok(Made { authority: authority.pem(), server: server.pem(), key: key.serialize_pem() })
}

/// Writes a file that is readable by its owner only, from its first byte on.
///
/// # Errors
/// It cannot be written.
pub fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
