"""Targets read as from a command line, with both secrets."""

from __future__ import annotations

from typing import Any

from whoson_load.client.target import API_KEY_VARIABLE, AUTH_VARIABLE, Target

SECRETS = {AUTH_VARIABLE: "s3cret-auth", API_KEY_VARIABLE: "s3cret-key"}


def target(host: str = "ws://127.0.0.1:8009", **more: Any) -> Target:  # noqa: ANN401 (the options of Target.read)
    """A target read with both secrets."""
    return Target.read(host, domain="www.mycompany.com", environment=more.pop("environment", SECRETS), **more)
