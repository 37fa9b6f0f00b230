from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from batch.readers.workbook import Workbook
from batch.schema.columns import DIDS
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.trunks.change_plan import Change, Plan, not_allowed, plan_change, resolve, tally
from batch.trunks.live import Did, Inventory, LiveTrunk, parse_trunk
from batch.trunks.live_checks import Hazard
from batch.trunks.model import choose
from batch.wording import quoted
from tests.builders import book, dids, inventory, judged, live, read, shared

LONDON = live(8, "London", hostname="old", password="Sample-0", did_list=dids("100=One", "200"))


def change(given: Workbook, trunk: LiveTrunk = LONDON) -> Change:
    return judged(given, trunk)[0]


def faults(given: Workbook, trunk: LiveTrunk, around: Inventory | None = None) -> list[Problem]:
    return judged(given, trunk, around)[2]


def hazards(given: Workbook, trunk: LiveTrunk = LONDON) -> list[str]:
    return [f"{h.code} {h.trunk}" for h in judged(given, trunk)[1]]


def resolved(given: Workbook, *trunks: LiveTrunk) -> tuple[dict[int, int], list[Problem]]:
    tables, found, _ = read(given)
    return resolve(tables, found.trunks, inventory(*trunks))


def digest(given: Workbook, trunk: LiveTrunk = LONDON, pbx: str = "https://pbx.example:8088") -> str:
    return Plan(pbx=pbx, changes=(change(given, trunk),)).digest()


def test_trunks_are_found_by_id_or_by_exact_name() -> None:
    found = resolved(book(["Trunk ID|Name", "8|Renamed", "|Paris"]), LONDON, live(9, "Paris"))
    assert found == ({2: 8, 3: 9}, [])


def test_a_trunk_that_is_gone_is_a_problem_with_the_nearest() -> None:
    found = resolved(book(["Trunk ID|Name|Port", "|london", "77|", "77|London", "|Quito", "||5060"]), LONDON)
    assert [(p.code, p.cell, p.value, p.message, p.fix) for p in found[1]] == [
        (
            "trunk-gone",
            "B2",
            "london",
            "The PBX has no trunk named london; did you mean London?",
            "Type London, or its Trunk ID 8.",
        ),
        (
            "trunk-gone",
            "A3",
            "77",
            "The PBX has no trunk with the id 77.",
            "Correct it, or delete the row; this tool does not create trunks.",
        ),
        (
            "trunk-gone",
            "A4",
            "77",
            "The PBX has no trunk with the id 77; did you mean London?",
            "Type London, or its Trunk ID 8.",
        ),
        (
            "trunk-gone",
            "B5",
            "Quito",
            "The PBX has no trunk named Quito.",
            "Correct it, or delete the row; this tool does not create trunks.",
        ),
    ]
    assert found[0] == {}


def test_two_rows_that_mean_one_live_trunk_are_a_problem_at_the_later() -> None:
    found = resolved(book(["Trunk ID|Name", "|London", "8|"]), LONDON)
    (problem,) = found[1]
    assert (problem.code, problem.cell) == ("same-live-trunk", "A3")
    assert problem.message == "This row and row 2 are for the same trunk on the PBX: London, id 8."


def test_a_trunk_that_the_api_cannot_edit_is_a_problem() -> None:
    trunk = live(8, "London", "FXO")
    (problem,) = faults(book(["Name|Port", "London|1"]), trunk)
    assert (problem.code, problem.cell, problem.message) == (
        "trunk-not-editable",
        "A2",
        "London is a FXO, which the API cannot edit.",
    )


def test_a_type_that_differs_from_the_pbx_is_a_problem() -> None:
    (problem,) = faults(book(["Name|Type", "London|peer"]), LONDON)
    assert (problem.code, problem.cell, problem.value) == ("type-differs", "B2", "peer")
    assert problem.message == "On the PBX, London is a trunk of type register, and the type cannot be changed."
    assert faults(book(["Name|Type", "London|peer"]), live(8, "London", "peer_did")) == []


def test_a_blank_type_is_taken_from_the_pbx_and_its_fields_with_it() -> None:
    given = book(["Name|Hostname", "London|h"], dids=["London|100"])
    found = faults(given, live(8, "London", "account"))
    assert [(p.sheet, p.cell, p.code) for p in found] == [
        ("Trunks", "B2", "field-not-of-type"),
        ("DIDs", "B2", "field-not-of-type"),
    ]


def test_a_name_that_another_live_trunk_holds_is_a_problem() -> None:
    around = inventory(LONDON, live(9, "Paris"), live(10, "None"))
    (problem,) = faults(book(["Trunk ID|Name", "8|Paris"]), LONDON, around)
    assert (problem.code, problem.cell, problem.value) == ("name-taken", "B2", "Paris")
    assert problem.message == "Trunk 9 on the PBX already has the name Paris."
    assert faults(book(["Trunk ID|Name", "8|London"]), LONDON, around) == []
    assert faults(book(["Name|Port", "London|1"]), LONDON, around) == []


def test_a_shared_trunk_takes_only_caller_ids() -> None:
    trunk = live(8, "London", shared=1, did_list=dids("100"))
    header = ["Name|Hostname|Enabled|Default caller ID", "London|h|yes|100"]
    found = faults(book(header, dids=["London|100", "London|200"], caller_ids=["London|shared|100|||1001"]), trunk)
    assert [(p.sheet, p.cell, p.code) for p in found] == [
        ("Trunks", "C2", "trunk-shared"),
        ("Trunks", "B2", "trunk-shared"),
        ("DIDs", "B2", "trunk-shared"),
        ("DIDs", "B3", "trunk-shared"),
    ]
    assert [p.cell for p in faults(book(["Name", "London"], dids=["London|<clear>"]), trunk)] == ["B2"]


def test_the_cloud_takes_no_brackets_and_no_exclamation_mark() -> None:
    trunk = live(8, "London", "peer_did", did_list=dids("1[2]"))
    given = book(["Name|DIDs mode", "London|add"], dids=["London|44X.", "London|44[1-2]", "London|44!"])
    assert [(p.code, p.cell, p.value) for p in faults(given, trunk)] == [
        ("pattern-not-on-cloud", "B3", "44[1-2]"),
        ("pattern-not-on-cloud", "B4", "44!"),
    ]
    assert faults(book(["Name|DIDs mode", "London|remove"], dids=["London|1[2]"]), trunk) == []
    assert faults(given, live(8, "London", "peer")) == []


def test_caller_ids_are_compared_with_the_dids_that_the_trunk_will_have() -> None:
    callers = ["London|shared|100|||1001", "London|shared|300|||1002"]
    assert [p.cell for p in faults(book(["Name", "London"], caller_ids=callers), LONDON)] == ["C3"]
    given = book(["Name|DIDs mode", "London|add"], dids=["London|300"], caller_ids=callers)
    assert faults(given, LONDON) == []
    given = book(["Name|DIDs mode", "London|remove"], dids=["London|100"], caller_ids=callers)
    assert [(p.code, p.cell) for p in faults(given, LONDON)] == [
        ("caller-id-not-a-did", "C2"),
        ("caller-id-not-a-did", "C3"),
    ]


def test_a_live_entry_that_cannot_be_sent_back_is_a_problem_before_anything_is_sent() -> None:
    trunk = live(8, "London", outbound_cid_list=[shared("100"), shared("200", 1)])
    given = book(["Name|Caller IDs mode", "London|add"], caller_ids=["London|shared|300|||1002"])
    (problem,) = faults(given, trunk)
    assert (problem.code, problem.sheet, problem.cell) == ("live-entry-incomplete", "Trunks", "A2")
    assert problem.message == (
        "On the PBX, the caller ID 100 of London has no extension; a list with such an entry cannot be sent."
    )
    unchanged = book(["Name|Caller IDs mode", "London|remove"], caller_ids=["London|shared|999"])
    assert [p.code for p in faults(unchanged, trunk)] == ["entry-not-there"]


def test_a_change_says_what_it_does() -> None:
    made = change(book(["Trunk ID|Name|Enabled|Hostname", "8|Paris|no|new"], dids=["8|100"]))
    assert (made.kind, made.renames, made.disables, made.removals, made.bears_on_registration) == (
        "update",
        True,
        True,
        1,
        True,
    )
    assert made.replaces() == {"name": "London", "enable": "", "hostname": "old", "did_list": LONDON.dids.entries}
    assert made.body() == {
        "id": 8,
        "name": "Paris",
        "enable": 0,
        "hostname": "new",
        "did_list": [{"did": "100", "did_name": "One"}],
    }


def test_what_already_is_as_wanted_is_not_sent() -> None:
    made = change(book(["Name|Hostname|Codecs", "London|old|"], dids=["London|100", "London|200"]))
    assert (made.kind, made.body(), made.replaces(), made.removals) == ("keep", {"id": 8}, {}, 0)
    assert (made.renames, made.disables, made.bears_on_registration) == (False, False, False)


def test_what_is_written_is_what_reading_back_must_find() -> None:
    made = change(book(["Name|Hostname|Port", "London|old|5061"], dids=["London|200"]))
    assert made.written.fields == {"port": 5061}
    assert made.written.lists == {DIDS: (Did("200"),)}
    assert made.as_planned(LONDON)
    assert made.as_planned(live(8, "London", hostname="other", did_list=dids("100=One", "200")))
    assert not made.as_planned(live(8, "London", port=1, did_list=dids("100=One", "200")))
    assert not made.as_planned(live(8, "London", did_list=dids("200", "100=One")))


def test_a_whole_body_holds_complete_lists_and_no_ids_of_entries() -> None:
    trunk = live(8, "London", outbound_cid_list=[shared("100", 1, groups=[2], name="Acme")])
    given = book(
        ["Name|Caller IDs mode|Password", "London|add|Sample-1"], caller_ids=["London|range|200-201||1005-1006"]
    )
    made = change(given, trunk)
    assert made.body() == {
        "id": 8,
        "password": "Sample-1",
        "outbound_cid_list": [
            {
                "outbound_cid_option": "shared",
                "outbound_cid": "100",
                "outbound_cid_name": "Acme",
                "ext_list": [
                    {"type": "extension", "id": 1, "ext_number": "1001"},
                    {"type": "ext_group", "id": 2, "ext_number": "group2"},
                ],
            },
            {
                "outbound_cid_option": "range",
                "outbound_cid": "200-201",
                "outbound_cid_name": "",
                "outbound_cid_to_ext_range": "1005-1006",
            },
        ],
    }
    assert made.replaces()["outbound_cid_list"] == trunk.caller_ids.entries
    assert "Sample-" not in repr(made)


def test_a_blank_mode_that_loses_entries_is_a_hazard_and_an_explicit_one_is_not() -> None:
    assert hazards(book(["Name", "London"], dids=["London|100"])) == ["removals London"]
    assert hazards(book(["Name|DIDs mode", "London|replace"], dids=["London|100"])) == []
    assert hazards(book(["Name|DIDs mode", "London|remove"], dids=["London|100"])) == []
    assert hazards(book(["Name", "London"], dids=["London|<clear>"])) == []
    assert hazards(book(["Name", "London"], dids=["London|200", "London|100", "London|300"])) == []
    _, (hazard,), _ = judged(book(["Name", "London"], dids=["London|9"]), LONDON)
    assert hazard.flag == "--allow removals=London"
    assert hazard.message == (
        "London would lose 2 DIDs that the workbook does not have, beginning with 100. To keep them, use --mode "
        "add, or type add as DIDs mode on the sheet Trunks. To remove them, type replace."
    )


def test_a_name_with_a_blank_is_quoted_in_the_flag() -> None:
    for trunk in ("Old Box", "R&D", "a'b"):
        flag = Hazard(code="removals", row=2, trunk=trunk, message="").flag
        assert flag == f"--allow {quoted(f'removals={trunk}')}"


def test_rewriting_entries_with_keys_that_we_do_not_know_is_a_hazard() -> None:
    trunk = live(8, "London", did_list=[{"id": 1, "did": "100", "short_code": 5}], outbound_cid_list=[shared("7", 1)])
    given = book(["Name|DIDs mode|Port", "London|add|1"], dids=["London|200"], caller_ids=["London|shared|8|||1002"])
    _, found, _ = judged(given, trunk)
    assert [h.code for h in found] == ["unknown-keys", "removals"]
    assert found[0].message == (
        "The DID list of London has settings that this tool does not know (short_code); writing the list would "
        "delete them."
    )
    assert hazards(book(["Name|Port", "London|1"], dids=["London|100"]), trunk) == []


def test_hazards_are_allowed_for_all_or_for_one_by_name_or_id() -> None:
    given = book(["Name", "London"], dids=["London|100"])
    made, found, _ = judged(given, LONDON)
    for allowed in ("removals", "removals=London", "removals=8"):
        assert not_allowed(found, [allowed], [made]) == ()
    for allowed in ("removals=Paris", "removals=9", "unknown-keys", "unknown-keys=London"):
        assert not_allowed(found, [allowed], [made]) == tuple(found)


def test_the_top_of_a_plan_counts_what_is_easily_overlooked() -> None:
    made = [
        change(book(["Trunk ID|Name|Enabled|DIDs mode", "8|Paris|no|replace"], dids=["8|100"])),
        change(book(["Name|DIDs mode", "London|replace"], dids=["London|100", "London|200"])),
        change(book(["Name", "London"], dids=["London|<clear>"])),
    ]
    assert tally(made) == {
        "update": 2,
        "keep": 1,
        "renames": 1,
        "disabled": 1,
        "removals": 3,
        "moves": 0,
        "reorders": 0,
        "replacements": 2,
    }
    assert Plan(pbx="x", changes=tuple(made)).updates == (made[0], made[2])


WANTS = ["Name|Hostname|Password", "London|new|Sample-1"]


def test_the_same_plan_has_the_same_digest() -> None:
    assert digest(book(WANTS, dids=["London|7"])) == digest(book(WANTS, dids=["London|7"]))
    assert len(digest(book(WANTS))) == 32


@pytest.mark.parametrize(
    "trunk",
    [
        replace(LONDON, status=41),
        replace(LONDON, whole={**LONDON.whole, "port": 1, "firmware_thing": 2}),
        replace(LONDON, whole={**LONDON.whole, "outbound_cid_list": [shared("1", 1)]}),
    ],
)
def test_what_the_write_does_not_touch_does_not_count(trunk: LiveTrunk) -> None:
    assert digest(book(WANTS), trunk) == digest(book(WANTS))


def test_the_order_in_which_the_pbx_lists_extensions_does_not_count() -> None:
    given = book(["Name", "London"], caller_ids=["London|shared|1|New"])
    one = live(8, "London", outbound_cid_list=[shared("1", 1, 2)])
    two = live(8, "London", outbound_cid_list=[shared("1", 2, 1)])
    assert digest(given, one) == digest(given, two)


def test_everything_that_matters_changes_the_digest() -> None:
    both = (change(book(WANTS)), change(book(["Name|Port", "Paris|1"]), live(9, "Paris")))
    digests = [
        digest(book(WANTS)),
        digest(book(WANTS), pbx="https://other.example"),
        digest(book(["Name|Hostname|Password", "London|newer|Sample-1"])),
        digest(book(["Name|Hostname|Password", "London|new|Sample-2"])),
        digest(book(WANTS), live(8, "London", hostname="other", password="Sample-0")),
        digest(book(WANTS), live(8, "London", hostname="old", password="Sample-9")),
        digest(book(WANTS, dids=["London|1", "London|2"])),
        digest(book(WANTS, dids=["London|2", "London|1"])),
        digest(book(["Name", "London"])),
        Plan(pbx="https://pbx.example:8088", changes=both).digest(),
        Plan(pbx="https://pbx.example:8088", changes=both[::-1]).digest(),
    ]
    assert len(set(digests)) == len(digests)


def test_a_password_cannot_be_guessed_from_a_digest_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def derive(_name: str, _key: bytes, _salt: bytes, times: int, size: int) -> bytes:
        rounds.append(times)
        return bytes(size)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", derive)
    digest(book(WANTS))
    assert rounds == [100_000]


def test_a_plan_shows_no_password() -> None:
    made = Plan(pbx="x", changes=(change(book(WANTS)),))
    assert "Sample-" not in repr(made)
    assert made.changes[0].difference.fields["password"] == (Secret("Sample-0"), Secret("Sample-1"))


def test_every_code_of_a_plan_is_tied_to_a_cell() -> None:
    tables, found, _ = read(book(["Name|Type", "London|peer"]))
    made: tuple[Change, list[Hazard], list[Problem]] = plan_change(tables, found.trunks[0], LONDON, inventory(LONDON))
    shown: list[dict[str, Any]] = [p.to_json() for p in made[2]]
    assert [(p["cell"], p["code"], p["column"]) for p in shown] == [("B2", "type-differs", "Type")]


@pytest.mark.parametrize("name", ["did_list", "outbound_cid_list"])
def test_a_list_that_the_pbx_does_not_show_is_a_problem_where_it_is_to_be_added_to(name: str) -> None:
    given = book(["Name|DIDs mode", "London|add"], dids=["London|442079460100"])
    whole = {"id": 1, "name": "London", "type": "register", "did_list": [], "outbound_cid_list": []}
    trunk = parse_trunk({key: value for key, value in whole.items() if key != name})
    _, hazards, found = judged(given, trunk)
    problems = [problem for problem in found if problem.stops]
    assert [problem.code for problem in problems] == (["live-entry-incomplete"] if name == "did_list" else [])
    assert hazards == []
    assert all("with replace as DIDs mode;" in problem.fix for problem in problems)


@pytest.mark.parametrize("mode", ["", "replace"])
@pytest.mark.parametrize("row", ["442079460100", "<clear>"])
def test_a_list_that_is_not_shown_is_replaced_only_where_that_is_allowed(mode: str, row: str) -> None:
    given = book(["Name|DIDs mode", f"London|{mode}"], dids=[f"London|{row}"])
    trunk = parse_trunk({"id": 1, "name": "London", "type": "register", "outbound_cid_list": []})
    change, hazards, problems = judged(given, trunk)
    assert [problem for problem in problems if problem.stops] == []
    assert [(hazard.code, hazard.flag) for hazard in hazards] == [("unread-lists", "--allow unread-lists=London")]
    assert change.as_planned(trunk)
    assert change.as_planned(parse_trunk({**trunk.whole, "did_list": [{"did": "1"}]})) is (row == "<clear>")


@pytest.mark.parametrize("mode", ["", "replace", "add", "remove"])
@pytest.mark.parametrize(
    ("held", "why"), [("4420", "did_list is no list"), ([{"did": {}}], "did of its entry 1 is no text")]
)
def test_a_list_that_cannot_be_understood_is_a_problem_of_its_trunk(mode: str, held: Any, why: str) -> None:
    given = book(["Name|DIDs mode", f"London|{mode}"], dids=["London|442079460100"])
    _, hazards, found = judged(given, live(did_list=held))
    problems = [problem for problem in found if problem.stops]
    assert ([problem.code for problem in problems], hazards) == (["live-entry-incomplete"], [])
    assert problems[0].message == (
        f"The DIDs of London cannot be read as the PBX shows them ({why}), so it is not known what writing them "
        "would delete."
    )


def test_a_name_that_two_live_trunks_bear_means_neither() -> None:
    tables, records, _ = read(book(["Name|Hostname", "London|new.example"]))
    ids, problems = resolve(tables, records.trunks, inventory(live(1, "London"), live(2, "London")))
    assert ([problem.code for problem in problems], ids) == (["trunk-ambiguous"], {})


def test_keys_that_come_up_after_the_plan_are_no_longer_as_planned() -> None:
    given = book(["Name|DIDs mode", "London|add"], dids=["Trunk|DID", "London|442079460199"])
    change = judged(given, live(did_list=[{"did": "1"}]))[0]
    assert change.as_planned(live(did_list=[{"did": "1"}]))
    assert not change.as_planned(live(did_list=[{"did": "1", "short_code": "77"}]))
    assert not change.as_planned(live(name="Other", did_list=[{"did": "1"}]))


def test_keys_inside_the_extensions_of_a_caller_id_are_a_hazard_too() -> None:
    given = book(
        ["Name|Caller IDs mode", "London|add"],
        caller_ids=["London|shared|99|||1001"],
    )
    entry = shared("1", 1)
    entry["ext_list"][0]["ring"] = 3
    assert [hazard.code for hazard in judged(given, live(outbound_cid_list=[entry]))[1]] == ["unknown-keys"]


@pytest.mark.parametrize(("only", "rows"), [(["None"], []), ([""], []), (["London"], [2]), (["7"], [3])])
def test_only_what_the_workbook_calls_a_trunk_chooses_it(only: list[str], rows: list[int]) -> None:
    _, records, _ = read(book(["Trunk ID|Name|Hostname", "|London|a.example", "7||b.example"]))
    assert sorted(choose(records.trunks, only, None).rows) == rows
