"""Approval: the plan as a document, for whoever approves it, and the signed document that `apply` is given back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from batch.commands.check import Checked
from batch.commands.command_lines import allowing, command, how, to_allow, where, which
from batch.commands.plan import Planned, is_same
from batch.errors import BatchError, UsageError, WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import RawSheet
from batch.runs.outcomes import Ending, Outcome, end_rows, outcomes_without_run
from batch.runs.plan_document import PlanDocument, hazard_lines, like_changes, not_undone, plan_counts, to_be_approved
from batch.runs.resuming import since_exported
from batch.runs.run_report import change_lines, plan_headline, summary
from batch.runs.serialization import Approval
from batch.schema.file_metadata import FileKind, FileMetadata, Seal
from batch.secret_sources import said_of
from batch.settings import Settings
from batch.tables.row_results import Summary
from batch.wording import counted, duration, moment_and_zone
from batch.writers.atomic import free_name, place_file
from batch.writers.printable import plan_page, write_page
from batch.writers.results_workbook import write_plan
from batch.writers.summary_sheet import SIGNED_BY, SUMMARY

_BLANK: Final = "(blank)"
_NAMED: Final = 20
"""So many sources of passwords are named on the Summary."""


def write_plan_workbook(planned: Planned, path: Path) -> Path:
    """Write a plan as a workbook to be signed: Summary, Changes, Problems.

    Returns:
        Where it lies.

    Raises:
        OutputError: it cannot be written.
    """
    changes = change_lines(planned.checked.tables, planned.plan.updates, {})
    lines = (line._replace(before=line.before or _BLANK, wanted=line.wanted or _BLANK) for line in changes)
    metadata = FileMetadata(
        made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        pbx=planned.address,
        workbook=planned.checked.workbook.sha256,
        digest=planned.digest,
    )
    return write_plan(path, plan_document(planned, path), lines, planned.plan.problems, metadata, planned.listed)


def write_plan_page(planned: Planned, path: Path) -> Path:
    """Write a plan as a printable page, to be approved.

    Returns:
        Where it lies.

    Raises:
        OutputError: it cannot be written.
    """
    return write_page(path, plan_page(plan_document(planned), planned.listed))


def plan_document(planned: Planned, signed: Path | None = None) -> PlanDocument:
    """Put together what a plan says to whoever approves it; ``signed`` is where it is going to be signed."""
    plan, refused = planned.plan, planned.refused_hazards
    cost = planned.forecast
    return PlanDocument(
        summary=to_be_approved(_summary(planned), plan),
        workbook=planned.checked.workbook.path.name,
        pbx=planned.address,
        hazards=hazard_lines(plan.hazards, refused),
        counts=plan_counts(plan, refused),
        requests=cost.requests,
        takes=f"about {duration(cost.seconds)}" if cost.requests else "no time",
        groups=like_changes(plan.updates),
        command=apply_command(planned, signed),
        going_back=not_undone(plan.updates),
        why_not=_why_not(planned),
    )


def _why_not(planned: Planned) -> str:
    stopping = sum(problem.stops for problem in planned.plan.problems)
    if planned.exit_code == 3:
        there = f"the workbook has {counted(stopping, 'error')}"
        corrected = f"{'it is' if stopping == 1 else 'they are'} corrected"
        return f"This cannot be approved: {there}, and nothing is sent until {corrected}."
    return "" if planned.plan.updates else "There is nothing to approve: no trunk would be written."


def apply_command(planned: Planned, signed: Path | None = None) -> str:
    """Return the command that applies this very plan, with every hazard in it; blank where none can."""
    settings = planned.checked.settings
    if _why_not(planned):
        return ""
    allow = allowing(settings, to_allow(planned.refused_hazards))
    if settings.undoes is not None:
        return command("undo", settings.undoes, allow)
    flags = [*where(settings), *which(settings), *allow, *how(settings)]
    flags += ["--expect", planned.digest] if signed is None else ["--approved", signed]
    return command("restore" if settings.restores else "apply", settings.workbook, flags)


def expected_outcomes(planned: Planned) -> dict[int, Outcome]:
    """Return what would become of every trunk, by its row."""
    checked = planned.checked
    expected = {
        outcome.row: outcome
        for outcome in outcomes_without_run(checked.records.trunks, planned.plan.problems, checked.choice.left_out)
    }
    for change in planned.plan.changes:
        ending = Ending.APPLIED if change.difference else Ending.UNCHANGED
        expected[change.record.row] = Outcome(
            row=change.record.row, ending=ending, trunk_id=change.live.id, name=change.live.name
        )
    lost = [r for r in checked.records.trunks if r.row not in expected and not r.gives_only]
    for record in lost:
        expected[record.row] = Outcome(row=record.row, ending=Ending.INVALID, name=record.label)
    return expected


def _summary(planned: Planned) -> Summary:
    checked, expected = planned.checked, expected_outcomes(planned)
    endings = end_rows(checked.tables, checked.records, expected, planned.plan.problems)
    return summary(
        title="Plan",
        address=planned.address,
        practice=planned.practice,
        workbook=checked.workbook,
        outcomes=expected,
        endings=endings,
        facts=[
            ("Digest", planned.digest),
            ("Made at", moment_and_zone(datetime.now().astimezone())),
            *planned.facts,
            *([("Secrets read from", said_of(checked.secrets_read, _NAMED))] if checked.secrets_read else ()),
        ],
        attention=since_exported(planned.plan.changes),
        says=plan_headline(planned.plan) if planned.exit_code == 0 else _not_yet(planned),
    )


def _not_yet(planned: Planned) -> str:
    otherwise = f" Otherwise: {plan_headline(planned.plan)}" if planned.plan.updates else ""
    return f"Nothing is sent while {_against(planned)}.{otherwise}"


def _against(planned: Planned) -> str:
    if planned.exit_code == 3:
        return "there are errors"
    refused = len(planned.refused_hazards)
    return f"{counted(refused, 'hazard')} {'is' if refused == 1 else 'are'} not allowed"


class ApprovalRefused(BatchError):
    """The signed plan does not stand for what would be written (exit 4)."""

    exit_code = 4
    code = "approval-refused"


class ApprovablePlan(Protocol):
    """What was signed, as it would be now."""

    @property
    def checked(self) -> Checked:
        """The workbook."""

    @property
    def address(self) -> str:
        """Of the PBX, as people know it."""

    @property
    def digest(self) -> str:
        """Of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPlan:
    """A plan that came back from whoever approves it."""

    path: Path
    content: bytes
    """Of the file, as it was read."""
    pbx: str
    workbook_sha256: str
    digest: str
    altered: str
    """What in it is not as the plan was written: ``the sheet Changes``; blank where all is."""
    signature: Mapping[str, str]
    """What the fields say, by their labels."""

    @property
    def approval(self) -> Approval:
        """Who approved it."""
        by, day, ticket = (self.signature.get(label, "") for label in SIGNED_BY)
        sha256 = hashlib.sha256(self.content).hexdigest()
        return Approval(approved_by=by, date=day, ticket=ticket, plan=self.path.name, sha256=sha256)

    def keep_in(self, folder: Path) -> Approval:
        """Put a copy into a run's folder, and return who approved it.

        Raises:
            OutputError: it cannot be written there.
        """
        place_file(folder / f"approved{self.path.suffix}", self.content, private=True)
        return self.approval

    def check_workbook(self, checked: Checked) -> None:
        """Make sure that it is signed, as it was written, and about this workbook.

        Raises:
            ApprovalRefused: it is not.
        """
        name = self.path.name
        again = _plan_again(checked.settings)
        if self.altered:
            raise ApprovalRefused(
                f"{name} was changed after it was made: {self.altered} is not as the plan wrote it. Only "
                f"{', '.join(SIGNED_BY[:-1])} and {SIGNED_BY[-1]} may be filled in.",
                again,
            )
        blank = [label for label in SIGNED_BY[:2] if not self.signature.get(label)]
        if blank:
            raise ApprovalRefused(
                f"{name} is not signed: {' and '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank.",
                _TO_SIGN_JSON if self.path.suffix.casefold() == ".json" else _TO_SIGN,
            )
        if self.workbook_sha256 != checked.workbook.sha256:
            raise ApprovalRefused(
                f"{name} approves another workbook than {checked.workbook.path.name}, or what was in it before it was "
                "saved again.",
                again,
            )

    def check_plan(self, planned: ApprovablePlan) -> None:
        """Make sure that what would be written is what was approved.

        Raises:
            ApprovalRefused: it is not.
        """
        name, again = self.path.name, _plan_again(planned.checked.settings)
        if not is_same(self.pbx, planned.address):
            raise ApprovalRefused(f"{name} approves a plan for {self.pbx}; this is {planned.address}.", again)
        if self.digest != planned.digest:
            raise ApprovalRefused(
                f"{name} approves another plan: its digest is {self.digest}, that of now {planned.digest}. It may be "
                "applied already, the PBX may have changed since, or other trunks are chosen.",
                again,
            )


_TO_SIGN: Final = (
    "Whoever approves it fills in Approved by and Date on its sheet Summary and saves it; then give it again. Nothing "
    "was sent."
)
_TO_SIGN_JSON: Final = 'Fill in "approved_by" and "date" of its "approval", then give it again. Nothing was sent.'


def _plan_again(settings: Settings) -> str:
    flags = [*where(settings), *which(settings), *allowing(settings), *how(settings)]
    signed = settings.approved or Path("plan.xlsx")
    kept = ["--json"] if signed.suffix.casefold() == ".json" else ["-o", free_name(signed)]  # what was signed stays
    anew = command("plan", settings.workbook, [*flags, *kept])
    return f"Nothing was sent. Make the plan anew and have that one signed: {anew}"


def read_signed(path: Path) -> SignedPlan:
    """Read a plan that came back: a workbook as ``plan -o`` writes it, or JSON as ``plan --json`` prints it.

    Raises:
        UsageError: it is neither.
    """
    try:
        content = path.read_bytes()
        return _signed_workbook(path, content) if content.startswith(_WORKBOOKS) else _signed_json(path, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, WorkbookError):
        raise UsageError(
            f"--approved {path} is no plan that can be read.",
            "Give the file that plan -o FILE.xlsx wrote, or what plan --json printed, as it came back signed.",
        ) from None


_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheet programs begin: zipped, or in the form of before 2007."""


def _signed_workbook(path: Path, content: bytes) -> SignedPlan:
    book = read_workbook(path)
    metadata, sheets = book.metadata, {sheet.name: sheet for sheet in book.sheets}
    if FileKind.PLAN not in metadata.kinds or not metadata.digest:
        raise ValueError
    signature = {
        label: next((_typed(cell) for cell in cells if cell != ""), "")
        for label, *cells in (_rows(sheets[SUMMARY]) if SUMMARY in sheets else ())
        if label in SIGNED_BY
    }
    changed = (name for name, seal in metadata.seals.items() if name not in sheets or _seal(sheets[name]) != seal)
    return SignedPlan(
        path=path,
        content=content,
        pbx=metadata.pbx,
        workbook_sha256=metadata.workbook,
        digest=metadata.digest,
        altered=next((f"the sheet {name}" for name in changed), ""),
        signature=signature,
    )


def _seal(sheet: RawSheet) -> str:
    """Return the seal of a sheet, without what was typed into the fields."""
    seal = Seal()
    for cells in _rows(sheet):
        seal.add(cells[:1] if sheet.name == SUMMARY and cells[0] in SIGNED_BY else cells)
    return str(seal)


def _rows(sheet: RawSheet) -> Iterator[list[object]]:
    margin: list[object] = [""] * sheet.first_column
    for cells in zip(*sheet.columns, strict=True):
        yield [*margin, *cells]


def _typed(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else " ".join(str(cell).split())


def _signed_json(path: Path, content: bytes) -> SignedPlan:
    plan = json.loads(content)  # in UTF-16 as well, which some shells write
    signature = plan["approval"]
    given = {label: _typed(signature.get(name) or "") for label, name in zip(SIGNED_BY, _NAMES, strict=True)}
    return SignedPlan(
        path=path,
        content=content,
        pbx=plan["pbx"],
        workbook_sha256=plan["workbook"]["sha256"],
        digest=plan["digest"],
        altered="" if plan["seal"] == json_seal(plan) else "something besides its approval",
        signature=given,
    )


_NAMES: Final = ("approved_by", "date", "ticket")
UNSIGNED: Final = dict.fromkeys(_NAMES, "")
"""What ``plan --json`` leaves to be filled in."""


def json_seal(plan: Mapping[str, Any]) -> str:
    """Return what ``plan --json`` is known by, however it is laid out, until more than its approval is changed."""
    rest = {name: value for name, value in plan.items() if name not in {"approval", "seal"}}
    text = json.dumps(_plain_numbers(rest), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain_numbers(value: Any) -> Any:
    """Write 19.0 as 19, as some programs do that lay JSON out anew."""
    match value:
        case dict():
            return {name: _plain_numbers(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain_numbers(one) for one in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
