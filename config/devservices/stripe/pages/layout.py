"""The frame of every page, and small pieces of HTML."""

from html import escape
from typing import Final

from config.devservices.stripe.errors import Json
from config.devservices.stripe.http import Response, as_html

STYLE: Final = """
:root { color-scheme: light dark; --bg: #f6f8fa; --card: #fff; --ink: #1a1f36; --soft: #4f566b; --line: #d5dbe1;
  --accent: #4b45d6; --on-accent: #fff; --bad: #b3093c; --good: #0a6b3d; --warn: #fff3d6; --warn-ink: #6b4a00 }
@media (prefers-color-scheme: dark) { :root { --bg: #10131c; --card: #1a1f2e; --ink: #eef0f6; --soft: #aab1c5;
  --line: #363d52; --accent: #a39ffb; --on-accent: #10131c; --bad: #ff8fa8; --good: #6fdba2; --warn: #3a2f10;
  --warn-ink: #ffdf99 } }
* { box-sizing: border-box } body { margin: 0; background: var(--bg); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
.mode { background: var(--warn); color: var(--warn-ink); text-align: center; padding: .35rem 1rem; font-size: .875rem }
main { max-width: 28rem; margin: 2rem auto; padding: 0 1rem } main.wide { max-width: 72rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin: 1rem 0 }
h1 { font-size: 1.25rem; margin: 0 0 .5rem } h2 { font-size: 1rem; margin: 0 0 .5rem } p { margin: .4rem 0 }
.total { font-size: 2rem; font-weight: 650; margin: .2rem 0 } .soft { color: var(--soft) }
label { display: block; font-size: .875rem; font-weight: 550; margin: .8rem 0 .2rem }
input { width: 100%; font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem .7rem } .two { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem }
button { width: 100%; font: inherit; font-weight: 600; border: 0; border-radius: 8px; padding: .75rem; margin-top: 1rem;
  background: var(--accent); color: var(--on-accent); cursor: pointer } button.second { background: transparent;
  color: var(--ink); border: 1px solid var(--line) } a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.bad { border: 1px solid var(--bad); color: var(--bad); border-radius: 8px; padding: .6rem .8rem; margin: .8rem 0 }
.good { color: var(--good) } .scroll { overflow-x: auto } details { margin-top: 1rem; font-size: .875rem }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap }
td.number, th.number { text-align: right } pre { overflow-x: auto; font-size: .8125rem }
.row { display: flex; flex-wrap: wrap; gap: .6rem } .row button { width: auto; margin: 0; padding: .5rem .9rem }
"""


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
