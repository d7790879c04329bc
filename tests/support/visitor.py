"""A browser without a screen: signs in, follows links, posts forms with their token."""

import re
from typing import Any, Final

import requests
from django.test import Client

from accounts.models import User

SECONDS: Final = 30


class Visitor:
    """Somebody at our site."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()

    def get(self, path: str, **options: Any) -> requests.Response:
        """Open a page."""
        return self.session.get(self.base_url + path, timeout=SECONDS, **options)

    def post(self, path: str, data: dict[str, str], *, follow: bool = False) -> requests.Response:
        """Send a form as the page's own button would."""
        headers = {"Referer": self.base_url + path, "Origin": self.base_url}
        body = {"csrfmiddlewaretoken": self.session.cookies["csrftoken"], **data}
        return self.session.post(
            self.base_url + path, body, headers=headers, timeout=SECONDS, allow_redirects=follow
        )

    def sign_in(self, user: User) -> None:
        """Sign in without the form: tests hash passwords in a way that the site does not take."""
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.session.cookies["sessionid"] = client.cookies["sessionid"].value

    def form_value(self, path: str, name: str) -> str:
        """Read a hidden field of a page's form."""
        found = re.search(rf'name="{name}" value="([^"]+)"', self.get(path).text)
        assert found, f"{path} has no field {name}"
        return found[1]
