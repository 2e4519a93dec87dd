//! `[api]`: what programs may ask for.

use std::num::NonZeroU32;

use serde::Deserialize;

/// Requests a second of one key that are answered, twice as many at once: far above any ERP, far below what stops a hub.
const USUAL: NonZeroU32 = NonZeroU32::new(500).expect("it is not 0");

/// The API.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Requests a second that are answered to one key; twice as many at once.
    pub requests_per_second: NonZeroU32,
    /// SHA-256, hexadecimal, of the vendor keys of programs whose word counts that a person with signing rights has signed for taking
    /// an agreement over. Everybody else's signers are asked to sign.
    pub signing_vendors: Vec<String>,
}

impl Default for ApiConfig {
    fn default() -> ApiConfig {
        ApiConfig { requests_per_second: USUAL, signing_vendors: Vec::new() }
    }
}
