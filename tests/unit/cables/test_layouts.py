from pathlib import Path

import pytest

from preserve.cables.layouts import compile_layout, compile_layouts, label, may_be, recognised
from preserve.config.folder import load_layouts
from preserve.config.layout import LayoutConfig
from preserve.errors import ConfigError


def config(**changed: object) -> LayoutConfig:
    given: dict[str, object] = {
        "name": "sample",
        "title": "a sample",
        "version": 3,
        "extractor": "labels",
        "recognise": ("Number:",),
        "labels": {" Number : ": "identifier", "Made  on": "created"},
        "sentences": {"source": "from (.+?), on"},
    }
    return LayoutConfig.model_validate({**given, **changed})


def test_labels_are_normalised_and_blanks_of_sentences_stretch() -> None:
    layout = compile_layout(config())
    assert dict(layout.labels) == {"Number": "identifier", "Made on": "created"}
    assert layout.sentences["source"].search("from\n there,\t on") is not None
    assert (layout.name, layout.version, layout.extractor) == ("sample", 3, "labels")


def test_every_mistake_is_told() -> None:
    with pytest.raises(ConfigError) as raised:
        compile_layouts({"a": config(name="a", extractor="magic"), "b": config(name="b", labels={"": "origin"})})
    assert len(raised.value.mistakes) == 3
    assert "layouts/a.yaml: unknown extractor 'magic'" in raised.value.mistakes[0]


def test_the_layouts_that_come_along_compile() -> None:
    layouts = compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))
    assert layouts["mrkva"].extractor == "labels"
    assert layouts["wikileaks-cable"].extractor == "boxes"


def test_boxes_are_recognised_by_bytes_and_labels_by_what_is_shown() -> None:
    boxes, labels = compile_layout(config(extractor="boxes")), compile_layout(config())
    assert recognised(boxes, b"<b>Number:</b>", lambda: "")
    assert not recognised(boxes, b"<b>Number</b>:", lambda: "Number:")
    assert recognised(labels, b"the <b>Number</b>: 5", lambda: "the Number: 5")
    assert not recognised(labels, b"Number:", lambda: "")
    assert not recognised(labels, b"the Num<b>ber</b>: 5", lambda: "the Number: 5")
    assert recognised(labels, "the Number: 5".encode("utf-16"), lambda: "the Number: 5")


def test_label() -> None:
    assert label("  Made\n on : ") == "Made on"


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_page_that_shows_the_words_may_be_of_the_layout_however_it_is_encoded(encoding: str) -> None:
    layout = compile_layout(config(recognise=("Reference id", "Origin")))
    assert may_be(layout, "<p><b>Reference</b> id<td>Origin".encode(encoding))
    assert not may_be(layout, "<p><b>Reference</b> id".encode(encoding))


def test_an_image_is_no_page_for_the_nuls_in_it() -> None:
    layout = compile_layout(config(recognise=("Reference id", "Origin")))
    assert not may_be(layout, bytes(range(256)) * 4)
