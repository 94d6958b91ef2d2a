"""The visible text of elements that hold no tags, with the place of every character."""

import pytest

from preserve.cables.page.visible import visible_text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "<p>a</p><xmp>A TEXT <SIPDIS> &amp; <b>more</b>\r\nend</xmp><p>b",
            "a\nA TEXT <SIPDIS> &amp; <b>more</b>\nend\nb",
        ),
        ("<p>a</p><textarea>x &lt;y&gt; <b>\rz</textarea>b", "a\nx <y> <b>\nz\nb"),
        ("a<plaintext>b &amp; </plaintext> <p>c", "a\nb &amp; </plaintext> <p>c"),
        ("a<script>no</script><iframe>no</iframe><noembed>no</noembed><title>no</title>b", "a\nb"),
        ("<div hidden><xmp>no</xmp><textarea>no</textarea></div>b", "b"),
        ("<select><option><textarea>no</textarea></select>b", "b"),
        ("<xmp>never ended <p>x", "never ended <p>x"),
    ],
)
def test_text_that_a_browser_shows_as_it_stands_is_kept_so(page: str, text: str) -> None:
    visible = visible_text(page)
    assert visible.text.strip("\n") == text
    for segment in visible.builder.segments(0, visible.builder.length):
        if segment.copied:
            said = visible.text[segment.start : segment.start + segment.length]
            assert page[segment.from_start : segment.from_end] == said
