"""Has the server of commands run one: also as a program, which a shell takes for the command."""

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVER = "SKILLDYNO_COMMAND_SERVER"
"""The environment variable that holds the server's socket."""


def run_command(
    server: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    streams: Sequence[int] = (0, 1, 2),
) -> int:
    """Run a command in a folder, with streams for its own three; its exit code."""
    request = {
        "arguments": arguments,
        "environment": dict(environment),
        "folder": str(folder),
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server)
        socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], streams)
        return int(connection.makefile().readline())


if __name__ == "__main__":
    sys.exit(run_command(os.environ[SERVER], sys.argv[1:], os.environ, Path.cwd()))
