"""Locks: one writing command at a time for a run, and for a PBX address and user on this machine.

The operating system keeps them and frees them when the process ends, however it ends: a file that was left behind
locks nothing. Who holds a lock stands beside it, in a file of its own, since Windows lets nobody read a locked one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from filelock import FileLock, Timeout, lock_descriptor, unlock_descriptor
from platformdirs import user_state_path

from batch.errors import OutputError, UsageError
from batch.wording import moment, quoted

_PATIENCE: Final = 0.5
"""Seconds to try for a lock: `held_by` of another process has it for an instant."""
_LOOK: Final = 0.2
"""Seconds to see a lock taken before believing it: two that look at once are in each other's way for an instant, and
whoever took it just now still has to say so."""
_PAUSE: Final = 0.02
_LONGEST_NAME: Final = 80
_OF_A_RUN: Final = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as told to the second one. It holds no secret."""

    command: str
    """``apply``, ``resume`` …; blank where it is not known."""
    pid: int
    """0 where it is not known."""
    started: datetime
    """Aware; where it is not known, when the lock was taken."""
    workbook: str = ""
    run: str = ""
    """The run's folder; blank before it has one."""

    def seen_from_anywhere(self) -> Holder:
        """Return the same with whole paths: the second one may be in another folder."""
        return replace(self, workbook=_whole(self.workbook), run=_whole(self.run))


def _whole(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


class Busy(UsageError):
    """Another command is at work there (exit 2)."""

    code = "busy"

    def __init__(self, what: str, holder: Holder) -> None:
        started = moment(holder.started)
        subject = f"{what[:1].upper()}{what[1:]}"
        wait = "Wait until it has ended"
        if not holder.pid:
            super().__init__(
                f"{subject} is in use since {started}, and by whom cannot be read.",
                f"{wait}; `trunk-batch runs` lists the runs and says which is at work.",
            )
        elif holder.run:
            super().__init__(
                f"{subject} is in use by {holder.command}, run {holder.run}, process {holder.pid}, started {started}.",
                f"{wait}; `trunk-batch status {quoted(holder.run)}` says how far it is. To stop it, press "
                f"Ctrl-C in its window; only if that does not help, end process {holder.pid}. What it did is kept, and "
                "`trunk-batch resume` goes on from there.",
            )
        else:
            workbook = f" of {holder.workbook}" if holder.workbook else ""
            super().__init__(
                f"{subject} is in use by {holder.command}{workbook}, no run yet, process {holder.pid}, "
                f"started {started}.",
                f"{wait}; it may be waiting for an answer in another window. To stop it, press Ctrl-C there; only if "
                f"that does not help, end process {holder.pid}. It has written nothing yet.",
            )


class NoLock(OutputError):
    """No lock can be made there (exit 2), and without one nothing is written."""

    def __init__(self, what: str, place: Path, error: OSError | NotImplementedError) -> None:
        super().__init__(place, _reason(error))
        self.message = f"Cannot lock {what}: {place}: {_reason(error)}."
        self.args = (self.message,)
        self.hint = (
            "It takes a folder that you may write to, on a disk with room and a file system with locks."
            if os.name == "nt"
            else "It takes a folder that you may write to, on a disk with room and a file system with locks; "
            "for the lock of a PBX, XDG_STATE_HOME names another."
        )


_LOCKLESS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def _reason(error: OSError | NotImplementedError) -> str:
    if isinstance(error, NotImplementedError) or error.errno in _LOCKLESS:
        return "the file system there has no locks"
    return (error.strerror or str(error)).lower()


class Lock:
    """A lock that is held; see `holding`."""

    def __init__(self, place: Path, what: str) -> None:
        self._place = place
        self._what = what

    def tell(self, holder: Holder) -> None:
        """Say who holds it, in place of what was said before: once the run has its folder.

        Raises:
            NoLock: it cannot be written.
        """
        told = asdict(holder.seen_from_anywhere()) | {"started": holder.started.isoformat()}
        try:
            _write(_beside(self._place), json.dumps(told))
        except OSError as error:
            raise NoLock(self._what, self._place, error) from error


@contextmanager
def holding(place: Path, what: str, holder: Holder) -> Iterator[Lock]:
    """Hold a lock, and say by whom it is held.

    The folder of a `place_of_pbx` is made where it is missing, mode 0700.

    Raises:
        Busy: somebody holds it, be it another thread of this process.
        NoLock: no lock can be made there.
    """
    file = FileLock(
        place,
        timeout=_PATIENCE,
        mode=0o600,
        thread_local=False,
        fallback_to_soft=False,  # a soft lock would outlive a process that was killed
        preserve_lock_file=True,
        on_acquired=lambda _: place.touch(),  # since when, should the file beside it not be readable
    )
    try:
        _make_room(place)
        file.acquire()
    except Timeout:
        raise Busy(what, _read(place)) from None
    except (OSError, NotImplementedError) as error:
        raise NoLock(what, place, error) from error
    try:
        lock = Lock(place, what)
        lock.tell(holder)
        yield lock
    finally:
        with contextlib.suppress(OSError):
            _beside(place).unlink()
        file.release()


def _make_room(place: Path) -> None:
    if place.name != _OF_A_RUN:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not place.parent.is_dir():  # which the library would make, for a run that there is not
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def held_by(place: Path) -> Holder | None:
    """Say who holds a lock at this moment; None for nobody, whatever a process that was killed has left there.

    Makes nothing and changes nothing. Where the system cannot say whether a lock is held, nobody holds it.
    """
    try:
        descriptor = _open(place)
    except OSError:
        return None
    try:
        if _is_held(descriptor):
            return _read(place)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _open(place: Path) -> int:
    """Open a lock's file, which need not be ours to write to; some file systems lock only what is open for writing."""
    try:
        return os.open(place, os.O_RDWR)
    except OSError:
        return os.open(place, os.O_RDONLY)


def _is_held(descriptor: int) -> bool:
    for _ in range(round(_LOOK / _PAUSE)):
        if lock_descriptor(descriptor, blocking=False):
            unlock_descriptor(descriptor)
            return False
        time.sleep(_PAUSE)
    return True


def place_of_pbx(address: str) -> Path:
    """Return where the lock of a PBX lies: one for each user of this machine.

    The address is its base URL, as `addresses.base_url_of` spells it, the host in upper or lower case; or the file that
    a practice PBX keeps its state in.
    """
    parts = urlsplit(address)
    host = parts.netloc.lower()
    readable = re.sub(r"[^a-z0-9.]+", "-", host or Path(address).name.lower()).strip("-.")[:_LONGEST_NAME]
    exact = hashlib.sha256(parts._replace(netloc=host).geturl().encode()).hexdigest()[:8]
    # a name that began with the host could be one that Windows keeps for itself: aux.example
    return user_state_path("trunk-batch", appauthor=False) / "locks" / f"pbx-{readable}-{exact}.lock"


def place_of_run(folder: Path) -> Path:
    """Return where the lock of a run lies."""
    return folder / _OF_A_RUN


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


def _read(place: Path) -> Holder:
    try:
        told = json.loads(_beside(place).read_text(encoding="utf-8"))
        return Holder(
            command=str(told["command"]),
            pid=int(told["pid"]),
            started=datetime.fromisoformat(told["started"]).astimezone(UTC),
            workbook=str(told["workbook"]),
            run=str(told["run"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return Holder(command="", pid=0, started=datetime.fromtimestamp(place.stat().st_mtime, tz=UTC))


def _write(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        _put(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _put(temporary: Path, path: Path) -> None:
    """Put a file in its place; Windows refuses as long as somebody reads the old one, which takes an instant."""
    for _ in range(round(_PATIENCE / _PAUSE)):
        with contextlib.suppress(PermissionError):
            temporary.replace(path)
            return
        time.sleep(_PAUSE)
    temporary.replace(path)
