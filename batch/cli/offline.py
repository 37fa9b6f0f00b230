"""Commands of the command line that contact no PBX and read no workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batch.errors import OutputError, UsageError

if TYPE_CHECKING:
    import argparse

    from batch.cli.console import Console


def make_template(flags: argparse.Namespace, console: Console) -> int:
    """Write an empty workbook."""
    path: Path = flags.output
    pbxs = _pbxs_of(flags, console)
    try:
        written = _new_template(path, pbxs)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error
    console.say(
        [
            f"Wrote {written}. Fill it in: the sheet 'How to fill this in' says how."
            if written.suffix
            else f"Wrote the folder {written}. Fill in its CSV files: README.txt in it says how.",
            f"Next: trunk-batch check {written}",
        ]
    )
    if console.json:
        console.hand_over({"template": str(written)})
    return 0


def _pbxs_of(flags: argparse.Namespace, console: Console) -> list[str]:
    """Return the PBXs that the workbook is for; none for a workbook that names no PBX."""
    if not (flags.pbx or flags.every):
        return []
    from batch.cli.profiles import profile_addresses  # noqa: PLC0415 - most templates need no profile
    from batch.commands.pbx_names import named_pbxs  # noqa: PLC0415
    from batch.settings import Settings  # noqa: PLC0415

    settings = Settings(workbook=flags.output, pbx_addresses=profile_addresses(flags.profile_file))
    return named_pbxs(settings, None if flags.every else flags.pbx, console.complain)


def _new_template(path: Path, pbxs: Sequence[str]) -> Path:
    from batch.writers.template import write_template, write_template_folder  # noqa: PLC0415 - not for --help

    if path.exists():
        raise UsageError(f"{path} is there already; it may have been filled in.", "Name another file with -o.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first, or name another file with -o.")
    if path.suffix.lower() in {".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".txt", ".zip"}:
        raise UsageError(f"A template cannot be a {path.suffix} file.", "Name a file that ends in .xlsx, or a folder.")
    return write_template(path, pbxs) if path.suffix.lower() == ".xlsx" else write_template_folder(path, pbxs)


def confirm_run(flags: argparse.Namespace, console: Console) -> int:
    """Confirm a run that would go back by itself."""
    from batch.cli.profiles import run_of  # noqa: PLC0415 - not for --help
    from batch.commands.confirming import confirm  # noqa: PLC0415

    run = run_of(flags)
    said = confirm(run)
    console.say([f"Run {run.name}: confirmed, by {said.by}. What it wrote stays."])
    if console.json:
        console.hand_over({"run": str(run), "confirmed": True, "by": said.by})
    return 0


def show_status(flags: argparse.Namespace, console: Console) -> int:
    """Say how a run stands."""
    from batch.cli.profiles import run_of  # noqa: PLC0415 - not for --help
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.run_text import status_text  # noqa: PLC0415
    from batch.runs.fleet_folder import is_fleet  # noqa: PLC0415
    from batch.runs.locks import held_by, place_of_run  # noqa: PLC0415
    from batch.runs.run_status import read_status  # noqa: PLC0415
    from batch.writers.run_results import RESULTS_WORKBOOK  # noqa: PLC0415

    run = run_of(flags)
    if is_fleet(run):
        from batch.cli.fleets import show_fleet_status  # noqa: PLC0415 - only where there are many PBXs

        return show_fleet_status(run, console)
    standing = read_status(run)
    if console.json:
        console.hand_over(json_shapes.status_json(standing))
    else:
        results = run / RESULTS_WORKBOOK
        console.say(status_text(standing, held_by(place_of_run(run)), results if results.exists() else None))
    return 0


def list_runs(flags: argparse.Namespace, console: Console) -> int:
    """List runs."""
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.run_text import runs_text  # noqa: PLC0415
    from batch.runs.run_status import find_runs  # noqa: PLC0415

    standings = find_runs(flags.place)
    if console.json:
        console.hand_over(json_shapes.runs_json(standings))
    else:
        console.say(runs_text(standings, console.shown))
    return 0


def serve_practice(flags: argparse.Namespace, console: Console) -> int:
    """Serve the practice PBX until Ctrl-C."""
    from batch.practice.server import rehearse  # noqa: PLC0415 - not for --help

    def ready(url: str, client_id: str) -> None:
        console.say(
            [
                f"The practice PBX answers at {url} until you press Ctrl-C.",
                f"In another window: trunk-batch plan WORKBOOK --url {url} --client-id {client_id}",
                "Its client secret is the one of its state file, else Sample-practice-secret.",
            ]
        )
        if console.json:
            console.hand_over({"url": url, "client_id": client_id})
        console.flush()

    try:
        rehearse(port=flags.port, state_file=flags.state, faults_file=flags.faults, ready=ready)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise UsageError(
            f"The practice PBX cannot start: {reason}.", "Correct that, or choose another --port."
        ) from None
    return 0


def explain_words(flags: argparse.Namespace, console: Console) -> int:
    """Say what codes and words mean."""
    from batch.reports.explanations import (  # noqa: PLC0415 - not for --help
        explanations_json,
        explanations_text,
        find_explanations,
    )

    found = find_explanations(flags.words)
    if console.json:
        console.hand_over(explanations_json(found))
    else:
        console.say(explanations_text(found))
    return 0
