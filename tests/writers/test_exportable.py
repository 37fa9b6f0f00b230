"""What a workbook can say of live trunks: everything that comes back as it went in, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.secrets import Secret
from batch.tables.rows import Tables
from batch.trunks.change_plan import plan_change
from batch.trunks.grouping import group
from batch.trunks.live import Inventory, LiveTrunk
from batch.trunks.model import Record
from batch.writers.exportable import Exportable, find_exportable
from tests.builders import dids, inventory, live, shared


def said(*trunks: LiveTrunk, around: Inventory | None = None) -> Exportable:
    return find_exportable(trunks, around or inventory(*trunks))


def rows(found: Exportable, title: str, *fields: str) -> list[tuple[str, ...]]:
    (sheet,) = (sheet for sheet in found.sheets if sheet.sheet.title == title)
    return list(zip(*(sheet.columns[field] for field in fields), strict=True))


def reasons(found: Exportable) -> list[tuple[str, str, str]]:
    return [(unsaid.trunk.name, unsaid.what, unsaid.reason) for unsaid in found.not_exportable]


def full(**fields: Any) -> LiveTrunk:
    return live(
        7,
        "London",
        **{
            "enable": 0,
            "transport": "TLS",
            "hostname": "sip.carrier.example",
            "port": "5061",
            "username": "u",
            "password": "Sample-old",
            "enb_outbound_proxy": 1,
            "codec_sel": "alaw, ulaw",
            "def_outbound_cid": "+442079460100",
            **fields,
        },
    )


def test_a_trunk_fills_the_cells_that_its_type_has_and_hides_its_password() -> None:
    found = said(full())
    (cells,) = rows(found, "Trunks", *(column.field for column in TRUNKS.columns))
    assert dict(zip((column.label for column in TRUNKS.columns), cells, strict=True)) == {
        "Trunk ID": "7",
        "Type": "register",
        "Name": "London",
        "Enabled": "no",
        "Transport": "tls",
        "Hostname": "sip.carrier.example",
        "Port": "5061",
        "Domain": "",
        "Username": "u",
        "Password": "<hidden>",
        "Auth name": "",
        "Outbound proxy": "yes",
        "Outbound proxy server": "",
        "Outbound proxy port": "",
        "Codecs": "alaw,ulaw",
        "Default caller ID": "+442079460100",
        "Default caller ID name": "",
        "Caller IDs mode": "",
        "DIDs mode": "",
        "Action": "",
    }
    assert found.not_exportable == ()
    assert found.keys == ("London",)


def test_a_peer_has_no_password_cell_and_nothing_else_that_peers_lack() -> None:
    found = said(live(1, "Paris", "peer_did", username="left over", password="Sample-1", port=5060))
    assert rows(found, "Trunks", "type", "username", "password", "port") == [("peer", "", "", "5060")]
    assert found.not_exportable == ()


def test_lists_keep_their_order_and_name_extensions_by_number() -> None:
    trunk = live(1, "London", did_list=dids("2", "1=One"), outbound_cid_list=[shared("44", 2, 1, groups=[2])])
    found = said(trunk)
    assert rows(found, "DIDs", "trunk", "did", "did_name") == [("London", "2", ""), ("London", "1", "One")]
    assert rows(found, "Caller IDs", *(c.field for c in CALLER_IDS.columns)) == [
        ("London", "shared", "44", "", "", "1002, 1001", "Support")
    ]


def test_extensions_and_groups_that_nobody_knows_are_named_by_their_ids() -> None:
    found = said(live(1, "London", outbound_cid_list=[shared("44", 1, 500, groups=[1, 9])]))
    assert rows(found, "Caller IDs", "extensions", "extension_groups") == [("1001, #500", "Sales, #9")]
    assert found.not_exportable == ()


@pytest.mark.parametrize(
    ("groups", "cell"),
    [
        ({"Sales, North": 1}, '"Sales, North"'),
        ({'The "A" team': 1}, '"The ""A"" team"'),
        ({"#7": 1}, '"#7"'),
        ({" Sales": 1}, "#1"),
        ({"Sales\nNorth": 1}, "#1"),
        ({"R&D": 1}, "R&D"),
    ],
)
def test_names_of_groups_are_quoted_where_they_would_be_split(groups: dict[str, int], cell: str) -> None:
    trunk = live(1, "London", outbound_cid_list=[shared("44", groups=[1])])
    found = said(trunk, around=inventory(trunk, groups=groups))
    assert rows(found, "Caller IDs", "extension_groups") == [(cell,)]
    assert found.not_exportable == ()


def test_groups_that_side_by_side_look_like_another_one_are_named_by_their_ids() -> None:
    trunk = live(1, "London", outbound_cid_list=[shared("44", groups=[1, 2])])
    found = said(trunk, around=inventory(trunk, groups={"A": 1, "B": 2, "A, B": 3}))
    assert rows(found, "Caller IDs", "extension_groups") == [("#1, #2",)]
    assert found.not_exportable == ()


@pytest.mark.parametrize(
    ("did_list", "reason"),
    [
        (dids("44", "45", "44"), '"44" is in it more than once; the PBX uses the first.'),
        (dids("44-20-7946"), "dash"),
        (
            dids("442079460100-442079460101"),
            '"442079460100-442079460101" would be read as "442079460100".',
        ),
        ([{"did": "44", "did_name": "<clear>"}], 'The name "<clear>" of "44" would be read as "".'),
        ([{"did": "44", "did_name": " a"}], 'The name " a" of "44" would be read as "a".'),
        ([{"did": "<clear>"}], '"<clear>" would be lost.'),
        ([{"did": ""}], "It has an entry without a number."),
        ([{"did": "44", "did_name": "\ud800"}], '"44" holds characters that no workbook can keep.'),
    ],
)
def test_a_did_list_that_would_not_come_back_is_left_out_whole(did_list: list[Any], reason: str) -> None:
    found = said(live(1, "London", did_list=did_list), live(2, "Paris", did_list=dids("46")))
    assert rows(found, "DIDs", "trunk", "did") == [("Paris", "46")]
    ((name, what, why),) = reasons(found)
    assert (name, what) == ("London", "did_list")
    assert reason in why
    assert [set(trunk.unread) for trunk in found.trunks] == [{"did_list"}, set()]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (shared("44"), '"44" is for no extension.'),
        ({**shared("44", 1), "outbound_cid_option": "own"}, "own"),
        (
            {"outbound_cid_option": "range", "outbound_cid": "4420100-4420101", "outbound_cid_to_ext_range": ""},
            '"4420100-4420101" is for no extension.',
        ),
        (
            {"outbound_cid_option": "shared", "outbound_cid": "44", "ext_list": [{"type": "queue", "id": 1}]},
            '"44" is for "queue", which is neither an extension nor a group.',
        ),
    ],
)
def test_a_caller_id_that_would_not_come_back_takes_its_list_along(entry: dict[str, Any], reason: str) -> None:
    found = said(live(1, "London", outbound_cid_list=[shared("45", 1), entry], did_list=dids("44")))
    assert rows(found, "Caller IDs", "trunk") == []
    assert rows(found, "DIDs", "did") == [("44",)]
    ((name, what, why),) = reasons(found)
    assert (name, what) == ("London", "outbound_cid_list")
    assert reason in why


def test_a_name_that_holds_a_line_break_says_which_character_it_is() -> None:
    found = said(live(1, "London", did_list=[{"did": "44", "did_name": "a\nb"}]))
    ((_, what, why),) = reasons(found)
    assert what == "did_list"
    assert why.startswith('"a<U+000A>b": ')


def test_a_list_that_the_pbx_did_not_show_is_not_said_to_be_empty() -> None:
    found = said(live(1, "London", did_list=None))
    assert reasons(found) == [("London", "did_list", "The PBX does not show it.")]
    assert set(found.trunks[0].unread) == {"did_list"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("hostname", "sip:carrier", "sip:carrier"),
        ("hostname", "a b", "a b"),
        ("hostname", " a", '" a" would be read as "a".'),
        ("domain", "<clear>", '"<clear>" would be read as "".'),
        ("port", 70000, "70000"),
        ("enable", 2, "2"),
        ("transport", "sctp", "sctp"),
        ("codec_sel", "alaw,pcmu", "pcmu"),
        ("def_outbound_cid", "4 4", "4 4"),
        ("username", "a\ufffe", "It holds characters that no workbook can keep."),
    ],
)
def test_a_setting_that_would_not_come_back_is_left_blank(field: str, value: Any, reason: str | None) -> None:
    found = said(full(**{field: value}))
    assert rows(found, "Trunks", field) == [("" if reason else value,)]
    if reason is None:
        assert reasons(found) == []
    else:
        ((_, what, why),) = reasons(found)
        assert what == field
        assert reason in why


def test_a_trunk_whose_name_cannot_be_said_goes_by_its_id() -> None:
    found = said(live(5, "Lon don", did_list=dids("44")))
    assert rows(found, "Trunks", "id", "name") == [("5", "")]
    assert rows(found, "DIDs", "trunk", "did") == [("5", "44")]
    assert found.keys == ("5",)


def test_a_name_that_is_another_trunks_id_is_not_used_to_point_at_it() -> None:
    found = said(live(12, "London", did_list=dids("44")), live(3, "0012", did_list=dids("45")))
    assert rows(found, "DIDs", "trunk", "did") == [("London", "44"), ("3", "45")]
    assert found.not_exportable == ()


def test_two_trunks_of_one_name_go_by_their_ids() -> None:
    found = said(live(1, "London", did_list=dids("44")), live(2, "London", did_list=dids("45")))
    assert rows(found, "DIDs", "trunk", "did") == [("1", "44"), ("2", "45")]
    assert len(found.trunks) == 2


def test_a_shared_trunk_says_only_what_it_takes() -> None:
    trunk = full(shared=1, did_list=dids("44"), outbound_cid_list=[shared("44", 1)])
    found = said(trunk)
    assert rows(found, "Trunks", "id", "name", "hostname", "password", "def_outbound_cid") == [
        ("", "London", "", "", "+442079460100")
    ]
    assert rows(found, "Caller IDs", "trunk", "extensions") == [("London", "1001")]
    assert reasons(found) == [("London", "did_list", "It is a shared trunk, whose owner alone changes its DIDs.")]


def test_what_the_cloud_would_not_take_back_is_read_only() -> None:
    london, paris = live(1, "London", did_list=dids("44[1-3]X")), live(2, "Paris", "peer_private")
    found = said(london, paris)
    assert [(name, what) for name, what, _ in reasons(found)] == [("London", "did_list")]


def read_back(found: Exportable) -> tuple[Tables, tuple[Record, ...], list[str]]:
    from batch.writers.export_workbook import read_again

    tables, problems = read_again(found.sheets)
    records, more = group(tables)
    return tables, records.trunks, [p.code for p in [*problems, *more] if p.stops]


odd = st.one_of(
    st.sampled_from(
        ["", "44", "+44", "0044", "44-20-7946", "442079460100-101", "tel:44", "44 (0)20", "<clear>", "=1+1", "'44",
         "x", "1", "4.4E+11", "44.0", "a\nb", " a", "44x12", "\N{FULLWIDTH DIGIT FOUR}4",
         "Trunk", "DID", "DID name", "Caller ID", "Name", "shared", "4\u200b4", "TRUE", "#N/A"]
    ),
    st.text(max_size=6),
)  # fmt: skip
members = st.lists(
    st.builds(lambda kind, number: {"type": kind, "id": number}, st.sampled_from(["extension", "ext_group", "q"]),
              st.integers(1, 4)), max_size=3,
)  # fmt: skip
entries = st.builds(
    lambda option, number, name, span, whom: {
        "outbound_cid_option": option,
        "outbound_cid": number,
        "outbound_cid_name": name,
        "outbound_cid_to_ext_range": span,
        "ext_list": whom,
    },
    st.sampled_from(["shared", "shared", "range", "own"]),
    st.one_of(odd, st.just("4420100-4420101")),
    odd,
    st.sampled_from(["", "", "1001-1002", "1001"]),
    members,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("hostname", "domain", "username", "auth_name", "outbound_proxy_server"), odd),
        **dict.fromkeys(("def_outbound_cid", "def_outbound_cid_name", "codec_sel", "transport"), odd),
        **dict.fromkeys(("port", "outbound_proxy_port", "enable", "enb_outbound_proxy"), st.one_of(odd, st.integers())),
        "shared": st.just(1),
    },
)
trunks = st.lists(
    st.tuples(
        st.sampled_from(["register", "peer", "account", "peer_did"]),
        st.one_of(odd, st.sampled_from(["London", "Paris"])),
        fields,
        st.lists(st.fixed_dictionaries({"did": odd, "did_name": odd}), max_size=3),
        st.lists(entries, max_size=3),
    ),
    min_size=1,
    max_size=4,
).map(
    lambda made: [
        live(number, name, kind, **more, did_list=listed, outbound_cid_list=called)
        for number, (kind, name, more, listed, called) in enumerate(made, 1)
    ]
)


@given(trunks)
def test_a_plan_of_what_is_said_finds_nothing_to_do(found: list[LiveTrunk]) -> None:
    around = inventory(*found, groups={"Sales": 1, "a, b": 2, "a": 3, "b": 4})
    made = find_exportable(found, around)
    if not made.trunks:
        return
    tables, records, problems = read_back(made)
    assert problems == []
    live_by_id = {trunk.id: trunk for trunk in found}
    for record, trunk in zip(records, made.trunks, strict=True):
        change, hazards, against = plan_change(tables, record, live_by_id[trunk.id], around)
        assert change.kind == "keep"
        assert hazards == []
        assert [p.code for p in against if p.stops] == []
        assert not any(isinstance(value, Secret) for value in record.fields.values())
    listed = sum(len(t.dids.entries) for t in made.trunks if "did_list" not in t.unread)
    assert len(rows(made, DIDS.title, "did")) == listed
