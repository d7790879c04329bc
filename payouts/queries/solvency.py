"""Does the cash at Stripe cover what others have a claim to? The two tiles of ledger.md section 4."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from billing.models import BalanceTransaction
from marketplace import packages
from marketplace.defaults import WHOLE_BP, class_rates_bp
from payouts.models import Withdrawal
from wallets import chart, money, queries
from wallets.models import CreditGrant


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is at Stripe, and who may claim it; USD micros."""

    cash: int
    leaving: int
    deferred: int
    owed: int
    in_transit: int
    burn: int
    target: int

    @property
    def claimed(self) -> int:
        """What is creators' own: owed, and on its way to them."""
        return self.owed + self.in_transit

    @property
    def refund(self) -> int:
        """Tile A: what is left if every unused credit were refunded and every creator paid."""
        return self.cash - self.leaving - self.deferred - self.claimed

    @property
    def burned(self) -> int:
        """Tile B: what is left if every unused credit were burned at the dearest split and every creator paid."""
        return self.cash - self.leaving - self.burn - self.claimed

    @property
    def free(self) -> int:
        """What may be withdrawn: the smaller of the two, where it is above zero."""
        return max(min(self.refund, self.burned), 0)

    @property
    def short(self) -> int:
        """What of our own money must lie at Stripe for both to be covered."""
        return max(-min(self.refund, self.burned), 0)

    @property
    def alert(self) -> bool:
        """Say whether more is short than the float target allows."""
        return self.short > self.target


def coverage() -> Coverage:
    """Read the ledger; withdrawals that Stripe has not told of yet count as gone."""
    return Coverage(
        cash=-queries.platform_balance(chart.STRIPE_CASH),
        leaving=money.cents_to_micros(_leaving_cents()),
        deferred=queries.platform_balance(chart.DEFERRED),
        owed=queries.platform_balance(chart.OWED),
        in_transit=queries.platform_balance(chart.IN_TRANSIT),
        burn=_burn(),
        target=money.cents_to_micros(settings.FLOAT_TARGET_CENTS),
    )


def _leaving_cents() -> int:
    told = BalanceTransaction.objects.filter(type="payout").values("source_id")
    gone = Withdrawal.objects.exclude(state=Withdrawal.State.FAILED).exclude(stripe_payout_id__in=told)
    unresolved = Withdrawal.objects.filter(state__in=Withdrawal.UNRESOLVED)
    return int((gone | unresolved).aggregate(total=Sum("amount_cents", default=0))["total"])


def _burn() -> int:
    """Sum what creators would earn of every unused credit at the dearest split, rounded up."""
    rates, share = class_rates_bp(), packages.top_share_bp()
    left = CreditGrant.objects.filter(wallet__unit=money.CREDITS).values_list("funding_class")
    sums = left.annotate(total=Sum("remaining") + Sum("frozen")).order_by()
    earned = sum(int(total) * share * rates[name] for name, total in sums)
    worth = earned * money.credit_value()
    return -(-worth // (WHOLE_BP**2 * money.MICRO))
