"""`manage.py agree`: write down what was agreed with a customer over a plan."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from accounts import queries
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import agreements
from marketplace.agreements import Commitment, Deal

ACTOR = "command:agree"


class Command(BaseCommand):
    """Make an agreement: a commitment with its discount, and the terms that routers read."""

    help = "Agree with a customer over a plan: --committed 100000 --sla 99.9% --support 24/7 …"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what was agreed on."""
        parser.add_argument("customer", help="Its id or external id.")
        parser.add_argument("--plan", default="enterprise")
        parser.add_argument("--starts", help="The first day, such as 2026-03-01; else today.")
        parser.add_argument("--months", type=int, default=agreements.MONTHS_MIN)
        parser.add_argument("--metric", default="execution")
        parser.add_argument("--committed", help="The quantity of each month.")
        parser.add_argument("--discount-bp", type=int, help="Basis points; else what such a volume has.")
        for name in agreements.TERMS:
            parser.add_argument(f"--{name}", default="")

    def handle(self, *_args: Any, customer: str, **options: Any) -> None:
        """Agree, and say until when."""
        now = clock.now()
        deal = Deal(
            plan=options["plan"],
            starts_at=_day(options["starts"], now),
            months=options["months"],
            commitment=_commitment(options),
            terms={name: options[name] for name in agreements.TERMS if options[name]},
        )
        try:
            found = queries.customer(reference=customer)
            agreed = agreements.agree(customer=found, deal=deal, actor=ACTOR, now=now)
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"Agreed with {found.name} over {deal.plan} until {agreed.ends_at:%Y-%m-%d}.")


def _day(text: str | None, now: dt.datetime) -> dt.datetime:
    try:
        day = parse_date(text) if text else now.date()
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"{text!r} is no day such as 2026-03-01.")
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def _commitment(options: dict[str, Any]) -> Commitment | None:
    if not options["committed"]:
        return None
    try:
        quantity = Decimal(options["committed"])
    except InvalidOperation as error:
        raise CommandError(f"{options['committed']!r} is no quantity.") from error
    return Commitment(metric=options["metric"], quantity=quantity, discount_bp=options["discount_bp"])
