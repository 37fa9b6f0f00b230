"""Approving: the plans of many PBXs as one workbook to sign, or one page, and whether what was signed still is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch.commands.command_lines import command
from batch.commands.outputs import without_sending
from batch.fleet.results import lines_of, listed_of, on, state_of
from batch.runs.outcomes import Ending, Outcome, end_rows
from batch.runs.plan_document import ChangeGroup, HazardLine, PlanDocument, PlanLine, to_be_approved
from batch.runs.run_report import summary
from batch.schema.file_metadata import PBX_LIST, FileMetadata
from batch.tables.row_results import ListedSheet, Summary, Tone
from batch.trunks.change_plan import Plan
from batch.wording import counted, duration, moment_and_zone, named
from batch.writers.printable import plan_page, write_page
from batch.writers.results_workbook import write_plan

if TYPE_CHECKING:
    from batch.fleet.fleet_interface import FleetPlanned


def write_fleet_plan(planned: FleetPlanned, path: Path, applied_by: str) -> Path:
    """Write the plans as a workbook to be signed; ``applied_by`` is the command for that, as it is typed.

    Returns:
        Where it lies.

    Raises:
        OutputError: it cannot be written.
    """
    metadata = FileMetadata(
        made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        pbx=planned.address,
        workbook=planned.checked.workbook.sha256,
        digest=planned.digest,
    )
    document, listed = _document(planned, applied_by)
    problems = planned.checked.problems.stopping
    answers = {name: pbx.answer for name, pbx in planned.pbxs.items() if pbx.digest}
    return write_plan(path, document, lines_of(answers), problems, metadata, listed)


def write_fleet_page(planned: FleetPlanned, path: Path, applied_by: str) -> Path:
    """Write the plans as a printable page, to be approved; arguments, returns and errors as `write_fleet_plan`."""
    return write_page(path, plan_page(*_document(planned, applied_by)))


def _document(planned: FleetPlanned, applied_by: str) -> tuple[PlanDocument, list[ListedSheet]]:
    said = {pbx.name: pbx.answer["document"] for pbx in planned.plannable}
    outcomes = _expected(planned, said)
    checked = planned.checked
    problems = checked.problems.stopping
    counts: Counter[str] = sum((Counter(one["counts"]) for one in said.values()), Counter())
    attention = [f"{name}: {line}" for name, one in said.items() for line in one["attention"]]
    attention += [f"{pbx.name} cannot be done: {pbx.trouble}" for pbx in planned.left]
    written = counted(counts["trunks_to_write"], "trunk")
    page = summary(
        title="Plan",
        address=planned.address,
        practice=checked.settings.practice,
        workbook=checked.workbook,
        outcomes=outcomes,
        endings=end_rows(checked.tables, checked.records, outcomes, problems),
        facts=[("Digest", planned.digest), ("Made at", moment_and_zone(datetime.now().astimezone()))],
        attention=attention,
        says=f"{written} would be written on {counted(len(said), 'PBX')}.",
    )
    seconds = max((one["seconds"] for one in said.values()), default=0.0)
    document = PlanDocument(
        summary=_not_only_chosen(to_be_approved(page, Plan(pbx=planned.address, problems=problems))),
        workbook=checked.workbook.path.name,
        pbx=planned.address,
        hazards=[
            HazardLine(**{**line, "message": f"{name}: {line['message']}"})
            for name, one in said.items()
            for line in one["hazards"]
        ],
        counts={**dict.fromkeys(_counted(said), 0), **counts},
        requests=sum(one["requests"] for one in said.values()),
        takes=f"about {duration(seconds)} on the longest PBX",
        groups=[_group(name, *group) for name, one in said.items() for group in one["groups"]],
        command=applied_by,
        going_back=[f"{name}: {line}" for name, one in said.items() for line in one["going_back"]],
        why_not=_why_not(planned, counts["trunks_to_write"]),
    )
    return document, [_sheet(planned, said), *listed_of({n: p.answer for n, p in planned.pbxs.items()})]


def _not_only_chosen(page: Summary) -> Summary:
    """Say of rows that would not be sent that this may be for their PBX."""
    means = "Not chosen, or the PBX cannot be done; nothing would be sent."
    counts = [
        replace(one, ending="not sent", meaning=means) if one.ending == "not chosen" else one for one in page.counts
    ]
    return replace(page, counts=counts)


_COLUMNS: Final = {"PBX": 20, "Wave": 7, "State": 18, "To write": 10, "Up to date": 11, "Address": 30, "Why": 60}


def _sheet(planned: FleetPlanned, said: Mapping[str, Any]) -> ListedSheet:
    """Make the sheet with a line for each PBX."""
    lines = []
    for name, pbx in planned.pbxs.items():
        counts = said[name]["counts"] if name in said else {"trunks_to_write": 0, "trunks_unchanged": 0}
        state, numbers = ("planned" if name in said else state_of(pbx)), (*counts.values(),)[:2]
        lines.append((name, pbx.wave, state, *numbers, str(pbx.answer.get("address", "")), pbx.trouble))
    left = f", {counted(len(planned.left), 'PBX')} cannot be done and {'is' if len(planned.left) == 1 else 'are'} left"
    return ListedSheet(
        name=PBX_LIST,
        says=f"{counted(len(planned.plannable), 'PBX')} would be done{left if planned.left else ''}.",
        columns=_COLUMNS,
        lines=lines,
        tones=[None if name in said else Tone.BAD if pbx.chosen else Tone.QUIET for name, pbx in planned.pbxs.items()],
        tone=Tone.WARN if planned.left else None,
    )


def _counted(said: Mapping[str, Any]) -> list[str]:
    return [name for one in said.values() for name in one["counts"]]


def _group(pbx: str, trunks: list[str], lines: list[tuple[str, bool]]) -> ChangeGroup:
    return ChangeGroup(trunks=tuple(on(pbx, name) for name in trunks), lines=tuple(PlanLine(*line) for line in lines))


def _why_not(planned: FleetPlanned, to_write: int) -> str:
    if planned.stopping:
        return f"This cannot be approved: {counted(len(planned.stopping), 'error')} about all PBXs together."
    if planned.exit_code == 4:
        held = named([pbx.name for pbx in planned.left if pbx.exit_code == 4])
        return f"This cannot be approved: hazards of {held} are not allowed."
    return "" if to_write else "There is nothing to approve: no trunk would be written."


def _expected(planned: FleetPlanned, said: Mapping[str, Any]) -> dict[int, Outcome]:
    """Return what is expected of every trunk."""
    checked = planned.checked
    found = without_sending(checked, checked.problems.stopping, {})
    names = {record.row: record.label for record in checked.records.trunks if not record.gives_only}
    for one in said.values():
        for row, (ending, name) in one["expected"].items():
            if int(row) in names:
                found[int(row)] = Outcome(row=int(row), ending=Ending(ending), name=name)
    for row, name in names.items():
        found.setdefault(row, Outcome(row=row, ending=Ending.NOT_RUN, name=name))
    return found


def apply_signed(planned: FleetPlanned, path: Path, flags: list[object]) -> str:
    """Return the command that applies a plan once it is signed; blank where nothing can be."""
    if planned.stopping or not planned.plannable:
        return ""
    return command("apply", planned.checked.settings.workbook, [*flags, "--approved", path])
