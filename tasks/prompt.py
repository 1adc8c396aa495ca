"""The prompt of an eval task: the whole of what a model is told about it."""

from dataclasses import dataclass
from typing import Final

from .eval_task import EvalTask
from .language import DType, Language, language_within
from .operation import Operation
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


_SHORT: Final[dict[DType, str]] = {
    "float32": "f32",
    "bfloat16": "bf16",
    "float16": "f16",
    "float8_e4m3fn": "f8",
    "uint8": "u8",
    "int8": "i8",
    "int32": "i32",
    "int64": "i64",
}

_REPOSITORY_LIBRARY: Final = {
    "forbidden": "The kernel's arithmetic must be your own code, not ATen or library calls.",
    "allowed": "ATen and library calls are allowed.",
}

_REPOSITORY_PROMPT: Final = """\
Write a kernel repository for Hugging Face kernel-builder (the current format, the one whose \
builds the `kernels` Python library loads from the Hub) that implements this operation with the \
`{backend}` backend for PyTorch.

Operation: {name}
{description}

Hardware: {hardware}; tensors are torch.{dtype}{placement} unless said otherwise

Reference (PyTorch):
```python
{reference}
```

The kernel is named `dyno-{kernel}`. Its Python package must expose `{signature}`: \
destination-passing, outputs first, all tensors contiguous and allocated by the caller. Shapes: \
{shapes}. {library}

It is scored on: build.toml being accepted by kernel-builder, the extension building under \
kernel-builder's rules, loading, numerical correctness on several shapes, and then speed-up over \
PyTorch eager.

Answer with one fenced block per file of the repository, and nothing else. The info string of each \
block is the language followed by the file's path, for example:

```toml build.toml
…
```"""


def fence_label(language: Language) -> str:
    """The label of the fenced block that a kernel of one source is asked for in."""
    return _WORDINGS[language].fence


def write_prompt(eval_task: EvalTask, file: str | None = None) -> str:
    """Return the prompt of an eval task, which names the visible workloads only.

    Args:
        eval_task: what is asked.
        file: the file that is to hold the kernel in the end; by default it is asked for in a block.
    """
    operation, language = eval_task.operation, eval_task.language
    if isinstance(operation, Problem):
        return write_problem_prompt(operation, eval_task.hardware)
    if language == "torch-ext":
        return _write_repository_prompt(operation, eval_task)
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


def _write_repository_prompt(operation: Operation, eval_task: EvalTask) -> str:
    kind = eval_task.hardware.kind
    spoken = language_within(eval_task.language, kind)
    # A type of its own is one that the tensor keeps where the others are narrower, on a GPU.
    widest = "cuda" if "cuda" in operation.languages else spoken
    main = operation.inputs[0].dtype
    shapes = [
        f"{t.name}[{','.join(t.shape)}]"
        + (f" ({_SHORT[t.dtype[spoken]]})" if t.dtype[widest] != main[widest] else "")
        for t in operation.tensors
    ]
    toolchain = eval_task.hardware.toolchain[eval_task.language]
    return _REPOSITORY_PROMPT.format(
        backend="cpu" if kind == "cpu" else "cuda",
        name=operation.name,
        description=operation.description,
        hardware=toolchain.described or eval_task.hardware.description,
        dtype=main[spoken],
        placement="" if kind == "cpu" else " on the device",
        reference=operation.shown_reference,
        kernel=operation.name.replace("_", "-"),
        signature=operation.signature("torch-ext"),
        shapes=", ".join(shapes),
        library=_REPOSITORY_LIBRARY[operation.library],
    )
