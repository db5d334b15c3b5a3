"""Payments of an order: its transactions, and its refunds as in the list of all refunds."""

from __future__ import annotations

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.randomness import SeededRandom
from tap_bigcommerce_sandbox.rows.orders.document import OrderDocument, document
from tap_bigcommerce_sandbox.rows.orders.plan import refunded
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, World

_GATEWAYS = (
    ("credit_card", "braintree", "braintree.credit_card"),
    ("offline", "bankdeposit", "bigcommerce.bankdeposit"),
    ("electronic_wallet", "paypal", "paypalexpress.paypal"),
    ("custom", "custom", "custom"),
)


def _transactions(world: World, order: int) -> list[Row]:
    found = document(world, order)
    rng = world.rng("transactions", order)
    if found.order.status == 0 or rng.chance(0.1):
        return []
    method = rng.pick(_GATEWAYS)
    created = world.tables["orders"].created(order)
    most = max(1, world.options.transactions_per_order)
    return [
        _transaction(found, at, method, iso(created + at * 60, "Z"), rng)
        for at in range(rng.between(1, most))
    ]


def _transaction(
    found: OrderDocument, at: int, method: tuple[str, str, str], created: str, rng: SeededRandom
) -> Row:
    kind, gateway, method_id = method
    number = found.order.number
    card = kind == "credit_card"
    row = {
        "id": number * 1000 + at,
        # Documented as a text, unlike in every other list.
        "order_id": str(number),
        "event": "capture" if at else "purchase",
        "method": kind,
        "amount": float(found.row["total_inc_tax"]),
        "currency": found.row["currency_code"],
        "gateway": gateway,
        "gateway_transaction_id": f"gt{number}x{at}" if card else None,
        "payment_method_id": method_id,
        "status": "error" if rng.chance(0.05) else "ok",
        "test": False,
        "fraud_review": False,
        "reference_transaction_id": number * 1000 + at - 1 if at else None,
        "date_created": created,
        "offline": {"display_name": "Überweisung"} if kind == "offline" else None,
        "custom": {"payment_method": "Barzahlung"} if kind == "custom" else None,
        "payment_instrument_token": None,
        "provider_instrument_token": None,
        "provider_customer_id": None,
        "avs_result": {},
        "cvv_result": {},
        "credit_card": None,
        "gift_certificate": None,
        "store_credit": None,
        "custom_provider_field_result": None,
    }
    if card:
        row["avs_result"] = {"code": "Y", "message": "", "street_match": "", "postal_match": ""}
        row["cvv_result"] = {"code": "M", "message": "matched"}
        row["credit_card"] = {
            "card_type": "visa",
            "card_iin": "411111",
            "card_last4": "1111",
            "card_expiry_month": 1 + number % 12,
            "card_expiry_year": 2027,
        }
    return row


def no_transactions(world: World, order: int) -> int:
    """The status for an order without transactions: the real API returns either."""
    choice = world.options.no_transactions
    if choice == "mixed":
        choice = ("204", "404", "empty")[order % 3]
    return 200 if choice == "empty" else int(choice)


def _refunds(world: World, order: int) -> list[Row]:
    if not refunded(world, order):
        return []
    found = document(world, order)
    # Every store has a refunded order early on, and that one was refunded several times.
    early = (world.tables["orders"].base_index(order) or 0) < 24
    count = 3 if early else world.rng("refunds", order).between(1, 2)
    return [_refund(world, found, at) for at in range(count)]


def _refund(world: World, found: OrderDocument, at: int) -> Row:
    order = found.order.number
    item = found.products[0]["id"] if found.products else order
    amount = float(found.products[0]["price_inc_tax"]) if found.products else 5
    number = order * 10 + at
    reason = ("Kratzer am Gehäuse", "", "Changed their mind 🙃")[at]
    requested = round(amount / 3, 2)
    return {
        "id": number,
        "order_id": order,
        "user_id": 1 + order % 3,
        "created": iso(world.tables["orders"].created(order) + 86400 * (at + 1), "Z"),
        "reason": reason,
        "total_amount": requested,
        "total_tax": 0,
        "uses_merchant_override_values": at == 1,
        "items": [
            {
                "item_type": "ORDER" if at else "PRODUCT",
                "item_id": order if at else item,
                "reason": reason,
                "quantity": 1,
                "requested_amount": requested,
                "adjustments": [{"amount": -0.5, "description": "Abnutzung"}] if at == 1 else [],
            }
        ],
        "payments": [
            {
                "id": number,
                "provider_id": "storecredit" if at else "braintree",
                "amount": requested,
                "offline": at > 0,
                "is_declined": False,
                "declined_message": "",
                "transaction_id": "" if at else f"tx{number}",
            }
        ],
    }


PAYMENT_CHILDREN: tuple[Child, ...] = (
    Child(
        "order_transactions",
        "orders",
        _transactions,
        "gateway_transaction_id",
        touches_parent=True,
        created=("date_created", lambda second: iso(second, "Z")),
    ),
    Child(
        "order_refunds",
        "orders",
        _refunds,
        "reason",
        parent_field="order_id",
        stride=10,
        created=("created", lambda second: iso(second, "Z")),
        # A refund sets the order's status, so that the order is modified too.
        touches_parent=True,
    ),
)
