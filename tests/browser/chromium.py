"""A headless Chromium for tests, spoken to by its DevTools protocol. Knows nothing of the pages it opens."""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image
from websockets.sync.client import connect

from tests.programs import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_S = 60.0
ANSWER_S = 30.0

Json = dict[str, Any]


def find_chromium() -> str | None:
    """Its path: what the environment's CHROMIUM names, or the first of the usual names; None without one."""
    return next(
        (found for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name and (found := shutil.which(name))), None
    )


def colours(picture: Image.Image) -> int:
    """How many pixels are of a colour, not grey."""
    pixels = np.asarray(picture).astype(int)
    return int(np.sum(pixels.max(axis=2) - pixels.min(axis=2) > 40))


class Chromium:
    """A browser of its own, without a profile, that is gone when the test is over.

    Args:
        path: of the program.
        folder: for what it writes.
    """

    def __init__(self, path: str, folder: Path) -> None:
        profile = folder / "profile"
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"]
        flags += ["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]
        self._process = subprocess.Popen(
            [path, *flags, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        told = profile / "DevToolsActivePort"
        try:
            wait_until(lambda: told.exists() and len(told.read_text("ascii").splitlines()) > 1, START_S, "no browser")
            port, path = told.read_text("ascii").splitlines()[:2]
            self._open = ExitStack()
            self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None))
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self._numbers = itertools.count(1)
        self.events: list[Json] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Json:  # noqa: ANN401  # JSON
        """Call a method of the protocol and wait for its answer; events that come meanwhile are kept."""
        number = next(self._numbers)
        message: Json = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            heard = self.hear(ANSWER_S)
            if heard.get("id") == number:
                assert "error" not in heard, f"{method}: {heard['error']}"
                result: Json = heard["result"]
                return result

    def hear(self, timeout_s: float) -> Json:
        """The next message."""
        heard: Json = json.loads(self._socket.recv(timeout_s))
        if "method" in heard:
            self.events.append(heard)
        return heard

    def open(self, address: str, *, width: int = 1100, height: int = 900, dark: bool = False) -> Tab:
        """Open a page, and come back when it has painted its charts."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        tab.dress(dark=dark)
        tab.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.call(f"{domain}.enable")
        tab.call("Page.navigate", url=address)
        tab.wait_for("document.readyState === 'complete'")
        return tab

    def close(self) -> None:
        """End it."""
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tab:
    """One page that is open."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> Json:  # noqa: ANN401  # JSON
        """Call a method of the protocol on this page."""
        return self._browser.call(method, self._session, **parameters)

    def run(self, script: str) -> Any:  # noqa: ANN401  # whatever it gives
        """What an expression comes to; a promise is awaited."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until an expression is true."""
        wait_until(lambda: bool(self.run(script)), ANSWER_S, f"never so: {script}")

    def dress(self, *, dark: bool = False, media: str = "") -> None:
        """Ask for a dark or a light page, for the screen or for paper."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def events(self, *methods: str) -> list[Json]:
        """The parameters of all events of these names so far."""
        return [
            event["params"]
            for event in self._browser.events
            if event["method"] in methods and event.get("sessionId") == self._session
        ]

    def picture(self, box: Json | None = None) -> Image.Image:
        """What is seen of the page, or of a part of it (`x`, `y`, `width`, `height` on the whole page)."""
        clip = {} if box is None else {"clip": {**box, "scale": 1}}
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, **clip)
        return Image.open(io.BytesIO(base64.b64decode(told["data"]))).convert("RGB")

    def pdf(self) -> bytes:
        """The page as printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def box(self, element: str) -> Json:
        """Where an element lies on the page."""
        found: Json = self.run(
            f"(() => {{ const b = document.querySelector({json.dumps(element)}).getBoundingClientRect();"
            " return { x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height }; })()"
        )
        return found

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at one point of the window, and let go at another."""
        steps = [("mouseMoved", start), ("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)]
        for kind, (x, y) in steps:
            pressed = kind != "mouseMoved" or (x, y) == end
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left" if pressed else "none",
                buttons=int(pressed),
                clickCount=1,
            )

    def close(self) -> None:
        """Close it."""
        self.call("Page.close")
