"""Sizes of PNG and JPEG pictures from their headers, and a full check, without decoding at opening time."""

from __future__ import annotations

from pathlib import Path

from app.core.datasets._files import explained
from app.core.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")

_HEADER = 256 << 10  # a JPEG may carry an EXIF block of 64 KB and thumbnails before its size
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers


def image_size(path: Path | str) -> tuple[int, int]:
    """(width, height) in pixels from the header of a PNG or JPEG file.

    Raises
    ------
    DataError
        The file cannot be read or its header is not one of a picture.
    """
    with explained(path), open(path, "rb") as file:  # noqa: PTH123
        head = file.read(32)
        if head.startswith(b"\xff\xd8"):
            head += file.read(_HEADER)
    size = _png_size(head) if head.startswith(b"\x89PNG\r\n\x1a\n") else _jpeg_size(head)
    if size is None or min(size) < 1:
        raise DataError(f"{path} is not a PNG or JPEG picture with a readable header; fetch it again.")
    return size


def _png_size(head: bytes) -> tuple[int, int] | None:
    if len(head) < 24 or head[12:16] != b"IHDR":
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    if not head.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _JPEG_SIZES:
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 2 + max(int.from_bytes(head[at + 2 : at + 4], "big"), 2)
    return None


def truncation(path: Path | str) -> str | None:
    """Why a picture is not whole, one sentence; None if its end is there. Reads a few bytes, decodes nothing.

    A PNG ends in an IEND chunk and a JPEG in an end-of-image marker; a file that was cut short has neither.
    """
    try:
        image_size(path)
        with explained(path), open(path, "rb") as file:  # noqa: PTH123
            is_png = file.read(1) == b"\x89"
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 64))
            tail = file.read()
    except DataError as error:
        return str(error)
    whole = b"IEND\xaeB`\x82" in tail if is_png else b"\xff\xd9" in tail
    return None if whole else f"{path} ends before its picture does; fetch it again."
