"""What the fuzz may name: people, agents and keys that exist, and the ids that answers brought."""

import copy
import datetime as dt
import random
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.test import override_settings
from schemathesis import Response

from accounts.models import User
from billing.operations import vouchers
from billing.operations.vouchers import Offer
from config.kit import clock
from tests.support import catalogue, invoicing, ledger, people, plans, runs
from tests.support.runs import FREE, LONG_AGO, PER_REQUEST, PER_TOKEN, SUBSCRIBED
from wallets.money import MICRO, Micros

Headers = dict[str, str]

METRICS: Final = ("request", "input_tokens", "output_tokens", "compute_minute")
# What has broken parsers, databases and people's arithmetic.
NASTY: Final[tuple[Any, ...]] = (
    *(None, True, [], {}, "", " ", "0", 0, -1, -0.5, 0.1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30),
    *("NaN", "Infinity", "-1", "1e400", "1,000", "0x10", "٣", "1.0000001", "9" * 40, "a" * 10_000),
    *("\x00", "a\x00b", "\ud800", "\u202egnp.exe", "é" * 300, "'; DROP TABLE wallets_entry; --", "{{7*7}}"),
    *("../../etc/passwd", "%00", "<script>alert(1)</script>", "=1+1", "2026-02-30", "9999-12-31T23:59:59Z"),
    *({"credits": "1"}, {"credits": "-1"}, {"usd": "0.0000001"}, [[]] * 50, {"a": {"b": {"c": 1}}}),
)
NO_KEYS: Final = tuple(
    {"Authorization": text}
    for text in ("", "Bearer", "Bearer fbx_router_00000000_none", "Basic eDp4", "Bearer \xff", "Bearer a b")
)
KEPT: Final = 300
CODE: Final = "FUZZ-2026"
PLANS: Final = ("free", "credits-free", "payg", "pro")
FEATURES: Final = ("small-model-tokens", "sandbox", "egress", "sla", "execution")
SERVICES: Final = frozenset({"/v1/attach", "/v1/check", "/v1/track", "/v1/events"})


def _recent() -> deque[str]:
    return deque(maxlen=KEPT)


@dataclass
class World:
    """People, agents and keys; and ids as they are learnt from answers."""

    chance: random.Random
    agents: list[str]
    callers: list[str]
    router: Headers
    service: Headers
    customers: list[Headers]
    # Ids by their kind.
    known: defaultdict[str, deque[str]] = field(default_factory=lambda: defaultdict(_recent))
    cursors: deque[str] = field(default_factory=_recent)

    def learn(self, response: Response) -> None:
        """Remember the ids of a successful answer."""
        if response.status_code < 400:
            self._learn(response.json())

    def _learn(self, body: Any) -> None:
        match body:
            case {"id": str(), "status": "incomplete"} | {"attached": False}:
                pass  # what waits for its payment takes no steps
            case {"execution": str(public_id)} | {"subscription": str(public_id)} | {"id": str(public_id)}:
                self.known[public_id[:4]].append(public_id)
            case {"next": str(address)}:
                self.cursors.append(address.partition("cursor=")[2].partition("&")[0])
            case {"results": [*results]}:
                for result in results:
                    self._learn(result)
            case _:
                pass

    def path_parameters(self, path: str) -> dict[str, str]:
        """Name something that exists, most of the time."""
        if "{agent}" in path:
            return {"agent": self.chance.choice(self.agents)}
        if "{reference}" in path:
            return {"reference": self.chance.choice(self.callers)}
        if "{public_id}" in path:
            kinds = {"topups": "top_", "subscriptions": "sbs_", "invoices": "inv_"}
            kind = next((kinds[part] for part in path.split("/") if part in kinds), "exe_")
            return {"public_id": self._one(self.known[kind], else_=kind + "0" * 26)}
        return {}

    def query(self, names: set[str]) -> dict[str, str]:
        """Ask for something sensible by some of an operation's parameters."""
        now = clock.now()
        sensible: dict[str, Callable[[], str]] = {
            "from": lambda: (now - dt.timedelta(days=self.chance.randint(1, 60))).date().isoformat(),
            "to": lambda: (now + dt.timedelta(days=1)).isoformat().replace("+00:00", "Z"),
            "period": lambda: f"{self.chance.randint(1, 400)}d",
            "group_by": lambda: self.chance.choice(("agent", "day", "model")),
            "type": lambda: self.chance.choice(("credit", "debit")),
            "kind": lambda: self.chance.choice(("topup", "settle")),
            "limit": lambda: str(self.chance.randint(1, 3)),
            "cursor": lambda: self._one(self.cursors, else_=""),
        }
        named = {
            name: say() for name, say in sensible.items() if name in names and self.chance.random() < 0.4
        }
        return {
            name: text
            for name, text in named.items()
            if text and not ("period" in named and name in "from to")
        }

    def body(self, path: str) -> Any:
        """Say something that can succeed."""
        if path in SERVICES:
            return self._service(path)
        match path.rpartition("/")[2]:
            case "check":
                return self._check()
            case "log":
                return self._log()
            case "meter":
                return {"sequence": self.chance.randint(0, 20), "usage": self._usage()}
            case "topup" | "vouchers" as name:
                return self._order() if name == "topup" else {"code": self.chance.choice((CODE, "NONE-2026"))}
            case name:
                return self._of_plans(name)

    def headers(self, path: str, method: str) -> Headers:
        """Give the key that fits, and for a POST often an Idempotency-Key, which some share."""
        fitting = self._fitting(path)
        if method != "POST" or self.chance.random() < 0.5:
            return fitting
        return fitting | {"Idempotency-Key": f"k{self.chance.randint(1, 400)}"}

    def _fitting(self, path: str) -> Headers:
        if path.startswith("/internal"):
            return self.router
        return self.service if path in SERVICES else self.chance.choice(self.customers)

    def stranger(self, path: str) -> Headers:
        """Give no key, a key that is none, or one of the wrong kind."""
        fitting = self._fitting(path)
        others = [key for key in (self.router, self.service) if key is not fitting]
        if fitting not in self.customers:
            others += self.customers
        return self.chance.choice((*NO_KEYS, *others))

    def nasty(self) -> Any:
        """Give a value that somebody will send some day."""
        return copy.deepcopy(self.chance.choice(NASTY))

    def nasty_text(self) -> str:
        """Give a text that somebody will send some day, as an address can carry it."""
        return str(self.nasty()).encode(errors="replace").decode()[:2_000]

    def _one(self, known: deque[str], *, else_: str) -> str:
        return self.chance.choice(known) if known else else_

    def _usage(self) -> dict[str, Any]:
        quantity = self.chance.choice((0, 1, 3, "2.5", 1_000))
        return {self.chance.choice(METRICS): quantity, "request": 1}

    def _run(self) -> dict[str, Any]:
        agent, caller = self.chance.choice(self.agents), self.chance.choice(self.callers)
        return {"agent": agent, "caller": caller, "usage": self._usage()}

    def _check(self) -> dict[str, Any]:
        if self.chance.random() < 0.3:
            return {"checks": [self._run() | {"reserve": True} for _ in range(self.chance.randint(1, 5))]}
        return self._run() | {"reserve": self.chance.random() < 0.8, "parent": None, "max_charge": None}

    def _log(self) -> dict[str, Any]:
        if self.chance.random() < 0.3:
            return {"events": [self._event() for _ in range(self.chance.randint(1, 5))]}
        return self._event()

    def _event(self) -> dict[str, Any]:
        event_id = {"event_id": f"e{self.chance.randint(1, 5_000)}", "occurred_at": None}
        if self.known["exe_"] and self.chance.random() < 0.6:
            reserved = {"execution": self.chance.choice(self.known["exe_"]), "agent": None, "caller": None}
            return reserved | {"usage": self._usage(), "event_id": None, "occurred_at": None}
        return self._run() | event_id | {"execution": None}

    def _service(self, path: str) -> Any:
        if path == "/v1/events":
            several = [self._cloud_event() for _ in range(self.chance.randint(1, 5))]
            return self.chance.choice((several, several[0]))
        if path == "/v1/attach":
            return self._attach()
        said = {"customer": self.chance.choice(self.callers), "feature": self.chance.choice(FEATURES)}
        event_id = {"event_id": f"f{self.chance.randint(1, 2_000)}", "occurred_at": None}
        return said | {"quantity": 1} | (event_id if path == "/v1/track" else {})

    def _of_plans(self, name: str) -> dict[str, Any]:
        plan = {"plan": self.chance.choice(PLANS), "tier": ""}
        said: dict[str, dict[str, Any]] = {
            "subscribe": plan
            | {"agent": "", "quantity": 1, "zone": "UTC", "trial": self.chance.random() < 0.2},
            "change": plan | {"quantity": None},
            "preview": plan | {"quantity": None},
            "cancel": {"at": self.chance.choice(("period_end", "period_end", "now"))},
        }
        return said.get(name, {"reason": "it did not start"})

    def _attach(self) -> dict[str, Any]:
        said = {"customer": self.chance.choice(self.callers), "plan": self.chance.choice(PLANS), "tier": ""}
        return said | {"quantity": 1, "zone": "UTC", "success_url": None, "cancel_url": None, "email": ""}

    def _cloud_event(self) -> dict[str, Any]:
        number = self.chance.randint(1, 500)
        named = {
            "specversion": "1.0",
            "id": f"c{number}",
            "source": "//fuzz",
            "subject": self.chance.choice(self.callers),
        }
        said = {"type": "fuzzed", "data": {"tokens": self.chance.randint(0, 3)}}
        if self.chance.random() < 0.2:
            said = {"type": "fuzzed.reversed", "data": {"reverses": f"c{self.chance.randint(1, 500)}"}}
        return named | said | {"time": None, "datacontenttype": None, "data_base64": None}

    def _order(self) -> dict[str, Any]:
        amount = {"amount_usd": f"{self.chance.randint(1, 50)}.00", "package": None}
        package = {"amount_usd": None, "package": "growth"}
        return self.chance.choice((amount, package)) | {"success_url": None, "cancel_url": None}


def patient() -> override_settings:
    """Let a customer try as many codes as it likes: the fuzz asks what is answered, not how often."""
    return override_settings(RATE_LIMITS=settings.RATE_LIMITS | {"voucher": 1_000_000})


def populate(chance: random.Random) -> World:
    """Make a rich consumer, a poor one, a creator that runs its own agents, and keys of every kind."""
    catalogue.publish(now=LONG_AGO)
    alice = runs.make_creator("fuzz-alice")
    manifests = {
        "fuzz-echo": PER_REQUEST,
        "fuzz-tokens": PER_TOKEN,
        "fuzz-gratis": FREE,
        "fuzz-club": SUBSCRIBED,
    }
    agents = [
        runs.make_agent(slug, manifest=manifest, creator=alice, now=LONG_AGO)
        for slug, manifest in manifests.items()
    ]
    bob = runs.make_customer("fuzz-bob", credits=1_000_000, external_id="fuzz-bob-at-home")
    carol = runs.make_customer("fuzz-carol", credits=120)
    ledger.buy(runs.wallet_of(alice.customer), cents=10_000, payment="pi_fuzz-alice")
    started = [
        runs.reserve(agents[0], each, now=clock.now()) for each in (bob, alice.customer) for _ in range(3)
    ]
    world = World(
        chance=chance,
        agents=[*(agent.slug for agent in agents), agents[0].public_id],
        callers=[bob.public_id, "fuzz-bob-at-home", carol.public_id, alice.customer.public_id],
        router=people.bearer(people.router_key()),
        service=people.bearer(people.service_key()),
        customers=[people.bearer(people.customer_key(each)) for each in (bob, alice.customer)],
    )
    _make_voucher()
    world.known["exe_"] += [each.execution or "" for each in started]
    world.known["inv_"] += [invoicing.issued(each, 500).public_id for each in (bob, alice.customer)]
    world.known["sbs_"] += [
        plans.attach(each, "payg", now=clock.now()).public_id for each in (bob, alice.customer)
    ]
    return world


def _make_voucher() -> None:
    now = clock.now()
    offer = Offer(
        name="Fuzz",
        amount=Micros(MICRO),
        uses_max=10_000,
        per_customer=10_000,
        starts_at=now,
        ends_at=now + dt.timedelta(days=365),
    )
    olive = User.objects.create_user("fuzz-olive@example.com", "correct horse battery")
    vouchers.make(code=CODE, offer=offer, created_by=olive, now=now)
