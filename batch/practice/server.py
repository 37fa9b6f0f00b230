"""The practice PBX on a loopback port: as a command until Ctrl-C, or for as long as a test or a command lasts."""

import asyncio
import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from batch.practice.api import Api, SeenRequest
from batch.practice.calls import Pbx
from batch.practice.faults import Faults
from batch.practice.state import PbxState
from batch.practice.state_files import SAVE_EVERY, StateFile, invent_state, read_state

LOOPBACK = "127.0.0.1"
BASE_PATH = "/openapi/v1.0"
_BACKLOG = 2048
_START_SECONDS = 30


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
    config = _configure(api, certificate)
    with _listen(LOOPBACK, 0) as listener:
        server = _Server(config, api, keeper)
        thread = threading.Thread(target=server.run, args=([listener],), name="practice-pbx", daemon=True)
        thread.start()
        server.ready.wait(_START_SECONDS)
        try:
            yield RunningPbx(
                url=_url_of(listener, certificate),
                state=state,
                requests=requests,
                count_valid_tokens=pbx.sign_ins.count_valid,
            )
        finally:
            server.should_exit = True
            thread.join()
            keeper.close()


def serve(
    state: PbxState,
    host: str = LOOPBACK,
    port: int = 0,
    *,
    faults: Faults | None = None,
    path: Path | None = None,
    certificate: Certificate | None = None,
    on_ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve a PBX in the foreground until Ctrl-C; the state is saved then as well.

    Args:
        state: changed by what clients write.
        host: the address to listen on.
        port: 0 takes a free one.
        faults: what goes wrong; nothing when None.
        path: where accepted writes are saved (see `StateFile`); nowhere when None.
        certificate: serves https with it; http when None.
        on_ready: called with the URL as soon as clients can connect.

    Raises:
        OSError: the address is taken, the certificate cannot be read, or the state cannot be saved at the
            end.
    """
    keeper = StateFile(state, path)
    pbx = Pbx(state, time.time, lambda _state: keeper.mark())
    api = Api(pbx, faults or Faults(), lambda _request: None)
    config = _configure(api, certificate)
    with _listen(host, port) as listener:
        try:
            on_ready(_url_of(listener, certificate))
            _Server(config, api, keeper).run([listener])
        except KeyboardInterrupt:
            pass  # the server has ended in good order and passes the signal on
        finally:
            keeper.close()


class _Server(uvicorn.Server):
    """uvicorn, with a signal when it is ready, and an end that no pause delays and no signal skips."""

    def __init__(self, config: uvicorn.Config, api: Api, keeper: StateFile) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._api = api
        self._keeper = keeper

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._api.stop()
        await super().shutdown(sockets)
        with contextlib.suppress(OSError):  # SIGTERM ends the process right after this; else the caller closes again
            self._keeper.close()


class _Protocol(H11Protocol):
    """HTTP/1.1, with the connection's transport in the scope so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _configure(api: Api, certificate: Certificate | None) -> uvicorn.Config:
    config = uvicorn.Config(
        Starlette(routes=[Route(BASE_PATH + "/{call:path}", api)]),
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        headers=[("connection", "close")],
        ssl_certfile=certificate.certificate_file if certificate else None,
        ssl_keyfile=certificate.key_file if certificate else None,
    )
    config.load()  # here, so that a certificate which cannot be read is the caller's error, not the thread's
    return config


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        if os.name != "nt":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _url_of(listener: socket.socket, certificate: Certificate | None) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if certificate else 'http'}://{shown}:{port}"


def rehearse(
    *, port: int, state_file: Path | None, faults_file: Path | None, ready: Callable[[str, str], None]
) -> None:
    """Serve until interrupted.

    Args:
        port: on 127.0.0.1; 0 for any free one.
        state_file: read at the start, where it is there, and kept up to date.
        faults_file: a script as ``faults`` describes it.
        ready: is told URL and client id once it answers.

    Raises:
        OSError: a file cannot be read, or the port is taken.
        ValueError: state or faults are not what they should be.
    """
    if state_file is not None and not state_file.parent.is_dir():
        raise ValueError(f"there is no folder {state_file.parent}")
    try:
        state = _state(state_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{state_file}: {_reason(error)}") from None
    try:
        faults = _faults(faults_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{faults_file}: {_reason(error)}") from None
    serve(
        state,
        port=port,
        faults=faults,
        path=state_file,
        on_ready=lambda url: ready(url, state.settings.client_id),
    )


def _state(file: Path | None) -> PbxState:
    return read_state(file) if file is not None and file.exists() else invent_state(_EXAMPLES)


def _faults(file: Path | None) -> Faults | None:
    return None if file is None else Faults.from_json(json.loads(file.read_text(encoding="utf-8-sig")))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


_EXAMPLES = ({"name": "London-1"}, {"name": "Paris-1", "type": "peer"}, {"name": "Branch-1", "type": "account"})
