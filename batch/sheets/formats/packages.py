"""Zip packages, opened with care: nothing is unpacked that was not measured first.

Every reader takes the parts of an ``.xlsx``, ``.xlsb``, ``.ods`` or zipped CSV folder from a `Package`. It
refuses what only attacks have (sizes that lie, thousandfold compression, entity declarations), so that the
readers behind it need not.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from batch.sheets.formats import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

CHUNK: Final = 1 << 17
"""Bytes given out at a time; few enough to stay in the cache of a core while they are looked at."""

MAX_INFLATED: Final = 2 << 30
"""Most bytes of all parts together: twice what a sheet with every row and thirty columns filled needs."""

MAX_RATIO: Final = 200
"""Most bytes out per byte in, for parts over `RATIO_FROM`. Real sheets, even monotonous ones, stay under 60."""

RATIO_FROM: Final = 100 << 20

_ROOT = re.compile(rb"<[A-Za-z_]")
_PROLOG: Final = 1 << 16


class Package:
    """A zip file whose table of contents was found sane.

    Args:
        path: The file.

    Raises:
        WorkbookError: It is truncated, encrypted, claims impossible sizes, or names a part twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, struct.error, UnicodeError, ValueError, NotImplementedError):
            raise refusals.damaged(path, "it begins like a workbook or zip, but its end is missing or wrong") from None
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        self._folded = {name.casefold(): name for name in self._entries}
        if len({entry.filename for entry in entries}) < len(entries):
            raise refusals.damaged(path, "it holds two parts of the same name")
        if any(entry.flag_bits & 1 for entry in entries):
            raise refusals.protected(path)
        self._refuse_bombs()

    def _refuse_bombs(self) -> None:
        total = sum(entry.file_size for entry in self._entries.values())
        if total > MAX_INFLATED:
            raise refusals.too_large(self.path, f"it would unpack to {total / 2**30:,.0f} GiB")
        for entry in self._entries.values():
            if entry.file_size > max(RATIO_FROM, MAX_RATIO * entry.compress_size):
                raise refusals.too_large(
                    self.path, f"its part {entry.filename} would unpack to an absurd multiple of its size"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parts, as they stand in the file."""
        return tuple(self._entries)

    def find(self, name: str) -> str | None:
        """Return the part of this name, whatever its case; None if there is none."""
        return self._folded.get(name.replace("\\", "/").lstrip("/").casefold())

    def size(self, name: str) -> int:
        """Return a part's size in bytes, unpacked."""
        return self._entries[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part's bytes, unpacked, at most `CHUNK` at a time. May run in several threads at once.

        Raises:
            WorkbookError: The part is cut off, does not match its checksum, or is not as large as it claims.
        """
        entry = self._entries[name]
        wrong = refusals.damaged(self.path, f"its part {name} is cut off or altered")
        checksum = total = 0
        with self.path.open("rb") as file:
            file.seek(max(entry.header_offset, 0))
            header = file.read(30)
            if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
                raise wrong
            file.seek(sum(struct.unpack("<HH", header[26:30])), 1)
            try:
                for chunk in self._unpacked(file, entry):
                    total += len(chunk)
                    if total > entry.file_size:
                        raise refusals.too_large(self.path, f"its part {name} is larger than it claims")
                    checksum = zlib.crc32(chunk, checksum)
                    yield chunk
            except zlib.error:
                raise wrong from None
        if total != entry.file_size or checksum != entry.CRC:
            raise wrong

    def _unpacked(self, file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        if entry.compress_type == zipfile.ZIP_STORED:
            yield from _read(file, entry.compress_size)
        elif entry.compress_type == zipfile.ZIP_DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            for packed in _read(file, entry.compress_size):
                yield inflater.decompress(packed, CHUNK)
                while inflater.unconsumed_tail:
                    yield inflater.decompress(inflater.unconsumed_tail, CHUNK)
            yield inflater.flush()
        else:
            raise refusals.damaged(self.path, f"its part {entry.filename} is packed in an unusual way")

    def read(self, name: str) -> bytes:
        """Return all bytes of a part. Only for parts that are small, or wanted whole."""
        return b"".join(self.chunks(name))

    def refuse_entities(self, names: Iterable[str]) -> None:
        """Look at the beginning of XML parts, up to the first element.

        Raises:
            WorkbookError: One declares a document type (and so could declare entities), or is not in UTF-8.
        """
        for name in names:
            head = next(self.chunks(name), b"")[:_PROLOG]
            root = _ROOT.search(head)
            prolog = head[: root.start()] if root else head
            if b"<!DOCTYPE" in prolog or b"<!ENTITY" in prolog:
                raise refusals.entities(self.path, name)
            if not root and self.size(name):
                raise refusals.damaged(self.path, f"its part {name} is not readable XML")

    def elements(self, name: str) -> list[tuple[str, dict[str, str]]]:
        """Return the elements of a small XML part in order, each with local name and attributes by local name.

        Raises:
            WorkbookError: It is not well-formed, or declares entities.
        """
        found: list[tuple[str, dict[str, str]]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            found.append((local(tag), {local(key): value for key, value in attributes.items()}))

        parser = strict_parser(self, name)
        parser.StartElementHandler = start
        feed(self, name, parser)
        return found


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, CHUNK))):
        size -= len(chunk)
        yield chunk


def office_document(package: Package) -> str | None:
    """Return the part that an Office package calls its document: a workbook's list of sheets."""
    return next(iter(targets(package, "", "/officeDocument").values()), None)


def list_of_sheets(package: Package) -> str:
    """Return the part that lists a workbook's sheets.

    Raises:
        WorkbookError: There is none.
    """
    part = office_document(package)
    if part is None:
        raise refusals.damaged(package.path, "it has no list of sheets")
    return part


def targets(package: Package, part: str, kind: str = "") -> dict[str, str]:
    """Return the parts that a part links to, by the link's id; ``""`` is the package itself.

    Args:
        package: The package.
        part: Whose links.
        kind: What the link's type ends with; all links if empty.
    """
    folder, name = posixpath.split(part)
    links = package.find(f"{folder}/_rels/{name}.rels")
    found: dict[str, str] = {}
    for _, attributes in package.elements(links) if links else ():
        target = attributes.get("Target", "").replace("\\", "/")
        linked = package.find(posixpath.normpath(posixpath.join("/", folder, target)))
        if linked is not None and attributes.get("Type", "").endswith(kind):
            found[attributes.get("Id", "")] = linked
    return found


def local(tag: str) -> str:
    """Return an XML name without its prefix."""
    return tag.rpartition(":")[2]


def strict_parser(package: Package, part: str) -> expat.XMLParserType:
    """Return an expat parser that refuses document types, and with them entities."""

    def refuse(*_: object) -> None:
        raise refusals.entities(package.path, part)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def feed(package: Package, part: str, parser: expat.XMLParserType) -> None:
    """Run a part through a parser, a chunk at a time.

    Raises:
        WorkbookError: It is not well-formed.
    """
    feed_chunks(package, part, package.chunks(part), parser)


def feed_chunks(package: Package, part: str, chunks: Iterable[bytes], parser: expat.XMLParserType) -> None:
    """Run what is left of a part through a parser.

    Raises:
        WorkbookError: It is not well-formed.
    """
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError):  # the latter two at an encoding nobody knows
        raise refusals.damaged(package.path, f"its part {part} is not well-formed XML") from None


def mark_of(package: Package, part: str, mark: str) -> str | None:
    """Return the text of the custom property of this name in a part with document properties; None if it has none."""
    name = package.find(part)
    if name is None:
        return None
    found: list[str] | None = None
    inside = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal found, inside
        if local(tag) in {"property", "user-defined"}:
            named = {local(key): value for key, value in attributes.items()}
            inside = named.get("name") == mark
            found = [] if inside else found

    def text(text: str) -> None:
        if inside and found is not None:
            found.append(text)

    def end(tag: str) -> None:
        nonlocal inside
        inside = inside and local(tag) not in {"property", "user-defined"}

    parser = strict_parser(package, name)
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = start, text, end
    feed(package, name, parser)
    return None if found is None else "".join(found).strip()
