//! `kvitt kid`: KIDs checked and made, with nothing stored.

use clap::{Args, Subcommand};
use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::{Kid, KidError, KidStructure, Modulus};

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::report::Said;

/// The reference that a Norwegian payer gives. Nothing is stored: what is made here may be made again.
#[derive(Debug, Subcommand)]
pub enum KidCommand {
    /// Check KIDs. Exits with 1 where one does not hold.
    Check(Check),
    /// Make the KID of a customer's invoice.
    Make(Make),
}

/// Checks length, characters and check digit, by MOD10 and MOD11; with a structure also its parts.
#[derive(Debug, Args)]
pub struct Check {
    /// KIDs: 2 to 25 digits, the last may be `-`.
    #[arg(required = true, value_name = "KID")]
    kids: Vec<String>,
    /// What it must look like: its length and where the customer stands, such as 20:1-7 or 20:1-8,type=9-9=7,invoice=10-19,mod11.
    #[arg(long, value_name = "STRUCTURE", value_parser = structure)]
    structure: Option<KidStructure>,
}

/// Makes KIDs. By MOD11 some numbers have none that eFaktura and AvtaleGiro take: with --count these are left out.
#[derive(Debug, Args)]
pub struct Make {
    /// What it looks like: its length and where the customer stands, such as 20:1-7 or 20:1-8,type=9-9=7,invoice=10-19,mod11. The
    /// invoice has the rest, where it is not said.
    #[arg(long, value_name = "STRUCTURE", value_parser = structure)]
    structure: KidStructure,
    /// The customer's number.
    #[arg(long, value_name = "NUMBER")]
    customer: u64,
    /// The invoice's number.
    #[arg(long, value_name = "NUMBER")]
    invoice: u64,
    /// So many, for this and the following invoice numbers.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
}

/// A structure, or why it is none: the command line's parser has no language yet.
pub fn structure(text: &str) -> Result<KidStructure, String> {
    text.parse().map_err(|fault: Fault| fault.sentence(Language::English))
}

impl KidCommand {
    pub fn run(self, session: &Session) -> Outcome {
        match self {
            KidCommand::Check(check) => check.run(session),
            KidCommand::Make(make) => make.run(session),
        }
    }
}

/// The names of the rules that a check digit follows.
fn rules(kid: &Kid) -> Vec<&'static str> {
    let both = [(Modulus::Mod10, "MOD10"), (Modulus::Mod11, "MOD11")];
    both.into_iter().filter(|(modulus, _)| kid.follows(*modulus)).map(|(_, name)| name).collect()
}

impl Check {
    fn run(self, session: &Session) -> Outcome {
        let structure = self.structure;
        let mut answers = Vec::new();
        let mut refused = false;
        for text in &self.kids {
            let read = match &structure {
                Some(structure) => structure.read(text),
                None => Kid::parse(text),
            };
            refused |= read.is_err();
            match session.json {
                true => answers.push(answer(text, &read, structure.as_ref(), session)),
                false => session.print(&told(&read, structure.as_ref(), session))?,
            }
        }
        if session.json {
            session.print_json(&answers)?;
        }
        Ok(if refused { Exit::Refused } else { Exit::Fine })
    }
}

fn told(read: &Result<Kid, Fault>, structure: Option<&KidStructure>, session: &Session) -> String {
    let words = session.words;
    let kid = match read {
        Ok(kid) => kid,
        Err(fault) => {
            return format!("✗ {} [{}]\n  → {}", fault.sentence(words.0), fault.code, fault.remedy(words.0));
        }
    };
    let rules = rules(kid).join(", ");
    let parts = structure.and_then(|structure| structure.customer_part(kid).zip(structure.invoice_part(kid)));
    let said = match parts {
        Some((customer, invoice)) => {
            let values = [("kid", kid.as_str()), ("customer", customer), ("invoice", invoice), ("rules", &rules)];
            words.say("kid.of_structure", &values)
        }
        None => words.say("kid.good", &[("kid", kid.as_str()), ("rules", &rules)]),
    };
    match kid.as_str().ends_with('-') {
        true => format!("✓ {said}\n  ! {}", words.say("kid.dash", &[])),
        false => format!("✓ {said}"),
    }
}

fn answer(text: &str, read: &Result<Kid, Fault>, structure: Option<&KidStructure>, session: &Session) -> serde_json::Value {
    let kid = read.as_ref().ok();
    let part = |of: for<'k> fn(&KidStructure, &'k Kid) -> Option<&'k str>| {
        structure.zip(kid).and_then(|(structure, kid)| of(structure, kid))
    };
    serde_json::json!({
        "kid": text.trim(),
        "valid": read.is_ok(),
        "rules": kid.map(rules).unwrap_or_default(),
        "customer": part(KidStructure::customer_part),
        "invoice": part(KidStructure::invoice_part),
        "faults": Said::all(read.as_ref().err().map(std::slice::from_ref).unwrap_or_default(), session.words),
    })
}

impl Make {
    fn run(self, session: &Session) -> Outcome {
        let structure = self.structure;
        let refused = |cause: KidError| Failure::Usage(cause.to_string());
        let mut invoice = self.invoice;
        let mut answers = Vec::new();
        for _ in 0..self.count.unwrap_or(1) {
            // One that was asked for by number is never another one.
            let (number, kid) = match self.count {
                None => (invoice, structure.generate(self.customer, invoice).map_err(refused)?),
                Some(_) => structure.generate_from(self.customer, invoice).map_err(refused)?,
            };
            match session.json {
                true => answers.push(serde_json::json!({ "kid": kid.as_str(), "customer": self.customer, "invoice": number })),
                false => session.print(kid.as_str())?,
            }
            // No structure has room for the greatest number of all.
            invoice = number.saturating_add(1);
        }
        if session.json {
            session.print_json(&answers)?;
        }
        Ok(Exit::Fine)
    }
}
