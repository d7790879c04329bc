from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"

    def ready(self) -> None:
        """Register the ledger's invariants with the proof of the books."""
        from wallets import (  # noqa: PLC0415  (models load after apps)
            books,
            checks,  # noqa: F401
            invariants,
            receivers,  # noqa: F401
        )

        books.register(invariants.INVARIANTS)
