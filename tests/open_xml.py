"""Packages of Office Open XML for tests: made, bent, taken apart, and looked at as a strict program would."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from xlsxwriter import Workbook

from tests.soundness import faults_of


def parts(path: Path) -> dict[str, bytes]:
    """Return every part of a package."""
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
        assert len(names) == len(set(names))
        return {name: package.read(name) for name in names}


def repacked(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Path:
    """Write a package again with its parts changed."""
    changed = change(parts(path))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in changed.items():
            package.writestr(name, content)
    return path


def made(path: Path, fill: Callable[[Workbook], Any], **options: Any) -> Path:
    """Make a workbook with XlsxWriter."""
    with Workbook(path, options) as book:
        fill(book)
    return path


def prefixed(content: bytes) -> bytes:
    """Return a part whose own elements all have the prefix ``x:``."""
    content = re.sub(rb"<(/?)([A-Za-z]+)(?=[\s/>])", rb"<\1x:\2", content)
    return content.replace(b"xmlns=", b"xmlns:x=")


def strict(content: bytes) -> bytes:
    """Return a part in the namespaces of the strict kind."""
    names = {
        b"spreadsheetml/2006/main": b"spreadsheetml/main",
        b"officeDocument/2006/relationships": b"officeDocument/relationships",
        b"drawingml/2006/main": b"drawingml/main",
        b"drawingml/2006/chart": b"drawingml/chart",
        b"drawingml/2006/spreadsheetDrawing": b"drawingml/spreadsheetDrawing",
    }
    for loose, tight in names.items():
        content = content.replace(b"http://schemas.openxmlformats.org/" + loose, b"http://purl.oclc.org/ooxml/" + tight)
    return content


def look_through(path: Path) -> None:
    """Fail where a package is not what a strict program expects, or does not open."""
    assert faults_of(path) == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says what it would lose on saving
        openpyxl.load_workbook(path).close()
