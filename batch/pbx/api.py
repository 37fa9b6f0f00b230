"""The API of one PBX: a request in, a reply out; and how a connection to it is opened and closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from batch.pbx.clocks import SYSTEM_CLOCK, Clock
from batch.pbx.gate import Gate
from batch.pbx.pacing import Brake, Pace
from batch.pbx.replies import Answer, Reply
from batch.pbx.requests import Request
from batch.pbx.session import Session, tell_nobody
from batch.pbx.transport import SystemTrust, Verification, open_client
from batch.pbx.wire import Log, Wire, no_log
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
    def gate(self) -> Gate:
        """The door that every request passes; stop it to let nothing more through."""
        return self.wire.gate

    def send(self, request: Request) -> Reply:
        """Send one request under the session's token.

        Neither retries nor signs in again: an expired token comes back as an answer with errcode 10004, and its
        ``sign_in`` is what `Session.renew` wants to know.

        Raises:
            PbxError: if a token was needed and could not be had; see `Session.token`.
            Stopped: if the gate was stopped before its turn; nothing was sent.
        """
        permit = self.session.permit()
        reply = self.wire.send(request, permit)
        if isinstance(reply, Answer) and reply.errcode != _TOKEN_EXPIRED:
            self.session.worked(permit.serial)
        return reply


@contextmanager
def connect(
    endpoint: Endpoint,
    *,
    log: Log = no_log,
    notice: Callable[[str], None] | None = None,
    signing_in: Callable[[datetime], None] = tell_nobody,
    clock: Clock = SYSTEM_CLOCK,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Api]:
    """Open a connection to a PBX; whatever happens inside, its token is given back at the end.

    Args:
        endpoint: which PBX, as whom, how fast.
        log: is told of each request, redacted.
        notice: is told once, in words, when the PBX first asks for less.
        signing_in: is told the time just before a token is asked for, so that a journal outlives a crash.
        clock: where time comes from.
        transport: what to send through instead of the network, for tests.

    Yields:
        The API; nothing is sent until it is used.

    Raises:
        UsageError: if rate, concurrency, CA file or fingerprint cannot be used.
    """
    gate = Gate(Pace(endpoint.rate), Brake(endpoint.concurrency), clock, notice)
    client = open_client(
        endpoint.base_url,
        timeout=endpoint.timeout,
        verification=endpoint.verification,
        proxy=endpoint.proxy,
        transport=transport,
    )
    with client:
        wire = Wire(client=client, gate=gate, clock=clock, timeout=endpoint.timeout, log=log)
        session = Session(
            wire,
            base_url=endpoint.base_url,
            client_id=endpoint.client_id,
            secret=endpoint.secret,
            signing_in=signing_in,
        )
        try:
            yield Api(wire=wire, session=session)
        finally:
            gate.stop()
            session.close()
