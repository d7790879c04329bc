"""One instance's folder."""

import socket
import stat
from pathlib import Path

import pytest

from config.devservices.home import HOST, AlreadyRunningError, Home


class TestHome:
    def test_it_keeps_ports_and_secrets(self, tmp_path: Path) -> None:
        port, secret = Home(tmp_path).port("valkey"), Home(tmp_path).secret("django")

        assert (Home(tmp_path).port("valkey"), Home(tmp_path).secret("django")) == (port, secret)

    def test_it_takes_another_port_when_somebody_took_its_own(self, tmp_path: Path) -> None:
        port = Home(tmp_path).port("valkey")
        with socket.socket() as stranger:
            stranger.bind((HOST, port))
            stranger.listen()

            assert Home(tmp_path).port("valkey") != port

    def test_it_hides_its_secrets_from_other_users(self, tmp_path: Path) -> None:
        Home(tmp_path).secret("django")

        assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600

    def test_it_runs_once(self, tmp_path: Path) -> None:
        first = Home(tmp_path)
        first.lock()

        with pytest.raises(AlreadyRunningError):
            Home(tmp_path).lock()
