"""Every route for everybody: a route that nobody listed here, or that shows a stranger what is not theirs, is red."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from config.kit import clock
from tests.support import market, people, runs
from tests.support.checkout import ask
from tests.support.creators import connect_stripe, drafted, earning_creator
from tests.support.invoicing import issued
from tests.support.processes import StripeStandin

LOGIN: Final = "/accounts/login/"
START: Final = "/creator/start/"
ADMIN_LOGIN: Final = "/admin/login/"
NOBODY, CONSUMER, CREATOR, STAFF = "nobody", "consumer", "creator", "staff"
ROUTER, SERVICE = "router", "service"

Answers = dict[str, int | str]

# What a class of routes answers to each visitor: a status, or where it redirects to.
PUBLIC: Final[Answers] = {NOBODY: 200, CONSUMER: 200, CREATOR: 200, STAFF: 200}
HIDDEN: Final[Answers] = {NOBODY: 404, CONSUMER: 404, CREATOR: 404, STAFF: 404}
SIGNED_IN: Final[Answers] = {NOBODY: LOGIN, CONSUMER: 200, CREATOR: 200, STAFF: 200}
OWN: Final[Answers] = {NOBODY: LOGIN, CONSUMER: 404, CREATOR: 404, STAFF: 404}
CREATORS: Final[Answers] = {NOBODY: LOGIN, CONSUMER: START, CREATOR: 200, STAFF: START}
CREATORS_OWN: Final[Answers] = {NOBODY: LOGIN, CONSUMER: START, CREATOR: 404, STAFF: START}
STAFFS: Final[Answers] = dict.fromkeys((NOBODY, CONSUMER, CREATOR), ADMIN_LOGIN) | {STAFF: 200}
API: Final[Answers] = {NOBODY: 401, CONSUMER: 200, CREATOR: 200, ROUTER: 403, SERVICE: 403}
API_OWN: Final[Answers] = {NOBODY: 401, CONSUMER: 404, CREATOR: 404, ROUTER: 403, SERVICE: 403}
API_CREATORS: Final[Answers] = {NOBODY: 401, CONSUMER: 404, CREATOR: 200, ROUTER: 403, SERVICE: 403}
API_CREATORS_OWN: Final[Answers] = {NOBODY: 401, CONSUMER: 404, CREATOR: 404, ROUTER: 403, SERVICE: 403}
# A customer may not play the router, whatever it sends.
INTERNAL: Final[Answers] = {NOBODY: 401, CONSUMER: 403, CREATOR: 403, ROUTER: 400, SERVICE: 403}
# What services do for any customer; an empty object is an envelope whose one event is rejected.
SERVICES: Final[Answers] = {NOBODY: 401, CONSUMER: 403, CREATOR: 403, ROUTER: 403, SERVICE: 400}


@dataclass(frozen=True)
class Row:
    """A route: how it is asked for, with which of the owner's objects, and what visitors get."""

    answers: Answers
    owned: str = ""
    method: str = "get"


PAGES: Final = {
    "marketplace:home": Row({NOBODY: 200, CONSUMER: "/wallet/", CREATOR: "/wallet/", STAFF: "/wallet/"}),
    "marketplace:agents": Row(PUBLIC),
    "billing:plans": Row(PUBLIC),
    "marketplace:agent": Row(HIDDEN, "draft_agent"),
    "marketplace:become_creator": Row(SIGNED_IN | {CREATOR: "/creator/agents/"}),
    "marketplace:creator_agents": Row(CREATORS),
    "marketplace:creator_agent_new": Row(CREATORS),
    "marketplace:creator_agent_edit": Row(CREATORS_OWN, "agent"),
    "marketplace:collaborator_invite": Row(CREATORS_OWN, "agent", "post"),
    "marketplace:collaboration_answer": Row(CREATORS_OWN, "agent", "post"),
    "accounts:api_keys": Row(SIGNED_IN),
    "accounts:api_key_revoke": Row(OWN, "key", "post"),
    "accounts:switch_customer": Row(OWN, "customer", "post"),
    "accounts:impersonate": Row({NOBODY: LOGIN, CONSUMER: 403, CREATOR: 403, STAFF: 405}, "customer"),
    "accounts:impersonation_end": Row(
        {NOBODY: LOGIN, CONSUMER: "/", CREATOR: "/", STAFF: "/"}, method="post"
    ),
    "billing:wallet": Row(SIGNED_IN),
    "billing:wallet_live": Row(SIGNED_IN),
    "billing:balance": Row(SIGNED_IN),
    "billing:transactions": Row(SIGNED_IN),
    "billing:topup_new": Row(SIGNED_IN),
    "billing:voucher_redeem": Row(SIGNED_IN | {CONSUMER: 405, CREATOR: 405, STAFF: 405}),
    "billing:topup_return": Row(OWN, "top_up"),
    "billing:topup_live": Row(OWN, "top_up"),
    "billing:topup_refund": Row(OWN, "top_up"),
    "billing:subscribe": Row(OWN, "draft_agent", "post"),
    "billing:subscriptions": Row(SIGNED_IN),
    "billing:subscription": Row(OWN, "subscription"),
    "billing:subscription_live": Row(OWN, "subscription"),
    "billing:subscription_change": Row(OWN, "subscription"),
    "billing:subscription_step": Row(OWN, "subscription", "post"),
    "billing:plan": Row(OWN, "draft_agent"),
    "billing:run_new": Row(OWN, "draft_agent"),
    "billing:price_example": Row(CREATORS, method="post"),
    "billing:runs": Row(SIGNED_IN),
    "billing:run": Row(OWN, "execution"),
    "billing:run_live": Row(OWN, "execution"),
    "billing:receipt": Row(OWN, "execution"),
    "billing:usage": Row(SIGNED_IN),
    "billing:invoices": Row(SIGNED_IN),
    "billing:card_update": Row(SIGNED_IN | {CONSUMER: 405, CREATOR: 405, STAFF: 405}),
    "billing:billing_details": Row(SIGNED_IN),
    "billing:invoice": Row(OWN, "invoice"),
    "billing:invoice_live": Row(OWN, "invoice"),
    "billing:invoice_pay": Row(OWN, "invoice", "post"),
    "billing:invoice_print": Row(OWN, "invoice"),
    "billing:invoice_pdf": Row(OWN, "invoice"),
    "billing:invoice_csv": Row(OWN, "invoice"),
    "billing:statements": Row(SIGNED_IN),
    "billing:statement": Row(SIGNED_IN, "month"),
    "billing:statement_live": Row(SIGNED_IN, "month"),
    "billing:statement_pdf": Row(OWN, "month"),
    "billing:statement_csv": Row(SIGNED_IN, "month"),
    "billing:stripe_webhook": Row(HIDDEN, "no_endpoint", "post"),
    "payouts:overview": Row(CREATORS),
    "payouts:earnings": Row(CREATORS),
    "payouts:payouts": Row(CREATORS),
    "payouts:payout": Row(CREATORS_OWN, "payout"),
    "payouts:staff_find": Row(STAFFS),
    "payouts:staff_customer": Row(STAFFS, "customer"),
    "payouts:staff_creator": Row(STAFFS, "creator"),
    "payouts:staff_note": Row(STAFFS | {STAFF: 405}, "customer"),
    "payouts:statement_pdf": Row(CREATORS_OWN, "payout"),
    "payouts:statement_live": Row(CREATORS_OWN, "payout"),
    "payouts:statement_csv": Row(CREATORS_OWN, "payout"),
    "payouts:statement_verify": Row(CREATORS_OWN, "payout"),
    "payouts:terms": Row(CREATORS | {CREATOR: "/creator/payouts/"}, method="post"),
    "payouts:ask": Row(CREATORS | {CREATOR: "/creator/payouts/"}, method="post"),
    "payouts:connect": Row(CREATORS),
    "payouts:connect_start": Row(CREATORS | {CREATOR: 405}),
    "payouts:connect_refresh": Row(CREATORS | {CREATOR: "/creator/connect/"}),
    "payouts:connect_dashboard": Row(CREATORS | {CREATOR: 405}),
    "healthz": Row(PUBLIC),
    "schema": Row(PUBLIC),
    "docs": Row(PUBLIC),
}
ENDPOINTS: Final = {
    "v1:wallet_balance": Row(API),
    "v1:wallet_transactions": Row(API),
    "v1:wallet_topup": Row(API | {CONSUMER: 400, CREATOR: 400}, method="post"),
    "v1:wallet_voucher": Row(API | {CONSUMER: 400, CREATOR: 400}, method="post"),
    "v1:wallet_topup_detail": Row(API_OWN, "top_up"),
    "v1:events": Row(SERVICES | {SERVICE: 202}, method="post"),
    "v1:attach": Row(SERVICES, method="post"),
    "v1:check": Row(SERVICES, method="post"),
    "v1:track": Row(SERVICES, method="post"),
    "v1:subscribe": Row(API | {CONSUMER: 400, CREATOR: 400}, method="post"),
    "v1:subscriptions": Row(API),
    "v1:subscription": Row(API_OWN, "subscription"),
    **{
        f"v1:subscription_{step}": Row(API_OWN, "subscription", "post")
        for step in ("preview", "change", "cancel", "keep", "pause", "resume")
    },
    "v1:subscription_overage": Row(API | {CONSUMER: 400, CREATOR: 400}, "subscription", "post"),
    "v1:usage": Row(API),
    "v1:execution": Row(API_OWN, "execution"),
    "v1:invoices": Row(API),
    "v1:invoice": Row(API_OWN, "invoice"),
    "v1:invoice_pay": Row(API_OWN, "invoice", "post"),
    "v1:developer_earnings": Row(API_CREATORS),
    "v1:developer_payouts": Row(API_CREATORS),
    "v1:developer_payout_status": Row(API_CREATORS),
    "v1:developer_agent_stats": Row(API_CREATORS_OWN, "agent"),
    "internal:customer_terms": Row(INTERNAL | {ROUTER: 200}, "customer"),
    "internal:usage_check": Row(INTERNAL, method="post"),
    "internal:usage_log": Row(INTERNAL, method="post"),
    "internal:execution_meter": Row(INTERNAL, "execution", "post"),
    # A router may close any run, and no body is a body without a reason.
    "internal:execution_release": Row(INTERNAL | {ROUTER: 409}, "execution", "post"),
}
# Never shown to a stranger, whatever the route.
PRIVATE: Final = ("execution", "top_up", "invoice", "subscription", "payout", "key", "draft_agent")
# What the admin shows to staff who may do nothing: its start, its search, their password, its words.
ADMIN_FOR_ALL_STAFF: Final = {
    "admin:index",
    "admin:search",
    "admin:password_change",
    "admin:password_change_done",
    "admin:jsi18n",
    "admin:logout",
    "admin:login",
    "admin:autocomplete",
    "admin:toggle_sidebar",
}
# allauth's own pages: they show nobody's objects, and allauth tests them.
ALLAUTH: Final = "account_"


def _routes(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            yield from _routes(found, ":".join(filter(None, [namespace, found.namespace])))
        else:
            yield f"{namespace}:{found.name}" if namespace else str(found.name), found


def _listed(name: str) -> bool:
    # The nameless one is the answer for paths of the API that lead nowhere.
    return name in PAGES or name in ENDPOINTS or name == "None" or name.startswith((ALLAUTH, "admin:"))


def test_every_route_is_listed() -> None:
    names = {name for name, _ in _routes(get_resolver())}

    assert [name for name in sorted(names) if not _listed(name)] == []
    assert sorted((PAGES | ENDPOINTS).keys() - names) == []


@pytest.fixture
def owned(db: None, stripe_standin: StripeStandin) -> dict[str, str]:
    """Give the ids of what Alice and her customer own."""
    alice = earning_creator(stripe_standin)
    connect_stripe(alice, stripe_standin)
    agent = alice.agents.get()
    bob = runs.make_customer("bob", credits=1000)
    reserved = runs.reserve(agent, bob)
    runs.settle(reserved)
    subscribed = runs.make_agent("digest", manifest=runs.SUBSCRIBED, creator=alice)
    market.draft("unheard-of", creator=alice)
    return {
        "payout": drafted(alice).public_id,
        "agent": agent.slug,
        "draft_agent": "unheard-of",
        "execution": str(reserved.execution),
        "subscription": runs.subscribe(bob, subscribed).public_id,
        "top_up": ask(bob).public_id,
        "key": people.customer_key(bob).key.public_id,
        "customer": bob.public_id,
        "creator": alice.public_id,
        "invoice": issued(bob, 1_000).public_id,
        "month": f"{clock.now():%Y-%m}",
        "no_endpoint": str(uuid.uuid4()),
    }


def _visitors() -> dict[str, Client]:
    charlie, _ = people.sign_up("charlie")
    dora, customer = people.sign_up("dora")
    market.open_creator("dora", customer=customer)
    olive = User.objects.create_superuser("olive@example.com", "correct horse battery")
    visitors = {NOBODY: Client()}
    for name, user in ((CONSUMER, charlie), (CREATOR, dora), (STAFF, olive)):
        visitors[name] = Client()
        visitors[name].force_login(user)
    return visitors


def _callers() -> dict[str, Client]:
    consumer, dora = people.open_customer("charlie"), people.open_customer("dora")
    market.open_creator("dora", customer=dora)
    keys = {
        CONSUMER: people.customer_key(consumer),
        CREATOR: people.customer_key(dora),
        ROUTER: people.router_key(),
        SERVICE: people.service_key(),
    }
    return {NOBODY: Client()} | {name: Client(headers=people.bearer(key)) for name, key in keys.items()}


def _path(name: str, row: Row, owned: dict[str, str]) -> str:
    return reverse(name, args=[owned[row.owned]] if row.owned else [])


def _got(answer: HttpResponse) -> int | str:
    """Give the status, or where it leads to."""
    return answer["Location"].split("?")[0] if answer.status_code in {301, 302} else answer.status_code


def _text(answer: HttpResponse) -> str:
    return answer.content.decode()


def _wrong(rows: dict[str, Row], visitors: dict[str, Client], owned: dict[str, str]) -> list[str]:
    wrong = []
    for name, row in rows.items():
        for visitor, expected in row.answers.items():
            ask_for: Callable[..., Any] = getattr(visitors[visitor], row.method)
            body = {"data": {}, "content_type": "application/json"} if row.method == "post" else {}
            answer = ask_for(_path(name, row, owned), **body)
            if _got(answer) != expected:
                wrong.append(f"{name} answers {visitor} {_got(answer)}, not {expected}")
            # Staff may see what everybody owns, on their own pages.
            hidden = () if row.answers.get(NOBODY) == ADMIN_LOGIN and visitor == STAFF else PRIVATE
            shown = [what for what in hidden if what != row.owned and owned[what] in _text(answer)]
            wrong += [f"{name} shows {visitor} the {what} of another" for what in shown]
    return wrong


def test_pages_answer_everybody_as_listed(owned: dict[str, str]) -> None:
    assert _wrong(PAGES, _visitors(), owned) == []


def test_the_api_answers_everybody_as_listed(owned: dict[str, str]) -> None:
    assert _wrong(ENDPOINTS, _callers(), owned) == []


def _admin_paths() -> Iterator[tuple[str, str]]:
    for name, pattern in _routes(get_resolver()):
        regex = pattern.pattern.regex
        if name == "admin:app_list":
            yield name, reverse(name, args=["wallets"])
        elif name.startswith("admin:") and not name.endswith(":None"):
            yield name, reverse(name, args=["1"] * regex.groups)


@pytest.mark.django_db
def test_the_admin_lets_nobody_in_who_may_not() -> None:
    paul = User.objects.create_user("paul@example.com", "correct horse battery", is_staff=True)
    visitors = _visitors()
    del visitors[STAFF]
    employee = Client()
    employee.force_login(paul)
    wrong = []
    for name, path in _admin_paths():
        for visitor, client in visitors.items():
            if name != "admin:login" and client.get(path).status_code == 200:
                wrong.append(f"{name} lets {visitor} in")
        # An action that has acted redirects; a history looks for its object first.
        if name not in ADMIN_FOR_ALL_STAFF and not name.endswith("_history"):
            status = employee.get(path).status_code
            wrong += (
                [f"{name} lets staff without permissions in: {status}"] if status not in {403, 404} else []
            )

    assert wrong == []
