"""Reads that persist, lists read to their end, and one sign-in for all who need one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from batch.errors import AddressBlocked, PbxError, PbxUnreachable, SignInRefused
from batch.pbx import messages
from batch.pbx.messages import Answer, NotSent, update_trunk
from batch.pbx.throttle import Stopped
from batch.runs.live_reads import BATCH
from batch.runs.retries import Policy, Refuse
from batch.runs.retrying_client import RetryingClient
from batch.trunks.live import NOT_SHOWN, WHOLE_TRUNK
from tests.runs.fakes import FakePbx, answer, connected, trunk, until


@contextmanager
def asking(pbx: FakePbx, stopping: threading.Event | None = None, **policy: Any) -> Iterator[RetryingClient]:
    with connected(pbx) as api:
        yield RetryingClient(api, Policy(**policy), stopping or threading.Event())


def paged(total: Any, *sizes: int, same: bool = False) -> Any:
    """Serve pages of so many rows, whatever was asked for, and then empty ones."""
    left = list(sizes)
    given = 0
    one_at_a_time = threading.Lock()

    def serve(_: httpx.Request) -> httpx.Response:
        nonlocal given
        with one_at_a_time:
            size = left.pop(0) if left else 0
            first = 0 if same else given
            given += size
        rows = [{"id": number, "name": f"T{number}"} for number in range(first, first + size)]
        number = {} if total is None else {"total_number": total}
        return answer(data=rows, **number)

    return serve


@pytest.mark.parametrize(
    ("total", "sizes", "asked"),
    [
        (3, (3,), 1),
        (28, (8, 8, 8, 4), 4),
        ("28", (8, 8, 8, 4), 4),
        (5, (8,), 2),
        (8, (8, 8, 4), 4),
        ("nonsense", (8, 4), 3),
        ([], (8, 4), 3),
        ({"a": 1}, (8, 4), 3),
        (0, (), 1),
        (None, (8, 8, 4), 4),
        (None, (), 1),
    ],
)
def test_a_list_is_read_until_all_rows_were_seen(pbx: FakePbx, total: Any, sizes: tuple[int, ...], asked: int) -> None:
    pbx.answers["trunk/list"] = paged(total, *sizes)
    with asking(pbx) as client:
        assert len(client.listed()) == sum(sizes)
    assert pbx.calls() == ["trunk/list"] * asked
    pages = [int(request.url.params["page"]) for request in pbx.requests if "list" in request.url.path]
    assert pages[0] == 1
    assert sorted(pages) == list(range(1, asked + 1))


def listing(pbx: FakePbx, size: int, changed: Callable[[list[int]], None] = lambda _: None, at: int = 0) -> None:
    """Serve a list of 60 trunks by its pages; just before one is served for the first time the list is changed."""
    ids, meant = list(range(1, 61)), threading.Lock()
    changes = {at}

    def serve(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        with meant:
            if page in changes:
                changes.remove(page)
                changed(ids)
            rows = [{"id": n, "name": f"T{n}"} for n in ids[(page - 1) * size : page * size]]
            return answer(data=rows, total_number=len(ids))

    pbx.answers["trunk/list"] = serve


def test_pages_and_batches_are_read_side_by_side(pbx: FakePbx) -> None:
    def meet(call: str) -> None:
        if call in {"trunk/list", "trunk/query"} and len(pbx.calls()) > 0:
            until(lambda: pbx.most_under_way > 1)

    pbx.at_call = meet
    listing(pbx, 10)
    pbx.add(*(trunk(number) for number in range(1, 3 * BATCH)))
    with asking(pbx) as client:
        assert [trunk.id for trunk in client.listed()] == list(range(1, 61))
        pbx.most_under_way = 0
        assert list(client.trunks(range(1, 3 * BATCH))) == list(range(1, 3 * BATCH))
    assert pbx.calls() == ["trunk/list"] * 6 + ["trunk/query"] * 3


@pytest.mark.parametrize("at", range(2, 7))
@pytest.mark.parametrize(
    "changed",
    [lambda ids: ids.remove(1), lambda ids: ids.insert(0, 99), lambda ids: ids.append(99), lambda ids: ids.clear()],
)
def test_a_list_that_becomes_another_one_while_it_is_read_is_read_again(
    pbx: FakePbx, changed: Callable[[list[int]], None], at: int
) -> None:
    listing(pbx, 10, changed, at)
    after = list(range(1, 61))
    changed(after)
    with asking(pbx) as client:
        assert [trunk.id for trunk in client.listed()] == after


def test_a_list_that_never_stays_the_same_is_read_three_times_at_most(pbx: FakePbx) -> None:
    ids = iter(range(1000))
    pbx.answers["trunk/list"] = lambda request: answer(
        data=[{"id": n, "name": f"T{n}"} for n in range((int(request.url.params["page"]) - 1) * 10, 60)][:10],
        total_number=60 + next(ids) % 3,
    )
    with asking(pbx) as client:
        assert {trunk.id for trunk in client.listed()} == set(range(60))
    assert len(pbx.calls()) <= 3 * 8


def test_what_one_page_or_batch_is_refused_with_ends_the_reading(pbx: FakePbx) -> None:
    listing(pbx, 10)
    listed = pbx.answers["trunk/list"]
    pbx.answers["trunk/list"] = lambda r: answer(10005) if r.url.params["page"] == "4" else listed(r)
    with asking(pbx) as client, pytest.raises(PbxError, match="10005"):
        client.listed()


def test_a_list_that_is_shorter_than_it_says_is_told_of_and_read_as_far_as_it_goes(pbx: FakePbx) -> None:
    pbx.answers["trunk/list"] = paged(28, 8, 8)
    said: list[str] = []
    with connected(pbx) as api:
        assert len(RetryingClient(api, Policy(), threading.Event(), notice=said.append).listed()) == 16
    assert said == ["The PBX says that a list of it has 28 rows, and shows 16 of them."]


@pytest.mark.parametrize("data", [None, {}, "", [None], [], {"1": {"id": 1}}, {"data": [{"id": 1}]}, 0])
def test_a_list_of_which_nothing_can_be_read_is_empty_only_where_the_pbx_does_not_count_its_rows(
    pbx: FakePbx, data: Any
) -> None:
    pbx.answers["trunk/list"] = lambda _: answer(data=data, total_number=2)
    with asking(pbx) as client, pytest.raises(PbxError, match="a list of 2 rows, of which it shows none"):
        client.listed()
    pbx.answers["trunk/list"] = lambda _: answer(data=data, total_number=0)
    with asking(pbx) as client:
        assert client.listed() == ()
    pbx.answers["trunk/list"] = lambda _: answer(data=data)
    with asking(pbx) as client:
        assert client.listed() == ()


def test_a_pbx_that_serves_the_first_page_over_and_over_ends_the_reading(pbx: FakePbx) -> None:
    pbx.answers["trunk/list"] = paged(None, *[8] * 100, same=True)
    with asking(pbx) as client:
        assert len(client.listed()) == 8


@pytest.mark.parametrize(
    "data",
    [
        ["x"],
        [1],
        [None],
        "text",
        7,
        [{"name": "no id"}],
        [{"id": "eight"}],
        [{"id": 2}],
        {"id": None},
        {},
    ],
)
def test_what_is_no_trunk_is_that_trunk_alone_which_cannot_be_read(pbx: FakePbx, data: Any) -> None:
    pbx.answers["trunk/query"] = lambda _: answer(
        data=[trunk(2), trunk(3), *(data if isinstance(data, list) else [data])]
    )
    pbx.answers["trunk/get"] = lambda _: answer(data=data)
    with asking(pbx) as client:
        found = client.trunks([1, 3])
    assert {number: dict(one.unread) for number, one in found.items()} == {
        1: {WHOLE_TRUNK: "the PBX answers with something else when asked for it"},
        3: {},
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"did_list": "4420"},
        {"did_list": ["4420"]},
        {"did_list": [{"did": {}}]},
        {"outbound_cid_list": [{"ext_list": [{"type": "extension"}]}]},
    ],
)
def test_a_list_of_an_odd_shape_is_asked_for_again_and_then_alone_unread(pbx: FakePbx, odd: dict[str, Any]) -> None:
    pbx.trunks[1] |= odd
    with asking(pbx) as client:
        found = client.trunks([1, 2])
    assert ({*found[1].unread}, {*found[2].unread}) == ({*odd}, set())
    assert pbx.calls() == ["trunk/query", "trunk/get"]


def test_a_trunk_that_is_shown_twice_and_otherwise_is_asked_for_alone(pbx: FakePbx) -> None:
    pbx.answers["trunk/query"] = lambda _: answer(data=[trunk(1), trunk(1, port=7), trunk(2), trunk(2)])
    with asking(pbx) as client:
        assert {number: one.value("port") for number, one in client.trunks([1, 2]).items()} == {1: 5060, 2: 5060}
    assert pbx.calls() == ["trunk/query", "trunk/get"]


def test_a_trunk_that_is_as_it_was_read_before_is_that_very_one(pbx: FakePbx) -> None:
    with asking(pbx) as client:
        before = client.trunks([1, 2])
        pbx.trunks[2] |= {"did_list": [{"did": "4421"}]}
        now = client.trunks([1, 2], before.values())
    assert now[1] is before[1]
    assert [did.number for did in now[2].dids.entries] == ["4421"]


@pytest.mark.parametrize("nothing", [{}, {"data": None}, {"data": []}])
def test_a_trunk_that_is_not_served_is_not_there(pbx: FakePbx, nothing: dict[str, Any]) -> None:
    pbx.answers["trunk/query"] = pbx.answers["trunk/get"] = lambda _: answer(**nothing)
    with asking(pbx) as client:
        assert client.trunks([1]) == {}


def test_what_one_call_for_many_leaves_out_is_asked_for_alone(pbx: FakePbx) -> None:
    pbx.answers["trunk/query"] = lambda _: answer(data=[])
    with asking(pbx) as client:
        assert list(client.trunks([1])) == [1]


@pytest.mark.parametrize("shown", [{"did_list": None}, {"did_list": ""}, {"did_list": False}])
def test_a_list_that_is_not_shown_is_asked_for_alone_and_is_not_taken_for_empty(
    pbx: FakePbx, shown: dict[str, Any]
) -> None:
    pbx.answers["trunk/query"] = lambda _: answer(data=[trunk(1) | shown])
    with asking(pbx) as client:
        assert [did.number for did in client.trunks([1])[1].dids.entries] == ["442079460001"]


def test_a_list_that_is_null_even_when_asked_for_alone_is_empty(pbx: FakePbx) -> None:
    pbx.answers["trunk/query"] = pbx.answers["trunk/get"] = lambda _: answer(data=[trunk(1, did_list=None)])
    with asking(pbx) as client:
        assert client.trunks([1])[1].unread == {}


def test_a_list_that_is_never_shown_is_not_known(pbx: FakePbx) -> None:
    hidden = {name: value for name, value in trunk(1).items() if name != "did_list"}
    pbx.answers["trunk/query"] = pbx.answers["trunk/get"] = lambda _: answer(data=[hidden])
    with asking(pbx) as client:
        assert client.trunks([1])[1].unread == {"did_list": NOT_SHOWN}


def test_one_object_does_for_a_list_of_one(pbx: FakePbx) -> None:
    pbx.answers["trunk/query"] = lambda _: answer(data=trunk(1))
    with asking(pbx) as client:
        assert set(client.trunks([1])) == {1}


def test_trunks_are_read_fifty_in_a_call_and_only_those_asked_for_count(pbx: FakePbx) -> None:
    pbx.add(*(trunk(number) for number in range(1, 2 * BATCH + 4)))
    pbx.answers["trunk/query"] = lambda request: answer(
        data=[trunk(int(i)) for i in [*request.url.params["ids"].split(","), "999"]]
    )
    with asking(pbx) as client:
        assert set(client.trunks(range(1, 2 * BATCH + 4))) == set(range(1, 2 * BATCH + 4))
        assert client.trunks([]) == {}
    assert pbx.calls() == ["trunk/query"] * 3


@pytest.mark.parametrize("word", ["10001", "60001", "-1"])
def test_where_many_cannot_be_read_in_a_call_each_is_read_alone(pbx: FakePbx, word: str) -> None:
    pbx.script("trunk/query", word)
    with asking(pbx) as client:
        assert set(client.trunks([1, 2, 9])) == {1, 2}
    assert pbx.calls() == ["trunk/query", "trunk/get", "trunk/get", "trunk/get"]


@pytest.mark.parametrize(("words", "code"), [(["10009"], 10009), (["-2"] * 5, -2), (["60002"], 60002)])
def test_a_trunk_that_may_not_be_read_at_all_hides_no_other(pbx: FakePbx, words: list[str], code: int) -> None:
    pbx.script("trunk/query", *words)
    pbx.script("trunk/get", *words)
    with asking(pbx) as client:
        found = client.trunks([1, 2])
    assert {number: dict(one.unread) for number, one in found.items()} == {
        1: {WHOLE_TRUNK: f"the PBX answers {code} WORDS when asked for it"},
        2: {},
    }


@pytest.mark.parametrize(("words", "asked"), [(["10009"] * 9, 3), (["10001"] * 9, 1)])
def test_a_pbx_that_shows_no_trunk_is_not_asked_for_every_one(pbx: FakePbx, words: list[str], asked: int) -> None:
    pbx.add(*(trunk(number) for number in range(1, 9)))
    pbx.script("trunk/query", "10001")
    pbx.script("trunk/get", *words)
    with asking(pbx) as client, pytest.raises(PbxError, match=f"{words[0]} WORDS to a read"):
        client.trunks(range(1, 9))
    assert pbx.calls() == ["trunk/query", *["trunk/get"] * asked]


def test_a_list_that_is_refused_is_an_error(pbx: FakePbx) -> None:
    pbx.script("trunk/list", "10009")
    with asking(pbx) as client, pytest.raises(PbxError, match="10009"):
        client.listed()


def test_the_census_reads_only_what_the_workbook_speaks_of(pbx: FakePbx) -> None:
    with asking(pbx) as client:
        inventory = client.inventory(extensions=False, groups=False)
    assert [one.id for one in inventory.trunks] == [1, 2, 3]
    assert pbx.calls() == ["trunk/list"]


def test_groups_are_read_from_the_menu_where_the_firmware_has_no_such_call(pbx: FakePbx) -> None:
    pbx.answers["extension/list"] = lambda _: answer(data=[{"id": "4", "number": "1001"}], total_number=1)
    pbx.answers["extensiongroup/list"] = lambda _: answer(data=[{"id": 3, "name": "Sales"}], total_number=1)
    with asking(pbx) as client:
        inventory = client.inventory(extensions=True, groups=True)
    assert (inventory.extensions, inventory.groups) == ({"1001": 4}, {"Sales": 3})
    assert sorted(pbx.calls()) == ["extension/list", "extensiongroup/list", "trunk/list"]  # side by side
    pbx.answers["extensiongroup/list"] = lambda _: answer(10001)
    pbx.answers["system/get_menuoptions"] = lambda _: answer(data=[{"text": "Sales", "value": "3"}])
    with asking(pbx) as client:
        assert client.inventory(extensions=False, groups=True).groups == {"Sales": 3}


@pytest.mark.parametrize(("group_code", "menu_code"), [(10009, 0), (10001, 10009)])
def test_groups_that_cannot_be_read_either_way_are_an_error(pbx: FakePbx, group_code: int, menu_code: int) -> None:
    pbx.answers["extensiongroup/list"] = lambda _: answer(group_code)
    pbx.answers["system/get_menuoptions"] = lambda _: answer(menu_code)
    with asking(pbx) as client, pytest.raises(PbxError, match="10009"):
        client.inventory(extensions=False, groups=True)


@pytest.mark.parametrize("word", ["timeout", "reset", "cut", "half", "html", "empty", "list", "busy", "-2", "down"])
def test_a_read_persists(pbx: FakePbx, word: str) -> None:
    pbx.script("trunk/query", word, word)
    with asking(pbx) as client:
        assert set(client.trunks([1])) == {1}
    assert pbx.time.waits.count(0.5) == pbx.time.waits.count(1.0) == 1


def test_an_address_that_nobody_answers_at_is_given_up_after_three_tries(pbx: FakePbx) -> None:
    pbx.script("get_token", *["down"] * 9)
    with asking(pbx) as client, pytest.raises(PbxUnreachable, match="connection refused"):
        client.listed()
    assert len(pbx.requests) == 3


@pytest.mark.parametrize("call", ["get_token", "trunk/list"])
def test_a_certificate_that_is_not_trusted_is_met_once(pbx: FakePbx, call: str) -> None:
    pbx.script(call, *["stranger"] * 9)
    with asking(pbx) as client, pytest.raises(PbxUnreachable, match="self-signed certificate") as caught:
        client.listed()
    assert caught.value.hint.startswith("Compare the certificate's fingerprint with the one on the PBX itself")
    assert [request.url.path.endswith(call) for request in pbx.requests].count(True) == 1


def test_a_certificate_that_changes_before_a_sign_in_is_renewed_ends_the_run_at_once(pbx: FakePbx) -> None:
    with asking(pbx) as client:
        client.listed()
        pbx.script("trunk/list", "expired")
        pbx.script("refresh_token", *["stranger"] * 9)
        pbx.script("get_token", *["stranger"] * 9)
        with pytest.raises(PbxUnreachable, match="What answers in the PBX's place is not trusted"):
            client.listed()
    assert pbx.time.waits == []


@pytest.mark.parametrize("word", ["empty", "list", "half"])
def test_something_else_than_a_pbx_at_the_address_is_told_at_once(pbx: FakePbx, word: str) -> None:
    pbx.script("get_token", word)
    with asking(pbx) as client, pytest.raises(PbxUnreachable):
        client.listed()
    assert len(pbx.requests) == 1


@pytest.mark.parametrize("word", ["html", "timeout", "reset", "busy", "-2"])
@pytest.mark.parametrize("attempts", [1, 4, 8])
def test_a_sign_in_that_may_pass_is_tried_as_often_as_any_read(pbx: FakePbx, word: str, attempts: int) -> None:
    pbx.script("get_token", *[word] * (attempts - 1))
    with asking(pbx, attempts=attempts) as client:
        client.listed()
    assert sum("get_token" in request.url.path for request in pbx.requests) == attempts


@pytest.mark.parametrize("word", ["html", "timeout", "reset", "busy", "-2"])
def test_a_sign_in_that_does_not_pass_ends_after_as_many_tries(pbx: FakePbx, word: str) -> None:
    pbx.script("get_token", *[word] * 20)
    with asking(pbx, attempts=6) as client, pytest.raises(PbxError):
        client.listed()
    assert ["get_token" in request.url.path for request in pbx.requests] == [True] * 6


def test_a_refused_secret_is_sent_once(pbx: FakePbx) -> None:
    pbx.script("get_token", "-1", "-1")
    with asking(pbx) as client:
        for _ in range(3):
            with pytest.raises(SignInRefused):
                client.listed()
    assert len(pbx.requests) == 1


def test_a_pbx_that_was_there_is_waited_for_until_it_was_away_too_long(pbx: FakePbx) -> None:
    with asking(pbx, give_up_after=300) as client:
        client.listed()
        pbx.script("trunk/list", *["down"] * 12)
        client.listed()
        pbx.script("trunk/list", *["down"] * 500)
        began = pbx.time.seconds
        with pytest.raises(PbxUnreachable):
            client.listed()
    assert 300 <= pbx.time.seconds - began <= 340


def test_an_hour_in_which_nothing_was_asked_is_no_silence(pbx: FakePbx) -> None:
    with asking(pbx, give_up_after=300) as client:
        client.listed()
        pbx.time.seconds += 3600
        pbx.script("trunk/list", *["down"] * 8)
        client.listed()
        pbx.time.seconds += 3600
        pbx.script("trunk/list", *["html"] * 8)
        client.listed()
        pbx.time.seconds += 3600
        pbx.script("trunk/list", *["busy"] * 8)
        client.listed()


def test_a_sign_in_that_fails_in_the_middle_counts_as_not_sent(pbx: FakePbx) -> None:
    with asking(pbx) as client:
        client.listed()
        pbx.script("trunk/list", "expired")
        pbx.script("get_token", "html", "timeout", "ok")
        assert len(client.listed()) == 3
        pbx.script("trunk/update", "expired")
        pbx.script("get_token", "html")
        reply, _ = client.send(update_trunk({"id": 1, "enable": 1}), 1)
        assert isinstance(reply, NotSent)
        assert "502" in reply.reason
    assert pbx.written == []


def test_an_expired_token_uses_up_no_attempt(pbx: FakePbx) -> None:
    with asking(pbx, attempts=1) as client:
        pbx.script("trunk/list", "expired", "ok")
        assert len(client.listed()) == 3
        pbx.script("trunk/update", "expired", "40001")
        reply, decision = client.send(update_trunk({"id": 1, "enable": 1}), 1)
    assert isinstance(reply, Answer)
    assert (reply.errcode, decision) == (40001, Refuse())


def test_a_pbx_whose_every_new_token_is_worthless_is_given_up_on(pbx: FakePbx) -> None:
    pbx.script("trunk/list", *["expired"] * 50)
    with asking(pbx) as client, pytest.raises(PbxError, match="expired"):
        client.listed()
    assert len(pbx.calls()) <= 8


def test_an_expiry_in_the_middle_of_a_burst_costs_one_sign_in(pbx: FakePbx) -> None:
    together = threading.Barrier(4)

    def meet(call: str) -> None:
        if call == "trunk/get" and len(seen) < 4:
            seen.append(call)
            together.wait(5)

    seen: list[str] = []
    pbx.script("trunk/get", "expired")
    with connected(pbx) as api:
        client = RetryingClient(api, Policy(), threading.Event())
        for _ in range(30):  # until four at a time are allowed
            client.listed()
        signed_in = sum("get_token" in request.url.path for request in pbx.requests)
        pbx.at_call = meet
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: client.ask(messages.get_trunk(i % 3 + 1)).errcode, range(4)))
    assert answers == [0, 0, 0, 0]
    assert sum("get_token" in request.url.path for request in pbx.requests) == signed_in + 1


def test_a_stop_ends_a_pause_and_the_read_with_it(pbx: FakePbx) -> None:
    stopping = threading.Event()
    with asking(pbx, stopping) as client:
        stopping.set()
        assert len(client.listed()) == 3
        pbx.script("trunk/list", "html")
        with pytest.raises(Stopped):
            client.listed()


def test_last_looks_go_on_when_all_is_to_stop_but_not_for_long(pbx: FakePbx) -> None:
    stopping = threading.Event()
    stopping.set()
    with asking(pbx, stopping) as client:
        pbx.script("trunk/list", "html", "html")
        assert len(client.for_last_looks().listed()) == 3
        for word in ("html", "down", "busy"):
            pbx.script("trunk/list", *[word] * 4)
            with pytest.raises(PbxError):
                client.for_last_looks().listed()
            assert pbx.scripts["trunk/list"] == [word]


@pytest.mark.parametrize("word", ["70004", "70087", "10005", "70123", "10002"])
def test_once_the_pbx_has_told_somebody_to_stay_away_nobody_asks_again(pbx: FakePbx, word: str) -> None:
    with asking(pbx) as client:
        pbx.script("trunk/list", word)
        for _ in range(2):
            with pytest.raises(AddressBlocked if word == "70004" else PbxError, match=word):
                client.listed()
        with pytest.raises(PbxError, match=word):
            client.for_last_looks().listed()
        with pytest.raises(PbxError):
            client.send(update_trunk({"id": 1, "enable": 1}), 1)
    assert pbx.calls() == ["trunk/list"]


def test_what_is_abandoned_sends_nothing_more(pbx: FakePbx) -> None:
    with asking(pbx) as client:
        client.abandon()
        with pytest.raises(Stopped):
            client.listed()
    assert pbx.requests == []
