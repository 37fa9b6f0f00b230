"""Encodings of text files, detected; and the one text file that people write for this tool, read."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch.errors import UsageError

_SAMPLE: Final = 1 << 16

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_CODE_PAGES: Final = {
    "cp1252": "Windows Western European (Latin-1)",
    "cp1254": "Windows Turkish",
    "cp1250": "Windows Central European",
    "cp1251": "Windows Cyrillic",
    "cp1253": "Windows Greek",
    "mac_roman": "Mac Roman",
    "gb18030": "Simplified Chinese (GB 18030)",
    "big5": "Traditional Chinese (Big5)",
    "cp932": "Japanese (Shift JIS)",
    "latin_1": "Latin-1",
}
"""Encodings without a mark that are thought of, the likeliest first; the last takes any bytes."""

_ICELANDIC_OR_TURKISH: Final = "ýþðÝÞÐ"
"""Letters in whose place the Turkish code page has its own; by themselves they are likelier Turkish."""
_MAC_LINE_ENDS: Final = 6
"""What the line ends of old Macs speak for the encoding of old Macs."""

_WESTERN: Final = (
    "äöüß",  # German
    "éèêëàâîïôùûüçœ",  # French
    "áéíóúüñ¿¡ªº",  # Spanish
    "ãõáéíóúâêôàç",  # Portuguese
    "àèéìòù",  # Italian
    "åäöøæé",  # Swedish, Norwegian, Danish, Finnish
    "áéíóúýþæöð",  # Icelandic
)
_CENTRAL: Final = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýžäľĺôŕ",  # Czech, Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "čćđšž",  # Croatian, Slovenian
)
_LANGUAGES: Final = {
    "cp1252": _WESTERN,
    "cp1254": ("çğıöşüâîİ",),
    "cp1250": _CENTRAL,
    "mac_roman": _WESTERN,
    "latin_1": _WESTERN,
}
"""Letters beside the plain Latin ones that a language has, by encoding."""

_CYRILLIC: Final = "\u0400-\u045f"
_GREEK: Final = "\u0386-\u03ce"
_OTHER_SCRIPT: Final = re.compile(f"[{_CYRILLIC}]{{2,}}|[{_GREEK}]{{2,}}")
_MARKS_OF_PRINT: Final = "\u201c\u201d\u201e\u2018\u2019\u201a\u2013\u2014…€°«»§©®"
_TYPOGRAPHY: Final = re.compile(f"[{_MARKS_OF_PRINT}]")
_CAPITALS: Final = "\u0400-\u042f\u0386-\u038f\u0391-\u03ab"
_SMALL: Final = "\u0430-\u045f\u0390\u03ac-\u03ce"
_ODD: Final = re.compile(
    rf"(?<=[a-zà-ÿ])[A-ZÀ-ÞŽŸŠ]|[A-Za-z][{_CYRILLIC}{_GREEK}]|[{_CYRILLIC}{_GREEK}][A-Za-z]"
    rf"|[{_SMALL}][{_CAPITALS}]|[{_CAPITALS}]{{2}}[{_SMALL}]"
    rf"|(?<=\w)[{_MARKS_OF_PRINT.replace(chr(0x2019), '')}](?=\w)"
)
"""What plain text does not have: a capital inside a word, two scripts in one, a dash or quote between letters."""

_COMMON_LEADS: Final = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "cp932": (0x88, 0x98)}
"""First and last of the bytes with which an encoding begins the letters that are in everyday use."""
_EASTERN: Final = "\u3040-\u30ff\u3400-\u9fff"
_BESIDE_LATIN: Final = re.compile(rf"[a-z][{_EASTERN}]|[{_EASTERN}][a-z]")
_EASTERN_MARK: Final = re.compile("[\u3000-\u303f\uff01-\uff5e]")
_MARK_OR_KANA: Final = re.compile("[\u3000-\u30ff\uff01-\uff5e]")

_AROUND: Final = 16
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_STRETCH: Final = re.compile(rb"(?:[\x80-\xff]++[^\x80-\xff\r\n]{0,16}+)++")
"""Bytes that are not plain ASCII, with up to sixteen others between and behind them."""
_LINE_END: Final = re.compile(rb"[\r\n]")

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
    of the encodings without a mark reads best.
    """
    for mark, name, words in _MARKS:
        if raw.startswith(mark):
            return Encoding(name=name, words=words) if _decodes(raw, name) else None
    wide = _utf16(raw[:_SAMPLE])
    if wide is not None:
        return Encoding(name=wide, words="UTF-16") if _decodes(raw, wide) else None
    if is_binary(raw[:_SAMPLE]):
        return None
    if _decodes(raw, "utf-8"):
        return Encoding(name="utf-8", words="UTF-8")
    best = _code_page(raw)
    return None if best is None else Encoding(name=best, words=_CODE_PAGES[best])


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
    """Return whether bytes are text in an encoding; a zero among a hundred characters and more is one that strayed."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return False
    return text.count("\x00") * 100 <= len(text)


def _code_page(raw: bytes) -> str | None:
    """Return the encoding that reads best; None if too much of it is no text."""
    sample = _strange_stretches(raw)
    readable = {name: text for name in _CODE_PAGES if (text := _text(sample, name)) is not None}
    ranked = sorted(readable, key=lambda name: -_readability(readable[name], name))  # the first of equals
    return next((name for name in ranked if _decodes(raw, name)), None)


def _strange_stretches(raw: bytes) -> bytes:
    """Return the first bytes that are not plain ASCII with the few around them, a line for each stretch.

    Cut so, characters of two bytes stay whole: what follows sixteen plain bytes is never the second of two.
    """
    lines: list[bytes] = []
    size = place = 0
    while size < _SAMPLE and (first := _NOT_ASCII.search(raw, place)) and (found := _STRETCH.match(raw, first.start())):
        before = _LINE_END.split(raw[max(place, found.start() - _AROUND) : found.start()])[-1]
        lines.append(before + found[0])
        size += len(lines[-1]) + 1
        place = found.end()
    return (b"\r" if b"\r" in raw and b"\n" not in raw else b"\n").join([*lines, b""])[:_SAMPLE]


def _text(sample: bytes, name: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)().decode(sample)  # it may end inside a character
    except UnicodeDecodeError:
        return None


def _readability(text: str, name: str) -> int:
    """Score a text: two points for each byte of a letter that goes well with the others, minus points for the rest."""
    if name in _COMMON_LEADS:
        return _eastern_readability(text, name)
    strange = Counter({character: n for character, n in Counter(text).items() if not character.isascii()})
    usual = max(
        (sum(strange[letter] for letter in {*letters, *letters.upper()}) for letters in _LANGUAGES.get(name, ())),
        default=0,
    )
    usual += sum(len(word) for word in _OTHER_SCRIPT.findall(text))
    score = 4 * usual - 2 * strange.total() - 4 * len(_ODD.findall(text)) + 3 * len(_TYPOGRAPHY.findall(text))
    if name in {"cp1252", "latin_1"}:
        score -= sum(strange[letter] for letter in _ICELANDIC_OR_TURKISH)
    return score + _MAC_LINE_ENDS * (name == "mac_roman" and "\r" in text)


def _eastern_readability(text: str, name: str) -> int:
    """Score a text of East Asia: bytes of other scripts come out as letters that are rare, or beside Latin ones."""
    first, last = _COMMON_LEADS[name]
    score = -4 * len(_BESIDE_LATIN.findall(text))
    marks = _MARK_OR_KANA if name == "cp932" else _EASTERN_MARK
    for character, times in Counter(text).items():
        code = character.encode(name)
        if len(code) > 1:
            usual = first <= code[0] <= last and (name != "gb18030" or code[1] > 0xA0)
            score += times * (2 * len(code) if usual or marks.match(character) else -3 * len(code))
    return score


def read_columns_text(path: Path) -> str:
    """Read the file given by ``--columns``, in UTF-8 or marked UTF-16; it comes with Unix line ends.

    Raises:
        UsageError: it is not there, or no such text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"--columns {path} cannot be read: {error.strerror or error}.",
            "Let check --write-columns write one to begin with.",
        ) from None
    try:
        text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except ValueError:
        raise UsageError(f"--columns {path} is not text in UTF-8.", "Save it as UTF-8.") from None
    return text.replace("\r\n", "\n")
