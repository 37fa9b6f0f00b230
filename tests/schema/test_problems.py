from __future__ import annotations

import json

from batch.schema.problems import KINDS, Problem, Severity
from batch.wording import Who


def test_a_problem_is_printed_in_the_shape_that_scripts_read() -> None:
    problem = Problem(
        code="did-twice",
        sheet="DIDs",
        row=14,
        column=1,
        header="DID",
        value="100",
        message="It is.",
        fix="Do.",
        trunk=2,
    )
    assert json.loads(json.dumps(problem.to_json())) == {
        "severity": "problem",
        "code": "did-twice",
        "sheet": "DIDs",
        "cell": "B14",
        "row": 14,
        "column": "DID",
        "value": "100",
        "message": "It is.",
        "fix": "Do.",
        "who": "spreadsheet editor",
    }


def test_a_problem_of_a_whole_sheet_has_a_cell_all_the_same() -> None:
    assert Problem(code="sheet-missing", sheet="Trunks", message="No.", fix="Yes.").cell == "A1"


def test_a_problem_of_a_trunk_that_is_not_sent_is_only_told() -> None:
    problem = Problem(code="did-twice", sheet="DIDs", message="x", fix="y", severity=Severity.NOTICE)
    assert (problem.stops, problem.to_json()["severity"]) == (False, "notice")


def test_a_notice_stops_nothing() -> None:
    assert not Problem(code="did-on-two-trunks", sheet="DIDs", message="x", fix="y").stops
    assert KINDS["caller-id-not-a-did"].who is Who.CARRIER


def test_every_kind_has_a_heading_that_begins_like_a_sentence() -> None:
    for code, kind in KINDS.items():
        assert code == code.lower()
        assert kind.title.startswith("<") or kind.title[0].isupper()
        assert not kind.title.endswith(".")
