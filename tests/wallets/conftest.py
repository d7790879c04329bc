"""The ledger's own tests charge wallets without runs: they prove the ledger's own invariants only."""

import pytest

from wallets import books as wallet_books
from wallets import invariants


@pytest.fixture(autouse=True)
def _ledger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the apps above register."""
    own = {invariant.name: invariant for invariant in invariants.INVARIANTS}
    monkeypatch.setattr(wallet_books, "_registry", own)
