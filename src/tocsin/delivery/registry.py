"""A trigger's config → the channel it asks for. The only place that knows them all."""

from typing import assert_never

from tocsin.delivery.channel import Channel, Submitter
from tocsin.delivery.channels.webhook import WebhookChannel
from tocsin.model.trigger import ChannelConfig, WebhookConfig


def open_channel(config: ChannelConfig, http: Submitter) -> Channel:
    """Return the channel a config asks for; it holds nothing that needs closing.

    Raises:
        InputError: the config can never work; says which field, never what is in it.
    """
    match config:
        case WebhookConfig():
            return WebhookChannel(config, http)
        case _:
            assert_never(config)
