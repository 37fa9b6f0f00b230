"""Masks: number formats that show a whole number otherwise than its digits, such as ``0000000000``.

Only what is certain is rendered: digits, and literals beside or between them. A mask with decimals, percent, dates,
conditions or scaling shows nothing here, and its cell counts as a plain number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<width>.)|\*(?P<filler>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<comma>,)|(?P<literal>[-+$():^'~{}<>= \u00a0\u202f/])|(?P<other>.)",
    re.DOTALL,
)
_COLOUR: Final = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?[0-9]{1,2}", re.IGNORECASE)
_LOCALE: Final = re.compile(r"\$(?P<sign>[^-\]]*)(?:-[0-9A-Fa-f]+)?")


def shown(number: int, mask: str) -> str | None:
    """Return what a person sees of a whole number that is not negative; None where that is not certain.

    Separators of thousands are left out: which character they are depends on who looks.
    """
    face = _face(mask, is_zero=number == 0)
    if face is None:
        return None
    digits = str(number) if number else ""
    texts, places = list(face.texts), face.places
    for i in reversed(places):
        texts[i] = digits[-1] if digits else {"0": "0", "#": "", "?": " "}[texts[i]]
        digits = digits[:-1]
    texts[places[0]] = digits + texts[places[0]]
    return "".join(texts)


@dataclass(frozen=True, slots=True)
class _Face:
    """A mask, taken apart."""

    texts: tuple[str, ...]
    """Literals and digit places, in order."""
    places: tuple[int, ...]
    """Which of them are digit places."""


@lru_cache(maxsize=256)
def _face(mask: str, *, is_zero: bool) -> _Face | None:
    """Take a mask apart; None where its look is not certain."""
    section = _section(mask, is_zero=is_zero)
    if section is None:
        return None
    try:
        parts = list(_parts(section))
    except ValueError:
        return None
    places = tuple(i for i, (kind, _) in enumerate(parts) if kind == "digit")
    if not places or any(kind == "/" for kind, _ in parts):
        return None
    return _Face(texts=tuple(text for _, text in parts), places=places)


def groups_thousands(mask: str) -> bool:
    """Tell whether a mask puts separators between thousands."""
    section = _section(mask, is_zero=False)
    return section is not None and re.search(r"[0#?],[0#?]", re.sub(r'"[^"]*"|\\.', "", section)) is not None


def _section(mask: str, *, is_zero: bool) -> str | None:
    """Return the part of a mask that a number is shown by."""
    sections = re.findall(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*)(?:;|$)', mask, re.DOTALL)[:-1] or [mask]
    if mask.count('"') % 2 or len(sections) > 4:
        return None
    section: str = sections[2] if is_zero and len(sections) > 2 else sections[0]
    return section


def _parts(section: str) -> Iterator[tuple[str, str]]:
    """Cut a section into digit places and literals.

    Raises:
        ValueError: It holds something whose look is not certain.
    """
    tokens = list(_TOKEN.finditer(section))
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
