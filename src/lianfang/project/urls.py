"""Addresses of the site."""

from django.urls import URLPattern, URLResolver, include, path

from lianfang.api.urls import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("", include("lianfang.web.urls")),
]

handler404 = "lianfang.project.broken.not_found"
handler500 = "lianfang.project.broken.failed"
