"""Builds the examples and compares each with PyTorch.  Needs nvcc, torch and a GPU."""

import ctypes
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch.testing import assert_close

REFERENCES = Path(__file__).resolve().parent.parent / "references"
FLAGS = ["-O3", "-std=c++17", "-gencode=arch=compute_90a,code=sm_90a"]
BLOCK = re.compile(r"^```cuda\n(.*?)^```", re.MULTILINE | re.DOTALL)
FUNCTION = re.compile(r'extern "C" void (\w+)\(')


def build() -> dict[str, ctypes._CFuncPtr]:
    """Build every CUDA block of references/, and return its function by name."""
    functions = {}
    folder = Path(tempfile.mkdtemp(prefix="cuda-hopper-"))
    for page in sorted(REFERENCES.glob("*.md")):
        for source in BLOCK.findall(page.read_text()):
            name = FUNCTION.search(source).group(1)
            (folder / f"{name}.cu").write_text(source)
            shared = ["-shared", "-Xcompiler", "-fPIC"]
            command = ["nvcc", *FLAGS, *shared, "-o", f"{name}.so", f"{name}.cu"]
            subprocess.run(command, cwd=folder, check=True)
            functions[name] = getattr(ctypes.CDLL(str(folder / f"{name}.so")), name)
    return functions


def call(function, *arguments) -> None:
    """Call a kernel with tensors, then dims (int), then scalars (float), on the current stream."""
    kinds = {int: ctypes.c_int64, float: ctypes.c_float}
    given = [
        ctypes.c_void_p(a.data_ptr()) if torch.is_tensor(a) else kinds[type(a)](a)
        for a in arguments
    ]
    function(*given, ctypes.c_void_p(torch.cuda.current_stream().cuda_stream))


def normal(*shape: int, dtype=torch.bfloat16, offset: int = 0) -> torch.Tensor:
    """Normal values; an offset of 1 makes the pointer unaligned."""
    count = int(torch.Size(shape).numel())
    return torch.randn(count + offset, device="cuda").to(dtype)[offset:].view(shape)


def like(*shape: int, dtype=torch.bfloat16) -> torch.Tensor:
    """An output full of NaN, or of ones where there is no NaN, so that a gap shows."""
    if dtype == torch.uint8:
        return torch.full(shape, 0x7F, device="cuda", dtype=dtype)
    return torch.full(shape, float("nan"), device="cuda", dtype=dtype)


def check_scale_add(function) -> None:
    for size, offset in [(1, 0), (7, 0), (8, 0), (1023, 0), (1 << 20, 0), (4099, 1)]:
        x, y, out = normal(size, offset=offset), normal(size), like(size)
        call(function, x, y, out, size, 0.5)
        assert_close(out, (x.float() + 0.5 * y.float()).bfloat16())


def check_row_abs_max(function) -> None:
    for rows, columns in [(1, 1), (5, 33), (9, 1024), (3, 1032), (70, 4096), (2, 20001)]:
        x, out = normal(rows, columns), like(rows, dtype=torch.float32)
        call(function, x, out, rows, columns)
        assert_close(out, x.float().abs().amax(1), rtol=0, atol=0)
    x[1, 7] = float("nan")
    call(function, x, out, rows, columns)
    assert out.isnan().tolist() == [False, True]


def check_scale_by_tma(function) -> None:
    for size, offset in [(1, 0), (4096, 0), (4097, 0), (5 << 20, 0), (8193, 1)]:
        x, out = normal(size, dtype=torch.float32, offset=offset), like(size, dtype=torch.float32)
        call(function, x, out, size, 3.0)
        assert_close(out, 3.0 * x, rtol=0, atol=0)


def check_matmul_nt(function) -> None:
    for m, n, k in [(128, 128, 64), (1, 1, 8), (130, 257, 72), (512, 384, 1024), (64, 4096, 512)]:
        a, b, c = normal(m, k), normal(n, k), like(m, n)
        call(function, a, b, c, m, n, k)
        assert_close(c.float(), a.float() @ b.float().T, rtol=2e-2, atol=2e-2 * k**0.5)


def check_quantise_rows_fp8(function) -> None:
    for rows, columns in [(1, 16), (3, 17), (8, 4096), (2, 8192), (2, 16384), (2, 16400)]:
        x = normal(rows, columns)
        x[0] = 0
        out, scales = like(rows, columns, dtype=torch.uint8), like(rows, dtype=torch.float32)
        call(function, x, out, scales, rows, columns)
        largest = x.float().abs().amax(1)
        expected = torch.where(largest > 0, largest / 448, torch.ones_like(largest))
        assert_close(scales, expected, rtol=1e-6, atol=0)
        quantised = (x.float() / scales[:, None]).to(torch.float8_e4m3fn).float()
        assert_close(out.view(torch.float8_e4m3fn).float(), quantised, rtol=0, atol=0)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    for name, kernel in build().items():
        globals()[f"check_{name}"](kernel)
        torch.cuda.synchronize()
        print(f"{name}: correct")
    sys.exit(0)
