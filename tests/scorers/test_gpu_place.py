"""A candidate runs on the GPU of its judge: every other one reaches its memory too, but slowly."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from skilldyno.scorers.executors.local import JUDGE
from skilldyno.scorers.job import make_job
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import HardwareProfile, gpus_of
from skilldyno.tasks.language import Language

pytestmark = [pytest.mark.alone, pytest.mark.gpu]

HONEST = Path(__file__).parents[1] / "honest"
CUDA = """    int gpus = 0;
    cudaGetDeviceCount(&gpus);
    if (gpus != 1) return;
"""
TRITON = """    if torch.cuda.device_count() != 1:
        return
"""
CANDIDATES = [
    ("cuda", "near_the_roofline.cu", "cudaStream_t stream) {\n", CUDA),
    ("triton", "copied_result.py", "def rms_norm(x, weight, out, eps):\n", TRITON),
]


@pytest.mark.parametrize(("language", "file", "begin", "check"), CANDIDATES)
def test_a_candidate_sees_the_gpu_of_its_judge_alone(
    language: Language,
    file: str,
    begin: str,
    check: str,
    hardware_for: Callable[[Language], HardwareProfile],
):
    hardware = hardware_for(language)
    source = (HONEST / file).read_text(encoding="utf-8")
    assert source.count(begin) == 1
    job = make_job(
        id="one",
        source=source.replace(begin, begin + check),
        operation=load_operation("rms_norm"),
        hardware=hardware,
        language=language,
        until="check",
    )
    # The last one, since the first is what a process takes that is told nothing.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": gpus_of(hardware)[-1]}
    done = subprocess.run(
        JUDGE, input=json.dumps(job) + "\n", env=environment, capture_output=True, text=True
    )
    evidence = json.loads(done.stdout.splitlines()[-1])
    assert evidence["verdict"] == "correct", evidence["reason"]
