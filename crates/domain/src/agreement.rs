//! Agreements: a company's permission to use a rail, and what direct debit from an account goes by.
//!
//! Here is what routes see of them. How an agreement comes about, from the accepted terms over a take-over from another
//! provider to its end, is the state machine in [`course`]; what a person must do next is said in [`advice`].

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, codes};
use crate::identifiers::KidStructure;

pub mod advice;
pub mod course;

pub use course::Course;

/// Which agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

/// Where an agreement stands, as far as routes need to know. Ask [`Agreement::is_in_force`], not for one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
    /// Asked for, not yet usable.
    Pending,
    /// Usable, and not yet known to every bank.
    Spreading,
    /// Usable.
    Active,
    /// The rail said no.
    Refused,
    /// Was usable.
    Ended,
}

impl AgreementState {
    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            AgreementState::Pending => "pending",
            AgreementState::Spreading => "spreading",
            AgreementState::Active => "active",
            AgreementState::Refused => "refused",
            AgreementState::Ended => "ended",
        }
    }
}

/// One agreement of a company, as routes see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Which.
    pub kind: AgreementKind,
    /// Where it stands.
    pub state: AgreementState,
    /// The bank account that it is for, where it is for one: eleven digits.
    pub account: Option<String>,
    /// What direct debit from the account goes by; `None` for the main agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debit: Option<DirectDebit>,
    /// Whether a take-over from another provider has begun and is not done.
    #[serde(default)]
    pub is_being_taken_over: bool,
    /// What a person must do or know. Fatal while it keeps the agreement from being used, else a warning; a plan shows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Fault>,
}

impl Agreement {
    /// The main vendor agreement in a state.
    pub fn main_vendor(state: AgreementState) -> Agreement {
        let kind = AgreementKind::MainVendor;
        Agreement { kind, state, account: None, debit: None, is_being_taken_over: false, advice: vec![] }
    }

    /// The AvtaleGiro agreement of an account in a state.
    pub fn avtalegiro(state: AgreementState, account: &str, debit: DirectDebit) -> Agreement {
        let (kind, account, debit) = (AgreementKind::Avtalegiro, Some(account.to_owned()), Some(debit));
        Agreement { kind, state, account, debit, is_being_taken_over: false, advice: vec![] }
    }

    /// Whether it can be used today. One that spreads to the banks can; its warning says what that means.
    pub fn is_in_force(&self) -> bool {
        matches!(self.state, AgreementState::Spreading | AgreementState::Active)
    }
}

/// The main vendor agreement among a company's.
pub fn main_vendor(agreements: &[Agreement]) -> Option<&Agreement> {
    agreements.iter().find(|agreement| agreement.kind == AgreementKind::MainVendor)
}

/// The AvtaleGiro agreement of a bank account among a company's.
pub fn avtalegiro<'a>(agreements: &'a [Agreement], account: &str) -> Option<&'a Agreement> {
    let is_it = |one: &&Agreement| one.kind == AgreementKind::Avtalegiro && one.account.as_deref() == Some(account);
    agreements.iter().find(is_it)
}

/// What direct debit from one bank account goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectDebit {
    /// How the account's KIDs are made: one to three structures, each with its own length and customer part.
    pub structures: Vec<KidStructure>,
    /// When the payer is told of a claim.
    #[serde(default)]
    pub notice: NoticePolicy,
    /// How claims reach the rail.
    #[serde(default)]
    pub claims: ClaimWay,
}

/// The rail registers at most so many structures for one agreement (AvtaleGiro: three KID structures per agreement).
pub const MOST_STRUCTURES: usize = 3;

/// The rail takes no shorter KIDs (its published rules for AvtaleGiro: 4 to 25 digits).
pub const SHORTEST_KID: usize = 4;

/// When a payer is told of a claim. The readings of the rail's rules differ, so that the company decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticePolicy {
    /// A payer on eFaktura always gets the bill there, not payable; anyone else by e-mail or letter where the mandate asks for it.
    #[default]
    AlwaysWhenAsked,
    /// By whatever way, only where the mandate asks for it.
    OnlyWhenAsked,
    /// The company tells its payers itself.
    Never,
}

impl NoticePolicy {
    /// Every policy, in the order in which they are offered.
    pub const ALL: [NoticePolicy; 3] = [NoticePolicy::AlwaysWhenAsked, NoticePolicy::OnlyWhenAsked, NoticePolicy::Never];

    /// The name as stored and typed.
    pub fn name(self) -> &'static str {
        match self {
            NoticePolicy::AlwaysWhenAsked => "always_when_asked",
            NoticePolicy::OnlyWhenAsked => "only_when_asked",
            NoticePolicy::Never => "never",
        }
    }
}

/// How claims of an agreement reach the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimWay {
    /// With the bill, by the combined service.
    #[default]
    Service,
    /// By a claim file of ours.
    File,
    /// Somebody else makes the claim; only the notice is ours.
    Elsewhere,
}

impl ClaimWay {
    /// Every way, in the order in which they are offered.
    pub const ALL: [ClaimWay; 3] = [ClaimWay::Service, ClaimWay::File, ClaimWay::Elsewhere];

    /// The name as stored and typed.
    pub fn name(self) -> &'static str {
        match self {
            ClaimWay::Service => "service",
            ClaimWay::File => "file",
            ClaimWay::Elsewhere => "elsewhere",
        }
    }
}

impl DirectDebit {
    /// Everything that the rail would refuse in it, at once: `agreement.structures`, `agreement.kid_length`,
    /// `agreement.kid_lengths_alike`.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !(1..=MOST_STRUCTURES).contains(&self.structures.len()) {
            faults.push(
                Fault::fatal(codes::AGREEMENT_STRUCTURES).with("count", self.structures.len()).with("limit", MOST_STRUCTURES),
            );
        }
        let lengths: Vec<usize> = self.structures.iter().map(|structure| structure.parts().length).collect();
        for (place, length) in lengths.iter().enumerate() {
            if *length < SHORTEST_KID {
                faults.push(Fault::fatal(codes::AGREEMENT_KID_LENGTH).with("length", length).with("limit", SHORTEST_KID));
            }
            // The rail's text gives each structure a total length of its own: by it the structure of a KID is known.
            if lengths[..place].contains(length) {
                faults.push(Fault::fatal(codes::AGREEMENT_KID_LENGTHS_ALIKE).with("length", length));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::{KidParts, Modulus};

    fn structure(length: usize) -> KidStructure {
        let parts = KidParts { length, customer: 0..1, kind: None, invoice: 1..2, modulus: Modulus::Mod10 };
        KidStructure::new(parts).unwrap()
    }

    #[test]
    fn what_the_rail_would_refuse_is_told_at_once() {
        let check = |lengths: &[usize], expected: &[&str]| {
            let debit = DirectDebit {
                structures: lengths.iter().map(|length| structure(*length)).collect(),
                notice: NoticePolicy::default(),
                claims: ClaimWay::default(),
            };
            let found: Vec<&str> = debit.check().iter().map(|fault| fault.code.name()).collect();
            assert_eq!(found, expected, "{lengths:?}");
        };
        check(&[16], &[]);
        check(&[16, 20, 25], &[]);
        check(&[], &["agreement.structures"]);
        check(&[16, 20, 25, 10], &["agreement.structures"]);
        check(&[3, 16, 16], &["agreement.kid_length", "agreement.kid_lengths_alike"]);
    }

    #[test]
    fn what_was_stored_before_there_was_more_to_say_is_read() {
        let read: Agreement = serde_json::from_str(r#"{"kind":"main_vendor","state":"active","account":null}"#).unwrap();
        assert_eq!(read, Agreement::main_vendor(AgreementState::Active));
        assert!(read.is_in_force());
    }
}
