"""What browsers call themselves and how visitors found the site. Knows no visitor."""

from __future__ import annotations

from whoson_load.visitors.draws import WeightedChoice

__all__ = ["BROWSERS", "REFERRERS"]

_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME = f"{_BLINK} Chrome/143.0.0.0"
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X)"

BROWSERS = WeightedChoice(
    [
        (f"{_WINDOWS} {_CHROME} Safari/537.36", 26.0),
        (f"{_MAC} {_CHROME} Safari/537.36", 6.0),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME} Safari/537.36", 2.2),
        (f"{_WINDOWS} {_CHROME} Safari/537.36 Edg/143.0.0.0", 5.7),
        (f"{_MAC} {_WEBKIT} Version/26.1 Safari/605.1.15", 3.1),
        (f"{_WINDOWS.replace(')', '; rv:145.0)')} Gecko/20100101 Firefox/145.0", 2.4),
        (f"{_WINDOWS} {_CHROME} Safari/537.36 OPR/124.0.0.0", 1.0),
        (f"{_ANDROID} {_CHROME} Mobile Safari/537.36", 35.0),
        (f"{_IPHONE} {_WEBKIT} Version/26.1 Mobile/15E148 Safari/604.1", 10.3),
        (f"{_IPHONE} {_WEBKIT} CriOS/143.0.7499.92 Mobile/15E148 Safari/604.1", 1.0),
        (
            f"{_ANDROID} {_BLINK} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
            1.7,
        ),
    ]
)
"""User agents of late 2025 and their shares in percent.

Source: shares of browsers within desktop and within mobile: StatCounter, 2025, as the press quotes it (desktop Chrome
70.25 %, Edge 11.8 %, Safari 6.34 %, Firefox 4.94 %, Opera 2.06 %; mobile Chrome 69.15 %, Safari 20.32 %, Samsung
Internet 3.33 %), each half of the whole (Comm100 Live Chat Benchmark Report 2019: more than half of all chats come from
mobile devices). The forms of the strings: MDN, User-Agent (Chrome's reduced one); WebKit, Safari 26.0 (whose strings on
iOS name the last system before 26, 18.7 by late 2025). The split by operating system and the versions of Opera and
Samsung Internet are Invented.
"""

REFERRERS = WeightedChoice(
    [
        ("https://www.google.com/", 45),
        ("", 35),
        ("https://www.bing.com/", 5),
        ("https://duckduckgo.com/", 2),
        ("https://www.facebook.com/", 4),
        ("https://www.linkedin.com/", 3),
        ("https://www.example.com/newsletter?utm_source=mail&utm_medium=email", 4),
        ("https://www.example.org/compare", 2),
    ]
)
"""The pages that lead visitors to a site, "" for those who type its address, and how often. Invented."""
