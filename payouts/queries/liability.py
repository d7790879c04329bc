"""What credits and earnings we stand for, by funding class and expiry, and the cash behind; tied to the ledger."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import BigIntegerField, Case, F, Func, Sum, Value, When

from billing.models import Execution
from wallets import chart, money, queries
from wallets.chart import FUNDING_CLASSES
from wallets.models import CreditGrant, Wallet, WalletDebt

COLUMNS: Final = ("section", "what", "when", "credits", "usd", "cash_usd")
# When unused credits run out, counted from today.
BUCKETS: Final = (("within 30 days", 30), ("in 31 to 90 days", 90), ("in 91 to 365 days", 365))
LATER: Final = "later"
NEVER: Final = "never"
BREAKAGE: Final = """
SELECT date_trunc('month', x.occurred_at AT TIME ZONE 'UTC')::date AS month, g.funding_class,
    coalesce(sum(e.amount) FILTER (WHERE e.unit = 'CREDITS'), 0)::bigint,
    coalesce(sum(e.amount) FILTER (WHERE e.unit = 'USD'), 0)::bigint
FROM wallets_entry e JOIN wallets_transaction x ON x.id = e.transaction_id
LEFT JOIN wallets_creditgrant g ON x.source_type = 'grant' AND g.public_id = split_part(x.source_id, ':', 1)
WHERE e.wallet_id IN (SELECT wallets_platform('CREDITS', 'breakage') UNION SELECT wallets_platform('USD', 'breakage'))
GROUP BY 1, 2 ORDER BY 1 DESC, 2
"""


@dataclass(frozen=True, slots=True)
class Unused:
    """Credits of one class that run out at about the same time."""

    funding_class: str
    expires: str
    credits: int
    frozen: int
    worth: int
    cash: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Credits that ran out in a month."""

    month: dt.date
    funding_class: str
    credits: int
    usd: int


@dataclass(frozen=True, slots=True)
class Creators:
    """What creators have of one kind."""

    kind: str
    credits: int
    usd: int


@dataclass(frozen=True, slots=True)
class Tie:
    """A total of this report beside the ledger's own account, in micros of its unit."""

    what: str
    unit: str
    shown: int
    ledger: int

    @property
    def holds(self) -> bool:
        """Say whether the two are one."""
        return self.shown == self.ledger


@dataclass(frozen=True, slots=True)
class Liability:
    """The whole report."""

    at: dt.datetime
    unused: list[Unused]
    creators: list[Creators]
    breakage: list[Broken]
    ties: list[Tie]


def report(*, now: dt.datetime) -> Liability:
    """Read the report; every total is beside the account of the ledger that it must be."""
    unused, creators, breakage = _unused(now), _creators(), _breakage()
    return Liability(now, unused, creators, breakage, _ties(unused, creators, breakage))


def rows(*, liability: Liability) -> list[tuple[str, ...]]:
    """Write the report as lines of text, each under its section: what the page shows and what the file holds."""
    return [
        *(
            (
                "Unused credits",
                one.funding_class,
                one.expires,
                *_texts(one.credits + one.frozen, one.worth, one.cash),
            )
            for one in liability.unused
        ),
        *(("Creators", kind.kind, "", *_texts(kind.credits, kind.usd), "") for kind in liability.creators),
        *(
            ("Breakage", one.funding_class, f"{one.month:%Y-%m}", *_texts(one.credits, one.usd), "")
            for one in liability.breakage
        ),
    ]


def _texts(*amounts: int) -> tuple[str, ...]:
    return tuple(map(money.text, amounts))


def _unused(now: dt.datetime) -> list[Unused]:
    grants = CreditGrant.objects.filter(wallet__unit=money.CREDITS).exclude(remaining=0, frozen=0)
    found = (
        grants.annotate(expires=_bucket(now))
        .values_list("funding_class", "expires")
        .annotate(Sum("remaining"), Sum("frozen"), Sum("cash_remaining"))
        .order_by()
    )
    order = [*(label for label, _ in BUCKETS), LATER, NEVER]
    unused = [_sum_of(name, expires, *map(int, sums)) for name, expires, *sums in found]
    return sorted(
        unused, key=lambda one: (FUNDING_CLASSES.index(one.funding_class), order.index(one.expires))
    )


def _sum_of(funding_class: str, expires: str, credits: int, frozen: int, cash: int) -> Unused:
    return Unused(funding_class, expires, credits, frozen, money.credits_to_usd(credits + frozen), cash)


def _bucket(now: dt.datetime) -> Case:
    until = [(label, now + dt.timedelta(days=most + 1)) for label, most in BUCKETS]
    return Case(
        When(expires_at=None, then=Value(NEVER)),
        *(When(expires_at__lt=end, then=Value(label)) for label, end in until),
        default=Value(LATER),
    )


def _creators() -> list[Creators]:
    wallets = Wallet.objects.filter(owner_type=Wallet.OwnerType.CREATOR, unit=money.CREDITS)
    # Converted wallet by wallet, as the ledger does: a sum rounds elsewhere.
    usd = Func(F("balance"), function="wallets_usd", output_field=BigIntegerField())
    found = wallets.exclude(balance=0).values_list("kind").annotate(Sum("balance"), usd=Sum(usd)).order_by()
    order = (chart.PENDING, chart.PAYABLE, chart.RESERVE, chart.DEBT)
    rows = sorted(found, key=lambda row: order.index(row[0]))
    return [Creators(kind, int(credits), int(usd)) for kind, credits, usd in rows]


def _breakage() -> list[Broken]:
    with connection.cursor() as cursor:
        cursor.execute(BREAKAGE)
        return [Broken(month, name or "", credits, usd) for month, name, credits, usd in cursor.fetchall()]


def _ties(unused: list[Unused], creators: list[Creators], breakage: list[Broken]) -> list[Tie]:
    consumers = Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, unit=money.CREDITS)
    debts = WalletDebt.objects.filter(wallet__unit=money.CREDITS)
    balance = int(consumers.aggregate(total=Sum("balance", default=0))["total"])
    owed_by = int(debts.aggregate(total=Sum("remaining", default=0))["total"])
    unposted = Execution.objects.filter(posting_id=None).aggregate(total=Sum("cash", default=0))
    frozen = sum(one.frozen for one in unused)
    earned = [kind for kind in creators if kind.kind != chart.DEBT]
    return [
        Tie("Unused credits less debts = consumers' balances", "credits", _sum(unused) - owed_by, balance),
        Tie("Frozen credits = disputed", "credits", frozen, queries.platform_balance(chart.DISPUTED)),
        Tie(
            "Cash behind them, and behind runs not posted = deferred",
            "USD",
            sum(one.cash for one in unused) + int(unposted["total"]),
            queries.platform_balance(chart.DEFERRED),
        ),
        Tie(
            "Creators' credits = owed",
            "USD",
            sum(k.usd for k in earned),
            queries.platform_balance(chart.OWED),
        ),
        Tie(
            "Breakage", "credits", sum(b.credits for b in breakage), queries.platform_balance(chart.BREAKAGE)
        ),
        Tie("Breakage", "USD", sum(b.usd for b in breakage), queries.platform_balance(chart.BREAKAGE_INCOME)),
    ]


def _sum(unused: list[Unused]) -> int:
    return sum(one.credits for one in unused)
