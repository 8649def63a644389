"""Measure answers on data with known ones, and fit what is fitted."""

from qa.evaluate.beir import BeirFolder, read_beir

__all__ = ["BeirFolder", "read_beir"]
