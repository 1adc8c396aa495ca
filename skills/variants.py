"""Variants: what a model is given beside the prompt, which is the same in all of them."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from ..tasks.errors import UsageError
from .sections import Mode, ablate, parts_of
from .sham import sham_message
from .skill import INLINE_BUDGET, Skill
from .tokens import estimate_tokens

Delivery = Literal["inline", "tool"]

PROMPT_MESSAGE: Final = (
    "You are an expert in writing fast compute kernels. Think about where the time goes on the"
    " given hardware, memory traffic first, and choose the fastest approach that you are sure is"
    " correct. Handle every shape, and check the code once more before you answer."
)
"""The variant `prompt`: three sentences that would help with any kernel."""


class VariantError(UsageError):
    """A variant that there is not."""


@dataclass(frozen=True)
class Variant:
    """What one arm gives the model.

    Attributes:
        name: `none`, `prompt`, `sham`, a Skill at its content such as `cpu-kernels@3f9a1c`, or
            that with `without` or `only` and the name of a part; with `by tool` behind it
            where that is the delivery.
        skill: the Skill that is delivered, for an ablation what is left of it.
        message: the system message of inline delivery; None where there is none.
        delivery: how it reaches the model.
        about: what logs say of it beyond the Skill: `ablation` or `sham_of`.
    """

    name: str
    skill: Skill | None
    message: str | None
    delivery: Delivery
    about: dict[str, Any]

    @property
    def tokens(self) -> int:
        """An estimate of the tokens that inline delivery adds to the prompt."""
        return estimate_tokens(self.message) if self.message is not None else 0

    @property
    def fingerprint(self) -> str:
        """What identifies the content: the Skill's fingerprint, or else the message."""
        return self.skill.fingerprint if self.skill is not None else self.message or "none"


def make_variant(
    skill: Skill | None,
    choice: str,
    budget: int = INLINE_BUDGET,
    delivery: Delivery = "inline",
) -> Variant:
    """Make one variant.

    Args:
        skill: the Skill under test; not needed for `none` and `prompt`.
        choice: `none`, `prompt`, `sham`, `skill`, `without:PART` or `only:PART`.
        budget: the estimated tokens that inline delivery may take.
        delivery: how a Skill reaches the model; the controls are always inline.

    Raises:
        VariantError: there is no such variant, or it needs a Skill.
        SkillError: the Skill has no such part.
    """
    if choice == "none":
        return Variant("none", None, None, "inline", {})
    if choice == "prompt":
        return Variant("prompt", None, PROMPT_MESSAGE, "inline", {})
    mode, _, part = choice.partition(":")
    if choice not in ("sham", "skill") and (mode not in ("without", "only") or not part):
        raise VariantError(
            f"There is no variant '{choice}'; give none, prompt, sham, skill, without:PART or"
            " only:PART."
        )
    if skill is None:
        raise VariantError(f"The variant '{choice}' needs a Skill; name one.")
    if choice == "sham":
        about = {"sham_of": skill.fingerprint}
        return Variant("sham", None, sham_message(skill, budget), "inline", about)
    if choice == "skill":
        return _with_skill(skill.variant, skill, budget, delivery, {})
    kind: Mode = "without" if mode == "without" else "only"
    tokens = {each.name: each.tokens for each in parts_of(skill, budget)}
    left = ablate(skill, kind, part, budget)
    about = {"of": skill.variant, "mode": kind, "part": part, "tokens": tokens[part]}
    name = f"{skill.variant} {kind} {part}"
    return _with_skill(name, left, budget, delivery, {"ablation": about})


def _with_skill(
    name: str, skill: Skill, budget: int, delivery: Delivery, about: dict[str, Any]
) -> Variant:
    shown = name if delivery == "inline" else f"{name} by {delivery}"
    return Variant(shown, skill, skill.system_message(budget), delivery, about)


def ablation_choices(skill: Skill, budget: int = INLINE_BUDGET) -> list[str]:
    """Return the variants that take a Skill apart: without each part, and only each part.

    Raises:
        VariantError: the Skill has one part only.
    """
    names = [part.name for part in parts_of(skill, budget)]
    if len(names) < 2:
        raise VariantError(
            f"{skill.variant} cannot be taken apart: it has one section and no references; divide"
            " SKILL.md by headings."
        )
    return [f"{mode}:{name}" for mode in ("without", "only") for name in names]
