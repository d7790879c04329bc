"""What a run would do: its sum is of everyone, however many the page lists."""

from payouts.queries.preview import SHOWN_MAX, Line, Preview


def test_its_sum_counts_those_that_the_page_does_not_list() -> None:
    lines = [Line(f"creator {number}", number, payable=1, cents=100) for number in range(SHOWN_MAX + 1)]
    found = Preview(included=lines, excluded=lines, drafted=0)

    assert (len(found.shown), len(found.left_out)) == (SHOWN_MAX, SHOWN_MAX)
    assert found.total_usd == (SHOWN_MAX + 1) * 1_000_000
