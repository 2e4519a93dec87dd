//! People's passwords: argon2id, with the parameters that the library recommends. Hashing takes tens of milliseconds and 19 MiB on
//! purpose, so that it happens beside the requests and few at a time.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Passwords that are hashed at the same time: more would only share the cores, and hold 19 MiB each.
static TURNS: Semaphore = Semaphore::const_new(2);

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// A password as it is stored: a PHC string, with the parameters in it so that they can change.
///
/// # Errors
/// Where the runtime is ending.
pub async fn hash(password: String) -> Result<String> {
    let mut salt = [0; SALT_LEN];
    aws_lc_rs::rand::fill(&mut salt).expect("the operating system gives random bytes");
    let params = Params::DEFAULT;
    let digest = digest(password, salt.to_vec(), params.clone()).await?;
    let (salt, digest) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(digest));
    Ok(format!("$argon2id$v=19$m={},t={},p={}${salt}${digest}", params.m_cost(), params.t_cost(), params.p_cost()))
}

/// Whether a password is the one that was stored. Where nothing is stored it takes as long, so that nobody learns who is here.
///
/// # Errors
/// Where what is stored is no such string.
pub async fn is_right(stored: Option<&str>, password: String) -> Result<bool> {
    /// Of no password: its digest is all zeros.
    const OF_NOBODY: &str = "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let nobody = format!(
        "$argon2id$v=19$m={},t={},p={}${OF_NOBODY}",
        Params::DEFAULT_M_COST,
        Params::DEFAULT_T_COST,
        Params::DEFAULT_P_COST
    );
    let (salt, expected, params) =
        parse(stored.unwrap_or(&nobody)).ok_or_else(|| Error::Damaged("a stored password is no argon2id string".into()))?;
    let digest = digest(password, salt, params).await?;
    let is_same = verify_slices_are_equal(&digest, &expected).is_ok();
    Ok(is_same && stored.is_some())
}

async fn digest(password: String, salt: Vec<u8>, params: Params) -> Result<[u8; HASH_LEN]> {
    let _turn = TURNS.acquire().await.map_err(|_| Error::Stopping)?;
    let work = tokio::task::spawn_blocking(move || {
        let mut digest = [0; HASH_LEN];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), &salt, &mut digest).map(|()| digest)
    });
    let digest = work.await.map_err(|_| Error::Stopping)?;
    digest.map_err(|cause| Error::Damaged(format!("argon2id: {cause}")))
}

/// Salt, digest and parameters of a PHC string.
fn parse(stored: &str) -> Option<(Vec<u8>, Vec<u8>, Params)> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, digest) = (parts.next()?, parts.next()?, parts.next()?);
    let cost = |name: &str| costs.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok());
    let params = Params::new(cost("m")?, cost("t")?, cost("p")?, Some(HASH_LEN)).ok()?;
    Some((STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(digest).ok()?, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_not() {
        let stored = hash("fire ord på rad".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(is_right(Some(&stored), "fire ord på rad".into()).await.unwrap());
        assert!(!is_right(Some(&stored), "fire ord pa rad".into()).await.unwrap());
        assert!(!is_right(None, "fire ord på rad".into()).await.unwrap());
        assert!(is_right(Some("plain"), "plain".into()).await.is_err());
    }

    /// Vector of RFC 9106's argon2id in the command of its reference implementation: `argon2 somesalt -id -t 2 -m 16 -p 1`.
    #[tokio::test]
    async fn strings_of_others_are_read() {
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(is_right(Some(stored), "password".into()).await.unwrap());
    }
}
