"""What every deployment shares. Values come from the environment through config.env; production has no defaults."""

from pathlib import Path
from typing import Any, Final

import django_stubs_ext

from config import env
from config.settings import unfold

django_stubs_ext.monkeypatch()

BASE_DIR: Final = Path(__file__).resolve().parents[2]

# Who we are -----------------------------------------------------------------------------------------------------
PRODUCTION = False
DEBUG = False
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# Development and tests may move the clock (config.kit.clock); production never reads its row.
CLOCK_MOVABLE = False
# web, migrate, or empty for workers and commands: how connections are kept, who owns the tables.
PROCESS = env.text("FAREBOX_PROCESS", "")

INSTALLED_APPS = [
    "config.apps.WiringConfig",
    "accounts",
    "wallets",
    "marketplace",
    "billing",
    "payouts",
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "djstripe",
    "djmoney",
    "allauth",
    "allauth.account",
    "django_htmx",
    # The automatic form rewrites TEMPLATES behind our back; the loaders are spelled out below instead.
    "django_cotton.apps.SimpleAppConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Answers the hot calls of the API: everything below is for pages, and costs more than the check of a key.
    "config.kit.middleware.PlainViewsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.ActiveCustomerMiddleware",
    "accounts.middleware.ImpersonationMiddleware",
    "accounts.staff_acts.StaffActsMiddleware",
    "config.kit.middleware.ProblemMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# How many proxies of ours a request has passed: the audit trail takes its address from the outermost of them.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)

# The database ---------------------------------------------------------------------------------------------------
# Two roles: migrations run as the owner of the tables, everything else as the application, which may not TRUNCATE.
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.database("MIGRATE_DATABASE_URL" if PROCESS == "migrate" else "DATABASE_URL"),
        # The money path is one function call that commits by itself: locks are held for one round trip.
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        # Each thread keeps a connection. The web process looks for a server that hung up (config.kit.connections),
        # the others ask it, which costs a round trip a task.
        "CONN_HEALTH_CHECKS": PROCESS != "web",
        "CONN_MAX_AGE": 600 if PROCESS == "web" else 60,
    }
}
# Append-only tables revoke what this role may not do to them (config.kit.sql).
APPLICATION_ROLE = env.text("APPLICATION_ROLE", "farebox_app")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {"djstripe": "billing.stripe.djstripe_migrations"}

# Jobs -----------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A dead broker must fail a publish at once: the row is the queue, its sweeper finds it.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
    "visibility_timeout": 600,
}
CACHE_URL = env.text("CACHE_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        # Everything in it may be dropped at any time, so nothing waits for it.
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Money ----------------------------------------------------------------------------------------------------------
CREDIT_VALUE_USD = env.decimal("CREDIT_VALUE_USD", "0.001")
CURRENCIES = ("USD",)
DEFAULT_CURRENCY = "USD"
# What creators have of a charge, of a premium agent's (F-042), and of a credit that nobody paid for in full; the
# platform's own price of a run under one on top (W18), and what it asks at least of what is on top.
CREATOR_SHARE_BP = env.number("CREATOR_SHARE_BP", 8_000)
PREMIUM_SHARE_BP = env.number("PREMIUM_SHARE_BP", 3_000)
EARNING_CLASS_RATES_BP = {
    "bonus": env.number("EARNING_BONUS_BP", 5_000),
    "promo": env.number("EARNING_PROMO_BP", 10_000),
}
RUN_PRICE_USD = env.decimal("RUN_PRICE_USD", "0.01")
ON_TOP_FEE_BP = env.number("ON_TOP_FEE_BP", 2_000)
# What one member of staff may give away in a day, as promotional credits to single customers.
PROMO_DAILY_LIMIT_CENTS = env.number("PROMO_DAILY_LIMIT_CENTS", 10_000)
# A creator's payable carries over until it comes to this, by its schedule; a creator may set its own above it.
PAYOUT_MINIMUM_CENTS = env.number("PAYOUT_MINIMUM_CENTS", 1)
PAYOUT_MONTHLY_MINIMUM_CENTS = env.number("PAYOUT_MONTHLY_MINIMUM_CENTS", 2_500)
PAYOUT_ON_DEMAND_MINIMUM_CENTS = env.number("PAYOUT_ON_DEMAND_MINIMUM_CENTS", 100)
# Drafts up to this are approved without staff; 0 leaves all of them to the staff.
PAYOUT_AUTO_APPROVE_CENTS = env.number("PAYOUT_AUTO_APPROVE_CENTS", 0)
# What one member of staff may adjust alone within a day, up and down added up, in credits; above it two decide.
ADJUSTMENT_ALONE_CREDITS = env.number("ADJUSTMENT_ALONE_CREDITS", 10_000)
# How much of our own money may be missing at Stripe before the solvency tiles turn red.
FLOAT_TARGET_CENTS = env.number("FLOAT_TARGET_CENTS", 10_000)
# Above this a second person approves too; 0: one is enough for any.
PAYOUT_SECOND_PERSON_CENTS = env.number("PAYOUT_SECOND_PERSON_CENTS", 100_000)
# For how long customers give back what they have not used of a top-up without asking anybody.
REFUND_WITHIN_DAYS = env.number("REFUND_WITHIN_DAYS", 14)
# How far a creator may owe for what it had earned of credits that were taken back; above it the platform loses.
CREATOR_DEBT_CAP_CENTS = env.number("CREATOR_DEBT_CAP_CENTS", 5_000)
# When arrears that nobody pays are written off.
ARREARS_WRITTEN_OFF_AFTER_DAYS = env.number("ARREARS_WRITTEN_OFF_AFTER_DAYS", 90)
# The same for arrears of a lost dispute, from its loss: who took the money back will not pay it again.
LOST_DISPUTES_WRITTEN_OFF_AFTER_DAYS = env.number("LOST_DISPUTES_WRITTEN_OFF_AFTER_DAYS", 0)
# The free plan that every customer has who has no other, by its slug; empty: none.
DEFAULT_PLAN = env.text("DEFAULT_PLAN", "")
# How many days before a subscriber pays more, or gets less, by a move to another version it is told.
PRICE_NOTICE_DAYS = env.number("PRICE_NOTICE_DAYS", 30)

# Invoices -------------------------------------------------------------------------------------------------------
INVOICE_PREFIX = env.text("INVOICE_PREFIX", "INV")
CREDIT_NOTE_PREFIX = env.text("CREDIT_NOTE_PREFIX", "CN")
# How long a draft waits for late events after its period, and when an invoice is due.
INVOICE_GRACE_MINUTES = env.number("INVOICE_GRACE_MINUTES", 0)
INVOICE_DUE_DAYS = env.number("INVOICE_DUE_DAYS", 7)
# Percent by country ("DE=19,AT=20"); a country that is not named is not taxed.
INVOICE_TAX_RATES = dict(pair.split("=") for pair in env.words("INVOICE_TAX_RATES", ""))
INVOICE_SELLER = {
    "name": env.text("INVOICE_SELLER_NAME", "Farebox"),
    "address": env.text("INVOICE_SELLER_ADDRESS", ""),
    "tax_id": env.text("INVOICE_SELLER_TAX_ID", ""),
}

# Stripe ---------------------------------------------------------------------------------------------------------
# The platform's own country: who banks elsewhere is paid across a border.
STRIPE_COUNTRY = env.text("STRIPE_COUNTRY", "US")
STRIPE_LIVE_MODE = env.flag("STRIPE_LIVE_MODE", default=False)
STRIPE_TEST_SECRET_KEY = env.secret("STRIPE_TEST_SECRET_KEY", "")
STRIPE_LIVE_SECRET_KEY = env.secret("STRIPE_LIVE_SECRET_KEY", "")
STRIPE_API_VERSION = "2026-08-26.dahlia"
# Where our own StripeClient calls; dj-stripe takes the other name, and only when it is not empty.
STRIPE_API_BASE = env.text("STRIPE_API_HOST", "") or "https://api.stripe.com"
if env.text("STRIPE_API_HOST", ""):
    STRIPE_API_HOST = STRIPE_API_BASE
# The pages that a form of ours may lead to (the stand-in serves them under its own address).
STRIPE_PAGE_ORIGINS = env.words(
    "STRIPE_PAGE_ORIGINS", "https://checkout.stripe.com,https://connect.stripe.com"
)
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_SUBSCRIBER_MODEL = "accounts.Customer"

# People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.text("ACCOUNT_EMAIL_VERIFICATION", "optional")
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Farebox <billing@farebox.example>")
vars().update(env.env.email_url_config(env.text("EMAIL_URL", "consolemail://")))

# How long staff may look at the product as one customer before they must say again why.
IMPERSONATION_MINUTES = env.number("IMPERSONATION_MINUTES", 15)

# REST -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api_auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.kit.drf.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.kit.http.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
# Requests a minute, by kind of key; a router speaks for everybody.
RATE_LIMITS = {
    "customer": env.number("RATE_LIMIT_CUSTOMER", 6_000),
    "service": env.number("RATE_LIMIT_SERVICE", 60_000),
    "router": env.number("RATE_LIMIT_ROUTER", 600_000),
    # Codes that a customer tries: nobody types more of them, and no machine guesses one.
    "voucher": env.number("RATE_LIMIT_VOUCHER", 10),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Farebox",
    "DESCRIPTION": "Prepaid credits for AI agents: reserve, meter, settle, split, pay out.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.kit.schema.add_plain_views",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
# The contract caps a body at 1 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# Browsers -------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    # The admin's theme evaluates expressions (plain Alpine); it is for staff only.
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # Browsers apply this to the redirect after a form too: "Add credits" leads to Stripe's page.
        "form-action": ["'self'", *STRIPE_PAGE_ORIGINS],
    },
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

# Words and times ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"

UNFOLD = unfold.UNFOLD

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # One line for each request to Stripe is the gateways' own business, one for each refusal the caller's; a PDF is
    # drawn in seven steps that nobody reads; a command that runs tasks in its own process says itself what it did.
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
