"""Shortages: all eight access tokens of a client are out. Whose they may be, and when one must be free. Pure.

The PBX tells neither. What our own runs asked for stands in their journals, and a token lives 30 minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from batch.errors import TokensExhausted
from batch.pbx.replies import Answer
from batch.pbx.signins import TOKEN_LIFE_S, Failure, quoted

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
            hint=f"Try again after {shown(self.free_at, self.noticed_at)}. {_CLOSE_OTHERS} to have one earlier.",
            lasting=False,
            reply=self.answer,
        )

    def _facts(self) -> str:
        moment = f"at {shown(self.free_at, self.noticed_at)} at the latest"
        out = f"All eight access tokens of this API client are out ({quoted(self.answer)})."
        match self.ours:
            case 0:
                return f"{out} None is known to be ours: another program uses this client. One is free {moment}."
            case 1:
                return f"{out} 1 of them may be ours, from a run that broke off or goes on; it is free {moment}."
            case _:
                return (
                    f"{out} {self.ours} of them may be ours, from runs that broke off or go on; one is free {moment}."
                )


def judge(answer: Answer, asked_at: Iterable[datetime], now: datetime) -> Shortage:
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


def shown(moment: datetime, now: datetime) -> str:
    """Show a moment by the clock on the wall, with its date where that is not today's."""
    local = moment.astimezone()
    today = local.date() == now.astimezone().date()
    return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M:%S}"
