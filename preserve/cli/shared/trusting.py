"""What the reader trusts, for the commands that judge signatures and receipts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preserve.cli.shared.common import Place

if TYPE_CHECKING:
    from preserve.provenance.trust import Trust

trust_option = click.option(
    "--trust",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Verifier keys (.vkey) or root certificates (.pem) that you trust, beside those of CONFIG/trust/.",
)


def read_trust(place: Place, named: Sequence[Path]) -> "Trust":
    """What the reader trusts: ``trust/`` of the configuration, and what was named.

    Raises:
        UsageError: a file of it cannot be read.
    """
    from preserve.provenance.trust import load_trust  # noqa: PLC0415 - it brings certificates, and help needs none

    folder = place.config_dir / "trust"
    return load_trust([*([folder] if folder.is_dir() else []), *named])
