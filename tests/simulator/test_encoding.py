from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.protocol.events import Connected, NewLine
from whoson_load.protocol.frames import encode_event
from whoson_load.protocol.site import GeoIP
from whoson_load.simulator.encoding import event_encoder
from whoson_load.simulator.places import Atlas
from whoson_load.simulator.settings import GeoSettings
from whoson_load.simulator.site_file import load_settings

SITE = load_settings("default").site
PLACES = load_settings("default").places


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["", "Oslo"]), st.sampled_from(["", "uid"]))
def test_what_is_encoded_once_is_the_same_as_encoded_each_time(session: str, address: str, city: str, uid: str) -> None:
    """Whatever the session and the address, quotes included."""
    encode = event_encoder()
    for _ in range(2):
        event = Connected(chat_uid=uid, session_id=session, site=SITE, geo_ip=GeoIP(ip_address=address, city=city))
        assert msgspec.json.decode(encode(event)) == msgspec.json.decode(encode_event(event))
    line = NewLine(chat_uid="x", classname="linev", content=session)
    assert encode(line) == encode_event(line)


def test_addresses_have_places() -> None:
    """Of their network, or of those for everybody else, always the same one; what is no address has none."""
    elsewhere = tuple(GeoSettings(city=f"City {number}") for number in range(5))
    atlas = Atlas((*PLACES, *elsewhere))
    assert atlas.place_of("195.62.193.7").city == "Stoke-on-Trent"
    cities = {atlas.place_of(f"198.51.100.{number}").city for number in range(100)}
    assert cities == {place.city for place in elsewhere}
    assert atlas.place_of("198.51.100.7") == atlas.place_of("198.51.100.7")
    assert atlas.place_of("nowhere") == GeoIP(ip_address="nowhere")
    assert Atlas(PLACES).place_of("2001:db8::1") == GeoIP(ip_address="2001:db8::1")
