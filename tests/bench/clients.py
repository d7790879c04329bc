"""A load generator: some keep-alive connections of one process, each with one request under way."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LENGTH: Final = b"content-length: "
HEAD_END: Final = b"\r\n\r\n"
SILENCE_SECONDS: Final = 60.0


@dataclass
class Connection:
    """One connection: when its request left, and what has come back."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""

    def send(self, request: bytes) -> None:
        """Send the next request."""
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def complete(self) -> bool:
        """Take what has come; tell whether the answer is whole. Raises RuntimeError unless it is a success."""
        self.received += self.socket.recv(65_536)
        head, found, body = self.received.partition(HEAD_END)
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"The server answered {self.received.decode(errors='replace')}")
        return len(body) >= int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])


@dataclass
class Load:
    """Requests over some connections at once, and how long each took."""

    host: str
    port: int
    connections: int
    request: Callable[[], bytes]
    seconds: list[float] = field(default_factory=list)

    def run(self, *, requests: int) -> float:
        """Send that many; give the number a second."""
        with selectors.DefaultSelector() as ready:
            began = time.perf_counter()
            for _ in range(self.connections):
                connection = Connection(socket.create_connection((self.host, self.port)))
                ready.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(self.request())
            left = requests - self.connections
            for done in range(requests):
                connection = self._next(ready)
                self.seconds.append(time.perf_counter() - connection.sent_at)
                if done < left:
                    connection.send(self.request())
                else:
                    ready.unregister(connection.socket)
                    connection.socket.close()
            return requests / (time.perf_counter() - began)

    def run_paced(self, *, requests: int, a_second: int) -> float:
        """Send that many at a fixed rate; a request that must wait for a connection has waited since its time."""
        with selectors.DefaultSelector() as ready:
            free = [
                Connection(socket.create_connection((self.host, self.port))) for _ in range(self.connections)
            ]
            began = time.perf_counter()
            sent = done = 0
            while done < requests:
                due = began + sent / a_second
                if free and sent < requests and time.perf_counter() >= due:
                    connection = free.pop()
                    connection.send(self.request())
                    connection.sent_at = due
                    ready.register(connection.socket, selectors.EVENT_READ, connection)
                    sent += 1
                    continue
                for connection in self._arrived(ready, max(due - time.perf_counter(), 0.0)):
                    self.seconds.append(time.perf_counter() - connection.sent_at)
                    ready.unregister(connection.socket)
                    free.append(connection)
                    done += 1
            for connection in free:
                connection.socket.close()
            return requests / (time.perf_counter() - began)

    @staticmethod
    def _arrived(ready: selectors.BaseSelector, seconds: float) -> list[Connection]:
        connections: list[Connection] = [key.data for key, _ in ready.select(seconds or 0.001)]
        return [connection for connection in connections if connection.complete()]

    @staticmethod
    def _next(ready: selectors.BaseSelector) -> Connection:
        while events := ready.select(SILENCE_SECONDS):
            connection: Connection = events[0][0].data
            if connection.complete():
                return connection
        raise RuntimeError(f"No answer within {SILENCE_SECONDS:.0f} seconds.")
