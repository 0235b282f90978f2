"""`minibig chat` on a terminal or through a pipe: keys, commands, display, and the talk itself."""
