"""Cares: what a column's cells are, as far as it matters for what may be taken off or put right in them."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never

from batch.sheets.layout import Column, Parser


class Care(StrEnum):
    """How much of a cell's text carries meaning."""

    NUMBER = "one number or pattern"
    SPAN = "a range of extensions"
    LIST = "extensions with commas between"
    COUNT = "a whole number that has a value rather than digits"
    WORD = "a word out of a closed list"
    ACCOUNT = "a sign-in name, often a number"
    NAME = "a name that must be spelled exactly, without blanks"
    TRUNK = "a trunk's name or ID"
    FREE = "a name that people read"
    SECRET = "a password"  # noqa: S105 - what the column holds


_ACCOUNTS: Final = frozenset({"username", "auth_name"})
_EXACT: Final = frozenset({"name", "hostname", "domain", "outbound_proxy_server"})
_DIALLED: Final = {"outbound_cid_to_ext_range": Care.SPAN, "extensions": Care.LIST}


@lru_cache(maxsize=64)
def care_of(column: Column) -> Care:
    """Return what a column's cells are."""
    match column.parser:
        case Parser.DIAL:
            return _DIALLED.get(column.field, Care.NUMBER)
        case Parser.NUMBER:
            return Care.COUNT
        case Parser.YES_NO | Parser.CHOICE | Parser.CODECS:
            return Care.WORD
        case Parser.TRUNK:
            return Care.TRUNK
        case Parser.GROUPS:
            return Care.FREE
        case Parser.SECRET:
            return Care.SECRET
        case Parser.TEXT if column.field in _ACCOUNTS:
            return Care.ACCOUNT
        case Parser.TEXT:
            return Care.NAME if column.field in _EXACT else Care.FREE
        case _:
            assert_never(column.parser)
