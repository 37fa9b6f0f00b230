"""Redaction: no secret that this process has met goes on in the words of the PBX.

A PBX may quote a whole request, the URL with its token or an old password in any field of a failure, and spell it as
JSON, HTML, a URL, a mail, base64 or hexadecimal does, several times over, break it over lines or with tags, or write it
in capitals. So a text is decoded, layer by layer, and searched as it reads then. What a search costs depends on the
length of the text, of which only the beginning counts, not on how many secrets are known.
"""

from __future__ import annotations

import base64
import html
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from batch.secrets import HIDDEN

_LONG: Final = 4
"""A shorter secret is hidden only where it stands alone: as part of a word it would be found everywhere."""
_ANY_CASE: Final = 8
"""One of as many characters is hidden in capitals and small letters alike."""
_LAYERS: Final = 4
"""So many times over a text may be encoded and is still searched."""
_BEGIN: Final = re.compile(r"(?<!\w)")
_END: Final = re.compile(r"(?!\w)")
"""Where what stands alone may begin and end."""
_MOST_CHARACTERS: Final = 5_000
"""What follows in a text is left out: nobody reads it, and a PBX may send any amount."""
_LONGEST: Final = 8_000
"""So far beyond that a secret is looked for that begins before, as long as its spelling may be."""
_MOST_READINGS: Final = 64
"""The most ways in which one text is read; what quotes a request has a handful."""


class Redactor:
    """Knows the secrets met so far, and takes them out of texts. Used by any thread."""

    def __init__(self) -> None:
        """Begin knowing none."""
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._short: frozenset[str] = frozenset()
        self._folded: set[str] = set()
        """Those that are hidden in any case, without it."""
        self._lengths: dict[str, tuple[int, ...]] = {}
        """How long the secrets are, without case, that begin with these four characters."""

    def learn(self, *secrets: object) -> None:
        """Keep secrets in mind; what is no text, or empty, is none."""
        for secret in secrets:
            if isinstance(secret, str) and secret and secret not in self._known:
                with self._lock:
                    if len(secret) < _LONG:
                        self._short |= {secret}
                    else:
                        folded = secret.casefold()
                        if len(secret) >= _ANY_CASE:
                            self._folded.add(folded)
                        lengths = self._lengths.get(folded[:_LONG], ())
                        self._lengths[folded[:_LONG]] = tuple({*lengths, len(folded)})
                    self._known.add(secret)

    def learn_from(self, whole: Any) -> None:
        """Keep in mind the password of every trunk in an answer."""
        data = whole.get("data") if isinstance(whole, Mapping) else None
        for row in data if isinstance(data, list) else [data]:
            if isinstance(row, Mapping):
                self.learn(row.get("password"))

    def clean(self, text: str) -> str:
        """Take every known secret out of the beginning of a text, however it is spelled there."""
        text, shown = text[: _MOST_CHARACTERS + _LONGEST], text[:_MOST_CHARACTERS]
        found = {place for reading in _readings(text) for place in self._places(reading)}
        parts, end = [], 0
        for start, stop in _united(found):
            if start < len(shown):
                parts += [text[end:start], HIDDEN]
                end = stop
        return "".join([*parts, shown[end:]])

    def clean_all(self, value: Any) -> Any:
        """Take every known secret out of all texts of a JSON value, keys included."""
        match value:
            case str():
                return self.clean(value)
            case Mapping():
                return {self.clean(str(key)): self.clean_all(inner) for key, inner in value.items()}
            case list():
                return [self.clean_all(inner) for inner in value]
            case _:
                return value

    def _places(self, reading: _Reading) -> Iterator[tuple[int, int]]:
        """Find where secrets stand in a reading, as places of the text that it is a reading of."""
        for first, last in chain(self._long_ones(reading.text), self._short_ones(reading.text)):
            yield reading.starts[first], reading.ends[last]

    def _long_ones(self, text: str) -> Iterator[tuple[int, int]]:
        """Find secrets by their first characters without case; yields the first and last place of each."""
        lengths = self._lengths
        folded = text.casefold()
        begins = [folded[start : start + _LONG] for start in range(len(folded) - _LONG + 1)]
        if lengths.keys().isdisjoint(begins):
            return
        at = _places_of(text, folded)
        for start, stop in ((n, n + length) for n, begin in enumerate(begins) for length in lengths.get(begin, ())):
            if stop <= len(folded) and (
                folded[start:stop] in self._folded or text[at[start] : at[stop - 1] + 1] in self._known
            ):
                yield at[start], at[stop - 1]

    def _short_ones(self, text: str) -> Iterator[tuple[int, int]]:
        """Find secrets that count only where they stand by themselves; yields as `_long_ones` does."""
        begins = (match.start() for match in _BEGIN.finditer(text)) if self._short else ()
        for start in begins:
            for stop in range(start + 1, min(start + _LONG, len(text) + 1)):
                if text[start:stop] in self._short and _END.match(text, stop):
                    yield start, stop - 1


def _places_of(text: str, folded: str) -> Sequence[int]:
    """Return where in a text each character stands that it has without case: of ``ß`` two are left."""
    if len(text) == len(folded):
        return range(len(text))
    return [place for place, character in enumerate(text) for _ in character.casefold()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A text as it reads with some layers decoded, and where in the text each character comes from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def _readings(text: str) -> Iterator[_Reading]:
    """Read a text as it is, and in every way in which layers of it may be decoded."""
    seen = {text}
    readings = [_Reading(text=text, starts=range(len(text)), ends=range(1, len(text) + 1))]
    for _ in range(_LAYERS + 1):
        yield from readings
        if not _ESCAPES.search(text):
            return
        layers = (
            _decoded(reading, escaped, decode)
            for reading in readings
            for hint, escaped, decode in _ENCODINGS
            if hint in reading.text
        )
        deeper = []
        for decoded in layers:
            if decoded is not None and decoded.text not in seen and len(seen) < _MOST_READINGS:
                seen.add(decoded.text)
                deeper.append(decoded)
        readings = deeper


def _decoded(
    reading: _Reading, escaped: re.Pattern[str], decode: Callable[[str], list[tuple[str, int]]]
) -> _Reading | None:
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in escaped.finditer(reading.text):
        at = match.start()
        texts.append(reading.text[done:at])
        starts += reading.starts[done:at]
        ends += reading.ends[done:at]
        for characters, length in decode(match[0]):
            texts.append(characters)
            starts += [reading.starts[at]] * len(characters)
            at += length
            ends += [reading.ends[at - 1]] * len(characters)
        done = at
    if not done:
        return None
    texts.append(reading.text[done:])
    return _Reading(text="".join(texts), starts=[*starts, *reading.starts[done:]], ends=[*ends, *reading.ends[done:]])


_JSON: Final = re.compile(
    r"[\\%]u[dD][89abAB][0-9a-fA-F]{2}[\\%]u[dD][c-fC-F][0-9a-fA-F]{2}|[\\%]u[0-9a-fA-F]{4}|\\u\{0{0,2}(?:10|[0-9a-fA-F])?[0-9a-fA-F]{1,4}\}"
    r"|(?:\\x[0-9a-fA-F]{2})+|(?:\\[0-3][0-7]{2})+|\\U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}|\\[\"'\\/abfnrtv]"
)
_SHORT_ESCAPES: Final = {"a": "\a", "v": "\v", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HTML: Final = re.compile(r"&(?:#0{0,9}[0-9]{1,7}|#[xX]0{0,9}[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_URL: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_FORM: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+|\+")
_HEX: Final = re.compile(
    r"(?<![0-9a-fA-F])(?:(?:[0-9a-fA-F]{2}){4,}|[0-9a-fA-F]{2}(?:[ :-][0-9a-fA-F]{2}){3,})(?![0-9a-fA-F])"
)
_BASE64: Final = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{6,}(?![\w+/-])={0,2}")
_MAIL: Final = re.compile(r"(?:=[0-9A-F]{2}|=[ \t]*\r?\n)+")
"""Quoted-printable, with lines that go on (RFC 2045)."""
_TAG: Final = re.compile(r"<[/!?A-Za-z][^<>]{0,199}>")
_BREAK: Final = re.compile(r"[\r\n][\s\x00]*")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\xad\u200b-\u200d\u2060\ufeff]+")
_ESCAPES: Final = re.compile(
    rf"[\\&%+<]|=[0-9A-F\s]|{_HEX.pattern}|{_BASE64.pattern}|{_BREAK.pattern}|{_UNSEEN.pattern}"
)
"""What every layer begins with."""


def _from_json(escape: str) -> list[tuple[str, int]]:
    """Decode an escape of JSON's, or of those that JavaScript, Go, Python and C quote texts with."""
    match escape[:2], escape[2:]:
        case "\\U", digits:
            return [(chr(int(digits, 16)), len(escape))]
        case "\\u", braced if braced[0] == "{":
            return [(chr(int(braced[1:-1], 16)), len(escape))]
        case "\\u" | "%u", _:
            both = b"".join(int(unit, 16).to_bytes(2, "big") for unit in re.split(r"[\\%]u", escape)[1:])
            return [(both.decode("utf-16-be", "surrogatepass"), len(escape))]
        case "\\x", _:
            return _from_bytes(bytes.fromhex(escape.replace("\\x", "")), 4)
        case _, "":
            return [(_SHORT_ESCAPES.get(escape[1], escape[1]), len(escape))]
        case _:
            return _from_bytes(bytes(int(octal, 8) for octal in escape.split("\\")[1:]), 4)


def _from_html(entity: str) -> list[tuple[str, int]]:
    return [(html.unescape(entity), len(entity))]


def _from_url(escapes: str) -> list[tuple[str, int]]:
    return [(" ", 1)] if escapes == "+" else _from_bytes(bytes.fromhex(escapes.replace("%", "")), 3)


def _from_mail(escapes: str) -> list[tuple[str, int]]:
    content, lengths = bytearray(), [0]
    for escape in re.findall(r"=(?:[0-9A-F]{2}|[ \t]*\r?\n)", escapes):
        if escape.endswith("\n"):
            lengths[-1] += len(escape)
        else:
            content += bytes.fromhex(escape[1:])
            lengths.append(len(escape))
    found, done = [("", lengths[0])], 1
    for character, width in _from_bytes(bytes(content), 1):
        found.append((character, sum(lengths[done : done + width])))
        done += width
    return found


def _from_bytes(content: bytes, width: int) -> list[tuple[str, int]]:
    """Decode a row of escaped bytes in UTF-8; what is none is taken for Latin-1."""
    return [
        (chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c, width * len(c.encode("utf-8", "surrogateescape")))
        for c in content.decode("utf-8", "surrogateescape")
    ]


def _from_hex(digits: str) -> list[tuple[str, int]]:
    return _whole(bytes.fromhex(re.sub("[ :-]", "", digits)), digits)


def _from_base64(letters: str) -> list[tuple[str, int]]:
    bare = letters.rstrip("=").replace("-", "+").replace("_", "/")
    return _whole(base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=="), letters)


def _whole(content: bytes, written: str) -> list[tuple[str, int]]:
    """Read bytes that were written all together as text; where they are none, what was written is only a word."""
    try:
        return [(content.decode(), len(written))]
    except UnicodeDecodeError:
        return [(character, 1) for character in written]


def _from_gap(gap: str) -> list[tuple[str, int]]:
    return [("", len(gap))]


_ENCODINGS: Final = (
    *(("=", _MAIL, _from_mail), ("<", _TAG, _from_gap)),
    *(("", _JSON, _from_json), ("&", _HTML, _from_html), ("%", _URL, _from_url), ("", _FORM, _from_url)),
    *(("", _HEX, _from_hex), ("", _BASE64, _from_base64), ("", _BREAK, _from_gap), ("", _UNSEEN, _from_gap)),
)
"""What is to be found first, what is escaped, and how it is decoded."""


def _united(places: set[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for start, stop in sorted(places):
        if united and start < united[-1][1]:
            united[-1] = (united[-1][0], max(stop, united[-1][1]))
        else:
            united.append((start, stop))
    return united
