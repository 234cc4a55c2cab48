"""The law and the knee, on levels made from a law and a curve that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whoson_load.analysis.scalability import find_knee, fit_law, throughput
from whoson_load.measurement.capacity import Level, Worth
from whoson_load.measurement.run import SeriesSummary
from whoson_load.measurement.trust import Judgement, Verdict

LOADS = (10, 20, 40, 80, 160, 320, 240, 280)


def level(
    number: int, load: float, answers_per_s: float, p99_ms: float = 30.0, verdict: Verdict = Verdict.TRUSTED
) -> Level:
    """A level with these figures."""
    echo = SeriesSummary(
        count=100,
        errors=0,
        overflow=0,
        min_ms=1.0,
        mean_ms=p99_ms / 3,
        p50_ms=p99_ms / 4,
        p90_ms=p99_ms / 2,
        p95_ms=p99_ms / 1.5,
        p99_ms=p99_ms,
        p999_ms=p99_ms,
        max_ms=p99_ms,
    )
    return Level(
        number=number,
        load=load,
        worth=Worth.GOOD,
        sure=True,
        from_above=False,
        begun_ns=0,
        held_ns=1,
        ended_ns=2,
        judged=[],
        in_progress=load,
        arrivals_per_min=load,
        visits_per_min=load,
        commands_per_s=3 * answers_per_s,
        answers_per_s=answers_per_s,
        visit_s=20.0,
        latencies={"echo": echo},
        trust=Judgement(verdict=verdict, reason="As the test wants it."),
    )


def levels(rate: Callable[[float], float], loads: tuple[float, ...] = LOADS, noise: float = 0.0) -> list[Level]:
    """Levels whose throughput follows a law."""
    rng = np.random.default_rng(3)
    return [level(n, load, rate(load) * float(1 + noise * rng.normal())) for n, load in enumerate(loads, 1)]


def gunther(gain: float, contention: float, crosstalk: float) -> Callable[[float], float]:
    """The law itself."""
    return lambda n: gain * n / (1 + contention * (n - 1) + crosstalk * n * (n - 1))


def test_a_law_is_found_again() -> None:
    """With its peak, from exact levels."""
    law, refused = fit_law(levels(gunther(0.5, 0.005, 2e-5)))
    assert refused == ""
    assert law is not None
    assert (law.gain, law.contention, law.crosstalk) == pytest.approx((0.5, 0.005, 2e-5), rel=0.05)
    assert law.peak_at == pytest.approx((0.995 / 2e-5) ** 0.5, rel=0.05)
    assert law.fit > 0.999
    assert throughput(law, 1) == pytest.approx(0.5, rel=0.05)
    assert law.measured_to == 320


@pytest.mark.parametrize("seed_noise", [0.01, 0.03])
def test_noise_moves_the_forecast_little(seed_noise: float) -> None:
    """Throughput at twice the highest load, a tenth off at most."""
    true = gunther(0.5, 0.01, 5e-6)
    law, _ = fit_law(levels(true, noise=seed_noise))
    assert law is not None
    assert throughput(law, 640) == pytest.approx(true(640), rel=0.1)


def test_a_forecast_is_called_one() -> None:
    """In its sentence, with what it comes from and how well that fits."""
    law, _ = fit_law(levels(gunther(0.5, 0.01, 0.0)))
    assert law is not None
    assert law.said.startswith("Forecast (Universal Scalability Law, explains")
    assert law.curve[0].in_progress == pytest.approx(1)
    assert law.curve[-1].in_progress == pytest.approx(640)


def test_no_bend_no_forecast() -> None:
    """Throughput in proportion to the load says nothing about its end."""
    law, refused = fit_law(levels(lambda n: 0.5 * n))
    assert law is None
    assert refused.startswith("No forecast: up to 320 chats in progress throughput grows in proportion")


def test_too_few_loads_are_refused() -> None:
    """Three points would fit any law of three parameters; the same load twice is one."""
    law, refused = fit_law(levels(gunther(0.5, 0.01, 0.0), (10, 40, 160, 160)))
    assert law is None
    assert refused == "No scalability law: it takes 4 different loads, and there were 3."


def test_a_poor_fit_is_refused() -> None:
    """Throughput that jumps up and down follows no law."""
    jumping = [level(n, load, 50.0 + 40.0 * (-1) ** n) for n, load in enumerate(LOADS, 1)]
    law, refused = fit_law(jumping)
    assert law is None
    assert "it explains" in refused


def test_one_odd_level_does_not_bend_the_law() -> None:
    """The soft loss: the others decide."""
    exact = levels(gunther(0.5, 0.01, 0.0))
    odd = [*exact[:-1], level(8, 280, 0.75 * exact[-1].answers_per_s)]
    law, _ = fit_law(odd)
    assert law is not None
    assert throughput(law, 320) == pytest.approx(gunther(0.5, 0.01, 0.0)(320), rel=0.06)


def test_a_distrusted_level_counts_for_nothing() -> None:
    """Its throughput is the generator's."""
    exact = levels(gunther(0.5, 0.01, 0.0))
    law, _ = fit_law([*exact, level(9, 1000, 1.0, verdict=Verdict.INVALID)])
    assert law is not None
    assert law.measured_to == 320


def test_the_knee_is_where_the_latency_begins_to_climb() -> None:
    """The last level of the flat part."""
    curve = {10: 30.0, 20: 30.0, 40: 31.0, 80: 33.0, 160: 45.0, 240: 400.0, 280: 900.0}
    made = [level(n, load, load, p99) for n, (load, p99) in enumerate(curve.items(), 1)]
    knee = find_knee(made, "echo", 99)
    assert knee is not None
    assert (knee.load, knee.latency_ms) == (160, 45.0)
    assert 0.4 < knee.bend < 1


def test_a_straight_curve_and_a_flat_one_have_no_knee() -> None:
    """Nor has one of two levels, nor a series that was never seen."""
    straight = [level(n, load, load, 2.0 * load) for n, load in enumerate((10, 100, 200, 300), 1)]
    assert find_knee(straight, "echo", 99) is None
    assert find_knee([level(n, n * 10, n, 30.0) for n in (1, 2, 3)], "echo", 99) is None
    assert find_knee(straight[:2], "echo", 99) is None
    assert find_knee(straight, "connect", 99) is None
