"""What the chat's port answers over plain HTTP: the document store. Knows no chat."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from whoson_load.simulator.documents import DocumentStore

__all__ = ["DocumentPages"]


class DocumentPages:
    """The web pages of a document store.

    Args:
        store: what they show.
    """

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def service(self, request: web.Request) -> web.Response:
        """POST .../cannedresponseservice.asmx: the SOAP service."""
        limit = self._store.max_request_bytes
        if (request.content_length or 0) > limit:
            raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0)
        body = bytearray()
        async for chunk in request.content.iter_chunked(65_536):
            body += chunk
            if len(body) > limit:
                raise web.HTTPRequestEntityTooLarge(limit, len(body))
        answer = self._store.answer(bytes(body))
        return web.Response(status=answer.status, text=answer.body, content_type="text/xml")

    async def document(self, request: web.Request) -> web.Response:
        """GET .../document.aspx?f=: a stored file."""
        document = self._store.fetch(request.query.get("f", ""))
        if document is None:
            raise web.HTTPNotFound(text="there is no such document\n")
        return web.Response(
            body=document.content,
            headers={
                "Content-Type": document.content_type,
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.name)}",
                "X-Content-Type-Options": "nosniff",
            },
        )
