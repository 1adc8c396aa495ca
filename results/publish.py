"""Results on the Hub: sent as a dataset, and those of others fetched."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from .dataset import ROWS
from .errors import ForeignDatasetError
from .hub import HubError, hub_api, hub_errors, require_token, without_bars

_REPLACED: Final = ["data/*", "plots/*", "logs/*"]
_WANTED: Final = re.compile(
    r"README\.md|leaderboard\.(json|md)|data/rows\.parquet|.+\.eval|.+/evidence/[^/]+\.json"
)


@dataclass(frozen=True)
class Pulled:
    """Results that were fetched.

    Attributes:
        repo_id: The repository on the Hub.
        revision: Its commit.
        folder: Where they are.
        files: Paths in it.
        logs: Number of logs; without any, what the rows say cannot be checked.
    """

    repo_id: str
    revision: str
    folder: Path
    files: tuple[str, ...]
    logs: int


def push_dataset(folder: Path, repo_id: str) -> str:
    """Send a dataset to the Hub, where it is made if it is not there.

    Rows, plots and logs that were there are replaced; other files are left as they are.

    Args:
        folder: As `write_dataset` made it.
        repo_id: OWNER/NAME.

    Returns:
        Its address.

    Raises:
        HubError: There is no token, the Hub does not answer, or it does not let this user.
    """
    what = f"push to {repo_id}"
    require_token(what)
    api = hub_api()
    with hub_errors(what):
        url = api.create_repo(repo_id, repo_type="dataset", exist_ok=True)
        try:
            api.upload_folder(
                repo_id=repo_id,
                repo_type="dataset",
                folder_path=folder,
                commit_message="Results of skilldyno",
                delete_patterns=_REPLACED,
            )
        except RuntimeError as error:
            # A file of several that are sent at once, whose own error is the cause.
            raise HubError(f"Cannot {what}: {str(error).partition(chr(10))[0]}") from error
    return str(url)


def pull_dataset(
    name: str, folder: Path, fetching: Callable[[str, int, int], None] = lambda *_: None
) -> Pulled:
    """Fetch results from the Hub: logs where there are some, and rows.

    They are fetched beside their place first, so that what is there is whole.

    Args:
        name: OWNER/NAME, or OWNER/NAME@REVISION.
        folder: Where they go, to `OWNER--NAME`; an earlier copy there is replaced.
        fetching: Told each file, its number and how many there are.

    Returns:
        What was fetched.

    Raises:
        HubError: There is no such repository or revision, or the Hub does not answer.
        ForeignDatasetError: It holds no results, or the folder holds something else.
    """
    repo_id, _, revision = name.partition("@")
    place = folder / repo_id.replace("/", "--")
    _require_earlier_copy(place)
    api = hub_api()
    draft = place.with_name(f".{place.name}.part")
    with hub_errors(f"pull {repo_id}"), without_bars():
        info = api.dataset_info(repo_id, revision=revision or None)
        commit = info.sha or revision or "main"
        files = sorted(each.rfilename for each in info.siblings or () if _is_wanted(each.rfilename))
        logs = sum(1 for file in files if file.endswith(".eval"))
        if not logs and ROWS not in files:
            raise ForeignDatasetError(
                f"{repo_id} holds no results of skilldyno: neither {ROWS} nor logs are in it."
            )
        shutil.rmtree(draft, ignore_errors=True)
        for number, file in enumerate(files, start=1):
            fetching(file, number, len(files))
            api.hf_hub_download(
                repo_id, file, repo_type="dataset", revision=commit, local_dir=draft
            )
    # The client's own notes on what it has fetched.
    shutil.rmtree(draft / ".cache", ignore_errors=True)
    if place.exists():
        shutil.rmtree(place)
    draft.rename(place)
    return Pulled(repo_id, commit, place, tuple(files), logs)


def _require_earlier_copy(place: Path) -> None:
    if place.exists() and not (place / ROWS).is_file() and not any(place.rglob("*.eval")):
        raise ForeignDatasetError(f"{place} holds something else: choose another folder.")


def _is_wanted(file: str) -> bool:
    return _WANTED.fullmatch(file) is not None and ".." not in PurePosixPath(file).parts
