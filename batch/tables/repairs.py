"""Repairs: text cells that look right to a person and are not, and what people write to say that there is nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Final, TypeAlias

from batch.schema.column_model import CLEAR, CellKind, Column, Parser, vocabulary
from batch.schema.problems import Finding
from batch.tables.numerals import MAX_EXACT, lost_digits
from batch.tables.written_numbers import surely_together

_AROUND: Final = ("[{}]", "({})", "{{{}}}", "<{}>", '"{}"', "{}'", "\xab{}\xbb", "{}.", "{}...", "{}!", "{}?", "{}:")
_SIGNS: Final = "-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{HORIZONTAL BAR}\N{HYPHEN}?\N{FULLWIDTH QUESTION MARK}_/\\~"
_MOST: Final = 17
"""So many signs in a row still mean nothing."""


@cache
def placeholders(kind: CellKind) -> frozenset[str]:
    """Return every spelling of what means nothing in such a column.

    A dot alone and capital X are patterns in a number, ``NA`` may be somebody's name, and stars hide a password.
    """
    known = {name: set(re.split(r"[|\n]", words.strip())) for name, words in vocabulary()["placeholders"].items()}
    words = known["nothing"]
    words |= set() if kind is CellKind.FREE else known["elsewhere"]
    words |= known["for_passwords"] if kind is CellKind.SECRET else set()
    is_number = kind is CellKind.NUMBER
    words |= {"xxx", "xxxx"} if is_number else {"x" * count for count in range(2, _MOST)}
    words |= {sign * count for sign in "*\N{BULLET}" for count in range(1, _MOST)} if kind is CellKind.SECRET else set()
    words |= set() if kind in {CellKind.FREE, CellKind.NAME, CellKind.TRUNK} else {"na"}
    spelled = {form for word in words for form in (word, word.title(), word.capitalize())}
    spelled |= {word.upper() for word in words if not (is_number and set(word) == {"x"})}
    spelled |= {form.format(word) for word in spelled if word[0] not in "(<[" for form in _AROUND}
    spelled |= {sign * count for sign in _SIGNS for count in range(1, _MOST)}
    spelled |= {"." * count for count in range(2 if is_number else 1, _MOST)} | {"\N{HORIZONTAL ELLIPSIS}", "- -"}
    spelled |= {"nan", "NaN", "NAN", "TODO", "k.A.", "k. A.", "keine Angabe", "ohne Angabe"}
    return frozenset(spelled)


def placeholder_finding(column: Column, kind: CellKind, text: str) -> Finding:
    """Say that a cell holds what means nothing, and what there is to choose from."""
    is_pattern = kind is CellKind.NUMBER and set(text) == {"x"}
    return Finding(
        code="placeholder",
        found=text,
        message="The cell contains a placeholder, which would be sent as the password."
        if kind is CellKind.SECRET
        else f"{text!r} looks like a placeholder, and the PBX would get it as the value.",
        fix=_choice(column) + (f" If it is a pattern, type {text.upper()}." if is_pattern else ""),
    )


def _choice(column: Column) -> str:
    match column.parser:
        case Parser.DIAL if column.required:
            return (
                f"Type the number, or delete the row. To empty the trunk's whole list, type {CLEAR} in its only row "
                "here."
            )
        case Parser.TRUNK:
            return "Type the trunk's Name or Trunk ID, or delete the row."
        case Parser.NAME:
            return "Type the trunk's name; the cell may be blank only if the row has a Trunk ID."
        case Parser.SECRET:
            return (
                "Clear the cell to leave the password unchanged, or type the password. If this really is the password, "
                "use env: or file: for it."
            )
        case _ if column.required:
            return f"Type {' or '.join(column.choices) or column.example}."
        case _ if column.clearable:
            return f"Clear the cell to leave {column.label} unchanged, or type {CLEAR} to empty it."
        case _:
            return f"Clear the cell to leave {column.label} unchanged, or type the value."


_NO_BREAK: Final = "\u00a0\u2007\u202f"
_UNSEEN: Final = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""What comes along from mails and contact lists. Joiners are not among it: scripts and joined signs need them."""
_JOINERS: Final = "\u034f\u061c\u180e\u200c\u200d\ufe00-\ufe0f"
"""What means something in a name, and nothing in a number."""
_APOSTROPHES: Final = "'`\u00b4\u02bc\u2018\u2019\u201b\u2032\uff07"
POINT_ZERO_OFF: Final = "The .0 at the end was removed."
"""What is told of a text that was a number once."""

_ODD_IN_NAMES: Final = re.compile(f"[{_NO_BREAK}{_UNSEEN}]")
_ALL_UNSEEN: Final = re.compile(f"[{_UNSEEN}]")
_BETWEEN_DIGITS: Final = re.compile(rf"(?<=[0-9XZN\])])[{_UNSEEN}{_JOINERS}]+(?=[0-9XZN+(\[])")
_NUMBER_INSIDE: Final = re.compile(r"[0-9+(].*[0-9XZN\])]", re.DOTALL)
_QUOTES: Final = re.compile("[\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2032\uff07]")
_THOUSANDS: Final = re.compile(f"[0-9]{{1,3}}(?:[{_NO_BREAK}][0-9]{{3}})+")
_UNSEEN_IN_NUMBERS: Final = re.compile(f"[{_UNSEEN}{_JOINERS}]")
_NO_BREAKS: Final = re.compile(f"[{_NO_BREAK}]")
_IN_FRONT: Final = re.compile(f"[{_APOSTROPHES}]+")
_TEL: Final = re.compile(r"tel:/{0,2}\s*", re.IGNORECASE)
_URI: Final = re.compile(
    r"(?:tel|sips?):/{0,2}\s*(\+?[0-9][0-9 ().-]*)(?:@[^;?,|\s]*)?((?:;\s*[a-z][a-z0-9-]*(?:=[^;?,|\s]*)?)*(?:\?\S*)?)",
    re.IGNORECASE,
)
"""A number as an address: RFC 3966 and RFC 3261, with the parameters that may stand behind it; a list is none."""
_ANOTHER: Final = re.compile("[0-9]{7}")
"""So many digits behind an address may be another number."""
_POINT_ZERO: Final = re.compile(r"(\+?[0-9]+)[.,]0{1,2}")
_POINT_ZERO_IN_LIST: Final = re.compile(r"(\+?[0-9]+)\.0{1,2}")
SHORTENED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}|[0-9][.,][0-9]+[eE]-[0-9]{1,3}")
"""A number that a spreadsheet has shortened."""
_SHORTENED_INSIDE: Final = re.compile(r"(?<![0-9A-Za-z.,])[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3}(?![0-9A-Za-z])")
_ERROR: Final = re.compile(
    r"#N/[AD]|#NV|#DIV/0!|#(?![XZN]+[!?])[\u00a1\u00bf]?[A-Z\u00c0-\u00de]{2,14}[!?]|Err:[0-9]{3}|#{4,}"
)
"""What spreadsheets of several languages show for an error, as it comes when it was saved or pasted as text."""
_SEPARATING: Final = str.maketrans({"\N{ARABIC COMMA}": ",", "\N{IDEOGRAPHIC COMMA}": ",", "\N{ARABIC SEMICOLON}": ";"})

_PLAIN: Final[Mapping[CellKind, re.Pattern[str]]] = {
    CellKind.NUMBER: re.compile(r"[0-9+]*+"),
    CellKind.SPAN: re.compile(r"[0-9 -]*+"),
    CellKind.LIST: re.compile(r"[0-9 ,;&]*+"),
    CellKind.COUNT: re.compile(r"[0-9]*+"),
    CellKind.WORD: re.compile(r"[0-9A-Za-z ,;&]*+"),
    CellKind.ACCOUNT: re.compile(r"[0-9A-Za-z@_-]*+"),
}
"""Text that needs no second look, the whole column in one go."""
_DIALLED: Final = frozenset({CellKind.NUMBER, CellKind.SPAN, CellKind.LIST})
_TOO_LONG: Final = _DIALLED | {CellKind.COUNT, CellKind.ACCOUNT}


def looks_sound(kind: CellKind, joined: str) -> bool:
    """Tell from all texts of a column put together that there is nothing to repair in any of them.

    Blanks around a value and line breaks are looked for elsewhere.
    """
    if kind in _PLAIN:
        return _PLAIN[kind].fullmatch(joined) is not None
    if kind is CellKind.TRUNK and (".0" in joined or ",0" in joined):
        return False
    if not joined.isascii() and _ODD_IN_NAMES.search(joined):
        return False
    if "#" in joined or "Err:" in joined:
        return False
    return kind is CellKind.FREE or (joined.isascii() and "'" not in joined)


def repaired(kind: CellKind, text: str) -> tuple[str, list[str]]:
    """Take off and put right what a person never typed; return the text and what was done to it, in words."""
    done: list[str] = []
    for repair, words in _REPAIRS[kind]:
        before, text = text, repair(text)
        if text != before:
            done.append(words)
    return text, done


def lost_text(kind: CellKind, text: str) -> Finding | None:
    """Say why nothing can be taken from a text, if that is so."""
    if _ERROR.fullmatch(text):
        return Finding(
            code="cell-error",
            found=text,
            message=f"The cell contains the spreadsheet error {text} as text.",
            fix="Type the value.",
        )
    if kind in _DIALLED | {CellKind.COUNT}:
        shortened = SHORTENED.fullmatch(text) or _SHORTENED_INSIDE.search(text)
    else:
        shortened = _SHORTENED_INSIDE.fullmatch(text) if kind is CellKind.ACCOUNT else None
    if shortened:
        return Finding(
            code="cell-number-lost",
            found=text,
            message="The spreadsheet has shortened the number, so its last digits are lost.",
            fix="Format the cell as text and type the full number again from its source.",
        )
    left = _POINT_ZERO_IN_LIST if kind in {CellKind.SPAN, CellKind.LIST, CellKind.WORD} else _POINT_ZERO
    return lost_digits(text) if kind in _TOO_LONG and left.fullmatch(text) else None


def _without_unseen(unseen: re.Pattern[str], text: str) -> str:
    """Take off what cannot be seen; what may have stood between two numbers leaves a blank."""
    apart = _BETWEEN_DIGITS.sub(" ", text)
    bare = unseen.sub("", text)
    return bare if apart == text or _is_one_number(unseen.sub("", apart)) else unseen.sub("", apart)


def _is_one_number(text: str) -> bool:
    """Tell whether the blanks in a text stand between the digits of one number, and not between two."""
    inside = _NUMBER_INSIDE.search(text)
    return inside is not None and bool(surely_together(inside[0]))


def _without_no_breaks(text: str) -> str:
    two = not _is_one_number(_NO_BREAKS.sub(" ", text)) and _NO_BREAKS.search(text.strip())
    return text if two else _NO_BREAKS.sub("", text)


def _without_thousands(text: str) -> str:
    return _NO_BREAKS.sub("", text) if _THOUSANDS.fullmatch(text.strip()) else text


def _without_front(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return (text[found.end() :].lstrip() if found else "") or text


def _number_of_uri(text: str) -> str:
    found = _URI.fullmatch(text)
    if found is None or _ANOTHER.search(text, found.end(1)):
        return text
    return found[1].rstrip() if found[2] or "@" in text or text[:3].casefold() == "sip" else text


def _number_without_tel(text: str) -> str:
    rest = _without_front(_TEL, text)
    return rest if rest[:1].isdigit() or rest[:1] == "+" else text


def _with_ordinary_digits(text: str) -> str:
    return text if text.isascii() else "".join(map(_ordinary, text))


def _number_with_ordinary_digits(text: str) -> str:
    ordinary = _with_ordinary_digits(text)
    return ordinary if re.fullmatch(r"\+?[0-9]+", ordinary) else text


def _ordinary(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    return {"\N{SMALL PLUS SIGN}": "+", "\N{SMALL HYPHEN-MINUS}": "-", "\N{IDEOGRAPHIC SPACE}": " "}.get(
        character, character
    )


def _cut_at(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.fullmatch(text)
    return found[1] if found and int(found[1]) < MAX_EXACT else text


_Repair: TypeAlias = tuple[Callable[[str], str], str]
"""What is done to a text, and how that is told."""
_UNSEEN_WORDS: Final = "Invisible characters were removed."
_NO_BREAK_WORDS: Final = "Non-breaking spaces were removed."
_DIGITS_WORDS: Final = "Digits or signs of another script or width were changed into ordinary ones."
_TEL_WORDS: Final = "The tel: in front was removed."

_NO_UNSEEN: Final[_Repair] = (partial(_without_unseen, _ALL_UNSEEN), _UNSEEN_WORDS)
_NO_JOINERS: Final[_Repair] = (partial(_without_unseen, _UNSEEN_IN_NUMBERS), _UNSEEN_WORDS)
_ORDINARY_BLANKS: Final[_Repair] = (
    partial(_NO_BREAKS.sub, " "),
    "Non-breaking spaces were changed into ordinary ones.",
)
_STRIPPED: Final[_Repair] = (str.strip, "Spaces before or after the value were removed.")
_NO_APOSTROPHE: Final[_Repair] = (partial(_without_front, _IN_FRONT), "The apostrophe in front was removed.")
_NO_TEL: Final[_Repair] = (partial(_without_front, _TEL), _TEL_WORDS)
_URI_WORDS: Final = "Only the number of the address is used, without the extension or host after it."
_NO_URI: Final[_Repair] = (_number_of_uri, _URI_WORDS)
ADDRESS_WORDS: Final = frozenset({_TEL_WORDS, _URI_WORDS})
"""What is told of a number that stood there as an address."""
_NO_QUOTES: Final[_Repair] = (lambda text: _QUOTES.sub("", text) or text, "Quotes were removed.")
_DIGITS: Final[_Repair] = (_with_ordinary_digits, _DIGITS_WORDS)
_DIGITS_OF_NUMBER: Final[_Repair] = (_number_with_ordinary_digits, _DIGITS_WORDS)
_COMMAS: Final[_Repair] = (
    lambda text: text.translate(_SEPARATING),
    "Commas of another script were changed into ordinary ones.",
)
_NO_POINT_ZERO: Final[_Repair] = (partial(_cut_at, _POINT_ZERO), POINT_ZERO_OFF)
_NO_POINT_ZERO_IN_LIST: Final[_Repair] = (partial(_cut_at, _POINT_ZERO_IN_LIST), POINT_ZERO_OFF)

_BLANKS: Final[Sequence[_Repair]] = (_ORDINARY_BLANKS, _STRIPPED)
_NUMBER: Final[Sequence[_Repair]] = (*_BLANKS, _NO_APOSTROPHE, _DIGITS, _NO_URI, _NO_TEL, _NO_POINT_ZERO)
_LIST: Final[Sequence[_Repair]] = (
    _NO_JOINERS,
    *_BLANKS,
    _NO_APOSTROPHE,
    _COMMAS,
    _DIGITS,
    _NO_TEL,
    _NO_POINT_ZERO_IN_LIST,
)
_NAME: Final[Sequence[_Repair]] = (*_BLANKS, _NO_APOSTROPHE, _DIGITS_OF_NUMBER)
_REPAIRS: Final[Mapping[CellKind, Sequence[_Repair]]] = {
    CellKind.NUMBER: (_NO_JOINERS, (_without_no_breaks, _NO_BREAK_WORDS), *_NUMBER),
    CellKind.COUNT: (_NO_JOINERS, (_without_thousands, _NO_BREAK_WORDS), *_NUMBER),
    CellKind.SPAN: _LIST,
    CellKind.LIST: _LIST,
    CellKind.WORD: (*_LIST, _NO_QUOTES),
    CellKind.ACCOUNT: (_NO_JOINERS, *_NAME, (_number_without_tel, _TEL_WORDS), _NO_POINT_ZERO),
    CellKind.NAME: (_NO_UNSEEN, *_NAME),
    CellKind.TRUNK: (_NO_UNSEEN, *_NAME, _NO_POINT_ZERO),
    CellKind.FREE: (_NO_UNSEEN, *_BLANKS),
    CellKind.SECRET: (),
}
