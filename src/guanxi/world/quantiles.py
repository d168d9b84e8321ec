"""Inverse distribution functions, on arrays: one uniform in, one value out, rising with the uniform.

The known table values are in the tests. Arrays broadcast as in numpy.
"""

import math
from typing import Any, Final

from guanxi.world.jit import compiled, elementwise


@compiled
def normal_of(p: Any) -> Any:
    """Standard normal quantile of p in (0, 1), to about 1e-16, for kernels.

    source   Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37
             (1988), PPND16
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(_A, _B, r)
    r = math.sqrt(-math.log(p if q < 0 else 1.0 - p))
    x = _ratio(_C, _D, r - 1.6) if r <= 5.0 else _ratio(_E, _F, r - 5.0)
    return -x if q < 0 else x


@compiled
def normal_cdf_of(x: Any) -> Any:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@compiled
def gamma_cdf_of(x: Any, shape: Any) -> Any:
    """Regularised lower incomplete gamma function P(shape, x).

    source   Press et al., "Numerical Recipes", 3rd ed., section 6.2: series below shape + 1, Lentz's continued
             fraction above
    """
    if x <= 0.0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        term = total = 1.0 / shape
        n = shape
        while term > total * 1e-16:
            n += 1.0
            term *= x / n
            total += term
        return total * front
    b = x + 1.0 - shape
    c = 1e300
    d = 1.0 / b
    h = d
    for i in range(1, 100_000):
        a = -i * (i - shape)
        b += 2.0
        d = a * d + b
        d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
        c = b + a / c
        c = c if abs(c) > 1e-300 else 1e-300
        h *= d * c
        if abs(d * c - 1.0) < 1e-16:
            break
    return 1.0 - front * h


@compiled
def gamma_of(p: Any, shape: Any) -> Any:
    """Quantile of a gamma variable of scale 1, for kernels.

    source   Press et al., "Numerical Recipes", 3rd ed., section 6.2.1: Wilson-Hilferty start, Halley steps
    """
    if shape == 1.0:
        return -math.log1p(-p)
    if shape > 1.0:
        cube = 1.0 - 1.0 / (9.0 * shape) + normal_of(p) / (3.0 * math.sqrt(shape))
        x = max(1e-3, shape * cube * cube * cube)
    else:
        bend = 1.0 - shape * (0.253 + shape * 0.12)
        x = (p / bend) ** (1.0 / shape) if p < bend else 1.0 - math.log(1.0 - (p - bend) / (1.0 - bend))
    log_gamma = math.lgamma(shape)
    for _ in range(16):
        if x <= 1e-300:
            return 0.0
        error = gamma_cdf_of(x, shape) - p
        density = math.exp((shape - 1.0) * math.log(x) - x - log_gamma)
        if density == 0.0:
            break
        step = error / density
        step /= 1.0 - 0.5 * min(1.0, step * ((shape - 1.0) / x - 1.0))
        x -= step
        if x <= 0.0:
            x = 0.5 * (x + step)
        if abs(step) < 1e-10 * x:
            break
    return x


@compiled
def poisson_of(p: Any, mean: Any) -> Any:
    """Smallest count whose Poisson distribution function reaches p, for kernels.

    source   sequential search, Devroye, "Non-Uniform Random Variate Generation", 1986, X.3.3; above 30 it starts at the
             Cornish-Fisher value, with the distribution function from P(count + 1, mean)
    """
    if mean <= 0.0:
        return 0
    if mean <= 30.0:
        count = 0
        mass = total = math.exp(-mean)
        while total < p and mass > 0.0:
            count += 1
            mass *= mean / count
            total += mass
        return count
    z = normal_of(p)
    count = max(0, math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0))
    while count > 0 and 1.0 - gamma_cdf_of(mean, float(count)) >= p:  # P(X <= count - 1)
        count -= 1
    while 1.0 - gamma_cdf_of(mean, count + 1.0) < p:
        count += 1
    return count


normal_quantile = elementwise(lambda p: normal_of(p))
normal_cdf = elementwise(lambda x: normal_cdf_of(x))
gamma_quantile = elementwise(lambda p, shape: gamma_of(p, shape))
gamma_cdf = elementwise(lambda x, shape: gamma_cdf_of(x, shape))
poisson_quantile = elementwise(lambda p, mean: poisson_of(p, mean))
exponential_quantile = elementwise(lambda p: -math.log1p(-p))

# AS 241's numerators and denominators, highest power first: near the middle, in the tails, far out.
_A: Final = (
    2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
    1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0,
)  # fmt: skip
_B: Final = (
    5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
    5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
)  # fmt: skip
_C: Final = (
    7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
    3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0,
)  # fmt: skip
_D: Final = (
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
    6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0,
)  # fmt: skip
_E: Final = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
    2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0,
)  # fmt: skip
_F: Final = (
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
    1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
)  # fmt: skip


@compiled
def _ratio(upper: Any, lower: Any, x: Any) -> Any:
    above = below = 0.0
    for n in range(len(upper)):
        above = above * x + upper[n]
        below = below * x + lower[n]
    return above / below
