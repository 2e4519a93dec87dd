//! Tables of letters and what a recipient reads in them.

use super::headers::{decode_words, parameters};
use super::*;

#[test]
fn encoded_words() {
    let table = [
        ("Faktura 1 fra Fjord Kraft", "Faktura 1 fra Fjord Kraft"),
        ("=?utf-8?Q?Str=C3=B8m_for_mai?=", "Strøm for mai"),
        ("=?UTF-8?B?U3Ryw7htIGZvciBtYWk=?=", "Strøm for mai"),
        ("=?iso-8859-1?q?bl=E5?= og =?iso-8859-1?q?gr=F8nn?=", "blå og grønn"),
        ("=?utf-8?B?w6U=?= \t =?utf-8?B?w7g=?=", "åø"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=B8?=", "ø"),
        ("=?utf-8*nb?Q?p=C3=A5?=", "på"),
        ("=?utf-8?X?no?=", "=?utf-8?X?no?="),
        ("=?utf-8?Q?never ends", "=?utf-8?Q?never ends"),
        ("a =? b", "a =? b"),
    ];
    for (text, expected) in table {
        assert_eq!(decode_words(text), expected, "{text}");
    }
}

#[test]
fn file_names() {
    let table = [
        ("attachment; filename=faktura.pdf", "faktura.pdf"),
        ("attachment; filename=\"fakt;ura \\\"1\\\".pdf\"", "fakt;ura \"1\".pdf"),
        ("attachment; filename*=utf-8''str%C3%B8m.pdf", "strøm.pdf"),
        ("attachment; filename*=UTF-8'nb'str%C3%B8m.pdf; filename=strom.pdf", "strøm.pdf"),
        ("attachment; filename*1=\"raft.pdf\"; filename*0*=iso-8859-1''%E5rsk", "årskraft.pdf"),
        ("attachment (a (nested) comment; here); filename=a.pdf (b)", "a.pdf"),
        ("attachment; filename=\"unclosed.pdf", "unclosed.pdf"),
    ];
    for (text, expected) in table {
        assert_eq!(parameters(text).get("filename").map(str::trim), Some(expected), "{text}");
    }
}

const INVOICE: &str = "\
From: =?utf-8?Q?Fjord_Kraft?= <faktura@fjordkraft.example>\r
To: kari@kunde.example\r
Subject: =?utf-8?Q?Faktura_1001_fra_Fjord?=\r
 =?utf-8?Q?_Kraft?=\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=\"ytre\"\r
\r
A reader that knows MIME does not show this.\r
--ytre\r
Content-Type: multipart/alternative; boundary=indre\r
\r
--indre\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Hei! Her er str=C3=B8mregningen, som er en litt lang linje med mykt linje=\r
skift.\r
\r
ORGANISASJONSNUMMER:   NO 999 999 999 MVA  \r
Fakturanummer: 2026-1001\r
Fakturanummer: 9\r
--indre\r
Content-Type: text/html\r
\r
<p>Hei</p>\r
--indre--\r
--ytre\r
Content-Type: application/pdf; name=\"=?utf-8?B?c3Ryw7htLnBkZg==?=\"\r
Content-Disposition: attachment\r
Content-Transfer-Encoding: base64\r
\r
JVBE\r
Ri0x\r
--ytre--\r
Epilogue: not a part.\r
";

#[test]
fn an_invoice_letter_is_read_as_its_recipient_reads_it() {
    let letter = Letter::read(INVOICE.as_bytes());
    assert_eq!(letter.header("subject"), "Faktura 1001 fra Fjord Kraft");
    let text = letter.text().unwrap();
    assert!(text.starts_with("Hei! Her er strømregningen, som er en litt lang linje med mykt linjeskift.\r\n"), "{text}");
    assert_eq!(letter.said(), Said { company: Some("999999999".into()), invoice: Some("2026-1001".into()) });
    let files: Vec<_> =
        letter.attachments().map(|part| (part.media_type.as_str(), part.name.as_deref(), &part.bytes[..])).collect();
    assert_eq!(files, [("application/pdf", Some("strøm.pdf"), &b"%PDF-1"[..])]);
    assert_eq!(letter.digest(), hex::encode(Sha256::digest(b"%PDF-1")));
    assert_eq!(letter.parts.len(), 3);
}

#[test]
fn line_ends_of_a_maildir_read_the_same() {
    let letter = Letter::read(INVOICE.replace("\r\n", "\n").as_bytes());
    assert_eq!(letter.said(), Letter::read(INVOICE.as_bytes()).said());
    assert_eq!(letter.digest(), Letter::read(INVOICE.as_bytes()).digest());
}

#[test]
fn what_the_text_says_of_the_invoice() {
    let table = [
        ("Organisation number: 999999999\nInvoice number: A/1", Some("999999999"), Some("A/1")),
        ("organisation NUMBER : SE556677889901\ncredit note number:7", Some("556677889901"), Some("7")),
        ("Organisasjonsnummer: 556677-8899\nKreditnotanummer: K 7", Some("5566778899"), Some("K 7")),
        ("Organisasjonsnummer: Fjord\nFakturanummer:  ", None, None),
        ("Fakturanummer 1001", None, None),
        ("Kundens organisasjonsnummer: 999999999\nFakturanummer: 1: 2", None, Some("1: 2")),
        ("", None, None),
    ];
    for (text, company, invoice) in table {
        let said = Letter::read(format!("Subject: x\n\n{text}").as_bytes()).said();
        assert_eq!((said.company.as_deref(), said.invoice.as_deref()), (company, invoice), "{text}");
    }
}

#[test]
fn spoilt_letters_are_read_as_far_as_they_go() {
    let table = [
        ("", 1, ""),
        ("\r\n", 1, ""),
        ("no header at all", 1, ""),
        ("Content-Type: multipart/mixed\n\nx", 1, ""),
        ("Content-Type: multipart/mixed; boundary=b\n\nno boundary line", 0, ""),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\n\ncut off", 2, "first"),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b--\n--b\n\nx", 0, ""),
        ("Content-Type: multipart/mixed; boundary=b\n\n--bb\n\nnot a part\n--b \n\npart", 1, "part"),
        ("Content-Type: nonsense\n\nread as text", 1, "read as text"),
        ("Content-Transfer-Encoding: base64\n\nYWJ*jZ", 1, "abc"),
        ("Content-Transfer-Encoding: quoted-printable\n\n=C3=A5=zz=\n!", 1, "å=zz!"),
        ("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=E5", 1, "å"),
    ];
    for (raw, parts, text) in table {
        let letter = Letter::read(raw.as_bytes());
        assert_eq!(letter.parts.len(), parts, "{raw:?}");
        assert_eq!(letter.text().unwrap_or_default(), text, "{raw:?}");
    }
}

#[test]
fn parts_in_parts_in_parts_end_somewhere() {
    let mut raw = String::new();
    for depth in 0..DEEPEST + 5 {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n"));
    }
    assert_eq!(Letter::read(raw.as_bytes()).parts.len(), 1);
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    bolero::check!().for_each(|raw: &[u8]| {
        let letter = Letter::read(raw);
        letter.said();
        letter.digest();
        letter.header("subject");
        // The same bytes where a header is sure to be met, and inside a part.
        let mut framed = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=".to_vec();
        framed.extend_from_slice(raw);
        Letter::read(&framed).said();
    });
}
