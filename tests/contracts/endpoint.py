"""What the suite says to a PBX: one request at a time, by plain httpx. Nothing here is the tool's."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Self

import httpx
import pytest

Json = dict[str, Any]

_SECRET = frozenset({"password", "access_token", "refresh_token"})
_TIMEOUT = {"timeout": httpx.Timeout(20).as_dict()}


class Hidden(str):
    """A password or token: itself on the wire, ``<hidden>`` wherever a failure shows a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


class Endpoint:
    """A P-Series API, and the tokens it has given to this suite.

    Args:
        url: without ``/openapi/v1.0``.
        client_id: of an API client.
        secret: of the same.
        insecure: any certificate will do.
        pause: seconds from the start of one request to the start of the next, at least.
    """

    def __init__(self, url: str, client_id: str, secret: str, *, insecure: bool = False, pause: float = 0) -> None:
        self.tokens: list[Hidden] = []
        """The access tokens that are out. The first is the session's, the others are a test's."""
        self.caller: object = None
        """This side's address and port in the last request."""
        self._base = url.rstrip("/") + "/openapi/v1.0/"
        self._client_id, self._secret = client_id, Hidden(secret)
        self._pause, self._not_before = pause, 0.0
        # A transport and no client: a client logs each URL with its token, and adds headers of its own.
        self._transport = httpx.HTTPTransport(verify=not insecure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.revoke()
        finally:
            self._transport.close()

    def send(
        self, method: str, call: str, token: str = "", body: Json | None = None, agent: str = "OpenAPI", **params: Any
    ) -> httpx.Response:
        """Send a request and read the answer, whatever it is. No failure shows the URL."""
        __tracebackhide__ = True
        time.sleep(max(0.0, self._not_before - time.monotonic()))
        self._not_before = time.monotonic() + self._pause
        query = params | ({"access_token": token} if token else {})
        headers = {"User-Agent": agent} if agent else {}
        try:
            response = self._transport.handle_request(
                httpx.Request(method, self._base + call, params=query, json=body, headers=headers, extensions=_TIMEOUT)
            )
            self.caller = response.extensions["network_stream"].get_extra_info("client_addr")
            response.read()
        except (httpx.HTTPError, pytest.fail.Exception) as error:  # the second is how pytest-timeout interrupts
            raise AssertionError(f"{call}: {type(error).__name__}: {error}") from None
        return response

    def ask(self, method: str, call: str, token: str = "", body: Json | None = None, **params: Any) -> Json:
        """Send a request that is answered in JSON; secrets in the answer are `Hidden`."""
        __tracebackhide__ = True
        response = self.send(method, call, token, body, **params)
        try:
            answer = response.json(object_hook=_hide)
        except ValueError:
            answer = None
        assert isinstance(answer, dict), f"{call}: HTTP {response.status_code} without a JSON object"
        if token_got := answer.get("access_token"):
            self.tokens.append(token_got)
        return answer

    def get(self, call: str, **params: Any) -> Json:
        """Ask with the session's token."""
        return self.ask("GET", call, self.tokens[0], **params)

    def update(self, **fields: Any) -> Json:
        return self.ask("POST", "trunk/update", self.tokens[0], fields)

    def rows(self, call: str, **params: Any) -> list[Json]:
        """Ask for ``data``, a list; an object alone, as ``trunk/get`` gives it, becomes one of one."""
        __tracebackhide__ = True
        answer = self.get(call, **params)
        assert answer["errcode"] == 0, f"{call}: {words(answer)}"
        data = answer["data"]
        assert isinstance(data, list) or call == "trunk/get", f"{call}: data is no list"
        return data if isinstance(data, list) else [data]

    def sign_in(self, secret: str = "") -> Json:
        """Ask for a token, which is revoked in the end."""
        body = {"username": self._client_id, "password": Hidden(secret or self._secret)}
        return self.ask("POST", "get_token", body=body)

    def revoke(self, keep: int = 0) -> None:
        """Revoke every token that is out, but for the first so many."""
        for token in self.tokens[keep:]:
            with contextlib.suppress(Exception):
                if self.ask("GET", "del_token", token)["errcode"] in (0, 10004):
                    self.tokens.remove(token)
        assert len(self.tokens) <= keep, f"{len(self.tokens) - keep} tokens could not be revoked"


def words(answer: Json) -> str:
    """Say how a call ended, without what it returned."""
    return f"{answer.get('errcode')} {answer.get('errmsg')}"


def _hide(found: Json) -> Json:
    return {n: Hidden(value) if n in _SECRET and isinstance(value, str) else value for n, value in found.items()}
