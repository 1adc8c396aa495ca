"""The prompt of an eval task: the whole of what a model is told about it."""

from dataclasses import dataclass
from typing import Final

from .eval_task import EvalTask
from .language import Language
from .problem import Problem
from .problem_prompt import write_problem_prompt


@dataclass(frozen=True)
class _Wording:
    """What a prompt says differently from language to language."""

    fence: str
    qualifier: str
    placement: str


_WORDINGS: Final[dict[Language, _Wording]] = {
    "cpp": _Wording(fence="cpp", qualifier="C++", placement=""),
    "cuda": _Wording(
        fence="cuda",
        qualifier="launching on the given stream, without synchronising",
        placement=", on the device",
    ),
    "triton": _Wording(
        fence="python",
        qualifier="Python, launching Triton kernels on the current stream, without synchronising",
        placement=", torch tensors on the device",
    ),
}

_LIBRARY: Final = {
    "forbidden": "No library calls (no cuBLAS, no ATen, no MKL): write the kernel yourself.",
    "allowed": "Library calls (cuBLAS, ATen, MKL) are allowed.",
}

_PROMPT: Final = """\
Write the fastest correct kernel you can for this operation on this hardware.

Operation: {name}
{description}

Hardware: {hardware}

Reference (PyTorch):
```python
{reference}
```

Your code must define exactly this function ({qualifier}):
```{fence}
{signature}
```
All tensors are contiguous, row-major{placement}. Shapes: {shapes}. Outputs are allocated by the \
caller and hold garbage. {library}
It is checked on several shapes, among them {workloads}, and on others not listed. It is scored on \
compiling, on numerical correctness against a float64 reference, and then on speed-up over PyTorch \
eager.

{answer}"""

_BLOCK: Final = (
    "Answer with one fenced ```{fence} block holding the whole source file, and nothing after it."
)
_FILE: Final = "Leave the whole source file in your folder as {file}."


def write_prompt(eval_task: EvalTask, file: str | None = None) -> str:
    """Return the prompt of an eval task, which names the visible workloads only.

    Args:
        eval_task: what is asked.
        file: the file that is to hold the kernel in the end; by default it is asked for in a block.
    """
    operation, language = eval_task.operation, eval_task.language
    if isinstance(operation, Problem):
        return write_problem_prompt(operation, eval_task.hardware)
    wording = _WORDINGS[language]
    workloads = operation.workloads_on(eval_task.hardware.kind)
    return _PROMPT.format(
        name=operation.name,
        description=operation.description,
        hardware=eval_task.hardware.description,
        reference=operation.shown_reference,
        qualifier=wording.qualifier,
        fence=wording.fence,
        signature=operation.signature(language),
        placement=wording.placement,
        shapes=operation.shapes(),
        library=_LIBRARY[operation.library],
        workloads="; ".join(workload.name for workload in workloads if workload.visible),
        answer=_FILE.format(file=file) if file else _BLOCK.format(fence=wording.fence),
    )
