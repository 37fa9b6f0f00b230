"""Practice PBXs of many offices, two processes full of them, and the workbook and the profiles that go with them.

Run as a process of its own: ``python offices.py FIRST COUNT TRUNKS LATENCY_S [SLOW SLOW_LATENCY_S]``. It prints their
addresses as JSON and serves until it is ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from batch.practice.faults import Faults
from batch.practice.server import running
from batch.practice.state import invent_state
from samples.making.files import Page, write_workbook

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """So many PBXs with so many trunks each, all of which the workbook changes."""

    pbxs: int
    trunks: int
    dids: int
    latency: float = 0.05
    slow: tuple[int, float] | None = None
    """Which one is slow, and how many seconds an answer of its takes."""
    password: str = ""
    """What stands in all password cells; blank for another password in each."""

    def write(self, folder: Path) -> None:
        """Write the workbook: a new host and password, a name, and all DIDs of every trunk."""
        of_all = [(f"office-{i:03}", f"Main-{k:02}", i, k) for i in range(self.pbxs) for k in range(self.trunks)]
        trunks = [
            (pbx, name, "sbc.northwind-voice.example", self.password or f"Sample-{i}-{k}", "replace")
            for pbx, name, i, k in of_all
        ]
        dids = [
            (pbx, name, f"44{2_000_000_000 + i * 1_000_000 + k * 1_000 + number}", f"Desk {number}")
            for pbx, name, i, k in of_all
            for number in range(self.dids)
        ]
        write_workbook(
            folder / "trunks.xlsx",
            Page(name="Trunks", lines=[("PBX", "Name", "Hostname", "Password", "DIDs mode"), *trunks]),
            Page(name="DIDs", lines=[("PBX", "Trunk", "DID", "DID name"), *dids]),
        )

    @contextmanager
    def open(self, folder: Path) -> Iterator[None]:
        """Serve them, and write their profiles, as long as the block lasts."""
        half = -(-self.pbxs // 2)
        slow = [] if self.slow is None else [str(self.slow[0]), str(self.slow[1])]
        with ExitStack() as stack:
            urls: list[str] = []
            for first in range(0, self.pbxs, half):
                count = min(half, self.pbxs - first)
                words = [str(first), str(count), str(self.trunks), str(self.latency), *slow]
                command = [sys.executable, str(Path(__file__)), *words]
                server = subprocess.Popen(  # noqa: S603 - ours
                    command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
                )
                stack.callback(server.wait)
                stack.callback(server.kill)
                if server.stdout is not None:
                    urls += json.loads(stack.enter_context(server.stdout).readline())
            _write_profiles(folder, urls)
            yield


def _write_profiles(folder: Path, urls: Sequence[str]) -> None:
    (folder / "client.secret").write_text("Sample-practice-secret", encoding="utf-8")
    (folder / "client.secret").chmod(0o600)
    lines = ["[default]", 'client_id = "practice"', 'secrets = ["SIP_*"]', "", *_profiles(urls)]
    (folder / "trunk-batch.toml").write_text("\n".join(lines), encoding="utf-8")


def _profiles(urls: Sequence[str]) -> Iterator[str]:
    for i, url in enumerate(urls):
        yield f'[office-{i:03}]\nurl = "{url}"\nsecret_file = "client.secret"\n'


@dataclass(slots=True)
class Watch:
    """What processes took, by id: processor time in seconds, and the most memory of each that is its own, in MiB."""

    cpu: dict[int, float]
    mib: dict[int, float]

    def look(self, session: int) -> None:
        """Look at all processes of a session, where the system can tell."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) != session:
                    continue
                number = int(process.name)
                self.cpu[number] = (int(fields[11]) + int(fields[12])) / TICKS
                rollup = (process / "smaps_rollup").read_text()
            except (OSError, IndexError, ValueError):
                continue
            pss = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
            self.mib[number] = max(self.mib.get(number, 0.0), pss / 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one command took, with all processes that it started."""

    wall: float
    cpu: float
    mib: Sequence[float]
    """The most memory of each process, the largest first."""
    said: Mapping[str, object]
    """What it printed as JSON."""

    def __str__(self) -> str:
        each = f"{len(self.mib)} processes, at most {max(self.mib, default=0):.0f} MiB, in all {sum(self.mib):.0f} MiB"
        return f"{self.wall:6.1f} s, {self.cpu:5.1f} s of CPU, {each}"


def run_watched(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Took:
    """Run a command that prints JSON to its end, in a session of its own, and watch what it takes."""
    watch, started = Watch({}, {}), time.perf_counter()
    with (folder / "out.json").open("w") as out, (folder / "err.txt").open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=folder,
            stdout=out,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), **(environment or {})},
        )
        while process.poll() is None:
            watch.look(process.pid)
            time.sleep(0.25)
    wall = time.perf_counter() - started
    assert process.returncode == 0, (folder / "err.txt").read_text()[-2_000:]
    said = json.loads((folder / "out.json").read_text())
    return Took(wall=wall, cpu=sum(watch.cpu.values()), mib=sorted(watch.mib.values(), reverse=True), said=said)


def _serve(first: int, count: int, trunks: int, latency: float, slow: Mapping[int, float]) -> None:
    with ExitStack() as stack:
        urls = []
        for i in range(first, first + count):
            state = invent_state([{"name": f"Main-{k:02}"} for k in range(trunks)])
            faults = Faults.from_json({"latency": slow.get(i, latency)})
            urls.append(stack.enter_context(running(state, faults=faults)).url)
        print(json.dumps(urls), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:]]
    is_slow = {int(number): latency for number, latency in zip(numbers[4::2], numbers[5::2], strict=True)}
    _serve(int(numbers[0]), int(numbers[1]), int(numbers[2]), numbers[3], is_slow)
