//! What camt.053 and camt.054 say.

use kvitt_formats::bank::{Item, verify};

use super::{example, items, told};

#[test]
fn a_notification_with_a_batch() {
    insta::assert_snapshot!("camt054_batch", told(&items(&example("camt054_batch.xml"))));
}

#[test]
fn a_statement() {
    insta::assert_snapshot!("camt053_statement", told(&items(&example("camt053_statement.xml"))));
}

/// A message around one entry.
fn notification(entry: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.12\"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M</MsgId></GrpHdr>\
         <Ntfctn><Id>N</Id><Acct><Id><Othr><Id>9999.10.05109</Id></Othr></Id></Acct>{entry}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
}

fn entry(direction: &str, details: &str) -> String {
    notification(&format!(
        "<Ntry><Amt Ccy=\"NOK\">30.00</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-12-02+01:00</Dt></BookgDt>\
         <AcctSvcrRef>R</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"
    ))
}

/// KID, øre and part of each payment, then the remarks.
fn payments(xml: &str) -> String {
    let lines = items(xml.as_bytes()).into_iter().filter_map(|item| match item {
        Item::Payment(payment) => Some(format!(
            "{} {} {:?}{}",
            payment.kid.as_deref().unwrap_or("–"),
            payment.amount.minor(),
            payment.part,
            if payment.is_reversal { " reversal" } else { "" }
        )),
        Item::Remark(fault) => Some(fault.code.to_string()),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("; ")
}

#[test]
fn details() {
    let reference = |kid: &str| format!("<RmtInf><Strd><CdtrRefInf><Ref>{kid}</Ref></CdtrRefInf></Strd></RmtInf>");
    let share = |kid: &str, amount: &str| {
        format!(
            "<Strd><RfrdDocAmt><RmtdAmt Ccy=\"NOK\">{amount}</RmtdAmt></RfrdDocAmt><CdtrRefInf><Ref>{kid}</Ref></CdtrRefInf></Strd>"
        )
    };
    let amount = |amount: &str| format!("<AmtDtls><TxAmt><Amt Ccy=\"NOK\">{amount}</Amt></TxAmt></AmtDtls>");
    let check = |direction: &str, details: &str, expected: &str| assert_eq!(payments(&entry(direction, details)), expected);
    check("CRDT", "", "– 3000 Line");
    check("CRDT", &format!("<TxDtls>{}</TxDtls>", reference("123456782")), "123456782 3000 Whole");
    check("CRDT", &format!("<TxDtls>{}</TxDtls>", reference("20261003-")), "20261003- 3000 Whole");
    check("CRDT", &format!("<TxDtls>{}</TxDtls>", reference("RF18539007547034")), "– 3000 Whole");
    check("DBIT", &format!("<TxDtls>{}</TxDtls>", reference("123456782")), "123456782 -3000 Whole");
    check("CRDT", "<Btch><NbOfTxs>4</NbOfTxs></Btch>", "– 3000 TotalOf(4)");
    check("CRDT", "<TxDtls><Refs/></TxDtls><TxDtls><Refs/></TxDtls>", "– 3000 TotalOf(2)");
    check(
        "CRDT",
        &format!("<TxDtls>{}{}</TxDtls><TxDtls>{}</TxDtls>", amount("10.00"), reference("123456782"), amount("20")),
        "123456782 1000 Of(\"R\"); – 2000 Of(\"R\")",
    );
    // The only details of a reversal say which way the first went; the entry says what the account got.
    check("DBIT", &format!("<TxDtls><CdtDbtInd>CRDT</CdtDbtInd>{}</TxDtls>", reference("123456782")), "123456782 -3000 Whole");
    check("CRDT", "<TxDtls><CdtDbtInd>DBIT</CdtDbtInd><RtrInf/></TxDtls>", "– 3000 Whole reversal");
    // What a batch holds of money back counts against it.
    check(
        "CRDT",
        &format!("<TxDtls>{}</TxDtls><TxDtls>{}<CdtDbtInd>DBIT</CdtDbtInd><RtrInf/></TxDtls>", amount("40.00"), amount("10.00")),
        "– 4000 Of(\"R\"); – -1000 Of(\"R\") reversal",
    );
    check(
        "CRDT",
        &format!("<TxDtls><RmtInf>{}{}</RmtInf></TxDtls>", share("123456782", "10.00"), share("12345674", "20.00")),
        "123456782 1000 Whole; 12345674 2000 Whole",
    );
    check(
        "CRDT",
        &format!("<TxDtls><RmtInf>{}{}</RmtInf></TxDtls>", share("123456782", "10.00"), share("12345674", "10.00")),
        "bank.several_kids; – 3000 Whole",
    );
}

/// Payments in another currency than the account's: the entry has what the account got.
#[test]
fn another_currency() {
    let xml = entry("CRDT", "<TxDtls><AmtDtls><TxAmt><Amt Ccy=\"EUR\">2.60</Amt></TxAmt></AmtDtls></TxDtls>");
    assert_eq!(payments(&xml), "– 3000 Whole");
    let yen =
        notification("<Ntry><Amt Ccy=\"JPY\">30</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-12-02</Dt></BookgDt></Ntry>");
    assert_eq!(payments(&yen), "– 30 Line");
}

/// The bank's code of what an entry is, or each of its details.
#[test]
fn direct_debits() {
    let code = |family: &str| {
        format!("<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>OODD</SubFmlyCd></Fmly></Domn></BkTxCd>")
    };
    let amount = "<AmtDtls><TxAmt><Amt Ccy=\"NOK\">15.00</Amt></TxAmt></AmtDtls>";
    let details = |of: [&str; 2]| of.map(|code| format!("<TxDtls>{amount}{code}</TxDtls>")).concat();
    let told = |xml: &str| {
        let payments = items(xml.as_bytes()).into_iter().filter_map(|item| match item {
            Item::Payment(payment) => Some(payment.is_direct_debit),
            _ => None,
        });
        payments.collect::<Vec<_>>()
    };
    let with =
        |family: &str, details: String| entry("CRDT", &details).replace("<NtryDtls>", &format!("{}<NtryDtls>", code(family)));
    assert_eq!(told(&with("IDDT", details(["", ""]))), [true, true]);
    assert_eq!(told(&with("RCDT", details(["", &code("IDDT")]))), [false, true]);
    assert_eq!(told(&with("RCDT", String::new())), [false]);
}

/// What stands around the document is passed over; several messages are read.
#[test]
fn envelopes() {
    let inner = entry("CRDT", "");
    let xml = format!("<?xml version=\"1.0\"?>\n<e:Envelope xmlns:e=\"urn:e\"><e:Head>x</e:Head>{inner}{inner}</e:Envelope>\n");
    assert_eq!(payments(&xml), "– 3000 Line; – 3000 Line");
}

/// Banks write UTF-8, and older ones what their machines have: the declaration says it, and nothing else is guessed.
#[test]
fn what_a_file_is_written_in() {
    let name = "<TxDtls><RltdPties><Dbtr><Nm>K@ri</Nm></Dbtr></RltdPties></TxDtls>";
    let file = |declared: &str, letter: &[u8]| {
        let declaration = format!("<?xml version=\"1.0\"{declared}?>\n");
        let text = format!("{declaration}{}", entry("CRDT", name).trim_start_matches("<?xml version=\"1.0\"?>\n"));
        let (before, after) = text.split_once('@').unwrap();
        [before.as_bytes(), letter, after.as_bytes()].concat()
    };
    let payer = |bytes: &[u8]| match verify(bytes).faults.first() {
        Some(fault) => fault.code.name().to_owned(),
        None => items(bytes)
            .into_iter()
            .find_map(|item| match item {
                Item::Payment(payment) => Some(format!("{} {}", payment.payer.unwrap(), payment.raw.bytes().len())),
                _ => None,
            })
            .unwrap(),
    };
    let utf8 = payer(&file("", "å".as_bytes()));
    assert!(utf8.starts_with("Kåri "), "{utf8}");
    for (declared, letter) in [
        (" encoding=\"UTF-8\"", "å".as_bytes()),
        (" encoding='utf-8' standalone='yes'", "å".as_bytes()),
        (" encoding=\"ISO-8859-1\"", b"\xE5"),
        (" encoding = 'iso-8859-1'", b"\xE5"),
        (" encoding=\"Windows-1252\"", b"\xE5"),
    ] {
        assert_eq!(payer(&file(declared, letter)), utf8, "{declared}");
    }
    assert!(payer(&file(" encoding=\"windows-1252\"", b"\x80")).starts_with("K€ri "));
    for (declared, letter) in [
        ("", b"\xE5"),
        (" encoding=\"UTF-8\"", b"\xE5"),
        (" encoding=\"KOI8-R\"", b"\xE5"),
        (" encoding=\"windows-1252\"", b"\x81"),
    ] {
        assert_eq!(payer(&file(declared, letter)), "bank.unreadable", "{declared}");
    }
    // Whoever gives little at a time gives the same.
    let latin = file(" encoding=\"ISO-8859-1\"", b"\xE5");
    let slowly = std::io::BufReader::with_capacity(1, latin.as_slice());
    assert_eq!(kvitt_formats::bank::read(slowly).map(Result::unwrap).collect::<Vec<_>>(), items(&latin));
}

/// The first fault of each, with its place.
#[test]
fn xml_that_is_refused() {
    let good = entry("CRDT", "");
    let long = format!("<TxDtls><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls>", "x".repeat(100_000));
    let details = "<TxDtls><Refs><AcctSvcrRef>1234567890</AcctSvcrRef></Refs></TxDtls>".repeat(2);
    let head = format!("<AddtlNtryInf>{}</AddtlNtryInf>", "<a>x</a>".repeat(10_000));
    let files = [
        ("another document", "<Invoice/>".to_owned()),
        ("a document type", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>".to_owned()),
        ("an entity of its own", entry("CRDT", "&b;")),
        ("not well-formed", entry("CRDT", "</a>")),
        ("ISO 8859-1", entry("CRDT", "<a>@</a>")),
        ("a direction", entry("CREDIT", "")),
        ("no direction", good.replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")),
        ("half an øre", good.replace("30.00", "30.005")),
        ("below zero", good.replace("30.00", "-30")),
        ("no number", good.replace("30.00", "1e3")),
        ("no number but for some", good.replace("30.00", "3_0")),
        ("no amount", good.replace("<Amt Ccy=\"NOK\">30.00</Amt>", "")),
        ("a currency", good.replace("NOK", "XXQ")),
        ("no currency", good.replace(" Ccy=\"NOK\"", "")),
        ("a date", good.replace("2026-12-02+01:00", "2026-02-30")),
        ("no date", good.replace("<BookgDt><Dt>2026-12-02+01:00</Dt></BookgDt>", "")),
        ("no account", good.replace("9999.10.05109", "")),
        ("a count of payments", entry("CRDT", &format!("<Btch><NbOfTxs>x</NbOfTxs></Btch>{details}"))),
        ("too deep", "<a>".repeat(70)),
        ("too much between two tags", entry("CRDT", &long)),
        ("too much in an entry", good.replace("<BookgDt>", &format!("{head}<BookgDt>"))),
    ];
    let told = files.map(|(what, xml)| {
        let bytes: Vec<u8> = if what == "ISO 8859-1" {
            xml.bytes().map(|byte| if byte == b'@' { 0xE5 } else { byte }).collect()
        } else {
            xml.into()
        };
        let faults = verify(&*bytes).faults;
        format!("{what}: {}\n", crate::lines(&faults).lines().next().unwrap_or_default())
    });
    insta::assert_snapshot!("camt_refused", told.concat());
}
