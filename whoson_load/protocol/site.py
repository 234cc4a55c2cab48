"""What `connected` tells a visitor's browser about the site: texts, surveys, languages, permissions.

Knows nothing of sessions.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from whoson_load.protocol.reading import JsonObject, JsonValue, flag, number, shortest, text, whole
from whoson_load.protocol.survey import Survey

__all__ = ["GeoIP", "Language", "Site", "Translation", "decode_site", "encode_site", "file_extensions"]


class GeoIP(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server believes the visitor's address to be.

    Attributes:
        latitude, longitude: degrees. radius: kilometres *(the specification names no unit)*.
    """

    ip_address: str = ""
    is_proxy: bool = False
    is_satellite: bool = False
    post_code: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    radius: float = 0
    isp: str = ""
    country_iso: str = ""
    country_name: str = ""
    city: str = ""
    metro_code: str = ""
    organization: str = ""
    region_name: str = ""
    region_iso: str = ""

    @classmethod
    def decode(cls, value: JsonValue) -> GeoIP:
        """Read it from decoded JSON; null is a place unknown.

        Raises:
            ValueError: it is neither null nor an object, or a member is of a type that no reading allows.
        """
        if value is None:
            return cls()
        members = JsonObject(value)
        return cls(
            ip_address=members.read("IPAddress", text),
            is_proxy=members.read("IsProxy", flag),
            is_satellite=members.read("IsSatellite", flag),
            post_code=members.read("PostCode", text),
            latitude=members.read("Latitude", number),
            longitude=members.read("Longitude", number),
            radius=members.read("Radius", number),
            isp=members.read("ISP", text),
            country_iso=members.read("CountryISO", text),
            country_name=members.read("CountryName", text),
            city=members.read("City", text),
            metro_code=members.read("MetroCode", text),
            organization=members.read("Organization", text),
            region_name=members.read("RegionName", text),
            region_iso=members.read("RegionISO", text),
        )

    def encode(self) -> dict[str, JsonValue]:
        """The specification's GeoIP object."""
        return {
            "IPAddress": self.ip_address,
            "IsProxy": self.is_proxy,
            "IsSatellite": self.is_satellite,
            "PostCode": self.post_code,
            "Latitude": self.latitude,
            "Longitude": self.longitude,
            "Radius": shortest(self.radius),
            "ISP": self.isp,
            "CountryISO": self.country_iso,
            "CountryName": self.country_name,
            "City": self.city,
            "MetroCode": self.metro_code,
            "Organization": self.organization,
            "RegionName": self.region_name,
            "RegionISO": self.region_iso,
        }


class Language(msgspec.Struct, frozen=True):
    """A language the site can translate: its two letters, its name, and whether it is the one selected."""

    iso2: str
    display_as: str = ""
    selected: bool = False

    @classmethod
    def decode(cls, value: JsonValue) -> Language:
        """Read it from decoded JSON.

        Raises:
            ValueError: it is no object, or a member is of a type that no reading allows.
        """
        members = JsonObject(value)
        return cls(members.read("ISO2", text), members.read("DisplayAs", text), members.read("Selected", flag))

    def encode(self) -> dict[str, JsonValue]:
        """The specification's language object."""
        return {"ISO2": self.iso2, "DisplayAs": self.display_as, "Selected": self.selected}


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The site's translation settings."""

    enabled: bool = False
    default_language: str = ""
    languages: tuple[Language, ...] = ()
    show_language_selector: bool = False
    show_as_overlay: bool = False
    force_translation: bool = False

    @classmethod
    def decode(cls, value: JsonValue) -> Translation:
        """Read it from decoded JSON; null is a site without translation.

        Raises:
            ValueError: it is neither null nor an object, or a member is of a type that no reading allows.
        """
        if value is None:
            return cls()
        members = JsonObject(value)
        return cls(
            enabled=members.read("Enabled", flag),
            default_language=members.read("DefaultLanguage", text),
            languages=members.each("Languages", Language.decode),
            show_language_selector=members.read("ShowLanguageSelector", flag),
            show_as_overlay=members.read("ShowAsOverlay", flag),
            force_translation=members.read("ForceTranslation", flag),
        )

    def encode(self) -> dict[str, JsonValue]:
        """The specification's Translation object."""
        return {
            "Enabled": self.enabled,
            "DefaultLanguage": self.default_language,
            "Languages": [language.encode() for language in self.languages],
            "ShowLanguageSelector": self.show_language_selector,
            "ShowAsOverlay": self.show_as_overlay,
            "ForceTranslation": self.force_translation,
        }


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site's settings: all of `connected` but what is the visitor's own (the session and the place).

    Attributes:
        utc_bias: the site's offset from UTC *(the specification names no unit; minutes, inferred from the name)*.
        opening_message: HTML, shown above the pre-chat survey.
        forwarding_url: where a visitor may be sent when nobody takes the chat; "" for nowhere.
        height, width: of the chat window, in pixels.
        operator_preview: whether Preview may be sent.
        web_services_url: of the document store.
        allowed_file_types: comma-separated extensions, "" for no uploads; see `file_extensions`.
        leave_message_enabled: whether a visitor nobody takes is offered to leave a message.
        visitor_single_use_files: a number the specification shows as 0 and does not explain.
    """

    domain: str
    site_name: str = ""
    utc_bias: int = 0
    opening_message: str = ""
    closing_message: str = ""
    forwarding_url: str = ""
    layout: str = ""
    color: str = ""
    lang: str = ""
    height: int = 0
    width: int = 0
    operator_preview: bool = False
    web_services_url: str = ""
    allowed_file_types: str = ""
    pre_chat_survey: Survey = Survey()
    post_chat_survey: Survey = Survey()
    translation: Translation = Translation()
    callback_enabled: bool = False
    leave_message_enabled: bool = False
    visitor_single_use_files: int = 0
    server_build: str = ""


def decode_site(data: JsonValue) -> Site:
    """Read a site's settings from the decoded Data of `connected`.

    Visitors of one site get one object: a thousand of them would otherwise hold a thousand copies of its surveys.

    Raises:
        ValueError: it is no object, or a member is of a type that no reading allows.
    """
    if not isinstance(data, dict):
        raise ValueError("got no object, expected the site's settings")
    settings = {name: value for name, value in data.items() if name.lower() not in ("sessionid", "geoip")}
    try:
        return _site(msgspec.json.encode(settings))
    except RecursionError:  # read at a shallower place of the stack than this
        raise ValueError("got an object nested too deeply, expected the site's settings") from None


@lru_cache(maxsize=64)
def _site(settings: bytes) -> Site:
    members = JsonObject(msgspec.json.decode(settings))
    return Site(
        domain=members.read("Domain", text),
        site_name=members.read("SiteName", text),
        utc_bias=members.read("UTCBias", whole),
        # The specification's prose also calls these OnlineMessage and LeaveMessage.
        opening_message=members.read("OpeningMessage", text) or members.read("OnlineMessage", text),
        closing_message=members.read("ClosingMessage", text),
        forwarding_url=members.read("ForwardingURL", text),
        layout=members.read("Layout", text),
        color=members.read("Color", text),
        lang=members.read("Lang", text),
        height=members.read("Height", whole),
        width=members.read("Width", whole),
        operator_preview=members.read("OperatorPreview", flag),
        web_services_url=members.read("WebServicesURL", text),
        allowed_file_types=members.read("AllowedFileTypes", text),
        pre_chat_survey=members.read("PreChatSurvey", Survey.decode),
        post_chat_survey=members.read("PostChatSurvey", Survey.decode),
        translation=members.read("Translation", Translation.decode),
        callback_enabled=members.read("CallbackEnabled", flag),
        leave_message_enabled=members.read("LeaveMessageEnabled", flag) or members.read("LeaveMessage", flag),
        visitor_single_use_files=members.read("VisitorSingleUseFiles", whole),
        server_build=members.read("ServerBuild", text),
    )


def encode_site(site: Site, session_id: str, geo_ip: GeoIP) -> dict[str, JsonValue]:
    """The Data of `connected` for one visitor, its members in the specification's order."""
    return {
        "SessionID": session_id,
        "Domain": site.domain,
        "SiteName": site.site_name,
        "UTCBias": site.utc_bias,
        "OpeningMessage": site.opening_message,
        "ClosingMessage": site.closing_message,
        "ForwardingURL": site.forwarding_url,
        "Layout": site.layout,
        "Color": site.color,
        "Lang": site.lang,
        "Height": site.height,
        "Width": site.width,
        "OperatorPreview": site.operator_preview,
        "WebServicesURL": site.web_services_url,
        "GeoIP": geo_ip.encode(),
        "AllowedFileTypes": site.allowed_file_types,
        "PreChatSurvey": site.pre_chat_survey.encode(),
        "PostChatSurvey": site.post_chat_survey.encode(),
        "Translation": site.translation.encode(),
        "CallbackEnabled": site.callback_enabled,
        "LeaveMessageEnabled": site.leave_message_enabled,
        "VisitorSingleUseFiles": site.visitor_single_use_files,
        "ServerBuild": site.server_build,
    }


def file_extensions(types: str) -> tuple[str, ...]:
    """Split a list of extensions ("pdf, .DOC") into lower-case ones without the dot, in order; "" gives none."""
    return tuple(each for part in types.split(",") if (each := part.strip().lower().lstrip(".")))
