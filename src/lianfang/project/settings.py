"""All settings of a site, from the environment. A wrong one is reported by `lianfang check` with what to do."""

import gc
import os
from pathlib import Path

from lianfang.project.environment import database, listing, secret, switch, text

# Readings are looked up character by character: the dictionary of phrases would cost each process half a second.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

# Python looks for dead cycles each time 700 objects were made and then walks over all that live: a quarter of the time
# of an import. Reference counts free nearly all of ours; the rest may wait a little.
gc.set_threshold(20_000, 20, 20)

PACKAGE = Path(__file__).resolve().parents[1]
DATA_DIR = Path(text("LIANFANG_DATA_DIR", "var", "Folder of the database, uploads and generated keys."))

DEBUG = switch(
    "LIANFANG_DEBUG", default=False, meaning="Show error details in the browser; never on a real site."
)
SECRET_KEY = secret(
    "LIANFANG_SECRET_KEY",
    "not-secret-and-refused-outside-tests",
    "Signs sessions and links; 50 random characters. Else the file secret_key of the data folder, which `lianfang init` makes.",
    kept_in=DATA_DIR / "secret_key",
)
IDENTITY_KEY = secret(
    "LIANFANG_IDENTITY_KEY",
    "00" * 32,
    "Encrypts names, numbers, phones and addresses: 64 hexadecimal characters; losing it loses the identities. "
    "Else the file identity_key of the data folder, which `lianfang init` makes.",
    kept_in=DATA_DIR / "identity_key",
)
ALLOWED_HOSTS = listing(
    "LIANFANG_HOSTS", "localhost,127.0.0.1,[::1]", "Host names under which the site is reached."
)
CSRF_TRUSTED_ORIGINS = listing(
    "LIANFANG_TRUSTED_ORIGINS", "", "Origins with scheme for forms behind a proxy."
)

DATABASES = {
    "default": database(
        text(
            "LIANFANG_DATABASE_URL",
            f"sqlite:///{DATA_DIR / 'lianfang.sqlite3'}",
            "Where the records are: sqlite:///file or postgresql://user:secret@host:port/name.",
        )
    )
}
DATABASES["default"]["TEST"] = {"NAME": None}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "lianfang.core.registry",
    "lianfang.core.access",
    "lianfang.core.audit",
    "lianfang.loop",
    "lianfang.intake",
    "lianfang.cases",
    "lianfang.contacts",
    "lianfang.care",
    "lianfang.outlook",
    "lianfang.regions",
    "lianfang.measures",
    "lianfang.resumption",
    "lianfang.bulletins",
    "lianfang.teams",
    "lianfang.discovery",
    "lianfang.planning",
    "lianfang.web",
]
AUTH_USER_MODEL = "access.User"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lianfang.web.middleware.ActorMiddleware",
]
ROOT_URLCONF = "lianfang.project.urls"
WSGI_APPLICATION = "lianfang.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "lianfang.web.context.site",
            ]
        },
    }
]

CSRF_FAILURE_VIEW = "lianfang.project.broken.form_old"

# What fails is told on stderr, with its traceback. Wrong addresses and refusals are answers, not failures.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.security.csrf": {"level": "ERROR"},
    },
}

LANGUAGE_CODE = text("LIANFANG_LANGUAGE", "zh-hans", "Language of a first visit: zh-hans or en.")
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = text("LIANFANG_TIME_ZONE", "Asia/Shanghai", "Zone in which the site counts its days.")

STATIC_URL = "static/"
STATIC_ROOT = None  # files are served from the package itself; there is nothing to collect
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = DATA_DIR / "uploads"

LOGIN_URL = "web:login"
LOGIN_REDIRECT_URL = "web:start"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_TLS = switch(
    "LIANFANG_TLS", default=False, meaning="The site is served over HTTPS: secure cookies, HSTS."
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = 31536000 if BEHIND_TLS else 0
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

EMAIL_BACKEND = text(
    "LIANFANG_EMAIL_BACKEND",
    "django.core.mail.backends.console.EmailBackend",
    "How e-mail leaves: a Django e-mail backend.",
)
EMAIL_HOST = text("LIANFANG_EMAIL_HOST", "localhost", "The mail server.")
DEFAULT_FROM_EMAIL = text("LIANFANG_EMAIL_FROM", "lianfang@localhost", "Sender of notifications.")

RULEBOOK_DIRS = [
    Path(folder)
    for folder in listing("LIANFANG_RULEBOOK_DIRS", "", "Folders with the site's own editions and packs.")
]
LOOP_SWEEP_SECONDS = int(
    text("LIANFANG_LOOP_SWEEP_SECONDS", "300", "Seconds between two sweeps of the loop.")
)
LOOP_WHOLE_SECONDS = int(
    text(
        "LIANFANG_LOOP_WHOLE_SECONDS",
        "3600",
        "Seconds between two sweeps that look at every day of daily duties again.",
    )
)
LOOP_TURN_SECONDS = float(
    text("LIANFANG_LOOP_TURN_SECONDS", "1", "Seconds between two looks at what was touched.")
)
LOOP_DIGEST_MINUTES = int(
    text(
        "LIANFANG_LOOP_DIGEST_MINUTES",
        "60",
        "A unit gets at most one digest of late duties in so many minutes.",
    )
)
OUTLOOK_LEVEL = int(
    text(
        "LIANFANG_OUTLOOK_LEVEL",
        "2",
        "Level of the areas whose chains, clusters and beds are worked out together: 0 nation, 1 province, 2 prefecture, 3 county.",
    )
)
OUTLOOK_MINUTES = float(
    text(
        "LIANFANG_OUTLOOK_MINUTES",
        "10",
        "Minutes between two runs of the chains, or of the bed outlook, of one area when facts change; a person's decision is taken up at once.",
    )
)
OUTLOOK_KEEP_DAYS = int(
    text(
        "LIANFANG_OUTLOOK_KEEP_DAYS",
        "30",
        "All runs of chains and clusters are kept for so many days; of each day before them the last one of each study.",
    )
)
REGIONS_DIR = text(
    "LIANFANG_REGIONS_DIR",
    str(DATA_DIR / "regions"),
    "Folder of the indicators of areas and of the outlooks, in Parquet.",
)
REGIONS_HOUR = int(
    text(
        "LIANFANG_REGIONS_HOUR",
        "1",
        "Hour of the site's day from which the night's indicators, outlooks and grades are computed; 24 for never.",
    )
)
WEBHOOK_PRIVATE = switch(
    "LIANFANG_WEBHOOK_PRIVATE",
    default=False,
    meaning="Let webhooks go to addresses in the site's own network.",
)
WEBHOOK_SECONDS = float(text("LIANFANG_WEBHOOK_SECONDS", "10", "Time limit of one webhook."))

MATCH_SAME = float(
    text(
        "LIANFANG_MATCH_SAME",
        "0.99",
        "Probability from which an arriving record joins a known person without asking; 0.99 accepts one wrong in 100 at most.",
    )
)
MATCH_ASK = float(
    text(
        "LIANFANG_MATCH_ASK",
        "0.10",
        "Probability from which a look-alike is put before a person for a decision; below it the record is a new person.",
    )
)
MATCH_WEIGHTS = text(
    "LIANFANG_MATCH_WEIGHTS",
    "",
    "File with the site's own weights of evidence for matching people; empty: those shipped.",
)
VISITS_DIR = Path(
    text(
        "LIANFANG_VISITS_DIR",
        str(DATA_DIR / "visits"),
        "Folder of the visits that gates and venues send; its days are deleted by rule. Keep it out of long-lived backups.",
    )
)
IS_DEMO = switch(
    "LIANFANG_DEMO", default=False, meaning="The invented demo world: sign-in page names its users."
)
BREAK_GLASS_HOURS = float(
    text("LIANFANG_BREAK_GLASS_HOURS", "3", "Hours for which emergency access to another area is open.")
)
