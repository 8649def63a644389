"""Milvus as the place that holds an index, for those who outgrow one machine: docs/scaling.md.

The names below are loaded on first use: nobody else pays for what they import.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.milvus.address import parse_address
    from qa.milvus.store import MilvusStore
    from qa.milvus.writing import Shard, ShardReport

__all__ = ["MilvusStore", "Shard", "ShardReport", "parse_address"]

__getattr__ = lazy_door(
    __name__, {"address": ("parse_address",), "store": ("MilvusStore",), "writing": ("Shard", "ShardReport")}
)
