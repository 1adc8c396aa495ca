"""A server of a language model for tests: OpenAI's chat completions, with every fault wanted."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[int], "tuple[int, str]"]
"""The number of a request, from 1, to a status and the text of a completion or of an error."""


@dataclass
class ModelServer:
    """A server that runs.

    Attributes:
        url: what a provider takes as its base URL.
        requests: the requests so far.
    """

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What makes the models `openai-api/fake/...` come from here."""
        return {"FAKE_API_KEY": "a-key", "FAKE_BASE_URL": self.url}


@contextmanager
def model_server(answer: Answer, delay: float = 0.0) -> Iterator[ModelServer]:
    """Serve on this machine while the body runs.

    Args:
        answer: what to say.
        delay: seconds before each answer.
    """
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                served.requests.append(body)
                number = len(served.requests)
            status, text = answer(number)
            time.sleep(delay)
            content = json.dumps(completion(text) if status == 200 else {"error": error(text)})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed leaves its connection."""

    server = Server(("127.0.0.1", 0), Handler)
    served = ModelServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def completion(text: str) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 40},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }


def error(text: str) -> dict[str, Any]:
    return {"message": text, "type": "error", "code": None, "param": None}
