"""Deliveries: what was sent where, and how every try went."""

from tocsin.control.access import Actor, Permission
from tocsin.model.delivery import DeliveryFilter, ListedDelivery
from tocsin.model.ids import DeliveryId
from tocsin.model.page import Page, PageRequest
from tocsin.storage.deliveries import Deliveries
from tocsin.storage.pool import Session


async def list_deliveries(
    session: Session, actor: Actor, request: PageRequest, only: DeliveryFilter
) -> Page[ListedDelivery]:
    """Return a page of the caller's deliveries, newest first."""
    scope = actor.require_in_tenant(Permission.READ_DELIVERIES)
    return await Deliveries(session, scope).list(request, only)


async def get_delivery(session: Session, actor: Actor, delivery_id: DeliveryId) -> ListedDelivery:
    """Return one of the caller's deliveries with its attempts or raise NotFoundError."""
    scope = actor.require_in_tenant(Permission.READ_DELIVERIES)
    return await Deliveries(session, scope).get(delivery_id)
