"""What the levels of a capacity search say of loads that were not tried: a scalability law, and the knee of a latency.

Knows the levels' figures and nothing of objectives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.analysis.resampling import Floats
from whoson_load.measurement.capacity import Knee, Law, LawPoint, Level
from whoson_load.measurement.trust import Verdict

__all__ = ["FEWEST_LOADS", "LEAST_FIT", "find_knee", "fit_law", "throughput"]

FEWEST_LOADS: Final = 4
"""Different loads below which no law of three parameters is fitted: it would go through any three points."""

LEAST_FIT: Final = 0.9
"""The share of the throughput's variation that a law must explain to be told. Invented."""

_POINTS: Final = 60  # of the curve
_BEYOND: Final = 2.0  # Invented: the forecast ends at so many times what was measured
_LEAST_BEND: Final = 0.2  # Invented: below it a curve is as good as straight
_STRAIGHT: Final = 0.1  # Invented: so little above a straight line at the highest load, the law knows no bound
_SURE: Final = 0.5  # Invented: the greatest relative error a forecast may have


def throughput(law: Law, in_progress: float) -> float:
    """Answers a second that a law gives for so many visits in progress, 0 or more."""
    return float(_law(np.array([in_progress]), law.gain, law.contention, law.crosstalk)[0])


def fit_law(levels: Sequence[Level]) -> tuple[Law | None, str]:
    """Fit Gunther's Universal Scalability Law to the throughput of all levels against their visits in progress.

    Least squares with a soft loss, so that one odd level does not bend the curve; all parameters 0 or more. Source:
    Gunther, Guerrilla Capacity Planning (Springer 2007), chapter 4; a closed form of queueing behind one machine: A
    General Theory of Computational Scalability Based on Rational Functions, arXiv:0808.1431 (2008).

    Returns:
        the law, or None and why there is none, in one sentence. It is refused with too few different loads, where it
        does not fit, and where the levels do not bend enough to say when it will: any forecast would be a guess.
    """
    used = [each for each in levels if each.in_progress > 0 and each.answers_per_s > 0]
    used = [each for each in used if each.trust.verdict is not Verdict.INVALID]
    loads = np.array([each.in_progress for each in used], dtype=np.float64)
    rates = np.array([each.answers_per_s for each in used], dtype=np.float64)
    different = len({each.load for each in used})
    if different < FEWEST_LOADS:
        return None, f"No scalability law: it takes {FEWEST_LOADS} different loads, and there were {different}."
    scale = float(np.max(rates))
    gain = float(np.max(rates / loads))

    def misses(at: Floats) -> Floats:
        # Squares keep the parameters at 0 or more without a bound for the search to run against.
        return (_law(loads, at[0] * gain, at[1] ** 2, at[2] ** 2) - rates) / scale

    found = scipy.optimize.least_squares(
        misses, (1.0, 0.1, 0.01), loss="soft_l1", f_scale=0.05, x_scale=(1.0, 0.1, 0.01), max_nfev=2000
    )
    gain, contention, crosstalk = float(found.x[0] * gain), float(found.x[1] ** 2), float(found.x[2] ** 2)
    left = rates - _law(loads, gain, contention, crosstalk)
    varies = float(((rates - rates.mean()) ** 2).sum())
    fit = 1 - float((left**2).sum()) / varies if varies > 0 else 0.0
    if not found.success or gain <= 0 or fit < LEAST_FIT:
        return (
            None,
            f"No scalability law: it explains {max(0.0, fit):.0%} of the throughput, {LEAST_FIT:.0%} are needed.",
        )
    reach = float(loads.max())
    bend = contention * (reach - 1) + crosstalk * reach * (reach - 1)
    if bend < _STRAIGHT:
        return None, (
            f"No forecast: up to {reach:,.0f} chats in progress throughput grows in proportion, so nothing says where"
            " it will end."
        )
    error = _error(loads, rates, (gain, contention, crosstalk), reach)
    if error > _SURE:
        return None, f"No forecast: at twice what was measured it would be {error:.0%} unsure."
    return _told(gain, min(contention, 1.0), crosstalk, fit, reach), ""


def _law(loads: Floats, gain: float, contention: float, crosstalk: float) -> Floats:
    curve: Floats = gain * loads / (1 + contention * (loads - 1) + crosstalk * loads * (loads - 1))
    return curve


def _error(loads: Floats, rates: Floats, at: tuple[float, float, float], reach: float) -> float:
    """The relative standard error of the forecast at its end, to first order (the delta method)."""
    steps = [max(abs(each) * 1e-4, 1e-9) for each in at]

    def slopes(points: Floats) -> Floats:
        columns = []
        for index, step in enumerate(steps):
            moved = [value + step * (place == index) for place, value in enumerate(at)]
            columns.append((_law(points, *moved) - _law(points, *at)) / step)
        return np.column_stack(columns)

    spare = max(1, len(loads) - 3)
    variance = float(((rates - _law(loads, *at)) ** 2).sum()) / spare
    inside = slopes(loads)
    covariance = variance * np.linalg.pinv(inside.T @ inside)
    end = np.array([_BEYOND * reach])
    ahead = slopes(end)[0]
    return math.sqrt(max(0.0, float(ahead @ covariance @ ahead))) / float(_law(end, *at)[0])


def _told(gain: float, contention: float, crosstalk: float, fit: float, reach: float) -> Law:
    peak_at = math.sqrt(max(0.0, 1 - contention) / crosstalk) if crosstalk > 1e-12 else None
    if peak_at is not None and peak_at >= 1:
        most: float | None = float(_law(np.array([peak_at]), gain, contention, crosstalk)[0])
    else:
        peak_at, most = None, gain / contention if contention > 0 else None
    end = _BEYOND * reach
    at = np.geomspace(1.0, end, _POINTS) if end > 1 else np.array([1.0])
    curve = [LawPoint(float(x), float(y)) for x, y in zip(at, _law(at, gain, contention, crosstalk), strict=True)]
    if peak_at is not None and peak_at <= end:
        when = "was reached" if peak_at <= reach else "will be reached"
        said = f"throughput's peak of {most or 0:,.0f} answers a second {when} at {peak_at:,.0f} chats in progress"
    else:
        ahead = curve[-1].answers_per_s
        said = f"{end:,.0f} chats in progress would get {ahead:,.0f} answers a second"
        said += f", and no number of them more than {most:,.0f}" if most is not None else ""
    return Law(
        gain=gain,
        contention=contention,
        crosstalk=crosstalk,
        fit=fit,
        measured_to=reach,
        peak_at=peak_at,
        most_answers_per_s=most,
        curve=curve,
        said=f"Forecast (Universal Scalability Law, explains {fit:.1%} of what was measured): {said}.",
    )


def find_knee(levels: Sequence[Level], series: str, percentile: float) -> Knee | None:
    """The load from which on a latency climbs.

    The levels' points are put into a square, the load from 0 to 1 and the latency from 0 to 1; the knee is the point
    that lies farthest below the straight line between the corners. Source: Satopää, Albrecht, Irwin and Raghavan,
    Finding a "Kneedle" in a Haystack, ICDCS Workshops 2011, for a curve that bends upwards; with a dozen points it
    needs no smoothing. A load that was visited twice counts with its mean.

    Args:
        series: one of the headline series.
        percentile: 50, 95, 99 or 99.9.

    Returns:
        None with fewer than three loads, or where the curve is as good as straight.
    """
    by_load: dict[float, list[tuple[float, float]]] = {}
    for each in levels:
        figures = each.latencies.get(series)
        latency_ms = getattr(figures, _FIELDS.get(percentile, ""), None)
        if latency_ms is not None and each.trust.verdict is not Verdict.INVALID:
            by_load.setdefault(each.load, []).append((each.in_progress, latency_ms))
    loads = sorted(by_load)
    if len(loads) < 3:
        return None
    means = np.array([np.mean(by_load[load], axis=0) for load in loads])
    latencies = means[:, 1]
    height = float(latencies[-1] - latencies[0])
    if height <= 0:
        return None
    across = (np.array(loads) - loads[0]) / (loads[-1] - loads[0])
    below = across - (latencies - latencies[0]) / height
    at = int(np.argmax(below))
    if below[at] < _LEAST_BEND:
        return None
    return Knee(
        series=series,
        percentile=percentile,
        load=loads[at],
        in_progress=float(means[at, 0]),
        latency_ms=float(latencies[at]),
        bend=float(min(1.0, below[at])),
    )


_FIELDS: Final = {50.0: "p50_ms", 90.0: "p90_ms", 95.0: "p95_ms", 99.0: "p99_ms", 99.9: "p999_ms"}
