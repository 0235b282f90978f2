"""The report of a quickstart: one page that holds all it shows, and asks nothing of the network.

Numbers come from the files of the run; what stands in the page is what the model said.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from minibig.cli.examination import CONTROLS, LANGUAGES, SPLITS
from minibig.cli.report_style import STYLE
from minibig.cli.run_folders import read_record, tokenizer_of
from minibig.data import DOCUMENT_SEPARATOR
from minibig.dialogue import dialogue_ids
from minibig.explanation import attention_maps, sharpest_heads
from minibig.pictures import Phase, attention_picture, picture_of
from minibig.storage import load

_PICTURE = (5.6, 3.8)  # inches of a loss picture, so that its letters are as large as the text's
_HEADS = 2  # shown of each language
_SHOWN = 8  # questions of each kind that are shown at once; the others unfold

_MEANINGS = {
    "trained": "asked in the dialogues that it learned from",
    "held_out": "never asked before; the facts stood in the stories",
    "control": "the same numbers in a random order",
    "majority": "always the answer that is right most often",
}


def report(
    folder: Path, examined: dict[str, Any], metrics: dict[str, Any], phases: Sequence[Phase]
) -> str:
    """The page, as HTML."""
    model: Any = load(folder / "model")
    size = model.n_parameters
    body = "\n".join(
        [
            _head(size, metrics),
            _shares(examined),
            _conversation(examined["conversation"]),
            _losses(phases, metrics["losses"]),
            _attention(folder, model, examined["asked"]),
            _questions(examined["asked"]),
            _samples(phases[0]),
            _origin(folder, metrics["seconds"]),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>minibig quickstart</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(size: int, metrics: dict[str, Any]) -> str:
    """What this is, and the four numbers that matter."""
    per_byte = metrics["losses"]["pretraining_per_byte"]
    figures = [
        (_percent(metrics["answers"][language][split]), f"{name}, {SPLITS[split]} questions")
        for language, name in LANGUAGES.items()
        for split in SPLITS
    ]
    figures += [
        (f"{size / 1e6:.2f} M", "parameters, from random numbers"),
        (f"{metrics['seconds']['total']:,.0f} s", "for everything until here"),
    ]
    if "validation" in per_byte:
        figures.append((f"{per_byte['validation']:.3f}", "nats per byte on text it never saw"))
        figures.append(
            (f"{per_byte['entropy_floor']:.3f}", "nats per byte: the entropy of the text")
        )
    cards = "".join(f'<div class="card"><b>{n}</b><span>{text}</span></div>' for n, text in figures)
    return (
        "<h1>A model that answers</h1>\n"
        '<p class="lead">A GPT has read about a small world that exists nowhere else, in English '
        "and Chinese, and has learned from dialogues to answer questions about it. This page shows "
        "what it can do, what it cannot, and how it came about.</p>\n"
        f'<div class="figures">{cards}</div>'
    )


def _shares(examined: dict[str, Any]) -> str:
    """How many answers are right, beside those that need no understanding."""
    columns = {**SPLITS, **CONTROLS}
    heads = "".join(
        f"<th>{name}<br><small>{_MEANINGS[column]}</small></th>" for column, name in columns.items()
    )
    rows = ""
    for language, shares in examined["answers"].items():
        counts = {split: len(lines) for split, lines in examined["asked"][language].items()}
        cells = ""
        for column in columns:
            kind = "control" if column in CONTROLS else "learned"
            of = f"<small>of {counts.get(column, sum(counts.values())):,}</small>"
            bar = f'<i class="{kind}" style="width:{shares[column]:.1%}"></i>'
            cells += f'<td>{_percent(shares[column])}<span class="bar">{bar}</span>{of}</td>'
        rows += f"<tr><td>{LANGUAGES[language]}</td>{cells}</tr>\n"
    return _section(
        "Answers",
        "An answer counts as right if it is the right one letter by letter. A score means little "
        "alone: the two columns on the right need no understanding.",
        f'<div class="card scroll"><table class="shares"><tr><th></th>{heads}</tr>\n{rows}'
        "</table></div>",
    )


def _conversation(turns: Iterable[Sequence[str]]) -> str:
    lines = "\n".join(
        f'<div class="user">{_e(question)}</div><div class="model">{_e(reply)}</div>'
        for question, reply in turns
    )
    return _section(
        "A conversation",
        "Each line was written by the model, the likeliest token at a time, with what was said "
        "before in its context. The long Chinese greeting never occurs in what it learned from.",
        f'<div class="talk">{lines}</div>',
    )


def _losses(phases: Sequence[Phase], losses: dict[str, Any]) -> str:
    captions = [
        f"Pre-training. No model can get below the dashed line, the entropy of the text's source: "
        f"{losses['pretraining']['entropy_floor']:.3f} nats per token, computed from the grammar.",
        "Fine-tuning. Only the answers of the dialogues are predicted; validation is on questions "
        "that were held out.",
    ]
    pictures = ""
    for phase, caption in zip(phases, captions, strict=True):
        data = base64.b64encode(picture_of([phase], _PICTURE)).decode()
        pictures += (
            f'<figure class="card"><img alt="{_e(phase.title)}: losses over steps" '
            f'src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>\n'
        )
    return _section(
        "Learning",
        "The loss says how surprised the model is by the next token, in nats: less with everything "
        "it learns.",
        f'<div class="grid">{pictures}</div>',
    )


def _attention(folder: Path, model: Any, asked: dict[str, Any]) -> str:
    """Two heads for each language, on a question and the model's answer to it."""
    tokenizer = tokenizer_of(folder)
    figures = ""
    for language in asked:
        line = asked[language]["trained"][0]
        turn = (line["question"], line["answer"])
        ids = dialogue_ids(tokenizer, [turn])[0][: model.config.context_length]
        tokens = [tokenizer.decode([token]).strip(" <|>") for token in ids]
        maps = attention_maps(model, ids)
        for layer, head in sharpest_heads(maps, min(_HEADS, maps.shape[0] * maps.shape[1])):
            figures += (
                f'<figure class="card">{attention_picture(maps[layer, head], tokens)}<figcaption>'
                f"{LANGUAGES[language]}, layer {layer + 1}, head {head + 1}</figcaption></figure>\n"
            )
    return _section(
        "Where it looks",
        "While it writes a token, each head takes something from some of the tokens before it. A "
        "row is the token that looks, a column one that is looked at; the darker, the more. These "
        "are the heads that look most decidedly at single words.",
        f'<div class="grid">{figures}</div>',
    )


def _questions(asked: dict[str, Any]) -> str:
    blocks = ""
    for language, splits in asked.items():
        for split, lines in splits.items():
            step = max(1, len(lines) // _SHOWN)
            places = range(0, len(lines), step)[:_SHOWN]  # evenly, for neighbours are alike
            first = [lines[place] for place in places]
            rest = [line for place, line in enumerate(lines) if place not in places]
            more = (
                f"<details><summary>{len(rest):,} more</summary>{_table(rest)}</details>"
                if rest
                else ""
            )
            blocks += (
                f'<div class="card"><h3>{LANGUAGES[language]}, {SPLITS[split]}</h3>'
                f"{_table(first)}{more}</div>\n"
            )
    return _section(
        "Questions and answers",
        "Right ones have a tick; below a wrong one stands what would have been right.",
        f'<div class="grid">{blocks}</div>',
    )


def _table(lines: Iterable[dict[str, str]]) -> str:
    rows = ""
    for line in lines:
        right = line["answer"].strip() == line["expected"].strip()
        mark = '<td class="mark right">✓</td>' if right else '<td class="mark wrong">✗</td>'
        truth = "" if right else f"<small>right: {_e(line['expected'])}</small>"
        rows += (
            f"<tr>{mark}<td>{_e(line['question'])}</td><td>{_e(line['answer'])}{truth}</td></tr>"
        )
    return f"<table>{rows}</table>"


def _samples(phase: Phase) -> str:
    """What the model wrote by itself on its way."""
    samples = [line for line in phase.metrics.read() if "sample" in line]
    cards = "".join(
        f'<div class="card"><h3>after {line["step"]:,} steps</h3>'
        f"<pre>{_e(_documents(line['sample']))}</pre></div>\n"
        for line in samples
    )
    return _section(
        "What it wrote while it read",
        "During the pre-training, with the same beginning and the same luck each time.",
        f'<div class="grid">{cards}</div>',
    )


def _documents(sample: str) -> str:
    """A sample with a line of its own between two documents."""
    return "\n· · ·\n".join(part.strip() for part in sample.split(DOCUMENT_SEPARATOR)).strip()


def _origin(folder: Path, seconds: dict[str, float]) -> str:
    """How all of it was made, and how to go on."""
    record = read_record(folder)
    stages = "".join(
        f'<tr><td>{_e(name)}</td><td class="number">{value:,.1f} s</td></tr>'
        for name, value in seconds.items()
    )
    first = record["settings"]["pretraining"]
    names = (
        "n_layers",
        "n_heads",
        "d_model",
        "context_length",
        "steps",
        "batch_size",
        "lr",
        "seed",
    )
    settings = "".join(
        f'<tr><td>{_e(name)}</td><td class="number">{_e(first[name])}</td></tr>' for name in names
    )
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    return (
        _section(
            "How it was made",
            "Everything was computed on the machine on which this page was written.",
            f'<div class="grid"><div class="card"><h3>Times</h3><table>{stages}</table></div>'
            f'<div class="card"><h3>Settings</h3><table>{settings}</table></div></div>',
        )
        + f"<footer><code>{_e(' '.join(record['command']))}</code><br>{_e(versions)}<br>"
        f"Talk with it: <code>minibig chat {_e(folder)}</code></footer>"
    )


def _section(title: str, text: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n<p>{text}</p>\n{content}\n</section>"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", "&#8239;%")


def _e(text: object) -> str:
    return html.escape(str(text))
