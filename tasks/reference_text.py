"""The text of an operation's reference.py: what it must define, and the part that prompts show."""

import ast
from collections.abc import Sequence

_ALLOWED_IMPORTS = frozenset({"torch"})


def check_reference(text: str, function: str, arguments: Sequence[str]) -> None:
    """Check that a reference can be shipped to a machine that has nothing but torch.

    It must import torch only, and define the eager `function` and the float64 `oracle`, and may
    define `magnitude`, the scale of each output's error, and `best`, the fastest library call that
    is known for the operation; all take the same arguments.

    Args:
        text: the source of reference.py.
        function: name of the operation.
        arguments: names of the inputs, of the dims that they do not tell, and of the scalars, in
            calling order.

    Raises:
        ValueError: the text breaks one of these rules; the message says which.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"reference.py is not valid Python: {error}") from error
    imported = {name for node in ast.walk(module) for name in _imports(node)}
    if surplus := sorted(imported - _ALLOWED_IMPORTS):
        raise ValueError(f"reference.py imports {', '.join(surplus)}; it may import torch only")
    functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
    for name in (function, "oracle", "magnitude", "best"):
        if name not in functions:
            if name in (function, "oracle"):
                raise ValueError(f"reference.py does not define the function '{name}'; add it")
            continue
        given = [a.arg for a in functions[name].args.args]
        if given != list(arguments):
            raise ValueError(
                f"reference.py defines {name}({', '.join(given)}),"
                f" which must take ({', '.join(arguments)})"
            )


def function_source(text: str, function: str) -> str:
    """Return the exact source of one top-level function of a Python module."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            source = ast.get_source_segment(text, node)
            assert source is not None, "a parsed node has a source segment"
            return source
    raise ValueError(f"there is no top-level function '{function}'")


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "").partition(".")[0]]
    return []
