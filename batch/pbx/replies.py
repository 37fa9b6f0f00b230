"""Replies: what came of one request, or that nothing did.

Four kinds, matched exhaustively wherever one is judged: an API answer, a request that certainly never left, one
that left and was never answered, and one that was answered by something that is not the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The API answered; ``errcode`` decides, not the HTTP status."""

    errcode: int
    errmsg: str
    body: Mapping[str, Any] = field(repr=False)
    """The whole JSON object as it came. May hold passwords and tokens: never logged."""
    http_status: int = 200
    elapsed: float = 0.0
    """Seconds from start to last byte."""
    retry_after: float | None = None
    """Seconds asked for by a ``Retry-After`` header."""
    sign_in: int = 0
    """Which of the session's sign-ins this was sent under (1, 2 …); not a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The request certainly never reached the PBX: refused, no such host, TLS failed, no connection in time."""

    reason: str
    late: bool = False
    """Whether it was not even tried, because its turn came after `Request.not_after`."""
    elapsed: float = 0.0
    timed_out: bool = False
    """Whether it was given up for lack of time: then the PBX may be overloaded."""
    distrusted: bool = False
    """Whether whoever answers there could not show that it is the PBX: another try would meet the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """The request left, in part or whole, and its answer never came: it may or may not have taken effect."""

    reason: str
    elapsed: float = 0.0
    timed_out: bool = False
    """Whether it was given up for lack of time: then the PBX may be overloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """Something answered that is not the API: HTML, half a body, no JSON object, no errcode."""

    reason: str
    http_status: int
    elapsed: float = 0.0
    retry_after: float | None = None


Reply: TypeAlias = Answer | NotSent | NoAnswer | Garbled
