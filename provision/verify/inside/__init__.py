"""The program that looks at a server from inside; it runs there, not here.

probes/inside.py sends these modules as text to `python3 -` on the server and gets one JSON object
back. They therefore use nothing but Python's own library (3.11, Debian 12's), change nothing on the
server, start nothing there that would write a log line, and report facts only: names of options
with those values that are on a list, modes of files, ages, counts. No secret, no name or address of
a person, no line of a log leaves the server. What could only be said with them is compared there.

    reading.py    files and programs, each within bounds
    program.py    every part in its own try: one that fails costs nothing but itself
    the others    one subject each, a function for each part
"""
