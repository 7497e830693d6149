"""Django's settings, from the typed configuration. Nothing else reads the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from django.utils.translation import gettext_lazy as _

from mahalla.console.theme import UNFOLD as UNFOLD
from mahalla.project import config, gateways, logs

CONFIG = config.load()
BASE_DIR = Path(__file__).resolve().parents[1]
PRODUCTION = CONFIG.environment == "production"
TESTING = CONFIG.environment == "test"
DEBUG = CONFIG.environment == "development"
SECRET_KEY = CONFIG.key()
ALLOWED_HOSTS = ["*"] if not PRODUCTION else CONFIG.hosts


def database(url: str) -> dict[str, Any]:
    parts = urlparse(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "mahalla",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or query.get("host", ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": os.environ.get("MAHALLA_TEST_DB", "test_mahalla")},
        "OPTIONS": {"application_name": f"mahalla-{CONFIG.market}"},
    }


DATABASES = {"default": database(CONFIG.database_url or "postgresql:///mahalla")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

KERNEL_APPS = [
    "mahalla.kernel.policy",
    "mahalla.kernel.events",
    "mahalla.kernel.identity",
    "mahalla.kernel.media",
    "mahalla.kernel.places",
    "mahalla.kernel.catalog",
    "mahalla.kernel.schedule",
    "mahalla.kernel.ledger",
    "mahalla.kernel.notices",
    "mahalla.kernel.flow",
    "mahalla.kernel.payments",
    "mahalla.kernel.trust",
    "mahalla.kernel.work",
    "mahalla.kernel.matching",
    "mahalla.kernel.chat",
    "mahalla.kernel.reviews",
    "mahalla.kernel.cases",
]
MARKET_APPS = ["mahalla.markets.khidma"]
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    *KERNEL_APPS,
    "mahalla.web",
    "mahalla.api",
    "mahalla.console",
    *MARKET_APPS,
    "mahalla.project",
]

MIDDLEWARE = [
    "mahalla.project.logs.RequestLog",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "mahalla.web.middleware.Compressed",
    "mahalla.web.headers.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mahalla.web.middleware.Language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "mahalla.web.middleware.Surface",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mahalla.web.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

ROOT_URLCONF = "mahalla.project.urls"
WSGI_APPLICATION = "mahalla.project.wsgi.application"

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["mahalla.kernel.identity.backends.Backend"]
ACCOUNT_ADAPTER = "mahalla.kernel.identity.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("ar", _("Arabic")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "markets" / "khidma" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["mahalla.project.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = CONFIG.data / "static"
WHITENOISE_AUTOREFRESH = not PRODUCTION  # only production has collected files to scan
MEDIA_ROOT = CONFIG.data / ("test-media" if TESTING else "media")  # private: no URL leads here
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if not PRODUCTION
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

SESSION_COOKIE_NAME = f"mahalla_{CONFIG.market}"
CSRF_COOKIE_NAME = f"mahalla_{CONFIG.market}_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.trust_proxy else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [CONFIG.public_url]

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

LOGGING = logs.configuration(level=CONFIG.log_level, form="json" if PRODUCTION else CONFIG.log_format)
PROMETHEUS_EXPORT_MIGRATIONS = False

MAHALLA_MARKET = CONFIG.market
MAHALLA_PAYMENT_PROVIDER = CONFIG.payment_provider
MAHALLA_SANDBOX_SECRET = CONFIG.sandbox_secret
MAHALLA_ENVIRONMENT = CONFIG.environment
MAHALLA_METRICS_TOKEN = CONFIG.metrics_token
MAHALLA_PUBLIC_URL = CONFIG.public_url
MAHALLA_GATEWAYS = {
    "sms": gateways.sms(CONFIG),
    "push": gateways.DEVELOPMENT,
    "email": gateways.email(CONFIG),
}
MAHALLA_STREAM_URL = CONFIG.stream_url
MAHALLA_MAP_TILES = CONFIG.map_tiles
MAHALLA_FIELD_KEY = CONFIG.field_key
