"""How the API shows an execution: its state, and its whole receipt."""

import datetime as dt

import msgspec
from django.conf import settings

from billing import answers
from billing.answers import Line, Split
from billing.models.executions import Execution
from billing.queries import receipts
from billing.queries.parts import by_class, by_payee
from wallets import money, seals
from wallets.money import Amount


class ExecutionAnswer(msgspec.Struct):
    """An execution as it stands."""

    execution: str
    status: str
    estimate: Amount
    held: Amount
    charged: Amount
    released: Amount
    available: Amount
    reason: str
    price_version: str
    opened_at: str
    expires_at: str
    closed_at: str | None


class ReceiptAgent(msgspec.Struct):
    """Which agent ran."""

    id: str
    slug: str
    name: str


class Burned(msgspec.Struct):
    """Credits of one funding class that paid."""

    funding_class: str
    amount: Amount


class PayeePart(msgspec.Struct):
    """What one of its creators earned."""

    creator: str
    name: str
    amount: Amount


class ClassPart(msgspec.Struct):
    """What credits of one funding class paid, and to whom it went."""

    funding_class: str
    charged: Amount
    creators: Amount
    platform: Amount


class Receipt(msgspec.Struct):
    """Why a run cost what it cost."""

    execution: str
    status: str
    agent: ReceiptAgent
    source: str
    model: str
    end_user: str
    outcome: str
    reason: str
    readings: dict[str, str]
    price_version: str
    lines: list[Line]
    estimate: Amount
    held: Amount
    max_charge: Amount | None
    cost: Amount
    charged: Amount
    released: Amount
    unbilled: Amount
    grants: list[Burned]
    split: Split
    payees: list[PayeePart]
    classes: list[ClassPart]
    self_dealing: bool
    credit_value_usd: str
    opened_at: str
    expires_at: str
    occurred_at: str | None
    closed_at: str | None
    undone_at: str | None
    transaction: str | None
    chain_hash: str | None
    undo_transaction: str | None


def execution_answer(found: Execution) -> ExecutionAnswer:
    """Render an execution."""
    return ExecutionAnswer(
        execution=found.public_id,
        status=found.state,
        estimate=money.amount(found.estimate),
        held=money.amount(found.held),
        charged=money.amount(found.charged),
        released=money.amount(found.released),
        available=money.amount(found.available_after_settle),
        reason=found.reason,
        price_version=found.version.public_id,
        opened_at=answers.time(found.opened_at),
        expires_at=answers.time(found.expires_at),
        closed_at=_time(found.closed_at),
    )


def receipt(found: Execution) -> Receipt:
    """Render the receipt; of an open run what is known so far."""
    burned = receipts.drawn_by_class(execution=found)
    return Receipt(
        execution=found.public_id,
        status=found.state,
        agent=ReceiptAgent(found.agent.public_id, found.agent.slug, found.agent.name),
        source=found.source,
        model=found.model,
        end_user=found.end_user,
        outcome=found.outcome,
        reason=found.reason,
        readings=found.usage or found.metered_usage or {},
        price_version=found.version.public_id,
        lines=answers.lines(found.lines),
        estimate=money.amount(found.estimate),
        held=money.amount(found.held),
        max_charge=None if found.max_charge is None else money.amount(found.max_charge),
        cost=money.amount(found.cost),
        charged=money.amount(found.charged),
        released=money.amount(found.released),
        unbilled=money.amount(found.unbilled),
        grants=[Burned(name, money.amount(amount)) for name, amount in burned.items()],
        split=answers.split(
            creator=found.creator_amount, platform=found.platform_amount, processing=found.processing
        ),
        payees=[
            PayeePart(part.creator, part.name, money.amount(part.amount)) for part in by_payee(run=found)
        ],
        classes=[
            ClassPart(
                part.funding_class,
                money.amount(part.charged),
                money.amount(part.creators),
                money.amount(part.platform),
            )
            for part in by_class(cells=found.cells)
        ],
        self_dealing=found.self_dealing,
        credit_value_usd=f"{settings.CREDIT_VALUE_USD:f}",
        opened_at=answers.time(found.opened_at),
        expires_at=answers.time(found.expires_at),
        occurred_at=_time(found.occurred_at),
        closed_at=_time(found.closed_at),
        undone_at=_time(found.undone_at),
        transaction=found.settlement.public_id if found.settlement else None,
        chain_hash=seals.hash_of(transaction_id=found.settlement_id) or None,
        undo_transaction=(receipts.undoing_of(execution=found) or None) if found.undone_at else None,
    )


def _time(at: dt.datetime | None) -> str | None:
    return answers.time(at) if at else None
