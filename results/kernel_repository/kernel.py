"""A candidate with what the judge said of it, as an export takes it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ...tasks.catalogue import load_operation
from ...tasks.errors import UsageError
from ...tasks.eval_task import EvalTask
from ...tasks.hardware import load_profile
from ...tasks.language import SourceLanguage, language_within
from ...tasks.operation import Operation
from ...tasks.problem import Problem


class ExportError(UsageError):
    """A candidate that cannot be exported, or a place that it cannot be written to."""


@dataclass(frozen=True)
class JudgedKernel:
    """A candidate that the judge found correct.

    `files` are those of a candidate that is a kernel repository itself, by path. `model`, `variant`
    and `skill_fingerprint` are empty where it is no completion.

    Raises:
        ExportError: the evidence is of something else, or says anything but `correct`.
    """

    eval_task: EvalTask
    source: str
    evidence: dict[str, Any]
    files: dict[str, str] | None = None
    model: str = ""
    variant: str = ""
    skill_fingerprint: str = ""

    def __post_init__(self) -> None:
        """Refuse what the evidence does not speak for."""
        said = self.evidence
        asked = (self.eval_task.operation.name, self.eval_task.hardware.name)
        judged = (said["operation"], said["hardware"])
        if (*asked, self.eval_task.language) != (*judged, said["language"]):
            raise ExportError(
                f"The evidence is of {'/'.join(judged)}/{said['language']},"
                f" not of {self.eval_task.id}: give the evidence of this kernel."
            )
        if said["verdict"] != "correct":
            raise ExportError(
                f"The verdict on this kernel is {said['verdict']} ({said['reason']}), and only a"
                " correct one can be exported: mend the kernel, or choose another."
            )
        if said["candidate"] != self.digest:
            raise ExportError(
                "The evidence is of another source (the SHA-256 differs): judge this one by"
                f" `skilldyno judge FILE --op {asked[0]} --json`."
            )
        if said["operation_digest"] != self.eval_task.operation.digest:
            raise ExportError(
                f"The kernel was judged by another definition of {asked[0]} than this version has:"
                " judge it again by `skilldyno score LOGS`, or its file by `skilldyno judge`."
            )

    @property
    def operation(self) -> Operation:
        """What it computes."""
        operation = self.eval_task.operation
        if isinstance(operation, Problem):
            raise ExportError("A ModelNew solves a problem, and cannot be exported as a kernel.")
        return operation

    @property
    def spoken(self) -> SourceLanguage:
        """The language that its element types are of."""
        return language_within(self.eval_task.language, self.eval_task.hardware.kind)

    @property
    def digest(self) -> str:
        """The SHA-256 of the source, as the evidence names the candidate."""
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()


def kernel_of_row(row: dict[str, Any], files: dict[str, str] | None) -> JudgedKernel:
    """Take the candidate of one row of `best_kernels`.

    Args:
        row: by column.
        files: of a candidate in torch-ext, whose answer is all of them as one text.

    Raises:
        UsageError: its operation or profile is not known here, or was another when it was judged.
    """
    eval_task = EvalTask(load_operation(row["op"]), load_profile(row["hardware"]), row["language"])
    return JudgedKernel(
        eval_task=eval_task,
        source=row["answer"],
        evidence=dict(row["evidence"]),
        files=files,
        model=row["model"],
        variant=row["variant"],
        skill_fingerprint=row["skill_fingerprint"],
    )
