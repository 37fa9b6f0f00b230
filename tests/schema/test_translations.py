from __future__ import annotations

import pytest

from batch.schema.column_model import HEADERS, SHEET_NAMES, Sheet, words_of
from batch.schema.columns import SHEETS, TRUNKS
from batch.tables.headers import nearest_column
from batch.wording import folded

OWN = (
    "Note",
    "Notes",
    "Remark",
    "Remarks",
    "Comment",
    "Comments",
    "Contact",
    "Location",
    "Carrier",
    "Provider",
    "Customer",
    "City",
    "Region",
    "Department",
    "Owner",
    "Date",
    "Email",
    "Status",
    "Ported",
    "Team",
    "Bemerkung",
    "Notiz",
    "Standort",
    "Kunde",
    "Ansprechpartner",
    "Anbieter",
    "Beschreibung",
    "Remarque",
    "Commentaire",
    "Fournisseur",
    "Ville",
    "Pays",
    "Observación",
    "Comentario",
    "Proveedor",
    "Ciudad",
    "Sede",
    "备注",
    "说明",
    "客户",
    "城市",
)


def test_no_word_means_two_columns_of_one_sheet() -> None:
    for sheet in SHEETS:
        meant: dict[str, set[str]] = {}
        for column in sheet.columns:
            for text in column.headers:
                meant.setdefault(folded(text), set()).add(column.field)
        assert {word: fields for word, fields in meant.items() if len(fields) > 1} == {}


def test_no_name_means_two_sheets() -> None:
    meant: dict[str, set[str]] = {}
    for sheet in SHEETS:
        for name in sheet.names:
            meant.setdefault(folded(name), set()).add(sheet.title)
    assert {name: titles for name, titles in meant.items() if len(titles) > 1} == {}


def test_only_columns_and_sheets_that_exist_are_translated() -> None:
    assert HEADERS.keys() <= {column.field for sheet in SHEETS for column in sheet.columns}
    assert SHEET_NAMES.keys() == {sheet.title for sheet in SHEETS}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("CONTRASEÑA", "password"),
        ("Contrasena", "password"),
        ("ＮＡＭＥ", "name"),
        ("Nom\u00a0d’hôte", "hostname"),
        ("nom d'hote", "hostname"),
        ("Do\u00admäne", "domain"),
        ("端口 ", "port"),
        ("Trunk\nID", "id"),
        ("Benutzer-Name *", "username"),
    ],
)
def test_accents_width_blanks_and_dashes_do_not_count(text: str, field: str) -> None:
    assert words_of(TRUNKS)[folded(text)] == field


def test_a_bezeichnung_is_the_name_of_its_number() -> None:
    assert [words_of(sheet).get(folded("Bezeichnung")) for sheet in SHEETS] == [None, "outbound_cid_name", "did_name"]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.title)
def test_what_people_like_to_note_besides_neither_is_nor_nears_a_column(sheet: Sheet) -> None:
    there = {"id", "name"} if sheet.required else {column.field for column in sheet.columns if column.required}
    lacking = [column for column in sheet.columns if column.field not in there | {"port"}]
    assert [text for text in OWN if folded(text) in words_of(sheet) or nearest_column(text, lacking)] == []


@pytest.mark.parametrize(("text", "word"), [("Benutzernmae", "Benutzername"), ("Utilisateurs", "Utilisateur")])
def test_a_long_translation_that_is_almost_right_is_asked_about(text: str, word: str) -> None:
    found = nearest_column(text, TRUNKS.columns)
    assert found is not None
    assert (found[0].field, found[1]) == ("username", word)
