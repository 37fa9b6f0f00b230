"""The API as it is spoken: a request is noted, a fault may break it, and it is answered."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from batch.practice.calls import Pbx, Request
from batch.practice.faults import (
    AnswerWith,
    CannedReply,
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
    """What lies under ``/openapi/v1.0``; threads may ask side by side.

    Args:
        pbx: who answers, one request after the other.
        faults: what goes wrong.
        on_request: called with each request before anything else is done about it.
    """

    def __init__(self, pbx: Pbx, faults: Faults, on_request: Callable[[SeenRequest], None]) -> None:
        self._pbx = pbx
        self._faults = faults
        self._on_request = on_request
        self._open_requests = 0
        self._one_at_a_time = threading.Lock()
        self.stopped = threading.Event()
        """Ends every pause, and lets none begin."""

    def respond(self, request: Request, raw: bytes, *, names_its_agent: bool = True) -> CannedReply | bytes:
        """Answer one request.

        Args:
            request: without its body.
            raw: its body, as it came.
            names_its_agent: whether it says which program sent it.

        Returns:
            The reply; or the bytes, perhaps none, after which the connection ends too early.
        """
        body = _parse(raw)
        request = replace(request, body=body if isinstance(body, dict) else None)
        with self._one_at_a_time:
            self._open_requests += 1
            self._on_request(
                SeenRequest(
                    call=request.call,
                    method=request.method,
                    params=request.params,
                    body=body,
                    started=time.monotonic(),
                    open_requests=self._open_requests,
                )
            )
            fault = self._faults.next(request.call, {**request.params, **(request.body or {})})
        try:
            if pause := self._faults.latency + (fault.latency if fault else 0.0):
                self.stopped.wait(pause)
            if not names_its_agent:
                return _reply(refusal(MISSING_USER_AGENT))
            if isinstance(fault, Hang):
                return self._hang(fault, request)
            with self._one_at_a_time:
                return self._break(fault, request)
        finally:
            with self._one_at_a_time:
                self._open_requests -= 1

    def _break(self, fault: Fault | None, request: Request) -> CannedReply | bytes:
        match fault:
            case AnswerWith() | RefuseWith() | HttpStatus() | Garble():
                if fault.effect:
                    self._pbx.answer(request)
                return fault.make_reply()
            case CutInHalf():
                return _half_of(_dump(self._pbx.answer(request) if fault.effect else refusal(SUCCESS)))
            case Drop():
                if fault.do == "drop_after":
                    self._pbx.answer(request)
                return b""
            case ExpireTokens():
                self._pbx.sign_ins.expire_all()
            case EditTrunk():
                self._pbx.edit_trunk(fault.id, fault.fields)
            case WritePart():
                kept = {name: value for name, value in (request.body or {}).items() if name not in fault.omit}
                answer = self._pbx.answer(replace(request, body=kept))
                return _reply(refusal(fault.errcode) if answer["errcode"] == SUCCESS else answer)
            case ShowOtherwise():
                return _reply(fault.show(self._pbx.answer(request)))
            case None | PassOn() | Hang():
                pass
        return _reply(self._pbx.answer(request))

    def _hang(self, fault: Hang, request: Request) -> bytes:
        if fault.when == "last":
            self.stopped.wait(fault.seconds)
        if fault.when != "never":
            with self._one_at_a_time:
                self._pbx.answer(request)
        if fault.when != "last":
            self.stopped.wait(fault.seconds)
        return b""


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


def _reply(answer: Json) -> CannedReply:
    return CannedReply(headers={"content-type": "application/json"}, content=_dump(answer))
