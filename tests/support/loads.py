"""A load of clients that write down what was acknowledged, and repeat all of it under the same keys afterwards."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final

PAUSE_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 30.0


@dataclass
class Asked:
    """One request with its key, and the answer, once there was one."""

    path: str
    body: dict[str, Any]
    key: str
    secret: str
    answer: dict[str, Any] | None = None


@dataclass
class Client:
    """One client: it asks, and never takes silence for a no."""

    url: str
    number: int
    router: str
    buyer: str
    caller: str
    agent: str
    asked: list[Asked] = field(default_factory=list)

    def works(self, stop: threading.Event) -> None:
        """Reserve, log, log directly, buy; until told to stop."""
        step = 0
        while not stop.is_set():
            step += 1
            name = f"client{self.number}-{step}"
            reserved = self.asks("/internal/usage/check", self._run(reserve=True, max_charge="60"), name)
            if reserved.answer:
                self.asks("/internal/usage/log", _used(execution=reserved.answer["execution"]), f"{name}-log")
            self.asks("/internal/usage/log", self._run(**_used()), f"{name}-direct")
            if step % 10 == 1:
                self.asks("/v1/wallet/topup", {"amount_usd": "10.00"}, f"{name}-buy", secret=self.buyer)
            time.sleep(PAUSE_SECONDS)

    def asks(self, path: str, body: dict[str, Any], key: str, *, secret: str = "") -> Asked:
        """Ask once."""
        asked = Asked(path, body, key, secret or self.router)
        self.asked.append(asked)
        asked.answer = self._post(asked)
        return asked

    def repeats(self) -> list[str]:
        """Ask everything again under its key; say which acknowledged answers are others now."""
        wrongs = []
        for asked in self.asked:
            answer = self._insist(asked)
            if asked.answer is not None and asked.answer != answer:
                wrongs.append(f"{asked.key}: {asked.answer} became {answer}")
            asked.answer = answer
        return wrongs

    def finishes(self) -> None:
        """Log the runs that were reserved and never logged."""
        logged = {asked.body.get("execution") for asked in self.asked}
        for asked in list(self.asked):
            execution = (asked.answer or {}).get("execution")
            if asked.path == "/internal/usage/check" and execution not in logged:
                late = Asked(
                    "/internal/usage/log", _used(execution=execution), f"{asked.key}-log", self.router
                )
                late.answer = self._insist(late)
                self.asked.append(late)

    def _run(self, **changes: Any) -> dict[str, Any]:
        return {"agent": self.agent, "caller": self.caller, **changes}

    def _insist(self, asked: Asked) -> dict[str, Any]:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while (answer := self._post(asked)) is None:
            assert time.monotonic() < give_up_at, f"No answer to {asked}."
            time.sleep(0.2)
        return answer

    def _post(self, asked: Asked) -> dict[str, Any] | None:
        headers = {
            "Authorization": f"Bearer {asked.secret}",
            "Idempotency-Key": asked.key,
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(self.url + asked.path, json.dumps(asked.body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code < 500 and error.code != 409:
                raise AssertionError(f"{asked}: {error.code} {said}") from error
            return None
        # A server that was killed had perhaps said a part.
        except (OSError, ValueError, http.client.HTTPException):
            return None


def _used(**changes: Any) -> dict[str, Any]:
    return {"usage": {"request": 1}, "outcome": "success", **changes}
