"""All addresses of the web door."""

from django.urls import path
from django.views.i18n import set_language

from lianfang.web import (
    audit,
    cases,
    contacts,
    figures,
    intake,
    loop,
    policies,
    registry,
    rulebook,
    screening,
    session,
    start,
    tasks,
    trace,
)
from lianfang.web.door import urls

app_name = "web"
MODULES = (
    audit,
    cases,
    contacts,
    figures,
    intake,
    loop,
    policies,
    registry,
    rulebook,
    screening,
    start,
    tasks,
    trace,
)

urlpatterns = [
    path("sign-in", session.sign_in, name="login"),
    path("sign-out", session.sign_out, name="logout"),
    path("language", set_language, name="language"),
    *urls(),
]
