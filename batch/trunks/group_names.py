"""Group names: what a cell of *Extension groups* says. Which groups there are, only the PBX knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from batch.schema.problems import Finding
from batch.tables.dialect_sheets import PERHAPS_JOINED
from batch.trunks.numbers import RawId


def no_groups_in(text: str) -> Finding | None:
    """Check that an *Extension groups* cell names something."""
    if split_groups(text):
        return None
    return Finding(
        "extension-malformed",
        f"{text!r} is not the name of an extension group.",
        "Type names of groups with commas between them, or clear the cell to leave the groups unchanged.",
    )


def split_groups(text: str, known: Collection[str] = ()) -> tuple[str | RawId, ...]:
    """Split an *Extension groups* cell into names.

    The longest known name wins before any split, double quotes protect, and ``,`` ``;`` or a line break separate;
    so does an ``&`` where the portal has written the cell.
    """
    sizes = sorted(set(map(len, known)), reverse=True)
    text = _parted(text, known) if PERHAPS_JOINED in text else text
    text = text.strip(" \t,;\r\n")
    names: list[str | RawId] = []
    at = 0
    while at < len(text):
        name, at = _group_at(text, at, known, sizes)
        names.append(name)
        while text[at : at + 1] in _BETWEEN_GROUPS:
            at += 1
    return tuple(dict.fromkeys(names))


_BETWEEN_GROUPS: Final = frozenset(" \t,;\r\n")
_GROUP_END: Final = re.compile(r"[ \t]*(?:[,;\r\n]|$)")
_SEPARATOR: Final = re.compile(r"[,;\r\n]|$")
_QUOTED: Final = re.compile(r'"((?:[^"]|"")+)"(?=\s*(?:[,;\r\n]|$))')
_RAW_GROUP: Final = re.compile(r"#[ \t]*([0-9]{1,18})(?=[ \t]*(?:[,;\r\n]|$))")


def _group_at(text: str, at: int, known: Collection[str], sizes: Iterable[int]) -> tuple[str | RawId, int]:
    """Return the name that begins at a place, and the place behind it; ``sizes`` are those of the known names."""
    if raw := _RAW_GROUP.match(text, at):
        return RawId(int(raw[1])), raw.end()
    for end in (at + size for size in sizes):
        if text[at:end] in known and end <= len(text) and _GROUP_END.match(text, end):
            return text[at:end], end
    if quoted := _QUOTED.match(text, at):
        return quoted[1].replace('""', '"'), quoted.end()
    end = found.start() if (found := _SEPARATOR.search(text, at)) else len(text)
    return text[at:end].strip(), end


def _parted(text: str, known: Collection[str]) -> str:
    """Put commas where the portal's ``&`` parts two names, and keep it where it is in a known one."""
    parts = text.split(PERHAPS_JOINED)
    names: list[str] = []
    while parts:
        sizes = range(len(parts), 1, -1)
        size = next((size for size in sizes if "&".join(parts[:size]) in known), 1)
        names.append("&".join(parts[:size]))
        parts = parts[size:]
    return ", ".join(names)
