"""The environment is read typed and loud."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


class TestSecret:
    def test_it_reads_the_file_that_name_file_names(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "key").write_text("from a file\n")
        monkeypatch.setenv("A_KEY_FILE", str(tmp_path / "key"))

        assert env.secret("A_KEY") == "from a file"

    def test_it_refuses_a_missing_secret(self) -> None:
        with pytest.raises(ImproperlyConfigured):
            env.secret("NOBODY_SET_THIS")


class TestDecimal:
    def test_it_reads_an_exact_decimal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_RATE", "0.001")

        assert env.decimal("A_RATE", "1") == Decimal("0.001")

    def test_it_refuses_what_is_no_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_RATE", "cheap")

        with pytest.raises(ImproperlyConfigured, match="A_RATE must be a decimal number"):
            env.decimal("A_RATE", "1")


class TestDatabase:
    def test_it_refuses_any_other_database_than_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_DATABASE_URL", "sqlite:///somewhere")

        with pytest.raises(ImproperlyConfigured, match="must be a postgresql"):
            env.database("A_DATABASE_URL")
