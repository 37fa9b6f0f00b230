"""The API of one PBX: a request in, a reply out; and how a connection to it is opened and closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from batch.pbx.clocks import SYSTEM_CLOCK, Clock
from batch.pbx.messages import Answer, Reply, Request
from batch.pbx.session import Session, none_out
from batch.pbx.throttle import ConcurrencyLimit, RateLimiter, Throttle
from batch.pbx.transport import SystemTrust, Verification, open_http_client
from batch.pbx.wire import HURRIED_S, NO_REQUEST_LOG, Log, RequestLog, Wire, no_log
from batch.secrets import Secret

_TOKEN_EXPIRED = 10004


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Which PBX, as whom, and how hard it may be worked."""

    base_url: str
    """As `addresses.base_url_of` gives it."""
    client_id: str
    secret: Secret
    verification: Verification = field(default_factory=SystemTrust)
    proxy: bool = False
    """Whether the proxies that the environment names are used; never for loopback."""
    timeout: float = 30.0
    """Seconds for connecting, for sending, and for each part of an answer."""
    rate: float = 10.0
    """The most starts in any one second, of every request to this PBX."""
    concurrency: int = 4
    """The most requests at a time, of every request to this PBX; it begins with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One PBX, for all threads."""

    wire: Wire
    session: Session

    @property
    def throttle(self) -> Throttle:
        """Where every request waits for its turn: wind it down or stop it, and hurry it where somebody waits."""
        return self.wire.throttle

    def send(self, request: Request) -> Reply:
        """Send one request under the session's token.

        Neither retries nor signs in again: an expired token comes back as an answer with errcode 10004, and its
        ``sign_in`` is what `Session.renew` wants to know.

        Raises:
            PbxError: if a token was needed and could not be had; see `Session.token`.
            Stopped: if the throttle was shut to it before its turn, or the connection closed; nothing was sent.
        """
        access = self.session.access_token()
        reply = self.wire.send(request, access)
        if isinstance(reply, Answer) and reply.errcode != _TOKEN_EXPIRED:
            self.session.worked(access.serial)
        return reply


@contextmanager
def connect(  # noqa: PLR0913 - which PBX, who is told what, and where time and network come from
    endpoint: Endpoint,
    *,
    log: Log = no_log,
    notice: Callable[[str], None] | None = None,
    request_log: RequestLog = NO_REQUEST_LOG,
    patience: float = 0.0,
    tokens_out: Callable[[], Sequence[datetime]] = none_out,
    clock: Clock = SYSTEM_CLOCK,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Api]:
    """Open a connection to a PBX; whatever happens inside, its token is given back at the end.

    At the end nothing more is let through. Threads that are still inside a request may outlive it: what is in
    flight ends as a reply, and anything later as `Stopped`. With `Throttle.hurry` the end takes a second at most.

    Args:
        endpoint: which PBX, as whom, how fast.
        log: is told of each request, redacted.
        notice: is told, in words, when the PBX first asks for less, and when a token has to be waited for.
        request_log: is told of each request before it leaves and after it is settled.
        patience: seconds to wait for a token while all eight of the client are out.
        tokens_out: tells when our own tokens were asked for that may not have been given back (aware).
        clock: where time comes from.
        transport: what to send through instead of the network, for tests.

    Yields:
        The API; nothing is sent until it is used.

    Raises:
        UsageError: if rate, concurrency, CA file or fingerprint cannot be used.
    """
    throttle = Throttle(RateLimiter(endpoint.rate), ConcurrencyLimit(endpoint.concurrency), clock, notice)
    client = open_http_client(
        endpoint.base_url,
        timeout=endpoint.timeout,
        verification=endpoint.verification,
        proxy=endpoint.proxy,
        transport=transport,
    )
    wire = Wire(
        client=client, throttle=throttle, clock=clock, timeout=endpoint.timeout, log=log, request_log=request_log
    )
    session = Session(
        wire,
        base_url=endpoint.base_url,
        client_id=endpoint.client_id,
        secret=endpoint.secret,
        patience=patience,
        tokens_out=tokens_out,
        notice=notice,
    )
    try:
        yield Api(wire=wire, session=session)
    finally:
        throttle.stop()
        if _gave_back_in_time(session, throttle) and throttle.idle:
            # else each thread closes its own: a socket closed under one is the next file's number a moment later
            client.close()


def _gave_back_in_time(session: Session, throttle: Throttle) -> bool:
    """Give the tokens back; where somebody is waiting for the end, leave that to itself after a second.

    Neither looking up a host's name nor a sign-in that another thread is in the midst of can be cut short.
    """
    if not throttle.hurried:
        session.close()
        return True
    closing = threading.Thread(target=session.close, name="closing", daemon=True)
    closing.start()
    closing.join(HURRIED_S)
    return not closing.is_alive()
