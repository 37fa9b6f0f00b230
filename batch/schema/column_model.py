"""What can be said of a column and of a sheet, as the table in `columns` does, and their names in five languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from batch.wording import folded, read_texts

_LANGUAGES: Final = read_texts(Path(__file__).with_name("translations")).values()


def _words(*texts: str) -> tuple[str, ...]:
    return tuple(word for text in texts if text for word in text.split(" | "))


def _in_every_language(part: str) -> Mapping[str, tuple[str, ...]]:
    tables = [language.get(part, {}) for language in _LANGUAGES]
    return {name: _words(*(table.get(name, "") for table in tables)) for name in chain.from_iterable(tables)}


SHEET_NAMES: Final = _in_every_language("sheets")
HEADERS: Final = _in_every_language("headers")

YES_WORDS, NO_WORDS, LIKE_YES, LIKE_NO = (
    frozenset(_words(*(language[answer] for language in _LANGUAGES))) for answer in ("yes", "no", "like_yes", "like_no")
)
"""How cells say yes and no, in small letters; and what surely means it, and is offered so."""


@cache
def vocabulary() -> dict[str, Any]:
    """Read what headers of columns that we do not know betray, and what people write to say that there is nothing."""
    return read_texts(Path(__file__).with_name("vocabulary"))


@cache
def vocabulary_of(kind: str) -> frozenset[str]:
    """Return its words, or stems of words, of one kind."""
    return frozenset(vocabulary()[kind].split())


CLEAR: Final = "<clear>"
"""What a cell says to empty a field on purpose; a blank cell leaves the field alone."""


class TrunkType(StrEnum):
    """The three kinds of trunk that the API edits."""

    REGISTER = "register"
    PEER = "peer"
    ACCOUNT = "account"


EVERY_TYPE: Final = frozenset(TrunkType)
NOT_ACCOUNT: Final = frozenset({TrunkType.REGISTER, TrunkType.PEER})
NOT_PEER: Final = frozenset({TrunkType.REGISTER, TrunkType.ACCOUNT})
ONLY_REGISTER: Final = frozenset({TrunkType.REGISTER})


class Mode(StrEnum):
    """What the rows of a list do to the list on the PBX."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


class Parser(StrEnum):
    """How a cell of the column is understood."""

    TEXT = "text, often a number"
    NAME = "trunk name"
    LABEL = "name that people read"
    """Its limit counts bytes of UTF-8."""
    HOST = "host name or IP address"
    """Compared without case, and without a dot at the end."""
    YES_NO = "yes or no"
    CHOICE = "choice"
    NUMBER = "whole number"
    SECRET = "secret"  # noqa: S105 - the name of a parser
    CODECS = "codecs"
    DIAL = "telephone number"
    """Digits that are text, as those of extensions are: spreadsheets like to spoil them."""
    EXTENSIONS = "extensions"
    EXTENSION_RANGE = "extension range"
    GROUPS = "group names"
    TRUNK = "trunk"


class CellKind(StrEnum):
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


_CELL_KINDS: Final[Mapping[Parser, CellKind]] = {
    Parser.TEXT: CellKind.ACCOUNT,
    Parser.NAME: CellKind.NAME,
    Parser.HOST: CellKind.NAME,
    Parser.LABEL: CellKind.FREE,
    Parser.GROUPS: CellKind.FREE,
    Parser.YES_NO: CellKind.WORD,
    Parser.CHOICE: CellKind.WORD,
    Parser.CODECS: CellKind.WORD,
    Parser.NUMBER: CellKind.COUNT,
    Parser.DIAL: CellKind.NUMBER,
    Parser.EXTENSIONS: CellKind.LIST,
    Parser.EXTENSION_RANGE: CellKind.SPAN,
    Parser.TRUNK: CellKind.TRUNK,
    Parser.SECRET: CellKind.SECRET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sheet."""

    label: str
    """What people read in the header."""
    field: str
    """The API's field name, or ours where the API has none. Also accepted as a header."""
    help: str
    """What it is, for the header's note and for `explain`; one or two plain sentences."""
    example: str
    parser: Parser = Parser.TEXT
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """The closed list behind the drop-down, if there is one."""
    synonyms: tuple[tuple[str, str], ...] = ()
    """Other words for choices, as the vendor's own files have them, and the choice that each means."""
    not_for: tuple[tuple[TrunkType, str], ...] = ()
    """Types, each with a choice that its trunks do not have."""
    limit: int | None = None
    """Most characters (bytes of a label; the highest value of a whole number)."""
    required: bool = False
    either: bool = False
    """Whether it is one of the columns of its sheet of which one must be filled in every row."""
    clearable: bool = False
    """Whether ``<clear>`` is allowed in it."""
    types: frozenset[TrunkType] = EVERY_TYPE
    """Trunk types that have it."""
    sent: bool = False
    """Whether it is one plain field of ``trunk/update``."""
    registration: bool = True
    """Whether sending it can cost the trunk its registration; to be safe it can, unless said."""
    shared: bool = False
    """Whether a shared trunk of the Cloud edition takes it."""
    width: int = 16
    """Width in the template, in characters."""

    def choices_of(self, kind: TrunkType) -> tuple[str, ...]:
        """Return the choices that trunks of a type have."""
        return tuple(choice for choice in self.choices if (kind, choice) not in self.not_for)

    @property
    def kind(self) -> CellKind:
        """What its cells are."""
        return _CELL_KINDS[self.parser]

    @property
    def may_be_blank(self) -> bool:
        """Whether leaving its cell blank can be advised: not where it may be all that says which trunk is meant."""
        return not self.required and self.parser is not Parser.NAME

    @property
    def allowed(self) -> str:
        """What may be in it, in words; empty where anything may."""
        words = []
        if self.choices:
            words.append(f"one of: {', '.join(self.choices)}")
        elif self.parser is Parser.NUMBER:
            words.append(f"a whole number up to {self.limit}" if self.limit else "a whole number")
        elif self.parser is Parser.LABEL:
            words.append(f"up to {self.limit} characters (accented letters count as two or more)")
        elif self.limit:
            words.append(f"up to {self.limit} characters")
        if self.clearable:
            words.append(f"{CLEAR} empties it")
        return "; ".join(words)

    @property
    def type_names(self) -> str:
        """Which trunk types have it, in words."""
        return ", ".join(kind for kind in TrunkType if kind in self.types)

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text that names this column."""
        return (self.label, self.field, *self.aliases, *HEADERS.get(self.field, ()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """One of the three linked sheets."""

    title: str
    """The sheet's name."""
    csv: str
    """The file that stands for it in a CSV folder."""
    help: str
    columns: tuple[Column, ...]
    types: frozenset[TrunkType] = EVERY_TYPE
    """Trunk types that have such rows."""
    aliases: tuple[str, ...] = ()
    required: bool = False
    of_fleets: tuple[Column, ...] = ()
    """Columns that it has besides in a workbook for many PBXs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of a sheet in a workbook that means this one."""
        return (self.title, *self.aliases, *SHEET_NAMES[self.title])

    @property
    def every_column(self) -> tuple[Column, ...]:
        """Its columns, those of a workbook for many PBXs, and those in which people say the same otherwise."""
        return self.columns + self.of_fleets

    def column(self, field: str) -> Column:
        """Return the column that holds ``field``; for ``did+2``, the second column of DIDs, that of DIDs."""
        name = plain_field(field)
        return next(column for column in self.every_column if column.field == name)


def plain_field(name: str) -> str:
    """Return what a column is a column of: ``did`` for ``did+2``, the second of several columns of DIDs."""
    return name.partition("+")[0]


@cache
def words_of(sheet: Sheet) -> Mapping[str, str]:
    """Return every header that is known on a sheet, folded, and the field that it means."""
    known = (*sheet.columns, *sheet.of_fleets)
    words = {folded(text): column.field for column in known for text in column.headers}
    for block in sheet.blocks if isinstance(sheet, ListSheet) else ():
        words = block.words(sheet.column(block.field)) | words
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockColumns:
    """Columns in which people say a block: its first and its last number, or the first and how many there are."""

    field: str
    """The column that a block is said in otherwise."""
    first: Column
    last: Column
    count: Column | None = None
    most: int
    """Most numbers of a block."""
    written_out: bool
    """Whether a block becomes single numbers."""
    noun: str
    """The part of ``[LANGUAGE.blocks]`` with what people call the numbers."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The two or three columns."""
        return tuple(filter(None, (self.first, self.last, self.count)))

    def words(self, column: Column) -> dict[str, str]:
        """Return every header that means one of the columns, folded, and its field; ``column`` is that of `field`."""
        words: dict[str, str] = {}
        for language in _LANGUAGES:
            blocks = language["blocks"]
            own = (column.label, column.field, *column.aliases)
            nouns = [*_folded(blocks[self.noun], language.get("headers", {}).get(self.field, "")), *map(folded, own)]
            for one, part in ((self.first, "first"), (self.last, "last"), (self.count, "count")):
                if one is not None:
                    bare = _folded(blocks[part]) if self.count else []
                    beside = _folded(blocks.get(f"{part}_beside", blocks[part]))
                    called = _folded(blocks["numbers"]) if part == "count" else nouns
                    joined = (text for word in beside for noun in called for text in (word + noun, noun + word))
                    words |= dict.fromkeys((*bare, *joined), one.field)
        named = {folded(text): one.field for one in self.columns for text in one.headers}
        return words | named


def block_columns(
    field: str, word: str, noun: str, most: int, first: str, last: str, *, written_out: bool = False
) -> BlockColumns:
    """Describe the columns of a block of numbers, or of extensions, which are not counted."""
    parser = Parser.DIAL if noun == "number" else Parser.EXTENSION_RANGE
    ends = [
        Column(label=label, field=f"{field}{behind}", parser=parser, help=text, example=example)
        for label, behind, example, text in (
            (f"First {word}", "_from", first, f"The first {word} of a block."),
            (f"Last {word}", "_to", last, f"The last {word} of a block."),
        )
    ]
    count = Column(
        label="Quantity",
        field=f"{field}_count",
        parser=Parser.NUMBER,
        help=f"How many numbers a block has, beginning with the {word} of its row.",
        example="100",
    )
    return BlockColumns(
        field=field,
        first=ends[0],
        last=ends[1],
        count=count if noun == "number" else None,
        most=most,
        noun=noun,
        written_out=written_out,
    )


def _folded(*texts: str) -> list[str]:
    return list(map(folded, _words(*texts)))


@cache
def bare_words() -> frozenset[str]:
    """Return the headers, folded, that mean the end of a block only where numbers stand below: ``To``, ``Last``."""
    return frozenset(
        word
        for language in _LANGUAGES
        for part in ("first", "last", "unsure")
        for word in _folded(language["blocks"].get(part, ""))
    )


@cache
def several_words(sheet: ListSheet) -> frozenset[str]:
    """Return what, folded, heads a column of lists or ranges of numbers, where numbers stand below: ``DIDs``."""
    words = (word for language in _LANGUAGES for word in _folded(language["blocks"]["several"]))
    return frozenset(word for word in words if sheet.number == "did" or not re.search("did|ddi|sda", word))


@cache
def numbered_words(sheet: ListSheet) -> frozenset[str]:
    """Return what, with a number behind or in front, heads one of several columns of numbers: ``DID 2``."""
    own = {folded(text) for text in sheet.column(sheet.number).headers}
    return frozenset(own.union(*(_folded(language["blocks"]["number"]) for language in _LANGUAGES)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListSheet(Sheet):
    """A sheet whose rows are the entries of one list of a trunk, and all that is to be said of such a list."""

    api: str
    """The API's name of the list."""
    name: str
    """Ours, in JSON and journals."""
    number: str
    """The column of an entry's number."""
    word: str
    """What people call an entry."""
    blocks: tuple[BlockColumns, ...] = ()
    """Columns in which people say blocks of numbers, or of extensions."""

    @property
    def every_column(self) -> tuple[Column, ...]:
        """Its columns, those of a workbook for many PBXs, and those in which people say blocks."""
        return self.columns + self.of_fleets + tuple(column for block in self.blocks for column in block.columns)

    @property
    def words(self) -> str:
        """What people call its entries."""
        return f"{self.word}s"

    @property
    def mode(self) -> str:
        """The column of the Trunks sheet that says what the rows do to the list."""
        return f"{self.name}_mode"
