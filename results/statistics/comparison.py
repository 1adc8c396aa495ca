"""A whole comparison: arms, contrasts and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import wording
from .arm import Arm
from .contrast import POOLED, Contrast
from .cost import Tax
from .headroom import Headroom
from .metrics import PRIMARY

SHAM = "sham"
CONTROLS = ("prompt", SHAM, "none")
"""The variants that are no Skill."""


@dataclass(frozen=True)
class Finding:
    """What a comparison says of one variant.

    Attributes:
        variant: The variant.
        title: Which variant, against which baseline, on what.
        sentences: One for each primary metric, and one on the placebo if there was one.
    """

    variant: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Result of `compare`.

    Attributes:
        baseline: The variant that others are compared to.
        models: The models.
        variants: The other variants, Skills first.
        ops: The ops.
        mode: single or agent.
        hardware: The hardware profile.
        language: The language.
        speed_baseline: What speedups are over, such as "eager"; empty if nothing was timed.
        samples: Number of samples, lost ones included.
        verdicts: Number of samples of each verdict.
        errored: Samples that raised before they could be judged.
        unscored: Samples that the judge lost (infra_error), or that were invalidated.
        missing_cells: Op, model and variant of each cell without any sample, in arms that ran.
        judges: Digests of the judges that gave the verdicts; more than one only by --mix.
        arms: Each model with each variant.
        contrasts: Each variant against the baseline, for each metric, pooled and per model; with
            one model the pool is the model, and is there once.
        by_kind: Each variant against the baseline for each kind of operation, primary metrics,
            pooled, of this suite and exploratory; empty with a single kind.
        against_sham: Each Skill against `sham`, primary metrics, pooled; empty without a sham
            arm or where it is the baseline.
        headroom: What room each op leaves, all arms together.
        taxes: What each variant costs more than the baseline, for each model that ran both.
    """

    baseline: str
    models: tuple[str, ...]
    variants: tuple[str, ...]
    ops: tuple[str, ...]
    mode: str
    hardware: str
    language: str
    speed_baseline: str
    samples: int
    verdicts: dict[str, int]
    errored: int
    unscored: int
    missing_cells: tuple[str, ...]
    judges: tuple[str, ...]
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    by_kind: tuple[Contrast, ...]
    against_sham: tuple[Contrast, ...]
    headroom: tuple[Headroom, ...]
    taxes: tuple[Tax, ...]

    def contrast(self, metric: str, variant: str, model: str = POOLED) -> Contrast:
        """Look one contrast up.

        Args:
            metric: Name of the metric.
            variant: The variant.
            model: A model, or "pooled".

        Raises:
            KeyError: There is no such contrast.
        """
        for each in self.contrasts:
            if (each.metric, each.variant, each.model) == (metric, variant, model):
                return each
        raise KeyError((metric, variant, model))

    @property
    def shown(self) -> tuple[Contrast, ...]:
        """The contrasts of tables and forests: no points of the fast_p curve, nothing unknown."""
        return tuple(
            each
            for each in self.contrasts
            if each.role != "curve" and (each.ops > 0 or each.role not in ("cost", "extra"))
        )

    @property
    def notice(self) -> str:
        """What the data are, where that limits what they can say; else empty."""
        notices: list[str] = []
        if len(self.judges) > 1:
            notices.append(f"judged by {len(self.judges)} versions of the judge, mixed by request")
        recorded = [model for model in self.models if model.startswith("recorded/")]
        if recorded:
            models = "one model" if len(recorded) == 1 else f"{len(recorded)} models"
            notices.append(
                f"recorded completions of {models}, {wording.count(len(self.ops), 'op')}: "
                "a demonstration, not a benchmark of a model"
            )
        return "; ".join(notices)

    def findings(self) -> tuple[Finding, ...]:
        """The primary contrasts of each variant, in sentences."""
        return tuple(self._finding(variant) for variant in self.variants)

    def headline(self) -> str:
        """The findings as text: a title and one sentence a line for each variant."""
        lines: list[str] = []
        for finding in self.findings():
            lines += [f"{finding.title}:", *(f"  {sentence}." for sentence in finding.sentences)]
        return "\n".join(lines)

    def _finding(self, variant: str) -> Finding:
        primary = [self.contrast(metric, variant) for metric in PRIMARY]
        models = primary[0].models
        who = models[0] if len(models) == 1 else f"{len(models)} models pooled"
        sentences = [f"{each.title}: {each.summary()}" for each in primary]
        sham = [each for each in self.against_sham if each.variant == variant]
        if sham:
            sentences.append(_placebo(sham))
        return Finding(variant, f"{variant} against {self.baseline}, {who}", tuple(sentences))


def beats_sham(against_sham: Sequence[Contrast]) -> bool | None:
    """Whether a Skill beats inert text of the same length, in at least one metric.

    Args:
        against_sham: Its contrasts against `sham`.

    Returns:
        None where there are too few ops to say.
    """
    if any(each.label == "estimates only" for each in against_sham):
        return None
    return any(each.detected and each.estimate > each.neutral for each in against_sham)


def _placebo(against_sham: list[Contrast]) -> str:
    said = "; ".join(f"{each.title.lower()} {each.summary()}" for each in against_sham)
    beats = beats_sham(against_sham)
    if beats is None:
        return f"Against sham: {said}"
    if beats:
        return f"Beats sham, inert text of the same length: {said}"
    return f"A placebo here, for it does not beat sham, inert text of the same length: {said}"
