"""A self-signed certificate for 127.0.0.1 and localhost, made from nothing but Python: no openssl, no package.

Knows just enough of DER (X.690), X.509 (RFC 5280) and ECDSA on P-256 (FIPS 186-4). For tests alone: how long it takes
to sign depends on the key.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

# NIST P-256.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_EC_PUBLIC_KEY, _P256, _ECDSA_SHA256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7", "1.2.840.10045.4.3.2"
_COMMON_NAME, _KEY_IDENTIFIER, _KEY_USAGE = "2.5.4.3", "2.5.29.14", "2.5.29.15"
_ALTERNATIVE_NAMES, _BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.19"
_SIGNS, _SIGNS_CERTIFICATES = 0x80, 0x04
_CRITICAL = b"\x01\x01\xff"

_Point = tuple[int, int] | None


def write_certificate(folder: Path) -> Path:
    """Make a key and its self-signed certificate.

    Returns:
        One PEM file that holds both.
    """
    key = secrets.randbelow(_ORDER - 1) + 1
    public = _times(key, _BASE)
    assert public is not None
    path = folder / "certificate.pem"
    path.write_text(_pem("EC PRIVATE KEY", _private_key(key)) + _pem("CERTIFICATE", _certificate(key, public)), "ascii")
    return path


def _certificate(key: int, public: tuple[int, int]) -> bytes:
    now = datetime.now(UTC)
    name = _sequence(_tlv(0x31, _sequence(_oid(_COMMON_NAME), _tlv(0x0C, b"localhost"))))
    alternatives = _sequence(_tlv(0x82, b"localhost"), _tlv(0x87, ipaddress.ip_address("127.0.0.1").packed))
    signed = _sequence(
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(64)),
        _sequence(_oid(_ECDSA_SHA256)),
        name,
        _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=1))),
        name,
        _sequence(_sequence(_oid(_EC_PUBLIC_KEY), _oid(_P256)), _bits(_uncompressed(public))),
        _tlv(
            0xA3,
            _sequence(
                _sequence(_oid(_BASIC_CONSTRAINTS), _CRITICAL, _octets(_sequence(_tlv(0x01, b"\xff")))),
                _sequence(
                    _oid(_KEY_USAGE), _CRITICAL, _octets(_bits(bytes((_SIGNS | _SIGNS_CERTIFICATES,)), unused=2))
                ),
                _sequence(_oid(_KEY_IDENTIFIER), _octets(_octets(hashlib.sha256(_uncompressed(public)).digest()[:20]))),
                _sequence(_oid(_ALTERNATIVE_NAMES), _octets(alternatives)),
            ),
        ),
    )
    return _sequence(signed, _sequence(_oid(_ECDSA_SHA256)), _bits(_signature(key, signed)))


def _private_key(key: int) -> bytes:
    return _sequence(_integer(1), _octets(key.to_bytes(32, "big")), _tlv(0xA0, _oid(_P256)))


# ECDSA


def _signature(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    once = secrets.randbelow(_ORDER - 1) + 1
    point = _times(once, _BASE)
    assert point is not None
    r = point[0] % _ORDER
    return _sequence(_integer(r), _integer(pow(once, -1, _ORDER) * (digest + r * key) % _ORDER))


def _times(factor: int, point: _Point) -> _Point:
    product: _Point = None
    while factor:
        if factor & 1:
            product = _plus(product, point)
        point = _plus(point, point)
        factor >>= 1
    return product


def _plus(one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, _P) if one == other else (y2 - y1) * pow(x2 - x1, -1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


# DER


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    sized = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(sized))) + sized + content


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _octets(content: bytes) -> bytes:
    return _tlv(0x04, content)


def _bits(content: bytes, unused: int = 0) -> bytes:
    return _tlv(0x03, bytes((unused,)) + content)


def _time(moment: datetime) -> bytes:
    return _tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    encoded = bytearray((40 * first + second,))
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        encoded += bytes(reversed(groups))
    return _tlv(0x06, bytes(encoded))


def _uncompressed(point: tuple[int, int]) -> bytes:
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode("ascii").replace("\n", "")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
