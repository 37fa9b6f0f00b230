"""THE table of sheets and columns: every fact about a column stands here and nowhere else.

Template, reader, rules of type and limit, payload, diff, export, results and `explain` follow from it. A setting that
the PBX takes as a plain value is one entry, with ``sent=True``.

Sources: the vendor's page "Edit a SIP Trunk" for the fields and which type has them, its import pages for the limits.
"""

from __future__ import annotations

from typing import Final

from batch.schema.column_model import (
    NOT_ACCOUNT,
    NOT_PEER,
    ONLY_REGISTER,
    Column,
    ListSheet,
    Mode,
    Parser,
    Sheet,
    TrunkType,
    block_columns,
)
from batch.schema.fleet_columns import PBX, WAVE

CODECS: Final = (
    *("ulaw", "alaw", "g729", "gsm", "h264", "h263", "h263p", "ilbc"),
    *("g722", "g726", "speex", "adpcm", "mpeg4", "vp8", "opus"),
)
NAME_FORBIDS: Final = " :!$()/#;,[]\\\"=<>&'`^%@{}|"
"""Characters that a trunk name cannot hold."""

MAX_DIDS_IN_RANGE: Final = 10_000
MAX_CALLER_IDS_IN_RANGE: Final = 500
MAX_DID: Final = 31
MAX_ENTRY_NAME_BYTES: Final = 127
MAX_EXTENSION_DIGITS: Final = 7

_MODES = tuple(Mode)

TRUNKS: Final = Sheet(
    title="Trunks",
    csv="trunks.csv",
    aliases=("Trunk", "SIP trunks"),
    required=True,
    help="One row per trunk. A blank cell leaves that setting as it is on the PBX.",
    of_fleets=(PBX, WAVE),
    columns=(
        Column(
            label="Trunk ID",
            field="id",
            parser=Parser.NUMBER,
            either=True,
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
            synonyms=(
                *((word, "peer") for word in ("did_based", "port_based", "private_network")),
                *((f"{kind} trunk", kind) for kind in TrunkType),
            ),
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
            either=True,
            aliases=("trunk name",),
            help="With a Trunk ID: the name the trunk is to have. Without one: the name of the trunk to find. "
            "No spaces and none of " + " ".join(NAME_FORBIDS.strip()),
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
            choices=("udp", "tcp", "tls", "dnsnaptr"),
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
            "which say where it is found; whoever runs the program has to allow it.",
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

_TRUNK: Final = Column(
    label="Trunk",
    field="trunk",
    parser=Parser.TRUNK,
    aliases=("Trunk name", "Trunk ID", "SIP trunk"),
    help="Which trunk: the Trunk ID or the Name as it is on the Trunks sheet.",
    example="London-1",
    required=True,
    width=22,
)
"""The first column of both lists."""

CALLER_IDS: Final = ListSheet(
    title="Caller IDs",
    csv="caller_ids.csv",
    api="outbound_cid_list",
    name="caller_ids",
    number="outbound_cid",
    word="caller ID",
    aliases=("Caller ID", "CallerIDs", "Outbound caller IDs"),
    blocks=(
        block_columns("outbound_cid", "caller ID", "number", MAX_CALLER_IDS_IN_RANGE, "+442079460100", "+442079460109"),
        block_columns("outbound_cid_to_ext_range", "extension", "extension", MAX_CALLER_IDS_IN_RANGE, "1001", "1010"),
    ),
    help="One row per outbound caller ID of a trunk, in the order in which the PBX looks at them.",
    of_fleets=(PBX,),
    columns=(
        _TRUNK,
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
            f"Up to {MAX_DID} digits, letters and [ ] ( ) . - + * #, or the placeholder {{{{.Ext}}}}.",
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

DIDS: Final = ListSheet(
    title="DIDs",
    csv="dids.csv",
    api="did_list",
    name="dids",
    number="did",
    word="DID",
    types=NOT_ACCOUNT,
    aliases=("DID", "DID numbers", "DDIs"),
    blocks=(
        block_columns("did", "DID", "number", MAX_DIDS_IN_RANGE, "442079460100", "442079460199", written_out=True),
    ),
    help="One row per DID of a trunk, in the order in which the PBX matches them.",
    of_fleets=(PBX,),
    columns=(
        _TRUNK,
        Column(
            label="DID",
            field="did",
            parser=Parser.DIAL,
            limit=MAX_DID,
            aliases=("ddi", "did number", "DDI number", "Number", "Phone number", "Telephone number", "DID/DDI"),
            help=f"The number as the carrier sends it, up to {MAX_DID} digits, letters and [ ] * # ( ) . - + !, or a "
            "pattern (X 0-9, Z 1-9, N 2-9). A range like 442079460100-199 is written out into single numbers.",
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
        Column(
            label="Move from",
            field="move_from",
            parser=Parser.TRUNK,
            aliases=("Move from trunk",),
            help="The trunk that gives the DID up: its Name or Trunk ID, on the sheet Trunks or only on the PBX. "
            "That trunk needs no row. Leave it blank for a DID that comes from no other trunk.",
            example="Leeds-1",
            width=22,
        ),
    ),
)

SHEETS: Final = (TRUNKS, CALLER_IDS, DIDS)
LIST_SHEETS: Final = (DIDS, CALLER_IDS)
LIST_OF: Final = {sheet.api: sheet for sheet in LIST_SHEETS}
"""By the API's name."""

RESULT_HEADERS: Final = (
    "Result",
    "What to do",
    "Errcode",
    "Errmsg",
    "HTTP status",
    "Attempts",
    "Elapsed ms",
    "Finished at",
)
"""The eight columns that results add to each of the three sheets."""
