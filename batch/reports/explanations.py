"""Explanations: what ``trunk-batch explain`` says of a code or word, from the tables that the program itself goes by.

It needs no workbook and no PBX, and imports nothing slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, groupby
from textwrap import TextWrapper
from typing import Any, Final

from batch.errors import UsageError, exit_codes_and_errors
from batch.pbx.error_codes import ERRCODES, REACTIONS, Errcode, explain
from batch.runs.outcomes import ENDINGS
from batch.schema.column_model import EVERY_TYPE, Column, Sheet
from batch.schema.columns import SHEETS
from batch.schema.problems import KINDS, Severity, glossary, glossary_texts, hazard_texts, problem_texts
from batch.wording import Meaning, folded, nearest_few, shortened

_WRAPPER: Final = TextWrapper(
    width=100, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
)


_HEADINGS: Final = {"problem": "Errors in a workbook (problems)", "notice": "Warnings about a workbook (notices)"}
_TO_PEOPLE: Final = {"problem": "error in a workbook", "notice": "warning about a workbook"}
"""What people call a kind that codes and JSON call otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What there is to say about one code or word; blank what it does not have."""

    kind: str
    """*exit code*, *error*, *ending*, *hazard*, *errcode*, *problem*, *notice*, *column* or *word*."""
    word: str
    """As it is typed behind ``explain``."""
    title: str = ""
    """A heading, or what the PBX calls it."""
    means: str
    example: str = ""
    fix: str = ""
    """What to do."""
    who: str = ""
    """Who can do it."""

    @property
    def called(self) -> str:
        """Its kind, as people call it."""
        return _TO_PEOPLE.get(self.kind, self.kind)

    @property
    def names(self) -> tuple[str, ...]:
        """What else it is found by."""
        return (self.word, f"{self.kind} {self.word}", f"{self.called.partition(' ')[0]} {self.word}", self.title)


def every_explanation() -> Iterator[Explanation]:
    """Give all there are, those of a kind together."""
    exit_codes, errors = exit_codes_and_errors()
    return chain(
        _meanings("exit code", exit_codes),
        _meanings("error", errors),
        _meanings("ending", ENDINGS),
        _meanings("hazard", hazard_texts()),
        map(_errcode, ERRCODES.values()),
        _problems(Severity.PROBLEM),
        _problems(Severity.NOTICE),
        (_column(sheet, column) for sheet in SHEETS for column in sheet.every_column),
        _words(),
    )


def _meanings(kind: str, table: Mapping[Any, Meaning]) -> Iterator[Explanation]:
    for code, meaning in table.items():
        yield Explanation(
            kind=kind,
            word=str(code),
            means=meaning.means,
            example=meaning.example,
            fix=meaning.next_step,
            who=meaning.who,
        )


def _errcode(errcode: Errcode) -> Explanation:
    return Explanation(
        kind="errcode",
        word=str(errcode.code),
        title=errcode.errmsg,
        means=f"{errcode.meaning} {REACTIONS[errcode.verdict]}",
        example=errcode.example,
        fix=errcode.next_step,
        who=errcode.who,
    )


def _problems(severity: Severity) -> Iterator[Explanation]:
    texts = problem_texts()
    for code, kind in sorted(KINDS.items()):
        if kind.severity is severity:
            yield Explanation(kind=severity, word=code, title=kind.title, who=kind.who, **texts[code])


def _column(sheet: Sheet, column: Column) -> Explanation:
    limits = f" {column.allowed[0].upper()}{column.allowed[1:]}." if column.allowed else ""
    only = "" if column.types == EVERY_TYPE else f" Only for trunks of type {column.type_names}."
    return Explanation(
        kind="column",
        word=column.label,
        title=column.field,
        means=f"On the sheet {sheet.title}. {column.help}{limits}{only}",
        example=column.example,
    )


def _words() -> Iterator[Explanation]:
    more = glossary_texts()["more"]
    elsewhere = {*hazard_texts(), *glossary_texts()["endings"]}
    for word, meaning in glossary().items():
        if word not in elsewhere:
            yield Explanation(kind="word", word=word, means=f"{meaning} {more.get(word, '')}".rstrip())


def find_explanations(words: Sequence[str]) -> list[Explanation]:
    """Find what there is to say.

    Args:
        words: a code, number or word, also with what it is in front (``errcode 5``); or a kind of them
            (``errcodes``), for all of that kind; or nothing, for all there are.

    Raises:
        UsageError: nothing is called so.
    """
    every = list(every_explanation())
    wanted = _key(" ".join(words))
    if not wanted:
        return every
    found = [one for one in every if wanted == _key(f"{one.kind}s")]
    found = found or [one for one in every if wanted in map(_key, one.names)]
    if not found and _is_number(wanted):
        found = [_errcode(explain(int(wanted)))]
    if not found:
        raise _nothing_like(" ".join(words), every)
    return found


def _key(text: str) -> str:
    """Return a word as it is compared: numbers as they are, because the sign of ``-1`` counts."""
    return "".join(part if _is_number(part) else folded(part) for part in text.split())


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _nothing_like(text: str, every: Sequence[Explanation]) -> UsageError:
    names = list(dict.fromkeys(one.word for one in every))
    near = nearest_few(text, names) or [name for name in names if folded(text) in folded(name)][:5]
    meant = f"Did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}? " if near else ""
    return UsageError(
        f"There is nothing called {shortened(text)!r} to explain.", f"{meant}trunk-batch explain lists what there is."
    )


def explanations_text(found: Sequence[Explanation]) -> Iterator[str]:
    """Tell what was found: a paragraph each; of a kind, or of all there are, a line each."""
    if len({_key(one.word) for one in found}) > 1:
        yield from _list_text(found)
        return
    for at, one in enumerate(found):
        yield from [""] if at else []
        yield from _paragraph(one)


def _list_text(found: Sequence[Explanation]) -> Iterator[str]:
    for kind, of_kind in groupby(found, key=lambda one: one.kind):
        listed = list(of_kind)
        width = max(len(one.word) for one in listed)
        yield _HEADINGS.get(kind, f"{kind[0].upper()}{kind[1:]}s")
        yield from (f"  {one.word:<{width}}  {shortened(one.title or one.means, 100)}" for one in listed)
        yield ""
    yield "More about one of them, with an example:  trunk-batch explain WORD"


def _paragraph(one: Explanation) -> Iterator[str]:
    brackets = f"[{one.called}; {one.who}]" if one.who else f"[{one.called}]"
    yield "  ".join(filter(None, (one.word, one.title, brackets)))
    for label, text in (("", one.means), ("Example: ", one.example), ("What to do: ", one.fix)):
        if text:
            yield from _WRAPPER.wrap(f"{label}{text}")


def explanations_json(found: Sequence[Explanation]) -> dict[str, Any]:
    """Make what ``explain --json`` prints."""
    return {"explanations": [asdict(one) for one in found]}
