"""The harness's real processes: what `make run` starts, on a test's own database."""

import urllib.request

import pytest
from celery import current_app

from config.celery import BEAT
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


class TestLiveApp:
    def test_it_serves_pages_styles_and_the_schema_and_knows_every_scheduled_job(
        self, live_app: LiveApp
    ) -> None:
        for path in (
            "/",
            "/accounts/login/",
            "/admin/login/",
            "/v1/schema",
            "/v1/docs",
            "/static/css/app.css",
        ):
            with urllib.request.urlopen(live_app.url + path, timeout=20) as answer:
                assert answer.status == 200, path
                policy = answer.headers["Content-Security-Policy"]
                assert path.startswith(("/admin/", "/static/")) or "default-src 'self'" in policy, path

        assert live_app.worker.running
        assert live_app.manage("showmigrations", "--plan").count("[ ]") == 0

        answers = current_app.control.inspect(timeout=10).registered()
        assert answers is not None
        (known,) = answers.values()
        assert set(BEAT) <= set(known)
