"""Values: what one cell of the Trunks sheet means, by the parser that `columns` names for its column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Final, TypeAlias, assert_never

from batch.schema.column_model import CLEAR, LIKE_NO, LIKE_YES, NO_WORDS, YES_WORDS, Column, Parser
from batch.schema.columns import CODECS, NAME_FORBIDS
from batch.schema.problems import Finding
from batch.secrets import Secret
from batch.tables.written_numbers import shown_characters
from batch.trunks.numbers import parse_default_caller_id

Value: TypeAlias = str | int | Secret
"""A field of a trunk: text, whole number, or the password. ``""`` empties the field."""

_LABEL: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?|_[\w-]{0,61}[^\W_]")
"""One part of a host name, as carriers use them: letters, digits, hyphens, underscores."""
_HOST_AND_PORT: Final = re.compile(r"(?P<host>[^:]+|\[.+\]):(?P<port>[0-9]{1,5})")
_SCHEME: Final = re.compile(r"^[A-Za-z]+:/*(?=[^0-9])")
_USER: Final = re.compile(r"^[^@/\s]*@")
_AROUND_HOST: Final = re.compile(r"[/,;|\s?&\"'<>()]+")
_COMMA_FOR_POINT: Final = re.compile(r"[\w-]+,[\w.,-]+|[\w.,-]+,[\w-]+")
"""A comma beside a part that is no host by itself."""
_BESIDE_CHOICE: Final = re.compile(r"[\s._!-]|v?[0-9][0-9.]*\Z")
"""Signs, and a version or port behind: ``TLS 1.2``, ``dns-naptr``."""
_PORT_AND_TRANSPORT: Final = re.compile(r"([0-9]{1,5})\s*(?:/\s*|\s|\(\s*)(?:udp|tcp|tls)\s*\)?", re.IGNORECASE)
_CODEC_SEPARATORS: Final = re.compile(r"[,;&\s]+")
_CODEC_SPELLINGS: Final = {codec: codec for codec in CODECS} | {
    **dict.fromkeys(("pcma", "pcma8000", "g711a", "g711alaw", "alaw8000"), "alaw"),
    **dict.fromkeys(("pcmu", "pcmu8000", "g711u", "g711ulaw", "g711mu", "g711mulaw", "mulaw", "g711\u03bc"), "ulaw"),
    **dict.fromkeys(("g729a", "g729b", "g729ab", "g7298000"), "g729"),
    "g7228000": "g722",
}
"""Codecs as carriers and telephones write them, without signs and blanks (RFC 3551 names the payloads)."""


def parse_value(column: Column, text: str) -> Value | Finding:
    """Understand a cell that is not blank."""
    if text == CLEAR:
        return "" if column.clearable else nothing_to_clear(column)
    match column.parser:
        case Parser.YES_NO:
            return _yes_no(text)
        case Parser.CHOICE:
            return _choice(column, text)
        case Parser.NUMBER:
            return _whole_number(column, text)
        case Parser.CODECS:
            return _codecs(text)
        case Parser.DIAL:
            return parse_default_caller_id(text)
        case Parser.LABEL:
            return too_many_bytes(text, column.limit or 0) or text
        case Parser.TEXT | Parser.NAME | Parser.HOST:
            return _text(column, text)
        case Parser.EXTENSIONS | Parser.EXTENSION_RANGE | Parser.SECRET | Parser.GROUPS | Parser.TRUNK:
            return text
        case _:
            assert_never(column.parser)


def nothing_to_clear(column: Column) -> Finding:
    """Say that ``<clear>`` does not belong into a column."""
    return Finding(
        "clear-not-allowed",
        f"{column.label} cannot be emptied.",
        "Type the new value" + (", or clear the cell to leave the setting unchanged." if column.may_be_blank else "."),
    )


def too_many_bytes(text: str, limit: int) -> Finding | None:
    """Check a name of a list entry, whose limit counts bytes of UTF-8."""
    size = len(text.encode())
    if size <= limit:
        return None
    return Finding(
        "too-long",
        f"The name is {size} bytes long; the PBX takes {limit} (an accented letter is 2 bytes or more).",
        f"Shorten it to {text.encode()[:limit].decode(errors='ignore')!r}.",
    )


def _yes_no(text: str) -> int | Finding:
    word = text.casefold()
    if word in YES_WORDS:
        return 1
    if word in NO_WORDS:
        return 0
    meant = "yes" if word in LIKE_YES else "no" if word in LIKE_NO else ""
    fix = f"Type {meant}." if meant else "Type yes or no."
    return Finding("not-a-choice", f"{text!r} is neither yes nor no.", fix, (meant,) if meant else ())


def _choice(column: Column, text: str) -> str | Finding:
    word = dict(column.synonyms).get(text.casefold(), text.casefold())
    if word in column.choices:
        return word
    meant = _BESIDE_CHOICE.sub("", word)
    sure = meant in column.choices
    return Finding(
        "not-a-choice",
        f"{text!r} is not a choice for {column.label}.",
        f"Type {meant}." if sure else choose_among(column.choices),
        (meant,) if sure else (),
    )


def choose_among(choices: Sequence[str]) -> str:
    """Say what there is to choose from."""
    return f"Choose {', '.join(choices[:-1])} or {choices[-1]}."


def _whole_number(column: Column, text: str) -> int | Finding:
    fault = Finding(
        "not-a-number",
        f"{text!r} is not a whole number" + (f" from 0 to {column.limit}." if column.limit else " above 0."),
        f"Type a number such as {column.example}.",
    )
    if not re.fullmatch(r"[0-9]{1,15}", text):
        port = _PORT_AND_TRANSPORT.fullmatch(text) if "port" in column.field else None
        if port and isinstance(_whole_number(column, port[1]), int):
            return replace(fault, fix=f"Type {port[1]}.", offers=(port[1],))
        return fault
    number = int(text)
    if (column.limit is not None and number > column.limit) or (column.limit is None and number == 0):
        return fault
    return number


def _codecs(text: str) -> str | Finding:
    names = [name.casefold() for name in _CODEC_SEPARATORS.split(text) if name]
    if unknown := [repr(name) for name in dict.fromkeys(names) if name not in CODECS]:
        message = f"The PBX has no codec {', '.join(unknown)}."
        if meant := _codecs_meant(text):
            return Finding("codec-unknown", message, f"Type {meant}.", (meant,))
        return Finding("codec-unknown", message, f"Choose from {', '.join(CODECS)}.")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        return Finding("codec-twice", f"{', '.join(twice)} is there twice.", f"Type {','.join(dict.fromkeys(names))}.")
    if not names:
        return Finding("codec-unknown", f"{text!r} is not a codec.", f"Choose from {', '.join(CODECS)}.")
    return ",".join(names)


def _codecs_meant(text: str) -> str:
    """Return the codecs as the PBX calls them; nothing where one of them is not known by any name."""
    for separators in (_CODEC_SEPARATORS, re.compile(r"[,;&\r\n]+")):
        plain = [re.sub(r"[\W_]", "", name).casefold() for name in separators.split(text)]
        meant = [_CODEC_SPELLINGS.get(name, "") for name in plain if name]
        if meant and all(meant):
            return ",".join(dict.fromkeys(meant))
    return ""


_NAMES_APART: Final = re.compile(r"[,;&|\n]")


def _text(column: Column, text: str) -> str | Finding:
    if column.limit is not None and len(text) > column.limit:
        return Finding(
            "too-long",
            f"{column.label} takes at most {column.limit} characters; this value has {len(text)}.",
            f"Shorten it to {text[: column.limit]!r}.",
        )
    if column.parser is Parser.NAME and (wrong := _among(text, NAME_FORBIDS)):
        instead = "".join("-" if c in wrong else c for c in text)
        parts = [part for part in _NAMES_APART.split(text) if part.strip()]
        several = "; if it names several trunks, give each a row of its own" if len(parts) > 1 else ""
        return Finding(
            "bad-characters",
            f"A trunk name cannot contain {shown_characters(wrong)}.",
            "Type the trunk's name."
            if text.startswith("=")
            else f"Type, for example, {instead}, also as Trunk on the other sheets{several}.",
            () if text.startswith("=") else (instead,),
        )
    if column.parser is Parser.HOST:
        return _host(column, text)
    return text


def _among(text: str, forbidden: str) -> str:
    return "".join(c for c in dict.fromkeys(text) if c in forbidden or c.isspace())


def _host(column: Column, text: str) -> str | Finding:
    if text.casefold() in (YES_WORDS | NO_WORDS) - {"0", "1"}:
        return Finding(
            "not-a-host", f"{text!r} is not a host name or IP address.", f"Type, for example, {column.example}."
        )
    if odd := _lookalikes(text):
        return Finding(
            "not-a-host",
            f"{column.label} mixes Latin letters with letters of another alphabet: {', '.join(odd)}.",
            f"Type it again, such as {column.example}.",
        )
    if _is_host(text):
        return text
    if (port := _HOST_AND_PORT.fullmatch(text)) and _is_host(port["host"]):
        goes = {"hostname": "under Port", "outbound_proxy_server": "under Outbound proxy port"}.get(column.field)
        return Finding(
            "not-a-host",
            f"{column.label} contains a port after the host.",
            f"Type {port['host']}" + (f", and {port['port']} {goes}." if goes else "."),
            (port["host"],),
        )
    offers = _hosts_in(text)
    typed = f"Type, for example, {', or '.join(offers) or column.example}."
    if wrong := "".join(c for c in text if not (c.isalnum() or c in ".:-_[]")):
        return Finding("bad-characters", f"{column.label} cannot contain {shown_characters(wrong)}.", typed, offers)
    return Finding("not-a-host", f"{text!r} is neither a host name nor an IP address.", typed, offers)


def _lookalikes(text: str) -> list[str]:
    """Name Cyrillic and Greek letters that stand among Latin ones, which they look like."""
    if text.isascii() or not re.search("[A-Za-z]", text):
        return []
    names = {c: unicodedata.name(c, "") for c in dict.fromkeys(text) if not c.isascii()}
    return [f"{c!r} ({name.lower()})" for c, name in names.items() if name.startswith(("CYRILLIC", "GREEK"))]


def _is_host(text: str) -> bool:
    """Tell whether a text is an IP address, also IPv6 in brackets, or a host name, also one with underscores."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ip_address(bare)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        return all(map(_LABEL.fullmatch, labels)) and any(c.isalpha() for c in labels[-1])
    return bare == text or ":" in bare


def _hosts_in(text: str) -> tuple[str, ...]:
    """Find the hosts in a text that is more than one: an address of the web, or several hosts."""
    if _COMMA_FOR_POINT.fullmatch(text) and re.search(r"[^\W\d_]", text):
        return (text.replace(",", "."),) if _is_host(text.replace(",", ".")) else ()
    parts = _AROUND_HOST.split(_USER.sub("", _SCHEME.sub("", text)))
    found = (port["host"] if (port := _HOST_AND_PORT.fullmatch(part)) else part for part in parts)
    return tuple(dict.fromkeys(part for part in found if "." in part and _is_host(part)))[:3]
