"""How seldom a page that does not change is asked for: the ``adaptive`` group of a schedule."""

from typing import Self

from pydantic import Field, model_validator

from preserve.config.checked import Strict
from preserve.config.spanfield import Span
from preserve.config.spans import span_seconds


class AdaptiveConfig(Strict):
    """The bounds of the time between two captures of one address (`preserve.crawler.adaptive`)."""

    min: Span = Field(default="1d", description="a span: no address is asked for more often, such as 12h, 1d or 1w")
    max: Span = Field(default="180d", description="a span: no address is asked for less often, such as 30d or 26w")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minimum_s > self.maximum_s:
            raise ValueError("`min` is longer than `max`; write the shorter span as `min`")
        return self

    @property
    def minimum_s(self) -> int:
        """Seconds of ``min``."""
        return span_seconds(self.min)

    @property
    def maximum_s(self) -> int:
        """Seconds of ``max``."""
        return span_seconds(self.max)
