"""``export --pbx`` and ``--all``, and ``template`` for many PBXs: one workbook that names the PBX of each row."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch.commands.fleet_export import export_fleet
from batch.commands.run import Unattended
from batch.practice.server import RunningPbx
from batch.readers.detect import read_workbook
from batch.schema.file_metadata import FileKind, metadata_of
from batch.secrets import Secret
from batch.settings import Settings
from batch.trunks.merge import base_lines, base_lines_of, read_base
from tests.cli.shell import SECRET, Shell, calls, pbx, rows_of

BERLIN = ({"id": 1, "name": "Main", "did_list": [{"did": "4930100"}]}, {"id": 2, "name": "Side"})
READ_ONLY = (
    "1 list or setting cannot be said in a workbook. It stays on the PBX as it is; the sheet 'Read-only lists' has it:"
)
CALLER_ID = {"outbound_cid_option": "shared", "outbound_cid": "33100", "ext_list": [{"type": "extension", "id": 1}]}
PARIS = (
    {
        "id": 1,
        "name": "Main",
        "did_list": [{"did": "33100"}, {"did": "33101", "did_name": "Door"}],
        "outbound_cid_list": [CALLER_ID],
    },
    {"id": 2, "name": "Odd", "did_list": [{"did": "44"}, {"did": "44"}]},
    {"id": 3, "name": "Card-1", "type": "BRI"},
)


@dataclass
class Offices:
    """PBXs with a profile each, in the operator's own place."""

    served: dict[str, RunningPbx]
    file: Path
    flags: tuple[str, ...] = ("--attempts", "1", "--rate", "1000")

    def away(self) -> str:
        """Add one that does not answer."""
        self.add("away", 'url = "http://127.0.0.1:9"', 'client_id = "script"', f'secret_file = "{self.file}"')
        return "away"

    def add(self, name: str, *lines: str) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write("\n".join([f"[{name}]", *lines, ""]))


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offices]:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setattr("keyring.get_password", lambda *_: None)
    file = tmp_path / "own" / "trunk-batch" / "trunk-batch.toml"
    file.parent.mkdir(parents=True)
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    with pbx(*BERLIN) as berlin, pbx(*PARIS) as paris:
        made = Offices({"berlin": berlin, "paris": paris}, file)
        for name, served in made.served.items():
            lines = (f'url = "{served.url}"', 'client_id = "script"', f'secret_file = "{tmp_path / "secret"}"')
            made.add(name, *lines)
        yield made


class TestWhatIsRefusedBeforeAnythingIsAsked:
    @pytest.mark.parametrize(
        ("words", "message", "hint"),
        [
            ("--pbx berln", "trunk-batch.toml has no profile 'berln'; did you mean berlin?", "Type berlin"),
            ("--pbx berlin rome", "The profile rome has no address.", "to [rome] in trunk-batch.toml"),
            ("--all --url https://192.0.2.1", "--url names one PBX, and --pbx and --all name the PBXs.", "Give one"),
            ("--pbx berlin --profile paris", "--profile names one PBX, and --pbx and --all name", "Give one"),
            ("--pbx berlin --practice", "--practice is for one PBX.", "Leave out --pbx"),
            ("--pbx berlin --all", "--all: not allowed with argument --pbx", "--help"),
        ],
    )
    def test_with_what_to_type_instead(
        self, shell: Shell, offices: Offices, words: str, message: str, hint: str
    ) -> None:
        offices.add("rome", "rate = 2")
        ran = shell("export", "-o", "all.xlsx", *words.split(), "--json")
        assert ran.code == 2
        assert message in ran.error["message"]
        assert hint in ran.error["hint"]
        assert [calls(served) for served in offices.served.values()] == [[], []]
        assert not Path("all.xlsx").exists()

    def test_two_names_of_one_box(self, shell: Shell, offices: Offices) -> None:
        url = offices.served["berlin"].url
        ran = shell("export", "-o", "all.xlsx", "--pbx", "berlin", f"{url}/", "--json")
        assert ran.error["message"] == f"{url}/ and berlin are one PBX: both have the address {url}."
        assert ran.error["hint"] == "Name one of them."

    def test_a_folder_of_portal_files(self, shell: Shell, offices: Offices) -> None:
        ran = shell("export", "--portal", "files", "--pbx", *offices.served, "--json")
        assert ran.error["message"] == "--portal is for one PBX."

    def test_all_where_there_is_none(self, shell: Shell, offices: Offices) -> None:
        offices.file.write_text("[rome]\nrate = 2\n")
        for words in (("export", "-o", "all.xlsx"), ("template", "-o", "new.xlsx")):
            assert shell(*words, "--all", "--json").error["message"] == (
                "No profile of a trunk-batch.toml that counts has an address."
            )

    def test_a_file_that_is_there(self, shell: Shell, offices: Offices) -> None:
        Path("all.xlsx").write_text("mine")
        assert shell("export", "-o", "all.xlsx", "--pbx", *offices.served).code == 2
        assert Path("all.xlsx").read_text() == "mine"


class TestPbxsThatCannotBeRead:
    def test_are_named_and_the_others_exported(self, shell: Shell, offices: Offices) -> None:
        offices.add("unkept", 'url = "https://192.0.2.9"', 'client_id = "script"')
        offices.add("wrong", 'url = "https://192.0.2.8"', "speed = 2")
        names = (offices.away(), "berlin", "unkept", "wrong")
        ran = shell("export", "-o", "all.xlsx", "--pbx", *names, *offices.flags)
        assert ran.code == 5
        first, second, *named = ran.out.splitlines()
        assert first == "Exported 2 trunks, 0 caller IDs and 1 DID of 1 PBX to all.xlsx."
        assert second == "3 PBXs could not be read:"
        assert [line.split(":")[0].strip() for line in named[:3]] == ["away", "unkept", "wrong"]
        assert "There is no client secret for script@https://192.0.2.9." in named[1]
        assert "'speed' is not a setting of a profile" in named[2]
        assert read_workbook(Path("all.xlsx")).metadata.pbxs.keys() == {"berlin"}
        assert SECRET not in ran.out + ran.err

    def test_are_all_named_in_json_with_why_and_nothing_is_written_if_none_can_be(
        self, shell: Shell, offices: Offices, tmp_path: Path
    ) -> None:
        (tmp_path / "other").write_text("Sample-other")
        flags = ("--secret-file", tmp_path / "other", *offices.flags)
        ran = shell("export", "-o", "all.xlsx", "--pbx", *offices.served, *flags, "--json")
        assert ran.code == 6
        assert (ran.json["export"], ran.json["exit_code"]) == (None, 6)
        assert [(one["pbx"], one["error"]["code"]) for one in ran.json["pbxs"]] == [
            ("berlin", "sign-in-refused"),
            ("paris", "sign-in-refused"),
        ]
        assert not Path("all.xlsx").exists()
        assert "Sample-other" not in ran.out + ran.err


class TestAWorkbookOfMany:
    def test_names_the_pbx_of_each_row_and_says_what_is_not_in_it(self, shell: Shell, offices: Offices) -> None:
        ran = shell("export", "-o", "all.xlsx", "--all", *offices.flags)
        assert ran.code == 0
        assert ran.out.splitlines() == [
            "Exported 4 trunks, 1 caller ID and 3 DIDs of 2 PBXs to all.xlsx.",
            f"paris: {READ_ONLY}",
            '    Odd, DIDs: "44" is in it more than once; the PBX uses the first.',
            "paris: 1 trunk is left out, since it cannot be edited here: Card-1 (BRI).",
            "Edit it, save it, and see what would change:",
            "Next: trunk-batch plan all.xlsx",
        ]
        header, *trunks = rows_of(Path("all.xlsx"), "Trunks")
        assert header[:4] == ["PBX *", "Trunk ID *", "Type", "Name *"]
        assert [row[:4:3] for row in trunks] == [
            ["berlin", "Main"],
            ["berlin", "Side"],
            ["paris", "Main"],
            ["paris", "Odd"],
        ]
        assert [row[:3] for row in rows_of(Path("all.xlsx"), "DIDs")] == [
            ["PBX", "Trunk *", "DID *"],
            ["berlin", "Main", "4930100"],
            ["paris", "Main", "33100"],
            ["paris", "Main", "33101"],
        ]
        assert [row[:2] for row in rows_of(Path("all.xlsx"), "Read-only lists")[1:]] == [
            ["PBX", "Trunk"],
            ["paris", "Odd"],
            ["paris", "Odd"],
            ["paris", "Card-1"],
        ]
        assert shell("check", "all.xlsx").code == 0

    def test_knows_of_each_pbx_what_it_held_and_where_it_was(self, shell: Shell, offices: Offices) -> None:
        assert shell("export", "-o", "all.xlsx", "--all", *offices.flags).code == 0
        alone = ("--profile", "paris", *offices.flags)
        assert shell("export", "-o", "paris.xlsx", *alone).code == 0
        whole, paris = read_workbook(Path("all.xlsx")), read_workbook(Path("paris.xlsx"))
        assert whole.metadata.pbxs == {name: served.url for name, served in offices.served.items()}
        assert whole.metadata.kinds == {FileKind.EXPORT}
        assert whole.metadata.pbx == ""
        held = read_base(paris)
        assert held == read_base(whole, "paris")
        assert base_lines_of(whole)["paris"] == list(base_lines((held or {}).values()))
        assert metadata_of(whole.metadata, "paris").pbx == paris.metadata.pbx

    def test_offers_in_each_row_what_there_is_on_its_pbx(self, shell: Shell, offices: Offices) -> None:
        assert shell("export", "-o", "all.xlsx", "--all", *offices.flags).code == 0
        book = openpyxl.load_workbook("all.xlsx")
        hidden = book["trunk-batch lists"]
        lists = [[cell.value for cell in column if cell.value] for column in hidden.columns]
        assert lists[:3] == [
            ["berlin", "paris"],
            ["berlin", "berlin", "paris", "paris"],
            ["Main", "Side", "Main", "Odd"],
        ]
        offered = {str(one.sqref): one.formula1 for one in book["DIDs"].data_validations.dataValidation}
        assert offered["A2:A1048576"] == "'trunk-batch lists'!$A$1:$A$2"
        assert offered["B2:B1048576"] == offered["E2:E1048576"]
        assert offered["B2:B1048576"] == (
            "IF($A2=\"\",'trunk-batch lists'!$C$1:$C$4,OFFSET('trunk-batch lists'!$C$1,"
            "MATCH($A2,'trunk-batch lists'!$B$1:$B$4,0)-1,0,COUNTIF('trunk-batch lists'!$B$1:$B$4,$A2),1))"
        )

    def test_takes_an_address_that_was_typed_for_the_operators_own_word(
        self, shell: Shell, offices: Offices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = offices.served["paris"].url
        offices.file.unlink()
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)
        ran = shell("export", "-o", "all.xlsx", "--pbx", url, "--client-id", "script", *offices.flags, "--json")
        assert ran.code == 0
        assert [(one["pbx"], one["address"], one["counts"]["dids"]) for one in ran.json["pbxs"]] == [(url, url, 2)]

    def test_has_a_box_of_two_names_once_and_says_so(self, shell: Shell, offices: Offices) -> None:
        offices.add("again", f'url = "{offices.served["paris"].url}/"')
        told = f"again and paris are one PBX: both have the address {offices.served['paris'].url}. The first of them"
        for words in (("export", "-o", "all.xlsx", *offices.flags), ("template", "-o", "new.xlsx")):
            ran = shell(*words, "--all")
            assert ran.code == 0
            assert told in ran.err
        assert read_workbook(Path("all.xlsx")).metadata.pbxs.keys() == {"berlin", "paris"}

    def test_may_be_of_one_at_a_time(self, shell: Shell, offices: Offices) -> None:
        assert shell("export", "-o", "all.xlsx", "--all", "--pbxs", "1", *offices.flags).code == 0
        assert read_workbook(Path("all.xlsx")).metadata.pbxs.keys() == {"berlin", "paris"}


class TestAnEditedWorkbookOfMany:
    @pytest.fixture
    def edited(self, shell: Shell, offices: Offices) -> Path:
        path = Path("all.xlsx")
        assert shell("export", "-o", path, "--pbx", *offices.served, offices.away(), *offices.flags).code == 5
        book = openpyxl.load_workbook(path)
        book["DIDs"]["D4"] = "Back door"
        book.save(path)
        return path

    def test_is_checked_by_the_names_of_the_profiles(self, shell: Shell, offices: Offices, edited: Path) -> None:
        ran = shell("check", edited)
        assert ran.code == 0
        assert ran.out.splitlines()[-3:] == [
            "No errors.",
            "To see what would change on the 2 PBXs that it names (add --practice to rehearse without them):",
            "Next: trunk-batch plan all.xlsx",
        ]
        assert "all.xlsx: 4 trunks, 1 caller-ID row, 3 DID rows, on 2 PBXs." in ran.out
        offices.file.write_text('[brelin]\nurl = "https://192.0.2.1"\n')
        found = {(one["cell"], one["code"]) for one in shell("check", edited, "--json").json["problems"]}
        assert found >= {("A2", "pbx-unknown"), ("A4", "pbx-unknown")}
        offices.file.unlink()
        ran = shell("check", edited)
        assert ran.code == 0
        assert ran.out.splitlines()[-2:] == [
            "To rehearse it without a PBX; for yours, make a profile of each, and leave out --practice:",
            "Next: trunk-batch plan all.xlsx --practice",
        ]

    @pytest.mark.usefixtures("offices")
    def test_keeps_what_it_began_with_when_it_is_marked(self, shell: Shell, edited: Path) -> None:
        book = openpyxl.load_workbook(edited)
        book["DIDs"]["C3"] = "33-1-00"
        book.save(edited)
        before = read_workbook(edited)
        assert shell("check", edited, "--marked", "marked.xlsx").code in {0, 3}
        marked = read_workbook(Path("marked.xlsx"))
        assert marked.metadata.pbxs == before.metadata.pbxs
        assert base_lines_of(marked) == base_lines_of(before) != {}
        assert metadata_of(marked.metadata, "berlin") == metadata_of(before.metadata, "berlin")

    def test_is_not_brought_back_as_if_it_were_of_one(self, shell: Shell, offices: Offices, edited: Path) -> None:
        before = [calls(served) for served in offices.served.values()]
        ran = shell("restore", edited, "--yes", "--profile", "paris", "--json")
        assert (ran.code, ran.error["message"]) == (
            2,
            "all.xlsx is an export of several PBXs, and restore brings one back.",
        )
        assert [calls(served) for served in offices.served.values()] == before

    def test_plans_what_was_edited_and_leaves_alone_what_a_pbx_changed_since(
        self, shell: Shell, offices: Offices, edited: Path
    ) -> None:
        offices.served["berlin"].state.trunks[1]["hostname"] = "changed.since.example"
        ran = shell("plan", edited, "--json")
        assert ran.code == 0, ran.err
        changes = {one["pbx"]: one["plan"]["changes"] for one in ran.json["pbxs"]}
        assert {pbx: [(c["trunk"]["name"], c["kind"]) for c in of] for pbx, of in changes.items()} == {
            "berlin": [("Main", "keep"), ("Side", "keep")],
            "paris": [("Main", "update"), ("Odd", "keep")],
        }
        offered = shell("plan", edited).out.splitlines()[-1]
        assert offered.startswith("Next: trunk-batch apply all.xlsx --expect ")
        assert changes["paris"][0]["dids"]["renamed"] == [{"did": "33101", "old": "Door", "new": "Back door"}]


class TestATemplateForMany:
    def test_has_the_columns_and_offers_the_names(self, shell: Shell, offices: Offices) -> None:
        assert shell("template", "-o", "new.xlsx", "--all").code == 0
        assert rows_of(Path("new.xlsx"), "Trunks")[0][:3] == ["PBX *", "Wave", "Trunk ID *"]
        assert rows_of(Path("new.xlsx"), "DIDs")[0][:2] == ["PBX", "Trunk *"]
        book = openpyxl.load_workbook("new.xlsx")
        assert [row[0].value for row in book["trunk-batch lists"].rows] == list(offices.served)
        rules = {str(one.sqref): one.formula1 for one in book["Trunks"].data_validations.dataValidation}
        assert rules["A2:A1048576"] == "'trunk-batch lists'!$A$1:$A$2"
        names = {str(one.sqref): one.formula1 for one in book["DIDs"].data_validations.dataValidation}
        assert names["B2:B1048576"].startswith("OFFSET(Trunks!$E$1,")
        for name, cell, text in (("Trunks", "A2", "berlin"), ("Trunks", "E2", "Main"), ("DIDs", "B2", "Main")):
            book[name][cell] = text
        book["DIDs"]["C2"] = "4930101"
        book.save("new.xlsx")
        assert shell("check", "new.xlsx", "--json").json["problems"] == []

    def test_as_a_folder_has_the_columns_too(self, shell: Shell, offices: Offices) -> None:
        assert shell("template", "-o", "new", "--pbx", *offices.served).code == 0
        lines = [Path("new", name).read_text("utf-8-sig") for name in ("trunks.csv", "caller_ids.csv", "dids.csv")]
        assert [line.split(",")[0] for line in lines] == ["PBX"] * 3
        assert "Many PBXs: The column PBX says which one a trunk is on" in Path("new", "README.txt").read_text()

    @pytest.mark.usefixtures("offices")
    def test_refuses_a_name_that_there_is_not(self, shell: Shell, tmp_path: Path) -> None:
        ran = shell("template", "-o", "new.xlsx", "--pbx", "berln", "--json")
        assert (ran.code, ran.error["hint"]) == (2, "Type berlin, or add a profile [berln].")
        named = tmp_path / "named.toml"
        named.write_text('[berln]\nurl = "https://192.0.2.1"\n')
        assert shell("template", "-o", "new.xlsx", "--pbx", "berln", "--profile-file", named).code == 0


class Impatient(Unattended):
    """Somebody who presses Ctrl-C when one PBX has answered and another is being waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._signed_in = threading.Event()

    def requested(self, entry: Mapping[str, Any]) -> None:
        if entry["pbx"] == "slow":
            self._signed_in.set()
        elif entry["call"] == "trunk/query":
            threading.Thread(target=self._press).start()

    def _press(self) -> None:
        assert self._signed_in.wait(20)
        _thread.interrupt_main()


def test_ctrl_c_waits_for_no_pbx_and_gives_the_tokens_back(tmp_path: Path) -> None:
    hanging = {"call": "trunk/list", "do": "hang", "seconds": 30}
    with pbx(*BERLIN, faults=[hanging]) as slow, pbx(*BERLIN) as quick:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            export_fleet(
                Settings(workbook=tmp_path / "all.xlsx"),
                ["slow", "quick"],
                lambda name: Settings(
                    workbook=tmp_path / "all.xlsx",
                    url={"slow": slow, "quick": quick}[name].url,
                    client_id="script",
                    secret=Secret(SECRET),
                ),
                Impatient(),
            )
        assert time.monotonic() - began < 15
        assert (slow.count_valid_tokens(), quick.count_valid_tokens()) == (0, 0)
    assert list(tmp_path.iterdir()) == []
