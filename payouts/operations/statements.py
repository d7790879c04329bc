"""Seal a payout's statement as it is drafted: its lines, hashed with the creator's last statement."""

import datetime as dt

from payouts import sealing
from payouts.models import Payout, Statement
from payouts.queries import statements
from payouts.queries.statements import Opening


def seal(*, payout: Payout, opening: Opening, closing_seq: int, now: dt.datetime) -> Statement:
    """Write a draft's statement, in its transaction. The creator is locked, so its numbers have no gap."""
    last = Statement.objects.filter(creator=payout.creator_id).order_by("-number").first()
    number, previous = (last.number + 1, last.hash) if last else (1, sealing.GENESIS)
    body = statements.body(payout=payout, number=number, entries=(opening.seq, closing_seq))
    return Statement.objects.create(
        payout=payout,
        creator_id=payout.creator_id,
        number=number,
        opening_seq=opening.seq,
        closing_seq=closing_seq,
        body=body,
        previous=previous,
        hash=sealing.seal(body=body, previous=previous),
        made_at=now,
    )
