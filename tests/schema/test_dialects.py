"""The table of dialects: each is known by its headers, leads to columns that there are, and says where it is from."""

from __future__ import annotations

import pytest

from batch.schema.columns import SHEETS
from batch.schema.dialects import SheetDialect, dialect_of, dialects
from batch.wording import folded

EVERY = pytest.mark.parametrize("dialect", dialects().values(), ids=lambda dialect: dialect.called)


def headers(text: str) -> set[str]:
    return {folded(header) for header in text.split(",")}


@EVERY
def test_it_is_one_of_the_sheets_and_its_columns_are_that_sheets(dialect: SheetDialect) -> None:
    sheet = next(sheet for sheet in SHEETS if sheet.title == dialect.sheet)
    assert dialect.columns.keys() <= {column.field for column in sheet.columns}


@EVERY
def test_it_says_where_its_headers_are_from(dialect: SheetDialect) -> None:
    assert dialect.sources
    assert all(len(source.split()) > 1 for source in dialect.sources)


@EVERY
def test_its_own_headers_lead_to_it_and_to_no_other(dialect: SheetDialect) -> None:
    assert dialect_of({min(either) for either in dialect.known_by}) is dialect


@EVERY
def test_without_one_of_the_headers_that_it_is_known_by_it_is_not_taken_for_itself(dialect: SheetDialect) -> None:
    for left_out in dialect.known_by:
        rest = {header for either in dialect.known_by if either is not left_out for header in either}
        assert dialect_of(rest - left_out) is not dialect


@pytest.mark.parametrize(
    ("header", "called"),
    [
        ("Name,Trunk Status,Trunk Type,Transport,Hostname/IP,Port", "the PBX's own list of trunks"),
        ("DID/DDI,DID/DDI Name", "the PBX's own list of DIDs"),
        (
            "Create Method,Short Code,Outbound Caller ID,Associated Extensions",
            "the PBX's own list of outbound caller IDs",
        ),
        ("UserPrincipalName,DisplayName,LineURI", "Microsoft Teams' list of users"),
        ("TelephoneNumber,OperatorId,NumberType,ActivationState", "Microsoft Teams' list of numbers"),
        ("Phone Number,Status,Connection Name,Tags", "Telnyx's list of numbers"),
        ("phone_number,status,connection_id", "Telnyx's list of numbers"),
        ("sid,account_sid,friendly_name,phone_number,voice_url", "Twilio's list of numbers"),
        ("SID,Phone Number,Friendly Name", "Twilio's list of numbers"),
        ("Phone Number,Friendly Name,Voice URL", "Twilio's list of numbers"),
        ("routepartitionname,pattern,description,alertingname", "Cisco CUCM's list of directory numbers"),
        ("extension,cidnum,destination,description", "FreePBX's list of DIDs (Bulk Handler)"),
        (
            "Device Name,Directory Number 1,External Phone Number Mask 1",
            "Cisco CUCM's list of phones (Bulk Administration)",
        ),
        ("PRIORITY,NAME,TYPE,MASK,PORTS,INOFFICE_DEST_TYPE", "3CX's list of DIDs (exportDID.csv)"),
    ],
)
def test_the_first_line_of_each_system_is_known(header: str, called: str) -> None:
    found = dialect_of(headers(header))
    assert found is not None
    assert found.called == called


@pytest.mark.parametrize("header", ["Trunk,DID,DID name", "Name,Status,Port", "Trunk,Phone number,Status", "Site"])
def test_sheets_of_our_own_are_taken_for_nobody_elses(header: str) -> None:
    assert dialect_of(headers(header)) is None


def test_a_dialect_of_another_sheet_is_not_looked_for() -> None:
    assert dialect_of(headers("DID/DDI,DID/DDI Name"), "Caller IDs") is None
