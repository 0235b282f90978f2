"""The report of a quickstart: one page that holds all it shows and loads nothing from the network.

Numbers come from the files of the run; the texts are what the model wrote, and are escaped by the
template wherever they stand.
"""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from minibig.data import DOCUMENT_SEPARATOR
from minibig.dialogue import dialogue_ids
from minibig.explanation import attention_maps, sharpest_heads
from minibig.files import command_line
from minibig.pictures import Phase, attention_picture, picture_of
from minibig.recipes.examination import CONTROLS, LANGUAGE_NAMES, SPLIT_NAMES, Asked, Examination
from minibig.recipes.folder import read_record
from minibig.storage import load
from minibig.tokenizers import load_tokenizer

_PICTURE = (5.6, 3.8)  # inches of a loss picture, so that its letters are as large as the text's
_HEADS = 2  # shown of each language
_SHOWN = 8  # questions of each kind that are shown at once; the others unfold
_MEANINGS = {
    "trained": "asked in the dialogues that it learned from",
    "held_out": "never asked before; the facts stood in the stories",
    "control": "the same numbers in a random order",
    "majority": "always the answer that is right most often",
}
_SETTINGS = (
    *("n_layers", "n_heads", "d_model", "context_length"),
    *("optimizer", "steps", "batch_size", "lr", "seed"),
)


def report_page(
    folder: Path, examined: Examination, metrics: dict[str, Any], phases: Sequence[Phase]
) -> str:
    """The page, as HTML."""
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    templates.filters["percent"] = _percent
    model: Any = load(folder / "model")
    record = read_record(folder)
    settings = {name: _found(record.settings["pretraining"], name) for name in _SETTINGS}
    return templates.get_template("page.html").render(
        headline=_headline(model, metrics),
        columns=[
            {"name": name, "meaning": _MEANINGS[key]}
            for key, name in (SPLIT_NAMES | CONTROLS).items()
        ],
        shares=list(_shares(examined)),
        wrong=list(_answers(examined, right=False)),
        right=list(_answers(examined, right=True)),
        conversation=examined.conversation,
        losses=_losses(phases, metrics["losses"]),
        attention=list(_attention(folder, model, examined)),
        samples=_samples(phases[0]),
        times=[(name, f"{value:,.1f} s") for name, value in metrics["seconds"].items()],
        settings=list(settings.items()),
        command=command_line(*record.command),
        versions=", ".join(f"{name} {value}" for name, value in record.versions.items()),
        folder=folder,
    )


def _headline(model: Any, metrics: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The numbers that matter."""
    for language, name in LANGUAGE_NAMES.items():
        for split, meaning in SPLIT_NAMES.items():
            yield _percent(metrics["answers"][language][split]), f"{name}, {meaning} questions"
    size = model.n_parameters
    yield f"{size / 1e6:.2f} M", "parameters, from random numbers"
    yield f"{metrics['seconds']['total']:,.0f} s", "for everything until here"
    per_byte = metrics["losses"]["pretraining_per_byte"]
    if "validation" in per_byte:
        yield f"{per_byte['validation']:.3f}", "nats per byte on text it never saw"
        yield f"{per_byte['entropy_floor']:.3f}", "nats per byte: the entropy of the text"


def _shares(examined: Examination) -> Iterator[dict[str, Any]]:
    """How many answers are right, beside those that need no understanding."""
    for language, shares in examined.answers.items():
        counts = {split: len(lines) for split, lines in examined.asked[language].items()}
        everything = sum(counts.values())
        cells = [
            {
                "column": name,
                "share": shares[key],
                "count": counts.get(key, everything),
                "kind": "control" if key in CONTROLS else "learned",
            }
            for key, name in (SPLIT_NAMES | CONTROLS).items()
        ]
        yield {"name": LANGUAGE_NAMES[language], "cells": cells}


def _answers(examined: Examination, *, right: bool) -> Iterator[dict[str, Any]]:
    """A card for every language and kind of question that has answers that are right, or wrong."""
    for language, splits in examined.asked.items():
        for split, lines in splits.items():
            found = [line for line in lines if line.right is right]
            if found:
                share = f"{len(found):,} of {len(lines):,}"
                yield {
                    "title": f"{LANGUAGE_NAMES[language]}, {SPLIT_NAMES[split]}: {share}",
                    **_cut(found),
                }


def _cut(lines: Sequence[Asked]) -> dict[str, list[Asked]]:
    """A few lines, evenly chosen, for neighbours are alike; and the rest."""
    step = max(1, len(lines) // _SHOWN)
    places = range(0, len(lines), step)[:_SHOWN]
    rest = [line for place, line in enumerate(lines) if place not in places]
    return {"shown": [lines[place] for place in places], "folded": rest}


def _losses(phases: Sequence[Phase], losses: dict[str, Any]) -> list[dict[str, str]]:
    captions = [
        "Pre-training. No model can get below the dashed line, the entropy of the text's source: "
        f"{losses['pretraining']['entropy_floor']:.3f} nats per token, computed from the grammar.",
        "Fine-tuning. Only the answers of the dialogues are predicted; validation is on questions "
        "that were held out.",
    ]
    return [
        {
            "svg": "",
            "png": base64.b64encode(picture_of([phase], _PICTURE)).decode(),
            "name": f"{phase.title}: losses over steps",
            "caption": caption,
        }
        for phase, caption in zip(phases, captions, strict=True)
    ]


def _attention(folder: Path, model: Any, examined: Examination) -> Iterator[dict[str, Any]]:
    """Two heads for each language, on a question and the model's answer to it."""
    from markupsafe import Markup

    tokenizer = load_tokenizer(folder)
    for language, splits in examined.asked.items():
        line = splits["trained"][0]
        turn = (line.question, line.answer)
        ids = dialogue_ids(tokenizer, [turn])[0][: model.config.context_length]
        tokens = [tokenizer.decode([token]).strip(" <|>") for token in ids]
        maps = attention_maps(model, ids)
        for layer, head in sharpest_heads(maps, min(_HEADS, maps.shape[0] * maps.shape[1])):
            caption = f"{LANGUAGE_NAMES[language]}, layer {layer + 1}, head {head + 1}"
            picture = Markup(attention_picture(maps[layer, head], tokens))  # it escapes its tokens
            yield {"svg": picture, "caption": caption}


def _samples(phase: Phase) -> list[tuple[int, str]]:
    """What the model wrote by itself, with a line of its own between two documents."""
    samples = [line for line in phase.metrics.read() if "sample" in line]
    between = "\n· · ·\n"
    return [
        (
            line["step"],
            between.join(map(str.strip, line["sample"].split(DOCUMENT_SEPARATOR))).strip(),
        )
        for line in samples
    ]


def _found(settings: dict[str, Any], name: str) -> Any:
    """A setting by its name, in whatever group it lies."""
    inner = [value for value in settings.values() if isinstance(value, dict)]
    return settings.get(name, next((group[name] for group in inner if name in group), None))


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", "\u202f%")
