"""A KernelBench problem: the models and the inputs that its text defines.

Standard library and torch only, and no import of this package: this file is copied beside the
runner, where a candidate's ModelNew is made as Model is made by the judge.
"""

import hashlib
import sys
import types

import torch

SEED = 42
"""KernelBench's: set before `get_init_inputs`, and again before a model is made."""


class Problem:
    """The text of a problem, executed: `Model`, `get_inputs` and `get_init_inputs`."""

    def __init__(self, text, device):
        """Execute the text, which the user trusts.

        Args:
            text: the source of the problem's file.
            device: where models and inputs shall be.
        """
        # torch.compile looks the module of a class up by its name.
        name = f"problem_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile(text, f"{name}.py", "exec"), module.__dict__)  # noqa: S102
        self.names = module.__dict__
        self.device = torch.device(device)

    def model(self, kind=None, state=None, dtype=None):
        """A model of a class, by default `Model`, made under the seed of all models.

        Args:
            kind: the class.
            state: a state_dict, of which the values go in whose names and shapes it has too.
            dtype: what its floating-point values are converted to.

        Raises:
            TypeError: the class makes no torch.nn.Module.
        """
        # What was made in inference mode could not be moved or compiled everywhere.
        with torch.random.fork_rng(), torch.inference_mode(False), torch.no_grad():
            torch.manual_seed(SEED)
            given = [self._moved(value) for value in self.names["get_init_inputs"]()]
            torch.manual_seed(SEED)
            made = (kind or self.names["Model"])(*given)
            if not isinstance(made, torch.nn.Module):
                raise TypeError("ModelNew is no torch.nn.Module")
            if state is not None:
                own = made.state_dict()
                fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
                made.load_state_dict(fitting, strict=False)
            return made.to(self.device, dtype)

    def inputs(self, seed):
        """What `get_inputs` gives under a seed, drawn on the device, contiguous."""
        with torch.random.fork_rng(), self.device:
            torch.manual_seed(seed)
            given = self.names["get_inputs"]()
        return [self._moved(value) for value in given]

    def _moved(self, value):
        return value.to(self.device).contiguous() if isinstance(value, torch.Tensor) else value


def leaves(result):
    """The tensors of what a model returns: one, or those of nested tuples and lists, in order.

    Raises:
        TypeError: there is something else among them.
    """
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    raise TypeError(f"it returns {type(result).__name__} where only tensors, in tuples, may be")


def arrange(names, tensors, scalars):
    """The arguments of a model: tensors and scalars in the order of `get_inputs`.

    Args:
        names: the arguments' names, in order.
        tensors: by name.
        scalars: by name.
    """
    return [scalars[name] if name in scalars else tensors[name] for name in names]
