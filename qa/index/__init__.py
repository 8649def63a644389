"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened."""

from qa.index.build import BuildProgress, build_generation
from qa.index.dense import DenseIndex
from qa.index.generation import Generation, open_generation
from qa.index.lexical import LexicalIndex, terms

__all__ = [
    "BuildProgress",
    "DenseIndex",
    "Generation",
    "LexicalIndex",
    "build_generation",
    "open_generation",
    "terms",
]
