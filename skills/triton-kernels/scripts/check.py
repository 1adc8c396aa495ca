"""Compares the examples of this Skill with PyTorch.  Needs torch, triton and a GPU."""

import importlib.util
import re
import tempfile
from pathlib import Path

import torch
from torch.testing import assert_close

REFERENCES = Path(__file__).resolve().parent.parent / "references"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def load() -> dict:
    """Import every Python block of references/, and return the last function of each by name."""
    functions = {}
    folder = Path(tempfile.mkdtemp(prefix="triton-kernels-"))
    for page in sorted(REFERENCES.glob("*.md")):
        for source in BLOCK.findall(page.read_text()):
            name = re.findall(r"^def (\w+)\(", source, re.MULTILINE)[-1]
            # Triton reads the source of a kernel, so it must be in a file.
            path = folder / f"{name}.py"
            path.write_text(source)
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            functions[name] = getattr(module, name)
    return functions


def normal(*shape: int, dtype=torch.bfloat16) -> torch.Tensor:
    """Normal values on the GPU."""
    return torch.randn(shape, device="cuda").to(dtype)


def like(*shape: int, dtype=torch.bfloat16) -> torch.Tensor:
    """An output full of NaN, so that a gap shows."""
    return torch.full(shape, float("nan"), device="cuda").to(dtype)


def check_scale_add(function) -> None:
    """Odd sizes."""
    for size in [1, 7, 2048, 2049, 1 << 20]:
        x, y, out = normal(size), normal(size), like(size)
        function(x, y, out, 0.5)
        assert_close(out, (x.float() + 0.5 * y.float()).bfloat16())


def check_row_abs_max(function) -> None:
    """Short, long and odd rows, and NaN."""
    for rows, columns in [(1, 1), (5, 33), (9, 1024), (70, 4096), (2, 20001)]:
        x, out = normal(rows, columns), like(rows, dtype=torch.float32)
        function(x, out)
        assert_close(out, x.float().abs().amax(1), rtol=0, atol=0)
        x[-1, columns // 2] = float("nan")
        function(x, out)
        assert out.isnan().nonzero().flatten().tolist() == [rows - 1]


def check_matmul_nt(function) -> None:
    """Whole tiles, edges and a short depth."""
    for m, n, k in [(128, 128, 64), (1, 1, 8), (130, 257, 72), (512, 384, 1000)]:
        a, b, c = normal(m, k), normal(n, k), like(m, n)
        function(a, b, c)
        assert_close(c.float(), a.float() @ b.float().T, rtol=2e-2, atol=2e-2 * k**0.5)


def check_quantise_rows_fp8(function) -> None:
    """Odd rows, and a row of zeros."""
    for rows, columns in [(1, 16), (3, 17), (8, 4096), (2, 16384)]:
        x = normal(rows, columns)
        x[0] = 0
        out, scales = like(rows, columns, dtype=torch.float8_e4m3fn), like(rows).float()
        function(x, out, scales)
        largest = x.float().abs().amax(1)
        expected = torch.where(largest > 0, largest / 448, torch.ones_like(largest))
        assert_close(scales, expected, rtol=1e-6, atol=0)
        quantised = (x.float() / scales[:, None]).to(torch.float8_e4m3fn).float()
        assert_close(out.float(), quantised, rtol=0, atol=0)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    for name, kernel in load().items():
        globals()[f"check_{name}"](kernel)
        torch.cuda.synchronize()
        print(f"{name}: correct")
