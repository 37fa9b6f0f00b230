"""The package as scripts use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import batch
from batch.commands.run import NotApproved
from batch.errors import WorkbookError
from tests.cli.shell import SECRET, pbx, write_book

PROBLEMS = ["severity", "code", "sheet", "cell", "row", "column", "value", "message", "fix", "who"]
CHANGES = ["sheet", "cell", "trunk", "field", "before", "wanted", "found"]
ENDINGS = [
    "Sheet",
    "Row",
    "Result",
    "What to do",
    "Errcode",
    "Errmsg",
    "HTTP status",
    "Attempts",
    "Elapsed ms",
    "Finished at",
]


def test_everything_promised_is_there_and_nothing_else() -> None:
    for name in batch.__all__:
        assert getattr(batch, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = batch.nothing
    assert (Path(batch.__file__).parent / "py.typed").exists()


def test_a_script_reads_checks_plans_and_applies(book: Path) -> None:
    settings = batch.Settings(workbook=book, practice=True, rate=1000, settle_wait=0)
    sheets = batch.read(settings)
    assert sheets.tables.trunks.frame["name"].tolist() == ["London", "Paris"]
    assert sheets.tables.dids.frame.index.tolist() == [2]
    assert set(map(str, sheets.tables.dids.frame.dtypes)) == {"str"}
    checked = batch.check(settings)
    assert isinstance(checked, batch.Checked)
    assert not checked.stops
    assert list(checked.frame().columns) == PROBLEMS
    planned = batch.plan(settings)
    assert planned.exit_code == 0
    assert list(planned.frame().columns) == CHANGES
    assert set(planned.frame()["trunk"]) == {"London", "Paris"}
    report = batch.apply(settings)
    assert isinstance(report, batch.Report)
    assert report.exit_code == 0
    frame = report.frame()
    assert list(frame.columns) == ENDINGS
    assert frame["Result"].tolist() == ["applied"] * 4
    assert report.results.path == book.with_name("book-PRACTICE-results.xlsx")


def test_what_stands_against_a_plan_comes_back_as_the_plan(tmp_path: Path) -> None:
    book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Port"), ("London", "many")])
    settings = batch.Settings(workbook=book, practice=True)
    checked = batch.check(settings)
    assert checked.frame()[["code", "cell"]].to_numpy().tolist() == [["not-a-number", "B2"]]
    planned = batch.apply(settings)
    assert isinstance(planned, batch.Planned)
    assert planned.exit_code == 3
    assert planned.frame().empty


def test_a_script_goes_on_with_a_run_and_verifies_it(book: Path) -> None:
    refused = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002}
    with pbx(faults=[refused]) as served:
        secret = batch.Secret(SECRET)
        settings = batch.Settings(
            workbook=book,
            url=served.url,
            client_id="script",
            secret=secret,
            rate=1000,
            settle_wait=0,
            concurrency=1,
            on_error="stop",
        )
        report = batch.apply(settings)
        assert isinstance(report, batch.Report)
        assert report.unfinished
        with pytest.raises(batch.BatchError, match="There is no client secret"):
            batch.resume(report.folder.path)
        report = batch.resume(report.folder.path, secret=secret)
        assert isinstance(report, batch.Report)
        assert not report.unfinished
        assert report.frame()["Result"].tolist() == ["refused", "applied", "refused", "refused"]
        verified = batch.verify(report.folder.path, secret=secret)
    assert isinstance(verified, batch.Verified)
    assert (verified.match, verified.exit_code) == (1, 5)
    assert {drift.trunk for drift in verified.differ} == {"London"}


def test_a_script_takes_a_run_back_confirms_one_and_restores_an_export(book: Path, tmp_path: Path) -> None:
    with pbx() as served:
        given: dict[str, Any] = {"url": served.url, "client_id": "script", "secret": batch.Secret(SECRET)}
        settings = batch.Settings(workbook=book, rate=1000, settle_wait=0, **given)
        kept = tmp_path / "export.xlsx"
        batch.export(batch.Settings(workbook=kept, rate=1000, **given))
        before = served.state.trunks[1]["hostname"]
        report = batch.apply(settings)
        assert isinstance(report, batch.Report)
        written = served.state.trunks[1]["hostname"]
        assert written != before
        undone = batch.undo(report.folder.path, secret=given["secret"])
        assert isinstance(undone, batch.Report)
        assert (undone.exit_code, served.state.trunks[1]["hostname"]) == (0, before)
        with pytest.raises(batch.BatchError, match="was taken back by the run"):
            batch.resume(report.folder.path, secret=given["secret"])
        again = batch.apply(settings)
        assert isinstance(again, batch.Report)
        with pytest.raises(batch.BatchError, match="needs no confirmation"):
            batch.confirm(again.folder.path)
        refused = batch.restore(batch.Settings(workbook=kept, rate=1000, settle_wait=0, **given))
        assert isinstance(refused, batch.Planned)
        assert {hazard.code for hazard in refused.refused_hazards} == {"overwrite-later-edits"}
        allowed = ("overwrite-later-edits",)
        back = batch.restore(batch.Settings(workbook=kept, rate=1000, settle_wait=0, allow=allowed, **given))
        assert isinstance(back, batch.Report)
        assert served.state.trunks[1]["hostname"] == before


def test_a_path_or_its_text_is_settings_enough(book: Path) -> None:
    for given in (book, str(book)):
        assert batch.read(given).tables.trunks.height == 2
        assert batch.check(given).exit_code == 0
        with pytest.raises(batch.BatchError, match="No PBX is named"):
            batch.plan(given)
        with pytest.raises(batch.BatchError, match="No PBX is named"):
            batch.apply(given)
    write_book(book, trunks=[("Name", "Port"), ("London", "many")])
    assert batch.check(book).exit_code == 3


def test_what_is_left_otherwise_than_approved_is_sent_only_with_yes(book: Path) -> None:
    stopped = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002}
    with pbx(faults=[stopped]) as served:
        given: dict[str, Any] = {"rate": 1000, "settle_wait": 0, "secret": batch.Secret(SECRET)}
        report = batch.apply(
            batch.Settings(workbook=book, url=served.url, client_id="script", concurrency=1, on_error="stop", **given)
        )
        assert isinstance(report, batch.Report)
        served.state.trunks[2]["hostname"] = "another.example"
        with pytest.raises(NotApproved, match="1 trunk would be written otherwise") as caught:
            batch.resume(str(report.folder.path), secret=given["secret"])
        assert caught.value.exit_code == 2
        assert len(caught.value.planned.differs) == 1
        done = batch.resume(report.folder.path, yes=True, allow="removals", secret=given["secret"])
        assert isinstance(done, batch.Report)
        assert done.frame()["Result"].tolist() == ["refused", "applied", "refused", "refused"]
        with pytest.raises(batch.BatchError, match="There is no setting speed"):
            batch.resume(report.folder.path, speed=5)
        with pytest.raises(batch.BatchError, match="rate cannot be 'fast'"):
            batch.verify(report.folder.path, rate="fast")


def test_a_profile_makes_settings(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_BATCH_RATE", "7")
    file = tmp_path / "profiles.toml"
    file.write_text('[default]\nrate = 2\n[berlin]\nurl = "https://pbx.example"\nsecret_file = "s"\n')
    settings = batch.load_profile("berlin", workbook=str(book), file=str(file), attempts=3)
    assert (settings.workbook, settings.url, settings.rate, settings.attempts) == (book, "https://pbx.example", 2, 3)
    assert settings.secret_file == tmp_path / "s"
    assert settings.profile == "berlin"
    with pytest.raises(batch.BatchError, match="has no profile paris"):
        batch.load_profile("paris", workbook=book, file=file)
    with pytest.raises(batch.BatchError, match="There is no setting speed"):
        batch.load_profile("berlin", workbook=book, file=file, speed=3)


def test_frames_have_types_also_where_they_are_empty(book: Path) -> None:
    settings = batch.Settings(workbook=book, practice=True, rate=1000, settle_wait=0)
    checked, planned, report = batch.check(settings), batch.plan(settings), batch.apply(settings)
    assert isinstance(report, batch.Report)
    assert checked.frame().dtypes["row"] == "int64"
    assert checked.frame().empty
    assert set(map(str, planned.frame().dtypes)) == {"str"}
    types = {name: str(kind) for name, kind in report.frame().dtypes.items()}
    assert [types[name] for name in ("Row", "Errcode", "Attempts")] == ["int64", "Int64", "Int64"]
    assert types["Finished at"] == "datetime64[s]"
    assert report.frame()["Errcode"].sum() == 0
    again = batch.plan(settings)
    assert again.frame().empty
    assert set(map(str, again.frame().dtypes)) == {"str"}


def test_a_secret_is_given_as_one_and_never_shown(book: Path) -> None:
    with pbx() as served:
        secret = batch.Secret(SECRET)
        settings = batch.Settings(workbook=book, url=served.url, client_id="script", secret=secret, rate=1000)
        assert SECRET not in repr(settings)
        assert SECRET not in repr(batch.plan(settings))


def test_a_script_without_a_secret_is_not_asked_for_one(book: Path) -> None:
    with pytest.raises(batch.BatchError, match="There is no client secret"):
        batch.plan(batch.Settings(workbook=book, url="https://pbx.invalid", client_id="a"))


def test_what_cannot_go_on_is_one_kind_of_error(tmp_path: Path) -> None:
    with pytest.raises(batch.BatchError) as caught:
        batch.check(batch.Settings(workbook=tmp_path / "not-there.xlsx"))
    assert isinstance(caught.value, WorkbookError)
    assert caught.value.exit_code == 3
