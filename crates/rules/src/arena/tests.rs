//! What the arena reads, and what it refuses: one table each.

use super::*;

fn parse(xml: &str) -> Result<Document<'_>, XmlFault> {
    Document::parse(xml.as_bytes(), &Limits::default())
}

#[track_caller]
fn refused(xml: impl AsRef<[u8]>, code: &str) -> XmlFault {
    let fault = Document::parse(xml.as_ref(), &Limits::default()).expect_err("must be refused");
    assert_eq!(fault.code, code, "{fault}");
    fault
}

#[test]
fn text_is_what_was_written() {
    for (xml, text) in [
        ("<a>plain</a>", "plain"),
        ("<a> æøå €</a>", " æøå €"),
        ("<a>x &amp; y</a>", "x & y"),
        ("<a>&lt;&gt;&quot;&apos;&#65;&#x20AC;</a>", "<>\"'A€"),
        ("<a>one<!-- - -->two</a>", "onetwo"),
        ("<a><![CDATA[<&]]>]]</a>", "<&]]"),
        ("<a>x<?go now?>y</a>", "xy"),
        ("<a>\n  <b>in</b>\n  <c/>\n</a>", ""),
        ("<a> x <b>in</b> y</a>", " x  y"),
        ("<a>  </a>", "  "),
        ("<a>1\r\n2\r3\n\r\n</a>", "1\n2\n3\n\n"),
        ("<a>1\r\n&amp;\r<![CDATA[\r\n]]>&#13;</a>", "1\n&\n\n\r"),
        ("<a>\r\n  <b/>\r\n</a>", ""),
        ("<a/>", ""),
        ("\u{FEFF}<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<a>x</a>\n<!-- end -->", "x"),
    ] {
        let document = parse(xml).unwrap_or_else(|fault| panic!("{xml}: {fault}"));
        assert_eq!(document.root().text(), text, "{xml}");
    }
}

#[test]
fn nested_texts_do_not_mix() {
    let document = parse("<a>1&amp;<b>2&amp;<c>3&amp;</c>4</b>5<b>6&#55;</b></a>").unwrap();
    let root = document.root();
    let bs: Vec<_> = root.children_named("b").map(Node::text).collect();
    assert_eq!((root.text(), bs), ("1&5", vec!["2&4", "67"]));
    assert_eq!(root.descendant(&["b", "c"]).unwrap().text(), "3&");
}

#[test]
fn attributes_are_read_as_xml_says() {
    let document = parse("<a x:one='1' two = \"a&amp;b\tc\r\nd\" xmlns:x='urn:x' three=''/>").unwrap();
    let found: Vec<_> = document.root().attributes().collect();
    assert_eq!(found, [("one", "1"), ("two", "a&b c d"), ("three", "")]);
    assert_eq!(document.root().attribute("two"), Some("a&b c d"));
    assert_eq!(document.root().attribute("x"), None);
}

#[test]
fn namespaces_follow_their_scope() {
    let document =
        parse("<a xmlns='urn:1' xmlns:p='urn:2'><p:b/><b/><c xmlns='' xmlns:p='urn:3'><b/><p:b/></c><p:b xml:lang='no'/></a>")
            .unwrap();
    let all = document.root().children().chain(document.root().child("c").unwrap().children());
    let found: Vec<_> = all.map(|node| (node.namespace(), node.name())).collect();
    assert_eq!(found, [("urn:2", "b"), ("urn:1", "b"), ("", "c"), ("urn:2", "b"), ("", "b"), ("urn:3", "b")]);
    assert!(document.root().is("urn:1", "a"));
    assert!(!document.root().is("urn:2", "a"));
}

#[test]
fn a_repeated_declaration_changes_nothing() {
    let document = parse("<a xmlns:p='urn:2'><p:b xmlns:p='urn:2'><p:c/></p:b><p:d/></a>").unwrap();
    assert!(document.root().descendant(&["b", "c"]).unwrap().is("urn:2", "c"));
    assert!(document.root().child("d").unwrap().is("urn:2", "d"));
}

#[test]
fn places_are_for_people() {
    let document = parse(
        "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' \
         xmlns:c='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2' xmlns:z='urn:z'>\n\
         <c:InvoiceLine/><z:x/>\n<c:InvoiceLine>æ<c:Item/></c:InvoiceLine></Invoice>",
    )
    .unwrap();
    let item = document.root().children().nth(2).unwrap().child("Item").unwrap();
    assert_eq!(item.path(), "/Invoice/cac:InvoiceLine[2]/cac:Item");
    assert_eq!(document.position(item.offset()), Position { line: 3, column: 17 });
    assert_eq!(document.root().child("x").unwrap().path(), "/Invoice/z:x");
    assert_eq!(item.parent().unwrap().parent(), Some(document.root()));
    assert_eq!(document.root().parent(), None);
    assert_eq!(document.position(usize::MAX).line, 3);
}

#[test]
fn what_is_not_xml_is_refused() {
    for xml in [
        "<a>",
        "<a></b>",
        "</a>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<![CDATA[x]]><a/>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a xmlns:p='u' xmlns:p='u'/>",
        "<a b='<'/>",
        "<a b=1/>",
        "<a b/>",
        "<a b='1'c='2'/>",
        "<a b='&'/>",
        "<a>&</a>",
        "<a>& b;</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#+65;</a>",
        "<a>&#;</a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFF}</a>",
        "<a>]]></a>",
        "<1/>",
        "<a:/>",
        "<:a/>",
        "< a/>",
        "<a><!-- -- --></a>",
        "<a><?xml version='1.0'?></a>",
        " <?xml version='1.0'?><a/>",
        "<?xml encoding='utf-8'?><a/>",
        "<?xml version='2.0'?><a/>",
        "<a><??></a>",
        "<a",
        "<a><!-- x</a>",
        "<a b='",
        "<a></a b='1'>",
        "<!ELEMENT a ANY><a/>",
    ] {
        refused(xml, "xml.not_well_formed");
    }
}

#[test]
fn each_refusal_has_its_code_and_place() {
    for (xml, code, line, column) in [
        ("", "xml.empty", 1, 1),
        ("<!-- only -->\n", "xml.empty", 2, 1),
        ("<p:a/>", "xml.namespace", 1, 2),
        ("<a p:b='1'/>", "xml.namespace", 1, 4),
        ("<a><b xmlns:p='u'/>\n<p:c/></a>", "xml.namespace", 2, 2),
        ("<a xmlns:p=''/>", "xml.namespace", 1, 4),
        ("<a xmlns:xml='urn:x'/>", "xml.namespace", 1, 4),
        ("<a>\n &nbsp;</a>", "xml.entity", 2, 2),
        ("<a b='&nbsp;'/>", "xml.entity", 1, 7),
        ("<!DOCTYPE a><a/>", "xml.doctype", 1, 1),
        ("<?xml version='1.0'?>\n<!-- x --><!doctype a [", "xml.doctype", 2, 11),
        ("<a><!DOCTYPE b></a>", "xml.doctype", 1, 4),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "xml.encoding", 1, 21),
    ] {
        let fault = refused(xml, code);
        assert_eq!(fault.position, Position { line, column }, "{xml}: {fault}");
    }
    refused(b"<a>\xE6</a>", "xml.not_utf8");
    refused([0xFF, 0xFE, b'<', 0, b'a', 0], "xml.encoding");
    refused([0, b'<', 0, b'a'], "xml.encoding");
}

#[test]
fn bombs_are_refused_before_they_cost() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]><lolz>&lol2;</lolz>";
    refused(laughs, "xml.doctype");
    refused("<a>".repeat(1_000_000), "xml.too_deep");
    let attributes: String = (0..1_000_000).map(|n| format!(" a{n}='1'")).collect();
    refused(format!("<a{attributes}/>"), "xml.too_many_attributes");
    let declarations: String = (0..1_000).map(|n| format!(" xmlns:a{n}='u{n}'")).collect();
    refused(format!("<a{declarations}/>"), "xml.too_many_attributes");
    let names: String = (0..100_000).map(|n| format!("<e{n}/>")).collect();
    refused(format!("<a>{names}</a>"), "xml.too_many_elements");
    refused(format!("<!DOCTYPE a [{}", "<!ENTITY x 'y'>".repeat(1_000_000)), "xml.doctype");
    let name = "n".repeat(1_000_000);
    assert!(refused(format!("<a></{name}>"), "xml.not_well_formed").detail.len() < 1_000);
}

#[test]
fn each_limit_is_kept_exactly() {
    let small = Limits { bytes: 200, depth: 2, elements: 3, attributes: 2, text: 5 };
    for (xml, code) in [
        ("<a><b/><c/></a>", None),
        ("<a><b/><c/><d/></a>", Some("xml.too_many_elements")),
        ("<a><b><c/></b></a>", Some("xml.too_deep")),
        ("<a x='1' y='2'/>", None),
        ("<a x='1' y='2' z='3'/>", Some("xml.too_many_attributes")),
        ("<a>12345</a>", None),
        ("<a>123456</a>", Some("xml.text_too_long")),
        ("<a>123&amp;56</a>", Some("xml.text_too_long")),
        ("<a>12345&amp;</a>", Some("xml.text_too_long")),
        ("<a><![CDATA[123456]]></a>", Some("xml.text_too_long")),
        ("<a x='123456'/>", Some("xml.text_too_long")),
    ] {
        let code_found = Document::parse(xml.as_bytes(), &small).err().map(|fault| fault.code);
        assert_eq!(code_found, code, "{xml}");
    }
    let long = format!("<a>{}</a>", " ".repeat(200));
    assert_eq!(Document::parse(long.as_bytes(), &small).unwrap_err().code, "xml.too_large");
}

/// The promise of eight times the document, counted from the stores themselves on the densest shapes there are.
#[test]
fn memory_stays_flat() {
    for xml in [
        format!("<a>{}</a>", "<b/>".repeat(100_000)),
        format!("<a>{}</a>", "<b c=''/>".repeat(100_000)),
        format!("<a>{}</a>", "<b>&lt;</b>".repeat(100_000)),
        format!("<a>{}</a>", "x&lt;<b/>".repeat(100_000)),
        format!("<a>{}</a>", "\r\n<b>\r</b>".repeat(100_000)),
        format!("<a>{}</a>", "A".repeat(1_000_000)),
        format!("<a xmlns:p='u'>{}</a>", "<b xmlns:p='v'><p:c/></b>".repeat(50_000)),
    ] {
        let document = parse(&xml).unwrap();
        let stores = document.elements.capacity() * size_of::<Element>()
            + document.attributes.capacity() * size_of::<Attribute>()
            + document.decoded.capacity();
        assert!(stores <= 7 * xml.len(), "{} bytes for {} of {:.30}", stores, xml.len(), xml);
    }
    let attachment = format!("<a><b>{}</b></a>", "QUJD".repeat(1_000_000));
    let document = parse(&attachment).unwrap();
    assert!(document.decoded.is_empty(), "a long text is never copied");
}

#[test]
fn any_bytes_are_read_or_refused() {
    bolero::check!().for_each(|bytes: &[u8]| {
        if let Ok(document) = Document::parse(bytes, &Limits::default()) {
            walk(&document);
        }
    });
}

/// Pieces of markup in any order find more than bytes do.
#[test]
fn any_markup_is_read_or_refused() {
    const PIECES: [&str; 24] = [
        "<a>",
        "</a>",
        "<b",
        ">",
        "/>",
        "<p:c xmlns:p='u'",
        " x='1'",
        " y=\"&amp;\"",
        "text",
        "&lt;",
        "&#65;",
        "&",
        ";",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "xml version='1.0'",
        "'",
        "æ",
        "\n",
        "<!DOCTYPE",
    ];
    bolero::check!().with_type::<Vec<u8>>().for_each(|choices| {
        let xml: String = choices.iter().map(|choice| PIECES[*choice as usize % PIECES.len()]).collect();
        if let Ok(document) = parse(&xml) {
            walk(&document);
        }
    });
}

fn walk(document: &Document<'_>) {
    let mut stack = vec![document.root()];
    while let Some(node) = stack.pop() {
        assert!(document.source[node.offset()..].starts_with('<'));
        let _ = (node.path(), node.text(), node.namespace(), node.attributes().count());
        stack.extend(node.children());
    }
}
