"""A stand-in for the Hugging Face Hub: kernels to find, and repositories that take commits."""

import hashlib
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Builds = dict[str, list[str] | None]
"""By the name of a build variant the archs in its metadata, or None where it has no metadata."""

_LARGE = (".parquet", ".png", ".eval")
"""What the Hub keeps beside git, as its .gitattributes say."""


class HubDouble:
    """What the server holds, and what was sent to it.

    Attributes:
        kernels: repository to builds of its version 2.
        datasets: repository to files by path, at its one commit.
        commits: branch to files by path, as commits to a kernel sent them.
        status: what writing requests are answered with.
        tokens: those that came with requests.
    """

    def __init__(self, kernels: dict[str, Builds]) -> None:
        self.kernels = kernels
        self.datasets: dict[str, dict[str, bytes]] = {}
        self.commits: dict[str, dict[str, str]] = {}
        self.created: list[dict[str, Any]] = []
        self.searched: list[str] = []
        self.tokens: set[str] = set()
        self.status = 200
        self.endpoint = ""
        self._large: dict[str, bytes] = {}

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path.startswith(("/api/datasets/", "/datasets/")):
            return self._get_dataset(path)
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

    def commit_of(self, name: str) -> str:
        """The commit that a dataset is at."""
        held = b"".join(path.encode() + text for path, text in sorted(self.datasets[name].items()))
        return hashlib.sha1(held).hexdigest()

    def _get_dataset(self, path: str) -> Any:
        for name, files in self.datasets.items():
            commit = self.commit_of(name)
            if path in (f"/api/datasets/{name}", f"/api/datasets/{name}/revision/{commit}"):
                siblings = [{"rfilename": file} for file in sorted(files)]
                return {"id": name, "sha": commit, "siblings": siblings}
            if path == f"/api/datasets/{name}/tree/main":
                return [
                    {"type": "file", "path": file, "oid": "0", "size": len(text)}
                    for file, text in files.items()
                ]
            resolved = path.removeprefix(f"/datasets/{name}/resolve/{commit}/")
            if resolved in files:
                return files[resolved]
        return None

    def post(self, path: str, body: bytes) -> Any:
        if path == "/api/repos/create":
            created = json.loads(body)
            self.created.append(created)
            kind = created["type"]
            if kind == "dataset":
                self.datasets.setdefault("me/mine", {})
            return {"url": f"{self.endpoint}/{kind}s/me/mine", "name": "me/mine"}
        if path == "/datasets/me/mine.git/info/lfs/objects/batch":
            upload = {"upload": {"href": f"{self.endpoint}/large"}}
            objects = [each | {"actions": upload} for each in json.loads(body)["objects"]]
            return {"transfer": "basic", "objects": objects}
        kind = path.removeprefix("/api/").partition("/")[0]
        what, _, branch = path.removeprefix(f"/api/{kind}/me/mine/").partition("/")
        if what == "preupload":
            files = json.loads(body)["files"]
            return {
                "files": [
                    {
                        "path": f["path"],
                        "uploadMode": "lfs" if f["path"].endswith(_LARGE) else "regular",
                        "shouldIgnore": False,
                    }
                    for f in files
                ]
            }
        if what == "commit":
            lines = [json.loads(line) for line in body.splitlines()]
            if kind == "datasets":
                for line in lines:
                    self._commit_to_dataset(line["key"], line["value"])
            else:
                self.commits[branch] = {
                    line["value"]["path"]: b64decode(line["value"]["content"]).decode()
                    for line in lines
                    if line["key"] == "file"
                }
            return {"commitUrl": f"{self.endpoint}/{kind}/me/mine/commit/c1", "commitOid": "c1"}
        return {}

    def put(self, body: bytes) -> None:
        self._large[hashlib.sha256(body).hexdigest()] = body

    def _commit_to_dataset(self, key: str, value: dict[str, Any]) -> None:
        files = self.datasets["me/mine"]
        if key == "file":
            files[value["path"]] = b64decode(value["content"])
        elif key == "lfsFile":
            files[value["path"]] = self._large[value["oid"]]
        elif key == "deletedFile":
            del files[value["path"]]


def headers_of(status: int, path: str, content: Any) -> dict[str, str]:
    """What the Hub says of an answer: of a file its commit and digest, of a 404 what is missing."""
    if isinstance(content, bytes):
        commit = path.partition("/resolve/")[2].partition("/")[0]
        return {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": commit}
    headers = {"Content-Type": "application/json"}
    if status == 404:
        missing = "RepoNotFound" if path.startswith("/api/datasets") else "EntryNotFound"
        headers["X-Error-Code"] = missing
    return headers


@contextmanager
def serving(kernels: dict[str, Builds]) -> Iterator[HubDouble]:
    """Run the server for the length of the body."""
    hub = HubDouble(kernels)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            found = hub.get(unquote(asked.path), parse_qs(asked.query))
            self._answer(*((200, found) if found is not None else (404, {"error": "not there"})))

        do_HEAD = do_GET

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hub.status != 200:
                return self._answer(hub.status, {"error": "not yours"})
            return self._answer(200, hub.post(urlsplit(self.path).path, body))

        def do_PUT(self) -> None:
            hub.put(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(200, {})

        def _answer(self, status: int, content: Any) -> None:
            hub.tokens.add(self.headers.get("Authorization", "").removeprefix("Bearer "))
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers_of(status, self.path, content).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
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
