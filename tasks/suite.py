"""Suites: selections of operations, with hardware, language and epochs, in TOML."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, PositiveInt

from .catalogue import load_operation, load_operations
from .definition import Definition, name_unknown, read_definition
from .errors import UsageError
from .eval_task import EvalTask
from .hardware import load_profile
from .language import Kind, Language
from .operation import Operation
from .problem import Problem

SUITES: Final = Path(__file__).parent / "suites"
_ALL: Final = "*"


class SuiteError(UsageError):
    """A suite that does not exist or is not well defined."""


class Suite(Definition):
    """Operations to be asked in one language for one kind of hardware, a number of times.

    In a file, `*` alone stands for all the operations that are asked for in the language.
    """

    name: str
    description: str
    operations: Annotated[tuple[str, ...], Field(min_length=1)]
    hardware: str
    language: Language
    epochs: PositiveInt

    def asked(self) -> tuple[Operation | Problem, ...]:
        """Return what is asked for, in the suite's order.

        Raises:
            UsageError: an operation does not exist; one sentence.
        """
        return tuple(load_operation(name) for name in self.operations)

    def eval_tasks(self) -> tuple[EvalTask, ...]:
        """Return one eval task an operation, in the suite's order.

        Raises:
            UsageError: an operation or the hardware does not exist, or they do not pair; one
                sentence.
        """
        hardware = load_profile(self.hardware)
        return tuple(EvalTask(each, hardware, self.language) for each in self.asked())

    def in_language(self, language: Language) -> "Suite":
        """Return the same selection, asked in another language.

        Raises:
            SuiteError: some of its operations are not asked for in that language.
        """
        kinds: tuple[Kind, ...] = ("cpu", "gpu")
        lacking = [
            name
            for name in self.operations
            if not any(load_operation(name).comes_in(language, kind) for kind in kinds)
        ]
        if lacking:
            raise SuiteError(
                f"The suite '{self.name}' has operations that are not asked for in '{language}': "
                f"{', '.join(lacking)}."
            )
        return self.model_copy(update={"language": language})


def suite_names() -> tuple[str, ...]:
    """Return the names of the suites that are shipped, sorted."""
    return tuple(sorted(path.stem for path in SUITES.glob("*.toml")))


def load_suite(name: str) -> Suite:
    """Read a suite that is shipped, by name, or one of the user's, by the path of a .toml file.

    Raises:
        SuiteError: there is no such suite, or it is not well formed; one sentence.
    """
    if name.endswith(".toml"):
        return read_suite(Path(name))
    if name not in suite_names():
        raise SuiteError(name_unknown("suite", name, suite_names()))
    return read_suite(SUITES / f"{name}.toml")


def read_suite(path: Path) -> Suite:
    """Read a suite from a TOML file, and check that everything it names exists.

    Raises:
        SuiteError: the file is missing or not well formed; one sentence.
    """
    suite = read_definition(path, Suite, SuiteError)
    if suite.operations == (_ALL,):
        kind = load_profile(suite.hardware).kind
        named = tuple(o.name for o in load_operations() if o.comes_in(suite.language, kind))
        suite = suite.model_copy(update={"operations": named})
    if len(set(suite.operations)) != len(suite.operations):
        twice = next(name for name in suite.operations if suite.operations.count(name) > 1)
        raise SuiteError(f"{path}: the field 'operations' has '{twice}' twice; remove one.")
    try:
        suite.eval_tasks()
    except UsageError as error:
        raise SuiteError(f"{path}: {error}") from error
    return suite
