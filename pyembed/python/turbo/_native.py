"""The compiled part: built into turbo's workers, elsewhere an extension module."""

from __future__ import annotations

try:
    from _turbo import Dispatcher, Headers, QueryParams, Request, json_decode, json_encode
except ImportError as error:
    import sys

    raise ImportError(
        f"turbo's compiled module was not built for this interpreter ({sys.version.split()[0]}, "
        f"{sys.implementation.cache_tag}): use one that turbo was built for (`turbo info` lists "
        "them), and see that the folder of _turbo is on its path"
    ) from error

__all__ = ["Dispatcher", "Headers", "QueryParams", "Request", "json_decode", "json_encode"]
