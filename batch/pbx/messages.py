"""Requests and replies: every call that this tool ever makes, and what came of one.

What is not here cannot be sent. The one call that changes anything is `update_trunk`. Replies are four kinds, matched
exhaustively wherever one is judged: an API answer, a request that certainly never left, one that left and was never
answered, and one that was answered by something that is not the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Literal, TypeAlias

from batch.secrets import Secret

_WRITES: Final = frozenset({"trunk/update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call; the token is added on the way out, so that no request ever holds it."""

    call: str
    """The endpoint below the API's folder, for example ``trunk/update``."""
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    """The JSON object to post. May hold passwords: never logged."""
    ids: tuple[int, ...] = ()
    """The trunks concerned, for log and journal."""
    may_be_denied: bool = False
    """Whether a client that has no permission for it goes on without what it asks for."""
    not_after: float | None = None
    """Do not let it leave after this moment of the monotonic clock: what it was decided on is too old by then."""

    @property
    def method(self) -> Literal["GET", "POST"]:
        """GET for reads and for revoking, POST for whatever has a body (vendor's API, section 1)."""
        return "GET" if self.body is None else "POST"

    @property
    def writes(self) -> bool:
        """Whether it can change what the PBX holds."""
        return self.call in _WRITES


def sign_in(client_id: str, secret: Secret) -> Request:
    """Ask for an access token."""
    return Request(call="get_token", body={"username": client_id, "password": secret.reveal()})


def refresh(refresh_token: Secret) -> Request:
    """Ask for new tokens in place of this one."""
    return Request(call="refresh_token", body={"refresh_token": refresh_token.reveal()})


def revoke() -> Request:
    """Give back the token that this is sent with."""
    return Request(call="del_token")


def list_trunks(page: int, page_size: int) -> Request:
    """Read one page of trunks, without their lists; pages count from 1."""
    return _page_of("trunk/list", page, page_size)


def get_trunk(trunk_id: int) -> Request:
    """Read one trunk whole."""
    return Request(call="trunk/get", params={"id": str(trunk_id)}, ids=(trunk_id,))


def query_trunks(trunk_ids: Iterable[int]) -> Request:
    """Read several trunks whole, in one call."""
    ids = tuple(trunk_ids)
    return Request(call="trunk/query", params={"ids": ",".join(map(str, ids))}, ids=ids)


def list_extensions(page: int, page_size: int) -> Request:
    """Read one page of extensions; pages count from 1."""
    return _page_of("extension/list", page, page_size)


def list_extension_groups(page: int, page_size: int) -> Request:
    """Read one page of extension groups; some firmware answers 10001, then see `menu_of_groups`."""
    return _page_of("extensiongroup/list", page, page_size)


def menu_of_groups() -> Request:
    """Read the extension groups as the web interface's menu offers them (ids are strings there)."""
    return Request(call="system/get_menuoptions", params={"menu": "ext_group"})


def list_inbound_routes(page: int, page_size: int) -> Request:
    """Read one page of inbound routes, without what they match; some firmware answers 10001."""
    return replace(_page_of("inbound_route/list", page, page_size), may_be_denied=True)


def get_inbound_route(route_id: int) -> Request:
    """Read one inbound route whole."""
    return Request(call="inbound_route/get", params={"id": str(route_id)}, may_be_denied=True)


def query_inbound_routes(route_ids: Iterable[int]) -> Request:
    """Read several inbound routes whole, in one call."""
    ids = ",".join(map(str, route_ids))
    return Request(call="inbound_route/query", params={"ids": ids}, may_be_denied=True)


def update_trunk(body: Mapping[str, Any]) -> Request:
    """Change one trunk; the body holds its ``id`` and the fields to set."""
    return Request(call="trunk/update", body=body, ids=(int(body["id"]),))


def _page_of(call: str, page: int, page_size: int) -> Request:
    return Request(call=call, params={"page": str(page), "page_size": str(page_size)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The API answered; ``errcode`` decides, not the HTTP status."""

    kind: ClassVar[str] = "answer"
    """As log and journal call it."""
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

    kind: ClassVar[str] = "not sent"
    reason: str
    late: bool = False
    """Whether it was not even tried, because its turn came after `Request.not_after`."""
    elapsed: float = 0.0
    timed_out: bool = False
    """Whether it was given up for lack of time: then the PBX may be overloaded."""
    distrusted: bool = False
    """Whether whoever answers there could not show that it is the PBX: another try would meet the same."""
    speaks: str = ""
    """What the port speaks, where that is something else than what was spoken to it: ``http``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """The request left, in part or whole, and its answer never came: it may or may not have taken effect."""

    kind: ClassVar[str] = "no answer"
    reason: str
    elapsed: float = 0.0
    timed_out: bool = False
    """Whether it was given up for lack of time: then the PBX may be overloaded."""
    speaks: str = ""
    """What the port speaks, where that is something else than what was spoken to it: ``https``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidResponse:
    """Something answered that is not the API: HTML, half a body, no JSON object, no errcode."""

    kind: ClassVar[str] = "garbled"
    reason: str
    http_status: int
    elapsed: float = 0.0
    retry_after: float | None = None


Reply: TypeAlias = Answer | NotSent | NoResponse | InvalidResponse
