"""The report: one page that holds everything, and nothing that an answer could break."""

import base64
import json
from html.parser import HTMLParser

import pytest

from minibig.pictures import Phase
from minibig.recipes import Quickstart
from minibig.recipes.examination import Asked, Examination
from minibig.recipes.folder import TextRecord, write_record
from minibig.recipes.report import report_page
from minibig.storage import save
from minibig.training import Metrics

from dialogue.small_world import TOKENIZER, gpt  # isort: skip

EVIL = '</div><script>alert("1")</script>'


class Page(HTMLParser):
    """The tags of a page, its texts, and whether every tag that was opened is closed in order."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def asked(n, right=True):
    return [
        Asked(
            question=f"Where is Ann {i}?",
            expected="In Rome.",
            answer="In Rome." if right else EVIL,
            control="",
        )
        for i in range(n)
    ]


@pytest.fixture
def page(tmp_path):
    save(gpt(), tmp_path / "model")
    TOKENIZER.save(tmp_path / "tokenizer")
    settings = Quickstart().changed({"d_model": 77, "n_heads": 7})
    write_record(tmp_path, ["minibig", "quickstart", EVIL], settings, TextRecord(name="world"))
    phases = []
    for name, floor in (("Pre-training", 0.3), ("Fine-tuning", None)):
        metrics = Metrics(tmp_path / f"{name}.jsonl")
        for step in range(1, 9):
            metrics.write(step=step, loss=8 / step)
        metrics.write(step=8, validation_loss=1.25)
        metrics.write(step=8, sample=f"a<|endoftext|>{EVIL}")
        metrics.close()
        phases.append(Phase(metrics, name, floor))
    shares = {"trained": 1.0, "held_out": 0.5, "control": 0.0, "majority": 0.125}
    examined = Examination(
        answers={"en": shares, "zh": shares},
        asked={
            language: {
                "trained": (*asked(20), *asked(12, right=False)),
                "held_out": asked(3, right=False),
            }
            for language in ("en", "zh")
        },
        conversation=(("你好！", "你好，请问你有什么问题？"), (EVIL, EVIL)),
    )
    losses = {"training": 1.0, "validation": 1.25, "entropy_floor": 0.3}
    metrics = {
        "answers": examined.answers,
        "seconds": {"pre-training": 1.0, "total": 200.5},
        "losses": {"pretraining": losses, "pretraining_per_byte": losses, "finetuning": {}},
    }
    return report_page(tmp_path, examined, metrics, phases)


def test_it_is_one_well_formed_page(page):
    tags = [tag for tag, _ in Page(page).tags]
    assert tags.count("h1") == 1 and tags.count("h2") == 8
    assert ("meta", {"charset": "utf-8"}) in Page(page).tags


def test_it_asks_nothing_of_the_network_and_runs_nothing(page):
    for tag, attributes in Page(page).tags:
        assert tag not in ("script", "link", "iframe", "object")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value.startswith("data:image/png;base64,")
    assert "url(" not in page and "@import" not in page


def test_the_pictures_are_in_it(page):
    tags = Page(page).tags
    images = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert len(images) == 2
    for image in images:
        assert base64.b64decode(image.partition(",")[2]).startswith(b"\x89PNG")
    assert [tag for tag, _ in tags].count("svg") == 4, "two heads in each of two languages"


def test_what_went_wrong_stands_before_what_went_right(page):
    texts = Page(page).texts
    assert texts.index("What it got wrong") < texts.index("✗") < texts.index("✓")
    shown = page[: page.index("<summary>")]
    assert "✗" in shown, "wrong answers are seen without unfolding anything"


def test_what_was_said_is_shown_as_it_is(page):
    texts = Page(page).texts
    assert texts.count(EVIL) >= 2 + 2 * 3
    assert "你好，请问你有什么问题？" in texts
    assert "right: In Rome." in texts
    assert "77" in texts
    assert texts.count("✓") == 2 * 20 and texts.count("✗") == 2 * (12 + 3)
    assert "12 more" in texts and "English, trained: 12 of 32" in texts
    shown = json.dumps(texts, ensure_ascii=False)
    for share in ("100.0\u202f%", "50.0\u202f%", "12.5\u202f%", "of 32", "of 3", "of 35"):
        assert share in shown
