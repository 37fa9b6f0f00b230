"""The command line: flags in, words and an exit code out. The only print, the only exit."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.errors import BatchError, Interrupted, OutputError, UsageError, WorkbookError
from batch.flags import make_parser, parse

if TYPE_CHECKING:
    import argparse

    from batch.desks import Progress
    from batch.pipeline import Planned
    from batch.progress import Bar
    from batch.settings import Settings
    from batch.telling import Shown


def run() -> None:
    """Be the command ``trunk-batch``."""
    os._exit(main(sys.argv[1:]))  # taking half a million rows apart one by one would only keep the user waiting


def main(arguments: Sequence[str]) -> int:
    """Carry out one command and return its exit code; an error of ours goes through as it is (exit 1)."""
    _speak_anywhere()
    mouth = Mouth(json="--json" in arguments)
    code = _carry_out(arguments, mouth)
    unheard = mouth.close()
    if unheard and not code:
        mouth.complain(f"Standard output cannot be written: {unheard}.", "What it says is lost; run it again.")
        return 2
    return code


def _carry_out(arguments: Sequence[str], mouth: Mouth) -> int:
    command = ""
    try:
        with _crashes_in_json(mouth), _terminating():
            flags = parse(arguments)
            command = flags.command
            if flags.version:
                return _version(mouth)
            if command is None:
                mouth.complain(make_parser().format_help())
                raise UsageError("No command was given.", f"There are {', '.join(_COMMANDS)}.")
            mouth.quiet, mouth.verbose = flags.quiet, flags.verbose
            return _COMMANDS[command](flags, mouth)
    except SystemExit as leaving:  # after --help
        return int(leaving.code or 0)
    except BatchError as error:
        return _failed(error, command, mouth)
    except KeyboardInterrupt:
        return _failed(Interrupted("Stopped by you. Nothing was sent.", "Run it again when you are ready."), "", mouth)


class Mouth:
    """What is said, and where: with ``--json`` stdout is for the object alone.

    Whoever listens may leave (``| head``) or have no room (a full disk): then the work goes on, and the words go
    nowhere.
    """

    def __init__(self, *, json: bool) -> None:
        """Speak as the flags say."""
        self.json = json
        self.quiet = False
        self.verbose = False
        self._lock = threading.RLock()
        self._unheard = ""

    def say(self, lines: Iterable[str]) -> None:
        """Say something that is the command's result for people."""
        self._put(lines, "stderr" if self.json else "stdout")

    def complain(self, *lines: str) -> None:
        """Say something beside the result."""
        self._put(lines, "stderr")

    def hand_over(self, shape: dict[str, Any]) -> None:
        """Print the JSON object."""
        import json  # noqa: PLC0415 - only for --json

        self._put([json.dumps(shape)], "stdout")

    def ask(self, text: str) -> str:
        """Ask on the terminal and return the answer; nothing where it has ended."""
        self._put([text], "stderr", end="")
        self.flush()
        return sys.stdin.readline().strip() if sys.stdin is not None else ""

    def flush(self) -> None:
        """Let out what has been said."""
        for name in ("stdout", "stderr"):
            self._put((), name)

    def close(self) -> str:
        """Let out what has been said; returns why stdout could not take it, if so and not just for want of a reader."""
        self.flush()
        return self._unheard

    def _put(self, lines: Iterable[str], name: str, end: str = "\n") -> None:
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            return
        with self._lock:
            try:
                for line in lines:
                    print(line, end=end, file=stream)
                if not lines:
                    stream.flush()
            except OSError as error:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
                if name == "stdout" and error.errno not in _READER_LEFT:
                    self._unheard = (error.strerror or str(error)).lower()


_READER_LEFT = frozenset({errno.EPIPE, errno.EINVAL})
"""What Unix and Windows say when a pipe has no reader any more."""


class Terminal:
    """The person at the terminal, as `pipeline.Desk` wants one."""

    def __init__(self, mouth: Mouth, *, assume_yes: bool) -> None:
        """Ask through this mouth, or not at all."""
        self._mouth = mouth
        self._assume_yes = assume_yes
        self._bar: Bar | None = None

    def prompt_secret(self, text: str) -> str:
        """Ask for a secret without echo, where there is a terminal."""
        if not _on_terminal():
            return ""
        import getpass  # noqa: PLC0415 - rarely needed

        try:
            return getpass.getpass(text)
        except EOFError:
            return ""

    def tell(self, text: str) -> None:
        """Say something by the way."""
        if not self._mouth.quiet:
            self._aside(text)

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Show a request, as the log has it."""
        if self._mouth.verbose:
            from batch import telling  # noqa: PLC0415 - only when needed

            self._aside(telling.request_text(entry))

    def _aside(self, text: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        self._mouth.complain(text)

    def confirm(self, planned: Planned) -> bool:
        """Show the plan and ask."""
        from batch import telling  # noqa: PLC0415 - only when needed

        mouth = self._mouth
        if self._assume_yes:
            if not mouth.quiet:
                mouth.say(telling.running_text(planned))
                mouth.flush()
            return True
        if not mouth.quiet:
            mouth.say(telling.offer_text(planned, _shown(mouth)))
        mouth.complain(*telling.question(planned))
        return mouth.ask("Type yes to go on: ").casefold() in {"yes", "y"}

    def watch(self, total: int) -> Progress:
        """Show progress on stderr."""
        from batch.progress import Bar  # noqa: PLC0415 - tqdm is slow to import

        self._bar = Bar(total, hidden=self._mouth.quiet)
        return self._bar


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _shown(mouth: Mouth) -> Shown:
    from batch import telling  # noqa: PLC0415 - not for --help

    return telling.WHOLE if mouth.verbose else telling.BRIEF


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
    path: Path = flags.output
    try:
        written = _new_template(path)
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


def _new_template(path: Path) -> Path:
    from batch.sheets.template import write_template, write_template_folder  # noqa: PLC0415 - not for --help

    if path.exists():
        raise UsageError(f"{path} is there already; it may have been filled in.", "Name another file with -o.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first, or name another file with -o.")
    if path.suffix.lower() in {".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".txt", ".zip"}:
        raise UsageError(f"A template cannot be a {path.suffix} file.", "Name a file that ends in .xlsx, or a folder.")
    return write_template(path) if path.suffix.lower() == ".xlsx" else write_template_folder(path)


def _check(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import shapes, telling  # noqa: PLC0415 - not for --help
    from batch.checking import check  # noqa: PLC0415

    checked = check(_settings(flags))
    if mouth.json:
        mouth.hand_over(shapes.check_json(checked.problems))
    else:
        mouth.say(telling.check_text(checked, _shown(mouth), notices=not mouth.quiet))
    return 3 if checked.stops else 0


def _plan(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import pipeline, shapes, telling  # noqa: PLC0415 - not for --help

    settings = _settings(flags)
    planned = pipeline.plan(settings, Terminal(mouth, assume_yes=False))
    written = None if settings.output is None else pipeline.write_plan_workbook(planned, settings.output)
    if mouth.json:
        mouth.hand_over(shapes.plan_json(planned))
    else:
        mouth.say(telling.plan_text(planned, _shown(mouth), notices=not mouth.quiet))
    if written is not None:
        mouth.say([f"Plan: {written}"])
    return planned.exit_code


def _apply(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch import pipeline, shapes, telling  # noqa: PLC0415 - not for --help

    if not flags.yes and not _on_terminal():
        raise UsageError(
            "apply asks before it writes, and there is no terminal to ask on.",
            "Add --yes once you have read the plan, and --expect with its digest to be sure that it is still the same.",
        )
    done = pipeline.apply(_settings(flags), Terminal(mouth, assume_yes=flags.yes))
    if isinstance(done, pipeline.Planned):
        if mouth.json:
            mouth.hand_over(shapes.plan_json(done))
        else:
            mouth.say(telling.plan_text(done, _shown(mouth), notices=not mouth.quiet))
        return done.exit_code
    mouth.say(telling.report_text(done, _shown(mouth)))
    if mouth.json:
        if done.exit_code == 6 and done.lost is not None:
            mouth.hand_over(shapes.error_json(done.lost))
        else:
            mouth.hand_over(shapes.report_json(done))
    return done.exit_code


def _practice(flags: argparse.Namespace, mouth: Mouth) -> int:
    from batch.practice.run import rehearse  # noqa: PLC0415 - not for --help

    def ready(url: str, client_id: str) -> None:
        mouth.say(
            [
                f"The practice PBX answers at {url} until you press Ctrl-C.",
                f"In another window: trunk-batch plan WORKBOOK --url {url} --client-id {client_id}",
                "Its client secret is the one of its state file, else Sample-practice-secret.",
            ]
        )
        if mouth.json:
            mouth.hand_over({"url": url, "client_id": client_id})
        mouth.flush()

    try:
        rehearse(port=flags.port, state_file=flags.state, faults_file=flags.faults, ready=ready)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise UsageError(
            f"The practice PBX cannot start: {reason}.", "Correct that, or choose another --port."
        ) from None
    return 0


_COMMANDS = {"template": _template, "check": _check, "plan": _plan, "apply": _apply, "practice": _practice}


def _failed(error: BatchError, command: str, mouth: Mouth) -> int:
    mouth.complain(error.message, error.hint)
    if mouth.json:
        from batch import shapes, telling  # noqa: PLC0415 - not for --help

        if isinstance(error, WorkbookError):
            shape = shapes.check_json if command == "check" else shapes.no_plan_json
            mouth.hand_over(shape([telling.unreadable(error)]))
        else:
            mouth.hand_over(shapes.error_json(error))
    return error.exit_code


def _version(mouth: Mouth) -> int:
    from importlib.metadata import version  # noqa: PLC0415 - not for --help

    mouth.say([f"trunk-batch {version('trunk-batch')}"])
    return 0


def _speak_anywhere() -> None:
    """Let no terminal encoding stop a message: what it cannot show becomes a question mark."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


@contextlib.contextmanager
def _terminating() -> Iterator[None]:
    """Treat a polite request to end, from a shutdown or a closed window, like Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]  # nohup wants it so
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
    except (BatchError, KeyboardInterrupt, SystemExit):
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
