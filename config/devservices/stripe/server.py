"""The sockets: an HTTP server thread per connection, the webhook sender and the ticker."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from config.devservices.stripe import ids
from config.devservices.stripe.application import BODY_MAX, Application, Check, Observe
from config.devservices.stripe.http import Request, Response
from config.devservices.stripe.scope import Scope
from config.devservices.stripe.store import Store
from config.devservices.stripe.ticker import Ticker
from config.devservices.stripe.webhooks import Sender

BACKLOG: Final = 256


class Server(ThreadingHTTPServer):
    """Listens, with the application at hand."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG
    application: Application

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread, and remember it."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, so that they meet a later server afresh."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Translates between the socket and the application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer POST."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer DELETE."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the dashboard shows what happened."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=url.path,
            query=url.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(min(size, BODY_MAX + 1)),
            client=self.client_address[0],
        )
        self.close_connection = self.close_connection or size > BODY_MAX
        response = self.server.application.handle(request)
        if response.dropped:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._write(response)

    def _write(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)


class StandIn:
    """A running stand-in: `with StandIn(data=path) as stripe: stripe.url`."""

    def __init__(
        self,
        *,
        data: Path | str,
        port: int = 0,
        host: str = "127.0.0.1",
        public_url: str | None = None,
        backoff_seconds: float = 0.5,
        check: Check | None = None,
        observe: Observe | None = None,
    ) -> None:
        self.store = Store(data)
        self.server = Server((host, port), Handler)
        self.url = public_url or f"http://{host}:{self.server.server_address[1]}"
        self.server.application = Application(self.store, self.url, check, observe)
        self.sender = Sender(self.store, backoff_seconds=backoff_seconds)
        self.ticker = Ticker(Scope(store=self.store, base_url=self.url, account=ids.PLATFORM))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Serve in threads of this process."""
        self.thread.start()
        self.sender.start()
        self.ticker.start()

    def stop(self) -> None:
        """Stop everything and close the file."""
        self.server.shutdown()
        self.server.server_close()
        self.server.hang_up()
        self.ticker.stop()
        self.sender.stop()
        self.store.close()

    def __enter__(self) -> "StandIn":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
