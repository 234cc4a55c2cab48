"""What all tests share: Locust is loaded once, without patching the standard library of the test process.

Importing Locust replaces sockets and sleeps by gevent's for the whole process; in a test run, where asyncio and threads are at work too,
that would change what is tested. Runs as users start them are tested in processes of their own, where the patching is in force.
"""

from __future__ import annotations

import os

from hypothesis import settings

# A deadline for one example says how busy the machine was, and nothing of the code.
settings.register_profile("whoson-load", deadline=None)
settings.load_profile("whoson-load")

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: E402, F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
