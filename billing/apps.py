from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        """Listen to Stripe's events, and register billing's invariants with the proof of the books."""
        from billing import (  # noqa: PLC0415  (models load after apps)
            books,
            cash_books,
            dispute_books,
            invoice_books,
            purchase_books,
            refund_books,
            rollup_books,
            subscription_books,
            undo_books,
            voucher_books,
        )
        from billing import receivers as customer_receivers  # noqa: F401, PLC0415
        from billing.stripe import receivers  # noqa: F401, PLC0415
        from wallets.books import register  # noqa: PLC0415

        register(books.INVARIANTS)
        register(purchase_books.INVARIANTS)
        register(refund_books.INVARIANTS)
        register(subscription_books.INVARIANTS)
        register(cash_books.INVARIANTS)
        register(invoice_books.INVARIANTS)
        register(rollup_books.INVARIANTS)
        register(dispute_books.INVARIANTS)
        register(voucher_books.INVARIANTS)
        register(undo_books.INVARIANTS)
