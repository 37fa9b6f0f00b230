"""Chaos: a script of replies, one word a request, that a PBX and whatever stands in front of it give on a bad night."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from batch.practice.faults import Fault, Faults
from tests.flows.shell import Json

TIMEOUT_S: Final = 0.3
_HANG_S: Final = 0.45
MINE: Final[Json] = {"domain": "somebody.example"}
"""What somebody else changes, and the workbook does not name."""
OURS: Final[Json] = {"port": 5099}
"""What somebody else changes, though the workbook names it."""

_EVERYWHERE: Final[Mapping[str, Json]] = {
    "time-out before": {"do": "hang", "seconds": _HANG_S},
    "reset before": {"do": "drop_before"},
    "half a body": {"do": "half_body"},
    "HTML with 502": {"do": "status", "status": 502},
    "empty": {"do": "empty", "effect": False},
    "no object": {"do": "not_object", "effect": False},
    "-2": {"do": "errcode", "errcode": -2},
    "70082": {"do": "errcode", "errcode": 70082},
    "429": {"do": "status", "status": 429},
    "503": {"do": "status", "status": 503, "headers": {"Retry-After": "0.05"}},
}
_WITH_TOKEN: Final[Mapping[str, Json]] = {
    "expired": {"do": "expire_tokens"},
    "10004": {"do": "errcode", "errcode": 10004},
}
WRITES: Final[Mapping[str, Json]] = {
    **_EVERYWHERE,
    **_WITH_TOKEN,
    "time-out after": {"do": "hang", "seconds": _HANG_S, "when": "first"},
    "effect after the time-out": {"do": "hang", "seconds": _HANG_S, "when": "last"},
    "reset after": {"do": "drop_after"},
    "half a body before": {"do": "half_body", "effect": False},
    "HTML with 502 after": {"do": "status", "status": 502, "effect": True},
    "empty after": {"do": "empty"},
    "no object after": {"do": "not_object"},
    "-2 after": {"do": "errcode", "errcode": -2, "effect": True},
    "1": {"do": "partial", "omit": []},
    "1 without the port": {"do": "partial", "omit": ["port"]},
    "1 without anything": {"do": "errcode", "errcode": 1},
    "2": {"do": "errcode", "errcode": 2},
    "2 after": {"do": "errcode", "errcode": 2, "effect": True},
    "40002": {"do": "errcode", "errcode": 40002},
    "60001": {"do": "errcode", "errcode": 60001},
    "10005": {"do": "errcode", "errcode": 10005},
    "edit of ours": {"do": "edit", "fields": OURS},
    "edit of theirs": {"do": "edit", "fields": MINE},
}
READS: Final[Mapping[str, Json]] = {
    **_EVERYWHERE,
    **_WITH_TOKEN,
    "1": {"do": "errcode", "errcode": 1},
    "edit of ours": {"do": "edit", "fields": OURS},
    "edit of theirs": {"do": "edit", "fields": MINE},
}
SIGN_INS: Final[Mapping[str, Json]] = {
    **_EVERYWHERE,
    "reset after": {"do": "drop_after"},
    "60002": {"do": "errcode", "errcode": 60002},
}
SIGN_OUTS: Final[Mapping[str, Json]] = {"reset before": {"do": "drop_before"}, "70082": _EVERYWHERE["70082"]}
WORDS: Final[Mapping[str, Mapping[str, Json]]] = {
    "trunk/update": WRITES,
    "trunk/query": READS,
    "trunk/get": READS,
    "trunk/list": {name: word for name, word in READS.items() if "edit" not in name},
    "get_token": SIGN_INS,
    "refresh_token": SIGN_INS,
    "del_token": SIGN_OUTS,
}
OK: Final = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What is drawn for one night."""

    trunks: int
    words: Mapping[str, Sequence[str]]
    """By call: one for each request, in their order; after the last all is well."""
    workers: int
    attempts: int
    rate: float
    give_up_after: float


def _script(call: str, most: int, well: int) -> st.SearchStrategy[list[str]]:
    words = st.sampled_from([OK] * well + sorted(WORDS[call]))
    return st.integers(0, most).flatmap(lambda length: st.lists(words, min_size=length, max_size=length))


NIGHTS: Final = st.builds(
    Night,
    trunks=st.integers(1, 6),
    words=st.fixed_dictionaries(
        {
            "trunk/update": _script("trunk/update", 14, 2),
            "trunk/query": _script("trunk/query", 8, 20),
            "trunk/get": _script("trunk/get", 3, 10),
            "trunk/list": _script("trunk/list", 2, 30),
            "get_token": _script("get_token", 3, 30),
            "del_token": _script("del_token", 2, 4),
        }
    ),
    workers=st.integers(1, 4),
    attempts=st.integers(1, 4),
    rate=st.sampled_from([40.0, 10_000.0]),
    give_up_after=st.sampled_from([0.0, 0.5, 1.0]),
)


@dataclass(slots=True, eq=False)
class Script(Faults):
    """Gives each request its word, until all is healed."""

    night: Night
    healed: bool = False
    said: list[tuple[str, str, int]] = field(default_factory=list)
    """Call, word, and the first trunk it is about, as they came."""
    tokens: list[int] = field(default_factory=list)
    """How many tokens were valid at each request."""
    count_tokens: Callable[[], int] = int
    latency: float = 0.0
    _left: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = {call: list(words) for call, words in self.night.words.items()}

    def next(self, call: str, params: Mapping[str, Any]) -> Fault | None:
        self.tokens.append(self.count_tokens())
        if self.healed:
            return None
        left = self._left.get(call)
        word = left.pop(0) if left else OK
        if word == OK:
            return None
        trunk = int(str(params.get("id") or params.get("ids") or 0).partition(",")[0])
        self.said.append((call, word, trunk))
        about = {"id": trunk} if "edit" in word else {}
        return Faults.from_json([{"call": call, **about, **WORDS[call][word]}]).next(call, params)

    def trunks(self, word: str) -> set[int]:
        """Return the trunks that a word was about."""
        return {trunk for _, said, trunk in self.said if said == word}

    def count(self, *parts: str) -> int:
        """Count what was said with one of these in its word."""
        return sum(any(part in word for part in parts) for _, word, _ in self.said)
