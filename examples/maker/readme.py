"""The README of the folder, written from the same catalogue as the files, so that the tables cannot be wrong."""

TOP = """# Examples

Documents to play with: invoices and credit notes of five companies that do not exist, to people who do not exist, in
UBL 2.1: Peppol BIS Billing 3.0 (EHF Billing 3.0) to businesses, the same shape as plain EN 16931 to consumers, who have no
address in Peppol. `kvitt demo` sends them to the sandbox, `kvitt plan FILE` shows what would happen to one, and
`kvitt send FILE` sends it.

- `invoices/`: {good} documents to send ({invoices} invoices, {credits} credit notes). The file of the same name that ends
  in `.json` is what the sender says beside the document, its metadata.
- `faulty/`: {bad} files that are wrong on purpose and are refused, with all their faults at once. Send them after `invoices/`:
  the last one repeats a number that must have been seen before.
- `bank/`: what banks send and get, for `kvitt bank-file`: claims and cancellations of AvtaleGiro, OCR payments with mandates, camt.053
  and camt.054. The claims are what Kvitt itself writes; a test holds them to that.

How a letter fares is chosen by the address: the part before the first `+` names a persona of the sandbox's mail server
(`hardbounce`, `greylisted`, …), any other name is an ordinary person, and every domain that ends in `.example` is known.
A consumer's electronic address is the e-mail address (scheme `EM`), where there is one. The same part of the address says how
the sandbox's banks treat a consumer (`yestoall`, `turnedoff`, …), and a word of the postal address how its print shop fares.
`docs/sandbox.md` has all of them.

`puls-801…` are claimed by AvtaleGiro from members who have given a mandate; how the bank treats such a payer is chosen by the last two
digits of the customer's number. Peppol and digital mailboxes stand in each plan with the reason why they are not used yet. Where no
route is left, the document is parked, and a person decides.

## Sellers

| Files | Company | Org. no. | Bank account | What it shows |
|---|---|---|---|---|
{sellers}

## Invoices and credit notes

| File | To | To pay | What it shows | What to expect |
|---|---|---|---|---|
{rows}

## Faulty

| File | What is wrong | What to expect |
|---|---|---|
{faulty}

## How they are made

`python3 examples/make_examples.py` writes this folder again, this page too: Python 3.10 or later and nothing else,
the same bytes each time. Dates are relative to a base date, {base} here; `--base 2027-03-01` moves them all, `--out
FOLDER` writes elsewhere. What is written is read back and checked: sums, check digits, references, VAT specification.
Every name and number is invented: organisation numbers begin with 8990 or 9990 and bank accounts with 9999 (should one
belong to somebody, that is chance), and identity numbers have 80 added to the month, so that nobody can have them.
"""


def readme(documents, faulty, base):
    """The whole page."""
    sellers = list({document.seller.short: document.seller for document in documents}.values())
    credits = sum(document.credits is not None for document in documents)
    return TOP.format(
        good=len(documents),
        invoices=len(documents) - credits,
        credits=credits,
        bad=len(faulty),
        base=base,
        sellers="\n".join(_seller(seller) for seller in sellers),
        rows="\n".join(_row(document) for document in documents),
        faulty="\n".join(f"| `{one.name}` | {one.wrong} | {one.expect} |" for one in faulty),
    ).encode()


def _seller(seller):
    number = f"{seller.org} MVA" if seller.vat_registered else seller.org
    account = f"{seller.account[:4]}.{seller.account[4:6]}.{seller.account[6:]}"
    return f"| `{seller.short}-…` | {seller.name} | {number} | {account} | {seller.about} |"


def _row(document):
    name = f"{document.stem}.{'zip' if document.archive else 'xml'}"
    payable = f"{document.sums().payable:,.2f}".replace(",", " ")
    if document.credits is not None:
        payable = f"−{payable}"
    return f"| `{name}` | {document.buyer.name} | {payable} {document.currency} | {document.shows} | {document.expect} |"
