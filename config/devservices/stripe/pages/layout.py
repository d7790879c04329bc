"""The frame of every page, and small pieces of HTML."""

from html import escape
from pathlib import Path
from typing import Final

from config.devservices.stripe.errors import Json
from config.devservices.stripe.http import Response, as_html

STYLE: Final = (Path(__file__).parent / "style.css").read_text()


def page(title: str, body: str, *, wide: bool = False, status: int = 200) -> Response:
    """Return a whole page."""
    return as_html(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><meta name='robots' content='noindex'>"
        f"<title>{escape(title)} · Stripe stand-in</title><style>{STYLE}</style></head><body>"
        "<div class='mode' role='note'>Stripe stand-in (test mode): no real money moves</div>"
        f"<main{' class=wide' if wide else ''}>{body}</main></body></html>",
        status=status,
    )


def message(title: str, text: str, *, link: tuple[str, str] | None = None, status: int = 200) -> Response:
    """Return a page with one thing to say."""
    way_on = f"<p><a href='{escape(link[0])}'>{escape(link[1])}</a></p>" if link else ""
    return page(
        title, f"<div class='card'><h1>{escape(title)}</h1><p>{escape(text)}</p>{way_on}</div>", status=status
    )


def money(amount: int, currency: str) -> str:
    """Write an amount of minor units."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d} {currency.upper()}"


def field(name: str, label: str, **attributes: str) -> str:
    """Return a labelled input."""
    extra = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items())
    return f'<label for="{name}">{escape(label)}</label><input id="{name}" name="{name}" {extra}>'


def error(text: str | None) -> str:
    """Return what went wrong, read out by screen readers."""
    return f"<div class='bad' role='alert'>{escape(text)}</div>" if text else ""


def table(columns: list[str], rows: list[list[str]], *, empty: str) -> str:
    """Return a table of cells that are HTML already."""
    if not rows:
        return f"<p class='soft'>{escape(empty)}</p>"
    head = "".join(f"<th scope='col'>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def object_link(body: Json) -> str:
    """Return a link to an object's JSON."""
    return f"<a href='/objects/{escape(body['id'])}'>{escape(body['id'])}</a>"
