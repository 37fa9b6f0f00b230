"""Package: what is to be otherwise in a package of Office Open XML, and the package with all of it done."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from lxml import etree

from batch.errors import WorkbookError
from batch.readers.packages import RELATIONS, TYPES, Package
from batch.readers.xlsx import check_parts

STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
"""What `OFFICE` is in a package of the strict kind."""

_TYPES_PART: Final = "[Content_Types].xml"
USUAL_TYPES: Final[Mapping[str, str]] = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xml": "application/xml",
    "vml": "application/vnd.openxmlformats-officedocument.vmlDrawing",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "gif": "image/gif",
}
"""Kinds of parts by extension, where the package does not say them."""
_LARGE: Final = 1 << 20
"""Bytes from which packing fast is worth more than packing tight."""


Rewriting: TypeAlias = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Takes a part as it comes, in pieces, and gives it as it shall be, in pieces."""


class Unpatchable(Exception):
    """The package is laid out in a way that cannot be patched with certainty; it is as it was."""


def parse_part(content: bytes) -> etree._Element:
    """Parse a small part, names and prefixes kept; entities are not resolved."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unpatchable(f"one of its parts is not well-formed ({error})") from None


def number_of(element: etree._Element, attribute: str, default: int = 0) -> int:
    """Return the whole number that an attribute says; the default where it is not there."""
    text = element.get(attribute)
    if text is None:
        return default
    if not text.strip().isdecimal():
        raise Unpatchable(f"one of its parts says {attribute}={text!r} where a number belongs")
    return int(text)


def put_before(parent: etree._Element, element: etree._Element, later: Collection[str]) -> None:
    """Put an element into another one: before the first of those that must stand behind it, else at the end."""
    behind = next((child for child in parent.iterchildren("*") if kind_of(child) in later), None)
    if behind is None:
        parent.append(element)
    else:
        behind.addprevious(element)


def kind_of(element: etree._Element) -> str:
    """Return what an element is; of several to choose from, what the first of them is."""
    name = etree.QName(element).localname
    if name != "AlternateContent":
        return name
    return next((etree.QName(feature).localname for choice in element for feature in choice.iterchildren("*")), name)


def serialise(root: etree._Element) -> bytes:
    """Write a part as Office does."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


class PackageEdit:
    """A package and what is to be otherwise in it. Nothing is written before `content`.

    Args:
        package: As it was read; it is not changed.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._changed: dict[str, bytes | Borrowed] = {}
        self._rewritten: dict[str, list[Rewriting]] = {}
        self._dropped: set[str] = set()
        with suppress(WorkbookError):  # what lacks a part says so where that part is looked for
            check_parts(package)
        self._types = parse_part(package.read(self._known(_TYPES_PART)))

    def _known(self, name: str) -> str:
        found = self.package.find(name)
        if found is None:
            raise Unpatchable(f"there is no part {name}")
        return found

    def names(self) -> list[str]:
        """Return the names of all parts as they will be."""
        kept = [name for name in self.package.names if name not in self._dropped]
        return [*kept, *(name for name in self._changed if name not in kept)]

    def find(self, name: str) -> str | None:
        """Return the part of this name, whatever its case; None if there is none."""
        wanted = name.lstrip("/").casefold()
        return next((known for known in self.names() if known.casefold() == wanted), None)

    def read(self, name: str) -> bytes:
        """Return a part as it will be."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part as it will be, in pieces."""
        changed = self._changed.get(name)
        if changed is None:
            pieces = _unpacked(name, self.package.chunks(name))
        else:
            pieces = changed.giver.chunks(changed.part) if isinstance(changed, Borrowed) else _sliced(changed)
        for rewriting in self._rewritten.get(name, ()):
            pieces = rewriting(pieces)
        return pieces

    def rewrite(self, name: str, rewriting: Rewriting) -> None:
        """Have a part, as it will be by now, rewritten on its way out: for those too large to be held at once."""
        self._rewritten.setdefault(name, []).append(rewriting)

    def put(self, name: str, content: bytes | Borrowed, content_type: str = "") -> None:
        """Set what a part holds, an existing one or a new one, whose kind is said where its extension does not."""
        self._changed[name] = content
        self._rewritten.pop(name, None)
        self._dropped.discard(name)
        if content_type:
            self._set_type(name, content_type)

    def _set_type(self, name: str, content_type: str) -> None:
        for override in self._types.findall(f"{{{TYPES}}}Override"):
            if override.get("PartName", "").casefold() == f"/{name}".casefold():
                self._types.remove(override)
        if content_type:
            etree.SubElement(self._types, f"{{{TYPES}}}Override", PartName=f"/{name}", ContentType=content_type)

    def content_type(self, name: str) -> str:
        """Return what kind of part it is; ``""`` where the package does not say."""
        for override in self._types.findall(f"{{{TYPES}}}Override"):
            if override.get("PartName", "").casefold() == f"/{name}".casefold():
                return override.get("ContentType", "")
        for default in self._types.findall(f"{{{TYPES}}}Default"):
            if default.get("Extension", "").casefold() == _extension(name):
                return default.get("ContentType", "")
        return ""

    def declare_type(self, name: str, content_type: str) -> None:
        """Say what kind of part a part is: for all of its extension (``vml``), or for it alone if those differ."""
        extension = _extension(name)
        known = {default.get("Extension", "").casefold() for default in self._types.findall(f"{{{TYPES}}}Default")}
        if extension and extension not in known:
            default = etree.Element(f"{{{TYPES}}}Default", Extension=extension, ContentType=content_type)
            self._types.insert(0, default)
        if self.content_type(name) != content_type:
            self._set_type(name, content_type)

    def _type_all(self) -> None:
        """Say of every part what kind it is, as far as its extension tells: without a kind, Excel refuses the file."""
        for name in self.names():
            usual = USUAL_TYPES.get(_extension(name))
            if usual is not None and name.casefold() != _TYPES_PART.casefold() and not self.content_type(name):
                self.declare_type(name, usual)

    def free_name(self, pattern: str) -> str:
        """Return a name that no part has yet: ``xl/comments{}.xml`` with the next number that is free."""
        taken = self._missing | {name.casefold() for name in self.names()}
        number = 1
        while pattern.format(number).casefold() in taken:
            number += 1
        return pattern.format(number)

    @cached_property
    def _missing(self) -> set[str]:
        """Names, folded, of parts that are not there and that links lead to or come from."""
        named = set()
        for name in self.package.names:
            folder, _, file = name.rpartition("_rels/")
            if folder and file.endswith(".rels"):
                part = folder + file.removesuffix(".rels")
                with suppress(Unpatchable):
                    named |= {part.casefold(), *(to.casefold() for _, to in self.links(part).values())}
        return named - {name.casefold() for name in self.package.names}

    def links(self, part: str) -> dict[str, tuple[str, str]]:
        """Return what a part links to: id of the link to its type and the name of the part (or an outside address)."""
        name = self.find(_links_of(part))
        if name is None:
            return {}
        folder = posixpath.dirname(part)
        found = {}
        for link in parse_part(self.read(name)).findall(f"{{{RELATIONS}}}Relationship"):
            target = link.get("Target", "").replace("\\", "/")
            if link.get("TargetMode") != "External":
                joined = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                target = self.find(joined) or joined
            found[link.get("Id", "")] = (link.get("Type", ""), target)
        return found

    def linked(self, part: str, *kinds: str) -> list[str]:
        """Return the parts of some kinds (``/comments``: how the link's type ends) that a part links to."""
        return [to for kind, to in self.links(part).values() if kind.endswith(kinds) and self.find(to) is not None]

    def cut_links(self, part: str, kind: str) -> bool:
        """Take out all links of a kind, as `cut` does; tell whether there were any."""
        links = [link for link, (type_, _) in self.links(part).items() if type_.endswith(kind)]
        for link in links:
            self.cut(part, link)
        return bool(links)

    def link(self, part: str, kind: str, target: str) -> str:
        """Link a part to another one.

        Args:
            kind: The link's type, whole.

        Returns:
            The link's id.
        """
        name = self.find(_links_of(part)) or _links_of(part)
        root = (
            parse_part(self.read(name))
            if self.find(name)
            else etree.Element(f"{{{RELATIONS}}}Relationships", nsmap={None: RELATIONS})  # type: ignore[dict-item] # None stands for the default namespace
        )
        taken = {link.get("Id", "") for link in root}
        number = len(taken) + 1
        while f"rId{number}" in taken:
            number += 1
        # The whole name from the root: what is relative to a folder differs from program to program.
        etree.SubElement(root, f"{{{RELATIONS}}}Relationship", Id=f"rId{number}", Type=kind, Target=f"/{target}")
        self.put(name, serialise(root))
        return f"rId{number}"

    def cut(self, part: str, link_id: str) -> None:
        """Take a link out, and every part that nothing links to any more."""
        gone = [self.links(part)[link_id][1]]
        name = self.find(_links_of(part)) or _links_of(part)
        root = parse_part(self.read(name))
        for link in root.findall(f"{{{RELATIONS}}}Relationship"):
            if link.get("Id") == link_id:
                root.remove(link)
        self.put(name, serialise(root))
        while gone:
            name = gone.pop()
            linked = {to for other in ["", *self.names()] for _, to in self.links(other).values()}
            if self.find(name) is not None and name not in linked:
                gone += [to for _, to in self.links(name).values()]
                self._drop(name)

    def _drop(self, name: str) -> None:
        for gone in (name, _links_of(name)):
            self._changed.pop(gone, None)
            self._rewritten.pop(gone, None)
            self._dropped.add(gone)
            self._set_type(gone, "")
        extension = _extension(name)
        if not any(_extension(left) == extension for left in self.names()):
            for default in self._types.findall(f"{{{TYPES}}}Default"):
                if default.get("Extension", "").casefold() == extension:
                    self._types.remove(default)

    def content(self) -> bytes:
        """Return the package with everything done: parts that are not touched have the bytes they had."""
        out = io.BytesIO()
        types = self._known(_TYPES_PART)
        self._type_all()
        self._changed[types] = serialise(self._types)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (types, *(name for name in self.names() if name != types)):
                large = name in self._rewritten or self._is_large(name)
                archive.compresslevel = 1 if large else 6
                with archive.open(name, "w", force_zip64=large) as part:
                    touched = name in self._changed or name in self._rewritten
                    for piece in (
                        self.chunks(name) if touched else _unpacked(name, self.package.chunks_as_they_are(name))
                    ):
                        part.write(piece)
        return out.getvalue()

    def _is_large(self, name: str) -> bool:
        changed = self._changed.get(name)
        if isinstance(changed, Borrowed):
            return changed.giver.package.size(changed.part) > _LARGE
        return (self.package.size(name) if changed is None else len(changed)) > _LARGE


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What a part of another package holds, read only when this one is written."""

    giver: PackageEdit
    part: str


def _sliced(content: bytes) -> Iterator[bytes]:
    return (content[at : at + _LARGE] for at in range(0, len(content), _LARGE))


def _unpacked(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except WorkbookError:
        raise Unpatchable(f"its part {name} does not unpack") from None


def _extension(name: str) -> str:
    return posixpath.splitext(f"x{posixpath.basename(name)}")[1].removeprefix(".").casefold()  # ``.rels`` has one too


def _links_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def whole_tags(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a part's pieces anew, so that no tag is in two of them."""
    rest = b""
    for piece in pieces:
        end = piece.rfind(b">") + 1
        if end:
            yield rest + piece[:end]
            rest = piece[end:]
        else:
            rest += piece
    if rest:
        yield rest


def attribute(tag: bytes, name: bytes) -> bytes | None:
    """Return what an attribute says in the bytes of a start tag; None if it is not there."""
    found = re.search(rb"\s" + re.escape(name) + rb"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return None if found is None else found[1] if found[1] is not None else found[2]
