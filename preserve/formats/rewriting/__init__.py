"""The addresses in a captured page or style sheet, each with the bytes it stands in, so that they can be led elsewhere.

Only values that are addresses change, and nearly all of them by something put before them: every other byte stays,
and so does the character encoding. No tree is built (`preserve.formats.markup`). Pure.
"""
