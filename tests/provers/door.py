"""The webhook door: what is forged, broken or poisoned, in this process."""

import logging
import random

from tests.fuzz import door


def prove(*, count: int, seed: int) -> str:
    """Deliver that many bodies; give the line that says so. Raises AssertionError with those that did harm."""
    # Each refusal would be a line.
    logging.disable(logging.CRITICAL)
    try:
        writer, webhook = door.correspondence(chance=random.Random(seed))
        tally = door.knock(count=count, writer=writer, door=webhook)
        door.expect_kept(tally, writer=writer, count=count)
    finally:
        logging.disable(logging.NOTSET)
    return f"door: {tally.told()}, seed {seed}; no 5xx, no row before a valid signature"
