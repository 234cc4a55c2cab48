"""The live page of a run, and its figures for Prometheus, on Locust's web server.

Shows what the record is given, interval by interval; takes no measurement of its own, and writes no file.
"""

__all__: list[str] = []
