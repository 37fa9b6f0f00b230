"""Every sample applied on a PBX over HTTP, undone, and done once more by undoing that: whole trunks, in list order."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from batch.practice.state import read_state
from tests.flows.shell import CLIENT_SECRET, Bench, Ran, run, serving
from tests.flows.stories import GOING_THROUGH, allowances, copy_of

SECRET = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}
ALLOWED = ("removals", "unknown-keys", "reorder", "did-orphaned", "did-doubled", "size", "routes")


def everything(there: Bench) -> dict[int, Any]:
    """What the PBX holds, without what it numbers anew with each write, and what it finds out itself."""
    trunks = deepcopy(dict(there.pbx.state.trunks))
    for trunk in trunks.values():
        del trunk["status"]
        for entry in [*trunk.get("did_list", ()), *trunk.get("outbound_cid_list", ())]:
            entry.pop("id", None)
    return trunks


def undo(done: Ran) -> Ran:
    allowed = [flag for code in ALLOWED for flag in ("--allow", code)]
    return run("undo", done.json["run"], "--yes", "--json", *allowed, environment=SECRET)


def differences(one: dict[int, Any], other: dict[int, Any]) -> dict[tuple[int, str], tuple[Any, Any]]:
    """What two states hold otherwise, by trunk and field; a field that is missing is one that is blank."""
    found = {}
    for number in one.keys() | other.keys():
        first, second = one.get(number, {}), other.get(number, {})
        for name in first.keys() | second.keys():
            sides = first.get(name, ""), second.get(name, "")
            if sides[0] != sides[1]:
                found[number, name] = sides
    return found


@pytest.mark.parametrize("name", GOING_THROUGH)
def test_a_sample_that_is_undone_leaves_every_trunk_as_it_was_and_undoing_that_is_the_run(
    name: str, tmp_path: Path
) -> None:
    book = copy_of(name, tmp_path)
    with serving(book, read_state(book.with_name("pbx.json"))) as there:
        before = everything(there)
        ran = there.apply(*allowances(name, book))
        after = everything(there)
        assert differences(before, after)
        back = undo(ran)
        assert (back.code, differences(before, everything(there))) == (0, {}), back.err
        again = undo(back)
        assert (again.code, differences(after, everything(there))) == (0, {}), again.err
