"""Who has what of a run, shown alike to whom paid it and to each who earned of it."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Earning, Execution
from billing.operations import posting
from marketplace import creators
from marketplace.models import Creator
from tests.support import ledger, people, runs
from tests.support.runs import MONDAY, credits
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def creator(name: str) -> tuple[Client, Creator]:
    """Sign in a creator."""
    client = Client()
    user, customer = people.sign_up(name)
    client.force_login(user)
    return client, creators.open_creator(customer=customer, display_name=name.title(), now=MONDAY)


def split(alice: Creator, carol: Creator) -> str:
    return runs.PER_REQUEST + f"  split: {{creator: 50, {carol.public_id}: 30}}\n"


def pending(who: Creator) -> int:
    found = Wallet.objects.filter(owner_type="creator", owner_id=who.pk, kind="pending").first()
    return found.balance if found else 0


def test_each_payee_finds_its_part_on_its_own_page_and_the_payer_all_of_them(client: Client) -> None:
    (hers, alice), (theirs, carol) = creator("alice"), creator("carol")
    agent = runs.make_agent(manifest=split(alice, carol), creator=alice, others=[carol])
    user, bob = people.sign_up("bob")
    client.force_login(user)
    ledger.promise(runs.wallet_of(bob), credits=10)
    ledger.buy(runs.wallet_of(bob), cents=100, bonus_credits=10)
    settled = runs.settle(runs.reserve(agent, bob))
    Execution.objects.update(processing=2_000)
    posting.post_splits(now=MONDAY)

    # 10 promo, 10 bonus (which earns half) and 30 paid credits.
    assert (pending(alice), pending(carol)) == (credits("22.5"), credits("13.5"))
    receipt = client.get(reverse("billing:receipt", args=[settled.execution]))
    assert [(part.label, part.amount) for part in receipt.context["receipt"].split] == [
        ("Alice", credits("22.5")),
        ("Carol", credits("13.5")),
        ("Platform", credits(14)),
        ("of it payment processing", credits(2)),
    ]
    assert [(part.label, part.creators) for part in receipt.context["receipt"].classes] == [
        ("Promotion", credits(8)),
        ("Bonus of a package", credits(4)),
        ("Credits you bought", credits(24)),
    ]
    key = people.bearer(people.customer_key(bob))
    told = client.get(f"/v1/executions/{settled.execution}", headers=key).json()
    assert [(part["name"], part["amount"]["credits"]) for part in told["payees"]] == [
        ("Alice", "22.5"),
        ("Carol", "13.5"),
    ]
    assert [part["creators"]["credits"] for part in told["classes"]] == ["8", "4", "24"]
    for browser, own, others in ((hers, "22.5", "13.5"), (theirs, "13.5", "22.5")):
        (run,) = browser.get(reverse("payouts:earnings")).context["runs"]
        assert (run.amount, run.others, run.platform) == (credits(own), credits(others), credits(14))
        assert run.processing == credits(2)
        assert sum(part.amount for part in run.classes) == run.amount


@pytest.mark.parametrize("fixed", [False, True])
def test_who_runs_an_agent_that_it_earns_of_has_its_own_part_go_to_the_platform_alone(fixed: bool) -> None:
    alice, carol = runs.make_creator(), runs.make_creator("carol")
    on_top = f"pricing:\n  model: usage_based\n  on_top: {{creator: 0.03, {carol.public_id}: 0.02}}\n"
    text = on_top if fixed else split(alice, carol)
    agent = runs.make_agent(manifest=text, creator=alice, others=[carol])
    ledger.buy(runs.wallet_of(carol.customer), cents=1_000)

    settled = runs.settle(runs.reserve(agent, carol.customer, usage={"request": Decimal(1)}))
    posting.post_splits(now=MONDAY)

    assert Execution.objects.get().self_dealing
    assert [earned.creator for earned in Earning.objects.select_related("creator")] == [alice]
    assert (pending(alice), pending(carol)) == (credits(30 if fixed else 25), 0)
    assert settled.platform == credits(30 if fixed else 25)
