"""Opens the broker that a setting names, or says clearly why that cannot be."""

from __future__ import annotations

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.jobs.brokers import Broker, BrokerAwayError

NOT_INSTALLED = Message(
    "broker.not_installed",
    "HEADRACE_BROKER_URL names a broker, and what speaks to brokers is not installed.",
    "HEADRACE_BROKER_URL 指定了消息代理，但未安装与其通信的组件。",
    "Install `headrace[celery]`, or leave the setting empty.",
    "请安装 `headrace[celery]`，或将该设置留空。",
)
AWAY = Message(
    "broker.away",
    "The broker of HEADRACE_BROKER_URL does not let us in: {reason}.",
    "无法连接 HEADRACE_BROKER_URL 指定的消息代理：{reason}。",
    "Look whether it runs and whether host, port, user, password and path are right.",
    "请检查其是否运行，以及主机、端口、用户、密码和路径是否正确。",
)


def open_broker(url: str) -> Broker:
    """Return the broker at `url`, not yet connected; raise RefusedError where the extra is missing."""
    try:
        from headrace.platform.jobs.celery_broker import CeleryBroker  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RefusedError(NOT_INSTALLED.at("/HEADRACE_BROKER_URL")) from error
    return CeleryBroker(url)


def checked_broker(url: str) -> Broker:
    """Return the broker at `url` after it let us in; raise RefusedError where it does not."""
    broker = open_broker(url)
    try:
        broker.queued("short")
    except BrokerAwayError as error:
        raise RefusedError(AWAY.at("/HEADRACE_BROKER_URL", reason=str(error))) from error
    finally:
        broker.close()
    return broker
