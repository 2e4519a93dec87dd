//! Agreements: a company's permission to use a rail. A plan input from the start; the state machine comes with direct debit.

use serde::{Deserialize, Serialize};

/// Which agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementKind {
    /// The main vendor agreement: needed before any eFaktura or claim.
    MainVendor,
    /// The AvtaleGiro agreement of one bank account.
    Avtalegiro,
}

impl AgreementKind {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            AgreementKind::MainVendor => "main_vendor",
            AgreementKind::Avtalegiro => "avtalegiro",
        }
    }
}

/// Where an agreement stands, as far as routes need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
    /// Asked for, not yet usable.
    Pending,
    /// Usable.
    Active,
    /// Was usable.
    Ended,
}

impl AgreementState {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            AgreementState::Pending => "pending",
            AgreementState::Active => "active",
            AgreementState::Ended => "ended",
        }
    }
}

/// One agreement of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Which.
    pub kind: AgreementKind,
    /// Where it stands.
    pub state: AgreementState,
    /// The bank account that it is for, where it is for one.
    pub account: Option<String>,
}
