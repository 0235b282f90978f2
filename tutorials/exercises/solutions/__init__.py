"""One way to do each exercise; look here last."""
