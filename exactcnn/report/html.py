"""An outcome as one self-contained HTML page: no scripts, no other files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from exactcnn import __version__
from exactcnn.core.outcome import ClassReport, Example, Outcome, Stretched
from exactcnn.core.verdict import Verdict
from exactcnn.report.near_misses import near_misses
from exactcnn.report.pictures import image_colours, png_data_uri, template_colours, viewable
from exactcnn.report.wording import (
    claim,
    condition_text,
    cross_check_text,
    evidence_text,
    float32_text,
    number_text,
    size_text,
    winners,
)
from exactcnn.task.model import Task

__all__ = ["outcome_page"]

_SHOWN_FEATURES = 60
_PICTURE_HEIGHT = 160

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --dim: #667; --paper: #fbfaf7; --card: #fff; --line: #ddd8cf;
  --proved: #1a7f37; --refuted: #c0262d; --vacuous: #9a6700; --unknown: #7a3fb0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e3; --dim: #99a; --paper: #16181c; --card: #1f2228;
  --line: #363a43; --proved: #4ac26b; --refuted: #ff7b72; --vacuous: #d4a72c; --unknown: #c297ff; } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 62rem; padding: 2rem 1rem 4rem }
h1 { font-size: 1.1rem; font-weight: 500; color: var(--dim); margin: 0 }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .8rem }
.verdict { font-size: 2.6rem; font-weight: 700; letter-spacing: .02em; margin: .2rem 0 0; color: var(--unknown) }
.PROVED { color: var(--proved) } .REFUTED { color: var(--refuted) } .VACUOUS { color: var(--vacuous) }
.claim { font-size: 1.15rem; margin: 0 0 1.4rem }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem }
.card h3 { margin: 0 0 .5rem; font-size: 1rem } .card p { margin: .4rem 0 0; color: var(--dim); font-size: .9rem }
.wide { grid-column: 1 / -1 }
img { image-rendering: pixelated; border: 1px solid var(--line); background: #888; display: block }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem } .tiles figure { margin: 0 }
.tiles img { height: 72px } figcaption { font-size: .85rem; color: var(--dim) }
table { border-collapse: collapse; font-size: .95rem } td, th { text-align: left; padding: .2rem 1rem .2rem 0;
  vertical-align: top } th { color: var(--dim); font-weight: 500 }
td.number { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
.right { color: var(--proved) } .wrong { color: var(--refuted) }
footer { margin-top: 3rem; color: var(--dim); font-size: .85rem }
"""


def outcome_page(outcome: Outcome, task: Task, *, network: str | None = None) -> str:
    """The page: verdict, facts, counterexample or classes with witness pictures, the task's features."""
    parts = [
        f"<h1>exactcnn: task {escape(outcome.task)}, images {escape(size_text(outcome.sizes))}</h1>",
        f'<p class="verdict {outcome.verdict.value}">{outcome.verdict.value}</p>',
        f'<p class="claim">{escape(_sentence(claim(outcome)))}</p>',
        _facts(outcome, network),
    ]
    if outcome.counterexample is not None:
        parts += ["<h2>The counterexample</h2>", _counterexample(outcome.counterexample, task, outcome.class_names)]
    if outcome.unproved_field is not None:
        field = _image(Stretched.plain(outcome.unproved_field), task, "a receptive field")
        parts += ["<h2>A receptive field that shows why</h2>", f'<div class="card wide">{field}</div>']
    if outcome.classes:
        parts += ["<h2>The classes</h2>", _classes(outcome.classes, task, outcome.class_names)]
    parts += ["<h2>The features</h2>", _features(task)]
    parts.append(f"<h2>How it was decided</h2><p>{escape(_how(outcome))}</p>")
    title = f"{outcome.verdict.value}: {outcome.task}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + f"\n<footer>exactcnn {escape(__version__)}; all numbers are exact rationals unless they say about.</footer>\n"
        "</body>\n</html>\n"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _facts(outcome: Outcome, network: str | None) -> str:
    facts = [("network", network)] if network else []
    if outcome.margin is not None:
        attained = "the best possible: a witness attains it" if outcome.margin_attained else "a lower bound"
        facts.append(("margin", f"{number_text(outcome.margin)} ({attained})"))
    if outcome.configurations is not None:
        facts.append(("configurations covered", f"{outcome.configurations:,}"))
    facts += [("method", outcome.method), ("evidence", evidence_text(outcome))]
    facts += [("float32", float32_text(outcome.float32))] if outcome.float32 is not None else []
    facts += [("cross-check", cross_check_text(c)) for c in outcome.cross_checks]
    if any(outcome.obligations.values()):
        facts.append(("obligations", ", ".join(f"{count} {kind}" for kind, count in outcome.obligations.items())))
    facts.append(("time", f"{outcome.seconds:.2f} s"))
    return _table(("", ""), ((escape(name), escape(value or "")) for name, value in facts))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{h}</th>" for h in headings)
    body = "".join(
        "<tr>" + "".join(f"<{tag}>{cell}</td>" for tag, cell in zip(_cells(len(row)), row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if any(headings) else ''}{body}</table>"


def _cells(count: int) -> list[str]:
    return ["td", *['td class="number"'] * (count - 1)]


def _image(picture: Stretched, task: Task, alt: str) -> str:
    shown, remark = viewable(picture)
    colours = image_colours(shown, task.pixel)
    height, width = colours.shape[:2]
    scale = max(1, _PICTURE_HEIGHT // max(height, width))
    size = f'width="{width * scale}" height="{height * scale}"'
    note = f"<p>{escape(remark)}</p>" if remark else ""
    return f'<img src="{png_data_uri(colours)}" {size} alt="{escape(alt, quote=True)}">{note}'


def _counterexample(example: Example, task: Task, class_names: Sequence[str]) -> str:
    named = winners(example.logits, class_names)
    rows = []
    for name, value in zip(class_names, example.logits, strict=True):
        style = "right" if name == example.label else "wrong" if name in named else ""
        mark = ", ".join([*(["the label"] if name == example.label else []), *(["largest"] if name in named else [])])
        rows.append((f'<span class="{style}">{escape(name)}</span>', escape(number_text(value)), mark))
    picture = example.picture
    return (
        '<div class="card wide">'
        f"{_image(picture, task, f'the counterexample, of class {example.label}')}"
        f"<p>{picture.height}x{picture.width}; features: {escape(', '.join(example.features) or 'none')}</p>"
        f"{_table(('class', 'logit', ''), rows)}{_windows(example)}{_near(example, task)}</div>"
    )


def _windows(example: Example) -> str:
    if not example.windows:
        return ""
    rows = ((escape(w.feature), str(w.template), str(w.row), str(w.column)) for w in example.windows)
    return "<h3>Windows that exhibit its features</h3>" + _table(("feature", "template", "row", "column"), rows)


def _near(example: Example, task: Task) -> str:
    rows = [
        (
            *(escape(miss.window.feature), str(miss.window.template), str(miss.window.row), str(miss.window.column)),
            *(escape(number_text(miss.excess)), escape(number_text(miss.gap))),
        )
        for miss in near_misses(example, task)
    ]
    head = ("feature", "template", "row", "column", "excess", "gap")
    return "<h3>Windows that are nearly a feature</h3>" + _table(head, rows) if rows else ""


def _classes(reports: Sequence[ClassReport], task: Task, names: Sequence[str]) -> str:
    return f'<div class="cards">{"".join(_card(r, task, names) for r in reports)}</div>'


def _card(report: ClassReport, task: Task, names: Sequence[str]) -> str:
    title = f"<h3>{escape(report.name)}</h3>"
    meaning = next((condition_text(c) for c in task.classes if c.name == report.name), "")
    formula = f"<p>{escape(meaning)}</p>"
    if report.witness is not None:
        witness = report.witness
        features = ", ".join(witness.features) or "no feature"
        lead = number_text(witness.lead(list(names).index(report.name)))
        size = f"{witness.picture.height}x{witness.picture.width}"
        image = _image(witness.picture, task, f"a witness of class {report.name}")
        body = f"{image}<p>witness {size}: {escape(features)}; lead {escape(lead)}</p>"
    elif report.vacuous is not None:
        body = f'<p class="VACUOUS">no admissible image: {escape(report.vacuous)}</p>'
    else:
        body = "<p>neither a witness nor a reason against one was found</p>"
    return f'<div class="card">{title}{body}{formula}</div>'


def _features(task: Task) -> str:
    tiles = []
    for feature in task.features[:_SHOWN_FEATURES]:
        uri = png_data_uri(template_colours(feature.templates[0], task.pixel))
        more = f", {len(feature.templates)} templates" if len(feature.templates) > 1 else ""
        caption = f"{feature.name} ({feature.height}x{feature.width}{more}; gap {feature.gap})"
        alt = escape(f"a template of {feature.name}", quote=True)
        tiles.append(f'<figure><img src="{uri}" alt="{alt}"><figcaption>{escape(caption)}</figcaption></figure>')
    left = len(task.features) - _SHOWN_FEATURES
    more = f"<p>and {left} more</p>" if left > 0 else ""
    return f'<div class="tiles">{"".join(tiles)}</div>{more}'


def _how(outcome: Outcome) -> str:
    if outcome.verdict is Verdict.REFUTED:
        return (
            "The image above was decided exactly against every template, and the network was evaluated on it in "
            "rational arithmetic. Anyone can repeat both."
        )
    if outcome.verdict is Verdict.VACUOUS:
        return "A statement about a class that no admissible image has would say nothing, so that none is made."
    if outcome.verdict is not Verdict.PROVED:
        return "It was not decided: neither a proof nor an image that the network gets wrong was found."
    if outcome.method == "modular":
        return (
            "Facts about one output position of the network, for every way in which its field can meet the image's "
            "border, were combined by the pooling rule and carried through the head, so that they hold for all the "
            "sizes at once. Every obligation is an SMT query; exactcnn export writes each of them as a file."
        )
    return "One formula over all pixels, positions and configurations of this size was given to an SMT solver."
