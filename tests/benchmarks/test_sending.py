"""How long sending 2,000 trunks takes beside bare asyncio streams that send the same requests.

Run with ``pytest -m benchmark -s tests/benchmarks/test_sending.py``. The PBX is the practice PBX in a process of its
own; it answers in 50 ms and closes each connection. The clock starts once concurrency has opened to 20.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from batch import pipeline
from batch.secrets import Secret
from batch.settings import Settings
from tests.benchmarks.practices import practice, write_workbook

WARM_UP = 260
"""Trunks sent until concurrency has opened: 1 + 2 + … + 19 clean replies, and some more."""
TIMED = 2_000
AT_ONCE = 20
LATENCY_S = 0.05


async def stream_all(url: str, requests: list[tuple[str, str, bytes]]) -> float:
    """Send requests by bare asyncio streams, so many at once; returns wall seconds."""
    host, port = url.removeprefix("http://").split(":")
    left = iter(requests)

    async def worker() -> None:
        for method, target, body in left:
            reader, writer = await asyncio.open_connection(host, int(port))
            head = (
                f"{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: OpenAPI\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
            answer = await reader.read()
            writer.close()
            assert b'"errcode":0' in answer.replace(b" ", b"")

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return time.perf_counter() - started


def replayed(log: list[dict[str, Any]], token: str) -> list[tuple[str, str, bytes]]:
    """Make the same requests again from a run's log."""
    requests = []
    for entry in log:
        target = f"/openapi/v1.0/{entry['call']}?access_token={token}"
        if entry["call"] == "trunk/update":
            body = {"id": entry["ids"][0], "hostname": "new.example", "transport": "tls"}
            requests.append(("POST", target, json.dumps(body).encode()))
        else:
            requests.append(("GET", f"{target}&ids={','.join(map(str, entry['ids']))}", b""))
    return requests


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_sending_2000_trunks_costs_at_most_one_and_a_quarter_of_bare_streams(tmp_path: Path) -> None:
    workbook = tmp_path / "trunks.xlsx"
    write_workbook(workbook, WARM_UP + TIMED)
    with practice(tmp_path, WARM_UP + TIMED, LATENCY_S) as url:
        done = pipeline.apply(
            Settings(
                workbook=workbook,
                url=url,
                client_id="practice",
                secret=Secret("Sample-practice-secret"),
                rate=10_000,
                concurrency=AT_ONCE,
                settle_wait=0,
            )
        )
        assert isinstance(done, pipeline.Report)
        assert done.endings.total()["applied"] == WARM_UP + TIMED
        lines = (done.folder.path / "log.jsonl").read_text().splitlines()
        log = [json.loads(line) for line in lines]
        first_write = next(i for i, entry in enumerate(log) if entry["call"] == "trunk/update")
        timed = [entry for entry in log[first_write + WARM_UP :] if entry["call"] in {"trunk/update", "trunk/query"}]
        before, after = (datetime.fromisoformat(log[i]["at"]) for i in (first_write + WARM_UP - 1, -1))
        if log[-1]["call"] == "del_token":
            after = datetime.fromisoformat(log[-2]["at"])
        ours = (after - before).total_seconds()
        token = httpx.post(
            f"{url}/openapi/v1.0/get_token",
            json={"username": "practice", "password": "Sample-practice-secret"},
            headers={"User-Agent": "OpenAPI"},
        ).json()["access_token"]
        streams = asyncio.run(stream_all(url, replayed(timed, token)))
    ideal = len(timed) * LATENCY_S / AT_ONCE
    print(f"\n{len(timed)} requests: ideal {ideal:.2f} s, streams {streams:.2f} s, ours {ours:.2f} s", end=": ")
    print(f"{ours / streams:.2f} x")
    assert ours / streams <= 1.25
