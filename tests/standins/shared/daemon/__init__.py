"""What the stand-ins for the bridge and for Jicofo have in common."""
