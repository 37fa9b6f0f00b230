"""The two columns of a workbook for many PBXs; without the first a workbook is for one PBX."""

from __future__ import annotations

from typing import Final

from batch.schema.column_model import Column, Parser

PBX: Final = Column(
    label="PBX",
    field="pbx",
    aliases=(
        *("PBX name", "PBX URL", "PBX host", "PBX address", "PBX IP", "IP-PBX", "IPBX", "Phone system"),
        *("Anlage", "TK-Anlage", "Telefonanlage", "TK-System", "Autocommutateur", "Standard t\u00e9l\u00e9phonique"),
        *("Centralita", "Central telef\u00f3nica", "\u4ea4\u6362\u673a", "\u7535\u8bdd\u7cfb\u7edf"),
    ),
    help="Which PBX the trunk is on: the name of a profile in trunk-batch.toml, or the PBX's address. On Caller IDs "
    "and DIDs it is needed only where trunks of two PBXs have one name.",
    example="berlin",
    width=16,
)
WAVE: Final = Column(
    label="Wave",
    field="wave",
    parser=Parser.NUMBER,
    limit=999,
    aliases=("Wave number",),
    help="The wave that the PBX is written in: 1 is first. All rows of a PBX have the same; blank follows the others.",
    example="1",
    width=7,
)
