"""The API, spoken to by the committed schema: a section at a time, in this process."""

import logging
import random
from typing import Final

from tests.fuzz import api
from tests.fuzz.world import patient, populate

SECTIONS: Final = ("/internal", "/v1")


def prove(*, count: int, seed: int) -> str:
    """Send that many cases; give the line that says so. Raises AssertionError with the answers that were wrong."""
    # Each refusal of a machine that sends nonsense would be a line.
    logging.disable(logging.CRITICAL)
    try:
        world, each = populate(random.Random(seed)), -(-count // len(SECTIONS))
        with patient():
            for prefix in SECTIONS:
                tally = api.speak(prefix=prefix, count=each, number=seed, world=world)
                api.expect_promised(tally, prefix=prefix, count=each)
    finally:
        logging.disable(logging.NOTSET)
    return f"api: {each * len(SECTIONS):,} cases, seed {seed}; no 5xx, every answer as the schema says"
