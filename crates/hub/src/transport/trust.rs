//! Whom we trust when we speak TLS: the operating system's authorities, and those of a file that the configuration names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

/// Whom we trust: the operating system's authorities and those of the file. Kept for the life of the process, because reading
/// them takes longer than sending a letter, and because TLS sessions are resumed through it. The start reads a configured file
/// through this, so that a wrong one is found then; the error is a sentence that names it.
pub(crate) fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    static KNOWN: Mutex<BTreeMap<Option<PathBuf>, Arc<ClientConfig>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().map_err(|_| "a thread died while it read the certificates".to_owned())?;
    let key = ca_file.map(Path::to_owned);
    if let Some(config) = known.get(&key) {
        return Ok(Arc::clone(config));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(extra_roots(ca_file)?, Arc::clone(&provider)).map_err(|cause| cause.to_string())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let config = Arc::new(config);
    known.insert(key, Arc::clone(&config));
    Ok(config)
}

fn extra_roots(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = ca_file else { return Ok(vec![]) };
    let unreadable = |cause: std::io::Error| format!("{} cannot be read: {cause}", path.display());
    let pem = std::fs::read(path).map_err(unreadable)?;
    let roots = rustls_pemfile::certs(&mut pem.as_slice()).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if roots.is_empty() {
        return Err(format!("{} holds no certificate", path.display()));
    }
    Ok(roots)
}
