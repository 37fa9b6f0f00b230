"""Origins: whether an export came from the PBX that it is now put against."""

from __future__ import annotations

from datetime import datetime

from batch.connections import PRACTICE, Connection
from batch.errors import UsageError
from batch.pbx.addresses import base_url_of, is_loopback
from batch.sheets.problems import Problem
from batch.sheets.rows import Tables
from batch.trunks.bases import Base


def foreign(base: Base, connection: Connection, tables: Tables) -> list[Problem]:
    """Report an export of another PBX: what it began with says nothing about this one.

    On the practice PBX it may be rehearsed, which is only told. What was exported from a practice PBX is for no other.
    """
    if is_same(base.pbx, connection.address):
        return []
    came_from = f"This workbook was exported from {base.pbx or 'a PBX that it does not name'}{_when(base.made_at)}"
    if connection.practice:
        return [
            Problem(
                code="base-practice",
                sheet=tables.trunks.name,
                value=base.pbx,
                message=f"{came_from}; here it is rehearsed on the practice PBX.",
                fix="Nothing to do. What the real PBX changed since the export is seen only by a plan against it.",
            )
        ]
    return [
        Problem(
            code="base-elsewhere",
            sheet=tables.trunks.name,
            value=base.pbx,
            message=f"{came_from}, not from {connection.address}, so it does not tell what changed on this one since.",
            fix=f"Use a workbook exported from {connection.address}; or copy the rows that are meant into an empty "
            "workbook (trunk-batch template), which is then compared with this PBX alone.",
        )
    ]


def is_same(one: str, other: str) -> bool:
    """Tell whether two addresses are those of one PBX, however they are spelled."""
    return _spelled(one) == _spelled(other)


def may_be_same(one: str, other: str) -> bool:
    """Tell whether two addresses may be those of one PBX: what is served on loopback gets another port each time."""
    return is_same(one, other) or all(address != PRACTICE and is_loopback(address) for address in (one, other))


def _spelled(address: str) -> str:
    if address == PRACTICE:
        return address
    try:
        return base_url_of(address)
    except UsageError:
        return address.strip().casefold()


def _when(made_at: str) -> str:
    try:
        return f" on {datetime.fromisoformat(made_at):%Y-%m-%d %H:%M}"
    except ValueError:
        return ""
