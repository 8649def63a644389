"""The HTTP service: who may ask it, and the process that answers."""

import ipaddress
from socket import socket
from typing import TYPE_CHECKING

from qa.errors import InputError
from qa.settings import Settings
from qa.wiring.answering import open_live
from qa.wiring.stores import store_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qa.serve import Policy


def make_app(settings: Settings) -> "FastAPI":
    """Return the HTTP service over the index; it follows when a new generation is published."""
    from qa.serve import create_app

    return create_app(open_live(settings).current, serve_policy(settings))


def check_service(settings: Settings) -> None:
    """Refuse what cannot be served, before anything listens: raises as `serve_policy` and `IndexStore.pointer` do."""
    serve_policy(settings)
    store = store_of(settings)
    if settings.workers > 1 and not store.shared:
        raise InputError(
            f"Found {settings.workers} workers and {settings.store}: Milvus Lite lets one process in. Serve with one: "
            "qa serve --workers 1"
        )
    store.pointer()


def serve_policy(settings: Settings) -> "Policy":
    """Return who may ask the service.

    Raises InputError when keys or rate cannot be read, or when other machines could ask and there are no keys.
    """
    from qa.gate import Keys, Rate
    from qa.listen import is_loopback
    from qa.serve import LOOPBACK_HOSTS, Policy

    keys = Keys(_api_keys(settings))
    rate = settings.rate_limit or ("120/minute" if keys else None)
    hosts = _words(settings.allowed_hosts)
    if not is_loopback(settings.host):
        if not keys:
            raise InputError(
                f"Found host {settings.host!r}, which other machines reach, and no API key. Set one first: "
                "QA_API_KEYS=$(openssl rand -hex 24) qa serve --host ADDRESS"
            )
        if not hosts and ipaddress.ip_address(settings.host).is_unspecified:
            raise InputError(
                f"Found host {settings.host!r}, every address of this machine, and no names. Say by which names clients "
                "reach it: QA_ALLOWED_HOSTS=qa.example.org qa serve --host 0.0.0.0"
            )
    return Policy(
        threads=settings.threads,
        queue=settings.queue,
        deadline_s=settings.deadline_s,
        allowed_hosts=(
            *LOOPBACK_HOSTS,
            f"[{settings.host}]" if ":" in settings.host else settings.host,
            *hosts,
        ),
        keys=keys,
        rate=Rate(rate) if rate else None,
        log_questions=settings.log_questions,
    )


def serve_worker(settings: Settings, listener: socket) -> None:
    """Serve in this process, one of `settings.workers` that share the threads, until it is told to stop."""
    from qa.listen import configure_logs, run

    settings = settings.model_copy(update={"threads": max(1, settings.threads // settings.workers)})
    configure_logs()
    run(make_app(settings), listener, trusted_proxies=_words(settings.trusted_proxies))


def _api_keys(settings: Settings) -> list[str]:
    found = _words(settings.api_keys)
    if settings.api_keys_file is not None:
        try:
            found += settings.api_keys_file.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"Cannot read {settings.api_keys_file}: {error}. Expected a key a line. See: qa serve --help"
            ) from error
    return found


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]
