//! Files that the configuration names: read at the start, so that a wrong one is found then and not with the first invoice.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::transport::smtp::Login;
use crate::transport::trust::trust;

/// A user and the password in a file: both or neither.
pub fn login(section: &str, data: &Path, user: Option<&String>, password_file: Option<&PathBuf>) -> Result<Option<Login>> {
    match (user, password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(file)) => Ok(Some(Login { user: user.clone(), password: line(section, "password_file", data, file)? })),
        _ => Err(Error::CannotStart(format!("{section} needs both user and password_file, or neither: one of them is missing"))),
    }
}

/// The one line of a file, without its end.
pub fn line(section: &str, key: &str, data: &Path, file: &Path) -> Result<String> {
    Ok(text(section, key, data, file)?.trim_end_matches(['\r', '\n']).to_owned())
}

/// A file's text.
pub fn text(section: &str, key: &str, data: &Path, file: &Path) -> Result<String> {
    let file = data.join(file);
    std::fs::read_to_string(&file)
        .map_err(|cause| Error::CannotStart(format!("{section}.{key}: {} cannot be read: {cause}", file.display())))
}

/// A file of certificates to trust, tried once.
pub fn trusted(section: &str, data: &Path, ca_file: Option<&PathBuf>) -> Result<Option<PathBuf>> {
    let Some(file) = ca_file.map(|file| data.join(file)) else { return Ok(None) };
    trust(Some(&file)).map_err(|why| Error::CannotStart(format!("{section}.ca_file: {why}")))?;
    Ok(Some(file))
}
