//! What a person must do or know about an agreement: a fault with its remedy for every state that needs one, in the user's
//! language, and the text for the bank. Said by the command line, the doctor and every plan that the agreement closes.

use super::course::{Course, State, Subject};
use super::{AgreementKind, DirectDebit};
use crate::Language;
use crate::fault::{Fault, codes};
use crate::identifiers::{KidStructure, Modulus};

impl Course {
    /// What must be done or known now, the most urgent first. Fatal while it keeps the agreement from being used, else a warning.
    /// `customer_unit` is the operator's with the rail, eight digits; empty where none is set.
    pub fn advice(&self, customer_unit: &str) -> Vec<Fault> {
        let fatal = |code| Fault::fatal(code).with("agreement", self.kind().name());
        let mut advice = match &self.state {
            State::NotOrdered | State::Active { .. } => vec![],
            State::Asking => vec![fatal(codes::AGREEMENT_ASKING)],
            State::SignerNeeded { provider, why } => {
                let needed = fatal(codes::AGREEMENT_SIGNER_NEEDED).with("provider", known(provider));
                std::iter::once(needed).chain(why.clone()).collect()
            }
            State::RequestingSignature { provider, signer } => {
                vec![
                    fatal(codes::AGREEMENT_SIGNATURE_REQUESTED)
                        .with("provider", known(provider))
                        .with("signer", &signer.name)
                        .with("email", &signer.email),
                ]
            }
            State::WaitingForSignature { provider, signer, request } => {
                vec![
                    fatal(codes::AGREEMENT_SIGNATURE_AWAITED)
                        .with("provider", known(provider))
                        .with("signer", &signer.name)
                        .with("email", &signer.email)
                        .with("address", &request.address),
                ]
            }
            State::Activating | State::Processing { consent: None } => vec![fatal(codes::AGREEMENT_ACTIVATING)],
            State::TakingOver { .. } | State::Processing { consent: Some(_) } => {
                let provider = self.old_provider.as_deref().unwrap_or_default();
                vec![fatal(codes::AGREEMENT_TAKING_OVER).with("provider", known(provider))]
            }
            State::WaitingForBank => vec![
                Fault::fatal(codes::AGREEMENT_WAITING_FOR_BANK)
                    .with("account", self.subject.account().unwrap_or_default())
                    .with("customer_unit", known(customer_unit)),
            ],
            State::Spreading { until } => vec![Fault::warning(codes::AGREEMENT_SPREADING).with("until_at", until)],
            State::Refused { why } | State::Ended { why } => vec![why.clone()],
            State::Ending { .. } => vec![fatal(codes::AGREEMENT_ENDING)],
        };
        advice.extend(self.about_the_old_provider());
        advice
    }

    /// The take-over of the main agreement stops the old provider, that of an account does not: its deductions go on until the
    /// company ends them there. The old agreement itself is the company's to close in both cases.
    fn about_the_old_provider(&self) -> Option<Fault> {
        let provider = self.old_provider.as_deref()?;
        let code = match self.kind() {
            AgreementKind::MainVendor => codes::AGREEMENT_CLOSE_THE_OLD,
            AgreementKind::Avtalegiro => codes::AGREEMENT_OLD_DEDUCTIONS,
        };
        let is_over = matches!(self.state, State::Refused { .. } | State::Ending { .. } | State::Ended { .. });
        let warning = Fault::warning(code).with("provider", known(provider));
        (!is_over).then(|| warning.with("account", self.subject.account().unwrap_or_default()))
    }
}

fn known(provider: &str) -> &str {
    if provider.is_empty() { "–" } else { provider }
}

/// The company, as its bank knows it.
#[derive(Debug, Clone, Copy)]
pub struct BankCustomer<'a> {
    /// Name.
    pub name: &'a str,
    /// Nine digits.
    pub org_number: &'a str,
}

/// What the company writes to its bank, so that the bank registers the agreement and names our customer unit in it: that is done
/// by hand. `None` for the main agreement, which needs no bank.
pub fn text_for_the_bank(
    subject: &Subject,
    company: BankCustomer<'_>,
    customer_unit: &str,
    language: Language,
) -> Option<String> {
    let Subject::Avtalegiro { account, debit } = subject else { return None };
    let values = [
        ("company", company.name),
        ("org_number", company.org_number),
        ("account", account.as_str()),
        ("customer_unit", known(customer_unit)),
    ];
    let opening = ["greeting", "wish", "customer_unit", "permission", "kids"];
    let mut lines: Vec<String> = opening.iter().map(|key| language.text(&format!("to_the_bank.{key}"), &values)).collect();
    lines.extend(debit.structures.iter().map(|structure| structure_line(structure, language)));
    lines.push(language.text("to_the_bank.closing", &values));
    Some(lines.join("\n"))
}

/// A structure as banks ask for it: positions count from 1, the last one included.
fn structure_line(structure: &KidStructure, language: Language) -> String {
    let parts = structure.parts();
    let (from, to) = (parts.customer.start + 1, parts.customer.end);
    let modulus = match parts.modulus {
        Modulus::Mod10 => "MOD10",
        Modulus::Mod11 => "MOD11",
    };
    let (length, from, to) = (parts.length.to_string(), from.to_string(), to.to_string());
    let values = [("length", length.as_str()), ("from", &from), ("to", &to), ("modulus", modulus)];
    language.text("to_the_bank.kid", &values)
}

impl DirectDebit {
    /// The customer part of each structure as the rail writes it: `[1-6]`, positions from 1, the last one included.
    pub fn reference_positions(&self) -> Vec<String> {
        let positions = |structure: &KidStructure| {
            let customer = &structure.parts().customer;
            format!("[{}-{}]", customer.start + 1, customer.end)
        };
        self.structures.iter().map(positions).collect()
    }
}
