"""The endpoint of a cluster: a relay before its kube-apiserver, where answers can be lost and reads can fail.

It ends TLS with the certificate of the API server and passes every byte of a call on as it came (RFC 9112); watches
flow. All relays share one thread. EKS too has a balancer there, behind which API servers come and go.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any

from piksel_sandbox.kubernetes import fault_relay
from piksel_sandbox.kubernetes.http_message import Head
from piksel_sandbox.kubernetes.refs import ClusterRef

HEAD_BYTES = 1 << 20
PIECE_BYTES = 1 << 16
# An upgrade has another API server up within seconds; until then calls wait.
UPSTREAM_SECONDS = 20.0
# A client that is gone does not answer the end of TLS; asyncio would wait half a minute for it.
GOODBYE_SECONDS = 1.0
END_OF_HEAD = b"\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Body = AsyncIterator[bytes] | tuple[()]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="relays", daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, _loop()).result()


class Relay:
    """One cluster's endpoint; its port is known, and taken, from the beginning.

    `is_coming` tells whether a kube-apiserver that does not answer is worth waiting for.
    """

    port: int
    asking: ssl.SSLContext

    def __init__(self, ref: ClusterRef, is_coming: Callable[[], bool]) -> None:
        self.ref = ref
        self.is_coming = is_coming
        # asyncio turns Nagle's 40 ms off only where the protocol is told.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """`https://127.0.0.1:<port>`."""
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self, folder: Path, port: int) -> None:
        """Serves with `<folder>/apiserver.{crt,key}`, for a kube-apiserver on `port` of loopback."""
        serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serving.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
        serving.set_alpn_protocols(["http/1.1"])
        self.port, self.asking = port, ssl.create_default_context(cafile=folder / "ca.crt")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._calls.add(task)
            try:
                await _Connection(self, reader, writer).run()
            finally:
                self._calls.discard(task)

        async def listen() -> None:
            self._server = await asyncio.start_server(
                serve, sock=self._socket, ssl=serving, limit=HEAD_BYTES, ssl_shutdown_timeout=GOODBYE_SECONDS
            )

        _run(listen())

    def stop(self) -> None:
        """Drops all connections and frees the port."""

        async def end() -> None:
            assert self._server is not None
            self._server.close()
            for task in self._calls:
                task.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

        if self._server is not None:
            _run(end())
        self._socket.close()


class _Connection:
    """One connection of a client, and the one to the API server that its calls go to."""

    def __init__(self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.relay, self.client, self.answer = relay, reader, writer
        self.upstream: Streams | None = None

    async def run(self) -> None:
        """Serves calls until one of the two sides ends."""
        try:
            head = await self._next_head()
            while head:
                head = await self._relay(Head.of(head))
            self.answer.close()
            await self.answer.wait_closed()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # What has ended behind the relay ends for the client too.
            _drop(self.answer)
        finally:
            if self.upstream:
                self.upstream[1].transport.abort()

    async def _next_head(self) -> bytes:
        try:
            return await self.client.readuntil(END_OF_HEAD)
        except asyncio.IncompleteReadError:
            return b""

    async def _relay(self, request: Head) -> bytes:
        """Serves one call; returns the head of the next one, b"" when there is none."""
        acting = await fault_relay.before(self.relay.ref, request)
        if acting.answer:
            async for _ in _pieces(self.client, request, is_answer=False):
                pass
            self.answer.write(acting.answer)
            await self.answer.drain()
            return await self._next_head()
        server, call = await self._server()
        if "expect" in request.fields:
            self.answer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        call.write(request.raw)
        await _pass_on(_pieces(self.client, request, is_answer=False), call)
        response = Head.of(await server.readuntil(END_OF_HEAD))
        while response.status == 100:
            response = Head.of(await server.readuntil(END_OF_HEAD))
        acting.meets(response)
        self.answer.write(response.raw)
        if response.status == 101:
            await self._tunnel(server, call)
            return b""
        body = () if request.method == "HEAD" else _pieces(server, response, is_answer=True)
        return await self._answer(body, response)

    async def _answer(self, body: Body, response: Head) -> bytes:
        """Passes the answer on, unless the client goes away meanwhile: a watch may have nothing to say for hours."""
        passing = asyncio.ensure_future(_pass_on(body, self.answer))
        following = asyncio.ensure_future(self._next_head())
        try:
            await asyncio.wait((passing, following), return_when=asyncio.FIRST_COMPLETED)
            if following.done() and not following.result():
                return b""
            await passing
            return b"" if response.ends_connection else await following
        finally:
            passing.cancel()
            following.cancel()

    async def _tunnel(self, server: asyncio.StreamReader, call: asyncio.StreamWriter) -> None:
        """Passes on what follows an upgrade to another protocol, until one side ends."""
        ways = [
            asyncio.ensure_future(_pass_on(_rest(reader), writer))
            for reader, writer in ((server, self.answer), (self.client, call))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()

    async def _server(self) -> Streams:
        if self.upstream and not self.upstream[0].at_eof():
            return self.upstream
        limit = time.monotonic() + UPSTREAM_SECONDS
        while True:
            try:
                self.upstream = await asyncio.open_connection(
                    "127.0.0.1", self.relay.port, ssl=self.relay.asking, limit=HEAD_BYTES
                )
                return self.upstream
            except ConnectionError:
                if time.monotonic() > limit or not self.relay.is_coming():
                    raise
                await asyncio.sleep(0.1)


async def _pass_on(pieces: Body, writer: asyncio.StreamWriter) -> None:
    if not isinstance(pieces, tuple):
        async for piece in pieces:
            writer.write(piece)
            await writer.drain()
    await writer.drain()


async def _pieces(reader: asyncio.StreamReader, head: Head, *, is_answer: bool) -> AsyncIterator[bytes]:
    """The body after a head, as it lies on the wire (RFC 9112, section 6.3)."""
    if is_answer and head.has_no_body:
        return
    if head.is_chunked:
        size = -1
        while size != 0:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            yield line + await reader.readexactly(size + 2)
    elif head.length is not None:
        left = head.length
        while left:
            piece = await reader.read(min(left, PIECE_BYTES))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece
    elif is_answer:
        async for piece in _rest(reader):
            yield piece


async def _rest(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE_BYTES):
        yield piece


def _drop(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST, as a failing network does."""
    raw = writer.get_extra_info("socket")
    # A tunnel whose client closed it while bytes came has no socket any more.
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
