"""Placeholders: what people write into a cell to say that there is nothing, in the five languages."""

from __future__ import annotations

from functools import cache
from typing import Final

from batch.sheets.damage.cares import Care
from batch.sheets.damage.findings import Finding
from batch.sheets.layout import CLEAR, Column

_WORDS: Final = """
n/a|n.a.|n. a.|n/d|not available|not applicable|not known|none|no value|nil|null|nothing|undefined|unknown|tbd
tba|tbc|t.b.d.|t.b.c.|to be defined|to be determined|to be confirmed|empty|unassigned|not assigned
k.a.|k. a.|k/a|kein|keine|keiner|keines|keine angabe|ohne angabe|nichts|unbekannt|nicht bekannt|entfällt|entfaellt|folgt
wird nachgereicht|noch offen|nicht vorhanden|nicht vergeben|n.v.|n. v.
aucun|aucune|inconnu|inconnue|néant|neant|sans objet|s.o.|s/o|n.c.|n/c|non communiqué|non disponible|à définir
a definir|à confirmer|à compléter|vide|non attribué
ninguno|ninguna|ningún|desconocido|desconocida|no aplica|no disponible|sin datos|sin asignar|por definir
por confirmar|pendiente|vacío|s/d
无|無|未知|空|不详|待定|没有|暂无|不适用|未定|未分配|未填|待确认
(none)|(null)|(leer)|(empty)|(blank)|(vide)|<none>|<null>|<empty>|<leer>|<blank>|[none]|[null]
"""
_ELSEWHERE: Final = """
leer|blank|pending|to follow|not yet|none yet|same|same as above|see above|ditto|idem|fixme|n.a|vacant|nada|rien
cancelled|canceled|ceased|gekündigt|résilié|cancelado|cesado|spare
unchanged|no change|as is|as before|unverändert|wie bisher|keine änderung|inchangé|sans changement|sin cambios|不变
noch nicht|steht aus|siehe oben|wie oben|dito|s. o.|en attente|à venir|voir ci-dessus|ver arriba|同上|待补
"""
"""Words for nothing, or for what stands elsewhere or stays; a name that people read may be one of them."""
_FOR_PASSWORDS: Final = """
password|passwort|kennwort|mot de passe|contraseña|wachtwoord|密码|密碼|secret|your password|your-password|password here
sip password|passwd|changeme|ChangeMe|change me|change-me|change_me|(hidden)|[hidden]|masked|redacted|protected
see vault|see KeePass|siehe KeePass|in KeePass|per SMS|by SMS|see keepass|siehe keepass|in keepass
keep|as agreed|see mail|see email|by phone|by sms|per sms|separately|sent separately
"""
"""Words for a password, or for where it is."""
_AROUND: Final = ("[{}]", "({})", "{{{}}}", "<{}>", '"{}"', "{}'", "\xab{}\xbb", "{}.", "{}...", "{}!", "{}?", "{}:")
_SIGNS: Final = "-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{HORIZONTAL BAR}\N{HYPHEN}?\N{FULLWIDTH QUESTION MARK}_/\\~"
_MOST: Final = 17
"""So many signs in a row still mean nothing."""


@cache
def placeholders(care: Care) -> frozenset[str]:
    """Return every spelling of what means nothing in such a column.

    A dot alone and capital X are patterns in a number, ``NA`` may be somebody's name, and stars hide a password.
    """
    listed = _WORDS + ("" if care is Care.FREE else _ELSEWHERE) + (_FOR_PASSWORDS if care is Care.SECRET else "")
    words = {word for line in listed.split("\n") for word in line.split("|") if word}
    is_number = care is Care.NUMBER
    words |= {"xxx", "xxxx"} if is_number else {"x" * count for count in range(2, _MOST)}
    words |= {sign * count for sign in "*\N{BULLET}" for count in range(1, _MOST)} if care is Care.SECRET else set()
    words |= set() if care in {Care.FREE, Care.NAME, Care.TRUNK} else {"na"}
    spelled = {form for word in words for form in (word, word.title(), word.capitalize())}
    spelled |= {word.upper() for word in words if not (is_number and set(word) == {"x"})}
    spelled |= {form.format(word) for word in spelled if word[0] not in "(<[" for form in _AROUND}
    spelled |= {sign * count for sign in _SIGNS for count in range(1, _MOST)}
    spelled |= {"." * count for count in range(2 if is_number else 1, _MOST)} | {"\N{HORIZONTAL ELLIPSIS}", "- -"}
    spelled |= {"nan", "NaN", "NAN", "TODO", "k.A.", "k. A.", "keine Angabe", "ohne Angabe"}
    return frozenset(spelled)


def placeholder_finding(column: Column, care: Care, text: str) -> Finding:
    """Say that a cell holds what means nothing, and what there is to choose from."""
    is_pattern = care is Care.NUMBER and set(text) == {"x"}
    return Finding(
        code="placeholder",
        found=text,
        message="The cell holds what people write instead of a password; it would be sent as the password."
        if care is Care.SECRET
        else f"{text!r} stands for nothing, and would be sent as it is.",
        fix=_choice(column) + (f" If it is a pattern, type {text.upper()}." if is_pattern else ""),
    )


def _choice(column: Column) -> str:
    match column.field:
        case "did" | "outbound_cid":
            return f"Type the number, or delete the row; {CLEAR} as the trunk's only row here empties its whole list."
        case "trunk":
            return "Type the trunk's Name or Trunk ID, or delete the row."
        case "name":
            return "Type the trunk's name; only where the row has a Trunk ID may the cell be blank."
        case "password":
            return (
                "Leave the cell blank to leave Password as it is, or type the password itself; if these are its very "
                "letters, keep them where env: or file: points."
            )
        case _ if column.required:
            return f"Type {' or '.join(column.choices) or column.example}."
        case _ if column.clearable:
            return f"Leave the cell blank to leave {column.label} as it is, or type {CLEAR} to empty it."
        case _:
            return f"Leave the cell blank to leave {column.label} as it is, or type the value itself."
