"""Number formats: what a person sees of a number, in Excel's notation, and when that differs from the value.

Only what is certain is rendered of a format such as ``0000000000``: digits, and literals beside or between them. One
with decimals, percent, dates, conditions or scaling renders nothing, and its cell counts as a plain number.
Sources: ECMA-376 part 1, 18.8.30 (numFmt) for the formats that have a number only, those of East Asia as Excel in
Chinese has them, and 18.8.31 for the notation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_YEAR_AND_MONTH: Final = 'yyyy"年"m"月"'
_MONTH_AND_DAY: Final = 'm"月"d"日"'

BUILT_IN: Final = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    27: _YEAR_AND_MONTH,
    28: _MONTH_AND_DAY,
    29: _MONTH_AND_DAY,
    30: "m/d/yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"',
    35: '上午/下午h"时"mm"分"ss"秒"',
    36: _YEAR_AND_MONTH,
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    50: _YEAR_AND_MONTH,
    51: _MONTH_AND_DAY,
    52: _YEAR_AND_MONTH,
    53: _MONTH_AND_DAY,
    54: _MONTH_AND_DAY,
    55: '上午/下午h"时"mm"分"',
    56: '上午/下午h"时"mm"分"ss"秒"',
    57: _YEAR_AND_MONTH,
    58: _MONTH_AND_DAY,
}
"""Formats that a file names by their number and does not spell out."""

_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|(?P<general>general)|(?P<bare>.)',
    re.IGNORECASE | re.DOTALL,
)
_SECTION_END: Final = re.compile(r'((?:"[^"]*"|\\.|[_*].|[^;"\\_*])*);?', re.DOTALL)
_ELAPSED: Final = re.compile(r"h+|m+|s+", re.IGNORECASE)
_EXACT: Final = re.compile(r"E[+-]|%|[?#0]/[?#\d]", re.IGNORECASE)
"""Powers of ten, percentages and fractions: shown otherwise, but never what somebody typed as a telephone number."""

_THOUSANDS: Final = re.compile(r"[0#?],[0#?]")


def shows_otherwise(code: str) -> bool:
    """Tell whether numbers of this format look otherwise than their digits.

    So do dates and times, and formats that add leading zeros, a ``+`` or other text, or separators between the
    digits (``0000 000000``), also of thousands: ``101,102`` may have been a list. Decimals, currency and powers of
    ten do not count.
    """
    sections = [section for section in _SECTION_END.findall(code) if section]
    conditional = bool(sections) and re.match(r"(?:\[[^\]]*\])*\[[<>=]", sections[0]) is not None
    return any(map(_section_shows_otherwise, sections[: 2 if conditional else 1]))


def _section_shows_otherwise(section: str) -> bool:
    zeros = 0
    decimals = False
    literals: list[str] = []
    plain: list[str] = []
    for token in _TOKEN.finditer(section):
        bare, bracket = token["bare"], token["bracket"]
        if bracket is not None:
            if _ELAPSED.fullmatch(bracket):
                return True
        elif bare is None:
            literals.append(token["quoted"] or token["escaped"] or "")
        elif bare in "0?#.,@%":
            decimals = decimals or bare == "."
            zeros += bare == "0" and not decimals
            plain.append(bare)
        else:
            plain.append(bare)
    codes = "".join(plain)
    if _EXACT.search(codes):
        return False
    if re.search(r"[dmyhs]", codes, re.IGNORECASE):
        return True
    added = [c for c in "".join([*literals, *re.findall(r"[^0?#.,@%]", codes)]) if not _is_harmless(c)]
    return zeros > 1 or bool(added) or (not decimals and _THOUSANDS.search(codes) is not None)


def _is_harmless(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Sc"


def mattering(formats: Mapping[str, int], codes: Mapping[int, str]) -> dict[str, str]:
    """Return the notation of those styles whose numbers look otherwise than their digits, by the style's name.

    ``formats`` has the number of each style's format; ``codes`` the formats that the file spells out, by number.
    """
    known = {**BUILT_IN, **codes}
    seen: dict[int, bool] = {}
    found: dict[str, str] = {}
    for style, number in formats.items():
        code = known.get(number, "General")
        if number not in seen:
            seen[number] = shows_otherwise(code)
        if seen[number]:
            found[style] = code
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFormats:
    """The styles of cells that matter to who reads their values."""

    formats: Mapping[str, str] = field(default_factory=dict)
    """What `mattering` returns; a style's name is its place."""
    struck: frozenset[str] = frozenset()
    """Styles whose text is struck through."""


def read_styles(elements: Iterable[tuple[str, Mapping[str, str]]]) -> CellFormats:
    """Return the styles of an Office stylesheet that matter, from its elements."""
    codes: dict[int, str] = {}
    formats: dict[str, int] = {}
    fonts: dict[str, int] = {}
    struck: set[int] = set()
    section, count = "", 0
    for tag, attributes in elements:
        if tag in _SECTIONS:
            section = tag
        elif section == "numFmts" and tag == "numFmt":
            codes[whole_number(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif section == "fonts":
            count += tag == "font"
            if tag == "strike" and is_on(attributes):
                struck.add(count - 1)
        elif section == "cellXfs" and tag == "xf":
            name = str(len(formats))
            formats[name] = whole_number(attributes.get("numFmtId", ""))
            fonts[name] = whole_number(attributes.get("fontId", ""))
    return CellFormats(
        formats=mattering(formats, codes), struck=frozenset(name for name, font in fonts.items() if font in struck)
    )


def is_on(attributes: Mapping[str, str]) -> bool:
    """Tell whether an element such as ``<strike/>`` switches on what it is called after."""
    return attributes.get("val", "1") not in _OFF


_OFF: Final = frozenset({"0", "false", "off"})


_SECTIONS: Final = frozenset(
    {"numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "extLst"}
)


def whole_number(text: str) -> int:
    """Read an attribute; 0 where it is no number."""
    return int(text) if text.isdecimal() else 0


_PLACE: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<width>.)|\*(?P<filler>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<comma>,)|(?P<literal>[-+$():^'~{}<>= \u00a0\u202f/])|(?P<other>.)",
    re.DOTALL,
)
_COLOUR: Final = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?[0-9]{1,2}", re.IGNORECASE)
_LOCALE: Final = re.compile(r"\$(?P<sign>[^-\]]*)(?:-[0-9A-Fa-f]+)?")


def rendered(number: int, code: str) -> str | None:
    """Return what a person sees of a whole number that is not negative; None where that is not certain.

    Separators of thousands are left out: which character they are depends on who looks.
    """
    layout = _layout(code, is_zero=number == 0)
    if layout is None:
        return None
    digits = str(number) if number else ""
    texts, places = list(layout.texts), layout.places
    for i in reversed(places):
        texts[i] = digits[-1] if digits else {"0": "0", "#": "", "?": " "}[texts[i]]
        digits = digits[:-1]
    texts[places[0]] = digits + texts[places[0]]
    return "".join(texts)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A number format, taken apart."""

    texts: tuple[str, ...]
    """Literals and digit places, in order."""
    places: tuple[int, ...]
    """Which of them are digit places."""


@lru_cache(maxsize=256)
def _layout(code: str, *, is_zero: bool) -> _Layout | None:
    section = _section(code, is_zero=is_zero)
    if section is None:
        return None
    try:
        parts = list(_parts(section))
    except ValueError:
        return None
    places = tuple(i for i, (kind, _) in enumerate(parts) if kind == "digit")
    if not places or any(kind == "/" for kind, _ in parts):
        return None
    return _Layout(texts=tuple(text for _, text in parts), places=places)


def groups_thousands(code: str) -> bool:
    """Tell whether a number format puts separators between thousands."""
    section = _section(code, is_zero=False)
    return section is not None and re.search(r"[0#?],[0#?]", re.sub(r'"[^"]*"|\\.', "", section)) is not None


def _section(code: str, *, is_zero: bool) -> str | None:
    """Return the part of a number format that a number is shown by."""
    sections = re.findall(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*)(?:;|$)', code, re.DOTALL)[:-1] or [code]
    if code.count('"') % 2 or len(sections) > 4:
        return None
    section: str = sections[2] if is_zero and len(sections) > 2 else sections[0]
    return section


def _parts(section: str) -> Iterator[tuple[str, str]]:
    """Cut a section into digit places and literals.

    Raises:
        ValueError: It holds something whose look is not certain.
    """
    tokens = list(_PLACE.finditer(section))
    for i, token in enumerate(tokens):
        text = token[token.lastgroup or 0]
        match token.lastgroup:
            case "digit":
                yield "digit", text
            case "quoted" | "escaped" | "literal":
                yield ("/" if token.lastgroup == "literal" and text == "/" else "literal"), text
            case "width":
                yield "literal", " "
            case "filler":
                continue
            case "bracket":
                yield "literal", _bracket(text)
            case "comma" if _between_digits(tokens, i):
                continue
            case _:
                raise ValueError(text)


def _between_digits(tokens: list[re.Match[str]], i: int) -> bool:
    return 0 < i < len(tokens) - 1 and {tokens[i - 1].lastgroup, tokens[i + 1].lastgroup} == {"digit"}


def _bracket(text: str) -> str:
    if _COLOUR.fullmatch(text):
        return ""
    if locale := _LOCALE.fullmatch(text):
        return locale["sign"]
    raise ValueError(text)
