"""THE table of sheets and columns: every fact about a column stands here and nowhere else.

Template, reader, rules of type and limit, payload, diff, export, results and `explain` follow from it. A setting that
the PBX takes as a plain value is one entry, with ``sent=True``.

Sources: the vendor's page "Edit a SIP Trunk" for the fields and which type has them, the vendor's import pages
for the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from batch.schema import translations
from batch.schema.spellings import folded, letters

__all__ = [
    "BASE",
    "CALLER_IDS",
    "CLEAR",
    "CODECS",
    "DIDS",
    "EVERY_TYPE",
    "HIDDEN_SHEETS",
    "IMPRINT",
    "LISTS",
    "MARK",
    "MAX_CALLER_IDS_IN_RANGE",
    "MAX_DID",
    "MAX_DIDS_IN_RANGE",
    "MAX_ENTRY_NAME_BYTES",
    "MAX_EXTENSION_DIGITS",
    "NAME_FORBIDS",
    "NO",
    "NOT_ACCOUNT",
    "NOT_PEER",
    "ONLY_REGISTER",
    "OWN_SHEETS",
    "READ_ONLY",
    "RESERVED_HEADERS",
    "RESULT_HEADERS",
    "SHEETS",
    "TRANSPORTS",
    "TRUNKS",
    "YES",
    "Column",
    "Mode",
    "Parser",
    "Sheet",
    "TrunkType",
    "folded",
    "letters",
]

CLEAR: Final = "<clear>"
"""What a cell says to empty a field on purpose; a blank cell leaves the field alone."""

CODECS: Final = (
    "ulaw",
    "alaw",
    "g729",
    "gsm",
    "h264",
    "h263",
    "h263p",
    "ilbc",
    "g722",
    "g726",
    "speex",
    "adpcm",
    "mpeg4",
    "vp8",
    "opus",
)
TRANSPORTS: Final = ("udp", "tcp", "tls", "dnsnaptr")
YES: Final = frozenset({"yes", "1", "true", "on", "enabled"}) | translations.YES_WORDS
NO: Final = frozenset({"no", "0", "false", "off", "disabled"}) | translations.NO_WORDS

NAME_FORBIDS: Final = " :!$()/#;,[]\\\"=<>&'`^%@{}|"
"""Characters that a trunk name cannot hold."""

MAX_DIDS_IN_RANGE: Final = 10_000
MAX_CALLER_IDS_IN_RANGE: Final = 500
MAX_DID: Final = 31
MAX_ENTRY_NAME_BYTES: Final = 127
MAX_EXTENSION_DIGITS: Final = 7


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
    def may_be_blank(self) -> bool:
        """Whether leaving its cell blank can be advised: not where it may be all that says which trunk is meant."""
        return not self.required and self.field != "name"

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text that names this column."""
        return (self.label, self.field, *self.aliases, *translations.HEADERS.get(self.field, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of a sheet in a workbook that means this one."""
        return (self.title, *self.aliases, *translations.SHEET_NAMES[self.title])

    def column(self, field: str) -> Column:
        """Return the column that holds ``field``."""
        return next(column for column in self.columns if column.field == field)


_MODES = tuple(Mode)

TRUNKS: Final = Sheet(
    title="Trunks",
    csv="trunks.csv",
    aliases=("Trunk", "SIP trunks"),
    required=True,
    help="One row per trunk. A blank cell leaves that setting as it is on the PBX.",
    columns=(
        Column(
            label="Trunk ID",
            field="id",
            parser=Parser.NUMBER,
            aliases=("trunk_id",),
            help="The PBX's own number of the trunk. Leave it blank to find the trunk by its Name.",
            example="12",
            width=10,
        ),
        Column(
            label="Type",
            field="type",
            parser=Parser.CHOICE,
            choices=tuple(TrunkType),
            aliases=("trunk type",),
            help="What kind of trunk it is. It cannot be changed; leave it blank to take it from the PBX.",
            example="register",
            width=10,
        ),
        Column(
            label="Name",
            field="name",
            parser=Parser.NAME,
            limit=63,
            aliases=("trunk name",),
            help="With a Trunk ID: the name the trunk shall have. Without one: the name of the trunk to find. "
            "No spaces and none of : ! $ ( ) / # ; , [ ] \\ \" = < > & ' ` ^ % @ { } |",
            example="London-1",
            sent=True,
            registration=False,
            width=22,
        ),
        Column(
            label="Enabled",
            field="enable",
            parser=Parser.YES_NO,
            choices=("yes", "no"),
            aliases=("Trunk status",),
            help="Whether the trunk is in use.",
            example="yes",
            sent=True,
            width=10,
        ),
        Column(
            label="Transport",
            field="transport",
            parser=Parser.CHOICE,
            choices=TRANSPORTS,
            not_for=((TrunkType.ACCOUNT, "dnsnaptr"),),
            help="How SIP travels. Account trunks cannot use dnsnaptr.",
            example="tls",
            sent=True,
            width=11,
        ),
        Column(
            label="Hostname",
            field="hostname",
            parser=Parser.HOST,
            limit=255,
            aliases=("host", "Hostname/IP", "SIP server"),
            help="The carrier's domain or IP address.",
            example="sip.carrier.example",
            types=NOT_ACCOUNT,
            sent=True,
            width=26,
        ),
        Column(
            label="Port",
            field="port",
            parser=Parser.NUMBER,
            limit=65535,
            help="The carrier's SIP port.",
            example="5061",
            types=NOT_ACCOUNT,
            sent=True,
            width=8,
        ),
        Column(
            label="Domain",
            field="domain",
            parser=Parser.HOST,
            limit=255,
            clearable=True,
            help="The carrier's SIP domain, where it differs from the hostname.",
            example="carrier.example",
            types=NOT_ACCOUNT,
            sent=True,
            width=22,
        ),
        Column(
            label="Username",
            field="username",
            limit=255,
            help="The SIP account's user name.",
            example="442079460100",
            types=NOT_PEER,
            sent=True,
            width=20,
        ),
        Column(
            label="Password",
            field="password",
            parser=Parser.SECRET,
            limit=255,
            help="The SIP account's password. Better than the password itself: env:NAME or file:PATH, "
            "which say where it is found; whoever runs the program allows it with --secrets-from.",
            example="env:LONDON_SIP",
            types=NOT_PEER,
            sent=True,
            width=20,
        ),
        Column(
            label="Auth name",
            field="auth_name",
            limit=255,
            clearable=True,
            aliases=("authentication name", "Authentication ID", "Auth ID", "Auth user"),
            help="The authentication name, where the carrier gave one.",
            example="london-auth",
            types=NOT_PEER,
            sent=True,
            width=18,
        ),
        Column(
            label="Outbound proxy",
            field="enb_outbound_proxy",
            parser=Parser.YES_NO,
            choices=("yes", "no"),
            aliases=("Outbound proxy (on/off)", "Enable outbound proxy"),
            help="Whether calls go through an outbound proxy.",
            example="no",
            types=ONLY_REGISTER,
            sent=True,
            width=15,
        ),
        Column(
            label="Outbound proxy server",
            field="outbound_proxy_server",
            parser=Parser.HOST,
            limit=255,
            clearable=True,
            help="The outbound proxy's domain or IP address.",
            example="proxy.carrier.example",
            types=ONLY_REGISTER,
            sent=True,
            width=24,
        ),
        Column(
            label="Outbound proxy port",
            field="outbound_proxy_port",
            parser=Parser.NUMBER,
            limit=65535,
            help="The outbound proxy's port.",
            example="5060",
            types=ONLY_REGISTER,
            sent=True,
            width=14,
        ),
        Column(
            label="Codecs",
            field="codec_sel",
            parser=Parser.CODECS,
            aliases=("codec",),
            help="Codecs in order of priority, with commas between: " + ", ".join(CODECS) + ".",
            example="alaw,ulaw,g729",
            sent=True,
            registration=False,
            width=20,
        ),
        Column(
            label="Default caller ID",
            field="def_outbound_cid",
            parser=Parser.DIAL,
            limit=MAX_DID,
            clearable=True,
            aliases=("default outbound caller id",),
            help="The number shown to people who are called, where no row of Caller IDs fits.",
            example="+442079460100",
            sent=True,
            registration=False,
            shared=True,
            width=20,
        ),
        Column(
            label="Default caller ID name",
            field="def_outbound_cid_name",
            parser=Parser.LABEL,
            limit=MAX_ENTRY_NAME_BYTES,
            clearable=True,
            aliases=("default outbound caller id name",),
            help="The name shown with it.",
            example="Acme London",
            sent=True,
            registration=False,
            shared=True,
            width=22,
        ),
        Column(
            label="Caller IDs mode",
            field="caller_ids_mode",
            parser=Parser.CHOICE,
            choices=_MODES,
            help="What the rows of the Caller IDs sheet do: replace the trunk's list, add to it or remove from it. "
            "Blank replaces, but stops if entries would be lost, until you allow it.",
            example="replace",
            width=16,
        ),
        Column(
            label="DIDs mode",
            field="dids_mode",
            parser=Parser.CHOICE,
            choices=_MODES,
            help="What the rows of the DIDs sheet do: replace the trunk's list, add to it or remove from it. "
            "Blank replaces, but stops if entries would be lost, until you allow it.",
            example="add",
            types=NOT_ACCOUNT,
            width=11,
        ),
        Column(
            label="Action",
            field="action",
            parser=Parser.CHOICE,
            choices=("update", "skip"),
            help="skip leaves this trunk out, with all its rows on the other sheets.",
            example="update",
            width=9,
        ),
    ),
)

CALLER_IDS: Final = Sheet(
    title="Caller IDs",
    csv="caller_ids.csv",
    aliases=("Caller ID", "CallerIDs", "Outbound caller IDs"),
    help="One row per outbound caller ID of a trunk, in the order in which the PBX shall look at them.",
    columns=(
        Column(
            label="Trunk",
            field="trunk",
            parser=Parser.TRUNK,
            aliases=("Trunk name", "Trunk ID", "SIP trunk"),
            help="Which trunk: the Trunk ID or the Name as it stands on the Trunks sheet.",
            example="London-1",
            required=True,
            width=22,
        ),
        Column(
            label="Option",
            field="outbound_cid_option",
            parser=Parser.CHOICE,
            choices=("shared", "range"),
            synonyms=(("single", "shared"),),
            aliases=("caller id option", "Create method"),
            help="shared: one number for the extensions and groups named here. "
            "range: consecutive numbers for consecutive extensions.",
            example="shared",
            required=True,
            width=10,
        ),
        Column(
            label="Caller ID",
            field="outbound_cid",
            parser=Parser.DIAL,
            limit=MAX_DID,
            aliases=("outbound caller id", "number"),
            help="The number shown; with option range, first and last number with a dash between. "
            "Up to 31 digits, letters and [ ] ( ) . - + * #, or the placeholder {{.Ext}}.",
            example="+442079460100",
            required=True,
            clearable=True,
            width=28,
        ),
        Column(
            label="Caller ID name",
            field="outbound_cid_name",
            parser=Parser.LABEL,
            limit=MAX_ENTRY_NAME_BYTES,
            clearable=True,
            aliases=("outbound caller id name",),
            help="The name shown with it.",
            example="Acme Sales",
            width=22,
        ),
        Column(
            label="Extension range",
            field="outbound_cid_to_ext_range",
            parser=Parser.EXTENSION_RANGE,
            aliases=("ext range", "extension-range"),
            help="With option range: first and last extension, as many as there are numbers.",
            example="1001-1010",
            width=16,
        ),
        Column(
            label="Extensions",
            field="extensions",
            parser=Parser.EXTENSIONS,
            aliases=("extension numbers", "Extension", "Associated extensions"),
            help="With option shared: extension numbers with commas between. #12 means the PBX's internal id 12.",
            example="1001, 1002",
            width=20,
        ),
        Column(
            label="Extension groups",
            field="extension_groups",
            parser=Parser.GROUPS,
            aliases=("ext groups", "groups"),
            help="With option shared: names of extension groups with commas between; "
            'put a name that holds a comma into "double quotes".',
            example="Sales",
            width=20,
        ),
    ),
)

DIDS: Final = Sheet(
    title="DIDs",
    csv="dids.csv",
    types=NOT_ACCOUNT,
    aliases=("DID", "DID numbers", "DDIs"),
    help="One row per DID of a trunk, in the order in which the PBX shall match them.",
    columns=(
        Column(
            label="Trunk",
            field="trunk",
            parser=Parser.TRUNK,
            aliases=("Trunk name", "Trunk ID", "SIP trunk"),
            help="Which trunk: the Trunk ID or the Name as it stands on the Trunks sheet.",
            example="London-1",
            required=True,
            width=22,
        ),
        Column(
            label="DID",
            field="did",
            parser=Parser.DIAL,
            limit=MAX_DID,
            aliases=("ddi", "did number", "DDI number", "Phone number", "DID/DDI"),
            help="The number as the carrier sends it, up to 31 digits, letters and [ ] * # ( ) . - + !, or a pattern "
            "(X 0-9, Z 1-9, N 2-9). A range like 442079460100-199 is written out into single numbers.",
            example="442079460100",
            required=True,
            clearable=True,
            width=28,
        ),
        Column(
            label="DID name",
            field="did_name",
            parser=Parser.LABEL,
            limit=MAX_ENTRY_NAME_BYTES,
            clearable=True,
            aliases=("DID/DDI name", "DDI name"),
            help="A name for the number, shown on ringing phones.",
            example="Reception",
            width=24,
        ),
    ),
)

SHEETS: Final = (TRUNKS, CALLER_IDS, DIDS)

RESERVED_HEADERS: Final = ("Move from", "Wave", "PBX")
"""Headers that will mean something one day; until then they are a problem, so that none is silently ignored."""

RESULT_HEADERS: Final = (
    "Result",
    "Errcode",
    "Errmsg",
    "HTTP status",
    "Attempts",
    "Elapsed ms",
    "Finished at",
    "What to do",
)
"""The eight columns that results add to each of the three sheets."""

READ_ONLY: Final = "Read-only lists"
"""The sheet of an export with what a workbook cannot say."""

OWN_SHEETS: Final = ("Summary", "Changes", "Problems", "How to fill this in", "Glossary", READ_ONLY)
"""Sheets that the tool itself writes; in a file that bears our mark they are not the user's."""

IMPRINT: Final = "trunk-batch"
BASE: Final = "trunk-batch base"
LISTS: Final = "trunk-batch lists"
HIDDEN_SHEETS: Final = (IMPRINT, BASE, LISTS)
"""Sheets that people do not see: what the tool says to itself, what an export began with, lists behind drop-downs."""

MARK: Final = "trunk-batch"
"""Name of the custom document property that a workbook written by the tool bears."""
