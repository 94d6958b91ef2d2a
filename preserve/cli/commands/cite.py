"""``preserve cite``: what may be typed, and its help.

Tested by ``tests/scenarios/test_cite.py``.
"""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, collection_option, reading_options

FORMS = (
    "text",
    "bibtex",
    "biblatex",
    "ris",
    "csl-json",
    "html",
    "markdown",
    "wikitext",
    "pwid",
    "ark",
    "permalink",
    "ni",
    "text-fragment",
    "annotation",
    "apa",
    "chicago-notes",
    "chicago-author-date",
    "mla",
    "ieee",
    "harvard",
    "turabian",
    "oscola",
)
"""Those of `preserve.citation.forms`, in its order: help must not load what writes them."""


class _Form(click.ParamType):  # type: ignore[type-arg] # older ones are not generic
    """One of the forms, or ``csl:`` and a style."""

    name = "form"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's own
        """As the help names it."""
        return "FORM"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The form as it was given."""
        if value in FORMS:
            return value
        from preserve.citation.rendered import is_style

        if not is_style(value):
            self.fail(f"{value!r} is none of {', '.join(FORMS)}, csl:STYLE", param, ctx)
        return value


@click.command()
@click.argument("names", metavar="[CABLE-OR-URL]...", nargs=-1)
@click.option(
    "--format",
    "forms",
    type=_Form(),
    multiple=True,
    default=("text",),
    show_default=True,
    help=f"How the citation is written: {', '.join(FORMS)}, or csl:STYLE with the name or the file of any style of "
    "the Citation Style Language. May be repeated.",
)
@click.option("--long", "is_long", is_flag=True, help="Print all that proves the copy, not one identifier alone.")
@click.option("--search", "words", metavar="WORDS", help="Cite every cable that has WORDS, the best first.")
@click.option(
    "--document",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Cite every copy that this document cites: its bibliography.",
)
@click.option("--at", metavar="TIME", help="Cite the newest capture at or before TIME (UTC).")
@collection_option
@click.option("--quote", help="The words of the passage that is cited.")
@click.option("--paragraph", type=int, help="The number of the paragraph that is cited.")
@click.option("--chars", metavar="A-B", help="The characters that are cited, from 0; B is not among them.")
@click.option("--cut", is_flag=True, help="Cite a capture that is not whole, where no whole one is held.")
@click.option("--accessed", metavar="DATE", help="The day on which you looked at it (2026-11-25). [default: today]")
@click.option("--capsule", type=click.Path(dir_okay=False, path_type=Path), help="Write the passage's proof here.")
@reading_options
def cite(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    names: tuple[str, ...],
    forms: tuple[str, ...],
    is_long: bool,
    words: str | None,
    document: Path | None,
    at: str | None,
    collection: tuple[str, ...],
    quote: str | None,
    paragraph: int | None,
    chars: str | None,
    cut: bool,
    accessed: str | None,
    capsule: Path | None,
) -> int:
    """Cite captured cables (by their ids) and pages (by their addresses, records or ARKs): what each is, when it was
    captured, where its copy is, and one name of its content; with --long all that proves it.

    --collection alone cites the collection itself, at its newest checkpoint.
    A passage is cited with --quote, --paragraph or --chars. A capture that is not whole (cut, a part, or not to be
    decoded) is cited with --cut only, and the citation says what it is.

    For example: `preserve cite 05ALMATY342 --format bibtex --paragraph 4`
    """
    from preserve.cli.actions import cite as actions

    return actions.cite(
        place,
        names=names,
        forms=forms,
        is_long=is_long,
        words=words,
        document=document,
        at=at,
        collection=collection,
        quote=quote,
        paragraph=paragraph,
        chars=chars,
        cut=cut,
        accessed=accessed,
        capsule=capsule,
    )
