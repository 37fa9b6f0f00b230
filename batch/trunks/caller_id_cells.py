"""Caller-ID cells: those of one row of the Caller IDs sheet, each understood in the light of the others."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from batch.schema.column_model import CLEAR
from batch.schema.columns import CALLER_IDS
from batch.schema.problems import Finding
from batch.trunks.group_names import no_groups_in
from batch.trunks.numbers import (
    NumberRange,
    RawId,
    parse_caller_id,
    parse_caller_id_range,
    parse_extension_range,
    parse_extensions,
)
from batch.trunks.values import nothing_to_clear, parse_value

_OPTION: Final = CALLER_IDS.column("outbound_cid_option")


class CallerIdCells(NamedTuple):
    """What stands in the cells of one caller-ID row, but for its trunk and its name."""

    outbound_cid_option: str
    outbound_cid: str
    outbound_cid_to_ext_range: str
    extensions: str
    extension_groups: str

    def key_only(self) -> CallerIdCells:
        """Leave out what does not tell entries apart."""
        return CallerIdCells(self.outbound_cid_option, self.outbound_cid, "", "", "")


CallerIdPart: TypeAlias = str | NumberRange | tuple[str | RawId, ...] | Finding | None
"""One understood cell; None where it is blank, or not to be understood without another one."""


def understood(texts: CallerIdCells) -> tuple[CallerIdPart, ...]:
    """Understand the cells of one row, each in the light of the others; a cell at fault is a `Finding`."""
    option = option_of(texts.outbound_cid_option)
    number = _number(option, texts.outbound_cid)
    return (
        option,
        number,
        _span(option, number, texts.outbound_cid_to_ext_range) if texts.outbound_cid_to_ext_range else None,
        _extensions(option, texts.extensions) if texts.extensions else None,
        _groups(option, texts.extension_groups) if texts.extension_groups else None,
    )


@lru_cache(maxsize=64)
def option_of(text: str) -> str | Finding | None:
    """Understand the option, ``shared`` or ``range``; None where the cell is blank."""
    option = parse_value(_OPTION, text) if text else None
    return option if option is None or isinstance(option, Finding) else str(option)


def _number(option: CallerIdPart, text: str) -> str | NumberRange | Finding | None:
    """Understand the caller ID, of which only the option says whether it is one number or many."""
    if not text or not isinstance(option, str):
        return None
    return parse_caller_id_range(text) if option == "range" else parse_caller_id(text)


def _extensions(option: CallerIdPart, text: str) -> tuple[str | RawId, ...] | Finding:
    return _misplaced(option, "shared", "extensions", text) or parse_extensions(text)


def _groups(option: CallerIdPart, text: str) -> str | Finding:
    return _misplaced(option, "shared", "extension_groups", text) or no_groups_in(text) or text


def _misplaced(option: CallerIdPart, needed: str, field: str, text: str) -> Finding | None:
    """Check that a cell goes with the row's option, if that is known."""
    if text == CLEAR:
        return nothing_to_clear(CALLER_IDS.column(field))
    if isinstance(option, str) and option != needed:
        return _mismatch(option, field)
    return None


def _span(option: CallerIdPart, number: CallerIdPart, text: str) -> str | Finding:
    span = _misplaced(option, "range", "outbound_cid_to_ext_range", text) or parse_extension_range(text)
    if isinstance(span, Finding):
        return span
    if isinstance(number, NumberRange) and span.size != number.size:
        return _unequal(number, span)
    return str(span)


def _mismatch(option: str, field: str) -> Finding:
    label = CALLER_IDS.column(field).label
    if option == "range":
        return Finding(
            "option-mismatch",
            f"With option range, {label} is not used.",
            "Clear the cell and fill in Extension range, or choose option shared.",
        )
    return Finding(
        "option-mismatch",
        f"With option shared, {label} is not used.",
        "Clear the cell and fill in Extensions or Extension groups, or choose option range.",
    )


def _unequal(number: NumberRange, span: NumberRange) -> Finding:
    fitting = f"{span.first}-{int(span.first) + number.size - 1:0{len(span.first)}d}"
    message = f"The Caller ID has {number.size} numbers ({number}), but Extension range has {span.size} ({span})."
    if isinstance(parse_extension_range(fitting), Finding):
        return Finding("range-unequal", message, "Type as many extensions as numbers, or change the Caller ID.")
    fix = f"For {number.size} extensions type {fitting}, or change the Caller ID."
    return Finding("range-unequal", message, fix, (fitting,))
