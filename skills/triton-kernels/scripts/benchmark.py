"""Times the examples against PyTorch with a cold L2.  Needs torch, triton and a GPU."""

import torch
from check import like, load, normal
from triton.testing import do_bench


def cases(kernels):
    """Yield name, kernel, PyTorch and the bytes or operations of one call."""
    n = 1 << 26
    x, y, out = normal(n), normal(n), like(n)
    yield (
        f"scale_add {n}",
        lambda: kernels["scale_add"](x, y, out, 0.5),
        lambda: torch.add(x, y, alpha=0.5),
        6 * n,
        "bytes",
    )
    for rows, columns in [(65536, 512), (16384, 4096)]:
        m, top = normal(rows, columns), like(rows, dtype=torch.float32)
        q = like(rows, columns, dtype=torch.float8_e4m3fn)
        yield (
            f"row_abs_max {rows}x{columns}",
            lambda m=m, top=top: kernels["row_abs_max"](m, top),
            lambda m=m: m.abs().amax(1),
            2 * rows * columns,
            "bytes",
        )
        yield (
            f"quantise_rows_fp8 {rows}x{columns}",
            lambda m=m, q=q, top=top: kernels["quantise_rows_fp8"](m, q, top),
            lambda m=m: (m / (m.abs().amax(1, keepdim=True) / 448)).to(torch.float8_e4m3fn),
            3 * rows * columns,
            "bytes",
        )
    a, b, c = normal(4096, 4096), normal(4096, 4096), like(4096, 4096)
    yield (
        "matmul_nt 4096x4096x4096",
        lambda: kernels["matmul_nt"](a, b, c),
        lambda: a @ b.T,
        2 * 4096**3,
        "operations",
    )


if __name__ == "__main__":
    print(torch.cuda.get_device_name())
    for name, kernel, eager, amount, unit in cases(load()):
        ours, theirs = (do_bench(work, return_mode="median") * 1e3 for work in (kernel, eager))
        print(
            f"{name}: {ours:.1f} us, {amount / ours / 1e6:.2f} T {unit}/s;"
            f" PyTorch {theirs:.1f} us, {theirs / ours:.2f}x"
        )
