"""The module `_ops.py`, which kernel-builder writes into the package of a kernel repository."""

_TEXT = '''"""The namespace of this build's ops."""

import torch

{load}ops = torch.ops.{name}


def add_op_namespace_prefix(op_name: str) -> str:
    """Prefix the name of an op by the namespace."""
    return f"{name}::{{op_name}}"
'''


def ops_module(name: str, library: str | None = None) -> str:
    """Return the text of the module by which a package finds its operators.

    Args:
        name: the namespace that they are registered in.
        library: the compiled module beside it that registers them, if anything was compiled.
    """
    return _TEXT.format(name=name, load=f"from . import {library}\n\n" if library else "")
