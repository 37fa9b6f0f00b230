"""Combined columns: columns that together say one field of a row, put together into its text.

First and last number, first number and how many, and ``DID 1`` to ``DID 40`` all come to the text of the number
field: a block is written ``first..last``, both in full, and several numbers stand one a line, in the columns' order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from batch.schema.column_model import ListSheet, Sheet, plain_field
from batch.schema.problems import Finding
from batch.tables.written_numbers import surely_together
from batch.wording import folded

_BREAKS: Final = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*")
_NUMBER: Final = re.compile(r"(\+?)([0-9]+)")
_RANGE: Final = re.compile(r"(\+?)([0-9]+)\s*(?:[-\N{EN DASH}]|\.\.)\s*(\+?)([0-9]+)")
_COUNT: Final = re.compile(r"[1-9][0-9]*")
_NEAR_COUNT: Final = re.compile(r"\D*?0*([1-9][0-9]{0,5})(?:[.,]0+)?\D*")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}[.,'\u2019\s][0-9]{3}")
_SHORT: Final = 7
"""Digits of the end of a number are fewer; so many are a number by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedTexts:
    """What several columns come to."""

    texts: list[str]
    """For each row the text of the field, a line for each number or block."""
    sources: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By offset, where it is not the field's own column alone: which column each line comes from."""
    findings: Sequence[tuple[int, str, Finding]] = ()
    """What is wrong: offset, column, and what."""
    columns: tuple[str, ...]
    """The columns that were put together."""


Columns: TypeAlias = Mapping[str, Sequence[str]]
"""The texts of columns, all equally long, by the name of the column: ``did``, ``did+2``, ``did_to``."""


def side_by_side(columns: Columns, name: str) -> CombinedTexts:
    """Put columns of the same kind together, from left to right; blank cells between them do not count.

    ``name`` is the field, and its own column.
    """
    names = tuple(columns)
    own = names.index(name)
    texts: list[str] = []
    sources: dict[int, tuple[str, ...]] = {}
    for offset, cells in enumerate(zip(*columns.values(), strict=True)):
        filled = [cell for cell in cells if cell]
        texts.append("\n".join(map(in_one_line, filled)) if len(filled) > 1 else "".join(filled))
        if len(filled) > 1 or (filled and filled[0] != cells[own]):
            sources[offset] = tuple(column for column, cell in zip(names, cells, strict=True) if cell)
    return CombinedTexts(texts=texts, sources=sources, columns=names)


def in_one_line(text: str) -> str:
    """Write a cell of several lines in one, with semicolons between them."""
    return _BREAKS.sub("; ", text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockNames:
    """The columns of a block, by name, and their headers; a column that the sheet lacks is ``""``."""

    first: str
    last: str = ""
    count: str = ""
    headers: Mapping[str, str]
    most: int
    """Most numbers of a block."""
    tells: bool = False
    """Whether to tell of each block that is counted; DIDs are told of where they are written out."""
    telephone: bool = True
    """Whether they are telephone numbers, of which the last may be short; extensions are not."""


def as_blocks(names: BlockNames, columns: Columns) -> CombinedTexts:
    """Put first and last number, or first number and how many, together into blocks."""
    firsts = columns[names.first]
    blank = [""] * len(firsts)
    texts: list[str] = []
    findings: list[tuple[int, str, Finding]] = []
    lasts, counts = columns.get(names.last, blank), columns.get(names.count, blank)
    for offset, (first, last, count) in enumerate(zip(firsts, lasts, counts, strict=True)):
        if not last and not count:
            texts.append(first)
            continue
        found = _block(names, first, last, count)
        if isinstance(found, str):
            texts.append(found)
            if names.tells and not last and (ends := _RANGE.fullmatch(found)):
                said = f"{int(count.removesuffix('.0')):,} numbers: {ends[1]}{ends[2]} to {ends[3]}{ends[4]}."
                findings.append((offset, names.count, Finding("columns-combined", said, found=count)))
        else:
            texts.append("")
            column, finding = found
            findings.append((offset, column, replace(finding, found=columns[column][offset])))
    return CombinedTexts(texts=texts, findings=findings, columns=tuple(columns))


def read_together(combined: CombinedTexts, name: str, called: Callable[[str], str]) -> str:
    """Say in a sentence which columns are read together.

    Args:
        combined: What they come to.
        name: The field, and its own column.
        called: Names a column, with its letters.
    """
    roles = {column.rpartition("_")[2]: called(column) for column in combined.columns if column != name}
    if set(roles) <= {"to", "count"}:
        ends = f"{called(name)} and {roles['to']} are the first and last number of a block" if "to" in roles else ""
        counts = f"{roles['count']} is the number of numbers in it" if "count" in roles else ""
        first = "" if ends else f"{called(name)} is the first number of a block"
        return ", and ".join(filter(None, (ends or first, counts))) + "."
    first, *_, last = combined.columns
    if len(combined.columns) == 2:
        return f"{called(first)} and {called(last)} are read together: each contains numbers for its row."
    which = f"The {len(combined.columns)} columns {called(first)} to {called(last)}"
    return f"{which} are read together: each contains numbers for its row."


_Fault: TypeAlias = tuple[str, Finding]
"""The column at fault, and what is wrong there."""


def _block(names: BlockNames, first: str, last: str, count: str) -> str | _Fault:
    if not first:
        return _without_first(names, last, count)
    text: str | _Fault = _from_to(names, first, last) if last else first
    if not count or not isinstance(text, str):
        return text
    return _counted(names, text, count, last)


def _without_first(names: BlockNames, last: str, count: str) -> _Fault:
    header, found = (names.last, last) if last else (names.count, count)
    called = names.headers[names.first]
    return names.first, Finding(
        "required",
        f"{names.headers[header]} is {found}, but {called} is blank.",
        f"Type the first number into {called}, or clear {names.headers[header]}.",
    )


def _from_to(names: BlockNames, first: str, last: str) -> str | _Fault:
    """Write a block by both ends in full; the last number may be short, as ``199`` behind ``442079460100``."""
    begin, end = _NUMBER.fullmatch(first), _NUMBER.fullmatch(last)
    if begin is None:
        return _no_first_number(names, first, last)
    if end is None:
        one = _in_digits(last)
        return names.last, Finding(
            "range-malformed",
            f"{last!r} is not a phone number, but {names.headers[names.last]} is the last number of the block.",
            f"Type {one}." if one else "Type the last number in digits only, in full or just its last digits.",
            (one,) if one else (),
        )
    plus, digits, ending = begin[1], begin[2], end[2]
    short = names.telephone and len(ending) < len(digits) and len(ending) < _SHORT
    if short:
        ending = digits[: -len(ending)] + ending
    fault = _unlike(names, first, plus + ending if short else last)
    if fault is None and int(ending) - int(digits) >= names.most:
        fault = _too_long(names, int(ending) - int(digits) + 1)
    if fault is not None:
        return names.last, fault
    return first if digits == ending and names.telephone else f"{first}..{plus}{ending}"


def _too_long(names: BlockNames, size: int) -> Finding:
    return Finding(
        "range-too-long",
        f"The block has {size:,} numbers; a row takes at most {names.most:,}.",
        "Correct it, or split it into several rows.",
    )


def _unlike(names: BlockNames, first: str, full: str) -> Finding | None:
    """Find two ends that do not make a block."""
    digits, ending = first.lstrip("+"), full.lstrip("+")
    if len(digits) != len(ending):
        return Finding(
            "range-malformed",
            f"{first} has {len(digits)} digits and {full} has {len(ending)}, so they cannot be the first and last "
            "number of a block.",
            "Type both with the same number of digits, or only the last digits of the last number.",
        )
    if first.startswith("+") != full.startswith("+"):
        typed = f"+{ending}" if first.startswith("+") else ending
        return Finding(
            "range-malformed",
            "Only one end of the block begins with +.",
            f"Type {typed}, or correct {names.headers[names.first]}.",
            (typed,),
        )
    if int(ending) < int(digits):
        return Finding(
            "range-backwards",
            f"The last number, {full}, is lower than the first, {first}.",
            f"Type a last number that is not lower than {first}. If the two are swapped, type {full} into "
            f"{names.headers[names.first]} and {first} here.",
        )
    return None


def _no_first_number(names: BlockNames, first: str, last: str) -> str | _Fault:
    """Say what is wrong with a block whose first cell is no number; a range that ends alike says the same twice."""
    span = _RANGE.fullmatch(first)
    if span and last.lstrip("+") in {span[4], _full_end(span)}:
        return first
    if span is None and re.search(r"[0-9]", first) is None:
        return names.first, Finding(
            "no-number",
            f"{first!r} cannot be the first number of a block that ends at {last}.",
            f"Type the first number in digits only, or clear {names.headers[names.last]}.",
        )
    one = _in_digits(first) if span is None else ""
    end = "" if _NUMBER.fullmatch(last) else _in_digits(last)
    also = f", and {end} into {names.headers[names.last]}" if one and end else ""
    return names.first, Finding(
        "range-malformed",
        f"The block ends at {last}, but its first number, {first}, is not one number in digits.",
        f"Type {one or 'only the first number, in digits'}{also}; or clear {names.headers[names.last]}.",
        (one,) if one else (),
    )


def _in_digits(text: str) -> str:
    """Return the one number that a text surely is, without its blanks and signs; nothing where it is none."""
    one = surely_together(text)
    return one if _NUMBER.fullmatch(one) else ""


def _full_end(span: re.Match[str]) -> str:
    first, last = span[2], span[4]
    return first[: len(first) - len(last)] + last if len(last) < len(first) else last


def _counted(names: BlockNames, text: str, count: str, last: str) -> str | _Fault:
    """Write a block of so many numbers by both ends; beside a block, the count must be its size."""
    if not _COUNT.fullmatch(count.removesuffix(".0")):
        return names.count, _no_count(count)
    size, number = int(count.removesuffix(".0")), _NUMBER.fullmatch(text)
    if number is not None and not last:
        return _from_first(names, number, size)
    there = _size(text)
    if there == size:
        return text
    called = names.headers[names.last] if last else names.headers[names.first]
    if there:
        return names.count, Finding(
            "number-count",
            f"{text} {'is one number' if there == 1 else f'are {there:,} numbers'}, and {names.headers[names.count]} "
            f"is {size:,}.",
            f"Type {there}, or correct the numbers.",
            (str(there),),
        )
    one = _in_digits(text)
    if one:
        said = f"A block cannot begin with {text}, which is not one number in digits."
        return names.first, Finding("range-malformed", said, f"Type {one}.", (one,))
    return names.count, Finding(
        "number-count",
        f"{called} is {text}, so a count of {size:,} cannot apply to it.",
        f"Type only the first number, in digits, into {called}; or clear this cell.",
    )


def _no_count(count: str) -> Finding:
    near = _NEAR_COUNT.fullmatch(count)
    offers = (near[1],) if near and not count.startswith("-") else ()
    if _THOUSANDS.fullmatch(count):
        offers = (re.sub(r"\D", "", count), *offers)
    return Finding(
        "not-a-number",
        f"{count!r} is not a count of numbers.",
        f"Type {' or '.join(offers) or 'a whole number from 1 on'}, or clear the cell for one number.",
        offers,
    )


def _from_first(names: BlockNames, number: re.Match[str], size: int) -> str | _Fault:
    if size > names.most:
        return names.count, _too_long(names, size)
    plus, digits = number[1], number[2]
    last = f"{int(digits) + size - 1:0{len(digits)}d}"
    if len(last) > len(digits):
        return names.count, Finding(
            "range-malformed",
            f"{size:,} numbers starting at {plus}{digits} end at {plus}{last}, which has more digits than the first.",
            f"Correct the count, or correct {names.headers[names.first]}.",
        )
    return f"{plus}{digits}..{plus}{last}" if size > 1 else f"{plus}{digits}"


def _size(text: str) -> int:
    """Return how many numbers a text stands for; 0 where it is neither a number, nor a range, nor a list of them."""
    sizes: list[int] = []
    for part in filter(None, re.split(r"\s*[;,\n]\s*", text)):
        span = _RANGE.fullmatch(part)
        if span is not None:
            sizes.append(int(_full_end(span)) - int(span[2]) + 1)
        elif _NUMBER.fullmatch(part):
            sizes.append(1)
        else:
            return 0
    return sum(sizes)


def holds(text: str, number: str) -> bool:
    """Tell whether a text is a number, or a list or range with it."""
    if text == number:
        return True
    parts = re.split(r"[;,|/\s]+", text)
    return number in parts or any(_within(number, span) for span in map(_RANGE.fullmatch, parts) if span)


def _within(number: str, span: re.Match[str]) -> bool:
    first, found = span[1] + span[2], _NUMBER.fullmatch(number)
    if found is None or (len(number), found[1]) != (len(first), span[1]):
        return False
    return int(span[2]) <= int(found[2]) <= int(_full_end(span))


_NUMBERED: Final = (
    re.compile(r"(?P<head>.*?[^\d.#(])[.#(]*(?:no|nr|n[o\N{DEGREE SIGN}])?[.#(]*[0-9]{1,3}\)?"),
    re.compile(r"[#\u7b2c]?[0-9]{1,3}(?:st|[nr]d|th|er|e|eme|a|o)?[.)\u4e2a\u500b]*(?P<head>\D+)"),
)


def is_numbered(header: str, words: Collection[str]) -> bool:
    """Tell whether a header is one of these words, folded, with a number: ``DID 2``, ``DID #2``, ``2nd number``."""
    found = [pattern.fullmatch(folded(header)) for pattern in _NUMBERED]
    return any(one["head"] in words for one in found if one)


def combined_names(names: Iterable[str]) -> dict[str, list[str]]:
    """Gather the columns of each field: ``did`` to ``did``, ``did+2`` …, in their order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(plain_field(name), []).append(name)
    return found


def combine(
    sheet: Sheet, positions: Mapping[str, int], texts: Columns, headers: Mapping[str, str]
) -> Iterator[tuple[str, CombinedTexts]]:
    """Put together what belongs together on a sheet; yields each field that several columns say.

    Args:
        positions: Of the columns, by name.
        texts: Of the columns, by name.
        headers: As people wrote them, by name.
    """
    for block in sheet.blocks if isinstance(sheet, ListSheet) else ():
        last, count = (c.field if c and c.field in texts else "" for c in (block.last, block.count))
        if block.field in texts and (last or count):
            names = BlockNames(
                first=block.field,
                last=last,
                count=count,
                headers=headers,
                most=block.most,
                tells=not block.written_out,
                telephone=block.count is not None,
            )
            yield block.field, as_blocks(names, {name: texts[name] for name in (block.field, last, count) if name})
    for name, columns in combined_names(sorted(texts, key=positions.__getitem__)).items():
        if len(columns) > 1:
            yield name, side_by_side({column: texts[column] for column in columns}, name)
