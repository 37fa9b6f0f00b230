"""The API on the wire: one ASGI endpoint that reads a request, asks for a fault, and answers."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from batch.practice.calls import Pbx, Request
from batch.practice.faults import (
    AnswerWith,
    CutInHalf,
    Drop,
    EditTrunk,
    ExpireTokens,
    Fault,
    Faults,
    Garble,
    Hang,
    HttpStatus,
    PassOn,
    RefuseWith,
    ShowOtherwise,
    WritePart,
)
from batch.practice.replies import MISSING_USER_AGENT, SUCCESS, Json, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request as it reached the PBX, for tests and benchmarks."""

    call: str
    method: str
    params: Mapping[str, str]
    """The query without the token."""
    body: Any = field(repr=False)
    """The parsed JSON, None when there was none. That of ``get_token`` holds the secret: repr hides it."""
    started: float
    """``time.monotonic()`` when the whole request had arrived."""
    open_requests: int
    """How many were being answered then, this one included."""


class Api:
    """The ASGI endpoint for ``/openapi/v1.0/{call}``.

    Args:
        pbx: who answers.
        faults: what goes wrong.
        on_request: called with each request before anything else is done about it.
    """

    def __init__(self, pbx: Pbx, faults: Faults, on_request: Callable[[SeenRequest], None]) -> None:
        self._pbx = pbx
        self._faults = faults
        self._on_request = on_request
        self._open_requests = 0
        self._stopped = False
        self._pauses: set[asyncio.Event] = set()

    def stop(self) -> None:
        """End every pause now, and let none begin. To be called in the server's own event loop."""
        self._stopped = True
        for pause in self._pauses:
            pause.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        http = HttpRequest(scope, receive)
        raw = await http.body()
        self._open_requests += 1
        try:
            response = await self._respond(http, _parse(raw))
        finally:
            self._open_requests -= 1
        await response(scope, receive, send)

    async def _respond(self, http: HttpRequest, body: Any) -> "Response | _Cut":
        params = dict(http.query_params)
        token = params.pop("access_token", "")
        call = str(http.path_params["call"])
        self._on_request(
            SeenRequest(
                call=call,
                method=http.method,
                params=params,
                body=body,
                started=time.monotonic(),
                open_requests=self._open_requests,
            )
        )
        fields: Json | None = body if isinstance(body, dict) else None
        fault = self._faults.next(call, {**params, **(fields or {})})
        if pause := self._faults.latency + (fault.latency if fault else 0.0):
            await self._pause(pause)
        if "user-agent" not in http.headers:
            return _json_response(refusal(MISSING_USER_AGENT))
        address = http.client.host if http.client else ""
        request = Request(call=call, method=http.method, params=params, token=token, body=fields, address=address)
        return await self._break(fault, request)

    async def _break(self, fault: Fault | None, request: Request) -> "Response | _Cut":
        match fault:
            case AnswerWith() | RefuseWith() | HttpStatus() | Garble():
                if fault.effect:
                    self._pbx.answer(request)
                reply = fault.make_reply()
                return Response(reply.content, reply.status, reply.headers)
            case CutInHalf():
                content = _dump(self._pbx.answer(request) if fault.effect else refusal(SUCCESS))
                return _Cut(_half_of(content))
            case Drop():
                if fault.do == "drop_after":
                    self._pbx.answer(request)
                return _Cut(b"")
            case Hang():
                return await self._hang(fault, request)
            case _:
                return _json_response(self._answer_oddly(fault, request))

    def _answer_oddly(
        self, fault: PassOn | ExpireTokens | EditTrunk | WritePart | ShowOtherwise | None, request: Request
    ) -> Json:
        match fault:
            case None | PassOn():
                return self._pbx.answer(request)
            case ExpireTokens():
                self._pbx.sign_ins.expire_all()
                return self._pbx.answer(request)
            case EditTrunk():
                self._pbx.edit_trunk(fault.id, fault.fields)
                return self._pbx.answer(request)
            case WritePart():
                kept = {name: value for name, value in (request.body or {}).items() if name not in fault.omit}
                answer = self._pbx.answer(replace(request, body=kept))
                return refusal(fault.errcode) if answer["errcode"] == SUCCESS else answer
            case ShowOtherwise():
                return fault.show(self._pbx.answer(request))

    async def _hang(self, fault: Hang, request: Request) -> "_Cut":
        if fault.when == "first":
            self._pbx.answer(request)
        await self._pause(fault.seconds)
        if fault.when == "last":
            self._pbx.answer(request)
        return _Cut(b"")

    async def _pause(self, seconds: float) -> None:
        if self._stopped:
            return
        pause = asyncio.Event()
        self._pauses.add(pause)
        asyncio.get_running_loop().call_later(seconds, pause.set)
        await pause.wait()
        self._pauses.discard(pause)


class _Cut:
    """A response that ends the connection too early, after some bytes or none.

    ``server`` puts the connection's transport into the scope, as ASGI has no word for this.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport: asyncio.Transport = scope["state"]["transport"]
        if self._content:
            transport.write(self._content)
            transport.close()
        else:
            transport.abort()
        await receive()  # the request is read to its end, so what comes is that the connection has gone


def _half_of(content: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        f"content-length: {len(content)}",
        "connection: close",
    )
    return "\r\n".join([*head, "", ""]).encode() + content[: len(content) // 2]


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _dump(answer: Json) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _json_response(answer: Json) -> Response:
    return Response(_dump(answer), media_type="application/json")
