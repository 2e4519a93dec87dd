//! The questions about webhooks.

use serde::{Deserialize, Serialize};

use crate::actions::change_webhook::{self, NewWebhook};
use crate::desk::Answer;
use crate::error::Result;
use crate::hub::Hub;

/// A question about a company's webhooks. A webhook is named by its id, or the beginning of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum WebhookAsk {
    /// Add one.
    Add(NewWebhook),
    /// All of them.
    List,
    /// The last tries of one.
    Log {
        /// Which.
        webhook: String,
    },
    /// Call one with a message that is no event.
    Test {
        /// Which.
        webhook: String,
    },
    /// Tell one again from an event on.
    Replay {
        /// Which.
        webhook: String,
        /// The number of the first event to tell.
        from: i64,
    },
    /// Give one another secret.
    Rotate {
        /// Which.
        webhook: String,
    },
    /// Let one that was stopped go on.
    Enable {
        /// Which.
        webhook: String,
    },
    /// Remove one.
    Remove {
        /// Which.
        webhook: String,
    },
}

/// Answers a question about webhooks.
pub(super) async fn answer(hub: &Hub, company: Option<&str>, ask: WebhookAsk) -> Result<Answer> {
    let company = hub.company(company).await?;
    Ok(match ask {
        WebhookAsk::Add(new) => Answer::WebhookSecret(Box::new(change_webhook::add(hub, &company, new).await?)),
        WebhookAsk::List => Answer::Webhooks { webhooks: change_webhook::list(hub, &company).await? },
        WebhookAsk::Log { webhook } => Answer::WebhookTries { tries: change_webhook::log(hub, &company, &webhook).await? },
        WebhookAsk::Test { webhook } => {
            Answer::WebhookTries { tries: vec![change_webhook::test(hub, &company, &webhook).await?] }
        }
        WebhookAsk::Replay { webhook, from } => {
            change_webhook::replay(hub, &company, &webhook, from).await?;
            Answer::Done
        }
        WebhookAsk::Rotate { webhook } => Answer::WebhookSecret(Box::new(change_webhook::rotate(hub, &company, &webhook).await?)),
        WebhookAsk::Enable { webhook } => {
            change_webhook::enable(hub, &company, &webhook).await?;
            Answer::Done
        }
        WebhookAsk::Remove { webhook } => {
            change_webhook::remove(hub, &company, &webhook).await?;
            Answer::Done
        }
    })
}
