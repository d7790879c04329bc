"""HTML to PDF by WeasyPrint. It needs Pango of the system: where that is absent, this says so."""

from pathlib import Path
from typing import Final

from django.conf import settings

try:
    import weasyprint
except OSError as error:
    weasyprint = None
    PROBLEM = str(error).splitlines()[0]
else:
    PROBLEM = ""

STYLE: Final = Path("static", "billing", "invoice.css")


class NoPangoError(Exception):
    """The system lacks what PDFs are drawn with."""


def make(*, html: str) -> bytes:
    """Draw a PDF. Nothing is fetched for it. Raises NoPangoError."""
    if weasyprint is None:
        raise NoPangoError(PROBLEM)
    style = weasyprint.CSS(filename=str(settings.BASE_DIR / STYLE))
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    return bytes(document.write_pdf(stylesheets=[style]) or b"")
