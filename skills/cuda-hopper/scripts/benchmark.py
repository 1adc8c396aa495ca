"""Times the examples of this Skill against PyTorch with a cold L2.  Needs nvcc, torch and a GPU."""

import statistics

import torch
from check import build, call, like, normal

FLUSH = 256 << 20


def microseconds(work, repeats: int = 30) -> float:
    """The median time of one call, with everything out of L2 before it."""
    flush = torch.empty(FLUSH, dtype=torch.uint8, device="cuda")
    times = []
    for _ in range(repeats + 5):
        flush.zero_()
        # The device waits here, so that the launch itself is not measured.
        torch.cuda._sleep(200_000)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return statistics.median(times[5:])


def cases(kernels):
    """Yield name, kernel, PyTorch and the bytes or operations of one call."""
    n = 1 << 26
    x, y, out = normal(n), normal(n), like(n)
    yield (
        f"scale_add {n}",
        lambda: call(kernels["scale_add"], x, y, out, n, 0.5),
        lambda: torch.add(x, y, alpha=0.5),
        6 * n,
        "bytes",
    )
    f, g = normal(n, dtype=torch.float32), like(n, dtype=torch.float32)
    yield (
        f"scale_by_tma {n}",
        lambda: call(kernels["scale_by_tma"], f, g, n, 3.0),
        lambda: 3.0 * f,
        8 * n,
        "bytes",
    )
    for rows, columns in [(65536, 512), (16384, 4096)]:
        m, top = normal(rows, columns), like(rows, dtype=torch.float32)
        yield (
            f"row_abs_max {rows}x{columns}",
            lambda m=m, t=top: call(kernels["row_abs_max"], m, t, *m.shape),
            lambda m=m: m.abs().amax(1),
            2 * rows * columns,
            "bytes",
        )
        q = like(rows, columns, dtype=torch.uint8)
        yield (
            f"quantise_rows_fp8 {rows}x{columns}",
            lambda m=m, q=q, t=top: call(kernels["quantise_rows_fp8"], m, q, t, *m.shape),
            lambda m=m: (m / (m.abs().amax(1, keepdim=True) / 448)).to(torch.float8_e4m3fn),
            3 * rows * columns,
            "bytes",
        )
    a, b, c = normal(4096, 4096), normal(4096, 4096), like(4096, 4096)
    yield (
        "matmul_nt 4096x4096x4096",
        lambda: call(kernels["matmul_nt"], a, b, c, 4096, 4096, 4096),
        lambda: a @ b.T,
        2 * 4096**3,
        "operations",
    )


if __name__ == "__main__":
    print(torch.cuda.get_device_name())
    for name, kernel, eager, amount, unit in cases(build()):
        ours, theirs = microseconds(kernel), microseconds(eager)
        print(
            f"{name}: {ours:.1f} us, {amount / ours / 1e6:.2f} T {unit}/s;"
            f" PyTorch {theirs:.1f} us, {theirs / ours:.2f}x"
        )
