"""The one room that reads settings and puts the parts together.

Others are entered where they are needed: a question to a server must not pay for those that answer one.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.wiring.answering import (
        ask_judged_folder,
        indexed_folder,
        open_answerer,
        open_asker,
        open_generation,
    )
    from qa.wiring.building import (
        build_index,
        copy_index,
        examine_index,
        publish_shards,
        watch_index,
        write_shard,
    )
    from qa.wiring.models import OVERLAP_SHARE
    from qa.wiring.serving import check_service, make_app, serve_policy, serve_worker

__all__ = [
    "OVERLAP_SHARE",
    "ask_judged_folder",
    "build_index",
    "check_service",
    "copy_index",
    "examine_index",
    "indexed_folder",
    "make_app",
    "open_answerer",
    "open_asker",
    "open_generation",
    "publish_shards",
    "serve_policy",
    "serve_worker",
    "watch_index",
    "write_shard",
]

__getattr__ = lazy_door(
    __name__,
    {
        "answering": (
            "ask_judged_folder",
            "indexed_folder",
            "open_answerer",
            "open_asker",
            "open_generation",
        ),
        "building": (
            "build_index",
            "copy_index",
            "examine_index",
            "publish_shards",
            "watch_index",
            "write_shard",
        ),
        "models": ("OVERLAP_SHARE",),
        "serving": ("check_service", "make_app", "serve_policy", "serve_worker"),
    },
)
