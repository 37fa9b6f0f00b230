"""Dialects: files as other systems write them, and this PBX's own portal, known by their headers alone.

Last the headers that no sheet, or not every one, may have.

The facts, with the sources of each, are in the table beside this module.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from batch.schema.columns import DIDS
from batch.schema.fleet_columns import WAVE
from batch.wording import folded, read_texts


class RowsAre(StrEnum):
    """What the rows of a sheet are."""

    NUMBERS = "numbers"
    LINES = "lines"
    """Of people or telephones, some of which have no number, or one that others have as well."""
    ROUTES = "routes"
    """Of calls, some of which are for no number, or for one that has others as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDialect:
    """How one system writes one of the three sheets. Headers are folded."""

    called: str
    """What people call such a file."""
    sheet: str
    """The title of the sheet that it is."""
    sources: tuple[str, ...]
    known_by: tuple[frozenset[str], ...]
    """Of each, one must be among the headers."""
    columns: Mapping[str, tuple[str, ...]]
    """Field to the headers that mean it; of several the first that is there counts."""
    by_hand: Mapping[str, tuple[str, ...]]
    """Where something is set by hand that is no part of a trunk, to its headers; ``ext`` is what a ``tel:`` has so."""
    others: frozenset[str] | None
    """Headers that mean nothing to a trunk; None where it is every other one."""
    always: Mapping[str, str]
    """Field to what every row says of it, where no header means it."""
    useless: Mapping[str, frozenset[str]]
    """By header, the words (folded) that mark a number as not in use."""
    useful: Mapping[str, frozenset[str]]
    """By header, the only words (folded) of numbers that are in use."""
    in_front: str
    """Signs in front of a number that are no part of it."""
    rows: RowsAre
    """What a row is."""
    mask: tuple[str, ...]
    """The header of a mask, and of the number whose last digits stand for its X; or nothing."""

    def fits(self, headers: Collection[str]) -> bool:
        """Tell whether a row with these headers, folded, is the header of such a file."""
        return all(not either.isdisjoint(headers) for either in self.known_by)

    def marks(self, header: str) -> bool:
        """Tell whether the column with this header says which numbers are in use."""
        return header in self.useless or header in self.useful

    def is_useless(self, header: str, word: str) -> bool:
        """Tell whether a word, folded, in the column with this header marks a number as not in use."""
        only = self.useful.get(header)
        return word in self.useless.get(header, ()) or (only is not None and word not in only)


@cache
def dialects() -> Mapping[str, SheetDialect]:
    """Read all dialects, by name."""
    return {name: _dialect(**facts) for name, facts in read_texts(__file__).items()}


def dialect_of(headers: Collection[str], sheet: str = "") -> SheetDialect | None:
    """Return the dialect that a row with these headers, folded, is the header of; of several the most particular.

    ``sheet`` is the title of the only sheet that it may be.
    """
    fitting = [one for one in dialects().values() if sheet in {"", one.sheet} and one.fits(headers)]
    return max(fitting, key=lambda one: len(one.known_by), default=None)


_EITHER: Final = " | "


def _dialect(  # noqa: PLR0913 - the keys of the table
    *,
    called: str,
    sheet: str,
    sources: list[str],
    known_by: list[str],
    columns: Mapping[str, str],
    by_hand: Mapping[str, list[str]] | None = None,
    others: Any = (),
    always: Mapping[str, str] | None = None,
    useless: Mapping[str, list[str]] | None = None,
    useful: Mapping[str, list[str]] | None = None,
    in_front: str = "",
    rows: str = "numbers",
    mask: Collection[str] = (),
) -> SheetDialect:
    return SheetDialect(
        called=called,
        sheet=sheet,
        sources=tuple(sources),
        known_by=tuple(map(frozenset, map(_either, known_by))),
        columns={name: _either(headers) for name, headers in columns.items()},
        by_hand={where: tuple(map(folded, headers)) for where, headers in (by_hand or {}).items()},
        others=None if others is True else frozenset(map(folded, others)),
        always=always or {},
        useless=_words(useless or {}),
        useful=_words(useful or {}),
        in_front=in_front,
        rows=RowsAre(rows),
        mask=tuple(map(folded, mask)),
    )


def _either(headers: str) -> tuple[str, ...]:
    return tuple(map(folded, headers.split(_EITHER)))


def _words(of_columns: Mapping[str, list[str]]) -> Mapping[str, frozenset[str]]:
    return {folded(header): frozenset(map(folded, words)) for header, words in of_columns.items()}


PBX_HEADERS: Final = ("PBX ID", "PBX SN", "PBX serial number")
"""Headers of a column that says of each row which PBX it is for, by something that is no name of ours."""
ONLY_ON_DIDS: Final = DIDS.column("move_from").headers
"""Headers of a column that is a problem on the other sheets, so that it is not silently ignored there."""
ONLY_ON_TRUNKS: Final = WAVE.headers
"""The same, of one that belongs to the trunks."""


def is_reserved(header: str) -> bool:
    """Tell whether a header that a sheet does not know must not be taken for one of the user's own."""
    return folded(header) in map(folded, (*PBX_HEADERS, *ONLY_ON_DIDS, *ONLY_ON_TRUNKS))


def why_reserved(header: str) -> tuple[str, str]:
    """Say why such a header is refused, and what to do about it."""
    if folded(header) in map(folded, PBX_HEADERS):
        return (
            f"The column {header!r} gives the PBX of each row, but not by a name or an address.",
            (
                "Add a column 'PBX' with the name of each row's profile, or the PBX's address, and put # in front of "
                "this header. If all rows are for one PBX, # in front of it is enough."
            ),
        )
    sheet, what = ("Trunks", "the wave") if folded(header) in map(folded, ONLY_ON_TRUNKS) else ("DIDs", "the DIDs")
    return (
        f"The column {header!r} belongs on the sheet {sheet}.",
        (
            f"Give {what} of each trunk there; or put # in front of its header here."
            if sheet == "Trunks"
            else f"Put {what} that move on the sheet {sheet}, with this column; or put # in front of its header here."
        ),
    )
