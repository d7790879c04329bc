"""The Celery app and the beat schedule. Tasks live in `<app>/tasks` and are named `<app>.<verb_noun>`.

Every periodic job asks the database what is due, so a missed tick is late, never lost, and the development clock may
jump: that is why even the weekly payout run is asked for each minute.
"""

import os
from typing import Any, Final

from celery import Celery
from celery.signals import beat_init, worker_init

from config.kit import checks
from wallets.checks import refuse_other_credit_value

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

# Job and the seconds between two of it.
BEAT: Final = {
    "wallets.expire_grants": 60.0,
    "wallets.seal_transactions": 1.0,
    "wallets.check_books": 24 * 3600.0,
    "marketplace.watch_rates": 900.0,
    "marketplace.tell_invited": 60.0,
    "billing.expire_holds": 5.0,
    "billing.post_splits": 1.0,
    "billing.roll_up": 2.0,
    "billing.finish_page_runs": 5.0,
    "billing.make_partitions": 6 * 3600.0,
    "billing.sweep_purchases": 15.0,
    "billing.sweep_fees": 30.0,
    "billing.sweep_refunds": 15.0,
    "billing.sweep_disputes": 1800.0,
    "billing.freeze_freed": 5.0,
    "billing.finalise_invoices": 10.0,
    "billing.collect_invoices": 15.0,
    "billing.sweep_invoice_papers": 60.0,
    "billing.renew_subscriptions": 10.0,
    "billing.follow_invoices": 30.0,
    "billing.tell_trials": 60.0,
    "billing.sweep_move_notices": 60.0,
    "billing.offer_plans": 900.0,
    "payouts.run_weekly": 60.0,
    "payouts.mature_on_demand": 60.0,
    "payouts.release_reserves": 60.0,
    "payouts.send_approved": 10.0,
    "payouts.resolve_unknown": 15.0,
    "payouts.resync_accounts": 300.0,
    "payouts.write_off_arrears": 3600.0,
    "payouts.recover_write_offs": 60.0,
    "payouts.claw_fees": 60.0,
    # Asks whether the night's comparison is due.
    "payouts.reconcile": 900.0,
}

app: Final = Celery("farebox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {
    # A tick that waited longer than its period is not worth running: the next one does the same.
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}}
    for name, seconds in BEAT.items()
}
app.autodiscover_tasks()


@worker_init.connect(weak=False)
@beat_init.connect(weak=False)
def refuse_when_unsafe(**_: Any) -> None:
    """Stop a production worker or beat that is set up unsafely, before it takes a job."""
    checks.refuse_when_unsafe()
    refuse_other_credit_value()
