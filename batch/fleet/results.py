"""Results of a fleet: what each PBX's run says of its rows, put together into one workbook and one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from batch.commands.check import Checked
from batch.commands.outputs import RunContext, WrittenOutput, without_sending, write_outputs
from batch.fleet.pbxs import Pbx
from batch.runs.fleet_folder import FleetFolder
from batch.runs.folders import RunFolder, results_path
from batch.runs.outcomes import Ending, Outcome, RowEndings
from batch.runs.serialization import fits, is_listed, is_moment, read_outcome, read_problem
from batch.schema.columns import TRUNKS
from batch.schema.file_metadata import PBX_LIST, PRACTICE_MARK, UNDO_MARK, plain_stem
from batch.schema.problems import Problem
from batch.settings import Settings
from batch.tables.row_results import ChangeLine, ListedSheet, Tone
from batch.wording import counted, moment, some_of
from batch.writers.run_results import Results, give_back

NOT_RUN: Final = str(Ending.NOT_RUN)
"""State of a PBX that was planned, and not begun."""
GATE_SHUT: Final = "gate-shut"
"""Code of what kept the PBXs of a wave from being begun: it is told once for all of them."""
_NAMED: Final = 6
_STATES: Final = {
    0: "as wanted",
    2: "cannot be done",
    3: "to correct",
    4: "held back",
    5: "unfinished",
    6: "not reached",
    130: "stopped",
}
_BY_ERROR: Final = {
    "sign-in-refused": "sign-in refused",
    "address-blocked": "address blocked",
    "pbx-unusable": "refused by the PBX",
    "lost": "not heard of",
    "not-allowed": "refused by its worker",
}
_TONES: Final = {"as wanted": Tone.GOOD, "not chosen": Tone.QUIET, NOT_RUN: Tone.QUIET, "unfinished": Tone.WARN}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """How a run over many PBXs went."""

    checked: Checked
    folder: FleetFolder
    pbxs: Mapping[str, Pbx]
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet."""
    endings: RowEndings
    results: Results
    outputs: Sequence[WrittenOutput] = ()
    listed: Sequence[ListedSheet] = ()
    attention: Sequence[str] = ()
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 where all is as wanted, 5 where something is left, 130 if it was stopped."""
        if self.interrupted:
            return 130
        chosen = [pbx for pbx in self.pbxs.values() if pbx.chosen]
        done = all(pbx.exit_code == 0 and not pbx.error and not pbx.differs for pbx in chosen)
        return 0 if done and all(outcome.as_wanted for outcome in self.outcomes.values()) else 5


def on(pbx: str, trunk: str) -> str:
    """Call a trunk by its name and its PBX: others may have one of that name."""
    return f"{trunk} ({pbx})"


def state_of(pbx: Pbx) -> str:
    """Say in a word how a PBX stands."""
    if not pbx.chosen and not pbx.is_begun:
        return "not chosen"
    if pbx.why:
        return "to correct" if pbx.settings else "no settings"
    if pbx.error in _BY_ERROR:
        return _BY_ERROR[pbx.error]
    if pbx.answer.get("command") == "plan" or pbx.exit_code is None:
        return _STATES.get(pbx.exit_code or 0, "fault") if pbx.exit_code else NOT_RUN
    return _STATES.get(pbx.exit_code, "fault")


def write_fleet_results(
    checked: Checked,
    pbxs: Mapping[str, Pbx],
    folder: FleetFolder,
    *,
    interrupted: bool = False,
    attention: Sequence[str] = (),
) -> FleetReport:
    """Put together what is known of every PBX, and write the results beside the workbook and into the run's folder."""
    settings, answers = checked.settings, {name: pbx.answer for name, pbx in pbxs.items()}
    aside = {row for pbx in pbxs.values() if not (pbx.chosen or pbx.is_begun) for row in pbx.rows}
    stopping = [] if folder.command == "undo" else checked.problems.stopping
    begun = {name: answer for name, answer in answers.items() if answer.get("command") != "plan"}
    of_workbook = [problem for problem in stopping if problem.trunk not in aside]
    of_answers = [] if folder.command == "undo" else [*_problems(answers.values())]
    outcomes = _outcomes(checked, pbxs, [*of_workbook, *of_answers])
    first = [*attention, *_alike(answers)]
    context = RunContext(
        checked=checked,
        address=f"{counted(len(pbxs), 'PBX')}: {some_of(pbxs, _NAMED)}",
        practice=folder.practice,
        folder=RunFolder(path=folder.path, id=folder.id, copy=folder.copy),
        started=folder.started,
        problems=[*of_workbook, *of_answers],
        approval=folder.approval,
        command=folder.command,
        listed=[pbxs_sheet(pbxs, outcomes), *listed_of(begun)],
    )
    endings = context.end(outcomes)
    ended = replace(context.ended(outcomes, endings, first), lines=[*lines_of(answers)])
    results = give_back(ended, results_place(settings, goes_back=bool(folder.undoes)))
    return FleetReport(
        checked=checked,
        folder=folder,
        pbxs=pbxs,
        outcomes=outcomes,
        endings=endings,
        results=results,
        outputs=write_outputs(settings, ended, results),
        listed=context.listed,
        attention=first,
        interrupted=interrupted,
    )


def _alike(answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Tell what is to be looked at first, once where several PBXs say the same."""
    by_line: dict[str, list[str]] = {}
    for name, answer in answers.items():
        for line in answer.get("attention", ()):
            by_line.setdefault(line, []).append(name)
    yield from (f"{some_of(names, _NAMED)}: {line}" for line, names in by_line.items())


def results_place(settings: Settings, *, goes_back: bool = False) -> Path:
    """Return where the results go; those of what is taken back have a name of their own.

    Raises:
        UsageError: the folder that was asked for is not there, or the name is no workbook's.
        OutputError: the folder cannot be written to.
    """
    workbook, practice = settings.workbook, PRACTICE_MARK if settings.practice else ""
    if goes_back:
        workbook = workbook.with_name(f"{plain_stem(workbook)}{UNDO_MARK}{workbook.suffix}")
    return results_path(workbook, settings.results, practice)


def _problems(answers: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    for answer in answers:
        yield from filter(None, map(read_problem, answer.get("problems", ())))


def lines_of(answers: Mapping[str, Mapping[str, Any]]) -> Iterator[ChangeLine]:
    """Yield what changes, or was to, by what the PBXs say of it."""
    for name, answer in answers.items():
        for said in answer.get("changes", ()):
            if fits(said, [(str, bool)]) and len(said) == len(ChangeLine._fields):
                line = ChangeLine(*said)
                yield line._replace(trunk=on(name, line.trunk))


def _outcomes(checked: Checked, pbxs: Mapping[str, Pbx], problems: Sequence[Problem]) -> dict[int, Outcome]:
    """Return what became of every trunk: as its PBX's run says, else why nothing did."""
    found = without_sending(checked, problems, {})
    records = {record.row: record for record in checked.records.trunks}
    for pbx in pbxs.values():
        said = {int(row): one for row, one in pbx.answer.get("outcomes", {}).items() if row.isdecimal()}
        own = {*pbx.rows}
        found |= {row: replace(found[row], name=on(pbx.name, found[row].name)) for row in own & found.keys()}
        beyond = _shift(checked, pbx)
        for row, one in said.items():
            at = row if row in own else row + beyond
            if at in records:
                found[at] = replace(outcome := read_outcome(at, one), name=on(pbx.name, outcome.name))
        for row in own - found.keys():
            found[row] = _unheard(pbx, row, records[row].id, records[row].label)
    return found


def _shift(checked: Checked, pbx: Pbx) -> int:
    """Return how much larger the numbers of rows beyond the Trunks sheet are here than in the part."""
    whole = checked.tables.trunks.of_sheets
    last = max((row for row in pbx.rows if row not in pbx.invalid), default=0)
    return whole[-1][0] - last - 1 if whole else 0


def _unheard(pbx: Pbx, row: int, trunk_id: int | None, name: str) -> Outcome:
    """Return the ending of a trunk of which its PBX's run says nothing."""
    handed_out = pbx.answer.get("command") not in {None, "plan"}
    lost = handed_out and (pbx.exit_code is None or pbx.error == "lost")
    why = pbx.trouble
    return Outcome(
        row=row,
        ending=Ending.UNKNOWN if lost else Ending.NOT_RUN,
        trunk_id=trunk_id,
        name=on(pbx.name, name),
        note=why or ("It was not heard of since." if lost else ""),
        chosen=pbx.chosen,
        reached=lost,
    )


def listed_of(answers: Mapping[str, Mapping[str, Any]]) -> list[ListedSheet]:
    """Put what the PBXs list beside the changes together, sheet by sheet, with a column that says whose it is."""
    sheets: dict[str, ListedSheet] = {}
    for name, answer in answers.items():
        listed = answer.get("listed", ())
        for one in map(ListedSheet.from_json, listed if is_listed(listed) else ()):
            lines = [(name, *line) for line in one.lines]
            tones = [*one.tones] or [None] * len(lines)
            before = sheets.get(one.name)
            if before is None:
                sheets[one.name] = replace(one, columns={"PBX": 18, **one.columns}, lines=lines, tones=tones)
            elif [*before.columns] == ["PBX", *one.columns]:
                sheets[one.name] = replace(before, lines=[*before.lines, *lines], tones=[*before.tones, *tones])
    return list(sheets.values())


_COLUMNS: Final = {
    "PBX": 20,
    "Wave": 7,
    "State": 18,
    "Trunks": 9,
    "As wanted": 11,
    "Open": 8,
    "Address": 30,
    "Started": 21,
    "Ended": 21,
    "What": 60,
    "Run": 50,
}


def pbxs_sheet(pbxs: Mapping[str, Pbx], outcomes: Mapping[int, Outcome]) -> ListedSheet:
    """Make the sheet with a line for each PBX."""
    lines, tones = [], []
    for pbx in pbxs.values():
        ended = [outcomes[row] for row in pbx.rows if row in outcomes]
        wanted = sum(outcome.as_wanted and outcome.chosen for outcome in ended)
        state, answer = state_of(pbx), pbx.answer
        said = [str(answer.get(name, "")) for name in ("started", "ended")]
        times = [moment(datetime.fromisoformat(text)) if is_moment(text) else "" for text in said]
        left = sum(not outcome.as_wanted for outcome in ended)
        numbers: list[str | int] = [pbx.name, pbx.wave, state, len(ended), wanted, left]
        lines.append([*numbers, str(answer.get("address", "")), *times, pbx.trouble, str(answer.get("run", ""))])
        tones.append(_TONES.get(state, Tone.BAD))
    states = Counter(map(state_of, pbxs.values()))
    says = ", ".join(f"{number} {state}" for state, number in states.most_common())
    column = TRUNKS.column("pbx").label
    return ListedSheet(
        name=PBX_LIST,
        says=f"{counted(len(pbxs), 'PBX')}: {says}. Filter the column {column} to see the rows of one.",
        columns=_COLUMNS,
        lines=lines,
        tones=tones,
        tone=Tone.GOOD if set(states) <= {"as wanted", "not chosen"} else Tone.WARN,
    )
