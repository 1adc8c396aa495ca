"""Mean, variance and third moment within each cell: what the samples of a suite tell of chance."""

from dataclasses import dataclass

import numpy as np

from .metrics import FloatArray


@dataclass(frozen=True)
class Moments:
    """Unbiased moments of the samples in each cell of one arm.

    Attributes:
        means: Shape (..., M, T): model by op, in any number of studies; NaN without samples.
        variances: Sample variance of each cell; NaN with fewer than two samples.
        thirds: Third k-statistic of each cell (Fisher 1929); NaN with fewer than three.
        samples: Samples of each cell.
    """

    means: FloatArray
    variances: FloatArray
    thirds: FloatArray
    samples: FloatArray

    def of_models(self, models: slice) -> "Moments":
        """The cells of some models."""
        return Moments(
            *(
                each[..., models, :]
                for each in (self.means, self.variances, self.thirds, self.samples)
            )
        )


def moments_of_sums(
    samples: FloatArray, first: FloatArray, second: FloatArray, third: FloatArray
) -> Moments:
    """Moments from the sums of the samples' powers.

    Args:
        samples: Number of samples in each cell, any shape.
        first: Sum of the samples of each cell.
        second: Sum of their squares.
        third: Sum of their cubes.

    Returns:
        The moments, in the same shape.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / samples
        centred_second = second - samples * mean**2
        centred_third = third - 3 * mean * second + 2 * samples * mean**3
        variance = centred_second / (samples - 1)
        k_third = samples * centred_third / ((samples - 1) * (samples - 2))
    return Moments(
        means=mean,
        # Rounding must not leave a negative variance where all samples are equal.
        variances=np.where(samples > 1, np.maximum(variance, 0), np.nan),
        thirds=np.where(samples > 2, k_third, np.nan),
        samples=samples,
    )


def moments_of_samples(values: FloatArray) -> Moments:
    """Moments of cells with equally many samples.

    Args:
        values: Shape (..., M, T, E).

    Returns:
        The moments, shape (..., M, T).
    """
    samples = np.full(values.shape[:-1], float(values.shape[-1]))
    return moments_of_sums(
        samples, values.sum(axis=-1), (values**2).sum(axis=-1), (values**3).sum(axis=-1)
    )
