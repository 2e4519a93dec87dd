"""What the Python package netsgiro makes of bank files, for tests/it/bank/netsgiro.rs.

bridge.py describe FILE        one line for each transaction of a file
bridge.py rewrite FILE OUT     the file as netsgiro writes it again
bridge.py claims OUT           a transmission of claims and cancellations that netsgiro makes by itself
"""

import datetime
import sys
from decimal import Decimal

import netsgiro

LATIN1 = {"encoding": "iso-8859-1"}


def parse(path):
    with open(path, **LATIN1) as file:
        return netsgiro.parse(file.read())


def write(path, transmission):
    with open(path, "w", newline="", **LATIN1) as file:
        file.write(transmission.to_ocr())


def line(*values):
    print("\t".join("" if value is None else str(value) for value in values))


def describe(path):
    transmission = parse(path)
    line("transmission", transmission.data_transmitter, transmission.number, transmission.data_recipient)
    for order in transmission.assignments:
        line("order", order.number, order.account)
        for item in order.transactions:
            if isinstance(item, netsgiro.Agreement):
                line("mandate", item.number, int(item.registration_type), item.kid, item.notify)
            elif isinstance(item, netsgiro.PaymentRequest):
                # It joins the halves of a line without the blanks between them.
                text = "".join((item.text or "").split())
                line(
                    "claim", int(item.type), item.number, item.date, item.amount_in_cents, item.kid,
                    item.payer_name, item.reference, text,
                )
            else:
                line(
                    "payment", int(item.type), item.number, item.date, item.amount_in_cents, item.kid,
                    item.bank_date, (item.debit_account or "").strip("0") and item.debit_account, item.text,
                )


def claims(path):
    transmission = netsgiro.Transmission(number="0000042", data_transmitter="00229221", data_recipient="00008080")
    order = transmission.add_assignment(
        service_code=netsgiro.ServiceCode.AVTALEGIRO,
        assignment_type=netsgiro.AssignmentType.TRANSACTIONS,
        number="0000007",
        account="99991005109",
    )
    for index in range(1, 101):
        order.add_payment_request(
            kid=f"{index:024}",
            due_date=datetime.date(2026, 12, 1) + datetime.timedelta(days=index),
            amount=Decimal(index * index * 7 + 1) / 100,
            reference=f"Husleie nr. {index}" if index % 3 else None,
            payer_name=f"BØ {index}" if index % 5 else None,
            bank_notification=f"Første linje {index}\n\nTredje linje" if index % 4 == 0 else False,
        )
    order = transmission.add_assignment(
        service_code=netsgiro.ServiceCode.AVTALEGIRO,
        assignment_type=netsgiro.AssignmentType.AVTALEGIRO_CANCELLATIONS,
        number="0000008",
        account="99991005109",
    )
    order.add_payment_cancellation(kid="123456782", due_date=datetime.date(2027, 1, 4), amount=Decimal("9999999.99"))
    write(path, transmission)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    {"describe": describe, "rewrite": lambda path, out: write(out, parse(path)), "claims": claims}[sys.argv[1]](*sys.argv[2:])
