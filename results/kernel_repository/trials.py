"""The tests and the benchmark of an exported kernel."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from ...tasks.tensor import Input
from .kernel import JudgedKernel
from .signature import Signature, python_text, python_tuple

_FLOATS: Final = {
    "data": "torch.randn({shape}, device=device)",
    "bias": "torch.randn({shape}, device=device) * 0.5 + 0.5",
    "cosine": "(torch.rand({shape}, device=device) * 6.28).cos()",
    "sine": "(torch.rand({shape}, device=device) * 6.28).sin()",
    "positive": "torch.rand({shape}, device=device) * 0.9 + 0.1",
    "log_uniform": "(torch.rand({shape}, device=device) * -9.2).exp()",
    "decay": "torch.rand({shape}, device=device) * 0.2 + 0.8",
    "log_decay": "(torch.rand({shape}, device=device) * 0.2 + 0.8).log()",
    "unit": "torch.nn.functional.normalize(torch.randn({shape}, device=device), dim=-1)",
    "probability": "torch.rand({shape}, device=device)",
    "float8_bits": "torch.randn({shape}, device=device).to(torch.float8_e4m3fn).view(torch.uint8)",
}
_INDICES: Final = {
    "index": "torch.randint({dim}, {shape}, device=device)",
    "sorted_index": "torch.randint({dim}, {shape}, device=device).sort(dim=-1).values",
    "lengths": "torch.randint(1, {dim} + 1, {shape}, device=device)",
    "offsets": "torch.linspace(0, {dim}, {count}, device=device).long()",
    "permutation": "torch.randperm(max({dim}, {count}), device=device)[:{count}].reshape({shape})",
}
_BYTES: Final = {
    "uint8": "torch.randint(256, {shape}, device=device)",
    "int8": "torch.randint(-128, 128, {shape}, device=device)",
    "float8_e4m3fn": "torch.randn({shape}, device=device)",
}


@dataclass(frozen=True)
class _Workload:
    """A workload in the forms that test and benchmark write it in."""

    id: str
    dims: str
    arguments: str


def trial_values(kernel: JudgedKernel, signature: Signature) -> dict[str, Any]:
    """Return what the templates of test and benchmark need beside what all templates do.

    The workloads are the visible ones: what prompts name is no secret.
    """
    operation, language = kernel.operation, kernel.spoken
    kind = kernel.eval_task.hardware.kind
    reference_dims = list(operation.reference_dims.values())
    return {
        "drawn": [
            {
                "name": each.name,
                "dtype": each.dtype[language],
                "draw": _draw(each, each.dtype[language]),
            }
            for each in operation.inputs
        ],
        "workloads": [
            _Workload(
                id="_".join(f"{dim.lower()}{extent}" for dim, extent in each.dims.items()),
                dims=json.dumps(each.dims),
                arguments=", ".join(str(extent) for extent in each.dims.values()),
            )
            for each in operation.workloads_on(kind)
            if each.visible
        ],
        "test_untold": "".join(f', {each.name}=dims["{each.name}"]' for each in signature.untold),
        "benchmark_untold": "".join(
            f', {each.name}=self.dims["{each.name}"]' for each in signature.untold
        ),
        "scalar_values": "".join(f", {each.value!r}" for each in signature.scalars),
        "test_dims": "".join(f', dims["{dim}"]' for dim in reference_dims),
        "benchmark_dims": "".join(f', self.dims["{dim}"]' for dim in reference_dims),
        "tolerances": repr(
            [
                (found.relative, found.scaled, each.rounding)
                for each in operation.outputs
                for found in [each.tolerance[each.dtype[language]]]
            ]
        ),
        "has_magnitude": re.search(r"^def magnitude\(", operation.reference, re.M) is not None,
        "eager": operation.shown_reference,
        "class_name": "".join(part.capitalize() for part in operation.name.split("_")),
    }


def _draw(tensor: Input, dtype: str) -> str:
    extents = [python_text(extent) for extent in tensor.shape]
    shape = python_tuple(tensor.shape)
    name, _, dim = tensor.fill.partition(":")
    count = " * ".join(f"({extent})" for extent in extents)
    if name == "weight" and len(extents) == 1:
        return f"torch.rand({shape}, device=device) * 1.75 + 0.25"
    if name == "weight":
        return f"torch.randn({shape}, device=device) * ({extents[-1]}) ** -0.5"
    if name == "bytes":
        return _BYTES[dtype].format(shape=shape)
    return (_FLOATS | _INDICES)[name].format(shape=shape, dim=dim, count=count)
