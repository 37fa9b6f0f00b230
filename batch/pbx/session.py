"""The session: one token per PBX and run, shared by all threads, renewed by one of them, given back at the end.

A client has eight tokens of 30 minutes. Where all are out, the PBX tells neither whose they are nor until when; the
journals of our own runs do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from batch.errors import AddressBlocked, PbxError, TokensExhausted
from batch.pbx.messages import Answer, NoResponse, NotSent, Request, refresh, revoke, sign_in
from batch.pbx.sign_ins import TOKEN_LIFE_S, Failure, Grant, SignIn, quoted_answer, read_sign_in
from batch.pbx.throttle import Stopped
from batch.pbx.wire import AccessToken, Wire
from batch.secrets import Secret

MOST_OUT: Final = 8
"""So many valid access tokens a client may have (vendor's API, section 1)."""

_LIFE: Final = timedelta(seconds=TOKEN_LIFE_S)
_CLOSE_OTHERS: Final = "Close other programs that use this client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What is known of it at one moment."""

    answer: Answer
    """The PBX's 60002."""
    ours: int
    """So many of the tokens may be our own."""
    noticed_at: datetime
    free_at: datetime
    """The latest moment at which one must be free, by this machine's clock."""

    @property
    def seconds(self) -> float:
        """Seconds from when it was noticed until one must be free."""
        return (self.free_at - self.noticed_at).total_seconds()

    def waiting(self, patience: float) -> str:
        """Say that it is waited for, up to so many seconds."""
        if self.seconds <= patience:
            return f"{self._facts()} Waiting for it, up to {patience:g} s (--give-up-after)."
        return (
            f"{self._facts()} That is longer than the {patience:g} s of --give-up-after; "
            "waiting so long all the same, since one may be given back earlier."
        )

    def failure(self, waited: float) -> Failure:
        """Make the failure that it is after it was waited for in vain for so many seconds."""
        vain = f" None was given back in {waited:.0f} s." if waited >= 1 else ""
        return Failure(
            kind=TokensExhausted,
            message=self._facts() + vain,
            hint=f"Try again after {clock_time(self.free_at, self.noticed_at)}. {_CLOSE_OTHERS} to have one earlier.",
            lasting=False,
            reply=self.answer,
        )

    def _facts(self) -> str:
        moment = f"at {clock_time(self.free_at, self.noticed_at)} at the latest"
        out = f"All eight access tokens of this API client are out ({quoted_answer(self.answer)})."
        match self.ours:
            case 0:
                return f"{out} None is known to be ours: another program uses this client. One is free {moment}."
            case 1:
                return f"{out} 1 of them may be ours, from a run that broke off or goes on; it is free {moment}."
            case _:
                return (
                    f"{out} {self.ours} of them may be ours, from runs that broke off or go on; one is free {moment}."
                )


def judge_shortage(answer: Answer, asked_at: Iterable[datetime], now: datetime) -> Shortage:
    """Judge a 60002.

    Args:
        answer: the PBX's.
        asked_at: when our own tokens were asked for that may not have been given back, in any order, aware.
        now: the aware time. Where it jumped, no moment is farther away than a token's whole life.
    """
    out = [at for at in asked_at if now - at < _LIFE]
    return Shortage(
        answer=answer,
        ours=min(len(out), MOST_OUT),
        noticed_at=now,
        free_at=min([now, *out]) + _LIFE,
    )


def clock_time(moment: datetime, now: datetime) -> str:
    """Show a moment by the clock on the wall, with its date where that is not today's."""
    local = moment.astimezone()
    today = local.date() == now.astimezone().date()
    return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M:%S}"


MOST_UNTRIED: Final = 5
"""So many new tokens in a row may turn out to be worth nothing before the PBX is given up on (it has eight)."""
ASK_AGAIN_S: Final = 30.0
"""So often a token is asked for while all eight are out: somebody may have given one back."""

_PAST_THE_MOMENT_S: Final = 1.0
"""Asked so long after a token's end, the PBX's clock has seen it too."""
TOKEN_GONE: Final = frozenset({0, 10004})
"""What the PBX says to giving back a token that is not valid afterwards."""
_WORTHLESS: Final = Failure(
    kind=PbxError,
    message="The PBX calls every token expired that it has just given.",
    hint="Check the PBX's date and time, then switch its API off and on (Integrations > API).",
    lasting=True,
    reply=None,
)


def none_out() -> Sequence[datetime]:
    """Know of no tokens of our own."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token in use."""

    access: AccessToken
    refresh: Secret | None
    renew_at: float
    refresh_until: float
    expires_at: float


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
        tokens_out: Callable[[], Sequence[datetime]] = none_out,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """Make a session; nothing is sent until a token is needed.

        Args:
            wire: the way to the PBX.
            base_url: for the words when nothing answers there.
            client_id: as the PBX's API page shows it.
            secret: likewise.
            patience: seconds to wait for a token while all eight of the client are out.
            tokens_out: tells when our own tokens were asked for that may not have been given back (aware).
            notice: is told in words, once each time, that a token is being waited for.
        """
        self._wire = wire
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

    def token(self) -> tuple[Secret, int]:
        """Return the token and which sign-in gave it; signs in at first need, renews a little before the end.

        Raises:
            PbxError: SignInRefused, AddressBlocked, TokensExhausted, SignInUnanswered, or itself for codes that
                stop the PBX.
            Stopped: if the throttle is stopped, or the session closed.
        """
        access = self.access_token()
        return access.token, access.serial

    def access_token(self) -> AccessToken:
        """Return what `Wire.send` needs; raises as `token` does."""
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

    def renew(self, serial: int) -> tuple[Secret, int]:
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
            return held.access.token, held.access.serial

    def worked(self, serial: int) -> None:
        """Note that the token of this serial was accepted."""
        self._worked = max(self._worked, serial)

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
        return self._wire.clock.monotonic()

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
            shortage = judge_shortage(full, asked_at, self._wire.clock.now())
            waited = self._clock_s() - began
            left = self._patience - waited
            if left <= 0:
                return shortage.failure(waited)
            if self._notice is not None and not told:
                self._notice(shortage.waiting(self._patience))
                told = True
            try:
                self._wire.throttle.rest(min(ASK_AGAIN_S, left, shortage.seconds + _PAST_THE_MOMENT_S))
            except Stopped:
                self._share(Stopped)
                raise
            given = self._ask(request)
            still_full = _full(given)
            if still_full is None:
                return given
            full = still_full

    def _ask(self, request: Request) -> SignIn:
        return read_sign_in(self._wire.send(request), base_url=self._base_url, now=self._wire.clock.now())

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
            reply = self._wire.send_last(revoke(), self._superseded.pop(0).access)
            gone.append(isinstance(reply, Answer) and reply.errcode in TOKEN_GONE)
            answers = not (isinstance(reply, NotSent | NoResponse) and reply.timed_out)
        return gone


def _full(given: SignIn) -> Answer | None:
    """Return the PBX's answer if it is that all eight tokens are out."""
    if isinstance(given, Failure) and given.kind is TokensExhausted and isinstance(given.reply, Answer):
        return given.reply
    return None
