"""The visitors as Locust users, and the run they make together: the only home of Locust's runners and users."""

__all__: list[str] = []
