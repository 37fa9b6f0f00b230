"""The console: what is said to the person in front, what is asked, and the bar that shows progress. The only print."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from batch.errors import UsageError
from batch.wording import visible

if TYPE_CHECKING:
    from batch.commands.flow import Planned
    from batch.commands.run import Progress
    from batch.runs.outcomes import Outcome
    from batch.wording import Shown


def request_text(entry: Mapping[str, Any]) -> str:
    """Tell of one request, from its line in the log."""
    return "  ".join(f"{name}={_joined(value)}" for name, value in entry.items())


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class Console:
    """What is said, and where: with ``--json`` stdout is for the object alone.

    Each line stays one line, whatever the names and values in it hold: nothing in them can pass for words of ours.

    Whoever listens may leave (``| head``) or have no room (a full disk): then the work goes on, and the words go
    nowhere.
    """

    def __init__(self, *, json: bool) -> None:
        """Speak as the flags say."""
        self.json = json
        self.quiet = False
        self.verbose = False
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
                    print(visible(line), end=end, file=stream)
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


class Bar:
    """A bar that counts trunks."""

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
        self._failed = 0
        self._lock = threading.Lock()

    def settled(self, outcome: Outcome) -> None:
        """Count one."""
        if not outcome.as_wanted:
            self._failed += 1
        self._left -= 1
        with self._heard():
            self._bar.set_postfix(failed=self._failed, refresh=False)
            self._bar.update()
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
            self._aside(text)

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Show a request, as the log has it."""
        if self._console.verbose:
            self._aside(request_text(entry))

    def _aside(self, text: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        self._console.complain(text)

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
