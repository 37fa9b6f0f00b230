"""Sign-ins: what the answer to one gives, a grant or a failure. Pure.

Wrong credentials answer -1, a blocked address 70004, a full token table 60002 (vendor's API, section 1). Whatever
is no answer of the API at all most likely has the wrong address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from batch.errors import AddressBlocked, PbxError, PbxUnreachable, SignInRefused, TokensExhausted
from batch.pbx.addresses import likely_addresses
from batch.pbx.error_codes import Verdict, explain, verdict_of
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply
from batch.secrets import Secret

TOKEN_LIFE_S: Final = 1800.0
"""Seconds that a token lives when the answer does not say (vendor's API, section 1)."""

MOST_OUT: Final = 8
"""So many valid access tokens a client may have (vendor's API, section 1)."""
TOKEN_GONE: Final = frozenset({0, 10004})
"""What the PBX says to giving back a token that is not valid afterwards."""

_LIFE: Final = timedelta(seconds=TOKEN_LIFE_S)
_SHARE_OF_LIFE: Final = 0.9
_AHEAD_S: Final = 60.0
_FIRST_EPOCH: Final = 1e9
"""From here on a number is a date in seconds since 1970, not seconds left."""
_FIRST_EPOCH_MS: Final = 1e12
"""And from here on in milliseconds."""
_LONGEST_BLOCK_S: Final = 366 * 86_400.0
COMPARE: Final = "Compare the certificate's fingerprint with the one on the PBX itself before trusting it."
_UNAUTHORISED: Final = frozenset({401, 403, 407})
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


class SignInUnanswered(PbxUnreachable):
    """Signing in got no usable answer; whether another try is worth it can be judged from the reply."""

    def __init__(self, message: str, hint: str, reply: Reply) -> None:
        super().__init__(message, hint)
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token that the PBX gave."""

    access: Secret
    refresh: Secret | None
    life: float
    """Seconds that the access token is valid."""
    refresh_life: float
    """Seconds that the refresh token is valid."""

    @property
    def renew_after(self) -> float:
        """Seconds after which to renew it: 60 before its end, or at 90 % of a life shorter than ten minutes."""
        return max(self.life * _SHARE_OF_LIFE, self.life - _AHEAD_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no token."""

    kind: type[PbxError]
    message: str
    hint: str
    lasting: bool
    """Whether asking again is of no use, or does harm: then nothing more is sent."""
    reply: Reply | None
    """What it was read from, if from one reply."""

    def error(self) -> PbxError:
        """Make the exception anew, for each thread its own."""
        if self.reply is not None and issubclass(self.kind, SignInUnanswered):
            return self.kind(self.message, self.hint, self.reply)
        return self.kind(self.message, self.hint)


SignIn: TypeAlias = Grant | Failure


def read_sign_in(reply: Reply, *, base_url: str, now: datetime, proxied: bool = False) -> SignIn:
    """Judge the answer to ``get_token`` or ``refresh_token``.

    ``now`` is the aware time of the answer, for saying until when an address is blocked; ``proxied`` tells whether a
    proxy of the environment may stand between.
    """
    match reply:
        case Answer(errcode=0):
            return _grant(reply)
        case Answer():
            return _refusal(reply, now)
        case NotSent(reason=reason) | NoResponse(reason=reason) | InvalidResponse(reason=reason):
            return Failure(
                kind=SignInUnanswered,
                message=f"No P-Series PBX answers at {base_url}: {reason}.",
                hint=_advice(reply, base_url, proxied=proxied),
                lasting=False,
                reply=reply,
            )


def may_pass(reply: Reply) -> bool:
    """Tell whether what came instead of a grant may be otherwise at another try.

    A wrong address or certificate stays one, and so does http spoken to an https port, or https to one of http.
    """
    match reply:
        case Answer():
            return verdict_of(reply) in {Verdict.TRANSIENT, Verdict.RETRY}
        case InvalidResponse(http_status=status, retry_after=pause):
            return status in _BUSY or pause is not None
        case NotSent(distrusted=distrusted, speaks=speaks):
            return not distrusted and not speaks
        case NoResponse(speaks=speaks):
            return not speaks


def _grant(answer: Answer) -> SignIn:
    access = answer.body.get("access_token")
    if not isinstance(access, str) or not access:
        return _not_now(answer, "took the sign-in, but gave no token")
    refresh = answer.body.get("refresh_token")
    life = _seconds(answer.body, "access_token_expire_time") or TOKEN_LIFE_S
    return Grant(
        access=Secret(access),
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        life=life,
        refresh_life=_seconds(answer.body, "refresh_token_expire_time") or life,
    )


def _refusal(answer: Answer, now: datetime) -> Failure:
    said = quoted_answer(answer)
    match answer.errcode, verdict_of(answer):
        case 70004, _:
            return blocked(answer, now)
        case 60002, _:
            return Failure(
                kind=TokensExhausted,
                message=f"All eight access tokens of this API client are out ({said}).",
                hint="Each ends by itself within 30 minutes; close other programs that use this client.",
                lasting=False,
                reply=answer,
            )
        case (10001, _) | (_, Verdict.STOP_PBX):
            known = explain(answer.errcode)
            return Failure(
                kind=PbxError,
                message=f"The PBX refused the sign-in ({said}). {known.meaning}",
                hint=known.next_step,
                lasting=True,
                reply=answer,
            )
        case _, Verdict.PERMANENT:
            return Failure(
                kind=SignInRefused,
                message=f"The PBX refused the sign-in ({said}): client id or client secret is wrong.",
                hint="Copy both again from the PBX: Integrations > API. Five failures in a row block this address.",
                lasting=True,
                reply=answer,
            )
        case _:
            return _not_now(answer, f"could not sign anybody in just now ({said})")


def blocked(answer: Answer, now: datetime) -> Failure:
    """Say that the PBX has blocked this machine's address (70004), and until when.

    It may come as the answer to any call, not only to a sign-in.
    """
    return Failure(
        kind=AddressBlocked,
        message=(
            f"The PBX has blocked this machine's address after failed sign-ins, "
            f"{blocked_until(answer.body, now)} ({quoted_answer(answer)})."
        ),
        hint="Wait until then, or lift the block under Security > Blocked IPs; check id and secret.",
        lasting=True,
        reply=answer,
    )


def quoted_answer(answer: Answer) -> str:
    """Quote the code and message of an answer; where it gave no message, the vendor's own."""
    return f"{answer.errcode} {answer.errmsg or explain(answer.errcode).errmsg}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """All of a client's tokens are out: what is known of it at one moment."""

    answer: Answer
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
            hint=f"Try again after {clock_time(self.free_at, self.noticed_at)}. "
            "Close other programs that use this client to have one earlier.",
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
    """Judge a 60002, which tells neither whose the tokens are nor until when they live.

    ``asked_at`` has when our own tokens were asked for that may not have been given back. Where ``now`` jumped, no
    moment is farther away than a token's whole life.
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


def _not_now(answer: Answer, what: str) -> Failure:
    return Failure(
        kind=SignInUnanswered,
        message=f"The PBX {what}.",
        hint="Wait a little and run again.",
        lasting=False,
        reply=answer,
    )


def _advice(reply: NotSent | NoResponse | InvalidResponse, base_url: str, *, proxied: bool) -> str:
    match reply:
        case NotSent(distrusted=True):
            return COMPARE
        case NoResponse(speaks="https"):
            return f"Begin --url with https:  {base_url.replace('http:', 'https:', 1)}"
        case NotSent(speaks="http"):
            return (
                f"Check the port in --url: https usually is at {likely_addresses(base_url)}. What is sent to an http "
                "port can be read on the way."
            )
        case InvalidResponse(http_status=status) if status in _UNAUTHORISED:
            return "Something in front of the PBX, a proxy or gateway, asks for a sign-in of its own."
        case InvalidResponse(http_status=status) if status in _BUSY:
            return "The PBX, or something in front of it, cannot serve just now: wait a little and run again."
        case NotSent() if proxied:
            return "Check --url, and the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names; or leave out --proxy."
        case _:
            return f"Check --url: usually it is {likely_addresses(base_url)}. Is the PBX up, its API switched on?"


def blocked_until(body: Mapping[str, Any], now: datetime) -> str:
    """Say until when a block lasts: ``block_expire_time`` may be a date, or the seconds left.

    ``now`` is the aware time of the answer.
    """
    value = _seconds(body, "block_expire_time")
    if value is None:
        return "usually for about ten minutes"
    if value >= _FIRST_EPOCH_MS:
        value /= 1000
    left = value - now.timestamp() if value >= _FIRST_EPOCH else value
    until = now + timedelta(seconds=min(max(0.0, left), _LONGEST_BLOCK_S))
    return f"until {until.astimezone().isoformat(sep=' ', timespec='seconds')}"


def _seconds(body: Mapping[str, Any], key: str) -> float | None:
    value = body.get(key)
    text = str(value).strip()
    if isinstance(value, bool) or re.fullmatch(r"\d{1,15}(?:\.\d+)?", text, re.ASCII) is None:
        return None
    return float(text) or None
