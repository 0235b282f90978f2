"""Files: durable writes, strict JSON, checksums. Every other package reads and writes with these.

Read in this order: durable, strict_json, checksums.
"""

from minibig.files.durable import StorageError

__all__ = ["StorageError"]
