"""The session: one token per PBX and run, shared by all threads, renewed by one of them, given back at the end.

A client has eight tokens of 30 minutes. Where all are out, the journals of our own runs tell how many are ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx

from batch.errors import AddressBlocked, PbxError, TokensExhausted
from batch.pbx.messages import Answer, NoResponse, NotSent, Reply, Request, refresh, revoke, sign_in
from batch.pbx.sign_ins import TOKEN_GONE, Failure, Grant, SignIn, judge_shortage, read_sign_in
from batch.pbx.throttle import SYSTEM_CLOCK, Clock, ConcurrencyLimit, RateLimiter, Stopped, Throttle
from batch.pbx.transport import SystemTrust, Verification, open_transport
from batch.pbx.wire import HURRIED_S, NO_REQUEST_LOG, AccessToken, Log, RequestLog, Wire, no_log
from batch.secrets import Secret

MOST_UNTRIED: Final = 5
"""So many new tokens in a row may turn out to be worth nothing before the PBX is given up on (it has eight)."""
ASK_AGAIN_S: Final = 30.0
"""So often a token is asked for while all eight are out: somebody may have given one back."""

_TOKEN_EXPIRED: Final = 10004
_PAST_THE_MOMENT_S: Final = 1.0
"""Asked so long after a token's end, the PBX's clock has seen it too."""
_WORTHLESS: Final = Failure(
    kind=PbxError,
    message="The PBX calls every token expired that it has just given.",
    hint="Check the PBX's date and time, then switch its API off and on (Integrations > API).",
    lasting=True,
    reply=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    access: AccessToken
    refresh: Secret | None
    renew_at: float
    refresh_until: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Which PBX, as whom, and how hard it may be worked."""

    base_url: str
    client_id: str
    secret: Secret
    verification: Verification = field(default_factory=SystemTrust)
    proxy: bool = False
    """Whether the proxies that the environment names are used; never for loopback."""
    timeout: float = 30.0
    rate: float = 10.0
    """The most starts in any one second, of every request to this PBX."""
    concurrency: int = 4
    """The most requests at a time, of every request to this PBX; it begins with one."""


class Session:
    """The sign-in to one PBX. Every method may be called from any thread.

    What fails is raised as one of the leaves of `PbxError`; `SignInUnanswered` carries the reply, so that the
    caller can judge whether to try again. Threads that waited while another one failed to sign in share its failure
    instead of trying in turn; where all tokens of the client are out, one thread waits for all.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        base_url: str,
        client_id: str,
        secret: Secret,
        patience: float = 0.0,
        tokens_out: Callable[[], Sequence[datetime]] = tuple,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """Make a session, as `connect` does; nothing is sent until a token is needed."""
        self.wire = wire
        self._base_url = base_url
        self._client_id = client_id
        self._secret = secret
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._superseded: list[_Held] = []
        self._patience = patience
        self._tokens_out = tokens_out
        self._notice = notice
        self._barred: Failure | None = None
        self._failures = 0
        self._shared: Callable[[], Exception] | None = None
        """Makes what those raise who waited while somebody failed."""
        self._serial = 0
        self._worked = 0
        self._closed = False

    @property
    def throttle(self) -> Throttle:
        """Where every request waits for its turn: wind it down or stop it, and hurry it where somebody waits."""
        return self.wire.throttle

    def send(self, request: Request) -> Reply:
        """Send one request under the session's token.

        Neither retries nor signs in again: an expired token comes back as an answer with errcode 10004, and its
        ``sign_in`` is what `renew` wants to know.

        Raises:
            PbxError: if a token was needed and could not be had; see `token`.
            Stopped: if the throttle was shut to it before its turn, or the connection closed; nothing was sent.
        """
        access = self.token()
        reply = self.wire.send(request, access)
        if isinstance(reply, Answer) and reply.errcode != _TOKEN_EXPIRED:
            self._worked = max(self._worked, access.serial)
        return reply

    def token(self) -> AccessToken:
        """Return the token and which sign-in gave it; signs in at first need, renews a little before the end.

        Raises:
            PbxError: SignInRefused, AddressBlocked, TokensExhausted, SignInUnanswered, or itself for codes that
                stop the PBX.
            Stopped: if the throttle is stopped, or the session closed.
        """
        held = self._held
        if held is not None and self._clock_s() < held.renew_at:
            return held.access
        seen = self._failures
        with self._lock:
            held = self._held
            if held is not None and self._clock_s() < held.renew_at:
                return held.access
            self._check(seen)
            return self._renewed(held).access

    def renew(self, serial: int) -> AccessToken:
        """Return a token newer than the one of this serial, which the PBX called expired.

        Only the first to report it signs in; the others wait for that and get the same.

        Raises:
            PbxError: as `token` does; also if one new token after the other is called expired.
            Stopped: if the throttle is stopped, or the session closed.
        """
        seen = self._failures
        with self._lock:
            held = self._held
            if held is None or held.access.serial <= serial:
                self._check(seen)
                self._drop()
                if self._serial - self._worked >= MOST_UNTRIED:
                    raise self._failed(_WORTHLESS)
                held = self._signed_in()
            return held.access

    def close(self) -> bool:
        """Give the tokens back. Never raises, and sends each at most once.

        Returns:
            Whether none of ours is left on the PBX, as far as the PBX confirmed it.
        """
        self._closed = True  # before the lock: whoever is signing in just now gives that token back itself
        with self._lock:
            self._drop()
            return all(self._give_back_superseded())

    def _clock_s(self) -> float:
        return self.wire.clock.monotonic()

    def _check(self, seen: int) -> None:
        """Stop here if nothing more shall be sent, or if somebody just failed while this thread waited."""
        if self._closed:
            raise Stopped
        if self._barred is not None:
            raise self._barred.error()
        if self._failures != seen and self._shared is not None:
            raise self._shared()

    def _renewed(self, held: _Held | None) -> _Held:
        if held is not None and held.refresh is not None and self._clock_s() < held.refresh_until:
            given = self._ask(refresh(held.refresh))
            if isinstance(given, Grant):
                self._drop()
                return self._hold(given)
            if given.kind is AddressBlocked or isinstance(given.reply, NotSent):
                raise self._failed(given)
        self._drop()
        return self._signed_in()

    def _signed_in(self) -> _Held:
        request = sign_in(self._client_id, self._secret)
        given = self._ask(request)
        if _full(given) is not None and self._give_back_superseded():
            given = self._ask(request)
        full = _full(given)
        if full is not None:
            given = self._waited_for(request, full)
        if isinstance(given, Failure):
            raise self._failed(given)
        return self._hold(given)

    def _waited_for(self, request: Request, full: Answer) -> SignIn:
        """Ask again until one of the client's tokens is free or patience is over; the first time, say so.

        Raises:
            Stopped: at once when the throttle is stopped or winding down; whoever waits for this one likewise.
        """
        began = self._clock_s()
        asked_at = self._tokens_out()
        told = False
        while True:
            shortage = judge_shortage(full, asked_at, self.wire.clock.now())
            waited = self._clock_s() - began
            left = self._patience - waited
            if left <= 0:
                return shortage.failure(waited)
            if self._notice is not None and not told:
                self._notice(shortage.waiting(self._patience))
                told = True
            try:
                self.wire.throttle.rest(min(ASK_AGAIN_S, left, shortage.seconds + _PAST_THE_MOMENT_S))
            except Stopped:
                self._share(Stopped)
                raise
            given = self._ask(request)
            still_full = _full(given)
            if still_full is None:
                return given
            full = still_full

    def _ask(self, request: Request) -> SignIn:
        reply = self.wire.send(request)
        return read_sign_in(reply, base_url=self._base_url, now=self.wire.clock.now(), proxied=self.wire.proxied)

    def _hold(self, grant: Grant) -> _Held:
        now = self._clock_s()
        self._serial += 1
        self._shared = None
        self._held = _Held(
            access=AccessToken(token=grant.access, serial=self._serial),
            refresh=grant.refresh,
            renew_at=now + grant.renew_after,
            refresh_until=now + grant.refresh_life,
            expires_at=now + grant.life,
        )
        if self._closed:
            self._drop()
            self._give_back_superseded()
            raise Stopped
        return self._held

    def _failed(self, failure: Failure) -> PbxError:
        if failure.lasting:
            self._barred = failure
        self._share(failure.error)
        return failure.error()

    def _share(self, error: Callable[[], Exception]) -> None:
        """Let those who are waiting now raise the same."""
        self._failures += 1
        self._shared = error

    def _drop(self) -> None:
        """Use the token no more; it may be valid on the PBX for some time yet."""
        if self._held is not None:
            self._superseded.append(self._held)
            self._held = None

    def _give_back_superseded(self) -> list[bool]:
        """Revoke the tokens that are used no more and still valid; tell of each whether the PBX confirmed it.

        A PBX that does not answer in time is not kept asking: the others are left for later, or end by themselves.
        """
        now = self._clock_s()
        self._superseded = [held for held in self._superseded if now < held.expires_at]
        gone: list[bool] = []
        answers = True
        while self._superseded and answers:
            reply = self.wire.send_last(revoke(), self._superseded.pop(0).access)
            gone.append(isinstance(reply, Answer) and reply.errcode in TOKEN_GONE)
            answers = not (isinstance(reply, NotSent | NoResponse) and reply.timed_out)
        return gone


def _full(given: SignIn) -> Answer | None:
    if isinstance(given, Failure) and given.kind is TokensExhausted and isinstance(given.reply, Answer):
        return given.reply
    return None


@contextmanager
def connect(  # noqa: PLR0913 - which PBX, who is told what, and where time and network come from
    endpoint: Endpoint,
    *,
    log: Log = no_log,
    notice: Callable[[str], None] | None = None,
    request_log: RequestLog = NO_REQUEST_LOG,
    patience: float = 0.0,
    tokens_out: Callable[[], Sequence[datetime]] = tuple,
    clock: Clock = SYSTEM_CLOCK,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Session]:
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
        The session; nothing is sent until it is used.

    Raises:
        UsageError: if rate, concurrency, CA file or fingerprint cannot be used.
    """
    throttle = Throttle(RateLimiter(endpoint.rate), ConcurrencyLimit(endpoint.concurrency), clock, notice)
    wire = Wire(
        transport=transport or open_transport(endpoint.base_url, endpoint.verification, proxy=endpoint.proxy),
        base_url=endpoint.base_url.rstrip("/"),
        throttle=throttle,
        clock=clock,
        timeout=endpoint.timeout,
        log=log,
        request_log=request_log,
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
        yield session
    finally:
        throttle.stop()
        if _gave_back_in_time(session, throttle) and throttle.idle:
            # else each thread closes its own: a socket closed under one is the next file's number a moment later
            wire.close()


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
