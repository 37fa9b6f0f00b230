"""Waves: contradictions, hours that a night shows twice or never, gates that stay shut, and what one can still do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from batch.errors import UsageError
from batch.fleet.waves import (
    Gate,
    PbxDone,
    Window,
    find_waves,
    forecast_text,
    gate_after,
    pbx_done,
    shut_text,
    window_of,
)
from batch.settings import Settings

FOUR = ("berlin", "paris", "oslo", "rome")
BERLIN = ZoneInfo("Europe/Berlin")


def refusal(*given: Any) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        find_waves(FOUR, *given)
    return caught.value.message, caught.value.hint


class TestWhichPbxIsInWhich:
    @pytest.mark.parametrize(("in_rows", "in_profiles"), [({"berlin": 1, "oslo": 2}, {}), ({"oslo": 1}, {"berlin": 1})])
    def test_a_pbx_of_which_nothing_is_said_where_others_have_a_wave_is_not_guessed(
        self, in_rows: Mapping[str, int], in_profiles: Mapping[str, int]
    ) -> None:
        assert refusal(in_rows, in_profiles) == (
            "Other PBXs are in a wave, and nothing says in which one 2 PBXs would be: paris, rome.",
            "Type a number into Wave in one of its rows, or wave = N into its profile.",
        )

    def test_the_flag_beside_the_column_is_refused(self) -> None:
        assert refusal({"rome": 1}, {}, "1,rest") == (
            "--waves says which PBXs are in which wave, and so does the column Wave.",
            "Leave --waves out, or empty the column.",
        )

    def test_a_flag_that_leaves_pbxs_over_is_refused_and_they_are_named(self) -> None:
        assert refusal({}, {}, "1,2") == (
            "--waves 1,2 is over before 1 PBX: rome.",
            "End it with rest: --waves 1,2,rest",
        )

    def test_rows_count_before_profiles_and_waves_go_by_their_numbers(self) -> None:
        waves = find_waves(FOUR, {"berlin": 30, "oslo": 4}, {"berlin": 1, "paris": 30, "rome": 4, "bonn": 2})
        assert [*waves.items()] == [(4, ("oslo", "rome")), (30, ("berlin", "paris"))]

    def test_a_flag_counts_before_profiles_in_the_workbooks_order(self) -> None:
        assert find_waves(FOUR, {}, {"rome": 1}, "1,2,rest") == {1: ("berlin",), 2: ("paris", "oslo"), 3: ("rome",)}

    @pytest.mark.parametrize(("sizes", "lengths"), [("4,rest", [4]), ("3,5,1", [3, 1]), ("rest", [4]), ("", [4])])
    def test_a_wave_without_pbxs_is_none(self, sizes: str, lengths: list[int]) -> None:
        waves = find_waves(FOUR, {}, {}, sizes)
        assert [len(pbxs) for pbxs in waves.values()] == lengths
        assert [pbx for pbxs in waves.values() for pbx in pbxs] == list(FOUR)


def window(begin: str, end: str) -> Window:
    return Window(begin=time.fromisoformat(begin), end=time.fromisoformat(end), zone=BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestTheHours:
    def test_without_a_time_zone_they_mean_nothing(self) -> None:
        with pytest.raises(UsageError) as caught:
            window_of(Settings(workbook=Path("b.xlsx"), window="01:00-04:00"), "paris")
        assert caught.value.message == "--window 01:00-04:00 needs a time zone, and paris has none."
        assert "time_zone" in caught.value.hint

    def test_they_are_those_of_the_settings(self) -> None:
        assert window_of(Settings(workbook=Path("b.xlsx"), time_zone="Europe/Berlin"), "paris") is None
        given = Settings(workbook=Path("b.xlsx"), window="22:00-24:00", time_zone="Europe/Berlin")
        assert window_of(given, "paris") == window("22:00", "00:00")

    def test_they_begin_at_their_first_minute_and_end_before_their_last(self) -> None:
        hours = window("01:00", "04:00")  # in November an hour before UTC
        shown = {at: hours.is_open(utc(f"2026-11-29 {at}")) for at in ("23:59:59", "00:00", "02:59:59", "03:00")}
        assert shown == {"23:59:59": False, "00:00": True, "02:59:59": True, "03:00": False}

    def test_they_may_go_over_midnight(self) -> None:
        hours = window("22:00", "02:00")
        shown = {at: hours.is_open(utc(f"2026-11-29 {at}")) for at in ("20:59", "21:00", "23:30", "00:59", "01:00")}
        assert shown == {"20:59": False, "21:00": True, "23:30": True, "00:59": True, "01:00": False}
        assert hours.closes_at(utc("2026-11-29 21:00")) == utc("2026-11-30 01:00")

    def test_when_they_open_and_close_is_told_from_within_and_from_without(self) -> None:
        hours = window("01:00", "04:00")
        within, without = utc("2026-11-29 01:23:45"), utc("2026-11-29 03:00:01")
        assert (hours.opens_at(within), hours.closes_at(within)) == (within, utc("2026-11-29 03:00"))
        assert (hours.opens_at(without), hours.closes_at(without)) == (utc("2026-11-30 00:00"), utc("2026-11-30 03:00"))

    def test_an_hour_that_a_night_leaves_out_shortens_them(self) -> None:
        """On 28 March 2027 the clock goes from 02:00 to 03:00, which is 01:00 UTC."""
        eve = utc("2027-03-27 22:00")
        late, early, gone = window("02:30", "04:00"), window("01:00", "02:30"), window("02:10", "02:50")
        assert (late.opens_at(eve), late.closes_at(eve)) == (utc("2027-03-28 01:00"), utc("2027-03-28 02:00"))
        assert (early.opens_at(eve), early.closes_at(eve)) == (utc("2027-03-28 00:00"), utc("2027-03-28 01:00"))
        assert gone.opens_at(eve) == utc("2027-03-29 00:10")

    def test_an_hour_that_a_night_has_twice_is_within_them_twice(self) -> None:
        """On 25 October 2026 the clock goes from 03:00 back to 02:00, which is 01:00 UTC."""
        hours = window("01:00", "02:30")
        eve, between = utc("2026-10-24 22:00"), utc("2026-10-25 00:45")
        assert (hours.opens_at(eve), hours.closes_at(eve)) == (utc("2026-10-24 23:00"), utc("2026-10-25 00:30"))
        assert not hours.is_open(between)
        assert (hours.opens_at(between), hours.closes_at(between)) == (
            utc("2026-10-25 01:00"),
            utc("2026-10-25 01:30"),
        )


def done(pbx: str = "berlin", exit_code: int | None = 0, **more: Any) -> PbxDone:
    return PbxDone(**{"pbx": pbx, "exit_code": exit_code, "endings": {"applied": ["A", "B"]}, **more})


def reasons(*wave: PbxDone, most: int | None = None) -> list[str]:
    return list(gate_after(2, wave, most).reasons)


class TestTheGate:
    @pytest.mark.parametrize(
        ("one", "reason"),
        [
            (done(exit_code=5, endings={"unknown": ["A"]}), "berlin: 1 trunk unknown: A."),
            (done(exit_code=5, endings={"partial": ["A"]}), "berlin: 1 trunk partial: A."),
            (done(exit_code=130, endings={"not run": ["A", "B"]}, why=""), "berlin: 2 trunks not run: A, B."),
            (done(down=["A was up before.", "B was up before."]), "berlin: B was up before."),
            (done(exit_code=6, endings={}, why="No route."), "berlin: No route."),
            (done(exit_code=5, why="It was lost."), "berlin: It was lost."),
            (done(exit_code=1, endings={}), "berlin: it ended with exit code 1."),
            (done(exit_code=4, endings={}, why="Not the plan."), "berlin: Not the plan."),
        ],
    )
    def test_it_stays_shut_and_says_which_pbx_and_which_trunks(self, one: PbxDone, reason: str) -> None:
        assert reason in reasons(done("paris"), one, most=99)

    def test_where_all_of_a_pbx_went_down_not_every_trunk_is_named(self) -> None:
        told = reasons(done(down=["It was up."] * 25))
        assert told == [*["berlin: It was up."] * 5, "berlin: 20 more trunks went down."]

    def test_a_trunk_that_failed_keeps_it_shut_unless_some_may(self) -> None:
        wave = (
            done(exit_code=5, endings={"refused": ["A"], "applied": ["B"]}),
            done("paris", 5, endings={"failed": ["C"]}),
        )
        assert reasons(*wave) == ["2 trunks refused or failed: A on berlin, C on paris."]
        assert reasons(*wave, most=2) == [
            "2 trunks refused or failed: A on berlin, C on paris; with --max-failures 2 there may be fewer."
        ]
        assert reasons(*wave, most=3) == []

    def test_a_wave_of_which_no_pbx_was_begun_opens_nothing(self) -> None:
        away = done(exit_code=None, endings={}, why="No route.")
        assert reasons(away) == ["No PBX of it was begun, so it says nothing about the next ones."]

    def test_a_pbx_that_could_not_be_planned_does_not_keep_the_others_from_theirs(self) -> None:
        gate = gate_after(2, [done("paris"), done(exit_code=None, endings={}, why="No route.")], None)
        assert gate.reasons == []
        assert list(gate.text()) == ["Wave 2 is done: 2 trunks on 2 PBXs.", "  berlin was not begun. No route."]

    def test_what_was_left_out_or_as_it_should_be_opens_it(self) -> None:
        endings = {"applied": ["A"], "unchanged": ["B"], "skipped": ["C"], "invalid": ["D"], "blocked": ["E"]}
        assert reasons(done(exit_code=5, endings=endings), done("paris")) == []

    def test_what_is_told_of_a_shut_one_says_why(self) -> None:
        gate = Gate(wave=2, done=[done()], reasons=["berlin: 1 trunk unknown: A."])
        assert list(gate.text()) == [
            "Wave 2 is done: 2 trunks on 1 PBX.",
            "The gate after wave 2 stays shut:",
            "  berlin: 1 trunk unknown: A.",
        ]

    def test_behind_a_shut_one_it_is_told_what_was_not_begun_and_what_to_type(self) -> None:
        assert list(shut_text("t.runs/my run", 2, {3: ("oslo",), 7: [f"pbx{n}" for n in range(300)]})) == [
            "Wave 3 was not begun: oslo.",
            f"Wave 7 was not begun: {', '.join(f'pbx{n}' for n in range(12))} and 288 more.",
            "Once it is put right, go on: trunk-batch resume 't.runs/my run'",
            "To take back what wave 2 wrote: trunk-batch undo 't.runs/my run' --wave 2",
        ]

    def test_it_looks_at_what_the_answer_of_a_pbx_says(self) -> None:
        outcome = {"ending": "applied", "name": "A", "chosen": True, "attempts": 1}
        answer: dict[str, Any] = {
            "pbx": "berlin",
            "command": "apply",
            "exit_code": 5,
            "error": None,
            "down": ["A was up before."],
            "started": "2026-11-29T01:00:00+01:00",
            "ended": "2026-11-29T01:00:30+01:00",
            "outcomes": {
                "2": outcome,
                "3": outcome | {"ending": "failed", "name": "B", "attempts": 5},
                "4": outcome | {"ending": "unchanged", "name": "C", "attempts": 0},
                "5": outcome | {"ending": "not run", "name": "D", "chosen": False, "attempts": 0},
            },
        }
        assert pbx_done(answer) == PbxDone(
            pbx="berlin",
            exit_code=5,
            endings={"applied": ["A"], "failed": ["B"], "unchanged": ["C"]},
            down=["A was up before."],
            wrote=2,
            seconds=30,
        )
        error = {"code": "pbx-unreachable", "message": "No route.", "hint": "Look."}
        empty = {"command": "plan", "exit_code": 6, "error": error, "outcomes": {}, "started": "", "ended": ""}
        del answer["down"]  # of a PBX of which nothing is known
        assert pbx_done(answer | empty) == PbxDone(pbx="berlin", exit_code=None, endings={}, why="No route.")


class TestWhenItWouldBeDone:
    NOW = utc("2026-11-29 00:30")

    def told(self, *before: PbxDone, hours: Window | None = None, at_a_time: int = 2) -> list[str]:
        return list(forecast_text(2, {"oslo": 10, "rome": 10, "bonn": 20}, before, at_a_time, self.NOW, hours))

    def test_before_anything_was_written_nobody_knows(self) -> None:
        assert self.told(done("paris", exit_code=6, seconds=99), hours=window("01:00", "04:00")) == [
            "Wave 2: 3 PBXs, 40 trunks to write. How long that takes is known once a wave is done.",
            "The window closes at 04:00 (Europe/Berlin); what is not begun by then is not run.",
        ]

    def test_a_last_moment_that_is_before_its_end_is_told_as_that(self) -> None:
        assert self.told(done(wrote=10, seconds=3000), hours=window("01:00", "04:00"))[-1] == (
            "To take everything back inside the window, this wave too, undo must begin by 01:55. "
            "That is before this wave is done: going back would end after the window closes."
        )

    def test_it_is_told_by_the_clock_of_the_window_with_the_last_moment_to_go_back(self) -> None:
        before = done(wrote=10, seconds=600), done("paris", exit_code=6, seconds=99)
        assert self.told(*before, hours=window("01:00", "04:00")) == [
            "Wave 2: 3 PBXs, 40 trunks to write. At the speed so far that takes 20 min, until 01:50.",
            "The window closes at 04:00 (Europe/Berlin); what is not begun by then is not run.",
            "To take everything back inside the window, this wave too, undo must begin by 03:35.",
        ]

    def test_more_at_a_time_are_as_quick_as_the_longest(self) -> None:
        (one,) = self.told(done(wrote=10, seconds=600), at_a_time=1)
        (many,) = self.told(done(wrote=10, seconds=600), at_a_time=40)
        assert "takes 40 min, until " in one
        assert "takes 20 min, until " in many

    def test_a_night_whose_clock_is_put_forward_has_an_hour_less(self) -> None:
        berlin, hours = done(wrote=1, seconds=60), window("01:00", "04:00")
        told = list(forecast_text(2, {"oslo": 60}, [berlin], 1, utc("2027-03-28 00:30"), hours))
        assert told[0].endswith("that takes 60 min, until 03:30.")
        assert told[1].startswith("The window closes at 04:00 ")
        assert " by 01:59. That is before this wave is done: " in told[2]
