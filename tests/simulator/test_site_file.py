from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from whoson_load.errors import ConfigError
from whoson_load.simulator.delays import Fixed, LogNormal
from whoson_load.simulator.settings import Settings
from whoson_load.simulator.site_file import BUILT_IN, load_settings, parse_settings

DEFAULT = resources.files("whoson_load.simulator").joinpath("sites/default.toml").read_text(encoding="utf-8")


def problem(written: str) -> str:
    """What is said about a site file."""
    with pytest.raises(ConfigError) as raised:
        parse_settings(written, "site.toml")
    return str(raised.value)


SITE = '[site]\ndomain = "x"\n'


@pytest.mark.parametrize(
    "written, said",
    [
        ("", "site.toml:1: the file: Object missing required field `site`"),
        ("a =", "site.toml:1: got no TOML (Invalid value)"),
        (SITE + "\n[queue\n", "site.toml:4: got no TOML"),
        ("[site]\ndomain = 3\n", "site.toml:2: site.domain: Expected `str`, got `int`"),
        ('[site]\ndomain = " "\n', "site.toml:2: site.domain: got a blank domain, expected one"),
        (SITE + "\n[queue]\nlimit = -1\n", "site.toml:5: queue.limit: Expected `int` >= 0"),
        (SITE + "\n[queue]\nlimits = 1\n", "site.toml:5: queue.limits: got a key nobody knows"),
        (SITE + '\n[queue]\ntick = "fast"\n', "site.toml:5: queue.tick: got 'fast', expected a duration"),
        (SITE + '[queue]\ntick = "0"\n', "site.toml:4: queue.tick: got less than a millisecond"),
        (
            SITE + '[times]\npickup = { median = "3s", p95 = "1s" }\n',
            "site.toml:4: times.pickup: got a delay out of order",
        ),
        (SITE + '[times]\npickup = { mean = "3s" }\n', "site.toml:4: times.pickup: got a delay of mean, expected"),
        (
            SITE + '[[operators]]\nname = "a"\n[[operators]]\nname = "A"\n',
            "site.toml:6: operators.1.name: got 'a' twice",
        ),
        (
            SITE + '[[operators]]\nname = "a"\nstatus = "Gone"\n',
            "site.toml:5: operators.0.status: Invalid enum value 'Gone'",
        ),
        (SITE + '[access]\nwhitelist = ["300.0.0.1"]\n', "site.toml:4: access.whitelist: got '300.0.0.1', expected"),
        (SITE + '[access]\nrefusal = "shrug"\n', "site.toml:4: access.refusal: Invalid enum value 'shrug'"),
        (SITE + "[habits]\nhang_up = 1.5\n", "site.toml:4: habits.hang_up: Expected `float` <= 1"),
        (SITE + '[hours]\nopens = "9:00"\n', "site.toml:4: hours.opens: Expected `str` matching regex"),
        (SITE + "[faults]\nlost_line = { rate = 2.0 }\n", "site.toml:4: faults.lost_line.rate: Expected `float` <= 1"),
        (
            SITE + '[faults]\nlatency = { delay = "1s", events = ["x"] }\n',
            "site.toml:4: faults.latency.events: got 'x', expected names",
        ),
        (SITE + "[talk]\nreplies = []\n", "site.toml:4: talk.replies: got none, expected at least one"),
        ('extends = "nothing"\n' + SITE, "site.toml:1: extends: got 'nothing', expected one of default"),
        (
            SITE
            + '[[site.pre_chat_survey.fields]]\nfield_name = "a"\n[[site.pre_chat_survey.fields]]\nfield_name = "a"\n',
            "site.toml:6: site.pre_chat_survey.fields.1.field_name: got 'a' twice",
        ),
        (
            SITE + 'opening_message = """\nlines = 3\n"""\nlines = 3\n',
            "site.toml:6: site.lines: got a key nobody knows",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(written: str, said: str) -> None:
    """File, line, key, what was got and what was expected."""
    assert problem(written).startswith(said)


def test_a_missing_site_names_those_there_are() -> None:
    """Neither a built-in name nor a file."""
    with pytest.raises(ConfigError, match="expected default, busy, closed, bots, rehearsal or a readable file"):
        load_settings("/nowhere/site.toml")


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    """A file in another encoding."""
    file = tmp_path / "site.toml"
    file.write_bytes(b'[site]\ndomain = "x"\nsite_name = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"site\.toml:3: got bytes that are no UTF-8"):
        load_settings(str(file))


def test_no_message_shows_a_secret() -> None:
    """A secret of the wrong type is not quoted."""
    assert "sesame" not in problem(SITE + '[server]\napi_key = ["sesame"]\n')


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_sites_are_fine(name: str) -> None:
    """Each of them reads, and is the specification's example site."""
    assert load_settings(name).site.domain == "www.mycompany.com"


def test_the_built_in_sites_are_what_they_are_called() -> None:
    """Few operators; nobody there; only bots, at once; operators with habits."""
    busy, closed, bots, rehearsal = (load_settings(name) for name in BUILT_IN[1:])
    assert sum(each.max_chats for each in busy.operators) == 6
    assert {each.status for each in closed.operators} == {"Away", "Be Right Back"}
    assert all(each.is_bot for each in bots.operators)
    assert bots.times.pickup == bots.times.typing == Fixed(0)
    assert min(rehearsal.habits.transfer, rehearsal.habits.hang_up, rehearsal.habits.request_file) > 0
    assert rehearsal.site.translation.force_translation


def test_a_site_laid_over_another_changes_only_what_it_names() -> None:
    """Keys of tables one by one; lists as a whole."""
    settings = parse_settings('extends = "default"\n[queue]\nlimit = 3\n[[operators]]\nname = "Zoe"\n', "site.toml")
    base = load_settings("default")
    assert (settings.queue.limit, settings.queue.timeout) == (3, base.queue.timeout)
    assert [each.name for each in settings.operators] == ["Zoe"]
    assert settings.site == base.site


def test_the_default_site_shows_every_key() -> None:
    """`sites/default.toml` documents each key of each table, set or commented out."""
    shown = set(re.findall(r"\b(\w+) = ", DEFAULT))
    assert keys_of(Settings) <= shown | tables_of(DEFAULT)


def test_the_commented_defaults_are_the_defaults() -> None:
    """Taking the comments away changes nothing."""
    uncommented = re.sub(r"^# (?=\w+ = |    |\]$)", "", DEFAULT, flags=re.MULTILINE)
    assert uncommented != DEFAULT
    assert parse_settings(uncommented, "uncommented") == parse_settings(DEFAULT, "default")


def test_the_examples_of_keys_not_set_can_be_set() -> None:
    """What is commented out after three spaces reads, too."""
    examples = re.sub(r"^#   (?=\w+ = )", "", DEFAULT, flags=re.MULTILINE)
    settings = parse_settings(examples, "examples")
    assert settings.faults.close is not None
    assert isinstance(settings.faults.latency.delay, LogNormal)
    assert settings.operators[0].pickup == Fixed(4_000_000_000)


def tables_of(written: str) -> set[str]:
    """The last names of all tables of a TOML text."""
    return {name.split(".")[-1] for name in re.findall(r"^\[+([\w.]+)\]+", written, re.MULTILINE)}


def keys_of(kind: type[msgspec.Struct]) -> set[str]:
    """The names of all fields of a struct and of the structs in them."""
    keys: set[str] = set()
    for name, hint in get_type_hints(kind).items():
        if name in kind.__struct_fields__:
            keys.add(name)
            for part in (hint, *get_args(hint)):
                if isinstance(part, type) and issubclass(part, msgspec.Struct):
                    keys |= keys_of(part)
    return keys
