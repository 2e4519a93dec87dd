#!/usr/bin/env python3
"""Writes the documents of this folder: five invented sellers' invoices and credit notes, some of them faulty on purpose.

    python3 examples/make_examples.py [--base 2026-11-23] [--out FOLDER] [--check]

The same base date gives the same bytes. `--check` writes nothing, and fails where a file is not what would be written.
What a seller sells is in `maker/<seller>.py`, the recipients are in `maker/people.py`, the faults in `maker/faulty.py`.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from maker import check, faulty, fjordvik, nordlys, puls, sterkstrom, trollstubben, ubl
from maker.calendar import Calendar
from maker.readme import readme

BASE = date(2026, 11, 23)
SELLERS = (nordlys, fjordvik, trollstubben, puls, sterkstrom)
CONSUMER_ROUTES = ["efaktura", "email", "print"]


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--base", type=date.fromisoformat, default=BASE, help="the day that dates are relative to")
    options.add_argument("--out", type=Path, default=Path(__file__).parent, help="the folder to write to")
    options.add_argument("--check", action="store_true", help="compare, write nothing")
    chosen = options.parse_args()
    made = make(chosen.base)
    if chosen.check:
        return compare(made, chosen.out)
    for folder in ("invoices", "faulty"):
        (chosen.out / folder).mkdir(parents=True, exist_ok=True)
        for old in (chosen.out / folder).iterdir():
            if f"{folder}/{old.name}" not in made:
                old.unlink()
    for name, content in made.items():
        (chosen.out / name).write_bytes(content)
    print(f"{len(made)} files, {sum(map(len, made.values())):,} bytes")
    return 0


def make(base):
    """Every file by its name, checked."""
    when = Calendar(base)
    documents = [document for seller in SELLERS for document in sorted(seller.documents(when), key=lambda one: one.stem)]
    made, checked = {}, check.Checked()
    for document in documents:
        checked.document(document.stem, ubl.document(document))
        told = metadata_of(document)
        if told:
            check.metadata(document.stem, as_json(told))
        if document.archive:
            made[f"invoices/{document.stem}.zip"] = sterkstrom.pack(document, told)
            continue
        made[f"invoices/{document.stem}.xml"] = ubl.document(document)
        if told:
            made[f"invoices/{document.stem}.json"] = as_json(told)
    assert checked.credit_notes() >= 5 and len(documents) >= 46
    wrong = faulty.files(when)
    for one in wrong:
        made[f"faulty/{one.name}"] = one.content
        if one.metadata is not None:
            told = one.metadata.encode() if isinstance(one.metadata, str) else as_json(one.metadata)
            made[f"faulty/{Path(one.name).stem}.json"] = told
    cut = {one.name for one in wrong if one.name.endswith(".xml") and not check.well_formed(one.content)}
    # The reader used for checking refuses an entity of the outside too, which it does not know.
    assert cut == {"02-doctype.xml", "03-cut-short.xml", "11-wrong-encoding.xml"}, cut
    made["README.md"] = readme(documents, wrong, base)
    assert sum(map(len, made.values())) < check.MOST_BYTES
    return made


def metadata_of(document):
    """What the sender says beside the document: for a consumer always, for a business only where the catalogue says so."""
    if document.metadata is None:
        return None
    buyer, told = document.buyer, {"version": "1.1"}
    if buyer.is_consumer:
        told |= {"recipient_type": "consumer", "routing": {"route_order": CONSUMER_ROUTES}}
        told |= {"recipient_date_of_birth": buyer.born.isoformat()} if buyer.born else {}
        told |= {"recipient_phone_number": buyer.phone} if buyer.phone else {}
        told |= {"recipient_email": buyer.email} if buyer.email and not document.email_in_document else {}
    return told | document.metadata


def as_json(told):
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def compare(made, out):
    """Names what differs. Exit code 1 where anything does."""
    found = {str(path.relative_to(out)) for folder in ("invoices", "faulty") for path in (out / folder).iterdir()}
    different = [name for name, content in made.items() if not (out / name).is_file() or (out / name).read_bytes() != content]
    different += sorted(found - set(made))
    for name in different:
        print(f"differs: {name}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
