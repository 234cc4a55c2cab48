"""Where visitors are, by their addresses: a stand-in for a geolocation database. Knows no visits."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Sequence

import msgspec

from whoson_load.protocol.site import GeoIP
from whoson_load.simulator.settings import GeoSettings

__all__ = ["Atlas"]


class Atlas:
    """Finds places.

    Args:
        settings: places with a network, looked at in their order, and places without, for everybody else.
    """

    def __init__(self, settings: Sequence[GeoSettings]) -> None:
        self._networks = [
            (ipaddress.ip_network(place.network, strict=False), _geo_ip(place)) for place in settings if place.network
        ]
        self._elsewhere = [_geo_ip(place) for place in settings if not place.network]

    def place_of(self, address: str) -> GeoIP:
        """The place of an address: always the same for the same address, unknown for what is no address."""
        found = GeoIP()
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return msgspec.structs.replace(found, ip_address=address[:100])
        for network, place in self._networks:
            if parsed in network:
                found = place
                break
        else:
            if self._elsewhere:
                found = self._elsewhere[zlib.crc32(parsed.packed) % len(self._elsewhere)]
        return msgspec.structs.replace(found, ip_address=address)


def _geo_ip(place: GeoSettings) -> GeoIP:
    described = msgspec.structs.asdict(place)
    del described["network"]
    return GeoIP(**described)
