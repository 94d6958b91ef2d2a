"""Words that differ by one letter, as typing and wires garble them."""


def one_letter_apart(one: str, other: str) -> bool:
    """Whether a letter put in, taken out or changed, or two neighbours swapped, makes one word of the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((number for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    )


def one_less(letters: str) -> set[str]:
    """What is left of a word without one of its letters: two words one letter apart share one of these, or are one."""
    return {letters[:at] + letters[at + 1 :] for at in range(len(letters))}
