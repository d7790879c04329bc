"""Production. Nothing has an unsafe default here; config.kit.checks refuses the rest before the first request."""

from config import env
from config.settings.base import *

PRODUCTION = True
DEBUG = False
SECRET_KEY = env.secret("SECRET_KEY")
SITE_URL = env.text("SITE_URL")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
STRIPE_LIVE_MODE = env.flag("STRIPE_LIVE_MODE", default=True)
ACCOUNT_EMAIL_VERIFICATION = "mandatory"

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", default=True)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
