"""A web server on this machine that serves a folder by ranges, and counts what it sends."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class RangeServer:
    """The server's address, and the bytes and requests by file name."""

    address: str = ""
    sent: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def serving(folder: Path, *, ranges: bool = True) -> Iterator[RangeServer]:
    """Serve a folder; without `ranges` as a server that always sends whole files."""
    seen = RangeServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = folder / self.path.lstrip("/")
            if not path.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            size = path.stat().st_size
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if ranges else None
            first, last = (int(wanted[1]), min(int(wanted[2]), size - 1)) if wanted else (0, size - 1)
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("ETag", f'"{size}-{path.stat().st_mtime_ns}"')
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            if body:
                seen.requests[path.name] = seen.requests.get(path.name, 0) + 1
                with path.open("rb") as file, contextlib.suppress(ConnectionError):
                    file.seek(first)
                    while first <= last:
                        piece = file.read(min(1 << 16, last - first + 1))
                        self.wfile.write(piece)
                        seen.sent[path.name] = seen.sent.get(path.name, 0) + len(piece)
                        first += len(piece)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
