from __future__ import annotations

import pytest

from whoson_load.protocol.reading import JsonValue
from whoson_load.protocol.site import GeoIP, Site, Translation, decode_site, encode_site, file_extensions
from whoson_load.protocol.survey import Survey


def test_a_site_is_read_from_whatever_is_there() -> None:
    """What is missing or null has its blank value."""
    assert decode_site({}) == Site(domain="")
    assert decode_site(dict.fromkeys(encode_site(Site(domain=""), "", GeoIP()))) == Site(domain="")


@pytest.mark.parametrize("name", ["ForwardingURL", "ForwardingUrl", "forwardingurl", "FORWARDINGURL"])
def test_the_forwarding_url_is_found_in_any_case(name: str) -> None:
    """The specification writes ForwardingURL and ForwardingUrl."""
    assert decode_site({name: "https://example.com"}).forwarding_url == "https://example.com"


@pytest.mark.parametrize(
    "members, enabled",
    [
        ({"LeaveMessageEnabled": True}, True),
        ({"LeaveMessage": True}, True),
        ({"LeaveMessage": "True"}, True),
        ({"leavemessage": "Y", "LeaveMessageEnabled": None}, True),
        ({"LeaveMessageEnabled": False}, False),
        ({"LeaveMessageEnabled": "False", "LeaveMessage": False}, False),
        ({}, False),
    ],
)
def test_leaving_a_message_has_two_names(members: JsonValue, enabled: bool) -> None:
    """The specification's prose calls LeaveMessageEnabled also LeaveMessage."""
    assert decode_site(members).leave_message_enabled is enabled


@pytest.mark.parametrize(
    "members, message",
    [
        ({"OpeningMessage": "a", "OnlineMessage": "b"}, "a"),
        ({"OnlineMessage": "b"}, "b"),
        ({"OpeningMessage": "", "OnlineMessage": "b"}, "b"),
    ],
)
def test_the_opening_message_has_two_names(members: JsonValue, message: str) -> None:
    """The specification's prose calls OpeningMessage also OnlineMessage."""
    assert decode_site(members).opening_message == message


@pytest.mark.parametrize("value", ["True", "Y", 1, True])
def test_permissions_are_read_in_every_form_of_a_boolean(value: JsonValue) -> None:
    """Previews are sent only where they are allowed, however that is written."""
    assert decode_site({"OperatorPreview": value}).operator_preview is True


def test_what_is_the_visitors_own_is_no_part_of_the_site() -> None:
    """Two visitors with other sessions and places have the very same site, in whatever case it is written."""
    first = decode_site({"SessionID": "a", "Domain": "d", "GeoIP": {"City": "x"}})
    second = decode_site({"sessionid": "b", "Domain": "d", "GEOIP": None})
    assert first is second


@pytest.mark.parametrize("value", [None, [], "a", 5])
def test_what_is_no_site_is_refused(value: JsonValue) -> None:
    """It says so."""
    with pytest.raises(ValueError, match=r"^got no object, expected the site's settings$"):
        decode_site(value)


def test_parts_that_are_null_are_off() -> None:
    """A site without surveys, translation or a place for its visitor is a site."""
    assert Survey.decode(None) == Survey()
    assert Survey.decode(None).asked == ()
    assert Translation.decode(None) == Translation()
    assert GeoIP.decode(None) == GeoIP()


def test_numbers_are_written_as_the_specification_does() -> None:
    """A whole radius without a fraction, degrees with theirs."""
    written = GeoIP(latitude=53.0278, radius=20.0).encode()
    assert (written["Latitude"], repr(written["Radius"])) == (53.0278, "20")
    assert GeoIP(radius=0.5).encode()["Radius"] == 0.5


@pytest.mark.parametrize(
    "types, extensions",
    [
        ("pdf, doc", ("pdf", "doc")),
        ("PDF,.Doc ,  .tar.gz", ("pdf", "doc", "tar.gz")),
        ("", ()),
        (" , ,", ()),
    ],
)
def test_file_types_are_split_into_extensions(types: str, extensions: tuple[str, ...]) -> None:
    """Commas part them; case, blanks and a leading dot do not matter; blank is no uploads at all."""
    assert file_extensions(types) == extensions
