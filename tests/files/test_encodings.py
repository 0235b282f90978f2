"""A guess of an encoding is right for ordinary text, and made only where there is reason."""

import pytest

from minibig.files import likely_encoding


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("这是一个关于人工智能的故事，他说我们在这里。", "gbk", "gb18030"),
        ("我們這裡有一個人，他是來學中文的，不大會說。", "big5", "big5"),
        ("今日はとても良い天気ですから、公園に行きました。", "euc_jp", "euc_jp"),
        ("Le café était très agréable, l’été dernier à Nîmes.", "cp1252", "cp1252"),
        ("Das schöne Mädchen läuft über die Straße.", "latin-1", "cp1252"),
        ("any text", "utf-16", "utf-16"),
    ],
)
def test_ordinary_text(text, encoding, name, cut):
    data = text.encode(encoding)
    assert likely_encoding(data[: len(data) - cut]) == name


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", bytes(range(128, 256)), b"ascii"])
def test_what_nothing_explains(data):
    assert likely_encoding(data) is None
