"""The wire: one request out, one reply in. Neither retries nor signs in; that is decided elsewhere.

Every request waits in the throttle for its turn, and every reply tells the throttle how it went.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlencode

import httpx

from batch.pbx.addresses import API_PATH
from batch.pbx.connections import Deadline, Deadlines
from batch.pbx.error_codes import Verdict, is_secret_name, verdict_of
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply, Request
from batch.pbx.redaction import Redactor
from batch.pbx.throttle import Clock, Stopped, Throttle
from batch.pbx.transport import HTTPS_PORT, PLAIN_PORT, ThroughProxies, reply_of
from batch.secrets import Secret

_Failed: TypeAlias = NotSent | NoResponse | InvalidResponse
Log: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Is told of each request: call, ids, reply, http_status, errcode, reason, sign_in, elapsed_ms. Never a secret."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""The largest answer that is read; what is larger is not the API's."""
LAST_REQUEST_S: Final = 5.0
"""Time for giving back a token at the end, once to wait for its turn and once for its answer."""
HURRIED_S: Final = 1.0
"""Time for giving back tokens in all, when somebody is waiting for the end."""

_HEADERS: Final = [
    *(("User-Agent", "OpenAPI"), ("Accept", "application/json")),
    *(("Accept-Encoding", "gzip, deflate"), ("Connection", "close")),
]
"""Of every request. A User-Agent is mandatory, and this one is known to do (vendor's API, section 1)."""
_LARGEST_REFUSAL: Final = 256 * 1024
"""Of a larger answer that says no only the code and the message count."""
_MOST_WORDS: Final = 500
_HALF_CHARACTERS: Final = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\x00")
"""Where half a character may stand, as JSON lets it: no file or terminal takes one, so U+FFFD is read for it."""
_LARGEST_ERRCODE: Final = 2**53
"""A number beyond it is not the API's."""
_LONGEST_PAUSE_S: Final = 600.0
"""A ``Retry-After`` that asks for more is taken for this."""
_SLOW_STATUS: Final = frozenset({429, 503})
_SHARE_AT_THE_DOOR: Final = 0.1
"""Of the time of a hurried request: its turn may not come, its answer may."""
_GREETING_S: Final = 3.0
"""Seconds for what answers a greeting of TLS at once."""
_TOO_LATE: Final = NotSent(reason="its turn came too late", late=True)
_STOPPED: Final = NotSent(reason="stopped before its turn")
_CLOSED: Final = NotSent(reason="the connection to the PBX is closed already")


class _Unread(Enum):
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"


def no_log(_entry: Mapping[str, Any]) -> None:
    """Log nothing."""


class RequestLog(Protocol):
    """Whoever keeps account of every request."""

    def leaving(self, request: Request, sign_in: int) -> int:
        """Hear of a request that is about to leave, under which of the session's sign-ins; return its number.

        What is raised here keeps it from leaving, and goes through as it is.
        """

    def settled(self, number: int, reply: Reply) -> None:
        """Hear what came of it."""


class _NoRequestLog:
    def leaving(self, request: Request, sign_in: int) -> int:  # noqa: ARG002
        return 0

    def settled(self, number: int, reply: Reply) -> None:
        pass


NO_REQUEST_LOG: Final = _NoRequestLog()


class AccessToken(NamedTuple):
    """What a request is sent with: a token, and which of the session's sign-ins gave it."""

    token: Secret
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The way to one PBX; shared by all threads."""

    transport: httpx.BaseTransport
    base_url: str
    """Without a slash at its end."""
    throttle: Throttle
    clock: Clock
    timeout: float
    """Seconds for each step; an answer that drips in is given up after twice as many in all."""
    log: Log = no_log
    request_log: RequestLog = NO_REQUEST_LOG
    deadlines: Deadlines = field(default_factory=Deadlines)
    redactor: Redactor = field(default_factory=Redactor)
    """Knows every secret that was sent or read, so that the PBX cannot give one away in its words."""
    closed: threading.Event = field(default_factory=threading.Event)
    parsed: Callable[[str], httpx.URL] = field(default_factory=lambda: lru_cache(maxsize=8)(httpx.URL), repr=False)
    """Takes an address apart: writes share theirs, token and all, which is forgotten with this way."""

    @property
    def proxied(self) -> bool:
        """Whether somebody may stand between, who speaks for the PBX."""
        return isinstance(self.transport, ThroughProxies)

    def close(self) -> None:
        """Send nothing any more. Nobody may be inside a request."""
        self.closed.set()
        self.transport.close()

    def send(
        self,
        request: Request,
        access: AccessToken | None = None,
        turn: AbstractContextManager[float] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Send one request when the throttle lets it, and make a reply of what came of it.

        Args:
            request: what to send.
            access: the token, and whose it is; None for asking for one.
            turn: waits for the request's turn, and gives when it came; None for the throttle's usual way.
            timeout: seconds for each step; None for the usual ones.

        Raises:
            Stopped: if the throttle is shut to it before its turn, or the wire closed; nothing was sent.
        """
        number: int | None = None

        def leaving() -> None:
            nonlocal number
            number = self.request_log.leaving(request, 0 if access is None else access.serial)

        try:
            with turn or self.throttle.passing(writes=request.writes, prepare=leaving) as started:
                if request.not_after is None or started <= request.not_after:
                    if number is None:
                        leaving()
                    reply = self._exchange(request, access, started, timeout or self.timeout)
                    self._adjust_throttle(reply)
                else:
                    reply = _TOO_LATE
        except Stopped:
            if number is not None:
                self.request_log.settled(number, _STOPPED)
            raise
        if number is not None:
            self.request_log.settled(number, reply)
        if reply is _TOO_LATE:
            return reply
        self.log(_entry(request, access, reply))
        if reply is _CLOSED:
            raise Stopped
        return reply

    def send_last(self, request: Request, access: AccessToken) -> Reply:
        """Send a request for which there is little time, also through a stopped throttle; never raises."""
        if self.throttle.hurried:
            patience, timeout = HURRIED_S * _SHARE_AT_THE_DOOR, HURRIED_S * (1 - _SHARE_AT_THE_DOOR)
        else:
            patience = timeout = min(self.timeout, LAST_REQUEST_S)
        try:
            return self.send(request, access, self.throttle.leaving(patience), timeout)
        except Stopped:
            return _CLOSED

    def _exchange(self, request: Request, access: AccessToken | None, started: float, timeout: float) -> Reply:
        """Put a request on the wire and make a reply of what comes back, or of why nothing does."""
        if self.closed.is_set():  # nobody closes it while something is in flight, and this is
            return _CLOSED
        credentials = {} if access is None else {"access_token": access.token.reveal()}
        self.redactor.learn(*credentials.values(), *_secrets_of(request))
        body = None if request.body is None else json.dumps(request.body, allow_nan=False).encode()
        status, retry_after = 0, None
        content: bytes | _Unread = _Unread.TOO_SLOW
        with self.deadlines.within(2 * timeout) as deadline:
            built = self._built(request, credentials, body, timeout, deadline)
            try:
                with closing(self.transport.handle_request(built)) as response:
                    status, retry_after = response.status_code, response.headers.get("Retry-After")
                    content = self._read(response, started + 2 * timeout)
            except httpx.RequestError as error:
                if not deadline.passed:
                    elapsed = self.clock.monotonic() - started
                    reply = reply_of(error, timeout=timeout, elapsed=elapsed, http_status=status or None)
                    return self._with_port_named(built.url, reply)
        elapsed = self.clock.monotonic() - started
        if deadline.passed or content is _Unread.TOO_SLOW:
            reason = f"the answer had not ended after {2 * timeout:g} s"
            return NoResponse(reason=reason, elapsed=elapsed, timed_out=True)
        pause = _retry_after(retry_after, self.clock)
        found = _object_with_errcode(content, status)
        if isinstance(found, str):
            return InvalidResponse(reason=found, http_status=status, elapsed=elapsed, retry_after=pause)
        errcode, answer = found
        errmsg, answer = self._redacted(errcode, answer, content)
        return Answer(
            errcode=errcode,
            errmsg=_shown(errmsg),
            body=answer,
            http_status=status,
            elapsed=elapsed,
            retry_after=pause,
            sign_in=0 if access is None else access.serial,
        )

    def _redacted(
        self, errcode: int, answer: Mapping[str, Any], content: bytes | _Unread
    ) -> tuple[str, Mapping[str, Any]]:
        """Return an answer with its message; one that says no without secrets, one that says yes is learnt from."""
        errmsg = _text_of(answer.get("errmsg"))
        if errcode == 0:
            self.redactor.learn(answer.get("access_token"), answer.get("refresh_token"))
            self.redactor.learn_from(answer)
            return self.redactor.clean(errmsg), answer
        if isinstance(content, bytes) and len(content) > _LARGEST_REFUSAL:
            answer = {"errcode": errcode, "errmsg": errmsg}
        answer = self.redactor.clean_all(answer)
        return _text_of(answer.get("errmsg")), answer

    def _with_port_named(self, url: httpx.URL, reply: _Failed) -> _Failed:
        """Say so where http was spoken to an https port: a server of TLS closes such a connection without a word.

        Looked at only at the door, since nobody who was met there changes what he speaks.
        """
        at_the_door = url.path.endswith("/get_token") and url.scheme == "http" and not self.proxied
        if not at_the_door or not isinstance(reply, NoResponse) or reply.timed_out or reply.speaks:
            return reply
        if not _speaks_tls(url.host, url.port or 80, min(self.timeout, _GREETING_S)):
            return reply
        return replace(reply, reason=HTTPS_PORT, speaks="https")

    def _built(
        self, request: Request, credentials: Mapping[str, str], body: bytes | None, timeout: float, deadline: Deadline
    ) -> httpx.Request:
        query = urlencode({**request.params, **credentials}, safe=",")
        return httpx.Request(
            request.method,
            self.parsed(f"{self.base_url}/{API_PATH}/{request.call}{query and '?'}{query}"),
            headers=_HEADERS if body is None else [*_HEADERS, ("Content-Type", "application/json")],
            content=body,
            extensions={"timeout": httpx.Timeout(timeout, pool=None).as_dict(), **deadline.extensions},
        )

    def _read(self, response: httpx.Response, deadline: float) -> bytes | _Unread:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                return _Unread.TOO_LARGE
            if self.clock.monotonic() > deadline:
                return _Unread.TOO_SLOW
        return b"".join(parts)

    def _adjust_throttle(self, reply: Reply) -> None:
        match reply:
            case Answer(elapsed=elapsed, retry_after=pause) if _asks_for_less(reply):
                self.throttle.slow_down(elapsed, pause)
            case Answer(elapsed=elapsed):
                if verdict_of(reply) is Verdict.RETRY:
                    self.throttle.stumbled()
                else:
                    self.throttle.succeeded(elapsed)
            case InvalidResponse(elapsed=elapsed, http_status=status, retry_after=pause):
                if status in _SLOW_STATUS or pause is not None:
                    self.throttle.slow_down(elapsed, pause)
                else:
                    self.throttle.stumbled()
            case NotSent(elapsed=elapsed, timed_out=timed_out) | NoResponse(elapsed=elapsed, timed_out=timed_out):
                if timed_out:
                    self.throttle.slow_down(elapsed)
                else:
                    self.throttle.stumbled()


def _speaks_tls(host: str, port: int, timeout: float) -> bool:
    """Tell whether a port that gave no answer to http speaks TLS, whoever it is: it is only greeted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout) as opened, context.wrap_socket(opened):
            return True
    except ssl.SSLError as error:  # one that wants no greeting like this speaks it all the same
        hung_up = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)  # older Pythons tell it the second way
        return not hung_up and error.reason not in PLAIN_PORT
    except OSError:
        return False


def _asks_for_less(answer: Answer) -> bool:
    return (
        answer.http_status in _SLOW_STATUS or answer.retry_after is not None or verdict_of(answer) is Verdict.TRANSIENT
    )


def _object_with_errcode(
    content: bytes | Literal[_Unread.TOO_LARGE], status: int
) -> tuple[int, Mapping[str, Any]] | str:
    """Read the API's JSON object and its errcode, or say in words what came instead."""
    where = f"(HTTP {status})"
    if content is _Unread.TOO_LARGE:
        return f"an answer larger than {MOST_BYTES // 1024**2} MiB {where}"
    if 300 <= status < 400:
        return f"a redirection to another address {where}"
    if not content.strip():
        return f"an empty answer {where}"
    try:
        answer = json.loads(content)
        if _HALF_CHARACTERS.search(content):
            text = json.dumps(answer, ensure_ascii=False)
            answer = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        if content.lstrip()[:1] == b"<":
            return f"an HTML page instead of JSON {where}"
        return f"an answer that is not JSON {where}"
    if not isinstance(answer, dict):
        return f"JSON, but not an object {where}"
    errcode = _integer(answer.get("errcode"))
    if errcode is None or abs(errcode) > _LARGEST_ERRCODE:
        return f"JSON without an errcode {where}"
    return errcode, answer


def _integer(value: Any) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if re.fullmatch(r"\s*-?\d{1,18}\s*", value, re.ASCII):
            return int(value)
    return None


def _retry_after(header: str | None, clock: Clock) -> float | None:
    """Read a ``Retry-After`` header: seconds, or a date in HTTP's form; None if it is neither."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text, re.ASCII):
        return min(float(text), _LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        return None
    return min(max(0.0, (until - clock.now()).total_seconds()), _LONGEST_PAUSE_S)


def _secrets_of(request: Request) -> Iterable[object]:
    return (value for name, value in (request.body or {}).items() if is_secret_name(name))


def _text_of(errmsg: Any) -> str:
    return "" if errmsg is None else errmsg if isinstance(errmsg, str) else json.dumps(errmsg)


def _shown(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MOST_WORDS]


def _entry(request: Request, access: AccessToken | None, reply: Reply) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"call": request.call}
    if request.ids:
        entry["ids"] = list(request.ids)
    if access is not None:
        entry["sign_in"] = access.serial
    entry["reply"] = reply.kind
    if isinstance(reply, Answer | InvalidResponse):
        entry["http_status"] = reply.http_status
    entry |= {"errcode": reply.errcode} if isinstance(reply, Answer) else {"reason": reply.reason}
    return {**entry, "elapsed_ms": round(reply.elapsed * 1000, 1)}
