"""Looking into a model: the graph of a computation."""

from minibig.explanation.graph import draw_graph, graph_text

__all__ = ["draw_graph", "graph_text"]
