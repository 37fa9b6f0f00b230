"""``trunk/update`` (sections 3 and 4 of the contract), on a trunk that is put back after each test."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.endpoint import Endpoint, Json, words

NOT_THERE = 99999999
DONE = (0, 1, 2)  # also partly, or soon
ENTRY_KEYS = {"id", "did", "did_name", "ext_list", "outbound_cid", "outbound_cid_to_ext_range"}
ENTRY_KEYS |= {"outbound_cid_option", "outbound_cid_name"}


def comparable(trunk: Json) -> Json:
    """Leave out what moves by itself: the status, the ids of entries, and how emptiness is shown."""
    return {
        name: _comparable(value) for name, value in trunk.items() if name != "status" and value not in ("", None, [])
    }


def _comparable(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{name: inner for name, inner in entry.items() if name != "id" and inner} for entry in value]


def differing(one: Json, other: Json) -> set[str]:
    """Return names, never values: a trunk holds a password."""
    one, other = comparable(one), comparable(other)
    return {name for name in one | other if one.get(name) != other.get(name)}


class Trunk:
    """The trunk that may be edited, and how it was found."""

    def __init__(self, pbx: Endpoint, trunk_id: int) -> None:
        self._pbx, self.id = pbx, trunk_id
        self._sent: set[str] = set()
        self.found = self.now()

    def now(self) -> Json:
        return self._pbx.rows("trunk/get", id=self.id)[0]

    def update(self, **fields: Any) -> Json:
        if missing := [name for name in fields if self.found.get(name) is None]:
            pytest.skip(f"this trunk has no {', '.join(missing)}")
        self._sent |= fields.keys()
        return self._pbx.update(id=self.id, **fields)

    def write(self, **fields: Any) -> Json:
        """Write what must be taken; return the trunk as it is then."""
        answer = self.update(**fields)
        assert words(answer) == "0 SUCCESS", answer.get("invalid_param_list")
        return self.now()

    def put_back(self) -> None:
        back = {name: self._as_sent(name) for name in self._sent}
        for pause in (0, 0, 2, 8):  # each looks at what the one before has done
            time.sleep(pause)
            with contextlib.suppress(Exception):
                back = {name: self._as_sent(name) for name in self._sent & differing(self.found, self.now())}
                if not back:
                    return
                self._pbx.update(id=self.id, **back)
        pytest.fail(f"put trunk {self.id} back by hand, it had {json.dumps(back)}", pytrace=False)

    def _as_sent(self, name: str) -> Any:
        value = self.found[name]
        return int(value) if name in ("enable", "port") else _comparable(value)


@pytest.fixture(scope="session")
def lost(pbx: Endpoint) -> list[str]:  # noqa: ARG001 - one for each PBX
    """Say why nothing more may be written, once something could not be put back."""
    return []


@pytest.fixture
def trunk(pbx: Endpoint, editable: int, lost: list[str]) -> Iterator[Trunk]:
    if lost:
        pytest.skip(lost[0])
    trunk = Trunk(pbx, editable)
    entries = [entry for name in ("did_list", "outbound_cid_list") for entry in trunk.found.get(name) or []]
    if any(entry.keys() - ENTRY_KEYS for entry in entries):
        pytest.skip("rewriting this trunk's lists would lose settings nobody knows")
    yield trunk
    lost.append("an earlier test could not put the trunk back")
    trunk.put_back()
    lost.clear()


@pytest.fixture
def extension(pbx: Endpoint) -> Json:
    """Return an extension as an entry of ``ext_list`` names it."""
    found = pbx.rows("extension/list", page=1, page_size=1) or pytest.skip("there are no extensions here")
    return {"type": "extension", "id": found[0]["id"]}


def dids(*numbers: str) -> list[Json]:
    return [{"did": number} for number in numbers]


def shared(extension: Json, *numbers: str) -> list[Json]:
    return [{"outbound_cid_option": "shared", "outbound_cid": n, "ext_list": [extension]} for n in numbers]


def span(numbers: str, extensions: str) -> list[Json]:
    return [{"outbound_cid_option": "range", "outbound_cid": numbers, "outbound_cid_to_ext_range": extensions}]


@pytest.mark.doc
def test_what_is_not_sent_stays_known_or_not(trunk: Trunk) -> None:
    assert differing(trunk.found, trunk.write(def_outbound_cid_name="contract")) == {"def_outbound_cid_name"}


@pytest.mark.seen
def test_a_did_list_replaces_the_whole_list_in_its_order_and_an_empty_one_empties_it(trunk: Trunk) -> None:
    for wanted in (["9992", "9991"], ["9991", "999X", "9992"], ["9993"], []):
        after = trunk.write(did_list=dids(*wanted))
        assert [entry["did"] for entry in after.get("did_list") or []] == wanted


@pytest.mark.seen
def test_an_outbound_cid_list_replaces_the_whole_list_in_its_order_and_an_empty_one_empties_it(
    trunk: Trunk, extension: Json
) -> None:
    for wanted in (["9992", "9991"], ["9993"], []):
        after = trunk.write(outbound_cid_list=shared(extension, *wanted))
        assert [entry["outbound_cid"] for entry in after.get("outbound_cid_list") or []] == wanted


@pytest.mark.guess
def test_the_same_body_twice_changes_nothing_more(trunk: Trunk, extension: Json) -> None:
    body: Json = {"def_outbound_cid": "9991", "outbound_cid_list": shared(extension, "9991", "9992")}
    once = trunk.write(**body)
    assert differing(once, trunk.write(**body)) == set()


@pytest.mark.guess
def test_a_body_that_is_refused_changes_nothing(trunk: Trunk) -> None:
    assert trunk.update(def_outbound_cid_name="contract", name="not a name")["errcode"] not in DONE
    assert differing(trunk.found, trunk.now()) == set()


@pytest.mark.doc
def test_the_type_cannot_be_changed(trunk: Trunk) -> None:
    trunk.update(type="register" if trunk.found["type"] == "peer" else "peer")
    assert differing(trunk.found, trunk.now()) == set()


@pytest.mark.doc
def test_an_update_needs_an_id(pbx: Endpoint, trunk: Trunk) -> None:
    assert pbx.update(def_outbound_cid_name="contract")["errcode"] not in DONE
    assert differing(trunk.found, trunk.now()) == set()


@pytest.mark.doc
@pytest.mark.usefixtures("trunk")
def test_an_update_of_a_trunk_that_is_not_there_is_answered_with_60001(pbx: Endpoint) -> None:
    assert pbx.update(id=NOT_THERE, def_outbound_cid_name="contract")["errcode"] == 60001


@pytest.mark.doc
def test_a_refused_value_is_named_in_invalid_param_list(trunk: Trunk) -> None:
    answer = trunk.update(name="not a name")
    assert answer["errcode"] not in DONE
    assert [entry["field"] for entry in answer["invalid_param_list"]] == ["name"]


@pytest.mark.doc
def test_a_name_that_is_taken_is_answered_with_40003_and_the_field(pbx: Endpoint, trunk: Trunk) -> None:
    rows = pbx.rows("trunk/list", page=1, page_size=2)
    taken = [row["name"] for row in rows if row["id"] != trunk.id] or pytest.skip("there is no other trunk")
    answer = trunk.update(name=taken[0])
    assert answer["errcode"] == 40003
    assert [entry["field"] for entry in answer["duplicate_field_list"]] == ["name"]


@pytest.mark.seen
@pytest.mark.parametrize("sent", [{"enable": "1"}, {"name": 5}, {"outbound_cid_list": {}}], ids=str)
def test_a_wrong_json_type_is_answered_with_minus_2(trunk: Trunk, sent: Json) -> None:
    assert trunk.update(**sent)["errcode"] == -2


TAKEN: list[Json] = [
    {"name": "n" * 63},
    {"def_outbound_cid": "9" * 31},
    {"def_outbound_cid": "999{{.Ext}}"},
    {"def_outbound_cid_name": "n" * 127},
    {"did_list": dids("9" * 31)},
    {"did_list": dids("999XZN.")},
    {"did_list": dids("9991", "9991")},
    {"outbound_cid_list": span("9991-9993", "1001-1003")},
]
REFUSED: list[Json] = [
    *({"name": name} for name in ("", "n" * 64, "a b", "a:b", "a/b", "a;b", "a@b")),
    *({"port": port} for port in (-1, 65536)),
    *({"def_outbound_cid": number} for number in ("9" * 32, "99 99")),
    {"def_outbound_cid_name": "é" * 64},
    *({"did_list": dids(number)} for number in ("9" * 32, "99 99", "")),
    *(
        {"outbound_cid_list": span(numbers, extensions)}
        for numbers, extensions in [
            ("1000-1500", "1000-1500"),
            ("9001-9003", "1001-1002"),
            ("999-1001", "1001-1003"),
            ("9001-9003", ""),
        ]
    ),
    {"outbound_cid_list": [{"outbound_cid_option": "shared", "outbound_cid": "9991"}]},
]


@pytest.mark.guess
@pytest.mark.parametrize("sent", TAKEN, ids=json.dumps)
def test_the_box_takes_what_the_import_pages_allow(trunk: Trunk, sent: Json) -> None:
    after = trunk.write(**sent)
    assert comparable({name: after[name] for name in sent}) == comparable(sent)


@pytest.mark.guess
@pytest.mark.parametrize("sent", REFUSED, ids=json.dumps)
def test_the_box_refuses_what_the_import_pages_forbid(trunk: Trunk, sent: Json) -> None:
    assert trunk.update(**sent)["errcode"] not in DONE
