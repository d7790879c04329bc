import pytest
from django.template import Context, Template

from wallets.templatetags import money


class TestCredits:
    @pytest.mark.parametrize(
        ("micros", "text"),
        [
            (0, "0"),
            (10_000_000_000, "10,000"),
            (34_627_865_000, "34,627.865"),
            (1, "0.000001"),
            (142_500_000, "142.5"),
            (-50_000_000, "\N{MINUS SIGN}50"),
            (-1, "\N{MINUS SIGN}0.000001"),
            (9_223_372_036_854_775_807, "9,223,372,036,854.775807"),
        ],
    )
    def test_it_writes_every_micro_and_no_trailing_zero(self, micros: int, text: str) -> None:
        assert money.credits_text(micros) == text

    def test_it_writes_a_dash_for_no_amount(self) -> None:
        assert money.credits_text(None) == "\N{EM DASH}"

    @pytest.mark.parametrize("wrong", [1.5, "10", object()])
    def test_it_refuses_what_is_not_micros(self, wrong: object) -> None:
        with pytest.raises(TypeError):
            money.credits_text(wrong)  # type: ignore[arg-type]


class TestMoney:
    @pytest.mark.parametrize(
        ("micros", "text"),
        [
            (0, "$0.00"),
            (10_000_000, "$10.00"),
            (1_750, "$0.00175"),
            (1_234_567_500_000, "$1,234,567.50"),
            (7_992_000, "$7.992"),
            (-590_000, "\N{MINUS SIGN}$0.59"),
        ],
    )
    def test_it_writes_two_digits_or_as_many_as_needed(self, micros: int, text: str) -> None:
        assert money.money(micros) == text

    def test_it_writes_a_dash_for_no_amount(self) -> None:
        assert money.money(None) == "\N{EM DASH}"


class TestCents:
    @pytest.mark.parametrize(
        ("amount_cents", "text"),
        [(0, "$0.00"), (1, "$0.01"), (1000, "$10.00"), (-2499, "\N{MINUS SIGN}$24.99")],
    )
    def test_it_writes_whole_cents(self, amount_cents: int, text: str) -> None:
        assert money.cents(amount_cents) == text

    def test_it_writes_a_dash_for_no_amount(self) -> None:
        assert money.cents(None) == "\N{EM DASH}"


class TestInATemplate:
    def test_the_filters_have_their_names(self) -> None:
        template = Template("{% load money %}{{ a|credits }} {{ b|money }} {{ c|cents }}")
        assert template.render(Context({"a": 1_500_000, "b": 1_750, "c": 1000})) == "1.5 $0.00175 $10.00"
