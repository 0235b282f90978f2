"""A model from a text, with every setting within reach.

While it runs it shows the step, the loss, the learning rate, tokens per second, the megabytes of
memory that this process holds at the moment (resident, so without what lies on a GPU; on macOS the
most it ever held), and the time left. The preset shakespeare-char wants the text of
https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import InputError, Settings, group, setting
from minibig.cli.console import say
from minibig.cli.progress import DISPLAY
from minibig.recipes import PRESETS, Pretraining, pretrain
from minibig.recipes.configuration import changed_by_file, check_use
from minibig.recipes.folder import is_run, read_record
from minibig.recipes.pretraining import settings_on_record

EXAMPLE = "minibig train --data shakespeare.txt --preset shakespeare-char"


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig train` takes."""

    preset: str | None = setting(None, "settings under a name", choices=tuple(PRESETS))
    config: Path | None = setting(None, "settings in a JSON or TOML file")
    resume: bool = setting(False, "go on with the run in --out, by its own settings")
    restart: bool = setting(False, "begin anew; the run in --out goes when the new one has begun")
    settings: Pretraining = group(Pretraining)


def run(given: dict[str, Any]) -> int:
    """Train; a flag counts before the file, and the file before the preset."""
    own = Options.__dataclass_fields__
    options = Options.of({name: value for name, value in given.items() if name in own})
    flags = {name: value for name, value in given.items() if name not in own}
    if options.resume and options.restart:
        raise InputError("--resume goes on and --restart begins anew; give one of them.")
    settings = PRESETS[options.preset] if options.preset else Pretraining()
    if options.resume and not options.preset:
        where: dict[str, Any] = {name: flags[name] for name in ("data", "out") if name in flags}
        settings = _on_record(Pretraining.of(where).folder)
    settings = changed_by_file(settings, options.config).changed(flags)
    check_use(flags, settings.training)
    command = ["minibig", *sys.argv[1:]]
    say(pretrain(settings, restart=options.restart, display=DISPLAY, command=command).summary)
    return 0


def _on_record(folder: Path) -> Pretraining:
    if not is_run(folder):
        raise InputError(f"{folder} holds no run to go on with. Leave out --resume to begin.")
    return settings_on_record(folder, read_record(folder))
