from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"

    def ready(self) -> None:
        """Register the ledger's invariants with the proof of the books."""
        from wallets import books, checks, invariants  # noqa: F401, PLC0415  (models load after apps)

        books.register(invariants.INVARIANTS)
