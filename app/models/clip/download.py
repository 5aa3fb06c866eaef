"""Bringing one large file over the network: goes on where it broke off, checked, cancelled between blocks."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.models.clip.errors import ClipError

BLOCK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""

ATTEMPTS = 4
"""How often in a row a connection may break without a byte gained before it is given up."""

Steps = Generator[tuple[int, int, str], None, None]


class NotThere(ClipError):
    """The server answers that there is no such file."""


class Offline(ClipError):
    """No server could be reached at all."""


class _BrokenError(Exception):
    """A connection broke in the middle; what has arrived is kept."""


@dataclass
class _Answer:
    """What a server said of a file: its length (0 unknown), SHA-256 ("" unknown) and version."""

    total: int = 0
    sha256: str = ""
    version: str = ""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and keeps what the first server says of the file that another one then sends."""

    def __init__(self) -> None:
        self.linked = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        self.linked = self.linked or str(headers.get("X-Linked-Etag") or "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, target: Path, sha256: str = "") -> Generator[tuple[int, int, str], None, bool]:
    """Bring ``url`` to ``target``; yields bytes done, bytes in all (0: unknown) and what is being done.

    What arrives lies in ``target``.part, from which the next call goes on. The file appears under its name whole
    and checked, or not at all.

    Parameters
    ----------
    sha256 : the beginning of the file's SHA-256 in hex as published, "" where the server alone may know it

    Returns
    -------
    Whether there was a checksum to compare with; without one the length alone was.

    Raises
    ------
    NotThere, Offline
        There is no such file; no server can be reached.
    ClipError
        The connection broke and would not come back, the checksum differs, or the disk is full.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file, _alone(file, target):
            answer = yield from _all_of(url, file, part)
            file.flush()
            os.fsync(file.fileno())
            yield from _check(part, sha256.lower() or answer.sha256, answer.total)
            part.replace(target)
    except OSError as error:
        raise ClipError(f"{target} cannot be written ({error.strerror or error}).") from error
    finally:
        _tidy(part)
    return bool(sha256 or answer.sha256)


def _tidy(part: Path) -> None:
    """Leave nothing beside a whole file, nor an empty beginning of one that never came."""
    with contextlib.suppress(OSError):
        if not part.exists() or part.stat().st_size == 0:
            part.unlink(missing_ok=True)
            _version_of(part).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(file: BinaryIO, target: Path) -> Iterator[None]:
    """Nobody else downloads to the same place meanwhile; ``ClipError`` where somebody does."""
    try:
        import fcntl
    except ImportError:  # other systems keep two writers from one file by themselves
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ClipError(f"{target.name} is being downloaded already, by another window or command.") from None
    yield  # the lock ends with the open file


def _all_of(url: str, file: BinaryIO, part: Path) -> Generator[tuple[int, int, str], None, _Answer]:
    """Receive until the file is whole, over as many connections as it takes."""
    failed = 0
    while True:
        before = file.tell()
        try:
            return (yield from _receive(url, file, part))
        except _BrokenError as error:
            failed = failed + 1 if file.tell() <= before else 1
            if failed >= ATTEMPTS:
                raise ClipError(
                    f"The connection to {_server(url)} broke off after {file.tell() / 1e6:.1f} MB ({error}); what "
                    "has arrived is kept, and the next attempt goes on from there."
                ) from error


def _receive(url: str, file: BinaryIO, part: Path) -> Generator[tuple[int, int, str], None, _Answer]:
    """One connection, from where the file ends now."""
    have = file.tell()
    redirects = _Redirects()
    try:
        response = _open(url, have, part, redirects)
    except urllib.error.HTTPError as error:
        return _refused(error, url, file)
    except urllib.error.URLError as error:
        if have:
            raise _BrokenError(str(error.reason)) from error
        raise Offline(f"{_server(url)} cannot be reached ({error.reason}).") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(_reason(error)) from error
    with response:
        if response.status != 206:
            have = 0  # the server sends all of it: another version, or it knows no parts
            file.truncate(0)
            file.seek(0)
        answer = _answer(response, have, redirects.linked)
        _version_of(part).write_text(answer.version, "utf-8")
        _room(part, answer.total - have)
        yield from _copy(response, file, answer.total)
    if file.tell() < answer.total:
        raise _BrokenError("it ended early")
    return answer


def _open(url: str, have: int, part: Path, redirects: _Redirects) -> Any:
    if not url.startswith(("https://", "http://")):
        raise ClipError(f"{url} is no address on the network.")
    request = urllib.request.Request(url, headers={"User-Agent": "lidarscope", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        version = _version_of(part)
        if version.is_file() and (text := version.read_text("utf-8").strip()):
            request.add_header("If-Range", text)
    return urllib.request.build_opener(redirects).open(request, timeout=TIMEOUT)


def _refused(error: urllib.error.HTTPError, url: str, file: BinaryIO) -> _Answer:
    """What a server's refusal means: already whole, not there, not allowed, or worth another attempt."""
    with error:
        if error.code == 416:
            total = _number(r"bytes \*/(\d+)", str(error.headers.get("Content-Range", "")))
            if total and total == file.tell():
                return _Answer(total, _hash_in(str(error.headers.get("ETag", ""))))
            file.truncate(0)
            file.seek(0)
            raise _BrokenError("it holds another file than before")
        if error.code in (404, 410):
            raise NotThere(f"{url} is not there ({error.code}).")
        if error.code in (401, 403):
            raise ClipError(f"{_server(url)} does not give {url.rsplit('/', 1)[-1]} to everybody ({error.code}).")
        raise _BrokenError(f"answer {error.code}")


def _copy(response: Any, file: BinaryIO, total: int) -> Steps:
    while True:
        try:
            block = response.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(_reason(error)) from error
        if not block:
            return
        file.write(block)
        yield file.tell(), total, "downloading"


def _answer(response: Any, have: int, linked: str) -> _Answer:
    headers = response.headers
    total = _number(r"bytes \d+-\d+/(\d+)", str(headers.get("Content-Range", "")))
    if not total:
        length = str(headers.get("Content-Length", ""))
        total = have + int(length) if length.isdigit() else 0
    version = str(headers.get("ETag") or "")
    # Large files are stored under their SHA-256, which some servers give as the version.
    return _Answer(total, _hash_in(linked) or _hash_in(version), "" if version.startswith("W/") else version)


def _check(part: Path, expected: str, total: int) -> Steps:
    """Compare the checksum; a file that differs is deleted, because going on from it would never end well."""
    if not expected:
        return
    digest, done = hashlib.sha256(), 0
    with part.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            yield done, total, "checking"
    found = digest.hexdigest()
    if not found.startswith(expected):
        part.unlink()
        raise ClipError(
            f"{part.stem} arrived with checksum {found[:12]}… instead of {expected[:12]}…; it was deleted. Try "
            "again, or on another network."
        )


def _room(part: Path, wanted: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if wanted > free:
        raise ClipError(
            f"{part.parent} has {free / 1e6:.0f} MB left and {wanted / 1e6:.0f} MB are still to come; make room."
        )


def _version_of(part: Path) -> Path:
    return part.with_name(part.name + ".version")


def _hash_in(text: str) -> str:
    found = re.search(r"\b[0-9a-f]{64}\b", text)
    return found.group() if found else ""


def _number(pattern: str, text: str) -> int:
    found = re.match(pattern, text)
    return int(found.group(1)) if found else 0


def _server(url: str) -> str:
    return url.split("/")[2]


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
