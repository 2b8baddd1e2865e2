"""Negentropy protocol v1: two sets find their difference by comparing ranges (records 2.5).

Sans-I/O: messages go in, messages and ids come out. It never says that two nodes are in step
(only equal roots do), fetches no record, and trusts nothing a peer says beyond a limit.
"""

from federation.negentropy.buckets import Bucket, BucketIndex, BucketWrite, bucketed
from federation.negentropy.codec import DEFAULT_LIMITS, Limits, item_key
from federation.negentropy.errors import Reason, ReconcileError
from federation.negentropy.index import RangeIndex, SortedIndex
from federation.negentropy.session import (
    REFERENCE_LEAF,
    REFERENCE_SPLIT,
    SCATTER_LEAF,
    SCATTER_SPLIT,
    Initiator,
    Responder,
    Step,
)

__all__ = [
    "DEFAULT_LIMITS",
    "REFERENCE_LEAF",
    "REFERENCE_SPLIT",
    "SCATTER_LEAF",
    "SCATTER_SPLIT",
    "Bucket",
    "BucketIndex",
    "BucketWrite",
    "Initiator",
    "Limits",
    "RangeIndex",
    "Reason",
    "ReconcileError",
    "Responder",
    "SortedIndex",
    "Step",
    "bucketed",
    "item_key",
]
