"""What a GPU does while it waits for a build: the baselines of the operation that comes next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from .baselines import OracleDisagrees
from .job import Job
from .process import StartError
from .reference import ProblemError
from .timing import BusyMachine

if TYPE_CHECKING:
    from .session import Session

# The harness's, and no candidate's.
FAULTS = (StartError, OracleDisagrees, ProblemError, BusyMachine)


def prepare(session: Session, job: Job) -> Iterator[None]:
    """Measure, step by step, what the first candidate of an operation would have measured.

    A fault ends it: the candidate meets it again, and its evidence tells it.
    """
    try:
        for workload in job.timed:
            baseline = session.baseline_bench(job.operation)
            yield
            baseline.set_workload(workload)
            session.baselines.trust(job.operation, workload, baseline)
            for name in session.other_baselines(job):
                yield
                session.baselines.faster_than_eager(job.operation, workload, baseline, (name,))
    except (*FAULTS, torch.OutOfMemoryError):
        return
