"""A PBX that costs hardly anything: asyncio alone, so that what is measured is the client.

Run as a process of its own: ``python lean_pbx.py TRUNKS DIDS LATENCY_S``. It prints its port, answers each request
after the latency, and closes the connection. It holds what it is sent; the call ``count`` tells how many requests came
since it was last asked, by call.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

SUCCESS: Final[dict[str, Any]] = {"errcode": 0, "errmsg": "SUCCESS"}


def trunk(number: int, dids: int) -> dict[str, Any]:
    """Make a trunk as it stands before the migration."""
    return {
        "id": number, "name": f"Site-{number:05d}", "type": "register", "status": 1, "enable": 1, "transport": "udp",
        "hostname": "sip.old.example", "port": 5060, "domain": "old.example", "username": f"old{number}",
        "password": f"Sample-old-{number:05d}", "auth_name": f"old{number}", "enb_outbound_proxy": 0,
        "codec_sel": "ulaw,alaw", "def_outbound_cid": "", "def_outbound_cid_name": "",
        "did_list": [{"did": f"4430{number * dids + n:08d}", "did_name": ""} for n in range(dids)],
        "outbound_cid_list": [],
    }  # fmt: skip


class Pbx:
    """What it holds, and how it answers."""

    def __init__(self, trunks: int, dids: int) -> None:
        self.trunks = {number: trunk(number, dids) for number in range(1, trunks + 1)}
        self.extensions = [{"id": n, "number": str(1000 + n), "caller_id_name": f"Desk {n}"} for n in range(1, 101)]
        self.calls: Counter[str] = Counter()

    def answer(self, call: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        """Answer one call."""
        if call == "count":
            calls, self.calls = self.calls, Counter()
            return {**SUCCESS, "calls": calls}
        self.calls[call] += 1
        match call:
            case "get_token":
                tokens = {"access_token": "Sample-access", "refresh_token": "Sample-refresh"}
                return {**SUCCESS, **tokens, "access_token_expire_time": 1800, "refresh_token_expire_time": 86400}
            case "trunk/list":
                listed = self.page(list(self.trunks.values()), query)
                listed["data"] = [{k: v for k, v in whole.items() if k in LISTED} for whole in listed["data"]]
                return listed
            case "extension/list":
                return self.page(self.extensions, query)
            case "trunk/query":
                return {**SUCCESS, "data": [self.trunks[int(number)] for number in query["ids"][0].split(",")]}
            case "trunk/get":
                return {**SUCCESS, "data": self.trunks[int(query["id"][0])]}
            case "trunk/update":
                wanted = json.loads(body)
                self.trunks[wanted["id"]].update(wanted)
            case _:
                pass
        return SUCCESS

    @staticmethod
    def page(rows: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
        """Serve one page of a list."""
        number, size = int(query["page"][0]), int(query["page_size"][0])
        return {**SUCCESS, "total_number": len(rows), "data": rows[(number - 1) * size : number * size]}


LISTED: Final = frozenset({"id", "name", "type", "status", "username", "def_outbound_cid"})


class Connection(asyncio.Protocol):
    """One connection: one request, one answer."""

    def __init__(self, pbx: Pbx, latency: float) -> None:
        self.pbx, self.latency, self.received = pbx, latency, b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if gap:
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b": 0")
            if len(body) >= int(length.partition(b":")[2]):
                asyncio.get_running_loop().call_later(self.latency, self.respond, head, body)

    def respond(self, head: bytes, body: bytes) -> None:
        """Answer and close."""
        url = urlsplit(head.split(b" ", 2)[1].decode())
        call = url.path.removeprefix("/openapi/v1.0/")
        content = json.dumps(self.pbx.answer(call, parse_qs(url.query), body)).encode()
        status = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        assert self.transport is not None
        self.transport.write(f"{status}Connection: close\r\n\r\n".encode() + content)
        self.transport.close()


async def serve(trunks: int, dids: int, latency: float) -> None:
    """Serve until the process is ended."""
    pbx = Pbx(trunks, dids)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(pbx, latency), "127.0.0.1", 0, backlog=512
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
