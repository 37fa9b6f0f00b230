"""Fleet export: what many PBXs hold, read side by side, as one workbook that names the PBX of each row.

A PBX that cannot be read is named, and keeps none of the others from being exported. Reads, and cannot write to a PBX.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from batch.commands.connection import open_connection
from batch.commands.export import (
    Exported,
    ReadPbx,
    check_export_target,
    check_heights,
    counted_rows,
    read_pbx,
    workbook_of,
)
from batch.commands.outputs import check_places
from batch.commands.run import Unattended, UserInterface
from batch.errors import BatchError, UsageError
from batch.runs.folders import recording
from batch.runs.live_reads import concurrently
from batch.runs.retrying_client import RetryingClient
from batch.settings import Settings
from batch.writers.export_workbook import write_fleet_export

_LEAVE_S: Final = 2.0
"""After Ctrl-C so long is waited for the PBXs to get their tokens back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetExported:
    """A workbook that was made from what many PBXs hold."""

    settings: Settings
    path: Path | None
    """None where no PBX could be read."""
    exported: Mapping[str, Exported] = field(default_factory=dict)
    """Of each PBX that is in it, by its name."""
    not_read: Mapping[str, BatchError] = field(default_factory=dict)
    """Why others are not in it, by their names."""

    @property
    def exit_code(self) -> int:
        """0 if all are in it, 5 if some are, 6 if none is."""
        return (5 if self.exported else 6) if self.not_read else 0


def export_fleet(
    settings: Settings,
    pbxs: Sequence[str],
    profile_settings: Callable[[str], Settings],
    interface: UserInterface | None = None,
) -> FleetExported:
    """Read PBXs, as many at a time as `Settings.pbxs` says, and write what they hold as one workbook.

    Args:
        settings: where to, and how many at a time.
        pbxs: their names, or addresses.
        profile_settings: makes the settings of one of them; a UsageError is about that one alone.
        interface: is told how it goes; nobody is asked for a secret.

    Raises:
        BatchError: the file is there already or cannot be written, or what was asked for is not to be had of many.
    """
    if settings.practice or settings.portal:
        flag = "--practice" if settings.practice else "--portal"
        raise UsageError(f"{flag} is for one PBX.", f"Leave out --pbx and --all, or leave {flag} out.")
    check_export_target(settings)
    check_places(settings)
    reader = _Reader(profile_settings, interface or Unattended())
    try:
        found = concurrently([partial(reader.read, pbx) for pbx in pbxs], settings.pbxs)
    except KeyboardInterrupt:
        reader.abandon()
        raise
    read = {pbx: one for pbx, one in zip(pbxs, found, strict=True) if isinstance(one, ReadPbx)}
    not_read = {pbx: one for pbx, one in zip(pbxs, found, strict=True) if isinstance(one, BatchError)}
    if not read:
        return FleetExported(settings=settings, path=None, not_read=not_read)
    rows = Counter[str]()
    for one in read.values():
        rows.update({filled.sheet.title: filled.height for filled in one.said.sheets})
    check_heights(rows)
    path = write_fleet_export(settings.workbook, {pbx: workbook_of(one, pbx) for pbx, one in read.items()})
    exported = {pbx: counted_rows(one, path) for pbx, one in read.items()}
    return FleetExported(settings=settings, path=path, exported=exported, not_read=not_read)


class _Reader:
    """Reads PBXs, each in a thread of its own."""

    def __init__(self, profile_settings: Callable[[str], Settings], interface: UserInterface) -> None:
        self._profile_settings, self._interface = profile_settings, interface
        self._open: list[RetryingClient] = []
        self._lock = threading.RLock()

    def read(self, pbx: str) -> ReadPbx | BatchError:
        """Read one, or say why it cannot be."""
        interface = _Named(pbx, self._interface, self._lock)
        try:
            with self._lock:
                settings = self._profile_settings(pbx)
            with (
                recording() as record,
                open_connection(settings, interface, record) as connection,
                self._at_work(connection.client),
            ):
                return read_pbx(settings, connection, interface)
        except BatchError as error:
            return error

    @contextmanager
    def _at_work(self, client: RetryingClient) -> Iterator[None]:
        with self._lock:
            self._open.append(client)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(client)

    def abandon(self) -> None:
        """Leave off, and give the tokens back as far as that is quick."""
        with self._lock:
            leaving = [threading.Thread(target=client.leave, daemon=True) for client in self._open]
        for thread in leaving:
            thread.start()
        until = time.monotonic() + _LEAVE_S
        for thread in leaving:
            thread.join(max(0.0, until - time.monotonic()))


class _Named(Unattended):
    """Tells of which PBX what is told is, one thing after the other. There is nobody to ask for so many secrets."""

    def __init__(self, pbx: str, interface: UserInterface, lock: AbstractContextManager[object]) -> None:
        super().__init__()
        self._pbx, self._interface, self._lock = pbx, interface, lock

    def tell(self, text: str) -> None:
        """Say something by the way."""
        with self._lock:
            self._interface.tell(f"{self._pbx}: {text}")

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Show a request."""
        with self._lock:
            self._interface.requested({"pbx": self._pbx, **entry})
