"""All addresses of the web door."""

from django.urls import path
from django.views.i18n import set_language

from lianfang.web import (
    areas,
    audit,
    care,
    cases,
    chains,
    contact_acts,
    contacts,
    denominators,
    discovery,
    figures,
    foci,
    intake,
    interview,
    isolation,
    line_list,
    loop,
    policies,
    registry,
    rounds,
    rulebook,
    saved,
    screening,
    self_report,
    session,
    start,
    tasks,
    trace,
    units,
    users,
)
from lianfang.web.door import urls

app_name = "web"
MODULES = (
    areas,
    audit,
    care,
    cases,
    chains,
    contact_acts,
    contacts,
    denominators,
    discovery,
    figures,
    foci,
    intake,
    interview,
    isolation,
    line_list,
    loop,
    policies,
    registry,
    rounds,
    rulebook,
    saved,
    screening,
    start,
    tasks,
    trace,
    units,
    users,
)

urlpatterns = [
    path("sign-in", session.sign_in, name="login"),
    path("sign-out", session.sign_out, name="logout"),
    path("language", set_language, name="language"),
    path("s/<str:token>", self_report.self_report, name="self_report"),
    *urls(),
]
