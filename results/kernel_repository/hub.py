"""Kernels on the Hub: those that are there, and those that are put there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..hub import HubError, hub_api, hub_errors
from .repository import KernelRepository
from .variants import Target, Variant, parse_variant

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LISTED: Final = 20
_SECONDS: Final = 30


@dataclass(frozen=True)
class HubKernel:
    """A kernel on the Hub at its newest version: how many builds it has, and which one fits.

    `variant` is the first build that the target would load, "" where none is. `archs` are those
    that it was built for, as far as its metadata says.
    """

    repo_id: str
    version: int | None
    builds: int
    variant: str
    archs: tuple[str, ...]


@dataclass(frozen=True)
class Upload:
    """What is sent to one branch of a repository on the Hub, by paths there."""

    branch: str
    files: dict[str, str]


def search_hub(op: str, known: list[str], target: Target) -> list[HubKernel]:
    """Ask the Hub for kernels by an operation's name, and for builds that a machine would load.

    Args:
        op: name of the operation.
        known: repositories that are looked at whatever their names are.
        target: the machine.

    Returns:
        The known ones first, then those whose names hold the operation's.

    Raises:
        HubError: the Hub does not answer.
    """
    api = _api()
    with hub_errors(f"search for {op}"):
        found = dict.fromkeys([*known, *_listed(api, op)])
        return [kernel for repo_id in found if (kernel := _look_at(api, repo_id, target))]


def uploads(repository: KernelRepository) -> list[Upload]:
    """Say what is sent where: the sources to `main`, builds and benchmarks to the version's branch.

    Source of the branches: kernel-builder/src/upload.rs of https://github.com/huggingface/kernels
    at 8ac69fc5.
    """
    builds = {path: text for path, text in repository.files.items() if path.startswith("build/")}
    sources = {path: text for path, text in repository.files.items() if path not in builds}
    if not builds:
        return [Upload("main", sources)]
    benchmarks = {p: text for p, text in sources.items() if p.startswith("benchmarks/")}
    return [Upload("main", sources), Upload("v1", builds | benchmarks)]


def push(repository: KernelRepository, repo_id: str) -> str:
    """Send a kernel repository to the Hub, where it is made if it is not there.

    Returns:
        Its address.

    Raises:
        HubError: the Hub does not answer, or does not let this user.
    """
    from huggingface_hub import CommitOperationAdd

    api = _api()
    with hub_errors(f"push to {repo_id}"):
        url = api.create_repo(repo_id, repo_type="kernel", exist_ok=True)
        for upload in uploads(repository):
            if upload.branch != "main":
                api.create_branch(repo_id, branch=upload.branch, repo_type="kernel", exist_ok=True)
            api.create_commit(
                repo_id,
                [
                    CommitOperationAdd(path, text.encode("utf-8", "surrogatepass"))
                    for path, text in upload.files.items()
                ],
                commit_message=f"{repository.name}, exported by skilldyno",
                repo_type="kernel",
                revision=upload.branch,
            )
    return str(url)


def _api() -> "HfApi":
    import huggingface_hub

    if not hasattr(huggingface_hub.HfApi, "kernel_info"):
        raise HubError(
            f"huggingface_hub {huggingface_hub.__version__} knows no kernel repositories:"
            " pip install --upgrade huggingface_hub."
        )
    return hub_api()


def _listed(api: "HfApi", op: str) -> Iterator[str]:
    for query in dict.fromkeys((op.replace("_", "-"), op.replace("_", ""))):
        for each in _get(f"{api.endpoint}/api/kernels", search=query, limit=_LISTED):
            # A server that does not search gives what it has.
            if query.replace("-", "") in _plain(each["id"].partition("/")[2]):
                yield each["id"]


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _look_at(api: "HfApi", repo_id: str, target: Target) -> HubKernel | None:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFolder

    try:
        refs = api.list_repo_refs(repo_id, repo_type="kernel")
    except (RepositoryNotFoundError, EntryNotFoundError):
        return None
    versions = [
        int(branch.name[1:])
        for branch in refs.branches
        if branch.name[:1] == "v" and branch.name[1:].isdigit()
    ]
    version = max(versions, default=None)
    revision = "main" if version is None else f"v{version}"
    try:
        tree = list(api.list_repo_tree(repo_id, "build", repo_type="kernel", revision=revision))
    except EntryNotFoundError:
        tree = []
    names = sorted(item.path.rpartition("/")[2] for item in tree if isinstance(item, RepoFolder))
    variants = [variant for name in names if (variant := parse_variant(name))]
    fitting = [variant for variant in variants if target.takes(variant)]
    for variant in fitting:
        archs = _archs(api, repo_id, revision, variant)
        if target.takes_archs(archs):
            return HubKernel(repo_id, version, len(names), variant.name, archs)
    return HubKernel(repo_id, version, len(names), "", ())


def _archs(api: "HfApi", repo_id: str, revision: str, variant: Variant) -> tuple[str, ...]:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    path = f"build/{variant.name}/metadata.json"
    url = hf_hub_url(repo_id, path, repo_type="kernel", revision=revision, endpoint=api.endpoint)
    try:
        metadata = _get(url)
    except EntryNotFoundError:
        return ()
    return tuple((metadata.get("backend") or {}).get("archs") or ())


def _get(url: str, **parameters: str | int) -> Any:
    """Fetch JSON from the Hub, which huggingface_hub has no function for."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    response = get_session().get(
        url, params=parameters, headers=build_hf_headers(), timeout=_SECONDS, follow_redirects=True
    )
    hf_raise_for_status(response)
    return response.json()
