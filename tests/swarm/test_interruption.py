"""The orderly end, asked for from the loop; what a terminal's Ctrl-C does to whole runs is among their own tests."""

from __future__ import annotations

import signal

import gevent
import pytest

from whoson_load.swarm.interruption import Interruption


def test_the_end_comes_up_in_the_main_greenlet() -> None:
    """Wherever it was asked for."""
    Interruption().end()
    with pytest.raises(KeyboardInterrupt), gevent.Timeout(10):
        gevent.sleep(20)


def test_an_end_under_way_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The master of a worker is gone while both end: an exception now would come up in Python's own last steps."""
    ignored = {}
    monkeypatch.setattr(signal, "signal", ignored.__setitem__)
    interruption = Interruption()
    interruption.finish()
    interruption.end()
    gevent.sleep(0.01)
    assert ignored == {signal.SIGTERM: signal.SIG_IGN}
