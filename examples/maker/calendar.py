"""Dates relative to the base date, and the texts of a month in Norwegian and English."""

from datetime import date, timedelta

MONTHS = (
    "januar", "februar", "mars", "april", "mai", "juni",
    "juli", "august", "september", "oktober", "november", "desember",
)
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)


class Calendar:
    """What "last month" and "in two weeks" are, seen from the base date."""

    def __init__(self, base):
        self.base = base

    def day(self, offset):
        """So many days after the base date (before it, where negative)."""
        return self.base + timedelta(days=offset)

    def month(self, offset):
        """First and last day of the month so many months from the base date's."""
        first = self._first(offset)
        return first, self._first(offset + 1) - timedelta(days=1)

    def quarter(self):
        """First and last day of the base date's quarter."""
        start = -((self.base.month - 1) % 3)
        return self._first(start), self.month(start + 2)[1]

    def name(self, offset):
        """`oktober 2026`."""
        first = self._first(offset)
        return f"{MONTHS[first.month - 1]} {first.year}"

    def name_en(self, offset):
        """`October 2026`."""
        first = self._first(offset)
        return f"{MONTHS_EN[first.month - 1]} {first.year}"

    def _first(self, offset):
        months = self.base.year * 12 + self.base.month - 1 + offset
        return date(months // 12, months % 12 + 1, 1)
