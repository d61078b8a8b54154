"""Data quality, and methods with their limits: on what the report stands."""

from lianfang.analytics.drawing import chinese_font
from lianfang.intake.table import Decision
from lianfang.report.document import Block, Grid, Paragraph, Section
from lianfang.report.figures import Figures
from lianfang.report.quality import Finding
from lianfang.report.sections.common import day, known_column, whole
from lianfang.report.words import Words

_MOST = 25


def quality_section(figures: Figures, w: Words) -> Section:
    """Return what is wrong with the data, as a list to work through."""
    quality = figures.quality
    blocks: list[Block] = [
        Paragraph(
            text=w(
                "quality.rows", rows=whole(figures.file.n_rows), cases=whole(len(figures.cases)), left=whole(figures.file.n_dropped),
                unusable=whole(figures.file.n_left_out), repeated=whole(figures.file.n_repeated),
                excluded=whole(figures.file.n_excluded), changed=whole(quality.n_changed),
            )
        ),
        Grid(
            title=w("quality.completeness"),
            columns=[w("col.field"), w("col.filled"), w("col.share")],
            rows=[
                (w(f"field.{code}"), whole(n), w.percent(n / of if of else 0.0, 0))
                for code, n, of in quality.completeness
            ],
        ),
    ]  # fmt: skip
    if quality.findings:
        blocks.append(_findings(quality.findings, w))
    else:
        blocks.append(Paragraph(text=w("quality.none")))
    if quality.decisions:
        blocks.append(_decisions(quality.decisions, w))
    if figures.file.unread_columns:
        names = w.join(list(figures.file.unread_columns[:_MOST]))
        blocks.append(Paragraph(text=w("quality.unread", names=names), is_muted=True))
    return Section(key="quality", title=w("title.quality"), blocks=blocks)


def rule_text(w: Words, finding: Finding) -> str:
    """Return what a finding says; a rule without words of its own is shown as its code."""
    key = f"rule.{finding.rule.replace('.', '_')}"
    return w(key, **finding.values) if w.has(key) else finding.rule


def _findings(findings: tuple[Finding, ...], w: Words) -> Grid:
    rows = [
        (
            rule_text(w, one),
            one.column or "–",
            w("quality.left_out") if one.is_left_out else w("quality.used"),
            whole(one.n),
            ", ".join(map(str, dict.fromkeys(one.rows))) + (" …" if one.n > len(one.rows) > 0 else "") or "–",
        )
        for one in findings[:_MOST]
    ]
    columns = ("col.finding", "col.column", "col.effect", "col.times", "col.rows")
    return Grid(title=w("quality.findings"), columns=[w(c) for c in columns], rows=rows, n_text=3)


def _decisions(decisions: tuple[Decision, ...], w: Words) -> Grid:
    rows = []
    for one in decisions:
        rule = f"decision.{one.rule.partition(':')[0].replace('.', '_')}"
        chosen = f"chosen.{one.chosen.replace(' ', '_').replace(',', '')}"
        rows.append(
            (
                one.column,
                w(rule) if w.has(rule) else one.rule,
                w(chosen) if w.has(chosen) else one.chosen,
                w("quality.certain") if one.certain else w("quality.uncertain"),
            )
        )
    rows = list(dict.fromkeys(rows))
    columns = ("col.column", "col.decision", "col.chosen", "col.certain")
    return Grid(title=w("quality.decisions"), columns=[w(c) for c in columns], rows=rows, n_text=4)


def methods_section(figures: Figures, w: Words) -> Section:
    """Return what the whole report rests on, and what it cannot tell."""
    cases = figures.cases
    texts = [
        w(
            "methods.input",
            digest=figures.file.digest,
            format=figures.file.format or w("label.none"),
            seed=figures.seed,
        ),
    ]
    if cases.as_of is not None:
        texts.append(w("methods.as_of", day=day(cases.as_of), column=known_column(w, figures)))
    if cases.as_of is not None and cases.followed_until is not None and cases.followed_until > cases.as_of:
        texts.append(w("methods.followed", day=day(cases.followed_until)))
    if figures.links is not None:
        texts.append(w("methods.links", digest=figures.links.digest, n=whole(len(figures.links.pairs))))
    if figures.disease is not None:
        texts.append(w("methods.disease", name=w.either(en=figures.disease.en, zh=figures.disease.zh)))
    texts += [w("methods.ranges"), w("methods.privacy"), w("methods.limits")]
    if w.language == "zh" and not chinese_font():
        texts.append(w("methods.font"))
    return Section(key="methods", title=w("title.methods"), blocks=[Paragraph(text=text) for text in texts])
