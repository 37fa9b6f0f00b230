"""A trunk that the PBX shows in an odd shape harms no other, and is named where it matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.shell import CLIENT_SECRET, Bench, Json, bench, register, run

READS = ("trunk/list", "trunk/query", "trunk/get")


def odd(*calls: str, number: int = 2, **how: Any) -> list[Json]:
    return [{"call": call, "do": "show", "id": number, "times": "always", **how} for call in calls or READS]


SPOILED: tuple[Json, ...] = (
    *({"fields": {"name": name}} for name in (None, 7)),
    *({"fields": {"did_list": dids}} for dids in ("junk", {"a": {"b": [None]}})),
    {"fields": {"id": None}},
    {"fields": {"type": "junk"}},
    {"fields": {"port": 7}},
    *({"omit": [name]} for name in ("name", "did_list", "hostname", "status")),
)
"""All on one PBX, as the trunks from 20 on. What any field may hold is drawn in ``tests/properties``."""
SHAPES: dict[str, list[Json]] = {
    "an entry without an extension's id": odd(
        fields={"outbound_cid_list": [{"outbound_cid_option": "shared", "outbound_cid": "1", "ext_list": [{}]}]}
    ),
    "no id": odd(omit=["id"]),
    "no id when asked for": odd("trunk/query", "trunk/get", omit=["id"]),
    "no type": odd("trunk/query", "trunk/get", omit=["type"]),
    "id of another": odd(fields={"id": 1}),
    "id of another when asked for": odd("trunk/query", "trunk/get", fields={"id": 1}),
    "id as text": odd(fields={"id": "2"}),
    "twice": odd("trunk/query", rows=[register(2, "Odd"), register(2, "Odd", "999")]),
    "not in the list": odd("trunk/list", rows=[]),
    "not there when asked for": odd("trunk/query", "trunk/get", rows=[]),
    "no object": odd("trunk/query", "trunk/get", rows=[7, "x", None, []]),
    "strangers beside it": odd("trunk/query", rows=[register(77, "Stranger"), {"id": {}}, 5]),
    "refused": [
        {"call": "trunk/get", "match": {"id": 2}, "do": "errcode", "errcode": 10009, "times": "always"},
        *odd("trunk/query", rows=[]),
    ],
    "spoiled": [fault for number, how in enumerate(SPOILED, 20) for fault in odd(number=number, **how)],
}


def odd_names(shape: str) -> list[str]:
    return [f"Odd-{number}" for number in range(20, 20 + len(SPOILED))] if shape == "spoiled" else ["Odd"]


def pbx(folder: Path, shape: str, *names: str) -> Any:
    odds = [register(int(name.partition("-")[2] or 2), name) for name in odd_names(shape)]
    return bench(
        folder,
        trunks=[("Name", "Hostname"), *((name, "new.example") for name in names)],
        dids=[("Trunk", "DID"), *((name, f"4420794601{at:02}") for at, name in enumerate(names))],
        live=[register(1, "One"), *odds, register(3, "Three")],
        faults=SHAPES[shape],
    )


def all_as_wanted(there: Bench, number: int) -> bool:
    trunk = there.pbx.state.trunks[number]
    return trunk["hostname"] == "new.example" and len(trunk["did_list"]) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trunk_that_nobody_names_does_no_harm(tmp_path: Path, shape: str) -> None:
    with pbx(tmp_path, shape, "One", "Three") as there:
        clashes = shape.startswith("id of another") and "asked" not in shape
        applied = there.apply("--skip-invalid") if clashes else there.apply()
        assert applied.code == (5 if clashes else 0), applied.said
        assert all_as_wanted(there, 3)
        if clashes:  # nobody can tell which of the two is meant by what is asked of the one
            assert "the PBX gives the id 1 to One and Odd" in applied.said
            return
        assert all_as_wanted(there, 1)
        assert (there.verify().code, there.resume().code) == (0, 0)
        where = ("--url", there.pbx.url, "--client-id", "practice", "--json")
        secret = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}
        exported = run("export", "-o", tmp_path / "export.xlsx", *where, environment=secret)
        assert exported.code == 0, exported.said
        assert exported.json["counts"]["trunks"] >= 2


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trunk_that_is_named_is_told_of_and_left_out_while_the_others_are_done(tmp_path: Path, shape: str) -> None:
    with pbx(tmp_path, shape, "One", *odd_names(shape), "Three") as there:
        applied = there.apply("--skip-invalid", "--allow", "unread-lists")
        assert applied.code in {0, 5}, applied.said
        assert all_as_wanted(there, 3)
        endings = {trunk["name"]: trunk["ending"] for trunk in applied.json["trunks"]}
        assert endings["Three"] == "applied"
        for name in odd_names(shape):
            assert endings.get(name) == "applied" or name in applied.said
        assert there.verify().code in {0, 5}
        assert there.resume("--skip-invalid").code in {0, 5}
