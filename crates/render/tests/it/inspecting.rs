//! What is found out about PDFs, ours and other people's, and that no file whatever brings the program down.

use std::io::Write as _;

use bolero::check;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use kvitt_domain::pdf_facts::{LeftEdge, Mark, PageSize, PdfFacts, PdfVersion, PrintLimits, printability};
use kvitt_render::inspect::MOST_BYTES;
use kvitt_render::{NotReadable, inspect, pdf};

use crate::samples;

/// A PDF of these objects, numbered from 1; the first is the catalogue.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", at + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    bytes.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    bytes
}

fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {entries} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("a Vec takes everything");
    encoder.finish().expect("a Vec takes everything")
}

/// One page of A4 that draws this. `F1` is a font that is not embedded, `Im` a picture, `Fm` a drawing 100 points to the right.
fn page(content: &str) -> Vec<u8> {
    page_with(content, "", "")
}

fn page_with(content: &str, of_catalogue: &str, of_page: &str) -> Vec<u8> {
    file(&[
        format!("<< /Type /Catalog /Pages 2 0 R {of_catalogue} >>").into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.276 841.89] /Contents 4 0 R {of_page} /Resources << \
             /Font << /F1 5 0 R >> /XObject << /Im 6 0 R /Fm 7 0 R >> /ExtGState << /Faint << /ca 0.2 >> >> \
             /ColorSpace << /Spot [/Separation /Gold /DeviceCMYK 9 0 R] >> >> >>"
        )
        .into_bytes(),
        stream("", content.as_bytes()),
        b"<< /Type /Font /Subtype /TrueType /BaseFont /Arial /FontDescriptor << /Type /FontDescriptor >> >>".to_vec(),
        stream("/Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\0"),
        stream("/Subtype /Form /BBox [0 0 300 300] /Matrix [1 0 0 1 100 0]", b"0 0 20 20 re f"),
    ])
}

/// 1 mm is 2.8346 points.
fn edge(clear_tenths_mm: u32, mark: Option<u32>) -> Option<LeftEdge> {
    Some(LeftEdge { clear_tenths_mm, mark: mark.map(|tenths_mm| Mark { tenths_mm, page: 1 }) })
}

#[test]
fn our_own_documents_can_be_printed_and_need_no_cover_sheet() {
    for sample in samples::all() {
        let pdf = pdf(&sample.invoice, &sample.look, &sample.embed).expect("a sample can be drawn");
        let facts = inspect(&pdf.bytes).expect("our PDF can be read");
        let wanted = PdfFacts {
            bytes: pdf.bytes.len() as u64,
            version: PdfVersion::V1_7,
            is_encrypted: false,
            pages: Some(u32::try_from(pdf.pages).expect("few pages")),
            page_sizes: vec![PageSize::A4],
            fonts_not_embedded: Vec::new(),
            has_javascript: false,
            has_forms: false,
            has_embedded_files: !sample.embed.is_empty(),
            left_edge: facts.left_edge,
            texts_in_window: facts.texts_in_window,
        };
        assert_eq!(facts, wanted, "{}", sample.name);
        let edge = facts.left_edge.expect("it was looked at");
        assert!(edge.clear_tenths_mm >= 199, "{}: {edge:?}", sample.name);
        assert!(edge.mark.is_some_and(|mark| mark.tenths_mm == 200), "{}: {edge:?}", sample.name);
        // The return address and two to five lines of the recipient.
        assert!(facts.texts_in_window.is_some_and(|count| count >= 3), "{}: {facts:?}", sample.name);
        assert_eq!(printability(&facts, &PrintLimits::default()), [], "{}", sample.name);
    }
}

#[test]
fn what_stands_left_is_found_where_it_is_drawn() {
    let check = |content: &str, wanted: Option<LeftEdge>| {
        assert_eq!(inspect(&page(content)).expect("it can be read").left_edge, wanted, "{content}");
    };
    // 20 mm, 10 mm, 210 mm in points.
    let (twenty, ten) = (200, 100);
    check("", edge(2100, None));
    check("BT /F1 10 Tf 56.693 500 Td (Hei) Tj ET", edge(twenty, Some(twenty)));
    check("BT /F1 10 Tf 1 0 0 1 28.346 500 Tm [(H) -20 (ei)] TJ ET", edge(ten, Some(ten)));
    // Blanks, white text and text that is not shown.
    check("BT /F1 10 Tf 28.346 500 Td (   ) Tj 28.346 0 Td (Hei) Tj ET", edge(twenty, Some(twenty)));
    check("1 1 1 rg BT /F1 10 Tf 28.346 500 Td (Hei) Tj ET", edge(2100, None));
    check("BT 3 Tr /F1 10 Tf 28.346 500 Td (Hei) Tj ET", edge(2100, None));
    // Lines and areas, white ones, clipped ones, and paths that are never painted.
    check("28.346 100 50 50 re f", edge(ten, Some(ten)));
    check("1 g 0 0 595 842 re f 0 g 56.693 100 50 50 re f", edge(twenty, Some(twenty)));
    check("0 0 0 0 k 0 0 595 842 re f", edge(2100, None));
    check("/Spot cs 0 scn 0 0 595 842 re f 1 scn 28.346 0 9 9 re f", edge(ten, Some(ten)));
    check("q 28.346 0 500 800 re W n 0 100 50 50 re f Q", edge(ten, Some(ten)));
    check("0 0 50 50 re n", edge(2100, None));
    check("0 w 28.346 100 m 28.346 700 l S", edge(ten, Some(ten)));
    check("q 2 0 0 2 0 0 cm 14.173 0 9 9 re f Q 56.693 0 9 9 re f", edge(ten, Some(ten)));
    check("q 1 0 0 1 28.346 0 cm 0 0 9 9 re f Q", edge(ten, Some(ten)));
    // Beside the page is not on it.
    check("-50 100 40 40 re f", edge(2100, None));
    // A drawing inside the drawing: 100 points and 28.346 to the right.
    check("q 1 0 0 1 -71.654 0 cm /Fm Do Q", edge(ten, Some(ten)));
    // What may be white, faint or hidden is possible, and not certain.
    check("q 500 0 0 700 28.346 50 cm /Im Do Q", edge(ten, None));
    check("/Faint gs 28.346 100 50 50 re f", edge(ten, None));
    check("/OC /Layer BDC 28.346 100 50 50 re f EMC 56.693 0 9 9 re f", edge(ten, Some(twenty)));
    check("/Pattern cs /P scn 28.346 100 50 50 re f", edge(ten, None));
    // Text on its side: its letters stand left of its line. Text that runs to the left may reach the edge.
    check("BT /F1 10 Tf 0 1 -1 0 56.693 100 Tm (Hei) Tj ET", edge(161, Some(twenty)));
    check("BT /F1 10 Tf -1 0 0 -1 56.693 100 Tm (Hei) Tj ET", edge(0, Some(twenty)));
}

#[test]
fn a_turned_page_is_seen_as_it_is_read() {
    let bytes = page_with("100 28.346 50 50 re f", "", "/Rotate 90");
    let facts = inspect(&bytes).expect("it can be read");
    assert_eq!(facts.page_sizes, [PageSize { width: 2970, height: 2100 }]);
    assert_eq!(facts.left_edge, edge(100, Some(100)));
    assert_eq!(facts.texts_in_window, None, "a lying page has no window");
}

#[test]
fn text_in_the_window_is_counted_and_a_picture_there_says_nothing() {
    let check = |content: &str, wanted: Option<u32>| {
        assert_eq!(inspect(&page(content)).expect("it can be read").texts_in_window, wanted, "{content}");
    };
    // 55 mm from the top is 686 points from the bottom.
    check("BT /F1 10 Tf 60 686 Td (Kari) Tj 0 -14 Td (Oslo) Tj 0 -400 Td (annet) Tj ET", Some(2));
    check("BT /F1 10 Tf 60 400 Td (Kari) Tj ET", Some(0));
    check("q 600 0 0 800 0 0 cm /Im Do Q BT /F1 10 Tf 60 686 Td (Kari) Tj ET", None);
}

#[test]
fn fonts_scripts_forms_and_files_are_seen() {
    let shown = "BT /F1 10 Tf 60 686 Td (Kari) Tj ET";
    let facts = |of_catalogue: &str| inspect(&page_with(shown, of_catalogue, "")).expect("it can be read");
    let plain = facts("");
    assert_eq!(plain.fonts_not_embedded, ["Arial"]);
    assert_eq!((plain.has_javascript, plain.has_forms, plain.has_embedded_files), (false, false, false));
    assert_eq!(plain.version, PdfVersion { major: 1, minor: 4 });
    assert!(facts("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>").has_javascript);
    assert!(facts("/Names << /JavaScript << >> >>").has_javascript);
    assert!(facts("/AcroForm << /Fields [4 0 R] >>").has_forms);
    assert!(!facts("/AcroForm << /Fields [] >>").has_forms);
    assert!(facts("/Names << /EmbeddedFiles << >> >>").has_embedded_files);
    assert_eq!(facts("/Version /1.6").version, PdfVersion { major: 1, minor: 6 });
    // The font is there, but nothing is set in it.
    let unused = inspect(&page("0 0 1 1 re f")).expect("it can be read");
    assert_eq!(unused.fonts_not_embedded, Vec::<String>::new());
}

#[test]
fn an_encrypted_file_is_not_looked_into() {
    for entry in ["/Encrypt 9 0 R", "/Encrypt<</Filter/Standard>>", "/#45ncrypt 9 0 R"] {
        let mut bytes = page("");
        let trailer = bytes.windows(9).position(|nine| nine == b"trailer\n<").expect("a trailer") + 10;
        bytes.splice(trailer..trailer, format!(" {entry}").bytes());
        let facts = inspect(&bytes).expect("it is a PDF");
        assert!(facts.is_encrypted && facts.pages.is_none() && facts.left_edge.is_none(), "{entry}: {facts:?}");
    }
    let harmless = inspect(&page_with("", "/Lang (/Encrypt me)", "")).expect("it can be read");
    assert!(!harmless.is_encrypted);
}

#[test]
fn what_is_no_pdf_is_refused() {
    let cases: [(&[u8], NotReadable); 4] = [
        (b"", NotReadable::Broken),
        (b"PK\x03\x04", NotReadable::Broken),
        (b"%PDF-1.7\nnothing follows", NotReadable::Broken),
        (&vec![b' '; MOST_BYTES + 1], NotReadable::TooLarge { bytes: MOST_BYTES + 1 }),
    ];
    for (bytes, wanted) in cases {
        assert_eq!(inspect(bytes), Err(wanted));
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let noughts = packed(&vec![0; 20 << 20]);
    let with = |object: Vec<u8>| {
        file(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>".to_vec(),
            object,
        ])
    };
    let kids = packed("<</A 1>>".repeat(1 << 20).as_bytes());
    let huge: Vec<u8> = (0..14).flat_map(|_| stream("/Filter /FlateDecode", &noughts)).collect();
    let cases: [(&str, Vec<u8>); 9] = [
        ("a stream of objects of 20 MB", with(stream("/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode", &noughts))),
        ("a million dictionaries", with(stream("/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode", &kids))),
        ("280 MB in all", with(huge)),
        ("packed twice", with(stream("/Filter [/FlateDecode /FlateDecode]", &packed(&noughts)))),
        ("packed in letters", with(stream("/First 1 /Filter [/AHx /Fl]", hex::encode(&noughts).as_bytes()))),
        ("a filter that stands elsewhere", with(stream("/Filter 3 0 R", &noughts))),
        ("a row without end", with(stream("/Filter /Fl /DecodeParms << /Predictor 2 /Columns 99999999999 >>", &packed(b"x")))),
        ("references of no width", with(stream("/Type /XRef /W [0 0 0] /Index [0 4294967295]", b""))),
        ("called a picture", with(stream("/Subtype /Image /N 1 /First 5 /Filter /FlateDecode", &noughts))),
    ];
    for (name, bytes) in cases {
        assert_eq!(inspect(&bytes), Err(NotReadable::Unsafe), "{name}");
    }
}

#[test]
fn pictures_are_a_danger_only_where_they_can_be_called_objects() {
    let noughts = packed(&vec![0; 128 << 20]);
    let with = |references: &[u8]| {
        let mut objects = vec![
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R >>".to_vec(),
            references.to_vec(),
        ];
        objects.extend((0..9).map(|_| stream("/Subtype /Image /Filter /FlateDecode", &noughts)));
        inspect(&file(&objects)).map(|facts| facts.pages)
    };
    assert_eq!(with(b"null"), Ok(Some(1)));
    assert_eq!(with(&stream("/Type /XRef /W [1 2 1] /Size 0", b"")), Err(NotReadable::Unsafe));
}

#[test]
fn pages_that_share_a_content_share_the_budget() {
    let content = packed("0 0 1 1 re f\n".repeat(1 << 20).as_bytes());
    let kids: String = (0..200).map(|at| format!("{} 0 R ", at + 4)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count 200 >>").into_bytes(),
        stream("/Filter /FlateDecode", &content),
    ];
    objects.extend((0..200).map(|_| b"<< /Type /Page /Parent 2 0 R /Contents 3 0 R >>".to_vec()));
    let facts = inspect(&file(&objects)).expect("it can be read");
    assert_eq!(facts.pages, Some(200));
    assert_eq!(facts.left_edge.map(|edge| edge.clear_tenths_mm), Some(0), "not all was seen");
}

#[test]
fn drawings_in_drawings_end() {
    let begin = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /Fm 5 0 R >> >> >>".to_vec(),
        stream("", b"/Fm Do"),
    ];
    let clear = |drawings: &mut dyn Iterator<Item = Vec<u8>>| {
        let objects: Vec<Vec<u8>> = begin.iter().cloned().chain(drawings).collect();
        let facts = inspect(&file(&objects)).expect("it can be read");
        facts.left_edge.map(|edge| edge.clear_tenths_mm)
    };
    let drawing =
        |of: usize| stream(&format!("/Subtype /Form /Resources << /XObject << /Fm {of} 0 R >> >>"), b"/Fm Do /Fm Do /Fm Do");
    // In itself: nothing is drawn, and it comes to an end.
    assert_eq!(clear(&mut std::iter::once(drawing(5))), Some(2100));
    // Three of three of three, deeper than is looked.
    assert_eq!(clear(&mut (6..30).map(drawing)), Some(0), "not all was seen");
}

#[test]
fn fuzz_inspect_any_bytes() {
    check!().with_iterations(2000).for_each(|bytes: &[u8]| {
        drop(inspect(bytes));
        drop(inspect(&[b"%PDF-1.7\n", bytes].concat()));
    });
}

#[test]
fn fuzz_inspect_changed_files() {
    let sample = samples::all().remove(0);
    let ours = pdf(&sample.invoice, &sample.look, &sample.embed).expect("a sample can be drawn").bytes;
    let small = page("q 2 0 0 2 0 0 cm /Im Do /Fm Do Q BT /F1 10 Tf 60 686 Td [(Kari) 20 (Oslo)] TJ ET");
    let objects = packed(b"7 0 8 30 << /Type /Page /Parent 2 0 R >> << /A [1 2 3] >>");
    let in_streams = file(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [7 0 R 7 0 R] /Count 1 >>".to_vec(),
        stream("/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", &objects),
    ]);
    check!().with_iterations(600).for_each(|changes: &[u8]| {
        for whole in [&ours, &small, &in_streams] {
            let mut bytes = whole.clone();
            // Three bytes say where and what.
            for change in changes.chunks_exact(3).take(32) {
                let at = usize::from(u16::from_be_bytes([change[0], change[1]])) * bytes.len() / 65_536;
                bytes[at] = change[2];
            }
            drop(inspect(&bytes));
            let end = changes.first().map_or(bytes.len(), |first| bytes.len() * usize::from(*first) / 256);
            drop(inspect(&bytes[..end]));
        }
    });
}
