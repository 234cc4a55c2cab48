"""How busy a worker was in one interval: the figures that trust is judged by.

Knows nothing of where they come from, nor of how much is too much.
"""

from __future__ import annotations

import msgspec

__all__ = ["GeneratorFigures"]


class GeneratorFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How busy one worker was in one interval; None where the platform does not tell.

    Attributes:
        receive_p99_ns: p99 of `generator.receive`; None for too few samples as well.
        send_p99_ns: p99 of `generator.send`; None for too few samples as well.
        loop_lag_p99_ns: p99 of how late the worker's probe timer fired.
        loop_lag_max_ns: the greatest of it.
        cpu_share: CPU time used per time passed: 1.0 is one core, all there is for a Python process.
        waiting_share: the part of the time in which it was ready to run but other programs had the CPU (0 to 1).
        descriptors: open file descriptors.
        descriptors_limit: how many it may open.
        ports: ephemeral ports in use towards the target.
        ports_limit: how many there are.
        gc_pause_max_ns: the longest garbage collection.
        clock_step_ns: how far the wall clock departed from the steady clock, either way (0 or more).
        clock_skew_ns: how far the wall clock is from the master's, either way (0 or more); None without a master.
    """

    receive_p99_ns: int | None = None
    send_p99_ns: int | None = None
    loop_lag_p99_ns: int | None = None
    loop_lag_max_ns: int | None = None
    cpu_share: float | None = None
    waiting_share: float | None = None
    descriptors: int | None = None
    descriptors_limit: int | None = None
    ports: int | None = None
    ports_limit: int | None = None
    gc_pause_max_ns: int | None = None
    clock_step_ns: int | None = None
    clock_skew_ns: int | None = None

    def worse(self, other: GeneratorFigures) -> GeneratorFigures:
        """The worse of two in every figure; of limits the lower one."""
        figures: dict[str, float | None] = {}
        for name in self.__struct_fields__:
            known = [value for value in (getattr(self, name), getattr(other, name)) if value is not None]
            worst = min if name.endswith("_limit") else max
            figures[name] = worst(known) if known else None
        return GeneratorFigures(**figures)  # type: ignore[arg-type]  # each value is one of the field's own
