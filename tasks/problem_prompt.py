"""The prompt of a KernelBench problem: the whole of what a model is told about it."""

from typing import Final

from .hardware import HardwareProfile
from .language import Kind
from .problem import Problem

_MEANS: Final[dict[Kind, str]] = {
    "cpu": "It runs on the CPU, where nothing can be compiled while it is judged.",
    "gpu": (
        "It may define Triton kernels, or CUDA C++ ones by torch.utils.cpp_extension.load_inline;"
        " what is compiled at import or in the first call is not timed."
    ),
}

_PROMPT: Final = """\
Write the fastest correct replacement you can for this PyTorch model on this hardware.

Hardware: {hardware}

The model, with its inputs and the arguments of its constructor:
```python
{text}
```

Your code must define a class `ModelNew(torch.nn.Module)` that is constructed with what \
`get_init_inputs` gives, called with what `get_inputs` gives, and returns what `Model` returns, in \
the same shapes and dtypes. It is a file of its own: it imports what it needs, and does not see \
the one above. {means}
`ModelNew` is constructed under the same random seed as `Model`; then each entry of its state_dict \
whose name and shape `Model` has too gets the value that it has there. So make the same layers in \
the same order, or keep the names of the parameters.
It is called many times without gradients, each time on contiguous inputs that are drawn anew, and \
must not write to them. It is scored on running, on numerical correctness against `Model` in \
float64, and then on speed-up over `Model` in PyTorch eager.

Answer with one fenced ```python block holding the whole source file, and nothing after it."""


def write_problem_prompt(problem: Problem, hardware: HardwareProfile) -> str:
    """Return the prompt of a problem on one kind of hardware, with the whole of its text."""
    return _PROMPT.format(
        hardware=hardware.description, text=problem.text.strip(), means=_MEANS[hardware.kind]
    )
