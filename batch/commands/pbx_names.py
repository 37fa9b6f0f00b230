"""PBX names: what the cells of the column *PBX* may say: the name of a profile, or an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from batch.errors import UsageError
from batch.pbx.addresses import base_url_of
from batch.schema.problems import Finding
from batch.settings import Settings
from batch.wording import nearest_names, some_of

_NAMED: Final = 8
"""So many profiles are named in a sentence."""
_TWICE: Final = "pbx-twice"


def pbx_faults(settings: Settings, texts: Sequence[str]) -> Mapping[str, Finding]:
    """Return which texts name no PBX, or one that another text names, and why.

    On the practice PBX every name will do: each has one of its own. Where no profile is known, as in a check on
    another machine, names are not judged.
    """
    known, faults, first = settings.pbx_addresses, dict[str, Finding](), dict[str, str]()
    if settings.practice or known is None:
        return {}
    near = nearest_names([text for text in texts if text not in known], known)
    for text in texts:
        url = _url_of(text, known, near.get(text, ""))
        if isinstance(url, Finding):
            faults[text] = url
        elif (one := first.setdefault(url, text)) != text:
            message = f"{text} and {one} are one PBX: both have the address {url}."
            faults[text] = Finding(_TWICE, message, f"Type {one} in all its rows.")
    return faults


def named_pbxs(settings: Settings, names: Sequence[str] | None, tell: Callable[[str], None]) -> list[str]:
    """Return the PBXs that were named, each once; or, for None, all profiles with an address.

    Of several of one address that is the first, and it is told.

    Raises:
        UsageError: there is no such one, or two of them are one PBX.
    """
    addresses = settings.pbx_addresses or {}
    if names is None:
        found = [name for name, url in addresses.items() if url]
        faults = pbx_faults(settings, found)
        if broken := [fault for fault in faults.values() if fault.code != _TWICE]:
            raise UsageError(broken[0].message, broken[0].fix)
        if not found:
            raise UsageError(
                "No profile of a trunk-batch.toml that counts has an address.",
                'Make one: [berlin], and below it url = "https://PBX:8088"; trunk-batch explain profile says where.',
            )
        for twice in faults.values():
            tell(f"{twice.message} The first of them is taken.")
        return [name for name in found if name not in faults]
    found = list(dict.fromkeys(names))
    if fault := next(iter(pbx_faults(settings, found).values()), None):
        raise UsageError(fault.message, "Name one of them." if fault.code == _TWICE else fault.fix)
    return found


def _url_of(text: str, known: Mapping[str, str], near: str) -> str | Finding:
    if text not in known and not is_address(text):
        return _unknown(text, near, known)
    if known.get(text) == "":
        fix = f'Add url = "https://…" to [{text}] in trunk-batch.toml.'
        return Finding("pbx-unknown", f"The profile {text} has no address.", fix)
    try:
        return base_url_of(known.get(text, text))
    except UsageError as error:
        return Finding("pbx-unknown", f"The PBX {text}: {error.message}", error.hint)


def is_address(text: str) -> bool:
    """Tell whether a text is meant as an address, not as the name of a profile."""
    return re.search(r"://|^[\w.-]+\.[\w-]+(?::\d+)?$|:\d+$", text) is not None


def _unknown(text: str, near: str, known: Mapping[str, str]) -> Finding:
    there = f"It has {some_of(known, _NAMED)}." if known else "It has none yet."
    return Finding(
        "pbx-unknown",
        f"trunk-batch.toml has no profile {text!r}" + (f"; did you mean {near}?" if near else f". {there}"),
        f"Type {near}, or add a profile [{text}]."
        if near
        else f"Add a profile [{text}] with its url, or type its address.",
        offers=(near,) if near else (),
    )
