"""What happens by itself as time goes on: sessions expire, bank payouts leave and arrive, disputes come."""

import threading
from typing import Final

from config.devservices.stripe.resources import banking, checkout, disputes
from config.devservices.stripe.scope import Scope

EVERY_SECONDS: Final = 1.0


def run_due(scope: Scope) -> None:
    """Do everything that is due at this moment, inside the caller's transaction."""
    checkout.expire_due(scope)
    banking.run_due(scope)
    disputes.open_due(scope)


class Ticker(threading.Thread):
    """Runs what is due about once a second."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(name="stripe-ticker", daemon=True)
        self.scope = scope
        self.stopping = threading.Event()

    def run(self) -> None:
        """Tick until stopped."""
        while not self.stopping.wait(EVERY_SECONDS):
            with self.scope.store.transaction():
                run_due(self.scope)

    def stop(self) -> None:
        """Stop and wait."""
        self.stopping.set()
        self.join()
