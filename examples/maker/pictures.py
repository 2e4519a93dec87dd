"""Small files to attach: a PDF with text, a PNG drawn from rectangles, a ZIP.

Nothing is compressed: the bytes then depend on no library's version, and are the same everywhere and every time.
"""

import io
import struct
import zipfile
import zlib

ZIP_TIME = (2026, 1, 1, 0, 0, 0)


def pdf(title, rows, rules=()):
    """A one-page A4 PDF. `rows` are (x, y, size, bold, text) in points from the lower left; `rules` (x1, x2, y)."""
    drawn = []
    for x1, x2, y in rules:
        drawn.append(f"0.6 w {x1} {y} m {x2} {y} l S")
    for x, y, size, bold, text in rows:
        shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        drawn.append(f"BT /{'B' if bold else 'R'} {size} Tf {x} {y} Td ({shown}) Tj ET")
    stream = "\n".join(drawn).encode("cp1252")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /R 5 0 R /B 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        b"<< /Title <FEFF%b> >>" % title.encode("utf-16-be").hex().upper().encode(),
    ]
    # The second line of a PDF holds four bytes above 127, so that transports treat the file as binary.
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for index, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (index, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def picture_of(doc):
    """The sender's own picture of an invoice: simple, but with everything that a payer needs."""
    sums, where, y = doc.sums(), doc.buyer.address, 600
    rows = [
        (56, 770, 20, True, doc.seller.name),
        (56, 752, 9, False, f"Org.nr. NO {doc.seller.org} MVA Foretaksregisteret"),
        (56, 700, 11, False, doc.buyer.name),
        (56, 686, 11, False, where.street),
        (56, 672, 11, False, f"{where.postal_code} {where.city}"),
        (350, 700, 11, True, f"Faktura {doc.number}"),
        (350, 686, 10, False, f"Fakturadato {doc.issued:%d.%m.%Y}"),
        (350, 672, 10, False, f"Forfall {doc.due:%d.%m.%Y}"),
        (56, 622, 9, True, "Beskrivelse"),
        (514, 622, 9, True, "Beløp"),
    ]
    for entry in doc.lines:
        rows += [(56, y, 10, False, entry.name), right(540, y, False, kroner(entry.net))]
        y -= 16
    y -= 10
    for text, value, bold in (
        ("Sum uten mva.", sums.without_vat, False),
        ("Merverdiavgift", sums.vat, False),
        ("Å betale", sums.payable, True),
    ):
        rows += [(350, y, 10, bold, text), right(540, y, bold, kroner(value))]
        y -= 16
    account = doc.seller.account
    rows += [
        (56, 120, 10, True, f"Betal til konto {account[:4]}.{account[4:6]}.{account[6:]}"),
        (56, 104, 10, True, f"KID {doc.payment_id}"),
        (56, 60, 8, False, "Avsenderens eget bilde av fakturaen."),
    ]
    return pdf(f"Faktura {doc.number}", rows, [(56, 540, 616), (56, 540, 140)])


def right(edge, y, bold, figures):
    """Figures that end at `edge`, in ten points. Helvetica's digits are 556 thousandths wide; comma, minus and space are not."""
    width = sum({",": 278, " ": 278, "-": 333}.get(letter, 556) for letter in figures) / 100
    return round(edge - width, 2), y, 10, bold, figures


def kroner(value):
    """1 234,50 as Norwegians write it."""
    return f"{value:,.2f}".replace(",", " ").replace(".", ",")


def png(width, height, palette, boxes):
    """A picture of coloured boxes `(colour, x1, y1, x2, y2)`, four bits a pixel, over colour 0."""
    rows = [[0] * width for _ in range(height)]
    for colour, x1, y1, x2, y2 in boxes:
        for row in rows[y1:y2]:
            row[x1:x2] = [colour] * (x2 - x1)
    raw = b"".join(b"\0" + bytes(a << 4 | b for a, b in zip(row[::2], row[1::2])) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", bytes(part for colour in palette for part in colour)), (b"IDAT", stored(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def stored(raw):
    """A zlib stream (RFC 1950) of stored blocks, each at most 65,535 bytes."""
    blocks = [raw[at : at + 65_535] for at in range(0, len(raw), 65_535)]
    out = b"\x78\x01"
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        out += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return out + struct.pack(">I", zlib.adler32(raw))


def fuse_box():
    """What an electrician photographs: a fuse box with two rows of breakers, one of them tripped."""
    palette = [(226, 221, 211), (250, 250, 248), (70, 74, 82), (38, 110, 186), (203, 62, 48), (150, 150, 150), (244, 199, 68)]
    boxes = [(5, 18, 14, 222, 146), (1, 22, 18, 218, 142)]
    for row, y in enumerate((30, 88)):
        boxes.append((5, 30, y + 18, 210, y + 24))
        for place in range(9):
            x = 32 + place * 20
            tripped = row == 1 and place == 4
            boxes += [(2, x, y, x + 16, y + 42), (4 if tripped else 3, x + 4, y + (24 if tripped else 6), x + 12, y + (36 if tripped else 18))]
            boxes.append((6 if tripped else 5, x + 5, y + 46, x + 11, y + 49))
    return png(240, 160, palette, boxes)


def archive(files):
    """A ZIP with fixed times, in the order given, stored."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            packed.writestr(info, content)
    return out.getvalue()
