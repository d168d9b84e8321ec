"""Shares: how many of how many, with the interval in which the true share lies."""

import math
from statistics import NormalDist

from guanxi.core.errors import DataError
from guanxi.core.estimate import Estimate


def share_of(hits: int, trials: int, *, level: float = 0.95) -> Estimate:
    """Return a share and its interval, sound for few trials and near 0 and 1.

    hits     0 <= hits <= trials, trials >= 1
    raises   DataError
    source   Wilson, "Probable Inference", JASA 22, 1927
    """
    if trials < 1 or not 0 <= hits <= trials:
        raise DataError(f"{hits} of {trials} is no share", "Count 0 to all of at least one")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = hits / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    # The bounds at 0 and 1 are exact; rounding must not put the share outside of them.
    low, high = min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
    return Estimate(value=share, low=low, high=high, level=level, unit="share", n=trials, method="wilson")
