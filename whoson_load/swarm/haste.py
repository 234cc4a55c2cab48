"""Spares the visitors three pauses: each holds up everybody in the process, and would be taken for theirs.

A worker builds Locust's whole command line anew for every option of every message that adds users: 100 ms, each second
of a ramp. The end of a run looks up, for a debug line, the source file of every module there is: 40 ms, the first time.
And Python's garbage collector walks over every object of every library: 100 ms each time, with SciPy loaded. Knows
nothing of runs.
"""

from __future__ import annotations

import functools
import gc
import inspect

from locust import argument_parser

__all__ = ["make_haste", "settle_memory"]


def make_haste() -> None:
    """Do beforehand what can be done, and remember what never changes; to be called before a run, once or more."""
    if not hasattr(argument_parser.default_args_dict, "cache_info"):
        argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
    argument_parser.default_args_dict()
    inspect.stack()


def settle_memory() -> None:
    """Keep what is there now from the garbage collector's sight, but for what is garbage; to be called as a run begins.

    What an earlier run of the same process left is looked at first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
