"""The archive on disk: the only code that opens files for writing under the folder of archives.

It keeps bytes safe (sync, atomic replacement, locks) and finds them again. It knows nothing of what pages say.
"""
