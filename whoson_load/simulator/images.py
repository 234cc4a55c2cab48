"""The site's pictures, made when the site file brings none. Knows nothing of who asks for them."""

from __future__ import annotations

import base64
import struct
import zlib

from whoson_load.protocol.events import Image
from whoson_load.simulator.settings import ImageSettings

__all__ = ["picture", "site_images"]

_COLOURS = {1: (46, 139, 87), 2: (160, 160, 160), 5: (25, 84, 166), 8: (25, 84, 166)}
_SIZES = {1: (120, 40), 2: (120, 40), 5: (200, 60), 8: (96, 32)}


def picture(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A PNG of one colour.

    Args:
        width, height: in pixels.
        colour: red, green, blue, 0 to 255 each.
    """

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack("!I", len(content)) + name + content + struct.pack("!I", zlib.crc32(name + content))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def site_images(domain: str, settings: tuple[ImageSettings, ...]) -> dict[str, Image]:
    """The answers to GetImage, by the image type it asks for."""
    images = {}
    for each in settings:
        kind = each.image_type
        encoded = each.base64 or base64.b64encode(picture(*_SIZES[kind], _COLOURS[kind])).decode()
        images[str(kind)] = Image(domain=domain, image_type=kind, language=each.language, ext=each.ext, base64=encoded)
    return images
