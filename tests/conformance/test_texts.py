"""Every text that people are shown exists in Chinese, says the same with the same gaps, and is translated one way only."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.template import Context, Template
from django.utils import translation
from django.utils.translation import gettext
from tests.conftest import REPOSITORY

from lianfang.common.errors import NotVisible
from lianfang.common.naming import called
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.audit.tags import Tag
from lianfang.core.registry.models import Place
from lianfang.loop.coverage import coverages
from lianfang.loop.duty import duties

_GAP = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_tool", Path(REPOSITORY, "tools", "messages.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_nothing_is_untranslated(tool: ModuleType) -> None:
    missing = [f"{file}: {text}" for text, file in tool.untranslated()]
    assert missing == [], "add the Chinese to a fragment in src/lianfang/locale/zh_Hans/fragments"


def test_nothing_is_translated_in_two_ways(tool: ModuleType) -> None:
    _catalogue, clashes = tool.merged()
    assert clashes == []


def test_both_languages_have_the_same_gaps(tool: ModuleType) -> None:
    """A gap that is missing or misspelt in the Chinese loses a number, or fails when the page is shown."""
    catalogue, _clashes = tool.merged()
    wrong = []
    for message in catalogue:
        if not message.id or message.id == "{advice}":
            continue
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        chinese = message.string if isinstance(message.string, tuple | list) else (message.string,)
        asked = set(_GAP.findall(english[-1]))
        wrong += [f"{english[0]!r}: {text!r}" for text in chinese if set(_GAP.findall(text)) != asked]
    assert wrong == []


def _shown_labels() -> dict[str, Any]:
    """Return where -> text of what models, duties, coverages and the record show, in the language that is active."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model.__module__.startswith("lianfang."):
            for field in model._meta.get_fields():
                for value, label in getattr(field, "choices", None) or []:
                    found[f"{model.__name__}.{field.name}={value}"] = label
    found |= {f"duty {duty.code}": duty.title for duty in duties}
    found |= {f"what {duty.code} says": gettext(duty.sentence) for duty in duties}
    found |= {f"coverage {one.code}": one.title for one in coverages}
    found |= {str(tag): tag.sentence for words in Tag.__subclasses__() for tag in words}
    return {where: str(text) for where, text in found.items()}


def test_every_choice_duty_and_act_is_shown_in_chinese() -> None:
    with translation.override("zh-hans"):
        english = [
            f"{where}: {text}" for where, text in _shown_labels().items() if text and not _HAN.search(text)
        ]
    assert english == []


def test_every_choice_duty_and_act_is_shown_in_english() -> None:
    with translation.override("en"):
        assert [f"{where}: {text}" for where, text in _shown_labels().items() if _HAN.search(text)] == []


def test_names_are_shown_in_the_language_of_the_reader() -> None:
    """Places, units and wards have two names: templates ask `called` for the reader's, and never show the Chinese one to all."""
    raw = re.compile(r"\b(place|unit|ward|site|home|helper|helped|team|owner|hospital|laboratory)\.name\b")
    tag = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
    found = [
        f"{path.name}: {shown}"
        for path in Path(REPOSITORY, "src/lianfang/web/templates").rglob("*.html")
        for shown in tag.findall(path.read_text())
        if raw.search(shown)
    ]
    assert found == [], "write `place|called`"
    place, nameless = Place(name="东山县", name_en="Dongshan"), Place(name="西河县")
    with translation.override("en"):
        assert (called(place), called(nameless), called(None)) == ("Dongshan", "西河县", "")
    with translation.override("zh-hans"):
        assert called(place) == "东山县"


def test_lists_are_written_as_the_language_of_the_reader_writes_them() -> None:
    """Chinese sets 、 between items: templates ask `listed` and `comma`, pages ask `listed`, and neither writes a comma itself."""
    own = re.compile(r"join:\"[,;] |\}\}[,;] \{[{%]|%\}[,;] \{[{%]")
    told = re.compile(
        r"\{% blocktranslate.*?endblocktranslate %\}", re.DOTALL
    )  # a translation sets its own marks
    found = [
        f"{path.name}: {shown[0]}"
        for path in Path(REPOSITORY, "src/lianfang/web/templates").rglob("*.html")
        for shown in own.finditer(told.sub("…", path.read_text()))
    ]
    found += [
        path.name
        for path in Path(REPOSITORY, "src/lianfang/web").rglob("*.py")
        if re.search(r"\"[,;] \"\.join", path.read_text())
    ]
    assert found == []
    items = ["口罩", "体温计", "防护服"]
    page = Template(
        "{% load lianfang %}{{ rows|listed }}|{{ rows|listed:';' }}"
        "|{% for r in rows %}{{ r }}{% if not forloop.last %}{% comma %}{% endif %}{% endfor %}"
    )
    with translation.override("zh-hans"):
        one = "口罩、体温计、防护服"
        assert page.render(Context({"rows": items})) == f"{one}|口罩；体温计；防护服|{one}"
    with translation.override("en"):
        one = "口罩, 体温计, 防护服"
        assert page.render(Context({"rows": items})) == f"{one}|口罩; 体温计; 防护服|{one}"


def test_what_is_not_there_is_named_in_chinese() -> None:
    """ "There is no such {thing}" names the thing, which is the name of a model."""
    models = [
        m
        for m in apps.get_models()
        if isinstance(m._default_manager.get_queryset(), VisibleQuerySet)
        and m.__module__.startswith("lianfang.")
    ]
    assert len(models) > 40
    with translation.override("zh-hans"):
        said = [str(NotVisible(thing=m._meta.verbose_name)) for m in models]
        said += [str(NotVisible(thing=word)) for word in ("bed", "place", "health worker")]
    assert [words for words in said if re.search("[a-z]", words)] == []
