//! Bank files as tests write them: small ones that add up.

use std::fmt::Write as _;

use jiff::civil::{Date, date};

/// The account that most of it is about.
pub const ACCOUNT: &str = "86011117947";
/// The day that most files are of.
pub const DAY: Date = date(2026, 11, 17);

/// One transaction of OCR giro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ocr {
    /// 10 to 21.
    pub code: u8,
    /// Digits; empty for none.
    pub kid: &'static str,
    /// Øre.
    pub minor: i64,
    /// Eleven digits; zeros where it is not known.
    pub payer: &'static str,
}

/// Somebody paid.
pub fn paid(kid: &'static str, minor: i64) -> Ocr {
    Ocr { code: 10, kid, minor, payer: "00000000000" }
}

/// A direct debit.
pub fn debited(kid: &'static str, minor: i64) -> Ocr {
    Ocr { code: 15, ..paid(kid, minor) }
}

/// The bank took it back.
pub fn reversed(kid: &'static str, minor: i64) -> Ocr {
    Ocr { code: 18, ..paid(kid, minor) }
}

/// A transmission with one assignment.
pub fn ocr(transmission: u32, payments: &[Ocr]) -> String {
    ocr_of(ACCOUNT, DAY, transmission, payments)
}

/// The same, of an account and a day.
pub fn ocr_of(account: &str, day: Date, transmission: u32, payments: &[Ocr]) -> String {
    transmission_of(account, day, transmission, payments, 1)
}

/// A transmission in which the one assignment stands twice.
pub fn ocr_assigned_twice(transmission: u32, payments: &[Ocr]) -> String {
    transmission_of(ACCOUNT, DAY, transmission, payments, 2)
}

fn transmission_of(account: &str, day: Date, transmission: u32, payments: &[Ocr], times: usize) -> String {
    let on = format!("{:02}{:02}{:02}", day.day(), day.month(), day.year() % 100);
    let mut file = String::new();
    let mut line = |text: String| {
        assert_eq!(text.len(), 80, "{text}");
        write!(file, "{text}\r\n").unwrap();
    };
    let zeros = |count: usize| "0".repeat(count);
    line(format!("NY00001000008080{transmission:07}00229221{}", zeros(49)));
    let (count, records) = (payments.len(), 2 * payments.len());
    let mut sum = 0;
    for _ in 0..times {
        line(format!("NY090020{:09}{:07}{account}{}", 8566, transmission, zeros(45)));
        let mut of_this = 0;
        for (payment, number) in payments.iter().zip(1..) {
            let Ocr { code, kid, minor, payer } = payment;
            of_this += minor;
            line(format!("NY09{code}30{number:07}{on}01{:02}0{number:05}0{minor:017}{kid:>25}{}", day.day(), zeros(6)));
            line(format!("NY09{code}31{number:07}{}{on}{payer}{}", zeros(26), zeros(22)));
        }
        line(format!("NY090088{count:08}{:08}{of_this:017}{on}{on}{on}{}", records + 2, zeros(21)));
        sum += of_this;
    }
    let (count, records) = (times * count, times * (records + 2) + 2);
    line(format!("NY000089{count:08}{records:08}{sum:017}{on}{}", zeros(33)));
    file
}

/// A transmission with one order of mandates: type of registration and KID.
pub fn mandates(transmission: u32, records: &[(u8, &str)]) -> String {
    let zeros = |count: usize| "0".repeat(count);
    let mut file = format!("NY00001000008080{transmission:07}00229221{}\n", zeros(49));
    writeln!(file, "NY212420{}{transmission:07}{ACCOUNT}{}", zeros(9), zeros(45)).unwrap();
    for ((registration, kid), number) in records.iter().zip(1..) {
        writeln!(file, "NY219470{number:07}{registration}{kid:>25}N{}", zeros(38)).unwrap();
    }
    let count = records.len();
    writeln!(file, "NY212488{count:08}{:08}{}", count + 2, zeros(56)).unwrap();
    writeln!(file, "NY000089{count:08}{:08}{}{}{}", count + 4, zeros(17), zeros(6), zeros(33)).unwrap();
    file
}

/// One entry of a camt message.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The bank's reference.
    pub reference: &'static str,
    /// Whether money came in.
    pub is_credit: bool,
    /// Whether it undoes another.
    pub is_reversal: bool,
    /// Øre; the sum of the details where there are any.
    pub minor: i64,
    /// The details: KID (empty for none) and øre; none for a line that is not told apart.
    pub details: &'static [(&'static str, i64)],
}

/// A camt.054 message (`54`) or a camt.053 message (`53`).
pub fn camt(kind: u8, message: &str, entries: &[Entry]) -> String {
    let (root, part) = if kind == 54 { ("BkToCstmrDbtCdtNtfctn", "Ntfctn") } else { ("BkToCstmrStmt", "Stmt") };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.0{kind}.001.02\"><{root}>\
         <GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-11-17T06:00:00+01:00</CreDtTm></GrpHdr><{part}><Id>{message}-1</Id>\
         <CreDtTm>2026-11-17T06:00:00+01:00</CreDtTm><Acct><Id><Othr><Id>{ACCOUNT}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id>\
         <Ccy>NOK</Ccy></Acct>\n"
    );
    for Entry { reference, is_credit, is_reversal, minor, details } in entries {
        let way = if *is_credit { "CRDT" } else { "DBIT" };
        let reversal = if *is_reversal { "<RvslInd>true</RvslInd>" } else { "" };
        write!(
            xml,
            "<Ntry><Amt Ccy=\"NOK\">{}</Amt><CdtDbtInd>{way}</CdtDbtInd>{reversal}<Sts>BOOK</Sts><BookgDt><Dt>{DAY}</Dt></BookgDt>\
             <ValDt><Dt>{DAY}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>",
            kroner(*minor)
        )
        .unwrap();
        xml += "<NtryDtls>";
        if details.len() != 1 {
            write!(xml, "<Btch><NbOfTxs>{}</NbOfTxs></Btch>", details.len().max(2)).unwrap();
        }
        for (index, (kid, minor)) in details.iter().enumerate() {
            write!(xml, "<TxDtls><Refs><AcctSvcrRef>{reference}-{index}</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy=\"NOK\">{}</Amt></TxAmt></AmtDtls>", kroner(*minor))
                .unwrap();
            if !kid.is_empty() {
                write!(xml, "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{kid}</Ref></CdtrRefInf></Strd></RmtInf>").unwrap();
            }
            xml += "</TxDtls>";
        }
        xml += "</NtryDtls></Ntry>\n";
    }
    writeln!(xml, "</{part}></{root}></Document>").unwrap();
    xml
}

fn kroner(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
