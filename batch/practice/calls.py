"""Every call of the API, answered from the state, signing in included. Pure but for the clock; ``server`` is the wire.

Access tokens, refresh tokens and the block after five failures are as the vendor's pages on signing in say.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from batch.practice.state import HOOKS, PbxSettings, PbxState
from batch.practice.updates import update_trunk
from batch.practice.vendor import (
    ACCOUNT_IP_BLOCKED,
    DATA_NOT_FOUND,
    FAILURE,
    INTERFACE_NOT_EXISTED,
    MAX_LIMITATION_EXCEEDED,
    PARAMETER_SYNTAX_ERROR,
    SUCCESS,
    TOKEN_EXPIRED,
    Json,
    invalid,
    parameter_error,
    refusal,
    success,
)

FAILURES_BEFORE_BLOCK = 5


class SignIns:
    """The tokens that are out and the addresses that are blocked."""

    def __init__(self, settings: PbxSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._expiry_by_token: dict[str, float] = {}
        self._refresh_tokens: dict[str, tuple[str, float]] = {}
        self._failures: dict[str, int] = {}
        self._blocked_until: dict[str, float] = {}

    def sign_in(self, username: object, password: object, address: str) -> Json:
        """Answer ``get_token``.

        The address is where the caller calls from.

        Returns:
            The six fields; 70004 for a blocked address, also for the failure that blocks it; -1 for a wrong
            id or secret; 60002 while as many tokens as may be are valid.
        """
        if self._blocked_until.get(address, 0) > self._clock():
            return self._blocked(address)
        if (username, password) != (self._settings.client_id, self._settings.client_secret):
            self._failures[address] = self._failures.get(address, 0) + 1
            if self._failures[address] >= FAILURES_BEFORE_BLOCK:
                self._failures[address] = 0
                self._blocked_until[address] = self._clock() + self._settings.block_seconds
                return self._blocked(address)
            return refusal(FAILURE, invalid_param_list=[{"field": "username or password", "value": "error"}])
        self._failures[address] = 0
        return self._issue()

    def refresh(self, refresh_token: object) -> Json:
        """Answer ``refresh_token``: two new tokens for a refresh token, which can be used once.

        Returns:
            The six fields; 10004 for a refresh token that is unknown, used or too old.
        """
        replaced, expiry = self._refresh_tokens.get(str(refresh_token), ("", 0.0))
        if expiry <= self._clock():
            return refusal(TOKEN_EXPIRED)
        if not self._settings.refresh_keeps_old_token:
            self._expiry_by_token.pop(replaced, None)
        answer = self._issue()
        if answer["errcode"] == 0:
            del self._refresh_tokens[str(refresh_token)]
        return answer

    def revoke(self, access_token: str) -> Json:
        """Answer ``del_token`` for a token that is valid."""
        del self._expiry_by_token[access_token]
        return success()

    def accepts(self, access_token: str) -> bool:
        """Tell whether a token is valid now."""
        return self._expiry_by_token.get(access_token, 0) > self._clock()

    def expire_all(self) -> None:
        """End every access token now; refresh tokens stay good."""
        self._expiry_by_token.clear()

    def count_valid(self) -> int:
        """Count the access tokens that are valid now."""
        now = self._clock()
        return sum(expiry > now for expiry in self._expiry_by_token.values())

    def _issue(self) -> Json:
        settings, now = self._settings, self._clock()
        self._expiry_by_token = {token: end for token, end in self._expiry_by_token.items() if end > now}
        if len(self._expiry_by_token) >= settings.max_tokens:
            return refusal(MAX_LIMITATION_EXCEEDED)
        access_token, refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self._expiry_by_token[access_token] = now + settings.access_token_expire_time
        self._refresh_tokens[refresh_token] = (access_token, now + settings.refresh_token_expire_time)
        shown: type[int | str] = str if settings.expiry_as_text else int
        return success(
            access_token_expire_time=shown(settings.access_token_expire_time),
            access_token=access_token,
            refresh_token_expire_time=shown(settings.refresh_token_expire_time),
            refresh_token=refresh_token,
        )

    def _blocked(self, address: str) -> Json:
        return refusal(ACCOUNT_IP_BLOCKED, block_expire_time=int(self._blocked_until[address]))


_SORTABLE = ("id", "name", "number", "type", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to the API, as far as its answer depends on it."""

    call: str
    """What follows ``/openapi/v1.0/``, for instance ``trunk/update``."""
    method: str
    params: Mapping[str, str]
    token: str
    body: Json | None = None
    """None when there was none, or none that is a JSON object."""
    address: str = "127.0.0.1"


class Pbx:
    """The PBX without its wire: requests in, JSON answers out."""

    def __init__(
        self,
        state: PbxState,
        clock: Callable[[], float],
        on_write: Callable[[PbxState], None] = lambda _state: None,
    ) -> None:
        self.state = state
        self.sign_ins = SignIns(state.settings, clock)
        self._on_write = on_write

    def answer(self, request: Request) -> Json:
        """Answer one request: call and method, then token, then parameters."""
        method, needs_token, respond = CALLS.get(request.call, ("", False, None))
        if respond is None or request.method != method:
            return refusal(INTERFACE_NOT_EXISTED)
        if needs_token and not self.sign_ins.accepts(request.token):
            return refusal(TOKEN_EXPIRED)
        if method == "POST" and request.body is None:
            return refusal(PARAMETER_SYNTAX_ERROR)
        return respond(self, request)

    def edit_trunk(self, trunk_id: int, fields: Json) -> None:
        """Change a trunk as somebody at the PBX's own web page would, and tell that it was written."""
        self.state.edit_trunk(trunk_id, fields)
        self._on_write(self.state)

    def get_token(self, request: Request) -> Json:
        """Answer ``POST get_token``."""
        body = request.body or {}
        return self.sign_ins.sign_in(body.get("username"), body.get("password"), request.address)

    def refresh_token(self, request: Request) -> Json:
        """Answer ``POST refresh_token``."""
        return self.sign_ins.refresh((request.body or {}).get("refresh_token"))

    def del_token(self, request: Request) -> Json:
        """Answer ``GET del_token``."""
        return self.sign_ins.revoke(request.token)

    def list_trunks(self, request: Request) -> Json:
        """Answer ``GET trunk/list``: short rows, no lists in them."""
        return self._page(request, [_trunk_row(trunk) for trunk in self.state.trunks.values()])

    def search_trunks(self, request: Request) -> Json:
        """Answer ``GET trunk/search``: rows of which some column holds ``search_value``, in any case."""
        wanted = request.params.get("search_value", "").lower()
        if not wanted:
            return parameter_error(invalid("search_value", "required"))
        columns = ("name", "host_port", "username", "def_outbound_cid")
        rows = [_trunk_row(trunk) for trunk in self.state.trunks.values()]
        return self._page(
            request,
            [row for row in rows if any(wanted in str(row.get(name, "")).lower() for name in columns)],
        )

    def get_trunk(self, request: Request) -> Json:
        """Answer ``GET trunk/get?id=``: everything about one trunk, the password in clear."""
        number = request.params.get("id", "")
        if not _is_whole(number):
            return parameter_error(invalid("id", "required" if not number else "number", number or None))
        trunk = self.state.trunks.get(int(number))
        if trunk is None:
            return refusal(DATA_NOT_FOUND)
        shown = self._show_trunk(trunk)
        return success(data=[shown] if self.state.settings.trunk_get_as_list else shown)

    def query_trunks(self, request: Request) -> Json:
        """Answer ``GET trunk/query?ids=8,12``: what ``trunk/get`` shows, of those that exist."""
        numbers = request.params.get("ids", "").split(",")
        if not all(_is_whole(number) for number in numbers):
            return parameter_error(invalid("ids", "number", request.params.get("ids")))
        found = (self.state.trunks.get(int(number)) for number in numbers)
        shown = [self._show_trunk(trunk) for trunk in found if trunk is not None]
        return success(total_number=len(shown), data=shown)

    def update_trunk(self, request: Request) -> Json:
        """Answer ``POST trunk/update``."""
        answer = update_trunk(self.state, request.body or {})
        if answer["errcode"] == SUCCESS:
            self._on_write(self.state)
        return answer

    def list_extensions(self, request: Request) -> Json:
        """Answer ``GET extension/list``."""
        return self._page(request, list(self.state.extensions.values()))

    def list_groups(self, request: Request) -> Json:
        """Answer ``GET extensiongroup/list``, which some firmware does not have."""
        if self.state.settings.no_extensiongroup_list:
            return refusal(INTERFACE_NOT_EXISTED)
        return self._page(request, list(self.state.extension_groups.values()))

    def list_routes(self, request: Request) -> Json:
        """Answer ``GET inbound_route/list``, which some firmware does not have: names and trunks, not what matches."""
        if self.state.inbound_routes is None:
            return refusal(INTERFACE_NOT_EXISTED)
        shown = ({**self._show_route(route), "pos": pos} for pos, route in enumerate(self._routes(), 1))
        return self._page(request, [{name: row[name] for name in _ROUTE_ROW if name in row} for row in shown])

    def get_route(self, request: Request) -> Json:
        """Answer ``GET inbound_route/get?id=1``: one route with everything."""
        number = request.params.get("id", "")
        if self.state.inbound_routes is None:
            return refusal(INTERFACE_NOT_EXISTED)
        if not _is_whole(number):
            return parameter_error(invalid("id", "required" if not number else "number", number or None))
        route = self.state.inbound_routes.get(int(number))
        return refusal(DATA_NOT_FOUND) if route is None else success(data=self._show_route(route))

    def query_routes(self, request: Request) -> Json:
        """Answer ``GET inbound_route/query?ids=1,2``: what ``inbound_route/get`` shows, of those that exist."""
        numbers = request.params.get("ids", "").split(",")
        if self.state.inbound_routes is None:
            return refusal(INTERFACE_NOT_EXISTED)
        if not all(_is_whole(number) for number in numbers):
            return parameter_error(invalid("ids", "number", request.params.get("ids")))
        return success(data=[self._show_route(route) for route in self._routes() if str(route["id"]) in numbers])

    def _routes(self) -> list[Json]:
        return list((self.state.inbound_routes or {}).values())

    def _show_route(self, route: Json) -> Json:
        """Return a route with the names and types of its trunks; a list of another shape is shown as it is."""
        members = route.get("trunk_list", [])
        if not isinstance(members, list) or not all(isinstance(one, dict) and "id" in one for one in members):
            return route
        trunks = [(one, self.state.trunks.get(one["id"], {})) for one in members]
        named = [{**one, **{name: trunk[name] for name in ("name", "type") if name in trunk}} for one, trunk in trunks]
        return {**route, "trunk_list": named}

    def get_menu_options(self, request: Request) -> Json:
        """Answer ``GET system/get_menuoptions?menu=ext_group``, where the id is a string."""
        menu = request.params.get("menu")
        if menu != "ext_group":
            return parameter_error(invalid("menu", "oneof", menu))
        groups = self.state.extension_groups.values()
        return success(data=[{"text": group["name"], "value": str(group["id"])} for group in groups])

    def _page(self, request: Request, rows: list[Json]) -> Json:
        settings, params = self.state.settings, request.params
        page, size = params.get("page", "1"), params.get("page_size", str(settings.default_page_size))
        sort_by, order_by = params.get("sort_by", ""), params.get("order_by", "asc")
        wrong = [
            invalid(name, "number", text)
            for name, text in (("page", page), ("page_size", size))
            if not _is_whole(text) or int(text) < 1
        ]
        if (sort_by and sort_by not in _SORTABLE) or (sort_by == "name" and settings.reject_sort_by_name):
            wrong.append(invalid("sort_by", "oneof", sort_by))
        if order_by not in ("asc", "desc"):
            wrong.append(invalid("order_by", "oneof", order_by))
        if wrong:
            return parameter_error(*wrong)
        rows = _sort(rows, sort_by, order_by)
        width = min(int(size), settings.max_page_size)
        start = (int(page) - 1) * width
        shown = rows[start : start + width]
        return success(total_number=len(shown if settings.counts_page else rows), data=shown)

    def _show_trunk(self, trunk: Json) -> Json:
        hidden = HOOKS - {"shared"} if self.state.settings.shows_shared else HOOKS
        shown = {name: value for name, value in trunk.items() if name not in hidden}
        settings = self.state.settings
        if settings.ports_as_text:
            shown |= {name: str(shown[name]) for name in ("port", "outbound_proxy_port") if name in shown}
        if settings.omits_empty_lists:
            shown = {name: value for name, value in shown.items() if value != []}
        if shown.get("password") and settings.passwords != "clear":
            shown |= {"password": "********" if settings.passwords == "masked" else ""}
            if settings.passwords == "omitted":
                del shown["password"]
        return shown


def _sort(rows: list[Json], sort_by: str, order_by: str) -> list[Json]:
    backwards = order_by == "desc"
    if sort_by:
        return sorted(rows, key=lambda row: (str(type(row.get(sort_by))), row.get(sort_by)), reverse=backwards)
    return rows[::-1] if backwards else rows


def _trunk_row(trunk: Json) -> Json:
    row = {name: trunk[name] for name in ("id", "status", "name", "type")}
    if "hostname" in trunk:
        row["host_port"] = f"{trunk['hostname']}:{trunk['port']}" if "port" in trunk else trunk["hostname"]
    return row | {name: trunk[name] for name in ("def_outbound_cid", "username") if name in trunk}


_ROUTE_ROW = ("id", "name", "trunk_list", "def_dest", "def_dest_value", "pos")


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()


CALLS: Mapping[str, tuple[str, bool, Callable[[Pbx, Request], Json]]] = MappingProxyType(
    {
        "get_token": ("POST", False, Pbx.get_token),
        "refresh_token": ("POST", False, Pbx.refresh_token),
        "del_token": ("GET", True, Pbx.del_token),
        "trunk/list": ("GET", True, Pbx.list_trunks),
        "trunk/search": ("GET", True, Pbx.search_trunks),
        "trunk/get": ("GET", True, Pbx.get_trunk),
        "trunk/query": ("GET", True, Pbx.query_trunks),
        "trunk/update": ("POST", True, Pbx.update_trunk),
        "extension/list": ("GET", True, Pbx.list_extensions),
        "extensiongroup/list": ("GET", True, Pbx.list_groups),
        "inbound_route/list": ("GET", True, Pbx.list_routes),
        "inbound_route/get": ("GET", True, Pbx.get_route),
        "inbound_route/query": ("GET", True, Pbx.query_routes),
        "system/get_menuoptions": ("GET", True, Pbx.get_menu_options),
    }
)
"""Each call's method, whether it needs a token, and who answers it. To add a call, add its line here."""
