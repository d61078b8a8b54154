"""Template tags: built assets, moments in local time, clocks, links with changed query."""

from datetime import date, datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from lianfang.common.clock import site_zone
from lianfang.common.naming import called, listed
from lianfang.core.access.actor import Actor
from lianfang.core.rules import site_rules
from lianfang.loop.duty import duties
from lianfang.web import door
from lianfang.web.assets import built
from lianfang.web.contact_words import counts_words, relation_of, setting_of
from lianfang.web.language import in_language
from lianfang.web.words import criterion_words, disease_name, words_of

register = template.Library()
register.filter("disease_name", disease_name)
register.filter("called", called)
register.filter("listed", listed)


@register.simple_tag
def comma(mark: str = ",") -> str:
    """Return what stands between two items of a list that a template writes one by one; `;` for longer ones."""
    return listed(("", ""), mark)


@register.simple_tag
def asset(source: str) -> SafeString:
    """Return the tags that load a built entry and its styles."""
    script, styles = built(source)
    links = format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(css),) for css in styles))
    if script is None:
        return links
    return format_html('{}\n<script type="module" src="{}"></script>', links, static(script))


@register.filter
def moment(value: datetime | None) -> str:
    """Return a moment in the site's zone, to the minute, machine-readable and unambiguous in both languages."""
    return value.astimezone(site_zone()).strftime("%Y-%m-%d %H:%M") if value else "–"


@register.filter
def may_open(url: str, actor: Actor) -> bool:
    """Return whether there is an address and the actor may open it: no link leads to a closed door."""
    return bool(url) and door.may_open(actor, url)


@register.filter
def how_often(work: Any) -> Any:
    """Return how often work is done, or within how long it is done once."""
    if not work.every_days:
        n = work.within_hours
        return ngettext("once, within %d hour", "once, within %d hours", n) % n
    if work.every_days == 1:
        return gettext("once a day")
    return gettext("every %d days") % work.every_days


@register.filter
def day(value: date | None) -> str:
    """Return a day as 2020-02-12."""
    return value.isoformat() if value else "–"


@register.filter
def words(code: Any) -> str:
    """Return the reader's words for a stored code."""
    return words_of(code)


register.filter("setting_of", setting_of)
register.filter("relation_of", relation_of)
register.filter("counts_words", counts_words)


@register.filter
def edition_name(edition_id: str) -> str:
    """Return the title of an edition in the reader's language; the id where no rulebook here knows it."""
    try:
        found = site_rules().edition(edition_id)
    except ValueError:
        return edition_id
    return gettext("%(title)s, edition %(edition)s") % {
        "title": in_language(found.title),
        "edition": found.edition,
    }


@register.simple_tag(takes_context=True)
def edition(context: dict[str, Any], edition_id: str) -> SafeString:
    """Return the title of an edition in the reader's language, leading to its rule where the reader may open it."""
    if not edition_id:
        return SafeString("")
    words = edition_name(edition_id)
    if words == edition_id:
        return format_html('<span class="faint">{}</span>', edition_id)
    url = reverse("web:rule", kwargs={"rule_id": site_rules().edition(edition_id).rule_id})
    if not door.may_open(context["actor"], url):
        return format_html('<span class="faint">{}</span>', words)
    return format_html('<a class="faint" href="{}">{}</a>', url, words)


@register.filter
def criterion(code: str) -> str:
    """Return what decided a status."""
    return criterion_words(code)


@register.filter
def duty_sentence(task: Any) -> str:
    """Return the sentence of a task's duty in the reader's language."""
    return gettext(duties.get(task.duty).sentence)


@register.filter
def duty_title(task: Any) -> str:
    """Return the title of a task's duty in the reader's language."""
    return str(duties.get(task.duty).title)


@register.simple_tag(takes_context=True)
def clock(context: dict[str, Any], due_at: datetime, met_at: datetime | None = None) -> SafeString:
    """Return how long is left, or how late it is, as words and not by colour alone."""
    at: datetime = context["at"]
    if met_at is not None:
        late = met_at > due_at
        words = gettext("done late") if late else gettext("done in time")
        return format_html('<span class="clock {}">{}</span>', "late" if late else "done", words)
    seconds = (due_at - at).total_seconds()
    words = (gettext("%s left") if seconds >= 0 else gettext("%s late")) % span(abs(seconds))
    kind = "late" if seconds < 0 else "soon" if seconds < 4 * 3600 else "calm"
    return format_html('<time class="clock {}" datetime="{}">{}</time>', kind, due_at.isoformat(), words)


@register.filter
def span(seconds: float) -> str:
    """Return a length of time in the largest sensible unit."""
    minutes = int(seconds // 60)
    if minutes < 120:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    hours = minutes // 60
    if hours < 72:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", hours // 24) % (hours // 24)


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """Return the present address's query with some values changed; an empty value removes the key."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"
