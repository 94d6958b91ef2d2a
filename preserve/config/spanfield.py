"""The type of a key of configuration that takes a span."""

from typing import Annotated

from pydantic import AfterValidator

from preserve.config.spans import checked_span

Span = Annotated[str, AfterValidator(checked_span)]
