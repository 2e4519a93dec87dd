//! A [`KidStructure`] as people write it: `16:1-6`, or with everything said `20:1-8,type=9-9=7,invoice=10-19,mod11`.
//!
//! Positions count from 1 and the last one is included, as banks write them (`KID[1-6]`). The invoice part may be left out: then
//! it is the longest run of positions that no other part has.

use std::fmt::{Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

use super::kid::{KidParts, KidStructure, Modulus};
use super::shown;
use crate::fault::{Fault, codes};

impl FromStr for KidStructure {
    type Err = Fault;

    /// `kid.structure_text` for everything that is no structure, with the reason.
    fn from_str(text: &str) -> Result<KidStructure, Fault> {
        let fault = |why: String| Fault::fatal(codes::KID_STRUCTURE_TEXT).with("value", shown(text)).with("why", why);
        let parts = parts(text).map_err(fault)?;
        KidStructure::new(parts).map_err(|cause| fault(cause.to_string()))
    }
}

fn parts(text: &str) -> Result<KidParts, String> {
    let (length, rest) = text.trim().split_once(':').ok_or("a colon stands after the length")?;
    let length: usize = number(length)?;
    let mut said = rest.split(',').map(str::trim);
    let customer = range(said.next().unwrap_or_default())?;
    let (mut kind, mut invoice, mut modulus) = (None, None, Modulus::Mod10);
    for part in said {
        match part.split_once('=') {
            Some(("type", rest)) => {
                let (positions, digits) = rest.split_once('=').ok_or("the type part is written type=9-9=7")?;
                kind = Some((range(positions)?, digits.to_owned()));
            }
            Some(("invoice", positions)) => invoice = Some(range(positions)?),
            None if part.eq_ignore_ascii_case("mod10") => modulus = Modulus::Mod10,
            None if part.eq_ignore_ascii_case("mod11") => modulus = Modulus::Mod11,
            Some(_) | None => return Err(format!("{part} says nothing")),
        }
    }
    let taken = |position: &usize| customer.contains(position) || kind.as_ref().is_some_and(|(kind, _)| kind.contains(position));
    let invoice = match invoice {
        Some(invoice) => invoice,
        None => longest_run((0..length.saturating_sub(1)).filter(|position| !taken(position)))
            .ok_or("no position is left for the invoice")?,
    };
    Ok(KidParts { length, customer, kind, invoice, modulus })
}

fn number(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("{} is no number", shown(text)))
}

/// `1-6`, or one position alone.
fn range(text: &str) -> Result<Range<usize>, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (number(from)?, number(to)?);
    from.checked_sub(1).map(|from| from..to).ok_or_else(|| "positions count from 1".to_owned())
}

/// The longest run of positions without a gap, the last of several.
fn longest_run(positions: impl Iterator<Item = usize>) -> Option<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for position in positions {
        match runs.last_mut() {
            Some(run) if run.end == position => run.end += 1,
            Some(_) | None => runs.push(position..position + 1),
        }
    }
    runs.into_iter().max_by_key(Range::len)
}

impl Display for KidStructure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let KidParts { length, customer, kind, invoice, modulus } = self.parts();
        write!(f, "{length}:{}-{}", customer.start + 1, customer.end)?;
        if let Some((positions, digits)) = kind {
            write!(f, ",type={}-{}={digits}", positions.start + 1, positions.end)?;
        }
        write!(f, ",invoice={}-{}", invoice.start + 1, invoice.end)?;
        match modulus {
            Modulus::Mod10 => Ok(()),
            Modulus::Mod11 => f.write_str(",mod11"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read() {
        let check = |text: &str, whole: &str| {
            let structure: KidStructure = text.parse().unwrap();
            assert_eq!(structure.to_string(), whole, "{text}");
            assert_eq!(whole.parse::<KidStructure>().unwrap(), structure, "{text}");
        };
        check("16:1-6", "16:1-6,invoice=7-15");
        check(" 16:1-6, mod11 ", "16:1-6,invoice=7-15,mod11");
        check("20:1-8,type=9-9=7", "20:1-8,type=9-9=7,invoice=10-19");
        check("20:1-8,type=9=7,invoice=12-19,MOD11", "20:1-8,type=9-9=7,invoice=12-19,mod11");
        check("10:4-9", "10:4-9,invoice=1-3");
        check("5:1", "5:1-1,invoice=2-4");
    }

    #[test]
    fn what_is_no_structure_says_why() {
        for text in
            ["", "16", "16:", "16:0-6", "16:6-1", "x:1-6", "16:1-16", "7:1-6", "16:1-6,type=7", "16:1-6,colour=7", "99:1-6"]
        {
            let fault = text.parse::<KidStructure>().unwrap_err();
            assert_eq!(fault.code, codes::KID_STRUCTURE_TEXT, "{text}");
            assert!(fault.value("why").is_some_and(|why| !why.is_empty()), "{text}");
        }
    }
}
