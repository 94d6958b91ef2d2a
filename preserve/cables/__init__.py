"""Reading cables: from the bytes of a page to the fields, the text and the message of the cable that stands on it.

Everything here is pure: bytes and text in, values out, the same today and in ten years. No input makes it fail: a
page that cannot be read gives None, and what is odd about one that can is a finding.

`layouts` says how pages are told apart and what their labels mean, `extract` reads a page, `message` and `identity`
know the grammar of cables, `comparison` and `difference` say how two readings of one cable differ.
"""
