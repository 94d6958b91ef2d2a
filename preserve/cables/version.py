"""The version of the extractor, for those who only ask by which a text was read (`preserve.cables.extract`)."""

from typing import Final

EXTRACTOR: Final = "preserve-cables/3"
"""Name and version: raised with every change that can make any page give another id, field, text or checksum."""
