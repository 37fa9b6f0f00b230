"""The console: what is said to the person in front, what is asked, and the bar that shows progress. The only print."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TextIO

from batch.errors import UsageError
from batch.wording import visible

if TYPE_CHECKING:
    from batch.commands.flow import Planned, Report
    from batch.commands.run import Progress
    from batch.runs.outcomes import Outcome
    from batch.wording import Shown


def request_text(entry: Mapping[str, Any]) -> str:
    """Tell of one request, from its line in the log."""
    return "  ".join(f"{name}={_joined(value)}" for name, value in entry.items() if value is not None)


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


_COLOURS: Final = (
    (re.compile(r"ERROR|HAZARD"), "1;31"),
    (re.compile(r"warning\b"), "33"),
    (re.compile(r" *\+ "), "32"),
    (re.compile(r" *- "), "31"),
    (re.compile(r" *[~\u2195] "), "33"),
    (re.compile(r"Next: |Results: |In all: "), "1"),
)
"""How what a line begins with is coloured; the words say the same without."""
_LEAST_WIDTH: Final = 40


def wrapped(line: str, width: int) -> list[str]:
    """Break a line at its words, what follows a little further in; a command stays in one. No width breaks nothing."""
    broad = max(width, _LEAST_WIDTH)
    if not width or len(line) <= broad or "trunk-batch " in line:
        return [line]
    import textwrap  # noqa: PLC0415 - not for --help

    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, broad, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def coloured(line: str) -> str:
    """Colour what a line begins with, as a terminal understands it."""
    for beginning, colour in _COLOURS:
        if found := beginning.match(line):
            return f"\x1b[{colour}m{found[0]}\x1b[0m{line[found.end() :]}"
    return line


class Console:
    """What is said, and where: with ``--json`` stdout is for the object alone.

    On a terminal long lines are broken at words, and what they begin with is coloured.

    Each line stays one line, whatever the names and values in it hold: nothing in them can pass for words of ours.

    Whoever listens may leave (``| head``) or have no room (a full disk): then the work goes on, and the words go
    nowhere.
    """

    def __init__(self, *, json: bool) -> None:
        """Speak as the flags say."""
        self.json = json
        self.quiet = False
        self.verbose = False
        self.colour = "auto"
        """``always``, ``never``, or ``auto``: on a terminal that has it, unless NO_COLOR says otherwise."""
        self.interrupted = False
        """Whether somebody wants the command to stop."""
        self._lock = threading.RLock()
        self._unheard = ""

    @property
    def shown(self) -> Shown:
        """How much is listed."""
        from batch.wording import BRIEF, IN_FULL  # noqa: PLC0415 - not for --help

        return IN_FULL if self.verbose else BRIEF

    def say(self, lines: Iterable[str]) -> None:
        """Say something that is the command's result for people."""
        self._put(lines, "stderr" if self.json else "stdout")

    def complain(self, *lines: str) -> None:
        """Say something beside the result."""
        self._put(lines, "stderr")

    def hand_over(self, shape: dict[str, Any]) -> None:
        """Print the JSON object."""
        import json  # noqa: PLC0415 - only for --json

        self.print_plain([json.dumps(shape)])

    def print_plain(self, lines: Iterable[str]) -> None:
        """Print lines for a program, as they are."""
        self._put(lines, "stdout", plain=True)

    def ask(self, text: str) -> str:
        """Ask on the terminal and return the answer; nothing where it has ended."""
        self._put([text], "stderr", end="", plain=True)
        self.flush()
        return sys.stdin.readline().strip() if sys.stdin is not None else ""

    def flush(self) -> None:
        """Let out what has been said."""
        for name in ("stdout", "stderr"):
            self._put((), name, plain=True)

    def close(self) -> str:
        """Let out what has been said; returns why stdout could not take it, if so and not just for want of a reader."""
        self.flush()
        return self._unheard

    def _put(self, lines: Iterable[str], name: str, end: str = "\n", *, plain: bool = False) -> None:
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            return
        with self._lock:
            try:
                for line in lines if plain else self._for_people(lines, stream):
                    print(line, end=end, file=stream)
                if not lines:
                    stream.flush()
            except OSError as error:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
                if name == "stdout" and error.errno not in _READER_LEFT:
                    self._unheard = (error.strerror or str(error)).lower()

    def _for_people(self, lines: Iterable[str], stream: TextIO) -> Iterable[str]:
        """Break lines at words where a terminal would break them anywhere, and colour what they begin with."""
        width = _width_of(stream)
        broken = chain.from_iterable(wrapped(visible(line), width) for line in lines)
        return map(coloured, broken) if self._has_colour(stream) else broken

    def _has_colour(self, stream: TextIO) -> bool:
        if self.colour != "auto":
            return self.colour == "always"
        has_it = bool({"WT_SESSION", "ANSICON", "TERM"} & os.environ.keys()) and os.environ.get("TERM") != "dumb"
        return has_it and not os.environ.get("NO_COLOR") and _width_of(stream) > 0


def _width_of(stream: TextIO) -> int:
    """Return how many characters a line of a terminal has; 0 for what is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


_READER_LEFT = frozenset({errno.EPIPE, errno.EINVAL})
"""What Unix and Windows say when a pipe has no reader any more."""


class Bar:
    """A bar that counts trunks; one that was not run does not move it."""

    def __init__(self, total: int, *, hidden: bool) -> None:
        """Show a bar for so many trunks, unless hidden; where it is not a terminal, seldom."""
        from tqdm import tqdm  # noqa: PLC0415 - slow to import

        tqdm.set_lock(_NoLock())
        tqdm.monitor_interval = 0
        seen = sys.stderr is not None and sys.stderr.isatty()
        shown = partial(tqdm, total=total, unit="trunk", dynamic_ncols=True, mininterval=0.1 if seen else 30)
        try:
            self._bar = shown(disable=hidden or not total or sys.stderr is None)
        except (OSError, ValueError):
            self._bar = shown(disable=True)
        self._left = total
        self._failed = self._not_run = 0
        self._lock = threading.Lock()

    def settled(self, outcome: Outcome) -> None:
        """Count one."""
        from batch.runs.outcomes import Ending  # noqa: PLC0415 - not for --help

        self._left -= 1
        if outcome.ending is Ending.NOT_RUN:
            self._not_run += 1
        elif not outcome.as_wanted:
            self._failed += 1
        counts = {"failed": self._failed} | ({"not run": self._not_run} if self._not_run else {})
        with self._heard():
            self._bar.set_postfix(counts, refresh=False)
            self._bar.update(outcome.ending is not Ending.NOT_RUN)
            if not self._left:
                self._bar.close()

    def clear(self) -> None:
        """Make room for a line of other words; the bar comes back with the next trunk."""
        with self._heard():
            self._bar.clear()

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Show nothing more once nobody can see it: a run does not stop for that."""
        try:
            with self._lock:
                yield
        except (OSError, ValueError):
            self._bar.disable = True


class _NoLock:
    """What tqdm takes for its lock: its own stays held for ever if writing to the terminal fails; `Bar` has one."""

    def acquire(self, *_how: object, **_how_long: object) -> bool:
        """Do nothing."""
        return True

    def release(self) -> None:
        """Do nothing."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *_error: object) -> None:
        """Do nothing."""


class NobodyToAsk(UsageError):
    """What is left of a run needs an answer, and there is no terminal (exit 2)."""

    def __init__(self) -> None:
        super().__init__(
            "Some trunks are not as they were when the run was approved, and there is no terminal to ask on. "
            "Nothing was sent; the run is as it was.",
            "Read the plan above; to approve it, give the same command with --yes.",
        )


class Terminal:
    """The person at the terminal, as `UserInterface` wants one."""

    def __init__(self, console: Console, *, assume_yes: bool) -> None:
        """Ask through this console, or not at all."""
        self._console = console
        self._assume_yes = assume_yes
        self._bar: Bar | None = None
        self._asked = ""
        """What somebody is asked while other things are told."""

    def prompt_secret(self, text: str) -> str:
        """Ask for a secret without echo, where there is a terminal."""
        if not on_terminal():
            return ""
        import getpass  # noqa: PLC0415 - rarely needed

        try:
            return getpass.getpass(visible(text))
        except EOFError:
            return ""

    def tell(self, text: str) -> None:
        """Say something by the way."""
        if not self._console.quiet:
            self.insist(text)

    def insist(self, text: str) -> None:
        """Say something that is said with ``--quiet`` too."""
        self._aside(*(("", text, self._asked) if self._asked else (text,)))

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Show a request, as the log has it."""
        if self._console.verbose:
            self._aside(request_text(entry))

    def _aside(self, *lines: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        self._console.complain(*lines)

    def confirm(self, planned: Planned) -> bool:
        """Show the plan and ask.

        Raises:
            NobodyToAsk: there is no terminal, and it was not said beforehand to go on.
        """
        from batch.reports import plan_text  # noqa: PLC0415 - only when needed

        console = self._console
        if self._assume_yes:
            if not console.quiet:
                console.say(plan_text.running_text(planned))
                console.flush()
            return True
        if not on_terminal():
            console.say(plan_text.offer_text(planned, console.shown))
            console.flush()
            console.complain(*plan_text.differs_text(planned, console.shown))
            raise NobodyToAsk
        if not console.quiet:
            console.say(plan_text.offer_text(planned, console.shown))
        console.complain(*plan_text.question(planned, console.shown))
        return console.ask("Type yes to go on: ").casefold() in {"yes", "y"}

    def show(self, report: Report) -> None:
        """Tell how a run went that goes on waiting."""
        from batch.reports.run_text import report_text  # noqa: PLC0415 - only when needed

        self._console.say(report_text(report, self._console.shown))
        self._console.flush()

    def listen(self, text: str) -> Callable[[], str]:
        """Ask on the terminal, without waiting for the answer; whoever types something else is asked again."""
        if not on_terminal():
            return str
        answers: list[str] = []
        self._asked = text

        def ask() -> None:
            while not answers and sys.stdin is not None:
                answer = self._console.ask(text).casefold()
                if answer in {"yes", "y", "no", "n"}:
                    self._asked = ""
                    answers.append(answer)
                elif not answer:  # the terminal has ended
                    return

        threading.Thread(target=ask, name="answer", daemon=True).start()
        return lambda: answers[0] if answers else ""

    def watch(self, total: int) -> Progress:
        """Show progress on stderr, unless somebody has asked to stop and nothing has come of it.

        Raises:
            KeyboardInterrupt: that is so.
        """
        if self._console.interrupted:
            raise KeyboardInterrupt
        self._bar = Bar(total, hidden=self._console.quiet)
        return self._bar


def on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()
