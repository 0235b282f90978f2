"""Pictures: losses of runs, where attention goes, the graph behind a result.

Read in this order: fonts (names of any language), style (one palette, one sheet), curves,
attention, graph.
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.pictures.attention import attention_picture
    from minibig.pictures.curves import (
        Log,
        Phase,
        draw_losses,
        draw_phases,
        draw_runs,
        picture_of,
        smoothed_losses,
    )
    from minibig.pictures.fonts import legible, use_installed_fonts
    from minibig.pictures.graph import draw_graph, graph_text
    from minibig.pictures.style import own_defaults, reason_not_drawn
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "Log",
    "Phase",
    "attention_picture",
    "draw_graph",
    "draw_losses",
    "draw_phases",
    "draw_runs",
    "graph_text",
    "legible",
    "own_defaults",
    "picture_of",
    "reason_not_drawn",
    "smoothed_losses",
    "use_installed_fonts",
]
