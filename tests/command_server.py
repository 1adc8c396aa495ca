"""Runs the skilldyno command in forks of one process that has imported what commands need.

Argument: the descriptor of a socket that listens.  Each connection brings a request in JSON, on one
line, of `arguments`, `environment` and `folder`, and three descriptors for the command's streams;
the answer is the exit code, on a line.  A fork is a process of its own, as the installed command
is, without the seconds that its imports take.  The server ends with its stdin.
"""

import atexit
import functools
import importlib.metadata
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
import threading
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import skilldyno.evals
from skilldyno.evals.cli import main

# What Inspect imports when it runs a first sample, as far as it is installed.
LATE = ("acp", "anthropic", "openai", "inspect_ai.model._openai_responses")
REQUEST_BYTES = 1 << 20


def get_ready() -> None:
    """Do once what each command would do again: its imports, and Inspect's scan of packages."""
    # Before the import of Inspect, which takes the function by its name.
    importlib.metadata.packages_distributions = functools.cache(packages_distributions)
    importlib.metadata.packages_distributions()
    for module in pkgutil.iter_modules(skilldyno.evals.__path__):
        import_module(f"skilldyno.evals.{module.name}")
    for name in LATE:
        try:
            import_module(name)
        except ImportError:
            continue


def become_command(request: dict, streams: list[int]) -> None:
    """Be the command, and end as it does."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for folder in request["environment"].get("PYTHONPATH", "").split(os.pathsep):
        if (Path(folder) / "sitecustomize.py").is_file():
            runpy.run_path(str(Path(folder) / "sitecustomize.py"))
    sys.argv = ["skilldyno", *request["arguments"]]
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        # To take all modules apart, as the interpreter would now, takes two seconds.
        threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)


def serve_one(connection: socket.socket) -> None:
    """Fork a command for a request, and answer with its exit code."""
    message, streams, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 3)
    while not message.endswith(b"\n"):
        message += connection.recv(REQUEST_BYTES)
    child = os.fork()
    if child == 0:
        connection.close()
        become_command(json.loads(message), streams)
    for stream in streams:
        os.close(stream)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(f"{code}\n".encode())


if __name__ == "__main__":
    get_ready()
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                serve_one(connection)
