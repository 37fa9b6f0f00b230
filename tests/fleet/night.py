"""A night with a few PBXs that only workers reach: practice PBXs, their profiles, a workbook, and a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batch.fleet.tasks import FORMAT, Task, own_version
from batch.practice.faults import Faults
from batch.practice.server import RunningPbx, running
from samples.making.files import Page, write_workbook
from tests.brokers import profiles, worker
from tests.flows.shell import CLIENT_SECRET, Ran, pbx, register, run
from tests.forked import Forked

FAST: Final = ("--yes", "--settle-wait", "0", "--rate", "10000")
PASSWORD: Final = "Sample-sip-of-north"
NEW: Final = "new.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    folder: Path
    """Of the one who leads: the workbook, and profiles that say no more than where a PBX and its workers are."""
    there: Path
    """Of the workers: profiles with addresses, and the runs."""
    broker: str
    pbxs: Mapping[str, RunningPbx]

    @property
    def workbook(self) -> Path:
        return self.folder / "book.xlsx"

    @property
    def environment(self) -> dict[str, str]:
        return {"TRUNK_BATCH_WORKERS": self.broker}

    def run(self, command: str, place: Path | None = None, *words: object) -> Ran:
        typed = (command, place or self.workbook, "--profile-file", self.folder / "trunk-batch.toml", "--json", *words)
        return run(*typed, environment=self.environment)

    @contextmanager
    def worker(self, *words: object) -> Iterator[Forked]:
        secrets = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET, "SIP_NORTH": PASSWORD}
        with worker(self.broker, "north", self.there, *words, **secrets) as process:
            yield process

    @property
    def fleet_run(self) -> Path:
        """The folder of the last run over all PBXs."""
        return max((self.folder / "book.runs").glob("*-FLEET"))

    def writes(self) -> Counter[tuple[str, int]]:
        """Count the writes of each trunk that arrived."""
        return Counter(
            (name, int(request.body["id"]))
            for name, pbx in self.pbxs.items()
            for request in pbx.requests
            if request.call == "trunk/update"
        )

    def hosts(self) -> set[Any]:
        """Return what all trunks of all PBXs hold as their hostname."""
        return {trunk["hostname"] for pbx in self.pbxs.values() for trunk in pbx.state.trunks.values()}


@contextmanager
def night(
    folder: Path,
    broker: str,
    *,
    pbxs: int = 2,
    trunks: int = 3,
    latency: float = 0.0,
    password: str = "",
    there: Path | None = None,
) -> Iterator[Night]:
    """Have a night; ``there`` is the workers' place, which several may share one after the other."""
    names = [f"berlin{number}" for number in range(pbxs)]
    here, there = folder / "here", there or folder / "there"
    here.mkdir(parents=True)
    there.mkdir(exist_ok=True)
    header = ["PBX", "Name", "Hostname", *(["Password"] if password else [])]
    rows = [
        [name, f"T{number}", NEW, *([password] if password else [])]
        for name in names
        for number in range(1, trunks + 1)
    ]
    write_workbook(here / "book.xlsx", Page(name="Trunks", lines=[header, *rows]))
    with ExitStack() as stack:
        served = {name: stack.enter_context(_served(trunks, latency)) for name in names}
        own = {
            name: {"url": pbx.url, "client_id": "practice", "site": "north", "secrets": ["SIP_*"]}
            for name, pbx in served.items()
        }
        profiles(there, **own)
        profiles(here, **{name: {"url": pbx.url, "site": "north"} for name, pbx in served.items()})
        yield Night(folder=here, there=there, broker=broker, pbxs=served)


@contextmanager
def _served(trunks: int, latency: float) -> Iterator[RunningPbx]:
    live = [register(number, f"T{number}", f"44207946{number:04d}") for number in range(1, trunks + 1)]
    with running(pbx(live), faults=Faults.from_json({"latency": latency, "faults": []})) as served:
        yield served


def task_for(told: Night, name: str, command: str, *, fleet: str = "20261130-020000-ab12-FLEET", **facts: Any) -> Task:
    """Make a task as it is handed to a crew: the part holds all rows of the one PBX."""
    part = told.folder / f"{name}.xlsx"
    rows = [[f"T{number}", NEW] for number in told.pbxs[name].state.trunks] if name in told.pbxs else [["T1", NEW]]
    write_workbook(part, Page(name="Trunks", lines=[["Name", "Hostname"], *rows]))
    return {
        "format": FORMAT,
        "version": own_version(),
        "fleet": fleet,
        "pbx": name,
        "slug": name,
        "wave": 1,
        "command": command,
        "digest": "",
        "settings": {"rate": 10_000, "settle_wait": 0},
        "own": {"part": str(part)},
        **facts,
    }
