from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.generator import GeneratorFigures

maybe = st.one_of(st.none(), st.integers(0, 1000))
figures = st.builds(GeneratorFigures, **dict.fromkeys(GeneratorFigures.__struct_fields__, maybe))


@given(figures, figures, figures)
def test_the_worse_of_figures_does_not_depend_on_the_order(
    one: GeneratorFigures, two: GeneratorFigures, three: GeneratorFigures
) -> None:
    """Two reports of one worker for the same interval come to the same figures whichever was first."""
    assert one.worse(two) == two.worse(one)
    assert one.worse(two).worse(three) == one.worse(two.worse(three))
    assert one.worse(one) == one


def test_worse_takes_the_greater_figure_and_the_lower_limit() -> None:
    """A figure that only one of them knows is kept."""
    one = GeneratorFigures(cpu_share=0.5, descriptors=10, descriptors_limit=1024)
    two = GeneratorFigures(cpu_share=0.7, descriptors=5, descriptors_limit=512, gc_pause_max_ns=3)
    expected = GeneratorFigures(cpu_share=0.7, descriptors=10, descriptors_limit=512, gc_pause_max_ns=3)
    assert one.worse(two) == expected
