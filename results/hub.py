"""The Hugging Face Hub: its client, and its errors in one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..tasks.errors import UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LOGIN = "log in by `hf auth login`, or set HF_TOKEN"


class HubError(UsageError):
    """The Hub does not answer, or refuses."""


def hub_api() -> "HfApi":
    """The Hub's client, with the authentication that huggingface_hub has found itself."""
    import huggingface_hub

    return huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))


def require_token(what: str) -> None:
    """See that there is a token, before anything is made that would be sent.

    Raises:
        HubError: There is none.
    """
    from huggingface_hub import get_token

    if get_token() is None:
        raise HubError(f"Cannot {what}: there is no token for the Hub ({_LOGIN}).")


@contextmanager
def hub_errors(what: str) -> Iterator[None]:
    """Turn what can go wrong between here and the Hub into one sentence.

    Args:
        what: What was to be done, as in "push to me/mine".
    """
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    # Which of several packages it is depends on the version.
    from huggingface_hub.utils import httpx

    try:
        yield
    except HFValidationError as error:
        raise HubError(f"Cannot {what}: name the repository OWNER/NAME.") from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"Cannot {what}: there is no such repository, or not for this login ({_LOGIN})."
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"Cannot {what}: the repository has no such revision.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        mend = " (log in by `hf auth login`)" if status in (401, 403) else ""
        raise HubError(f"Cannot {what}: the Hub answers {status}{mend}.") from error
    except (httpx.HTTPError, LocalEntryNotFoundError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise HubError(f"Cannot {what}: {error.filename}: {error.strerror}.") from error
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise HubError(
            f"Cannot {what}: the Hub cannot be reached ({reason}); try again online."
        ) from error


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep the Hub's client from drawing progress bars, where the command shows its own."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()
