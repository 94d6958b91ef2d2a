"""HTTP/1.x replies as they travelled: the head, the framing of the body, and the payload inside the framing."""
