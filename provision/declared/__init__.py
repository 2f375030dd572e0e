"""What is declared in one place and followed everywhere: what roles bring, ports, phases."""
