"""The figures of the README: measured side by side in one run, never asserted in a test."""
