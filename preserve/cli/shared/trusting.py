"""What the reader trusts, for the commands that judge signatures and receipts."""

from collections.abc import Sequence
from pathlib import Path

import click

from preserve.cli.shared.common import Place
from preserve.provenance.trust import Trust, load_trust

trust_option = click.option(
    "--trust",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Verifier keys (.vkey) or root certificates (.pem) that you trust, beside those of CONFIG/trust/.",
)


def read_trust(place: Place, named: Sequence[Path]) -> Trust:
    """What the reader trusts: ``trust/`` of the configuration, and what was named.

    Raises:
        UsageError: a file of it cannot be read.
    """
    folder = place.config_dir / "trust"
    return load_trust([*([folder] if folder.is_dir() else []), *named])
