"""Connections: the only package that opens any, for pages, robots.txt, time authorities, alarms and watchers.

Whoever else needs an answer from the network calls a function of this package; an import contract holds it so.
"""
