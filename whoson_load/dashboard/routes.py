"""The live page and /metrics on Locust's web server: what is answered, to whom, and how. Knows no figure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Final

import msgspec
from flask import Blueprint, Flask, Response, request, url_for
from locust.env import Environment
from markupsafe import Markup

from whoson_load.dashboard.chats import COLUMNS, POLICY, files, render_chats
from whoson_load.dashboard.feed import Feed
from whoson_load.dashboard.guard import refusal
from whoson_load.dashboard.moment import moment
from whoson_load.errors import ConfigError

try:
    from whoson_load.dashboard.metrics import MEDIA_TYPE, render_metrics
except ModuleNotFoundError as missing:  # an extra
    if (missing.name or "").partition(".")[0] != "prometheus_client":
        raise
    _has_metrics = False
else:
    _has_metrics = True

__all__ = ["NO_METRICS", "open_pages"]

NO_METRICS: Final = (
    "no metrics: got no prometheus-client, expected it installed: pip install 'whoson-load[prometheus]'\n"
)
"""What /metrics answers where the extra is missing."""

_LOCUSTS_PAGE: Final = "locust.index"
_LINK: Final = Markup(
    '<a href="{}" style="position:fixed;left:1rem;bottom:.75rem;z-index:9;padding:.4rem .9rem;border-radius:1rem;'
    'background:#12603f;color:#fff;font:500 14px/1.4 system-ui,sans-serif;text-decoration:none">WhosOn chats, live</a>'
)
_TEXT: Final = "text/plain; charset=utf-8"

_View = Callable[[], Response]


def open_pages(environment: Environment, is_here: Callable[[str], bool]) -> Feed:
    """Add the pages to Locust's, behind its login where it has one, and a link to them to its first page.

    All that they are made of is made now, so that no visitor waits for it later (0.7 s, 50 MB); where the live page is
    to be found is printed.

    Args:
        environment: Locust's, with a web UI that does not serve yet.
        is_here: whether a name or an address is this machine's own.

    Returns:
        what is shown.

    Raises:
        ConfigError: there is no web UI.
    """
    web_ui, feed = environment.web_ui, Feed()
    app: Flask | None = web_ui.app if web_ui is not None else None
    if web_ui is None or app is None:
        raise ConfigError("got no web UI, expected one to add pages to")
    pages = _Pages(environment, feed, is_here, is_local=is_here(web_ui.host))
    routes: dict[str, _View] = {
        "chats": pages.guarded(pages.chats),
        "chats/moment": pages.guarded(pages.moment),
        "chats/points": pages.guarded(pages.points),
        "chats/report": pages.guarded(pages.report),
        **{f"chats/{name}": pages.guarded(pages.file(name)) for name in files()},
        "metrics": pages.metrics,
    }
    prefix: str = getattr(environment.parsed_options, "web_base_path", None) or ""
    ours = Blueprint("whoson", __name__, url_prefix=prefix or None)
    for path, view in routes.items():
        login: _View = web_ui.auth_required_if_enabled(view)  # type: ignore[no-untyped-call]
        ours.add_url_rule(f"/{path}", path.replace("/", "_").replace(".", "_"), login)
    app.register_blueprint(ours)
    app.after_request(pages.link)
    render_chats()
    scheme, host = "https" if web_ui.tls_cert else "http", web_ui.host or "localhost"
    sys.stdout.write(f"Live page: {scheme}://{f'[{host}]' if ':' in host else host}:{web_ui.port}{prefix}/chats\n")
    sys.stdout.flush()
    return feed


class _Pages:
    """What is answered.

    Args:
        is_local: whether Locust's pages are served on this machine only.
    """

    def __init__(self, environment: Environment, feed: Feed, is_here: Callable[[str], bool], *, is_local: bool) -> None:
        self._environment = environment
        self._feed = feed
        self._is_here = is_here
        self._is_local = is_local

    def guarded(self, view: _View) -> _View:
        """A view for this machine only."""

        @wraps(view)
        def answer() -> Response:
            refused = self._refusal()
            return _plain(f"{refused}\n", 403) if refused else view()

        return answer

    def chats(self) -> Response:
        """The page."""
        page = Response(render_chats(), mimetype="text/html")
        page.headers["Content-Security-Policy"] = POLICY
        return _sealed(page)

    def moment(self) -> Response:
        """All that the page shows but for its charts."""
        return _json(moment(self._feed))

    def points(self) -> Response:
        """The points of an epoch from one number to another; of none without a query."""
        epoch = request.args.get("epoch")
        first, behind = request.args.get("from", 0, int), request.args.get("to", 0, int)
        if epoch is not None and epoch != self._feed.epoch:
            return _plain("these points are gone: ask for the moment again\n", 409)
        if not 0 <= first <= behind:
            return _plain("expected numbers of points, from 0 on\n", 400)
        return _json(self._feed.columns(COLUMNS, first, behind))

    def report(self) -> Response:
        """The report of the run that is shown; which file that is, no request has a say in."""
        path = self._feed.page
        if not (self._feed.is_over and path.is_file()):
            return _plain("there is no report yet: it is written when a run is over\n", 404)
        # Its own policy, which is part of it, lets nothing out; nobody needs it in a frame.
        page = Response(path.read_bytes(), mimetype="text/html")
        page.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return _sealed(page)

    def file(self, name: str) -> _View:
        """What gives a file that never changes."""
        media_type, content = files()[name]

        def answer() -> Response:
            return _sealed(Response(content, mimetype=media_type), keep="private, max-age=3600")

        return answer

    def metrics(self) -> Response:
        """The figures for Prometheus: for whoever may see Locust's own page, which shows the same."""
        refused = self._refusal() if self._is_local else ""
        if refused:
            return _plain(f"{refused}\n", 403)
        if not _has_metrics:
            return _plain(NO_METRICS, 404)
        runner = self._environment.runner
        users = runner.user_count if runner is not None else 0
        return _sealed(Response(render_metrics(self._feed, users), content_type=MEDIA_TYPE))

    def link(self, answer: Response) -> Response:
        """Put a link to the page into Locust's, for those who may follow it. Its tabs take tables, and no links."""
        if request.endpoint == _LOCUSTS_PAGE and answer.status_code == 200 and not self._refusal():
            link = _LINK.format(url_for("whoson.chats"))
            answer.set_data(answer.get_data(as_text=True).replace("</body>", f"{link}</body>", 1))
        return answer

    def _refusal(self) -> str:
        headers = request.headers
        return refusal(request.remote_addr, headers.get("Host", ""), headers.get("Origin"), self._is_here)


def _json(value: object) -> Response:
    return _sealed(Response(msgspec.json.encode(value), mimetype="application/json"))


def _plain(text: str, status: int) -> Response:
    return _sealed(Response(text, status, content_type=_TEXT))


def _sealed(answer: Response, keep: str = "no-store") -> Response:
    """With what keeps a browser from guessing, and from telling others where it came from."""
    answer.headers["Cache-Control"] = keep
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
