"""Runs a packed judge on a GPU machine with cold caches, and notes its time and the GPUs' load.

Standard library only. `throughput.py throughput.pyz FOLDER [--gpus 0,1]` writes FOLDER/run.json,
FOLDER/load.jsonl and FOLDER/evidence.jsonl; throughput_page.py makes the tables of several
such folders.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = ("nvidia-smi", "--query-gpu=index,utilization.gpu", "--format=csv,noheader,nounits")
PROGRESS = re.compile(r"\d+ of \d+ judged")
VISIBLE, NO_BYTECODE = "CUDA_VISIBLE_DEVICES", "PYTHONDONTWRITEBYTECODE"
# Loads what the judge and its compilers load, of PyTorch, Inductor, Triton and nvcc.
LOADING = """
import subprocess, torch
torch.compile(torch.sin)(torch.ones(8, device="cuda"))
arch = "-arch=sm_%d%d" % torch.cuda.get_device_capability()
subprocess.run(["nvcc", "-cubin", arch, "-x", "cu", "-", "-o", "/dev/null"],
               input=b"#include <cooperative_groups.h>", check=True)
"""


def environment(bytecode: str) -> dict[str, str]:
    """With the caches of builds, of PyTorch and of Triton in a new folder.

    Args:
        bytecode: where Python keeps what it has compiled of the modules that are imported.
    """
    cache = tempfile.mkdtemp(prefix="throughput-")
    return {
        **{name: value for name, value in os.environ.items() if name != NO_BYTECODE},
        "PYTHONPYCACHEPREFIX": bytecode,
        "XDG_CACHE_HOME": cache,
        "TORCHINDUCTOR_CACHE_DIR": f"{cache}/inductor",
        "TRITON_CACHE_DIR": f"{cache}/triton",
    }


def main() -> None:
    """Run, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gpus", default="all", help="as the packed judge takes them")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    # How fast the disk is, and whether PyTorch was installed with its bytecode, is no speed of the
    # judge.
    bytecode = tempfile.mkdtemp(prefix="bytecode-")
    subprocess.run([sys.executable, "-c", LOADING], env=environment(bytecode), check=True)
    evidence = arguments.folder / "evidence.jsonl"
    command = [
        sys.executable,
        str(arguments.pack),
        "--gpus",
        arguments.gpus,
        "--out",
        str(evidence),
    ]
    # Not those that others use meanwhile.
    own = [f"--id={os.environ[VISIBLE]}"] if os.environ.get(VISIBLE) else []
    sampling = subprocess.Popen([*SAMPLE, *own, "-lms", "200"], stdout=subprocess.PIPE, text=True)
    cold = environment(bytecode)
    begin = time.monotonic()
    judging = subprocess.Popen(command, env=cold, stderr=subprocess.PIPE, text=True)
    assert judging.stderr is not None
    judged_at = []
    for line in judging.stderr:
        print(line, end="", file=sys.stderr, flush=True)
        if PROGRESS.match(line):
            judged_at.append(time.monotonic() - begin)
    code = judging.wait()
    seconds = time.monotonic() - begin
    sampling.terminate()
    lines = sampling.communicate()[0].splitlines()
    # The last line may be cut off, and a figure that cannot be read is [N/A].
    found = [re.fullmatch(r"(\d+), (\d+)", line.strip()) for line in lines[:-1]]
    load = [{"gpu": int(m[1]), "utilisation_percent": float(m[2])} for m in found if m]
    (arguments.folder / "load.jsonl").write_text(
        "".join(json.dumps(each) + "\n" for each in load), encoding="utf-8"
    )
    cores = len(os.sched_getaffinity(0))
    run = {"seconds": seconds, "exit_code": code, "gpus": arguments.gpus, "cores": cores}
    run["judged_at"] = judged_at
    (arguments.folder / "run.json").write_text(json.dumps(run) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
