from __future__ import annotations

import pytest

from batch.sheets.layout import CALLER_IDS, DIDS, TRUNKS
from batch.trunks.faults import Fault
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
        ("type", "sip", "not-a-choice", "Type cannot be 'sip'.", "Choose register, peer or account."),
        ("transport", "sctp", "not-a-choice", "Transport cannot be 'sctp'.", "Choose udp, tcp, tls or dnsnaptr."),
        ("dids_mode", "merge", "not-a-choice", "DIDs mode cannot be 'merge'.", "Choose replace, add or remove."),
        (
            "port",
            "65536",
            "not-a-number",
            "'65536' is not a whole number from 0 to 65535.",
            "Type a number like 5061.",
        ),
        ("port", "5060/udp", "not-a-number", "'5060/udp' is not a whole number from 0 to 65535.", None),
        ("id", "0", "not-a-number", "'0' is not a whole number above 0.", "Type a number like 12."),
        ("id", "London", "not-a-number", "'London' is not a whole number above 0.", "Type a number like 12."),
        ("codec_sel", "alaw,pcmu,pcma", "codec-unknown", "The PBX has no codec 'pcmu', 'pcma'.", None),
        ("codec_sel", ",", "codec-unknown", "',' names no codec.", None),
        ("codec_sel", "alaw,ulaw,ALAW", "codec-twice", "alaw is named twice.", "Type alaw,ulaw."),
        (
            "name",
            "x" * 64,
            "too-long",
            "Name has at most 63 characters; this has 64.",
            f"Shorten it to {'x' * 63!r}.",
        ),
        (
            "name",
            "London 1!",
            "bad-characters",
            "A trunk name cannot hold a blank, '!'.",
            "Type for example London-1-.",
        ),
        ("hostname", "h" * 256, "too-long", "Hostname has at most 255 characters; this has 256.", None),
        (
            "hostname",
            "https://sip.example/",
            "bad-characters",
            "Hostname cannot hold '/'.",
            "Type for example sip.example.",
        ),
        ("domain", "/", "bad-characters", "Domain cannot hold '/'.", "Type for example carrier.example."),
        (
            "hostname",
            "<clear>",
            "clear-not-allowed",
            "Hostname cannot be emptied.",
            "Type the value it shall have, or clear the cell to leave it as it is.",
        ),
        ("name", "<clear>", "clear-not-allowed", "Name cannot be emptied.", None),
        ("dids_mode", "<clear>", "clear-not-allowed", "DIDs mode cannot be emptied.", None),
        ("def_outbound_cid", "044 20", "bad-characters", "A caller ID cannot hold a blank.", "Type 04420."),
        (
            "def_outbound_cid_name",
            "é" * 64,
            "too-long",
            "The name takes 128 bytes; the PBX takes 127 (letters with accents count double or more).",
            f"Shorten it to {'é' * 63!r}.",
        ),
    ],
)
def test_a_cell_at_fault_says_what_is_wrong_and_what_to_type(
    field: str, text: str, code: str, message: str, fix: str | None
) -> None:
    fault = parse_value(TRUNKS.column(field), text)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.message) == (code, message)
    assert fix in {None, fault.fix}


def test_names_of_trunks_and_groups_are_understood_later_where_those_are_known() -> None:
    assert parse_value(DIDS.column("trunk"), "London 1") == "London 1"
    assert parse_value(CALLER_IDS.column("extension_groups"), "Sales & More") == "Sales & More"


@pytest.mark.parametrize("character", [*" :!$()/#;,[]\\\"=<>&'`^%@{}|", "\N{NO-BREAK SPACE}"])
def test_a_trunk_name_holds_none_of_the_vendors_forbidden_characters(character: str) -> None:
    fault = parse_value(TRUNKS.column("name"), f"a{character}b")
    assert isinstance(fault, Fault)
    assert (fault.code, fault.fix) == ("bad-characters", "Type for example a-b.")


def test_names_of_entries_are_measured_in_bytes() -> None:
    assert too_many_bytes("x" * 127, 127) is None
    assert too_many_bytes("😀" * 31, 127) is None
    assert too_many_bytes("😀" * 32, 127) is not None
