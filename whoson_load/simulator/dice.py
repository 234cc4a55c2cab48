"""Seeded randomness in eight bytes a chat. Knows neither what is thrown for nor when."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Dice:
    """A SplitMix64 generator: one integer of state, where `random.Random` holds 2.5 KB, which 10,000 chats would feel.

    Source of the constants: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Args:
        seed: any whole number; equal seeds throw equal sequences.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def fork(self) -> Dice:
        """Dice of their own for somebody else, so that what one throws shifts nobody else's sequence."""
        return Dice(self.bits())

    def of(self, *name: str | int) -> Dice:
        """Dice for somebody of a name: the same whoever else threw before, as long as these have thrown nothing."""
        text = "\0".join(map(str, (self._state, *name)))
        return Dice(int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()))

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return (self.bits() >> 11) * 2.0**-53

    def normal(self) -> float:
        """A number of the standard normal distribution (Box-Muller)."""
        return math.sqrt(-2.0 * math.log(1.0 - self.fraction())) * math.cos(2.0 * math.pi * self.fraction())

    def chance(self, probability: float) -> bool:
        """Whether something of this probability (0 to 1) happens; 0 never does, 1 always."""
        return probability > 0.0 and self.fraction() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely.

        Raises:
            IndexError: there are none.
        """
        return choices[int(self.fraction() * len(choices))]

    def letters(self, count: int) -> str:
        """Lower-case letters and digits, as the specification's chat UIDs are made of ("gq0i7smlen")."""
        return "".join(self.pick("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(count))
