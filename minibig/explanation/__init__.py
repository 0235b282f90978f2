"""Looking into a model: where attention goes, and the graph of a computation.

Read in this order: attention_maps (the weights of every head), pictures (how they are drawn), graph
(what a result was computed from).
"""

from minibig.explanation.attention_maps import attention_maps, sharpest_heads
from minibig.explanation.graph import draw_graph, graph_text
from minibig.explanation.pictures import attention_picture

__all__ = ["attention_maps", "attention_picture", "draw_graph", "graph_text", "sharpest_heads"]
