"""The session: one token per PBX and run, shared by all threads, renewed by one of them, given back at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from batch.errors import AddressBlocked, PbxError, TokensExhausted
from batch.pbx.gate import Stopped
from batch.pbx.replies import Answer, NotSent
from batch.pbx.requests import Request, refresh, revoke, sign_in
from batch.pbx.signins import Failure, Grant, SignIn, may_be_out, read_sign_in
from batch.pbx.wire import Pass, Wire
from batch.secrets import Secret

MOST_UNTRIED = 5
"""So many new tokens in a row may turn out to be worth nothing before the PBX is given up on (it has eight)."""


_GONE: Final = frozenset({0, 10004})
"""What the PBX says to giving back a token that is not valid afterwards."""
_WORTHLESS: Final = Failure(
    kind=PbxError,
    message="The PBX calls every token expired that it has just given.",
    hint="Check the PBX's date and time, then switch its API off and on (Integrations > API).",
    lasting=True,
    reply=None,
)


def tell_nobody(_at: datetime) -> None:
    """Keep no journal of sign-ins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token in use."""

    permit: Pass
    refresh: Secret | None
    renew_at: float
    refresh_until: float
    expires_at: float


class Session:
    """The sign-in to one PBX. Every method may be called from any thread.

    What fails is raised as one of the leaves of `PbxError`; `SignInUnanswered` carries the reply, so that the
    caller can judge whether to try again. Threads that waited while another one failed to sign in share its failure
    instead of trying in turn.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        base_url: str,
        client_id: str,
        secret: Secret,
        signing_in: Callable[[datetime], None] = tell_nobody,
    ) -> None:
        """Make a session; nothing is sent until a token is needed.

        Args:
            wire: the way to the PBX.
            base_url: for the words when nothing answers there.
            client_id: as the PBX's API page shows it.
            secret: likewise.
            signing_in: is told the time just before a token is asked for, so that a journal outlives a crash.
        """
        self._signing_in = signing_in
        self._wire = wire
        self._base_url = base_url
        self._client_id = client_id
        self._secret = secret
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._superseded: list[_Held] = []
        self._failure: Failure | None = None
        self._tries = 0
        self._serial = 0
        self._worked = 0
        self._closed = False
        self.sign_ins: list[datetime] = []
        """When each token was asked for that was, or may have been, given out; for the journal."""

    def token(self) -> tuple[Secret, int]:
        """Return the token and which sign-in gave it; signs in at first need, renews a little before the end.

        Raises:
            PbxError: SignInRefused, AddressBlocked, TokensExhausted, SignInUnanswered, or itself for codes that
                stop the PBX.
            Stopped: if the gate is stopped, or the session closed.
        """
        permit = self.permit()
        return permit.token, permit.serial

    def permit(self) -> Pass:
        """Return what `Wire.send` needs; raises as `token` does."""
        held = self._held
        if held is not None and self._clock_s() < held.renew_at:
            return held.permit
        seen = self._tries
        with self._lock:
            held = self._held
            if held is not None and self._clock_s() < held.renew_at:
                return held.permit
            self._check(seen)
            return self._renewed(held).permit

    def renew(self, serial: int) -> tuple[Secret, int]:
        """Return a token newer than the one of this serial, which the PBX called expired.

        Only the first to report it signs in; the others wait for that and get the same.

        Raises:
            PbxError: as `token` does; also if one new token after the other is called expired.
            Stopped: if the gate is stopped, or the session closed.
        """
        seen = self._tries
        with self._lock:
            held = self._held
            if held is None or held.permit.serial <= serial:
                self._check(seen)
                self._drop()
                if self._serial - self._worked >= MOST_UNTRIED:
                    raise self._failed(_WORTHLESS)
                held = self._signed_in()
            return held.permit.token, held.permit.serial

    def worked(self, serial: int) -> None:
        """Note that the token of this serial was accepted."""
        self._worked = max(self._worked, serial)

    def close(self) -> bool:
        """Give the tokens back. Never raises, and sends each at most once.

        Returns:
            Whether none of ours is left on the PBX, as far as the PBX confirmed it.
        """
        with self._lock:
            self._closed = True
            self._drop()
            return all(self._give_back_superseded())

    def _clock_s(self) -> float:
        return self._wire.clock.monotonic()

    def _check(self, seen: int) -> None:
        """Stop here if nothing more shall be sent, or if somebody just failed while this thread waited."""
        if self._closed:
            raise Stopped
        if self._failure is not None and (self._failure.lasting or self._tries != seen):
            raise self._failure.error()

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
        if isinstance(given, Failure) and given.kind is TokensExhausted and self._give_back_superseded():
            given = self._ask(request)
        if isinstance(given, Failure):
            raise self._failed(given)
        return self._hold(given)

    def _ask(self, request: Request) -> SignIn:
        """Send a request for a token; its time is kept before it leaves, and forgotten if no token came of it."""
        self._tries += 1
        asked_at = self._wire.clock.now()
        self.sign_ins.append(asked_at)
        self._signing_in(asked_at)
        try:
            reply = self._wire.send(request)
        except Stopped:
            self.sign_ins.remove(asked_at)
            raise
        if not may_be_out(reply):
            self.sign_ins.remove(asked_at)
        return read_sign_in(reply, base_url=self._base_url, now=self._wire.clock.now())

    def _hold(self, grant: Grant) -> _Held:
        now = self._clock_s()
        self._serial += 1
        self._failure = None
        self._held = _Held(
            permit=Pass(token=grant.access, serial=self._serial),
            refresh=grant.refresh,
            renew_at=now + grant.renew_after,
            refresh_until=now + grant.refresh_life,
            expires_at=now + grant.life,
        )
        return self._held

    def _failed(self, failure: Failure) -> PbxError:
        self._failure = failure
        return failure.error()

    def _drop(self) -> None:
        """Use the token no more; it may be valid on the PBX for some time yet."""
        if self._held is not None:
            self._superseded.append(self._held)
            self._held = None

    def _give_back_superseded(self) -> tuple[bool, ...]:
        """Revoke the tokens that are used no more and still valid; tell of each whether the PBX confirmed it."""
        now = self._clock_s()
        alive = [held for held in self._superseded if now < held.expires_at]
        self._superseded = []
        return tuple(self._revoked(held) for held in alive)

    def _revoked(self, held: _Held) -> bool:
        reply = self._wire.send_last(revoke(), held.permit)
        return isinstance(reply, Answer) and reply.errcode in _GONE
