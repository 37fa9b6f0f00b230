"""Runs that are drawn, on several trunks at once and over HTTP, with somebody else who edits before they are undone."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from batch.options import HAZARDS
from tests.flows.shell import CLIENT_SECRET, Bench, Json, Ran, bench, register, run

SECRET = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}
ALLOWED = tuple(flag for code in HAZARDS if code != "overwrite-later-edits" for flag in ("--allow", code))
FIELDS = ("name", "hostname", "domain", "port", "password", "enable", "username")
LISTS = {"did_list": "did", "outbound_cid_list": "outbound_cid"}
HEADERS = ("Trunk ID", "Name", "Hostname", "Domain", "Port", "Password", "Enabled", "DIDs mode", "Caller IDs mode")
State = dict[int, Json]


@dataclass(kw_only=True)
class Story:
    """What a PBX holds, and what a workbook asks for."""

    live: list[Json] = field(default_factory=list)
    trunks: list[tuple[Any, ...]] = field(default_factory=lambda: [HEADERS])
    dids: list[tuple[str, ...]] = field(default_factory=lambda: [("Trunk", "DID", "DID name", "Move from")])
    caller_ids: list[tuple[str, ...]] = field(
        default_factory=lambda: [
            ("Trunk", "Option", "Caller ID", "Caller ID name", "Extensions", "Extension groups", "Extension range")
        ]
    )
    moves: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Numbers that move: giver and receiver."""


def shared(rng: Random, number: str) -> Json:
    members: list[Json] = [
        {"type": "extension", "id": one, "ext_number": str(1000 + one)}
        for one in rng.sample(range(1, 10), rng.randint(1, 3))
    ]
    if rng.random() < 0.3:
        members.append({"type": "ext_group", "id": 1, "ext_number": "Sales"})
    name = rng.choice(["", "Front"])
    return {"outbound_cid_option": "shared", "outbound_cid": number, "outbound_cid_name": name, "ext_list": members}


def in_a_range(first: int) -> Json:
    return {
        "outbound_cid_option": "range", "outbound_cid": f"{first}-{first + 2}", "outbound_cid_name": "",
        "outbound_cid_to_ext_range": "1001-1003",
    }  # fmt: skip


def draw(rng: Random) -> Story:
    """Draw the trunks of a PBX, who gives numbers to whom, and what else is written."""
    story = Story()
    ids = [*range(8, 8 + rng.randint(2, 5))]
    for one in ids:
        numbers = [str(one * 10_000 + n) for n in rng.sample(range(20), rng.randint(1, 6))]
        trunk = register(one, f"T{one}", **rng.choice([{}, {"domain": "d.example"}]), enable=rng.choice([0, 1]))
        trunk["did_list"] = [{"did": number, "did_name": rng.choice(["", "Desk"])} for number in numbers]
        trunk["outbound_cid_list"] = [shared(rng, number) for number in numbers[: rng.randint(0, 2)]]
        trunk["outbound_cid_list"] += [in_a_range(one * 10_000 + 100)] if rng.random() < 0.4 else []
        rng.shuffle(trunk["outbound_cid_list"])
        story.live.append(trunk)
        for number in rng.sample(numbers, rng.randint(0, min(2, len(numbers)))):
            story.moves[number] = (one, rng.choice([other for other in ids if other != one]))
    for trunk in story.live:
        _row(rng, story, trunk)
    return story


def _row(rng: Random, story: Story, trunk: Json) -> None:
    def maybe(*values: Any) -> Any:
        return rng.choice(values) if rng.random() < 0.5 else ""

    one = int(trunk["id"])
    dids, callers = _did_rows(rng, story, trunk), _caller_id_rows(rng, story, trunk)
    name = maybe(f"New{one}")
    hostname, domain, port = maybe("new.example"), maybe("<clear>", "e.example"), maybe("5070")
    password, enabled = maybe(f"Sample-new-{one}"), maybe("yes", "no")
    story.trunks.append((str(one), name, hostname, domain, port, password, enabled, dids, callers))


def _did_rows(rng: Random, story: Story, trunk: Json) -> str:
    """Add the rows of a trunk's DIDs, and return the mode."""
    one, own = str(trunk["id"]), [e["did"] for e in trunk["did_list"] if e["did"] not in story.moves]
    come = [(one, number, rng.choice(["", "Moved"]), str(giver)) for number, (giver, to) in story.moves.items()
            if str(to) == one]  # fmt: skip
    new = [(one, str(int(one) * 10_000 + 900 + n), rng.choice(["", "New"]), "") for n in range(rng.randint(0, 2))]
    some = [(one, number, rng.choice(["", "<clear>", "Other"]), "") for number in rng.sample(own, len(own) // 2)]
    modes = ["add", "replace"] if come else ["", "add", "replace", "remove"]
    match mode := rng.choice(modes):
        case "remove":
            rows = [(one, number, "", "") for _, number, *_ in some]
        case "":
            rows = []
        case _:
            rows = [*come, *new, *some]
    rng.shuffle(rows)
    story.dids += rows
    return mode if rows else ""


def _caller_id_rows(rng: Random, story: Story, trunk: Json) -> str:
    """Add the rows of a trunk's caller IDs, and return the mode."""
    one, own = int(trunk["id"]), trunk["outbound_cid_list"]
    new = [shared(rng, str(one * 10_000 + 950 + n)) for n in range(rng.randint(0, 2))]
    new += [in_a_range(one * 10_000 + 200)] if rng.random() < 0.2 else []
    some = rng.sample(own, (len(own) + 1) // 2)
    changed = [shared(rng, e["outbound_cid"]) if e["outbound_cid_option"] == "shared" else e for e in some]
    match mode := rng.choice(["", "add", "replace", "remove"]):
        case "remove":
            rows = some
        case "":
            rows = []
        case _:
            rows = [*new, *changed]
    rng.shuffle(rows)
    story.caller_ids += [_cells(str(one), entry, removed=mode == "remove") for entry in rows]
    return mode if rows else ""


def _cells(trunk: str, entry: Json, *, removed: bool) -> tuple[str, ...]:
    option, number, members = entry["outbound_cid_option"], entry["outbound_cid"], entry.get("ext_list", ())
    if removed:
        return (trunk, option, number, "", "", "", "")
    extensions = ", ".join(one["ext_number"] for one in members if one["type"] == "extension")
    groups = "Sales" if any(one["type"] == "ext_group" for one in members) else ""
    return (
        trunk, option, number, entry["outbound_cid_name"], extensions, groups,
        entry.get("outbound_cid_to_ext_range", ""),
    )  # fmt: skip


def everything(there: Bench) -> State:
    """What the PBX holds, without what it numbers anew with each write, and what it finds out itself."""
    trunks = deepcopy(dict(there.pbx.state.trunks))
    for trunk in trunks.values():
        trunk.pop("status", None)
        trunk["domain"] = trunk.get("domain") or ""
        for entry in [*trunk.get("did_list", ()), *trunk.get("outbound_cid_list", ())]:
            entry.pop("id", None)
    return trunks


def undo(run_dir: str) -> Ran:
    return run("undo", run_dir, "--yes", "--json", *ALLOWED, environment=SECRET)


def edit(rng: Random, there: Bench) -> None:
    """Do what somebody else may do on the PBX's pages before the run is undone."""
    for trunk in rng.sample(list(there.pbx.state.trunks.values()), rng.randint(1, len(there.pbx.state.trunks))):
        dids, callers = trunk["did_list"], trunk["outbound_cid_list"]
        for what in rng.sample(["field", "other field", "add", "rename", "caller", "remove"], rng.randint(1, 3)):
            match what:
                case "field":
                    trunk[rng.choice(["hostname", "domain"])] = "theirs.example"
                case "other field":
                    trunk["username"] = "theirs"
                case "add":
                    dids.insert(rng.randint(0, len(dids)), {"did": f"77{trunk['id']}", "did_name": "Added since"})
                case "rename" if dids:
                    rng.choice(dids)["did_name"] = "Theirs"
                case "caller" if callers:
                    rng.choice(callers)["outbound_cid_name"] = "Theirs"
                case "remove" if len(dids) > 1:
                    dids.remove(rng.choice(dids))
                case _:
                    pass


def parts(state: State) -> dict[tuple[int, str, str], Any]:
    """Take a state apart into fields and list entries."""
    found: dict[tuple[int, str, str], Any] = {}
    for number, trunk in state.items():
        found |= {(number, name, ""): trunk.get(name) for name in FIELDS}
        found |= {(number, name, entry[key]): entry for name, key in LISTS.items() for entry in trunk[name]}
    return found


def expected(moves: dict[str, tuple[int, int]], before: State, after: State, now: State) -> dict[Any, Any]:
    """Return what an undo leaves: what still is as the run wrote it is as before, all else as it is now.

    A moved number that somebody changed where it is now stays there, and is not put back beside it.
    """
    was, wrote, held = parts(before), parts(after), parts(now)
    places = {number: (to, "did_list", number) for number, (_, to) in moves.items()}
    stays = {number for number, place in places.items() if place in held and held[place] != wrote.get(place)}
    keys = was.keys() | wrote.keys() | held.keys()
    kept = {key for key in keys if held.get(key) != wrote.get(key) or was.get(key) == wrote.get(key)}
    kept |= {key for key in keys if key[2] in stays and key[1] == "did_list"}
    found = {key: (held if key in kept else was).get(key) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def tell(seed: int, folder: Path) -> str:
    """Apply and undo what was drawn, and hold what the PBX has then against what it should have."""
    rng = Random(seed)  # noqa: S311 - the same each time
    story = draw(rng)
    folder.mkdir()
    sheets: dict[str, Any] = {"trunks": story.trunks, "dids": story.dids, "caller_ids": story.caller_ids}
    with bench(folder, live=deepcopy(story.live), **{n: lines for n, lines in sheets.items() if lines[1:]}) as there:
        before = everything(there)
        ran = there.apply(*ALLOWED)
        assert ran.code == 0, (seed, ran.said)
        after = everything(there)
        if after == before:
            return "nothing to do"
        if others := rng.random() < 0.6:
            edit(rng, there)
        now = everything(there)
        back = undo(ran.json["run"])
        held = everything(there)
        wanted = expected(story.moves, before, after, now)
        found = parts(held)
        wrong = {key: (wanted.get(key), found.get(key)) for key in wanted.keys() | found.keys()
                 if wanted.get(key) != found.get(key)}  # fmt: skip
        assert wrong == {}, (seed, wrong, back.err)
        if others:
            assert back.code in {0, 5}, (seed, back.said)
            return "edited"
        assert (back.code, held) == (0, before), (seed, back.said)
        assert undo(back.json["run"]).code == 0, seed
        assert everything(there) == after, seed
        return "undone twice"


@pytest.mark.parametrize("first", range(0, 15, 5))
def test_runs_that_are_drawn_go_back_and_nothing_later_is_overwritten(first: int, tmp_path: Path) -> None:
    ended = Counter(tell(seed, tmp_path / str(seed)) for seed in range(first, first + 5))
    assert ended["nothing to do"] < 3


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1000, 2000, 50))
def test_a_thousand_runs_that_are_drawn_go_back(first: int, tmp_path: Path) -> None:
    ended = Counter(tell(seed, tmp_path / str(seed)) for seed in range(first, first + 50))
    assert ended["edited"] > ended["nothing to do"]
