"""Which encoding a text has that is not UTF-8: a guess, for advice that destroys nothing."""

# What is frequent in texts of a language, and the encodings that were used for it.
_FREQUENT = {
    "gb18030": "的一是不了在人有我他这中大来上国",
    "big5": "的一是不了在人有我他這中大來上國",
    "shift_jis": "のにはをたがでてとしれさいるも",
    "euc_jp": "のにはをたがでてとしれさいるも",
    "cp949": "이다는에의을가고하지로한를사은",
    "cp1251": "оеаинтсрвлкмдпу",
    "cp1252": "éèàùçôêâîûäöüßñóáíúãõøåæ’“”–…€£°·",
}
_LEAST = {"cp1251": 0.4, "cp1252": 0.5}  # the share of what is not ASCII that must be frequent
_LEAST_OTHERWISE = 0.1


def likely_encoding(data: bytes) -> str | None:
    """The name of the encoding that explains these bytes best, or None if none does.

    >>> likely_encoding("我是一个中国人，他也是。".encode("gbk"))
    'gb18030'
    >>> likely_encoding("un café, ça va".encode("latin-1"))
    'cp1252'
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    shares = {name: _share(data, name) for name in _FREQUENT}
    fitting = {
        name: share for name, share in shares.items() if share >= _LEAST.get(name, _LEAST_OTHERWISE)
    }
    return max(fitting, key=fitting.__getitem__, default=None)


def conversion(encoding: str) -> str:
    """How a file of another encoding becomes UTF-8, in a sentence."""
    return f"Convert it: iconv -f {encoding.upper()} -t UTF-8 old.txt > new.txt"


def _share(data: bytes, encoding: str) -> float:
    """How much of the text that is not ASCII is frequent; 0 where it cannot be decoded."""
    for cut in range(4):  # the last character may be cut
        try:
            text = data[: len(data) - cut].decode(encoding)
            break
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return 0.0
    else:
        return 0.0
    others = [character for character in text if not character.isascii()]
    frequent = _FREQUENT[encoding]
    return sum(character in frequent for character in others) / max(1, len(others))
