"""Small tables within the admin's fields."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

NUMBER: Final = mark_safe(' class="fb-number"')


def table(*, heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Write rows under their heads, `words` columns of text and then numbers; nothing for no rows."""
    body = format_html_join("", "<tr>{}</tr>", ((_cells("td", row, words),) for row in rows))
    if not body:
        return ""
    return format_html(
        '<div class="overflow-x-auto"><table class="fb-table">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        _cells("th", heads, words),
        body,
    )


def _cells(tag: str, texts: Sequence[str], words: int) -> SafeString:
    return format_html_join(
        "",
        "<{0}{1}>{2}</{0}>",
        ((tag, NUMBER if place >= words else "", text) for place, text in enumerate(texts)),
    )
