"""manage.py replay: a trace through the HTTP API, to the micro."""

import csv
import io
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiKey
from billing.models import Execution
from billing.replay import trace
from config.kit.errors import InvalidInputError
from wallets import chart, queries
from wallets.models import Wallet

SHARED = Path(os.environ.get("FAREBOX_SHARED") or Path(django_settings.BASE_DIR).parent / "shared")
TRACE = SHARED / "data" / "azure_llm_trace_conv_2023.csv"
ROWS = 2_000

needs_trace = pytest.mark.skipif(not TRACE.exists(), reason="the trace is not here: set FAREBOX_SHARED")


@pytest.fixture
def replay(live_server: LiveServer, books: None) -> Callable[..., str]:
    """Run the command against a server."""

    def run(*argv: str, **options: Any) -> str:
        out = io.StringIO()
        call_command("replay", *argv, url=live_server.url, stdout=out, stderr=io.StringIO(), **options)
        return out.getvalue()

    return run


@needs_trace
@pytest.mark.slow
def test_the_first_rows_of_the_trace_are_charged_exactly(replay: Callable[..., str]) -> None:
    with TRACE.open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(ROWS), strict=False)]
    tokens = sum(int(row["ContextTokens"]) + 3 * int(row["GeneratedTokens"]) for row in rows)
    expected = Fraction(tokens, 1_000)

    said = replay(str(TRACE), limit=ROWS, customers=20, agents=3)

    assert "runs      2,000" in said
    assert "refused   0" in said
    assert "books     balance" in said
    charged = list(Execution.objects.filter(state="settled").values_list("charged", flat=True))
    assert (len(charged), Fraction(sum(charged), 10**6)) == (ROWS, expected)
    assert f"charged   {float(expected):,.3f}".rstrip("0").rstrip(".") in said
    pending = sum(Wallet.objects.filter(owner_type="creator").values_list("balance", flat=True))
    assert pending + queries.platform_balance(chart.PLATFORM_SHARE) == sum(charged)
    assert queries.platform_balance(chart.CLEARING) == 0


def test_without_a_file_it_makes_a_load_and_revokes_its_key(replay: Callable[..., str]) -> None:
    said = replay(count=20, customers=3, agents=2, concurrency=4)
    assert "runs      20" in said
    assert ApiKey.objects.get(kind="router").revoked_at is not None
    # Everybody is there already: a second replay charges again, and only its own runs.
    replay(count=10, customers=3, agents=2, concurrency=4)
    assert Execution.objects.count() == 30


@pytest.mark.django_db
def test_it_is_refused_in_production(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="refused in production"):
        call_command("replay")


@pytest.mark.parametrize(
    "text",
    [
        "A,B,C\n1,2,3\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,2\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,-1,2\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,1\n",
    ],
)
def test_a_malformed_trace_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match=r"trace\.csv"):
        trace.read(path=file)


def test_the_same_seed_makes_the_same_load() -> None:
    assert trace.make(count=50, seed=7) == trace.make(count=50, seed=7)
    assert trace.make(count=50, seed=7) != trace.make(count=50, seed=8)
