"""Encodings of text files, detected."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

_SAMPLE: Final = 1 << 16

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_CODE_PAGES: Final = {
    "cp1252": "Windows Western European (Latin-1)",
    "cp1250": "Windows Central European",
    "cp1251": "Windows Cyrillic",
    "mac_roman": "Mac Roman",
    "latin_1": "Latin-1",
}
"""Eight-bit encodings that are thought of, the likeliest first."""

_WESTERN: Final = re.compile("[äöüßéèêëàâáãçñóòôõíìîïúùûåæøœÄÖÜÉÈÊÀÂÁÃÇÑÓÔÕÍÎÚÅÆØŒ]")
_CENTRAL: Final = re.compile("[łżźćńśąęŁŻŹĆŚčšžřěůýőűďťňĺľŕăşţđČŠŽŘĎŤŇĐ]")
_CYRILLIC: Final = "\u0400-\u045f"
_CYRILLIC_WORD: Final = re.compile(f"[{_CYRILLIC}]{{2,}}")
_MARKS_OF_PRINT: Final = "\u201c\u201d\u201e\u2018\u2019\u201a\u2013\u2014…€°«»§©®"
_TYPOGRAPHY: Final = re.compile(f"[{_MARKS_OF_PRINT}]")
_ODD: Final = re.compile(
    rf"(?<=[a-zà-ÿ])[A-ZÀ-ÞŽŸŠ]|[A-Za-z][{_CYRILLIC}]|[{_CYRILLIC}][A-Za-z]"
    rf"|(?<=\w)[{_MARKS_OF_PRINT.replace(chr(0x2019), '')}](?=\w)"
)
"""What plain text does not have: a capital inside a word, two scripts in one, a dash or quote between letters."""

_FORBIDDEN: Final = frozenset(range(32)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How bytes stand for text."""

    name: str
    """As Python knows it."""
    words: str
    """As people are told it."""


def detect_encoding(raw: bytes) -> Encoding | None:
    """Return how a text file is encoded; None if it is no text.

    A byte order mark decides, then whether it is valid UTF-8, then where the zero bytes of UTF-16 lie, then which
    eight-bit encoding reads best.
    """
    for mark, name, words in _MARKS:
        if raw.startswith(mark):
            return Encoding(name=name, words=words) if _decodes(raw, name) else None
    wide = _utf16(raw[:_SAMPLE])
    if wide is not None:
        return Encoding(name=wide, words="UTF-16") if _decodes(raw, wide) else None
    if b"\x00" in raw or is_binary(raw[:_SAMPLE]):
        return None
    if _decodes(raw, "utf-8"):
        return Encoding(name="utf-8", words="UTF-8")
    name = _code_page(raw)
    return Encoding(name=name, words=_CODE_PAGES[name])


def is_binary(sample: bytes) -> bool:
    """Return whether bytes are no text: control characters in more than one byte of a hundred."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _utf16(sample) is not None:
        return False
    controls = sum(byte in _FORBIDDEN for byte in sample)
    return controls * 100 > len(sample)


def rough_text(sample: bytes) -> str:
    """Return a beginning of a file as text, good enough to see what it is."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return sample.decode("utf-16", errors="replace")
    return sample.decode(_utf16(sample) or "utf-8", errors="replace")


def _utf16(sample: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark: in mostly Latin text every other byte is zero."""
    pairs = len(sample) // 2
    if not pairs:
        return None
    high, low = sample[1::2].count(0), sample[0::2].count(0)
    if high > pairs * 0.4 and low < pairs * 0.05:
        return "utf-16-le"
    if low > pairs * 0.4 and high < pairs * 0.05:
        return "utf-16-be"
    return None


def _decodes(raw: bytes, name: str) -> bool:
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return False
    return "\x00" not in text


def _code_page(raw: bytes) -> str:
    """Return the eight-bit encoding that reads best: charset-normalizer rules out, plain letters decide."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - slow to load, and seldom needed

    sample = b"\n".join(line for line in re.split(rb"[\r\n]+", raw) if not line.isascii())[:_SAMPLE]
    allowed = [name for name in _CODE_PAGES if _decodes(raw, name)]
    matches = from_bytes(sample, cp_isolation=allowed, threshold=0.9)
    plausible = {name for match in matches for name in match.could_be_from_charset}
    names = [name for name in allowed if name in plausible] or allowed
    return max(names, key=lambda name: _readability(sample.decode(name)))  # the first of equals


def _readability(text: str) -> int:
    strange = sum(not character.isascii() for character in text)
    score = -2 * strange - 4 * len(_ODD.findall(text))
    score += 4 * len(_WESTERN.findall(text)) + 4 * len(_CENTRAL.findall(text))
    score += 3 * len(_TYPOGRAPHY.findall(text))
    return score + 4 * sum(len(word) for word in _CYRILLIC_WORD.findall(text))
