"""Real Debian hosts with everything around them, for tests: see `python -m tests.bench --help`."""

from tests.bench.acme import Temper
from tests.bench.bench import Bench
from tests.bench.errors import BenchError
from tests.bench.host import Host

__all__ = ["Bench", "BenchError", "Host", "Temper"]
