"""WARC and ARC files: headers, compressed pieces, and the records in files of every kind."""
