"""What a terminal would obey, or nobody would see, is shown: no name and no value passes for words of ours."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.cli.console import Console, Terminal
from batch.wording import visible
from tests.cli.shell import Person, Shell, at, pbx, plan_at, write_book

HOSTILE = [
    "\x1b[2K\x1b[1ALondon",
    "London\nDigest: 00000000000000000000000000000000",
    "London\r\nNext: trunk-batch apply evil.xlsx",
    "\u202enodnoL",
    "Lon\u2028don",
    "Lon\x9b31mdon",
    "Lon\u200bdon",
    "\x08\x08\x7fLondon",
]
ORDINARY = [
    *("London", "Zürich", "伦敦办公室", "مكتب لندن", "می\u200cخواهم", "לונדון", "लंदन", "Cafe\u0301", "☎\ufe0f Büro"),
    *("👨\u200d👩\u200d👧 Line", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "葛\U000e0100"),
    *("ideographic\u3000space", "<U+001B>"),
]


def unseen(text: str) -> list[str]:
    """What is in a text beside characters that show themselves, blanks and joiners."""
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\u200c\u200d"]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a<U+001B>[31mb"),
        ("a\nb\rc\td", "a<U+000A>b<U+000D>c<U+0009>d"),
        ("a\u202eb\u2066c", "a<U+202E>b<U+2066>c"),
        ("a\u2028b\u2029c\x85d", "a<U+2028>b<U+2029>c<U+0085>d"),
        ("a\u200db", "a<U+200D>b"),
        ("a\U000e0041b", "a<U+E0041>b"),
        ("a\ud800\u3164\xad", "a<U+D800><U+3164><U+00AD>"),
    ],
)
def test_what_is_not_seen_is_shown_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_whatever_it_is_all_of_it_is_seen_and_on_one_line(text: str) -> None:
    assert unseen(visible(text)) == []
    assert len(visible(text).splitlines()) <= 1


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_line_stays_one_line_wherever_it_is_said(lines: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        out, err = io.StringIO(), io.StringIO()
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        console = Console(json=False)
        console.say(lines)
        console.complain(*lines)
        Terminal(console, assume_yes=False).tell(lines[0])
    for said, count in ((out, len(lines)), (err, len(lines) + 1)):
        assert said.getvalue().count("\n") == count
        assert [c for c in unseen(said.getvalue()) if c != "\n"] == []


@pytest.mark.usefixtures("secret")
def test_names_of_a_pbx_reach_nobody_unseen(shell: Shell, tmp_path: Path) -> None:
    names = dict(enumerate(HOSTILE, 1))
    book = write_book(
        tmp_path / "b.xlsx", trunks=[("Trunk ID", "Hostname"), *((str(number), "new.example") for number in names)]
    )
    trunks = ({"id": n, "name": name, "did_list": [{"did": f"{n}", "did_name": name}]} for n, name in names.items())
    with pbx(*trunks) as served:
        plain = shell("plan", book, *plan_at(served))
        rans = [
            plain,
            shell("plan", book, *plan_at(served), "-v", "--summary", "plan.html"),
            shell("plan", book, *plan_at(served), "--json"),
            shell("export", "-o", tmp_path / "export.xlsx", *at(served)[:4]),
            shell("apply", book, *at(served), "--yes"),
        ]
        run = next((tmp_path / "b.runs").iterdir())
        for number, name in names.items():
            served.state.edit_trunk(number, {"hostname": name})
        rans += [shell("verify", run), shell("verify", run, "--json"), shell("status", run)]
    for ran in rans:
        assert [c for c in unseen(ran.out) if c != "\n"] == []
        assert [c for c in unseen(ran.err) if c not in "\r\n"] == []  # progress begins its line anew
    assert [c for c in unseen(Path("plan.html").read_text(encoding="utf-8")) if c != "\n"] == []
    for ran in rans:
        lines = ran.out.splitlines()
        assert "Digest: 00000000000000000000000000000000" not in lines
        assert "Next: trunk-batch apply evil.xlsx" not in lines
    assert [change["trunk"]["name"] for change in json.loads(rans[2].out)["changes"]] == HOSTILE
    assert rans[2].out.isascii()
    assert sum(line.startswith("Digest: ") for line in plain.out.splitlines()) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_values_of_a_workbook_reach_nobody_unseen(shell: Shell, tmp_path: Path, name: str) -> None:
    rows = [("Name", "Hostname", "Port"), (name, "new.example", name), ("Paris", name, "5060")]
    book = write_book(tmp_path / "b.xlsx", trunks=rows, dids=[("Trunk", "DID"), (name, name), ("Nobody", "4711")])
    for words in (
        ("check", book),
        ("check", book, "-v"),
        ("plan", book, "--practice"),
        ("check", book, "--only", name),
    ):
        ran = shell(*words)
        assert [c for c in unseen(ran.out + ran.err) if c != "\n"] == []


def test_a_client_id_of_a_file_cannot_change_the_prompt_for_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return ""

    monkeypatch.setattr("getpass.getpass", getpass)
    monkeypatch.setattr("sys.stdin", Person(""))
    Terminal(Console(json=False), assume_yes=False).prompt_secret("Client secret of \x1b[2K\ra@https://pbx: ")
    assert asked == ["Client secret of <U+001B>[2K<U+000D>a@https://pbx: "]
