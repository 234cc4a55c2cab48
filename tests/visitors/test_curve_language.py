from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import ConfigError
from whoson_load.visitors.curve_language import read_curve, read_day, read_time
from whoson_load.visitors.rate_curve import MOST_STAGES, RateCurve

HOURS = [hour * 60.0 for hour in range(24)]  # 60 chats in the hour from 1, 120 from 2 ...
DAY = "hour,chats\n" + "\n".join(f"{hour},{chats:g}" for hour, chats in enumerate(HOURS))


def files(**texts: str) -> Callable[[str], str]:
    """A reader of files that knows these, with `.csv` behind their names."""

    def read(name: str) -> str:
        try:
            return texts[name.removesuffix(".csv")]
        except KeyError:
            raise ConfigError(f"cannot read the profile {name}") from None

    return read


READ = files(day=DAY)


@pytest.mark.parametrize(
    "written, stages",
    [
        ("constant 30/min for 10m", [(600, 0.5, 0.5)]),
        ("constant 30/min", [(math.inf, 0.5, 0.5)]),
        ("constant 1.5/s for 1h30m10s", [(5410, 1.5, 1.5)]),
        ("constant 3600/h for 0.5min", [(30, 1, 1)]),
        ("ramp 0/min to 60/min over 5m; hold 10m", [(300, 0, 1), (600, 1, 1)]),
        ("ramp to 60/min over 5m; hold", [(300, 0, 1), (math.inf, 1, 1)]),
        ("ramp 1/s to 2/s over 1m; ramp to 0/s over 2m;", [(60, 1, 2), (120, 2, 0)]),
        ("steps 1/s to 3/s by 1/s every 10s; hold for 5s", [(10, 1, 1), (10, 2, 2), (10, 3, 3), (5, 3, 3)]),
        ("steps 3/s to 1/s by 1.5/s every 10s", [(10, 3, 3), (10, 1.5, 1.5), (10, 1, 1)]),
        ("steps 2/s to 2/s by 1/s every 10s", [(10, 2, 2)]),
        ("constant 1/s for 2m; spike 9/s for 30s; hold 2m", [(120, 1, 1), (30, 9, 9), (120, 1, 1)]),
        ("constant 1/s for 2m ;spike 9/s for 30s;hold", [(120, 1, 1), (30, 9, 9), (math.inf, 1, 1)]),
    ],
)
def test_stages_are_read(written: str, stages: list[tuple[float, float, float]]) -> None:
    """Each kind of stage gives its stretches, in arrivals a second."""
    assert read_curve(written, READ).stages == pytest.approx(RateCurve.of(stages).stages)


def test_a_hundred_small_steps_end_where_they_should() -> None:
    """Steps whose sum is not exact in binary make neither one too many nor one too few."""
    curve = read_curve("steps 0/min to 1/min by 0.1/min every 1s", READ)
    assert [stage.from_per_s * 60 for stage in curve.stages] == pytest.approx([step / 10 for step in range(11)])


@pytest.mark.parametrize(
    "written, lasts_s, total",
    [
        ("profile day.csv", 86_400, sum(HOURS)),
        ("profile day.csv x24", 3600, sum(HOURS) / 24),
        ("profile day.csv x24 at 150%", 3600, 1.5 * sum(HOURS) / 24),
        ("profile 'day.csv' x24 for 2h", 7200, 2 * sum(HOURS) / 24),
        ('profile "day.csv" for 90m', 5400, HOURS[0] + HOURS[1] / 2),
    ],
)
def test_a_profile_is_a_day_at_its_own_rates(written: str, lasts_s: float, total: float) -> None:
    """Compressed, a day keeps its rates and so has fewer chats; `for` cuts it or begins it again."""
    curve = read_curve(written, READ)
    assert curve.lasts_s == pytest.approx(lasts_s)
    assert curve.total == pytest.approx(total)


def test_each_hour_of_a_profile_has_the_chats_of_its_line() -> None:
    """No smoothing: the file's numbers are what is expected hour by hour."""
    curve = read_curve("profile day.csv", READ)
    got = [curve.expected((hour + 1) * 3600) - curve.expected(hour * 3600) for hour in range(24)]
    assert got == pytest.approx(HOURS)


@given(
    st.lists(
        st.tuples(st.floats(0.001, 1e6), *2 * [st.just(0.0) | st.floats(1e-9, 1e5)]),
        min_size=1,
        max_size=5,
    ),
    st.none() | st.floats(1e-9, 1e5),
)
def test_a_curves_text_reads_back_as_the_same_curve(
    stages: list[tuple[float, float, float]], endless_per_s: float | None
) -> None:
    """What a master sends its workers is exactly what it has itself."""
    if endless_per_s is not None:
        stages = [*stages, (math.inf, endless_per_s, endless_per_s)]
    if not any(a + b for _, a, b in stages):
        return
    curve = RateCurve.of(stages)
    assert read_curve(str(curve), files()) == curve


@pytest.mark.parametrize(
    "written, column, got",
    [
        ("", 1, "the end"),
        ("   ", 1, "the end"),
        ("flat 3/s", 1, "'flat'"),
        ("constant", 9, "the end"),
        ("constant 30", 10, "'30'"),
        ("constant 30/m for 5m", 10, "'30/m'"),
        ("constant -30/min for 5m", 10, "'-30/min'"),
        ("constant 1e9/s for 5m", 10, "'1e9/s'"),
        ("constant 30/min for", 20, "the end"),
        ("constant 30/min for 0s", 21, "'0s'"),
        ("constant 30/min for 5", 21, "'5'"),
        ("constant 30/min for 400d", 21, "'400d'"),
        ("constant 30/min until 5m", 17, "'until'"),
        ("constant 30/min; hold 5m", 16, "';'"),
        ("ramp 0/min too 60/min over 5m", 12, "'too'"),
        ("ramp 0/min to 60/min in 5m", 22, "'in'"),
        ("hold 5m", 1, "'hold'"),
        ("spike 9/s for 5s", 1, "'spike'"),
        ("constant 1/s for 5m; ; hold", 22, "';'"),
        ("constant 1/s for 5m hold", 21, "'hold'"),
        ("constant 1/s for 5m; 'hold'", 22, "'hold'"),
        ("constant 1/s for 5m; hold 'x", 27, '"\'"'),
        ("steps 1/s to 2/s by 0/s every 1m", 21, "'0/s'"),
        ("steps 1/s to 2/s by 0.0001/s every 1m", 21, "'0.0001/s'"),
        ("profile", 8, "the end"),
        ("profile ''", 9, "''"),
        ("profile day.csv x0", 17, "'x0'"),
        ("profile day.csv 24", 17, "'24'"),
        ("profile day.csv at 0%", 20, "'0%'"),
        ("profile day.csv x24 at 50", 24, "'50'"),
        ("profile day.csv x9999 for 10d", 23, "'for'"),
    ],
)
def test_a_mistake_is_shown_by_its_column(written: str, column: int, got: str) -> None:
    """One line says where, what was got there and what was expected."""
    with pytest.raises(ConfigError) as refused:
        read_curve(written, READ)
    said = str(refused.value)
    assert f", column {column}: got {got}, expected " in said
    assert "\n" not in said


@given(st.text(alphabet="constarmphldiefvyxg 0123456789/.%;'\"-\n", max_size=60))
def test_any_text_is_a_curve_or_one_clear_line(written: str) -> None:
    """Nothing that is written raises anything else than ConfigError."""
    try:
        stages = read_curve(written, READ).stages
    except ConfigError:
        return
    assert len(stages) <= MOST_STAGES


@pytest.mark.parametrize("written, seconds", [("90s", 90), ("1h30m", 5400), ("1.5min", 90), ("1d", 86_400)])
def test_times_are_read(written: str, seconds: float) -> None:
    """Numbers with units, added up."""
    assert read_time(written) == seconds


@pytest.mark.parametrize("written", ["", "s", "5", "5 s", "-5s", "0s", "1y", "400d", "5m3"])
def test_what_is_no_time_is_refused(written: str) -> None:
    """A time needs units, is above 0 and at most a year."""
    with pytest.raises(ValueError, match="expected a time such as"):
        read_time(written)


@pytest.mark.parametrize(
    "text",
    [
        DAY,
        DAY.removeprefix("hour,chats\n"),
        "\ufeff" + DAY + "\n\n",
        DAY.replace(",", ";"),
        "\n".join(f"{hour:02}:00, {HOURS[hour]}" for hour in reversed(range(24))),
    ],
)
def test_a_days_file_is_read_in_its_usual_forms(text: str) -> None:
    """Header or none, a byte order mark, semicolons, hours as 9 or 09:00 in any order."""
    assert read_day(text, "day.csv") == tuple(HOURS)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "got no line for hour 0, 1, 2"),
        (DAY.replace("\n7,420", ""), "got no line for hour 7, expected each of 0 to 23"),
        (DAY.replace("\n7,420", "\n6,420"), "line 9: got hour 6 again"),
        (DAY.replace("\n7,420", "\n7,-1"), "line 9: got '-1' chats, expected a number from 0"),
        (DAY.replace("\n7,420", "\n7,many"), "line 9: got 'many' chats"),
        (DAY.replace("\n7,420", "\n7,nan"), "line 9: got 'nan' chats"),
        (DAY.replace("\n7,420", "\n7,1e99"), "line 9: got '1e99' chats"),
        (DAY.replace("\n7,420", "\n24,420"), "line 9: got '24, 420', expected an hour (0 to 23)"),
        (DAY.replace("\n7,420", "\n7:30,420"), "line 9: got '7:30, 420'"),
        (DAY.replace("\n7,420", "\n7"), "line 9: got '7'"),
        (DAY.replace("\n7,420", "\n7,420,9"), "line 9: got '7, 420, 9'"),
    ],
)
def test_a_bad_days_file_is_refused_by_its_line(text: str, said: str) -> None:
    """Empty, negative, doubled and missing hours: one clear line each."""
    with pytest.raises(ConfigError) as refused:
        read_day(text, "day.csv")
    assert str(refused.value).startswith("day.csv")
    assert said in str(refused.value)


def test_a_profile_without_chats_is_no_curve() -> None:
    """A day on which nobody comes is refused like any curve that is 0 all the time."""
    with pytest.raises(ConfigError, match="0 all the time"):
        read_curve("profile day.csv", files(day="\n".join(f"{hour},0" for hour in range(24))))
