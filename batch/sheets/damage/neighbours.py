"""Neighbours: whether the rest of a column shows that a number has lost its ``+`` or its leading zeros."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from batch.sheets.damage.findings import Finding, Retype

_PARTS: Final = re.compile(r"[,;&\n]")
_LEAD: Final = re.compile(r"\+?(?:[0-9XZNxzn]|\[[^\[\]]*\])+")
_PLAIN: Final = re.compile(r"\+?[0-9]+")
_WITH_PLUS: Final = 7
"""A number of fewer digits is an internal one, which never had a ``+``."""
_ZEROS: Final = 4
"""Most zeros that are put in front of a number to offer it."""
_LEADING: Final = 4
"""Characters by which two numbers begin alike: ``+442``, ``0044``, ``0207``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The texts of a column that begin with ``+`` or ``0``."""

    forms: Mapping[str, tuple[str, ...]]
    """By their digits without ``+`` and leading zeros: the numbers themselves."""
    plus: bool
    lengths: tuple[int, ...]
    """How many digits those have that begin with 0, ascending."""
    leads: frozenset[str]
    """How they begin: country and area."""

    def forms_of(self, digits: str) -> tuple[str, ...] | None:
        """Return what a number may have been before, the likeliest first; None where nothing speaks against it."""
        same = self.forms.get(digits, ())
        if same:
            return same
        plus = self.plus and len(digits) >= _WITH_PLUS
        if not plus and (not self.lengths or self.lengths[-1] <= len(digits)):
            return None
        filled = [digits.zfill(length) for length in self.lengths if 0 < length - len(digits) <= _ZEROS]
        alike = [text for text in (f"+{digits}", *filled) if text[:_LEADING] in self.leads]
        return tuple(alike or ([f"+{digits}"] if plus else []) + filled[:1])


def neighbours(texts: Iterable[str]) -> Neighbours | None:
    """Gather what the texts of a column, numbers left out, tell of numbers; None where they tell nothing."""
    forms: dict[str, list[str]] = defaultdict(list)
    lengths: set[int] = set()
    leads: set[str] = set()
    plus = False
    for text in texts:
        if "0" not in text and "+" not in text:
            continue
        for part in map(str.strip, _PARTS.split(text)):
            lead = _LEAD.match(part) if part[:1] in {"+", "0"} else None
            if lead is None:
                continue
            if _PLAIN.fullmatch(part):
                forms[part.lstrip("+0")].append(part)
            leads.add(part[:_LEADING])
            if part.startswith("+"):
                plus = True
            else:
                lengths.add(len(re.sub(r"\[[^\[\]]*\]", "X", lead[0])))
    if not plus and not lengths:
        return None
    return Neighbours(
        forms={key: tuple(dict.fromkeys(same)) for key, same in forms.items()},
        plus=plus,
        lengths=tuple(sorted(lengths)),
        leads=frozenset(leads),
    )


def cut_finding(digits: str, forms: tuple[str, ...]) -> Finding:
    """Say that a number may have lost what stood in front of it."""
    bare = f"{digits}, if there is really nothing in front of it"
    return Finding(
        code="cell-number-cut",
        found=digits,
        message="The cell holds a number, which cannot keep a + or zeros in front; others of this column have them.",
        fix=f"Format the cell as text and type {', or '.join((*forms, bare))}.",
        offers=(*forms, digits),
        retype=Retype("Format the cell as text and type", "the number again, with what stands in front of it"),
    )
