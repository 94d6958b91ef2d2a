"""Reading a page: tokens, visible text, layouts, and the fields and message that a layout finds."""
