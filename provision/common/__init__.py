"""How this computer is used: reading within bounds, atomic writing, programs of others."""
