"""The onboarding page of a connected account, and its small Express dashboard."""

from html import escape

from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params, parse
from config.devservices.stripe.http import Request, Response, redirect
from config.devservices.stripe.pages import layout
from config.devservices.stripe.resources import account_links, account_state, accounts
from config.devservices.stripe.scope import Scope

OUTCOMES = {"complete": "enabled", "leave": "incomplete"}


def handle(scope: Scope, request: Request, account_id: str, token: str) -> Response:
    """Show the form, or act on it; a spent link goes back for a fresh one."""
    link = account_links.find(scope, account_id=account_id, token=token)
    if link is None:
        return layout.message("Link not valid", "This onboarding link does not exist.", status=404)
    if not account_links.is_usable(scope, link):
        return redirect(link["_refresh_url"])
    account = accounts.find(scope, account_id)
    if request.method == "GET":
        return _form(account)
    answer = Params(parse(request.body.decode(errors="replace"))).choice("answer", OUTCOMES)
    if answer is None:
        return _form(account)
    account_links.use(scope, link)
    account_state.change(scope, account, state=OUTCOMES[answer])
    return redirect(link["_return_url"])


def _form(account: Json) -> Response:
    due = "".join(
        f"<li><code>{escape(name)}</code></li>" for name in account["requirements"]["currently_due"]
    )
    wanted = f"<p>Still needed:</p><ul>{due}</ul>" if due else "<p class='good'>Nothing is due.</p>"
    return layout.page(
        "Get paid",
        "<div class='card'><h1>Tell us about yourself</h1>"
        f"<p class='soft'>Account <code>{escape(account['id'])}</code>, {escape(account['email'] or 'no e-mail')}</p>"
        f"{wanted}<form method='post'><button name='answer' value='complete'>Complete everything</button>"
        "<button class='second' name='answer' value='leave'>Leave requirements due</button></form></div>",
    )
