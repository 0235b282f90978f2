"""A model from a text, with every setting within reach.

While it runs it shows the step, the loss, the learning rate, tokens per second, the megabytes of
memory that this process holds at the moment (resident, so without what lies on a GPU; on macOS the
most it ever held), and the time left. The preset shakespeare-char wants a text of Shakespeare:
data/tinyshakespeare/input.txt in github.com/karpathy/char-rnn.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import recipes
from minibig.backend import InputError
from minibig.cli.console import say
from minibig.recipes.presets import PRESETS
from minibig.recipes.settings import SHAKESPEARE, Pretraining
from minibig.settings import Settings, group, setting

EXAMPLE = "minibig train --data shakespeare.txt --preset shakespeare-char"


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig train` takes."""

    preset: str | None = setting(None, "settings under a name", choices=tuple(PRESETS))
    config: Path | None = setting(None, "settings in a JSON or TOML file")
    extend: int | None = setting(
        None, "go on with the finished run in --out for N more steps", least=1
    )
    resume: bool = setting(False, "go on with the run in --out, by its own settings")
    restart: bool = setting(False, "begin anew; the run in --out goes when the new one has begun")
    settings: Pretraining = group(Pretraining)


def run(given: dict[str, Any]) -> int:
    """Train; a flag counts before the file, and the file before the preset."""
    own = Options.__dataclass_fields__
    options = Options.of({name: value for name, value in given.items() if name in own})
    flags = {name: value for name, value in given.items() if name not in own}
    goes_on = options.resume or options.extend is not None
    if goes_on and options.restart:
        raise InputError("--restart begins anew; leave it out to go on, or --resume and --extend.")
    settings = PRESETS[options.preset] if options.preset else Pretraining()
    if goes_on and not options.preset:
        where: dict[str, Any] = {name: flags[name] for name in ("data", "out") if name in flags}
        folder = Pretraining.of(where).folder
        more = options.extend
        settings = recipes.extended(folder, more) if more else recipes.settings_on_record(folder)
    settings = recipes.changed_by_file(settings, options.config, flags)
    if options.preset == "shakespeare-char" and settings.data is None and not options.resume:
        raise InputError(f"the preset {options.preset} wants --data FILE, with {SHAKESPEARE}")
    command = ["minibig", *sys.argv[1:]]
    say(recipes.pretrain(settings, restart=options.restart, command=command).summary)
    return 0
