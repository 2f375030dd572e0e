"""The inventory.yml of an invented school, as small as can be."""

from __future__ import annotations

NORD = """\
schools:
  hosts:
    nord:
      address: 203.0.113.10
      domain: meet.nord.example.org
      school: Gymnasium Nord
      contact: it@nord.example.org
"""
