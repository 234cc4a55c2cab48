"""Runs many simulated servers in one process: sites in on standard input, addresses out; ends when its input does."""

from __future__ import annotations

import asyncio
import json
import sys

from whoson_load.simulator.event_loop import run
from whoson_load.simulator.server import Server
from whoson_load.simulator.site_file import parse_settings


async def serve(sites: dict[str, str]) -> None:
    """Start a server for each site, print where they are, and wait for the end of the input."""
    servers = {name: Server(parse_settings(site, name), port=0, control_port=0) for name, site in sites.items()}
    print(json.dumps({name: (await server.start())._asdict() for name, server in servers.items()}), flush=True)  # noqa: T201 (it is a program)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers.values():
        await server.stop()


if __name__ == "__main__":
    run(serve(json.loads(sys.stdin.readline())))
