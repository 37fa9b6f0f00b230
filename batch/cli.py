"""The command line: flags in, words and an exit code out. The only print, the only exit."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.errors import BatchError, OutputError, UsageError, WorkbookError
from batch.flags import make_parser

if TYPE_CHECKING:
    import argparse

    from batch.pipeline import Planned, Progress
    from batch.settings import Settings


def run() -> None:
    """Be the command ``trunk-batch``."""
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking half a million rows apart one by one would only keep the user waiting


def main(arguments: Sequence[str]) -> int:
    """Carry out one command and return its exit code; an error of ours goes through as it is (exit 1)."""
    _speak_anywhere()
    parser = make_parser()
    try:
        flags = parser.parse_args(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    if flags.version:
        return _version()
    if flags.command is None:
        parser.print_help()
        return 2
    mouth = Mouth(flags)
    try:
        with _crashes_in_json(mouth), _terminating():
            return _COMMANDS[flags.command](flags, mouth)
    except BatchError as error:
        return _failed(error, flags, mouth)
    except KeyboardInterrupt:
        mouth.complain("Stopped by you. Nothing was sent." if flags.command != "practice" else "Stopped.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class Mouth:
    """What is said, and where: with ``--json`` stdout is for the object alone."""

    def __init__(self, flags: argparse.Namespace) -> None:
        """Speak as the flags say."""
        self.json: bool = flags.json
        self.quiet: bool = flags.quiet
        self.verbose: bool = flags.verbose

    def say(self, lines: Iterable[str]) -> None:
        """Say something that is the command's result for people."""
        out = sys.stderr if self.json else sys.stdout
        for line in lines:
            print(line, file=out)

    def complain(self, *lines: str) -> None:
        """Say something beside the result."""
        for line in lines:
            print(line, file=sys.stderr)

    def hand_over(self, shape: dict[str, Any]) -> None:
        """Print the JSON object."""
        import json  # noqa: PLC0415 - only for --json

        print(json.dumps(shape))


class Terminal:
    """The person at the terminal, as `pipeline.Desk` wants one."""

    def __init__(self, mouth: Mouth, *, assume_yes: bool) -> None:
        """Ask through this mouth, or not at all."""
        self._mouth = mouth
        self._assume_yes = assume_yes

    def prompt_secret(self, text: str) -> str:
        """Ask for a secret without echo, where there is a terminal."""
        if not sys.stdin.isatty():
            return ""
        import getpass  # noqa: PLC0415 - rarely needed

        return getpass.getpass(text)

    def tell(self, text: str) -> None:
        """Say something by the way."""
        if not self._mouth.quiet:
            self._mouth.complain(text)

    def confirm(self, planned: Planned) -> bool:
        """Show the plan and ask."""
        from batch import telling  # noqa: PLC0415 - only when needed

        if not self._mouth.quiet:
            self._mouth.say(telling.plan_text(planned))
        if self._assume_yes:
            return True
        self._mouth.complain(*telling.question(planned))
        print("Type yes to go on: ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().casefold() in {"yes", "y"}

    def watch(self, total: int) -> Progress:
        """Show progress on stderr."""
        from batch.progress import Bar  # noqa: PLC0415 - tqdm is slow to import

        return Bar(total, hidden=self._mouth.quiet)


def _settings(flags: argparse.Namespace) -> Settings:
    from batch.settings import make_settings, profile_places, read_profile  # noqa: PLC0415 - not for --help

    given = {name: value for name, value in vars(flags).items() if name not in _NOT_SETTINGS and _is_given(value)}
    if getattr(flags, "no_read_back", False):
        given["read_back"] = False
    for name in ("only", "allow"):
        if name in given:
            given[name] = tuple(given[name])
    if flags.command == "check":
        return make_settings(given, {}, {})
    profile = read_profile(flags.profile, profile_places(flags.workbook))
    return make_settings(given, os.environ, profile)


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value not in ((), [])


_NOT_SETTINGS = frozenset({"command", "version", "json", "verbose", "quiet", "yes", "profile", "no_read_back"})


def _template(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch.sheets.template import write_template, write_template_folder  # noqa: PLC0415 - not for --help

    path: Path = flags.output
    if path.exists():
        raise UsageError(f"{path} is there already; it may have been filled in.", "Name another file with -o.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first, or name another file with -o.")
    if path.suffix.lower() in {".xls", ".xlsb", ".ods", ".csv", ".zip"}:
        raise UsageError(f"A template cannot be a {path.suffix} file.", "Name a file that ends in .xlsx, or a folder.")
    try:
        written = write_template(path) if path.suffix.lower() == ".xlsx" else write_template_folder(path)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error
    mouth.say(
        [
            f"Wrote {written}. Fill it in: the sheet 'How to fill this in' says how."
            if written.suffix
            else f"Wrote the folder {written}. Fill in its CSV files: README.txt in it says how.",
            f"Next: trunk-batch check {written}",
        ]
    )
    if mouth.json:
        mouth.hand_over({"template": str(written)})
    return 0


def _check(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import telling  # noqa: PLC0415 - not for --help
    from batch.checking import check  # noqa: PLC0415

    checked = check(_settings(flags))
    if mouth.json:
        mouth.hand_over(telling.check_json(checked.problems))
    else:
        mouth.say(telling.check_text(checked, notices=not mouth.quiet))
    return 3 if checked.stops else 0


def _plan(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import pipeline, telling  # noqa: PLC0415 - not for --help

    settings = _settings(flags)
    planned = pipeline.plan(settings, Terminal(mouth, assume_yes=False))
    if mouth.json:
        mouth.hand_over(telling.plan_json(planned))
    else:
        mouth.say(telling.plan_text(planned))
    if settings.output is not None:
        mouth.say([f"Plan: {pipeline.write_plan_workbook(planned, settings.output)}"])
    return planned.exit_code


def _apply(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import pipeline, telling  # noqa: PLC0415 - not for --help

    if not flags.yes and not sys.stdin.isatty():
        raise UsageError(
            "apply asks before it writes, and there is no terminal to ask on.",
            "Add --yes once you have read the plan; better still, --expect with the plan's digest.",
        )
    done = pipeline.apply(_settings(flags), Terminal(mouth, assume_yes=flags.yes))
    if isinstance(done, pipeline.Planned):
        mouth.say(telling.plan_text(done))
        if mouth.json:
            mouth.hand_over(telling.plan_json(done))
        return done.exit_code
    mouth.say(telling.report_text(done))
    if mouth.json:
        if done.exit_code == 6 and done.lost is not None:
            mouth.hand_over(telling.error_json(done.lost))
        else:
            mouth.hand_over(telling.report_json(done))
    return done.exit_code


def _practice(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch.practice.run import rehearse  # noqa: PLC0415 - not for --help

    def ready(url: str, client_id: str) -> None:
        mouth.say(
            [
                f"The practice PBX answers at {url} until you press Ctrl-C.",
                f"In another window: trunk-batch plan WORKBOOK --url {url} --client-id {client_id}",
            ]
        )

    try:
        rehearse(port=flags.port, state_file=flags.state, faults_file=flags.faults, ready=ready)
    except (OSError, ValueError) as error:
        raise UsageError(f"The practice PBX cannot start: {error}", "Correct that, or choose another --port.") from None
    return 0


_COMMANDS = {"template": _template, "check": _check, "plan": _plan, "apply": _apply, "practice": _practice}


def _failed(error: BatchError, flags: argparse.Namespace, mouth: Mouth) -> int:
    mouth.complain(error.message, error.hint)
    if mouth.json:
        from batch import telling  # noqa: PLC0415 - not for --help

        if isinstance(error, WorkbookError):
            shape = telling.no_plan_json if flags.command != "check" else telling.check_json
            mouth.hand_over(shape([telling.unreadable(error)]))
        else:
            mouth.hand_over(telling.error_json(error))
    return error.exit_code


def _version() -> int:
    from importlib.metadata import version  # noqa: PLC0415 - not for --help

    print(f"trunk-batch {version('trunk-batch')}")
    return 0


def _speak_anywhere() -> None:
    """Let no terminal encoding stop a message: what it cannot show becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


@contextlib.contextmanager
def _terminating() -> Iterator[None]:
    """Treat a polite request to end, from a shutdown or a closed window, like Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may
        before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _crashes_in_json(mouth: Mouth) -> Iterator[None]:
    """Let a fault of ours crash as it is, but give a program that reads JSON its object first."""
    crashed = True
    try:
        yield
        crashed = False
    except (BatchError, KeyboardInterrupt, BrokenPipeError):
        crashed = False
        raise
    finally:
        if crashed and mouth.json:
            mouth.hand_over(
                {
                    "error": {
                        "code": "crash",
                        "message": "A fault of this tool; the trace is on stderr.",
                        "hint": "If it was an apply, the run's journal says what was written.",
                    }
                }
            )
