"""Text from anywhere, made fit for one line."""


def flat(text: str, width: int) -> str:
    """Text from anywhere as one line of at most ``width`` characters, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * width]).split())
    return line if len(line) <= width else line[: width - 1] + "…"
