"""A server on this machine that gives one file, and can be told to break, redirect, change or refuse."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    breaks: int = 0  # how many answers end in the middle
    etag: str = '"one"'
    linked: str = ""  # sent with a redirect, as the hub does for large files
    ranges: bool = True
    status: int = 0
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """The server while the block runs."""
    about = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            about.asked.append(wanted)
            if about.status:
                return self.send_error(about.status)
            if about.linked and self.path == "/file":
                self.send_response(302)
                self.send_header("Location", "/cdn")
                self.send_header("X-Linked-Etag", about.linked)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            start = int(wanted[6:-1]) if wanted and about.ranges else 0
            if self.headers.get("If-Range", about.etag) != about.etag:
                start = 0
            if start >= len(about.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(about.content)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            part = about.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(part)))
            self.send_header("ETag", about.etag)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(about.content) - 1}/{len(about.content)}")
            self.end_headers()
            if about.breaks > 0:
                about.breaks -= 1
                part = part[: max(len(part) // 2, 1)]
            with contextlib.suppress(OSError):
                self.wfile.write(part)
            return None

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        about.url = f"http://127.0.0.1:{http.server_address[1]}/file"
        yield about
        http.shutdown()
        thread.join()
