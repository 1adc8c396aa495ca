"""A stand-in for the Hugging Face Hub: kernels to find, and a place that takes commits."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Builds = dict[str, list[str] | None]
"""By the name of a build variant the archs in its metadata, or None where it has no metadata."""


class HubDouble:
    """What the server holds, and what was sent to it.

    Attributes:
        kernels: repository to builds of its version 2.
        commits: branch to files by path, as commits sent them.
        status: what writing requests are answered with.
    """

    def __init__(self, kernels: dict[str, Builds]) -> None:
        self.kernels = kernels
        self.commits: dict[str, dict[str, str]] = {}
        self.created: list[dict[str, Any]] = []
        self.searched: list[str] = []
        self.status = 200
        self.endpoint = ""

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/kernels":
            self.searched += query["search"]
            # A server that ignores the words: the command must look at the names itself.
            return [{"id": name} for name in self.kernels]
        for name, builds in self.kernels.items():
            if path == f"/api/kernels/{name}/refs":
                refs = [
                    {"name": each, "ref": f"refs/heads/{each}", "targetCommit": "c0"}
                    for each in ("main", "v1", "v2")
                ]
                return {"branches": refs, "tags": [], "converts": []}
            if path == f"/api/kernels/{name}/tree/v2/build":
                return [{"type": "directory", "path": f"build/{b}", "oid": "0"} for b in builds]
            for build, archs in builds.items():
                if path == f"/kernels/{name}/resolve/v2/build/{build}/metadata.json" and archs:
                    return {"backend": {"type": "cuda", "archs": archs}}
        return None

    def post(self, path: str, body: bytes) -> Any:
        if path == "/api/repos/create":
            self.created.append(json.loads(body))
            return {"url": f"{self.endpoint}/kernels/me/mine", "name": "me/mine"}
        where = path.removeprefix("/api/kernels/me/mine/")
        what, _, branch = where.partition("/")
        if what == "preupload":
            files = json.loads(body)["files"]
            return {
                "files": [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in files
                ]
            }
        if what == "commit":
            lines = [json.loads(line) for line in body.splitlines()]
            self.commits[branch] = {
                line["value"]["path"]: b64decode(line["value"]["content"]).decode()
                for line in lines
                if line["key"] == "file"
            }
            return {"commitUrl": f"{self.endpoint}/kernels/me/mine/commit/c1", "commitOid": "c1"}
        return {}


@contextmanager
def serving(kernels: dict[str, Builds]) -> Iterator[HubDouble]:
    """Run the server for the length of the body."""
    hub = HubDouble(kernels)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            found = hub.get(asked.path, parse_qs(asked.query))
            self._answer(*((200, found) if found is not None else (404, {"error": "not there"})))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hub.status != 200:
                return self._answer(hub.status, {"error": "not yours"})
            return self._answer(200, hub.post(urlsplit(self.path).path, body))

        def _answer(self, status: int, content: Any) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status == 404:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
