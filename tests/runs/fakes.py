"""A PBX inside the process that goes wrong by script, time that passes only by waiting, and a run against both."""

from __future__ import annotations

import copy
import json
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from batch.pbx.session import Endpoint, Session, connect
from batch.pbx.transport import Insecure
from batch.pbx.wire import NO_REQUEST_LOG, RequestLog
from batch.runs import journal
from batch.runs.folders import recording
from batch.runs.journal import Journal
from batch.runs.outcomes import Outcome
from batch.runs.retries import Policy
from batch.runs.retrying_client import RetryingClient
from batch.runs.trunk_writer import TrunkWriter, Work
from batch.runs.worker_pool import Limits, WorkerPool
from batch.runs.write_order import WriteOrder
from batch.secrets import Secret
from batch.trunks.change_plan import Change, plan_change
from batch.trunks.live import parse_trunk
from tests import builders
from tests.fake_time import FakeTime

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
BREAKS: dict[str, type[httpx.RequestError]] = {
    "timeout": httpx.ReadTimeout,
    "reset": httpx.ReadError,
    "cut": httpx.RemoteProtocolError,
}
ODD: dict[str, Callable[[], httpx.Response]] = {
    "half": lambda: httpx.Response(200, content=b'{"errcode":0,"errm'),
    "html": lambda: httpx.Response(502, text=HTML),
    "empty": lambda: httpx.Response(200),
    "list": lambda: httpx.Response(200, json=["SUCCESS"]),
    "slow": lambda: httpx.Response(503, text=HTML, headers={"Retry-After": "7"}),
    "busy": lambda: answer(70082),
    "busy9": lambda: httpx.Response(200, json={"errcode": 70082, "errmsg": "BUSY"}, headers={"Retry-After": "9"}),
    "-2p": lambda: answer(-2, invalid_param_list=[{"field": "hostname", "value": "new.example"}]),
}


def until(true: Callable[[], bool]) -> None:
    """Wait until something that another thread does has happened."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


class Keyboard:
    """Ctrl-C, from any thread, for the main one; it was heard before the next is pressed."""

    def __init__(self) -> None:
        self._heard = 0
        self._lock = threading.Lock()
        self.listened_to = True
        """Whether what is pressed interrupts; a key that is pressed too late is heard, and does nothing."""
        self.answered: Callable[[], bool] = lambda: True
        """Whether what it asks for has been done; who presses waits for that."""

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _hear(self, *_: object) -> None:
        self._heard += 1
        if self.listened_to:
            raise KeyboardInterrupt

    def ctrl_c(self) -> None:
        with self._lock:
            before = self._heard
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            until(lambda: self._heard > before and self.answered())


def trunk(number: int, **fields: Any) -> dict[str, Any]:
    """Make a register trunk as the PBX holds it."""
    return {
        "id": number,
        "name": f"T{number}",
        "type": "register",
        "status": 1,
        "hostname": "old.example",
        "port": "5060",
        "password": "Sample-old",
        "did_list": [{"id": 1, "did": f"44207946{number:04}", "did_name": "Main"}],
        "outbound_cid_list": [],
    } | fields


def answer(errcode: int = 0, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"errcode": errcode, "errmsg": "SUCCESS" if errcode == 0 else "WORDS", **more})


@dataclass
class FakePbx:
    """Holds trunks, and answers each call with the next word of its script, or properly once that is over.

    Words: ``ok``; ``timeout``, ``reset``, ``half``, ``html``, ``empty``, ``list``, ``cut`` and ``-2`` are unclear
    answers, with ``+`` behind them after the request was carried out, and with ``~`` when that happens later (so too
    ``ok~``);
    ``1`` takes all but the first field, ``1+`` all and ``1-`` none; ``2`` is carried out after two more reads, ``2+``
    at once and ``2-`` never; ``down`` lets nobody connect; ``expired`` ends the token; ``busy`` is 70082, ``busy9``
    asks for 9 seconds as well; ``slow`` is a 503 with Retry-After; ``edit`` lets somebody else change the trunk first
    and ``edit+`` just after; any other number is that errcode.
    """

    time: FakeTime = field(default_factory=FakeTime)
    trunks: dict[int, dict[str, Any]] = field(default_factory=dict)
    scripts: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    """The trunk of each write that arrived."""
    broken: list[str] = field(default_factory=list)
    """What a careful client would not have done."""
    at_write: Callable[[int], None] = lambda _trunk_id: None
    at_call: Callable[[str], None] = lambda _call: None
    at_reply: Callable[[int], None] = lambda _count: None
    """Is called before a reply is given, with how many there were."""
    outages: list[tuple[float, float, str]] = field(default_factory=list)
    """From when to when, in seconds of the fake time, every call is answered with which word."""
    under_way: int = 0
    most_under_way: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _replies: int = 0
    _token: int = 0
    _dead: int = 0
    """Tokens up to this one have expired."""
    _edits: int = 0
    _later: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _edited: set[int] = field(default_factory=set)
    _shown: set[int] = field(default_factory=set)
    """Trunks whose foreign edit was shown to the client."""

    def add(self, *trunks: Mapping[str, Any]) -> None:
        for one in trunks:
            self.trunks[one["id"]] = dict(one)

    def script(self, call: str, *words: str) -> None:
        self.scripts[call] = list(words)

    def calls(self, *unwanted: str) -> list[str]:
        found = [request.url.path.partition("/v1.0/")[2] for request in self.requests]
        return [call for call in found if call not in {"get_token", "refresh_token", "del_token", *unwanted}]

    def was_asked_to_write(self, number: int) -> bool:
        """Tell whether some write of a trunk came in, if only to be told that its token has expired."""
        updates = [request for request in self.requests if request.url.path.endswith("trunk/update")]
        return any(json.loads(request.content)["id"] == number for request in updates)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = request.url.path.partition("/v1.0/")[2]
        with self._lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            self.at_call(call)
            with self._lock:
                self.requests.append(request)
                self.time.seconds += 0.05
                if call in self.answers:
                    return self.answers[call](request)
                return self._answer(call, self._word(call), request)
        finally:
            with self._lock:
                self.under_way -= 1
                self._replies += 1
                count = self._replies
            self.at_reply(count)

    def _word(self, call: str) -> str:
        for start, end, word in self.outages:
            if start <= self.time.seconds < end:
                return word
        script = self.scripts.get(call, [])
        return script.pop(0) if script else "ok"

    def _answer(self, call: str, word: str, request: httpx.Request) -> httpx.Response:
        self._apply_what_is_due()
        if word == "down":
            raise httpx.ConnectError("", request=request) from ConnectionRefusedError()
        if word == "stranger":
            stranger = ssl.SSLCertVerificationError()
            stranger.verify_code, stranger.verify_message = 18, "self-signed certificate"
            raise httpx.ConnectError("", request=request) from stranger
        if call in {"get_token", "refresh_token"}:
            self._token += 1
            if word not in {"ok", ""}:
                return self._instead(word, request)
            names: dict[str, Any] = {
                "access_token": f"Sample-t{self._token}",
                "refresh_token": f"Sample-r{self._token}",
            }
            return answer(access_token_expire_time=1800, refresh_token_expire_time=86400, **names)
        if call == "del_token":
            return answer()
        if word == "expired":
            self._dead = self._token
        if int(request.url.params["access_token"].removeprefix("Sample-t")) <= self._dead:
            if word != "expired":
                self.scripts.setdefault(call, []).insert(0, word)
            return answer(10004)
        if call == "trunk/update":
            return self._write(word, request)
        return self._read(call, word, request)

    def _read(self, call: str, word: str, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        ids = [int(text) for text in params.get("ids", params.get("id", "")).split(",") if text]
        if word in {"edit", "edit+"} and ids:
            self.edit(ids[0])
        elif word not in {"ok", "edit", "edit+"}:
            return self._instead(word, request)
        if call == "trunk/list":
            found = list(self.trunks.values())
            return answer(data=copy.deepcopy(found), total_number=len(found))
        data = [copy.deepcopy(self.trunks[i]) for i in ids if i in self.trunks]
        self._shown |= {i for i in ids if i in self._edited}
        return answer(data=data) if data or call == "trunk/query" else answer(60001)

    def _write(self, word: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        number = body.pop("id")
        self.written.append(number)
        self.at_write(number)
        if number in self._shown:
            self.broken.append(f"{number} was written after somebody else's edit was shown")
        fields = list(body)
        match word:
            case "edit":
                self.edit(number)
                word = "reset"
            case "edit+":
                self.take(number, body)
                self.edit(number)
                word = "ok"
            case "1":
                self.take(number, {name: body[name] for name in fields[1:]})
            case "2":
                self._later.append((len(self.requests) + 2, {"id": number, **body}))
            case "ok" | "1+" | "2+":
                self.take(number, body)
            case _ if word.endswith("+"):
                self.take(number, body)
            case _ if word.endswith("~"):
                self._later.append((len(self.requests) + 3, {"id": number, **body}))
            case _:
                pass
        return answer() if word in {"ok", "ok~"} else self._instead(word, request)

    def _instead(self, word: str, request: httpx.Request) -> httpx.Response:
        word = word.rstrip("+~")
        if word in BREAKS:
            raise BREAKS[word]("", request=request)
        if word in ODD:
            return ODD[word]()
        return answer(int(word.rstrip("-")))

    def take(self, number: int, fields: Mapping[str, Any]) -> None:
        self.trunks[number] |= fields

    def _apply_what_is_due(self) -> None:
        due = [entry for entry in self._later if entry[0] <= len(self.requests)]
        self._later = [entry for entry in self._later if entry not in due]
        for _, body in due:
            self.take(body["id"], {name: value for name, value in body.items() if name != "id"})

    def edit(self, number: int, **fields: Any) -> None:
        """Let somebody else change a trunk."""
        self._edits += 1
        self.trunks[number] |= fields or {"hostname": f"foreign-{self._edits}.example"}
        self._edited.add(number)


def changes(pbx: FakePbx, header: str, *lines: str, dids: Sequence[str] = ()) -> list[Change]:
    """Plan what a workbook's lines change on the PBX as it now is."""
    tables, records, problems = builders.read(builders.book([header, *lines], dids))
    assert [problem for problem in problems if problem.stops] == []
    live = {number: parse_trunk(copy.deepcopy(whole)) for number, whole in pbx.trunks.items()}
    inventory = builders.inventory(*live.values())
    judged = [plan_change(tables, record, live[record.id or 0], inventory) for record in records.trunks]
    return [change for change, _, _ in judged]


@dataclass
class Run:
    """Everything that a run is made of, put together and not started."""

    pbx: FakePbx
    api: Session
    client: RetryingClient
    trunk_writer: TrunkWriter
    journal: Journal
    folder: Path
    stopping: threading.Event
    policy: Policy
    words: list[str]
    """What the user was told."""
    outcomes: list[Outcome] = field(default_factory=list)

    def prepared(self, planned: Sequence[Change] | WriteOrder, **limits: Any) -> WorkerPool:
        order = planned if isinstance(planned, WriteOrder) else WriteOrder(planned)
        return WorkerPool(order, self.trunk_writer, Limits(**limits), self.outcomes.extend, self.words.append)

    def dispatch(self, planned: Sequence[Change] | WriteOrder, **limits: Any) -> WorkerPool:
        made = self.prepared(planned, **limits)
        made.run()
        return made

    def looked_at(self, *planned: Change) -> list[Work]:
        """Look at trunks that are still as planned, just before their writes."""
        ready, over = self.trunk_writer.look([Work(change=change) for change in planned])
        assert over == []
        return ready

    @property
    def endings(self) -> dict[int, str]:
        return {outcome.trunk_id or 0: str(outcome.ending) for outcome in self.outcomes}

    @property
    def only(self) -> Outcome:
        (outcome,) = self.outcomes
        return outcome


@contextmanager
def connected(
    pbx: FakePbx, *, rate: float = 10_000, concurrency: int = 4, account: RequestLog = NO_REQUEST_LOG
) -> Iterator[Session]:
    endpoint = Endpoint(
        base_url="https://pbx.example:8088",
        client_id="practice",
        secret=Secret("Sample-client-secret"),
        verification=Insecure(),  # nothing is verified here, and the system's certificates take long to load
        rate=rate,
        concurrency=concurrency,
    )
    with connect(endpoint, clock=pbx.time.clock, request_log=account, transport=httpx.MockTransport(pbx)) as api:
        yield api


@contextmanager
def running(pbx: FakePbx, folder: Path, *, concurrency: int = 4, rate: float = 10_000, **policy: Any) -> Iterator[Run]:
    """Put a run together."""
    with ExitStack() as stack:
        book = stack.enter_context(journal.create_journal(folder))
        record = stack.enter_context(recording())
        api = stack.enter_context(connected(pbx, concurrency=concurrency, rate=rate, account=record))
        record.into_journal(book)
        stopping = threading.Event()
        patience = Policy(**policy)
        words: list[str] = []
        client = RetryingClient(api, patience, stopping, notice=words.append)
        yield Run(
            pbx=pbx,
            api=api,
            client=client,
            trunk_writer=TrunkWriter(client),
            journal=book,
            folder=folder,
            stopping=stopping,
            policy=patience,
            words=words,
        )
