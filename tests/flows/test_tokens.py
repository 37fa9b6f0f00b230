"""Eight tokens and no more: what a run says when they are all out, and what it leaves behind."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx

from tests.flows.shell import CLIENT_SECRET, Bench, bench, register

TRUNKS = (("Name", "Port"), ("T1", "5061"), ("T2", "5061"))
LIVE = (register(1, "T1"), register(2, "T2"))


def take_a_token(there: Bench) -> None:
    """Sign in as another program would, and keep the token."""
    answer = httpx.post(
        f"{there.pbx.url}/openapi/v1.0/get_token",
        json={"username": "practice", "password": CLIENT_SECRET},
        headers={"User-Agent": "OpenAPI"},
    )
    assert answer.json()["errcode"] == 0


def forget_the_revoke(there: Bench) -> None:
    """Make of the last run one that was killed before it could give its token back."""
    with sqlite3.connect(there.runs[-1] / "journal.sqlite") as book:
        book.execute("DELETE FROM requests WHERE call = 'del_token'")
    book.close()


def test_where_another_program_has_them_all_it_waits_and_says_since_when_and_until_when(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, max_tokens=1) as there:
        take_a_token(there)
        ran = there.apply("--give-up-after", "1")
        assert ran.code == 6
        assert ran.json["error"]["code"] == "tokens-exhausted"
        assert "None is known to be ours: another program uses this client." in ran.err
        assert "Try again after" in ran.json["error"]["hint"]
        assert there.writes() == []
        assert there.calls().count("get_token") <= 3


def test_where_our_own_runs_that_broke_off_have_them_it_says_how_many_and_when_one_is_free(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, max_tokens=1) as there:
        there.apply()
        forget_the_revoke(there)
        take_a_token(there)
        plan = there.run("plan", "--give-up-after", "1")
        assert plan.code == 6
        assert "1 of them may be ours, from a run that broke off or goes on; it is free at" in plan.err


def test_many_runs_one_after_the_other_leave_no_token_behind(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, max_tokens=1) as there:
        for port in range(5070, 5074):
            there.pbx.state.edit_trunk(1, {"port": port})
            assert there.apply().code == 0
        assert there.pbx.count_valid_tokens() == 0
