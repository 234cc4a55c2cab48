"""Every setting of a simulated server, with type, range and default. Knows neither TOML nor what acts on settings.

`sites/default.toml` explains each key to the people who write site files.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from whoson_load.protocol.events import Operator
from whoson_load.protocol.site import Language, Site, Translation
from whoson_load.protocol.survey import Survey, SurveyField
from whoson_load.simulator.delays import Delay, Duration, Fixed, LogNormal
from whoson_load.simulator.fault_settings import FaultSettings

__all__ = [
    "AccessSettings",
    "ChatSettings",
    "DocumentSettings",
    "FieldSettings",
    "GeoSettings",
    "HabitSettings",
    "HourSettings",
    "ImageSettings",
    "LanguageSettings",
    "OperatorSettings",
    "OperatorTimes",
    "QueueSettings",
    "ReconnectSettings",
    "RoutingSettings",
    "ServerSettings",
    "Settings",
    "SiteSettings",
    "Status",
    "SurveySettings",
    "TalkSettings",
    "TranslationSettings",
    "WaitingSettings",
]

_S = 1_000_000_000

Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Refusal = Literal["error", "close", "http403", "reset"]
Status = Literal["Online", "Busy", "Be Right Back", "Away"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the site file: a key nobody knows is an error, not a wish."""


class ServerSettings(_Table, frozen=True, kw_only=True):
    """What concerns the whole server. `authentication` and `api_key` are secrets: no log, state or error shows them."""

    authentication: str = "myauthstring"
    api_key: str = "abcdefg12345"
    quit_after_quit: bool = False
    close_after_quit: bool = False
    uid_at_connected: bool = False
    array_frames: bool = False
    acknowledges: bool = False
    accepts_noop: bool = False
    automatic_transcripts: bool = False
    keep_chats: Count = 10_000
    keep_lines: Count = 5_000
    keep_commands_bytes: Count = 16_777_216

    def __repr__(self) -> str:
        return "ServerSettings(...)"


class FieldSettings(SurveyField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A survey field, its properties as the protocol has them, in snake case."""


class SurveySettings(Survey, frozen=True, forbid_unknown_fields=True):
    """A survey."""

    fields: tuple[FieldSettings, ...] = ()


class LanguageSettings(Language, frozen=True, forbid_unknown_fields=True):
    """A language the site translates."""


class TranslationSettings(Translation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The site's translation."""

    languages: tuple[LanguageSettings, ...] = ()


class SiteSettings(Site, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `connected` says of the site; `web_services_url` "" is the simulator's own document store."""

    pre_chat_survey: SurveySettings = SurveySettings()
    post_chat_survey: SurveySettings = SurveySettings()
    translation: TranslationSettings = TranslationSettings()


class AccessSettings(_Table, frozen=True, kw_only=True):
    """Who may connect, and what becomes of the others.

    The numbers are Invented: the specification gives none. A client that gives up after twenty refusals is not
    blacklisted.
    """

    whitelist: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()
    trust_forwarded: bool = True
    refusal: Refusal = "error"
    max_chats_from_one_address: Count = 0
    address_counted: Literal["socket", "forwarded", "parameter"] = "forwarded"
    bad_connects: Count = 30
    invalid_data: Count = 20
    illegal_commands: Count = 100
    counted_for: Duration = Duration(60 * _S)
    blacklisted_for: Duration = Duration(60 * _S)
    connect_within: Duration = Duration(60 * _S)
    max_frame_bytes: Annotated[int, Meta(ge=1024)] = 1_048_576


class ChatSettings(_Table, frozen=True, kw_only=True):
    """How lines travel. The times are Invented."""

    echo_delay: Delay = Fixed(0)
    escape_html: bool = True
    linesays: Literal["before", "after", "never"] = "before"
    too_long: Literal["error", "truncate", "accept", "close"] = "error"
    inactivity_line_after: Duration = Duration(300 * _S)
    inactivity_quit_after: Duration = Duration(600 * _S)
    inactivity_line: str = "Are you still there? This chat will close if there is no reply."


class WaitingSettings(_Table, frozen=True, kw_only=True):
    """What a visitor reads while nobody picks up, without a queue. Texts are the specification's, times Invented."""

    paging: str = "Please wait. An operator will be with you shortly."
    line_1: str = "One moment please..."
    line_1_after: Duration = Duration(15 * _S)
    line_2: str = "We apologize for the delay. An operator will be with you shortly."
    line_2_gap: Duration = Duration(30 * _S)
    final: str = (
        "No operators are available at this time. Operators may only be available during office hours. "
        "The time is currently {time}."
    )
    final_after: Duration = Duration(120 * _S)
    not_accepted: str = (
        "No operators are available at this time. Operators may only be available during office hours. "
        "The time is currently {time}."
    )


class QueueSettings(_Table, frozen=True, kw_only=True):
    """The queue. `tick` and `message_every` are the specification's, `limit` and `timeout` Invented."""

    enabled: bool = True
    limit: Count = 1000
    timeout: Duration = Duration(300 * _S)
    tick: Duration = Duration(_S)
    message_every: Duration = Duration(60 * _S)
    message: str = "Thank you for waiting. You are in position {position} of {length}."


class ReconnectSettings(_Table, frozen=True, kw_only=True):
    """What becomes of a chat whose socket drops without Quit."""

    reading: Literal["resume", "ends"] = "ends"
    kept_for: Duration = Duration(60 * _S)
    missed_lines: bool = True


class RoutingSettings(_Table, frozen=True, kw_only=True):
    """Who gets which chat.

    Attributes:
        skill_field: the pre-chat survey field whose answer names the skill wished for; "" for none.
    """

    skill_field: str = ""


class HourSettings(_Table, frozen=True, kw_only=True):
    """Office hours, in UTC plus the site's `utc_bias`; a closing time before the opening time is on the next day."""

    opens: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    closes: Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "24:00"
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OperatorSettings(Operator, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator.

    Attributes:
        max_chats: at once; 0 for any number.
        picks_up: whether chats offered are ever picked up.
        pickup: how long that takes, None for the site's.
    """

    name: str
    status: Status = "Online"
    lang: str = "en"
    max_chats: Count = 6
    picks_up: bool = True
    only_if_alone: bool = False
    pickup: Delay | None = None


class OperatorTimes(_Table, frozen=True, kw_only=True):
    """How fast operators are, as people: all of it is divided by the pace.

    Source: Invented. Nobody publishes how long operators of live chats read and type.
    """

    pickup: Delay = LogNormal(3 * _S, 10 * _S, 45 * _S)
    greeting: Delay = LogNormal(3 * _S // 2, 4 * _S, 15 * _S)
    reading: Delay = LogNormal(3 * _S // 2, 5 * _S, 20 * _S)
    typing: Delay = LogNormal(7 * _S // 2, 10 * _S, 45 * _S)
    reply: Delay | None = None


class HabitSettings(_Table, frozen=True, kw_only=True):
    """What operators do beside answering: each a probability per reply. Invented."""

    request_file: Share = 0.0
    request_field: Share = 0.0
    transfer: Share = 0.0
    hang_up: Share = 0.0
    fields: tuple[FieldSettings, ...] = ()


class TalkSettings(_Table, frozen=True, kw_only=True):
    """What operators say, in Markdown. `{visitor}` and `{operator}` are replaced by names."""

    greetings: tuple[str, ...] = ("Good Morning {visitor}. My name is {operator} how can I help you?",)
    replies: tuple[str, ...] = (
        "Thank you, let me look into that for you.",
        "I see. Which version do you have?",
        "Could you tell me a little more about it?",
        "You will find that under *Settings*, on the **General** page.",
        "That should be sorted now. Is there anything else I can help you with?",
        "Our guide explains it step by step: [installation](https://www.mycompany.com/help)",
        "I have made a note of it, and a colleague will get back to you by e-mail.",
    )
    goodbye: str = "Thank you for chatting to us today."
    allowed_tags: tuple[str, ...] = ("a", "b", "i", "u", "em", "strong", "code", "br", "p", "ul", "ol", "li")


class DocumentSettings(_Table, frozen=True, kw_only=True):
    """The document store."""

    max_bytes: Count = 10_485_760
    max_store_bytes: Count = 268_435_456
    links_must_be_stored: bool = False


class GeoSettings(_Table, frozen=True, kw_only=True):
    """Where a network's addresses are; one without a network is for addresses of none, chosen by the address."""

    network: str = ""
    is_proxy: bool = False
    is_satellite: bool = False
    post_code: str = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] = 0.0
    longitude: Annotated[float, Meta(ge=-180, le=180)] = 0.0
    radius: Annotated[float, Meta(ge=0)] = 0
    isp: str = ""
    country_iso: str = ""
    country_name: str = ""
    city: str = ""
    metro_code: str = ""
    organization: str = ""
    region_name: str = ""
    region_iso: str = ""


class ImageSettings(_Table, frozen=True, kw_only=True):
    """An image: 1 button available, 2 not available, 5 logo, 8 mobile logo; without Base64 a plain picture is made."""

    image_type: Literal[1, 2, 5, 8]
    ext: str = ".png"
    language: str = "en"
    base64: str = ""


class Settings(_Table, frozen=True, kw_only=True):
    """A whole site file.

    Attributes:
        extends: a built-in site that this one is laid over, key by key; a list replaces a list. "" for none.
    """

    extends: str = ""
    site: SiteSettings
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    chat: ChatSettings = ChatSettings()
    waiting: WaitingSettings = WaitingSettings()
    queue: QueueSettings = QueueSettings()
    routing: RoutingSettings = RoutingSettings()
    reconnect: ReconnectSettings = ReconnectSettings()
    hours: HourSettings = HourSettings()
    times: OperatorTimes = OperatorTimes()
    habits: HabitSettings = HabitSettings()
    talk: TalkSettings = TalkSettings()
    documents: DocumentSettings = DocumentSettings()
    faults: FaultSettings = FaultSettings()
    operators: tuple[OperatorSettings, ...] = ()
    images: tuple[ImageSettings, ...] = tuple(ImageSettings(image_type=each) for each in (1, 2, 5, 8))
    places: tuple[GeoSettings, ...] = ()
