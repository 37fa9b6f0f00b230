"""Zip packages, opened with care: nothing is unpacked that was not measured first.

Every reader takes the parts of an ``.xlsx``, ``.xlsb``, ``.ods`` or zipped CSV folder from a `Package`. It
refuses what only attacks have (sizes that lie, thousandfold compression, entity declarations), so that the
readers behind it need not.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import struct
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from xml.parsers import expat

from batch.readers.workbook import damaged, entities, protected, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
"""What the types of links between the parts of a workbook begin with."""
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
"""Namespace of workbook, sheets and styles."""

CHUNK: Final = 1 << 17
"""Bytes given out at a time; few enough to stay in the cache of a core while they are looked at."""

MAX_INFLATED: Final = 2 << 30
"""Most bytes of all parts together: twice what a sheet with every row and thirty columns filled needs."""

MAX_RATIO: Final = 200
"""Most bytes out per byte in, for parts over `RATIO_FROM`. Real sheets, even monotonous ones, stay under 60."""

RATIO_FROM: Final = 100 << 20

MAX_TRANSCODED: Final = 256 << 20
"""Most bytes of a part that is not in UTF-8: it is turned into it as a whole."""

_ROOT: Final = re.compile(rb"<[A-Za-z_]")
_ASIDE: Final = re.compile(rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_COMMENT: Final = b"<!--"
_COMMENTS: Final = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))|<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARATION: Final = re.compile(r"\s*<\?xml\b[^>]*\?>")
_DECLARED: Final = re.compile(rb"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_PROLOG: Final = 1 << 16
_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
"""How XML begins that is not written in single bytes."""


class Package:
    """A zip file whose table of contents was found sane.

    Args:
        path: The file.
        content: All of it, where it lies nowhere.

    Raises:
        WorkbookError: It is truncated, encrypted, or claims impossible sizes.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        self._content = content
        try:
            with self._opened() as file, zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, struct.error, UnicodeError, ValueError, NotImplementedError):
            raise damaged(path, "it begins like a workbook or zip, but its end is missing or wrong") from None
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._folded: dict[str, str] = {}
        self._twice: set[str] = set()
        self._plain: dict[str, bytes] = {}
        self._looked_at: set[str] = set()
        self.links: dict[str, Mapping[str, tuple[str, str | None]]] = {}
        """What `links` has read so far, by part."""
        self.odd = False
        """Whether names of parts are written as few programs understand them."""
        for entry in entries:
            self._take_in(entry)
        if any(entry.flag_bits & 1 for entry in entries):
            raise protected(path)
        self._check_bombs()

    def _opened(self) -> BinaryIO:
        return self.path.open("rb") if self._content is None else io.BytesIO(self._content)

    def _take_in(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename.replace("\\", "/").lstrip("/")
        if not name or name.endswith("/"):
            return
        known = self._entries.get(self._folded.get(name.casefold(), ""))
        self.odd = self.odd or name != entry.filename or known is not None
        if known is None:
            self._entries[name] = entry
            self._folded[name.casefold()] = name
        elif (known.CRC, known.file_size) != (entry.CRC, entry.file_size):
            self._twice.add(name.casefold())

    def _check_bombs(self) -> None:
        total = sum(entry.file_size for entry in self._entries.values())
        if total > MAX_INFLATED:
            raise too_large(self.path, f"it would unpack to {total / 2**30:,.0f} GiB")
        for entry in self._entries.values():
            if entry.file_size > max(RATIO_FROM, MAX_RATIO * entry.compress_size):
                raise too_large(self.path, f"its part {entry.filename} would unpack to an absurd multiple of its size")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parts, as they stand in the file."""
        return tuple(self._entries)

    def find(self, name: str) -> str | None:
        """Return the part of this name, whatever its case; None if there is none.

        Raises:
            WorkbookError: There are two, and they differ.
        """
        folded = name.replace("\\", "/").lstrip("/").casefold()
        if folded in self._twice:
            raise damaged(self.path, f"it holds two parts of the same name, {self._folded[folded]}")
        return self._folded.get(folded)

    def size(self, name: str) -> int:
        """Return a part's size in bytes, unpacked."""
        return self._entries[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part's bytes to be read, unpacked, at most `CHUNK` at a time. May run in several threads at once.

        Raises:
            WorkbookError: As `chunks_as_they_are`.
        """
        plain = self._plain.get(name)
        if plain is None:
            return self.chunks_as_they_are(name)
        return (plain[place : place + CHUNK] for place in range(0, len(plain), CHUNK))

    def chunks_as_they_are(self, name: str) -> Iterator[bytes]:
        """Yield a part's bytes in whatever encoding they are, unpacked, at most `CHUNK` at a time.

        Raises:
            WorkbookError: The part is cut off, does not match its checksum, or is not as large as it claims.
        """
        entry = self._entries[name]
        wrong = damaged(self.path, f"its part {name} is cut off or altered")
        checksum = total = 0
        with self._opened() as file:
            file.seek(max(entry.header_offset, 0))
            header = file.read(30)
            if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
                raise wrong
            file.seek(sum(struct.unpack("<HH", header[26:30])), 1)
            try:
                for chunk in self._unpacked(file, entry):
                    total += len(chunk)
                    if total > entry.file_size:
                        raise too_large(self.path, f"its part {name} is larger than it claims")
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
            raise damaged(self.path, f"its part {entry.filename} is packed in an unusual way")

    def read(self, name: str) -> bytes:
        """Return all bytes of a part. Only for parts that are small, or wanted whole."""
        return b"".join(self.chunks(name))

    def check_xml(self, names: Iterable[str]) -> None:
        """Look at the beginning of XML parts that are to be read; from then on they are read as UTF-8.

        Raises:
            WorkbookError: One declares a document type (and so could declare entities), or is no XML.
        """
        for name in names:
            if name not in self._looked_at:
                self._to_utf8(name)
                self._check_entities(name)
                self._looked_at.add(name)

    def _head(self, name: str) -> bytes:
        head = b""
        for chunk in self.chunks(name):
            head += chunk
            if len(head) >= _PROLOG:
                break
        return head[:_PROLOG]

    def _to_utf8(self, name: str) -> None:
        encoding = _encoding(self._head(name))
        if encoding is None:
            return
        if self.size(name) > MAX_TRANSCODED:
            raise too_large(self.path, f"its part {name} is not in UTF-8 and has {self.size(name) >> 20:,} MiB")
        try:
            text = self.read(name).decode(encoding)
        except (LookupError, UnicodeError):
            raise damaged(self.path, f"its part {name} is not in the encoding it names") from None
        self._plain[name] = _DECLARATION.sub("", text.removeprefix("\ufeff"), count=1).encode("utf-8", "replace")
        self.odd = True

    def drop_comments(self, names: Iterable[str]) -> None:
        """Read XML parts once, and from then on without the comments in them."""
        for name in names:
            before = b""
            found = False
            for chunk in self.chunks(name):
                found = found or _COMMENT in before + chunk
                before = chunk[-len(_COMMENT) :]
            if found:
                self._plain[name] = without_comments(self.read(name))
                self.odd = True

    def _check_entities(self, name: str) -> None:
        head = _ASIDE.sub(b"", self._head(name))
        root = _ROOT.search(head)
        prolog = head[: root.start()] if root else head
        if b"<!DOCTYPE" in prolog or b"<!ENTITY" in prolog:
            raise entities(self.path, name)
        if not root and self.size(name):
            raise damaged(self.path, f"its part {name} is not readable XML")

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


def _encoding(head: bytes) -> str | None:
    """Return how XML is encoded; None for UTF-8 that says so or says nothing."""
    for beginning, encoding in _WIDE:
        if head.startswith(beginning):
            return encoding
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8).lstrip())
    if declared is None:
        return None
    name = declared[1].decode().casefold()
    if head.startswith(codecs.BOM_UTF8) or name.startswith(("utf-16", "utf-32", "ucs-")):
        return "utf-8"  # .NET says utf-16 of what it then writes as UTF-8
    return None if name in {"utf-8", "us-ascii", "ascii"} else name


def without_comments(content: bytes) -> bytes:
    """Return XML without its comments; one that never ends stays, so that the XML is still not well-formed."""
    if _COMMENT not in content:
        return content
    return _COMMENTS.sub(lambda found: found[1] or (b"" if found[0].endswith(b"-->") else found[0]), content)


def office_document(package: Package) -> str | None:
    """Return the part that an Office package calls its document: a workbook's list of sheets."""
    return next(iter(targets(package, "", "/officeDocument").values()), None)


def list_of_sheets(package: Package) -> str:
    """Return the part that lists a workbook's sheets.

    Raises:
        WorkbookError: There is none.
    """
    part = office_document(package) or package.find("xl/workbook.xml")
    if part is None:
        raise damaged(package.path, "it has no list of sheets")
    return part


def targets(package: Package, part: str, kind: str = "") -> dict[str, str]:
    """Return the parts that a part links to, by the link's id; ``""`` is the package itself.

    ``kind`` is what the link's type ends with; all links if empty.
    """
    return {
        link: linked
        for link, (kind_of_link, linked) in links(package, part).items()
        if linked is not None and kind_of_link.endswith(kind)
    }


def links(package: Package, part: str) -> Mapping[str, tuple[str, str | None]]:
    """Return a part's links by their id: the link's type, and the part it leads to; None where that is not there."""
    if part not in package.links:
        package.links[part] = _read_links(package, part)
    return package.links[part]


def _read_links(package: Package, part: str) -> Mapping[str, tuple[str, str | None]]:
    folder, name = posixpath.split(part)
    listed = package.find(f"{folder}/_rels/{name}.rels")
    found: dict[str, tuple[str, str | None]] = {}
    for tag, attributes in package.elements(listed) if listed else ():
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/")))
            linked = package.find(target) or package.find(unquote(target))
            found[attributes.get("Id", "")] = (attributes.get("Type", ""), linked)
    return found


def local(tag: str) -> str:
    """Return an XML name without its prefix."""
    return tag.rpartition(":")[2]


def strict_parser(package: Package, part: str) -> expat.XMLParserType:
    """Return an expat parser that refuses document types, and with them entities."""

    def refuse(*_: object) -> None:
        raise entities(package.path, part)

    package.check_xml([part])
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
        raise damaged(package.path, f"its part {part} is not well-formed XML") from None


def mark_of(package: Package, part: str, mark: str) -> str | None:
    """Return the text of the custom property of this name in a part with document properties.

    None if it has none. Nothing else is read from that part, so that it says no more where it is not well-formed.
    """
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
    with suppress(expat.ExpatError, LookupError, ValueError):
        for chunk in package.chunks(name):
            parser.Parse(chunk, False)
    return None if found is None else "".join(found).strip()
