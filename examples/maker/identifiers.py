"""Check digits: organisation numbers, bank accounts, KIDs, identity numbers, meter points, IBAN.

Every number in the examples is invented and then completed here, so that it is valid: organisation numbers begin with
8990 or 9990, bank accounts with 9999, identity numbers have month + 80.
"""


def _weighted(digits, weights):
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _mod11(digits, weights):
    """The MOD11 check digit, or "-" where it would be ten."""
    rest = (11 - _weighted(digits, weights) % 11) % 11
    return "-" if rest == 10 else str(rest)


def mod10(digits):
    """The MOD10 (Luhn) check digit of a row of digits: weights 2, 1 from the right, digit sums."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        product = int(digit) * (2 if place % 2 == 0 else 1)
        total += product // 10 + product % 10
    return str((10 - total % 10) % 10)


def mod11_kid(digits):
    """The MOD11 check digit of a KID: weights 2..7 repeating from the right."""
    return _mod11(digits[::-1], [2 + place % 6 for place in range(len(digits))])


def org_number(body):
    """Eight digits and their check digit. A body whose check digit would be ten is a slip in the catalogue."""
    return body + _digit(_mod11(body, [3, 2, 7, 6, 5, 4, 3, 2]), body)


def bank_account(body):
    """Ten digits and their check digit."""
    return body + _digit(_mod11(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), body)


def identity_number(day, month, year, individual):
    """A synthetic fødselsnummer (month + 80), which no person can ever be given."""
    body = f"{day:02}{month + 80:02}{year % 100:02}{individual:03}"
    body += _digit(_mod11(body, [3, 7, 6, 1, 8, 9, 4, 5, 2]), body)
    return body + _digit(_mod11(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), body)


def swedish_org_number(body):
    """Nine digits and their Luhn digit."""
    return body + mod10(body)


def meter_point(body):
    """Seventeen digits and their GS1 check digit: weights 3, 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str((10 - total % 10) % 10)


def iban(account):
    """The Norwegian IBAN of a bank account: ISO 7064 MOD 97-10 over account + NO00."""
    return f"NO{98 - int(account + '232400') % 97:02}{account}"


def _digit(found, body):
    if found == "-":
        raise ValueError(f"{body} has no check digit: choose another body")
    return found
