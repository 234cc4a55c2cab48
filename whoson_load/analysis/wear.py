"""Does a figure grow with time, or with the chats that were served? A median regression on both. Knows no record.

A server that leaks a little with each chat is slower at noon of a busy day than at noon of a quiet one; one that leaks
while it idles is not. Both look alike at a steady load: only where the chats an hour change can they be told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whoson_load.analysis.resampling import Floats
from whoson_load.measurement.outlook import Wear

__all__ = ["wear"]

Indices = NDArray[np.intp]
Draw = Callable[[Floats], Floats]

_ALIKE: Final = 0.995  # Invented: time and chats that go together as closely are one and the same regressor
_STEPS: Final = 12  # of the regression; the figures then stand still to a thousandth
_LEAST: Final = 1e-3  # of the typical residual: below it a point has its greatest weight


def wear(
    at_h: Floats, chats: Floats, values: Floats, pairs: tuple[Indices, Indices], draw: Draw, sure_at: float
) -> tuple[float, Wear]:
    """What a figure's growth goes with.

    The growth between any two points is laid on the hours and on the chats between them, without a constant, so that
    the absolute residuals are least (median regression: outliers move it little). The errors of both coefficients come
    from doing the same with resampled noise.

    Source: Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978); reweighted least squares for it:
    Schlossmacher, An Iterative Technique for Absolute Deviations Curve Fitting, JASA 68 (1973).

    Args:
        at_h, chats, values: hours since the begin, chats served until then, and the figure, point by point.
        pairs: the points to be compared, the earlier and the later of each pair.
        draw: makes rows of noise like what is left of the values when growth is taken away.
        sure_at: a coefficient differs from 0 when it is as many standard errors away.

    Returns:
        growth a chat (at equal time, where the two can be told apart), and what it goes with.
    """
    early, late = pairs
    hours, served, growth = (each[late] - each[early] for each in (at_h, chats, values))
    alone = float(np.median(growth[served > 0] / served[served > 0])) if (served > 0).any() else 0.0
    scale = float(hours @ hours), float(served @ served)
    if not all(scale) or float(hours @ served) ** 2 > _ALIKE * scale[0] * scale[1]:
        return alone, Wear.UNKNOWN
    (by_time,), (by_chat,) = _median_fit(hours, served, growth[None, :])
    noise = draw(values - by_time * at_h - by_chat * chats)
    errors = [float(each.std()) for each in _median_fit(hours, served, noise[:, late] - noise[:, early])]
    sure = abs(by_time) > sure_at * errors[0], abs(by_chat) > sure_at * errors[1]
    found = {(True, True): Wear.BOTH, (True, False): Wear.TIME, (False, True): Wear.CHATS}.get(sure, Wear.UNKNOWN)
    return (alone if found is Wear.UNKNOWN else float(by_chat)), found


def _median_fit(first: Floats, second: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """The coefficients of two regressors for each row of values, by reweighted least squares."""
    weights = np.ones_like(rows)
    mine = theirs = np.zeros(len(rows))
    for _ in range(_STEPS):
        squares = weights @ first**2, weights @ second**2, weights @ (first * second)
        products = (weights * rows) @ first, (weights * rows) @ second
        area = squares[0] * squares[1] - squares[2] ** 2
        area = np.where(area > 0, area, np.inf)
        mine = (products[0] * squares[1] - products[1] * squares[2]) / area
        theirs = (products[1] * squares[0] - products[0] * squares[2]) / area
        away = np.abs(rows - mine[:, None] * first - theirs[:, None] * second)
        typical = np.maximum(np.median(away, axis=1, keepdims=True), 1e-300)
        weights = 1 / np.maximum(away / typical, _LEAST)
    return mine, theirs
