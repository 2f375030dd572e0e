"""What the stand-ins for the bridge and for Jicofo have in common. Runs on Python 3.11 and later."""
