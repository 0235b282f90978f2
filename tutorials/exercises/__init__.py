"""The exercises: for each a hint, a check that explains, and a solution apart from the text.

A chapter holds the task and the empty function; `chapter_NN.py` here holds hint and check,
`solutions/chapter_NN.py` one way to do it. Read in this order: exercise, chapter_01, ...
"""
