"""Password cells: which of the user's own cells hold passwords, told by their header and by what they say.

A password that was typed once often stands elsewhere too: in a formula's result, a remark, a drop-down list. It is
looked for by its value in everything that is given back, but for the cells that say what is to be sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import CellValue, NoValue, RawSheet
from batch.schema.column_model import vocabulary_of
from batch.schema.columns import TRUNKS
from batch.secrets import HIDDEN
from batch.wording import folded, words_in

CellTexts: TypeAlias = dict[int, dict[int, str]]
"""By column (0 is A) and row number."""

_SHORTEST: Final = 4
"""Characters of the shortest text that is looked for: anything shorter is found everywhere."""
_ANYWHERE: Final = 8
"""Characters from which on a text that is no number is found within words too."""
_BITS: Final = 22
_PIECE: Final = 1 << 20


class SecretSearch:
    """Finds passwords of four characters and more in texts, at a cost that does not grow with how many there are."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._by_head: dict[str, dict[int, set[str]]] = {}
        keys: set[bytes] = set()
        self._always = False
        for secret in {secret for secret in secrets if len(secret) >= _SHORTEST and secret != HIDDEN}:
            self._by_head.setdefault(secret[:_SHORTEST], {}).setdefault(len(secret), set()).add(secret)
            key = max(re.findall(r"[!#-%(-;=?-~]+", secret), key=len, default="")
            if len(key) >= _SHORTEST:
                keys.add(key.encode())
            else:  # as XML it may look like anything
                self._always = True
        self._keys: dict[bytes, dict[int, set[bytes]]] = {}
        for key in keys:
            self._keys.setdefault(key[:_SHORTEST], {}).setdefault(len(key), set()).add(key)
        heads = np.frombuffer(b"".join(self._keys), np.uint8)
        self._heads = np.zeros(1 << _BITS, dtype=np.bool_)
        self._heads[_hashes(heads)[::_SHORTEST]] = True

    def __bool__(self) -> bool:
        return bool(self._by_head)

    def hidden(self, text: str) -> str:
        """Return a text in which ``<hidden>`` stands for every password."""
        pieces = []
        copied = 0
        for start, end in self._found(text):
            pieces += [text[copied:start], HIDDEN]
            copied = end
        return "".join([*pieces, text[copied:]]) if pieces else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        start = 0
        while start <= len(text) - _SHORTEST:
            lengths = self._by_head.get(text[start : start + _SHORTEST], {})
            ends = (start + n for n in sorted(lengths, reverse=True) if text[start : start + n] in lengths[n])
            end = next((end for end in ends if _stands_alone(text, start, end)), None)
            if end is not None:
                yield start, end
            start = start + 1 if end is None else end

    def may_be_in(self, content: bytes) -> bool:
        """Tell whether a part, in UTF-8, may hold one: quickly, and rather once too often."""
        return self._always or any(True for _ in self._places(content))

    def among(self, texts: Sequence[str]) -> list[int]:
        """Return the places of the texts that hold one."""
        if self._always:
            found: Iterable[int] = range(len(texts))
        else:
            places = np.fromiter(self._places("\n".join(texts).encode("utf-8", "surrogatepass")), dtype=np.int64)
            if not len(places):
                return []
            ends = np.cumsum([len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts])
            found = np.unique(np.searchsorted(ends, places, side="right")).tolist()
        return [place for place in found if self.hidden(texts[place]) != texts[place]]

    def _places(self, content: bytes) -> Iterator[int]:
        """Yield where the longest plain piece of a password stands."""
        for start in range(0, len(content) - _SHORTEST + 1, _PIECE):
            size = min(_PIECE + _SHORTEST - 1, len(content) - start)
            hashes = _hashes(np.frombuffer(content, np.uint8, count=size, offset=start))
            for place in (np.flatnonzero(self._heads[hashes]) + start).tolist():
                lengths = self._keys.get(content[place : place + _SHORTEST], {})
                if any(content[place : place + n] in keys for n, keys in lengths.items()):
                    yield place


def _hashes(content: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return a number for each four bytes that follow each other."""
    wide = content.astype(np.uint32)
    fours = wide[:-3] | wide[1:-2] << np.uint32(8) | wide[2:-1] << np.uint32(16) | wide[3:] << np.uint32(24)
    mixed: npt.NDArray[np.uint32] = fours * np.uint32(2_654_435_761) >> np.uint32(32 - _BITS)
    return mixed


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a password that is short or a number is no part of a longer word or number."""
    if end - start >= _ANYWHERE and not text[start:end].isdecimal():
        return True
    before = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
    after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not before and not after


_HEADERS: Final = frozenset(map(folded, TRUNKS.column("password").headers)) | {"pass", "sippass"}


@cache
def names_secret(header: str) -> bool:
    """Tell whether a column's header says that passwords, secrets or PINs stand below it."""
    plain = folded(header)
    words = [word.removesuffix("s") for word in words_in(header)]
    return (
        plain in _HEADERS
        or not vocabulary_of("secret_words").isdisjoint(words)
        or any(word.endswith(end) for word in words for end in vocabulary_of("secret_ends"))
        or any(stem in plain for stem in vocabulary_of("secret_stems"))
    )


def cells_to_hide(raw: RawSheet, header_row: int, columns: Iterable[int]) -> CellTexts:
    """Return what to write into the cells of the user's own columns that are headed password, secret or PIN.

    ``columns`` are the user's own ones, counted from the sheet's first.
    """
    hidden: CellTexts = {}
    start = header_row - raw.first_row
    for index in columns:
        cells = raw.columns[index]
        if len(cells) > start and names_secret(str(cells[start])):
            hidden[raw.first_column + index] = {
                raw.first_row + i: HIDDEN for i in range(start + 1, len(cells)) if cells[i] != ""
            }
    return hidden


def hidden_values(raw: RawSheet, search: SecretSearch, kept: Mapping[int, range]) -> CellTexts:
    """Return what to write into cells that hold a password somewhere in what they say, or in their formula.

    ``kept`` has, by column (0 is A), the rows whose cells are left as they are.
    """
    hidden: CellTexts = {}
    for column, cells in enumerate(raw.columns, raw.first_column):
        rows = _rows_beside(raw, len(cells), kept.get(column, range(0)))
        texts = [
            cell if isinstance(cell, str) else as_text(cell)
            for part in rows
            for cell in cells[part.start - raw.first_row : part.stop - raw.first_row]
        ]
        places = search.among(texts)
        numbers = [row for part in rows for row in part] if places else []
        found = {numbers[place]: search.hidden(texts[place]) for place in places}
        formulas = [*raw.formulas.get(column, {}).items()]
        for place in search.among([formula for _, formula in formulas]):
            row = formulas[place][0]
            if any(row in part for part in rows):
                found.setdefault(row, as_text(cells[row - raw.first_row]))
        if found:
            hidden[column] = found
    return hidden


def _rows_beside(raw: RawSheet, height: int, keep: range) -> tuple[range, ...]:
    """Return the rows of a sheet above those that are kept, and below them."""
    end = raw.first_row + height
    if not keep:
        return (range(raw.first_row, end),)
    return range(raw.first_row, min(keep.start, end)), range(max(keep.stop, raw.first_row), end)


def as_text(value: CellValue) -> str:
    """Return a value as it stands in the file."""
    if isinstance(value, NoValue):
        return value.formula
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
