"""HTML to PDF by WeasyPrint. It needs Pango of the system: where that is absent, this says so."""

import functools
import importlib
from pathlib import Path
from typing import Any, Final

from django.conf import settings

STYLE: Final = Path("static", "billing", "invoice.css")


class NoPangoError(Exception):
    """The system lacks what PDFs are drawn with."""


def make(*, html: str) -> bytes:
    """Draw a PDF. Nothing is fetched for it. Raises NoPangoError."""
    weasyprint = _weasyprint()
    style = weasyprint.CSS(filename=str(settings.BASE_DIR / STYLE))
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    return bytes(document.write_pdf(stylesheets=[style]) or b"")


@functools.cache
def _weasyprint() -> Any:
    # Loading it takes a second and 40 MB: only a process that draws pays for it, and most never do.
    try:
        return importlib.import_module("weasyprint")
    except OSError as error:
        raise NoPangoError(str(error).splitlines()[0]) from error
