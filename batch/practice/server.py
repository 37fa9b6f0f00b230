"""The practice PBX on a loopback port: as a command until Ctrl-C, or for as long as a test or a command lasts."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from batch.practice.calls import Pbx, Request
from batch.practice.faults import (
    AnswerWith,
    CannedReply,
    CutInHalf,
    Drop,
    EditTrunk,
    ExpireTokens,
    Fault,
    Faults,
    Garble,
    Hang,
    HttpStatus,
    PassOn,
    RefuseWith,
    ShowOtherwise,
    WritePart,
)
from batch.practice.state import SAVE_EVERY, PbxState, StateFile, invent_state, read_state
from batch.practice.vendor import MISSING_USER_AGENT, SUCCESS, Json, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request as it reached the PBX, for tests and benchmarks."""

    call: str
    method: str
    params: Mapping[str, str]
    body: Any = field(repr=False)
    """The parsed JSON, None when there was none. That of ``get_token`` holds the secret: repr hides it."""
    started: float
    """``time.monotonic()`` when the whole request had arrived."""
    open_requests: int
    """How many were being answered then, this one included."""


class Api:
    """What lies under ``/openapi/v1.0``; threads may ask side by side."""

    def __init__(self, pbx: Pbx, faults: Faults, on_request: Callable[[SeenRequest], None]) -> None:
        self._pbx = pbx
        self._faults = faults
        self._on_request = on_request
        self._open_requests = 0
        self._one_at_a_time = threading.Lock()
        self.stopped = threading.Event()
        """Ends every pause, and lets none begin."""

    def respond(self, request: Request, raw: bytes, *, names_its_agent: bool = True) -> CannedReply | bytes:
        """Answer one request.

        Returns:
            The reply; or the bytes, perhaps none, after which the connection ends too early.
        """
        body = _parse(raw)
        request = replace(request, body=body if isinstance(body, dict) else None)
        with self._one_at_a_time:
            self._open_requests += 1
            self._on_request(
                SeenRequest(
                    call=request.call,
                    method=request.method,
                    params=request.params,
                    body=body,
                    started=time.monotonic(),
                    open_requests=self._open_requests,
                )
            )
            fault = self._faults.next(request.call, {**request.params, **(request.body or {})})
        try:
            if pause := self._faults.latency + (fault.latency if fault else 0.0):
                self.stopped.wait(pause)
            if not names_its_agent:
                return _reply(refusal(MISSING_USER_AGENT))
            if isinstance(fault, Hang):
                return self._hang(fault, request)
            with self._one_at_a_time:
                return self._break(fault, request)
        finally:
            with self._one_at_a_time:
                self._open_requests -= 1

    def _break(self, fault: Fault | None, request: Request) -> CannedReply | bytes:
        match fault:
            case AnswerWith() | RefuseWith() | HttpStatus() | Garble():
                if fault.effect:
                    self._pbx.answer(request)
                return fault.make_reply()
            case CutInHalf():
                return _half_of(_dump(self._pbx.answer(request) if fault.effect else refusal(SUCCESS)))
            case Drop():
                if fault.do == "drop_after":
                    self._pbx.answer(request)
                return b""
            case ExpireTokens():
                self._pbx.sign_ins.expire_all()
            case EditTrunk():
                self._pbx.edit_trunk(fault.id, fault.fields)
            case WritePart():
                kept = {name: value for name, value in (request.body or {}).items() if name not in fault.omit}
                answer = self._pbx.answer(replace(request, body=kept))
                return _reply(refusal(fault.errcode) if answer["errcode"] == SUCCESS else answer)
            case ShowOtherwise():
                return _reply(fault.show(self._pbx.answer(request)))
            case None | PassOn() | Hang():
                pass
        return _reply(self._pbx.answer(request))

    def _hang(self, fault: Hang, request: Request) -> bytes:
        if fault.when == "last":
            self.stopped.wait(fault.seconds)
        if fault.when != "never":
            with self._one_at_a_time:
                self._pbx.answer(request)
        if fault.when != "last":
            self.stopped.wait(fault.seconds)
        return b""


def _half_of(content: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        f"content-length: {len(content)}",
        "connection: close",
    )
    return "\r\n".join([*head, "", ""]).encode() + content[: len(content) // 2]


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _dump(answer: Json) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _reply(answer: Json) -> CannedReply:
    return CannedReply(headers={"content-type": "application/json"}, content=_dump(answer))


LOOPBACK = "127.0.0.1"
BASE_PATH = "/openapi/v1.0"
_LOOKS_EVERY_S = 0.05
"""So often a server looks whether it is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the PBX shows to a client that comes by https: PEM files."""

    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPbx:
    """A practice PBX that is being served."""

    url: str
    """``http://127.0.0.1:PORT``, or https; the API lies under ``/openapi/v1.0``."""
    state: PbxState
    """The live state; `PbxState.edit_trunk` plays the colleague who changes something meanwhile."""
    requests: list[SeenRequest] = field(default_factory=list, repr=False)
    """Every request, in the order they arrived."""
    count_valid_tokens: Callable[[], int] = field(repr=False)
    """How many access tokens are out: 0 once every client has signed out."""


@contextlib.contextmanager
def running(
    state: PbxState,
    *,
    faults: Faults | None = None,
    on_change: Callable[[PbxState], None] | None = None,
    path: Path | None = None,
    save_every: float = SAVE_EVERY,
    clock: Callable[[], float] = time.time,
    certificate: Certificate | None = None,
) -> Iterator[RunningPbx]:
    """Serve a PBX in a background thread, on a free port of loopback, until the block ends.

    Args:
        state: changed by what clients write.
        faults: what goes wrong; nothing when None.
        on_change: called in the server's thread after every accepted write, before it is answered.
        path: where accepted writes are saved (see `StateFile`); nowhere when None.
        save_every: seconds between saves; 0 saves before each answer.
        clock: seconds since 1970, for tokens and blocks.
        certificate: serves https with it; http when None.

    Raises:
        OSError: the certificate cannot be read, or, at the end, the state cannot be saved.
    """
    keeper = StateFile(state, path, save_every)

    def note_write(changed: PbxState) -> None:
        keeper.mark()
        if on_change is not None:
            on_change(changed)

    pbx = Pbx(state, clock, note_write)
    requests: list[SeenRequest] = []
    api = Api(pbx, faults or Faults(), requests.append)
    with _Server(0, api, certificate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_LOOKS_EVERY_S,), name="practice-pbx", daemon=True)
        thread.start()
        try:
            yield RunningPbx(
                url=server.url, state=state, requests=requests, count_valid_tokens=pbx.sign_ins.count_valid
            )
        finally:
            server.shutdown()
            server.server_close()
            keeper.close()


class _Server(ThreadingHTTPServer):
    """A thread for each connection, and an end that waits for what is being answered, and for nothing else."""

    request_queue_size = 2048
    daemon_threads = False
    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port

    def __init__(self, port: int, api: Api, certificate: Certificate | None) -> None:
        self.api = api
        self.waiting: dict[Any, socket.socket] = {}
        """Connections whose request has not arrived, by the caller's address."""
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate_file, certificate.key_file)
        super().__init__((LOOPBACK, port), _Handler)
        self.url = f"{'http' if certificate is None else 'https'}://{LOOPBACK}:{self.socket.getsockname()[1]}"

    def server_bind(self) -> None:
        """Bind without asking any name server what this machine is called."""
        TCPServer.server_bind(self)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, by TLS if the PBX speaks it."""
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        self.waiting[client_address] = request
        try:
            with contextlib.suppress(OSError):  # whoever called has gone, or does not speak TLS
                if self.api.stopped.is_set():
                    return
                if isinstance(request, ssl.SSLSocket):
                    request.do_handshake()
                super().finish_request(request, client_address)
        finally:
            self.waiting.pop(client_address, None)
            self.shutdown_request(request)

    def server_close(self) -> None:
        """End every pause and every connection that asks for nothing; wait for the answers that are being made."""
        self.api.stopped.set()
        for connection in list(self.waiting.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer what lies under the base path."""
        self.close_connection = True
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.waiting.pop(self.client_address, None)
        where = urlsplit(self.path)
        call = unquote(where.path).removeprefix(BASE_PATH + "/")
        if call == unquote(where.path):
            self._reply(CannedReply(status=404, headers={"content-type": "text/plain"}, content=b"Not Found"))
            return
        params = dict(parse_qsl(where.query, keep_blank_values=True))
        token = params.pop("access_token", "")
        request = Request(call=call, method=self.command, params=params, token=token, address=self.client_address[0])
        try:
            reply = self.server.api.respond(request, raw, names_its_agent="user-agent" in self.headers)
        except OSError as error:  # the state cannot be saved
            reply = CannedReply(status=500, headers={"content-type": "text/plain"}, content=str(error).encode())
        if isinstance(reply, bytes):
            self.wfile.write(reply)
        else:
            self._reply(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815 - the library looks for these names

    def _reply(self, reply: CannedReply) -> None:
        headers = {**reply.headers, "content-length": str(len(reply.content)), "connection": "close"}
        head = [f"HTTP/1.1 {reply.status} {http.client.responses.get(reply.status, '')}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + reply.content)

    def log_message(self, *_what: object) -> None:
        """Say nothing: a rehearsal shows the run, not its server."""


def rehearse(
    *, port: int, state_file: Path | None, faults_file: Path | None, ready: Callable[[str, str], None]
) -> None:
    """Serve in the foreground until Ctrl-C; the state is saved then as well.

    ``ready`` is told the URL and the client id as soon as clients can connect.

    Raises:
        OSError: the port is taken, or the state cannot be saved at the end.
        ValueError: state or faults are not what they should be.
    """
    if state_file is not None and not state_file.parent.is_dir():
        raise ValueError(f"there is no folder {state_file.parent}")
    try:
        state = _state(state_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{state_file}: {_reason(error)}") from None
    try:
        faults = None if faults_file is None else _faults(faults_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{faults_file}: {_reason(error)}") from None
    keeper = StateFile(state, state_file)
    pbx = Pbx(state, time.time, lambda _state: keeper.mark())
    try:
        with _Server(port, Api(pbx, faults or Faults(), lambda _request: None), None) as server:
            ready(server.url, state.settings.client_id)
            server.serve_forever(_LOOKS_EVERY_S)
    except KeyboardInterrupt:
        pass
    finally:
        keeper.close()


def _state(file: Path | None) -> PbxState:
    return read_state(file) if file is not None and file.exists() else invent_state(_EXAMPLES)


def read_faults(file: Path) -> Faults | None:
    """Read a script of faults; None where there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what it should be.
    """
    return _faults(file) if file.exists() else None


def _faults(file: Path) -> Faults:
    return Faults.from_json(json.loads(file.read_text(encoding="utf-8-sig")))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


_EXAMPLES = ({"name": "London-1"}, {"name": "Paris-1", "type": "peer"}, {"name": "Branch-1", "type": "account"})
