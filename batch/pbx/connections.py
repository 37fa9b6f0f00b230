"""One connection a request, straight from the socket: all that a PBX that closes each of them needs.

httpx's own transport is a pool; with many requests under way most of its time goes into looking after connections that
nobody uses twice. This one opens a socket, lets the standard library's `http.client` speak HTTP over it, and tells what
happens in httpx's exceptions, each with the library's own as its cause. A time-out of a socket begins anew with every
byte, so connections are also cut off at a moment.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final

import httpx

CONNECTED: Final = "connected"
"""The extension of a request that is called with its socket, as soon as there is one, and with the encrypted one."""

_PART_BYTES: Final = 65_536


class ConnectionPerRequest(httpx.BaseTransport):
    """Sends each request over a connection of its own. Used by any thread."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Make one; ``context`` decides whom to trust over https."""
        self._context = context

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the beginning of what came back; the body is read from the response's stream.

        Raises:
            httpx.RequestError: it could not be sent, or nothing that is HTTP came back.
        """
        times = request.extensions["timeout"]
        with _raising_as(httpx.ConnectTimeout, httpx.ConnectError):
            opened = self._connect(request, times["connect"])
        connection = HTTPConnection("")
        connection.sock = opened
        try:
            with _raising_as(httpx.WriteTimeout, httpx.WriteError):
                opened.settimeout(times["write"])
                _send(connection, request)
            with _raising_as(httpx.ReadTimeout, httpx.ReadError):
                opened.settimeout(times["read"])
                response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]
        return httpx.Response(response.status, headers=headers, stream=_Body(connection, response))

    def _connect(self, request: httpx.Request, timeout: float) -> socket.socket:
        host, encrypts = request.url.raw_host.decode("ascii"), request.url.scheme == "https"
        connected: Callable[[socket.socket], None] = request.extensions.get(CONNECTED, _nobody)
        opened = socket.create_connection((host, request.url.port or (443 if encrypts else 80)), timeout)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected(opened)
            if encrypts:
                opened = self._context.wrap_socket(opened, server_hostname=host)
                connected(opened)
        except BaseException:
            opened.close()
            raise
        return opened


class _Body(httpx.SyncByteStream):
    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        self._connection = connection
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _raising_as(httpx.ReadTimeout, httpx.ReadError):
            while part := self._response.read(_PART_BYTES):
                yield part
        if self._response.length:
            raise httpx.RemoteProtocolError("the body is shorter than was announced")

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _send(connection: HTTPConnection, request: httpx.Request) -> None:
    target = request.url.raw_path.decode("ascii")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.raw:
        connection.putheader(name, value)
    with suppress(ConnectionError):  # one who does not read to the end may have answered all the same
        connection.endheaders(request.read() or None)


@contextmanager
def _raising_as(timed_out: type[httpx.TimeoutException], broken: type[httpx.NetworkError]) -> Iterator[None]:
    """Raise httpx's exceptions for what goes wrong at one step of a request."""
    try:
        yield
    except TimeoutError as error:
        raise timed_out(str(error)) from error
    except HTTPException as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except (OSError, ValueError) as error:
        raise broken(str(error)) from error


def _nobody(_connection: socket.socket) -> None:
    pass


_CONNECTED_EVENTS: Final = ("connect_tcp.complete", "start_tls.complete")
"""What httpcore says when there is a connection, and when it became another one."""


class Deadlines:
    """Watches over the connections of one PBX; used by any thread."""

    def __init__(self) -> None:
        """Watch over none yet."""
        self._changed = threading.Condition()
        self._watched: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._awake = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Cut off, after so many seconds, whatever is connected with `Deadline.extensions` inside."""
        deadline = Deadline(watcher=self, at=time.monotonic() + seconds)
        try:
            yield deadline
        finally:
            with self._changed:
                deadline.connection = None

    def watch(self, deadline: Deadline, connection: socket.socket) -> None:
        """Take up a connection, or another one in its place."""
        with self._changed:
            if deadline.connection is None:
                heapq.heappush(self._watched, (deadline.at, next(self._numbers), deadline))
            deadline.connection = connection
            if not self._awake:
                self._awake = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._watched[0][2] is deadline:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._watched:
                at, _, deadline = self._watched[0]
                left = at - time.monotonic()
                if deadline.connection is not None and left > 0:
                    self._changed.wait(left)
                    continue
                heapq.heappop(self._watched)
                if deadline.connection is not None:
                    deadline.passed = True
                    with suppress(OSError):  # closed already
                        socket.socket.shutdown(deadline.connection, socket.SHUT_RDWR)
            self._awake = False


@dataclass(slots=True, kw_only=True)
class Deadline:
    """The moment at which one request ends, answered or not."""

    watcher: Deadlines
    at: float
    """In seconds of `time.monotonic`."""
    connection: socket.socket | None = None
    passed: bool = False

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What a request is given so that this hears of its connection; through a proxy it is httpcore that tells."""
        return {CONNECTED: partial(self.watcher.watch, self), "trace": self._trace}

    def _trace(self, event: str, about: Mapping[str, Any]) -> None:
        """Hear from httpcore how far the request is; see its ``trace`` extension."""
        if event.endswith(_CONNECTED_EVENTS):
            connection = about["return_value"].get_extra_info("socket")
            if isinstance(connection, socket.socket):
                self.watcher.watch(self, connection)
