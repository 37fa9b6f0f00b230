"""The command line: flags in, words and an exit code out."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.cli import offline, run, working
from batch.cli.arguments import completable, make_parser, parse
from batch.cli.console import Console, Terminal, on_terminal
from batch.errors import BatchError, Interrupted, PbxUnreachable, UsageError, WorkbookError
from batch.joined_settings import check_for_one
from batch.settings import GOING_ON

__all__ = ["main", "run"]

if TYPE_CHECKING:
    import argparse

    from batch.commands.flow import Planned, Report
    from batch.settings import Settings


def main(arguments: Sequence[str], *, last: bool = False) -> int:
    """Carry out one command and return its exit code; an error of ours goes through as it is (exit 1).

    With ``last`` the process ends with it, so that no signal is heard any more afterwards.
    """
    _speak_anywhere()
    console = Console(json="--json" in arguments)
    with _terminating(console, last=last) as hear_no_more:
        code = _carry_out(arguments, console, hear_no_more)
        hear_no_more()
        unheard = console.close()
    if unheard and not code:
        console.complain(f"Standard output cannot be written: {unheard}.", "What it says is lost; run it again.")
        return 2
    return code


def _carry_out(arguments: Sequence[str], console: Console, hear_no_more: Callable[[], None]) -> int:
    command = ""
    try:
        with _crashes_in_json(console), plain_interrupts():
            flags = parse(arguments)
            command = flags.command
            if flags.version:
                return _version(console)
            if flags.print_completion:
                return _completion(flags.print_completion, console)
            if command is None:
                console.complain(*make_parser().format_help().split("\n"))
                raise UsageError("No command was given.", f"There are {', '.join(_COMMANDS)}.")
            console.quiet, console.verbose, console.colour = flags.quiet, flags.verbose, flags.color
            return _COMMANDS[command](flags, console)
    except SystemExit as leaving:  # after --help
        return int(leaving.code or 0)
    except BatchError as error:
        hear_no_more()
        return _failed(error, command, console)
    except KeyboardInterrupt:
        hear_no_more()
        return _failed(
            Interrupted("Stopped by you. Nothing was sent.", "Run it again when you are ready."), "", console
        )


def _export(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands.export import export  # noqa: PLC0415 - not for --help
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.check_text import export_text  # noqa: PLC0415

    if flags.workbook is not None and flags.portal is not None:
        raise UsageError("-o and --portal are two kinds of export.", "Give one of them.")
    is_workbook = flags.workbook is not None
    flags.workbook = flags.workbook or flags.portal or Path()
    settings = _settings(flags, console)
    if not is_workbook and settings.portal is None:
        raise UsageError(
            "export needs -o FILE.xlsx: the workbook to write; or --portal DIR.", "trunk-batch export -o trunks.xlsx …"
        )
    settings = replace(settings, portal=None) if is_workbook else settings
    if flags.pbx or flags.every:
        return _export_fleet(settings, flags, console)
    exported = export(settings, Terminal(console, assume_yes=False))
    console.say(export_text(exported, console.shown))
    if console.json:
        console.hand_over(json_shapes.export_json(exported))
    return 0


def _export_fleet(settings: Settings, flags: argparse.Namespace, console: Console) -> int:
    from batch.cli.fleet_profiles import fleet_profiles  # noqa: PLC0415 - not for --help
    from batch.commands.fleet_export import export_fleet  # noqa: PLC0415
    from batch.commands.pbx_names import named_pbxs  # noqa: PLC0415
    from batch.reports import json_shapes  # noqa: PLC0415
    from batch.reports.check_text import fleet_export_text  # noqa: PLC0415

    terminal = Terminal(console, assume_yes=False)
    profiles = fleet_profiles(flags, terminal.tell)
    pbxs = named_pbxs(settings, None if flags.every else flags.pbx, terminal.tell)
    exported = export_fleet(settings, pbxs, profiles, terminal)
    console.say(fleet_export_text(exported, console.shown))
    if console.json:
        console.hand_over(json_shapes.fleet_export_json(exported))
    return exported.exit_code


def _check(flags: argparse.Namespace, console: Console) -> int:
    from batch.cli.profiles import known_pbx  # noqa: PLC0415 - not for --help
    from batch.commands.check import check, mark, write_guess  # noqa: PLC0415
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.check_text import check_text, columns_text, marked_text  # noqa: PLC0415

    settings = _settings(flags, console)
    if settings.marked is not None:
        from batch.writers.marked_workbook import check_marked_target  # noqa: PLC0415 - a check without marks needs none of it

        check_marked_target(settings.workbook, settings.marked)
    if settings.write_columns is not None and settings.write_columns.exists():
        from batch.writers.atomic import already_there  # noqa: PLC0415 - as above

        raise already_there(settings.write_columns)
    checked = check(settings)
    if not checked.parts:
        _check_for_one(settings, flags)
    if settings.write_columns is not None:
        write_guess(checked, settings.write_columns)
    marked = None if settings.marked is None else mark(checked, settings.marked)
    if console.json:
        console.hand_over(json_shapes.check_json(checked.problems))
    else:
        known = known_pbx(settings.workbook)
        console.say(check_text(checked, console.shown, known=known, notices=not console.quiet))
    if marked is not None:
        console.say(marked_text(marked))
    if settings.write_columns is not None:
        console.say(columns_text(settings.workbook, settings.write_columns))
    return checked.exit_code


def _settings(flags: argparse.Namespace, console: Console) -> Settings:
    from batch.cli.profiles import settings_of  # noqa: PLC0415 - not for --help

    return settings_of(flags, Terminal(console, assume_yes=False).tell)


def _check_for_one(settings: Settings, flags: argparse.Namespace) -> None:
    """Refuse what was said of many PBXs for a workbook of one; the environment may name a broker for others."""
    check_for_one(
        settings if getattr(flags, "workers", None) is not None else replace(settings, workers=None), "this workbook"
    )


def _run_again(flags: argparse.Namespace, console: Console) -> tuple[Path, dict[str, Any]]:
    """Return the folder of the run that is meant, and what shall be otherwise than it has it."""
    from batch.cli.profiles import given_again, run_of  # noqa: PLC0415 - not for --help

    run = run_of(flags)
    given = given_again(flags, run, Terminal(console, assume_yes=False).tell)
    check_for_one(given, "this run")
    return run, given


def _plan(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands import flow  # noqa: PLC0415 - not for --help
    from batch.commands.outputs import check_places  # noqa: PLC0415

    settings = _settings(flags, console)
    check_places(settings)
    checked = flow.check(settings)
    if checked.parts:
        from batch.cli.fleets import show_fleet_plan  # noqa: PLC0415 - only where there are many PBXs

        return show_fleet_plan(checked, flags, console)
    _check_for_one(settings, flags)
    planned = flow.plan(checked, Terminal(console, assume_yes=False))
    written = None if settings.output is None else flow.write_plan_workbook(planned, settings.output)
    page = None if settings.summary is None else flow.write_plan_page(planned, settings.summary)
    code = _show_plan(planned, console)
    if written is not None:
        signed = flow.apply_command(planned, written)
        console.say([f"Plan: {written}", *([f"Once it is signed there: {signed}"] if signed else ())])
    if page is not None:
        console.say([f"To be approved: {page}"])
    return code


def _show_plan(planned: Planned, console: Console) -> int:
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.plan_text import plan_text  # noqa: PLC0415

    if console.json:
        console.hand_over(json_shapes.plan_json(planned))
    else:
        console.say(plan_text(planned, console.shown, notices=not console.quiet))
    return planned.detailed_exit_code


def _apply(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands import flow  # noqa: PLC0415 - not for --help
    from batch.commands.outputs import check_places  # noqa: PLC0415

    if not flags.yes and not on_terminal():
        raise UsageError(
            "apply asks before it writes, and there is no terminal to ask on.",
            "Add --yes once you have read the plan, and --expect with its digest to be sure that it is still the same.",
        )
    settings = _settings(flags, console)
    check_places(settings)
    checked = flow.check(settings)
    if checked.parts:
        from batch.cli.fleets import write_fleet  # noqa: PLC0415 - only where there are many PBXs

        return write_fleet(checked, flags, console)
    _check_for_one(settings, flags)
    done = flow.apply(checked, Terminal(console, assume_yes=flags.yes))
    return _show_report(done, console)


def _of_many(command: str, flags: argparse.Namespace, console: Console) -> int | None:
    """Go on with a run that is over many PBXs; None where it is of one."""
    from batch.cli.profiles import run_of  # noqa: PLC0415 - not for --help
    from batch.runs.fleet_folder import is_fleet  # noqa: PLC0415

    if not is_fleet(run := run_of(flags)):
        return None
    from batch.cli.fleets import go_on_with_fleet  # noqa: PLC0415 - only where there are many PBXs

    return go_on_with_fleet(command, run, flags, console)


def _resume(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands import flow  # noqa: PLC0415 - not for --help

    if (code := _of_many("resume", flags, console)) is not None:
        return code
    run, given = _run_again(flags, console)
    return _show_report(flow.resume(run, Terminal(console, assume_yes=flags.yes), **given), console)


def _undo(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands.undo import undo, write_undo  # noqa: PLC0415 - not for --help
    from batch.reports import json_shapes  # noqa: PLC0415
    from batch.reports.way_back_text import written_text  # noqa: PLC0415

    if (code := _of_many("undo", flags, console)) is not None:
        return code
    run, given = _run_again(flags, console)
    only = given.pop("only", ())
    if flags.way_back is not None:
        written = write_undo(run, flags.way_back, only)
        console.say(written_text(written, console.shown))
        if console.json:
            console.hand_over(json_shapes.way_back_written_json(written))
        return 0
    if not flags.yes and not on_terminal():
        raise UsageError(
            "undo asks before it writes, and there is no terminal to ask on.",
            "Add --yes; or -o FILE.xlsx, which writes what would go back as a workbook, to be planned first.",
        )
    return _show_report(undo(run, Terminal(console, assume_yes=flags.yes), only=only, **given), console)


def _restore(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands.undo import restore  # noqa: PLC0415 - not for --help

    if not flags.yes and not on_terminal():
        raise UsageError(
            "restore asks before it writes, and there is no terminal to ask on.",
            "Add --yes: what somebody changed since the export is not touched before it is allowed by name.",
        )
    return _show_report(restore(_settings(flags, console), Terminal(console, assume_yes=flags.yes)), console)


def _show_report(done: Report | Planned, console: Console) -> int:
    from batch.commands import flow  # noqa: PLC0415 - not for --help
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.run_text import confirmation_text, report_text  # noqa: PLC0415

    if isinstance(done, flow.Planned):
        return _show_plan(done, console)
    if done.confirmation is not None:  # the rest was told before it waited
        console.say(confirmation_text(done, console.shown))
    else:
        console.say(report_text(done, console.shown))
    if console.json:
        if done.lost is not None and done.exit_code == done.lost.exit_code:
            console.hand_over(json_shapes.error_json(done.lost))
        else:
            console.hand_over(json_shapes.report_json(done))
    return done.exit_code


def _verify(flags: argparse.Namespace, console: Console) -> int:
    from batch.commands import flow  # noqa: PLC0415 - not for --help
    from batch.reports import json_shapes  # noqa: PLC0415 - not for --help
    from batch.reports.run_text import verified_text  # noqa: PLC0415
    from batch.runs.run_status import read_status  # noqa: PLC0415

    if (code := _of_many("verify", flags, console)) is not None:
        return code
    run, given = _run_again(flags, console)
    verified = flow.verify(run, Terminal(console, assume_yes=False), **given)
    console.say(verified_text(verified, read_status(run), console.shown))
    if console.json:
        console.hand_over(json_shapes.verified_json(verified))
    return verified.exit_code


_COMMANDS = {
    "template": offline.make_template,
    "export": _export,
    "check": _check,
    "plan": _plan,
    "apply": _apply,
    "resume": _resume,
    "verify": _verify,
    "undo": _undo,
    "restore": _restore,
    "confirm": offline.confirm_run,
    "status": offline.show_status,
    "runs": offline.list_runs,
    "practice": offline.serve_practice,
    "worker": working.serve_site,
    "explain": offline.explain_words,
}


_OUT_OF_REACH = "Can this machine reach the PBX of the run (VPN, network)? Nothing was sent; the run is as it was."


def _failed(error: BatchError, command: str, console: Console) -> int:
    if command in GOING_ON and isinstance(error, PbxUnreachable) and error.hint.startswith("Check "):
        error.hint = _OUT_OF_REACH
    console.complain(error.message, error.hint)
    if console.json:
        from batch.reports import json_shapes  # noqa: PLC0415 - not for --help

        if isinstance(error, WorkbookError) and command != "verify":
            from batch.reports.check_text import unreadable_file  # noqa: PLC0415

            shape = json_shapes.check_json if command == "check" else json_shapes.no_plan_json
            console.hand_over(shape([unreadable_file(error)]))
        else:
            console.hand_over(json_shapes.error_json(error))
    return error.exit_code


def _version(console: Console) -> int:
    from importlib.metadata import version  # noqa: PLC0415 - not for --help

    console.say([f"trunk-batch {version('trunk-batch')}"])
    return 0


def _completion(shell: str, console: Console) -> int:
    import shtab  # noqa: PLC0415 - only for this

    console.print_plain(shtab.complete(completable(shtab.FILE), shell).split("\n"))
    return 0


def _speak_anywhere() -> None:
    """Let no terminal encoding stop a message: what it cannot show becomes a question mark."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


@contextlib.contextmanager
def plain_interrupts() -> Iterator[None]:
    """Take a Ctrl-C out of what Python 3.11 wraps it in while a class is made, as in any import."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise


@contextlib.contextmanager
def _terminating(console: Console, *, last: bool) -> Iterator[Callable[[], None]]:
    """Treat a polite request to end, from a shutdown or a closed window, like Ctrl-C.

    Gives what makes all of them heard no more: the command has ended, and only says so yet. That one came is also
    noted, since a library in C may swallow what is raised.
    """
    heard = True

    def interrupt(_number: int, _frame: object) -> None:
        if heard:
            console.interrupted = True
            raise KeyboardInterrupt

    def hear_no_more() -> None:
        nonlocal heard
        heard = False

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]  # nohup wants it so
    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may
        before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield hear_no_more
    finally:
        for number, handler in before.items() if not last else ():
            signal.signal(number, handler)


@contextlib.contextmanager
def _crashes_in_json(console: Console) -> Iterator[None]:
    """Let a fault of ours crash as it is, but give a program that reads JSON its object first."""
    crashed = True
    try:
        yield
        crashed = False
    except (BatchError, KeyboardInterrupt, SystemExit):
        crashed = False
        raise
    finally:
        if crashed and console.json:
            console.hand_over(
                {
                    "error": {
                        "code": "crash",
                        "message": "A fault of this tool; the trace is on stderr.",
                        "hint": "If it was writing, the run's journal has it: trunk-batch runs lists the runs, and "
                        "trunk-batch resume RUN goes on with one.",
                    }
                }
            )
