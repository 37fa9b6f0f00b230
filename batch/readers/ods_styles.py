"""Styles of OpenDocument spreadsheets: what a person sees of numbers and dates, told in Excel's notation.

Source: OpenDocument 1.3 part 3, 16.29 (data styles) and 17.18 (cell styles).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from batch.readers.number_formats import shows_otherwise
from batch.readers.packages import local

_DATA_STYLES: Final = frozenset(
    {"number-style", "currency-style", "percentage-style", "date-style", "time-style", "text-style", "boolean-style"}
)
_LINE_THROUGH: Final = ("text-line-through-style", "text-line-through-type")
_TEXTS: Final = frozenset({"text", "embedded-text", "currency-symbol"})
_SHORT_AND_LONG: Final = {
    "day": ("d", "dd"),
    "month": ("m", "mm"),
    "year": ("yy", "yyyy"),
    "day-of-week": ("ddd", "dddd"),
    "hours": ("h", "hh"),
    "minutes": ("m", "mm"),
    "seconds": ("s", "ss"),
}
_BARE: Final = frozenset(" -+/.:,()%")
"""What Excel's notation has without quotes around it."""

_NOTHING: Final = re.compile(r"0(?:\.0*)?[a-z]*")
_MAX_DIGITS: Final = 40


@dataclass(slots=True, kw_only=True)
class _DataStyle:
    pieces: list[str] = field(default_factory=list)
    """In order; ``""`` is where the digits stand."""
    digits: int = 0
    grouped: bool = False
    decimals: int = 0
    embedded: list[tuple[int, str]] = field(default_factory=list)
    """Text between the digits, each with how many digits stand behind it."""
    elapsed: bool = False
    for_positive: str = ""
    """Name of the style for positive numbers, where this one is for the others."""

    def number(self) -> str:
        """Return the notation of the digits."""
        whole = "#,##0" if self.grouped and self.digits <= 1 else "0" * self.digits or "#"
        for place, text in sorted(self.embedded, reverse=True):
            whole = whole.rjust(place, "#")
            whole = whole[: len(whole) - place] + _quoted(text) + whole[len(whole) - place :]
        return whole + ("." + "0" * self.decimals if self.decimals else "")


def _quoted(text: str) -> str:
    return text if set(text) <= _BARE else f'"{text}"'


@dataclass(slots=True, kw_only=True)
class OdsStyles:
    """The styles of a document, taken in element by element as they stand in ``styles.xml`` and ``content.xml``."""

    flat: set[str] = field(default_factory=set)
    """Names of row and column styles of no height or width."""
    _lines: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By family and name of a style that says so: whether its text is struck through."""
    _parents: dict[tuple[str, str], str] = field(default_factory=dict)
    _data: dict[str, _DataStyle] = field(default_factory=dict)
    _cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the name of a cell style: its data style and the style it is derived from."""
    _codes: dict[str, str | None] = field(default_factory=dict)
    _current: _DataStyle | None = None
    _name: str = ""
    _family: str = ""
    _place: int | None = None
    _text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in the start of an element."""
        name = local(tag)
        named = {local(key): value for key, value in attributes.items()}
        if name == "style":
            self._name, self._family = named.get("name", ""), named.get("family", "")
            self._parents[self._family, self._name] = named.get("parent-style-name", "")
            if self._family == "table-cell":
                self._cells[self._name] = (named.get("data-style-name", ""), named.get("parent-style-name", ""))
        elif name in {"table-row-properties", "table-column-properties"}:
            if any(_NOTHING.fullmatch(named.get(size, "")) for size in ("row-height", "column-width")):
                self.flat.add(self._name)
        elif name == "text-properties":
            if lines := [named[key] for key in _LINE_THROUGH if key in named]:
                self._lines[self._family, self._name] = any(line != "none" for line in lines)
        elif name in _DATA_STYLES:
            self._current = _DataStyle(elapsed=named.get("truncate-on-overflow") == "false")
            self._data[named.get("name", "")] = self._current
        elif self._current is not None:
            self._start_piece(self._current, name, named)

    def _start_piece(self, style: _DataStyle, name: str, named: dict[str, str]) -> None:
        match name:
            case "number":
                style.digits = min(_count(named, "min-integer-digits"), _MAX_DIGITS)
                style.decimals = min(_count(named, "decimal-places"), _MAX_DIGITS)
                style.grouped = named.get("grouping") == "true"
                style.pieces.append("")
            case "embedded-text":
                self._place, self._text = min(_count(named, "position"), _MAX_DIGITS), []
            case "text" | "currency-symbol":
                self._place, self._text = None, []
            case "scientific-number":
                style.pieces.append("0E+0")
            case "fraction":
                style.pieces.append("# ?/?")
            case "am-pm":
                style.pieces.append("AM/PM")
            case "map" if re.match(r"value\(\)>=?0", named.get("condition", "")):
                style.for_positive = named.get("apply-style-name", "")
            case _ if name in _SHORT_AND_LONG:
                code = _SHORT_AND_LONG[name][named.get("style") == "long"]
                if named.get("textual") == "true":
                    code = "m" * (len(code) + 2)
                if style.elapsed:
                    code, style.elapsed = f"[{code[0]}]", False
                style.pieces.append(code)
            case _:
                pass

    def text(self, text: str) -> None:
        """Take in text."""
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Take in the end of an element."""
        name = local(tag)
        if name in _DATA_STYLES:
            self._current = None
        elif name in _TEXTS and self._current is not None and self._text:
            text, self._text = "".join(self._text), None
            if self._place is None:
                self._current.pieces.append(_quoted(text))
            else:
                self._current.embedded.append((self._place, text))

    def code_of(self, style: str) -> str | None:
        """Return the notation of a cell style, if its numbers look otherwise than they are."""
        if style not in self._codes:
            code = self._notation(self._data_style_of(style))
            self._codes[style] = code if code is not None and shows_otherwise(code) else None
        return self._codes[style]

    def strikes(self, family: str, style: str) -> bool:
        """Tell whether a style strikes its text through, by itself or by the one it is derived from."""
        if True not in self._lines.values():
            return False
        for _ in range(16):  # as deep as in `_data_style_of`
            if (family, style) in self._lines:
                return self._lines[family, style]
            style = self._parents.get((family, style), "")
        return False

    def _data_style_of(self, style: str) -> str:
        for _ in range(16):  # deeper than any chain of styles; a ring of them ends here
            found, parent = self._cells.get(style, ("", ""))
            if found or not parent:
                return found
            style = parent
        return ""

    def _notation(self, name: str) -> str | None:
        style = self._data.get(name)
        if style is not None and style.for_positive in self._data:
            style = self._data[style.for_positive]
        return None if style is None else "".join(piece or style.number() for piece in style.pieces)


def _count(named: dict[str, str], name: str) -> int:
    text = named.get(name, "0")
    return int(text) if text.isdecimal() else 0
