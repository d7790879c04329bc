"""`python -m config.devservices.stripe --port 12111 --data FILE.sqlite`."""

import argparse
import signal
import threading
from pathlib import Path

from config.devservices.stripe.server import StandIn


def main() -> None:
    """Run the stand-in until it is told to stop."""
    options = _options()
    options.data.parent.mkdir(parents=True, exist_ok=True)
    stand_in = StandIn(data=options.data, port=options.port, host=options.host, public_url=options.public_url)
    for name in ("pending_days", "bank_days"):
        if (value := getattr(options, name)) is not None:
            stand_in.store.set_setting(name, str(value))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with stand_in:
        print(f"Stripe stand-in (test mode) at {stand_in.url}", flush=True)
        stopped.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="config.devservices.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--public-url", help="how browsers reach it, if not http://HOST:PORT")
    parser.add_argument("--pending-days", type=float, help="days until a card payment is available (2)")
    parser.add_argument("--bank-days", type=float, help="days a bank payout is under way (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
