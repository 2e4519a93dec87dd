//! Payments in ISO 20022: camt.054 (what was credited and debited) and camt.053 (a statement with balances), version 02.
//!
//! KIDs stand in `CdtrRefInf/Ref`, kind SCOR; what the creditor paid back names the KID in free text, as people write it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use super::claims::kroner;
use super::day::{Cause, Payment};

/// What a message tells of.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The creditor's account.
    pub account: &'a str,
    /// Its number.
    pub transmission: u64,
    /// When it is written.
    pub at: Timestamp,
    /// camt.053, not camt.054?
    pub is_statement: bool,
    /// The balance before, øre.
    pub opening_minor: i64,
    /// What moved.
    pub payments: &'a [&'a Payment],
}

/// The message as XML in UTF-8.
pub fn write(message: &Message<'_>) -> String {
    let Message { account, transmission, at, is_statement, .. } = message;
    let (version, root, part) = if *is_statement {
        ("camt.053.001.02", "BkToCstmrStmt", "Stmt")
    } else {
        ("camt.054.001.02", "BkToCstmrDbtCdtNtfctn", "Ntfctn")
    };
    let created = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{version}\">\n<{root}>\n\
         <GrpHdr><MsgId>SANDBOX-{transmission:07}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>\n<{part}>\n\
         <Id>{transmission:07}</Id><CreDtTm>{created}</CreDtTm>\n<Acct>{}<Ccy>NOK</Ccy></Acct>\n",
        account_id(account)
    );
    if *is_statement {
        xml.push_str(&balances(message));
    }
    for ((day, kind), payments) in entries(message.payments) {
        entry(&mut xml, day, kind, &payments);
    }
    let _ = write!(xml, "</{part}>\n</{root}>\n</Document>\n");
    xml
}

/// What stands in one entry: money in, reversals, money out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Debits,
    Credits,
    Reversals,
    Refunds,
}

fn entries<'a>(payments: &[&'a Payment]) -> BTreeMap<(Date, Kind), Vec<&'a Payment>> {
    let mut entries: BTreeMap<_, Vec<&Payment>> = BTreeMap::new();
    for payment in payments {
        let kind = match payment.cause {
            Cause::Debit | Cause::Mistake | Cause::OthersDebit => Kind::Debits,
            Cause::ByHand => Kind::Credits,
            Cause::Reversal => Kind::Reversals,
            Cause::Refund => Kind::Refunds,
        };
        entries.entry((payment.booked_on, kind)).or_default().push(payment);
    }
    entries
}

fn entry(xml: &mut String, day: Date, kind: Kind, payments: &[&Payment]) {
    let (direction, reversal, family, sub_family) = match kind {
        Kind::Debits => ("CRDT", "", "IDDT", "OODD"),
        Kind::Credits => ("CRDT", "", "RCDT", "VCOM"),
        Kind::Reversals => ("DBIT", "<RvslInd>true</RvslInd>", "IDDT", "UPDD"),
        Kind::Refunds => ("DBIT", "", "ICDT", "DMCT"),
    };
    let sum: u64 = payments.iter().map(|payment| payment.minor).sum();
    let reference = payments.first().map_or(0, |payment| payment.number);
    let _ = write!(
        xml,
        "<Ntry>\n<Amt Ccy=\"NOK\">{}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{reversal}<Sts>BOOK</Sts>\n\
         <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>BATCH{reference:09}</AcctSvcrRef>\n\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>\n\
         <NtryDtls>\n<Btch><NbOfTxs>{}</NbOfTxs></Btch>\n",
        kroner(sum),
        payments.len()
    );
    for payment in payments {
        details(xml, payment);
    }
    xml.push_str("</NtryDtls>\n</Ntry>\n");
}

fn details(xml: &mut String, payment: &Payment) {
    let amount = kroner(payment.minor);
    // The other side pays, unless the creditor does.
    let other = if payment.cause == Cause::Refund { "CdtrAcct" } else { "DbtrAcct" };
    let words = match (&payment.kid, payment.cause, &payment.text) {
        (Some(kid), Cause::Refund, _) => format!("<Ustrd>Tilbakebetaling KID {kid}</Ustrd>"),
        (Some(kid), _, _) => {
            format!("<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{kid}</Ref></CdtrRefInf></Strd>")
        }
        (None, _, Some(text)) => format!("<Ustrd>{}</Ustrd>", escaped(text)),
        (None, _, None) => String::new(),
    };
    let words = if words.is_empty() { words } else { format!("<RmtInf>{words}</RmtInf>") };
    let _ = writeln!(
        xml,
        "<TxDtls><Refs><AcctSvcrRef>TX{:09}</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy=\"NOK\">{amount}</Amt></TxAmt></AmtDtls>\
         <RltdPties><{other}>{}</{other}></RltdPties>{words}</TxDtls>",
        payment.number,
        account_id(&payment.payer)
    );
}

fn balances(message: &Message<'_>) -> String {
    let Message { opening_minor, payments, at, .. } = message;
    let closing = opening_minor + payments.iter().map(|payment| payment.signed_minor()).sum::<i64>();
    let day = crate::counterparties::calendar::day_of(*at);
    let balance = |code: &str, minor: i64| {
        let direction = if minor < 0 { "DBIT" } else { "CRDT" };
        let amount = kroner(minor.unsigned_abs());
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"NOK\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
        )
    };
    balance("OPBD", *opening_minor) + &balance("CLBD", closing)
}

fn account_id(account: &str) -> String {
    format!("<Id><Othr><Id>{account}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id>")
}

fn escaped(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(140).collect::<String>();
    printable.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
