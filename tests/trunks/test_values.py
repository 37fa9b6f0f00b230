from __future__ import annotations

import pytest

from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.schema.problems import Finding
from batch.trunks.values import parse_value, too_many_bytes


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("enable", "Yes", 1),
        ("enable", "1", 1),
        ("enable", "TRUE", 1),
        ("enable", "on", 1),
        ("enable", "Enabled", 1),
        ("enb_outbound_proxy", "no", 0),
        ("enb_outbound_proxy", "0", 0),
        ("enb_outbound_proxy", "False", 0),
        ("enable", "off", 0),
        ("enable", "disabled", 0),
        ("type", "Peer", "peer"),
        ("transport", "DNSNAPTR", "dnsnaptr"),
        ("dids_mode", "Add", "add"),
        ("action", "skip", "skip"),
        ("port", "05061", 5061),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("id", "12", 12),
        ("codec_sel", "ALAW; ulaw g729&opus", "alaw,ulaw,g729,opus"),
        ("name", "London-1_ü.é", "London-1_ü.é"),
        ("name", "x" * 63, "x" * 63),
        ("hostname", "sip.carrier.example", "sip.carrier.example"),
        ("domain", "<clear>", ""),
        ("auth_name", "<clear>", ""),
        ("outbound_proxy_server", "<clear>", ""),
        ("def_outbound_cid", "<clear>", ""),
        ("def_outbound_cid_name", "<clear>", ""),
        ("def_outbound_cid", "+442079460100", "+442079460100"),
        ("def_outbound_cid_name", "é" * 63, "é" * 63),
        ("username", "a b/c", "a b/c"),
    ],
)
def test_a_cell_is_understood(field: str, text: str, value: str | int) -> None:
    assert parse_value(TRUNKS.column(field), text) == value


@pytest.mark.parametrize(
    ("field", "text", "code", "message", "fix"),
    [
        ("enable", "maybe", "not-a-choice", "'maybe' is neither yes nor no.", "Type yes or no."),
        ("type", "sip", "not-a-choice", "'sip' is not a choice for Type.", "Choose register, peer or account."),
        (
            "transport",
            "sctp",
            "not-a-choice",
            "'sctp' is not a choice for Transport.",
            "Choose udp, tcp, tls or dnsnaptr.",
        ),
        (
            "dids_mode",
            "merge",
            "not-a-choice",
            "'merge' is not a choice for DIDs mode.",
            "Choose replace, add or remove.",
        ),
        (
            "port",
            "65536",
            "not-a-number",
            "'65536' is not a whole number from 0 to 65535.",
            "Type a number such as 5061.",
        ),
        ("port", "5060/udp", "not-a-number", "'5060/udp' is not a whole number from 0 to 65535.", None),
        ("id", "0", "not-a-number", "'0' is not a whole number above 0.", "Type a number such as 12."),
        ("id", "London", "not-a-number", "'London' is not a whole number above 0.", "Type a number such as 12."),
        ("codec_sel", "alaw,pcmu,pcma", "codec-unknown", "The PBX has no codec 'pcmu', 'pcma'.", None),
        ("codec_sel", ",", "codec-unknown", "',' is not a codec.", None),
        ("codec_sel", "alaw,ulaw,ALAW", "codec-twice", "alaw is there twice.", "Type alaw,ulaw."),
        (
            "name",
            "x" * 64,
            "too-long",
            "Name takes at most 63 characters; this value has 64.",
            f"Shorten it to {'x' * 63!r}.",
        ),
        (
            "name",
            "London 1!",
            "bad-characters",
            "A trunk name cannot contain a blank, '!'.",
            "Type, for example, London-1-, also as Trunk on the other sheets.",
        ),
        ("hostname", "h" * 256, "too-long", "Hostname takes at most 255 characters; this value has 256.", None),
        (
            "hostname",
            "https://sip.example/",
            "bad-characters",
            "Hostname cannot contain '/'.",
            "Type, for example, sip.example.",
        ),
        ("domain", "/", "bad-characters", "Domain cannot contain '/'.", "Type, for example, carrier.example."),
        (
            "hostname",
            "<clear>",
            "clear-not-allowed",
            "Hostname cannot be emptied.",
            "Type the new value, or clear the cell to leave the setting unchanged.",
        ),
        ("name", "<clear>", "clear-not-allowed", "Name cannot be emptied.", None),
        ("dids_mode", "<clear>", "clear-not-allowed", "DIDs mode cannot be emptied.", None),
        ("def_outbound_cid", "044 20", "bad-characters", "A caller ID cannot contain a blank.", "Type 04420."),
        (
            "def_outbound_cid_name",
            "é" * 64,
            "too-long",
            "The name is 128 bytes long; the PBX takes 127 (an accented letter is 2 bytes or more).",
            f"Shorten it to {'é' * 63!r}.",
        ),
    ],
)
def test_a_cell_at_fault_says_what_is_wrong_and_what_to_type(
    field: str, text: str, code: str, message: str, fix: str | None
) -> None:
    fault = parse_value(TRUNKS.column(field), text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.message) == (code, message)
    assert fix in {None, fault.fix}


@pytest.mark.parametrize(
    ("field", "text", "meant"),
    [
        *(("transport", "TLS 1.2", "tls"), ("transport", "TLSv1.3", "tls"), ("transport", "DNS-NAPTR", "dnsnaptr")),
        *(("transport", "UDP 5060", "udp"), ("type", "peer_", "peer"), ("action", "Skip!", "skip")),
        *(
            ("transport", "UDP/TCP", ""),
            ("transport", "no TLS", ""),
            ("transport", "SIPS", ""),
            ("transport", "5060", ""),
        ),
        *(("type", "SIP", ""), ("type", "IP based", ""), ("type", "not peer", ""), ("type", "registration", "")),
        *(
            ("dids_mode", "append", ""),
            ("dids_mode", "delete", ""),
            ("action", "delete", ""),
            ("transport", "tls?", ""),
        ),
    ],
)
def test_a_choice_is_offered_only_where_it_is_surely_right_and_else_all_are_named(
    field: str, text: str, meant: str
) -> None:
    column = TRUNKS.column(field)
    fault = parse_value(column, text)
    assert isinstance(fault, Finding)
    assert fault.offers == ((meant,) if meant else ())
    assert all(choice in fault.fix for choice in ([meant] if meant else column.choices))


@pytest.mark.parametrize("text", ["individual", "each", "all", "Group"])
def test_an_option_that_is_none_is_never_guessed(text: str) -> None:
    fault = parse_value(CALLER_IDS.column("outbound_cid_option"), text)
    assert isinstance(fault, Finding)
    assert (fault.offers, fault.fix) == ((), "Choose shared or range.")


def test_names_of_trunks_and_groups_are_understood_later_where_those_are_known() -> None:
    assert parse_value(DIDS.column("trunk"), "London 1") == "London 1"
    assert parse_value(CALLER_IDS.column("extension_groups"), "Sales & More") == "Sales & More"


@pytest.mark.parametrize("character", [*" :!$()/#;,[]\\\"=<>&'`^%@{}|", "\N{NO-BREAK SPACE}"])
def test_a_trunk_name_holds_none_of_the_vendors_forbidden_characters(character: str) -> None:
    fault = parse_value(TRUNKS.column("name"), f"a{character}b")
    assert isinstance(fault, Finding)
    assert fault.code == "bad-characters"
    assert fault.fix.startswith("Type, for example, a-b, also as Trunk on the other sheets")


@pytest.mark.parametrize("text", ["=A1", '="London-1"', "=VLOOKUP(A2,X,2)"])
def test_no_name_is_made_of_a_formula(text: str) -> None:
    fault = parse_value(TRUNKS.column("name"), text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.offers, fault.fix) == ("bad-characters", (), "Type the trunk's name.")


@pytest.mark.parametrize("text", ["London-1, London-2", "London-1;London-2", "London-1 & London-2", "A\nB"])
def test_a_cell_that_may_name_several_trunks_says_where_each_goes(text: str) -> None:
    fault = parse_value(TRUNKS.column("name"), text)
    assert isinstance(fault, Finding)
    assert fault.fix.endswith("; if it names several trunks, give each a row of its own.")


def test_names_of_entries_are_measured_in_bytes() -> None:
    assert too_many_bytes("x" * 127, 127) is None
    assert too_many_bytes("😀" * 31, 127) is None
    assert too_many_bytes("😀" * 32, 127) is not None


HOSTS = ("hostname", "domain", "outbound_proxy_server")


@pytest.mark.parametrize("field", HOSTS)
@pytest.mark.parametrize(
    "text",
    [
        "sip.carrier.example",
        "pbx1",
        "203.0.113.20",
        "2001:db8::1",
        "[2001:db8::1]",
        "_sip._udp.carrier.example",
        "carrier_sbc.example",
        "sip.carrier.example.",
        "xn--bcher-kva.example",
        "büro.example",
        "3com.example",
        "A-1",
    ],
)
def test_what_looks_like_a_host_is_one(field: str, text: str) -> None:
    assert parse_value(TRUNKS.column(field), text) == text


@pytest.mark.parametrize("field", HOSTS)
@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("203.0.113.300", ()),
        ("10.0.0", ()),
        ("5060", ()),
        ("442079460100", ()),
        ("-a.example", ()),
        ("a..b", ()),
        ("sip carrier", ()),
        ("203.0.113,20", ()),
        ("!", ()),
        ("a@b", ()),
        ("[203.0.113.20]", ()),
        ("sip.carrier.example:5061", ("sip.carrier.example",)),
        ("203.0.113.20:5060", ("203.0.113.20",)),
        ("[2001:db8::1]:5061", ("[2001:db8::1]",)),
        ("https://sip.example:8443/path", ("sip.example",)),
        ("sip:anne@sip.example;transport=tls", ("sip.example",)),
        ("a.example, b.example", ("a.example", "b.example")),
        ("a.example;b.example", ("a.example", "b.example")),
        ("203.0.113.0/24", ("203.0.113.0",)),
        ("<sip.example>", ("sip.example",)),
    ],
)
def test_what_is_no_host_is_a_problem_whose_offers_are_hosts(field: str, text: str, offers: tuple[str, ...]) -> None:
    column = TRUNKS.column(field)
    fault = parse_value(column, text)
    assert isinstance(fault, Finding)
    assert (fault.code in {"not-a-host", "bad-characters"}, fault.offers) == (True, offers)
    assert [parse_value(column, offer) for offer in offers] == list(offers)


def test_a_port_behind_a_host_has_a_column_of_its_own() -> None:
    fault = parse_value(TRUNKS.column("hostname"), "sip.carrier.example:5061")
    assert isinstance(fault, Finding)
    assert (fault.message, fault.fix) == (
        "Hostname contains a port after the host.",
        "Type sip.carrier.example, and 5061 under Port.",
    )


@pytest.mark.parametrize("text", ["yes", "Nein", "oui", "s\u0456p.newtel.example", "newtel.\u0435xample"])
def test_a_host_is_neither_yes_nor_written_with_letters_that_only_look_latin(text: str) -> None:
    for field in ("hostname", "domain", "outbound_proxy_server"):
        fault = parse_value(TRUNKS.column(field), text)
        assert isinstance(fault, Finding)
        assert (fault.code, fault.offers) == ("not-a-host", ())


def test_a_host_may_be_written_in_one_alphabet_whichever() -> None:
    for text in ("b\u00fccher.example", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444"):
        assert parse_value(TRUNKS.column("hostname"), text) == text


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("PCMA", "alaw"),
        ("PCMU/8000", "ulaw"),
        ("G.711a", "alaw"),
        ("G711 alaw; G711 ulaw", "alaw,ulaw"),
        ("G.711 a-law", "alaw"),
        ("G.711\u00b5", "ulaw"),
        ("alaw,pcmu,pcma", "alaw,ulaw"),
        ("pcma,pcmu,g729", "alaw,ulaw,g729"),
        ("G.729, G.722", "g729,g722"),
        ("g729a", "g729"),
    ],
)
def test_codecs_as_carriers_write_them_are_offered_as_the_pbx_has_them(text: str, offer: str) -> None:
    codecs = TRUNKS.column("codec_sel")
    found = parse_value(codecs, text)
    assert isinstance(found, Finding)
    assert (found.fix, found.offers, parse_value(codecs, offer)) == (f"Type {offer}.", (offer,), offer)


@pytest.mark.parametrize("text", ["G.711", "amr", "alaw, evs", "pcma pcmx"])
def test_a_codec_that_may_be_several_or_none_is_not_guessed(text: str) -> None:
    found = parse_value(TRUNKS.column("codec_sel"), text)
    assert isinstance(found, Finding)
    assert found.offers == ()


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("sip,carrier.example", ("sip.carrier.example",)),
        ("sip.carrier,example", ("sip.carrier.example",)),
        ("sip1.carrier.example,sip2.carrier.example", ("sip1.carrier.example", "sip2.carrier.example")),
    ],
)
def test_a_comma_for_a_point_in_a_host_loses_no_part_of_it(text: str, offers: tuple[str, ...]) -> None:
    found = parse_value(TRUNKS.column("hostname"), text)
    assert isinstance(found, Finding)
    assert found.fix == f"Type, for example, {', or '.join(offers)}."
    assert all(parse_value(TRUNKS.column("hostname"), offer) == offer for offer in offers)


@pytest.mark.parametrize(
    ("field", "text", "offer"),
    [
        *(("enable", text, "yes") for text in ("aktiv", "Active", "activé", "ACTIVO", "启用", "\N{CHECK MARK}", "Y")),
        *(("enable", text, "no") for text in ("gesperrt", "Inactive", "désactivé", "inactivo", "停用", "\N{BALLOT X}")),
        ("enb_outbound_proxy", "aktiviert", "yes"),
        *(("port", text, "5060") for text in ("5060/udp", "5060 UDP", "5060/ tcp", "5060 (TLS)")),
        ("outbound_proxy_port", "5061/tls", "5061"),
    ],
)
def test_what_is_surely_meant_by_a_switch_or_a_port_is_offered(field: str, text: str, offer: str) -> None:
    found = parse_value(TRUNKS.column(field), text)
    assert isinstance(found, Finding)
    assert (found.offers, found.fix) == ((offer,), f"Type {offer}.")
    assert not isinstance(parse_value(TRUNKS.column(field), offer), Finding)


@pytest.mark.parametrize(
    ("field", "text"),
    [("enable", "x"), ("enable", "maybe"), ("port", "99999/udp"), ("port", "5060-5061"), ("id", "12/udp")],
)
def test_what_may_be_meant_otherwise_is_not_offered(field: str, text: str) -> None:
    found = parse_value(TRUNKS.column(field), text)
    assert isinstance(found, Finding)
    assert found.offers == ()
