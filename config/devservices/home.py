"""The folder of one instance: its ports, secrets, data and lock. FAREBOX_HOME names it."""

import fcntl
import json
import os
import secrets
import socket
import string
from pathlib import Path
from typing import IO, Any, Final

HOST: Final = "127.0.0.1"
DEFAULT_HOME: Final = ".dev"
SERVICES: Final = ("postgres", "valkey", "stripe")
KEY_LENGTH: Final = 40
# Below those that outgoing connections take (from 32768 on Linux): a port that is free stays so until it is used.
PORTS: Final = range(20_000, 32_768)


class AlreadyRunningError(RuntimeError):
    """Another process holds this instance's lock."""


class Home:
    """One instance's folder; what it remembers is in state.json, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._state_file = self.path / "state.json"
        self._lock: IO[str] | None = None

    @classmethod
    def from_environment(cls) -> "Home":
        """Open the folder that FAREBOX_HOME names, else .dev."""
        return cls(Path(os.environ.get("FAREBOX_HOME") or DEFAULT_HOME))

    def lock(self) -> None:
        """Take the instance for this process, until it ends in whatever way. Raises AlreadyRunningError."""
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"An instance is running in {self.path} already.") from error

    def port(self, service: str) -> int:
        """Return the port of a service: the same each time, unless something else took it meanwhile."""
        ports = self._read().get("ports", {})
        if service not in ports or not port_is_free(ports[service]):
            ports[service] = free_port()
            self._write(ports=ports)
        return int(ports[service])

    def secret(self, name: str) -> str:
        """Return a random secret that is made once and kept."""
        kept = self._read().get("secrets", {})
        if name not in kept:
            alphabet = string.ascii_letters + string.digits
            kept[name] = "".join(secrets.choice(alphabet) for _ in range(KEY_LENGTH))
            self._write(secrets=kept)
        return str(kept[name])

    def keep(self, name: str, values: dict[str, str]) -> None:
        """Remember some values."""
        self._write(**{name: values})

    def kept(self, name: str) -> dict[str, str]:
        """Return what was remembered under a name."""
        return dict(self._read().get(name, {}))

    def _read(self) -> dict[str, Any]:
        if not self._state_file.exists():
            return {}
        return dict(json.loads(self._state_file.read_text()))

    def _write(self, **changed: Any) -> None:
        fresh = self._state_file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({**self._read(), **changed}, indent=2))
        fresh.replace(self._state_file)


def free_port() -> int:
    """Find a port that nobody listens on; it may be used minutes or days later."""
    while not port_is_free(port := secrets.choice(PORTS)):
        pass
    return port


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
