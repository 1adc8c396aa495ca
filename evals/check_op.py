"""`skilldyno ops check`: admission of an operation of the user's own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
import torch

from ..results.payload import plain
from ..scorers.admission.admit import admit
from ..tasks.catalogue import read_operation


def check_op_command(folder: Path, *, as_json: bool) -> bool:
    """Admit the operation of a folder, and print what is wrong with it.

    Returns:
        Whether it is admitted.

    Raises:
        OperationError: its files are not well formed.
    """
    operation = read_operation(folder.resolve())
    # Most calls are too small for threads to be of use.
    torch.set_num_threads(1)
    admission = admit(operation)
    if as_json:
        found = dataclasses.asdict(admission) | {
            "admitted": admission.admitted,
            "problems": admission.problems,
        }
        click.echo(json.dumps(plain(found)))
        return admission.admitted
    honest = [finding for finding in admission.findings if finding.honest]
    impostors = [finding for finding in admission.findings if not finding.honest]
    for sentence in (*admission.problems, *admission.notes):
        click.echo(sentence)
    click.echo(
        f"{operation.name}: {'admitted' if admission.admitted else 'not admitted'};"
        f" {sum(f.holds for f in honest)} of {len(honest)} honest kernels pass,"
        f" {sum(f.holds for f in impostors)} of {len(impostors)} impostors fail"
    )
    return admission.admitted
