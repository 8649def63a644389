"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened."""

from qa.index.build import BuildProgress, build_generation
from qa.index.dense import DenseIndex
from qa.index.doctor import examine
from qa.index.generation import Generation, open_generation
from qa.index.lexical import LexicalIndex, terms
from qa.index.publish import Pointer, read_pointer

__all__ = [
    "BuildProgress",
    "DenseIndex",
    "Generation",
    "LexicalIndex",
    "Pointer",
    "build_generation",
    "examine",
    "open_generation",
    "read_pointer",
    "terms",
]
