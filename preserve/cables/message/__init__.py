"""Reading a message: its preamble, header, head, paragraphs and end, as they are printed."""
