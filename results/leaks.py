"""Secrets of this machine do not get into what is published."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ..tasks.errors import UsageError
from .logs import read_log

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|CREDENTIAL", re.IGNORECASE)
_PLACE = re.compile(r"(PATH|FILE|DIR|FOLDER)$", re.IGNORECASE)
"""What such a variable names is where a secret is, and not one."""

_SHORTEST = 12
"""Characters of a value that is told from a word."""


class LeakError(UsageError):
    """Something to be published holds a secret."""


def refuse_leaks(rows: pd.DataFrame, files: Iterable[Path]) -> None:
    """See that no sample, log or evidence holds a token or key that this process knows.

    A candidate, a build log or a transcript may show what was in the environment of a run. Looked
    for are the values of environment variables whose names say that they are secret, and the
    Hub's token.

    Args:
        rows: Rows as they are published, nested columns as text.
        files: Logs, and JSON files, as they are published.

    Raises:
        LeakError: One does.
    """
    secrets = _secrets()
    if not secrets:
        return
    records: list[Any] = list(rows.itertuples(index=False))
    for record in records:
        text = "\n".join(value for value in record if isinstance(value, str))
        _refuse(text, secrets, f"{record.eval_task}, epoch {record.epoch}, in {record.log}")
    for file in files:
        is_log = file.suffix == ".eval"
        text = read_log(file).model_dump_json() if is_log else file.read_text("utf-8")
        _refuse(text, secrets, str(file))


def _secrets() -> dict[str, str]:
    """Value to the name of where it is from."""
    from huggingface_hub import get_token

    found = {
        value: name
        for name, value in os.environ.items()
        if _SECRET.search(name) and not _PLACE.search(name)
    }
    if token := get_token():
        found.setdefault(token, "the Hub's token")
    return {value: name for value, name in found.items() if len(value) >= _SHORTEST}


def _refuse(text: str, secrets: dict[str, str], where: str) -> None:
    for value, name in secrets.items():
        # As it is, or as it stands in JSON.
        if value in text or json.dumps(value)[1:-1] in text:
            raise LeakError(
                f"{where} holds the value of {name}: replace that secret, and leave the log out."
            )
