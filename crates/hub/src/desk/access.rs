//! The questions about who may speak for a company.

use serde::{Deserialize, Serialize};

use crate::actions::api_keys::{self, KeyAsk};
use crate::desk::Answer;
use crate::error::Result;
use crate::hub::Hub;

/// A question about access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessAsk {
    /// The company's organisation number; may be left out while there is only one company.
    pub company: Option<String>,
    /// What.
    pub what: KeyAsk,
}

/// Answers it.
pub async fn answer(hub: &Hub, ask: AccessAsk) -> Result<Answer> {
    let company = hub.company(ask.company.as_deref()).await?;
    Ok(Answer::Keys(api_keys::ask(hub, &company, ask.what).await?))
}
